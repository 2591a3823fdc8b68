/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which hub of a mesh relays for a site.  Pure.
 */
#ifndef WG_HUBS_H
#define WG_HUBS_H

#include "lib/core/wg_hello.h"
#include "lib/core/wg_relay.h"

/* A hub that is so much nearer, and by half, for so long: else ours stays. */
#define WG_HUBS_NEARER_MS 30
#define WG_HUBS_STEADY_MS 60000

struct wg_hub_seen {
	uint8_t number; /* 1 to WG_RELAY_HUBS */
	enum wg_hello_state state;
	bool is_connected; /* its directory is, or was and the tunnel stands */
	uint32_t rtt_ms;   /* if it is alive, */
	int64_t alive_ms;  /* ... and for how long it is */
};

/*
 * The number of the hub to relay by, where PRESENT is the one till now (0, or
 * one that is gone: none).  0: there is no hub.
 */
uint8_t wg_hubs_choose(const struct wg_hub_seen *v, size_t n, uint8_t present);

#endif
