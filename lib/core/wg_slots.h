/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots and keys: how nodes and the device name peers (private to lib/core).
 *
 * A slot is a number, so that a node has room for two of them; a key is found
 * by a hash that grows.  wg_peer_find_key is here, too.
 */
#ifndef WG_SLOTS_H
#define WG_SLOTS_H

#include "lib/core/wg_state.h"

/* A free slot for the peer, in peer->slot; false: no memory, or no slot. */
bool wg_slot_take(struct wg_dev *dev, struct wg_peer *peer);
void wg_slot_give(struct wg_dev *dev, uint32_t slot);

/* Let the peer be found by its key; false: no memory. */
bool wg_slot_add_key(struct wg_dev *dev, struct wg_peer *peer);
void wg_slot_del_key(struct wg_dev *dev, struct wg_peer *peer);

#endif
