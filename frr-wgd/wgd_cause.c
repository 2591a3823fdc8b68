// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ladder of causes.  It follows a packet from the route to the other end,
 * so that what stands higher makes what stands lower look broken: the first
 * rung that applies is the thing to mend first.
 *
 *  1. interface-down         the interface is down or not there
 *  2. not-in-sync            what the device has is not known
 *  3. no-route               the kernel has no route
 *     routed-elsewhere       ... or one that leads to no WireGuard interface
 *  4. no-peer-for-nexthop    the route's next hop is no peer's address
 *  5. peer-incomplete        the peer has no key, or its secret is not there
 *     peer-shutdown          ... or the operator shut it down
 *  6. denied-by-prefix-list  the peer may not own the prefix
 *  7. over-maximum-prefix    the peer owns as many as it may
 *  8. covers-endpoint        the route would take the tunnel into itself
 *  9. pending                the change is on its way to the device
 * 10. no-allowed-ip          no peer has it, for another reason
 * 11. owned-by-another-peer  AllowedIPs and the route name different peers
 * 12. no-endpoint            the peer has none and did not call
 *     endpoint-not-resolved  ... or a name that has no address
 * 13. endpoint-unreachable   the kernel has no route to the endpoint
 * 14. endpoint-in-tunnel     the way to the endpoint is the tunnel itself
 * 15. no-handshake           the peer never answered
 * 16. no-answer              it did, and no longer does
 * 17. peer-down              somebody found it dead, though it is not silent
 * 18. asymmetric-return      packets come back through another peer
 * 19. mtu-too-large          large packets do not fit into the underlay
 *
 * WireGuard answers nothing to whom it does not know.  So from 15 on several
 * breaks look alike; a rung then says what cannot be told apart and how to
 * find out.  It never guesses.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "frr-wgd/wgd_cause.h"
#include "lib/backend/wg_keys.h"

void wgd_cause_try(struct wgd_cause *c, const char *fmt, ...)
{
	va_list ap;

	assert(c->n_tries < WGD_TRIES_MAX);
	va_start(ap, fmt);
	vsnprintf(c->tries[c->n_tries++], sizeof(c->tries[0]), fmt, ap);
	va_end(ap);
}

const char *wgd_cause_peer_name(const struct wg_peer *peer, char *key)
{
	return wg_peer_name(peer) ?: wg_key_str(wg_peer_key(peer), key);
}

static void spell(const struct wgd_facts *f, struct wgd_words *w)
{
	memset(w, 0, sizeof(*w));
	wg_addr_str(&f->addr, w->addr);
	w->ifname = f->wif ? f->wif->name : "";
	w->owner = f->owner ? wgd_cause_peer_name(f->owner, w->owner_key) : "";
	if (f->has_route)
		wg_prefix_str(&f->route.prefix, w->route);
	if (f->has_entry)
		wg_prefix_str(&f->entry.prefix, w->entry);
	if (f->endpoint.addr.family)
		wg_endpoint_str(&f->endpoint, w->endpoint);
}

static bool climb(const wgd_rung *rung, const struct wgd_facts *f,
		  const struct wgd_words *w, struct wgd_cause *c)
{
	for (; *rung; rung++)
		if ((*rung)(f, w, c)) {
			assert(c->name && *c->reason);
			return true;
		}
	return false;
}

void wgd_cause_find(const struct wgd_facts *f, struct wgd_cause *ret)
{
	struct wgd_words w;

	memset(ret, 0, sizeof(*ret));
	if (f->way.there && f->way.fib.local)
		return; /* one of our own: it has no way to go */
	spell(f, &w);
	ret->dropped = true;
	if (climb(wgd_cause_route_rungs, f, &w, ret))
		return;
	assert(f->wif && f->has_entry); /* 3. and 10. */
	if (climb(wgd_cause_peer_rungs, f, &w, ret))
		return;
	ret->dropped = false;
	wgd_cause_none(f, &w, ret);
}
