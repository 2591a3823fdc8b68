/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the aggregation share: the walk over a table, and its two
 * phases (private to wg_aggregate*.c and the checks).
 */
#ifndef WG_AGGREGATE_WALK_H
#define WG_AGGREGATE_WALK_H

#include "lib/core/wg_entry.h"

/* The way from the root to the node that is being looked at. */
struct wg_level {
	uint32_t i;
	uint32_t gap;  /* whose the gaps below are; 0: nobody's */
	uint32_t pass; /* what it hands down; 0: nothing */
	unsigned side; /* of the child that is next; 2: none is left */
};

struct wg_walk {
	struct wg_dev *dev;
	struct wg_table *t;
	size_t depth;
	struct wg_level level[1 + 129]; /* the first is above the root */
};

static inline struct wg_level *wg_walk_top(struct wg_walk *w)
{
	return &w->level[w->depth];
}

static inline bool wg_walk_is_held(const struct wg_walk *w, uint32_t i)
{
	return i && wg_entry_is_held(w->dev, wg_table_node(w->t, i));
}

static inline void wg_walk_enter(struct wg_walk *w, uint32_t i)
{
	const struct wg_node *n = wg_table_node(w->t, i);
	uint32_t wanted = wg_entry_wanted(w->dev, n);
	uint32_t gap = wg_walk_top(w)->gap;

	if (wanted)
		gap = wg_entry_is_held(w->dev, n) ? 0 : wanted;
	w->level[++w->depth] = (struct wg_level){.i = i, .gap = gap};
}

/* Are there labels to be computed at or below the node? */
static inline bool wg_needs_labels(const struct wg_table *t, uint32_t i)
{
	const struct wg_mark *m = wg_table_mark(t, i);

	return m->todo & WG_TODO_WHERE || !m->labels;
}

static inline bool wg_needs_aim(const struct wg_table *t, uint32_t i)
{
	return wg_table_mark(t, i)->todo & WG_TODO_AIM_WHERE;
}

/* Is there work for phase 2 below the node? */
static inline bool wg_needs_aim_below(const struct wg_table *t, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(t, i);

	return (n->child[0] && wg_needs_aim(t, n->child[0])) ||
	       (n->child[1] && wg_needs_aim(t, n->child[1]));
}

/* A child that phase 1 or 2 has to visit; 0: no more. */
static inline uint32_t wg_walk_next(struct wg_walk *w,
				    bool (*needs)(const struct wg_table *,
						  uint32_t))
{
	struct wg_level *l = wg_walk_top(w);
	uint32_t c;

	while (l->side < 2) {
		c = wg_table_branch(w->t, l->i)->child[l->side++];
		if (c && needs(w->t, c))
			return c;
	}
	return 0;
}

/* Phase 1 for *LEFT nodes.  True: there is more. */
bool wg_aggregate_relabel(struct wg_walk *w, size_t *left);
/* The labels of the node that is being looked at; counted. */
uint32_t wg_aggregate_labels_of(struct wg_walk *w);

/* Phase 2 for *LEFT nodes.  True: there is more. */
bool wg_aggregate_aim(struct wg_walk *w, size_t *left);
/*
 * Is the node a mere place where two halves meet that have nothing in common?
 * Both sides begin with real nodes.
 */
bool wg_aggregate_is_seam(const struct wg_walk *w, uint32_t i);
/* What a node that is not to be aimed at hands down. */
uint32_t wg_aggregate_pass_of(struct wg_walk *w);

#endif
