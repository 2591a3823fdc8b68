/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Getting the link and the backend of an interface. */
#ifndef WGD_ATTACH_H
#define WGD_ATTACH_H

#include "frr-wgd/wgd_if.h"

/*
 * Have a backend.  False: not yet; the next step, or the retry after an error
 * that was logged, is scheduled.
 */
extern bool wgd_attach(struct wgd_if *wif);

/* Tell the core what the device shall be. */
extern void wgd_attach_set_conf(struct wgd_if *wif);

/* The VRF that the link is in. */
extern vrf_id_t wgd_attach_vrf(struct wgd_if *wif);

/*
 * zebra sets flags by reading and writing them all, and so takes back what
 * was set in between: set IFF_MULTICAST again.
 */
extern void wgd_attach_keep_multicast(struct wgd_if *wif);
/* ... the MTU, if nobody configured one and the link is our own. */
extern void wgd_attach_keep_mtu(struct wgd_if *wif);

#endif
