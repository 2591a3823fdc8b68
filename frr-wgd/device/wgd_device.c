// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device: what is asked of its backend, and when.
 *
 * At most one request is under way.  What is in flight is remembered in ops
 * and committed when the device has acknowledged it.
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
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "network.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_DEVICE, "WireGuard device");
DEFINE_MTYPE_STATIC(WGD, WGD_OPS, "WireGuard operations");

#define COALESCE_MS 10	 /* between two requests, in a burst */
#define POLL_MIN_MS 5000 /* between two reads */
#define POLL_MAX_MS 3600000
#define POLL_SHARE 200
#define LULL_MS 1000 /* nothing was written for so long, ... */
#define LULL_PREFIXES                                                          \
	100		 /* and a ms for so many: ten times what a read takes */
#define PUT_OFF_LULLS 60 /* a minute; ten where a read takes a second */
#define SUSPECT_SHARE 50
#define REFUSED_AGAIN_MS 60000 /* between two tries of what was refused */

/* --- requests */

/*
 * When a device is read for the first time, what no route wants there stays
 * while routes are still to come.  Later we know what we put there.
 */
static void begin_sync(struct wgd_if *wif)
{
	wg_sync_begin(wif->dev,
		      !wg_sync_is_known(wif->dev) && wgd_replay_is_telling());
}

int wgd_device_read(struct wgd_if *wif)
{
	int rc;

	begin_sync(wif);
	wif->device->read_began_ms = wgd_now_ms();
	wif->device->read_cpu_us = 0;
	wif->want_read = false;
	wif->device->busy = WGD_READING;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_read(wif->device->be);
	}
	wif->device->stats.reads += rc >= 0;
	return rc;
}

void wgd_device_again(struct wgd_if *wif)
{
	begin_sync(wif);
}

bool wgd_device_is_nobody(struct wgd_if *wif, const struct wg_key *key)
{
	wif->device->nobody = wg_key_is_zero(key);
	return wif->device->nobody;
}

void wgd_device_compare(struct wgd_if *wif)
{
	wif->device->busy = WGD_COMPARING;
	wg_sync_end(wif->dev);
}

void wgd_device_cost(struct wgd_if *wif, int64_t us)
{
	wif->device->read_cpu_us += us;
}

bool wgd_device_refused(struct wgd_if *wif, int rc)
{
	char why[512];

	if (rc == -ETIMEDOUT || rc == -EPIPE || rc == -ENODEV ||
	    !wg_plan_refused(wif->dev, wif->device->ops, wif->device->n_ops))
		return false;
	if (wif->device->ops[0].kind == WG_OP_PORT_SET)
		snprintf(why, sizeof(why), "listen-port %u: %s",
			 wif->device->ops[0].port, safe_strerror(-rc));
	else
		strlcpy(why, wg_backend_error(wif->device->be), sizeof(why));
	if (wgd_str_set(&wif->device->refusal, why))
		zlog_err("%s: %s; all else is followed, trying again",
			 wif->name, why);
	wif->device->stats.errors++;
	wif->device->refused_ms = wgd_now_ms();
	wif->device->busy = WGD_IDLE;
	wif->want_read = true; /* which port has it now? */
	wgd_if_kick(wif);
	return true;
}

/* What somebody else put there and we take away, with what would keep it. */
static void say_foreign(const struct wgd_if *wif, const struct wg_op *op)
{
	struct wg_peer *peer;
	char key[WG_KEY_STRLEN];

	if (op->kind != WG_OP_PEER_REMOVE)
		return;
	peer = wg_peer_find_key(wif->dev, op->key);
	if (!peer || !wg_peer_is_foreign(peer))
		return;
	wg_key_str(op->key, key);
	zlog_warn(
		"%s: removing peer %s, which is not configured; to keep it: interface %s, wireguard peer NAME public-key %s",
		wif->name, key, wif->name, key);
}

int wgd_device_apply(struct wgd_if *wif)
{
	size_t i;
	int rc;

	wif->device->n_ops =
		wg_plan_next(wif->dev, wif->device->ops, WG_BACKEND_BATCH);
	if (!wif->device->n_ops)
		return 0;
	wif->device->busy = WGD_APPLYING;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_apply(wif->device->be, wif->device->ops,
				      wif->device->n_ops);
	}
	wif->device->last_apply_ms = wgd_now_ms();
	wif->not_before_ms = wif->device->last_apply_ms + COALESCE_MS;
	if (!wif->device->dirty_since_us)
		wif->device->dirty_since_us = wgd_now_us();
	if (rc < 0)
		return wgd_device_refused(wif, rc) ? 0 : rc;
	for (i = 0; i < wif->device->n_ops; i++)
		say_foreign(wif, &wif->device->ops[i]);
	return 1;
}

/* --- answers */

const uint32_t wgd_device_latency_bounds[] = {
	100,   250,   500,    1000,   2500,    5000,	10000,
	25000, 50000, 100000, 250000, 1000000, 5000000,
};

void wgd_device_applied(struct wgd_if *wif)
{
	uint64_t us;
	size_t i;

	wg_plan_commit(wif->dev, wif->device->ops, wif->device->n_ops);
	wif->device->busy = WGD_IDLE;
	wif->retry_ms = 0;
	if (wif->device->n_ops == WG_BACKEND_BATCH)
		wif->not_before_ms = 0; /* there is nothing to wait for */
	wif->device->stats.batches++;
	wif->device->stats.ops += wif->device->n_ops;
	wif->device->acked_us = wgd_now_us();
	if (wif->device->refusal && !wg_plan_is_refused(wif->dev)) {
		zlog_notice("%s: what was refused is accepted now (it was %s)",
			    wif->name, wif->device->refusal);
		XFREE(MTYPE_WGD_STR, wif->device->refusal);
	} else if (wif->device->ops[0].kind == WG_OP_PORT_SET)
		wif->want_read = true; /* any: which one is it? */
	wgd_debug_device("%s: %zu operations acknowledged", wif->name,
			 wif->device->n_ops);
	if (wg_plan_pending(wif->dev) || !wif->device->dirty_since_us)
		return;
	us = wgd_now_us() - wif->device->dirty_since_us;
	wif->device->dirty_since_us = 0;
	wif->device->stats.last_us = MIN(us, UINT32_MAX);
	wif->device->stats.worst_us =
		MAX(wif->device->stats.worst_us, wif->device->stats.last_us);
	for (i = 0;
	     i < WGD_LATENCY_BUCKETS && us > wgd_device_latency_bounds[i];)
		i++;
	wif->device->stats.latency[i]++;
	wif->device->stats.latency_sum_us += us;
}

static void poll_due(struct event *t);

static void poll_in(struct wgd_if *wif, int64_t ms)
{
	event_cancel(&wif->device->t_poll);
	event_add_timer_msec(wgd.master, poll_due, wif, ms,
			     &wif->device->t_poll);
}

static void poll_due(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);
	int64_t now = wgd_now_ms(), lull;
	struct wg_count count;

	if (!wif->device->poll_due_ms)
		wif->device->poll_due_ms = now;
	/* zebra itself pauses for a second while it takes a table in */
	wg_dev_count(wif->dev, &count);
	lull = MAX(LULL_MS, (int64_t)count.installed / LULL_PREFIXES);
	if ((wif->device->dirty_since_us ||
	     now - wif->device->last_apply_ms < lull) &&
	    now - wif->device->poll_due_ms < PUT_OFF_LULLS * lull) {
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
	int64_t ms = wif->device->read_cpu_us *
		     (suspect ? SUSPECT_SHARE : POLL_SHARE) / 1000;

	ms = MIN(MAX(ms, POLL_MIN_MS), POLL_MAX_MS);
	return ms - ms * (frr_weak_random() % 100) / 800;
}

unsigned wgd_device_failed(struct wgd_if *wif)
{
	wif->device->stats.errors++;
	return wif->device->busy == WGD_IDLE
		       ? 0
		       : wif->device->read_cpu_us * SUSPECT_SHARE / 1000;
}

void wgd_device_compared(struct wgd_if *wif, bool suspect)
{
	wif->device->read_took_ms = wgd_now_ms() - wif->device->read_began_ms;
	wif->device->busy = WGD_IDLE;
	wif->device->stats.resyncs += wif->state != WGD_IF_SYNCED;
	/* else what failed comes again: that it works shows when it does */
	if (!wg_plan_pending(wif->dev))
		wif->retry_ms = 0;
	wif->want_look = true;
	if (wg_plan_is_refused(wif->dev) &&
	    wgd_now_ms() - wif->device->refused_ms >= REFUSED_AGAIN_MS)
		wg_plan_retry(wif->dev);
	wif->device->poll_due_ms = 0;
	poll_in(wif, poll_ms(wif, suspect));
}

void wgd_device_route_event(void)
{
	struct wg_count count;

	wgd_each_if (wif) {
		wg_dev_count(wif->dev, &count);
		if ((!count.pending && !wg_sync_is_busy(wif->dev)) ||
		    !wg_sync_is_synced(wif->dev))
			continue;
		wif->device->stats.events++;
		wif->device->last_event_ms = wgd_now_ms();
		if (!wif->device->dirty_since_us)
			wif->device->dirty_since_us = wgd_now_us();
		if (wif->device->busy == WGD_IDLE)
			wgd_if_kick(wif);
	}
}

bool wgd_device_sweep(struct wgd_if *wif)
{
	int64_t began = wgd_now_us();

	while (wg_sync_step(wif->dev, WGD_DEVICE_TURN_NODES))
		if (wgd_now_us() - began >= WGD_DEVICE_TURN_US)
			return true;
	return false;
}

const char *wgd_device_refusal(const struct wgd_if *wif)
{
	return wg_plan_is_refused(wif->dev) ? wif->device->refusal : NULL;
}

uint16_t wgd_device_port(const struct wgd_if *wif)
{
	return wif->conf.listen_port && !wgd_device_refusal(wif)
		       ? wif->conf.listen_port
		       : wif->port;
}

void wgd_device_rest(struct wgd_if *wif)
{
	wif->device->dirty_since_us = 0; /* it was all covered */
}

/* --- life */

void wgd_device_new(struct wgd_if *wif)
{
	struct wgd_device *d = XCALLOC(MTYPE_WGD_DEVICE, sizeof(*d));

	d->ops = XCALLOC(MTYPE_WGD_OPS, WG_BACKEND_BATCH * sizeof(*d->ops));
	wif->device = d;
}

void wgd_device_detach(struct wgd_if *wif)
{
	event_cancel(&wif->device->t_in);
	event_cancel(&wif->device->t_out);
	event_cancel(&wif->device->t_timeout);
	event_cancel(&wif->device->t_poll);
	event_cancel(&wif->device->t_idle);
	if (wif->device->be)
		wif->link->lost_ms = wgd_now_ms();
	wg_backend_close(&wif->device->be);
	wif->device->busy = WGD_IDLE;
	wif->want_read = false;
	wg_sync_lost(wif->dev);
}

void wgd_device_delete(struct wgd_if *wif)
{
	wgd_device_detach(wif);
	XFREE(MTYPE_WGD_STR, wif->device->refusal);
	XFREE(MTYPE_WGD_OPS, wif->device->ops);
	XFREE(MTYPE_WGD_DEVICE, wif->device);
}
