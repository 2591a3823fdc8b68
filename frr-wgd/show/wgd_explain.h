/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show wireguard explain ADDRESS`: one address, from route to packet. */
#ifndef WGD_EXPLAIN_H
#define WGD_EXPLAIN_H

#include "frr-wgd/base/wgd.h"

struct vty;

/*
 * Reads the devices, if that takes no time, and prints.  VRF: only interfaces
 * in it; NULL: all.  Returns CMD_*.
 */
extern int wgd_explain(struct vty *vty, const struct wg_addr *addr,
		       const char *vrf, bool json);

#endif
