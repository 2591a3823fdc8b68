/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the map become peers of the interface. */
#ifndef WGD_MEMBERS_H
#define WGD_MEMBERS_H

#include "frr-wgd/mesh/wgd_mesh.h"
#include "frr-wgd/peer/wgd_peer_conf.h"

/* Act on all that changed in the map, on the clock, and on who is connected. */
extern void wgd_members_update(struct wgd_mesh *m);
/*
 * The peer is a member, and the operator has lines for it, which CONF has: what
 * the map says of it is put in.
 */
extern bool wgd_members_complete(struct wgd_peer *p,
				 struct wgd_peer_conf *conf);
/*
 * At a door: the member's key, by a door record that its identity signed, and
 * for a hub where its door let us in (NULL: it came to ours).
 */
extern void wgd_members_met(struct wgd_mesh *m, uint32_t number,
			    const uint8_t *record, const struct wgd_mesh_at *at);
/* Members go, and the peers of which the operator has no lines. */
extern void wgd_members_finish(struct wgd_mesh *m);
/* Members go, and nothing changes: the daemon ends. */
extern void wgd_members_forget(struct wgd_mesh *m);

#endif
