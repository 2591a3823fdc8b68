// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host routes to endpoints, as zebra is told of them.
 *
 * zebra deletes the routes of a client that goes, unless it said that it will
 * be back.  A tunnel that runs while we are away needs them; so they stay for
 * as long as anybody could reasonably be away.  After our own start those of
 * an earlier life are there; the ones that this life wants, too, are sent
 * again, and then zebra is told to drop what is left (its graceful restart).
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "log.h"
#include "nexthop.h"
#include "prefix.h"
#include "zclient.h"

#include "frr-wgd/wgd_hostroute.h"
#include "frr-wgd/wgd_zebra.h"

#define STALE_S 86400
#define DISTANCE 1 /* as a static route: before what is learned */

static bool seen; /* there are some, or were */
static bool kept; /* zebra knows that we come back */

static void send_capability(enum zserv_client_capabilities cap, afi_t afi)
{
	struct zapi_cap api = {
		.cap = cap,
		.stale_removal_time = STALE_S,
		.afi = afi,
		.safi = SAFI_UNICAST,
		.vrf_id = VRF_DEFAULT,
	};

	zclient_capabilities_send(ZEBRA_CLIENT_CAPABILITIES,
				  wgd_zebra_client(), &api);
}

static void keep(void)
{
	afi_t afi;

	if (kept)
		return;
	kept = true;
	send_capability(ZEBRA_CLIENT_GR_CAPABILITIES, AFI_IP);
	for (afi = AFI_IP; afi <= AFI_IP6; afi++)
		send_capability(ZEBRA_CLIENT_ROUTE_UPDATE_PENDING, afi);
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
	afi_t afi;

	if (!wgd_zebra_client() || !seen)
		return;
	keep();
	for (afi = AFI_IP; afi <= AFI_IP6; afi++)
		send_capability(ZEBRA_CLIENT_ROUTE_UPDATE_COMPLETE, afi);
}

void wgd_hostroute_set(const struct wg_addr *addr, const struct wg_nexthop *nh,
		       size_t n)
{
	struct zapi_route api = {
		.vrf_id = VRF_DEFAULT,
		.type = ZEBRA_ROUTE_HSLS,
		.safi = SAFI_UNICAST,
		.distance = DISTANCE,
	};
	size_t i;

	wgd_zebra_prefix(addr, &api.prefix);
	SET_FLAG(api.message, ZAPI_MESSAGE_DISTANCE);
	if (n)
		SET_FLAG(api.message, ZAPI_MESSAGE_NEXTHOP);
	api.nexthop_num = MIN(n, (size_t)MULTIPATH_NUM);
	for (i = 0; i < api.nexthop_num; i++) {
		struct zapi_nexthop *to = &api.nexthops[i];

		to->vrf_id = VRF_DEFAULT;
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
	if (n)
		zlog_info("endpoint %pFX: host route, for another route leads to it through a tunnel",
			  &api.prefix);
	else
		zlog_info("endpoint %pFX: no host route any more",
			  &api.prefix);
	seen = true;
	keep();
	zclient_route_send(n ? ZEBRA_ROUTE_ADD : ZEBRA_ROUTE_DELETE,
			   wgd_zebra_client(), &api);
}
