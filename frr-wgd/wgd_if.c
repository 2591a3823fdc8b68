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
 * often than every COALESCE_MS: a single change goes out at once, a hundred
 * thousand cost as few requests as they fill.
 *
 * At most one request is under way.  What is in flight is remembered in ops
 * and committed when the device has acknowledged it.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <poll.h>
#include <sys/stat.h>

#include "frrstr.h"
#include "if.h"
#include "lib_errors.h"
#include "libfrr.h"
#include "log.h"
#include "monotime.h"
#include "vrf.h"

#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_program.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

DEFINE_MTYPE_STATIC(WGD, WGD_IF, "WireGuard interface");
DEFINE_MTYPE(WGD, WGD_STR, "WireGuard string");
DEFINE_MTYPE_STATIC(WGD, WGD_OPS, "WireGuard operations");

#define COALESCE_MS 10
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000
#define START_POLL_MS 20 /* is the program's socket there yet? */
#define START_MAX_MS 5000
#define PUMP_MAX 4000 /* events of a read in one turn of the loop */
#define POLL_MIN_MS 5000 /* between two reads */
#define POLL_MAX_MS 600000
#define POLL_SHARE 50 /* a read may take 1/50 of the time */
#define REFRESH_QUICK_MS 20 /* a device that is read so fast ... */
#define REFRESH_MAX_MS 100 /* ... may be waited for by a show command */

static void run(struct event *t);
static void arm(struct wgd_if *wif);
static void answered(struct event *t);

static int64_t now_us(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * INT64_C(1000000) + tv.tv_usec;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
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

/* The one setter: logs what changed and why. */
static void set_state(struct wgd_if *wif, enum wgd_if_state state,
		      const char *why)
{
	if (wif->state != state)
		zlog_info("%s: %s -> %s%s%s", wif->name,
			  wgd_if_state_str(wif->state),
			  wgd_if_state_str(state), why ? ": " : "",
			  why ? why : "");
	wif->state = state;
	if (wif->reason != why) {
		XFREE(MTYPE_WGD_STR, wif->reason);
		if (why)
			wif->reason = XSTRDUP(MTYPE_WGD_STR, why);
	}
}

static void kick_in(struct wgd_if *wif, unsigned ms)
{
	event_cancel(&wif->t_run);
	event_add_timer_msec(wgd.master, run, wif, ms, &wif->t_run);
}

static void detach(struct wgd_if *wif)
{
	event_cancel(&wif->t_in);
	event_cancel(&wif->t_out);
	event_cancel(&wif->t_timeout);
	event_cancel(&wif->t_poll);
	wg_backend_close(&wif->be);
	wif->busy = WGD_IDLE;
	wif->want_read = false;
	wg_sync_lost(wif->dev);
}

/*
 * A preshared key that can no longer be read must not hold up the other peers;
 * one that can be read again brings its peer back.
 */
static void check_secrets(struct wgd_if *wif, bool failed)
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
static void fail(struct wgd_if *wif, int rc, const char *doing)
{
	const char *about = wif->be ? wg_backend_error(wif->be) : "";
	char why[512];

	snprintf(why, sizeof(why), "%s: %s%s%s", doing, about,
		 *about ? ": " : "", safe_strerror(-rc));
	wif->stats.errors++;
	wif->retry_ms = wif->retry_ms ? MIN(wif->retry_ms * 2, RETRY_MAX_MS)
				      : RETRY_MIN_MS;
	if (wif->state == WGD_IF_ABSENT && wif->reason &&
	    strmatch(wif->reason, why))
		; /* said already */
	else
		zlog_warn("%s: %s; trying again in %u ms", wif->name, why,
			  wif->retry_ms);
	check_secrets(wif, true);
	detach(wif);
	set_state(wif, WGD_IF_ABSENT, why);
	kick_in(wif, wif->retry_ms);
}

/* --- the private key */

const char *wgd_if_key_file(struct wgd_if *wif, char *buf, size_t len)
{
	if (wif->conf.key_file)
		strlcpy(buf, wif->conf.key_file, len);
	else if (wif->adopted)
		return NULL;
	else
		snprintf(buf, len, "%s%swireguard/%s.key", frr_sysconfdir,
			 frrstr_endswith(frr_sysconfdir, "/") ? "" : "/",
			 wif->name);
	return buf;
}

const struct wg_key *wgd_if_public_key(struct wgd_if *wif)
{
	const struct wg_key *pub = wg_dev_key(wif->dev);

	return wg_key_is_zero(pub) ? NULL : pub;
}

/* Load our public key; make the private one where there is none. */
static int load_key(struct wgd_if *wif)
{
	char path[PATH_MAX], dir[PATH_MAX], err[256];
	char text[WG_KEY_STRLEN];
	struct wg_key pub;
	int rc;

	if (!wgd_if_key_file(wif, path, sizeof(path)))
		return 0;
	rc = wg_key_load_public(path, &pub, err, sizeof(err));
	if (rc == -ENOENT) {
		strlcpy(dir, path, sizeof(dir));
		*strrchr(dir, '/') = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			zlog_warn("%s: cannot make %s: %s", wif->name, dir,
				  safe_strerror(errno));
		rc = wg_key_generate(path, true, err, sizeof(err));
		if (rc == 0) {
			rc = wg_key_load_public(path, &pub, err, sizeof(err));
			if (rc == 0)
				zlog_notice("%s: new private key in %s, public key %s",
					    wif->name, path,
					    wg_key_str(&pub, text));
		}
	}
	if (rc < 0) {
		if (!wif->reason || !strmatch(wif->reason, err))
			zlog_err("%s: private key: %s", wif->name, err);
		set_state(wif, WGD_IF_ABSENT, err);
		return rc;
	}
	wg_dev_set_key(wif->dev, &pub);
	return 0;
}

/* --- attaching: the link, then the backend */

static vrf_id_t link_vrf(struct wgd_if *wif)
{
	struct interface *ifp = wgd_zebra_link(wif->name);

	return ifp && ifp->vrf ? ifp->vrf->vrf_id : VRF_DEFAULT;
}

/*
 * Find or make the link.  FRESH: zebra cannot have told a route to it yet,
 * because it was made in this turn of the loop.  A program's link is older
 * than that: zebra may have been faster than we.  -EINPROGRESS: the program is
 * starting.
 */
static int get_link(struct wgd_if *wif, struct wg_link *link, bool *ret_fresh)
{
	int rc = wg_link_get(wif->name, link);

	*ret_fresh = false;
	if (rc == 0 && link->wireguard == wif->conf.userspace && link->ours) {
		/* the other implementation's, from an earlier configuration */
		wg_link_delete(link->ifindex);
		rc = -ENODEV;
	}
	if (rc == 0 && wif->state == WGD_IF_STARTING && !link->ours) {
		rc = wg_link_mark(link->ifindex);
		if (rc == 0)
			link->ours = true;
		return rc;
	}
	if (rc != -ENODEV)
		return rc;
	if (wif->conf.userspace) {
		if (wif->state == WGD_IF_STARTING &&
		    now_ms() - wif->started_ms < START_MAX_MS &&
		    wgd_program_runs(wif))
			return -EINPROGRESS;
		rc = wgd_program_start(wif);
		if (rc < 0)
			return rc;
		wif->started_ms = now_ms();
		set_state(wif, WGD_IF_STARTING, "program started");
		return -EINPROGRESS;
	}
	rc = wg_link_create(wif->name);
	*ret_fresh = rc == 0;
	return rc < 0 ? rc : wg_link_get(wif->name, link);
}

static int open_backend(struct wgd_if *wif)
{
	int rc;

	if (wif->conf.userspace)
		rc = wg_backend_open_userspace(wif->name, NULL, &wif->be);
	else
		rc = wg_backend_open_kernel(wif->name, &wif->be);
	return rc;
}

/* Tell the core what the device shall be. */
static void set_dev_conf(struct wgd_if *wif)
{
	char path[PATH_MAX];
	struct wg_dev_conf conf = {
		.private_key_file =
			(char *)wgd_if_key_file(wif, path, sizeof(path)),
		/* on an adopted link what is not configured stays as it is */
		.listen_port = wif->conf.listen_port ?: wif->found_port,
		.fwmark = wif->conf.fwmark ?: wif->found_fwmark,
	};

	wg_dev_set_conf(wif->dev, &conf);
	wg_dev_set_follow(wif->dev, wif->conf.follow);
}

/* What of the link is ours to set. */
static int setup_link(struct wgd_if *wif, const struct wg_link *link)
{
	uint32_t mtu = wif->conf.mtu;
	struct wg_addr ll;
	int rc;

	if (!mtu && !wif->adopted)
		mtu = WGD_MTU_DEFAULT;
	rc = wg_link_setup(link->ifindex, mtu,
			   !wif->adopted || (link->flags & IFF_UP));
	if (rc < 0 || wif->adopted || !wgd_if_public_key(wif))
		return rc;
	wg_key_linklocal(wgd_if_public_key(wif), &ll);
	return wg_link_set_linklocal(link->ifindex, &ll);
}

/* Is there something to work on? Does one step towards it if not. */
static bool attach(struct wgd_if *wif)
{
	struct wg_link link = {};
	const char *doing = "link";
	bool fresh;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = get_link(wif, &link, &fresh);
		if (rc == 0) {
			doing = "device";
			rc = open_backend(wif);
			if (rc < 0 && wif->state == WGD_IF_STARTING &&
			    now_ms() - wif->started_ms < START_MAX_MS)
				rc = -EINPROGRESS;
		}
	}
	if (rc == -EINPROGRESS) {
		kick_in(wif, START_POLL_MS);
		return false;
	}
	if (rc < 0) {
		fail(wif, rc, doing);
		return false;
	}
	wif->adopted = !link.ours;
	wif->known = true;
	if (load_key(wif) < 0) {
		detach(wif);
		wif->retry_ms = RETRY_MAX_MS;
		kick_in(wif, wif->retry_ms);
		return false;
	}
	frr_with_privs (&wgd_privs) {
		rc = setup_link(wif, &link);
	}
	if (rc < 0) {
		fail(wif, rc, "link setup");
		return false;
	}
	wg_dev_set_adopted(wif->dev, wif->adopted);
	wg_dev_set_can_remove(wif->dev, wg_backend_can_remove(wif->be));
	set_dev_conf(wif);
	wg_dev_set_link(wif->dev, link_vrf(wif), link.ifindex);
	wg_sync_lost(wif->dev);
	wgd_zebra_follow(wif->dev, fresh);
	set_state(wif, WGD_IF_UNSYNCED,
		  wif->adopted ? "adopted" : "attached");
	return true;
}

/* --- requests */

static void start_read(struct wgd_if *wif)
{
	int rc;

	wg_sync_begin(wif->dev, !wgd.routes_here);
	wif->read_began_ms = now_ms();
	wif->want_read = false;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_read(wif->be);
	}
	if (rc < 0) {
		fail(wif, rc, "read");
		return;
	}
	wif->busy = WGD_READING;
	wif->stats.reads++;
	arm(wif);
}

static void start_apply(struct wgd_if *wif)
{
	int rc;

	wif->n_ops = wg_plan_next(wif->dev, wif->ops, WG_BACKEND_BATCH);
	if (!wif->n_ops)
		return;
	frr_with_privs (&wgd_privs) {
		rc = wg_backend_apply(wif->be, wif->ops, wif->n_ops);
	}
	wif->last_apply_ms = now_ms();
	if (!wif->dirty_since_us)
		wif->dirty_since_us = now_us();
	if (rc < 0) {
		fail(wif, rc, "apply");
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
	us = now_us() - wif->dirty_since_us;
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

/*
 * zebra sets flags by reading and writing them all, and so takes back what
 * was set in between.  Administrative up and down stay as they are.
 */
static void keep_multicast(struct wgd_if *wif)
{
	struct wg_link link;

	if (wif->adopted)
		return;
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) == 0 &&
		    link.ifindex == wg_dev_ifindex(wif->dev) &&
		    !(link.flags & IFF_MULTICAST))
			wg_link_setup(link.ifindex, 0, link.flags & IFF_UP);
	}
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
	took = now_ms() - wif->read_began_ms;
	wif->read_took_ms = took;
	wif->busy = WGD_IDLE;
	wif->retry_ms = 0;
	if (!was_synced) {
		wif->stats.resyncs++;
		set_state(wif, WGD_IF_SYNCED, NULL);
	} else if (differences)
		zlog_warn("%s: %zu differences found on the device, repairing",
			  wif->name, differences);
	keep_multicast(wif);
	check_secrets(wif, false);
	event_cancel(&wif->t_poll);
	event_add_timer_msec(wgd.master, poll_due, wif,
			     MIN(MAX(took * POLL_SHARE, POLL_MIN_MS),
				 POLL_MAX_MS),
			     &wif->t_poll);
}

static void device_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	char path[PATH_MAX];

	if (!wgd_if_key_file(wif, path, sizeof(path)))
		wg_dev_set_key(wif->dev, &ev->key);
	wif->found_port = wif->adopted ? ev->listen_port : 0;
	wif->found_fwmark = wif->adopted ? ev->fwmark : 0;
	set_dev_conf(wif);
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
		fail(wif, rc, wif->busy == WGD_READING ? "read" : "apply");
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

/* --- the stepper */

/* Say once that a maximum was reached. */
static void report_maximums(struct wgd_if *wif)
{
	struct wg_peer *peer;

	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		if (wg_peer_maximum_hit(peer))
			zlog_warn("%s: peer %s: maximum-prefix %u reached, further prefixes are not followed",
				  wif->name, wg_peer_name(peer),
				  ((struct wgd_peer *)wg_peer_arg(peer))
					  ->maximum);
}

static void run(struct event *t)
{
	struct wgd_if *wif = EVENT_ARG(t);

	wg_core_settle(wgd.core);
	wgd_zebra_track();
	report_maximums(wif);
	if (!wif->be && !attach(wif))
		return;
	if (wif->busy != WGD_IDLE)
		return;
	if (!wg_sync_is_synced(wif->dev) || wif->want_read)
		start_read(wif);
	else if (wg_plan_pending(wif->dev))
		start_apply(wif);
}

void wgd_if_kick(struct wgd_if *wif)
{
	int64_t since = now_ms() - wif->last_apply_ms;

	if (wif->t_run && wif->be)
		return;
	if (!wif->be && wif->retry_ms && wif->t_run)
		return; /* backing off */
	event_cancel(&wif->t_run);
	if (since >= COALESCE_MS)
		event_add_event(wgd.master, run, wif, 0, &wif->t_run);
	else
		event_add_timer_msec(wgd.master, run, wif,
				     COALESCE_MS - since, &wif->t_run);
}

void wgd_if_kick_all(void)
{
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		wgd_if_kick(wif);
}

void wgd_if_route_event(void)
{
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		if (!wg_plan_pending(wif->dev))
			continue;
		wif->stats.events++;
		if (!wif->dirty_since_us)
			wif->dirty_since_us = now_us();
		if (wif->busy == WGD_IDLE)
			wgd_if_kick(wif);
	}
}

void wgd_if_refresh(struct wgd_if *wif)
{
	int64_t left, end = now_ms() + REFRESH_MAX_MS;
	struct pollfd fd;

	if (!wif->be || wif->busy != WGD_IDLE ||
	    wif->state != WGD_IF_SYNCED || wg_plan_pending(wif->dev) ||
	    wif->read_took_ms > REFRESH_QUICK_MS)
		return;
	start_read(wif);
	while (wif->busy == WGD_READING && (left = end - now_ms()) > 0) {
		fd.fd = wg_backend_fd(wif->be);
		fd.events = wg_backend_events(wif->be);
		poll(&fd, 1, left);
		pump(wif);
	}
}

void wgd_if_resync(struct wgd_if *wif, const char *why)
{
	wgd_debug_device("%s: resync: %s", wif->name, why);
	wif->want_read = true;
	wif->retry_ms = 0;
	event_cancel(&wif->t_run);
	wgd_if_kick(wif);
}

void wgd_if_link_changed(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);
	struct wg_link link;
	int rc;

	if (!wif || !wif->be)
		goto out;
	frr_with_privs (&wgd_privs) {
		rc = wg_link_get(wif->name, &link);
	}
	if (rc == 0 && link.ifindex == wg_dev_ifindex(wif->dev)) {
		if (link_vrf(wif) != wg_dev_vrf(wif->dev)) {
			wg_dev_set_link(wif->dev, link_vrf(wif), link.ifindex);
			wgd_zebra_follow(wif->dev, false);
		}
		keep_multicast(wif);
		goto out;
	}
	detach(wif);
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 0);
	set_state(wif, WGD_IF_ABSENT, "the link is gone");
out:
	if (wif) {
		wif->retry_ms = 0;
		wgd_if_kick(wif);
	}
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

struct wgd_if *wgd_if_get(const char *name)
{
	struct wgd_if *wif = wgd_if_find(name);

	if (wif)
		return wif;
	wif = XCALLOC(MTYPE_WGD_IF, sizeof(*wif));
	strlcpy(wif->name, name, sizeof(wif->name));
	wif->ops = XCALLOC(MTYPE_WGD_OPS,
			   WG_BACKEND_BATCH * sizeof(*wif->ops));
	wif->dev = wg_dev_new(wgd.core, name);
	assert(wif->dev);
	wg_dev_set_arg(wif->dev, wif);
	return wif;
}

static void conf_clear(struct wgd_if_conf *conf)
{
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

	detach(wif);
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) == 0 && link.ours)
			wg_link_delete(link.ifindex);
	}
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 0);
	set_state(wif, WGD_IF_ABSENT, "not configured so");
}

void wgd_if_configure(struct wgd_if *wif, struct wgd_if_conf *conf)
{
	bool moved = wif->conf.userspace != conf->userspace ||
		     !same_str(wif->conf.program, conf->program);
	bool again = wif->conf.mtu != conf->mtu ||
		     !same_str(wif->conf.key_file, conf->key_file);

	conf_clear(&wif->conf);
	wif->conf = *conf;
	if (moved && wif->known)
		drop_link(wif);
	else if (again && wif->be)
		detach(wif); /* and attach with the new key or MTU */
	set_dev_conf(wif);
	if (moved || again)
		wif->retry_ms = 0;
	wgd_if_kick(wif);
}

static void if_delete_glue(struct wgd_if *wif)
{
	struct wg_peer *peer;

	while ((peer = wg_peer_first(wif->dev)))
		wgd_peer_delete(wg_peer_arg(peer));
	event_cancel(&wif->t_run);
	wg_dev_delete(wif->dev);
	conf_clear(&wif->conf);
	XFREE(MTYPE_WGD_STR, wif->reason);
	XFREE(MTYPE_WGD_OPS, wif->ops);
	XFREE(MTYPE_WGD_IF, wif);
}

void wgd_if_unconfigure(struct wgd_if *wif)
{
	drop_link(wif);
	if_delete_glue(wif);
}

void wgd_if_finish(void)
{
	struct wgd_if *wif;

	while ((wif = wgd_if_first())) {
		detach(wif);
		if_delete_glue(wif);
	}
}
