/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways of recursive next hops (private to lib/core; the caller's side is
 * in wg_core.h).
 */
#ifndef WG_GATEWAYS_H
#define WG_GATEWAYS_H

#include "lib/core/wg_state.h"

/* The gateway, one reference more; NULL: no memory. */
struct wg_gateway *wg_gateway_get(struct wg_core *core, uint32_t vrf,
				  const struct wg_addr *addr);
/* One reference less; the last one tells the caller and forgets. */
void wg_gateway_put(struct wg_core *core, struct wg_gateway *gw);
void wg_gateway_free_all(struct wg_core *core);

#endif
