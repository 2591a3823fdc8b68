/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the endpoints, between lib/core/wg_underlay.h, the peers and
 * zebra: host routes that keep a tunnel out of itself, and the MTU.
 */
#ifndef WGD_UNDERLAY_H
#define WGD_UNDERLAY_H

#include "frr-wgd/wgd_peer.h"

extern void wgd_underlay_init(void);
/* Host routes stay in zebra for a day, as the devices stay. */
extern void wgd_underlay_finish(void);

/* The peer's endpoints may be others than before, or concern nobody. */
extern void wgd_underlay_peer(struct wgd_peer *p);
/*
 * The peer is about to be given this endpoint (NULL: no longer): from now on
 * packets can go there, from the interface's source if it has one.
 */
extern void wgd_underlay_expect(struct wgd_peer *p,
				const struct wg_endpoint *e);
extern void wgd_underlay_forget_peer(struct wgd_peer *p);
extern void wgd_underlay_forget_if(struct wgd_if *wif);

/* A link that is no WireGuard interface came, went or changed. */
extern void wgd_underlay_link_changed(void);

/* Act on all that came in; once per turn of the loop. */
extern void wgd_underlay_settle(void);
/*
 * ... host routes at once: until zebra has one, what is sent to its endpoint
 * is lost in the tunnel.
 */
extern void wgd_underlay_order(void);
/* zebra came back: it forgot our host routes. */
extern void wgd_underlay_replay(void);

/*
 * The MTU that an own interface should have, in bytes: 1420, or that of the
 * links to its endpoints less 80 (what WireGuard adds over IPv6) if that is
 * less.  *ret_link is the link that made it less, or NULL.
 */
extern uint32_t wgd_underlay_mtu(struct wgd_if *wif,
				 const struct interface **ret_link);

/* How the peer's endpoint is reached. */
extern enum wg_path wgd_underlay_path(const struct wgd_peer *p);

#endif
