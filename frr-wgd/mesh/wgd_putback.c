// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Endpoints of members that moved to where they must not be.
 *
 * WireGuard lets a peer's endpoint follow each packet that its key sealed.  Who
 * forwards such packets can send them from where it wants: a hub moves the
 * endpoints of all sites so, to itself or into RELAY, where a packet would be
 * sealed again and again (lib/core/wg_relay.c); a site its own.  Therefore what
 * a reading finds astray is put back, and whoever moved it has to do so once
 * for each reading.  It costs a look at each member in each reading, and one
 * operation for who is astray.
 *
 * At a site another one may also be where its direct path is: a place from
 * which it answered a probe (wgd_path.h).  At a hub sites roam, as they are
 * behind NATs.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/mesh/wgd_path.h"
#include "frr-wgd/mesh/wgd_putback.h"

static void add_place(struct wg_relay_peer *peer, struct wg_endpoint *v,
		      const struct wgd_mesh_at *place)
{
	struct wg_endpoint e = {.port = place->port};

	if (place->port && wg_addr_parse(place->host, &e.addr) == 0)
		v[peer->n_published++] = e;
}

static bool is_astray(const struct wg_relay *own,
		      const struct wgd_mesh_member *member)
{
	struct wg_endpoint published[WGD_MESH_PLACES + 2];
	struct wg_relay_peer peer = {.hub = member->hub,
				     .member = member->number,
				     .port = member->port,
				     .published = published};
	const struct wgd_peer *p = member->peer;
	size_t i;

	/* of a name, too */
	published[peer.n_published++] = p->resolved.is;
	for (i = 0; i < member->n_places; i++)
		add_place(&peer, published, &member->places[i]);
	if (member->met)
		add_place(&peer, published, member->met);
	return wg_relay_at(own, &peer, &p->seen.endpoint) ==
		       WG_RELAY_AT_STRANGE &&
	       !wgd_path_allows(member, &p->seen.endpoint);
}

void wgd_putback_read(struct wgd_mesh *m)
{
	const struct wg_relay own = wgd_mesh_relay(m);
	char text[WG_ENDPOINT_STRLEN];
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		struct wgd_mesh_member *member = m->members[i];

		if (!member->peer)
			continue;
		wgd_path_read(m, member);
		if (!is_astray(&own, member))
			continue;
		wgd_debug_events("%s: mesh: %s was at %s: put back",
				 m->wif->name, member->name,
				 wg_endpoint_str(&member->peer->seen.endpoint,
						 text));
		wg_peer_resend_endpoint(member->peer->peer);
	}
}
