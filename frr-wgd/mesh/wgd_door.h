/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hub's door: where those knock that have no tunnel yet. */
#ifndef WGD_DOOR_H
#define WGD_DOOR_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* It is known who we are: a hub has a door. */
extern void wgd_door_new(struct wgd_mesh *m);
extern void wgd_door_delete(struct wgd_mesh *m);
/* The port may be another one. */
extern void wgd_door_look(struct wgd_mesh *m);
/* The device took something: it may be who waits for its answer. */
extern void wgd_door_applied(struct wgd_mesh *m);
/*
 * A UDP socket of both families, at that port (0: any), whose packets enter no
 * tunnel; or -errno.
 */
extern int wgd_door_socket(const struct wgd_mesh *m, uint16_t port);
/* Where a datagram of such a socket came from; IPv4 is not mapped. */
extern void wgd_door_from(const struct sockaddr_in6 *from, struct wg_addr *ret);

#endif
