/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a site sends data to: what makes a direct path worth the while. */
#ifndef WGD_DEMAND_H
#define WGD_DEMAND_H

#include "frr-wgd/mesh/wgd_mesh.h"

/*
 * About so many data packets left by the device for the member, now.  They are
 * sampled where there are many, and then each that is seen stands for those
 * that are not.
 */
DECLARE_HOOK(wgd_demand_data,
	     (struct wgd_mesh *m, struct wgd_mesh_member *member, unsigned n),
	     (m, member, n));
/* Something sealed left for a relay address of the member, now. */
DECLARE_HOOK(wgd_demand_relayed,
	     (struct wgd_mesh *m, struct wgd_mesh_member *member),
	     (m, member));

extern void wgd_demand_new(struct wgd_mesh *m);
extern void wgd_demand_delete(struct wgd_mesh *m);
/* The link is another: what is to be looked at? */
extern void wgd_demand_look(struct wgd_mesh *m);
/*
 * From now on wgd_demand_relayed is called, or no more.  Each packet costs its
 * clone while that is so: for the time of a switch.
 */
extern void wgd_demand_watch_relay(struct wgd_mesh *m, bool on);
/* Why nothing is seen: CAP_NET_RAW is missing, say; NULL: all is. */
extern const char *wgd_demand_why(const struct wgd_mesh *m);

#endif
