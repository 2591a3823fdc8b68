// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zebra client.
 *
 * wgd says hello as ZEBRA_ROUTE_HSLS: no daemon owns that type, and zebra
 * deletes the routes of a client's type when the client goes.  It subscribes
 * to ZEBRA_ROUTE_ALL, so that a change of protocol is an update like any
 * other; state is keyed by (vrf, prefix), never by protocol.
 *
 * zebra has no end-of-routes marker.  It answers in order, though, so the
 * answer to a request that follows the subscription says that all routes have
 * been told: the barrier.  The request is next hop tracking of 255.255.255.255,
 * which is never a next hop; zebra answers a new registration at once.
 *
 * That ends a replay.  What a device has of an earlier life stays for a quiet
 * time after it: what resolves recursive next hops comes behind the barrier, and
 * at our own start bgpd may be starting with us.  When zebra has gone and come
 * back, the barrier says nothing: the daemons need time to tell zebra their
 * routes again, so the old ones stay for the stale time.
 *
 * VRFs: a VRF is followed while a device is in it.  Which one that is says the
 * kernel, not zebra: zebra tells a move in pieces (gone here, there again) and
 * an interface in between is in no VRF.  zebra drops what is asked of a VRF
 * that it does not know (yet), and forgets tracked next hops, but not
 * subscriptions, when a VRF goes; its number may come again for another one.
 * So nothing is asked before zebra told of the VRF, all is forgotten with it,
 * and each subscription begins with its end.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "nexthop.h"
#include "prefix.h"
#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_bfd.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_hostroute.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_leftover.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_unswept.h"
#include "frr-wgd/wgd_zapi.h"
#include "frr-wgd/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_VRF, "WireGuard followed VRF");

#define QUIET_MS 3000
#define MALFORMED_S 5 /* until all routes are asked for again */
#define NO_ROOM_S 60

/* A VRF whose routes we want. */
struct follow {
	struct follow *next;
	vrf_id_t vrf;
	bool replaying; /* routes not told again are still kept */
	unsigned barriers; /* asked for, not answered yet */
	bool cold; /* zebra came back: the barrier says nothing */
	struct event *t_end; /* ends the replay of a cold zebra */
	struct event *t_again; /* asks for another one */
};

static struct zclient *zclient;
static bool connected, connected_before;
static struct follow *follows;
static struct event *t_quiet, *t_stale;

/* There is no zebra, whatever was asked of one before. */
static bool is_away(void)
{
	return zclient->sock < 0;
}

static void to_addr(uint8_t family, const void *bytes, struct wg_addr *ret)
{
	*ret = (struct wg_addr){ .family = family };
	memcpy(ret->b, bytes, wg_family_bytes(family));
}

static bool to_prefix(const struct prefix *p, struct wg_prefix *ret)
{
	if (p->family != AF_INET && p->family != AF_INET6)
		return false;
	*ret = (struct wg_prefix){ .family = p->family, .len = p->prefixlen };
	memcpy(ret->b, &p->u.prefix, wg_family_bytes(p->family));
	wg_prefix_mask(ret);
	return true;
}

struct prefix wgd_zebra_prefix(const struct wg_prefix *p)
{
	struct prefix ret = {.family = p->family, .prefixlen = p->len};

	memcpy(&ret.u.prefix, p->b, wg_family_bytes(p->family));
	return ret;
}

/*
 * zebra's next hops to the core's.  ON_LINK is the gateway of next hops that
 * have none (tracking: the address itself), or NULL.
 */
static size_t to_nexthops(const struct zapi_nexthop *from, size_t n,
			  vrf_id_t vrf, const struct wg_addr *on_link,
			  struct wg_nexthop *ret)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		struct wg_nexthop nh = {
			.ifindex = from[i].ifindex,
			.weight = MIN(from[i].weight, UINT8_MAX),
			.on_link = CHECK_FLAG(from[i].flags,
					      ZAPI_NEXTHOP_FLAG_ONLINK),
		};

		switch (from[i].type) {
		case NEXTHOP_TYPE_IPV4:
		case NEXTHOP_TYPE_IPV4_IFINDEX:
			to_addr(AF_INET, &from[i].gate.ipv4, &nh.gateway);
			break;
		case NEXTHOP_TYPE_IPV6:
		case NEXTHOP_TYPE_IPV6_IFINDEX:
			to_addr(AF_INET6, &from[i].gate.ipv6, &nh.gateway);
			break;
		case NEXTHOP_TYPE_IFINDEX:
			if (on_link)
				nh.gateway = *on_link;
			break;
		case NEXTHOP_TYPE_BLACKHOLE:
			continue;
		}
		/* a resolved next hop with no link resolves nothing, and one
		 * of another VRF would be looked up in this one */
		if (!nh.ifindex && (on_link || from[i].vrf_id != vrf))
			continue;
		ret[k++] = nh;
	}
	return k;
}

/* --- routes */

static void wait_for_quiet(void);
static bool ask_again(vrf_id_t vrf, unsigned seconds);
static struct follow *follow_find(vrf_id_t vrf);

static void route_take(uint16_t cmd, vrf_id_t vrf, struct stream *s)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wgd_zapi_route route;
	struct wg_prefix p;
	bool unswept;
	size_t n;
	int rc;

	if (!follow_find(vrf))
		return; /* under way while we let go */
	if (!wgd_zapi_route_decode(s, &route)) {
		zlog_err("malformed route message from zebra (command %d, vrf %u): asking for all routes again",
			 cmd, vrf);
		ask_again(vrf, MALFORMED_S);
		return;
	}
	if (route.has_source)
		return; /* AllowedIPs know no source-specific routes */
	if (!to_prefix(&route.prefix, &p))
		return;
	wgd_debug_routes("%s %pFX %s vrf %u, %u next hops",
			 cmd == ZEBRA_REDISTRIBUTE_ROUTE_ADD ? "add" : "del",
			 &route.prefix, zebra_route_string(route.type), vrf,
			 route.n_nh);
	/* our own address leads to no peer, though it is "on" the link */
	if (cmd == ZEBRA_REDISTRIBUTE_ROUTE_DEL ||
	    wgd_compat_is_local(route.type)) {
		n = 0;
		wg_route_delete(wgd.core, vrf, &p);
	} else {
		n = to_nexthops(route.nh, route.n_nh, vrf, NULL, nh);
		rc = wg_route_update(wgd.core, vrf, &p, route.type, nh, n);
		if (rc < 0 && ask_again(vrf, NO_ROOM_S))
			zlog_err("%pFX and perhaps more: route not followed: %s; asking for all routes again in %u s",
				 &route.prefix, safe_strerror(-rc), NO_ROOM_S);
	}
	if (route.type == ZEBRA_ROUTE_TABLE)
		wgd_leftover_told(vrf, &p, route.instance,
				  n == 1 && !nh[0].gateway.family
					  ? nh[0].ifindex
					  : 0,
				  n);
	unswept = wgd_unswept_told(vrf, &p, &route, nh, n);
	if (route.type == ZEBRA_ROUTE_HSLS)
		wgd_hostroute_seen();
	else if (vrf == VRF_DEFAULT && !unswept)
		wg_underlay_route(wgd.underlay, &p, nh, n);
	wgd_if_route_event();
}

/* These routes come next. */
static void expect(vrf_id_t vrf)
{
	struct wg_prefix p[WG_ROUTE_EXPECT];
	struct prefix ahead[WG_ROUTE_EXPECT];
	size_t i, n = wgd_zapi_route_ahead(vrf, ahead, WG_ROUTE_EXPECT);

	for (i = 0; i < n && to_prefix(&ahead[i], &p[i]); i++)
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
	wgd_underlay_order();
	if (t_quiet)
		wait_for_quiet();
	return 0;
}

/* --- replay */

bool wgd_zebra_is_telling(void)
{
	return t_stale;
}

static void routes_are_here(struct event *t)
{
	bool first = !wgd.routes_here;

	event_cancel(&t_quiet);
	event_cancel(&t_stale);
	wgd.routes_here = true;
	zlog_info("all routes are here");
	wgd_if_release_stale();
	if (first) {
		wgd_underlay_settle();
		wgd_unswept_settle();
		wgd_hostroute_drop_old();
	}
}

static void quiet(struct event *t)
{
	struct follow *f;

	if (is_away())
		return; /* its return begins replays */
	for (f = follows; f; f = f->next)
		if (f->replaying)
			return; /* its end is waited for, too */
	routes_are_here(t);
}

static void wait_for_quiet(void)
{
	event_cancel(&t_quiet);
	event_add_timer_msec(wgd.master, quiet, NULL, QUIET_MS, &t_quiet);
}

static void replay_end(struct follow *f)
{
	size_t swept;

	if (!f->replaying)
		return;
	f->replaying = false;
	event_cancel(&f->t_end);
	swept = wg_route_replay_end(wgd.core, f->vrf);
	wgd_debug_events("vrf %u: routes told again, %zu were gone", f->vrf,
			 swept);
	wgd_if_kick_all();
	if (t_stale)
		wait_for_quiet();
}

static void stale_time_over(struct event *t)
{
	replay_end(EVENT_ARG(t));
}

static void barrier_prefix(struct prefix *p)
{
	memset(p, 0, sizeof(*p));
	p->family = AF_INET;
	p->prefixlen = IPV4_MAX_BITLEN;
	p->u.prefix4.s_addr = INADDR_BROADCAST;
}

/* Does zebra know the VRF? */
static bool is_there(vrf_id_t id)
{
	struct vrf *vrf = vrf_lookup_by_id(id);

	return connected && vrf && vrf_is_enabled(vrf);
}

static void ask(vrf_id_t vrf, bool subscribe)
{
	afi_t afi;

	/* zclient_redistribute() would send nothing for what it remembers */
	for (afi = AFI_IP; afi <= AFI_IP6; afi++) {
		zebra_redistribute_send(ZEBRA_REDISTRIBUTE_DELETE, zclient,
					afi, ZEBRA_ROUTE_ALL, 0, vrf);
		if (subscribe)
			zebra_redistribute_send(ZEBRA_REDISTRIBUTE_ADD,
						zclient, afi, ZEBRA_ROUTE_ALL,
						0, vrf);
	}
}

/* Have all routes of the VRF told, from the beginning. */
static void subscribe(struct follow *f)
{
	struct prefix p;

	if (!is_there(f->vrf))
		return; /* vrf_enabled or zebra_up will */
	wg_route_replay_begin(wgd.core, f->vrf);
	f->replaying = true;
	ask(f->vrf, true);
	event_cancel(&f->t_end);
	if (f->cold) {
		event_add_timer(wgd.master, stale_time_over, f,
				wgd.stale_time, &f->t_end);
		return;
	}
	barrier_prefix(&p);
	f->barriers++;
	zclient_send_rnh(zclient, ZEBRA_NEXTHOP_REGISTER, &p, SAFI_UNICAST,
			 false, false, f->vrf);
}

/* There are no routes in that VRF, nor answers to come. */
static void forget_routes(struct follow *f)
{
	f->replaying = false;
	f->barriers = 0;
	event_cancel(&f->t_end);
	event_cancel(&f->t_again);
	wg_route_replay_begin(wgd.core, f->vrf);
	wg_route_replay_end(wgd.core, f->vrf);
}

static bool is_needed(const struct follow *f)
{
	struct wg_dev *dev;

	if (f->vrf == VRF_DEFAULT)
		return true; /* the underlay's */
	for (dev = wg_dev_first(wgd.core); dev; dev = wg_dev_next(dev))
		if (wg_dev_vrf(dev) == f->vrf)
			return true;
	return false;
}

/* Let go of VRFs that no device is in. */
static void prune(void)
{
	struct follow **at = &follows, *f;

	while ((f = *at)) {
		if (is_needed(f)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		if (is_there(f->vrf))
			ask(f->vrf, false);
		forget_routes(f);
		XFREE(MTYPE_WGD_VRF, f);
	}
}

static struct follow *follow_find(vrf_id_t vrf)
{
	struct follow *f;

	for (f = follows; f && f->vrf != vrf; f = f->next)
		;
	return f;
}

static void replay_due(struct event *t)
{
	subscribe(EVENT_ARG(t));
}

/*
 * What a message said is lost: have it all told again, but not at once.  True:
 * this was not under way already.
 */
static bool ask_again(vrf_id_t vrf, unsigned seconds)
{
	struct follow *f = follow_find(vrf);

	if (!f || f->t_again)
		return false;
	event_add_timer(wgd.master, replay_due, f, seconds, &f->t_again);
	return true;
}

static struct follow *follow_new(vrf_id_t vrf)
{
	struct follow *f = XCALLOC(MTYPE_WGD_VRF, sizeof(*f));

	f->vrf = vrf;
	f->next = follows;
	follows = f;
	return f;
}

void wgd_zebra_follow(struct wg_dev *dev, bool fresh)
{
	struct follow *f = follow_find(wg_dev_vrf(dev));

	prune();
	if (!follow_find(VRF_DEFAULT) && wg_dev_vrf(dev) != VRF_DEFAULT)
		subscribe(follow_new(VRF_DEFAULT));
	if (f && fresh)
		return; /* there can be no routes of a new link yet */
	/* from the device on: its configuration may come late */
	if (!t_stale)
		event_add_timer(wgd.master, routes_are_here, NULL,
				wgd.stale_time, &t_stale);
	subscribe(f ?: follow_new(wg_dev_vrf(dev)));
}

static void barrier_reached(vrf_id_t vrf)
{
	struct follow *f = follow_find(vrf);
	struct prefix p;

	if (!f || !f->barriers)
		return;
	barrier_prefix(&p);
	zclient_send_rnh(zclient, ZEBRA_NEXTHOP_UNREGISTER, &p, SAFI_UNICAST,
			 false, false, vrf);
	if (--f->barriers == 0 && !f->cold)
		replay_end(f);
}

/* --- next hop tracking */

struct zclient *wgd_zebra_client(void)
{
	return connected ? zclient : NULL;
}

void wgd_zebra_track(void)
{
	struct wg_gateway_want want;
	struct wg_prefix host;
	struct prefix p;

	if (!connected)
		return; /* asked for again when connected */
	while (wg_gateway_next(wgd.core, &want)) {
		if (!is_there(want.vrf))
			continue; /* its routes go with it */
		host = wg_prefix_host(&want.gateway);
		p = wgd_zebra_prefix(&host);
		wgd_debug_routes("%s next hop %pFX vrf %u",
				 want.want ? "track" : "forget", &p, want.vrf);
		zclient_send_rnh(zclient,
				 want.want ? ZEBRA_NEXTHOP_REGISTER
					   : ZEBRA_NEXTHOP_UNREGISTER,
				 &p, SAFI_UNICAST, false, want.via_default,
				 want.vrf);
	}
}

static void endpoint_told(const struct wg_addr *addr,
			  const struct zapi_route *route)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wg_way way = {
		.ours = route->type == ZEBRA_ROUTE_HSLS,
		.nh = nh,
	};
	size_t i, n;

	n = to_nexthops(route->nexthops,
			MIN(route->nexthop_num, array_size(nh)), VRF_DEFAULT,
			NULL, nh);
	/* recursive ones come with what they resolve to */
	for (i = 0; i < n; i++)
		if (nh[i].ifindex)
			nh[way.n_nh++] = nh[i];
	if (way.n_nh && !to_prefix(&route->prefix, &way.prefix))
		return;
	if (way.n_nh && route->type == ZEBRA_ROUTE_KERNEL)
		way.ours = wgd_unswept_is(&way.prefix);
	wg_underlay_told(wgd.underlay, addr, &way);
	wgd_underlay_order();
}

static void gateway_told(vrf_id_t vrf, const struct prefix *match,
			 const struct zapi_route *route)
{
	struct wg_nexthop nh[MULTIPATH_NUM];
	struct wg_addr gateway;
	struct prefix barrier;
	size_t n;

	barrier_prefix(&barrier);
	if (prefix_same(match, &barrier)) {
		barrier_reached(vrf);
		return;
	}
	if (match->family != AF_INET && match->family != AF_INET6)
		return;
	to_addr(match->family, &match->u.prefix, &gateway);
	n = to_nexthops(route->nexthops,
			MIN(route->nexthop_num, array_size(nh)), vrf, &gateway,
			nh);
	wgd_debug_routes("next hop %pFX vrf %u: %zu links", match, vrf, n);
	wg_gateway_update(wgd.core, vrf, &gateway, nh, n);
	if (vrf == VRF_DEFAULT) {
		wgd_source_told(&gateway, nh, n);
		endpoint_told(&gateway, route);
	}
	wgd_if_kick_all();
}

#if FRR_VER < 90000
static int nexthop_told(ZAPI_CALLBACK_ARGS)
{
	struct zapi_route route;
	struct prefix match = {};

	if (!zapi_nexthop_update_decode(zclient->ibuf, &match, &route)) {
		zlog_err("malformed next hop message from zebra (vrf %u): ignored",
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

bool wgd_zebra_knows(const char *name, uint32_t ifindex)
{
	const struct interface *ifp = wgd_zebra_link(name);

	return is_away() || (ifp && (uint32_t)ifp->ifindex == ifindex);
}

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
	struct follow *f;
	struct vrf *vrf;

	zlog_info("connected to zebra%s", connected_before ? " again" : "");
	connected = true;
	wgd_unswept_forget();
	/* links are told for each VRF that was asked for */
	RB_FOREACH (vrf, vrf_name_head, &vrfs_by_name)
		if (vrf->vrf_id == VRF_DEFAULT || vrf_is_enabled(vrf))
			zclient_send_reg_requests(zc, vrf->vrf_id);
	for (f = follows; f; f = f->next) {
		f->cold = connected_before;
		f->barriers = 0;
		subscribe(f);
	}
	connected_before = true;
	wgd_hostroute_session();
	wgd_underlay_replay();
	wg_gateway_replay(wgd.core);
	wgd_zebra_track();
	wgd_bfd_zebra_up();
	wgd_if_kick_all();
}

/* libfrr keeps an interface's addresses if it is handed what zebra says. */
static int address_told(ZAPI_CALLBACK_ARGS)
{
	struct connected *c =
		zebra_interface_address_read(cmd, zclient->ibuf, vrf_id);

	if (c && cmd == ZEBRA_INTERFACE_ADDRESS_DELETE)
		connected_free(&c);
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
	struct follow *f = follow_find(vrf->vrf_id);

	if (connected && vrf->vrf_id != VRF_DEFAULT)
		zclient_send_reg_requests(zclient, vrf->vrf_id);
	if (f)
		subscribe(f);
	wgd_announce_vrf(vrf->vrf_id);
	return 0;
}

/* Devices that were in it are somewhere else, or about to be. */
static int vrf_disabled(struct vrf *vrf)
{
	struct follow *f = follow_find(vrf->vrf_id);
	struct wg_dev *dev;

	if (!f)
		return 0;
	forget_routes(f);
	for (dev = wg_dev_first(wgd.core); dev; dev = wg_dev_next(dev))
		wgd_if_link_changed(wg_dev_name(dev));
	return 0;
}

static int vrf_ignored(struct vrf *vrf)
{
	return 0;
}

void wgd_zebra_init(void)
{
	static struct zclient_options options;

	vrf_init(vrf_ignored, vrf_enabled, vrf_disabled, vrf_ignored);
	wgd_compat_if_hooks(link_changed, link_changed, link_changed,
			    link_changed);
	zclient = zclient_new(wgd.master, &options, handlers,
			      array_size(handlers));
	zclient_init(zclient, ZEBRA_ROUTE_HSLS, 0, &wgd_privs);
	zclient->zebra_connected = zebra_up;
#if FRR_VER >= 90000
	zclient->nexthop_update = nexthop_told;
#endif
}

void wgd_zebra_finish(void)
{
	struct follow *f;

	event_cancel(&t_quiet);
	event_cancel(&t_stale);
	wgd_unswept_forget();
	while ((f = follows)) {
		follows = f->next;
		event_cancel(&f->t_end);
		event_cancel(&f->t_again);
		XFREE(MTYPE_WGD_VRF, f);
	}
	zclient_stop(zclient);
	zclient_free(zclient);
	wgd_zapi_finish();
}
