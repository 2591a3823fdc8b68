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

#include "lib/core/wg_entry.h"
#include "lib/core/wg_peers.h"
#include "lib/core/wg_sweep.h"

/* What a settle does at once: about a millisecond. */
#define SETTLE_NODES 4000

/* The way from the root to the node that is being looked at. */
struct level {
	uint32_t i;
	uint32_t gap;  /* whose the gaps below are; 0: nobody's */
	uint32_t pass; /* what it hands down; 0: nothing */
	unsigned side; /* of the child that is next; 2: none is left */
};

struct walk {
	struct wg_dev *dev;
	struct wg_table *t;
	size_t depth;
	struct level level[1 + 129]; /* the first is above the root */
};

static struct level *top(struct walk *w)
{
	return &w->level[w->depth];
}

static bool is_held(const struct walk *w, uint32_t i)
{
	return i && wg_entry_is_held(w->dev, wg_table_node(w->t, i));
}

static void enter(struct walk *w, uint32_t i)
{
	const struct wg_node *n = wg_table_node(w->t, i);
	uint32_t wanted = wg_entry_wanted(w->dev, n);
	uint32_t gap = top(w)->gap;

	if (wanted)
		gap = wg_entry_is_held(w->dev, n) ? 0 : wanted;
	w->level[++w->depth] = (struct level){.i = i, .gap = gap};
}

/* Are there labels to be computed at or below the node? */
static bool needs_labels(const struct wg_table *t, uint32_t i)
{
	const struct wg_mark *m = wg_table_mark(t, i);

	return m->todo & WG_TODO_WHERE || !m->labels;
}

static bool needs_aim(const struct wg_table *t, uint32_t i)
{
	return wg_table_mark(t, i)->todo & WG_TODO_AIM_WHERE;
}

void wg_aggregate_mark(struct wg_table *t, uint32_t i)
{
	wg_table_mark(t, i)->todo |= WG_TODO_LABELS | WG_TODO_GAPS;
	for (; i; i = wg_table_node(t, i)->parent) {
		if (wg_table_mark(t, i)->todo & WG_TODO_WHERE)
			return;
		wg_table_mark(t, i)->todo |= WG_TODO_WHERE;
	}
}

/* --- 1. labels */

/* Those of the topmost node, real or virtual, on one side of I; counted. */
static uint32_t side(const struct wg_table *t, uint32_t i, unsigned b,
		     uint32_t gap)
{
	const struct wg_branch *n = wg_table_branch(t, i);
	uint32_t c = n->child[b];
	unsigned d;

	if (!c)
		return wg_labels_of(gap);
	d = wg_table_branch(t, c)->len - n->len;
	if (d == 1)
		return wg_labels_get(t->labels, wg_table_mark(t, c)->labels);
	if (d == 2)
		return wg_labels_combine(t->labels, wg_table_mark(t, c)->labels,
					 wg_labels_of(gap));
	return wg_labels_of(gap);
}

static bool is_next_held(const struct walk *w, const struct wg_branch *n,
			 unsigned b)
{
	return is_held(w, n->child[b]) &&
	       wg_table_branch(w->t, n->child[b])->len == n->len + 1;
}

static uint32_t labels_of(struct walk *w)
{
	const struct level *l = top(w);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	uint32_t a, b, both;

	if (is_held(w, l->i))
		return wg_labels_of(l[-1].gap);
	if (is_next_held(w, n, 0) || is_next_held(w, n, 1))
		return wg_labels_of(l->gap);
	if (!n->child[0] && !n->child[1])
		return wg_labels_of(l->gap);
	a = side(w->t, l->i, 0, l->gap);
	b = side(w->t, l->i, 1, l->gap);
	both = wg_labels_combine(w->t->labels, a, b);
	wg_labels_put(w->t->labels, a);
	wg_labels_put(w->t->labels, b);
	return both;
}

/* The gaps below changed: so did all that hangs on them. */
static void look_below(struct walk *w, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(w->t, i);
	unsigned b;

	for (b = 0; b < 2; b++) {
		uint32_t c = n->child[b];

		if (!c)
			continue;
		if (is_held(w, c))
			wg_table_mark(w->t, c)->todo |=
				WG_TODO_WHERE | WG_TODO_LABELS;
		else if (!wg_entry_wanted(w->dev, wg_table_node(w->t, c)))
			wg_table_mark(w->t, c)->todo |=
				WG_TODO_WHERE | WG_TODO_LABELS | WG_TODO_GAPS;
	}
	wg_table_mark(w->t, i)->todo &= ~WG_TODO_GAPS;
}

/* Is there work for phase 2 below the node? */
static bool has_aims_below(const struct wg_table *t, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(t, i);

	return (n->child[0] && needs_aim(t, n->child[0])) ||
	       (n->child[1] && needs_aim(t, n->child[1]));
}

/* All below is done: do this one. */
static void relabel(struct walk *w)
{
	uint32_t i = top(w)->i;
	uint32_t parent = top(w)[-1].i;
	struct wg_mark *m = wg_table_mark(w->t, i);
	bool told = m->todo & WG_TODO_LABELS;
	uint32_t old = m->labels;

	if (told || !old) {
		m->labels = labels_of(w);
		m->todo |= WG_TODO_AIM_WHERE | WG_TODO_AIM;
		/* a new node that nobody told anything of changes only the
		 * shape */
		if (parent && told && (m->labels != old || w->dev->adopted))
			wg_table_mark(w->t, parent)->todo |= WG_TODO_LABELS;
		/* what is handed down now, or is not any more */
		if (old &&
		    (old == WG_LABELS_NONE) != (m->labels == WG_LABELS_NONE))
			m->todo |= WG_TODO_PASS;
		/* the virtual node above it may get a target, or lose it */
		if (parent && m->labels != old)
			wg_table_mark(w->t, parent)->todo |=
				WG_TODO_AIM_WHERE | WG_TODO_AIM;
		wg_labels_put(w->t->labels, old);
	}
	/* others were told by their children */
	if (!old && has_aims_below(w->t, i))
		m->todo |= WG_TODO_AIM_WHERE;
	if (parent && m->todo & WG_TODO_AIM_WHERE)
		wg_table_mark(w->t, parent)->todo |= WG_TODO_AIM_WHERE;
	m->todo &= ~(WG_TODO_WHERE | WG_TODO_LABELS);
}

/* A child that phase 1 or 2 has to visit; 0: no more. */
static uint32_t next_child(struct walk *w,
			   bool (*needs)(const struct wg_table *, uint32_t))
{
	struct level *l = top(w);
	uint32_t c;

	while (l->side < 2) {
		c = wg_table_branch(w->t, l->i)->child[l->side++];
		if (c && needs(w->t, c))
			return c;
	}
	return 0;
}

/* Phase 1 for *LEFT nodes.  True: there is more. */
static bool relabel_some(struct walk *w, size_t *left)
{
	uint32_t c = w->t->root;

	if (!c || !needs_labels(w->t, c))
		return false;
	enter(w, c);
	while (w->depth) {
		struct level *l = top(w);

		if (!*left)
			return true;
		if (!l->side && wg_table_mark(w->t, l->i)->todo & WG_TODO_GAPS)
			look_below(w, l->i);
		c = next_child(w, needs_labels);
		if (c) {
			enter(w, c);
			continue;
		}
		relabel(w);
		w->depth--;
		--*left;
	}
	return false;
}

/* --- 2. targets */

/*
 * Is the node a mere place where two halves meet that have nothing in common?
 * Both sides begin with real nodes.
 */
static bool is_seam(const struct walk *w, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(w->t, i);
	unsigned b;

	for (b = 0; b < 2; b++)
		if (!n->child[b] || is_held(w, n->child[b]) ||
		    wg_table_branch(w->t, n->child[b])->len != n->len + 1)
			return false;
	return wg_labels_disjoint(w->t->labels,
				  wg_table_mark(w->t, n->child[0])->labels,
				  wg_table_mark(w->t, n->child[1])->labels);
}

/* May it go on without a target, at the price of one below? */
static bool may_stay_split(const struct walk *w, const struct level *l)
{
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	const struct wg_mark *m = wg_table_mark(w->t, l->i);
	size_t spare = wg_aggregate_spare(w->dev);
	unsigned b;

	if (!m->fixed || m->target || m->strict || l->gap || l[-1].pass)
		return false;
	if (m->split)
		return true;
	if ((spare + 1) * w->dev->spare_of > w->dev->n_targets - spare)
		return false;
	/* what is not on the device yet costs nothing to join */
	for (b = 0; b < 2; b++)
		if (wg_table_node(w->t, n->child[b])->acked ||
		    wg_table_mark(w->t, n->child[b])->split)
			return true;
	return false;
}

/* The target of a node that is handed none of its labels; 0: it can do
 * without. */
static uint32_t choose(const struct walk *w, const struct level *l,
		       bool *ret_split)
{
	const struct wg_labels *labels = w->t->labels;
	const struct wg_mark *m = wg_table_mark(w->t, l->i);
	uint32_t acked = wg_table_node(w->t, l->i)->acked;

	if (m->fixed && wg_labels_has(labels, m->labels, m->target))
		return m->target;
	if (wg_labels_has(labels, m->labels, acked))
		return acked;
	if (is_seam(w, l->i))
		return 0;
	*ret_split = may_stay_split(w, l);
	if (*ret_split)
		return 0;
	if (wg_labels_has(labels, m->labels, l->gap))
		return l->gap;
	return wg_labels_first(labels, m->labels);
}

/* A bit of a prefix turned, and it made as long as that. */
static struct wg_prefix with_bit(struct wg_prefix p, unsigned bit, bool value)
{
	p.len = bit + 1;
	p.b[bit / 8] &= ~(0x80 >> bit % 8);
	p.b[bit / 8] |= value ? 0x80 >> bit % 8 : 0;
	wg_prefix_mask(&p);
	return p;
}

static void aim_at(struct wg_table *t, uint32_t i)
{
	wg_table_mark(t, i)->todo |= WG_TODO_AIM_WHERE | WG_TODO_AIM;
}

/*
 * Make a virtual node real, with these labels (which are given away), to be
 * aimed at.  The node, or 0: no memory.
 */
static uint32_t make(struct wg_table *t, const struct wg_prefix *p,
		     uint32_t labels)
{
	uint32_t i = wg_table_get(t, p);
	uint32_t j;

	if (!i) {
		wg_labels_put(t->labels, labels);
		t->labels->failed = true;
		return 0;
	}
	assert(!wg_table_mark(t, i)->labels);
	wg_table_mark(t, i)->labels = labels;
	aim_at(t, i);
	/* its labels are known, and nothing else was left to do */
	for (j = i; j; j = wg_table_node(t, j)->parent)
		wg_table_mark(t, j)->todo &= ~WG_TODO_WHERE;
	return i;
}

/* The virtual nodes on one side of the node.  False: no memory. */
static bool make_side(struct wg_table *t, const struct level *l, unsigned b)
{
	const struct wg_branch *n = wg_table_branch(t, l->i);
	uint32_t c = n->child[b];
	uint32_t gap = wg_labels_of(l->gap);
	struct wg_prefix p;
	uint32_t g, labels;
	unsigned d = 0;

	if (c)
		d = wg_table_branch(t, c)->len - n->len;
	if (d == 1 || l->pass == l->gap)
		return true;
	p = wg_table_prefix(t, l->i);
	if (d != 2) {
		p = with_bit(p, n->len, b);
		return make(t, &p, gap);
	}
	labels = wg_labels_combine(t->labels, wg_table_mark(t, c)->labels, gap);
	p = wg_table_prefix(t, c);
	if (!wg_labels_has(t->labels, labels, l->pass)) {
		p = with_bit(p, n->len, b);
		return make(t, &p, labels);
	}
	/* the gap beside the child; where they branch is a node, too */
	b = p.b[(n->len + 1) / 8] >> (7 - (n->len + 1) % 8) & 1;
	p = with_bit(p, n->len + 1, !b);
	g = make(t, &p, gap);
	if (!g) {
		wg_labels_put(t->labels, labels);
		return false;
	}
	g = wg_table_node(t, g)->parent;
	assert(!wg_table_mark(t, g)->labels);
	wg_table_mark(t, g)->labels = labels;
	aim_at(t, g);
	return true;
}

/* Did what the node hands down change, or may it have? */
static bool passes_anew(const struct walk *w, uint32_t old, uint32_t target,
			bool passed)
{
	const struct level *l = top((struct walk *)w);

	if (is_held(w, l->i))
		return old != target;
	if (old)
		return old != l->pass;
	return passed || l->pass != l[-1].pass;
}

/* Choose the target, and what is handed down. */
static void aim(struct walk *w)
{
	struct level *l = top(w);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	struct wg_mark *m = wg_table_mark(w->t, l->i);
	uint32_t old = wg_entry_target(w->dev, w->t, l->i);
	bool passed = m->todo & WG_TODO_PASS;
	uint32_t target = 0;
	bool split = false;
	unsigned b;

	l->pass = 0;
	if (is_held(w, l->i)) {
		target = wg_table_node(w->t, l->i)->acked;
	} else if (wg_labels_has(w->t->labels, m->labels, l[-1].pass)) {
		l->pass = l[-1].pass;
	} else if (m->labels != WG_LABELS_NONE) {
		target = choose(w, l, &split);
		l->pass = target ? target : l[-1].pass;
	}
	if (l->gap && n->len < wg_family_bits(w->t->family) &&
	    !(make_side(w->t, l, 0) && make_side(w->t, l, 1))) {
		l->pass = l->gap;
		target = l->pass == l[-1].pass ? 0 : l->pass;
		passed = true;
	}
	wg_entry_aim(w->dev, w->t, l->i, true, target);
	m->todo &= ~(WG_TODO_AIM | WG_TODO_PASS);
	w->t->n_split += split - m->split;
	m->split = split;
	m->strict = 0;
	if (!passes_anew(w, old, target, passed))
		return;
	for (b = 0; b < 2; b++)
		if (n->child[b]) {
			aim_at(w->t, n->child[b]);
			wg_table_mark(w->t, n->child[b])->todo |= WG_TODO_PASS;
		}
}

/* What a node that is not to be aimed at hands down. */
static uint32_t pass_of(struct walk *w)
{
	const struct level *l = top(w);
	uint32_t target = wg_entry_target(w->dev, w->t, l->i);

	if (wg_table_mark(w->t, l->i)->labels == WG_LABELS_NONE ||
	    is_held(w, l->i))
		return 0;
	return target ? target : l[-1].pass;
}

/* Leave a node: it may not be needed any more.  ALL: and nothing below it was
 * left undone. */
static void leave(struct walk *w, bool all)
{
	uint32_t i = top(w)->i;
	struct wg_mark *m = wg_table_mark(w->t, i);

	/* siblings are not looked at where nothing can be left: they are far
	 * away in memory */
	if (!(m->todo & WG_TODO_AIM) && (all || !has_aims_below(w->t, i)))
		m->todo &= ~WG_TODO_AIM_WHERE;
	if (!(m->todo & WG_TODO_AIM))
		wg_table_drop(w->t, i);
	w->depth--;
}

/* Phase 2 for *LEFT nodes.  True: there is more. */
static bool aim_some(struct walk *w, size_t *left)
{
	uint32_t c = w->t->root;

	if (!c || !needs_aim(w->t, c))
		return false;
	enter(w, c);
	while (w->depth) {
		struct level *l = top(w);

		if (!l->side) {
			if (!(wg_table_mark(w->t, l->i)->todo & WG_TODO_AIM))
				l->pass = pass_of(w);
			else if (*left) {
				aim(w);
				--*left;
			} else {
				l->side = 2;
			}
		}
		c = *left ? next_child(w, needs_aim) : 0;
		if (c)
			enter(w, c);
		else
			leave(w, *left);
	}
	return w->t->root && needs_aim(w->t, w->t->root);
}

/* --- both */

bool wg_aggregate_is_busy(const struct wg_dev *dev)
{
	unsigned f;

	for (f = 0; f < 2; f++) {
		const struct wg_table *t = &dev->table[f];

		if (t->labels && !dev->aggregating)
			return true;
		if (t->labels && t->root &&
		    (needs_labels(t, t->root) || needs_aim(t, t->root)))
			return true;
	}
	return false;
}

bool wg_aggregate_step(struct wg_dev *dev, size_t max)
{
	size_t left = max ? max : 1;
	struct walk w;
	unsigned f;

	/* what a read brings is looked at when it is whole, and a sweep goes
	 * first */
	if (!dev->aggregating || dev->syncing || dev->sweep)
		return false;
	for (f = 0; f < 2; f++) {
		w.dev = dev;
		w.t = &dev->table[f];
		w.depth = 0;
		w.level[0] = (struct level){};
		if (relabel_some(&w, &left))
			return true;
		w.depth = 0;
		if (aim_some(&w, &left))
			return true;
	}
	return false;
}

/* --- what may wait */

size_t wg_aggregate_spare(const struct wg_dev *dev)
{
	return dev->table[0].n_split + dev->table[1].n_split;
}

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
	for (; i && !needs_aim(t, i); i = wg_table_node(t, i)->parent)
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

void wg_aggregate_restart(struct wg_dev *dev)
{
	unsigned f;
	uint32_t i;

	if (!dev->aggregating)
		return;
	dev->labels.failed = false;
	for (f = 0; f < 2; f++) {
		struct wg_table *t = &dev->table[f];

		for (i = 1; i < t->top; i++) {
			struct wg_mark *m = wg_table_mark(t, i);

			wg_labels_put(&dev->labels, m->labels);
			m->labels = 0;
			m->todo = 0;
		}
	}
}

void wg_aggregate_retry(struct wg_dev *dev)
{
	if (dev->labels.failed)
		wg_aggregate_restart(dev);
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

static void check_done(struct walk *w)
{
	const struct level *l = top(w);
	struct wg_mark *m = wg_table_mark(w->t, l->i);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	bool best = !w->t->labels->failed;
	uint32_t labels;
	unsigned b;

	assert(m->fixed && !m->todo && m->labels);
	if (best) {
		labels = labels_of(w);
		assert(m->labels == labels);
		wg_labels_put(w->t->labels, labels);
	}
	labels = m->labels;
	if (is_held(w, l->i))
		assert(m->target == wg_table_node(w->t, l->i)->acked);
	else if (best && m->target)
		assert(wg_labels_has(w->t->labels, labels, m->target) &&
		       !wg_labels_has(w->t->labels, labels, l[-1].pass));
	else if (best)
		assert(labels == WG_LABELS_NONE || is_seam(w, l->i) ||
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
	if (parent && needs_labels(t, i))
		assert(needs_labels(t, parent));
	if (parent && needs_aim(t, i))
		assert(needs_aim(t, parent) || needs_labels(t, parent));
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
	struct walk w = {.dev = dev};
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
		for (enter(&w, w.t->root); w.depth;) {
			if (!top(&w)->side) {
				top(&w)->pass = pass_of(&w);
				check_done(&w);
			}
			c = next_child(&w, all);
			if (c)
				enter(&w, c);
			else
				w.depth--;
		}
	}
}
