/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel routes what the interfaces encrypt: marks, rules and tables
 * (lib/backend/wg_policy.h).  What the tables have is wgd_underlay's business.
 */
#ifndef WGD_POLICY_H
#define WGD_POLICY_H

#include "frr-wgd/device/wgd_attach.h"
#include "lib/core/wg_underlay.h"

extern void wgd_policy_init(void);
/* Everything stays in the kernel, as the devices stay. */
extern void wgd_policy_finish(void);

/*
 * What decides about marks may have changed: the configuration, or what an
 * adopted device had (wif->link->found_fwmark).
 */
extern void wgd_policy_configure(struct wgd_if *wif);
/* The device has all that it is to have, its mark too. */
extern void wgd_policy_settled(struct wgd_if *wif);
/* The device listens on another port. */
extern void wgd_policy_port(void);
/* The interface is gone.  LEAVE: the daemon ends, touch nothing. */
extern void wgd_policy_forget_if(struct wgd_if *wif, bool leave);

/* The mark that the device shall have; 0: none of ours or the operator's. */
extern uint32_t wgd_policy_mark(const struct wgd_if *wif);
/* Are its packets of that family routed by our rules? */
extern bool wgd_policy_is_on(const struct wgd_if *wif, uint8_t family);

/* A route of the tables (wg_underlay_next). */
extern void wgd_policy_route(const struct wg_underlay_route *route);
/* Links came, changed or went: the kernel may have thrown routes away. */
extern void wgd_policy_link_changed(void);
/* All routes are here: what else the tables have is of an earlier life. */
extern void wgd_policy_routes_are_here(void);

/* For show: a table of the interface; false: it has none for that family. */
struct wgd_policy_view {
	uint32_t mark, table;
	uint32_t pref;		      /* of the first of three rules */
	const struct wg_addr *source; /* AF_UNSPEC: none */
	size_t routes;		      /* in the table */
	const char *strict;	      /* link with a strict rp_filter; NULL */
	const char *error;	      /* what does not work; NULL: nothing */
};
extern bool wgd_policy_view(const struct wgd_if *wif, uint8_t family,
			    struct wgd_policy_view *ret);

#endif
