/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims: prefixes that are a peer's by configuration (private to lib/core;
 * the operator's side is wg_peer_add_address and so on in wg_dev.h).
 */
#ifndef WG_CLAIMS_H
#define WG_CLAIMS_H

#include "lib/core/wg_state.h"

/* Whose address is this on the device? NULL: nobody's. */
struct wg_peer *wg_claim_address_owner(struct wg_dev *dev,
				       const struct wg_addr *addr);
/* Give up all claims of the peer. */
void wg_claim_drop_all(struct wg_peer *peer);
/* Count and queue anew all nodes that the peer claims. */
void wg_claim_touch_all(struct wg_peer *peer);
/* The peer's claims now name this slot, which is its own, too. */
void wg_claim_repoint(struct wg_peer *peer, uint32_t to);
/* Claim what the peer of a point-to-point device gets, or give it up. */
void wg_claim_settle_implied(struct wg_dev *dev);

#endif
