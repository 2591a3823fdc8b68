/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes that an earlier life announced in a table that this one does not
 * use: the configuration changed while we were away.
 */
#ifndef WGD_LEFTOVER_H
#define WGD_LEFTOVER_H

#include "lib/core/wg_types.h"
#include "vrf.h"

extern void wgd_leftover_init(void);
extern void wgd_leftover_finish(void);

/* zebra has, or has no longer, a route of type table. */
extern void wgd_leftover_told(vrf_id_t vrf, const struct wg_prefix *prefix,
			      uint16_t instance, uint32_t ifindex, bool there);

#endif
