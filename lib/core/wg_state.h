/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core consists of; private to lib/core.
 *
 *   core --- VRFs --- parked routes (they touch no device yet)
 *     |  \-- next-hop sets -- bindings (set x device, or parked) -- routes
 *     |  \-- gateways (recursive next hops, resolved by the caller)
 *     \----- devices --- two tables (IPv4, IPv6) of nodes
 *                   \--- peers (slots)
 *
 * A node names peers by slot, next hops by binding; the lists that lead back
 * (routes of a binding, pending nodes of a length) run through the nodes.
 *
 * Who may change what:
 *  - decided, claims, acked, stale of a node, and the target in its mark: only
 *    wg_entry.c, because counts and queues hang on them;
 *  - the rest of a mark: only the files of the aggregation, and wg_table.c
 *    where nodes come, go and change;
 *  - route of a node and the list: only wg_bindings.c;
 *  - everything else: the file of that noun.
 */
#ifndef WG_STATE_H
#define WG_STATE_H

#include "lib/core/wg_core.h"
#include "lib/core/wg_hops.h"
#include "lib/core/wg_table.h"

/* IPv4 is 0, IPv6 is 1: index of tables and list heads. */
static inline unsigned wg_family_index(uint8_t family)
{
	return family == AF_INET ? 0 : 1;
}

enum wg_queue {
	WG_QUEUE_NONE,
	WG_QUEUE_GIVE, /* to a peer that has not got it */
	WG_QUEUE_MOVE, /* to a peer, from another one; nothing was below it */
	WG_QUEUE_TAKE, /* on the device, and should not be */
	WG_QUEUES,
};

/* What a mesh says of a peer (wg_mesh_peers.c). */
struct wg_mesh_peer {
	bool member;	 /* it has a certificate */
	uint32_t number; /* of the member */
	struct wg_certified *certified;
	size_t n_certified;
	struct wg_prefix *announced; /* sorted */
	size_t n_announced;
};

#define WG_PEER_SKIPS 4 /* levels of the skip list, above the list itself */

struct wg_peer {
	struct wg_dev *dev;
	struct wg_peer *next; /* named: by name; nameless: any order */
	struct wg_peer *prev; /* nameless */
	struct wg_peer *skip[WG_PEER_SKIPS]; /* named; wg_names.c */
	struct wg_peer *hash_next; /* same bucket of dev->by_key */
	uint32_t slot;
	void *arg;

	/* what the operator wants; all 0 in a nameless one, but for the key */
	char *name;	   /* NULL: nameless */
	struct wg_key key; /* zero: none */
	struct wg_peer_conf conf;
	bool shutdown;
	bool mesh_live; /* a mesh says so */
	enum wg_peer_state liveness; /* DOWN, UNKNOWN, UP */
	struct wg_filter filter[2];
	uint32_t maximum;
	struct wg_prefix *claims; /* addresses and statics, any order */
	size_t n_claims;
	size_t cap_claims;

	/* what a mesh says; nothing of a nameless one */
	struct wg_mesh_peer *mesh; /* NULL: nothing */

	/* what is decided */
	bool usable;	    /* may have prefixes; as settle saw it last */
	uint32_t n_static;  /* nodes claimed */
	uint32_t n_dynamic; /* nodes decided by routes */
	bool marked;	    /* its claims and routes are to be decided anew */
	bool over;	    /* somewhere its maximum refused a route */
	bool hit;	    /* it was so, and nobody asked since */

	/* what the device has, as far as it acknowledged */
	bool present;
	bool renew;	     /* to be removed once, and made anew */
	bool ours;	     /* nameless, but was put there by us: it goes */
	uint32_t n_acked;    /* nodes */
	uint32_t n_orphans;  /* those of them that should not be there */
	uint32_t conf_gen;   /* of conf; moves with every change */
	uint32_t conf_sent;  /* gen of the last op handed out */
	uint32_t conf_acked; /* gen the device has; 0: none */
	struct wg_endpoint endpoint_acked; /* last configured one it took */
	bool had_endpoint;	     /* one was configured, in this life */
	bool alive;		     /* in a session, when it was read last */
	struct wg_peer_conf op_conf; /* what the op points at */
	bool seen;		     /* by the sync that is running */
};

struct wg_dev {
	struct wg_core *core;
	struct wg_dev *next; /* by name */
	void *arg;
	char *name;
	uint32_t vrf;
	uint32_t ifindex; /* 0: no link */

	bool adopted;
	bool can_remove;
	bool aggregate; /* as the operator wants it */
	bool aggregating; /* as it is: tables have marks, changes leave some */
	size_t spare_of; /* of so many targets one may be spare; tests: 1 */
	struct wg_labels labels;
	unsigned tidy_family; /* where wg_aggregate_tidy goes on */
	uint32_t tidy_at;
	enum wg_follow follow;
	bool p2p; /* point-to-point: see wg_dev.h */
	struct wg_key key; /* public, ours; zero: not known */
	struct wg_dev_conf conf;
	uint32_t conf_gen; /* as in a peer; not of the port */
	uint32_t conf_sent;
	uint32_t conf_acked;
	uint32_t conf_refused; /* gen that the device would not take; 0: none */
	uint32_t port_gen; /* likewise, of the port */
	uint32_t port_sent;
	uint32_t port_acked;
	uint32_t port_refused;
	bool port_closed; /* as last read it listens nowhere */

	struct wg_peer **slots; /* from 1; NULL: free */
	size_t n_slots;		/* with the 0th */
	size_t cap_slots;
	uint32_t free_slot;    /* no slot below it is free */
	struct wg_peer *named; /* list by name */
	struct wg_peer *skip[WG_PEER_SKIPS];
	struct wg_peer *nameless;
	uint32_t n_named;
	uint32_t n_exclusive; /* nodes that are */
	struct wg_peer **by_key; /* hash of those that have one */
	size_t n_buckets;	 /* a power of 2 */
	size_t n_keys;
	uint32_t sole; /* slot of the peer that has the implied claims */
	bool sole_any; /* 0.0.0.0/0 and ::/0 are among them */

	struct wg_announced *announced; /* NULL: no member announces any */
	struct wg_prefix *again; /* what is within these: decide it anew */
	size_t n_again;
	size_t cap_again;

	struct wg_table table[2];
	uint32_t queue[2][WG_QUEUES][129]; /* heads, by family, kind, len */
	size_t n_queued[WG_QUEUES];
	size_t n_routes;
	size_t n_entries;
	size_t n_targets;
	size_t n_acked;
	size_t n_orphans;
	size_t n_stale;

	bool marked;	   /* number of peers, key, follow, p2p changed */
	bool marked_all;   /* every node is to be decided anew */
	bool marked_peers; /* a peer is marked or over */
	uint32_t n_over;   /* named peers that are */
	/* what is to be told to peers, as a look at all of them found (plan) */
	bool peers_seen;     /* nothing has changed since */
	bool peers_go;	     /* one has to leave, or to be renewed */
	uint32_t peers_from; /* none in a slot below has to be set */

	bool synced;
	bool syncing;	    /* between begin and end */
	bool known;	    /* was in sync since the link came */
	size_t in_flight;   /* ops handed out and not committed */
	uint32_t sync_slot; /* whose prefixes are coming */
	size_t sync_differences;
	bool sync_keep_stale;
	bool sync_mark; /* what wg_node.seen is where it was seen */
	size_t n_seen;	/* of n_acked, while syncing */

	unsigned sweep; /* enum wg_sweep bits; 0: none is going on */
	unsigned sweep_family;
	uint32_t sweep_at; /* the node that is next */
};

struct wg_vrf {
	struct wg_vrf *next;
	uint32_t id;
	struct wg_table parked[2];
};

struct wg_gateway {
	struct wg_gateway *next;	 /* same bucket */
	struct wg_gateway *changed_next; /* list of those to be told */
	uint32_t vrf;
	struct wg_addr addr;
	uint32_t refs;	       /* next hops of sets, and holds */
	uint32_t holds;	       /* those of refs that are for endpoints */
	bool told;	       /* the caller knows that it is wanted */
	bool changed;	       /* on the list */
	struct wg_hops hops;   /* what it resolves to */
};

/* The routes of one set on one device. */
struct wg_binding {
	struct wg_nhset *set;
	struct wg_dev *dev; /* NULL: parked */
	uint32_t id;	    /* wg_node.route */
	uint32_t at;	    /* node of the route that is being worked on */
	uint32_t head[2];   /* list of nodes by family, refused ones first */
	uint32_t tail[2];
	bool kept; /* by the resolution that is being made */
	size_t n_nexthops;
	struct wg_entry_nexthop *nexthops;
};

struct wg_nhset {
	struct wg_nhset *next; /* same bucket */
	struct wg_nhset *all_next, *all_prev;
	uint32_t hash;
	uint32_t vrf;
	uint32_t refs; /* nodes, and who works on it */
	bool recursive;
	struct wg_binding **bindings;
	size_t n_bindings;
	size_t cap_bindings;
	size_t n_nh;
	struct wg_gateway **gw; /* for each next hop; NULL: not recursive */
	struct wg_nexthop nh[]; /* as zebra gave them */
};

#define WG_HASH_SIZE 4096 /* fixed: sets and gateways are few */

/* FNV-1a; start with WG_HASH_START. */
#define WG_HASH_START 2166136261u
static inline uint32_t wg_hash(uint32_t h, const void *data, size_t n)
{
	const uint8_t *b = data;

	while (n--)
		h = (h ^ *b++) * 16777619u;
	return h;
}

/* A next hop of a set, resolved: scratch. */
struct wg_resolved {
	struct wg_dev *dev;
	struct wg_entry_nexthop nh;
};

struct wg_core {
	struct wg_mem mem;
	struct wg_dev *devs; /* by name */
	struct wg_vrf *vrfs;
	struct wg_nhset *all_sets;
	struct wg_nhset *sets[WG_HASH_SIZE];
	struct wg_gateway *gateways[WG_HASH_SIZE];
	struct wg_gateway *changed;   /* gateways to be told about */
	struct wg_binding **bindings; /* by id, from 1 */
	size_t n_bindings;	      /* with the 0th */
	size_t cap_bindings;
	uint32_t free_binding;	      /* an id to look for a free one from */
	struct wg_resolved *resolved; /* scratch of wg_nexthops.c */
	size_t n_resolved;
	size_t cap_resolved;
	bool marked_sets; /* resolutions may have changed */
};

/* Of so many targets one may be more than need be, for a while: 2 %. */
#define WG_SPARE_OF 50

static inline struct wg_table *wg_dev_table(struct wg_dev *dev, uint8_t family)
{
	return &dev->table[wg_family_index(family)];
}

/* By slot; 0 is nobody. */
static inline struct wg_peer *wg_dev_peer(const struct wg_dev *dev,
					  uint32_t slot)
{
	return slot ? dev->slots[slot] : NULL;
}

/*
 * Named, with a key that is not our own, not shut down: as it was at the last
 * settle, so that all nodes agree about it.
 */
static inline bool wg_peer_is_usable(const struct wg_peer *peer)
{
	return peer->usable;
}

/* Has it a certificate of a mesh? */
static inline bool wg_peer_is_member(const struct wg_peer *peer)
{
	return peer->mesh && peer->mesh->member;
}

/* On the device, but neither configured nor put there by us. */
static inline bool wg_peer_is_stranger(const struct wg_peer *peer)
{
	return !peer->name && !peer->ours;
}

#endif
