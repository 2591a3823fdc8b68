/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Show, clear, generate and export. */
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

extern void wgd_vty_init(void);
extern void wgd_group_vty_init(void);
extern void wgd_export_init(void);

#endif
