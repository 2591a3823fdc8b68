// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "lib/backend/wg_fib.h"

static const char *reason(const struct wgd_mesh *m)
{
	const char *why = NULL;

	if (m->self->reason)
		return m->self->reason;
	if (m->map && (m->state != WGD_MESH_CONNECTED ||
		       wgd_mesh_awaits_witness(m)))
		why = wgd_knock_why(m);
	if (why)
		return why;
	return m->map ? wgd_map_trouble(m->map) : NULL;
}

/* Authorities come first, by number. */
static uint32_t newest_authority(const struct wg_directory *dir)
{
	struct wg_directory_cursor cursor = {};
	struct wg_directory_entry e;
	uint32_t newest = 0;

	while (wg_directory_next(dir, &cursor, &e) &&
	       e.kind == WG_ITEM_IS_AUTHORITY)
		newest = e.version;
	return newest;
}

static void view_map(const struct wgd_mesh *m, struct wgd_mesh_view *ret)
{
	const struct wg_directory *dir = wgd_map_directory(m->map);
	const uint8_t *list = wg_directory_list(dir);
	struct wg_wall wall = wgd_mesh_wall(m);

	ret->until = wg_item_number(wgd_mesh_certificate(m), WG_ITEM_UNTIL);
	ret->authority = newest_authority(dir);
	ret->items = wg_directory_count(dir);
	ret->time_source = wg_wall_source_str(wg_wall_source(&wall));
	if (!list)
		return;
	ret->has_list = true;
	ret->list = wg_item_number(list, WG_ITEM_LIST);
	ret->list_due = wg_item_number(list, WG_ITEM_DUE);
}

void wgd_mesh_view(const struct wgd_mesh *m, struct wgd_mesh_view *ret)
{
	size_t i;

	*ret = (struct wgd_mesh_view){.reason = reason(m)};
	if (!m->map)
		return;
	view_map(m, ret);
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub) {
			ret->hubs++;
			ret->connected_hubs += m->members[i]->connected;
		}
}

const char *wgd_mesh_relay_error(const struct wgd_mesh *m)
{
	bool does = true;

	if (m->is_hub && m->wif->link->ifindex &&
	    wg_fib_forwards(m->wif->link->ifindex, AF_INET6, &does) == 0 &&
	    !does)
		return "forwarding-off";
	return wgd_relay_error(m->wif);
}

const char *wgd_mesh_role_str(const struct wgd_mesh *m)
{
	return m->is_hub ? "hub" : "site";
}

/*
 * wireguard-go 20231211 sends to a wrong IPv6 address once it has an endpoint
 * of each family (doc/mesh.md), and relay addresses are IPv6.  Which version it
 * is nobody tells: the program is asked nothing but what WireGuard asks.
 */
static bool is_reached_by_ipv4(const struct wgd_mesh_member *hub)
{
	const char *host = hub->peer ? hub->peer->conf.host : NULL;
	struct wg_addr addr;

	return host && wg_addr_parse(host, &addr) == 0 &&
	       addr.family == AF_INET;
}

const char *wgd_mesh_warning(const struct wgd_mesh *m,
			     char buf[WGD_MESH_WARNING])
{
	size_t i;

	for (i = 0; !m->is_hub && m->wif->conf.userspace && i < m->n_members;
	     i++)
		if (m->members[i]->hub && is_reached_by_ipv4(m->members[i])) {
			snprintf(
				buf, WGD_MESH_WARNING,
				"hub %s is reached over IPv4: wireguard-go since 20231211 relays nothing then, and needs a hub with an IPv6 endpoint",
				m->members[i]->name);
			return buf;
		}
	return NULL;
}
