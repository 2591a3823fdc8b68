/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a member of the map one that may be a peer, by its own items?  That another
 * one has its name, address, key or hub number is wgd_members.c.
 */
#ifndef WGD_JUDGE_H
#define WGD_JUDGE_H

#include "frr-wgd/mesh/wgd_mesh.h"

extern enum wgd_mesh_refused wgd_judge(const struct wgd_mesh *m,
				       const struct wgd_mesh_member *member,
				       const struct wg_directory_who *who);
/* It has no certificate any more: why? */
extern enum wgd_mesh_refused
wgd_judge_gone(const struct wgd_mesh *m, const struct wgd_mesh_member *member);
/* Would the verdict be another one, by the clock alone? */
extern bool wgd_judge_differs(const struct wgd_mesh_member *member,
			      const struct wg_wall *wall);

#endif
