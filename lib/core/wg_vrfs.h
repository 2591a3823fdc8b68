/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRFs: where the routes are parked that touch no device yet (private to
 * lib/core).
 */
#ifndef WG_VRFS_H
#define WG_VRFS_H

#include "lib/core/wg_state.h"

/* The VRF's record, made if CREATE; NULL: there is none, or no memory. */
struct wg_vrf *wg_vrf_get(struct wg_core *core, uint32_t id, bool create);

#endif
