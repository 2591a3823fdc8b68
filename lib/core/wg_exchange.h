/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection between two members, by which their maps (wg_directory.h)
 * become the same.  Pure: no socket, no clock, no cryptography.  Bytes come in,
 * bytes go out, and an item that came is handed to the caller, who says what
 * became of it.
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
#define WG_EXCHANGE_COLLECT_MS 100 /* states of members */
#define WG_EXCHANGE_FORGED 100	   /* signatures: the end */
#define WG_EXCHANGE_SET_MAX 32768  /* entries that wait to be sent or asked */

/* The map of all connections of a mesh; its owner keeps the hash true. */
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

/* Where to read to, and how many bytes; 0: wg_exchange_next comes first. */
uint8_t *wg_exchange_space(struct wg_exchange *x, size_t *ret_room);
void wg_exchange_filled(struct wg_exchange *x, size_t n);

enum wg_exchange_news {
	WG_EXCHANGE_NOTHING, /* that is here wholly */
	WG_EXCHANGE_UP,	     /* both have said who they are; once */
	WG_EXCHANGE_ITEM,    /* take it, then wg_exchange_judged */
	WG_EXCHANGE_STATE,   /* the other end says so of a member */
	WG_EXCHANGE_END,     /* close the connection */
};

struct wg_exchange_heard {
	struct wg_span item; /* ITEM: valid until wg_exchange_space */
	uint32_t member;     /* STATE */
	bool connected;
	const char *why; /* END: for the log */
	bool is_bad;	 /* END: nothing good may be expected: stay away */
};

enum wg_exchange_news wg_exchange_next(struct wg_exchange *x, int64_t now,
				       struct wg_exchange_heard *ret);

enum wg_exchange_judgement {
	WG_EXCHANGE_PUT,
	WG_EXCHANGE_NOT_PUT,
	WG_EXCHANGE_IS_FORGED,
};
void wg_exchange_judged(struct wg_exchange *x, enum wg_exchange_judgement j);

/* An item was put that somebody else brought: it is for the other end, too. */
void wg_exchange_pass(struct wg_exchange *x,
		      const struct wg_directory_entry *entry);
/* A member is connected to us, or is not any more: the other end is told. */
void wg_exchange_tell(struct wg_exchange *x, uint32_t member, bool connected,
		      int64_t now);

/*
 * What is to be sent, as far as SIZE bytes bear, WG_FRAME_MAX at least; its
 * length.  0: nothing, for now.
 */
size_t wg_exchange_say(struct wg_exchange *x, int64_t now, uint8_t *buf,
		       size_t size);
/* When to call wg_exchange_next and _say though nothing came. */
int64_t wg_exchange_due(const struct wg_exchange *x);

/* Did both say who they are, and have they the same map, for all we know? */
bool wg_exchange_is_up(const struct wg_exchange *x);
bool wg_exchange_is_same(const struct wg_exchange *x);

struct wg_exchange_stats {
	uint64_t items_sent, items_heard, put, forged, calls;
};
const struct wg_exchange_stats *wg_exchange_stats(const struct wg_exchange *x);

#endif
