/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets of next hops themselves: how one is made and goes (private to
 * lib/core).  What is in one, and its bindings, come from wg_nexthops.h.
 */
#ifndef WG_NHSETS_H
#define WG_NHSETS_H

#include "lib/core/wg_state.h"

/*
 * A set with room for so many next hops, held until wg_nhset_put.  HASH is
 * that of its content.  NULL: no memory.
 */
struct wg_nhset *wg_nhset_new(struct wg_core *core, uint32_t vrf, uint32_t hash,
			      size_t n_nh);
/* The last one who held it deletes it, with its bindings. */
void wg_nhset_put(struct wg_core *core, struct wg_nhset *set);

#endif
