/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mesh was sent and did not take: counted by reason, and a line in the
 * log that names the sender, once a minute and reason at most.
 */
#ifndef WGD_DROP_H
#define WGD_DROP_H

#include <stddef.h>
#include <stdint.h>

enum wgd_drop {
	/* items, whoever brought them */
	WGD_DROP_NO_ITEM,    /* its form, or a kind that no map holds */
	WGD_DROP_OTHER_MESH,
	WGD_DROP_UNWANTED,   /* it is here, or a newer one is: no news */
	WGD_DROP_OVER_MAXIMUM,
	WGD_DROP_VOID,	     /* revoked, or of a void authority */
	WGD_DROP_NO_SIGNER,  /* who should have signed is not known: no news */
	WGD_DROP_TOO_OFTEN,  /* records of one member; the newest waits */
	WGD_DROP_FORGED,
	/* connections */
	WGD_DROP_NO_MEMBER,  /* an address that is no member's */
	WGD_DROP_FRAME,	     /* what makes no sense; the connection is cut */
	/* datagrams at our door */
	WGD_DROP_NO_QUESTION, /* by head or length */
	WGD_DROP_NOT_FOR_US,  /* by its MAC */
	WGD_DROP_NEIGHBOURS,  /* too many from there */
	WGD_DROP_CROWD,	      /* too many of all */
	WGD_DROP_BROKEN,      /* it cannot be opened */
	WGD_DROP_NO_FORM,     /* what is in it makes no sense */
	WGD_DROP_REFUSED,     /* a member's question, and our word */
	/* what comes as an answer of a door */
	WGD_DROP_NO_ANSWER,   /* not to what we asked */
	WGD_DROP_LIE,	      /* a welcome by who is no hub */
	/* probes, between WireGuard ports */
	WGD_DROP_PROBE_NO_FORM,
	WGD_DROP_PROBE_IN_TUNNEL, /* a path leads through none */
	WGD_DROP_PROBE_NO_MEMBER, /* of ours, or not for us */
	WGD_DROP_PROBE_FORGED,	  /* by its MAC */
	WGD_DROP_PROBE_NOT_NOW,	  /* a PING, and no path is looked for: no news */
	WGD_DROP_PROBE_TOO_OFTEN, /* PINGs of one member */
	WGD_DROP_PROBE_NOT_ASKED, /* a PONG: late, again, from elsewhere */
	WGD_DROPS,
};
extern const char *wgd_drop_str(enum wgd_drop reason);

struct wgd_drops {
	const char *ifname; /* for the log */
	uint64_t n[WGD_DROPS];
	uint64_t unlogged[WGD_DROPS];
	int64_t logged_ms[WGD_DROPS]; /* 0: never */
};

/* Something from there was dropped; WHAT it was, in a few words. */
extern void wgd_drop(struct wgd_drops *d, enum wgd_drop reason,
		     const char *from, const char *what);

#endif
