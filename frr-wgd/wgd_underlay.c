// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the endpoints.
 *
 * A peer has up to two endpoints that matter: where it is (as the device says)
 * and where it is configured to be.  Both are held, so that there is a way to
 * the one when the other fails; and a third one where somebody is about to
 * have it there.  An interface with a mark routes its packets by rules of the
 * operator's own, so nothing is done for its peers; unless it has a source, for
 * that goes the ways of the main table (wgd_source.c).
 *
 * A peer that is in a session is reached, whatever this routing table says:
 * the packets may well be routed by another one, in another network namespace
 * for example.  So an endpoint counts as inside the tunnel only while its peer
 * does not answer.
 *
 * What covers an endpoint and is new reaches the device when the host route is
 * there, and not before: so what the kernel leads into the tunnel meanwhile is
 * dropped, and does not come out at the other end, where it would look as if
 * the peer had moved (wgd_peer.c).
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_hostroute.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_zebra.h"

#define AWAIT_MS 2000 /* a host route; zebra needs 10 */
#define WG_OVERHEAD 80 /* bytes: IPv6, UDP, WireGuard's header and tag */

static uint32_t generation; /* of what was acted upon */
static bool judge_all;
static struct event *t_awaited; /* a host route: all is judged again */

/* --- what is held */

/* Routing by our table concerns this endpoint. */
static struct wg_addr concern(const struct wgd_peer *p,
			      const struct wg_endpoint *e)
{
	const struct wg_dev_conf *conf = wg_dev_conf(p->wif->dev);
	static const struct wg_addr none;

	/* a link-local one names its link */
	if (e->scope ||
	    (conf->fwmark && !wgd_source_is_on(p->wif, e->addr.family)))
		return none;
	return e->addr;
}

static void hold(struct wgd_if *wif, struct wg_addr *held, struct wg_addr addr)
{
	struct wg_addr old = *held;

	if (wg_addr_same(&old, &addr))
		return;
	*held = addr;
	/* first the new one: it may learn from the old one's ways */
	if (addr.family) {
		wg_gateway_hold(wgd.core, VRF_DEFAULT, &addr);
		wg_underlay_hold(wgd.underlay, &addr);
		wgd_source_hold(wif, &addr);
	}
	if (old.family) {
		wgd_source_release(wif, &old);
		wg_underlay_release(wgd.underlay, &old);
		wg_gateway_release(wgd.core, VRF_DEFAULT, &old);
	}
}

static const struct wg_addr *endpoint_of(const struct wgd_peer *p)
{
	return p->under[0].family ? &p->under[0] : &p->under[1];
}

enum wg_path wgd_underlay_path(const struct wgd_peer *p)
{
	uint32_t ifindex;

	return wg_underlay_path(wgd.underlay, endpoint_of(p), &ifindex);
}

static void awaited(struct event *t)
{
	judge_all = true;
	wgd_if_kick_all();
}

/* Is it being led outside?  It may fail, so not for ever. */
static bool is_on_its_way_out(struct wgd_peer *p)
{
	int64_t now = wgd_now_ms();

	if (!wg_underlay_awaits(wgd.underlay, endpoint_of(p))) {
		p->awaits_ms = 0;
		return false;
	}
	if (!p->awaits_ms)
		p->awaits_ms = now;
	if (now - p->awaits_ms >= AWAIT_MS)
		return false;
	event_add_timer_msec(wgd.master, awaited, NULL, AWAIT_MS, &t_awaited);
	return true;
}

/* Does the tunnel run in itself? */
static void judge(struct wgd_peer *p)
{
	uint32_t ifindex;
	enum wg_path path =
		wg_underlay_path(wgd.underlay, endpoint_of(p), &ifindex);
	bool through = path == WG_PATH_INSIDE &&
		       ifindex == wg_dev_ifindex(p->wif->dev);
	bool out = is_on_its_way_out(p) && through;
	bool inside = through && !out && !wgd_peer_in_session(p);
	char addr[WG_ADDR_STRLEN];

	wgd_group_path(p, path);
	if (inside != p->inside) {
		wg_addr_str(endpoint_of(p), addr);
		if (inside)
			zlog_warn(
				"%s: peer %s: routing leads to its endpoint %s through the tunnel itself, and no other way is known: prefixes that cover it are not followed",
				p->wif->name, wg_peer_name(p->peer), addr);
		else
			zlog_notice(
				"%s: peer %s: its endpoint %s is not inside the tunnel any more",
				p->wif->name, wg_peer_name(p->peer), addr);
	}
	p->inside = inside;
	wg_peer_set_inside(p->peer, inside || out ? endpoint_of(p) : NULL, out);
}

void wgd_underlay_peer(struct wgd_peer *p)
{
	hold(p->wif, &p->under[0], concern(p, &p->endpoint));
	hold(p->wif, &p->under[1], concern(p, &p->resolved));
	judge(p);
}

void wgd_underlay_expect(struct wgd_peer *p, const struct wg_endpoint *e)
{
	static const struct wg_addr none;

	hold(p->wif, &p->under[2], e ? concern(p, e) : none);
}

void wgd_underlay_forget_peer(struct wgd_peer *p)
{
	static const struct wg_addr none;

	unsigned i;

	for (i = 0; i < array_size(p->under); i++)
		hold(p->wif, &p->under[i], none);
}

void wgd_underlay_forget_if(struct wgd_if *wif)
{
	wg_underlay_set_tunnel(wgd.underlay, wif->tunnel, false);
	wif->tunnel = 0;
}

/* --- the MTU */

static uint32_t mtu_to(const struct wg_addr *addr, const struct interface **ret)
{
	struct interface *ifp;
	enum wg_path path;
	uint32_t ifindex;

	path = wg_underlay_path(wgd.underlay, addr, &ifindex);
	if (path != WG_PATH_OUTSIDE && path != WG_PATH_KEPT)
		return UINT32_MAX;
	ifp = if_lookup_by_index(ifindex, VRF_DEFAULT);
	if (!ifp || !ifp->mtu)
		return UINT32_MAX;
	*ret = ifp;
	return ifp->mtu;
}

uint32_t wgd_underlay_mtu(struct wgd_if *wif, const struct interface **ret_link)
{
	uint32_t mtu = WGD_MTU_DEFAULT, outer;
	const struct interface *ifp;
	struct wg_peer *peer;
	unsigned i;

	*ret_link = NULL;
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		const struct wgd_peer *p = wg_peer_arg(peer);

		for (i = 0; i < array_size(p->under); i++) {

			outer = mtu_to(&p->under[i], &ifp);
			if (outer >= mtu + WG_OVERHEAD)
				continue;
			mtu = MAX(outer, WGD_MTU_MIN + WG_OVERHEAD) -
			      WG_OVERHEAD;
			*ret_link = ifp;
		}
	}
	return mtu;
}

/* --- acting */

static void look_at_links(void)
{
	struct wgd_if *wif;
	uint32_t ifindex;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		ifindex = wg_dev_ifindex(wif->dev);
		if (wif->tunnel == ifindex)
			continue;
		wg_underlay_set_tunnel(wgd.underlay, wif->tunnel, false);
		wg_underlay_set_tunnel(wgd.underlay, ifindex, true);
		wif->tunnel = ifindex;
		judge_all = true;
	}
}

void wgd_underlay_order(void)
{
	struct wg_underlay_want want;
	bool ordered = false;
	struct wgd_if *wif;

	while (wgd_zebra_client() &&
	       wg_underlay_next(wgd.underlay, wgd.routes_here, &want)) {
		wgd_hostroute_set(&want.addr, want.nh, want.n_nh);
		ordered |= want.n_nh;
		if (want.ask)
			wg_gateway_ask(wgd.core, VRF_DEFAULT, &want.addr);
	}
	for (wif = wgd_if_first(); wif && ordered; wif = wgd_if_next(wif))
		wgd_device_watch(wif);
}

void wgd_underlay_settle(void)
{
	struct wg_peer *peer;
	struct wgd_if *wif;

	look_at_links();
	wgd_underlay_order();
	if (generation == wg_underlay_generation(wgd.underlay) &&
	    !judge_all)
		return;
	generation = wg_underlay_generation(wgd.underlay);
	judge_all = false;
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		for (peer = wg_peer_first(wif->dev); peer;
		     peer = wg_peer_next(peer))
			judge(wg_peer_arg(peer));
		wif->want_look = true; /* at its MTU */
		wgd_if_kick(wif);
	}
}

void wgd_underlay_link_changed(void)
{
	judge_all = true;
	wgd_source_link_changed();
	wgd_if_kick_all();
}

void wgd_underlay_replay(void)
{
	wg_underlay_replay(wgd.underlay);
}

void wgd_underlay_init(void)
{
	wgd.underlay = wg_underlay_new();
}

void wgd_underlay_finish(void)
{
	event_cancel(&t_awaited);
	wg_underlay_delete(&wgd.underlay);
}
