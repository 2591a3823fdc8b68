/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from zebra: links, routes of all types, resolved next hops.
 */
#ifndef WGD_ZEBRA_H
#define WGD_ZEBRA_H

#include "frr-wgd/wgd.h"

extern void wgd_zebra_init(void);
extern void wgd_zebra_finish(void);

/*
 * A device is now in a VRF with this ifindex: subscribe to the VRF's routes,
 * and have them told again if they were told before the device was known
 * (FRESH: the link is new, no route can lead to it yet).  VRFs that no device
 * is in any more are let go.
 */
extern void wgd_zebra_follow(struct wg_dev *dev, bool fresh);

/*
 * Are there routes to come yet that were told before their device was known?
 * wgd_if_release_stale is called when there are none any more.
 */
extern bool wgd_zebra_is_telling(void);

/* The session; NULL: there is none. */
extern struct zclient *wgd_zebra_client(void);
/* A prefix as FRR has it. */
extern struct prefix wgd_zebra_prefix(const struct wg_prefix *p);

/* Track the next hops that the core wants tracked, and no others. */
extern void wgd_zebra_track(void);

/* The link of this name as zebra knows it, in any VRF; NULL: it does not. */
extern struct interface *wgd_zebra_link(const char *name);
/* Has zebra told of this one, or is there no zebra that could? */
extern bool wgd_zebra_knows(const char *name, uint32_t ifindex);

#endif
