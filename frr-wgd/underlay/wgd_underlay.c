// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the endpoints.
 *
 * A peer has up to three endpoints that matter: where it is (as the device
 * says), where it is configured to be, and where it is about to be.  Each is
 * held: zebra tracks it, and the prefixes around it that lead outside get into
 * the tables that marked packets are routed by (wgd_policy.c).  The other
 * gateways of a group are held in the same way.
 *
 * An interface whose packets bear the operator's own mark is routed by the
 * operator's rules, so nothing is done for its peers.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "frr-wgd/underlay/wgd_underlay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_UNDER, "WireGuard underlay");

#define WG_OVERHEAD 80 /* bytes: IPv6, UDP, WireGuard's header and tag */

static uint32_t generation; /* of what was acted upon */
static bool judge_all;

/* --- what is held */

/* Routing by our tables concerns this endpoint. */
static struct wg_addr concern(const struct wgd_if *wif,
			      const struct wg_endpoint *e)
{
	static const struct wg_addr none;

	/* a link-local one names its link, and a relay's way is another table's */
	if (e->scope || !wgd_policy_is_on(wif, e->addr.family) ||
	    wgd_relay_covers(&e->addr))
		return none;
	return e->addr;
}

static void hold(struct wg_addr *held, const struct wg_addr *addr)
{
	struct wg_addr old = *held;

	if (wg_addr_same(&old, addr))
		return;
	*held = *addr;
	if (addr->family) {
		wg_gateway_hold(wgd.core, VRF_DEFAULT, addr);
		wg_underlay_hold(wgd.underlay, addr);
	}
	if (old.family) {
		wg_underlay_release(wgd.underlay, &old);
		wg_gateway_release(wgd.core, VRF_DEFAULT, &old);
	}
}

static const struct wg_addr *endpoint_of(const struct wgd_endpoint *e)
{
	return e->under[0].family ? &e->under[0] : &e->under[1];
}

enum wg_reach wgd_underlay_path(const struct wgd_endpoint *e)
{
	uint32_t ifindex;

	return wg_underlay_path(wgd.underlay, endpoint_of(e), &ifindex);
}

/* Can its packets get there? */
static void judge(struct wgd_endpoint *e)
{
	char addr[WG_ADDR_STRLEN];
	bool inside;

	e->path = wgd_underlay_path(e);
	e->wif->under->no_way |= e->path == WG_REACH_NONE;
	inside = e->path == WG_REACH_INSIDE;
	if (inside && !e->inside)
		zlog_warn(
			"%s: peer %s: routing leads to its endpoint %s through a tunnel, and no other way is known: nothing is sent to it",
			e->wif->name, e->peer,
			wg_addr_str(endpoint_of(e), addr));
	e->inside = inside;
}

static void look(struct wgd_endpoint *e)
{
	struct wg_addr addr;
	unsigned i;

	for (i = 0; i < array_size(e->at); i++) {
		addr = concern(e->wif, &e->at[i]);
		hold(&e->under[i], &addr);
	}
	judge(e);
}

void wgd_underlay_at(struct wgd_endpoint *e, const struct wg_endpoint *is,
		     const struct wg_endpoint *configured)
{
	e->at[0] = *is;
	e->at[1] = *configured;
	look(e);
}

void wgd_underlay_expect(struct wgd_endpoint *e, const struct wg_endpoint *at)
{
	static const struct wg_endpoint none;
	struct wg_addr addr = concern(e->wif, at ?: &none);

	hold(&e->under[2], &addr);
}

void wgd_underlay_add(struct wgd_endpoint *e, struct wgd_if *wif,
		      const char *peer)
{
	e->wif = wif;
	e->peer = peer;
	e->next = wif->under->endpoints;
	wif->under->endpoints = e;
}

void wgd_underlay_remove(struct wgd_endpoint *e)
{
	struct wgd_endpoint **at = &e->wif->under->endpoints;
	static const struct wg_addr none;
	unsigned i;

	for (i = 0; i < array_size(e->under); i++)
		hold(&e->under[i], &none);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
}

void wgd_underlay_new_if(struct wgd_if *wif)
{
	wif->under = XCALLOC(MTYPE_WGD_UNDER, sizeof(*wif->under));
}

void wgd_underlay_if(struct wgd_if *wif)
{
	static const struct wg_addr none;
	const struct wgd_group_conf *conf = &wif->conf.group;
	struct wgd_endpoint *e;
	size_t i;

	for (i = 0; i < array_size(wif->under->members); i++)
		hold(&wif->under->members[i],
		     i < conf->n_members ? &conf->members[i].addr : &none);
	for (e = wif->under->endpoints; e; e = e->next)
		look(e);
}

void wgd_underlay_forget_if(struct wgd_if *wif)
{
	static const struct wg_addr none;
	size_t i;

	for (i = 0; i < array_size(wif->under->members); i++)
		hold(&wif->under->members[i], &none);
	wg_underlay_set_tunnel(wgd.underlay, wif->under->tunnel, false);
	XFREE(MTYPE_WGD_UNDER, wif->under);
}

/* --- the MTU */

static uint32_t mtu_to(const struct wg_addr *addr, const struct interface **ret)
{
	struct interface *ifp;
	enum wg_reach path;
	uint32_t ifindex;

	path = wg_underlay_path(wgd.underlay, addr, &ifindex);
	if (path != WG_REACH_OUTSIDE && path != WG_REACH_MARKED)
		return UINT32_MAX;
	ifp = if_lookup_by_index(ifindex, VRF_DEFAULT);
	if (!ifp || !ifp->mtu)
		return UINT32_MAX;
	*ret = ifp;
	return ifp->mtu;
}

uint32_t wgd_underlay_mtu(struct wgd_if *wif, const struct interface **ret_link)
{
	/* in a mesh a packet may be sealed for its member, then for a hub */
	uint32_t overhead = (wif->conf.mesh.name ? 2 : 1) * WG_OVERHEAD;
	uint32_t mtu = wgd_mtu_default(&wif->conf), outer;
	const struct interface *ifp;
	const struct wgd_endpoint *e;
	unsigned i;

	*ret_link = NULL;
	for (e = wif->under->endpoints; e; e = e->next)
		for (i = 0; i < array_size(e->under); i++) {
			if (!e->under[i].family)
				continue;
			outer = mtu_to(&e->under[i], &ifp);
			if (outer >= mtu + overhead)
				continue;
			mtu = MAX(outer, WGD_MTU_MIN + overhead) - overhead;
			*ret_link = ifp;
		}
	return mtu;
}

/* --- acting */

static void look_at_links(void)
{
	uint32_t ifindex;

	wgd_each_if (wif) {
		ifindex = wg_dev_ifindex(wif->dev);
		if (wif->under->tunnel == ifindex)
			continue;
		wg_underlay_set_tunnel(wgd.underlay, wif->under->tunnel, false);
		wg_underlay_set_tunnel(wgd.underlay, ifindex, true);
		wif->under->tunnel = ifindex;
		judge_all = true;
	}
}

void wgd_underlay_write(void)
{
	struct wg_underlay_route route;

	look_at_links();
	while (wg_underlay_next(wgd.underlay, &route))
		wgd_policy_route(&route);
}

void wgd_underlay_settle(void)
{
	struct wgd_endpoint *e;

	wgd_underlay_write();
	if (generation == wg_underlay_generation(wgd.underlay) && !judge_all)
		return;
	generation = wg_underlay_generation(wgd.underlay);
	judge_all = false;
	wgd_each_if (wif) {
		for (e = wif->under->endpoints; e; e = e->next)
			judge(e);
		wif->want_look = true; /* at its MTU */
		wgd_if_kick(wif);
	}
}

void wgd_underlay_link_changed(void)
{
	judge_all = true;
	wgd_policy_link_changed();
	wgd_if_kick_all();
}

void wgd_underlay_init(void)
{
	wgd.underlay = wg_underlay_new();
}

void wgd_underlay_finish(void)
{
	wg_underlay_delete(&wgd.underlay);
}
