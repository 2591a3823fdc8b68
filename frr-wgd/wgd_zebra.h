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
 * (FRESH: the link is new, no route can lead to it yet).
 */
extern void wgd_zebra_follow(struct wg_dev *dev, bool fresh);

/* Track the next hops that the core wants tracked, and no others. */
extern void wgd_zebra_track(void);

/* The link of this name as zebra knows it, in any VRF; NULL: it does not. */
extern struct interface *wgd_zebra_link(const char *name);

#endif
