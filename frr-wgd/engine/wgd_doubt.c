// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each doubt is a function that looks at what is, and says its sentence where
 * it applies.  Nothing is remembered: show asks again.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "plist.h"
#include "prefix.h"
#include "vrf.h"

#include "frr-wgd/base/wgd_ask.h"
#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/engine/wgd_doubt.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

PRINTFRR(2, 3)
static void say(struct wgd_doubts *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n == WGD_DOUBTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintfrr(d->text[d->n++], sizeof(d->text[0]), fmt, ap);
	va_end(ap);
}

/* --- what this machine has */

/* The link of this machine that has the address, or NULL. */
static const struct interface *link_with(const struct wg_addr *a, vrf_id_t vrf)
{
	return if_lookup_address_local(a->b, a->family, vrf);
}

/* The WireGuard interface in whose own subnet the address is; RET: that. */
static struct wgd_if *tunnel_around(const struct wg_addr *a,
				    const struct prefix **ret)
{
	wgd_each_if (wif) {
		*ret = wgd_zebra_subnet(wif->name, a);
		if (*ret)
			return wif;
	}
	return NULL;
}

/* --- an interface */

/*
 * A link that no program can serve is told at once.  Any other one, a TUN for
 * example, may be a program's: of that "implementation userspace" knows.
 */
static void doubt_link(struct wgd_if *wif, struct wgd_doubts *d)
{
	const struct interface *ifp = wgd_zebra_link(wif->name);
	bool never =
		ifp && (ifp->ll_type == ZEBRA_LLT_ETHER || if_is_loopback(ifp));

	if (never || wgd_attach_is_foreign(wif))
		say(d,
		    "there is a link of this name, and it is not a WireGuard interface%s: no line counts",
		    never || wif->conf.userspace ? "" : " of the kernel");
}

static void doubt_key(struct wgd_if *wif, struct wgd_doubts *d)
{
	char change[256];

	if (wgd_key_change(wif, change, sizeof(change)))
		say(d, "%s", change);
}

static void doubt_port(struct wgd_if *wif, struct wgd_doubts *d)
{
	if (!wif->conf.listen_port)
		return;
	wgd_each_if (other)
		if (other != wif &&
		    other->conf.listen_port == wif->conf.listen_port)
			say(d,
			    "listen-port %u is interface %s's, too: only one of them can have it",
			    wif->conf.listen_port, other->name);
}

static void doubt_members(struct wgd_if *wif, struct wgd_doubts *d)
{
	const struct wgd_group_conf *group = &wif->conf.group;
	const struct interface *ifp;
	char buf[WG_ADDR_STRLEN];
	bool bfd = false;
	size_t i;

	for (i = 0; i < group->n_members; i++) {
		bfd |= group->members[i].bfd;
		ifp = link_with(&group->members[i].addr, VRF_DEFAULT);
		if (ifp)
			say(d,
			    "gateway-group member %s is this machine's own address, on %s",
			    wg_addr_str(&group->members[i].addr, buf),
			    ifp->name);
	}
	if (bfd && !wgd_ask_is_there("bfdd"))
		say(d, "gateway-group member with bfd, and bfdd does not run");
}

/* isisd takes the interface, and nothing ever comes of it. */
static void doubt_isis(struct wgd_if *wif, struct wgd_doubts *d)
{
	char command[64], word[64], text[8192];

	snprintf(command, sizeof(command), "show isis interface %s", wif->name);
	snprintf(word, sizeof(word), "Interface: %s,", wif->name);
	if (wgd_ask("isisd", command, text, sizeof(text)) && strstr(text, word))
		say(d,
		    "isisd runs on it: IS-IS is not IP, and WireGuard carries nothing else");
}

/* A line of a mesh that there is, or NULL. */
static const char *mesh_line(const struct wgd_mesh_conf *mesh)
{
	return mesh->hub				? "hub"
	       : mesh->n_endpoints			? "endpoint"
	       : mesh->n_doors				? "door"
	       : mesh->n_announced			? "announce"
	       : mesh->routes				? "routes"
	       : mesh->maximum != WGD_MESH_MEMBERS	? "maximum-members"
	       : mesh->direct != WG_PATH_ON_DEMAND	? "direct"
	       : mesh->idle_s != WGD_MESH_IDLE_S	? "idle-timeout"
	       : mesh->hello_ms != WGD_MESH_HELLO_MS	? "hello-interval"
							: NULL;
}

static void doubt_mesh(struct wgd_if *wif, struct wgd_doubts *d)
{
	const struct wgd_mesh_conf *mesh = &wif->conf.mesh;
	struct wg_addr a;
	size_t i;

	if (!mesh->name && mesh_line(mesh))
		say(d,
		    "mesh %s: there is no 'wireguard mesh name', and without it no line of a mesh counts",
		    mesh_line(mesh));
	for (i = 0; i < mesh->n_endpoints && !mesh->hub; i++)
		if (wg_addr_parse(mesh->endpoints[i].host, &a) < 0)
			say(d,
			    "mesh endpoint %s: only a hub's may be a name, and there is no 'wireguard mesh hub'",
			    mesh->endpoints[i].host);
	if (!mesh->hub)
		return;
	wgd_each_if (other)
		if (other->conf.listen_port == mesh->door)
			say(d,
			    "mesh hub: its door, %u, is interface %s's listen-port, too: only one of them can have it",
			    mesh->door, other->name);
}

void wgd_doubt_if(struct wgd_if *wif, struct wgd_doubts *ret)
{
	ret->n = 0;
	doubt_link(wif, ret);
	doubt_key(wif, ret);
	doubt_port(wif, ret);
	doubt_members(wif, ret);
	doubt_mesh(wif, ret);
	doubt_isis(wif, ret);
}

/* --- a peer */

static void doubt_endpoint(struct wgd_peer *p, struct wgd_doubts *d)
{
	const struct wg_addr *a = &p->resolved.is.addr;
	char buf[WG_ENDPOINT_STRLEN];
	const struct interface *ifp;
	const struct wgd_if *tunnel;
	const struct prefix *subnet;

	if (p->conf.host && p->resolved.error)
		say(d, "endpoint %s: %s%s%s", p->conf.host, p->resolved.error,
		    p->seen.endpoint.addr.family ? "; packets go to " : "",
		    p->seen.endpoint.addr.family
			    ? wg_endpoint_str(&p->seen.endpoint, buf)
			    : "");
	if (!a->family)
		return;
	wg_addr_str(a, buf);
	if (wg_addr_is_loopback(a))
		say(d, "endpoint %s is the loopback of this machine", buf);
	else if ((ifp = link_with(a, VRF_DEFAULT)))
		say(d, "endpoint %s is this machine's own address, on %s", buf,
		    ifp->name);
	else if ((tunnel = tunnel_around(a, &subnet)))
		say(d, "endpoint %s is within %pFX of %s, inside of a tunnel",
		    buf, subnet, tunnel->name);
}

/* Is it the network's or the broadcast address of an IPv4 subnet of the link? */
static bool is_of_all(const struct wgd_if *wif, const struct wg_addr *a)
{
	const struct prefix *subnet = wgd_zebra_subnet(wif->name, a);
	in_addr_t addr;
	struct prefix net;

	if (!subnet || subnet->family != AF_INET ||
	    subnet->prefixlen > IPV4_MAX_BITLEN - 2)
		return false;
	net = *subnet;
	apply_mask(&net);
	memcpy(&addr, a->b, sizeof(addr));
	return addr == net.u.prefix4.s_addr ||
	       addr == ipv4_broadcast_addr(addr, net.prefixlen);
}

static void doubt_addresses(struct wgd_peer *p, struct wgd_doubts *d)
{
	const struct interface *ifp;
	char buf[WG_ADDR_STRLEN];
	size_t i;

	for (i = 0; i < p->conf.n_addresses; i++) {
		if (is_of_all(p->wif, &p->conf.addresses[i]))
			say(d,
			    "address %s is the first or the last of the interface's subnet, which no host has",
			    wg_addr_str(&p->conf.addresses[i], buf));
		ifp = link_with(&p->conf.addresses[i], wg_dev_vrf(p->wif->dev));
		if (ifp)
			say(d, "address %s is this machine's own, on %s",
			    wg_addr_str(&p->conf.addresses[i], buf), ifp->name);
	}
}

static void doubt_filters(struct wgd_peer *p, struct wgd_doubts *d)
{
	int i;

	for (i = 0; i < 2; i++)
		if (p->conf.plist[i] &&
		    !prefix_list_lookup(i ? AFI_IP6 : AFI_IP, p->conf.plist[i]))
			say(d,
			    "there is no %s prefix-list %s: nothing is permitted",
			    i ? "ipv6" : "ip", p->conf.plist[i]);
}

/*
 * In a mesh a peer without a key may be there to add to a member, which brings
 * its key: with lines that a member may have, and no other.
 */
static bool adds_to_member(const struct wgd_peer *p)
{
	return p->wif->conf.mesh.name && !p->conf.psk_file && !p->conf.host &&
	       !p->conf.keepalive && !p->conf.n_addresses && !p->conf.n_statics;
}

void wgd_doubt_peer(struct wgd_peer *p, struct wgd_doubts *ret)
{
	struct wgd_live_bfd bfd;

	ret->n = 0;
	if (!p->conf.has_key && !adds_to_member(p))
		say(ret, "it has no public-key, so nothing of it counts yet");
	doubt_endpoint(p, ret);
	doubt_addresses(p, ret);
	doubt_filters(p, ret);
	/* who told of a session is there: it is not asked for each peer */
	if (wgd_live_bfd(p->live, &bfd) && bfd.status == WGD_BFD_NONE &&
	    !wgd_ask_is_there("bfdd"))
		say(ret, "bfd: bfdd does not run");
	if (p->conf.announce && !p->wif->conf.announce_table)
		say(ret,
		    "announce: the interface has no 'wireguard announce table'");
}
