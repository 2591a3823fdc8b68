/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGD_CONFIG_H
#define WGD_CONFIG_H

#include "lib/core/wg_core.h"

/*
 * config/: what the operator says: the northbound's nodes, what may not be
 * configured, and the commands.  It may call engine/ and what is below, and not
 * show/.
 */

/* The nodes of frr-wireguard.yang, and what each calls (wgd_nb.c). */
extern const struct frr_yang_module_info frr_wireguard_info;

extern void wgd_config_init(void);
extern void wgd_config_finish(void);

/*
 * For hooks, which are the module's: `no interface NAME`, a peer's state, a
 * member of a mesh, an alarm of one.
 */
struct interface;
struct wgd_peer;
extern int wgd_config_if_deleted(struct interface *ifp);
extern int wgd_nb_state_changed(const struct wgd_peer *p,
				enum wg_peer_state before, const char *reason);
struct wgd_mesh;
struct wgd_mesh_member;
extern int wgd_nb_member_changed(const struct wgd_mesh *m,
				 const struct wgd_mesh_member *member);
extern int wgd_nb_path_changed(const struct wgd_mesh *m,
			       const struct wgd_mesh_member *member);
struct wg_alarm;
extern int wgd_nb_alarm_changed(const struct wgd_mesh *m,
				const struct wg_alarm *a, bool raised);

#endif
