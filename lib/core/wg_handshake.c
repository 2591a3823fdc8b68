/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stamp that changed is a handshake that was after the read before: whatever
 * the clock of the wall says, its age lies between nothing and the time since
 * then.  A stamp that did not change is the same handshake, so much older.
 *
 * Of the first stamp that is read only the clock of the wall knows the age.  If
 * it is ahead of that, the clock was set back since, and nobody knows it.  Then
 * it counts as old as one of a session in use can be: who claimed it to be new
 * would win a client of a gateway group over the gateway that really has it.
 */
#include "lib/core/wg_handshake.h"

#define AHEAD_MS 1000 /* of rounding, and of two looks at clocks */
#define UNKNOWN_MS                                                             \
	120000 /* WireGuard makes a new one then (REKEY_AFTER_TIME) */

void wg_handshake_read(struct wg_handshake *h, int64_t stamp,
		       struct wg_clocks now)
{
	int64_t age = now.wall - stamp * 1000;

	if (stamp != h->stamp) {
		if (!h->was_read && age < -AHEAD_MS)
			age = UNKNOWN_MS;
		if (h->was_read && age > now.mono - h->read_ms)
			age = now.mono - h->read_ms;
		h->stamp = stamp;
		h->at_ms = now.mono - (age > 0 ? age : 0);
	}
	h->was_read = true;
	h->read_ms = now.mono;
}

int64_t wg_handshake_age(const struct wg_handshake *h, int64_t mono)
{
	if (!h->stamp)
		return -1;
	return mono > h->at_ms ? mono - h->at_ms : 0;
}
