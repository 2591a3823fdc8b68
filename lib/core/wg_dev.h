/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and peers: what the operator configured, and what follows from it
 * alone.  Setters mark; wg_core_settle (wg_core.h) acts.
 *
 * A peer is a slot in its device.  A configured peer has a name; a peer that
 * the device has and the configuration has not is nameless: a stranger.  On a
 * device of our own strangers are removed, on an adopted one (it existed
 * before us) they and their prefixes are never touched.
 */
#ifndef WG_DEV_H
#define WG_DEV_H

#include "lib/core/wg_op.h"

struct wg_core;
struct wg_dev;
struct wg_peer;

/* Why a peer gets no prefix; the strings are wg_peer_state_str. */
enum wg_peer_state {
	WG_PEER_INCOMPLETE, /* no public key: nothing of it is on the device */
	WG_PEER_SHUTDOWN, /* by the operator: not on the device */
	WG_PEER_DOWN, /* known to be dead: owns only what nobody else can */
	WG_PEER_UNKNOWN, /* no liveness information */
	WG_PEER_UP,
};

enum wg_follow {
	WG_FOLLOW_PREFIXES, /* each learned prefix is an AllowedIP */
	WG_FOLLOW_ANY, /* the one peer gets 0.0.0.0/0 and ::/0, no more */
};

/*
 * A pure predicate: may the peer own this learned prefix? It must give the
 * same answer until wg_peer_set_filter is called again (also with the same
 * arguments: that is how a changed list is announced).  The one function
 * that the core calls outside itself: the prefix lists are FRR's.
 */
struct wg_filter {
	bool (*permits)(const void *arg, const struct wg_prefix *p);
	const void *arg;
};

/* --- devices; names are unique in the core */
struct wg_dev *wg_dev_new(struct wg_core *core, const char *name);
/* Forgets the device with its peers and prefixes; the real one stays. */
void wg_dev_delete(struct wg_dev *dev);
struct wg_dev *wg_dev_find(struct wg_core *core, const char *name);
struct wg_dev *wg_dev_first(struct wg_core *core); /* by name */
struct wg_dev *wg_dev_next(struct wg_dev *dev);
const char *wg_dev_name(const struct wg_dev *dev);
struct wg_core *wg_dev_core(const struct wg_dev *dev);
/* The daemon's own data, as it gave it. */
void wg_dev_set_arg(struct wg_dev *dev, void *arg);
void *wg_dev_arg(const struct wg_dev *dev);

/*
 * The link appeared, went (ifindex 0) or moved.  A new ifindex means that
 * nothing is known of the device: it becomes unsynced.
 */
void wg_dev_set_link(struct wg_dev *dev, uint32_t vrf, uint32_t ifindex);
uint32_t wg_dev_ifindex(const struct wg_dev *dev);
uint32_t wg_dev_vrf(const struct wg_dev *dev);

/* Adopted: strangers stay (see above). Default: our own. */
void wg_dev_set_adopted(struct wg_dev *dev, bool adopted);
bool wg_dev_adopted(const struct wg_dev *dev);
/* Copied. Default: no key file, port 0, mark 0. */
void wg_dev_set_conf(struct wg_dev *dev, const struct wg_dev_conf *conf);
const struct wg_dev_conf *wg_dev_conf(const struct wg_dev *dev);
/* Our own public key, once known (zero: not yet); a peer with it is
 * incomplete. */
void wg_dev_set_key(struct wg_dev *dev, const struct wg_key *pub);
const struct wg_key *wg_dev_key(const struct wg_dev *dev);
void wg_dev_set_follow(struct wg_dev *dev, enum wg_follow follow);
/*
 * Any gateway or none is its one peer, which gets link-local addresses and
 * multicast, too.  A device whose one peer gets everything (WG_FOLLOW_ANY) is
 * so without being told.  With more than one peer it has no effect.
 */
void wg_dev_set_point_to_point(struct wg_dev *dev, bool p2p);
bool wg_dev_is_point_to_point(const struct wg_dev *dev);
/* The one peer of a point-to-point device; NULL: it is none, or has not one. */
struct wg_peer *wg_dev_only_peer(const struct wg_dev *dev);
/*
 * The fewest AllowedIPs with exactly the same effect (wg_aggregate.c).
 * Default: each decided prefix is one.  Both ways it is done in pieces, by
 * wg_core_settle and wg_sync_step.
 */
void wg_dev_set_aggregate(struct wg_dev *dev, bool aggregate);
bool wg_dev_aggregate(const struct wg_dev *dev);
/* Can the device remove one prefix (WGALLOWEDIP_F_REMOVE_ME)? As probed. */
void wg_dev_set_can_remove(struct wg_dev *dev, bool can);

/* --- peers; names are unique in the device */
struct wg_peer *wg_peer_new(struct wg_dev *dev, const char *name);
/* Its prefixes find new owners or none, then it leaves the device. */
void wg_peer_delete(struct wg_peer *peer);
struct wg_peer *wg_peer_find(struct wg_dev *dev, const char *name);
struct wg_peer *wg_peer_find_key(struct wg_dev *dev, const struct wg_key *key);
struct wg_peer *wg_peer_first(struct wg_dev *dev); /* configured, by name */
struct wg_peer *wg_peer_next(struct wg_peer *peer);
struct wg_dev *wg_peer_dev(const struct wg_peer *peer);
const char *wg_peer_name(const struct wg_peer *peer); /* NULL: nameless */
/* Nameless, and not put there by us: somebody else's. */
bool wg_peer_is_foreign(const struct wg_peer *peer);
void wg_peer_set_arg(struct wg_peer *peer, void *arg);
void *wg_peer_arg(const struct wg_peer *peer);

/*
 * NULL or zero: no key, the peer is incomplete.  Another key is another peer
 * to WireGuard: the old one leaves the device after its prefixes moved.
 * -EEXIST: another configured peer of the device has the key; -EINVAL: it is
 * the device's own.
 */
int wg_peer_set_key(struct wg_peer *peer, const struct wg_key *pub);
const struct wg_key *wg_peer_key(const struct wg_peer *peer);
/* Copied. */
void wg_peer_set_conf(struct wg_peer *peer, const struct wg_peer_conf *conf);
const struct wg_peer_conf *wg_peer_conf(const struct wg_peer *peer);
/*
 * An endpoint goes to the device once: from then on it follows the peer, and
 * other changes of conf do not set it back.  The first one is not sent to a
 * peer that is in a session already.  Send the configured one again (the peer
 * is silent, and its name may still resolve to the same address).
 */
void wg_peer_resend_endpoint(struct wg_peer *peer);
/*
 * WireGuard has no way to forget an endpoint or a session.  Take the peer off
 * the device and make it anew, as it is configured, with its prefixes.  In
 * between its addresses are whose covers them.
 */
void wg_peer_renew(struct wg_peer *peer);
/* Is the old one still to be taken off? */
bool wg_peer_is_renewing(const struct wg_peer *peer);

/* Has the device acknowledged the peer, with the key that it has now? */
bool wg_peer_is_installed(const struct wg_peer *peer);

/*
 * Next hops that are this peer; each is an AllowedIP too.  -EEXIST: known
 * already, here or at another peer (*ret_other is that peer, may be NULL).
 */
int wg_peer_add_address(struct wg_peer *peer, const struct wg_addr *addr,
			struct wg_peer **ret_other);
void wg_peer_del_address(struct wg_peer *peer, const struct wg_addr *addr);
/* Static AllowedIPs. Errors as above, for exactly equal prefixes. */
int wg_peer_add_static(struct wg_peer *peer, const struct wg_prefix *p,
		       struct wg_peer **ret_other);
void wg_peer_del_static(struct wg_peer *peer, const struct wg_prefix *p);
/*
 * With an exclusive static of the peer (any other prefix: nothing happens) all
 * within it is the peer's or nobody's, but for longer statics: no route gives
 * any of it to anybody.  One that is deleted is exclusive no more.
 */
void wg_peer_set_exclusive(struct wg_peer *peer, const struct wg_prefix *p,
			   bool exclusive);

/*
 * Members of a mesh: rules 2 and 2b of the ladder (wg_core.h).  A peer with a
 * certificate is one.  What is announced, and that it is live, counts only
 * with a certificate, and may be told before it.  All are forgotten with the
 * peer.
 */
struct wg_certified {
	/* each prefix within this one, and no longer than that, is certified */
	struct wg_prefix prefix;
	uint8_t longest; /* prefix.len to 32 or 128 */
};
struct wg_certificate {
	uint32_t number; /* of the member; its mesh has no other with it */
	const struct wg_certified *certified;
	size_t n_certified;
};
/*
 * Copied.  NULL: no certificate, the peer is no member.  One without prefixes
 * certifies nothing that routes could give it.  -ENOMEM: the former stays.
 */
int wg_peer_set_certificate(struct wg_peer *peer,
			    const struct wg_certificate *cert);
/* Copied: these N and no others.  -ENOMEM: the former ones stay. */
int wg_peer_set_announced(struct wg_peer *peer, const struct wg_prefix *p,
			  size_t n);
/*
 * Do we, or does a hub, hear of the member?  That is about what it announces;
 * rule 3 goes by wg_peer_set_liveness, which is to be told as well.
 */
void wg_peer_set_live(struct wg_peer *peer, bool live);

void wg_peer_set_shutdown(struct wg_peer *peer, bool shutdown);
/* Liveness as somebody found it: DOWN, UNKNOWN or UP. */
void wg_peer_set_liveness(struct wg_peer *peer, enum wg_peer_state state);
enum wg_peer_state wg_peer_state(const struct wg_peer *peer);
const char *wg_peer_state_str(enum wg_peer_state state);

/* permits NULL: everything. */
void wg_peer_set_filter(struct wg_peer *peer, uint8_t family,
			struct wg_filter filter);
/* Most learned prefixes it may own, both families together; 0: no limit. */
void wg_peer_set_maximum(struct wg_peer *peer, uint32_t maximum);
/*
 * Has the maximum been hit since the last call? True once for each time that
 * the peer went from within its maximum to over it (for one log line).
 */
bool wg_peer_maximum_hit(struct wg_peer *peer);

struct wg_peer_count {
	uint32_t is_static; /* entries decided for it by configuration */
	uint32_t dynamic;   /* entries decided for it by routes */
	uint32_t installed; /* entries that the device acknowledged */
};
void wg_peer_count(const struct wg_peer *peer, struct wg_peer_count *ret);

#endif
