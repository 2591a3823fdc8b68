/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settling: where the marks that setters left are acted upon, in an order in
 * which each step can rely on the ones before:
 *
 *  1. who is usable (and the claims of those that changed);
 *  2. what the peer of a point-to-point device gets;
 *  3. what next hops resolve to: routes move between devices, new bindings
 *     are decided;
 *  4. routes of marked peers, or whole devices, are decided anew, and what is
 *     within the prefixes that a member announces, where that changed;
 *  5. what a maximum refused and has room now;
 *  6. what the device is to have in place of all that (aggregation): a small
 *     change at once, the rest in pieces, by wg_sync_step.
 */
#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_announced.h"
#include "lib/core/wg_claims.h"
#include "lib/core/wg_nexthops.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"

static void settle_dev(struct wg_dev *dev)
{
	struct wg_peer *peer;

	if (dev->marked_peers) {
		for (peer = dev->named; peer; peer = peer->next) {
			wg_peer_settle(peer);
			/* it may announce to others than before */
			if (peer->marked)
				wg_announced_mark(peer);
		}
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
	wg_owner_decide_announced(dev);
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
