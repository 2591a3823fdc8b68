/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wireguard gateway-group source ADDRESS`: everything that the interface
 * sends in that family leaves from this address, one for IPv4 and one for
 * IPv6.  By the device's mark, and rules and host routes in the kernel
 * (lib/backend/wg_origin.h).
 */
#ifndef WGD_SOURCE_H
#define WGD_SOURCE_H

#include "frr-wgd/wgd_if.h"

extern void wgd_source_init(void);
/* Everything stays in the kernel, as the devices stay. */
extern void wgd_source_finish(void);

/* conf.source or conf.fwmark may have changed. */
extern void wgd_source_configure(struct wgd_if *wif);
/* The device has all that it is to have, its mark too. */
extern void wgd_source_settled(struct wgd_if *wif);
/* The interface is gone.  LEAVE: the daemon ends, touch nothing. */
extern void wgd_source_forget_if(struct wgd_if *wif, bool leave);

/* The mark that the device needs for it; 0: none. */
extern uint32_t wgd_source_mark(const struct wgd_if *wif);
/* Has the interface a source of that family? */
extern bool wgd_source_is_on(const struct wgd_if *wif, uint8_t family);

/*
 * An endpoint of a peer, counted: each hold wants a release.  When hold
 * returns, packets to it have their route, if the kernel knows one; from then
 * on it follows what tracking says.
 */
extern void wgd_source_hold(struct wgd_if *wif, const struct wg_addr *addr);
extern void wgd_source_release(struct wgd_if *wif, const struct wg_addr *addr);
/* Tracking says: the address is reached by these next hops (0: not at all). */
extern void wgd_source_told(const struct wg_addr *addr,
			    const struct wg_nexthop *nh, size_t n);

/* Links came, changed or went: the kernel may have thrown routes away. */
extern void wgd_source_link_changed(void);

/* For show: the source of a family; false: none. */
struct wgd_source_view {
	const struct wg_addr *addr;
	uint32_t table;
	size_t endpoints, routes; /* ... of them with a route */
	const char *error;	  /* what does not work; NULL: nothing */
};
extern bool wgd_source_view(const struct wgd_if *wif, uint8_t family,
			    struct wgd_source_view *ret);

#endif
