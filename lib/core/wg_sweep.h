/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sweep: one pass over all nodes of a device, in pieces (private to
 * lib/core; wg_sync_step in wg_core.h is what the caller turns).
 */
#ifndef WG_SWEEP_H
#define WG_SWEEP_H

#include "lib/core/wg_state.h"

/* What a sweep does to each node; several at once are one pass. */
enum wg_sweep {
	WG_SWEEP_UNSEE = 1, /* a read was not ended: nothing counts as seen */
	WG_SWEEP_UNSEEN = 2, /* what the read did not mention is not there */
	WG_SWEEP_GONE = 4, /* what an absent peer had is not there */
	WG_SWEEP_RELEASE = 8, /* nothing is stale any more */
	WG_SWEEP_PLAIN = 16, /* nothing is aggregated any more */
};

/* From now on this, too: the sweep begins anew. */
void wg_sweep_start(struct wg_dev *dev, unsigned what);
/* Look at the next MAX nodes.  What came to its end with them; mostly 0. */
unsigned wg_sweep_step(struct wg_dev *dev, size_t max);

#endif
