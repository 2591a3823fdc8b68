/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers as the rest of lib/core sees them (private; the public part is in
 * wg_dev.h).
 */
#ifndef WG_PEERS_H
#define WG_PEERS_H

#include "lib/core/wg_state.h"

/* On the device, and has to go. */
static inline bool wg_peer_is_leaving(const struct wg_peer *peer)
{
	return peer->present && !peer->usable &&
	       !(peer->dev->adopted && wg_peer_is_stranger(peer));
}

/* What is to be told to a peer of the device may have changed. */
static inline void wg_peer_look_again(struct wg_dev *dev)
{
	dev->peers_seen = false;
}

/* Should it be usable, by its configuration of now? */
bool wg_peer_is_complete(const struct wg_peer *peer);

/* Decide its claims and routes anew at the next settle. */
static inline void wg_peer_mark(struct wg_peer *peer)
{
	peer->marked = true;
	peer->dev->marked_peers = true;
}

/* What settle does first: is the peer usable now? And its claims. */
void wg_peer_settle(struct wg_peer *peer);

/* A nameless peer that the device turned out to have; NULL: no memory. */
struct wg_peer *wg_peer_new_stranger(struct wg_dev *dev,
				     const struct wg_key *key);
/* Forget nameless peers that are gone and that nothing refers to. */
void wg_peer_collect(struct wg_dev *dev);
/* Free all peers; the nodes are gone already. */
void wg_peer_free_all(struct wg_dev *dev);

/* Its decided nodes now name another slot, which is its own, too. */
void wg_peer_repoint(struct wg_peer *peer, uint32_t from, uint32_t to);

/* Does anything have to be told to the device about it? */
bool wg_peer_needs_set(const struct wg_peer *peer);

#endif
