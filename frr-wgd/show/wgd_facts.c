// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The facts of one address.
 *
 * The kernel is asked where it sends the address, because zebra's routes over
 * other links are not kept here, and rules and tables beside zebra count, too.
 * Its answer decides the interface.  Where it names none of ours (there may
 * be no route, or a better one), the interface with the longest route or
 * AllowedIPs entry is what the operator asks for.
 *
 * The routes of an interface that is down are gone, also from zebra, and so is
 * what would say that the address was its.  It is taken for the reason
 *
 *  - if the address is in its own subnet, or in a prefix that is configured
 *    for one of its peers;
 *  - or if there is no other WireGuard interface, and the kernel has no way
 *    for the address, by no other link.
 *
 * Else it is only mentioned.  A default, be it a route or a static prefix, says
 * nothing where the kernel has another way: it gives way to any.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <net/if.h>

#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/engine/wgd_request.h"
#include "frr-wgd/show/wgd_facts.h"
#include "frr-wgd/zebra/wgd_zebra.h"

/* --- the kernel's ways */

static void ask(const struct wg_fib_query *q, struct wgd_way *ret)
{
	int rc = wg_fib_get(q, &ret->fib);

	ret->there = rc == 0;
	ret->known = ret->there || rc == -ENETUNREACH;
}

/* Link-local and multicast addresses say nothing without a link. */
static void ask_way(const struct wg_addr *addr, uint32_t vrf,
		    struct wgd_way *ret)
{
	struct wg_fib_query q = {.addr = *addr, .vrf = vrf};

	memset(ret, 0, sizeof(*ret));
	if (!wg_addr_is_linklocal(addr) && !wg_addr_is_multicast(addr))
		ask(&q, ret);
}

/* The device's encrypted packets go by the default VRF. */
static void ask_under(struct wgd_facts *f)
{
	struct wg_fib_query q = {
		.addr = f->endpoint.addr,
		.mark = wg_dev_conf(f->wif->dev)->fwmark,
	};

	if (q.addr.family && !wg_addr_is_linklocal(&q.addr))
		ask(&q, &f->under);
}

static void ask_forwarding(struct wgd_facts *f)
{
	bool does = true;

	if (!wg_addr_is_linklocal(&f->addr) &&
	    wg_fib_forwards(f->link.ifindex, f->addr.family, &does) == 0)
		f->forwards_not = !does;
}

/* --- what is configured */

static void find_claimant(struct wgd_facts *f)
{
	struct wg_peer *peer = wg_static_lookup(
		f->wif->dev, &f->addr, &f->claim, &f->claim_is_exclusive);

	f->claimant = peer ? wg_peer_arg(peer) : NULL;
}

/* --- choosing the interface */

static int length(const struct wgd_facts *f)
{
	return MAX(f->has_route ? f->route.prefix.len : -1,
		   f->has_entry ? f->entry.prefix.len : -1);
}

bool wgd_facts_leads_here(const struct wgd_facts *f)
{
	return f->wif && f->way.there && !f->way.fib.local &&
	       f->way.fib.ifindex == wg_dev_ifindex(f->wif->dev);
}

/* How much the interface has to do with the address; < 0: nothing. */
static int relevance(const struct wgd_facts *f)
{
	if (wgd_facts_leads_here(f))
		return length(f) + 1000;
	return length(f) || !f->way.there ? length(f) : -1;
}

const struct wg_entry *wgd_facts_entry(const struct wgd_facts *f)
{
	if (f->wif && wg_dev_aggregate(f->wif->dev) && f->has_decided)
		return &f->decided;
	return f->has_entry ? &f->entry : NULL;
}

bool wgd_facts_in_subnet(const struct wgd_facts *f)
{
	const struct wg_entry *e = wgd_facts_entry(f);

	return f->has_route && f->route.proto == ZEBRA_ROUTE_CONNECT &&
	       f->route.verdict == WG_ROUTE_NO_PEER &&
	       ((f->way.there && f->way.fib.local) ||
		(e && e->prefix.len > f->route.prefix.len));
}

bool wgd_facts_is_up(const struct wgd_facts *f)
{
	return f->wif->state != WGD_IF_ABSENT && f->has_link &&
	       (f->link.flags & IFF_UP);
}

/* The interface is down.  Would it have the address? */
static bool would_have(struct wgd_facts *f)
{
	if (!wg_addr_is_linklocal(&f->addr) &&
	    wgd_zebra_subnet(f->wif->name, &f->addr))
		return true;
	find_claimant(f);
	return f->claimant && (f->claim.len || !f->way.there);
}

/* What of the address the interface has. */
static void look(struct wgd_facts *f, struct wgd_if *wif)
{
	f->wif = wif;
	f->has_link = wgd_attach_look(wif, &f->link);
	f->has_route = wg_route_lookup(wif->dev, &f->addr, &f->route);
	f->has_entry = wg_entry_lookup(wif->dev, &f->addr, true, &f->entry);
	f->has_decided =
		wg_entry_lookup(wif->dev, &f->addr, false, &f->decided);
	ask_way(&f->addr, wg_dev_vrf(wif->dev), &f->way);
}

static void choose(struct wgd_facts *f, const vrf_id_t *vrf)
{
	struct wgd_facts one = {.addr = f->addr}, down = {};
	bool sure = false;
	size_t n = 0;
	int best = -1;

	wgd_each_if (wif) {
		if (vrf && wg_dev_vrf(wif->dev) != *vrf)
			continue;
		n++;
		look(&one, wif);
		if (relevance(&one) > best) {
			best = relevance(&one);
			*f = one;
		} else if (!sure && !wgd_facts_is_up(&one)) {
			sure = would_have(&one);
			if (sure || !down.wif)
				down = one;
		}
	}
	if (best >= 0)
		return;
	if (sure || (n == 1 && down.wif && down.way.known && !down.way.there)) {
		*f = down;
		f->wif_is_guess = true;
		return;
	}
	*f = (struct wgd_facts){.addr = one.addr, .down = down.wif};
	ask_way(&f->addr, vrf ? *vrf : VRF_DEFAULT, &f->way);
}

/* --- meshes */

static void find_gone(struct wgd_facts *f)
{
	const struct wg_entry *e = wgd_facts_entry(f);
	const struct wgd_gone_member *gone;
	struct wg_prefix p;

	wgd_each_mesh (m) {
		gone = wgd_gone_find(m, &f->addr, &p);
		if (!gone || (f->wif && f->wif != m->wif) ||
		    (e && e->prefix.len >= p.len))
			continue;
		f->gone = gone;
		f->gone_prefix = p;
		f->gone_from = m;
		return;
	}
}

static void look_at_mesh(struct wgd_facts *f)
{
	const struct wgd_mesh *m = f->wif ? f->wif->mesh : NULL;
	bool does = true;

	find_gone(f);
	if (f->peer)
		f->member = wgd_mesh_member_of(f->peer);
	if (m && m->is_hub && f->has_link &&
	    wg_fib_forwards(f->link.ifindex, AF_INET6, &does) == 0)
		f->relays_not = !does;
}

void wgd_facts_gather(struct wgd_facts *f, const struct wg_addr *addr,
		      const vrf_id_t *vrf)
{
	wgd_each_if (wif)
		wgd_request_refresh(wif);
	wg_core_settle(wgd.core);
	memset(f, 0, sizeof(*f));
	f->addr = *addr;
	choose(f, vrf);
	if (f->wif)
		find_claimant(f);
	if (f->has_link)
		ask_forwarding(f);
	if (f->has_entry) {
		f->owner = f->entry.acked;
		f->peer = wg_peer_arg(f->owner);
	}
	look_at_mesh(f);
	if (!f->peer)
		return;
	f->endpoint = *wgd_peer_endpoint(f->peer);
	ask_under(f);
}

/* --- the route's next hops */

const struct wg_peer *wgd_facts_nexthop(const struct wgd_facts *f,
					const struct wg_peer *but)
{
	size_t i;

	for (i = 0; f->has_route && i < f->route.n_nexthops; i++)
		if (f->route.nexthops[i].peer &&
		    f->route.nexthops[i].peer != but)
			return f->route.nexthops[i].peer;
	return NULL;
}

bool wgd_facts_is_nexthop(const struct wgd_facts *f, const struct wg_peer *peer)
{
	size_t i;

	for (i = 0; f->has_route && i < f->route.n_nexthops; i++)
		if (f->route.nexthops[i].peer == peer)
			return true;
	return false;
}
