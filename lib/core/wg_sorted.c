/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sorted array: found by halving, and what a prefix covers stands together.
 */
#include "lib/core/wg_sorted.h"

#include <assert.h>

size_t wg_sorted_first(const struct wg_sorted *s, const struct wg_prefix *p)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (wg_prefix_cmp(s->at[mid], p) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

void *wg_sorted_find(const struct wg_sorted *s, const struct wg_prefix *p)
{
	size_t i = wg_sorted_first(s, p);

	return i < s->n && wg_prefix_same(s->at[i], p) ? s->at[i] : NULL;
}

void wg_sorted_add(struct wg_mem *mem, struct wg_sorted *s, void *thing)
{
	size_t i = wg_sorted_first(s, thing);

	s->at = wg_mem_room(mem, s->at, sizeof(*s->at), s->n + 1, &s->cap);
	assert(s->at);
	memmove(s->at + i + 1, s->at + i, (s->n++ - i) * sizeof(*s->at));
	s->at[i] = thing;
}

void wg_sorted_remove(struct wg_sorted *s, const void *thing)
{
	size_t i = wg_sorted_first(s, thing);

	assert(i < s->n && s->at[i] == thing);
	memmove(s->at + i, s->at + i + 1, (--s->n - i) * sizeof(*s->at));
}

void wg_sorted_free(struct wg_mem *mem, struct wg_sorted *s)
{
	wg_mem_put(mem, s->at, s->cap * sizeof(*s->at));
	*s = (struct wg_sorted){};
}

void wg_sorted_check(const struct wg_sorted *s)
{
	size_t i;

	for (i = 1; i < s->n; i++)
		assert(wg_prefix_cmp(s->at[i - 1], s->at[i]) < 0);
}
