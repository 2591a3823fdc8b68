/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces and peers as they are configured, changed and gone. */
#ifndef WGD_LIFE_H
#define WGD_LIFE_H

#include "frr-wgd/peer/wgd_peer_conf.h"

/* The interface of that name, made where there is none. */
extern struct wgd_if *wgd_life_get(const char *name);
/* The configuration changed (conf is taken over, its strings too). */
extern void wgd_life_configure(struct wgd_if *wif, struct wgd_if_conf *conf);

/* Peers that a commit touched, with what their lines are now. */
struct wgd_life_peer {
	struct wgd_peer *p;
	struct wgd_peer_conf conf;
	bool gone; /* it has none any more */
};

/*
 * First they give up what they no longer have, and then take what is theirs,
 * so that an address, a prefix or a key can move between peers in one commit.
 */
extern void wgd_life_peers(const struct wgd_life_peer *work, size_t n);

/*
 * The last line of configuration is gone: forget the interface, and delete
 * the link if we made it.
 */
extern void wgd_life_unconfigure(struct wgd_if *wif);
/* The daemon ends: forget everything, touch nothing. */
extern void wgd_life_finish(void);

#endif
