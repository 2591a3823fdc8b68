// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rungs 11 to 19 of the ladder in wgd_cause.c: from the peer to the other end.
 *
 * What a device tells of a peer is its endpoint, the time of the last
 * handshake and two counters of bytes.  A handshake that is answered moves
 * the received bytes, whoever of both began it.  So:
 *
 *  - sent more than one initiation, received nothing, ever: nobody answers;
 *  - received something and never had a handshake, or for long only bytes that
 *    are initiations: the other end's arrive and are good, but it does not take
 *    our answer;
 *  - had a handshake, and bytes that want an answer get none for longer than
 *    WireGuard waits for one: it is gone.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/show/wgd_cause.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "lib/backend/wg_keys.h"

#define OVERHEAD_V4 60	     /* IPv4 20, UDP 8, WireGuard 32 */
#define OVERHEAD_V6 80
#define RECENT_MS 15000 /* packets that were refused then are "now" */

/* ", mark N" of the device's encrypted packets, for `ip route get`. */
static const char *mark_of(const struct wgd_facts *f, char *buf, size_t len)
{
	uint32_t mark = wg_dev_conf(f->wif->dev)->fwmark;

	*buf = '\0';
	if (mark)
		snprintf(buf, len, " mark %u", mark);
	return buf;
}

/* --- 11. to 13.: the endpoint */

static bool no_endpoint(const struct wgd_facts *f, const struct wgd_words *w,
			struct wgd_cause *c)
{
	const struct wgd_peer *p = f->peer;

	if (!p || f->endpoint.addr.family)
		return false;
	if (p->conf.host) {
		c->name = "endpoint-not-resolved";
		wgd_cause_say(c->reason,
			      "peer %s: its endpoint's name %s has no address",
			      w->owner, p->conf.host);
		wgd_cause_try(c, "getent hosts %s", p->conf.host);
		return true;
	}
	c->name = "no-endpoint";
	wgd_cause_say(c->reason,
		      "peer %s has no endpoint and has not called yet",
		      w->owner);
	wgd_cause_say(
		c->unknown,
		"whether it tries to: WireGuard says nothing of packets that it cannot authenticate");
	wgd_cause_try(
		c, "interface %s: wireguard peer %s endpoint ADDRESS port PORT",
		w->ifname, w->owner);
	wgd_cause_try(
		c,
		"at the other end: our endpoint, and wireguard peer NAME persistent-keepalive 25");
	wgd_cause_try(c, "tcpdump -n udp port %u: does it call?", f->wif->port);
	return true;
}

static bool endpoint_unreachable(const struct wgd_facts *f,
				 const struct wgd_words *w, struct wgd_cause *c)
{
	bool inside =
		f->peer && wgd_underlay_path(&f->peer->way) == WG_REACH_INSIDE;
	char addr[WG_ADDR_STRLEN], mark[32];
	struct wgd_policy_view view;

	if (!f->under.known || f->under.there)
		return false;
	wg_addr_str(&f->endpoint.addr, addr);
	mark_of(f, mark, sizeof(mark));
	c->name = "endpoint-unreachable";
	wgd_cause_say(
		c->reason,
		"the kernel has no route to %s, the endpoint of peer %s%s",
		w->endpoint, w->owner, inside ? ", but through a tunnel" : "");
	wgd_cause_try(c, "ip route get %s%s", addr, mark);
	if (wgd_policy_view(f->wif, f->endpoint.addr.family, &view))
		wgd_cause_try(
			c,
			"ip rule; ip route show table %u: wgd's rules from %u on, by which what is encrypted enters no tunnel (show wireguard %s)",
			view.table, view.pref, w->ifname);
	return true;
}

static bool endpoint_in_tunnel(const struct wgd_facts *f,
			       const struct wgd_words *w, struct wgd_cause *c)
{
	char addr[WG_ADDR_STRLEN], mark[32];

	/* a relayed member's has to go there */
	if (!f->under.there || f->under.fib.local ||
	    f->under.fib.ifindex != wg_dev_ifindex(f->wif->dev) ||
	    wgd_relay_covers(&f->endpoint.addr))
		return false;
	wg_addr_str(&f->endpoint.addr, addr);
	mark_of(f, mark, sizeof(mark));
	c->name = "endpoint-in-tunnel";
	wgd_cause_say(
		c->reason,
		"the kernel sends %s, the endpoint of peer %s, into %s itself",
		w->endpoint, w->owner, w->ifname);
	wgd_cause_try(c, "ip route get %s%s: which route is it?", addr, mark);
	wgd_cause_try(c, "a route to %s by the underlay", addr);
	wgd_cause_try(
		c,
		"interface %s: no wireguard fwmark (wgd's own mark keeps them out of tunnels), or an ip rule for yours",
		w->ifname);
	return true;
}

/* --- 14. to 16.: the session */

/* What WireGuard's silence may mean, and how to find out. */
static void say_silence(const struct wgd_facts *f, const struct wgd_words *w,
			struct wgd_cause *c)
{
	const struct wg_key *ours = wgd_key_public(f->wif);
	char our_key[WG_KEY_STRLEN] = "?", its_key[WG_KEY_STRLEN];
	const char *psk = f->peer->conf.psk_file
				  ? "; its preshared key is another"
				  : "; it has a preshared key for us";

	if (ours)
		wg_key_str(ours, our_key);
	wg_key_str(wg_peer_key(f->owner), its_key);
	wgd_cause_say(
		c->unknown,
		"WireGuard answers nothing to whom it does not know, so these look alike from here: the other end has no peer with our public key %s; its own public key is not %s%s; it does not listen at %s; a firewall, or NAT, loses the packets; it is down; our clock went back",
		our_key, its_key, psk, w->endpoint);
	wgd_cause_try(
		c,
		"at the other end, wg show: is %s among its peers, and %s its own public key?",
		our_key, its_key);
	wgd_cause_try(
		c,
		"... and is %u its listening port, which its firewall lets in, and the preshared key the same at both ends?",
		f->endpoint.port);
	if (f->under.there)
		wgd_cause_try(
			c,
			"tcpdump -ni %s udp port %u: do packets leave, do any come?",
			f->under.fib.ifname, f->endpoint.port);
	wgd_cause_try(c, "the same at the other end: do they arrive?");
}

/* Its calls arrive and are good: one way and the keys work. */
static void say_deaf(const struct wgd_facts *f, const struct wgd_words *w,
		     struct wgd_cause *c)
{
	wgd_cause_say(
		c->unknown,
		"the public keys are right, so either our packets are lost on their way to %s, or the preshared keys differ: WireGuard does not say which",
		w->endpoint);
	wgd_cause_try(
		c,
		"at the other end, tcpdump -n udp port %u: do our packets arrive?",
		f->endpoint.port);
	wgd_cause_try(
		c,
		"the firewall there, and NAT before it: is UDP to port %u let in?",
		f->endpoint.port);
	wgd_cause_try(
		c,
		"the preshared keys of both ends: are they the same, or is there none at both?");
}

static bool no_handshake(const struct wgd_facts *f, const struct wgd_words *w,
			 struct wgd_cause *c)
{
	const struct wgd_peer *p = f->peer;

	if (!p || !wgd_cause_never_answered(p))
		return false;
	c->name = "no-handshake";
	if (!p->seen.rx_bytes) {
		wgd_cause_say(c->reason,
			      "peer %s at %s never answered: %" PRIu64
			      " bytes sent, none received",
			      w->owner, w->endpoint, p->seen.tx_bytes);
		say_silence(f, w, c);
		return true;
	}
	wgd_cause_say(
		c->reason,
		"peer %s at %s calls and does not take our answer: %" PRIu64
		" bytes sent, %" PRIu64 " received, no handshake",
		w->owner, w->endpoint, p->seen.tx_bytes, p->seen.rx_bytes);
	say_deaf(f, w, c);
	return true;
}

static bool no_answer(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	const struct wgd_peer *p = f->peer;
	const struct wg_liveness *l = p ? wgd_live_core(p->live) : NULL;
	int64_t silence = l ? wg_liveness_silence(l, wgd_now_ms()) / 1000 : 0;

	if (!silence || !p->seen.handshake.stamp)
		return false;
	c->name = "no-answer";
	if (l->is_deaf) {
		wgd_cause_say(
			c->reason,
			"peer %s at %s calls and does not take our answer: for at least %" PRId64
			" s nothing came from it but the first messages of handshakes; the last one that was made is %" PRId64
			" s old",
			w->owner, w->endpoint, silence,
			wgd_peer_handshake_age(p));
		say_deaf(f, w, c);
		return true;
	}
	wgd_cause_say(c->reason,
		      "peer %s at %s does not answer for at least %" PRId64
		      " s: the last handshake was %" PRId64 " s ago, %" PRIu64
		      " bytes were sent since and %s",
		      w->owner, w->endpoint, silence, wgd_peer_handshake_age(p),
		      p->seen.tx_bytes - l->silent_tx,
		      l->calls ? "nothing received but calls"
			       : "none received");
	say_silence(f, w, c);
	return true;
}

static bool peer_down(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	struct wgd_live_bfd bfd;
	char why[256];

	if (!f->peer || wg_peer_state(f->owner) != WG_PEER_DOWN)
		return false;
	c->name = "peer-down";
	wgd_cause_say(c->reason, "peer %s is down: %s", w->owner,
		      wgd_live_reason(f->peer->live, why, sizeof(why)));
	if (wgd_live_bfd(f->peer->live, &bfd))
		wgd_cause_try(c, "show bfd peers");
	wgd_cause_try(c, "show wireguard %s: when did it go down, how often?",
		      w->ifname);
	if (wgd_live_core(f->peer->live)->why == WG_WHY_OLD_KEEPALIVE)
		say_silence(f, w, c);
	return true;
}

/* --- 17. and 18.: packets that go, and others that do not */

static bool asymmetric_return(const struct wgd_facts *f,
			      const struct wgd_words *w, struct wgd_cause *c)
{
	const struct wg_peer *other = wgd_facts_nexthop(f, f->owner);
	int64_t ago = wgd_now_ms() - f->wif->link->rejected.grew_ms;
	char key[WG_KEY_STRLEN];

	/* nothing comes from a group */
	if (!f->wif->link->rejected.grew_by || ago > RECENT_MS ||
	    wg_addr_is_multicast(&f->addr))
		return false;
	c->name = "asymmetric-return";
	c->dropped = false;
	wgd_cause_say(
		c->reason,
		"%s refused %" PRIu64 " packets within %" PRId64 " s (%" PRIu64
		" since it was made) because another peer than the owner of their source sent them: packets from %s are accepted from peer %s only%s%s",
		w->ifname, f->wif->link->rejected.grew_by,
		f->wif->link->rejected.grew_over_ms / 1000 + 1,
		f->wif->link->rejected.n, w->addr, w->owner,
		other ? ", and the route has a next hop of peer " : "",
		other ? wgd_cause_peer_name(other, key) : "");
	wgd_cause_say(
		c->unknown,
		"whether packets from %s are among them, and who sent them: WireGuard counts for the interface, not for source or peer",
		w->addr);
	wgd_cause_try(c, "ping %s, and the same again: does the number grow?",
		      w->addr);
	wgd_cause_try(
		c,
		"at the other end, show wireguard explain OUR-ADDRESS: by which way does it answer?");
	wgd_cause_try(c,
		      "equal metrics at both ends, so that both ways are one");
	wgd_cause_try(
		c,
		"echo module wireguard +p > /sys/kernel/debug/dynamic_debug/control; dmesg -w names source and peer");
	return true;
}

static bool mtu_too_large(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	uint32_t overhead =
		f->endpoint.addr.family == AF_INET6 ? OVERHEAD_V6 : OVERHEAD_V4;

	if (!f->under.there || f->under.fib.local || !f->under.fib.mtu ||
	    f->link.mtu + overhead <= f->under.fib.mtu)
		return false;
	c->name = "mtu-too-large";
	c->dropped = false;
	wgd_cause_say(
		c->reason,
		"the MTU of %s is %u; with WireGuard's %u bytes that is %u, but the way to peer %s at %s by %s takes %u: larger packets are fragmented, and lost where fragments are",
		w->ifname, f->link.mtu, overhead, f->link.mtu + overhead,
		w->owner, w->endpoint, f->under.fib.ifname, f->under.fib.mtu);
	wgd_cause_say(
		c->unknown,
		"the MTU of links behind the first, unless a router told it, and the MTU at the other end");
	if (f->under.fib.mtu > overhead)
		wgd_cause_try(c, "interface %s: wireguard mtu %u", w->ifname,
			      f->under.fib.mtu - overhead);
	wgd_cause_try(
		c,
		"ping -M do -s SIZE %s: which size is the last one to arrive?",
		w->addr);
	return true;
}

/* --- 19.: packets of others */

static bool forwarding_off(const struct wgd_facts *f, const struct wgd_words *w,
			   struct wgd_cause *c)
{
	int version = f->addr.family == AF_INET6 ? 6 : 4;

	if (!f->forwards_not)
		return false;
	c->name = "forwarding-off";
	c->dropped = false;
	wgd_cause_say(
		c->reason,
		"this machine forwards no IPv%d packets that come in by %s: its own packets reach %s, those of machines behind it do not, or the answers do not",
		version, w->ifname, w->addr);
	wgd_cause_try(c, "configure: %s forwarding (zebra's)",
		      version == 6 ? "ipv6" : "ip");
	wgd_cause_try(c, "or sysctl -w net.ipv%d.conf.all.forwarding=1",
		      version);
	return true;
}

const wgd_rung wgd_cause_peer_rungs[] = {
	wgd_cause_no_hub,     /* 11. */
	no_endpoint,
	endpoint_unreachable, /* 12. */
	endpoint_in_tunnel,   /* 13. */
	wgd_cause_relay,      /* 14. */
	no_handshake,
	no_answer,	      /* 15. */
	peer_down,	      /* 16. */
	asymmetric_return,    /* 17. */
	mtu_too_large,	      /* 18. */
	wgd_cause_relays_not, /* 19. */
	forwarding_off,
	NULL,
};

/* --- nothing found */

void wgd_cause_none(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	const struct wg_peer *other = wgd_facts_nexthop(f, f->owner);
	char key[WG_KEY_STRLEN];

	if (f->peer && wg_peer_state(f->owner) == WG_PEER_UNKNOWN) {
		wgd_cause_say(
			c->unknown,
			"whether peer %s answers: there is no session now, and WireGuard makes one when there is a packet to send",
			w->owner);
		wgd_cause_try(c, "ping %s, and the same again", w->addr);
		return;
	}
	if (other && f->wif->conf.userspace)
		wgd_cause_say(
			c->unknown,
			"whether the other end answers by peer %s, too, from whom packets from %s are refused: a userspace program does not count them",
			wgd_cause_peer_name(other, key), w->addr);
	else
		wgd_cause_say(
			c->unknown,
			"what the other end does with the packets: our source address must be in its AllowedIPs of us, and it needs a route back");
}
