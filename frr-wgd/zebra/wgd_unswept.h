/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes of ours that a zebra which was killed left in the kernel, and that
 * its successor should have swept, but took for somebody else's.
 */
#ifndef WGD_UNSWEPT_H
#define WGD_UNSWEPT_H

#include "frr-wgd/zebra/wgd_zapi.h"
#include "lib/core/wg_types.h"

/* zebra told of a best route, with N next hops; 0: there is none any more. */
extern void wgd_unswept_told(vrf_id_t vrf, const struct wg_prefix *p,
			     const struct wgd_zapi_route *route,
			     const struct wg_nexthop *nh, size_t n);
/* Act on those of which it is known by now that they are ours. */
extern void wgd_unswept_settle(void);
/* A new session: there may be others. */
extern void wgd_unswept_forget(void);

#endif
