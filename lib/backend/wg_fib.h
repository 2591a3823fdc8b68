/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel would send a packet now: its own answer, with all tables
 * and rules, whoever put the routes there.
 */
#ifndef WG_FIB_H
#define WG_FIB_H

#include "lib/core/wg_types.h"

struct wg_fib_query {
	struct wg_addr addr;
	uint32_t vrf;  /* index of the VRF's device; 0: the default one */
	uint32_t mark; /* as of a socket with SO_MARK; 0: none */
};

struct wg_fib {
	bool local; /* one of our own addresses */
	uint32_t ifindex;
	char ifname[WG_IFNAME_LEN];
	struct wg_addr gateway; /* AF_UNSPEC: on link; may be IPv6 for IPv4 */
	struct wg_addr source; /* of what has none yet; AF_UNSPEC: not told */
	uint32_t mtu; /* bytes: of the route, of the path as far as it is
		       * known, else of the link */
};

/*
 * Forwarded packets may go another way where rules look at their source or
 * where they come from.  0; -ENETUNREACH: no route, or one that forbids;
 * another -errno: not known.
 */
int wg_fib_get(const struct wg_fib_query *query, struct wg_fib *ret);

/*
 * Does the kernel forward what comes in by that link?  IPv6 has one switch for
 * all links (net.ipv6.conf.all.forwarding).  0 or -errno.
 */
int wg_fib_forwards(uint32_t ifindex, uint8_t family, bool *ret);

#endif
