/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a peer up? What is known of that goes from BFD and from the device to the
 * core (wg_liveness.h), and what the core makes of it to the owner ladder, the
 * log and the operator.
 */
#ifndef WGD_LIVE_H
#define WGD_LIVE_H

#include "hook.h"

#include "frr-wgd/zebra/wgd_bfd.h"
#include "lib/backend/wg_backend.h"
#include "lib/core/wg_liveness.h"

struct wgd_peer;
struct wgd_live;

/* The peer is in another state than BEFORE. */
DECLARE_HOOK(wgd_live_changed,
	     (const struct wgd_peer *p, enum wg_peer_state before,
	      const char *reason),
	     (p, before, reason));

extern struct wgd_live *wgd_live_new(struct wgd_peer *p);
extern void wgd_live_delete(struct wgd_live **l);

/* The peer's configuration changed; PROFILE NULL: bfdd's default. */
extern void wgd_live_configure(struct wgd_live *l, bool bfd,
			       const char *profile);
/* Its interface is in another VRF, perhaps, or the peer became complete. */
extern void wgd_live_look(struct wgd_live *l);
/* What a read of the device said of the peer. */
extern void wgd_live_seen(struct wgd_live *l, const struct wg_event *ev);

/* State, cause, counters, history. */
extern const struct wg_liveness *wgd_live_core(const struct wgd_live *l);
/* Why the peer is in its state; a sentence for people, into buf. */
extern const char *wgd_live_reason(const struct wgd_live *l, char *buf,
				   size_t len);

/* The BFD session, as users see it. */
struct wgd_live_bfd {
	struct wg_addr address;
	const char *profile; /* NULL: bfdd's default */
	enum wgd_bfd_status status;
};

/* False: there is none. */
extern bool wgd_live_bfd(const struct wgd_live *l, struct wgd_live_bfd *ret);

#endif
