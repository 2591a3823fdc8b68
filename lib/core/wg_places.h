/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places where a member may be reached directly: the candidates of one attempt,
 * when each is to be probed, and which is *proven*: an answer (PONG) to a probe
 * (PING) of ours came from there.  Pure.
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_PLACES_H
#define WG_PLACES_H

#include "lib/core/wg_types.h"

#define WG_PLACES_TOLD 8 /* that the member tells of, at most, and ... */
#define WG_PLACES_SEEN 2 /* that its own PINGs came from */
#define WG_PLACES_MAX (WG_PLACES_TOLD + WG_PLACES_SEEN)
#define WG_PLACES_EVERY_MS 50 /* between PINGs to one place, ... */
#define WG_PLACES_PINGS 60    /* ... and how many it gets in an attempt */

struct wg_places_place {
	struct wg_endpoint at;
	bool is_told; /* else: seen */
	bool is_proven;
	struct wg_endpoint seen; /* of us, there; as the last PONG says */
	uint32_t rtt_ms;	 /* the least */
	/* only wg_places.c uses what follows */
	uint8_t left;	/* PINGs */
	int64_t due_ms; /* of the next one */
};

/* All zeros is none. */
struct wg_places {
	struct wg_places_place v[WG_PLACES_MAX];
	uint8_t n;
};

/*
 * What of THEIRS may be probed, in their order, each once, where we are (or are
 * seen) at OWN: not what nobody can have, none of our own addresses, and a
 * private one (wg_addr_is_private) only where both are behind one public
 * address.  Returns how many are in RET, which has room for N.  Places
 * in RELAY, and those whose way leads into a tunnel, are the caller's to leave
 * out.
 */
size_t wg_places_fit(const struct wg_endpoint *theirs, size_t n,
		     const struct wg_endpoint *own, size_t n_own,
		     struct wg_endpoint *ret);

/*
 * One more, to be probed PINGS times from DUE on.  Returns its index, also of
 * one that is there already, which stays as it is; -1: there is no room for it,
 * or it is none that anybody can have.  A place that is told never takes the
 * room of one that is seen.
 */
int wg_places_add(struct wg_places *p, const struct wg_endpoint *at,
		  bool is_told, unsigned pings, int64_t due);
/* -1: it is none of them. */
int wg_places_find(const struct wg_places *p, const struct wg_endpoint *at);
/* All of them from DUE on. */
void wg_places_start(struct wg_places *p, int64_t due);

/* No more PINGs. */
void wg_places_stop(struct wg_places *p);
/* Forget all others: its index is 0 then. */
void wg_places_keep(struct wg_places *p, int index);

/* When to call wg_places_next; INT64_MAX: never. */
int64_t wg_places_due(const struct wg_places *p);
/* The index of the place to send a PING to now; -1: none. */
int wg_places_next(struct wg_places *p, int64_t now);

/* A PONG came from it. */
void wg_places_prove(struct wg_places *p, int index,
		     const struct wg_endpoint *seen, uint32_t rtt_ms);
/*
 * The best proven one: a private one, else IPv6, else IPv4; of equals the
 * nearest, then the first.  -1: none is proven.
 */
int wg_places_best(const struct wg_places *p);

/* Assert the invariants. */
void wg_places_check(const struct wg_places *p);

#endif
