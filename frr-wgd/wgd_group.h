/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gateway group of an interface: what glues lib/core/wg_group.h, which
 * says who serves which client, to the peers, the device and the members.
 */
#ifndef WGD_GROUP_H
#define WGD_GROUP_H

#include "frr-wgd/wgd_peer.h"
#include "lib/backend/wg_groupkey.h"
#include "lib/core/wg_group.h"

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
};

/* The configuration of the interface changed: make, change or end its group. */
extern void wgd_group_configure(struct wgd_if *wif);
extern void wgd_group_delete(struct wgd_if *wif);
extern struct wgd_group *wgd_group_first(void);
/* Of the private key with this name; NULL: none here. */
extern struct wgd_group *wgd_group_find(const uint8_t name[WG_KEY_LEN]);

/* A peer got, changed or lost its key. */
extern void wgd_group_peer(struct wgd_peer *p);
extern void wgd_group_forget_peer(struct wgd_peer *p);
/* What the peer is to be made on the device, instead of what is configured. */
extern void wgd_group_conf(struct wgd_peer *p, struct wg_peer_conf *conf);
/*
 * Is it up, to be announced? Of a group's clients those are that we serve, and
 * no others: a state of liveness may be held back, who serves may not.
 */
extern bool wgd_group_is_up(const struct wgd_peer *p);

/* How its endpoint is reached may be another way, or there is none. */
extern void wgd_group_path(struct wgd_peer *p, enum wg_path path);

/* A read of the device said this of the peer; the read is done. */
extern void wgd_group_seen(struct wgd_peer *p, const struct wg_event *ev);
extern void wgd_group_read(struct wgd_if *wif);
/* The device acknowledged operations. */
extern void wgd_group_applied(struct wgd_if *wif);
/* There may be a handshake: read the device in so many ms. */
extern void wgd_group_look(struct wgd_group *g, unsigned ms);
/* Something was told or found out: act on it in this turn of the loop. */
extern void wgd_group_act(struct wgd_group *g);

#endif
