/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One configured peer as the daemon sees it: what the core does not need to
 * know.  Keyed by its name in its interface.
 */
#ifndef WGD_PEER_H
#define WGD_PEER_H

#include "frr-wgd/wgd_if.h"

struct wgd_peer {
	struct wgd_if *wif;
	struct wg_peer *peer;
	char *description;
	char *host; /* endpoint as configured: address or name; NULL: none */
	uint16_t port;
	char *psk_file;
	uint16_t keepalive; /* seconds */
	char *plist[2]; /* prefix list names: IPv4, IPv6 */
	uint32_t maximum;
	bool announce;

	struct wg_key key; /* as configured */
	bool has_key;
	bool psk_broken; /* its file cannot be read: the peer is incomplete */
	size_t n_addresses, n_statics; /* as configured */
	struct wg_addr *addresses;
	struct wg_prefix *statics;
	struct wg_addr linklocal; /* derived from the key; AF_UNSPEC: not set */

	struct wg_endpoint resolved; /* of host */
	bool asked_in_silence; /* the answer is to be used even if it is old */
	bool resolved_is_literal; /* host is an address: nothing to ask */
	struct wgd_query *query; /* of the resolver, under way */
	struct event *t_resolve;

	struct wgd_live *live;

	/* as last read from the device */
	struct wg_endpoint endpoint;
	int64_t handshake; /* CLOCK_REALTIME seconds; 0: never */
	uint64_t rx_bytes, tx_bytes;
	int64_t asked_at; /* monotonic ms: for the host's name, in silence */
	uint64_t asked_tx; /* tx_bytes then */

	struct wg_client *client; /* of its interface's group; NULL: no group */
	uint64_t group_rx, group_tx; /* when it spoke last */
	int64_t group_quiet_ms; /* ... or nothing was asked */
	struct wg_endpoint taken; /* ... as we started with it; AF_UNSPEC */

	/* endpoints that are kept outside the tunnel: see wgd_underlay.c */
	struct wg_addr under[3]; /* where it is, is configured, is expected */
	int64_t awaits_ms; /* a host route, since when; 0: no */
	bool inside; /* and one of them is not */

	struct wgd_announced *announced; /* see wgd_announce.c; NULL: no */

	/* work of the northbound: see wgd_nb_config.c */
	bool touched;
};

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
	size_t n_addresses, n_statics;
	struct wg_addr *addresses;
	struct wg_prefix *statics;
};

extern struct wgd_peer *wgd_peer_find(struct wgd_if *wif, const char *name);
extern struct wgd_peer *wgd_peer_get(struct wgd_if *wif, const char *name);
extern void wgd_peer_delete(struct wgd_peer *p);

/*
 * Take over a configuration, in two steps so that addresses and keys can move
 * from one peer to another in one commit: first everything that goes, from
 * all peers, then everything that comes.
 */
extern void wgd_peer_withdraw(struct wgd_peer *p,
			      const struct wgd_peer_conf *conf);
extern void wgd_peer_configure(struct wgd_peer *p,
			       const struct wgd_peer_conf *conf);

/* What it is to be on the device may have changed. */
extern void wgd_peer_push(struct wgd_peer *p);
/* Can the preshared key be read? If not, the peer is incomplete. */
extern void wgd_peer_check_secret(struct wgd_peer *p);

/* Is the peer in a session, as a read of the device says? */
extern bool wgd_peer_is_alive(const struct wg_event *ev);
/* ... as the last one said. */
extern bool wgd_peer_in_session(const struct wgd_peer *p);
/* The one setter of a peer's liveness: its routes follow it. */
extern void wgd_peer_set_liveness(struct wgd_peer *p, enum wg_peer_state state);
/* What a read of the device said of the peer. */
extern void wgd_peer_seen(struct wgd_peer *p, const struct wg_event *ev);
/* Where its packets go: as read last, else as configured; AF_UNSPEC. */
extern const struct wg_endpoint *
wgd_peer_endpoint(const struct wgd_peer *p);

/* Prefix lists: register for changes, once. */
extern void wgd_peer_filters_init(void);
extern void wgd_peer_resolver_init(void);

#endif
