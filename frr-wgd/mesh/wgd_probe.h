/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes of a mesh: UDP between WireGuard ports, outside of tunnels
 * (lib/backend/wg_probe.h).  By them a site knows where hubs see it, and
 * whether another site can be reached without a hub.
 */
#ifndef WGD_PROBE_H
#define WGD_PROBE_H

#include "frr-wgd/mesh/wgd_mesh.h"
#include "lib/core/wg_observed.h"

extern void wgd_probe_new(struct wgd_mesh *m);
extern void wgd_probe_delete(struct wgd_mesh *m);
/* The port, an address, the members may be others. */
extern void wgd_probe_look(struct wgd_mesh *m);
/* False: nothing is sent or heard: most often CAP_NET_RAW is missing. */
extern bool wgd_probe_is_open(const struct wgd_mesh *m);
/* Why, for people; NULL: it is open. */
extern const char *wgd_probe_error(const struct wgd_mesh *m);

/* What a path is told, and asked; see wgd_probe_set_path. */
struct wgd_probe_path {
	/* May we answer that site now?  A hub always does. */
	bool (*answers)(struct wgd_mesh *m,
			const struct wgd_mesh_member *member);
	/* It sent us a PING, which we answered: it reaches us from there. */
	void (*pinged)(struct wgd_mesh *m, struct wgd_mesh_member *member,
		       const struct wg_endpoint *from);
	/* ... and a PONG to a PING of ours that went there: it came from SEEN. */
	void (*pong)(struct wgd_mesh *m, struct wgd_mesh_member *member,
		     const struct wg_endpoint *from,
		     const struct wg_endpoint *seen, uint32_t rtt_ms);
};
/* NULL, as at the beginning: no site is answered.  It stays the caller's. */
extern void wgd_probe_set_path(struct wgd_mesh *m,
			       const struct wgd_probe_path *path);

/*
 * A PING to the member, if that is a place where a path may be: unicast, no
 * address of ours, outside RELAY, and the way there leads into no tunnel.
 * False: it is none, or nothing could be sent.
 */
extern bool wgd_probe_ping(struct wgd_mesh *m,
			   const struct wgd_mesh_member *member,
			   const struct wg_endpoint *to);
/* Where others may try to reach us now. */
extern size_t wgd_probe_candidates(const struct wgd_mesh *m,
				   struct wg_endpoint ret[WG_CANDIDATES]);
/* What hubs see of us. */
extern const struct wg_observed *wgd_probe_observed(const struct wgd_mesh *m);

/* The member goes. */
extern void wgd_probe_forget(struct wgd_mesh_member *member);

#endif
