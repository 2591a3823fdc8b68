// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other end's view: what a peer that runs plain WireGuard writes into the
 * file that wg-quick(8) reads.  Private and preshared keys are left blank: the
 * former we do not have, the latter is not shown anywhere.  tools/wg-export
 * fills them in.
 *
 * What the peer may send us packets for, and take packets from, is its
 * AllowedIPs for us: the prefixes of our interface, and what the other peers
 * own here now (of a point-to-point interface also what routing protocols speak
 * to each other with); or everything.  A learned prefix comes and goes, the
 * file does not; and what lies behind this router by other interfaces is the
 * operator's to choose.
 *
 * By which address the peer reaches us only the operator knows, too: between
 * us there may be a translation of addresses.  One that encrypted packets leave
 * from by configuration is taken, no other one is guessed.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "prefix.h"
#include "vrf.h"
#include "vty.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/show/wgd_vty.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_export_clippy.c"
#endif

#define SUBNETS_MAX 64
/* What keeps a way open through most that translate addresses. */
#define KEEPALIVE_S 25

/* What the operator wants in the file. */
struct wish {
	bool full_tunnel;
	const char *host; /* where the peer reaches this router; NULL: ask */
	uint16_t port;	  /* 0: the one we listen on */
};

struct subnets {
	size_t n;
	struct wg_prefix p[SUBNETS_MAX];
};

/* Of the interface's own addresses, link-local ones apart. */
static void collect(const struct wgd_if *wif, struct subnets *ret)
{
	struct interface *ifp =
		if_lookup_by_index(wif->link->ifindex, wif->link->vrf);
	struct listnode *node __attribute__((unused));
	struct connected *c;

	ret->n = 0;
	if (!ifp)
		return;
	wgd_compat_each_connected (ifp, node, c) {
		struct wg_prefix p = {.family = c->address->family,
				      .len = c->address->prefixlen};

		if (ret->n == SUBNETS_MAX ||
		    (p.family == AF_INET6 &&
		     IN6_IS_ADDR_LINKLOCAL(&c->address->u.prefix6)))
			continue;
		memcpy(p.b, &c->address->u.prefix, wg_family_bytes(p.family));
		wg_prefix_mask(&p);
		ret->p[ret->n++] = p;
	}
}

/* The subnet that has the prefix in it; NULL: none. */
static const struct wg_prefix *inside(const struct subnets *subnets,
				      const struct wg_prefix *p)
{
	size_t i;

	for (i = 0; i < subnets->n; i++)
		if (wg_prefix_covers(&subnets->p[i], p))
			return &subnets->p[i];
	return NULL;
}

static void item(struct vty *vty, const char *key, size_t *n, const char *text)
{
	vty_out(vty, "%s%s", (*n)++ ? ", " : key, text);
}

static void interface_part(struct vty *vty, const struct wgd_peer *p,
			   const struct subnets *subnets)
{
	char buf[WG_PREFIX_STRLEN + 8];
	const struct wg_prefix *subnet;
	struct wg_prefix host;
	size_t i, n = 0;

	vty_out(vty, "[Interface]\n");
	vty_out(vty, "# the key that the public key above belongs to\n");
	vty_out(vty, "PrivateKey =\n");
	for (i = 0; i < p->conf.n_addresses; i++) {
		host = wg_prefix_host(&p->conf.addresses[i]);
		subnet = inside(subnets, &host);
		if (subnet)
			host.len = subnet->len;
		item(vty, "Address = ", &n, wg_prefix_str(&host, buf));
	}
	if (n)
		vty_out(vty, "\n");
	else
		vty_out(vty,
			"# wireguard peer %s address ADDRESS would give it one\n",
			wg_peer_name(p->peer));
	if (p->conf.host)
		vty_out(vty, "ListenPort = %u\n", p->conf.port);
}

/* The interface's prefixes, and what the other peers have of the rest. */
static void split_tunnel(struct vty *vty, struct wgd_if *wif,
			 const struct wgd_peer *p,
			 const struct subnets *subnets)
{
	char buf[WG_PREFIX_STRLEN];
	struct wg_entry e;
	size_t i, n = 0;

	for (i = 0; i < subnets->n; i++)
		item(vty, "AllowedIPs = ", &n,
		     wg_prefix_str((struct wg_prefix *)&subnets->p[i], buf));
	wgd_vty_each_entry (wif->dev, &e) {
		struct wg_addr first = { .family = e.prefix.family };

		memcpy(first.b, e.prefix.b, sizeof(first.b));
		if (!e.decided || e.decided == p->peer ||
		    inside(subnets, &e.prefix) || wg_addr_is_linklocal(&first))
			continue;
		item(vty, "AllowedIPs = ", &n, wg_prefix_str(&e.prefix, buf));
	}
	if (wg_dev_only_peer(wif->dev))
		item(vty, "AllowedIPs = ", &n,
		     "224.0.0.0/24, ff02::/16, fe80::/64");
	if (n)
		vty_out(vty, "\n");
	if (wg_dev_only_peer(wif->dev))
		vty_out(vty,
			"# what a routing protocol learns has to be in AllowedIPs, too: 0.0.0.0/0\n# and ::/0 have it all, with Table = off in [Interface]\n");
}

static void endpoint(struct vty *vty, const struct wgd_if *wif,
		     const struct wish *wish)
{
	const struct wg_addr *source = wif->conf.source;
	uint16_t port = wish->port ?: wgd_device_port(wif);
	char buf[WG_ADDR_STRLEN];
	const char *host = wish->host;

	if (!host && (source[0].family || source[1].family))
		host = wg_addr_str(&source[!source[0].family], buf);
	if (host)
		vty_out(vty,
			strchr(host, ':') && *host != '['
				? "Endpoint = [%s]:%u\n"
				: "Endpoint = %s:%u\n",
			host, port);
	else
		vty_out(vty,
			"# an address of this router that the peer can reach\n"
			"#Endpoint = ADDRESS:%u\n",
			port);
}

static void peer_part(struct vty *vty, struct wgd_if *wif,
		      const struct wgd_peer *p, const struct subnets *subnets,
		      const struct wish *wish)
{
	const struct wg_key *pub = wgd_key_public(wif);
	char key[WG_KEY_STRLEN];
	uint16_t keepalive = p->conf.keepalive;

	vty_out(vty, "\n[Peer]\n");
	if (pub)
		vty_out(vty, "PublicKey = %s\n", wg_key_str(pub, key));
	else
		vty_out(vty,
			"# this router's public key is not known yet\nPublicKey =\n");
	if (p->conf.psk_file)
		vty_out(vty, "# the one in this router's %s\nPresharedKey =\n",
			p->conf.psk_file);
	if (wish->full_tunnel)
		vty_out(vty, "AllowedIPs = 0.0.0.0/0, ::/0\n");
	else
		split_tunnel(vty, wif, p, subnets);
	endpoint(vty, wif, wish);
	/* who has no address that we know has to keep the way open */
	if (!keepalive && !p->conf.host)
		keepalive = KEEPALIVE_S;
	if (keepalive)
		vty_out(vty, "PersistentKeepalive = %u\n", keepalive);
}

static void export_peer(struct vty *vty, struct wgd_if *wif,
			const struct wgd_peer *p, const struct wish *wish)
{
	char key[WG_KEY_STRLEN];
	struct subnets subnets;

	collect(wif, &subnets);
	vty_out(vty, "# peer %s of %s, public key %s\n", wg_peer_name(p->peer),
		wif->name, p->conf.has_key ? wg_key_str(&p->conf.key, key) : "not set");
	interface_part(vty, p, &subnets);
	peer_part(vty, wif, p, &subnets, wish);
}

DEFPY(show_wireguard_export, show_wireguard_export_cmd,
      "show wireguard [WG-IFNAME$ifname] export wg-quick [peer PEER$name] [<full-tunnel$full|split>] [endpoint WORD$host [port (1-65535)$port]]",
      SHOW_STR
      "WireGuard interfaces and peers\n"
      "Name of a WireGuard interface\n"
      "What the other end is to be configured with\n"
      "A file for wg-quick\n"
      "Of one peer\n"
      "Name of the peer\n"
      "All that the peer sends goes through the tunnel\n"
      "Only what is for this router and the other peers, the default\n"
      "Where the peer reaches this router\n"
      "IP address or host name\n"
      "UDP port, if it is not the one that this router listens on\n"
      "UDP port\n")
{
	const struct wish wish = {
		.full_tunnel = full, .host = host, .port = port};
	unsigned n = 0;

	if (wgd_vty_no_such(vty, ifname, false) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	wg_core_settle(wgd.core);
	wgd_vty_each_if (wif, ifname) {
		wgd_each_peer (wif, p) {
			if (name && !strmatch(wg_peer_name(p->peer), name))
				continue;
			if (n++)
				vty_out(vty, "\n");
			export_peer(vty, wif, p, &wish);
		}
	}
	if (n || !name)
		return CMD_SUCCESS;
	vty_out(vty, "%% no such peer: %s\n", name);
	return WGD_CMD_NOTHING;
}

void wgd_export_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_export_cmd);
}
