// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes to what live members announce, as far as it is certified for them, of
 * distance DISTANCE: whatever a routing protocol says is better.
 *
 * A prefix has one route, by the live member with the lowest number that
 * announces it, as rule 2b of the ladder has it (wg_owner.c): so all members
 * take the same one, and the next one when that dies.
 *
 * What zebra was told stands with the mesh, in the order of prefixes; beside it
 * what is wanted now is made anew each time, and the differences are told, each
 * once.  To be told another next hop of a route is to have it replaced.
 *
 * zebra keeps the routes when we go, and those that this life does not tell
 * again go when it is known who is live (wgd_mesh_is_awaited).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_mesh_routes.h"
#include "frr-wgd/zebra/wgd_graceful.h"
#include "frr-wgd/zebra/wgd_zebra.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MESH_ROUTE, "WireGuard mesh route");

#define DISTANCE 210

/* The member's address of that family; NULL: it has none. */
static const struct wg_addr *address_of(const struct wgd_mesh_member *member,
					uint8_t family)
{
	size_t i;

	for (i = 0; i < member->n_addresses; i++)
		if (member->addresses[i].family == family)
			return &member->addresses[i];
	return NULL;
}

static void tell(const struct wgd_mesh_route *r, bool there)
{
	struct wgd_zebra_route route = {
		.vrf = r->vrf,
		.prefix = r->prefix,
		.type = ZEBRA_ROUTE_HSLS,
		.distance = DISTANCE,
	};
	struct wg_nexthop nh = {.gateway = r->gateway, .ifindex = r->ifindex};

	if (wgd_zebra_client())
		wgd_zebra_route(wgd_zebra_client(), &route, &nh, there);
}

/* --- what is wanted */

static bool is_announcer(const struct wgd_mesh_member *member)
{
	return member->peer && member->connected;
}

/* Of one prefix the lowest member number comes first. */
static int route_cmp(const void *a, const void *b)
{
	const struct wgd_mesh_route *x = a, *y = b;

	return wg_prefix_cmp(&x->prefix, &y->prefix)
		       ?: x->member < y->member ? -1 : 1;
}

static size_t announced(const struct wgd_mesh *m, struct wgd_mesh_route *ret)
{
	const struct wg_addr *gateway;
	size_t i, k, n = 0;

	for (i = 0; i < m->n_members; i++) {
		const struct wgd_mesh_member *member = m->members[i];

		for (k = 0; is_announcer(member) && k < member->n_announced;
		     k++) {
			const struct wg_prefix *p = &member->announced[k];

			gateway = address_of(member, p->family);
			if (!gateway ||
			    !wg_peer_is_certified(member->peer->peer, p))
				continue;
			ret[n++] = (struct wgd_mesh_route){
				.prefix = *p,
				.gateway = *gateway,
				.member = member->number,
				.ifindex = m->wif->link->ifindex,
				.vrf = wg_dev_vrf(m->wif->dev),
			};
		}
	}
	return n;
}

/* In the order of prefixes, each once; for the caller to free. */
static struct wgd_mesh_route *wanted(const struct wgd_mesh *m, size_t *ret_n)
{
	struct wgd_mesh_route *routes;
	size_t i, n = 0;

	*ret_n = 0;
	if (!m->wif->conf.mesh.routes || !m->wif->link->ifindex)
		return NULL;
	for (i = 0; i < m->n_members; i++)
		if (is_announcer(m->members[i]))
			n += m->members[i]->n_announced;
	routes = XCALLOC(MTYPE_WGD_MESH_ROUTE, (n + 1) * sizeof(*routes));
	n = announced(m, routes);
	qsort(routes, n, sizeof(*routes), route_cmp);
	for (i = 0; i < n; i++)
		if (!*ret_n || !wg_prefix_same(&routes[*ret_n - 1].prefix,
					       &routes[i].prefix))
			routes[(*ret_n)++] = routes[i];
	return routes;
}

/* --- what is told */

static bool same_way(const struct wgd_mesh_route *a,
		     const struct wgd_mesh_route *b)
{
	return wg_addr_same(&a->gateway, &b->gateway) &&
	       a->ifindex == b->ifindex;
}

/* From what zebra was told to that; both in the order of prefixes. */
static void change(struct wgd_mesh *m, struct wgd_mesh_route *to, size_t n)
{
	const struct wgd_mesh_route *old = m->routes, *now = to;
	const struct wgd_mesh_route *old_end = old + m->n_routes;

	while (old < old_end || now < to + n) {
		int c = old == old_end ? 1
			: now == to + n
				? -1
				: wg_prefix_cmp(&old->prefix, &now->prefix);
		bool moved = c == 0 && old->vrf != now->vrf;

		if (c < 0 || moved)
			tell(old, false);
		if (c > 0 || moved || (c == 0 && !same_way(old, now)))
			tell(now, true);
		old += c <= 0;
		now += c >= 0;
	}
	XFREE(MTYPE_WGD_MESH_ROUTE, m->routes);
	m->routes = to;
	m->n_routes = n;
}

void wgd_mesh_routes(struct wgd_mesh *m)
{
	struct wgd_mesh_route *routes;
	size_t n;

	if (m->wif->conf.mesh.routes && !m->is_kept && wgd_zebra_client() &&
	    !wgd_zebra_is_away()) {
		wgd_graceful_keep(wgd_zebra_client(), wg_dev_vrf(m->wif->dev));
		m->is_kept = true;
	}
	routes = wanted(m, &n);
	change(m, routes, n);
}

void wgd_mesh_routes_end(struct wgd_mesh *m)
{
	change(m, NULL, 0);
}

void wgd_mesh_routes_lost(struct wgd_mesh *m)
{
	m->is_kept = false;
	XFREE(MTYPE_WGD_MESH_ROUTE, m->routes);
	m->n_routes = 0;
}
