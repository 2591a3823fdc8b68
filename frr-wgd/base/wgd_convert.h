/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between FRR's addresses, prefixes and next hops and the core's. */
#ifndef WGD_CONVERT_H
#define WGD_CONVERT_H

#include "sockunion.h"
#include "zclient.h"

#include "lib/core/wg_core.h"

extern void wgd_convert_addr(uint8_t family, const void *bytes,
			     struct wg_addr *ret);
/* How long it is. */
extern socklen_t wgd_convert_sockaddr(const struct wg_addr *addr, uint16_t port,
				      union sockunion *ret);
/* Masked.  False: it is neither IPv4 nor IPv6. */
extern bool wgd_convert_prefix(const struct prefix *p, struct wg_prefix *ret);
extern struct prefix wgd_convert_to_frr(const struct wg_prefix *p);
/*
 * zebra's next hops to the core's; how many there are.  ON_LINK is the gateway
 * of next hops that have none (tracking: the address itself), or NULL.
 */
extern size_t wgd_convert_nexthops(const struct zapi_nexthop *from, size_t n,
				   vrf_id_t vrf, const struct wg_addr *on_link,
				   struct wg_nexthop *ret);

#endif
