/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of a mesh: which addresses it has, and what routing has to look
 * like for them at a site and at a hub.
 *
 * A site reaches another one through a hub by WireGuard in WireGuard on one
 * device.  Member m has a relay address at each hub h,
 *
 *   fd, 5 bytes of the mesh's hash, 00, h, 4 zero bytes, 4 bytes of m
 *
 * which is routed into the device, to the peer h; the endpoint of m's peer is
 * that address.  All of them are in RELAY, a /48.  What is sealed twice must
 * never be sealed a third time: see wg_relay.c for how that is kept.
 *
 * Pure, like the rest of lib/core; the hash comes from the caller.
 */
#ifndef WG_RELAY_H
#define WG_RELAY_H

#include "lib/core/wg_rule.h"

#define WG_RELAY_HASH_LEN 5
#define WG_RELAY_HUBS 8	      /* hub numbers are 1 to this */
#define WG_RELAY_RULES 3      /* of a machine, at most */
#define WG_RELAY_OUTER 80     /* bytes: IPv6, UDP, WireGuard's header and tag */
#define WG_RELAY_LOCK 9000    /* MTU of the routes at a hub, bytes */
#define WG_RELAY_MTU_MIN 1280 /* a device with less has no IPv6 */

/* Places of rules behind wg_relay_place.pref, which has as many for itself. */
#define WG_RELAY_PREFS 12

/* What this machine is in a mesh. */
struct wg_relay {
	uint8_t hash[WG_RELAY_HASH_LEN]; /* the first of the mesh's hash */
	uint8_t hub;			 /* our hub number; 0: we are a site */
	uint8_t hubs;	 /* at a site: those that there are, see wg_relay_bit */
	uint32_t member; /* our number, not 0: that is the anycast address */
	uint32_t mtu;	 /* of the device, bytes */
	uint32_t ifindex;	    /* of the device; 0: it is not there */
	char ifname[WG_IFNAME_LEN]; /* its name, also when it is not there */
};

static inline uint8_t wg_relay_bit(uint8_t hub)
{
	return 1u << (hub - 1);
}

/* RELAY, the /48. */
struct wg_prefix wg_relay_net(const uint8_t hash[WG_RELAY_HASH_LEN]);
/* The /64 of a hub, 1 to WG_RELAY_HUBS. */
struct wg_prefix wg_relay_hub(const uint8_t hash[WG_RELAY_HASH_LEN],
			      uint8_t hub);
struct wg_addr wg_relay_addr(const uint8_t hash[WG_RELAY_HASH_LEN], uint8_t hub,
			     uint32_t member);
bool wg_relay_is_inside(const uint8_t hash[WG_RELAY_HASH_LEN],
			const struct wg_addr *addr);
/* Whose it is.  0; -EINVAL: not in RELAY, or there nobody's. */
int wg_relay_find(const uint8_t hash[WG_RELAY_HASH_LEN],
		  const struct wg_addr *addr, uint8_t *ret_hub,
		  uint32_t *ret_member);

/* --- routing */

/* Numbers that nobody else uses. */
struct wg_relay_place {
	uint32_t pref;	/* of the first rule, behind those of others */
	uint32_t table; /* for the routes to relay addresses: table R */
};

/* By the device, of table R; the source, if any, is to be its address. */
struct wg_relay_route {
	struct wg_prefix prefix;
	struct wg_addr source; /* AF_UNSPEC: any */
	uint32_t mtu;	       /* locked, bytes */
};

/*
 * All that routing is to have.  Each source is an address of the device, a
 * host prefix that is no source of what does not name it (preferred_lft 0).
 * The same wishes give the same bytes.
 */
struct wg_relay_plan {
	struct wg_prefix net; /* RELAY: nobody else has anything in it */
	uint32_t table;
	uint32_t ifindex;
	size_t n_rules, n_routes;
	struct wg_rule rules[WG_RELAY_RULES]; /* in the order of wg_rule_cmp */
	struct wg_relay_route routes[WG_RELAY_HUBS]; /* by hub */
};

/*
 * Without a device there are rules only.  0; -EINVAL: there is no such hub or
 * member number, no name, or "lo"; -ERANGE: the MTU is less than IPv6 wants.
 */
int wg_relay_plan(const struct wg_relay *own,
		  const struct wg_relay_place *place,
		  struct wg_relay_plan *ret);

/* --- peers */

/* A member, as a peer of ours. */
struct wg_relay_peer {
	uint8_t hub; /* its hub number; 0: a site */
	uint32_t member;
	uint16_t port; /* that it listens on */
	/* published, or the door's address; concerns hubs */
	const struct wg_endpoint *published;
	size_t n_published;
	/* where an answer to a probe of ours came from */
	const struct wg_endpoint *proven;
	size_t n_proven;
};

/*
 * What of RELAY belongs to the peer (AllowedIPs).  False: nothing, as between
 * two sites or two hubs.
 */
bool wg_relay_allowed(const struct wg_relay *own,
		      const struct wg_relay_peer *peer, struct wg_prefix *ret);

/* What to think of an endpoint that the device has for a peer. */
enum wg_relay_at {
	WG_RELAY_AT_NONE, /* it has none */
	WG_RELAY_AT_RELAY,
	WG_RELAY_AT_PUBLISHED,
	WG_RELAY_AT_PROVEN,
	WG_RELAY_AT_ROAMED,  /* a site at a hub: anywhere outside of RELAY */
	WG_RELAY_AT_STRANGE, /* anything else: it is to be put back */
};
const char *wg_relay_at_str(enum wg_relay_at at);
enum wg_relay_at wg_relay_at(const struct wg_relay *own,
			     const struct wg_relay_peer *peer,
			     const struct wg_endpoint *endpoint);

#endif
