/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sweep.
 *
 * A pass over a million nodes takes longer than an event loop may be held, so
 * it is done in pieces, and routes come and go in between.  What makes that
 * right:
 *
 *  - The pass goes by index, which is safe against pruning.  A node that is
 *    made meanwhile, before the cursor or behind it, has nothing acknowledged
 *    and is not stale: there is nothing to do for it.
 *  - What is done to a node depends on nothing but that node and what was
 *    fixed when the sweep began, so the order does not matter, and a pass that
 *    begins anew does no harm.
 *  - Nothing is planned until it is over (wg_plan_next).  The order of a plan
 *    is right only for a truth that is whole: with 10.0.0.0/8 and 10.1.0.0/16
 *    both stale, to have only the second one released would show 10.1.0.0/16
 *    to the peer of the first.
 */
#include "lib/core/wg_sweep.h"

#include "lib/core/wg_entry.h"
#include "lib/core/wg_owner.h"

void wg_sweep_start(struct wg_dev *dev, unsigned what)
{
	dev->sweep |= what;
	dev->sweep_family = 0;
	dev->sweep_at = 1;
}

/* Has nobody got it any more? */
static bool is_gone(struct wg_dev *dev, const struct wg_node *n)
{
	if (dev->sweep & WG_SWEEP_UNSEEN && n->seen != dev->sync_mark) {
		/* wanted, and yet gone */
		if (!n->orphan)
			dev->sync_differences++;
		return true;
	}
	return dev->sweep & WG_SWEEP_GONE && !dev->slots[n->acked]->present;
}

static void sweep_node(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);

	if (!n->live)
		return;
	if (dev->sweep & WG_SWEEP_PLAIN) {
		wg_entry_aim(dev, t, i, false, 0);
		if (!n->acked)
			wg_table_prune(t, i); /* it was there for a target */
	}
	if (!n->live || !n->acked)
		return;
	if (dev->sweep & WG_SWEEP_UNSEE)
		n->seen = !dev->sync_mark;
	if (is_gone(dev, n))
		wg_owner_ack(dev, t, i, 0); /* the node, too, perhaps */
	else if (dev->sweep & WG_SWEEP_RELEASE)
		wg_entry_set_stale(dev, t, i, false);
}

unsigned wg_sweep_step(struct wg_dev *dev, size_t max)
{
	unsigned done = dev->sweep;

	for (; dev->sweep && max; max--) {
		struct wg_table *t = &dev->table[dev->sweep_family];

		if (dev->sweep_at < t->top) {
			sweep_node(dev, t, dev->sweep_at++);
		} else if (dev->sweep_family == 0) {
			dev->sweep_family = 1;
			dev->sweep_at = 1;
		} else {
			dev->sweep = 0;
			return done;
		}
	}
	return 0;
}
