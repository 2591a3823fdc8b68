/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes from zebra: links, routes of all types, resolved next hops. */
#ifndef WGD_ZEBRA_EVENTS_H
#define WGD_ZEBRA_EVENTS_H

extern void wgd_zebra_events_init(void);
/* Host routes to endpoints, which an earlier version had in zebra. */
extern void wgd_zebra_events_drop_old(void);

#endif
