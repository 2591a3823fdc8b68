/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Getting the link and the backend of an interface, and keeping them. */
#ifndef WGD_ATTACH_H
#define WGD_ATTACH_H

#include "frr-wgd/base/wgd_if.h"
#include "lib/backend/wg_link.h"

struct interface;

/* The device group (ip-link(8)) of all WireGuard interfaces. */
#define WGD_ATTACH_GROUP 30567

/* The link that we had last, as it was then. */
struct wgd_link {
	bool adopted;	       /* the link was there before us */
	bool known;	       /* adopted or made is known (a link was seen) */
	bool no_program;       /* not ours, not the kernel's, no socket */
	uint32_t ifindex, vrf; /* VRF 0: none */
	int64_t lost_ms;       /* since when it is gone */
	uint16_t found_port;   /* adopted: as it had it */
	uint32_t found_fwmark;
	struct wg_key former_key; /* our public key before; zero: none */
	int64_t key_since_ms;	  /* when it became another one */
	pid_t program;	    /* of our own child; 0: none */
	int64_t started_ms; /* STARTING: since when */

	/* packets refused for their source (wg_link.h), as last looked at */
	struct {
		bool known; /* looked at since the link came */
		uint32_t ifindex;
		uint64_t n;		       /* since the link was made */
		int64_t looked_ms;	       /* monotonic */
		uint64_t grew_by;	       /* when it grew last, ... */
		int64_t grew_ms, grew_over_ms; /* at, and within how long */
	} rejected;
};

/* An attempt to attach. */
struct wgd_attaching {
	struct wg_link link;
	bool fresh;	   /* zebra cannot have told a route to it yet */
	bool made;	   /* it is not one that was set up already */
	const char *doing; /* for a log line about an error */
};

extern void wgd_attach_new(struct wgd_if *wif);
extern void wgd_attach_delete(struct wgd_if *wif);

/*
 * First the link and the backend: 0, an error, or in how many ms it is to be
 * tried again.
 */
extern int wgd_attach_link(struct wgd_if *wif, struct wgd_attaching *a);
/* Then, with a key, what of the link is ours to set; MTU 0: as it is. */
extern int wgd_attach_setup(struct wgd_if *wif, const struct wgd_attaching *a,
			    uint32_t mtu);

/*
 * Do peers stay that the device has and the configuration has not?  They do on
 * an adopted link, and while wif->awaits_peers.
 */
extern void wgd_attach_strangers(struct wgd_if *wif);
/* Tell the core what the device shall be. */
extern void wgd_attach_set_conf(struct wgd_if *wif, uint32_t mark);
/* The device told its own configuration. */
extern void wgd_attach_seen(struct wgd_if *wif, const struct wg_event *ev);

enum wgd_attach_kept {
	WGD_ATTACH_SAME,
	WGD_ATTACH_MOVED, /* to another VRF, where it is followed */
	WGD_ATTACH_GONE,  /* or it has another name, or is another */
};

/*
 * Is the link still the attached one?  Then put right what of it is ours.
 * OUTER: the link that the MTU depends on; NULL: none.
 */
extern enum wgd_attach_kept wgd_attach_keep(struct wgd_if *wif, uint32_t mtu,
					    const struct interface *outer);

/*
 * Forget the link; delete it if we made it.  Also one that we made in an
 * earlier life and have not looked at in this one.
 */
extern void wgd_attach_drop(struct wgd_if *wif);

/*
 * Look at the link (into *ret unless NULL) and keep account of what it
 * refused.  False: there is none.
 */
extern bool wgd_attach_look(struct wgd_if *wif, struct wg_link *ret);

/*
 * The link is there, and is no WireGuard interface, for all that is known:
 * whether a program serves it is known after an attempt to attach.
 */
extern bool wgd_attach_is_foreign(const struct wgd_if *wif);

#endif
