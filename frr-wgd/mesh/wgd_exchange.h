/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of a mesh's member: TCP inside the tunnels, between
 * link-local addresses that belong to WireGuard keys.  A site connects to each
 * hub, and a hub to those of higher numbers.
 */
#ifndef WGD_EXCHANGE_H
#define WGD_EXCHANGE_H

#include "frr-wgd/mesh/wgd_mesh.h"

extern struct wgd_exchange *wgd_exchange_new(struct wgd_mesh *m);
extern void wgd_exchange_delete(struct wgd_exchange **x);

/* The link is another, members came or went: connect, listen, close. */
extern void wgd_exchange_look(struct wgd_exchange *x);
/* What the map put since is for the others: send. */
extern void wgd_exchange_flush(struct wgd_exchange *x);
/*
 * A CALL to call->to, by the connection with member BY: the hub of a site, or
 * at a hub the member itself.  False: that is not connected, or too many wait.
 */
extern bool wgd_exchange_call(struct wgd_exchange *x, uint32_t by,
			      const struct wg_frame_call *call);
/* Is there a connection with the member? */
extern bool wgd_exchange_is_up(const struct wgd_exchange *x, uint32_t member);
/* Is the member connected to us, or was it, and its tunnel is up? */
extern bool wgd_exchange_is_live(const struct wgd_exchange *x, uint32_t member);
/* Is any hub, and since when has none been (monotonic ms)? */
extern bool wgd_exchange_has_hub(const struct wgd_exchange *x);
/* Have we the same map as a hub, for all we know? */
extern bool wgd_exchange_is_synced(const struct wgd_exchange *x);
/* ... or all that a hub said it has? */
extern bool wgd_exchange_has_all(const struct wgd_exchange *x);

#endif
