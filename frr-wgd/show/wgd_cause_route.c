// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rungs 1 to 10 of the ladder in wgd_cause.c: from the address to the peer.
 * What they look at is this machine's own: here nothing is unknown.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "plist.h"
#include "prefix.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/show/wgd_cause.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

/* The followed route decides, and says this. */
static bool verdict_is(const struct wgd_facts *f, enum wg_verdict verdict)
{
	const struct wg_entry *e = wgd_facts_entry(f);

	return f->has_route && f->route.verdict == verdict &&
	       (!e || e->prefix.len < f->route.prefix.len);
}

/* What becomes of the packets of a prefix that nobody was given. */
static void add_fall(const struct wgd_facts *f, const struct wgd_words *w,
		     struct wgd_cause *c)
{
	size_t n = strlen(c->reason);

	if (f->has_entry)
		snprintf(c->reason + n, sizeof(c->reason) - n,
			 "; packets fall to peer %s, which has %s", w->owner,
			 w->entry);
}

/* --- 1. to 3.: the interface and the way to it */

static bool interface_down(const struct wgd_facts *f, const struct wgd_words *w,
			   struct wgd_cause *c)
{
	const char *lost = f->wif_is_guess ? ", so no route leads over it" : "";

	if (!f->wif || wgd_facts_is_up(f))
		return false;
	c->name = "interface-down";
	if (f->has_link && f->wif->state != WGD_IF_ABSENT) {
		wgd_cause_say(c->reason,
			      "interface %s is administratively down%s",
			      w->ifname, lost);
		wgd_cause_try(c, "interface %s: no shutdown", w->ifname);
	} else {
		wgd_cause_say(c->reason, "interface %s %s%s%s%s", w->ifname,
			      f->has_link ? "cannot be used" : "does not exist",
			      f->wif->reason ? ": " : "", f->wif->reason ?: "",
			      lost);
		wgd_cause_try(c, "show wireguard %s", w->ifname);
	}
	return true;
}

static bool not_in_sync(const struct wgd_facts *f, const struct wgd_words *w,
			struct wgd_cause *c)
{
	if (!f->wif || f->wif->state == WGD_IF_SYNCED)
		return false;
	c->name = "not-in-sync";
	wgd_cause_say(c->reason, "interface %s is %s: what it has is not known",
		      w->ifname, wgd_if_state_str(f->wif->state));
	wgd_cause_try(c, "show wireguard %s; then the same again", w->ifname);
	return true;
}

static bool multicast(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	if (!wg_addr_is_multicast(&f->addr) || f->has_entry)
		return false;
	c->name = "multicast";
	wgd_cause_say(
		c->reason,
		"%s is multicast, which WireGuard has to give to one peer, and no peer has it",
		w->addr);
	wgd_cause_try(
		c,
		"with one peer: interface NAME: wireguard point-to-point");
	wgd_cause_try(
		c,
		"with many: neighbors by their addresses, as with ip ospf network non-broadcast; then nothing is sent to %s",
		w->addr);
	return true;
}

/* Its routes may have led there. */
static void mention_down(const struct wgd_facts *f, struct wgd_cause *c)
{
	if (f->down)
		wgd_cause_try(
			c,
			"show wireguard %s: it is down or not there, and with it any route that led over it",
			f->down->name);
}

static bool no_route(const struct wgd_facts *f, const struct wgd_words *w,
		     struct wgd_cause *c)
{
	const char *ip = f->addr.family == AF_INET ? "ip" : "ipv6";
	char via[WG_ADDR_STRLEN] = "";

	if (f->wif && (!f->way.known || wgd_facts_leads_here(f)))
		return false;
	if (f->way.there) {
		c->name = "routed-elsewhere";
		c->outside = !f->wif;
		c->dropped = !c->outside;
		if (f->way.fib.gateway.family)
			wg_addr_str(&f->way.fib.gateway, via);
		wgd_cause_say(
			c->reason, "the kernel sends %s out of %s%s%s, %s%s",
			w->addr, f->way.fib.ifname, *via ? " via " : "", via,
			f->has_route ? "though zebra has a route over "
				     : "not to a WireGuard interface",
			f->has_route ? w->ifname : "");
		wgd_cause_try(c, "show %s route %s", ip, w->addr);
		wgd_cause_try(c, "ip route get %s; ip rule", w->addr);
		mention_down(f, c);
		if (f->gone)
			wgd_cause_try(
				c,
				"show wireguard mesh: %s was member %s's, which is revoked",
				w->addr, f->gone->name);
		return true;
	}
	c->name = "no-route";
	if (f->has_route)
		wgd_cause_say(
			c->reason,
			"zebra has %s over %s, but the kernel has no route to %s",
			w->route, w->ifname, w->addr);
	else if (f->has_entry)
		wgd_cause_say(
			c->reason,
			"no route leads to %s, though %s is in the AllowedIPs of peer %s",
			w->addr, w->entry, w->owner);
	else
		wgd_cause_say(c->reason, "no route leads to %s", w->addr);
	wgd_cause_try(c, "show %s route %s", ip, w->addr);
	wgd_cause_try(
		c,
		"at the other end: is it announced? Here: show bgp summary, show ip ospf neighbor");
	mention_down(f, c);
	return true;
}

/* --- 4. to 7.: what routing decided */

static bool is_claimed(const struct wgd_facts *f)
{
	const struct wg_entry *e = wgd_facts_entry(f);

	return f->claimant &&
	       (!f->has_route || f->claim_is_exclusive ||
		f->claim.len >= f->route.prefix.len) &&
	       (!e || e->prefix.len < f->claim.len);
}

static bool no_peer_for_nexthop(const struct wgd_facts *f,
				const struct wgd_words *w, struct wgd_cause *c)
{
	const struct wg_entry_nexthop *nh = f->route.nexthops;
	const struct wgd_peer *alone;
	char gateway[WG_ADDR_STRLEN];

	if (!verdict_is(f, WG_ROUTE_NO_PEER) || is_claimed(f))
		return false;
	c->name = "no-peer-for-nexthop";
	if (f->route.n_nexthops && nh->gateway.family) {
		wg_addr_str(&nh->gateway, gateway);
		wgd_cause_say(
			c->reason,
			"%s has next hop %s, which is the address of no peer of %s",
			w->route, gateway, w->ifname);
		if (f->route.proto == ZEBRA_ROUTE_BGP)
			wgd_cause_try(
				c,
				"if a hub told it: at the hub, neighbor OURS next-hop-self force, so that the hub is its next hop");
		wgd_cause_try(
			c,
			"interface %s: wireguard peer NAME address %s, if that is the peer's own address (at a hub's peer it would stay when the hub is gone)",
			w->ifname, gateway);
	} else if (f->route.proto == ZEBRA_ROUTE_CONNECT) {
		wgd_cause_say(
			c->reason,
			"%s is in %s, the subnet of %s, but is the address of no peer",
			w->addr, w->route, w->ifname);
		wgd_cause_try(c, "interface %s: wireguard peer NAME address %s",
			      w->ifname, w->addr);
	} else {
		wgd_cause_say(
			c->reason,
			"%s leads to %s without a gateway, which says nothing of the peer",
			w->route, w->ifname);
		wgd_cause_try(
			c, "give the route the peer's address as its gateway");
	}
	add_fall(f, w, c);
	alone = wgd_peer_alone(f->wif);
	if (alone)
		wgd_cause_try(
			c,
			"if peer %s shall stay the only one, and any next hop be that peer: interface %s: wireguard point-to-point",
			wg_peer_name(alone->peer), w->ifname);
	wgd_cause_try(c, "show wireguard %s routes", w->ifname);
	return true;
}

static bool martian(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	if (!verdict_is(f, WG_ROUTE_MARTIAN) || is_claimed(f))
		return false;
	c->name = "martian";
	wgd_cause_say(
		c->reason,
		"%s is of addresses that are never somebody's beyond a link (this network, loopback, link-local, multicast), so the route is not followed",
		w->route);
	add_fall(f, w, c);
	wgd_cause_try(c, "show %s route %s: who announces that?",
		      f->addr.family == AF_INET ? "ip" : "ipv6", w->addr);
	wgd_cause_try(
		c,
		"if a peer is to have it all the same: interface %s: wireguard peer NAME allowed-ips %s",
		w->ifname, w->route);
	return true;
}

static bool peer_unusable(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	const struct wg_peer *peer = NULL;
	char prefix[WG_PREFIX_STRLEN], why[256], key[WG_KEY_STRLEN];
	struct wgd_peer *p;
	bool shut;

	if (is_claimed(f)) {
		peer = f->claimant->peer;
		wg_prefix_str(&f->claim, prefix);
	} else if (verdict_is(f, WG_ROUTE_PEER_DOWN)) {
		peer = wgd_facts_nexthop(f, NULL);
		strlcpy(prefix, w->route, sizeof(prefix));
	}
	if (!peer || (wg_peer_state(peer) != WG_PEER_SHUTDOWN &&
		      wg_peer_state(peer) != WG_PEER_INCOMPLETE))
		return false;
	p = wg_peer_arg(peer);
	shut = wg_peer_state(peer) == WG_PEER_SHUTDOWN;
	c->name = shut ? "peer-shutdown" : "peer-incomplete";
	wgd_cause_say(c->reason, "%s belongs to peer %s, which is %s: %s",
		      prefix, wgd_cause_peer_name(peer, key),
		      wg_peer_state_str(wg_peer_state(peer)),
		      wgd_live_reason(p->live, why, sizeof(why)));
	add_fall(f, w, c);
	if (shut)
		wgd_cause_try(c, "interface %s: no wireguard peer %s shutdown",
			      w->ifname, wgd_cause_peer_name(peer, key));
	else
		wgd_cause_try(c, "show wireguard %s", w->ifname);
	return true;
}

/* The prefix list with which the peer does not permit the route; or NULL. */
static const char *denying(const struct wgd_facts *f,
			   const struct wg_peer *peer, bool *ret_exists)
{
	const struct wg_prefix *p = &f->route.prefix;
	struct prefix fp = wgd_convert_to_frr(p);
	int i = p->family == AF_INET6;
	struct wgd_peer *one = wg_peer_arg(peer);
	struct prefix_list *list;

	if (!one || !one->conf.plist[i])
		return NULL;
	list = prefix_list_lookup(i ? AFI_IP6 : AFI_IP, one->conf.plist[i]);
	*ret_exists = !!list;
	return prefix_list_apply(list, &fp) == PREFIX_PERMIT ? NULL
							     : one->conf.plist[i];
}

static bool denied(const struct wgd_facts *f, const struct wgd_words *w,
		   struct wgd_cause *c)
{
	const struct wg_peer *peer = NULL;
	const char *list = NULL;
	bool exists = false;
	size_t i;

	if (!verdict_is(f, WG_ROUTE_DENIED))
		return false;
	for (i = 0; i < f->route.n_nexthops && !list; i++) {
		peer = f->route.nexthops[i].peer;
		list = peer ? denying(f, peer, &exists) : NULL;
	}
	c->name = "denied-by-prefix-list";
	wgd_cause_say(c->reason, "prefix-list %s of peer %s %s%s", list ?: "?",
		      list ? wg_peer_name(peer) : "?",
		      exists ? "does not permit "
			     : "does not exist, so it permits nothing, nor ",
		      w->route);
	add_fall(f, w, c);
	wgd_cause_try(c, "show %s prefix-list %s",
		      f->addr.family == AF_INET ? "ip" : "ipv6", list ?: "");
	return true;
}

/* A member among the next hops: one that is not certified before others. */
static const struct wg_peer *uncertified(const struct wgd_facts *f,
					 bool *ret_covered)
{
	const struct wg_peer *found = NULL;
	size_t i;

	*ret_covered = true;
	for (i = 0; i < f->route.n_nexthops && *ret_covered; i++) {
		const struct wg_peer *peer = f->route.nexthops[i].peer;

		if (!peer || !wg_peer_has_certificate(peer))
			continue;
		found = peer;
		*ret_covered = wg_peer_is_certified(peer, &f->route.prefix);
	}
	return found;
}

/* Neither a next hop may have it by rule 2 of the ownership, nor an announcer
 * by 2b. */
static bool denied_by_certificate(const struct wgd_facts *f,
				  const struct wgd_words *w,
				  struct wgd_cause *c)
{
	const struct wg_peer *announcer, *member;
	bool covered;

	if (!verdict_is(f, WG_ROUTE_UNCERTIFIED) || f->route.decided)
		return false;
	member = uncertified(f, &covered);
	if (!member)
		return false; /* it was one when that was decided */
	announcer = wg_announcer_find(f->wif->dev, &f->route.prefix);
	c->name = "denied-by-certificate";
	wgd_cause_say(
		c->reason, "%s leads to peer %s, %s, and %s%s%s", w->route,
		wg_peer_name(member),
		covered ? "though another member announces a longer prefix"
			: "whose certificate does not cover it",
		announcer ? "peer " : "",
		announcer
			? wg_peer_name(announcer)
			: "no live member that is certified for it announces it",
		announcer
			? ", which announces it, may not have it by its own prefix-list or maximum-prefix"
			: "");
	add_fall(f, w, c);
	/* what covers it is certified, too */
	c->dropped = !f->has_entry;
	if (announcer) {
		wgd_cause_try(
			c,
			"interface %s: prefix-list and maximum-prefix of peer %s",
			w->ifname, wg_peer_name(announcer));
		return true;
	}
	wgd_cause_try(
		c,
		"which member has %s? Is it there, does it announce that, and does its certificate have it, and one so long?",
		w->route);
	wgd_cause_try(
		c, "show %s route %s: if no member has it, who announces it?",
		f->addr.family == AF_INET ? "ip" : "ipv6", w->addr);
	return true;
}

static bool over_maximum(const struct wgd_facts *f, const struct wgd_words *w,
			 struct wgd_cause *c)
{
	const struct wgd_peer *one = NULL;
	struct wg_peer_count count = {};
	size_t i;

	if (!verdict_is(f, WG_ROUTE_OVER_MAXIMUM))
		return false;
	for (i = 0; i < f->route.n_nexthops && !(one && one->conf.maximum); i++)
		if (f->route.nexthops[i].peer)
			one = wg_peer_arg(f->route.nexthops[i].peer);
	assert(one); /* the verdict says so */
	wg_peer_count(one->peer, &count);
	c->name = "over-maximum-prefix";
	wgd_cause_say(
		c->reason,
		"peer %s owns %u learned prefixes and its maximum-prefix is %u, so it does not get %s",
		wg_peer_name(one->peer), count.dynamic, one->conf.maximum, w->route);
	add_fall(f, w, c);
	wgd_cause_try(
		c, "show wireguard %s routes: does the peer announce too much?",
		w->ifname);
	wgd_cause_try(c,
		      "interface %s: wireguard peer %s maximum-prefix NUMBER",
		      w->ifname, wg_peer_name(one->peer));
	return true;
}

/* --- 8. to 10.: AllowedIPs */

static bool pending(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	const struct wg_peer *has = f->route.acked;

	/* or what covers it */
	if (f->has_route && !f->route.target && !wg_plan_pending(f->wif->dev))
		has = f->owner;
	if (!f->has_route || !f->route.decided || f->route.decided == has)
		return false;
	c->name = "pending";
	wgd_cause_say(c->reason,
		      "%s is on its way to peer %s in the AllowedIPs of %s",
		      w->route, wg_peer_name(f->route.decided), w->ifname);
	wgd_cause_try(c, "the same again; then show wireguard statistics");
	return true;
}

static bool no_allowed_ip(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	if (f->has_entry)
		return false;
	c->name = "no-allowed-ip";
	wgd_cause_say(
		c->reason,
		"the kernel sends %s to %s, but it is in no peer's AllowedIPs%s",
		w->addr, w->ifname,
		f->has_route ? "" : ": zebra tells of no such route");
	wgd_cause_try(c, "show wireguard %s routes", w->ifname);
	wgd_cause_try(c, "ip route get %s; ip rule", w->addr);
	return true;
}

static bool owned_by_another(const struct wgd_facts *f,
			     const struct wgd_words *w, struct wgd_cause *c)
{
	const struct wg_peer *nexthop = wgd_facts_nexthop(f, NULL);
	const struct wg_entry *e = wgd_facts_entry(f);
	const char *how = "";

	if (!nexthop || wgd_facts_is_nexthop(f, f->owner))
		return false;
	/* as it has to be: certificates deny it to the next hops */
	if (f->route.verdict == WG_ROUTE_UNCERTIFIED &&
	    e->source == WG_SOURCE_ROUTE)
		return false;
	if (e->source == WG_SOURCE_STATIC)
		how = f->claim_is_exclusive ? ", exclusively"
					    : ", which is configured so";
	else if (e->source == WG_SOURCE_STRANGER)
		how = ", put there by somebody else";
	else if (e->source == WG_SOURCE_STALE)
		how = ", since before wgd was started";
	c->name = "owned-by-another-peer";
	wgd_cause_say(
		c->reason,
		"the next hop of %s is peer %s, but %s belongs to peer %s%s: packets go there, and packets from %s are accepted from there only",
		w->route, wg_peer_name(nexthop), w->entry, w->owner, how,
		w->addr);
	if (e->source == WG_SOURCE_STATIC)
		wgd_cause_try(
			c,
			"interface %s: is %s in a line of peer %s by mistake?",
			w->ifname, w->entry, w->owner);
	wgd_cause_try(c, "show wireguard %s allowed-ips", w->ifname);
	return true;
}

const wgd_rung wgd_cause_route_rungs[] = {
	interface_down,	     /* 1. */
	not_in_sync,	     /* 2. */
	multicast,	     /* 3. */
	wgd_cause_member_revoked,
	no_route,
	wgd_cause_not_let_in, /* 4. */
	no_peer_for_nexthop,
	martian,
	peer_unusable,	     /* 5. */
	denied,		     /* 6. */
	denied_by_certificate,
	over_maximum,	     /* 7. */
	pending,	     /* 8. */
	no_allowed_ip,	     /* 9. */
	owned_by_another,    /* 10. */
	NULL,
};
