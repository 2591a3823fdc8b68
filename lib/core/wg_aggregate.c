/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aggregation: ORTC (Draves and others, 1999) on a path-compressed trie, kept
 * up to date by what changes.
 *
 * What is asked for.  f(a) is the owner of address a by decision: that of the
 * longest wanted prefix that matches, or nobody.  Targets are to be as few as
 * possible and to give every address f(a), "nobody" included: AllowedIPs is
 * also the source filter.  As there is no entry that says "nobody", no target
 * may cover an address of nobody's.
 *
 * On the full binary tree.  A leaf has the label f(a).  The labels of a node
 * are those with which the subtree needs the fewest targets, if its root is
 * handed that label; with any other it needs exactly one more.  So the labels
 * of a leaf are {f(a)}; those of an inner node are what both children have in
 * common, or if that is nothing, what any of them has: ORTC's second pass.
 * Then top down: a node that is handed one of its labels gets no target, any
 * other gets one of them as its target and hands that on.  NONE is the set of
 * a node that has an address of nobody's below it: it gets no target, and its
 * children are handed nothing, so each largest wholly owned subtree is solved
 * by itself.  This is optimal there by ORTC's argument, and no entry can span
 * two of them.
 *
 * Without the full tree.  Nodes of the trie are nodes of the tree, all others
 * are virtual.  A gap is the largest subtree without a node of the trie in it,
 * at the side of a path; all its addresses have one owner w, that of the
 * nearest wanted node above: labels {w}, or NONE.  Between a node of length L
 * and its child of length M there are virtual nodes at M-1 to L+1, each the
 * combination of what is below it on the path and a gap {w}.  The first of
 * them (from below) is combine(child, {w}).  That is {w}, or the child's labels
 * and w; so the second one is {w}, and all above that.  The labels of a node
 * therefore take constant time.  They are a matter of the prefix and not of
 * which nodes are real: what only changes the shape of the trie changes no
 * labels and no target.
 *
 * Targets at virtual nodes make them real.  From a node that hands on x, and
 * on one side:
 *  - no child: a gap of length L+1.  If x is not w, w is its target.
 *  - a child at L+1: nothing is between.
 *  - a child at L+2: one virtual node.  If x is not among its labels, it gets
 *    a target.  If it is, but not w, the gap beside the child gets target w.
 *  - a child further away: the topmost virtual node has {w} and if x is not
 *    w gets target w, which then is handed down to the child.
 * No other virtual node needs one.  In all these cases w is somebody: where
 * it is nobody, those nodes are NONE.
 *
 * Strangers on an adopted device.  What a stranger holds is not ours: exactly
 * that prefix, exactly his.  From above the subtree looks as if he was not
 * there ({w}, or NONE), so that ours is exact also when he leaves; and because
 * there can be no target of ours, the node above it has to hand down w: other
 * labels it has not.  Below, gaps are his and count as nobody's, so that
 * nothing of it is given away.
 *
 * Where two halves without a common label meet, and neither has what is
 * handed down, a target would save one of theirs and cost itself.  So such a
 * seam does as well without: what is handed down goes on to both.  Then
 * regions that grow together or fall apart at a seam change nothing.
 *
 * Staying split.  A prefix that is withdrawn from the middle of a region takes
 * the region's target with it, and as many as the way to it is long come in
 * its place; when it is back, all that would be undone, and it may not stay.
 * So a node that is handed nothing and has no target, where entries below it
 * are on the device, is left so: each such node is one entry more than need
 * be, exactly, because its halves cost what they cost with any label that
 * they have not.  They are counted, never more than 2 % of the targets, and
 * made whole when there is time (wg_aggregate_tidy), from the topmost one
 * down, so that nothing is joined twice.
 *
 * Where a choice is free: the target that it has (fewest operations), then
 * who has it on the device (a restart finds its own entries again), then none
 * at a seam, then w, then the lowest slot.
 *
 * When something changes.  A changed node changes the gaps below it, down to
 * the next wanted nodes.  Marks (wg_table.h) say where to look, all the way
 * from the root, so that work can be left at any node and found again:
 *  1. bottom up over WHERE: labels are computed anew where LABELS says so and
 *     in new nodes; where they come out different, the parent's are, too;
 *  2. top down over AIM_WHERE: targets are chosen anew where labels were
 *     computed or, by PASS, what is handed down changed.
 * Phase 2 begins when there is nothing left of phase 1 in that table, so it
 * sees labels that are right.  A change in between brings phase 1 back.  New
 * nodes are marked by wg_table_get, and when a node goes, its marks go to those
 * next to it.  Nothing is planned meanwhile; so the plan (wg_plan.c, whose
 * argument for its order holds for any two sets of entries) always goes to
 * targets that represent f, and every address comes from its old owner to its
 * new one.
 *
 * Any choice at an inner node is correct, if leaves and gaps get theirs.  So
 * without memory sets are made smaller, and a node hands on w where a virtual
 * one cannot be made real: more entries than need be, never wrong ones, until
 * the next read of the device begins all anew.
 */
#include "lib/core/wg_aggregate.h"

#include <assert.h>
#include <errno.h>

#include "lib/core/wg_aggregate_walk.h"
#include "lib/core/wg_sweep.h"

/* What a settle does at once: about a millisecond. */
#define SETTLE_NODES 4000

bool wg_aggregate_is_busy(const struct wg_dev *dev)
{
	unsigned f;

	for (f = 0; f < 2; f++) {
		const struct wg_table *t = &dev->table[f];

		if (t->labels && !dev->aggregating)
			return true;
		if (t->labels && t->root &&
		    (wg_needs_labels(t, t->root) || wg_needs_aim(t, t->root)))
			return true;
	}
	return false;
}

bool wg_aggregate_step(struct wg_dev *dev, size_t max)
{
	size_t left = max ? max : 1;
	struct wg_walk w;
	unsigned f;

	/* what a read brings is looked at when it is whole, and a sweep goes
	 * first */
	if (!dev->aggregating || dev->syncing || dev->sweep)
		return false;
	for (f = 0; f < 2; f++) {
		w.dev = dev;
		w.t = &dev->table[f];
		w.depth = 0;
		w.level[0] = (struct wg_level){};
		if (wg_aggregate_relabel(&w, &left))
			return true;
		w.depth = 0;
		if (wg_aggregate_aim(&w, &left))
			return true;
	}
	return false;
}

/* --- what may wait */

/* Let the topmost split node at or above I be made whole. */
static void join(struct wg_table *t, uint32_t i)
{
	uint32_t up = i;

	while (up && wg_table_mark(t, up)->split) {
		i = up;
		up = wg_table_node(t, i)->parent;
	}
	wg_table_mark(t, i)->strict = 1;
	wg_table_mark(t, i)->todo |= WG_TODO_AIM;
	for (; i && !wg_needs_aim(t, i); i = wg_table_node(t, i)->parent)
		wg_table_mark(t, i)->todo |= WG_TODO_AIM_WHERE;
}

bool wg_aggregate_tidy(struct wg_dev *dev, size_t max)
{
	/* a change in itself: as few as a settle does at once */
	size_t left = max < SETTLE_NODES / 8 ? max : SETTLE_NODES / 8;

	if (!dev->aggregating || dev->syncing || dev->sweep ||
	    wg_aggregate_is_busy(dev))
		return wg_aggregate_spare(dev);
	while (max-- && left && wg_aggregate_spare(dev)) {
		struct wg_table *t = &dev->table[dev->tidy_family];

		if (dev->tidy_at >= t->top) {
			dev->tidy_at = 0;
			dev->tidy_family = !dev->tidy_family;
			continue;
		}
		if (dev->tidy_at && wg_table_mark(t, dev->tidy_at)->split) {
			join(t, dev->tidy_at);
			left--;
		}
		dev->tidy_at++;
	}
	while (wg_aggregate_step(dev, SETTLE_NODES))
		;
	return wg_aggregate_spare(dev);
}

/* --- beginning and ending */

/* Without memory it is tried again by the next settle. */
static void begin(struct wg_dev *dev)
{
	if (wg_table_mark_all(&dev->table[0], &dev->labels) < 0)
		return;
	if (wg_table_mark_all(&dev->table[1], &dev->labels) < 0) {
		wg_table_unmark_all(&dev->table[0]);
		return;
	}
	dev->aggregating = true;
}

void wg_aggregate_end(struct wg_dev *dev)
{
	wg_table_unmark_all(&dev->table[0]);
	wg_table_unmark_all(&dev->table[1]);
	wg_labels_fini(&dev->labels);
	if (dev->aggregate)
		begin(dev);
}

void wg_aggregate_settle(struct wg_dev *dev)
{
	if (dev->aggregating && !dev->aggregate) {
		dev->aggregating = false;
		wg_sweep_start(dev, WG_SWEEP_PLAIN);
	} else if (!dev->aggregating && dev->aggregate &&
		   !(dev->sweep & WG_SWEEP_PLAIN)) {
		begin(dev);
	}
	wg_aggregate_step(dev, SETTLE_NODES);
}

void wg_aggregate_retry(struct wg_dev *dev)
{
	bool failed = dev->labels.failed;
	unsigned f;

	for (f = 0; f < 2 && dev->aggregating && failed; f++)
		wg_table_mark_anew(&dev->table[f]);
}

void wg_aggregate_repoint(struct wg_dev *dev, uint32_t from, uint32_t to)
{
	unsigned f;
	uint32_t i;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &dev->table[f];

		for (i = 1; t->labels && i < t->top; i++)
			if (wg_table_mark(t, i)->fixed &&
			    wg_table_mark(t, i)->target == from)
				wg_entry_aim(dev, t, i, true, to);
	}
}

/* --- checking */

static void check_done(struct wg_walk *w)
{
	const struct wg_level *l = wg_walk_top(w);
	struct wg_mark *m = wg_table_mark(w->t, l->i);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	bool best = !w->t->labels->failed;
	uint32_t labels;
	unsigned b;

	assert(m->fixed && !m->todo && m->labels);
	if (best) {
		labels = wg_aggregate_labels_of(w);
		assert(m->labels == labels);
		wg_labels_put(w->t->labels, labels);
	}
	labels = m->labels;
	if (wg_walk_is_held(w, l->i))
		assert(m->target == wg_table_node(w->t, l->i)->acked);
	else if (best && m->target)
		assert(wg_labels_has(w->t->labels, labels, m->target) &&
		       !wg_labels_has(w->t->labels, labels, l[-1].pass));
	else if (best)
		assert(labels == WG_LABELS_NONE ||
		       wg_aggregate_is_seam(w, l->i) ||
		       (m->split && !l[-1].pass) ||
		       wg_labels_has(w->t->labels, labels, l[-1].pass));
	if (n->len == wg_family_bits(w->t->family) || !l->gap)
		return;
	for (b = 0; b < 2; b++)
		if (!n->child[b] ||
		    wg_table_branch(w->t, n->child[b])->len > n->len + 1)
			assert(l->pass == l->gap);
}

static void check_marks(const struct wg_table *t, uint32_t i)
{
	const struct wg_mark *m = wg_table_mark(t, i);
	uint32_t parent = wg_table_node(t, i)->parent;

	if (m->todo & (WG_TODO_LABELS | WG_TODO_GAPS))
		assert(m->todo & WG_TODO_WHERE);
	if (m->todo & WG_TODO_AIM)
		assert(m->todo & (WG_TODO_AIM_WHERE | WG_TODO_WHERE));
	if (parent && wg_needs_labels(t, i))
		assert(wg_needs_labels(t, parent));
	if (parent && wg_needs_aim(t, i))
		assert(wg_needs_aim(t, parent) || wg_needs_labels(t, parent));
}

static bool all(const struct wg_table *t, uint32_t i)
{
	(void)t;
	(void)i;
	return true;
}

void wg_aggregate_check(struct wg_dev *dev)
{
	bool busy = wg_aggregate_is_busy(dev);
	struct wg_walk w = {.dev = dev};
	size_t n_split;
	unsigned f;
	uint32_t c;

	assert(dev->aggregating || !dev->table[0].labels ||
	       dev->sweep & WG_SWEEP_PLAIN);
	for (f = 0; f < 2 && dev->aggregating; f++) {
		w.t = &dev->table[f];
		assert(w.t->labels == &dev->labels);
		n_split = 0;
		for (c = w.t->root; c; c = wg_table_next(w.t, c)) {
			check_marks(w.t, c);
			n_split += wg_table_mark(w.t, c)->split;
		}
		assert(n_split == w.t->n_split);
		if (busy || !w.t->root)
			continue;
		for (wg_walk_enter(&w, w.t->root); w.depth;) {
			if (!wg_walk_top(&w)->side) {
				wg_walk_top(&w)->pass =
					wg_aggregate_pass_of(&w);
				check_done(&w);
			}
			c = wg_walk_next(&w, all);
			if (c)
				wg_walk_enter(&w, c);
			else
				w.depth--;
		}
	}
}
