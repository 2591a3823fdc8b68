// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show wireguard graph: a picture, in Graphviz's language.
 *
 * This node is in the middle, its interfaces around it, their peers and the
 * other gateways of a group outside.  A member of a mesh that a hub relays hangs
 * on that hub, by a dashed line, and on the interface as soon as its path is
 * direct; one that is no peer has no edge.  What is on an edge is as `show
 * wireguard` says it.  No keys, no endpoints, nothing that counts bytes or
 * seconds: so the picture can be published, and two of them differ only
 * where something changed.  Interfaces and peers come by name, members in
 * the group's order.
 *
 * Names of peers are harmless, those of interfaces and hosts need not be: the
 * kernel takes quotes and backslashes.  Everything that is not ours goes
 * through text().
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vrf.h"
#include "vty.h"

#include "frr-wgd/gateway/wgd_group.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_path.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/show/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_graph_clippy.c"
#endif

/* The inside of a quoted string; & because labels know HTML's entities. */
static void text(struct vty *vty, const char *s)
{
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			vty_out(vty, "\\%c", *s);
		else if (*s == '&')
			vty_out(vty, "&amp;");
		else
			vty_out(vty, "%c",
				iscntrl((unsigned char)*s) ? '?' : *s);
}

/* The name of a node, by kind, interface and what it is there. */
static void node(struct vty *vty, const char *kind, const char *ifname,
		 const char *name)
{
	vty_out(vty, "\"%s ", kind);
	text(vty, ifname);
	if (name) {
		vty_out(vty, " ");
		text(vty, name);
	}
	vty_out(vty, "\"");
}

static const char *state_style(enum wg_peer_state state)
{
	switch (state) {
	case WG_PEER_UP:
		return "color=\"#2e7d32\", penwidth=2";
	case WG_PEER_DOWN:
		return "color=\"#c62828\", style=dashed";
	case WG_PEER_UNKNOWN:
		return "color=\"#616161\"";
	case WG_PEER_SHUTDOWN:
	case WG_PEER_INCOMPLETE:
		return "color=\"#9e9e9e\", style=dotted";
	}
	assert(!"state");
	return "";
}

/* What is down or off has a line of its own already. */
static const char *relay_style(enum wg_peer_state state)
{
	return state == WG_PEER_UP || state == WG_PEER_UNKNOWN
		       ? ", style=dashed"
		       : "";
}

static void peer(struct vty *vty, const struct wgd_peer *p)
{
	enum wg_peer_state state = wg_peer_state(p->peer);
	const char *name = wg_peer_name(p->peer);
	const struct wgd_mesh_member *m = wgd_mesh_member_of(p);
	bool is_direct = m && wgd_path_is_direct(m);
	const struct wgd_mesh_member *hub =
		m && !is_direct ? wgd_hubs_of(p->wif->mesh, m) : NULL;
	struct wg_peer_count count;
	char addr[WG_ADDR_STRLEN];
	size_t i;

	wg_peer_count(p->peer, &count);
	vty_out(vty, "  ");
	node(vty, "peer", p->wif->name, name);
	vty_out(vty, " [label=\"");
	text(vty, name);
	for (i = 0; i < p->conf.n_addresses; i++)
		vty_out(vty, "\\n%s", wg_addr_str(&p->conf.addresses[i], addr));
	vty_out(vty, "\", %s];\n  ", state_style(state));

	if (hub)
		node(vty, "peer", p->wif->name, hub->name);
	else
		node(vty, "interface", p->wif->name, NULL);
	vty_out(vty, " -- ");
	node(vty, "peer", p->wif->name, name);
	vty_out(vty, " [label=\"%s", wg_peer_state_str(state));
	if (p->group.client)
		vty_out(vty, ", %s", wg_role_str(p->group.client->role));
	if (hub)
		vty_out(vty, ", relayed");
	if (is_direct)
		vty_out(vty, ", direct");
	vty_out(vty, "\\n%u static, %u dynamic", count.is_static,
		count.dynamic);
	if (count.installed != count.is_static + count.dynamic)
		vty_out(vty, "\\n%u installed", count.installed);
	vty_out(vty, "\", %s%s];\n", state_style(state),
		hub ? relay_style(state) : "");
}

static void member(struct vty *vty, const char *ifname,
		   const struct wgd_member *m)
{
	char addr[WG_ADDR_STRLEN];

	wg_addr_str(&m->addr, addr);
	vty_out(vty, "  ");
	node(vty, "gateway", ifname, addr);
	vty_out(vty, " [shape=box, label=\"gateway\\n%s\"];\n  ", addr);
	node(vty, "interface", ifname, NULL);
	vty_out(vty, " -- ");
	node(vty, "gateway", ifname, addr);
	vty_out(vty, " [label=\"%s%s\", %s];\n",
		m->dead ? "dead" : wgd_talk_state(m),
		m->drained ? ", drained" : "",
		state_style(m->dead ? WG_PEER_DOWN : WG_PEER_UNKNOWN));
}

/* Of a mesh, and no peer. */
static void refused(struct vty *vty, const struct wgd_mesh *m,
		    const struct wgd_mesh_member *member)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", member->number);
	vty_out(vty, "  ");
	node(vty, "member", m->wif->name, number);
	vty_out(vty, " [label=\"%s\\n%s\", %s];\n", member->name,
		wgd_mesh_refused_str(member->refused),
		state_style(WG_PEER_INCOMPLETE));
}

static void interface(struct vty *vty, struct wgd_if *wif)
{
	const struct wgd_mesh *m = wif->mesh;
	size_t i;

	vty_out(vty, "  ");
	node(vty, "interface", wif->name, NULL);
	vty_out(vty, " [shape=box, label=\"");
	text(vty, wif->name);
	if (wg_dev_vrf(wif->dev) != VRF_DEFAULT) {
		vty_out(vty, "\\nVRF ");
		text(vty, vrf_id_to_name(wg_dev_vrf(wif->dev)));
	}
	vty_out(vty, "\\n%s\"];\n  \"this\" -- ", wgd_if_sync_state(wif));
	node(vty, "interface", wif->name, NULL);
	vty_out(vty, ";\n");
	wgd_each_peer (wif, p)
		peer(vty, p);
	for (i = 0; wif->group && i < array_size(wif->group->member); i++)
		if (wif->group->member[i])
			member(vty, wif->name, wif->group->member[i]);
	for (i = 0; m && i < m->n_members; i++)
		if (m->members[i]->refused)
			refused(vty, m, m->members[i]);
}

/* Where a site of a mesh is shown: what edges between sites mean. */
static void legend(struct vty *vty, const char *ifname)
{
	wgd_vty_each_if (wif, ifname) {
		if (!wif->mesh || wif->mesh->is_hub)
			continue;
		vty_out(vty,
			"  \"legend\" [shape=plaintext, label=\"solid line: direct\\ldashed line: relayed by the hub\\l\"];\n");
		return;
	}
}

DEFPY (show_wireguard_graph,
       show_wireguard_graph_cmd,
       "show wireguard [WG-IFNAME$ifname] graph",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       "Interfaces, peers and prefix counts as a picture for Graphviz\n")
{

	wg_core_settle(wgd.core);
	if (wgd_vty_no_such(vty, ifname, false) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	vty_out(vty, "graph wireguard {\n"
		     "  graph [rankdir=LR];\n"
		     "  node [shape=ellipse, fontname=\"sans-serif\"];\n"
		     "  edge [fontname=\"sans-serif\", fontsize=10];\n"
		     "  \"this\" [shape=box, style=bold, label=\"");
	text(vty, cmd_hostname_get() ?: "this router");
	vty_out(vty, "\"];\n");
	wgd_vty_each_if (wif, ifname)
		interface(vty, wif);
	legend(vty, ifname);
	vty_out(vty, "}\n");
	return CMD_SUCCESS;
}

void wgd_graph_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_graph_cmd);
}
