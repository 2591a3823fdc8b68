// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ladder of causes.  It follows a packet from the route to the other end,
 * so that what stands higher makes what stands lower look broken: the first
 * rung that applies is the thing to mend first.
 *
 *  1. interface-down         the interface is down or not there
 *  2. not-in-sync            what the device has is not known
 *  3. member-revoked         who had the address is a member that is revoked
 *     no-route               ... or the kernel has no route
 *     routed-elsewhere       ... or one that leads to no WireGuard interface
 *     multicast              ... or it needs none, but a peer, and has none
 *  4. no-door-answers        nobody lets us into the mesh, so who has it is
 *     door-refuses           ... not known: by silence, with a word,
 *     member-revoked         ... with that word,
 *     no-hub                 ... or the hub does not answer in the tunnel
 *     no-peer-for-nexthop    the route's next hop is no peer's address
 *     martian                ... or it is none that is followed
 *  5. peer-incomplete        the peer has no key, or its secret is not there
 *     peer-shutdown          ... or the operator shut it down
 *  6. denied-by-prefix-list  the peer may not own the prefix
 *     denied-by-certificate  ... for it is a member of a mesh
 *  7. over-maximum-prefix    the peer owns as many as it may
 *  8. pending                the change is on its way to the device
 *  9. no-allowed-ip          no peer has it, for another reason
 * 10. owned-by-another-peer  AllowedIPs and the route name different peers
 * 11. no-hub                 a hub relays the peer, and none answers
 *     no-endpoint            the peer has none and did not call
 *     endpoint-not-resolved  ... or a name that has no address
 * 12. endpoint-unreachable   the kernel has no route to the endpoint
 * 13. endpoint-in-tunnel     the way to the endpoint is the tunnel itself
 * 14. relay-dead             the hub has the member, and loses what is for it
 *     member-away            ... or has not
 *     no-handshake           the peer never answered
 * 15. no-answer              it did, and no longer does
 * 16. peer-down              somebody found it dead, though it is not silent
 * 17. asymmetric-return      packets come back through another peer
 * 18. mtu-too-large          large packets do not fit into the underlay
 * 19. forwarding-off         the kernel forwards nobody's packets but our own
 *
 * WireGuard answers nothing to whom it does not know.  So from 14 on several
 * breaks look alike; a rung then says what cannot be told apart and how to
 * find out.  It never guesses.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/show/wgd_cause.h"
#include "lib/backend/wg_keys.h"

#define INITIATION_BYTES 148 /* of the first message of a handshake */

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

bool wgd_cause_never_answered(const struct wgd_peer *p)
{
	return !p->seen.handshake.stamp &&
	       (p->seen.rx_bytes || p->seen.tx_bytes > INITIATION_BYTES);
}

bool wgd_cause_is_silent(const struct wgd_peer *p)
{
	return p->seen.handshake.stamp
		       ? wg_liveness_silence(wgd_live_core(p->live),
					     wgd_now_ms()) >= 1000
		       : wgd_cause_never_answered(p);
}
