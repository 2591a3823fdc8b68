/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mesh of an interface, for the rooms above. */
#ifndef WGD_MESH_LIFE_H
#define WGD_MESH_LIFE_H

#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/mesh/wgd_mesh.h"

/* The configuration of the interface changed: make, change or end its mesh. */
extern void wgd_mesh_configure(struct wgd_if *wif);
/* The interface goes; its members go. */
extern void wgd_mesh_delete(struct wgd_if *wif);
/* The daemon ends: what is known is written, and the device stays. */
extern void wgd_mesh_finish(void);
/* The device was read: link, state, key, port, endpoints may be others. */
extern void wgd_mesh_device(struct wgd_if *wif);
/* The device acknowledged a request. */
extern void wgd_mesh_applied(struct wgd_if *wif);
/*
 * May a mesh have routes of an earlier life that it has not told again, since
 * it does not know yet who is live?  The turn is marked when that ends.
 */
extern bool wgd_mesh_is_awaited(void);
/* zebra told of an address of this machine that came or went. */
extern void wgd_mesh_address_told(void);
/* A new session with zebra: it has none of our routes. */
extern void wgd_mesh_zebra_up(void);
/*
 * Items of a file.  How many were put, or -errno; a sentence either way.  FORCE:
 * also a list that forgets who is revoked.
 */
extern int wgd_mesh_load(struct wgd_if *wif, const char *file, bool force,
			 char *answer, size_t len);

#endif
