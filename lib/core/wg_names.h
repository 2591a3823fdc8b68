/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named peers of a device, by name (private to lib/core).  wg_peer_find is
 * here, too.
 */
#ifndef WG_NAMES_H
#define WG_NAMES_H

#include "lib/core/wg_state.h"

/* The peer has a name that no other has, and a slot. */
void wg_name_add(struct wg_peer *peer);
void wg_name_del(struct wg_peer *peer);

/* Assert order and counts. */
void wg_name_check(struct wg_dev *dev);

#endif
