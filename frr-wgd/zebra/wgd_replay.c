// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All routes of the VRFs that devices are in, told from the beginning whenever
 * it is not sure what is missing.
 *
 * We subscribe to ZEBRA_ROUTE_ALL, so that a change of protocol is an update
 * like any other; state is keyed by (vrf, prefix), never by protocol.
 *
 * zebra has no end-of-routes marker.  It answers in order, though, so the
 * answer to a request that follows the subscription says that all routes have
 * been told: the barrier.  The request is next hop tracking of 255.255.255.255,
 * which is never a next hop; zebra answers a new registration at once.
 *
 * That ends a replay.  What a device has of an earlier life stays for a quiet
 * time after it: what resolves recursive next hops comes behind the barrier,
 * and at our own start bgpd may be starting with us.  When zebra has gone and
 * come back, the barrier says nothing: the daemons need time to tell zebra
 * their routes again, so the old ones stay for the stale time.
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
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "prefix.h"
#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/core/wg_underlay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_VRF, "WireGuard followed VRF");

#define QUIET_MS 3000

/* A VRF whose routes we want. */
struct follow {
	struct follow *next;
	vrf_id_t vrf;
	bool replaying;	       /* routes not told again are still kept */
	unsigned barriers;     /* asked for, not answered yet */
	bool cold;	       /* zebra came back: the barrier says nothing */
	struct event *t_end;   /* ends the replay of a cold zebra */
	struct event *t_again; /* asks for another one */
};

static struct follow *follows;
static struct event *t_quiet, *t_stale;

static struct follow *follow_find(vrf_id_t vrf)
{
	struct follow *f;

	for (f = follows; f && f->vrf != vrf; f = f->next)
		;
	return f;
}

bool wgd_replay_follows(vrf_id_t vrf)
{
	return follow_find(vrf);
}

bool wgd_replay_is_telling(void)
{
	return t_stale;
}

/* Entries of an earlier life may go. */
static void release_stale(void)
{
	wgd_each_if (wif) {
		wg_sync_release(wif->dev);
		wgd_if_kick(wif);
	}
}

static void routes_are_here(struct event *t)
{
	event_cancel(&t_quiet);
	event_cancel(&t_stale);
	wgd.routes_here = true;
	zlog_info("all routes are here");
	wgd_turn_mark();
	release_stale();
}

static void quiet(struct event *t)
{
	struct follow *f;

	if (wgd_zebra_is_away())
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

void wgd_replay_heard(void)
{
	if (t_quiet)
		wait_for_quiet();
}

static void replay_end(struct follow *f)
{
	size_t swept;

	if (!f->replaying)
		return;
	f->replaying = false;
	event_cancel(&f->t_end);
	swept = wg_route_replay_end(wgd.core, f->vrf);
	if (f->vrf == VRF_DEFAULT)
		wg_underlay_replay_end(wgd.underlay);
	wgd_debug_events("vrf %u: routes told again, %zu were gone", f->vrf,
			 swept);
	wgd_turn_mark();
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

static void ask(vrf_id_t vrf, bool subscribe)
{
	struct zclient *zc = wgd_zebra_client();
	afi_t afi;

	/* zclient_redistribute() would send nothing for what it remembers */
	for (afi = AFI_IP; afi <= AFI_IP6; afi++) {
		zebra_redistribute_send(ZEBRA_REDISTRIBUTE_DELETE, zc, afi,
					ZEBRA_ROUTE_ALL, 0, vrf);
		if (subscribe)
			zebra_redistribute_send(ZEBRA_REDISTRIBUTE_ADD, zc, afi,
						ZEBRA_ROUTE_ALL, 0, vrf);
	}
}

/* Have all routes of the VRF told, from the beginning. */
static void subscribe(struct follow *f)
{
	struct prefix p;

	if (!wgd_zebra_has_vrf(f->vrf))
		return; /* wgd_replay_vrf_enabled or _connected will */
	wg_route_replay_begin(wgd.core, f->vrf);
	if (f->vrf == VRF_DEFAULT)
		wg_underlay_replay_begin(wgd.underlay);
	f->replaying = true;
	ask(f->vrf, true);
	event_cancel(&f->t_end);
	if (f->cold) {
		event_add_timer(wgd.master, stale_time_over, f, wgd.stale_time,
				&f->t_end);
		return;
	}
	barrier_prefix(&p);
	f->barriers++;
	zclient_send_rnh(wgd_zebra_client(), ZEBRA_NEXTHOP_REGISTER, &p,
			 SAFI_UNICAST, false, false, f->vrf);
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
		if (wgd_zebra_has_vrf(f->vrf))
			ask(f->vrf, false);
		forget_routes(f);
		XFREE(MTYPE_WGD_VRF, f);
	}
}

static void replay_due(struct event *t)
{
	subscribe(EVENT_ARG(t));
}

bool wgd_replay_again(vrf_id_t vrf, unsigned seconds)
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

void wgd_replay_follow(struct wg_dev *dev, bool fresh)
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

/* The answer to the barrier's request. */
static void barrier_reached(vrf_id_t vrf)
{
	struct follow *f = follow_find(vrf);
	struct prefix p;

	if (!f || !f->barriers)
		return;
	barrier_prefix(&p);
	zclient_send_rnh(wgd_zebra_client(), ZEBRA_NEXTHOP_UNREGISTER, &p,
			 SAFI_UNICAST, false, false, vrf);
	if (--f->barriers == 0 && !f->cold)
		replay_end(f);
}

bool wgd_replay_is_barrier(vrf_id_t vrf, const struct prefix *match)
{
	struct prefix barrier;

	barrier_prefix(&barrier);
	if (!prefix_same(match, &barrier))
		return false;
	barrier_reached(vrf);
	return true;
}

/* --- zebra comes and goes, and its VRFs */

void wgd_replay_connected(bool again)
{
	struct follow *f;

	for (f = follows; f; f = f->next) {
		f->cold = again;
		f->barriers = 0;
		subscribe(f);
	}
}

void wgd_replay_vrf_enabled(vrf_id_t vrf)
{
	struct follow *f = follow_find(vrf);

	if (f)
		subscribe(f);
}

bool wgd_replay_vrf_disabled(vrf_id_t vrf)
{
	struct follow *f = follow_find(vrf);

	if (f)
		forget_routes(f);
	return f;
}

void wgd_replay_finish(void)
{
	struct follow *f;

	event_cancel(&t_quiet);
	event_cancel(&t_stale);
	while ((f = follows)) {
		follows = f->next;
		event_cancel(&f->t_end);
		event_cancel(&f->t_again);
		XFREE(MTYPE_WGD_VRF, f);
	}
}
