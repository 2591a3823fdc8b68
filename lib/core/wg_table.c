/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trie.
 *
 * Invariants (wg_table_check):
 *  - a child's prefix is longer than its parent's and covered by it, and the
 *    first bit behind the parent's prefix says which child it is;
 *  - a node that is empty has two children: it branches, or it would have
 *    been pruned.  (Between wg_table_get and the moment when the caller puts
 *    something in, one node is an exception; where there are marks, nodes are
 *    that the aggregation has still to look at.)
 *  - every node below top is either live or on the free list, once.
 *
 * So there are fewer glue nodes than prefixes, and a descent is at most as
 * long as the prefix.  In a full table about every third node is glue.
 *
 * Why indices and slabs: half the bytes of pointers, no memory moved while a
 * million routes arrive, and whole tables can be scanned in memory order.
 * Slabs are returned when the table goes.
 *
 * Why not WireGuard's own allowedips.c: it has no parent worth the name, no
 * glue that can be told from prefixes cheaply, and it is GPL-2.0 only.
 */
#include "lib/core/wg_table.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>

/* A prefix's bits as words in network order. */
struct key {
	uint32_t w[4];
	uint8_t len;
};

static struct key key_of(const struct wg_prefix *p)
{
	struct key k = {.len = p->len};

	memcpy(k.w, p->b, sizeof(k.w));
	return k;
}

static unsigned bit_at(const uint32_t *w, unsigned i)
{
	return be32toh(w[i / 32]) >> (31 - i % 32) & 1;
}

/* How many leading bits are the same, at most max. */
static unsigned common(const uint32_t *a, const uint32_t *b, unsigned max)
{
	unsigned n;

	for (n = 0; n < max; n += 32) {
		uint32_t x = be32toh(a[n / 32] ^ b[n / 32]);

		if (x) {
			n += __builtin_clz(x);
			return n < max ? n : max;
		}
	}
	return max;
}

static bool covers(const struct wg_branch *n, const struct key *k)
{
	return n->len <= k->len && common(n->bits, k->w, n->len) == n->len;
}

static size_t slab_size(const struct wg_table *t)
{
	return WG_SLAB_NODES * (t->stride + sizeof(struct wg_node));
}

void wg_table_init(struct wg_table *t, struct wg_mem *mem, uint8_t family)
{
	*t = (struct wg_table){.mem = mem,
			       .family = family,
			       .words = family == AF_INET ? 1 : 4,
			       .top = 1};
	t->stride = sizeof(struct wg_branch) + t->words * sizeof(uint32_t);
}

void wg_table_fini(struct wg_table *t)
{
	size_t i;

	wg_table_unmark_all(t);
	for (i = 0; i < t->cap; i++)
		wg_mem_put(t->mem, t->slab[i], slab_size(t));
	wg_mem_put(t->mem, t->slab, t->cap * sizeof(*t->slab));
	wg_table_init(t, t->mem, t->family);
}

struct wg_prefix wg_table_prefix(const struct wg_table *t, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(t, i);
	struct wg_prefix p = {.family = t->family, .len = n->len};

	memcpy(p.b, n->bits, t->words * sizeof(*n->bits));
	return p;
}

#define MARKS_SIZE (WG_SLAB_NODES * sizeof(struct wg_mark))

/* Marks for the nodes of a slab.  False: no memory. */
static bool reserve_marks(struct wg_table *t, size_t slab)
{
	void *room;

	room = wg_mem_room(t->mem, t->marks, sizeof(*t->marks), slab + 1,
			   &t->cap_marks);
	if (!room)
		return false;
	t->marks = room;
	if (!t->marks[slab])
		t->marks[slab] = wg_mem_try(t->mem, MARKS_SIZE);
	return t->marks[slab];
}

int wg_table_mark_all(struct wg_table *t, struct wg_labels *labels)
{
	size_t i;

	assert(!t->labels);
	t->labels = labels;
	for (i = 0; i < t->cap && t->slab[i]; i++)
		if (!reserve_marks(t, i)) {
			wg_table_unmark_all(t);
			return -ENOMEM;
		}
	return 0;
}

void wg_table_unmark_all(struct wg_table *t)
{
	size_t i;

	for (i = 0; i < t->cap_marks; i++)
		wg_mem_put(t->mem, t->marks[i], MARKS_SIZE);
	wg_mem_put(t->mem, t->marks, t->cap_marks * sizeof(*t->marks));
	t->labels = NULL;
	t->marks = NULL;
	t->cap_marks = 0;
	t->n_split = 0;
}

void wg_table_mark_node(struct wg_table *t, uint32_t i)
{
	wg_table_mark(t, i)->todo |= WG_TODO_LABELS | WG_TODO_GAPS;
	for (; i; i = wg_table_node(t, i)->parent) {
		if (wg_table_mark(t, i)->todo & WG_TODO_WHERE)
			return;
		wg_table_mark(t, i)->todo |= WG_TODO_WHERE;
	}
}

void wg_table_mark_anew(struct wg_table *t)
{
	uint32_t i;

	t->labels->failed = false;
	for (i = 1; i < t->top; i++) {
		struct wg_mark *m = wg_table_mark(t, i);

		wg_labels_put(t->labels, m->labels);
		m->labels = 0;
		m->todo = 0;
	}
}

/* What is new has to be looked at. */
static void mark_new(struct wg_table *t, uint32_t i)
{
	struct wg_mark *m;

	for (; i; i = wg_table_node(t, i)->parent) {
		m = wg_table_mark(t, i);
		if (m->todo & WG_TODO_WHERE)
			return;
		m->todo |= WG_TODO_WHERE;
	}
}

/* The node goes: what is to be done there is left to those next to it. */
static void hand_on(struct wg_table *t, uint32_t i, uint32_t parent,
		    uint32_t only)
{
	struct wg_mark *m = wg_table_mark(t, i);

	if (only)
		wg_table_mark(t, only)->todo |= m->todo;
	if (parent)
		wg_table_mark(t, parent)->todo |=
			m->todo & ~(WG_TODO_GAPS | WG_TODO_PASS);
	wg_labels_put(t->labels, m->labels);
	t->n_split -= m->split;
	*m = (struct wg_mark){};
}

/* See to it that the next n nodes can be had.  False: no memory. */
static bool reserve(struct wg_table *t, uint32_t n)
{
	uint32_t i = t->free;
	size_t slab;
	void *room;

	for (; n && i; n--)
		i = wg_table_branch(t, i)->child[0];
	if (!n)
		return true;
	assert(t->top <= UINT32_MAX - n);
	slab = (t->top + n - 1) >> WG_SLAB_SHIFT;
	if (slab < t->cap && t->slab[slab])
		return true;
	if (t->labels && !reserve_marks(t, slab))
		return false;
	room = wg_mem_room(t->mem, t->slab, sizeof(*t->slab), slab + 1,
			   &t->cap);
	if (!room)
		return false;
	t->slab = room;
	t->slab[slab] = wg_mem_try(t->mem, slab_size(t));
	return t->slab[slab];
}

/* A reserved node. */
static uint32_t take(struct wg_table *t, const uint32_t *w, uint8_t len)
{
	uint32_t i = t->free;
	unsigned last = len / 32;
	struct wg_branch *n;
	unsigned j;

	if (i)
		t->free = wg_table_branch(t, i)->child[0];
	else
		i = t->top++;
	n = wg_table_branch(t, i);
	memset(n, 0, t->stride);
	for (j = 0; j < last; j++)
		n->bits[j] = w[j];
	if (len % 32)
		n->bits[last] =
			w[last] & htobe32(~(uint32_t)0 << (32 - len % 32));
	n->len = len;
	/* given back all 0, and all 0 at first */
	wg_table_node(t, i)->live = 1;
	t->n_nodes++;
	return i;
}

static void give(struct wg_table *t, uint32_t i)
{
	memset(wg_table_node(t, i), 0, sizeof(struct wg_node));
	wg_table_branch(t, i)->child[0] = t->free;
	t->free = i;
	t->n_nodes--;
}

/* Where the parent (or the table) points at i. */
static uint32_t *link_of(struct wg_table *t, uint32_t parent, uint32_t i)
{
	struct wg_branch *p;

	if (!parent)
		return &t->root;
	p = wg_table_branch(t, parent);
	return &p->child[p->child[1] == i];
}

static void adopt(struct wg_table *t, uint32_t parent, uint32_t i)
{
	struct wg_branch *p = wg_table_branch(t, parent);

	p->child[bit_at(wg_table_branch(t, i)->bits, p->len)] = i;
	wg_table_node(t, i)->parent = parent;
}

uint32_t wg_table_find(const struct wg_table *t, const struct wg_prefix *p)
{
	struct key k = key_of(p);
	uint32_t i = t->root;

	while (i) {
		struct wg_branch *n = wg_table_branch(t, i);

		if (n->len >= k.len)
			return n->len == k.len && covers(n, &k) ? i : 0;
		/* bits are compared once, at the end: a wrong way leads to a
		 * node that does not compare */
		i = n->child[bit_at(k.w, n->len)];
	}
	return 0;
}

void wg_table_fetch(const struct wg_table *t, const struct wg_prefix *p,
		    size_t n)
{
	struct {
		struct key k;
		uint32_t i;
	} way[WG_TABLE_FETCH];
	size_t j;

	assert(n <= WG_TABLE_FETCH);
	if (!t->root)
		return;
	for (j = 0; j < n; j++) {
		way[j].k = key_of(&p[j]);
		way[j].i = t->root;
	}
	/* a step of each, and again */
	while (n)
		for (j = 0; j < n;) {
			const struct wg_branch *b =
				wg_table_branch(t, way[j].i);
			const struct key *k = &way[j].k;
			uint32_t next = b->len < k->len
						? b->child[bit_at(k->w, b->len)]
						: 0;

			if (next) {
				__builtin_prefetch(wg_table_branch(t, next));
				way[j++].i = next;
			} else {
				__builtin_prefetch(wg_table_node(t, way[j].i));
				way[j] = way[--n];
			}
		}
}

uint32_t wg_table_get(struct wg_table *t, const struct wg_prefix *p)
{
	struct key k = key_of(p);
	uint32_t parent = 0;
	uint32_t i = t->root;
	struct wg_branch *n;
	unsigned same = 0;
	uint32_t *from = &t->root;
	uint32_t new;
	uint32_t up;

	while (i) {
		n = wg_table_branch(t, i);
		same = common(n->bits, k.w, n->len < k.len ? n->len : k.len);
		if (same < n->len)
			break;
		if (n->len == k.len)
			return i;
		parent = i;
		from = &n->child[bit_at(k.w, n->len)];
		i = *from;
	}
	/* two nodes at most: the prefix and a branching point; they do not
	 * move the others */
	if (!reserve(t, i && same < k.len ? 2 : 1))
		return 0;
	new = take(t, k.w, k.len);
	if (!i) {
		up = new;
	} else if (same == k.len) {
		up = new; /* new covers i */
		adopt(t, new, i);
	} else {
		up = take(t, k.w, same);
		adopt(t, up, i);
		adopt(t, up, new);
	}
	wg_table_node(t, up)->parent = parent;
	*from = up;
	if (t->labels)
		mark_new(t, new);
	return new;
}

uint32_t wg_table_match(const struct wg_table *t, const struct wg_prefix *p)
{
	struct key k = key_of(p);
	uint32_t i = t->root;
	uint32_t best = 0;

	while (i && covers(wg_table_branch(t, i), &k)) {
		struct wg_branch *n = wg_table_branch(t, i);

		best = i;
		i = n->len < k.len ? n->child[bit_at(k.w, n->len)] : 0;
	}
	return best;
}

bool wg_table_drop(struct wg_table *t, uint32_t i)
{
	struct wg_branch *b = wg_table_branch(t, i);
	struct wg_node *n = wg_table_node(t, i);
	uint32_t parent = n->parent;
	uint32_t only = b->child[0] ? b->child[0] : b->child[1];

	if (!wg_node_is_empty(n) || (b->child[0] && b->child[1]))
		return false;
	assert(!n->queued && !n->entry && !n->orphan);
	if (t->labels)
		hand_on(t, i, parent, only);
	*link_of(t, parent, i) = only;
	if (only)
		wg_table_node(t, only)->parent = parent;
	give(t, i);
	return true;
}

void wg_table_prune(struct wg_table *t, uint32_t i)
{
	while (i) {
		const struct wg_branch *b = wg_table_branch(t, i);
		bool leaf = wg_branch_is_leaf(b);
		uint32_t parent = wg_table_node(t, i)->parent;

		/* a leaf went: its parent may not branch any more */
		i = wg_table_drop(t, i) && leaf ? parent : 0;
	}
}

uint32_t wg_table_next_outside(const struct wg_table *t, uint32_t i)
{
	for (;;) {
		uint32_t parent = wg_table_node(t, i)->parent;
		struct wg_branch *p;

		if (!parent)
			return 0;
		p = wg_table_branch(t, parent);
		if (p->child[1] && p->child[1] != i)
			return p->child[1];
		i = parent;
	}
}

uint32_t wg_table_next(const struct wg_table *t, uint32_t i)
{
	const struct wg_branch *n = wg_table_branch(t, i);

	if (n->child[0] || n->child[1])
		return n->child[0] ? n->child[0] : n->child[1];
	return wg_table_next_outside(t, i);
}

uint32_t wg_table_after(const struct wg_table *t, const struct wg_prefix *p)
{
	uint32_t i = t->root;
	struct key k;

	if (!p || !i)
		return i;
	k = key_of(p);
	for (;;) {
		struct wg_branch *n = wg_table_branch(t, i);
		struct wg_prefix q;
		unsigned bit;

		if (!covers(n, &k)) {
			q = wg_table_prefix(t, i);
			return wg_prefix_cmp(&q, p) > 0
				       ? i
				       : wg_table_next_outside(t, i);
		}
		if (n->len == k.len)
			return wg_table_next(t, i);
		bit = bit_at(k.w, n->len);
		if (!n->child[bit])
			return bit == 0 && n->child[1]
				       ? n->child[1]
				       : wg_table_next_outside(t, i);
		i = n->child[bit];
	}
}

/* Made for a target that it has not got yet. */
static bool is_unfinished(const struct wg_mark *m)
{
	return !m->labels || m->todo & WG_TODO_AIM;
}

void wg_table_check(const struct wg_table *t)
{
	uint32_t n_live = 0;
	uint32_t n_free = 0;
	uint32_t i;
	unsigned b;

	for (i = t->root; i; i = wg_table_next(t, i)) {
		const struct wg_branch *n = wg_table_branch(t, i);
		const struct wg_node *node = wg_table_node(t, i);
		struct wg_prefix p = wg_table_prefix(t, i);

		n_live++;
		assert(node->live);
		assert(!wg_prefix_mask(&p));
		assert(!wg_node_is_empty(node) ||
		       (n->child[0] && n->child[1]) ||
		       (t->labels && is_unfinished(wg_table_mark(t, i))));
		if (i == t->root)
			assert(!node->parent);
		for (b = 0; b < 2; b++) {
			const struct wg_branch *c;
			struct wg_prefix q;

			if (!n->child[b])
				continue;
			c = wg_table_branch(t, n->child[b]);
			q = wg_table_prefix(t, n->child[b]);
			assert(wg_table_node(t, n->child[b])->parent == i);
			assert(c->len > n->len && wg_prefix_covers(&p, &q));
			assert(bit_at(c->bits, n->len) == b);
		}
	}
	for (i = t->free; i; i = wg_table_branch(t, i)->child[0]) {
		assert(!wg_table_node(t, i)->live);
		n_free++;
	}
	assert(n_live == t->n_nodes);
	assert(n_live + n_free + 1 == t->top);
}
