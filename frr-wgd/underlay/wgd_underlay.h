/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * underlay/: the way to the endpoints, between lib/core/wg_underlay.h, zebra
 * and the kernel's tables (wgd_policy); and the MTU.  It may call device/ and
 * what is below.
 */
#ifndef WGD_UNDERLAY_H
#define WGD_UNDERLAY_H

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"

struct interface;

/* Where a peer is or may be, and what is kept for it outside the tunnel. */
struct wgd_endpoint {
	struct wgd_endpoint *next; /* of the interface */
	struct wgd_if *wif;
	const char *peer;	  /* its name, for the log */
	struct wg_endpoint at[2]; /* where it is, is configured; AF_UNSPEC */
	struct wg_addr
		under[3];  /* held: where it is, is configured, is expected */
	enum wg_reach path; /* how that is reached, as last looked at */
	bool inside;	   /* there is no way but through a tunnel */
};

/* What the underlay keeps of an interface. */
struct wgd_under {
	uint32_t tunnel; /* its ifindex, as wg_underlay knows it; 0: none */
	struct wg_addr members[WGD_MEMBERS_MAX]; /* that are held */
	struct wgd_endpoint *endpoints;		 /* of its peers */
	bool no_way; /* to one of them: its gateway group is to know */
	struct wgd_marking *markings; /* see wgd_policy.c */
	struct wgd_relay *relay;      /* see wgd_relay.c; NULL: no mesh */
	bool ending;		      /* it is about to be gone */
};

extern void wgd_underlay_init(void);
/* What the kernel has stays, as the devices stay. */
extern void wgd_underlay_finish(void);

extern void wgd_underlay_add(struct wgd_endpoint *e, struct wgd_if *wif,
			     const char *peer);
extern void wgd_underlay_remove(struct wgd_endpoint *e);
/* The endpoints may be others than before, or concern nobody. */
extern void wgd_underlay_at(struct wgd_endpoint *e,
			    const struct wg_endpoint *is,
			    const struct wg_endpoint *configured);
/* The peer is about to be given this one (NULL: no longer). */
extern void wgd_underlay_expect(struct wgd_endpoint *e,
				const struct wg_endpoint *at);
extern void wgd_underlay_new_if(struct wgd_if *wif);
/* The interface has other members of a gateway group, or is another link. */
extern void wgd_underlay_if(struct wgd_if *wif);
extern void wgd_underlay_forget_if(struct wgd_if *wif);

/* A link that is no WireGuard interface came, went or changed. */
extern void wgd_underlay_link_changed(void);

/* Act on all that came in; once per turn of the loop. */
extern void wgd_underlay_settle(void);
/* Write what changed of the tables, at once. */
extern void wgd_underlay_write(void);

/*
 * The MTU that an own interface should have, in bytes: 1420, or that of the
 * links to its endpoints less 80 (what WireGuard adds over IPv6) if that is
 * less.  *ret_link is the link that made it less, or NULL.
 */
extern uint32_t wgd_underlay_mtu(struct wgd_if *wif,
				 const struct interface **ret_link);

/* How the endpoint is reached. */
extern enum wg_reach wgd_underlay_path(const struct wgd_endpoint *e);

#endif
