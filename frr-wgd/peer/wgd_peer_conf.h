/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer as it is configured, changed and gone. */
#ifndef WGD_PEER_CONF_H
#define WGD_PEER_CONF_H

#include "frr-wgd/peer/wgd_peer.h"

/* What a peer is configured with; strings are borrowed. */
struct wgd_peer_conf {
	const char *description;
	struct wg_key key;
	bool has_key;
	const char *psk_file;
	const char *host;
	uint16_t port;
	uint16_t keepalive;
	const char *plist[2];
	uint32_t maximum;
	bool shutdown;
	bool bfd;
	const char *bfd_profile; /* NULL: bfdd's default */
	bool announce;
	size_t n_addresses, n_statics, n_exclusives;
	struct wg_addr *addresses;
	struct wg_prefix *statics;
	struct wg_prefix *exclusives; /* of the statics */
};

extern struct wgd_peer *wgd_peer_get(struct wgd_if *wif, const char *name);
extern void wgd_peer_delete(struct wgd_peer *p);

/*
 * Take over a configuration, in two steps so that addresses and keys can move
 * from one peer to another in one commit: first everything that goes, from
 * all peers, then everything that comes.  Withdraw: true: its key went, too.
 */
extern bool wgd_peer_withdraw(struct wgd_peer *p,
			      const struct wgd_peer_conf *conf);
extern void wgd_peer_configure(struct wgd_peer *p,
			       const struct wgd_peer_conf *conf);

/* Can the preshared key be read? If not, the peer is incomplete. */
extern void wgd_peer_check_secret(struct wgd_peer *p);

#endif
