/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show/: what the operator sees.  wgd_show has the short commands and begins
 * all; wgd_show_* and wgd_group_vty have those of the nouns, wgd_graph and
 * wgd_export make pictures and files, and wgd_explain explains one address:
 * wgd_facts gathers what is known of it, wgd_cause finds what is to be mended
 * first.  wgd_prometheus is a module.  It may call engine/ and what is below,
 * and not config/.
 *
 * Here: what the commands share.
 */
#ifndef WGD_VTY_H
#define WGD_VTY_H

#include "lib/json.h"

#include "frr-wgd/base/wgd_if.h"

/* For each interface, or for the named one. */
#define wgd_vty_each_if(wif, ifname)                                           \
	wgd_each_if (wif)                                                      \
		if ((ifname) && !strmatch(wif->name, (ifname)))                \
			;                                                      \
		else

/* Each prefix of a device, in order. */
#define wgd_vty_each_entry(dev, e)                                             \
	for (bool more = wg_entry_next(dev, NULL, e); more;                    \
	     more = wg_entry_next(dev, (struct wg_prefix[]){(e)->prefix}, e))

/* What a command returns that finds nothing to show: an error, for vtysh -c
 * ends with 0 after a warning. */
#define WGD_CMD_NOTHING CMD_WARNING_CONFIG_FAILED

/* WGD_CMD_NOTHING, said to the user (by {} in JSON): no such interface is ours.
 * IFNAME NULL: all, which is fine. */
extern int wgd_vty_no_such(struct vty *vty, const char *ifname, bool json);

/*
 * The interface, or all of them, in text or as JSON by their names.  The device
 * is read anew where that is due.  CMD_*.
 */
extern int wgd_vty_show(struct vty *vty, const char *ifname, bool json,
			json_object *(*to_json)(struct wgd_if *wif),
			void (*to_text)(struct vty *vty, struct wgd_if *wif));
/* Prefixes decided and entries for them, where these are not the same. */
extern void wgd_vty_ratio(struct vty *vty, struct wgd_if *wif);

/* What `?` offers for WG-IFNAME: for IFNAME all daemons offer all interfaces. */
extern void wgd_vty_complete_init(void);

/* All of them. */
extern void wgd_show_init(void);

/* --- for wgd_show.c */
extern void wgd_show_device_init(void);
extern void wgd_show_entries_init(void);
extern void wgd_show_summary_init(void);
extern void wgd_group_vty_init(void);
extern void wgd_mesh_vty_init(void);
extern void wgd_export_init(void);
extern void wgd_graph_init(void);

#endif
