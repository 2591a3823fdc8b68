/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source address for all packets with a mark, of one family: rules and a
 * table of host routes in the kernel, by rtnetlink.  Everything here carries
 * WG_ORIGIN_PROTO, so that it is known again after a restart; nothing without
 * it is touched.
 */
#ifndef WG_ORIGIN_H
#define WG_ORIGIN_H

#include "lib/core/wg_types.h"

/* Who made a rule or a route (rtnetlink's protocol; /etc/iproute2/rt_protos) */
#define WG_ORIGIN_PROTO 87

struct wg_origin {
	struct wg_addr addr; /* one of this machine's, not of a link's scope */
	uint32_t mark;	     /* not 0 */
	uint32_t table; /* over 255 */
};

/* How packets get to one address. */
struct wg_origin_route {
	struct wg_addr dst;
	struct wg_addr gateway; /* AF_UNSPEC: on link; may be of IPv6 */
	uint32_t ifindex;
};

/*
 * The socket that writes, and one that watches for others' hands.  FD becomes
 * readable when somebody else changes what is ours, when rules change at all
 * and when an address comes or goes.
 */
struct wg_origin_bus;
int wg_origin_open(struct wg_origin_bus **ret);
void wg_origin_close(struct wg_origin_bus **bus);
int wg_origin_fd(const struct wg_origin_bus *bus);
/* Empty FD.  True: it was somebody else. */
bool wg_origin_drain(struct wg_origin_bus *bus);

/*
 * The rules, all of one source: there or not.  0, also where it was so
 * already; -errno.
 */
int wg_origin_set_rules(struct wg_origin_bus *bus, const struct wg_origin *s,
			bool there);
/*
 * A host route, in the place of a former one to DST.  -EINVAL: the address is
 * not one of this machine's; -ENETDOWN, -ENETUNREACH, -ENODEV, ...
 */
int wg_origin_add_route(struct wg_origin_bus *bus, const struct wg_origin *s,
			const struct wg_origin_route *r);
/* 0 also where there was none. */
int wg_origin_del_route(struct wg_origin_bus *bus, const struct wg_origin *s,
			const struct wg_addr *dst);

/* What is there: of rules those with our protocol, of a table all. */
struct wg_origin_seen {
	struct wg_origin s;	  /* of a route: table and addr only */
	bool is_rule, foreign;	  /* a route of somebody else's in the table */
	unsigned rule;		  /* which: WG_ORIGIN_RULES in all */
	struct wg_origin_route r; /* of a route; no dst: not a host's */
};
#define WG_ORIGIN_RULES 3
/*
 * All rules (TABLE 0), or all routes of a table, of a family.  *RET is to be
 * freed, also where there are none; untouched on error.
 */
int wg_origin_read(struct wg_origin_bus *bus, uint8_t family, uint32_t table,
		   struct wg_origin_seen **ret, size_t *ret_n);
/* Take away a rule as it was seen. */
int wg_origin_del_rule(struct wg_origin_bus *bus,
		       const struct wg_origin_seen *seen);

#endif
