/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry: a prefix on a device, with who it is decided for and who has it.
 * All changes of these two go through here, because the queues of what is
 * pending and all counts follow from them (private to lib/core; what users
 * see of entries is in wg_core.h).
 */
#ifndef WG_ENTRY_H
#define WG_ENTRY_H

#include "lib/core/wg_state.h"

/* Does a stranger on an adopted device have the prefix? */
static inline bool wg_entry_is_held(const struct wg_dev *dev,
				    const struct wg_node *n)
{
	return dev->adopted && n->acked &&
	       wg_peer_is_stranger(dev->slots[n->acked]);
}

/*
 * The peer that should have the prefix: what is decided, or what is kept
 * although nothing is decided (stale, a stranger's); 0: nobody.
 */
static inline uint32_t wg_entry_wanted(const struct wg_dev *dev,
				       const struct wg_node *n)
{
	if (wg_entry_is_held(dev, n))
		return n->acked;
	if (n->decided && wg_peer_is_usable(dev->slots[n->decided]))
		return n->decided;
	if (n->stale && wg_peer_is_usable(dev->slots[n->acked]))
		return n->acked;
	return 0;
}

/*
 * The peer that the device is to give the prefix to: who it is wanted for, or
 * what the aggregation found instead; 0: nobody.
 */
uint32_t wg_entry_target(const struct wg_dev *dev, const struct wg_table *t,
			 uint32_t i);
/* Only by wg_aggregate.c: that one; FIXED false: again who it is wanted for. */
void wg_entry_aim(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  bool fixed, uint32_t slot);

/* Decide: claims and whose they are, or 0 and the owner of the route. */
void wg_entry_decide(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		     unsigned claims, uint32_t slot);
/* The device acknowledged that this peer has it (0: nobody). */
void wg_entry_ack(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  uint32_t slot);
void wg_entry_set_stale(struct wg_dev *dev, struct wg_table *t, uint32_t i,
			bool stale);
/*
 * Peers or the device changed under the node: count and queue it anew.
 * WIDER: what is wanted may have changed, so look at what it covers, too.
 */
void wg_entry_touch(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		    bool wider);

/* Count and queue every node anew; of an aggregation nothing is left but what
 * the device is to have until it is done anew. */
void wg_entry_touch_all(struct wg_dev *dev);

/* The nearest shorter prefix that the device is to have, or 0. */
uint32_t wg_entry_cover(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i);
/* Is the orphan as it has to be: redundant? */
bool wg_entry_is_redundant(const struct wg_dev *dev, const struct wg_table *t,
			   uint32_t i);

#endif
