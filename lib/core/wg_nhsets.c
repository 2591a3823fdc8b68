/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of next hops: beginning and end.
 */
#include "lib/core/wg_nhsets.h"

#include <assert.h>

#include "lib/core/wg_bindings.h"
#include "lib/core/wg_gateways.h"

static size_t size_of(size_t n_nh)
{
	return sizeof(struct wg_nhset) + n_nh * sizeof(struct wg_nexthop);
}

struct wg_nhset *wg_nhset_new(struct wg_core *core, uint32_t vrf, uint32_t hash,
			      size_t n_nh)
{
	struct wg_nhset **at = &core->sets[hash % WG_HASH_SIZE];
	struct wg_nhset *set = wg_mem_try(&core->mem, size_of(n_nh));

	if (!set)
		return NULL;
	set->refs = 1;
	set->hash = hash;
	set->vrf = vrf;
	set->n_nh = n_nh;
	set->next = *at;
	*at = set;
	set->all_next = core->all_sets;
	if (set->all_next)
		set->all_next->all_prev = set;
	core->all_sets = set;
	return set;
}

static void delete (struct wg_core *core, struct wg_nhset *set)
{
	struct wg_nhset **at = &core->sets[set->hash % WG_HASH_SIZE];
	size_t i;

	assert(!set->refs);
	while (set->n_bindings)
		wg_binding_delete(core, set->bindings[0]);
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
	wg_mem_put(&core->mem, set, size_of(set->n_nh));
}

void wg_nhset_put(struct wg_core *core, struct wg_nhset *set)
{
	assert(set->refs);
	if (--set->refs == 0)
		delete (core, set);
}
