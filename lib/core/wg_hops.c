/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of next hops, compared as they were told: another order is another
 * list.
 */
#include "lib/core/wg_hops.h"

static bool same(const struct wg_hops *hops, const struct wg_nexthop *nh,
		 size_t n)
{
	size_t i;

	if (hops->n != n)
		return false;
	for (i = 0; i < n; i++)
		if (!wg_addr_same(&hops->nh[i].gateway, &nh[i].gateway) ||
		    hops->nh[i].ifindex != nh[i].ifindex ||
		    hops->nh[i].weight != nh[i].weight ||
		    hops->nh[i].on_link != nh[i].on_link)
			return false;
	return true;
}

bool wg_hops_set(struct wg_mem *mem, struct wg_hops *hops,
		 const struct wg_nexthop *nh, size_t n)
{
	struct wg_nexthop *new = NULL;

	if (same(hops, nh, n))
		return false;
	if (n) {
		new = wg_mem_get(mem, n * sizeof(*nh));
		memcpy(new, nh, n * sizeof(*nh));
	}
	wg_mem_put(mem, hops->nh, hops->n * sizeof(*nh));
	*hops = (struct wg_hops){.nh = new, .n = n};
	return true;
}
