/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of next hops that somebody keeps (private to lib/core).
 */
#ifndef WG_HOPS_H
#define WG_HOPS_H

#include "lib/core/wg_core.h"
#include "lib/core/wg_mem.h"

struct wg_hops {
	struct wg_nexthop *nh; /* NULL where n is 0 */
	size_t n;
};

/* Copy them; n 0 frees.  Returns whether that is something new. */
bool wg_hops_set(struct wg_mem *mem, struct wg_hops *hops,
		 const struct wg_nexthop *nh, size_t n);

#endif
