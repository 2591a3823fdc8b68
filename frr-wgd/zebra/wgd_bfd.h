/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session with stock bfdd, through zebra.  Its timers are bfdd's business:
 * profiles, or `peer` lines of its own.
 */
#ifndef WGD_BFD_H
#define WGD_BFD_H

#include "frr-wgd/base/wgd.h"

/*
 *  NONE ---------> UP <--------> DOWN
 *   ^  ^            |  ^           |
 *   |  +- anything -+--|-----------+
 *   v                  |
 *  ADMIN_DOWN ---------+
 *
 * DOWN is a failure: the session was up, and is not any more.  What has never
 * been up says nothing of the other side (it may have no BFD at all), so this
 * is NONE; and so is everything while zebra or bfdd is away, and until the
 * session is up again afterwards: the death of a daemon here is nobody's death
 * there.  AdminDown is no failure either (RFC 5882, 4.2).
 */
enum wgd_bfd_status {
	WGD_BFD_NONE, /* not known (yet) */
	WGD_BFD_DOWN,
	WGD_BFD_UP,
	WGD_BFD_ADMIN_DOWN,
};

struct wgd_bfd;

extern void wgd_bfd_init(void);
extern void wgd_bfd_finish(void);
/* zebra told of its VRFs: what is asked of them will be understood. */
extern void wgd_bfd_zebra_up(void);

/*
 * A new session, NONE.  LOCAL, PROFILE: NULL for what zebra and bfdd choose.
 * IFNAME NULL: the other side may be several hops away; this needs LOCAL.
 * CHANGED is called with each new status, not from in here; it must not delete
 * other sessions than its own.  A session to the same address on the same
 * interface that bgpd, say, has with bfdd is the same one.
 */
extern struct wgd_bfd *
wgd_bfd_new(vrf_id_t vrf, const struct wg_addr *peer,
	    const struct wg_addr *local, const char *ifname,
	    const char *profile,
	    void (*changed)(void *arg, enum wgd_bfd_status status), void *arg);
/* *B becomes NULL; NULL is none. CHANGED is not called. */
extern void wgd_bfd_delete(struct wgd_bfd **b);

extern enum wgd_bfd_status wgd_bfd_status(const struct wgd_bfd *b);
extern const char *wgd_bfd_status_str(enum wgd_bfd_status status);

#endif
