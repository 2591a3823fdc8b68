// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables of zebra's with routes of ours.
 *
 * zebra takes a client's routes for those of the type and instance that it
 * said hello with.  So each table N in use has a session of its own, a second
 * client as ZEBRA_ROUTE_TABLE with instance N, beside the one of wgd_zebra.c.
 * It only speaks: it is a synchronous client, which zebra tells nothing
 * unasked, and what zebra says all the same is thrown away unread.  libfrr
 * would take it for news of links, and there the other session may be ahead.
 *
 * No stock daemon can redistribute one instance of a type in IPv6.  bgpd and
 * ospf6d have `redistribute table` there, which is instance 0, so that is
 * where IPv6 goes, whatever the table.
 *
 * A prefix in a VRF with at least one claim is a route, out of the interfaces
 * of all that claim it.  Claims change at once; routes that are touched are
 * marked, and once per turn of the loop what zebra was told is compared with
 * what is claimed.  So a change costs what it changes, and none costs nothing.
 *
 * A route is kept until zebra was told of its end.  `known` is false while it
 * is not known what zebra has, which is after each new session: then either a
 * route or its deletion is sent whatever was sent before.
 *
 * Routes survive us (wgd_graceful.h).  What an earlier life left goes when the
 * states of the peers are known: when each device of the table was read, or
 * when nobody waits for that any longer (the stale time).  Tables that this
 * life does not use at all are wgd_leftover.c's.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "jhash.h"
#include "log.h"
#include "prefix.h"
#include "typesafe.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/zebra/wgd_graceful.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_TABLE, "WireGuard announced routes");

#define DISTANCE 15 /* as `ip import-table` */
#define HOPS_MAX 4  /* interfaces that one prefix is told out of */
#define TURN_ROUTES 2000

PREDECL_HASH(routes);

struct route {
	struct routes_item item;
	struct session *session;
	vrf_id_t vrf;
	struct wg_prefix prefix;
	struct wgd_claim *claims; /* NULL: it is to go */
	struct route *next_dirty;
	bool dirty; /* on the list */
	bool known; /* zebra has it as in told */
	uint8_t n_told;
	uint32_t told[HOPS_MAX]; /* ifindex, ascending */
};

static int route_cmp(const struct route *a, const struct route *b)
{
	return a->vrf != b->vrf ? (a->vrf < b->vrf ? -1 : 1)
				: wg_prefix_cmp(&a->prefix, &b->prefix);
}

static uint32_t route_hash(const struct route *r)
{
	return jhash(&r->prefix, sizeof(r->prefix), r->vrf);
}

DECLARE_HASH(routes, struct route, item, route_cmp, route_hash);

/* An instance of the type table, and its session with zebra. */
struct session {
	struct session *next;
	uint8_t instance; /* WGD_TABLE_IPV6 or the number of a table */
	struct zclient *zc;
	struct routes_head routes;
	struct route *dirty;
	vrf_id_t *vrfs; /* where zebra is to keep what we send */
	size_t n_vrfs;
	struct event *t_flush;
	bool old;		  /* routes of an earlier life may be there */
	struct event *t_patience; /* ends the wait for the peers' states */
	bool ripe;		  /* the peers' states are known now */
};

static struct session *sessions;

static void flush(struct event *t);

/* --- telling zebra */

static void flush_soon(struct session *s)
{
	event_add_event(wgd.master, flush, s, 0, &s->t_flush);
}

static void touch(struct route *r)
{
	if (!r->dirty) {
		r->dirty = true;
		r->next_dirty = r->session->dirty;
		r->session->dirty = r;
	}
	flush_soon(r->session);
}

static bool is_connected(const struct session *s)
{
	return s->zc->sock >= 0;
}

/* The interfaces of all claims, ascending, each once. */
static size_t hops_of(const struct route *r, uint32_t hops[HOPS_MAX])
{
	const struct wgd_claim *c;
	size_t n = 0, i, j;

	for (c = r->claims; c; c = c->next) {
		for (i = 0; i < n && hops[i] < c->ifindex; i++)
			;
		if (i == HOPS_MAX || (i < n && hops[i] == c->ifindex))
			continue;
		n = MIN(n + 1, (size_t)HOPS_MAX);
		for (j = n - 1; j > i; j--)
			hops[j] = hops[j - 1];
		hops[i] = c->ifindex;
	}
	return n;
}

static void send_route(struct session *s, vrf_id_t vrf,
		       const struct wg_prefix *p, const uint32_t *hops,
		       size_t n)
{
	struct wgd_zebra_route r = {
		.vrf = vrf,
		.prefix = *p,
		.type = ZEBRA_ROUTE_TABLE,
		.instance = s->instance,
		.distance = DISTANCE,
	};
	struct wg_nexthop nh[HOPS_MAX] = {};
	char text[WG_PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < n; i++)
		nh[i].ifindex = hops[i];
	wgd_debug_routes("table %u: %s %s vrf %u, %zu interfaces", s->instance,
			 n ? "announce" : "withdraw", wg_prefix_str(p, text),
			 vrf, n);
	wgd_zebra_route(s->zc, &r, nh, n);
}

static void tell(struct session *s, struct route *r)
{
	uint32_t hops[HOPS_MAX];
	size_t n = hops_of(r, hops);

	if (!r->known || n != r->n_told ||
	    memcmp(hops, r->told, n * sizeof(*hops)) != 0)
		send_route(s, r->vrf, &r->prefix, hops, n);
	r->known = true;
	r->n_told = n;
	memcpy(r->told, hops, n * sizeof(*hops));
	if (n)
		return;
	routes_del(&s->routes, r);
	XFREE(MTYPE_WGD_TABLE, r);
}

/* Are peers of the interface announced by this session? */
static bool is_for(const struct session *s, const struct wgd_if *wif)
{
	return s->instance == WGD_TABLE_IPV6
		       ? wif->conf.announce_table
		       : wif->conf.announce_table == s->instance;
}

static bool states_are_known(const struct session *s)
{
	wgd_each_if (wif)
		if (is_for(s, wif) && !wg_sync_is_known(wif->dev))
			return false;
	return true;
}

/* Or nobody waits for that any longer. */
static bool is_known_enough(const struct session *s)
{
	return !s->t_patience || states_are_known(s);
}

static void patience_over(struct event *t)
{
	flush_soon(EVENT_ARG(t));
}

static void expect_old(struct session *s)
{
	s->old = true;
	s->ripe = false;
	event_cancel(&s->t_patience);
	event_add_timer(wgd.master, patience_over, s, wgd.stale_time,
			&s->t_patience);
}

static void keep(struct session *s, vrf_id_t vrf)
{
	size_t i;

	for (i = 0; i < s->n_vrfs; i++)
		if (s->vrfs[i] == vrf)
			return;
	s->vrfs = XREALLOC(MTYPE_WGD_TABLE, s->vrfs,
			   (s->n_vrfs + 1) * sizeof(*s->vrfs));
	s->vrfs[s->n_vrfs++] = vrf;
	if (!is_connected(s))
		return; /* connected() will */
	wgd_graceful_keep(s->zc, vrf);
	expect_old(s);
}

/* --- the session */

static bool is_used(const struct session *s)
{
	wgd_each_if (wif)
		if (is_for(s, wif))
			return true;
	return false;
}

static void session_free(struct session *s)
{
	struct session **at = &sessions;
	struct route *r;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	event_cancel(&s->t_flush);
	event_cancel(&s->t_patience);
	zclient_stop(s->zc);
	zclient_free(s->zc);
	while ((r = routes_pop(&s->routes)))
		XFREE(MTYPE_WGD_TABLE, r);
	routes_fini(&s->routes);
	XFREE(MTYPE_WGD_TABLE, s->vrfs);
	XFREE(MTYPE_WGD_TABLE, s);
}

/*
 * Nobody uses the table any more: leave nothing behind.  The session stays, for
 * zebra would throw away what it has not read yet when it ends.
 */
static void end(struct session *s)
{
	s->ripe = false;
	while (s->n_vrfs) {
		wgd_graceful_drop_old(s->zc, s->vrfs[--s->n_vrfs]);
		wgd_graceful_end(s->zc, s->vrfs[s->n_vrfs]);
	}
}

static void flush(struct event *t)
{
	struct session *s = EVENT_ARG(t);
	struct route *r;
	size_t n;

	s->ripe = false; /* unless it is so now */
	if (!is_connected(s))
		return; /* connected() will */
	for (n = 0; s->dirty && n < TURN_ROUTES; n++) {
		r = s->dirty;
		s->dirty = r->next_dirty;
		r->dirty = false;
		tell(s, r);
	}
	if (s->dirty)
		flush_soon(s);
	else if (!is_used(s))
		end(s);
	else if (s->old && is_known_enough(s)) {
		s->ripe = true;
		wgd_turn_mark();
	}
}

/* Throw away what zebra says, and notice its end. */
static void discard(struct event *t)
{
	struct session *s = EVENT_ARG(t);
	uint8_t bytes[4096];
	ssize_t n = read(s->zc->sock, bytes, sizeof(bytes));

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		event_add_read(wgd.master, discard, s, s->zc->sock,
			       &s->zc->t_read);
	else
		zclient_reset(s->zc);
}

static void connected(struct zclient *zc)
{
	struct session *s;
	struct route *r;
	size_t i;

	if (wgd_zebra_is_lost(zc))
		return;
	for (s = sessions; s->zc != zc; s = s->next)
		;
	event_cancel(&zc->t_read);
	event_add_read(wgd.master, discard, s, zc->sock, &zc->t_read);
	for (i = 0; i < s->n_vrfs; i++)
		wgd_graceful_keep(zc, s->vrfs[i]);
	frr_each (routes, &s->routes, r) {
		r->known = false;
		touch(r);
	}
	expect_old(s);
	flush_soon(s);
}

static struct session *session_find(uint8_t instance)
{
	struct session *s;

	for (s = sessions; s && s->instance != instance; s = s->next)
		;
	return s;
}

static struct session *session_get(uint8_t instance)
{
	static struct zclient_options options = {.synchronous = true};
	struct session *s = session_find(instance);

	if (s)
		return s;
	s = XCALLOC(MTYPE_WGD_TABLE, sizeof(*s));
	s->instance = instance;
	routes_init(&s->routes);
	s->next = sessions;
	sessions = s;
	s->zc = zclient_new(wgd.master, &options, NULL, 0);
	s->zc->zebra_connected = connected;
	zclient_init(s->zc, ZEBRA_ROUTE_TABLE, instance, &wgd_privs);
	return s;
}


static struct route *route_get(struct session *s, vrf_id_t vrf,
			       const struct wg_prefix *p)
{
	struct route key = {.vrf = vrf, .prefix = *p};
	struct route *r = routes_find(&s->routes, &key);

	if (r)
		return r;
	r = XCALLOC(MTYPE_WGD_TABLE, sizeof(*r));
	r->session = s;
	r->vrf = vrf;
	r->prefix = *p;
	r->known = true; /* that it is not there */
	routes_add(&s->routes, r);
	return r;
}

void wgd_table_settle(void)
{
	struct session *s;

	for (s = sessions; s; s = s->next)
		flush_soon(s);
}

void wgd_table_vrf(vrf_id_t vrf)
{
	struct session *s;
	struct route *r;
	size_t i;

	for (s = sessions; s; s = s->next) {
		for (i = 0; i < s->n_vrfs; i++)
			if (s->vrfs[i] == vrf && is_connected(s))
				wgd_graceful_keep(s->zc, vrf);
		frr_each (routes, &s->routes, r)
			if (r->vrf == vrf) {
				r->known = false;
				touch(r);
			}
	}
}

bool wgd_table_uses(uint16_t instance)
{
	struct session *s = session_find(instance);

	return s && is_used(s);
}

void wgd_table_synced(const struct wgd_if *wif)
{
	struct session *s;

	for (s = sessions; s; s = s->next)
		if (s->old && is_for(s, wif))
			flush_soon(s);
}

void wgd_table_finish(void)
{
	while (sessions)
		session_free(sessions);
}

/* --- claims */

void wgd_table_keep(uint8_t instance, vrf_id_t vrf)
{
	keep(session_get(instance), vrf);
}

void wgd_table_claim(struct wgd_claim *c, uint8_t instance, vrf_id_t vrf,
		     const struct wg_prefix *p, uint32_t ifindex)
{
	c->ifindex = ifindex;
	c->route = route_get(session_get(instance), vrf, p);
	c->next = c->route->claims;
	c->route->claims = c;
	touch(c->route);
}

void wgd_table_release(struct wgd_claim *c)
{
	struct wgd_claim **at = &c->route->claims;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	touch(c->route);
}

/* --- what an earlier life left */

bool wgd_table_next_ripe(uint8_t *ret_instance)
{
	struct session *s;

	/*
	 * What was claimed since is sent first: its end finds the table ripe.
	 * An interface that came since has to be read first.
	 */
	for (s = sessions;
	     s && (!s->ripe || s->dirty || !is_known_enough(s)); s = s->next)
		;
	if (s)
		*ret_instance = s->instance;
	return s;
}

void wgd_table_delete(uint8_t instance, vrf_id_t vrf, const struct wg_prefix *p)
{
	struct route key = {.vrf = vrf, .prefix = *p};
	struct session *s = session_find(instance);

	if (!routes_find(&s->routes, &key))
		send_route(s, vrf, p, NULL, 0);
}

void wgd_table_drop_old(uint8_t instance)
{
	struct session *s = session_find(instance);
	size_t i;

	event_cancel(&s->t_patience);
	s->old = s->ripe = false;
	for (i = 0; i < s->n_vrfs; i++)
		wgd_graceful_drop_old(s->zc, s->vrfs[i]);
}
