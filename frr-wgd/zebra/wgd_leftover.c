// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an earlier life announced, in a table that nobody uses now.
 *
 * A session with zebra for each table knows what was left in it
 * (wgd_table.c, wgd_graceful.h).  A table that is not configured any more
 * has no session, but its routes are told like all others: of type table, with
 * the number, out of an interface of ours and without a gateway, as nobody else
 * makes them.  They are noted until the configuration is surely here (the stale
 * time), and then deleted if nobody uses their table.  Later none can come.
 *
 * Rejected: a file that remembers the tables.  It would be one more thing to
 * be out of step with zebra.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"
#include "zclient.h"

#include "frr-wgd/zebra/wgd_leftover.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_LEFTOVER, "WireGuard routes of an earlier life");

struct leftover {
	struct leftover *next;
	vrf_id_t vrf;
	struct wg_prefix prefix;
	uint16_t instance;
	uint32_t ifindex;
};

static struct leftover *leftovers;
static struct event *t_sweep;

static struct leftover **find(vrf_id_t vrf, const struct wg_prefix *p)
{
	struct leftover **at = &leftovers;

	while (*at && ((*at)->vrf != vrf || wg_prefix_cmp(&(*at)->prefix, p)))
		at = &(*at)->next;
	return at;
}

static void drop(struct leftover **at)
{
	struct leftover *l = *at;

	*at = l->next;
	XFREE(MTYPE_WGD_LEFTOVER, l);
}

void wgd_leftover_told(vrf_id_t vrf, const struct wg_prefix *p,
		       uint16_t instance, uint32_t ifindex, bool there)
{
	struct leftover **at, *l;

	if (!t_sweep || wgd_table_uses(instance))
		return;
	at = find(vrf, p);
	if (*at)
		drop(at);
	if (!there || !ifindex)
		return;
	l = XCALLOC(MTYPE_WGD_LEFTOVER, sizeof(*l));
	l->vrf = vrf;
	l->prefix = *p;
	l->instance = instance;
	l->ifindex = ifindex;
	l->next = leftovers;
	leftovers = l;
}

static void delete (const struct leftover *l)
{
	struct wgd_zebra_route r = {
		.vrf = l->vrf,
		.prefix = l->prefix,
		.type = ZEBRA_ROUTE_TABLE,
		.instance = l->instance,
	};
	char text[WG_PREFIX_STRLEN];

	zlog_info("%s in table %u, which nobody announces any more: withdrawn",
		  wg_prefix_str(&l->prefix, text), l->instance);
	wgd_zebra_route(wgd_zebra_client(), &r, NULL, 0);
}

static void sweep(struct event *t)
{
	if (!wgd_zebra_client()) {
		event_add_timer(wgd.master, sweep, NULL, 1, &t_sweep);
		return;
	}
	while (leftovers) {
		if (!wgd_table_uses(leftovers->instance) &&
		    wgd_if_find_index(leftovers->ifindex))
			delete (leftovers);
		drop(&leftovers);
	}
}

void wgd_leftover_init(void)
{
	event_add_timer(wgd.master, sweep, NULL, wgd.stale_time, &t_sweep);
}

void wgd_leftover_finish(void)
{
	event_cancel(&t_sweep);
	while (leftovers)
		drop(&leftovers);
}
