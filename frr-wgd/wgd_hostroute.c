// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host routes to endpoints, as zebra is told of them.
 *
 * They stay while we are away, and what of them an earlier life left goes when
 * this one knows what it wants (wgd_graceful.h).
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"
#include "nexthop.h"
#include "prefix.h"
#include "zclient.h"

#include "frr-wgd/wgd_graceful.h"
#include "frr-wgd/wgd_hostroute.h"
#include "frr-wgd/wgd_zebra.h"

#define DISTANCE 1 /* as a static route: before what is learned */

static bool seen; /* there are some, or were */
static bool kept; /* zebra knows that we come back */

static void keep(void)
{
	if (kept)
		return;
	kept = true;
	wgd_graceful_keep(wgd_zebra_client(), VRF_DEFAULT);
}

void wgd_hostroute_session(void)
{
	kept = false;
}

void wgd_hostroute_seen(void)
{
	seen = true;
}

void wgd_hostroute_drop_old(void)
{
	if (!wgd_zebra_client() || !seen)
		return;
	keep();
	wgd_graceful_drop_old(wgd_zebra_client(), VRF_DEFAULT);
}

void wgd_hostroute_send(const struct wgd_hostroute *r,
			const struct wg_nexthop *nh, size_t n)
{
	struct zapi_route api = {
		.vrf_id = r->vrf,
		.type = r->type,
		.safi = SAFI_UNICAST,
		.distance = r->distance,
		.metric = r->metric,
		.prefix = wgd_zebra_prefix(&r->prefix),
	};
	size_t i;

	SET_FLAG(api.message, ZAPI_MESSAGE_DISTANCE);
	SET_FLAG(api.message, ZAPI_MESSAGE_METRIC);
	if (n)
		SET_FLAG(api.message, ZAPI_MESSAGE_NEXTHOP);
	api.nexthop_num = MIN(n, (size_t)MULTIPATH_NUM);
	for (i = 0; i < api.nexthop_num; i++) {
		struct zapi_nexthop *to = &api.nexthops[i];

		to->vrf_id = r->vrf;
		to->ifindex = nh[i].ifindex;
		to->weight = nh[i].weight;
		to->type = NEXTHOP_TYPE_IFINDEX;
		if (nh[i].gateway.family == AF_INET)
			to->type = NEXTHOP_TYPE_IPV4_IFINDEX;
		else if (nh[i].gateway.family == AF_INET6)
			to->type = NEXTHOP_TYPE_IPV6_IFINDEX;
		memcpy(&to->gate, nh[i].gateway.b, sizeof(to->gate));
		if (nh[i].on_link)
			SET_FLAG(to->flags, ZAPI_NEXTHOP_FLAG_ONLINK);
	}
	zclient_route_send(n ? ZEBRA_ROUTE_ADD : ZEBRA_ROUTE_DELETE,
			   wgd_zebra_client(), &api);
}

void wgd_hostroute_set(const struct wg_addr *addr, const struct wg_nexthop *nh,
		       size_t n)
{
	struct wgd_hostroute r = {
		.vrf = VRF_DEFAULT,
		.prefix = wg_prefix_host(addr),
		.type = ZEBRA_ROUTE_HSLS,
		.distance = DISTANCE,
	};
	struct prefix p = wgd_zebra_prefix(&r.prefix);

	if (n)
		zlog_info(
			"endpoint %pFX: host route, for another route leads to it through a tunnel",
			&p);
	else
		zlog_info("endpoint %pFX: no host route any more", &p);
	seen = true;
	keep();
	wgd_hostroute_send(&r, nh, n);
}
