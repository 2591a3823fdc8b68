/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bindings: the routes of one set of next hops on one device, or parked.
 *
 * The list of a binding runs through the nodes, one for each family.  Routes
 * that a maximum refused stand before all others, so that room, when it
 * comes, finds them at once.  A node names its binding by id, half of a
 * pointer; ids are used again.
 */
#include "lib/core/wg_bindings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_vrfs.h"

static const uint8_t families[2] = {AF_INET, AF_INET6};

struct wg_binding *wg_binding_find(const struct wg_nhset *set,
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

bool wg_binding_may_give(const struct wg_binding *b, const struct wg_peer *peer)
{
	/* who was a member has what it had until the next settle */
	return wg_binding_has(b, peer) || (peer->mesh && b->dev == peer->dev);
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
	room = wg_mem_room(&core->mem, core->bindings, sizeof(*core->bindings),
			   core->n_bindings + 1, &core->cap_bindings);
	if (!room)
		return 0;
	core->bindings = room;
	core->free_binding = core->n_bindings;
	return core->n_bindings++;
}

struct wg_binding *wg_binding_new(struct wg_core *core, struct wg_nhset *set,
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

void wg_binding_delete(struct wg_core *core, struct wg_binding *b)
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

void wg_binding_unlink(struct wg_binding *b, struct wg_table *t, uint32_t i)
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

void wg_binding_link(struct wg_binding *b, struct wg_table *t, uint32_t i)
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
	wg_binding_unlink(b, t, i);
	if (refused)
		link_head(b, t, i);
	else
		wg_binding_link(b, t, i);
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

int wg_binding_fill(struct wg_core *core, struct wg_binding *b)
{
	struct wg_entry_nexthop *nh;
	size_t n = 0;
	size_t i;

	for (i = 0; i < core->n_resolved; i++)
		n += core->resolved[i].dev == b->dev;
	assert(n);
	nh = wg_mem_try(&core->mem, n * sizeof(*nh));
	if (!nh)
		return -ENOMEM;
	for (i = 0, n = 0; i < core->n_resolved; i++)
		if (core->resolved[i].dev == b->dev)
			nh[n++] = core->resolved[i].nh;
	if (same_nexthops(b, nh, n)) {
		wg_mem_put(&core->mem, nh, n * sizeof(*nh));
		return 0;
	}
	wg_mem_put(&core->mem, b->nexthops,
		   b->n_nexthops * sizeof(*b->nexthops));
	b->nexthops = nh;
	b->n_nexthops = n;
	return 1;
}

void wg_binding_check(struct wg_core *core, const struct wg_binding *b,
		      uint32_t ret_routes[2])
{
	unsigned f;
	uint32_t i;

	assert(core->bindings[b->id] == b);
	for (f = 0; f < 2; f++) {
		struct wg_table *t = wg_binding_table(core, b, families[f]);
		bool refused = true;
		uint32_t prev = 0;

		ret_routes[f] = 0;
		for (i = b->head[f]; i; i = wg_table_node(t, i)->list_next) {
			struct wg_node *node = wg_table_node(t, i);

			assert(node->live && node->route == b->id);
			assert(node->list_prev == prev);
			assert(refused || !node->refused);
			refused = node->refused;
			prev = i;
			ret_routes[f]++;
		}
		assert(b->tail[f] == prev);
	}
}
