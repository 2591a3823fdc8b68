/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is, for show commands: nothing here changes anything.
 */
#include <assert.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"

const char *wg_verdict_str(enum wg_verdict verdict)
{
	static const char *const names[] = {
		[WG_ROUTE_ACCEPTED] = "accepted",
		[WG_ROUTE_SHADOWED] = "shadowed-by-static",
		[WG_ROUTE_NO_PEER] = "no-peer-for-nexthop",
		[WG_ROUTE_PEER_DOWN] = "peer-down",
		[WG_ROUTE_DENIED] = "denied-by-prefix-list",
		[WG_ROUTE_UNCERTIFIED] = "denied-by-certificate",
		[WG_ROUTE_OVER_MAXIMUM] = "over-maximum-prefix",
		[WG_ROUTE_MARTIAN] = "martian",
	};

	return names[verdict];
}

static enum wg_source source_of(const struct wg_dev *dev,
				const struct wg_node *n)
{
	if (wg_entry_is_held(dev, n))
		return WG_SOURCE_STRANGER;
	if (!wg_entry_wanted(dev, n))
		return WG_SOURCE_NONE;
	if (n->claims)
		return WG_SOURCE_STATIC;
	return n->decided ? WG_SOURCE_ROUTE : WG_SOURCE_STALE;
}

/* False: nothing that anybody wants to see. */
static bool report(struct wg_dev *dev, const struct wg_table *t, uint32_t i,
		   struct wg_entry *ret)
{
	const struct wg_node *n = wg_table_node(t, i);
	uint32_t wanted = wg_entry_wanted(dev, n);
	uint32_t target = wg_entry_target(dev, t, i);
	uint32_t q;

	if (!wanted && !target && !n->acked && !n->route)
		return false;
	*ret = (struct wg_entry){
		.prefix = wg_table_prefix(t, i),
		.source = source_of(dev, n),
		.decided = wg_dev_peer(dev, wanted),
		.target = wg_dev_peer(dev, target),
		.acked = wg_dev_peer(dev, n->acked),
		.has_route = n->route != 0,
		.redundant = n->orphan && !n->queued,
		.exclusive = n->exclusive,
	};
	q = wanted && !target ? wg_entry_cover(dev, t, i) : 0;
	if (q && wg_entry_target(dev, t, q) == wanted)
		ret->cover = wg_table_prefix(t, q);
	if (n->route) {
		const struct wg_binding *b = dev->core->bindings[n->route];

		ret->proto = n->proto;
		ret->verdict = n->verdict;
		ret->n_nexthops = b->n_nexthops;
		ret->nexthops = b->nexthops;
	}
	return true;
}

bool wg_entry_next(struct wg_dev *dev, const struct wg_prefix *cursor,
		   struct wg_entry *ret)
{
	unsigned f = cursor ? wg_family_index(cursor->family) : 0;
	uint32_t i;

	for (; f < 2; f++, cursor = NULL) {
		const struct wg_table *t = &dev->table[f];

		for (i = wg_table_after(t, cursor); i; i = wg_table_next(t, i))
			if (report(dev, t, i, ret))
				return true;
	}
	return false;
}

bool wg_entry_lookup(struct wg_dev *dev, const struct wg_addr *addr, bool acked,
		     struct wg_entry *ret)
{
	struct wg_prefix p = wg_prefix_host(addr);
	const struct wg_table *t = wg_dev_table(dev, p.family);
	uint32_t i = wg_table_match(t, &p);

	for (; i; i = wg_table_node(t, i)->parent) {
		const struct wg_node *n = wg_table_node(t, i);

		if (acked ? n->acked : wg_entry_wanted(dev, n))
			return report(dev, t, i, ret);
	}
	return false;
}

struct wg_peer *wg_static_lookup(struct wg_dev *dev, const struct wg_addr *addr,
				 struct wg_prefix *ret, bool *ret_exclusive)
{
	struct wg_prefix p = wg_prefix_host(addr);
	const struct wg_table *t = wg_dev_table(dev, p.family);
	uint32_t i = wg_table_match(t, &p);

	while (i && !(wg_table_node(t, i)->claims &
		      (WG_CLAIM_ADDRESS | WG_CLAIM_STATIC)))
		i = wg_table_node(t, i)->parent;
	if (!i)
		return NULL;
	*ret = wg_table_prefix(t, i);
	*ret_exclusive = wg_table_node(t, i)->exclusive ||
			 wg_owner_exclusive_above(dev, t, i);
	return dev->slots[wg_table_node(t, i)->decided];
}

struct wg_peer *wg_exclusive_lookup(struct wg_dev *dev,
				    const struct wg_prefix *prefix,
				    struct wg_prefix *ret)
{
	const struct wg_table *t = wg_dev_table(dev, prefix->family);
	uint32_t i = wg_table_match(t, prefix);

	if (i && !wg_table_node(t, i)->exclusive)
		i = wg_owner_exclusive_above(dev, t, i);
	if (!i)
		return NULL;
	*ret = wg_table_prefix(t, i);
	return dev->slots[wg_table_node(t, i)->decided];
}

static uint32_t first_of_nobody(const struct wg_binding *b,
				const struct wg_table *t, uint32_t i,
				uint8_t proto)
{
	size_t j;

	for (j = 0; j < b->n_nexthops; j++)
		if (b->nexthops[j].peer)
			return 0;
	while (i && (wg_table_node(t, i)->proto == proto ||
		     wg_table_node(t, i)->verdict != WG_ROUTE_NO_PEER))
		i = wg_table_node(t, i)->list_next;
	return i;
}

bool wg_route_of_nobody(struct wg_dev *dev, uint8_t proto, struct wg_entry *ret)
{
	const struct wg_binding *b;
	const struct wg_nhset *set;
	unsigned f;
	uint32_t i;
	size_t j;

	for (set = dev->core->all_sets; set; set = set->all_next)
		for (j = 0; j < 2 * set->n_bindings; j++) {
			b = set->bindings[j / 2];
			f = j % 2;
			if (b->dev != dev)
				continue;
			i = first_of_nobody(b, &dev->table[f], b->head[f],
					    proto);
			if (i)
				return report(dev, &dev->table[f], i, ret);
		}
	return false;
}

void wg_dev_count(const struct wg_dev *dev, struct wg_count *ret)
{
	*ret = (struct wg_count){
		.routes = dev->n_routes,
		.entries = dev->n_entries,
		.targets = dev->n_targets,
		.spare = wg_aggregate_spare(dev),
		.installed = dev->n_acked,
		.pending = dev->n_queued[WG_QUEUE_GIVE] +
			   dev->n_queued[WG_QUEUE_MOVE] +
			   dev->n_queued[WG_QUEUE_TAKE],
		.redundant = dev->n_orphans - dev->n_queued[WG_QUEUE_TAKE],
	};
}

bool wg_route_lookup(struct wg_dev *dev, const struct wg_addr *addr,
		     struct wg_entry *ret)
{
	struct wg_prefix p = wg_prefix_host(addr);
	const struct wg_table *t = wg_dev_table(dev, p.family);
	uint32_t i = wg_table_match(t, &p);

	while (i && !wg_table_node(t, i)->route)
		i = wg_table_node(t, i)->parent;
	return i && report(dev, t, i, ret);
}
