/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sorted array of things that begin with their key, a prefix (private to
 * lib/core).  For hundreds and thousands of them; wg_table.h is for millions.
 */
#ifndef WG_SORTED_H
#define WG_SORTED_H

#include "lib/core/wg_mem.h"
#include "lib/core/wg_types.h"

struct wg_sorted {
	struct wg_prefix **at; /* in the order of wg_prefix_cmp */
	size_t n;
	size_t cap;
};

/* The index of the first that is not before the prefix; n: there is none. */
size_t wg_sorted_first(const struct wg_sorted *s, const struct wg_prefix *p);
/* The one with this key, or NULL. */
void *wg_sorted_find(const struct wg_sorted *s, const struct wg_prefix *p);
/* Its key is not in it yet. */
void wg_sorted_add(struct wg_mem *mem, struct wg_sorted *s, void *thing);
/* It is in it. */
void wg_sorted_remove(struct wg_sorted *s, const void *thing);
void wg_sorted_free(struct wg_mem *mem, struct wg_sorted *s);

/* Assert the order. */
void wg_sorted_check(const struct wg_sorted *s);

#endif
