/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mesh says of a peer, as the rest of lib/core sees it (private; the
 * public part is in wg_dev.h).
 */
#ifndef WG_MESH_PEERS_H
#define WG_MESH_PEERS_H

#include "lib/core/wg_state.h"

/* Forget all that the mesh said of the peer, which goes. */
void wg_mesh_peer_drop(struct wg_peer *peer);
/* Free it; the index of what is announced goes, too (wg_announced_free). */
void wg_mesh_peer_free(struct wg_peer *peer);

#endif
