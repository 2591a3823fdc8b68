/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The aggregation's phase 2: targets, from above (how they are chosen is in
 * wg_aggregate.c).
 */
#include <assert.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_aggregate_walk.h"

bool wg_aggregate_is_seam(const struct wg_walk *w, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(w->t, i);
	unsigned b;

	for (b = 0; b < 2; b++)
		if (!n->child[b] || wg_walk_is_held(w, n->child[b]) ||
		    wg_table_branch(w->t, n->child[b])->len != n->len + 1)
			return false;
	return wg_labels_disjoint(w->t->labels,
				  wg_table_mark(w->t, n->child[0])->labels,
				  wg_table_mark(w->t, n->child[1])->labels);
}

/* May it go on without a target, at the price of one below? */
static bool may_stay_split(const struct wg_walk *w, const struct wg_level *l)
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
static uint32_t choose(const struct wg_walk *w, const struct wg_level *l,
		       bool *ret_split)
{
	const struct wg_labels *labels = w->t->labels;
	const struct wg_mark *m = wg_table_mark(w->t, l->i);
	uint32_t acked = wg_table_node(w->t, l->i)->acked;

	if (m->fixed && wg_labels_has(labels, m->labels, m->target))
		return m->target;
	if (wg_labels_has(labels, m->labels, acked))
		return acked;
	if (wg_aggregate_is_seam(w, l->i))
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
static bool make_side(struct wg_table *t, const struct wg_level *l, unsigned b)
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
static bool passes_anew(const struct wg_walk *w, uint32_t old, uint32_t target,
			bool passed)
{
	const struct wg_level *l = wg_walk_top((struct wg_walk *)w);

	if (wg_walk_is_held(w, l->i))
		return old != target;
	if (old)
		return old != l->pass;
	return passed || l->pass != l[-1].pass;
}

/* Choose the target, and what is handed down. */
static void aim(struct wg_walk *w)
{
	struct wg_level *l = wg_walk_top(w);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	struct wg_mark *m = wg_table_mark(w->t, l->i);
	uint32_t old = wg_entry_target(w->dev, w->t, l->i);
	bool passed = m->todo & WG_TODO_PASS;
	uint32_t target = 0;
	bool split = false;
	unsigned b;

	l->pass = 0;
	if (wg_walk_is_held(w, l->i)) {
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

uint32_t wg_aggregate_pass_of(struct wg_walk *w)
{
	const struct wg_level *l = wg_walk_top(w);
	uint32_t target = wg_entry_target(w->dev, w->t, l->i);

	if (wg_table_mark(w->t, l->i)->labels == WG_LABELS_NONE ||
	    wg_walk_is_held(w, l->i))
		return 0;
	return target ? target : l[-1].pass;
}

/* Leave a node: it may not be needed any more.  ALL: and nothing below it was
 * left undone. */
static void leave(struct wg_walk *w, bool all)
{
	uint32_t i = wg_walk_top(w)->i;
	struct wg_mark *m = wg_table_mark(w->t, i);

	/* siblings are not looked at where nothing can be left: they are far
	 * away in memory */
	if (!(m->todo & WG_TODO_AIM) && (all || !wg_needs_aim_below(w->t, i)))
		m->todo &= ~WG_TODO_AIM_WHERE;
	if (!(m->todo & WG_TODO_AIM))
		wg_table_drop(w->t, i);
	w->depth--;
}

bool wg_aggregate_aim(struct wg_walk *w, size_t *left)
{
	uint32_t c = w->t->root;

	if (!c || !wg_needs_aim(w->t, c))
		return false;
	wg_walk_enter(w, c);
	while (w->depth) {
		struct wg_level *l = wg_walk_top(w);

		if (!l->side) {
			if (!(wg_table_mark(w->t, l->i)->todo & WG_TODO_AIM))
				l->pass = wg_aggregate_pass_of(w);
			else if (*left) {
				aim(w);
				--*left;
			} else {
				l->side = 2;
			}
		}
		c = *left ? wg_walk_next(w, wg_needs_aim) : 0;
		if (c)
			wg_walk_enter(w, c);
		else
			leave(w, *left);
	}
	return w->t->root && wg_needs_aim(w->t, w->t->root);
}
