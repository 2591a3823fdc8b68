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
 *  - a binding's list holds exactly the nodes that name it, those that a
 *    maximum refused before all others;
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

#include "lib/core/wg_claims.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_gateways.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"

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
		if (is_recursive(&nh[i]) ||
		    device_of(core, vrf, nh[i].ifindex))
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

/* --- bindings */

static struct wg_binding *binding_of(const struct wg_nhset *set,
				     const struct wg_dev *dev)
{
	size_t i;

	for (i = 0; i < set->n_bindings; i++)
		if (set->bindings[i]->dev == dev)
			return set->bindings[i];
	return NULL;
}

bool wg_binding_has(const struct wg_binding *b, const struct wg_peer *peer)
{
	size_t i;

	for (i = 0; i < b->n_nexthops; i++)
		if (b->nexthops[i].peer == peer)
			return true;
	return false;
}

/* An id for a binding; 0: no memory. */
static uint32_t binding_id(struct wg_core *core)
{
	void *room;
	size_t i;

	for (i = core->free_binding; i < core->n_bindings; i++)
		if (i && !core->bindings[i])
			return i;
	if (!core->n_bindings)
		core->n_bindings = 1;
	room = wg_mem_room(&core->mem, core->bindings,
			   sizeof(*core->bindings), core->n_bindings + 1,
			   &core->cap_bindings);
	if (!room)
		return 0;
	core->bindings = room;
	core->free_binding = core->n_bindings;
	return core->n_bindings++;
}

static struct wg_binding *binding_new(struct wg_core *core,
				      struct wg_nhset *set,
				      struct wg_dev *dev)
{
	struct wg_binding *b;
	uint32_t id = binding_id(core);
	void *room;

	if (!id)
		return NULL;
	room = wg_mem_room(&core->mem, set->bindings, sizeof(*set->bindings),
			   set->n_bindings + 1, &set->cap_bindings);
	if (!room)
		return NULL;
	set->bindings = room;
	b = wg_mem_try(&core->mem, sizeof(*b));
	if (!b)
		return NULL;
	b->id = id;
	b->set = set;
	b->dev = dev;
	core->bindings[id] = b;
	core->free_binding = id + 1;
	set->bindings[set->n_bindings++] = b;
	return b;
}

static void binding_delete(struct wg_core *core, struct wg_binding *b)
{
	struct wg_nhset *set = b->set;
	size_t i = 0;

	assert(!b->head[0] && !b->head[1]);
	while (set->bindings[i] != b)
		i++;
	set->bindings[i] = set->bindings[--set->n_bindings];
	core->bindings[b->id] = NULL;
	if (b->id < core->free_binding)
		core->free_binding = b->id;
	wg_mem_put(&core->mem, b->nexthops,
		   b->n_nexthops * sizeof(*b->nexthops));
	wg_mem_put(&core->mem, b, sizeof(*b));
}

struct wg_table *wg_binding_table(struct wg_core *core,
				  const struct wg_binding *b, uint8_t family)
{
	struct wg_vrf *vrf;

	if (b->dev)
		return wg_dev_table(b->dev, family);
	vrf = wg_vrf_get(core, b->set->vrf, false);
	return &vrf->parked[wg_family_index(family)];
}

/* --- routes of a binding */

static void unlink_node(struct wg_binding *b, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	unsigned f = wg_family_index(t->family);

	if (n->list_prev)
		wg_table_node(t, n->list_prev)->list_next = n->list_next;
	else
		b->head[f] = n->list_next;
	if (n->list_next)
		wg_table_node(t, n->list_next)->list_prev = n->list_prev;
	else
		b->tail[f] = n->list_prev;
	n->list_prev = n->list_next = 0;
}

static void link_head(struct wg_binding *b, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	unsigned f = wg_family_index(t->family);

	n->list_next = b->head[f];
	if (b->head[f])
		wg_table_node(t, b->head[f])->list_prev = i;
	else
		b->tail[f] = i;
	b->head[f] = i;
}

static void link_tail(struct wg_binding *b, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	unsigned f = wg_family_index(t->family);

	n->list_prev = b->tail[f];
	if (b->tail[f])
		wg_table_node(t, b->tail[f])->list_next = i;
	else
		b->head[f] = i;
	b->tail[f] = i;
}

void wg_binding_set_refused(struct wg_binding *b, struct wg_table *t,
			    uint32_t i, bool refused)
{
	wg_table_node(t, i)->refused = refused;
	if (!b)
		return;
	unlink_node(b, t, i);
	if (refused)
		link_head(b, t, i);
	else
		link_tail(b, t, i);
}

void wg_binding_attach(struct wg_core *core, struct wg_binding *b,
		       struct wg_table *t, uint32_t i, uint8_t proto)
{
	struct wg_node *n = wg_table_node(t, i);
	struct wg_binding *old = n->route ? core->bindings[n->route] : NULL;

	n->proto = proto;
	n->fresh = 1;
	if (old == b)
		return;
	if (old)
		unlink_node(old, t, i);
	else if (b->dev)
		b->dev->n_routes++;
	n->route = b->id;
	n->refused = 0;
	link_tail(b, t, i);
	b->set->refs++;
	if (b->dev)
		wg_owner_decide(b->dev, t, i);
	if (old)
		wg_nhset_put(core, old->set);
}

void wg_binding_detach(struct wg_core *core, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	struct wg_binding *b = core->bindings[n->route];

	unlink_node(b, t, i);
	n->route = 0;
	n->refused = 0;
	n->proto = 0;
	if (b->dev) {
		b->dev->n_routes--;
		wg_owner_decide(b->dev, t, i);
	}
	wg_table_prune(t, i);
	wg_nhset_put(core, b->set);
}

/* --- resolving */

static int resolved_add(struct wg_core *core, struct wg_dev *dev,
			const struct wg_addr *gateway, unsigned weight)
{
	struct wg_resolved *r = wg_mem_room(
		&core->mem, core->resolved, sizeof(*core->resolved),
		core->n_resolved + 1, &core->cap_resolved);

	if (!r)
		return -ENOMEM;
	core->resolved = r;
	r += core->n_resolved++;
	*r = (struct wg_resolved){ .dev = dev };
	r->nh.gateway = *gateway;
	r->nh.weight = weight < 255 ? weight : 255;
	if (gateway->family != AF_UNSPEC)
		r->nh.peer = wg_claim_address_owner(dev, gateway);
	if (!r->nh.peer && dev->n_named == 1)
		r->nh.peer = dev->named;
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
		for (j = 0; j < set->gw[i]->n_nh && ret == 0; j++) {
			sub = &set->gw[i]->nh[j];
			dev = device_of(core, set->vrf, sub->ifindex);
			if (dev)
				ret = resolved_add(
					core, dev,
					sub->gateway.family == AF_UNSPEC
						? &nh->gateway
						: &sub->gateway,
					nh->weight * weight_of(sub));
		}
	}
	return ret;
}

static bool same_nexthops(const struct wg_binding *b,
			  const struct wg_entry_nexthop *nh, size_t n)
{
	size_t i;

	if (b->n_nexthops != n)
		return false;
	for (i = 0; i < n; i++)
		if (b->nexthops[i].peer != nh[i].peer ||
		    b->nexthops[i].weight != nh[i].weight ||
		    !wg_addr_same(&b->nexthops[i].gateway, &nh[i].gateway))
			return false;
	return true;
}

/*
 * Give the binding the device's share of the scratch.  Returns 1 if that is
 * something new, 0 if not, or -ENOMEM.
 */
static int binding_fill(struct wg_core *core, struct wg_binding *b)
{
	struct wg_entry_nexthop *nh;
	size_t n = 0;
	size_t i;

	for (i = 0; i < core->n_resolved; i++)
		n += core->resolved[i].dev == b->dev;
	nh = wg_mem_try(&core->mem, n * sizeof(*nh) + !n);
	if (!nh)
		return -ENOMEM;
	for (i = 0, n = 0; i < core->n_resolved; i++)
		if (core->resolved[i].dev == b->dev)
			nh[n++] = core->resolved[i].nh;
	if (same_nexthops(b, nh, n)) {
		wg_mem_put(&core->mem, nh, n * sizeof(*nh) + !n);
		return 0;
	}
	wg_mem_put(&core->mem, b->nexthops,
		   b->n_nexthops * sizeof(*b->nexthops));
	b->nexthops = nh;
	b->n_nexthops = n;
	return 1;
}

static void decide_routes(struct wg_binding *b)
{
	unsigned f;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &b->dev->table[f];
		uint32_t i = b->head[f];

		while (i) {
			uint32_t next = wg_table_node(t, i)->list_next;

			wg_owner_decide(b->dev, t, i);
			i = next;
		}
	}
}

/* The binding for the device (NULL: parked), new perhaps, kept. */
static int bind_to(struct wg_core *core, struct wg_nhset *set,
		   struct wg_dev *dev)
{
	struct wg_binding *b = binding_of(set, dev);
	int ret;

	if (!b) {
		if (!dev && !wg_vrf_get(core, set->vrf, true))
			return -ENOMEM;
		b = binding_new(core, set, dev);
	}
	if (!b)
		return -ENOMEM;
	if (b->kept)
		return 0;
	b->kept = true;
	if (!dev)
		return 0;
	ret = binding_fill(core, b);
	if (ret > 0)
		decide_routes(b);
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

static size_t set_size(size_t n_nh)
{
	return sizeof(struct wg_nhset) + n_nh * sizeof(struct wg_nexthop);
}

static void set_delete(struct wg_core *core, struct wg_nhset *set)
{
	struct wg_nhset **at = &core->sets[set->hash % WG_HASH_SIZE];
	size_t i;

	assert(!set->refs);
	while (set->n_bindings)
		binding_delete(core, set->bindings[0]);
	for (i = 0; i < set->n_nh; i++)
		if (set->gw && set->gw[i])
			wg_gateway_put(core, set->gw[i]);
	while (*at != set)
		at = &(*at)->next;
	*at = set->next;
	if (set->all_next)
		set->all_next->all_prev = set->all_prev;
	if (set->all_prev)
		set->all_prev->all_next = set->all_next;
	else
		core->all_sets = set->all_next;
	wg_mem_put(&core->mem, set->bindings,
		   set->cap_bindings * sizeof(*set->bindings));
	wg_mem_put(&core->mem, set->gw, set->n_nh * sizeof(*set->gw));
	wg_mem_put(&core->mem, set, set_size(set->n_nh));
}

void wg_nhset_put(struct wg_core *core, struct wg_nhset *set)
{
	assert(set->refs);
	if (--set->refs == 0)
		set_delete(core, set);
}

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
	struct wg_nhset **at = &core->sets[hash % WG_HASH_SIZE];
	struct wg_nhset *set;
	int ret;

	for (set = *at; set; set = set->next)
		if (set->hash == hash && same_content(set, vrf, nh, n_nh)) {
			set->refs++;
			*ret_set = set;
			return 0;
		}
	set = wg_mem_try(&core->mem, set_size(n_nh));
	if (!set)
		return -ENOMEM;
	set->hash = hash;
	set->vrf = vrf;
	set->n_nh = n_nh;
	set->next = *at;
	*at = set;
	set->all_next = core->all_sets;
	if (set->all_next)
		set->all_next->all_prev = set;
	core->all_sets = set;
	ret = set_fill(core, set, nh);
	if (ret == 0)
		ret = bind_all(core, set);
	if (ret < 0) {
		set_delete(core, set);
		return ret;
	}
	set->refs = 1;
	*ret_set = set;
	return 0;
}

/* --- settling */

/* Make every route of one binding also a route of another. */
static void copy_routes(struct wg_core *core, const struct wg_binding *from,
			struct wg_binding *to)
{
	static const uint8_t families[2] = { AF_INET, AF_INET6 };
	unsigned f;
	uint32_t i;

	for (f = 0; f < 2; f++) {
		struct wg_table *s = wg_binding_table(core, from, families[f]);
		struct wg_table *t = wg_binding_table(core, to, families[f]);

		for (i = from->head[f]; i;
		     i = wg_table_node(s, i)->list_next) {
			const struct wg_node *n = wg_table_node(s, i);
			struct wg_prefix p = wg_table_prefix(s, i);
			uint32_t j = wg_table_get(t, &p);

			if (!j)
				abort();
			wg_binding_attach(core, to, t, j, n->proto);
			wg_table_node(t, j)->fresh = n->fresh;
		}
	}
}

static void drop_binding(struct wg_core *core, struct wg_binding *b)
{
	static const uint8_t families[2] = { AF_INET, AF_INET6 };
	unsigned f;

	for (f = 0; f < 2; f++)
		while (b->head[f])
			wg_binding_detach(core,
					  wg_binding_table(core, b,
							   families[f]),
					  b->head[f]);
	binding_delete(core, b);
}

static void settle_set(struct wg_core *core, struct wg_nhset *set)
{
	size_t n_old = set->n_bindings;
	struct wg_binding *from = n_old ? set->bindings[0] : NULL;
	size_t i;

	if (bind_all(core, set) < 0)
		abort();
	for (i = n_old; from && i < set->n_bindings; i++)
		copy_routes(core, from, set->bindings[i]);
	for (i = set->n_bindings; i-- > 0;)
		if (!set->bindings[i]->kept)
			drop_binding(core, set->bindings[i]);
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
				decide_routes(b);
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

void wg_nhset_check(struct wg_core *core)
{
	static const uint8_t families[2] = { AF_INET, AF_INET6 };
	struct wg_nhset *set;
	unsigned f;
	uint32_t i;
	size_t j;

	for (set = core->all_sets; set; set = set->all_next) {
		uint32_t refs = 0;
		uint32_t n[2] = {};

		assert(set->n_bindings);
		for (j = 0; j < set->n_bindings; j++) {
			struct wg_binding *b = set->bindings[j];
			uint32_t n_here[2] = {};

			assert(core->bindings[b->id] == b && b->set == set);
			assert(b->dev || set->n_bindings == 1);
			for (f = 0; f < 2; f++) {
				struct wg_table *t = wg_binding_table(
					core, b, families[f]);
				bool refused = true;
				uint32_t prev = 0;

				for (i = b->head[f]; i;
				     i = wg_table_node(t, i)->list_next) {
					struct wg_node *node =
						wg_table_node(t, i);

					assert(node->live);
					assert(node->route == b->id);
					assert(node->list_prev == prev);
					assert(refused || !node->refused);
					refused = node->refused;
					prev = i;
					n_here[f]++;
					refs++;
				}
				assert(b->tail[f] == prev);
				if (j == 0)
					n[f] = n_here[f];
				assert(n[f] == n_here[f]);
			}
		}
		assert(refs == set->refs && refs > 0);
	}
}
