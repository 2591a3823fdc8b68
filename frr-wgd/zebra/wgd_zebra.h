/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zebra/: the sessions with zebra and, through it, bfdd, and what was asked of
 * them: links and next hops here, all routes in wgd_replay, our own in
 * wgd_table, what an earlier life left in wgd_leftover and wgd_unswept, BFD in
 * wgd_bfd.  It may call base/.  What zebra says is handed to engine/, which
 * knows what it means to the other rooms.
 */
#ifndef WGD_ZEBRA_H
#define WGD_ZEBRA_H

#include "zclient.h"

#include "frr-wgd/base/wgd.h"

/*
 * Of a session that libfrr says is connected: it ended while libfrr said hello.
 * libfrr tries again, and says so again.
 */
static inline bool wgd_zebra_is_lost(const struct zclient *zc)
{
	return zc->sock < 0;
}

/* Begin the session; IS_UP is called with each connection that lasts so long. */
extern struct zclient *wgd_zebra_start(zclient_handler *const *handlers,
				       size_t n,
				       void (*is_up)(struct zclient *zc));
/* There is a connection; false: it is the first one. */
extern bool wgd_zebra_connected(void);
extern void wgd_zebra_finish(void);

/* The session; NULL: there was none yet. */
extern struct zclient *wgd_zebra_client(void);
/* There is no zebra, whatever was asked of one before. */
extern bool wgd_zebra_is_away(void);
/* Does zebra know the VRF? */
extern bool wgd_zebra_has_vrf(vrf_id_t id);

struct wgd_zebra_route {
	vrf_id_t vrf;
	struct wg_prefix prefix;
	uint8_t type;		    /* ZEBRA_ROUTE_* */
	uint8_t instance, distance; /* 0: zebra's own choice */
	uint32_t metric; /* of a kernel route: it is one of several, by that */
};

/* Tell zebra of a route; N 0: of its end. */
extern void wgd_zebra_route(struct zclient *zc, const struct wgd_zebra_route *r,
			    const struct wg_nexthop *nh, size_t n);

/* Track the next hops that the core wants tracked, and no others. */
extern void wgd_zebra_track(void);

/* The link of this name as zebra knows it, in any VRF; NULL: it does not. */
extern struct interface *wgd_zebra_link(const char *name);
/* The subnet of that link in which the address is; NULL: in none. */
extern const struct prefix *wgd_zebra_subnet(const char *name,
					     const struct wg_addr *addr);
/* Has zebra told of this one, or is there no zebra that could? */
extern bool wgd_zebra_knows(const char *name, uint32_t ifindex);

#endif
