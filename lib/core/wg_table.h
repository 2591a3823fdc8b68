/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of prefixes: a path-compressed binary trie for one family, of one
 * device (or of routes that belong to no device yet).
 *
 * A node is named by a 32-bit index, 0 is none.  Nodes live in slabs and
 * never move; an index is used again after the node was pruned.  Nodes that
 * only branch (glue) are the same with nothing in them: a prefix that comes
 * to a branching point finds its node there already.  What a descent reads
 * (the branch) lies apart from what it does not (the node): in a full table
 * nearly all the time goes into fetching memory.
 *
 * The table knows the shape; what the fields mean is the business of
 * wg_entry.h (decided, acked, queue), wg_owner.h (verdict), wg_nexthops.h
 * (route, list) and wg_aggregate.h (marks).  Marks are apart from the nodes,
 * because most tables have none.
 */
#ifndef WG_TABLE_H
#define WG_TABLE_H

#include "lib/core/wg_labels.h"
#include "lib/core/wg_mem.h"
#include "lib/core/wg_types.h"

/* Why a prefix is its peer's by configuration (wg_node.claims). */
#define WG_CLAIM_ADDRESS 1 /* address of the peer */
#define WG_CLAIM_STATIC 2  /* allowed-ips */
#define WG_CLAIM_IMPLIED 4 /* a point-to-point device's peer's */

/* The shape, which a descent reads: four to a cache line for IPv4. */
struct wg_branch {
	uint32_t child[2];
	uint8_t len;
	uint32_t bits[]; /* 1 or 4 words, network order, host bits 0 */
};

/* The content. */
struct wg_node {
	uint32_t list_prev; /* routes of one binding */
	uint32_t list_next;
	uint32_t queue_prev; /* pending, of one length and kind */
	uint32_t queue_next;
	uint32_t parent;
	uint32_t route : 30;	 /* binding of next hops; 0: not a route */
	uint32_t lent : 1;	 /* its owner has it for a better one is down */
	uint32_t exclusive : 1;	 /* claimed with all that is below it */
	uint64_t decided : WG_SLOT_BITS; /* with claims: whose they are */
	uint64_t acked : WG_SLOT_BITS;	 /* who has it on the device */
	uint64_t proto : 8;		 /* of the route, the caller's number */
	uint64_t claims : 3;		 /* WG_CLAIM_* */
	uint64_t verdict : 3;		 /* enum wg_verdict, of the route */
	uint64_t queued : 2;		 /* enum wg_queue */
	uint64_t live : 1;		 /* part of the trie */
	uint64_t stale : 1;		 /* of an earlier life, kept for now */
	uint64_t entry : 1;		 /* counted as an entry */
	uint64_t target : 1;  /* counted: to be on the device, by us */
	uint64_t orphan : 1;  /* counted: on the device, and should not be */
	uint64_t seen : 1;    /* the mark of the last sync that saw it */
	uint64_t refused : 1; /* a maximum kept it from who it was for */
	uint64_t fresh : 1;   /* told since the replay began */
};

/* What is to be done about a node, and for WHERE, at or below it. */
enum wg_todo {
	WG_TODO_WHERE = 1,     /* look for labels here */
	WG_TODO_LABELS = 2,    /* compute them anew */
	WG_TODO_GAPS = 4,      /* and below, where no owner stands */
	WG_TODO_AIM_WHERE = 8, /* look for targets here */
	WG_TODO_AIM = 16,      /* choose it anew */
	WG_TODO_PASS = 32,     /* and those below: what is inherited changed */
};

/* What the aggregation knows of a node (wg_aggregate.c). */
struct wg_mark {
	uint32_t labels;		/* wg_labels.h; 0: not known */
	uint32_t target : WG_SLOT_BITS; /* if fixed: who is to have it */
	uint32_t fixed : 1;
	uint32_t todo : 6;   /* enum wg_todo */
	uint32_t split : 1;  /* one target here would save one below */
	uint32_t strict : 1; /* this time it shall be joined */
};

struct wg_table {
	struct wg_mem *mem;
	uint8_t family;
	uint8_t words;	 /* of bits in a node */
	uint32_t stride; /* bytes of a branch */
	uint32_t root;
	uint32_t free;	  /* list of pruned nodes, by child[0] */
	uint32_t top;	  /* the first index never used; from 1 */
	uint32_t n_nodes; /* live ones, with the glue */
	size_t cap;	  /* slabs that the array has room for */
	uint8_t **slab;
	struct wg_labels *labels; /* there are marks; NULL: there are none */
	struct wg_mark **marks;	  /* by slab */
	size_t cap_marks;
	size_t n_split; /* of the marks */
};

#define WG_SLAB_SHIFT 10
#define WG_SLAB_NODES (1u << WG_SLAB_SHIFT)

/* A slab is so many branches, then as many nodes. */
static inline struct wg_branch *wg_table_branch(const struct wg_table *t,
						uint32_t i)
{
	return (struct wg_branch *)(t->slab[i >> WG_SLAB_SHIFT] +
				    (size_t)(i & (WG_SLAB_NODES - 1)) *
					    t->stride);
}

static inline struct wg_node *wg_table_node(const struct wg_table *t,
					    uint32_t i)
{
	return (struct wg_node *)(t->slab[i >> WG_SLAB_SHIFT] +
				  (size_t)WG_SLAB_NODES * t->stride) +
	       (i & (WG_SLAB_NODES - 1));
}

/* Only in a table that has marks. */
static inline struct wg_mark *wg_table_mark(const struct wg_table *t,
					    uint32_t i)
{
	return &t->marks[i >> WG_SLAB_SHIFT][i & (WG_SLAB_NODES - 1)];
}

static inline bool wg_branch_is_leaf(const struct wg_branch *b)
{
	return !b->child[0] && !b->child[1];
}

/* Is a prefix here, or only a branching point? */
static inline bool wg_node_is_empty(const struct wg_node *n)
{
	return !n->claims && !n->route && !n->acked && !n->decided &&
	       !n->target;
}

void wg_table_init(struct wg_table *t, struct wg_mem *mem, uint8_t family);
void wg_table_fini(struct wg_table *t);

struct wg_prefix wg_table_prefix(const struct wg_table *t, uint32_t i);

/* The node of exactly this prefix (it may be glue), or 0. */
uint32_t wg_table_find(const struct wg_table *t, const struct wg_prefix *p);
/* The same, and made if it is not there; 0: no memory, nothing changed. */
uint32_t wg_table_get(struct wg_table *t, const struct wg_prefix *p);
/*
 * These prefixes are to be looked up soon.  A descent waits for memory at
 * nearly every step; here all of them do so at the same time, and find it in
 * the cache then.  Nothing changes.
 */
#define WG_TABLE_FETCH 16 /* at most */
void wg_table_fetch(const struct wg_table *t, const struct wg_prefix *p,
		    size_t n);
/*
 * The deepest node whose prefix covers p, or 0.  Follow the parents to find
 * the shorter ones.
 */
uint32_t wg_table_match(const struct wg_table *t, const struct wg_prefix *p);
/*
 * Take the node out if it is empty (glue stays while it branches), then its
 * parent, if that was the reason for it.  drop: the node alone.
 */
void wg_table_prune(struct wg_table *t, uint32_t i);
bool wg_table_drop(struct wg_table *t, uint32_t i);

/*
 * From now on every node has a mark, at first all 0, as have new ones, but for
 * WHERE in them and all above them.  What is to be done about a node that goes
 * is to be done about those next to it.  -ENOMEM: there are none.
 */
int wg_table_mark_all(struct wg_table *t, struct wg_labels *labels);
void wg_table_unmark_all(struct wg_table *t);
/* Who the node is wanted for, or whether a stranger holds it, changed. */
void wg_table_mark_node(struct wg_table *t, uint32_t i);
/* That changed for many: nothing is known any more but the targets. */
void wg_table_mark_anew(struct wg_table *t);

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
