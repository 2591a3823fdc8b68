/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hubs of a site: by which one each other site is relayed, and what they
 * say of who is connected.
 */
#ifndef WGD_HUBS_H
#define WGD_HUBS_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* A hub says that it has the site, or has it no more. */
extern void wgd_hubs_told(struct wgd_mesh *m,
			  const struct wgd_mesh_member *hub,
			  struct wgd_mesh_member *of, bool connected);
/* Its connection is up: it is about to say whom it has. */
extern void wgd_hubs_up(struct wgd_mesh *m, struct wgd_mesh_member *hub);

/* Which sites are connected: by what the hubs say that are so. */
extern void wgd_hubs_see(struct wgd_mesh *m);
/* By which hub each site is relayed: marks members that are to be elsewhere. */
extern void wgd_hubs_follow(struct wgd_mesh *m);

/* Had all hubs that are connected some time to say whom they have? */
extern bool wgd_hubs_are_heard(const struct wgd_mesh *m);
/*
 * Is it a site that has no way yet, of which a hub that has just connected to us
 * may be about to speak?  Then the mesh acts again soon.
 */
extern bool wgd_hubs_is_awaited(struct wgd_mesh *m,
				const struct wgd_mesh_member *member);

/* The hub that relays to the site; NULL: none, or it is a hub, or we are. */
extern const struct wgd_mesh_member *
wgd_hubs_of(const struct wgd_mesh *m, const struct wgd_mesh_member *member);
/* Is it the one that relays for us? */
extern bool wgd_hubs_is_relay(const struct wgd_mesh *m,
			      const struct wgd_mesh_member *hub);

/*
 * The hub that can bring a CALL to the site: it has it, we are connected to it,
 * and it answers; above all the one that relays.  NULL: none.
 */
extern const struct wgd_mesh_member *
wgd_hubs_carrier(const struct wgd_mesh *m,
		 const struct wgd_mesh_member *member);

#endif
