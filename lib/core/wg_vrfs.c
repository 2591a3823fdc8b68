/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRFs.
 *
 * A record is made for the first route that is parked, and stays as long as
 * the core: a VRF that had such routes has them again.
 */
#include "lib/core/wg_vrfs.h"

struct wg_vrf *wg_vrf_get(struct wg_core *core, uint32_t id, bool create)
{
	struct wg_vrf *vrf = core->vrfs;

	while (vrf && vrf->id != id)
		vrf = vrf->next;
	if (vrf || !create)
		return vrf;
	vrf = wg_mem_try(&core->mem, sizeof(*vrf));
	if (!vrf)
		return NULL;
	vrf->id = id;
	wg_table_init(&vrf->parked[0], &core->mem, AF_INET);
	wg_table_init(&vrf->parked[1], &core->mem, AF_INET6);
	vrf->next = core->vrfs;
	core->vrfs = vrf;
	return vrf;
}
