/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule of policy routing (ip-rule(8)) as plain data: what is wanted and what
 * is there are compared in this form.  lib/backend/wg_policy.h writes and reads
 * them.
 */
#ifndef WG_RULE_H
#define WG_RULE_H

#include "lib/core/wg_types.h"

/*
 * What is 0, "" or AF_UNSPEC is not asked for.  Compared byte by byte: start
 * from zeroed memory.
 */
struct wg_rule {
	uint8_t family;
	bool prohibit;		 /* no table: prohibited, else unreachable */
	uint16_t udp_sport;	 /* UDP from this port, host order */
	uint32_t pref;		 /* its place: lower ones are asked first */
	uint32_t mark;		 /* of the packet, all bits */
	uint32_t table;		 /* where to look; 0: the packet is refused */
	uint32_t not_group;	 /* no route by a link of this device group */
	char iif[WG_IFNAME_LEN]; /* came in by; "lo": sent by this machine */
	struct wg_prefix from;	 /* source */
	struct wg_prefix to;	 /* destination */
};

/*
 * The order in which rules are to come; they go in the reverse one.  IPv4
 * before IPv6.  Then what prohibits: it closes what the rules before it open
 * for some.  Then the tables, and behind them "unreachable", for a packet whose
 * way is in a table is to have that at any moment.  Within each by the place.
 */
int wg_rule_cmp(const void *rule_a, const void *rule_b);

#endif
