/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aggregation: the fewest entries that give every address the owner that it
 * has by decision (private to lib/core; switched by wg_dev_set_aggregate).
 *
 * Changes leave marks, steps act on them; while there are any, nothing is
 * planned (wg_plan_next), because what the device is to have is not whole.
 */
#ifndef WG_AGGREGATE_H
#define WG_AGGREGATE_H

#include "lib/core/wg_state.h"

/* Begin anew if it came out larger than need be, because memory was short. */
void wg_aggregate_retry(struct wg_dev *dev);
/* A slot is another now, of the same peer. */
void wg_aggregate_repoint(struct wg_dev *dev, uint32_t from, uint32_t to);

/* Begin or end it, as the operator wants, and do what is little work. */
void wg_aggregate_settle(struct wg_dev *dev);
/* Do about MAX nodes, at least one.  True: there is more, and it is time. */
bool wg_aggregate_step(struct wg_dev *dev, size_t max);
/* Look at MAX nodes for what is split and need not be.  True: there is more. */
bool wg_aggregate_tidy(struct wg_dev *dev, size_t max);
/* Entries more than the fewest, because of that. */
static inline size_t wg_aggregate_spare(const struct wg_dev *dev)
{
	return dev->table[0].n_split + dev->table[1].n_split;
}
/* Nothing is aimed at any more (the sweep that ends it is over). */
void wg_aggregate_end(struct wg_dev *dev);

/* Is there anything left to do, now or later? */
bool wg_aggregate_is_busy(const struct wg_dev *dev);

/* Assert marks and, where nothing is left to do, targets. */
void wg_aggregate_check(struct wg_dev *dev);

#endif
