/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes, as zebra tells them: keyed by VRF and prefix, never by protocol.
 *
 * A route is not kept anywhere but in the nodes of its prefix: one in the
 * table of each device that its next hops touch, or one in the VRF's parked
 * table.  So an update looks into the tables of its VRF that have routes at
 * all.  With many devices in one VRF that is a cost, and one that the
 * intended use (many peers on one device) does not have.
 *
 * An update first makes everything that can fail (the set of next hops, the
 * nodes) and then moves the route, which cannot.
 */
#include <assert.h>
#include <errno.h>

#include "lib/core/wg_bind.h"
#include "lib/core/wg_bindings.h"
#include "lib/core/wg_nexthops.h"
#include "lib/core/wg_nhsets.h"
#include "lib/core/wg_vrfs.h"

/* Take the route of the prefix out of one table, unless it is SET's. */
static void leave(struct wg_core *core, struct wg_table *t,
		  const struct wg_prefix *p, const struct wg_nhset *set)
{
	uint32_t i = wg_table_find(t, p);
	uint32_t route = i ? wg_table_node(t, i)->route : 0;

	/* bindings of the set are attached already */
	if (route && core->bindings[route]->set != set)
		wg_bind_detach(core, t, i);
}

/* Take it out of all tables of the VRF, unless it is SET's. */
static void leave_others(struct wg_core *core, uint32_t vrf_id,
			 const struct wg_prefix *p, const struct wg_nhset *set)
{
	struct wg_vrf *vrf = wg_vrf_get(core, vrf_id, false);
	struct wg_dev *dev;

	for (dev = core->devs; dev; dev = dev->next)
		if (dev->vrf == vrf_id && dev->n_routes &&
		    !(set && set->n_bindings == 1 &&
		      set->bindings[0]->dev == dev))
			leave(core, wg_dev_table(dev, p->family), p, set);
	if (vrf)
		leave(core, &vrf->parked[wg_family_index(p->family)], p, set);
}

/* Nodes for the prefix in all tables of the set; all or none. */
static int make_nodes(struct wg_core *core, struct wg_nhset *set,
		      const struct wg_prefix *p)
{
	struct wg_table *t;
	size_t i;

	for (i = 0; i < set->n_bindings; i++) {
		struct wg_binding *b = set->bindings[i];

		t = wg_binding_table(core, b, p->family);
		b->at = wg_table_get(t, p);
		if (b->at)
			continue;
		while (i-- > 0) {
			b = set->bindings[i];
			t = wg_binding_table(core, b, p->family);
			wg_table_prune(t, b->at);
		}
		return -ENOMEM;
	}
	return 0;
}

int wg_route_update(struct wg_core *core, uint32_t vrf,
		    const struct wg_prefix *prefix, uint8_t proto,
		    const struct wg_nexthop *nh, size_t n_nh)
{
	struct wg_prefix p = *prefix;
	struct wg_nhset *set = NULL;
	int ret = 0;
	size_t i;

	wg_prefix_mask(&p);
	if (wg_nhset_matters(core, vrf, nh, n_nh))
		ret = wg_nhset_get(core, vrf, nh, n_nh, &set);
	if (ret < 0)
		return ret;
	ret = set ? make_nodes(core, set, &p) : 0;
	for (i = 0; ret == 0 && set && i < set->n_bindings; i++) {
		struct wg_binding *b = set->bindings[i];

		wg_bind_attach(core, b, wg_binding_table(core, b, p.family),
			       b->at, proto);
	}
	if (ret == 0)
		leave_others(core, vrf, &p, set);
	if (set)
		wg_nhset_put(core, set);
	return ret;
}

void wg_route_delete(struct wg_core *core, uint32_t vrf,
		     const struct wg_prefix *prefix)
{
	struct wg_prefix p = *prefix;

	wg_prefix_mask(&p);
	leave_others(core, vrf, &p, NULL);
}

/* Fetch from all tables that an update of these prefixes looks into. */
static void fetch(struct wg_core *core, uint32_t vrf_id, unsigned f,
		  const struct wg_prefix *p, size_t n)
{
	struct wg_vrf *vrf = wg_vrf_get(core, vrf_id, false);
	struct wg_dev *dev;

	for (dev = core->devs; dev; dev = dev->next)
		if (dev->vrf == vrf_id)
			wg_table_fetch(&dev->table[f], p, n);
	if (vrf)
		wg_table_fetch(&vrf->parked[f], p, n);
}

void wg_route_expect(struct wg_core *core, uint32_t vrf,
		     const struct wg_prefix *prefix, size_t n)
{
	struct wg_prefix some[2][WG_TABLE_FETCH];
	size_t n_some[2] = {};
	unsigned f;

	while (n--) {
		f = wg_family_index(prefix->family);
		some[f][n_some[f]++] = *prefix++;
		if (n_some[f] < WG_TABLE_FETCH)
			continue;
		fetch(core, vrf, f, some[f], n_some[f]);
		n_some[f] = 0;
	}
	for (f = 0; f < 2; f++)
		fetch(core, vrf, f, some[f], n_some[f]);
}

/* --- replay: the bit fresh in the nodes */

static void clear_fresh(struct wg_table *t)
{
	uint32_t i;

	for (i = 1; i < t->top; i++)
		if (wg_table_node(t, i)->live)
			wg_table_node(t, i)->fresh = 0;
}

static size_t sweep(struct wg_core *core, struct wg_table *t, uint32_t vrf)
{
	size_t n = 0;
	uint32_t i;

	for (i = 1; i < t->top; i++) {
		struct wg_node *node = wg_table_node(t, i);
		struct wg_prefix p;

		if (!node->live || !node->route || node->fresh)
			continue;
		/* from all tables at once, to count it once */
		p = wg_table_prefix(t, i);
		leave_others(core, vrf, &p, NULL);
		n++;
	}
	return n;
}

void wg_route_replay_begin(struct wg_core *core, uint32_t vrf_id)
{
	struct wg_vrf *vrf = wg_vrf_get(core, vrf_id, false);
	struct wg_dev *dev;
	unsigned f;

	for (f = 0; f < 2; f++) {
		for (dev = core->devs; dev; dev = dev->next)
			if (dev->vrf == vrf_id)
				clear_fresh(&dev->table[f]);
		if (vrf)
			clear_fresh(&vrf->parked[f]);
	}
}

size_t wg_route_replay_end(struct wg_core *core, uint32_t vrf_id)
{
	struct wg_vrf *vrf = wg_vrf_get(core, vrf_id, false);
	struct wg_dev *dev;
	size_t n = 0;
	unsigned f;

	for (f = 0; f < 2; f++) {
		for (dev = core->devs; dev; dev = dev->next)
			if (dev->vrf == vrf_id)
				n += sweep(core, &dev->table[f], vrf_id);
		if (vrf)
			n += sweep(core, &vrf->parked[f], vrf_id);
	}
	return n;
}
