/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes for live peers: `wireguard announce table N`, `wireguard peer NAME
 * announce`.  While such a peer is up, its addresses and static allowed-ips are
 * routes in zebra, of type table with instance N, out of the interface, in
 * its VRF: what `redistribute table N` of bgpd and ospfd takes up.
 */
#ifndef WGD_ANNOUNCE_H
#define WGD_ANNOUNCE_H

#include "frr-wgd/peer/wgd_peer.h"

/*
 * The peer's state may be another one.  CHANGED: its configuration may be,
 * too.  Costs nothing where neither is; nothing is sent before the next turn
 * of the loop.
 */
extern void wgd_announce_peer(struct wgd_peer *p, bool changed);
extern void wgd_announce_forget_peer(struct wgd_peer *p);
/* The interface's table, link, VRF or key changed: looks at all its peers. */
extern void wgd_announce_if(struct wgd_if *wif);
/* What an earlier life left in tables that are known now: it goes. */
extern void wgd_announce_drop_old(void);
/* How many prefixes of the peer are announced now. */
extern size_t wgd_announce_count(const struct wgd_peer *p);

#endif
