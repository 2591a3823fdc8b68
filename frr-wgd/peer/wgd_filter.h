/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a peer may own, by prefix lists. */
#ifndef WGD_FILTER_H
#define WGD_FILTER_H

#include "frr-wgd/peer/wgd_peer.h"

/* Register for changes of lists, once. */
extern void wgd_filter_init(void);
/* The list of a family is another one, or changed; I 0: IPv4, 1: IPv6. */
extern void wgd_filter_set(struct wgd_peer *p, int i);

#endif
