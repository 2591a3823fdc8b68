/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The underlay: by which routes the endpoints of peers are reached outside of
 * all tunnels.
 *
 * Encrypted packets carry a mark.  The main table decides about them while its
 * best route leads outside; where it leads into a tunnel a second table does
 * (frr-wgd/underlay/wgd_policy.c).  This finds out what that table has to have: for each
 * prefix around an endpoint, and for the default route, the next hops that it
 * had when it was last seen to lead outside.
 *
 *   wg_underlay_route, wg_underlay_told --> what covers an endpoint
 *   wg_underlay_next                    --> routes of the second table
 *   wg_underlay_path                    --> how an endpoint is reached
 *
 * It concerns one routing table, the default VRF's.  Pure, like the rest of
 * lib/core; it knows nothing of devices and peers but addresses and links.
 */
#ifndef WG_UNDERLAY_H
#define WG_UNDERLAY_H

#include "lib/core/wg_core.h"

struct wg_underlay;

struct wg_underlay *wg_underlay_new(void);
void wg_underlay_delete(struct wg_underlay **underlay);

/* This link is a WireGuard interface, or no longer. */
void wg_underlay_set_tunnel(struct wg_underlay *u, uint32_t ifindex, bool is);

/*
 * Endpoint addresses, counted: each hold wants a release.  The caller has the
 * address tracked (wg_gateway_hold) and brings the answers.
 */
void wg_underlay_hold(struct wg_underlay *u, const struct wg_addr *addr);
void wg_underlay_release(struct wg_underlay *u, const struct wg_addr *addr);

/*
 * What tracking says of an address: the longest prefix that covers it, with
 * resolved next hops (n_nh 0: it cannot be reached).
 */
struct wg_way {
	struct wg_prefix prefix;
	const struct wg_nexthop *nh;
	size_t n_nh;
};
void wg_underlay_told(struct wg_underlay *u, const struct wg_addr *addr,
		      const struct wg_way *way);

/* The best route to the prefix is now this one (n_nh 0: there is none). */
void wg_underlay_route(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh);

/*
 * The second table has this route, from an earlier life.  It counts as the last
 * one that led outside, until there is better knowledge.
 */
void wg_underlay_found(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh);

/*
 * All routes are about to be told again.  What was not told between begin and
 * end is gone at the end; meanwhile it stays.
 */
void wg_underlay_replay_begin(struct wg_underlay *u);
void wg_underlay_replay_end(struct wg_underlay *u);

/* A route of the second table.  Next hops are valid until the next call. */
struct wg_underlay_route {
	struct wg_prefix prefix;
	const struct wg_nexthop *nh;
	size_t n_nh; /* 0: it is to have none */
};
/* The next route that changed: true and *ret, or false. */
bool wg_underlay_next(struct wg_underlay *u, struct wg_underlay_route *ret);
/*
 * All that the table is to have, in the order of wg_prefix_cmp: begin with *AT
 * 0.  False: there is no more.
 */
bool wg_underlay_walk(const struct wg_underlay *u, size_t *at,
		      struct wg_underlay_route *ret);
/* Is it to have a route to this very prefix? */
bool wg_underlay_has(const struct wg_underlay *u,
		     const struct wg_prefix *prefix);

enum wg_reach {
	WG_REACH_UNKNOWN, /* nobody told yet, or it is no endpoint */
	WG_REACH_NONE,	  /* there is no route to it */
	WG_REACH_OUTSIDE,
	WG_REACH_MARKED, /* outside, because its packets are marked */
	WG_REACH_INSIDE, /* into a tunnel, and no other is known: not sent */
};
const char *wg_reach_str(enum wg_reach path);
/*
 * How the address is reached, and over which link (one of them; 0: none).
 * WG_REACH_INSIDE: the tunnel.
 */
enum wg_reach wg_underlay_path(const struct wg_underlay *u,
			       const struct wg_addr *addr,
			       uint32_t *ret_ifindex);
/* Moves whenever wg_underlay_path may say something else. */
uint32_t wg_underlay_generation(const struct wg_underlay *u);

/* Assert what must hold at any time. */
void wg_underlay_check(const struct wg_underlay *u);

#endif
