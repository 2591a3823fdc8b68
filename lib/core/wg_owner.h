/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner of a prefix on a device: the ladder (private to lib/core; the
 * rules are in wg_core.h).
 */
#ifndef WG_OWNER_H
#define WG_OWNER_H

#include "lib/core/wg_state.h"

/*
 * Decide the node anew from its route (its claims stay as they are) and set
 * its verdict.
 */
void wg_owner_decide(struct wg_dev *dev, struct wg_table *t, uint32_t i);
/* Decide all nodes below this one anew, and forget what was kept of an earlier
 * life where it is barred now. */
void wg_owner_decide_below(struct wg_dev *dev, struct wg_table *t, uint32_t i);

/*
 * Is the prefix kept from routes wherever they lead: a martian, or within an
 * exclusive static?
 */
bool wg_owner_is_barred(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i);
/* The exclusive static that is above the node; 0: none. */
uint32_t wg_owner_exclusive_above(const struct wg_dev *dev,
				  const struct wg_table *t, uint32_t i);

/*
 * The device acknowledged that this peer has it (0: nobody).  Decides anew if
 * that makes it a stranger's, or a stranger's no more; prunes what is empty.
 */
void wg_owner_ack(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  uint32_t slot);

/* Decide all nodes of the device, and count and queue them anew. */
void wg_owner_decide_all(struct wg_dev *dev);
/* Decide anew what is within what members announce, where that changed. */
void wg_owner_decide_announced(struct wg_dev *dev);

/* May the node stay with a peer that has it of an earlier life? */
bool wg_owner_may_keep(const struct wg_dev *dev, const struct wg_table *t,
		       uint32_t i, uint32_t slot);

/* Room under maxima: decide anew what was refused. */
void wg_owner_settle_refused(struct wg_dev *dev);

#endif
