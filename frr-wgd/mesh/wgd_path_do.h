/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the paths of a site want to be done (wgd_path.h): CALLs, probes,
 * messages, and where the device has the other sites. */
#ifndef WGD_PATH_DO_H
#define WGD_PATH_DO_H

#include "frr-wgd/mesh/wgd_path.h"

/* The path became direct, or is left: wgd_path_state. */
DECLARE_HOOK(wgd_path_changed,
	     (const struct wgd_mesh *m, const struct wgd_mesh_member *member),
	     (m, member));

/* Once in the life of the daemon: who sees data tells paths. */
extern void wgd_path_init(void);
extern void wgd_path_finish(void);
/* The mesh has probes: its paths begin. */
extern void wgd_path_begin(struct wgd_mesh *m);
/*
 * Lines of configuration, hubs, members, records or our own addresses may be
 * others than before.
 */
extern void wgd_path_look(struct wgd_mesh *m);

#endif
