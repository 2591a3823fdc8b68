// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The next step of an interface.
 *
 * An interface has one stepper, run().  Whatever happens (configuration, a
 * route, an answer of the device, a timer) only kicks it; it looks at what is
 * and does the next thing: get the link, open the backend, read the device,
 * write the plan.  So every error has the same way out: forget the backend,
 * wait a little longer than last time, step again.  A restart of ours, of
 * zebra or of the userspace program is no case of its own.
 *
 * The device is written once per turn of the loop and, in a burst, not more
 * often than every COALESCE_MS (wgd_device.c), unless the last request was
 * full: a single change goes out at once, a hundred thousand cost as few
 * requests as they fill and no more time than the device takes.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/engine/wgd_fail.h"
#include "frr-wgd/engine/wgd_request.h"
#include "frr-wgd/engine/wgd_step.h"
#include "frr-wgd/engine/wgd_zebra_events.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/gateway/wgd_member.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_unswept.h"
#include "frr-wgd/zebra/wgd_zebra.h"

#define IDLE_AFTER_MS 1000 /* without a route nothing happens */
#define IDLE_EVERY_MS 50   /* then work that could wait is done */
#define IDLE_NODES 20000   /* prefixes of it, each time */
#define KEY_RETRY_MS 10000
#define ALONE_MS 10000 /* other peers may be about to be configured */

/* Say once that a maximum was reached. */
static void report_maximums(struct wgd_if *wif)
{
	wgd_each_peer (wif, p)
		if (wg_peer_maximum_hit(p->peer))
			zlog_warn(
				"%s: peer %s: maximum-prefix %u reached, further prefixes are not followed",
				wif->name, wg_peer_name(p->peer),
				p->conf.maximum);
}

/* Say once that a route may want the interface to be point-to-point. */
static void report_alone(struct wgd_if *wif)
{
	int64_t now = wgd_now_ms();
	char hint[512];

	if (wif->said_alone)
		return;
	if (!wgd_peer_hint(wif, hint, sizeof(hint))) {
		wif->alone_ms = 0;
		return;
	}
	if (!wif->alone_ms) {
		wif->alone_ms = now;
		wgd_if_kick_in(wif, ALONE_MS);
	} else if (now - wif->alone_ms >= ALONE_MS) {
		zlog_warn("%s: %s", wif->name, hint);
		wif->said_alone = true;
	}
}

/* --- the link */

/* The MTU that the link shall have; 0: as it is.  RET: what it depends on. */
static uint32_t wanted_mtu(struct wgd_if *wif, const struct interface **ret)
{
	*ret = NULL;
	if (wif->conf.mtu || wif->link->adopted)
		return wif->conf.mtu;
	return wgd_underlay_mtu(wif, ret);
}

/* The link is in this VRF now: so are its routes and its BFD sessions. */
static void follow(struct wgd_if *wif, bool fresh)
{
	wgd_announce_if(wif);
	wgd_replay_follow(wif->dev, fresh);
	wgd_each_peer (wif, p)
		wgd_live_look(p->live);
}

/* Is the link still the one that we have? Put right what is ours of it. */
static void look(struct wgd_if *wif)
{
	const struct interface *outer;
	uint32_t mtu;

	wif->want_look = false;
	if (!wif->device->be)
		return;
	mtu = wanted_mtu(wif, &outer);
	switch (wgd_attach_keep(wif, mtu, outer)) {
	case WGD_ATTACH_SAME:
		break;
	case WGD_ATTACH_MOVED:
		follow(wif, false);
		break;
	case WGD_ATTACH_GONE:
		wgd_device_detach(wif);
		wg_dev_set_link(wif->dev, wg_dev_vrf(wif->dev), 0);
		wgd_announce_if(wif);
		wgd_if_set_state(wif, WGD_IF_ABSENT, "the link is gone");
		break;
	}
}

/* Is there something to work on? Does one step towards it if not. */
static bool attach(struct wgd_if *wif)
{
	struct wgd_attaching a = {.doing = "link"};
	const struct interface *outer;
	int rc = wgd_attach_link(wif, &a);

	if (rc > 0) {
		wgd_if_kick_in(wif, rc);
		return false;
	}
	if (rc == 0) {
		wgd_listen_guard();
		if (wgd_key_load(wif) < 0) {
			wgd_device_detach(wif);
			wgd_if_back_off(wif, KEY_RETRY_MS);
			return false;
		}
		a.doing = "link setup";
		rc = wgd_attach_setup(wif, &a, wanted_mtu(wif, &outer));
	}
	if (rc < 0) {
		wgd_fail(wif, rc, a.doing);
		return false;
	}
	wgd_policy_configure(wif);
	wgd_attach_set_conf(wif, wgd_policy_mark(wif));
	follow(wif, a.fresh);
	wgd_if_set_state(wif, WGD_IF_UNSYNCED,
			 wif->link->adopted ? "adopted" : "attached");
	return true;
}

/* --- the step */

static void idle(struct event *t);

/* Where there is work that may wait until nothing happens. */
static void wait_for_idle(struct wgd_if *wif, unsigned ms)
{
	struct wg_count count;

	wg_dev_count(wif->dev, &count);
	if (count.spare && !wif->device->t_idle)
		event_add_timer_msec(wgd.master, idle, wif, ms,
				     &wif->device->t_idle);
}

static void idle(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);

	if (wif->device->busy != WGD_IDLE ||
	    wgd_now_ms() - wif->device->last_event_ms < IDLE_AFTER_MS) {
		wait_for_idle(wif, IDLE_AFTER_MS);
		return;
	}
	wg_sync_idle(wif->dev, IDLE_NODES);
	wgd_if_kick(wif);
	wait_for_idle(wif, IDLE_EVERY_MS);
}

static void run(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);

	if (wif->want_look)
		look(wif);
	wg_core_settle(wgd.core);
	wgd_underlay_settle();
	wgd_gateway_paths();
	wgd_unswept_settle();
	wgd_zebra_track();
	report_maximums(wif);
	if (!wif->device->be && !attach(wif))
		return;
	if (wif->device->busy != WGD_IDLE)
		return;
	if (wgd_device_sweep(wif)) {
		wgd_if_kick(wif);
		return;
	}
	if (!wg_sync_is_synced(wif->dev) || wif->want_read)
		wgd_request_read(wif);
	else if (wg_plan_pending(wif->dev))
		wgd_request_apply(wif);
	else {
		wgd_device_rest(wif);
		report_alone(wif);
		wgd_policy_settled(wif);
		wait_for_idle(wif, IDLE_AFTER_MS);
	}
}

/* Old host routes go only after this life's routes were set. */
static void turn(struct event *t)
{
	static bool were_here, dropped;

	wgd_underlay_write();
	wgd_announce_drop_old();
	if (!wgd.routes_here)
		return;
	if (!were_here) {
		were_here = true;
		wgd_underlay_settle();
		wgd_gateway_paths();
		wgd_unswept_settle();
		wgd_policy_routes_are_here();
	}
	if (!dropped && !wgd_mesh_is_awaited()) {
		dropped = true;
		wgd_zebra_events_drop_old();
	}
}

void wgd_step_init(void)
{
	wgd.step = run;
	wgd.turn = turn;
}
