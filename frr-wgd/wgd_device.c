// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to a device and what it answers, by its backend.
 *
 * At most one request is under way.  What is in flight is remembered in ops
 * and committed when the device has acknowledged it.  A read hands on some
 * thousand prefixes in one turn of the loop and then lets others have theirs.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <poll.h>

#include "log.h"

#include "frr-wgd/wgd_attach.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_facts.h"
#include "frr-wgd/wgd_peer.h"

#define PUMP_MAX 4000	 /* events of a read in one turn of the loop */
#define POLL_MIN_MS 5000 /* between two reads */
#define POLL_MAX_MS 600000
#define POLL_SHARE 50	    /* a read may take 1/50 of the time */
#define REFRESH_QUICK_MS 20 /* a device that is read so fast ... */
#define REFRESH_MAX_MS 100  /* ... may be waited for by a show command */

static void arm(struct wgd_if *wif);
static void answered(struct event *t);

/* --- requests */

void wgd_device_read(struct wgd_if *wif)
{
	int rc;

	wg_sync_begin(wif->dev, !wgd.routes_here);
	wif->read_began_ms = wgd_now_ms();
	wif->want_read = false;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_read(wif->be);
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, "read");
		return;
	}
	wif->busy = WGD_READING;
	wif->stats.reads++;
	arm(wif);
}

void wgd_device_apply(struct wgd_if *wif)
{
	int rc;

	wif->n_ops = wg_plan_next(wif->dev, wif->ops, WG_BACKEND_BATCH);
	if (!wif->n_ops)
		return;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_apply(wif->be, wif->ops, wif->n_ops);
	}
	wif->last_apply_ms = wgd_now_ms();
	if (!wif->dirty_since_us)
		wif->dirty_since_us = wgd_now_us();
	if (rc < 0) {
		wgd_if_fail(wif, rc, "apply");
		return;
	}
	wif->busy = WGD_APPLYING;
	arm(wif);
}

/* --- answers */

static void applied(struct wgd_if *wif)
{
	uint64_t us;

	wg_plan_commit(wif->dev, wif->ops, wif->n_ops);
	wif->busy = WGD_IDLE;
	wif->retry_ms = 0;
	wif->stats.batches++;
	wif->stats.ops += wif->n_ops;
	wgd_debug_device("%s: %zu operations acknowledged", wif->name,
			 wif->n_ops);
	if (wg_plan_pending(wif->dev) || !wif->dirty_since_us)
		return;
	us = wgd_now_us() - wif->dirty_since_us;
	wif->dirty_since_us = 0;
	wif->stats.last_us = MIN(us, UINT32_MAX);
	wif->stats.worst_us = MAX(wif->stats.worst_us, wif->stats.last_us);
}

static void poll_due(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);

	wif->want_read = true;
	wgd_if_kick(wif);
}

static void read_done(struct wgd_if *wif)
{
	bool was_synced;
	size_t differences;
	int64_t took;

	/* a program is probed with its first request */
	wg_dev_set_can_remove(wif->dev, wg_backend_can_remove(wif->be));

	was_synced = wif->state == WGD_IF_SYNCED;
	differences = wg_sync_end(wif->dev);
	took = wgd_now_ms() - wif->read_began_ms;
	wif->read_took_ms = took;
	wif->busy = WGD_IDLE;
	wif->retry_ms = 0;
	if (!was_synced) {
		wif->stats.resyncs++;
		wgd_if_set_state(wif, WGD_IF_SYNCED, NULL);
	} else if (differences)
		zlog_warn("%s: %zu differences found on the device, repairing",
			  wif->name, differences);
	wgd_attach_keep_multicast(wif);
	wgd_attach_keep_mtu(wif);
	wgd_facts_look(wif, NULL);
	wgd_if_check_secrets(wif, false);
	event_cancel(&wif->t_poll);
	event_add_timer_msec(
		wgd.master, poll_due, wif,
		MIN(MAX(took * POLL_SHARE, POLL_MIN_MS), POLL_MAX_MS),
		&wif->t_poll);
}

static void device_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	char path[PATH_MAX];

	if (!wgd_if_key_file(wif, path, sizeof(path)))
		wg_dev_set_key(wif->dev, &ev->key);
	wif->found_port = wif->adopted ? ev->listen_port : 0;
	wif->found_fwmark = wif->adopted ? ev->fwmark : 0;
	wgd_attach_set_conf(wif);
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
		.alive = wgd_peer_is_alive(ev),
	};
	struct wg_peer *peer = wg_peer_find_key(wif->dev, &ev->key);

	if (peer && wg_peer_arg(peer))
		wgd_peer_seen(wg_peer_arg(peer), ev);
	return wg_sync_peer(wif->dev, &sp);
}

/* Hand on one thing that the device said. */
static int dispatch(struct wgd_if *wif, const struct wg_event *ev)
{
	switch (ev->kind) {
	case WG_EV_APPLIED:
		applied(wif);
		return 0;
	case WG_EV_DEVICE:
		device_seen(wif, ev);
		return 0;
	case WG_EV_PEER:
		return peer_seen(wif, ev);
	case WG_EV_PREFIX:
		return wg_sync_prefix(wif->dev, &ev->prefix);
	case WG_EV_AGAIN:
		wg_sync_begin(wif->dev, !wgd.routes_here);
		return 0;
	case WG_EV_END:
		read_done(wif);
		return 0;
	}
	assert(!"backend event");
	return 0;
}

/* Take what the device says; wait for more, or go on. */
static void pump(struct wgd_if *wif)
{
	struct wg_event ev;
	int rc = 0, n;

	event_cancel(&wif->t_in);
	event_cancel(&wif->t_out);
	event_cancel(&wif->t_timeout);
	frr_with_privs (&wgd_privs) {
		for (n = 0; n < PUMP_MAX; n++) {
			rc = wg_backend_next(wif->be, &ev);
			if (rc > 0)
				rc = dispatch(wif, &ev) ?: 1;
			if (rc <= 0)
				break;
		}
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc,
			    wif->busy == WGD_READING ? "read" : "apply");
		return;
	}
	if (wif->busy == WGD_IDLE)
		wgd_if_kick(wif);
	else if (rc > 0)
		event_add_event(wgd.master, answered, wif, 0, &wif->t_in);
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
	int fd = wg_backend_fd(wif->be), ms = wg_backend_timeout(wif->be);
	short events = wg_backend_events(wif->be);

	if (events & POLLIN)
		event_add_read(wgd.master, answered, wif, fd, &wif->t_in);
	if (events & POLLOUT)
		event_add_write(wgd.master, answered, wif, fd, &wif->t_out);
	if (ms >= 0)
		event_add_timer_msec(wgd.master, answered, wif, ms,
				     &wif->t_timeout);
	if (!events && ms < 0)
		event_add_event(wgd.master, answered, wif, 0, &wif->t_in);
}

void wgd_device_refresh(struct wgd_if *wif)
{
	int64_t left, end = wgd_now_ms() + REFRESH_MAX_MS;
	struct pollfd fd;

	if (!wif->be || wif->busy != WGD_IDLE || wif->state != WGD_IF_SYNCED ||
	    wg_plan_pending(wif->dev) || wif->read_took_ms > REFRESH_QUICK_MS)
		return;
	wgd_device_read(wif);
	while (wif->busy == WGD_READING && (left = end - wgd_now_ms()) > 0) {
		fd.fd = wg_backend_fd(wif->be);
		fd.events = wg_backend_events(wif->be);
		poll(&fd, 1, left);
		pump(wif);
	}
}
