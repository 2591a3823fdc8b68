/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core as a whole, and settling: where the marks that setters left are
 * acted upon, in an order in which each step can rely on the ones before:
 *
 *  1. who is usable (and the claims of those that changed);
 *  2. what the only peer of a device gets;
 *  3. what next hops resolve to: routes move between devices, new bindings
 *     are decided;
 *  4. routes of marked peers, or whole devices, are decided anew;
 *  5. what a maximum refused and has room now;
 *  6. what the device is to have in place of all that (aggregation): a small
 *     change at once, the rest in pieces, by wg_sync_step.
 */
#include "lib/core/wg_core.h"

#include <assert.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_bindings.h"
#include "lib/core/wg_claims.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_gateways.h"
#include "lib/core/wg_nexthops.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"

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
					wg_binding_detach(core, t, i);
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

static void settle_dev(struct wg_dev *dev)
{
	struct wg_peer *peer;

	if (dev->marked_peers) {
		for (peer = dev->named; peer; peer = peer->next)
			wg_peer_settle(peer);
		for (peer = dev->nameless; peer; peer = peer->next)
			wg_peer_settle(peer);
	}
	if (dev->marked)
		wg_claim_settle_implied(dev);
	dev->marked = false;
}

static void finish_dev(struct wg_dev *dev)
{
	struct wg_peer *peer;

	if (dev->marked_all)
		wg_owner_decide_all(dev);
	dev->marked_all = false;
	if (dev->marked_peers) {
		for (peer = dev->named; peer; peer = peer->next)
			peer->marked = false;
		for (peer = dev->nameless; peer; peer = peer->next)
			peer->marked = false;
		wg_owner_settle_refused(dev);
	}
	/* a full peer is looked at again and again, until it has room */
	dev->marked_peers = dev->n_over;
	wg_aggregate_settle(dev);
	wg_peer_collect(dev);
}

void wg_core_settle(struct wg_core *core)
{
	bool peers = false;
	struct wg_dev *dev;

	for (dev = core->devs; dev; dev = dev->next) {
		settle_dev(dev);
		peers |= dev->marked_peers;
	}
	if (core->marked_sets)
		wg_nhset_settle(core);
	if (peers)
		wg_nhset_settle_peers(core);
	for (dev = core->devs; dev; dev = dev->next)
		finish_dev(dev);
}

size_t wg_core_memory(const struct wg_core *core)
{
	return core->mem.used;
}
