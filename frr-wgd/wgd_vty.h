/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that are not configuration. */
#ifndef WGD_VTY_H
#define WGD_VTY_H

#include "frr-wgd/wgd_if.h"

/* For each interface, or for the named one. */
#define wgd_vty_each_if(wif, ifname)                                           \
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))                \
		if ((ifname) && !strmatch(wif->name, (ifname)))                \
			;                                                      \
		else

/* Each prefix of a device, in order. */
#define wgd_vty_each_entry(dev, e)                                             \
	for (bool more = wg_entry_next(dev, NULL, e); more;                    \
	     more = wg_entry_next(dev, (struct wg_prefix[]){(e)->prefix}, e))

/* CMD_WARNING, said to the user (by {} in JSON): no such interface is ours.
 * IFNAME NULL: all, which is fine. */
extern int wgd_vty_no_such(struct vty *vty, const char *ifname, bool json);

/* The interface's state; "pending": in sync but for what is under way. */
extern const char *wgd_vty_sync_state(struct wgd_if *wif);

/* The UDP port in use, as far as it is known. */
extern uint16_t wgd_vty_port(struct wgd_if *wif);

/* Prefixes decided and entries for them, where these are not the same. */
extern void wgd_vty_ratio(struct vty *vty, struct wgd_if *wif);

/* All of them. */
extern void wgd_vty_init(void);

/* --- for wgd_vty.c */
extern void wgd_show_device_init(void);
extern void wgd_show_entries_init(void);
extern void wgd_group_vty_init(void);
extern void wgd_export_init(void);
extern void wgd_graph_init(void);
extern void wgd_exec_init(void);

#endif
