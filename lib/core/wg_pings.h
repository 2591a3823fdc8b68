/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PINGs that wait for a PONG (wg_probe_msg.h): one counts once, within
 * WG_PINGS_MS, from the member and the place where its PING went.  Pure.
 *
 * Times are microseconds of a clock that does not jump.
 */
#ifndef WG_PINGS_H
#define WG_PINGS_H

#include "lib/core/wg_types.h"

#define WG_PINGS_MS 3000
#define WG_PINGS_MAX 4096 /* that wait; later ones take the places of these */

struct wg_pings {
	struct wg_pings_one {
		uint64_t id;
		int64_t sent_us;
		struct wg_endpoint to;
		uint32_t member; /* 0: none */
	} one[WG_PINGS_MAX];
	unsigned next;
};

/*
 * A PING is about to go to a member there.  RANDOM has 64 bits that nobody can
 * guess.  The id that it is to have, of which 52 bits are as in RANDOM.
 */
uint64_t wg_pings_add(struct wg_pings *p, uint32_t member,
		      const struct wg_endpoint *to, uint64_t random,
		      int64_t now_us);
/*
 * A member's PONG with that id came from there.  True: it counts, and
 * *ret_us is how long it took; never again.
 */
bool wg_pings_take(struct wg_pings *p, uint64_t id, uint32_t member,
		   const struct wg_endpoint *from, int64_t now_us,
		   int64_t *ret_us);

#endif
