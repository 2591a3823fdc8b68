/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel with rules, and with what is in relays, in place of lib/backend's
 * policy routing.  After each single change it asserts that nothing leads into
 * a relay or is in it that is not closed.
 */
#ifndef FAKE_RELAY_H
#define FAKE_RELAY_H

#include "frr-wgd/tests/glue.h"

#include "lib/backend/wg_policy.h"

#define FAKE_ROOM 64

/* An address and its route are one here. */
struct fake_thing {
	uint32_t table, ifindex;
	struct wg_relay_route route;
};

extern struct fake_relay {
	struct wg_rule_seen rules[FAKE_ROOM];
	struct fake_thing things[FAKE_ROOM];
	size_t n_rules, n_things;
	unsigned changes, calls;
	unsigned fail_at; /* the call that fails; UINT_MAX: none */
	int error;	  /* -errno to what is put into relays; 0: it works */
	uint32_t watched; /* the last of the tables */
	uint32_t foreign; /* a table with somebody else's routes */
	int fd;
} fake_relay;

/*
 * "480 490 491 PREFIX@IFINDEX/MTU": places of rules of ours of IPv6 that ask
 * for no mark, and what is in relays, in the order of the text.
 */
extern const char *fake_relay_str(void);

#endif
