// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to a device, and what its answers mean to the other rooms.
 *
 * A million prefixes take seconds to read.  It is done in pieces, in the loop:
 * whatever there is to take in or to look through, after a turn it is the
 * others' turn.  A thread of its own would have to share the core's tables or
 * hand over copies of them, to save no work at all.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <poll.h>

#include "log.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/engine/wgd_fail.h"
#include "frr-wgd/engine/wgd_request.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/peer/wgd_resolve.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/zebra/wgd_table.h"

#define TURN_EVENTS 64	    /* events of a read until the clock is looked at */
#define REFRESH_QUICK_MS 20 /* a device that is read so fast */
#define REFRESH_MAX_MS 100  /* a show command waits so long for it */

/* --- answers */

static void read_done(struct wgd_if *wif)
{
	bool was_synced = wif->state == WGD_IF_SYNCED;
	size_t differences = wg_sync_differences(wif->dev);

	wgd_device_compared(wif, was_synced && differences);
	if (!was_synced) {
		wgd_if_set_state(wif, WGD_IF_SYNCED, NULL);
		wgd_table_synced(wif);
	} else if (differences)
		zlog_warn("%s: %zu differences found on the device, repairing",
			  wif->name, differences);
	wgd_gateway_paths();
	wgd_gateway_read(wif);
	wgd_mesh_device(wif);
	wgd_fail_check_secrets(wif, false);
	/* the device's own key may be a peer's */
	wgd_each_peer (wif, p)
		wgd_live_look(p->live);
}

static void device_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	wgd_attach_seen(wif, ev);
	wgd_policy_configure(wif);
	wgd_attach_set_conf(wif, wgd_policy_mark(wif));
	if (wif->port != ev->listen_port)
		wgd_policy_port();
	wif->port = ev->listen_port;
	wg_sync_device(wif->dev, &ev->key, ev->listen_port, ev->fwmark);
}

static int peer_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	struct wg_sync_peer sp = {
		.key = ev->key,
		.endpoint = ev->endpoint,
		.keepalive = ev->keepalive,
		.has_psk = ev->has_psk,
	};
	struct wg_peer *peer = wg_peer_find_key(wif->dev, &ev->key);
	struct wgd_peer *p = peer ? wg_peer_arg(peer) : NULL;

	if (p) {
		wgd_peer_seen(p, ev);
		wgd_live_seen(p->live, ev);
		wgd_resolve_in_silence(p);
		wgd_peer_way(p);
		wgd_gateway_seen(p, ev);
		sp.alive = wgd_peer_in_session(p);
	}
	return wg_sync_peer(wif->dev, &sp);
}

/* Hand on one thing that the device said. */
static int dispatch(struct wgd_if *wif, const struct wg_event *ev)
{
	switch (ev->kind) {
	case WG_EV_APPLIED:
		wgd_device_applied(wif);
		wgd_gateway_applied(wif);
		wgd_mesh_applied(wif);
		return 0;
	case WG_EV_DEVICE:
		device_seen(wif, ev);
		return 0;
	case WG_EV_PEER:
		return wgd_device_is_nobody(wif, &ev->key) ? 0
							   : peer_seen(wif, ev);
	case WG_EV_PREFIX:
		return wif->device->nobody
			       ? 0
			       : wg_sync_prefix(wif->dev, &ev->prefix);
	case WG_EV_AGAIN:
		wgd_device_again(wif);
		return 0;
	case WG_EV_END:
		wgd_device_compare(wif);
		return 0;
	}
	assert(!"backend event");
	return 0;
}

/* One piece of work: > 0 there is more, 0 not now, or an error. */
static int work(struct wgd_if *wif)
{
	struct wg_event ev;
	int rc = 1, n;

	if (wif->device->busy != WGD_APPLYING &&
	    wg_sync_step(wif->dev, WGD_DEVICE_TURN_NODES))
		return 1;
	if (wif->device->busy == WGD_COMPARING)
		return 0;
	for (n = 0; n < TURN_EVENTS && rc > 0; n++) {
		rc = wg_backend_next(wif->device->be, &ev);
		if (rc > 0)
			rc = dispatch(wif, &ev) ?: 1;
		/* the next one belongs behind the steps */
		if (rc > 0 && (ev.kind == WG_EV_END || ev.kind == WG_EV_AGAIN))
			break;
	}
	return rc;
}

static void arm(struct wgd_if *wif);
static void answered(struct event *t);

/* Take what the device says; wait for more, or go on. */
static void pump(struct wgd_if *wif)
{
	int64_t began = wgd_now_us(), cpu = wgd_cpu_us();
	bool applying = wif->device->busy == WGD_APPLYING;
	int rc;

	event_cancel(&wif->device->t_in);
	event_cancel(&wif->device->t_out);
	event_cancel(&wif->device->t_timeout);
	frr_with_privs (&wgd_privs) {
		do
			rc = work(wif);
		while (rc > 0 && wgd_now_us() - began < WGD_DEVICE_TURN_US);
	}
	if (!applying)
		wgd_device_cost(wif, wgd_cpu_us() - cpu);
	if (rc == 0 && wif->device->busy == WGD_COMPARING)
		read_done(wif);
	if (rc < 0) {
		if (wif->device->busy == WGD_APPLYING &&
		    wgd_device_refused(wif, rc))
			return;
		wgd_fail(wif, rc,
			 wif->device->busy == WGD_READING ? "read" : "apply");
		return;
	}
	if (wif->device->busy == WGD_IDLE)
		wgd_if_kick(wif);
	else if (rc > 0)
		event_add_event(wgd.master, answered, wif, 0,
				&wif->device->t_in);
	else
		arm(wif);
}

static void answered(struct event *t)
{
	pump(EVENT_ARG(t));
}

/* Wait for the backend. */
static void arm(struct wgd_if *wif)
{
	int fd = wg_backend_fd(wif->device->be),
	    ms = wg_backend_timeout(wif->device->be);
	short events = wg_backend_events(wif->device->be);

	if (events & POLLIN)
		event_add_read(wgd.master, answered, wif, fd,
			       &wif->device->t_in);
	if (events & POLLOUT)
		event_add_write(wgd.master, answered, wif, fd,
				&wif->device->t_out);
	if (ms >= 0)
		event_add_timer_msec(wgd.master, answered, wif, ms,
				     &wif->device->t_timeout);
	if (!events && ms < 0)
		event_add_event(wgd.master, answered, wif, 0,
				&wif->device->t_in);
}

/* --- requests */

void wgd_request_read(struct wgd_if *wif)
{
	int rc = wgd_device_read(wif);

	if (rc < 0)
		wgd_fail(wif, rc, "read");
	else
		arm(wif);
}

void wgd_request_apply(struct wgd_if *wif)
{
	int rc = wgd_device_apply(wif);

	if (rc < 0)
		wgd_fail(wif, rc, "apply");
	else if (rc > 0)
		arm(wif);
}

void wgd_request_refresh(struct wgd_if *wif)
{
	int64_t left, end = wgd_now_ms() + REFRESH_MAX_MS;
	struct pollfd fd;

	if (!wif->device->be || wif->device->busy != WGD_IDLE ||
	    wif->state != WGD_IF_SYNCED || wg_plan_pending(wif->dev) ||
	    wg_sync_is_busy(wif->dev) ||
	    wif->device->read_took_ms > REFRESH_QUICK_MS)
		return;
	wgd_request_read(wif);
	while (wif->device->busy != WGD_IDLE &&
	       (left = end - wgd_now_ms()) > 0) {
		fd.fd = wg_backend_fd(wif->device->be);
		fd.events = wg_backend_events(wif->device->be);
		poll(&fd, 1, wif->device->busy == WGD_READING ? left : 0);
		pump(wif);
	}
}
