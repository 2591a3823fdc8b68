// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other end's view: what a peer that runs plain WireGuard writes into the
 * file that wg-quick(8) reads.  Private and preshared keys are left blank: the
 * former we do not have, the latter is not shown anywhere.
 *
 * What the peer may send us packets for, and take packets from, is its
 * AllowedIPs for us: the prefixes of our interface, and what the other peers
 * own here now.  A learned prefix comes and goes, the file does not; and what
 * lies behind this router by other interfaces is the operator's to choose.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "prefix.h"
#include "vrf.h"
#include "vty.h"

#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_vty.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_export_clippy.c"
#endif

#define SUBNETS_MAX 64

struct subnets {
	size_t n;
	struct wg_prefix p[SUBNETS_MAX];
};

/* Of the interface's own addresses, link-local ones apart. */
static void collect(const struct wgd_if *wif, struct subnets *ret)
{
	struct interface *ifp = if_lookup_by_index(wif->ifindex, wif->vrf);
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
	for (i = 0; i < p->n_addresses; i++) {
		host = wg_prefix_host(&p->addresses[i]);
		subnet = inside(subnets, &host);
		if (subnet)
			host.len = subnet->len;
		item(vty, "Address = ", &n, wg_prefix_str(&host, buf));
	}
	if (n)
		vty_out(vty, "\n");
	if (p->host)
		vty_out(vty, "ListenPort = %u\n", p->port);
}

static void peer_part(struct vty *vty, struct wgd_if *wif,
		      const struct wgd_peer *p, const struct subnets *subnets)
{
	const struct wg_key *pub = wgd_if_public_key(wif);
	char key[WG_KEY_STRLEN], buf[WG_PREFIX_STRLEN];
	struct wg_entry e;
	size_t i, n = 0;

	vty_out(vty, "\n[Peer]\n");
	if (pub)
		vty_out(vty, "PublicKey = %s\n", wg_key_str(pub, key));
	else
		vty_out(vty,
			"# this router's public key is not known yet\nPublicKey =\n");
	if (p->psk_file)
		vty_out(vty, "# the one in this router's %s\nPresharedKey =\n",
			p->psk_file);
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
	if (n)
		vty_out(vty, "\n");
	vty_out(vty, "# an address of this router that the peer can reach\n");
	vty_out(vty, "#Endpoint = ADDRESS:%u\n", wif->port);
	if (p->keepalive)
		vty_out(vty, "PersistentKeepalive = %u\n", p->keepalive);
}

static void export_peer(struct vty *vty, struct wgd_if *wif,
			const struct wgd_peer *p)
{
	char key[WG_KEY_STRLEN];
	struct subnets subnets;

	collect(wif, &subnets);
	vty_out(vty, "# peer %s of %s, public key %s\n", wg_peer_name(p->peer),
		wif->name, p->has_key ? wg_key_str(&p->key, key) : "not set");
	interface_part(vty, p, &subnets);
	peer_part(vty, wif, p, &subnets);
}

DEFPY(show_wireguard_export, show_wireguard_export_cmd,
      "show wireguard [IFNAME$ifname] export wg-quick [peer PEER$name]",
      SHOW_STR
      "WireGuard interfaces and peers\n"
      "Name of a WireGuard interface\n"
      "What the other end is to be configured with\n"
      "A file for wg-quick\n"
      "Of one peer\n"
      "Name of the peer\n")
{
	const struct wgd_peer *p;
	struct wg_peer *peer;
	struct wgd_if *wif;
	unsigned n = 0;

	wg_core_settle(wgd.core);
	wgd_vty_each_if (wif, ifname) {
		for (peer = wg_peer_first(wif->dev); peer;
		     peer = wg_peer_next(peer)) {
			p = wg_peer_arg(peer);
			if (!p || (name && !strmatch(wg_peer_name(peer), name)))
				continue;
			if (n++)
				vty_out(vty, "\n");
			export_peer(vty, wif, p);
		}
	}
	if (n)
		return CMD_SUCCESS;
	if (ifname && !wgd_if_find(ifname))
		vty_out(vty, "%% %s is not a WireGuard interface\n", ifname);
	else if (name)
		vty_out(vty, "%% no such peer: %s\n", name);
	return CMD_WARNING;
}

void wgd_export_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_export_cmd);
}
