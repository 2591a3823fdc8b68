// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes to what live members announce, as far as it is certified for them, of
 * distance DISTANCE: whatever a routing protocol says is better.
 *
 * zebra keeps them when we go, and those that this life does not tell again go
 * when it is known who is live (wgd_mesh_is_awaited).
 *
 * What zebra was told of a member stands with the member, so that each change
 * is told once.
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

static void tell(const struct wgd_mesh *m,
		 const struct wgd_mesh_member *member,
		 const struct wg_prefix *p, bool there)
{
	struct wgd_zebra_route route = {
		.vrf = wg_dev_vrf(m->wif->dev),
		.prefix = *p,
		.type = ZEBRA_ROUTE_HSLS,
		.distance = DISTANCE,
	};
	const struct wg_addr *address = address_of(member, p->family);
	struct wg_nexthop nh = {.ifindex = member->routes_by};

	if (address) /* to end a route it may be gone */
		nh.gateway = *address;
	if (wgd_zebra_client())
		wgd_zebra_route(wgd_zebra_client(), &route, &nh, there);
}

static void withdraw(struct wgd_mesh *m, struct wgd_mesh_member *member,
		     const struct wg_prefix *keep, size_t n_keep)
{
	size_t i;

	for (i = 0; i < member->n_routes; i++)
		if (!wg_prefix_among(&member->routes[i], keep, n_keep))
			tell(m, member, &member->routes[i], false);
	if (n_keep)
		return;
	XFREE(MTYPE_WGD_MESH_ROUTE, member->routes);
	member->n_routes = 0;
}

static void look(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	uint32_t ifindex = m->wif->link->ifindex;
	struct wg_prefix *wanted;
	size_t i, n = 0;

	if (member->routes_by != ifindex)
		withdraw(m, member, NULL, 0);
	member->routes_by = ifindex;
	if (!m->wif->conf.mesh.routes || !member->peer || !member->connected ||
	    !ifindex) {
		withdraw(m, member, NULL, 0);
		return;
	}
	wanted = XCALLOC(MTYPE_WGD_MESH_ROUTE,
			 (member->n_announced + 1) * sizeof(*wanted));
	for (i = 0; i < member->n_announced; i++)
		if (wg_peer_is_certified(member->peer->peer,
					 &member->announced[i]) &&
		    address_of(member, member->announced[i].family))
			wanted[n++] = member->announced[i];
	withdraw(m, member, wanted, n);
	for (i = 0; i < n; i++)
		if (!wg_prefix_among(&wanted[i], member->routes,
				     member->n_routes))
			tell(m, member, &wanted[i], true);
	XFREE(MTYPE_WGD_MESH_ROUTE, member->routes);
	member->routes = wanted;
	member->n_routes = n;
}

void wgd_mesh_routes(struct wgd_mesh *m)
{
	size_t i;

	if (m->wif->conf.mesh.routes && !m->is_kept && wgd_zebra_client() &&
	    !wgd_zebra_is_away()) {
		wgd_graceful_keep(wgd_zebra_client(), wg_dev_vrf(m->wif->dev));
		m->is_kept = true;
	}
	for (i = 0; i < m->n_members; i++)
		look(m, m->members[i]);
}

void wgd_mesh_routes_end(struct wgd_mesh *m)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		withdraw(m, m->members[i], NULL, 0);
}

void wgd_mesh_routes_lost(struct wgd_mesh *m)
{
	size_t i;

	m->is_kept = false;
	for (i = 0; i < m->n_members; i++) {
		XFREE(MTYPE_WGD_MESH_ROUTE, m->members[i]->routes);
		m->members[i]->n_routes = 0;
	}
}
