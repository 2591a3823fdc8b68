/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the endpoints.  What is sent to a peer's endpoint must leave by a
 * link that is no tunnel; a learned prefix that covers the endpoint would lead
 * it into one.  This finds out for which endpoints that is so, and which host
 * routes keep them outside: by the next hops by which the endpoint was last
 * seen to be reached outside.
 *
 *   wg_underlay_told, wg_underlay_route --> what covers an endpoint
 *   wg_underlay_next                    --> host routes to add and to remove
 *   wg_underlay_path                    --> how an endpoint is reached
 *
 * It concerns one routing table, the one that WireGuard's own packets are
 * routed by: the default VRF's.  Pure, like the rest of lib/core; it knows
 * nothing of devices and peers but addresses and links.
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
/* Is the address held, and is a host route to it wanted (*ret_kept)? */
bool wg_underlay_holds(const struct wg_underlay *u, const struct wg_addr *addr,
		       bool *ret_kept);

/*
 * What tracking says of an address: the longest prefix that covers it, with
 * resolved next hops (n_nh 0: it cannot be reached).  OURS: the prefix is a
 * host route of ours, also one of an earlier life.
 */
struct wg_way {
	struct wg_prefix prefix;
	bool ours;
	const struct wg_nexthop *nh;
	size_t n_nh;
};
void wg_underlay_told(struct wg_underlay *u, const struct wg_addr *addr,
		      const struct wg_way *way);

/*
 * The best route to the prefix is now this one (n_nh 0: there is none), and it
 * is no host route of ours.  Tracking sees our host route and nothing under
 * it, so this is how a change there is noticed.
 */
void wg_underlay_route(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh);

/*
 * The next thing to do: true and *ret, or false.  Next hops are valid until
 * the next call.  Releases are held back until ALL_TOLD: after a restart the
 * route that makes a host route necessary may still be to come.
 */
struct wg_underlay_want {
	struct wg_addr addr;
	bool ask; /* ask tracking for the address again: it may not know */
	const struct wg_nexthop *nh; /* the host route's next hops */
	size_t n_nh;		     /* 0: no host route */
};
bool wg_underlay_next(struct wg_underlay *u, bool all_told,
		      struct wg_underlay_want *ret);
/* zebra forgot: say all host routes again. */
void wg_underlay_replay(struct wg_underlay *u);

enum wg_path {
	WG_PATH_UNKNOWN, /* nobody told yet, or it is no endpoint */
	WG_PATH_NONE,	 /* there is no route to it */
	WG_PATH_OUTSIDE,
	WG_PATH_KEPT,	/* kept outside by a host route of ours */
	WG_PATH_INSIDE, /* into a tunnel */
};
const char *wg_path_str(enum wg_path path);
/*
 * How the address is reached, and over which link (one of them; 0: none).
 * WG_PATH_INSIDE: the tunnel.
 */
enum wg_path wg_underlay_path(const struct wg_underlay *u,
			      const struct wg_addr *addr,
			      uint32_t *ret_ifindex);
/*
 * Is a host route to it on its way?  The path is still the old one then.  What
 * says that it came is tracking.
 */
bool wg_underlay_awaits(const struct wg_underlay *u,
			const struct wg_addr *addr);
/* Moves whenever wg_underlay_path may say something else. */
uint32_t wg_underlay_generation(const struct wg_underlay *u);

/* Assert what must hold at any time. */
void wg_underlay_check(const struct wg_underlay *u);

#endif
