// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * WireGuard interfaces.
 *
 * An interface has one stepper, run().  Whatever happens (configuration, a
 * route, an answer of the device, a timer) only kicks it; it looks at what is
 * and does the next thing: get the link, open the backend, read the device,
 * write the plan.  So every error has the same way out: forget the backend,
 * wait a little longer than last time, step again.  A restart of ours, of
 * zebra or of the userspace program is no case of its own.
 *
 * The device is written once per turn of the loop and, in a burst, not more
 * often than every COALESCE_MS, unless the last request was full: a single
 * change goes out at once, a hundred thousand cost as few requests as they fill
 * and no more time than the device takes.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "monotime.h"
#include "vrf.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_attach.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_group.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_unswept.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_link.h"

DEFINE_MTYPE_STATIC(WGD, WGD_IF, "WireGuard interface");
DEFINE_MTYPE(WGD, WGD_STR, "WireGuard string");
DEFINE_MTYPE_STATIC(WGD, WGD_OPS, "WireGuard operations");

#define COALESCE_MS 10
#define IDLE_AFTER_MS 1000 /* without a route nothing happens */
#define IDLE_EVERY_MS 50   /* then work that could wait is done, */
#define IDLE_NODES 20000   /* ... for so many prefixes */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000

static void run(struct event *t);

int64_t wgd_now_us(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * INT64_C(1000000) + tv.tv_usec;
}

int64_t wgd_now_ms(void)
{
	return wgd_now_us() / 1000;
}

const char *wgd_if_state_str(enum wgd_if_state state)
{
	switch (state) {
	case WGD_IF_ABSENT:
		return "absent";
	case WGD_IF_STARTING:
		return "starting";
	case WGD_IF_UNSYNCED:
		return "unsynced";
	case WGD_IF_SYNCED:
		return "synced";
	}
	assert(!"interface state");
	return "";
}

void wgd_if_set_state(struct wgd_if *wif, enum wgd_if_state state,
		      const char *why)
{
	if (wif->state != state)
		zlog_info("%s: %s -> %s%s%s", wif->name,
			  wgd_if_state_str(wif->state), wgd_if_state_str(state),
			  why ? ": " : "", why ? why : "");
	wif->state = state;
	if (wif->reason != why) {
		XFREE(MTYPE_WGD_STR, wif->reason);
		if (why)
			wif->reason = XSTRDUP(MTYPE_WGD_STR, why);
	}
	if (state == WGD_IF_SYNCED)
		wgd_announce_synced(wif);
}

void wgd_if_kick_in(struct wgd_if *wif, unsigned ms)
{
	event_cancel(&wif->t_run);
	event_add_timer_msec(wgd.master, run, wif, ms, &wif->t_run);
}

void wgd_if_detach(struct wgd_if *wif)
{
	event_cancel(&wif->t_in);
	event_cancel(&wif->t_out);
	event_cancel(&wif->t_timeout);
	event_cancel(&wif->t_poll);
	event_cancel(&wif->t_idle);
	if (wif->be)
		wif->lost_ms = wgd_now_ms();
	wg_backend_close(&wif->be);
	wif->busy = WGD_IDLE;
	wif->want_read = false;
	wg_sync_lost(wif->dev);
}

void wgd_if_check_secrets(struct wgd_if *wif, bool failed)
{
	struct wg_peer *peer;

	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		struct wgd_peer *p = wg_peer_arg(peer);

		if (p->psk_file && (failed || p->psk_broken))
			wgd_peer_check_secret(p);
	}
}

/*
 * Something did not work.  What names the object comes from the backend or
 * the caller; the device is not to be trusted; try again, later each time.
 */
void wgd_if_fail(struct wgd_if *wif, int rc, const char *doing)
{
	const char *about = wif->be ? wg_backend_error(wif->be) : "";
	unsigned max = RETRY_MAX_MS;
	char why[512];

	if (wif->busy != WGD_IDLE)
		max = MAX(max, wgd_device_retry_max(wif));

	snprintf(why, sizeof(why), "%s: %s%s%s", doing, about,
		 *about ? ": " : "", safe_strerror(-rc));
	wif->stats.errors++;
	wif->retry_ms = wif->retry_ms ? MIN(wif->retry_ms * 2, max)
				      : RETRY_MIN_MS;
	if (wif->state == WGD_IF_ABSENT && wif->reason &&
	    strmatch(wif->reason, why))
		; /* said already */
	else
		zlog_warn("%s: %s; trying again in %u ms", wif->name, why,
			  wif->retry_ms);
	wgd_if_check_secrets(wif, true);
	wgd_if_detach(wif);
	wgd_if_set_state(wif, WGD_IF_ABSENT, why);
	wgd_if_kick_in(wif, wif->retry_ms);
}

/* --- the stepper */

/* Say once that a maximum was reached. */
static void report_maximums(struct wgd_if *wif)
{
	struct wg_peer *peer;

	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		if (wg_peer_maximum_hit(peer))
			zlog_warn(
				"%s: peer %s: maximum-prefix %u reached, further prefixes are not followed",
				wif->name, wg_peer_name(peer),
				((struct wgd_peer *)wg_peer_arg(peer))
					->maximum);
}

/* Is the link still the one that we have? Put right what is ours of it. */
static void look(struct wgd_if *wif)
{
	wif->want_look = false;
	if (!wif->be || wgd_attach_keep(wif))
		return;
	wgd_if_detach(wif);
	wg_dev_set_link(wif->dev, wg_dev_vrf(wif->dev), 0);
	wgd_announce_if(wif);
	wgd_if_set_state(wif, WGD_IF_ABSENT, "the link is gone");
}

static void idle(struct event *t);

/* Where there is work that may wait until nothing happens. */
static void wait_for_idle(struct wgd_if *wif, unsigned ms)
{
	struct wg_count count;

	wg_dev_count(wif->dev, &count);
	if (count.spare && !wif->t_idle)
		event_add_timer_msec(wgd.master, idle, wif, ms, &wif->t_idle);
}

static void idle(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);

	if (wif->busy != WGD_IDLE ||
	    wgd_now_ms() - wif->last_event_ms < IDLE_AFTER_MS) {
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
	wgd_unswept_settle();
	wgd_zebra_track();
	report_maximums(wif);
	if (!wif->be && !wgd_attach(wif))
		return;
	if (wif->busy != WGD_IDLE)
		return;
	if (wgd_device_sweep(wif)) {
		wgd_if_kick(wif);
		return;
	}
	if (!wg_sync_is_synced(wif->dev) || wif->want_read)
		wgd_device_read(wif);
	else if (wg_plan_pending(wif->dev))
		wgd_device_apply(wif);
	else {
		wif->dirty_since_us = 0; /* it was all covered */
		wgd_source_settled(wif);
		wait_for_idle(wif, IDLE_AFTER_MS);
	}
}

void wgd_if_kick(struct wgd_if *wif)
{
	int64_t since = wgd_now_ms() - wif->last_apply_ms;
	/* the last request was full: there is nothing to wait for */
	bool more = wif->be && wif->busy == WGD_IDLE &&
		    wif->n_ops == WG_BACKEND_BATCH;

	if (wif->t_run && wif->be && !more)
		return;
	if (!wif->be && wif->retry_ms && wif->t_run)
		return; /* backing off */
	event_cancel(&wif->t_run);
	if (since >= COALESCE_MS || more)
		event_add_event(wgd.master, run, wif, 0, &wif->t_run);
	else
		event_add_timer_msec(wgd.master, run, wif, COALESCE_MS - since,
				     &wif->t_run);
}

void wgd_if_kick_all(void)
{
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		wgd_if_kick(wif);
}

void wgd_if_route_event(void)
{
	struct wg_count count;
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		wg_dev_count(wif->dev, &count);
		if ((!count.pending && !wg_sync_is_busy(wif->dev)) ||
		    !wg_sync_is_synced(wif->dev))
			continue;
		wif->stats.events++;
		wif->last_event_ms = wgd_now_ms();
		if (!wif->dirty_since_us)
			wif->dirty_since_us = wgd_now_us();
		if (wif->busy == WGD_IDLE)
			wgd_if_kick(wif);
	}
}

void wgd_if_resync(struct wgd_if *wif, const char *why)
{
	wgd_debug_device("%s: resync: %s", wif->name, why);
	wg_plan_retry(wif->dev);
	wif->want_read = true;
	wif->retry_ms = 0;
	event_cancel(&wif->t_run);
	wgd_if_kick(wif);
}

void wgd_if_link_changed(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);

	if (!wif)
		return;
	wif->want_look = true;
	wif->retry_ms = 0;
	wgd_if_kick(wif);
}

void wgd_if_release_stale(void)
{
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		wg_sync_release(wif->dev);
		wgd_if_kick(wif);
	}
}

/* --- life */

struct wgd_if *wgd_if_find(const char *name)
{
	struct wg_dev *dev = wg_dev_find(wgd.core, name);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_first(void)
{
	struct wg_dev *dev = wg_dev_first(wgd.core);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_next(struct wgd_if *wif)
{
	struct wg_dev *dev = wg_dev_next(wif->dev);

	return dev ? wg_dev_arg(dev) : NULL;
}

struct wgd_if *wgd_if_find_index(uint32_t ifindex)
{
	struct wgd_if *wif = wgd_if_first();

	while (wif && wg_dev_ifindex(wif->dev) != ifindex)
		wif = wgd_if_next(wif);
	return wif;
}

struct wgd_if *wgd_if_get(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);

	if (wif)
		return wif;
	wif = XCALLOC(MTYPE_WGD_IF, sizeof(*wif));
	strlcpy(wif->name, name, sizeof(wif->name));
	wif->ops = XCALLOC(MTYPE_WGD_OPS, WG_BACKEND_BATCH * sizeof(*wif->ops));
	wif->dev = wg_dev_new(wgd.core, name);
	assert(wif->dev);
	wg_dev_set_arg(wif->dev, wif);
	return wif;
}

static void conf_clear(struct wgd_if_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->group.n_members; i++)
		XFREE(MTYPE_WGD_STR, conf->group.members[i].profile);
	XFREE(MTYPE_WGD_STR, conf->program);
	XFREE(MTYPE_WGD_STR, conf->key_file);
}

static bool same_str(const char *a, const char *b)
{
	return a == b || (a && b && strmatch(a, b));
}

/*
 * Forget the link; delete it if we made it.  Also one that we made in an
 * earlier life and have not looked at in this one.
 */
static void drop_link(struct wgd_if *wif)
{
	struct wg_link link;

	wgd_if_detach(wif);
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) == 0 && link.ours)
			wg_link_delete(link.ifindex);
	}
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 0);
	wgd_announce_if(wif);
	wgd_if_set_state(wif, WGD_IF_ABSENT, "not configured so");
}

void wgd_if_configure(struct wgd_if *wif, struct wgd_if_conf *conf)
{
	bool moved = wif->conf.userspace != conf->userspace ||
		     !same_str(wif->conf.program, conf->program);
	bool again = wif->conf.mtu != conf->mtu ||
		     !same_str(wif->conf.key_file, conf->key_file);
	struct wg_peer *peer;

	conf_clear(&wif->conf);
	wif->conf = *conf;
	if (moved && wif->known)
		drop_link(wif);
	else if (again && wif->be)
		wgd_if_detach(wif); /* and attach with the new key or MTU */
	wgd_source_configure(wif);
	wgd_attach_set_conf(wif);
	wgd_group_configure(wif);
	/* with a mark they are none of our business, but for a source */
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		wgd_underlay_peer(wg_peer_arg(peer));
	wgd_announce_if(wif);
	if (moved || again)
		wif->retry_ms = 0;
	wgd_if_kick(wif);
}

static void if_delete_glue(struct wgd_if *wif)
{
	struct wg_peer *peer;

	wgd_group_delete(wif);
	while ((peer = wg_peer_first(wif->dev)))
		wgd_peer_delete(wg_peer_arg(peer));
	event_cancel(&wif->t_run);
	wgd_underlay_forget_if(wif);
	wg_dev_delete(wif->dev);
	conf_clear(&wif->conf);
	XFREE(MTYPE_WGD_STR, wif->reason);
	XFREE(MTYPE_WGD_STR, wif->refusal);
	XFREE(MTYPE_WGD_OPS, wif->ops);
	XFREE(MTYPE_WGD_IF, wif);
}

void wgd_if_unconfigure(struct wgd_if *wif)
{
	drop_link(wif);
	wgd_source_forget_if(wif, false);
	if_delete_glue(wif);
	wgd_announce_settle();
}

void wgd_if_finish(void)
{
	struct wgd_if *wif;

	while ((wif = wgd_if_first())) {
		wgd_if_detach(wif);
		wgd_source_forget_if(wif, true);
		if_delete_glue(wif);
	}
}
