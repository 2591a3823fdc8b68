/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which addresses do packets go to that leave by a WireGuard device?  So a site
 * knows with whom it has something to talk about, and a direct path is worth
 * the while; or that packets still leave for a hub that should not.
 *
 * A packet socket bound to the device, with a filter in the kernel that hands
 * out headers.  Its owner reads some and then has it pause: see wg_demand.c for
 * what a packet costs.
 */
#ifndef WG_DEMAND_H
#define WG_DEMAND_H

#include "lib/core/wg_types.h"

struct wg_demand;

enum wg_demand_kind {
	/*
	 * Data: to any address but link-local ones (the mesh's own talk),
	 * RELAY (data that is sealed, and was seen before), multicast, and
	 * 240.0.0.0/4 with the broadcast address.
	 */
	WG_DEMAND_DATA,
	WG_DEMAND_RELAYED, /* UDP to RELAY: what is sealed for a relay */
};

struct wg_demand_conf {
	enum wg_demand_kind kind;
	uint32_t ifindex;
	struct wg_prefix relay; /* RELAY, the /48 of wg_relay_net */
};

/*
 * -EPERM: no CAP_NET_RAW; -ENODEV: there is no such device; any errno of
 * socket(2), setsockopt(2) and bind(2).
 */
int wg_demand_open(const struct wg_demand_conf *conf, struct wg_demand **ret);
/* The kernel takes 10 to 20 ms for it. */
void wg_demand_close(struct wg_demand **d);
int wg_demand_fd(const struct wg_demand *d);
/* See nothing, and cost nothing, from now on, or no longer so. */
void wg_demand_pause(struct wg_demand *d, bool pause);

#define WG_DEMAND_TURN 32 /* packets */
/*
 * Where the next packets go, up to WG_DEMAND_TURN.  *ret_n may be less than
 * what was read: what is no such packet is left out.  1; 0: there is none now;
 * -ENETDOWN: the device is down, once; -errno of recvmmsg(2).
 */
int wg_demand_next(struct wg_demand *d, struct wg_addr ret[WG_DEMAND_TURN],
		   size_t *ret_n);

/* A packet from its IP header on: is it one, and where to?  For tests. */
bool wg_demand_parse(const struct wg_demand_conf *conf, const uint8_t *p,
		     size_t len, struct wg_addr *ret);

#endif
