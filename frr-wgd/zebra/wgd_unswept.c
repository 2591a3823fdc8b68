// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes of ours that zebra did not sweep.
 *
 * A zebra that is killed leaves its routes in the kernel, and the next one
 * sweeps them.  That of FRR 10 sweeps before it has read them, so they stay; so
 * do those that 8.4 reads in a later second than it started in, or with -K.
 * Ours have protocol `zebra` there, as those of all types that have no number
 * of their own; read again they are kernel routes, of distance 0, and hide what
 * we announce for good.  They are told with the flag of a route that zebra made
 * (SELFROUTE), which no other kernel route has: zebra sets it for what it reads
 * at its start only.
 *
 * Of these, ours are those out of an interface of ours without a gateway, which
 * is what we announce.  Which interfaces are ours may be known later, so they
 * are noted, for the stale time.
 *
 * zebra sends no deletion of a kernel route to the kernel, and makes one again
 * that somebody else deletes.  So such a route gets a stand-in of ours with the
 * same next hops, that anything else is better than; then zebra is told to
 * forget its kernel route.  What is best now, one that we announce or the
 * stand-in, takes the place in the kernel: no packet is lost.  The stand-in
 * goes when all routes are here.
 *
 * Rejected: to delete it in the kernel ourselves, behind zebra's back, which
 * tells two halves of a change to two who do not wait for each other.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "jhash.h"
#include "log.h"
#include "nexthop.h"
#include "prefix.h"
#include "typesafe.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/zebra/wgd_unswept.h"
#include "frr-wgd/zebra/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_UNSWEPT, "WireGuard routes left in the kernel");

#define DISTANCE 254 /* of a stand-in; 255 would not be used at all */

PREDECL_HASH(unswepts);

struct unswept {
	struct unswepts_item item;
	vrf_id_t vrf;
	struct wg_prefix prefix;
	uint32_t metric;
	bool taken;    /* it is ours, and has a stand-in */
	bool replaced; /* zebra uses another one now */
	size_t n;
	struct wg_nexthop nh[];
};

static int cmp(const struct unswept *a, const struct unswept *b)
{
	return a->vrf != b->vrf ? (a->vrf < b->vrf ? -1 : 1)
				: wg_prefix_cmp(&a->prefix, &b->prefix);
}

static uint32_t hash(const struct unswept *u)
{
	return jhash(&u->prefix, sizeof(u->prefix), u->vrf);
}

DECLARE_HASH(unswepts, struct unswept, item, cmp, hash);

static struct unswepts_head all = INIT_HASH(all);
static struct event *t_forget;

static struct unswept *find(vrf_id_t vrf, const struct wg_prefix *p)
{
	struct unswept key = {.vrf = vrf, .prefix = *p};

	return unswepts_count(&all) ? unswepts_find(&all, &key) : NULL;
}

static void drop(struct unswept *u)
{
	unswepts_del(&all, u);
	XFREE(MTYPE_WGD_UNSWEPT, u);
}

static bool is_announced(const struct unswept *u)
{
	return u->n == 1 && !u->nh[0].gateway.family &&
	       wgd_if_find_index(u->nh[0].ifindex);
}

static void forget_unknown(struct event *t)
{
	struct unswept *u;

	frr_each_safe (unswepts, &all, u)
		if (!u->taken)
			drop(u);
}

static struct unswept *note(vrf_id_t vrf, const struct wg_prefix *p,
			    uint32_t metric, const struct wg_nexthop *nh,
			    size_t n)
{
	struct unswept *u = find(vrf, p);

	if (u)
		drop(u);
	u = XCALLOC(MTYPE_WGD_UNSWEPT, sizeof(*u) + n * sizeof(*nh));
	u->vrf = vrf;
	u->prefix = *p;
	u->metric = metric;
	u->n = n;
	memcpy(u->nh, nh, n * sizeof(*nh));
	unswepts_add(&all, u);
	if (!t_forget)
		event_add_timer(wgd.master, forget_unknown, NULL,
				wgd.stale_time, &t_forget);
	return u;
}

static void take(struct unswept *u)
{
	struct wgd_zebra_route r = {
		.vrf = u->vrf,
		.prefix = u->prefix,
		.type = ZEBRA_ROUTE_HSLS,
		.distance = DISTANCE,
	};
	struct prefix p = wgd_convert_to_frr(&u->prefix);

	zlog_info(
		"%pFX vrf %u: a zebra that was killed left this route of ours in the kernel",
		&p, u->vrf);
	wgd_zebra_route(wgd_zebra_client(), &r, u->nh, u->n);
	r.type = ZEBRA_ROUTE_KERNEL;
	r.metric = u->metric;
	wgd_zebra_route(wgd_zebra_client(), &r, NULL, 0);
	u->taken = true;
}

static void withdraw(const struct unswept *u)
{
	struct wgd_zebra_route r = {
		.vrf = u->vrf,
		.prefix = u->prefix,
		.type = ZEBRA_ROUTE_HSLS,
	};

	wgd_zebra_route(wgd_zebra_client(), &r, NULL, 0);
}

/* Do what can be done for it by now. */
static void step(struct unswept *u)
{
	if (!u->taken && is_announced(u))
		take(u);
	if (!u->replaced || !wgd.routes_here)
		return;
	withdraw(u);
	drop(u);
}

void wgd_unswept_settle(void)
{
	struct unswept *u;

	if (wgd_zebra_client())
		frr_each_safe (unswepts, &all, u)
			step(u);
}

void wgd_unswept_told(vrf_id_t vrf, const struct wg_prefix *p,
		      const struct wgd_zapi_route *route,
		      const struct wg_nexthop *nh, size_t n)
{
	struct unswept *u = find(vrf, p);

	if (n && route->type == ZEBRA_ROUTE_KERNEL &&
	    CHECK_FLAG(route->flags, ZEBRA_FLAG_SELFROUTE)) {
		if (n > 1 || nh[0].gateway.family)
			return;
		/* zebra tells it again until it has forgotten it */
		if (!u || !u->taken || u->replaced)
			step(note(vrf, p, route->metric, nh, n));
		return;
	}
	if (u && !u->taken) {
		drop(u);
	} else if (u && n) {
		u->replaced = true;
		step(u);
	}
}

void wgd_unswept_forget(void)
{
	struct unswept *u;

	event_cancel(&t_forget);
	while ((u = unswepts_pop(&all)))
		XFREE(MTYPE_WGD_UNSWEPT, u);
}
