/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show wireguard explain ADDRESS`: one address, from route to packet. */
#ifndef WGD_EXPLAIN_H
#define WGD_EXPLAIN_H

#include "frr-wgd/wgd.h"

struct vty;

/* Prints; the core is settled.  Returns CMD_*. */
extern int wgd_explain(struct vty *vty, const struct wg_addr *addr, bool json);

#endif
