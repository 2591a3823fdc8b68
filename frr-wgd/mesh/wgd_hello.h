/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hellos: UDP inside the tunnels, by which a site knows which hubs answer. */
#ifndef WGD_HELLO_H
#define WGD_HELLO_H

#include "frr-wgd/mesh/wgd_mesh.h"

extern void wgd_hello_new(struct wgd_mesh *m);
extern void wgd_hello_delete(struct wgd_mesh *m);
/* The link is another, members came or went, hubs relay or do not. */
/* How often the path to it has it asked is another now. */
extern void wgd_hello_asks(struct wgd_mesh *m, struct wgd_mesh_member *member);
/* A message that is no HELLO; KIND: enum wg_hello_kind, PLACE: of SWITCH. */
extern void wgd_hello_say(struct wgd_mesh *m, struct wgd_mesh_member *member,
			  uint8_t kind, const struct wg_endpoint *place);
extern void wgd_hello_look(struct wgd_mesh *m);

/* Nothing was said to the member yet. */
extern void wgd_hello_met(struct wgd_mesh_member *member);
/* The member goes. */
extern void wgd_hello_forget(struct wgd_mesh *m,
			     struct wgd_mesh_member *member);
/* The site is at another hub: it is told so, where that is of any use. */
extern void wgd_hello_moved(struct wgd_mesh *m, struct wgd_mesh_member *member);
/* Did anything go to or come from it in the last seconds? */
extern bool wgd_hello_has_data(const struct wgd_mesh_member *member);

#endif
