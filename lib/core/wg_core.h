/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core: from routes to operations on devices.  Pure: no clock, no I/O,
 * no globals; calls go down, data comes back.
 *
 *   wg_route_update --> next hops resolved --> ladder --> claim --> dirty
 *   wg_plan_next    --> ordered ops  (the caller has them carried out)
 *   wg_plan_commit  --> what the device acknowledged
 *
 * A prefix belongs to the peer that owns the next hop of its best route.  For
 * one prefix on one device the first rule that decides (the ladder):
 *
 *  1. A static allowed-ips or address beats every route to the same prefix,
 *     an exclusive one every route to a prefix within it, too.
 *  2. Only next hops on this device whose gateway is a peer's address (or,
 *     on a point-to-point device, any gateway or none), whose peer is
 *     complete and not shut down, and whose filters accept the prefix are
 *     candidates.  Recursive next hops are resolved first.  A martian has
 *     none.  A member of a mesh is one only if its certificate covers the
 *     prefix, and no other announcer's prefix is longer than its longest
 *     certified one around the prefix.
 *  2b. If certificates deny all candidates: the announcer with the longest
 *     announced prefix, then the lowest member number; else nobody.
 *  3. A peer known to be down is a candidate only where no other is.
 *  4. The present owner stays if it is still a candidate of the best weight,
 *     unless it has the prefix only because a better one was down.
 *  5. The highest weight, then the lowest public key.
 *
 * An announcer of a prefix is a live member that announces a prefix around it
 * and is certified for both (wg_peer_set_certificate and so on, wg_dev.h).
 *
 * No candidate: the prefix is in no peer's AllowedIPs.  Rule 1 holds also
 * while the static's peer is incomplete or shut down: then it is nobody's.
 */
#ifndef WG_CORE_H
#define WG_CORE_H

#include "lib/core/wg_dev.h"

struct wg_core *wg_core_new(void);
void wg_core_delete(struct wg_core **core);

/*
 * Act on all marks that configuration, liveness, links and gateways left:
 * decide the affected prefixes anew.  Call it before wg_plan_next and before
 * anything is shown.
 */
void wg_core_settle(struct wg_core *core);

/* --- routes */

/* One next hop of a route, as zebra has it. */
struct wg_nexthop {
	struct wg_addr gateway; /* AF_UNSPEC: none, on link */
	uint32_t ifindex; /* 0: recursive, to be resolved by tracking */
	uint8_t weight; /* 0 counts as 1 */
	bool on_link; /* the gateway is on the link, whatever its address */
};

/*
 * The best route to PREFIX in VRF is now this one, with its whole set of next
 * hops; the former one, of whatever protocol, is gone.  A route that no
 * WireGuard device has to do with costs nothing (a recursive one is kept, it
 * may come to).  PROTO is the caller's own number, only shown.
 * -ENOMEM: the former state stays.
 */
int wg_route_update(struct wg_core *core, uint32_t vrf,
		    const struct wg_prefix *prefix, uint8_t proto,
		    const struct wg_nexthop *nh, size_t n_nh);
void wg_route_delete(struct wg_core *core, uint32_t vrf,
		     const struct wg_prefix *prefix);
/*
 * Updates of these prefixes, in this VRF, come next.  Only for speed: in a
 * full table most of the time of an update goes into waiting for memory, and
 * so many of them can wait together.
 */
#define WG_ROUTE_EXPECT 16
void wg_route_expect(struct wg_core *core, uint32_t vrf,
		     const struct wg_prefix *prefix, size_t n);

/*
 * zebra is about to tell all its routes again.  Routes of the VRF that were
 * not updated between begin and end are deleted at the end.  In between they
 * stay as they are.  begin twice: the first is forgotten.
 */
void wg_route_replay_begin(struct wg_core *core, uint32_t vrf);
/* Returns the number of routes that were swept. */
size_t wg_route_replay_end(struct wg_core *core, uint32_t vrf);

/*
 * Recursive next hops.  The core wants some gateways tracked; the caller
 * asks for what changed, subscribes at zebra, and brings the answers.
 */
struct wg_gateway_want {
	uint32_t vrf;
	struct wg_addr gateway;
	bool want; /* false: no longer */
	bool via_default; /* a default route may resolve it: an endpoint */
};
/* The next change of what is wanted: true and *ret, or false. */
bool wg_gateway_next(struct wg_core *core, struct wg_gateway_want *ret);
/* Say again everything that is wanted (the tracker forgot). */
void wg_gateway_replay(struct wg_core *core);
/*
 * Track this address too, for wg_underlay.h: counted, each hold wants a
 * release.  The caller gives the answers to both.
 */
void wg_gateway_hold(struct wg_core *core, uint32_t vrf,
		     const struct wg_addr *addr);
void wg_gateway_release(struct wg_core *core, uint32_t vrf,
			const struct wg_addr *addr);
/* Say once more that it is wanted: the tracker answers again. */
void wg_gateway_ask(struct wg_core *core, uint32_t vrf,
		    const struct wg_addr *addr);
/* What the gateway resolves to; n_nh 0: unreachable. Marks. */
void wg_gateway_update(struct wg_core *core, uint32_t vrf,
		       const struct wg_addr *gateway,
		       const struct wg_nexthop *nh, size_t n_nh);

/* --- operations (the plan; the argument for its order is in wg_plan.c) */

/* Is there something to do on the device? False while it is unsynced. */
bool wg_plan_pending(const struct wg_dev *dev);
/*
 * The first up to MAX operations of the plan from what the device
 * acknowledged to what is decided.  Nothing is taken away: until they are
 * committed the same call gives the same ops.  Ops point into the device and
 * its peers: valid until the next call that changes anything.
 */
size_t wg_plan_next(struct wg_dev *dev, struct wg_op *ops, size_t max);
/* Assert that no peer is forgotten. */
void wg_plan_check(const struct wg_dev *dev);
/* The device acknowledged these ops (decisions may have moved on since). */
void wg_plan_commit(struct wg_dev *dev, const struct wg_op *ops, size_t n);
/*
 * The device refused these ops.  True: it was its own configuration, which
 * goes alone: a port that somebody else has, say.  It is left out until it
 * changes, or wg_plan_retry; all else is as it was, and goes on.  False: as
 * after any error, nothing is known (wg_sync_lost).
 */
bool wg_plan_refused(struct wg_dev *dev, const struct wg_op *ops, size_t n);
bool wg_plan_is_refused(const struct wg_dev *dev);
void wg_plan_retry(struct wg_dev *dev);

/*
 * A device starts unsynced: nothing is planned until it was read.  After any
 * error it is unsynced again.
 */
void wg_sync_lost(struct wg_dev *dev);
bool wg_sync_is_synced(const struct wg_dev *dev);
/* Was it in sync since its link came? */
bool wg_sync_is_known(const struct wg_dev *dev);
/*
 * Compare with what the device really has: begin, then what a read returns,
 * then end, with steps behind begin and behind end until they say that it is
 * done.  Nothing may be in flight.  begin again starts anew.  Then the device
 * is synced and every difference is pending.
 *
 * keep_stale: prefixes on configured peers that are not decided yet stay as
 * they are until wg_sync_release (the restart: routes are still to come);
 * they move to another owner at once when a route says so.
 */
struct wg_sync_peer {
	struct wg_key key;
	struct wg_endpoint endpoint;
	uint16_t keepalive;
	bool has_psk;
	bool alive; /* in a session, at this endpoint: it may have roamed */
};
void wg_sync_begin(struct wg_dev *dev, bool keep_stale);
void wg_sync_device(struct wg_dev *dev, const struct wg_key *pub,
		    uint16_t listen_port, uint32_t fwmark);
/*
 * The prefixes that follow are this peer's. The same key may come again.
 * -EINVAL: not between begin and end (a new link ends a read), steps are
 * left, no key, no peer before a prefix; -ENOMEM: begin again.
 */
int wg_sync_peer(struct wg_dev *dev, const struct wg_sync_peer *p);
int wg_sync_prefix(struct wg_dev *dev, const struct wg_prefix *prefix);
void wg_sync_end(struct wg_dev *dev);
/* The routes are here: what is not decided now goes. */
void wg_sync_release(struct wg_dev *dev);
/*
 * What has to look at every prefix is done in pieces, so that a million of
 * them stop nobody: go on with it for about MAX prefixes.  True: there is
 * more.  Until it is done nothing is planned.  Work is left by begin, end and
 * release, by the commit of a PEER_REMOVE, and on a device that aggregates by
 * everything that changes much at once.
 */
bool wg_sync_step(struct wg_dev *dev, size_t max);
/*
 * Nothing else is to be done for a while: do what could wait, for about MAX
 * prefixes.  A device that aggregates has up to 2 % more entries than need be
 * after many changes; it comes back to the fewest.  True: there is more.
 */
bool wg_sync_idle(struct wg_dev *dev, size_t max);
/* Is there work for wg_sync_step, or will there be with the next wg_core_settle? */
bool wg_sync_is_busy(const struct wg_dev *dev);
/* How many differences (of prefixes, peers, the device) were found by the last
 * comparison that nobody had reason to expect: for the log. */
size_t wg_sync_differences(const struct wg_dev *dev);

/* --- showing */

enum wg_verdict {
	WG_ROUTE_ACCEPTED,
	WG_ROUTE_SHADOWED, /* shadowed-by-static */
	WG_ROUTE_NO_PEER, /* no-peer-for-nexthop */
	WG_ROUTE_PEER_DOWN, /* peer-down: incomplete or shut down */
	WG_ROUTE_DENIED, /* denied-by-prefix-list */
	WG_ROUTE_UNCERTIFIED, /* denied-by-certificate; rule 2b may give it */
	WG_ROUTE_OVER_MAXIMUM, /* over-maximum-prefix */
	WG_ROUTE_MARTIAN, /* martian: see wg_prefix_is_martian */
};
const char *wg_verdict_str(enum wg_verdict verdict);

enum wg_source {
	WG_SOURCE_NONE,
	WG_SOURCE_STATIC, /* allowed-ips, address, point-to-point */
	WG_SOURCE_ROUTE, /* proto says which */
	WG_SOURCE_STALE, /* of an earlier life, kept for now */
	WG_SOURCE_STRANGER, /* somebody else's, on an adopted device */
};

/* One prefix of a device, as it stands. */
struct wg_entry {
	struct wg_prefix prefix;
	enum wg_source source; /* of the decided owner */
	bool exclusive; /* a static, with all within it */
	struct wg_peer *decided; /* NULL: nobody */
	/*
	 * Who the device is to give exactly this prefix to: the same, unless
	 * it aggregates.  Decided, but no target: covered, by the entry COVER
	 * if one entry covers it all, else (family AF_UNSPEC) by longer ones.
	 */
	struct wg_peer *target;
	struct wg_prefix cover;
	bool redundant; /* on the device only because it cannot remove */
	struct wg_peer *acked; /* who has it on the device; NULL: nobody */
	bool has_route; /* the rest is set */
	uint8_t proto;
	enum wg_verdict verdict;
	size_t n_nexthops;
	/* the next hops on this device, after resolution; valid until the
	 * next change */
	const struct wg_entry_nexthop {
		struct wg_addr gateway;
		struct wg_peer *peer; /* NULL: nobody's address */
		uint8_t weight;
	} *nexthops;
};
/*
 * The first prefix of the device behind *cursor (wg_prefix_cmp; NULL: the
 * very first).  False: no more.  Prefixes that are neither decided, nor a
 * target, nor on the device, nor followed routes are not reported.
 */
bool wg_entry_next(struct wg_dev *dev, const struct wg_prefix *cursor,
		   struct wg_entry *ret);
/* The longest match for an address among what the device acknowledged
 * (acked true) or what is decided. */
bool wg_entry_lookup(struct wg_dev *dev, const struct wg_addr *addr,
		     bool acked, struct wg_entry *ret);

/* The longest static allowed-ips or address that covers an address, as it is
 * configured: whoever has the address.  *ret_exclusive: with all within it. */
struct wg_peer *wg_static_lookup(struct wg_dev *dev, const struct wg_addr *addr,
				 struct wg_prefix *ret, bool *ret_exclusive);
/* The exclusive static that keeps a prefix within it from routes; NULL: none. */
struct wg_peer *wg_exclusive_lookup(struct wg_dev *dev,
				    const struct wg_prefix *prefix,
				    struct wg_prefix *ret);

/* Is the peer a member of a mesh? */
bool wg_peer_has_certificate(const struct wg_peer *peer);
/* Is the peer a member whose certificate covers the prefix? */
bool wg_peer_is_certified(const struct wg_peer *peer,
			  const struct wg_prefix *p);
/* The announcer that rule 2b is about; NULL: there is none. */
struct wg_peer *wg_announcer_find(const struct wg_dev *dev,
				  const struct wg_prefix *p);

/* The longest followed route that covers an address, whoever owns it. */
bool wg_route_lookup(struct wg_dev *dev, const struct wg_addr *addr,
		     struct wg_entry *ret);

/*
 * A route to the device that nobody was given, because its next hop is no
 * peer's.  One of PROTO needs none: the device's own subnet.
 */
bool wg_route_of_nobody(struct wg_dev *dev, uint8_t proto,
			struct wg_entry *ret);

struct wg_count {
	size_t routes; /* followed, on this device */
	size_t entries; /* decided owner */
	size_t targets; /* entries that the device is to have for that */
	size_t spare;	/* so many targets could be saved: see wg_sync_idle */
	size_t installed; /* acknowledged */
	size_t pending; /* differ */
	size_t redundant; /* on the device only because it cannot remove */
};
void wg_dev_count(const struct wg_dev *dev, struct wg_count *ret);

/* Bytes of memory held by the core (for the benchmark). */
size_t wg_core_memory(const struct wg_core *core);

#endif
