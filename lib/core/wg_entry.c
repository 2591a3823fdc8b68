/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries, their counts and the queues of what is pending.
 *
 * What a node holds is only this: whose it is by decision (decided, with
 * claims if by configuration), and who has it by the device's word (acked).
 * Everything else follows:
 *
 *   wanted   decided, if that peer may have anything at all; else acked, if
 *            the entry is kept (stale, or a stranger's)
 *   target   wanted; or, on a device that aggregates, what wg_aggregate.c
 *            fixed, and until it has looked at a change, what was before
 *   pending  target != acked
 *   orphan   acked and no target
 *
 * An orphan must go, with one exception.  A device that cannot remove one
 * prefix would have to pass it through a throw-away peer; if a covering
 * prefix Q has a target (wg_entry_cover), it is given to Q's owner instead and
 * stays, redundant: it changes nothing for any address.  It does from then on
 * what Q does, so when Q's owner changes the orphans under Q are looked at
 * again.  That walk ends at nodes that have a target themselves and happens
 * only while there are orphans.
 *
 * The flags entry, target, orphan and queued in a node say how it was counted,
 * so that it can be uncounted after the reasons changed; they are never a
 * source of decisions.  Queues are lists per family, kind and prefix length,
 * which sorts the plan for nothing.
 */
#include "lib/core/wg_entry.h"

#include <assert.h>

uint32_t wg_entry_target(const struct wg_dev *dev, const struct wg_table *t,
			 uint32_t i)
{
	if (t->labels && wg_table_mark(t, i)->fixed)
		return wg_table_mark(t, i)->target;
	return wg_entry_wanted(dev, wg_table_node(t, i));
}

uint32_t wg_entry_cover(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i)
{
	for (i = wg_table_node(t, i)->parent; i;
	     i = wg_table_node(t, i)->parent)
		if (wg_entry_target(dev, t, i))
			return i;
	return 0;
}

bool wg_entry_is_redundant(const struct wg_dev *dev, const struct wg_table *t,
			   uint32_t i)
{
	uint32_t q;

	if (dev->can_remove)
		return false;
	q = wg_entry_cover(dev, t, i);
	/* what a stranger covers is not given to him: he would keep it */
	return q && !wg_entry_is_held(dev, wg_table_node(t, q)) &&
	       wg_entry_target(dev, t, q) == wg_table_node(t, i)->acked;
}

static void enqueue(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		    enum wg_queue kind)
{
	struct wg_node *n = wg_table_node(t, i);
	uint32_t *head = &dev->queue[wg_family_index(t->family)][kind]
				    [wg_table_branch(t, i)->len];

	n->queued = kind;
	n->queue_prev = 0;
	n->queue_next = *head;
	if (*head)
		wg_table_node(t, *head)->queue_prev = i;
	*head = i;
	dev->n_queued[kind]++;
}

static void dequeue(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);

	if (n->queue_prev)
		wg_table_node(t, n->queue_prev)->queue_next = n->queue_next;
	else
		dev->queue[wg_family_index(t->family)][n->queued]
			  [wg_table_branch(t, i)->len] = n->queue_next;
	if (n->queue_next)
		wg_table_node(t, n->queue_next)->queue_prev = n->queue_prev;
	dev->n_queued[n->queued]--;
	n->queue_prev = n->queue_next = 0;
	n->queued = WG_QUEUE_NONE;
}

/* Whose a node is, in all senses: what counts and queues hang on. */
struct whose {
	uint32_t wanted;
	uint32_t target;
	bool held;
};

static struct whose whose(const struct wg_dev *dev, const struct wg_table *t,
			  uint32_t i)
{
	const struct wg_node *n = wg_table_node(t, i);
	struct whose is = {.wanted = wg_entry_wanted(dev, n),
			   .held = wg_entry_is_held(dev, n)};

	is.target = is.wanted;
	if (t->labels && wg_table_mark(t, i)->fixed)
		is.target = wg_table_mark(t, i)->target;
	return is;
}

/* Take the node out of all counts that depend on decided and acked. */
static void uncount(struct wg_dev *dev, const struct wg_node *n)
{
	if (n->claims)
		dev->slots[n->decided]->n_static--;
	else if (n->decided)
		dev->slots[n->decided]->n_dynamic--;
	if (n->acked) {
		dev->slots[n->acked]->n_acked--;
		dev->n_acked--;
	}
	if (n->orphan) {
		dev->slots[n->acked]->n_orphans--;
		dev->n_orphans--;
	}
	dev->n_entries -= n->entry;
	dev->n_targets -= n->target;
	dev->n_stale -= n->stale;
}

static void count(struct wg_dev *dev, struct wg_node *n, const struct whose *is)
{
	if (n->claims)
		dev->slots[n->decided]->n_static++;
	else if (n->decided)
		dev->slots[n->decided]->n_dynamic++;
	if (n->acked) {
		dev->slots[n->acked]->n_acked++;
		dev->n_acked++;
	}
	n->entry = is->wanted && !is->held;
	n->target = is->target && !is->held;
	n->orphan = n->acked && !is->target;
	if (n->orphan) {
		dev->slots[n->acked]->n_orphans++;
		dev->n_orphans++;
	}
	dev->n_entries += n->entry;
	dev->n_targets += n->target;
	dev->n_stale += n->stale;
}

static void queue(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  uint32_t target)
{
	struct wg_node *n = wg_table_node(t, i);
	enum wg_queue kind = WG_QUEUE_NONE;

	if (target && target != n->acked)
		kind = n->acked && wg_branch_is_leaf(wg_table_branch(t, i))
			       ? WG_QUEUE_MOVE
			       : WG_QUEUE_GIVE;
	else if (n->orphan && !wg_entry_is_redundant(dev, t, i))
		kind = WG_QUEUE_TAKE;
	if (kind == n->queued)
		return;
	if (n->queued)
		dequeue(dev, t, i);
	if (kind)
		enqueue(dev, t, i, kind);
}

/* The target of i changed: so may what its orphans have to become. */
static void queue_covered(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	uint32_t end;
	uint32_t j;

	if (dev->can_remove || !dev->n_orphans)
		return;
	end = wg_table_next_outside(t, i);
	for (j = wg_table_next(t, i); j && j != end;) {
		struct wg_node *n = wg_table_node(t, j);

		if (wg_entry_target(dev, t, j)) {
			j = wg_table_next_outside(t, j);
			continue;
		}
		if (n->orphan)
			queue(dev, t, j, 0);
		j = wg_table_next(t, j);
	}
}

/* --- changes: what was, the change, what follows */

static struct whose before(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	struct whose was = whose(dev, t, i);

	uncount(dev, wg_table_node(t, i));
	/* the aggregation says when the device is to follow */
	if (dev->aggregating && !wg_table_mark(t, i)->fixed) {
		wg_table_mark(t, i)->fixed = 1;
		wg_table_mark(t, i)->target = was.target;
	}
	return was;
}

static void after(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  const struct whose *was)
{
	struct whose is = whose(dev, t, i);

	count(dev, wg_table_node(t, i), &is);
	queue(dev, t, i, is.target);
	if (is.target != was->target)
		queue_covered(dev, t, i);
	if (dev->aggregating &&
	    (is.wanted != was->wanted || is.held != was->held))
		wg_table_mark_node(t, i);
}

void wg_entry_aim(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  bool fixed, uint32_t slot)
{
	struct wg_mark *m = wg_table_mark(t, i);
	struct whose was;

	if (m->fixed == fixed && m->target == slot)
		return;
	was = before(dev, t, i);
	m->fixed = fixed;
	m->target = slot;
	after(dev, t, i, &was);
}

void wg_entry_touch(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		    bool wider)
{
	struct whose is = whose(dev, t, i);

	uncount(dev, wg_table_node(t, i));
	count(dev, wg_table_node(t, i), &is);
	queue(dev, t, i, is.target);
	if (wider)
		queue_covered(dev, t, i);
	if (wider && dev->aggregating)
		wg_table_mark_node(t, i);
}

void wg_entry_touch_all(struct wg_dev *dev)
{
	unsigned pass, f;
	uint32_t i;

	/* twice: what is redundant depends on shorter ones, which may come
	 * later in memory */
	for (pass = 0; pass < 2; pass++)
		for (f = 0; f < 2; f++)
			for (i = 1; i < dev->table[f].top; i++)
				if (wg_table_node(&dev->table[f], i)->live)
					wg_entry_touch(dev, &dev->table[f], i,
						       false);
	for (f = 0; f < 2 && dev->aggregating; f++)
		wg_table_mark_anew(&dev->table[f]);
}

void wg_entry_decide(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		     unsigned claims, uint32_t slot)
{
	struct wg_node *n = wg_table_node(t, i);
	uint32_t old = n->decided;
	struct whose was;

	assert(!claims || slot);
	if (n->claims == claims && old == slot && !(n->stale && slot))
		return;
	was = before(dev, t, i);
	n->claims = claims;
	n->decided = slot;
	/* kept only until somebody has something to say about it */
	if (slot)
		n->stale = 0;
	after(dev, t, i, &was);
	/* who had it may have become unusable before */
	if (dev->aggregating && old != slot)
		wg_table_mark_node(t, i);
}

void wg_entry_ack(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  uint32_t slot)
{
	struct wg_node *n = wg_table_node(t, i);
	struct whose was;

	n->seen = dev->sync_mark;
	if (n->acked == slot)
		return;
	was = before(dev, t, i);
	n->acked = slot;
	n->stale = 0;
	after(dev, t, i, &was);
}

void wg_entry_set_stale(struct wg_dev *dev, struct wg_table *t, uint32_t i,
			bool stale)
{
	struct wg_node *n = wg_table_node(t, i);
	struct whose was;

	if (n->stale == stale)
		return;
	was = before(dev, t, i);
	n->stale = stale;
	after(dev, t, i, &was);
}
