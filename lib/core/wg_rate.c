/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who looks often has the device read often, and the mean of some
 * milliseconds is nothing or a burst: such a read is left out, and the next one
 * is compared with the one before.  A counter that went back is another one,
 * of a device or a peer that was made anew; nothing is known until it is read
 * again.
 */
#include "lib/core/wg_rate.h"

void wg_rate_read(struct wg_rate *r, uint64_t rx, uint64_t tx, int64_t now)
{
	int64_t ms = now - r->at_ms;

	if (!r->at_ms || rx < r->rx || tx < r->tx) {
		*r = (struct wg_rate){};
	} else {
		if (ms < WG_RATE_MIN_MS)
			return;
		r->over_ms = ms;
		r->rx_mean = (rx - r->rx) * 1000 / ms;
		r->tx_mean = (tx - r->tx) * 1000 / ms;
	}
	r->at_ms = now;
	r->rx = rx;
	r->tx = tx;
}
