/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Show, clear, generate and export. */
#ifndef WGD_VTY_H
#define WGD_VTY_H

extern void wgd_vty_init(void);
extern void wgd_group_vty_init(void);
extern void wgd_export_init(void);

#endif
