/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Having all routes of a VRF told, and knowing when that is done. */
#ifndef WGD_REPLAY_H
#define WGD_REPLAY_H

#include "prefix.h"

#include "frr-wgd/base/wgd.h"

/*
 * A device is now in a VRF with this ifindex: subscribe to the VRF's routes,
 * and have them told again if they were told before the device was known
 * (FRESH: the link is new, no route can lead to it yet).  VRFs that no device
 * is in any more are let go.
 */
extern void wgd_replay_follow(struct wg_dev *dev, bool fresh);
extern bool wgd_replay_follows(vrf_id_t vrf);

/*
 * Are there routes to come yet that were told before their device was known?
 * When there are none any more, entries of an earlier life are let go.
 */
extern bool wgd_replay_is_telling(void);
/* Routes were told: it is not quiet. */
extern void wgd_replay_heard(void);
/* True: zebra says that of the barrier and not of a next hop. */
extern bool wgd_replay_is_barrier(vrf_id_t vrf, const struct prefix *match);
/*
 * What a message said is lost: have it all told again, but not at once.  True:
 * this was not under way already.
 */
extern bool wgd_replay_again(vrf_id_t vrf, unsigned seconds);

/* There is a zebra.  AGAIN: there was one before. */
extern void wgd_replay_connected(bool again);
extern void wgd_replay_vrf_enabled(vrf_id_t vrf);
/* False: it was not followed. */
extern bool wgd_replay_vrf_disabled(vrf_id_t vrf);
extern void wgd_replay_finish(void);

#endif
