/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host routes to the endpoints of peers, in the default VRF; which ones is
 * wgd_underlay's business.
 */
#ifndef WGD_HOSTROUTE_H
#define WGD_HOSTROUTE_H

#include "prefix.h"
#include "vrf.h"

#include "frr-wgd/wgd.h"

/* A route as wgd tells it. */
struct wgd_hostroute {
	vrf_id_t vrf;
	struct wg_prefix prefix;
	uint8_t type; /* ZEBRA_ROUTE_* */
	uint8_t distance;
	uint32_t metric; /* of a kernel route: it is one of several, by that */
};

/* Tell zebra; n 0: of its end.  There has to be a session with zebra. */
extern void wgd_hostroute_send(const struct wgd_hostroute *r,
			       const struct wg_nexthop *nh, size_t n);

/*
 * Have a host route to the address with these next hops (n 0: none any more).
 * There has to be a session with zebra.
 */
extern void wgd_hostroute_set(const struct wg_addr *addr,
			      const struct wg_nexthop *nh, size_t n);

/* A new session: zebra does not know yet that we keep routes. */
extern void wgd_hostroute_session(void);
/* zebra told of one, perhaps of an earlier life. */
extern void wgd_hostroute_seen(void);
/* What an earlier life left and this one did not set again goes. */
extern void wgd_hostroute_drop_old(void);

#endif
