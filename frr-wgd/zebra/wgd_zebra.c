// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zebra client.
 *
 * wgd says hello as ZEBRA_ROUTE_HSLS: no daemon owns that type, and zebra
 * deletes the routes of a client's type when the client goes.  What zebra says
 * is heard in engine/wgd_zebra_events.c.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "nexthop.h"
#include "prefix.h"
#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/zebra/wgd_zapi.h"
#include "frr-wgd/zebra/wgd_zebra.h"

static struct zclient *zclient;
static void (*tell_up)(struct zclient *zc);
static bool connected; /* it was, at least once */

/* --- the session */

static void up(struct zclient *zc)
{
	if (!wgd_zebra_is_lost(zc))
		tell_up(zc);
}

struct zclient *wgd_zebra_start(zclient_handler *const *handlers, size_t n,
				void (*is_up)(struct zclient *zc))
{
	static struct zclient_options options;

	zclient = zclient_new(wgd.master, &options, handlers, n);
	zclient_init(zclient, ZEBRA_ROUTE_HSLS, 0, &wgd_privs);
	tell_up = is_up;
	zclient->zebra_connected = up;
	return zclient;
}

bool wgd_zebra_connected(void)
{
	bool before = connected;
	struct vrf *vrf;

	zlog_info("connected to zebra%s", before ? " again" : "");
	connected = true;
	/* links are told for each VRF that was asked for */
	RB_FOREACH (vrf, vrf_name_head, &vrfs_by_name)
		if (vrf->vrf_id == VRF_DEFAULT || vrf_is_enabled(vrf))
			zclient_send_reg_requests(zclient, vrf->vrf_id);
	return before;
}

bool wgd_zebra_is_away(void)
{
	return zclient->sock < 0;
}

struct zclient *wgd_zebra_client(void)
{
	return connected ? zclient : NULL;
}

bool wgd_zebra_has_vrf(vrf_id_t id)
{
	struct vrf *vrf = vrf_lookup_by_id(id);

	return connected && vrf && vrf_is_enabled(vrf);
}

void wgd_zebra_finish(void)
{
	zclient_stop(zclient);
	zclient_free(zclient);
	wgd_zapi_finish();
}

/* --- what is asked of it */

void wgd_zebra_track(void)
{
	struct wg_gateway_want want;
	struct wg_prefix host;
	struct prefix p;

	if (!connected)
		return; /* asked for again when connected */
	while (wg_gateway_next(wgd.core, &want)) {
		if (!wgd_zebra_has_vrf(want.vrf))
			continue; /* its routes go with it */
		host = wg_prefix_host(&want.gateway);
		p = wgd_convert_to_frr(&host);
		wgd_debug_routes("%s next hop %pFX vrf %u",
				 want.want ? "track" : "forget", &p, want.vrf);
		zclient_send_rnh(zclient,
				 want.want ? ZEBRA_NEXTHOP_REGISTER
					   : ZEBRA_NEXTHOP_UNREGISTER,
				 &p, SAFI_UNICAST, false, want.via_default,
				 want.vrf);
	}
}

/* --- links */

struct interface *wgd_zebra_link(const char *name)
{
	struct interface *ifp = NULL;
	struct vrf *vrf;

	RB_FOREACH (vrf, vrf_name_head, &vrfs_by_name) {
		ifp = if_lookup_by_name_vrf(name, vrf);
		if (ifp && ifp->ifindex != IFINDEX_INTERNAL)
			return ifp;
	}
	return NULL;
}

const struct prefix *wgd_zebra_subnet(const char *name,
				      const struct wg_addr *addr)
{
	struct interface *ifp = wgd_zebra_link(name);
	struct wg_prefix host = wg_prefix_host(addr);
	struct prefix p = wgd_convert_to_frr(&host);
	struct listnode *node __attribute__((unused));
	struct connected *c;

	if (!ifp)
		return NULL;
	wgd_compat_each_connected (ifp, node, c)
		if (prefix_match(c->address, &p))
			return c->address;
	return NULL;
}

bool wgd_zebra_knows(const char *name, uint32_t ifindex)
{
	const struct interface *ifp = wgd_zebra_link(name);

	return wgd_zebra_is_away() ||
	       (ifp && (uint32_t)ifp->ifindex == ifindex);
}

void wgd_zebra_route(struct zclient *zc, const struct wgd_zebra_route *r,
		     const struct wg_nexthop *nh, size_t n)
{
	struct zapi_route api = {
		.vrf_id = r->vrf,
		.type = r->type,
		.instance = r->instance,
		.safi = SAFI_UNICAST,
		.distance = r->distance,
		.metric = r->metric,
		.prefix = wgd_convert_to_frr(&r->prefix),
	};
	size_t i;

	if (r->distance)
		SET_FLAG(api.message, ZAPI_MESSAGE_DISTANCE);
	if (r->metric)
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
	zclient_route_send(n ? ZEBRA_ROUTE_ADD : ZEBRA_ROUTE_DELETE, zc, &api);
}
