// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What zebra told, and which rooms it concerns: the core is told of routes and
 * next hops, the underlay of those of the default VRF, interfaces of their
 * links.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "prefix.h"
#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/engine/wgd_zebra_events.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "frr-wgd/zebra/wgd_bfd.h"
#include "frr-wgd/zebra/wgd_graceful.h"
#include "frr-wgd/zebra/wgd_leftover.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_unswept.h"
#include "frr-wgd/zebra/wgd_zapi.h"
#include "frr-wgd/zebra/wgd_zebra.h"

#define MALFORMED_S 5 /* until all routes are asked for again */
#define NO_ROOM_S 60

static struct zclient *zclient;
static bool old_seen; /* a route of ours that an earlier version made */

/* --- routes */

/*
 * A host route without a next hop to an address of this machine: the address
 * itself, where it has the prefix of a host, or OSPF's, which has one to it
 * where the network is point-to-multipoint.
 */
static bool is_own(vrf_id_t vrf, const struct wgd_zapi_route *route)
{
	const struct prefix *p = &route->prefix;
	unsigned i;

	if (p->prefixlen != prefix_blen(p) * 8)
		return false;
	for (i = 0; i < route->n_nh; i++)
		if (route->nh[i].type != NEXTHOP_TYPE_IFINDEX)
			return false;
	return if_address_is_local(&p->u.prefix, p->family, vrf);
}

static void route_take(uint16_t cmd, vrf_id_t vrf, struct stream *s)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wgd_zapi_route route;
	struct wg_prefix p;
	size_t n;
	int rc;

	if (!wgd_replay_follows(vrf))
		return; /* under way while we let go */
	if (!wgd_zapi_route_decode(s, &route)) {
		zlog_err(
			"malformed route message from zebra (command %d, vrf %u): asking for all routes again",
			cmd, vrf);
		wgd_replay_again(vrf, MALFORMED_S);
		return;
	}
	if (route.has_source)
		return; /* AllowedIPs know no source-specific routes */
	if (!wgd_convert_prefix(&route.prefix, &p))
		return;
	wgd_debug_routes("%s %pFX %s vrf %u, %u next hops",
			 cmd == ZEBRA_REDISTRIBUTE_ROUTE_ADD ? "add" : "del",
			 &route.prefix, zebra_route_string(route.type), vrf,
			 route.n_nh);
	/* our own address leads to no peer, though it is "on" the link */
	if (cmd == ZEBRA_REDISTRIBUTE_ROUTE_DEL ||
	    wgd_compat_is_local(route.type) || is_own(vrf, &route)) {
		n = 0;
		wg_route_delete(wgd.core, vrf, &p);
	} else {
		n = wgd_convert_nexthops(route.nh, route.n_nh, vrf, NULL, nh);
		rc = wg_route_update(wgd.core, vrf, &p, route.type, nh, n);
		if (rc < 0 && wgd_replay_again(vrf, NO_ROOM_S))
			zlog_err(
				"%pFX and perhaps more: route not followed: %s; asking for all routes again in %u s",
				&route.prefix, safe_strerror(-rc), NO_ROOM_S);
	}
	if (route.type == ZEBRA_ROUTE_TABLE)
		wgd_leftover_told(
			vrf, &p, route.instance,
			n == 1 && !nh[0].gateway.family ? nh[0].ifindex : 0, n);
	wgd_unswept_told(vrf, &p, &route, nh, n);
	old_seen |= route.type == ZEBRA_ROUTE_HSLS;
	if (vrf == VRF_DEFAULT)
		wg_underlay_route(wgd.underlay, &p, nh, n);
	wgd_device_route_event();
}

/* These routes come next. */
static void expect(vrf_id_t vrf)
{
	struct wg_prefix p[WG_ROUTE_EXPECT];
	struct prefix ahead[WG_ROUTE_EXPECT];
	size_t i, n = wgd_zapi_route_ahead(vrf, ahead, WG_ROUTE_EXPECT);

	for (i = 0; i < n && wgd_convert_prefix(&ahead[i], &p[i]); i++)
		;
	wg_route_expect(wgd.core, vrf, p, i);
}

static int route_told(ZAPI_CALLBACK_ARGS)
{
	struct wgd_zapi_message m;
	unsigned n;

	route_take(cmd, vrf_id, zclient->ibuf);
	for (n = 0; wgd_zapi_route_next(zclient, &m); n++) {
		if (n % WG_ROUTE_EXPECT == 0)
			expect(m.vrf);
		route_take(m.command, m.vrf, m.s);
	}
	wgd_underlay_write();
	wgd_replay_heard();
	return 0;
}

void wgd_zebra_events_drop_old(void)
{
	struct zclient *zc = wgd_zebra_client();

	if (!old_seen || !zc)
		return;
	wgd_graceful_keep(zc, VRF_DEFAULT);
	wgd_graceful_drop_old(zc, VRF_DEFAULT);
}

/* --- next hops */

static void endpoint_told(const struct wg_addr *addr,
			  const struct zapi_route *route)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wg_way way = {.nh = nh};
	size_t i, n;

	n = wgd_convert_nexthops(route->nexthops,
				 MIN(route->nexthop_num, array_size(nh)),
				 VRF_DEFAULT, NULL, nh);
	/* recursive ones come with what they resolve to */
	for (i = 0; i < n; i++)
		if (nh[i].ifindex)
			nh[way.n_nh++] = nh[i];
	if (way.n_nh && !wgd_convert_prefix(&route->prefix, &way.prefix))
		return;
	wg_underlay_told(wgd.underlay, addr, &way);
	wgd_underlay_write();
}

static void gateway_told(vrf_id_t vrf, const struct prefix *match,
			 const struct zapi_route *route)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wg_addr gateway;
	size_t n;

	if (wgd_replay_is_barrier(vrf, match))
		return;
	if (match->family != AF_INET && match->family != AF_INET6)
		return;
	wgd_convert_addr(match->family, &match->u.prefix, &gateway);
	n = wgd_convert_nexthops(route->nexthops,
				 MIN(route->nexthop_num, array_size(nh)), vrf,
				 &gateway, nh);
	wgd_debug_routes("next hop %pFX vrf %u: %zu links", match, vrf, n);
	wg_gateway_update(wgd.core, vrf, &gateway, nh, n);
	if (vrf == VRF_DEFAULT)
		endpoint_told(&gateway, route);
	wgd_if_kick_all();
}

#if FRR_VER < 90000
static int nexthop_told(ZAPI_CALLBACK_ARGS)
{
	struct zapi_route route;
	struct prefix match = {};

	if (!zapi_nexthop_update_decode(zclient->ibuf, &match, &route)) {
		zlog_err(
			"malformed next hop message from zebra (vrf %u): ignored",
			vrf_id);
		return 0;
	}
	gateway_told(vrf_id, &match, &route);
	return 0;
}
#else
static void nexthop_told(struct vrf *vrf, struct prefix *match,
			 struct zapi_route *route)
{
	gateway_told(vrf->vrf_id, match, route);
}
#endif

/* --- links */

static int link_changed(struct interface *ifp)
{
	wgd_debug_events("link %s: index %u, %s", ifp->name, ifp->ifindex,
			 if_is_up(ifp) ? "up" : "down");
	wgd_if_link_changed(ifp->name);
	wgd_underlay_link_changed();
	return 0;
}

#if FRR_VER < 90000
static int link_vrf_told(ZAPI_CALLBACK_ARGS)
{
	vrf_id_t vrf;
	struct interface *ifp =
		zebra_interface_vrf_update_read(zclient->ibuf, vrf_id, &vrf);

	if (ifp) {
		if_update_to_new_vrf(ifp, vrf);
		wgd_if_link_changed(ifp->name);
	}
	return 0;
}
#endif

/* --- the session */

static void zebra_up(struct zclient *zc)
{
	bool again = wgd_zebra_connected();

	wgd_unswept_forget();
	wgd_replay_connected(again);
	wg_gateway_replay(wgd.core);
	wgd_zebra_track();
	wgd_bfd_zebra_up();
	wgd_mesh_zebra_up();
	wgd_if_kick_all();
}

/* libfrr keeps an interface's addresses if it is handed what zebra says. */
static int address_told(ZAPI_CALLBACK_ARGS)
{
	struct connected *c =
		zebra_interface_address_read(cmd, zclient->ibuf, vrf_id);

	if (c && cmd == ZEBRA_INTERFACE_ADDRESS_DELETE)
		connected_free(&c);
	wgd_mesh_address_told();
	return 0;
}

static zclient_handler *const handlers[] = {
	[ZEBRA_INTERFACE_ADDRESS_ADD] = address_told,
	[ZEBRA_INTERFACE_ADDRESS_DELETE] = address_told,
	[ZEBRA_REDISTRIBUTE_ROUTE_ADD] = route_told,
	[ZEBRA_REDISTRIBUTE_ROUTE_DEL] = route_told,
#if FRR_VER < 90000
	[ZEBRA_NEXTHOP_UPDATE] = nexthop_told,
	[ZEBRA_INTERFACE_VRF_UPDATE] = link_vrf_told,
#endif
};

static int vrf_enabled(struct vrf *vrf)
{
	struct zclient *zc = wgd_zebra_client();

	if (zc && vrf->vrf_id != VRF_DEFAULT)
		zclient_send_reg_requests(zc, vrf->vrf_id);
	wgd_replay_vrf_enabled(vrf->vrf_id);
	wgd_table_vrf(vrf->vrf_id);
	return 0;
}

/* Devices that were in it are somewhere else, or about to be. */
static int vrf_disabled(struct vrf *vrf)
{
	struct wgd_if *wif = wgd_if_first();

	if (wgd_replay_vrf_disabled(vrf->vrf_id))
		for (; wif; wif = wgd_if_next(wif))
			wgd_if_link_changed(wif->name);
	return 0;
}

static int vrf_ignored(struct vrf *vrf)
{
	return 0;
}

void wgd_zebra_events_init(void)
{
	vrf_init(vrf_ignored, vrf_enabled, vrf_disabled, vrf_ignored);
	wgd_compat_if_hooks(link_changed, link_changed, link_changed,
			    link_changed);
	zclient = wgd_zebra_start(handlers, array_size(handlers), zebra_up);
#if FRR_VER >= 90000
	zclient->nexthop_update = nexthop_told;
#endif
}
