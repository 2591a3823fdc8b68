/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is configured, may be meant, and probably is not.
 *
 * Whether it is so depends on this machine as it is now: its addresses, other
 * interfaces, prefix lists, daemons.  All of that may come later than a line
 * that speaks of it, so nothing is refused for it: it is told, in the answer to
 * the line and in show wireguard, as long as it is so.
 */
#ifndef WGD_DOUBT_H
#define WGD_DOUBT_H

#include "frr-wgd/peer/wgd_peer.h"

#define WGD_DOUBTS_MAX 8

struct wgd_doubts {
	size_t n;
	char text[WGD_DOUBTS_MAX][384]; /* sentences without the object's name */
};

extern void wgd_doubt_if(struct wgd_if *wif, struct wgd_doubts *ret);
extern void wgd_doubt_peer(struct wgd_peer *p, struct wgd_doubts *ret);

#endif
