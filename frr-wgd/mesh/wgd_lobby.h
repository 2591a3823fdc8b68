/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that are welcome at a hub's door, and wait for their answer until the
 * hub's device has them.
 */
#ifndef WGD_LOBBY_H
#define WGD_LOBBY_H

#include <netinet/in.h>

#include "frr-wgd/mesh/wgd_mesh.h"
#include "lib/backend/wg_seal.h"

/* Who asked: gone a second later, and asks anew then. */
#define WGD_LOBBY_MS 700
#define WGD_LOBBY_ROOM 256 /* more is what the door's rate does not let in */

struct wgd_lobby;

struct wgd_guest {
	struct wgd_guest *next;
	uint32_t member;
	int64_t until_ms;
	struct wg_seal_question question; /* SECRET; for its answer alone */
	struct sockaddr_in6 to;
	char from[WG_ADDR_STRLEN];
};

extern struct wgd_lobby *wgd_lobby_new(struct wgd_mesh *m);
/* Nobody there is answered. */
extern void wgd_lobby_delete(struct wgd_lobby **l);
/*
 * The question of a member of the map, which came from TO, waits; one that it
 * asked before does not any more.  False: there is no room, and Q is as it was.
 * True: it was copied, and wiped.
 */
extern bool wgd_lobby_enter(struct wgd_lobby *l, struct wg_seal_question *q,
			    const struct sockaddr_in6 *to, const char *from);
/* One that is in, or whose time is over; NULL: nobody. */
extern struct wgd_guest *wgd_lobby_next(const struct wgd_lobby *l);
/* Has the device the peer, with the key that the member told last? */
extern bool wgd_lobby_is_in(const struct wgd_lobby *l,
			    const struct wgd_guest *g);
/* It was answered. */
extern void wgd_lobby_leave(struct wgd_lobby *l, struct wgd_guest *g);
/* When the next one's time is over, monotonic ms; INT64_MAX: nobody waits. */
extern int64_t wgd_lobby_due(const struct wgd_lobby *l);

#endif
