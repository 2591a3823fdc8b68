/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice of a hub:
 *
 *   1. One that answers hellos; else one of which only the connection says that
 *      it is there, and of those one that was not found lost.
 *   2. Of equal ones that which we have, unless another one has answered for
 *      WG_HUBS_STEADY_MS, and is nearer by half and by WG_HUBS_NEARER_MS.
 *   3. The nearest, then the lowest number.
 *
 * So a hub that dies is left at once, one that comes back takes nobody along,
 * and where all are dead we stay where we are.  A hub that answers sooner than
 * its distance would let it cannot be told from a nearer one: it gets to relay,
 * which is to see sealed packets, and to drop them.
 */
#include "lib/core/wg_hubs.h"

/* By rule 1. */
static unsigned rank(const struct wg_hub_seen *h)
{
	if (h->state == WG_HELLO_ALIVE)
		return 3;
	if (!h->is_connected)
		return 0;
	return h->state == WG_HELLO_UNKNOWN ? 2 : 1;
}

static bool is_before(const struct wg_hub_seen *a, const struct wg_hub_seen *b)
{
	if (rank(a) != rank(b))
		return rank(a) > rank(b);
	if (a->state == WG_HELLO_ALIVE && a->rtt_ms != b->rtt_ms)
		return a->rtt_ms < b->rtt_ms;
	return a->number < b->number;
}

static bool is_nearer(const struct wg_hub_seen *a, const struct wg_hub_seen *b)
{
	return a->state == WG_HELLO_ALIVE && a->alive_ms >= WG_HUBS_STEADY_MS &&
	       (uint64_t)a->rtt_ms * 2 < b->rtt_ms &&
	       (uint64_t)a->rtt_ms + WG_HUBS_NEARER_MS <= b->rtt_ms;
}

uint8_t wg_hubs_choose(const struct wg_hub_seen *v, size_t n, uint8_t present)
{
	const struct wg_hub_seen *best = NULL, *had = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!best || is_before(&v[i], best))
			best = &v[i];
		if (v[i].number == present)
			had = &v[i];
	}
	if (had && rank(had) == rank(best) && !is_nearer(best, had))
		return present;
	return best ? best->number : 0;
}
