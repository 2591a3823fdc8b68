/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How old a peer's last handshake is.  The device says when it was by the clock
 * of the wall, in whole seconds, and that clock may be set meanwhile; ages are
 * counted by the one that never jumps.
 */
#ifndef WG_HANDSHAKE_H
#define WG_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros: nothing was read. */
struct wg_handshake {
	int64_t stamp; /* as the device has it: seconds since 1970; 0: none */
	int64_t at_ms; /* when that was, if there was one */
	bool was_read;
	int64_t read_ms; /* the last time */
};

/* Two clocks at one moment, in ms. */
struct wg_clocks {
	int64_t wall; /* since 1970; may be set */
	int64_t mono; /* never jumps */
};

void wg_handshake_read(struct wg_handshake *h, int64_t stamp,
		       struct wg_clocks now);
/* In ms, never less than 0; -1: there was none. */
int64_t wg_handshake_age(const struct wg_handshake *h, int64_t mono);

#endif
