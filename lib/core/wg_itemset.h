/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of items, by their entries (wg_directory.h), in the order in which
 * items are sent.  All zeros is an empty one.
 */
#ifndef WG_ITEMSET_H
#define WG_ITEMSET_H

#include "lib/core/wg_directory.h"
#include "lib/core/wg_mem.h"

#define WG_ITEMSET_CHUNK 64 /* entries that are moved at once */

struct wg_itemset_chunk {
	size_t n; /* 1 at least */
	struct wg_directory_entry e[WG_ITEMSET_CHUNK];
};

struct wg_itemset {
	struct wg_itemset_chunk **chunk; /* in order */
	size_t n_chunks;
	size_t cap;
	size_t n; /* entries */
};

/* Bytes that a set of so many entries may take, whatever came to it. */
#define WG_ITEMSET_BYTES(n)                                                    \
	(((n) / (WG_ITEMSET_CHUNK / 2) + 1) *                                  \
	 (sizeof(struct wg_itemset_chunk) + 2 * sizeof(void *)))

bool wg_itemset_has(const struct wg_itemset *s,
		    const struct wg_directory_entry *e);
/* False: it is there already. */
bool wg_itemset_add(struct wg_mem *mem, struct wg_itemset *s,
		    const struct wg_directory_entry *e);
/* False: it is not there. */
bool wg_itemset_remove(struct wg_mem *mem, struct wg_itemset *s,
		       const struct wg_directory_entry *e);
/* NULL: it is empty.  Valid until the set is changed. */
const struct wg_directory_entry *wg_itemset_first(const struct wg_itemset *s);
/* The first that is not before the entry, which may be in it or not; NULL. */
const struct wg_directory_entry *
wg_itemset_from(const struct wg_itemset *s, const struct wg_directory_entry *e);
void wg_itemset_clear(struct wg_mem *mem, struct wg_itemset *s);

/* Assert the invariants. */
void wg_itemset_check(const struct wg_itemset *s);

#endif
