/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of prefixes: a path-compressed binary trie for one family, of one
 * device (or of routes that belong to no device yet).
 *
 * A node is named by a 32-bit index, 0 is none.  Nodes live in slabs and
 * never move; an index is used again after the node was pruned.  Nodes that
 * only branch (glue) are the same struct with nothing in it: a prefix that
 * comes to a branching point finds its node there already.
 *
 * The table knows the shape; what the fields mean is the business of
 * wg_entry.h (decided, acked, queue), wg_owner.h (verdict) and wg_nexthops.h
 * (route, list).
 */
#ifndef WG_TABLE_H
#define WG_TABLE_H

#include "lib/core/wg_mem.h"
#include "lib/core/wg_types.h"

/* Why a prefix is its peer's by configuration (wg_node.claims). */
#define WG_CLAIM_ADDRESS 1 /* address of the peer */
#define WG_CLAIM_STATIC 2 /* allowed-ips */
#define WG_CLAIM_IMPLIED 4 /* what the only peer of a device gets */

struct wg_node {
	uint32_t list_prev; /* routes of one binding */
	uint32_t list_next;
	uint32_t queue_prev; /* pending, of one length and kind */
	uint32_t queue_next;
	uint32_t decided; /* peer slot; with claims: whose they are */
	uint32_t acked; /* peer slot that has it on the device */
	uint32_t route; /* binding of next hops; 0: not a route */
	uint32_t parent;
	/* what a descent reads is together, in one cache line */
	uint32_t child[2];
	uint8_t len;
	uint8_t proto; /* of the route, the caller's number */
	uint8_t claims : 3; /* WG_CLAIM_* */
	uint8_t verdict : 3; /* enum wg_verdict, of the route */
	uint8_t queued : 2; /* enum wg_queue */
	uint8_t live : 1; /* part of the trie */
	uint8_t stale : 1; /* of an earlier life, kept for now */
	uint8_t entry : 1; /* counted as an entry */
	uint8_t orphan : 1; /* counted: on the device, wanted by nobody */
	uint8_t seen : 1; /* by the sync that is running */
	uint8_t refused : 1; /* a maximum kept it from the peer it was for */
	uint8_t fresh : 1; /* told since the replay began */
	uint8_t spare : 1;
	uint32_t bits[]; /* 1 or 4 words, network order, host bits 0 */
};

struct wg_table {
	struct wg_mem *mem;
	uint8_t family;
	uint8_t words; /* of bits in a node */
	uint32_t stride; /* bytes of a node */
	uint32_t root;
	uint32_t free; /* list of pruned nodes, by child[0] */
	uint32_t top; /* the first index never used; from 1 */
	uint32_t n_nodes; /* live ones, with the glue */
	size_t cap; /* slabs that the array has room for */
	uint8_t **slab;
};

#define WG_SLAB_SHIFT 10
#define WG_SLAB_NODES (1u << WG_SLAB_SHIFT)

static inline struct wg_node *wg_table_node(const struct wg_table *t,
					    uint32_t i)
{
	return (struct wg_node *)(t->slab[i >> WG_SLAB_SHIFT] +
				  (size_t)(i & (WG_SLAB_NODES - 1)) *
					  t->stride);
}

/* Is a prefix here, or only a branching point? */
static inline bool wg_node_is_empty(const struct wg_node *n)
{
	return !n->claims && !n->route && !n->acked && !n->decided;
}

void wg_table_init(struct wg_table *t, struct wg_mem *mem, uint8_t family);
void wg_table_fini(struct wg_table *t);

struct wg_prefix wg_table_prefix(const struct wg_table *t, uint32_t i);

/* The node of exactly this prefix (it may be glue), or 0. */
uint32_t wg_table_find(const struct wg_table *t, const struct wg_prefix *p);
/* ... made if it is not there; 0: no memory, nothing changed. */
uint32_t wg_table_get(struct wg_table *t, const struct wg_prefix *p);
/*
 * The deepest node whose prefix covers p, or 0.  Follow the parents to find
 * the shorter ones.
 */
uint32_t wg_table_match(const struct wg_table *t, const struct wg_prefix *p);
/* Take the node out if it is empty (glue stays while it branches). */
void wg_table_prune(struct wg_table *t, uint32_t i);

/*
 * In wg_prefix_cmp's order, glue included: the first node behind i; the
 * first that is not below i; the first behind the prefix (NULL: at all).
 * Without order and safe against pruning: for 1 <= i < top, where live.
 */
uint32_t wg_table_next(const struct wg_table *t, uint32_t i);
uint32_t wg_table_next_outside(const struct wg_table *t, uint32_t i);
uint32_t wg_table_after(const struct wg_table *t, const struct wg_prefix *p);

/* Assert the invariants of the shape (tests, after every step). */
void wg_table_check(const struct wg_table *t);

#endif
