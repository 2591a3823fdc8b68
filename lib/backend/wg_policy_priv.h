/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of policy routing share: rules, routes and addresses are all
 * read by a dump whose messages become an array.  Not for others.
 */
#ifndef WG_POLICY_PRIV_H
#define WG_POLICY_PRIV_H

#include "lib/backend/wg_nl.h"
#include "lib/backend/wg_policy.h"

struct wg_policy_bus {
	struct mnl_socket *ask, *watch;
};

/* What a dump is to tell, and what it told.  The caller frees v. */
struct wg_policy_reading {
	uint8_t family;
	uint32_t table;
	size_t size; /* of a thing */
	char *v;
	size_t n, room;
};

/*
 * The answer to a change of routes or addresses.  A kernel without IPv6 knows
 * no such message (EOPNOTSUPP), and a link without it refuses (EACCES): both
 * are -EAFNOSUPPORT.
 */
int wg_policy_no_ipv6(uint8_t family, int error);

/* Of the callback: what a message said is the next thing.  MNL_CB_*. */
int wg_policy_keep(struct wg_policy_reading *rd, const void *thing);
/* 0, or -errno and nothing to be freed; -EAGAIN: torn each time. */
int wg_policy_dump(struct wg_policy_bus *bus, uint16_t type,
		   struct wg_policy_reading *rd, mnl_cb_t cb);

#endif
