/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hubs saw of a site: from which address and port its WireGuard's packets
 * come to them (PONG, wg_probe_msg.h), which kind of NAT that makes, and where
 * others are to try to reach it.  Pure.
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_OBSERVED_H
#define WG_OBSERVED_H

#include "lib/core/wg_relay.h"

#define WG_OBSERVED_EVERY_MS 15000 /* each hub is asked */
#define WG_OBSERVED_FRESH_MS 20000 /* what it said counts for so long */
#define WG_OBSERVED_OWN 16	   /* addresses of this machine, at most */
#define WG_CANDIDATES 8

enum wg_nat {
	WG_NAT_UNKNOWN,	  /* no hub answers, or one alone is behind a NAT */
	WG_NAT_NONE,	  /* we are seen with addresses of ours */
	WG_NAT_CONE,	  /* all hubs see the same one */
	WG_NAT_SYMMETRIC, /* each hub sees another one */
};
const char *wg_nat_str(enum wg_nat nat);

struct wg_observed {
	struct wg_observed_by {
		struct wg_endpoint seen;
		int64_t seen_ms; /* 0: never */
		int64_t due_ms;	 /* when to ask; 0: at once */
		unsigned tries;	 /* since it answered */
	} by[WG_RELAY_HUBS][2];	 /* by hub number, IPv4 and IPv6 */
	struct wg_endpoint own[WG_OBSERVED_OWN];
	size_t n_own;
};

/*
 * Addresses of this machine outside of tunnels, each with WireGuard's port.  If
 * they are others than before, what was seen is forgotten, and all hubs are to
 * be asked at once.  Of more than WG_OBSERVED_OWN the first count.
 */
void wg_observed_own(struct wg_observed *o, const struct wg_endpoint *own,
		     size_t n);
/* Is a PING to that hub, 1 to WG_RELAY_HUBS, by IPv4 or IPv6 due?  If so it is
 * noted as sent. */
bool wg_observed_ask(struct wg_observed *o, uint8_t hub, uint8_t family,
		     int64_t now);
/* When it will be. */
int64_t wg_observed_due(const struct wg_observed *o, uint8_t hub,
			uint8_t family);
/* The hub's PONG to that PING: what it saw, of another family behind NAT64. */
void wg_observed_pong(struct wg_observed *o, uint8_t hub, uint8_t family,
		      const struct wg_endpoint *seen, int64_t now);

/* Of IPv4 if any hub is asked by it, else of IPv6. */
enum wg_nat wg_observed_nat(const struct wg_observed *o, int64_t now);
/* All that hubs see now, each once: at most 2 * WG_RELAY_HUBS. */
size_t wg_observed_seen(const struct wg_observed *o, int64_t now,
			struct wg_endpoint ret[2 * WG_RELAY_HUBS]);

/*
 * Where others may try to reach us: what the operator published, what hubs see,
 * own global addresses, and private ones, which only who is near is to try
 * (wg_places_fit).  If there are too many, some of each.
 */
size_t wg_observed_candidates(const struct wg_observed *o,
			      const struct wg_endpoint *published, size_t n,
			      int64_t now,
			      struct wg_endpoint ret[WG_CANDIDATES]);
#endif
