/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of a mesh on this machine: its rules, routes and addresses are kept
 * in the kernel as lib/core/wg_relay.h plans them.
 */
#ifndef WGD_RELAY_H
#define WGD_RELAY_H

#include "frr-wgd/base/wgd_if.h"
#include "lib/core/wg_relay.h"

extern void wgd_relay_init(void);   /* behind wgd_policy_init */
extern void wgd_relay_finish(void); /* what the kernel has stays */

/*
 * What the interface's mesh wants, each time that it may be something else: its
 * hubs, the device's index or MTU.  NULL: it has no mesh.  It is written at
 * once, and repaired until it is said otherwise.  What an earlier life of the
 * daemon left and this one does not want stays for --stale-time.
 *
 * 0 (also if it could not be written: wgd_relay_error); -EEXIST: another
 * interface is in a mesh with the same addresses; -EINVAL, -ERANGE as
 * wg_relay_plan; -EIO: no netlink.  On error all is as before.
 */
extern int wgd_relay_set(struct wgd_if *wif, const struct wg_relay *own);
/* The interface is gone.  LEAVE: the daemon ends, touch nothing. */
extern void wgd_relay_forget_if(struct wgd_if *wif, bool leave);

/*
 * Why it is not in place; NULL: it is, or there is no mesh.  "no-ipv6": the
 * device or the kernel has no IPv6.
 */
extern const char *wgd_relay_error(const struct wgd_if *wif);
/* Is it in RELAY of any mesh of this machine? */
extern bool wgd_relay_covers(const struct wg_addr *addr);

/* For show; false: no mesh. */
struct wgd_relay_view {
	const struct wg_relay_plan *plan;
	uint32_t pref; /* of the first rule */
};
extern bool wgd_relay_view(const struct wgd_if *wif,
			   struct wgd_relay_view *ret);

#endif
