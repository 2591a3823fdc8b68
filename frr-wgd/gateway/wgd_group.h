/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gateway/: gateways with one key.  A group glues lib/core/wg_group.h, which
 * says who serves which client, to the peers, the device and the members:
 * wgd_gateway makes roles into peers, wgd_member and wgd_talk are what is
 * between two gateways, wgd_listen who connects, wgd_stray packets of clients
 * that others serve.  It may call peer/ and what is below.
 */
#ifndef WGD_GROUP_H
#define WGD_GROUP_H

#include "frr-wgd/peer/wgd_peer.h"
#include "lib/backend/wg_groupkey.h"
#include "lib/core/wg_group.h"

/* While a client is being taken, reading may cost one part of so many. */
#define WGD_GROUP_TAKING_SHARE 4

struct wgd_member;
struct wgd_stray;

struct wgd_group {
	struct wgd_group *next; /* of all */
	struct wgd_if *wif;
	struct wg_group *core;
	struct wgd_member *member[WG_GROUP_MEMBERS]; /* NULL: none */

	/* of the private key; NULL while there is none: `why` says why */
	struct wg_groupkey *key;
	struct wg_key pub;
	uint8_t name[WG_KEY_LEN];
	char *why;

	struct wgd_stray *stray;
	bool read; /* the device was read: what we claim is true */
	struct event *t_act, *t_tick, *t_poll;
	/* what these call (wgd_gateway.c) */
	void (*act)(struct event *t), (*look)(struct event *t);
};

extern struct wgd_group *wgd_group_first(void);
/* Of the private key with this name; NULL: none here. */
extern struct wgd_group *wgd_group_find(const uint8_t name[WG_KEY_LEN]);

/* The member with this address; NULL: none. */
extern struct wgd_member *wgd_group_member(struct wgd_group *g,
					   const struct wg_addr *addr);
extern void wgd_group_add(struct wgd_group *g);
extern void wgd_group_remove(struct wgd_group *g);

/* There may be a handshake: read the device in so many ms. */
extern void wgd_group_look(struct wgd_group *g, unsigned ms);
/* The same, whatever that costs. */
extern void wgd_group_look_in(struct wgd_group *g, unsigned ms);
/* Something was told or found out: act on it in this turn of the loop. */
extern void wgd_group_act(struct wgd_group *g);

#endif
