/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be known, from here and now, of the way of one address: asked of
 * the core, of the device and of the kernel.  Facts only: what they mean is
 * in wgd_cause.h.
 */
#ifndef WGD_FACTS_H
#define WGD_FACTS_H

#include "frr-wgd/mesh/wgd_gone.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "lib/backend/wg_fib.h"
#include "lib/backend/wg_link.h"

/* A way that the kernel told. */
struct wgd_way {
	bool known; /* it answered: there is a way, or none */
	bool there;
	struct wg_fib fib; /* where there is one */
};

struct wgd_facts {
	struct wg_addr addr;
	/*
	 * The interface: the one that the kernel sends it to; where that is
	 * none of ours, the one with the longest route or AllowedIPs entry.
	 * Where there is none, a guess: one that is down, so that its routes
	 * are gone, if it would have the address (see choose()).  NULL:
	 * nothing; what follows down to peer is not set.
	 */
	struct wgd_if *wif;
	bool wif_is_guess;
	struct wgd_if *down; /* no wif: one that is down and may have been it */
	bool has_link;
	struct wg_link link;
	bool forwards_not; /* the kernel forwards nothing that comes in by it */
	bool has_route; /* the longest followed route */
	struct wg_entry route;
	bool has_entry; /* the longest match that the device acknowledged */
	struct wg_entry entry;
	bool has_decided; /* the longest match that is decided */
	struct wg_entry decided;
	const struct wg_peer *owner; /* of the entry; NULL: none */
	struct wgd_peer *peer;	     /* that, where it is configured */
	/* the peer with the longest configured address or allowed-ips that
	 * covers it, on the device or not; NULL: none */
	struct wgd_peer *claimant;
	struct wg_prefix claim;
	bool claim_is_exclusive; /* with all within it */

	/* in a mesh: the member that the peer is, and one that is revoked and
	 * had the address, of which nobody else has more; NULL: none */
	const struct wgd_mesh_member *member;
	const struct wgd_gone_member *gone;
	struct wg_prefix gone_prefix;
	const struct wgd_mesh *gone_from;
	bool relays_not; /* we are a hub, and the kernel forwards no IPv6 */

	struct wgd_way way;	     /* of the address, in its VRF */
	struct wgd_way under;	     /* of the peer's endpoint */
	struct wg_endpoint endpoint; /* family AF_UNSPEC: not known */
};

/* VRF: look at interfaces in this one only; NULL: at all. */
extern void wgd_facts_gather(struct wgd_facts *f, const struct wg_addr *addr,
			     const vrf_id_t *vrf);

/*
 * What the address has for a decision: the device's entry, or where that may be
 * an aggregate, the prefix that is decided.  NULL: nothing.
 */
extern const struct wg_entry *wgd_facts_entry(const struct wgd_facts *f);
/*
 * The route is the subnet of the interface itself, and the address somebody's
 * in it, or our own: no route decides that, and none has to.
 */
extern bool wgd_facts_in_subnet(const struct wgd_facts *f);
/* The interface (there is one) can carry packets. */
extern bool wgd_facts_is_up(const struct wgd_facts *f);
/* The kernel sends the address to the interface. */
extern bool wgd_facts_leads_here(const struct wgd_facts *f);
/* The peer is the next hop of the followed route, or one of them. */
extern bool wgd_facts_is_nexthop(const struct wgd_facts *f,
				 const struct wg_peer *peer);
/* The first peer among the route's next hops but this one; NULL: none. */
extern const struct wg_peer *wgd_facts_nexthop(const struct wgd_facts *f,
					       const struct wg_peer *but);

#endif
