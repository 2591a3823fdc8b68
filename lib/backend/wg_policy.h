/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing (ip-rule(8)): rules, and the routes of the tables that they
 * name, by rtnetlink.  Everything here carries WG_POLICY_PROTO, so that it is
 * known again after a restart; nothing without it is touched.
 */
#ifndef WG_POLICY_H
#define WG_POLICY_H

#include "lib/core/wg_core.h"
#include "lib/core/wg_relay.h"
#include "lib/core/wg_rule.h"

/* Who made a rule or a route (rtnetlink's protocol; /etc/iproute2/rt_protos) */
#define WG_POLICY_PROTO 87

#define WG_TABLE_MAIN 254 /* linux/rtnetlink.h: RT_TABLE_MAIN */

/* A route of a table.  Next hops have a link each. */
struct wg_policy_route {
	uint32_t table;
	struct wg_addr source; /* of what has none yet; AF_UNSPEC: any */
	struct wg_prefix prefix;
	uint32_t mtu; /* locked, bytes; 0: the link's */
	const struct wg_nexthop *nh;
	size_t n_nh;
};
/* More next hops than that are left out. */
#define WG_POLICY_HOPS 64

/*
 * The socket that writes, and one that watches for others' hands.  FD becomes
 * readable when somebody changes a route of a table that is watched, when rules
 * change at all, when an address comes or goes, and when a link's reverse path
 * filter (rp_filter) changes.
 */
struct wg_policy_bus;
int wg_policy_open(struct wg_policy_bus **ret);
void wg_policy_close(struct wg_policy_bus **bus);
int wg_policy_fd(const struct wg_policy_bus *bus);
/* The tables that are watched, none at first.  0 or -errno: as before. */
int wg_policy_watch(struct wg_policy_bus *bus, const uint32_t *tables,
		    size_t n);
/*
 * Read what FD has, up to a limit: it stays readable if there is more.  True:
 * it was somebody else.
 */
bool wg_policy_drain(struct wg_policy_bus *bus);

/*
 * A rule is there, or is not there.  0, also where it was so already; -errno:
 * -EOPNOTSUPP: a kernel without policy routing.
 */
int wg_policy_set_rule(struct wg_policy_bus *bus, const struct wg_rule *rule,
		       bool there);
/*
 * A route, in the place of a former one to the prefix; n_nh 0: none, 0 also
 * where there was none.  -EINVAL: the source is not one of this machine's
 * addresses; -ENETDOWN, -ENETUNREACH, -ENODEV, ...; -EAFNOSUPPORT: there is no
 * IPv6, or not on that link.
 */
int wg_policy_set_route(struct wg_policy_bus *bus,
			const struct wg_policy_route *route);

/* What is there. */
struct wg_rule_seen {
	struct wg_rule rule;
	bool ours; /* WG_POLICY_PROTO, and nothing in it that we do not know */
};
struct wg_route_seen {
	bool ours;
	struct wg_addr source;
	struct wg_prefix prefix;
	uint32_t mtu; /* if it is locked */
	size_t n_nh;
	struct wg_nexthop nh[WG_POLICY_HOPS];
};
/*
 * All rules, or all routes of a table, of a family.  *RET is to be freed, also
 * where there are none; untouched on error.  -EAGAIN: torn each time.
 */
int wg_policy_read_rules(struct wg_policy_bus *bus, uint8_t family,
			 struct wg_rule_seen **ret, size_t *ret_n);
int wg_policy_read_routes(struct wg_policy_bus *bus, uint8_t family,
			  uint32_t table, struct wg_route_seen **ret,
			  size_t *ret_n);

/*
 * IPv4 addresses of this machine, but those of links in this device group and
 * of 127/8; and whether one of the other links has a strict reverse path
 * filter (rp_filter 1), the first such link's index, else 0.  At most MAX
 * addresses.  0 or -errno.
 */
int wg_policy_read_local(struct wg_policy_bus *bus, uint32_t group,
			 struct wg_addr *ret, size_t max, size_t *ret_n,
			 uint32_t *ret_strict);

/* --- the relay of a mesh: rules are set one by one, as others are */

/*
 * The device has the plan's addresses, and the table its routes.  What is there
 * as planned is not written again; what is there in another way is put right,
 * whoever made it.  All is tried, and the first error told.  0; -EAFNOSUPPORT:
 * there is no IPv6, or not on that device; -ENODEV, -ENETDOWN, -EPERM, ...
 */
int wg_policy_set_relay(struct wg_policy_bus *bus,
			const struct wg_relay_plan *plan);
/*
 * What is in RELAY and not in the plan goes: routes of ours from the table,
 * addresses from whatever link.  WAS: only what that plan had; NULL: all, of an
 * earlier life, too.  0 or the first error.
 */
int wg_policy_trim_relay(struct wg_policy_bus *bus,
			 const struct wg_relay_plan *plan,
			 const struct wg_relay_plan *was);

#endif
