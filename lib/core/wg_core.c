/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core as a whole: how it begins and ends.
 */
#include "lib/core/wg_core.h"

#include <assert.h>

#include "lib/core/wg_bind.h"
#include "lib/core/wg_gateways.h"

struct wg_core *wg_core_new(void)
{
	struct wg_mem mem = {};
	struct wg_core *core = wg_mem_get(&mem, sizeof(*core));

	core->mem = mem;
	return core;
}

void wg_core_delete(struct wg_core **core_p)
{
	struct wg_core *core = *core_p;
	struct wg_mem mem;
	struct wg_vrf *vrf;
	unsigned f;
	uint32_t i;

	if (!core)
		return;
	while (core->devs)
		wg_dev_delete(core->devs);
	while ((vrf = core->vrfs)) {
		for (f = 0; f < 2; f++) {
			struct wg_table *t = &vrf->parked[f];

			for (i = 1; i < t->top; i++)
				if (wg_table_node(t, i)->live &&
				    wg_table_node(t, i)->route)
					wg_bind_detach(core, t, i);
			wg_table_fini(t);
		}
		core->vrfs = vrf->next;
		wg_mem_put(&core->mem, vrf, sizeof(*vrf));
	}
	assert(!core->all_sets);
	wg_gateway_free_all(core);
	wg_mem_put(&core->mem, core->bindings,
		   core->cap_bindings * sizeof(*core->bindings));
	wg_mem_put(&core->mem, core->resolved,
		   core->cap_resolved * sizeof(*core->resolved));
	mem = core->mem;
	wg_mem_put(&mem, core, sizeof(*core));
	assert(mem.used == 0);
	*core_p = NULL;
}

size_t wg_core_memory(const struct wg_core *core)
{
	return core->mem.used;
}
