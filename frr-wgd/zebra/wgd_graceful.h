/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes that outlive us: what a session says to zebra so that its routes
 * stay when it ends, and what is left of an earlier life goes in time.
 */
#ifndef WGD_GRACEFUL_H
#define WGD_GRACEFUL_H

#include "vrf.h"

struct zclient;

/* The session will be back: its routes in the VRF stay, for a day at most. */
extern void wgd_graceful_keep(struct zclient *zc, vrf_id_t vrf);
/*
 * All that this life wants was sent: routes of the VRF that only an earlier
 * session sent go.  After wgd_graceful_keep.
 */
extern void wgd_graceful_drop_old(struct zclient *zc, vrf_id_t vrf);
/* The session ends for good: what is left goes with it. */
extern void wgd_graceful_end(struct zclient *zc, vrf_id_t vrf);

#endif
