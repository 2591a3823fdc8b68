/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The aggregation's phase 1: labels, from below (why they are what they are is
 * in wg_aggregate.c).
 */
#include "lib/core/wg_aggregate_walk.h"

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

static bool is_next_held(const struct wg_walk *w, const struct wg_branch *n,
			 unsigned b)
{
	return wg_walk_is_held(w, n->child[b]) &&
	       wg_table_branch(w->t, n->child[b])->len == n->len + 1;
}

uint32_t wg_aggregate_labels_of(struct wg_walk *w)
{
	const struct wg_level *l = wg_walk_top(w);
	const struct wg_branch *n = wg_table_branch(w->t, l->i);
	uint32_t a, b, both;

	if (wg_walk_is_held(w, l->i))
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
static void look_below(struct wg_walk *w, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(w->t, i);
	unsigned b;

	for (b = 0; b < 2; b++) {
		uint32_t c = n->child[b];

		if (!c)
			continue;
		if (wg_walk_is_held(w, c))
			wg_table_mark(w->t, c)->todo |=
				WG_TODO_WHERE | WG_TODO_LABELS;
		else if (!wg_entry_wanted(w->dev, wg_table_node(w->t, c)))
			wg_table_mark(w->t, c)->todo |=
				WG_TODO_WHERE | WG_TODO_LABELS | WG_TODO_GAPS;
	}
	wg_table_mark(w->t, i)->todo &= ~WG_TODO_GAPS;
}

/* All below is done: do this one. */
static void relabel(struct wg_walk *w)
{
	uint32_t i = wg_walk_top(w)->i;
	uint32_t parent = wg_walk_top(w)[-1].i;
	struct wg_mark *m = wg_table_mark(w->t, i);
	bool told = m->todo & WG_TODO_LABELS;
	uint32_t old = m->labels;

	if (told || !old) {
		m->labels = wg_aggregate_labels_of(w);
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
	if (!old && wg_needs_aim_below(w->t, i))
		m->todo |= WG_TODO_AIM_WHERE;
	if (parent && m->todo & WG_TODO_AIM_WHERE)
		wg_table_mark(w->t, parent)->todo |= WG_TODO_AIM_WHERE;
	m->todo &= ~(WG_TODO_WHERE | WG_TODO_LABELS);
}

bool wg_aggregate_relabel(struct wg_walk *w, size_t *left)
{
	uint32_t c = w->t->root;

	if (!c || !wg_needs_labels(w->t, c))
		return false;
	wg_walk_enter(w, c);
	while (w->depth) {
		struct wg_level *l = wg_walk_top(w);

		if (!*left)
			return true;
		if (!l->side && wg_table_mark(w->t, l->i)->todo & WG_TODO_GAPS)
			look_below(w, l->i);
		c = wg_walk_next(w, wg_needs_labels);
		if (c) {
			wg_walk_enter(w, c);
			continue;
		}
		relabel(w);
		w->depth--;
		--*left;
	}
	return false;
}
