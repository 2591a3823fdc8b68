/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mesh/: sites that find each other.  wgd_self is who we are, wgd_map what is
 * known of all, wgd_members makes peers of that, wgd_hubs says by which hub they
 * are relayed, wgd_exchange, wgd_hello and wgd_door are what is said to others,
 * wgd_inbox and wgd_knock how a member gets in, and wgd_mesh_life all order.
 * It may call peer/ and what is below.
 *
 * Here: the mesh of an interface, and the marks by which the others have
 * wgd_mesh_life act.
 */
#ifndef WGD_MESH_H
#define WGD_MESH_H

#include "hook.h"
#include "typesafe.h"

#include "frr-wgd/mesh/wgd_map.h"
#include "frr-wgd/mesh/wgd_self.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "lib/core/wg_clone.h"
#include "lib/core/wg_exchange.h"
#include "lib/core/wg_hello.h"
#include "lib/core/wg_relay.h"
#include "lib/core/wg_wall.h"

struct wg_alarms;
struct wgd_exchange;
struct wgd_demand;
struct wgd_gone;
struct wgd_door;
struct wgd_hello;
struct wgd_knock;
struct wgd_mesh;
struct wgd_mesh_member;
struct wgd_probe;
struct wgd_probed;
struct wgd_path;
struct wgd_paths;

/* The member became a peer, live or not, or is none any more. */
DECLARE_HOOK(wgd_mesh_member_changed,
	     (const struct wgd_mesh *m, const struct wgd_mesh_member *member),
	     (m, member));

enum wgd_mesh_state {
	WGD_MESH_JOINING,   /* no hub has let us in yet */
	WGD_MESH_CONNECTED, /* to a hub at least; a hub: always */
	WGD_MESH_ISOLATED,  /* it was, and no hub answers now */
	WGD_MESH_REVOKED,
	WGD_MESH_EXPIRED,
	WGD_MESH_DISPUTED,
	WGD_MESH_CLONED, /* another machine has our identity */
	WGD_MESH_STATES,
};

/* Why a member of the map is no peer. */
enum wgd_mesh_refused {
	WGD_MESH_PEER, /* it is one */
	WGD_MESH_NOT_REDEEMED,
	WGD_MESH_NOT_AGREED, /* "disputed" */
	WGD_MESH_NO_RECORD,
	WGD_MESH_IS_REVOKED,  /* "revoked" */
	WGD_MESH_OUT_OF_TIME, /* "expired" */
	WGD_MESH_NO_LIST,
	WGD_MESH_NAME_IN_USE,
	WGD_MESH_ADDRESS_IN_USE,
	WGD_MESH_KEY_IN_USE,
	WGD_MESH_HUB_NUMBER_IN_USE,
};

#define WGD_MESH_PLACES 8 /* that a record has, at most */
struct wgd_mesh_at {
	char host[WG_ITEM_HOST_MAX + 1];
	uint16_t port;
};

/* By their link-local addresses: each datagram asks for it. */
PREDECL_RBTREE_NONUNIQ(wgd_linklocals);
/* Whom we have something to ask: a few of a thousand; see wgd_hello.c. */
PREDECL_DLIST(wgd_askeds);

/* A member as the map has it; what is 0 is not known. */
struct wgd_mesh_member {
	uint32_t number, serial;
	char name[WG_ITEM_NAME_MAX + 1];
	uint8_t hub;	/* its number as a hub; 0: a site */
	uint64_t until; /* s since 1970 */
	uint64_t sequence;
	uint8_t identity[WG_KEY_LEN];
	struct wg_key key; /* WireGuard's */
	struct wg_addr linklocal;		 /* wgd_mesh_set_linklocal */
	struct wgd_linklocals_item by_linklocal; /* valid if it has one */
	uint16_t port, door_port;
	size_t n_addresses, n_places, n_certified, n_announced;
	struct wg_addr addresses[4];
	struct wgd_mesh_at *places; /* where it says that it is */
	struct wg_certified *certified;
	struct wg_prefix *announced;
	enum wgd_mesh_refused refused;
	bool is_name_taken; /* by lines of ours, for another peer */
	struct wgd_mesh_at *met; /* a hub: where its door let us in; or NULL */
	uint8_t *door_record;	 /* an item, by its identity; NULL: none */
	/* wgd_hello.c */
	struct wg_hello hello;
	struct wgd_askeds_item asked;
	uint64_t bytes;	 /* that the device counted last */
	int64_t data_ms; /* when they were more than before; 0: never */
	/* wgd_path.c */
	struct wgd_path *path; /* NULL: it is relayed, and nobody wants more */
	bool was_read;	       /* the device, since it is a peer */
	/* wgd_demand.c */
	uint64_t demand;   /* data packets that left for it, about */
	int64_t demand_ms; /* the last one; 0: none */
	/* wgd_hubs.c; sets of hubs, see wg_relay_bit */
	uint8_t said;	     /* hubs that say that it is connected */
	uint8_t said_before; /* ... that said so before they connected anew */
	int64_t up_ms;	     /* a hub: since when it is to say so; 0: it did */
	uint8_t relay;	     /* the hub that relays to it; 0: none */
	int64_t moved_ms;    /* since when */
	bool resend;	     /* its endpoint, though it is as before */
	bool is_down;	     /* so its own tunnel said last */
	bool connected; /* a hub says that it is, or we see it ourselves */
	bool changed;	/* the peer is to be configured anew */
	struct wgd_peer *peer; /* NULL: none */
	struct wgd_probed *probed; /* wgd_probe.c; NULL: nothing yet */
	bool told_peer, told_live; /* by wgd_mesh_tell */
};

/* A route that zebra was told; see wgd_mesh_routes.c. */
struct wgd_mesh_route {
	struct wg_prefix prefix; /* the key */
	struct wg_addr gateway;	 /* the member's */
	uint32_t member, ifindex, vrf;
};

struct wgd_mesh {
	struct wgd_mesh *next; /* of all */
	struct wgd_if *wif;
	enum wgd_mesh_state state, reach; /* wgd_own.c */
	bool was_in;			  /* we were in it at the start */
	struct wg_clone clone;
	struct wgd_self *self;
	struct wgd_map *map; /* NULL while it is not known who we are */
	struct wg_exchange_map shared;
	struct wg_alarms *alarms;
	struct wgd_drops drops;
	struct wgd_gone *gone; /* wgd_gone.c; NULL: nobody */
	bool is_hub;
	uint8_t hub; /* our number as a hub */
	uint8_t relay_hash[WG_RELAY_HASH_LEN]; /* of its relay addresses */

	struct wgd_mesh_member **members; /* by number; without us */
	size_t n_members, room_members;
	struct wgd_linklocals_head linklocals; /* all zero: none */

	uint8_t relay; /* number of the hub that relays for us; 0: none */
	uint8_t busy;  /* hubs that relay data, see wg_relay_bit */
	uint64_t floor; /* our record is to be above that */
	int64_t began_ms, hub_seen_ms;
	int64_t hub_up_ms; /* a hub connected last; 0: never */
	int64_t tried_ms; /* to read what was brought */
	struct wgd_mesh_route *routes; /* in the order of prefixes */
	size_t n_routes;
	bool had_hub; /* when it was looked at last */
	bool is_kept; /* zebra keeps our routes when we go */
	bool is_stale; /* it is another member's: to be made anew */
	bool doors_changed;
	bool has_relay; /* the underlay knows its addresses */
	bool is_warned_of; /* wgd_mesh_warning, in the log */
	bool met; /* somebody at a door: see wgd_members.c */
	bool has_list; /* of revocations, when members were looked at */

	struct wgd_exchange *exchange;
	struct wgd_hello *hello;
	struct wgd_demand *demand;
	struct wgd_probe *probe;
	struct wgd_paths *paths; /* NULL: as for exchange */
	struct wgd_door *door;	 /* NULL: no hub */
	struct wgd_knock *knock; /* NULL: who we are is not known */

	struct event *t_act, *t_tick;
	void (*act)(struct event *t); /* wgd_mesh_life.c */
};

extern struct wgd_mesh *wgd_mesh_first(void);
extern void wgd_mesh_add(struct wgd_mesh *m);
extern void wgd_mesh_remove(struct wgd_mesh *m);
#define wgd_each_mesh(m)                                                       \
	for (struct wgd_mesh *m = wgd_mesh_first(); m; m = m->next)

extern const char *wgd_mesh_state_str(enum wgd_mesh_state state);
extern const char *wgd_mesh_refused_str(enum wgd_mesh_refused refused);

/* Something came in: act on it in this turn of the loop, or in so many ms. */
extern void wgd_mesh_act(struct wgd_mesh *m);
extern void wgd_mesh_act_in(struct wgd_mesh *m, unsigned ms);
/* ... or then, monotonic ms; INT64_MAX: never. */
extern void wgd_mesh_act_at(struct wgd_mesh *m, int64_t at_ms);

/* The time of day, and how far it is to be relied on; the map is known. */
extern struct wg_wall wgd_mesh_wall(const struct wgd_mesh *m);
/* Most IPv6 neighbours that the kernel bears, as read within a minute; 0: that
 * is not known, as in a network namespace. */
extern unsigned wgd_mesh_neighbours(void);
/* Our certificate that counts; the map is known.  Valid until the next put. */
extern const uint8_t *wgd_mesh_certificate(const struct wgd_mesh *m);
/* Our name in it. */
extern const char *wgd_mesh_own_name(const struct wgd_mesh *m,
				     char buf[WG_ITEM_NAME_MAX + 1]);
/* The sequence of what we said last of ourselves, or are to be above. */
extern uint64_t wgd_mesh_sequence(const struct wgd_mesh *m);
/*
 * The next one, which is above LEAST, too.  False: there is none, for somebody
 * who has our identity said the last one: only another identity helps.
 */
extern bool wgd_mesh_next_sequence(const struct wgd_mesh *m, uint64_t least,
				   uint64_t *ret);
/* Have we an invite that no hub has witnessed, as far as we know? */
extern bool wgd_mesh_awaits_witness(const struct wgd_mesh *m);
/* Is it ours to connect to that member, rather than its own? */
extern bool wgd_mesh_calls(const struct wgd_mesh *m,
			   const struct wgd_mesh_member *member);
/* Is there a hub among the others? */
extern bool wgd_mesh_has_hub(const struct wgd_mesh *m);
/* NULL: not known, or us. */
extern struct wgd_mesh_member *wgd_mesh_member(const struct wgd_mesh *m,
					       uint32_t number);
/* The hub by which the device reaches the site, when read last; 0: none. */
extern uint8_t wgd_mesh_hub_at(const struct wgd_mesh *m,
			       const struct wgd_mesh_member *member);
/* Of those that are not refused; NULL: none. */
extern struct wgd_mesh_member *
wgd_mesh_by_linklocal(const struct wgd_mesh *m, const struct wg_addr *addr);
/* Of family AF_UNSPEC: it has none any more. */
extern void wgd_mesh_set_linklocal(struct wgd_mesh *m,
				   struct wgd_mesh_member *member,
				   const struct wg_addr *addr);
/* We and all hubs that there are, but for the link. */
extern struct wg_relay wgd_mesh_relay(const struct wgd_mesh *m);
/* The member that a peer is; NULL: it is none. */
extern const struct wgd_mesh_member *
wgd_mesh_member_of(const struct wgd_peer *p);
/* Call the hook if the member is another than when it was called last. */
extern void wgd_mesh_tell(const struct wgd_mesh *m,
			  struct wgd_mesh_member *member);

#endif
