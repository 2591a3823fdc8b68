/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much a peer sends and receives, by the two counters of the device: the
 * mean of the time between two reads of it.
 */
#ifndef WG_RATE_H
#define WG_RATE_H

#include <stdint.h>

#define WG_RATE_MIN_MS 1000 /* a mean of less says little */

/* All zeros: nothing was read. */
struct wg_rate {
	int64_t at_ms; /* when rx and tx were read; 0: never */
	uint64_t rx, tx;
	int64_t over_ms; /* what the means are of; 0: there is none */
	uint64_t rx_mean, tx_mean; /* bytes a second */
};

/* Counters as read NOW, by a clock that never jumps. */
void wg_rate_read(struct wg_rate *r, uint64_t rx, uint64_t tx, int64_t now);

#endif
