/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of a connection share; private to them.  wg_exchange.c hears,
 * wg_exchange_say.c says; neither calls the other.
 */
#ifndef WG_EXCHANGE_STATE_H
#define WG_EXCHANGE_STATE_H

#include "lib/core/wg_bucket.h"
#include "lib/core/wg_exchange.h"
#include "lib/core/wg_itemset.h"

/* A member's state that is to be told. */
struct wg_exchange_told {
	uint32_t member;
	bool connected;
};

/* Bytes of the CALLs that wait; the memory is there while any does. */
#define WG_EXCHANGE_CALLS                                                      \
	(WG_EXCHANGE_CALL_BURST * sizeof(struct wg_frame_call))

struct wg_exchange {
	struct wg_mem mem;
	struct wg_exchange_conf conf;
	struct wg_exchange_stats stats;

	/* what came and is not done with: from in_at to in_len */
	uint8_t *in; /* NULL: nothing */
	size_t in_cap, in_len, in_at;
	int64_t heard_at; /* the last frame */

	bool is_heard;	 /* their HELLO */
	bool is_greeted; /* ours was said */
	bool is_up;	 /* both, and the caller knows */
	bool is_ended, is_forger, is_leaving;
	struct wg_bucket forged, calls;

	uint8_t said[WG_DIRECTORY_HASH];   /* of our map, in our HELLO */
	uint8_t theirs[WG_DIRECTORY_HASH]; /* the last that they said */
	unsigned differ;  /* keepalives with another hash, in a row */
	int64_t have_at;  /* when HAVE began last, or the connection */
	int64_t again_ms; /* ... and so much later it may again */
	int64_t said_at;  /* the last keepalive */

	/* what we ask for */
	bool is_hearing;	 /* in the midst of their HAVE */
	bool has_heard;		 /* all of it, once */
	struct wg_itemset want;	 /* they have it, and we shall ask for it */
	struct wg_itemset asked; /* ... and we did; it is not here yet */

	/* what we send */
	bool is_having;			/* in the midst of our HAVE */
	struct wg_directory_entry told; /* the last of it; kind 0: none */
	uint64_t owed;			/* entries told that they may ask for */
	struct wg_itemset due;		/* is sent now */
	struct wg_itemset queued;	/* ... and then this */

	struct wg_exchange_told *states; /* by member */
	size_t n_states, cap_states;
	int64_t tell_at; /* valid if there are any */

	struct wg_frame_call *to_call; /* in the order of coming */
	size_t n_to_call;
};

/* Is their map another one, for all we know? */
static inline bool wg_exchange_differs(const struct wg_exchange *x)
{
	return memcmp(x->theirs, x->conf.map->hash, sizeof(x->theirs)) != 0;
}

#endif
