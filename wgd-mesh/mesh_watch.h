/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far wgd came with a mesh, as `show wireguard IFNAME mesh json` has it. */
#ifndef MESH_WATCH_H
#define MESH_WATCH_H

#include "wgd-mesh/mesh_site.h"
#include "wgd-mesh/mesh_state.h"
#include "wgd-mesh/mesh_ticket.h"

struct mesh_watch {
	const struct mesh_site *site;
	const struct mesh_state *state;
	const struct mesh_ticket *ticket;
	const char *name; /* of the mesh, here */
	uint32_t seconds; /* to wait at most */
};

struct mesh_watched {
	uint64_t members;
	double seconds; /* that it took */
};

/*
 * Wait until wgd has read the ticket, is who it says, and is connected.  A hub
 * whose ticket names no other hub has nobody to be connected to: there, not to
 * be joining any more is enough.  -ETIMEDOUT: why not, in wgd's words.
 */
int mesh_watch(const struct mesh_watch *w, struct mesh_watched *ret,
	       struct mesh_why *why);

#endif
