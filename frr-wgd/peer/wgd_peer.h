/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer/: configured peers.  wgd_peer_conf makes them, wgd_resolve finds where
 * they are, wgd_filter what they may own, wgd_live whether they are up, and
 * wgd_announce tells zebra of those that are.  It may call underlay/ and what
 * is below.
 *
 * Here: one peer as the daemon sees it, what the core does not need to know.
 * Keyed by its name in its interface.
 */
#ifndef WGD_PEER_H
#define WGD_PEER_H

#include "frr-wgd/underlay/wgd_underlay.h"
#include "lib/backend/wg_backend.h"
#include "lib/core/wg_handshake.h"
#include "lib/core/wg_rate.h"

struct wgd_peer {
	struct wgd_if *wif;
	struct wg_peer *peer;
	/* wgd_peer_conf.c: as configured */
	struct {
		char *description;
		char *host; /* endpoint as configured: address or name; NULL:
			       none */
		uint16_t port;
		char *psk_file;
		uint16_t keepalive; /* seconds */
		char *plist[2];	    /* prefix list names: IPv4, IPv6 */
		uint32_t maximum;
		bool announce, shutdown;

		struct wg_key key; /* as configured */
		bool has_key;
		size_t n_addresses, n_statics, n_exclusives; /* as configured */
		struct wg_addr *addresses;
		struct wg_prefix *statics;
		struct wg_prefix *exclusives; /* of the statics */
		struct wg_addr linklocal; /* derived from the key; AF_UNSPEC:
					     not set */
	} conf;
	bool psk_broken; /* its file cannot be read: the peer is incomplete */

	struct wgd_live *live;

	/* as last read from the device */
	struct {
		struct wg_endpoint endpoint;
		struct wg_handshake handshake;
		uint64_t rx_bytes, tx_bytes;
		struct wg_rate rate;
		uint64_t moves; /* other endpoints than the one before */
	} seen;

	/* wgd_resolve.c */
	struct {
		struct wg_endpoint is; /* of host */
		bool is_literal;       /* host is an address: nothing to ask */
		char *error; /* of the last answer; NULL: it was one */
		struct wgd_name_query *query; /* under way */
		struct event *t;
		bool in_silence;   /* the answer is used even if it is old */
		int64_t asked_at;  /* monotonic ms: in silence */
		uint64_t asked_tx; /* tx_bytes then */
	} resolved;

	/* gateway/: as a client of its interface's group */
	struct {
		struct wg_client *client; /* NULL: there is no group */
		uint64_t rx, tx;	  /* when it spoke last */
		int64_t quiet_ms; /* when it spoke last, or was asked nothing */
		struct wg_endpoint taken; /* its endpoint when it was taken */
	} group;
	/* what it is to be instead, as its gateway group says */
	struct {
		bool on, serves; /* with what is configured but the endpoint */
		bool calls;	 /* with keepalives, to have it answer */
		struct wg_endpoint endpoint;
	} instead;
	/* where its mesh wants it for now; AF_UNSPEC: as configured */
	struct wg_endpoint placed;
	struct wgd_endpoint way; /* to its endpoints */

	struct wgd_announced *announced; /* see wgd_announce.c; NULL: no */

	/* work of the northbound: see wgd_nb_config.c */
	bool lined; /* the configuration has lines of it */
	bool touched;
	char *doubted; /* what an answer told already */
};

extern struct wgd_peer *wgd_peer_first(struct wgd_if *wif);
extern struct wgd_peer *wgd_peer_next(const struct wgd_peer *p);
#define wgd_each_peer(wif, p)                                                  \
	for (struct wgd_peer *p = wgd_peer_first(wif); p; p = wgd_peer_next(p))
extern struct wgd_peer *wgd_peer_find(struct wgd_if *wif, const char *name);
/* The only peer of an interface that could be point-to-point, and is not; NULL.
 */
extern struct wgd_peer *wgd_peer_alone(struct wgd_if *wif);
/*
 * Where that is and a route has a next hop that is nobody's, a line may be
 * missing, which former versions did not need: a sentence that says so.
 * False: there is nothing to say.
 */
extern bool wgd_peer_hint(struct wgd_if *wif, char *buf, size_t len);
/*
 * Where it is, or is to be, is another place: routing is to find a way there.
 * But not for a relayed site that has come another way: that place nobody
 * signed, and nothing unsigned makes a route.
 */
extern void wgd_peer_way(struct wgd_peer *p);
/* What it is to be on the device may have changed. */
extern void wgd_peer_push(struct wgd_peer *p);
/* Seconds since the last handshake, of which a read told; -1: there was none.
 */
extern int64_t wgd_peer_handshake_age(const struct wgd_peer *p);
/* Is the peer in a session? */
extern bool wgd_peer_in_session(const struct wgd_peer *p);
/* What a read of the device said of the peer. */
extern void wgd_peer_seen(struct wgd_peer *p, const struct wg_event *ev);
/* Where its packets go: as read last, else as configured; AF_UNSPEC. */
extern const struct wg_endpoint *wgd_peer_endpoint(const struct wgd_peer *p);

#endif
