/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of a site as users see them: what show commands, explain, the
 * northbound's state and metrics all say is made here, once.
 */
#ifndef WGD_PATH_VIEW_H
#define WGD_PATH_VIEW_H

#include "frr-wgd/mesh/wgd_path.h"

struct wgd_path_view {
	enum wg_path_state state;
	enum wg_path_why why;	 /* it is not direct; else of no meaning */
	int64_t since_ms;	 /* so long ago; -1: it never was another */
	int64_t relay_rtt_ms;	 /* to it and back; -1: not known */
	int64_t direct_rtt_ms;	 /* the same; -1: it is not direct */
	int64_t held_ms;	 /* until we try again; 0: whenever there is
				  * demand */
};
/* False: between us and the member there is none: one of us is a hub, or it is
 * no peer. */
extern bool wgd_path_view(const struct wgd_mesh_member *member,
			  struct wgd_path_view *ret);

#endif
