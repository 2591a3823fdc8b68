/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checking a device.
 *
 * What a node says is counted once more, without the flags that say how it was
 * counted; the sums have to be those that every change has kept.
 */
#include "lib/core/wg_check.h"

#include <assert.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_announced.h"
#include "lib/core/wg_certs.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_names.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_sweep.h"

/* What a member has by a route is certified for it. */
static void check_certified(const struct wg_peer *peer,
			    const struct wg_table *t, uint32_t i)
{
	struct wg_prefix p = wg_table_prefix(t, i);

	assert(!wg_peer_is_member(peer) || wg_cert_around(peer, &p) >= 0);
}

/* Assert one node; add it to what the device's counts should be. */
static void check_node(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		       struct wg_dev *sum)
{
	struct wg_node *n = wg_table_node(t, i);
	uint32_t wanted = wg_entry_wanted(dev, n);
	uint32_t target = wg_entry_target(dev, t, i);
	bool held = wg_entry_is_held(dev, n);

	assert(!n->decided || dev->slots[n->decided]);
	assert(!n->acked || dev->slots[n->acked]);
	assert(!n->claims || n->decided);
	assert(!n->exclusive || n->claims & WG_CLAIM_STATIC);
	assert(!wg_owner_is_barred(dev, t, i) || n->claims ||
	       !(n->decided || n->stale));
	assert(!n->stale || (n->acked && !n->decided));
	assert(!n->stale || wg_owner_may_keep(dev, t, i, n->acked));
	if (n->decided && !n->claims)
		check_certified(dev->slots[n->decided], t, i);
	assert(n->entry == (wanted && !held));
	assert(n->target == (target && !held));
	assert(n->orphan == (n->acked && !target));
	if (target && target != n->acked)
		assert(n->queued == WG_QUEUE_GIVE ||
		       (n->queued == WG_QUEUE_MOVE && n->acked));
	else if (target)
		assert(n->queued == WG_QUEUE_NONE);
	else if (n->orphan && !wg_entry_is_redundant(dev, t, i))
		assert(n->queued == WG_QUEUE_TAKE);
	else
		assert(n->queued == WG_QUEUE_NONE);
	sum->n_queued[n->queued]++;
	sum->n_routes += n->route != 0;
	sum->n_entries += n->entry;
	sum->n_targets += n->target;
	sum->n_acked += n->acked != 0;
	sum->n_orphans += n->orphan;
	sum->n_stale += n->stale;
	sum->n_exclusive += n->exclusive;
	sum->n_seen += n->acked && n->seen == dev->sync_mark;
}

static void check_peer(struct wg_dev *dev, struct wg_peer *peer)
{
	struct wg_peer sum = {};
	uint32_t i;
	unsigned f;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &dev->table[f];

		for (i = t->root; i; i = wg_table_next(t, i)) {
			struct wg_node *n = wg_table_node(t, i);

			if (n->decided == peer->slot && n->claims)
				sum.n_static++;
			else if (n->decided == peer->slot)
				sum.n_dynamic++;
			sum.n_acked += n->acked == peer->slot;
			sum.n_orphans += n->acked == peer->slot && n->orphan;
		}
	}
	assert(dev->slots[peer->slot] == peer);
	assert(sum.n_static == peer->n_static);
	assert(sum.n_dynamic == peer->n_dynamic);
	assert(sum.n_acked == peer->n_acked);
	assert(sum.n_orphans == peer->n_orphans);
}

void wg_check_dev(struct wg_dev *dev)
{
	struct wg_dev sum = {};
	size_t n_listed[WG_QUEUES] = {};
	struct wg_peer *peer;
	unsigned f, q, len;
	uint32_t i;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &dev->table[f];

		wg_table_check(t);
		for (i = t->root; i; i = wg_table_next(t, i))
			check_node(dev, t, i, &sum);
		for (q = WG_QUEUE_GIVE; q < WG_QUEUES; q++)
			for (len = 0; len <= 128; len++)
				for (i = dev->queue[f][q][len]; i;
				     i = wg_table_node(t, i)->queue_next) {
					assert(wg_table_branch(t, i)->len ==
					       len);
					n_listed[q]++;
				}
	}
	for (q = WG_QUEUE_GIVE; q < WG_QUEUES; q++) {
		assert(n_listed[q] == sum.n_queued[q]);
		assert(dev->n_queued[q] == sum.n_queued[q]);
	}
	assert(dev->n_routes == sum.n_routes);
	assert(dev->n_entries == sum.n_entries);
	assert(dev->n_targets == sum.n_targets);
	assert(dev->n_acked == sum.n_acked);
	assert(dev->n_orphans == sum.n_orphans);
	assert(dev->n_stale == sum.n_stale);
	assert(dev->n_exclusive == sum.n_exclusive);
	if (!(dev->sweep & WG_SWEEP_UNSEE))
		assert(sum.n_seen ==
		       (dev->syncing ? dev->n_seen : dev->n_acked));
	for (peer = dev->named; peer; peer = peer->next)
		check_peer(dev, peer);
	for (peer = dev->nameless; peer; peer = peer->next)
		check_peer(dev, peer);
	wg_name_check(dev);
	wg_announced_check(dev);
	wg_plan_check(dev);
	wg_aggregate_check(dev);
}
