/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of next hops: interning, resolving, moving their routes.
 *
 * A million routes have a few hundred sets of next hops.  So a set is found
 * by content and resolved once: a recursive next hop becomes what its gateway
 * resolves to, an interface becomes a device, a gateway becomes a peer.  What
 * comes out, by device, are the set's bindings.  When anything that this
 * depends on changes, sets are resolved anew, and only routes of sets whose
 * bindings differ are touched.
 *
 * A next hop's weight is that of the route; behind a recursive one it is
 * multiplied with the weight of what it resolves to (255 at most).  A gateway
 * that resolves to a bare interface is itself the neighbour there.
 *
 * Invariants (wg_nhset_check):
 *  - a route (VRF, prefix) has one set, and is a node in exactly the tables
 *    of that set's bindings;
 *  - a binding's list holds exactly the nodes that name it (wg_bindings.c);
 *  - a set's bindings are what resolving it gives, except between a mark and
 *    the next settle.
 *
 * The sets' lists are walked whole at a settle with marks.  An index from
 * gateway or device to set would save that, and cost what it saves: sets are
 * few and marks are rare.
 */
#include "lib/core/wg_nexthops.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_bind.h"
#include "lib/core/wg_bindings.h"
#include "lib/core/wg_claims.h"
#include "lib/core/wg_gateways.h"
#include "lib/core/wg_nhsets.h"
#include "lib/core/wg_vrfs.h"

/* --- content */

static uint8_t weight_of(const struct wg_nexthop *nh)
{
	return nh->weight ? nh->weight : 1;
}

static bool is_recursive(const struct wg_nexthop *nh)
{
	return !nh->ifindex && nh->gateway.family != AF_UNSPEC;
}

static struct wg_dev *device_of(struct wg_core *core, uint32_t vrf,
				uint32_t ifindex)
{
	struct wg_dev *dev = core->devs;

	while (dev && !(ifindex && dev->ifindex == ifindex && dev->vrf == vrf))
		dev = dev->next;
	return dev;
}

bool wg_nhset_matters(struct wg_core *core, uint32_t vrf,
		      const struct wg_nexthop *nh, size_t n_nh)
{
	size_t i;

	for (i = 0; i < n_nh; i++)
		if (is_recursive(&nh[i]) || device_of(core, vrf, nh[i].ifindex))
			return true;
	return false;
}

static uint32_t hash_of(uint32_t vrf, const struct wg_nexthop *nh, size_t n_nh)
{
	uint32_t h = wg_hash(WG_HASH_START, &vrf, sizeof(vrf));
	size_t i;

	for (i = 0; i < n_nh; i++) {
		h = wg_hash(h, nh[i].gateway.b,
			    nh[i].gateway.family == AF_INET ? 4 : 16);
		h = wg_hash(h, &nh[i].ifindex, sizeof(nh[i].ifindex));
		h = (h ^ weight_of(&nh[i])) * 16777619u;
	}
	return h;
}

static bool same_content(const struct wg_nhset *set, uint32_t vrf,
			 const struct wg_nexthop *nh, size_t n_nh)
{
	size_t i;

	if (set->vrf != vrf || set->n_nh != n_nh)
		return false;
	for (i = 0; i < n_nh; i++)
		if (set->nh[i].ifindex != nh[i].ifindex ||
		    set->nh[i].weight != weight_of(&nh[i]) ||
		    !wg_addr_same(&set->nh[i].gateway, &nh[i].gateway))
			return false;
	return true;
}

/* --- resolving */

static int resolved_add(struct wg_core *core, struct wg_dev *dev,
			const struct wg_addr *gateway, unsigned weight)
{
	struct wg_resolved *r =
		wg_mem_room(&core->mem, core->resolved, sizeof(*core->resolved),
			    core->n_resolved + 1, &core->cap_resolved);

	if (!r)
		return -ENOMEM;
	core->resolved = r;
	r += core->n_resolved++;
	*r = (struct wg_resolved){.dev = dev};
	r->nh.gateway = *gateway;
	r->nh.weight = weight < 255 ? weight : 255;
	if (gateway->family != AF_UNSPEC)
		r->nh.peer = wg_claim_address_owner(dev, gateway);
	if (!r->nh.peer)
		r->nh.peer = wg_dev_only_peer(dev);
	return 0;
}

/* Fill the scratch with what the set resolves to. */
static int resolve(struct wg_core *core, const struct wg_nhset *set)
{
	const struct wg_nexthop *sub;
	struct wg_dev *dev;
	int ret = 0;
	size_t i;
	size_t j;

	core->n_resolved = 0;
	for (i = 0; i < set->n_nh && ret == 0; i++) {
		const struct wg_nexthop *nh = &set->nh[i];

		if (!set->gw[i]) {
			dev = device_of(core, set->vrf, nh->ifindex);
			if (dev)
				ret = resolved_add(core, dev, &nh->gateway,
						   nh->weight);
			continue;
		}
		for (j = 0; j < set->gw[i]->hops.n && ret == 0; j++) {
			sub = &set->gw[i]->hops.nh[j];
			dev = device_of(core, set->vrf, sub->ifindex);
			if (dev)
				ret = resolved_add(core, dev,
						   sub->gateway.family ==
								   AF_UNSPEC
							   ? &nh->gateway
							   : &sub->gateway,
						   nh->weight * weight_of(sub));
		}
	}
	return ret;
}

/* The binding for the device (NULL: parked), new perhaps, kept. */
static int bind_to(struct wg_core *core, struct wg_nhset *set,
		   struct wg_dev *dev)
{
	struct wg_binding *b = wg_binding_find(set, dev);
	int ret;

	if (!b) {
		if (!dev && !wg_vrf_get(core, set->vrf, true))
			return -ENOMEM;
		b = wg_binding_new(core, set, dev);
	}
	if (!b)
		return -ENOMEM;
	if (b->kept)
		return 0;
	b->kept = true;
	if (!dev)
		return 0;
	ret = wg_binding_fill(core, b);
	if (ret > 0)
		wg_bind_decide_all(b);
	return ret < 0 ? ret : 0;
}

/* Make the bindings that the set should have; mark those as kept. */
static int bind_all(struct wg_core *core, struct wg_nhset *set)
{
	int ret = resolve(core, set);
	size_t i;

	for (i = 0; i < set->n_bindings; i++)
		set->bindings[i]->kept = false;
	for (i = 0; i < core->n_resolved && ret == 0; i++)
		ret = bind_to(core, set, core->resolved[i].dev);
	if (ret == 0 && core->n_resolved == 0 && set->recursive)
		ret = bind_to(core, set, NULL);
	return ret;
}

/* --- sets */

/* Take in the next hops, with their gateways. */
static int set_fill(struct wg_core *core, struct wg_nhset *set,
		    const struct wg_nexthop *nh)
{
	size_t i;

	set->gw = wg_mem_try(&core->mem, set->n_nh * sizeof(*set->gw));
	if (!set->gw)
		return -ENOMEM;
	for (i = 0; i < set->n_nh; i++) {
		set->nh[i] = nh[i];
		set->nh[i].weight = weight_of(&nh[i]);
		if (!is_recursive(&nh[i]))
			continue;
		set->recursive = true;
		set->gw[i] = wg_gateway_get(core, set->vrf, &nh[i].gateway);
		if (!set->gw[i])
			return -ENOMEM;
	}
	return 0;
}

int wg_nhset_get(struct wg_core *core, uint32_t vrf,
		 const struct wg_nexthop *nh, size_t n_nh,
		 struct wg_nhset **ret_set)
{
	uint32_t hash = hash_of(vrf, nh, n_nh);
	struct wg_nhset *set = core->sets[hash % WG_HASH_SIZE];
	int ret;

	for (; set; set = set->next)
		if (set->hash == hash && same_content(set, vrf, nh, n_nh)) {
			set->refs++;
			*ret_set = set;
			return 0;
		}
	set = wg_nhset_new(core, vrf, hash, n_nh);
	if (!set)
		return -ENOMEM;
	ret = set_fill(core, set, nh);
	if (ret == 0)
		ret = bind_all(core, set);
	if (ret < 0) {
		wg_nhset_put(core, set);
		return ret;
	}
	*ret_set = set;
	return 0;
}

/* --- settling */

static void settle_set(struct wg_core *core, struct wg_nhset *set)
{
	size_t n_old = set->n_bindings;
	struct wg_binding *from = n_old ? set->bindings[0] : NULL;
	size_t i;

	if (bind_all(core, set) < 0)
		abort();
	for (i = n_old; from && i < set->n_bindings; i++)
		wg_bind_copy(core, from, set->bindings[i]);
	for (i = set->n_bindings; i-- > 0;)
		if (!set->bindings[i]->kept)
			wg_bind_drop(core, set->bindings[i]);
}

void wg_nhset_settle(struct wg_core *core)
{
	struct wg_nhset *set = core->all_sets;
	struct wg_nhset *next;

	core->marked_sets = false;
	while (set) {
		set->refs++; /* while its routes move */
		settle_set(core, set);
		next = set->all_next;
		wg_nhset_put(core, set);
		set = next;
	}
}

void wg_nhset_settle_peers(struct wg_core *core)
{
	struct wg_nhset *set;
	size_t i, j;

	for (set = core->all_sets; set; set = set->all_next)
		for (i = 0; i < set->n_bindings; i++) {
			struct wg_binding *b = set->bindings[i];

			for (j = 0; j < b->n_nexthops; j++)
				if (b->nexthops[j].peer &&
				    b->nexthops[j].peer->marked)
					break;
			if (j < b->n_nexthops)
				wg_bind_decide_all(b);
		}
}

void wg_nhset_replace_peer(struct wg_core *core, const struct wg_peer *from,
			   struct wg_peer *to)
{
	struct wg_nhset *set;
	size_t i, j;

	for (set = core->all_sets; set; set = set->all_next)
		for (i = 0; i < set->n_bindings; i++)
			for (j = 0; j < set->bindings[i]->n_nexthops; j++) {
				struct wg_entry_nexthop *nh =
					&set->bindings[i]->nexthops[j];

				if (nh->peer == from)
					nh->peer = to;
			}
}

void wg_nhset_check(struct wg_core *core)
{
	struct wg_nhset *set;
	size_t i;

	for (set = core->all_sets; set; set = set->all_next) {
		uint32_t first[2] = {};
		uint32_t n[2];
		uint32_t refs = 0;

		assert(set->n_bindings);
		for (i = 0; i < set->n_bindings; i++) {
			const struct wg_binding *b = set->bindings[i];

			assert(b->set == set);
			assert(b->dev || set->n_bindings == 1);
			wg_binding_check(core, b, n);
			if (i == 0)
				memcpy(first, n, sizeof(n));
			assert(n[0] == first[0] && n[1] == first[1]);
			refs += n[0] + n[1];
		}
		assert(refs == set->refs && refs > 0);
	}
}
