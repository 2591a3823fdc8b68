/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of owners, as the aggregation needs them: small, many, mostly of one
 * member, compared all the time (private to lib/core).
 *
 * A set is a number.  A single slot is its own set, so it costs nothing; equal
 * sets have equal numbers; larger ones are counted and go with their last
 * user.  Whoever gets a set from here owns a count of it and gives it back
 * with wg_labels_put.
 */
#ifndef WG_LABELS_H
#define WG_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/wg_mem.h"

/* Slots of peers in a node have this many bits: the kernel has as many peers.
 */
#define WG_SLOT_BITS 20

/* 0 is no set: not known.  1 and up to here: that slot alone. */
#define WG_LABELS_NONE (1u << WG_SLOT_BITS) /* somebody below is nobody's */

struct wg_labels {
	struct wg_mem *mem;
	struct wg_labels_set {
		uint32_t *slots; /* ascending; NULL: the number is free */
		uint32_t n;
		uint32_t refs;
		uint32_t hash;
		uint32_t next; /* same bucket, or free; an index + 1 */
	} * sets;
	size_t n_sets; /* with the free ones */
	size_t cap_sets;
	uint32_t free; /* list, an index + 1 */
	uint32_t *buckets;
	size_t n_buckets; /* a power of 2 */
	size_t n_used;
	uint32_t *scratch;
	size_t cap_scratch;
	bool failed; /* somewhere memory was short: not the optimum */
};

void wg_labels_init(struct wg_labels *l, struct wg_mem *mem);
void wg_labels_fini(struct wg_labels *l);

/* The set of that slot; slot 0: NONE. */
static inline uint32_t wg_labels_of(uint32_t slot)
{
	return slot ? slot : WG_LABELS_NONE;
}

/* Is the slot a member? Nobody is one of NONE, and 0 of nothing. */
bool wg_labels_has(const struct wg_labels *l, uint32_t set, uint32_t slot);
/* The lowest member; 0: NONE. */
uint32_t wg_labels_first(const struct wg_labels *l, uint32_t set);

/* Have they nothing in common? Neither is NONE. */
bool wg_labels_disjoint(const struct wg_labels *l, uint32_t a, uint32_t b);

/*
 * What both have, or if that is nothing, what any of the two has; with NONE
 * it is NONE.  Without memory it is one member of that, which serves as well
 * but for the optimum.
 */
uint32_t wg_labels_combine(struct wg_labels *l, uint32_t a, uint32_t b);

uint32_t wg_labels_get(struct wg_labels *l, uint32_t set);
void wg_labels_put(struct wg_labels *l, uint32_t set);

#endif
