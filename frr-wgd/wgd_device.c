// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to a device and what it answers, by its backend.
 *
 * At most one request is under way.  What is in flight is remembered in ops
 * and committed when the device has acknowledged it.
 *
 * A million prefixes take seconds to read.  It is done in pieces, in the loop:
 * whatever there is to take in or to look through, after TURN_US it is the
 * others' turn.  A thread of its own would have to share the core's tables or
 * hand over copies of them, to save no work at all.
 *
 * Nobody tells when a foreign hand was at the device; only reading does, and
 * a device cannot be asked for less than everything.  So it is read when there
 * is reason to (an error, a new link, a command) and else from time to time:
 * every POLL_MIN_MS while that is cheap, for it brings handshakes and
 * endpoints, too; and never so often that it takes more than the share
 * 1/POLL_SHARE of a processor, or 1/SUSPECT_SHARE where the last time found
 * somebody at work.  While a device is read nothing can be written to it, for
 * seconds if it is large: so a read waits for a lull, up to PUT_OFF_LULLS.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <poll.h>
#include <time.h>

#include "log.h"
#include "network.h"

#include "frr-wgd/wgd_attach.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_facts.h"
#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_zebra.h"

#define TURN_US 5000	 /* a turn of the loop */
#define TURN_EVENTS 64	 /* events of a read until the clock is looked at */
#define TURN_NODES 2000	 /* ... prefixes to look through */
#define POLL_MIN_MS 5000 /* between two reads */
#define POLL_MAX_MS 3600000
#define POLL_SHARE 200
#define LULL_MS 1000 /* nothing was written for so long, ... */
#define LULL_PREFIXES 100 /* and a ms for so many: ten times what a read takes */
#define PUT_OFF_LULLS 60 /* a minute; ten where a read takes a second */
#define SUSPECT_SHARE 50
#define REFUSED_AGAIN_MS 60000 /* between two tries of what was refused */
#define REFRESH_QUICK_MS 20 /* a device that is read so fast ... */
#define REFRESH_MAX_MS 100  /* ... may be waited for by a show command */
#define WATCH_MS 2000	    /* ... and read for so long ... */
#define WATCH_EACH_MS 200   /* ... so often */

static void arm(struct wgd_if *wif);
static void answered(struct event *t);

/* --- requests */

/*
 * When a device is read for the first time, what no route wants there stays
 * while routes are still to come.  Later we know what we put there.
 */
static void begin_sync(struct wgd_if *wif)
{
	wg_sync_begin(wif->dev, !wg_sync_is_known(wif->dev) &&
					wgd_zebra_is_telling());
}

void wgd_device_read(struct wgd_if *wif)
{
	int rc;

	begin_sync(wif);
	wif->read_began_ms = wgd_now_ms();
	wif->read_cpu_us = 0;
	wif->want_read = false;
	wif->busy = WGD_READING;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_read(wif->be);
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, "read");
		return;
	}
	wif->stats.reads++;
	arm(wif);
}

/*
 * True: what the device would not have is its own configuration, most often a
 * port that somebody else has.  All else is followed as before, and this is
 * tried again from time to time: not often, for a program closes the port
 * that it has to try another.
 */
static bool refused(struct wgd_if *wif, int rc)
{
	char why[512];

	if (rc == -ETIMEDOUT || rc == -EPIPE || rc == -ENODEV ||
	    !wg_plan_refused(wif->dev, wif->ops, wif->n_ops))
		return false;
	if (wif->ops[0].kind == WG_OP_PORT_SET)
		snprintf(why, sizeof(why), "listen-port %u: %s",
			 wif->ops[0].port, safe_strerror(-rc));
	else
		strlcpy(why, wg_backend_error(wif->be), sizeof(why));
	if (!wif->refusal || !strmatch(wif->refusal, why)) {
		zlog_err("%s: %s; all else is followed, trying again",
			 wif->name, why);
		XFREE(MTYPE_WGD_STR, wif->refusal);
		wif->refusal = XSTRDUP(MTYPE_WGD_STR, why);
	}
	wif->stats.errors++;
	wif->refused_ms = wgd_now_ms();
	wif->busy = WGD_IDLE;
	wif->want_read = true; /* which port has it now? */
	wgd_if_kick(wif);
	return true;
}

void wgd_device_apply(struct wgd_if *wif)
{
	int rc;

	wif->n_ops = wg_plan_next(wif->dev, wif->ops, WG_BACKEND_BATCH);
	if (!wif->n_ops)
		return;
	wif->busy = WGD_APPLYING;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_apply(wif->be, wif->ops, wif->n_ops);
	}
	wif->last_apply_ms = wgd_now_ms();
	if (!wif->dirty_since_us)
		wif->dirty_since_us = wgd_now_us();
	if (rc < 0) {
		if (!refused(wif, rc))
			wgd_if_fail(wif, rc, "apply");
		return;
	}
	arm(wif);
}

/* --- answers */

const uint32_t wgd_latency_bounds[] = {
	100,   250,   500,    1000,   2500,    5000,   10000,
	25000, 50000, 100000, 250000, 1000000, 5000000,
};

static void applied(struct wgd_if *wif)
{
	uint64_t us;
	size_t i;

	wg_plan_commit(wif->dev, wif->ops, wif->n_ops);
	wif->busy = WGD_IDLE;
	wif->retry_ms = 0;
	wif->stats.batches++;
	wif->stats.ops += wif->n_ops;
	wif->acked_us = wgd_now_us();
	if (wif->refusal && !wg_plan_is_refused(wif->dev)) {
		zlog_notice("%s: accepted now: %s", wif->name, wif->refusal);
		XFREE(MTYPE_WGD_STR, wif->refusal);
	} else if (wif->ops[0].kind == WG_OP_PORT_SET)
		wif->want_read = true; /* any: which one is it? */
	wgd_debug_device("%s: %zu operations acknowledged", wif->name,
			 wif->n_ops);
	wgd_group_applied(wif);
	if (wg_plan_pending(wif->dev) || !wif->dirty_since_us)
		return;
	us = wgd_now_us() - wif->dirty_since_us;
	wif->dirty_since_us = 0;
	wif->stats.last_us = MIN(us, UINT32_MAX);
	wif->stats.worst_us = MAX(wif->stats.worst_us, wif->stats.last_us);
	for (i = 0; i < WGD_LATENCY_BUCKETS && us > wgd_latency_bounds[i];)
		i++;
	wif->stats.latency[i]++;
	wif->stats.latency_sum_us += us;
}

static bool is_watched(const struct wgd_if *wif)
{
	return wgd_now_ms() < wif->watch_ms &&
	       wif->read_took_ms <= REFRESH_QUICK_MS;
}

static void poll_due(struct event *t);

static void poll_in(struct wgd_if *wif, int64_t ms)
{
	event_cancel(&wif->t_poll);
	event_add_timer_msec(wgd.master, poll_due, wif, ms, &wif->t_poll);
}

static void poll_due(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);
	int64_t now = wgd_now_ms(), lull;
	struct wg_count count;

	if (!wif->poll_due_ms)
		wif->poll_due_ms = now;
	/* zebra itself pauses for a second while it takes a table in */
	wg_dev_count(wif->dev, &count);
	lull = MAX(LULL_MS, (int64_t)count.installed / LULL_PREFIXES);
	if (!is_watched(wif) &&
	    (wif->dirty_since_us || now - wif->last_apply_ms < lull) &&
	    now - wif->poll_due_ms < PUT_OFF_LULLS * lull) {
		poll_in(wif, LULL_MS);
		return;
	}
	wif->want_read = true;
	wgd_if_kick(wif);
}

/* How long to wait for the next read; less, by chance, than the share asks
 * for, lest all interfaces be read at once. */
static int64_t poll_ms(struct wgd_if *wif, bool suspect)
{
	int64_t ms = wif->read_cpu_us *
		     (suspect ? SUSPECT_SHARE : POLL_SHARE) / 1000;

	ms = MIN(MAX(ms, POLL_MIN_MS), POLL_MAX_MS);
	return ms - ms * (frr_weak_random() % 100) / 800;
}

void wgd_device_watch(struct wgd_if *wif)
{
	wif->watch_ms = wgd_now_ms() + WATCH_MS;
	/* without a timer a read is to come, and looks at it at its end */
	if (wif->t_poll && is_watched(wif) &&
	    event_timer_remain_msec(wif->t_poll) > WATCH_EACH_MS)
		poll_in(wif, WATCH_EACH_MS);
}

unsigned wgd_device_retry_max(struct wgd_if *wif)
{
	return wif->read_cpu_us * SUSPECT_SHARE / 1000;
}

static void read_done(struct wgd_if *wif)
{
	bool was_synced = wif->state == WGD_IF_SYNCED;
	size_t differences = wg_sync_differences(wif->dev);
	struct wg_peer *peer;

	wif->read_took_ms = wgd_now_ms() - wif->read_began_ms;
	wif->busy = WGD_IDLE;
	/* else what failed comes again: that it works shows when it does */
	if (!wg_plan_pending(wif->dev))
		wif->retry_ms = 0;
	if (!was_synced) {
		wif->stats.resyncs++;
		wgd_if_set_state(wif, WGD_IF_SYNCED, NULL);
	} else if (differences)
		zlog_warn("%s: %zu differences found on the device, repairing",
			  wif->name, differences);
	wif->want_look = true;
	wgd_group_read(wif);
	wgd_if_check_secrets(wif, false);
	/* the device's own key may be a peer's */
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		wgd_live_look(((struct wgd_peer *)wg_peer_arg(peer))->live);
	if (wg_plan_is_refused(wif->dev) &&
	    wgd_now_ms() - wif->refused_ms >= REFUSED_AGAIN_MS)
		wg_plan_retry(wif->dev);
	wif->poll_due_ms = 0;
	poll_in(wif, is_watched(wif)
			     ? WATCH_EACH_MS
			     : poll_ms(wif, was_synced && differences));
}

static void device_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	char path[PATH_MAX];

	/* a program is probed with its first request */
	wg_dev_set_can_remove(wif->dev, wg_backend_can_remove(wif->be));
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
		/* wireguard-go takes a key of zeros from anybody's hand */
		wif->nobody = wg_key_is_zero(&ev->key);
		return wif->nobody ? 0 : peer_seen(wif, ev);
	case WG_EV_PREFIX:
		return wif->nobody ? 0
				   : wg_sync_prefix(wif->dev, &ev->prefix);
	case WG_EV_AGAIN:
		begin_sync(wif);
		return 0;
	case WG_EV_END:
		wif->busy = WGD_COMPARING;
		wg_sync_end(wif->dev);
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

	if (wif->busy != WGD_APPLYING && wg_sync_step(wif->dev, TURN_NODES))
		return 1;
	if (wif->busy == WGD_COMPARING)
		return 0;
	for (n = 0; n < TURN_EVENTS && rc > 0; n++) {
		rc = wg_backend_next(wif->be, &ev);
		if (rc > 0)
			rc = dispatch(wif, &ev) ?: 1;
		/* the next one belongs behind the steps */
		if (rc > 0 && (ev.kind == WG_EV_END || ev.kind == WG_EV_AGAIN))
			break;
	}
	return rc;
}

static int64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* Take what the device says; wait for more, or go on. */
static void pump(struct wgd_if *wif)
{
	int64_t began = wgd_now_us(), cpu = cpu_us();
	bool applying = wif->busy == WGD_APPLYING;
	int rc;

	event_cancel(&wif->t_in);
	event_cancel(&wif->t_out);
	event_cancel(&wif->t_timeout);
	frr_with_privs (&wgd_privs) {
		do
			rc = work(wif);
		while (rc > 0 && wgd_now_us() - began < TURN_US);
	}
	if (!applying)
		wif->read_cpu_us += cpu_us() - cpu;
	if (rc == 0 && wif->busy == WGD_COMPARING)
		read_done(wif);
	if (rc < 0) {
		if (wif->busy == WGD_APPLYING && refused(wif, rc))
			return;
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

bool wgd_device_sweep(struct wgd_if *wif)
{
	int64_t began = wgd_now_us();

	while (wg_sync_step(wif->dev, TURN_NODES))
		if (wgd_now_us() - began >= TURN_US)
			return true;
	return false;
}

void wgd_device_refresh(struct wgd_if *wif)
{
	int64_t left, end = wgd_now_ms() + REFRESH_MAX_MS;
	struct pollfd fd;

	if (!wif->be || wif->busy != WGD_IDLE || wif->state != WGD_IF_SYNCED ||
	    wg_plan_pending(wif->dev) || wg_sync_is_busy(wif->dev) ||
	    wif->read_took_ms > REFRESH_QUICK_MS)
		return;
	wgd_device_read(wif);
	while (wif->busy != WGD_IDLE && (left = end - wgd_now_ms()) > 0) {
		fd.fd = wg_backend_fd(wif->be);
		fd.events = wg_backend_events(wif->be);
		poll(&fd, 1, wif->busy == WGD_READING ? left : 0);
		pump(wif);
	}
}
