/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a member may have a new record: once in 10 s, four at once, and of
 * those that come in between the newest waits.  One of these is for a whole
 * mesh: who floods is stopped whichever way its records come.  Pure: time is an
 * argument, milliseconds of a clock that does not jump.
 *
 *   if (wg_directory_offer(dir, &w.offer, &checks) == WG_OFFERED_VERIFY &&
 *       wg_bounds_admit(bounds, &w, now) && (the signatures are good)) {
 *           wg_directory_put(dir, &w.offer);
 *           wg_bounds_put(bounds, &w.offer, now);
 *   }
 *   while (wg_bounds_next(bounds, now, &w))
 *           (the same without wg_bounds_admit)
 *
 * Items of other kinds pass: only an authority makes C and L, only the recovery
 * key A, and a hub one W for an invite, or two as the proof of its lie.
 */
#ifndef WG_BOUNDS_H
#define WG_BOUNDS_H

#include "lib/core/wg_directory.h"

#define WG_BOUNDS_RECORD_MS 10000
#define WG_BOUNDS_RECORD_BURST 4
#define WG_BOUNDS_WAITING 1024 /* records that wait */
#define WG_BOUNDS_FROM_ONE 32  /* of them, from one source */

struct wg_bounds;

struct wg_bounds *wg_bounds_new(void);
void wg_bounds_delete(struct wg_bounds **b);

/* Who brought it: the member at the other end of the connection. */
struct wg_bounded {
	struct wg_offer offer;
	uint32_t source;
};

/*
 * May an offer that the map wants be looked at now?  Before its signatures are:
 * a flood must not cost them.  False: it is a record, and it is too early.  A
 * copy waits if it is the newest from that source, and there is room; what does
 * not wait is forgotten, and comes again with a later HAVE.
 */
bool wg_bounds_admit(struct wg_bounds *b, const struct wg_bounded *w,
		     int64_t now);
/* It was put: that counts, and older ones need not wait any more. */
void wg_bounds_put(struct wg_bounds *b, const struct wg_offer *offer,
		   int64_t now);
/*
 * One whose time has come, the newest of its member first; its bytes are valid
 * until the next call.  Nothing is known of it: the map must be asked again.
 */
bool wg_bounds_next(struct wg_bounds *b, int64_t now, struct wg_bounded *ret);
/* When wg_bounds_next will have one; INT64_MAX: nothing waits. */
int64_t wg_bounds_due(const struct wg_bounds *b);

struct wg_bounds_stats {
	uint64_t late;	   /* records that were too early */
	uint64_t left_out; /* of them, for which there was no room */
	size_t waiting;
	size_t bytes; /* of memory */
};
struct wg_bounds_stats wg_bounds_stats(const struct wg_bounds *b);

#endif
