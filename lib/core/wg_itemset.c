/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries in chunks, which are in order, and each is in order.
 *
 * Who fills such a set is another member, which may lie: it can say tens of
 * thousands of entries, in the worst order.  One array would be moved for each
 * of them; a tree would be safe, and take three times the memory of what is
 * sent in order by all who do not lie.  Here an entry moves at most one chunk
 * and the pointers to all of them.
 *
 * A chunk that is full is cut into two halves, but where the new entry is
 * behind all, it begins a chunk: so what comes in order fills its chunks.  Two
 * neighbours that one chunk has room for are made one.  So there are at most
 * two chunks for a chunk's entries, and who fills a set and takes nearly all
 * out again has no more memory than is due to the rest.
 */
#include "lib/core/wg_itemset.h"

#include <assert.h>
#include <string.h>

#define HALF (WG_ITEMSET_CHUNK / 2)

/* --- finding */

/* The index of the first entry of a chunk that is not before this one. */
static size_t place_in(const struct wg_itemset_chunk *c,
		       const struct wg_directory_entry *e)
{
	size_t from = 0, to = c->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (wg_directory_entry_cmp(&c->e[mid], e) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* The index of the last chunk that begins at the entry or before; else 0. */
static size_t chunk_of(const struct wg_itemset *s,
		       const struct wg_directory_entry *e)
{
	size_t from = 0, to = s->n_chunks;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (wg_directory_entry_cmp(&s->chunk[mid]->e[0], e) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from ? from - 1 : 0;
}

const struct wg_directory_entry *
wg_itemset_from(const struct wg_itemset *s, const struct wg_directory_entry *e)
{
	size_t at = chunk_of(s, e), i;

	if (!s->n)
		return NULL;
	i = place_in(s->chunk[at], e);
	if (i < s->chunk[at]->n)
		return &s->chunk[at]->e[i];
	return at + 1 < s->n_chunks ? &s->chunk[at + 1]->e[0] : NULL;
}

bool wg_itemset_has(const struct wg_itemset *s,
		    const struct wg_directory_entry *e)
{
	const struct wg_directory_entry *there = wg_itemset_from(s, e);

	return there && wg_directory_entry_cmp(there, e) == 0;
}

const struct wg_directory_entry *wg_itemset_first(const struct wg_itemset *s)
{
	return s->n ? &s->chunk[0]->e[0] : NULL;
}

/* --- changing */

/* An empty chunk at that place. */
static struct wg_itemset_chunk *add_chunk(struct wg_mem *mem,
					  struct wg_itemset *s, size_t at)
{
	struct wg_itemset_chunk **more;
	size_t cap = s->cap ? 2 * s->cap : 1;

	if (s->n_chunks == s->cap) {
		more = wg_mem_get(mem, cap * sizeof(*more));
		if (s->n_chunks)
			memcpy(more, s->chunk, s->n_chunks * sizeof(*more));
		wg_mem_put(mem, s->chunk, s->cap * sizeof(*more));
		s->chunk = more;
		s->cap = cap;
	}
	memmove(s->chunk + at + 1, s->chunk + at,
		(s->n_chunks++ - at) * sizeof(*s->chunk));
	return s->chunk[at] = wg_mem_get(mem, sizeof(**s->chunk));
}

static void drop_chunk(struct wg_mem *mem, struct wg_itemset *s, size_t at)
{
	wg_mem_put(mem, s->chunk[at], sizeof(**s->chunk));
	memmove(s->chunk + at, s->chunk + at + 1,
		(--s->n_chunks - at) * sizeof(*s->chunk));
}

/* With the next one, if there is room, and room is left. */
static void join(struct wg_mem *mem, struct wg_itemset *s, size_t at)
{
	struct wg_itemset_chunk *c, *next;

	if (at + 1 >= s->n_chunks)
		return;
	c = s->chunk[at];
	next = s->chunk[at + 1];
	if (c->n + next->n >= WG_ITEMSET_CHUNK)
		return;
	memcpy(c->e + c->n, next->e, next->n * sizeof(*c->e));
	c->n += next->n;
	drop_chunk(mem, s, at + 1);
}

static void join_around(struct wg_mem *mem, struct wg_itemset *s, size_t at)
{
	join(mem, s, at);
	if (at)
		join(mem, s, at - 1);
}

static void cut(struct wg_mem *mem, struct wg_itemset *s, size_t at)
{
	struct wg_itemset_chunk *behind = add_chunk(mem, s, at + 1);
	struct wg_itemset_chunk *c = s->chunk[at];

	behind->n = c->n - HALF;
	memcpy(behind->e, c->e + HALF, behind->n * sizeof(*c->e));
	c->n = HALF;
	join(mem, s, at + 1);
	if (at)
		join(mem, s, at - 1);
}

bool wg_itemset_add(struct wg_mem *mem, struct wg_itemset *s,
		    const struct wg_directory_entry *e)
{
	struct wg_itemset_chunk *c;
	size_t at, i;

	if (wg_itemset_has(s, e))
		return false;
	if (!s->n_chunks)
		add_chunk(mem, s, 0);
	at = chunk_of(s, e);
	i = place_in(s->chunk[at], e);
	if (i == WG_ITEMSET_CHUNK && at + 1 == s->n_chunks) {
		add_chunk(mem, s, ++at);
		i = 0;
	} else if (s->chunk[at]->n == WG_ITEMSET_CHUNK) {
		cut(mem, s, at);
		at = chunk_of(s, e);
		i = place_in(s->chunk[at], e);
	}
	c = s->chunk[at];
	memmove(c->e + i + 1, c->e + i, (c->n++ - i) * sizeof(*c->e));
	c->e[i] = *e;
	s->n++;
	return true;
}

bool wg_itemset_remove(struct wg_mem *mem, struct wg_itemset *s,
		       const struct wg_directory_entry *e)
{
	struct wg_itemset_chunk *c;
	size_t at, i;

	if (!wg_itemset_has(s, e))
		return false;
	if (s->n == 1) {
		wg_itemset_clear(mem, s);
		return true;
	}
	at = chunk_of(s, e);
	c = s->chunk[at];
	i = place_in(c, e);
	memmove(c->e + i, c->e + i + 1, (--c->n - i) * sizeof(*c->e));
	s->n--;
	if (c->n)
		join_around(mem, s, at);
	else
		drop_chunk(mem, s, at);
	return true;
}

void wg_itemset_clear(struct wg_mem *mem, struct wg_itemset *s)
{
	while (s->n_chunks)
		drop_chunk(mem, s, s->n_chunks - 1);
	wg_mem_put(mem, s->chunk, s->cap * sizeof(*s->chunk));
	*s = (struct wg_itemset){};
}

/* --- invariants */

void wg_itemset_check(const struct wg_itemset *s)
{
	const struct wg_directory_entry *before = NULL;
	size_t at, i, n = 0;

	for (at = 0; at < s->n_chunks; at++) {
		const struct wg_itemset_chunk *c = s->chunk[at];

		assert(c->n && c->n <= WG_ITEMSET_CHUNK);
		/* so there are at most two chunks for a chunk's entries */
		assert(at + 1 == s->n_chunks ||
		       c->n + s->chunk[at + 1]->n >= WG_ITEMSET_CHUNK);
		for (i = 0; i < c->n; i++) {
			assert(!before ||
			       wg_directory_entry_cmp(before, &c->e[i]) < 0);
			before = &c->e[i];
		}
		n += c->n;
	}
	assert(n == s->n && s->n_chunks <= s->cap && (n || !s->cap));
}
