/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the whole daemon shares: its loop, its privileges, its module.
 */
#ifndef WGD_H
#define WGD_H

#include "frr-wgd/wgd_compat.h"
#include "memory.h"

struct zebra_privs_t;

DECLARE_MGROUP(WGD);

extern struct event_loop *wgd_loop;
extern struct zebra_privs_t wgd_privs;

extern void wgd_cli_init(void);

#endif /* WGD_H */
