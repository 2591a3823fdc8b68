/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of a group share; private to them.  From below:
 * wg_group_index.c, wg_group_clients.c, wg_group_take.c, wg_group.c,
 * wg_group_told.c.
 */
#ifndef WG_GROUP_PRIV_H
#define WG_GROUP_PRIV_H

#include "lib/core/wg_group.h"
#include "lib/core/wg_mem.h"

#define WG_GROUP_BUCKETS 4096
#define WG_GROUP_SENT 64	   /* handshake messages that are kept */
#define WG_GROUP_ATTEMPTS 12	   /* handshakes that one TAKING starts */
#define WG_GROUP_HANDSHAKE_MS 1500 /* reads say it in whole seconds */

struct wg_member {
	bool configured, ready, dead, drained;
	uint64_t id;		  /* 0: not known */
	unsigned lies;		  /* clients that it claimed and we had */
	int64_t dead_ms;	  /* since when it is called so */
	uint64_t dead_id;	  /* its id when it was called dead */
	bool heard;		  /* it says things since */
	int64_t erred_ms;	  /* it lived: the last time; WG_NEVER */
	unsigned hold_ms;	  /* how long to wait, the next time */
	int64_t orphan_ms;	  /* all it has is taken then; WG_NEVER */
	uint32_t snap;		  /* of how many SNAP_BEGINs */
	bool begin, end;	  /* to be told */
	struct wg_client **queue; /* to be told of; `tell` and `ask` say what */
	size_t head, tail, cap;
};

/* A handshake message that our machine sent. */
struct wg_sent {
	struct wg_endpoint to;
	uint32_t value; /* its sender index; 0: none */
	int64_t at_ms;
};

struct wg_group {
	struct wg_mem mem;
	uint64_t self;
	bool drained;
	struct wg_member member[WG_GROUP_MEMBERS];
	struct wg_client *by_key[WG_GROUP_BUCKETS];
	struct wg_place *by_endpoint[WG_GROUP_BUCKETS];
	struct wg_index *by_index[WG_GROUP_BUCKETS];
	struct wg_sent sent[WG_GROUP_SENT]; /* a ring */
	unsigned n_sent;
	struct wg_client *changed, **changed_tail;
	struct wg_client *busy;
	size_t count[3];    /* by role */
	int64_t give_ms;    /* drained: everything goes then; WG_NEVER */
	int64_t strange_ms; /* packets that name no client, the last one, */
	int64_t strange;    /* and how many there were of late */
	/* attempts that are under way, how many may be, what answers take */
	unsigned flying, window;
	int64_t answer_ms8; /* eight times it, smoothed; 0: not known */
	int64_t lost_ms;    /* the last time that one was not answered */
	int64_t slow_ms;    /* when a slow answer shrank the window last */
	struct wg_group_stats stats;
};

static inline void wg_earlier(int64_t *due, int64_t at)
{
	if (at != WG_NEVER && at < *due)
		*due = at;
}

/* Scopes mean nothing to others. */
static inline bool wg_group_same_place(const struct wg_endpoint *a,
				       const struct wg_endpoint *b)
{
	return wg_addr_same(&a->addr, &b->addr) && a->port == b->port;
}

/* --- wg_group_index.c */
/* NULL: nobody's. */
struct wg_client *wg_index_find(struct wg_group *g, uint32_t value);
void wg_index_forget(struct wg_group *g, struct wg_client *c);
/* A member told them; 0: none.  Our own stay what they are. */
void wg_index_told(struct wg_group *g, struct wg_client *c,
		   const uint32_t value[2]);
/* What is to be told of our own: of the last message, and before that. */
void wg_index_own(const struct wg_client *c, uint32_t ret[2]);
/* Our device gave it this one.  True: it was not known. */
bool wg_index_give(struct wg_group *g, struct wg_client *c, uint32_t value);
/* Our device had a handshake with it, where it is now. */
void wg_index_used(struct wg_group *g, struct wg_client *c, int64_t now);

/* --- wg_group_clients.c */
/* It is there; OWN: our own device says so. */
void wg_client_set_endpoint(struct wg_group *g, struct wg_client *c,
			    const struct wg_endpoint *e, bool own);
/* Who was last seen there; NULL: nobody. */
struct wg_client *wg_client_at(struct wg_group *g, const struct wg_endpoint *e);
/* The device has to be changed. */
void wg_client_mark(struct wg_group *g, struct wg_client *c);
/* What makes it busy may have changed. */
void wg_client_set_busy(struct wg_group *g, struct wg_client *c);
/* It goes into the queue of a member; the caller sets the bit for what. */
void wg_client_enqueue(struct wg_group *g, unsigned m, struct wg_client *c);
/* Tell a member, or all, what it is now. */
void wg_client_tell(struct wg_group *g, unsigned m, struct wg_client *c);
void wg_client_tell_all(struct wg_group *g, struct wg_client *c);
/* It has an attempt under way. */
void wg_client_set_flying(struct wg_group *g, struct wg_client *c, bool flying);
void wg_client_set_role(struct wg_group *g, struct wg_client *c,
			enum wg_role role);
/* The device is to forget it. */
void wg_client_remove(struct wg_group *g, struct wg_client *c);
/* It becomes PASSIVE, and the device forgets it. */
void wg_client_leave(struct wg_group *g, struct wg_client *c);
/* The same, and the members are told when the device has: HEIR shall have it
 * (0: whoever its packets reach). */
void wg_client_release(struct wg_group *g, struct wg_client *c, uint64_t heir);
/* May this gateway go and get a client? */
bool wg_group_may_take(const struct wg_group *g);

/* --- wg_group_take.c */
void wg_take_begin(struct wg_group *g, struct wg_client *c, int64_t now);
/* A client that is being taken is off the device; it had a handshake. */
void wg_take_removed(struct wg_group *g, struct wg_client *c, int64_t now);
void wg_take_answered(struct wg_group *g, struct wg_client *c, int64_t now);
/* Its packets reach us; they say where it is. */
bool wg_take_is_coming(const struct wg_client *c, int64_t now);
void wg_take_tick(struct wg_group *g, int64_t now);
int64_t wg_take_due(const struct wg_group *g);

/* --- wg_group.c */
/* Take the client when our turn comes, if nobody has by then.  Members come
 * before us by a number that is the same everywhere; this one does not. */
void wg_group_backup(struct wg_group *g, struct wg_client *c, unsigned but,
		     int64_t now);

#endif
