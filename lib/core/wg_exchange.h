/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection between two members, by which their maps (wg_directory.h)
 * become the same.  Pure: no socket, no clock, no cryptography.  Bytes come in,
 * bytes go out, and an item that came is handed to the caller, who says what
 * became of it.  How often a member may change its record is wg_bounds.h.
 *
 *   uint8_t *space = wg_exchange_space(x, &room);
 *   wg_exchange_filled(x, read(fd, space, room));
 *   while ((news = wg_exchange_next(x, now, &heard)) != WG_EXCHANGE_NOTHING)
 *           ...
 *   len = wg_exchange_say(x, now, buf, sizeof(buf));
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_EXCHANGE_H
#define WG_EXCHANGE_H

#include "lib/core/wg_frame.h"

#define WG_EXCHANGE_KEEPALIVE_MS 5000
#define WG_EXCHANGE_DEAD_MS 15000
#define WG_EXCHANGE_DIFFER 6 /* keepalives with another hash, in a row */
#define WG_EXCHANGE_AGAIN_MS 30000
#define WG_EXCHANGE_AGAIN_MAX_MS 3600000
#define WG_EXCHANGE_COLLECT_MS 100   /* states of members */
#define WG_EXCHANGE_FORGED 100	     /* wrong signatures: the end */
#define WG_EXCHANGE_FORGIVE_MS 60000 /* for one of them */
#define WG_EXCHANGE_CALL_MS 100	     /* one CALL */
#define WG_EXCHANGE_CALL_BURST 50    /* ... and that wait to be sent */
#define WG_EXCHANGE_SET_MAX 65536 /* entries that wait, in each direction */

/*
 * Bytes of memory that a connection has at most, and while nothing is said but
 * keepalives.
 */
#define WG_EXCHANGE_MOST (9u << 20)
#define WG_EXCHANGE_IDLE 1024

/*
 * The map of all connections of a mesh.  Its owner keeps the hash true: when
 * something was put, the new hash and wg_exchange_pass for all but the source
 * come before the next wg_exchange_next or _say of any of them.
 */
struct wg_exchange_map {
	const struct wg_directory *dir;
	uint8_t hash[WG_DIRECTORY_HASH];
};

struct wg_exchange_conf {
	const struct wg_exchange_map *map;
	uint32_t self;
	uint32_t other; /* by the address that the connection is from */
};

struct wg_exchange;

struct wg_exchange *wg_exchange_new(const struct wg_exchange_conf *conf,
				    int64_t now);
void wg_exchange_delete(struct wg_exchange **x);

/*
 * Where to read to, and how many bytes: enough for the frame that has begun.
 * 0: so much was not taken out yet that wg_exchange_next comes first.  The
 * memory is there while something is in it; so wg_exchange_filled comes next,
 * with 0 if nothing was read.
 */
uint8_t *wg_exchange_space(struct wg_exchange *x, size_t *ret_room);
void wg_exchange_filled(struct wg_exchange *x, size_t n);

enum wg_exchange_news {
	WG_EXCHANGE_NOTHING, /* that is here wholly */
	WG_EXCHANGE_UP,	     /* both have said who they are; once */
	WG_EXCHANGE_ITEM,    /* take it, then wg_exchange_judged */
	WG_EXCHANGE_STATE,   /* the other end says so of a member */
	WG_EXCHANGE_CALL,    /* not over the bound; of whom is not checked */
	WG_EXCHANGE_END,     /* close the connection; once */
};

struct wg_exchange_heard {
	struct wg_span item; /* ITEM: A, C, W, R or L, of good form */
	uint32_t member;     /* STATE */
	bool connected;
	struct wg_frame_call call; /* CALL */
	const char *why; /* END: for the log, "it said BYE" */
	bool is_bad;	 /* END: stay away from it for a minute */
};

/* What the item points to is valid until the next function but _judged. */
enum wg_exchange_news wg_exchange_next(struct wg_exchange *x, int64_t now,
				       struct wg_exchange_heard *ret);

enum wg_exchange_judgement {
	WG_EXCHANGE_PUT,
	WG_EXCHANGE_NOT_PUT, /* not wanted, too early, void, ... */
	WG_EXCHANGE_IS_FORGED,
};
/* Of the last ITEM, or of one that waited (wg_bounds.h). */
void wg_exchange_judged(struct wg_exchange *x, enum wg_exchange_judgement j);

/*
 * An item was put that somebody else brought: it is for the other end, too,
 * unless that said that it has it.
 */
void wg_exchange_pass(struct wg_exchange *x,
		      const struct wg_directory_entry *entry);
/* A member is connected to us, or is not any more: the other end is told. */
void wg_exchange_tell(struct wg_exchange *x, uint32_t member, bool connected,
		      int64_t now);
/*
 * A CALL for the other end, or one that it is to pass on.  False: the
 * connection is not up, or so many wait already that this one is left out.
 */
bool wg_exchange_call(struct wg_exchange *x, const struct wg_frame_call *call);
/* We go: the next wg_exchange_say ends with BYE, and later ones are empty. */
void wg_exchange_bye(struct wg_exchange *x);

/*
 * What is to be sent, as far as SIZE bytes bear, WG_FRAME_MAX at least; its
 * length.  0: nothing, for now.
 */
size_t wg_exchange_say(struct wg_exchange *x, int64_t now, uint8_t *buf,
		       size_t size);
/*
 * When to call wg_exchange_next and _say though nothing came.  Who cannot send
 * what _say gave is not to wait for this, but until it can, or for
 * WG_EXCHANGE_DEAD_MS.
 */
int64_t wg_exchange_due(const struct wg_exchange *x);

/* Did both say who they are, and have they the same map, for all we know? */
bool wg_exchange_is_up(const struct wg_exchange *x);
bool wg_exchange_is_same(const struct wg_exchange *x);
/*
 * Have we the same map, or all that the other end said it has?  What we have
 * besides it needs some time to be told so, with its next keepalive.
 */
bool wg_exchange_has_theirs(const struct wg_exchange *x);

struct wg_exchange_stats {
	uint64_t items_sent, items_heard, put, forged;
	uint64_t calls;	     /* CALLs that came */
	uint64_t calls_over; /* of them, over the bound */
	uint64_t haves;	     /* times that all of the map was told */
	uint64_t again;	     /* of them, since keepalives differed */
	uint64_t left_out;   /* entries for which there was no room */
};
const struct wg_exchange_stats *wg_exchange_stats(const struct wg_exchange *x);
/* Bytes of memory that it has now. */
size_t wg_exchange_bytes(const struct wg_exchange *x);

/* Assert the invariants. */
void wg_exchange_check(const struct wg_exchange *x);

#endif
