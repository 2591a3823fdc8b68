/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The group of an interface, for the rooms above. */
#ifndef WGD_GATEWAY_H
#define WGD_GATEWAY_H

#include "frr-wgd/gateway/wgd_group.h"

/* The configuration of the interface changed: make, change or end its group. */
extern void wgd_gateway_configure(struct wgd_if *wif);
extern void wgd_gateway_delete(struct wgd_if *wif);
/* Whatever the configuration says; there is a group. */
extern void wgd_gateway_drain(struct wgd_if *wif, bool drained);

/* A peer got, changed or lost its key. */
extern void wgd_gateway_peer(struct wgd_peer *p);
extern void wgd_gateway_forget_peer(struct wgd_peer *p);

/* To some endpoints there is no way (wif->under->no_way). */
extern void wgd_gateway_paths(void);

/* A read of the device said this of the peer; the read is done. */
extern void wgd_gateway_seen(struct wgd_peer *p, const struct wg_event *ev);
extern void wgd_gateway_read(struct wgd_if *wif);
/* The device acknowledged operations. */
extern void wgd_gateway_applied(struct wgd_if *wif);

#endif
