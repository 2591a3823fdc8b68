/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of next hops and what they resolve to (private to lib/core).
 *
 * Routes with the same next hops share a set.  A set has a binding for each
 * device that it touches, or one parked binding if it touches none yet but
 * may (it has recursive next hops).  A route is a node in the table of each
 * of its set's bindings and is on the binding's list.
 */
#ifndef WG_NEXTHOPS_H
#define WG_NEXTHOPS_H

#include "lib/core/wg_state.h"

/* Could routes with these next hops concern us at all? */
bool wg_nhset_matters(struct wg_core *core, uint32_t vrf,
		      const struct wg_nexthop *nh, size_t n_nh);
/*
 * The set of these next hops, held until wg_nhset_put (wg_nhsets.h).  -ENOMEM: nothing
 * changed.
 */
int wg_nhset_get(struct wg_core *core, uint32_t vrf,
		 const struct wg_nexthop *nh, size_t n_nh,
		 struct wg_nhset **ret);
/* Resolve all sets anew and move their routes where they belong now. */
void wg_nhset_settle(struct wg_core *core);
/* Decide anew all routes of bindings with marked peers. */
void wg_nhset_settle_peers(struct wg_core *core);
/* Everywhere, what was this peer is now that one. */
void wg_nhset_replace_peer(struct wg_core *core, const struct wg_peer *from,
			   struct wg_peer *to);

/* Assert that lists, references and nodes agree. */
void wg_nhset_check(struct wg_core *core);

#endif
