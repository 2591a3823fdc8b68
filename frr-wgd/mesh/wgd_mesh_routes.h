/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wireguard mesh routes: what live members announce are routes, by their
 * addresses, without any routing protocol.
 */
#ifndef WGD_MESH_ROUTES_H
#define WGD_MESH_ROUTES_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* Members, their state, the line or the link may be others: tell zebra. */
extern void wgd_mesh_routes(struct wgd_mesh *m);
/* All routes go. */
extern void wgd_mesh_routes_end(struct wgd_mesh *m);
/* zebra has none of them. */
extern void wgd_mesh_routes_lost(struct wgd_mesh *m);

#endif
