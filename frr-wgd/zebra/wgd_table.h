/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes of type table in zebra: each table in use is a session of its own.
 */
#ifndef WGD_TABLE_H
#define WGD_TABLE_H

#include "frr-wgd/base/wgd_if.h"

#define WGD_TABLE_IPV6 0 /* the instance that all IPv6 goes to */

/* Somebody wants a prefix announced; the memory is the claimant's. */
struct wgd_claim {
	struct wgd_claim *next; /* on the same route */
	struct route *route;
	uint32_t ifindex;
};

extern void wgd_table_claim(struct wgd_claim *c, uint8_t instance, vrf_id_t vrf,
			    const struct wg_prefix *p, uint32_t ifindex);
extern void wgd_table_release(struct wgd_claim *c);

/* What is sent for that VRF shall outlive us, and did perhaps. */
extern void wgd_table_keep(uint8_t instance, vrf_id_t vrf);
/* An interface went: its table may not be used any more. */
extern void wgd_table_settle(void);
/* The device was read: the states of its peers are known. */
extern void wgd_table_synced(const struct wgd_if *wif);
/* zebra knows that VRF (again): it has none of our routes there. */
extern void wgd_table_vrf(vrf_id_t vrf);
/* Is anything announced in that table, or is it to be? */
extern bool wgd_table_uses(uint16_t instance);

/*
 * All that is claimed was sent, and all peers that claim something are known:
 * what else is in the table is of an earlier life.  zebra's seconds are coarse,
 * so what has a name is deleted by it, and then the rest.
 */
extern bool wgd_table_next_ripe(uint8_t *ret_instance);
extern void wgd_table_delete(uint8_t instance, vrf_id_t vrf,
			     const struct wg_prefix *p);
extern void wgd_table_drop_old(uint8_t instance);

/* The routes stay in zebra for a day, as the devices stay. */
extern void wgd_table_finish(void);

#endif
