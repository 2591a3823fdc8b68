// SPDX-License-Identifier: GPL-2.0-or-later
/* show wireguard gateway-group */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vty.h"

#include "frr-wgd/gateway/wgd_group.h"
#include "frr-wgd/gateway/wgd_stray.h"
#include "frr-wgd/gateway/wgd_talk.h"
#include "frr-wgd/show/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_group_vty_clippy.c"
#endif

#define each_member(g, m)                                                      \
	for (unsigned index = 0; index < WG_GROUP_MEMBERS; index++)            \
		if (((m) = (g)->member[index]) == NULL)                        \
			;                                                      \
		else

#define each_client(g, c)                                                      \
	for ((c) = wg_client_next((g)->core, NULL); (c);                       \
	     (c) = wg_client_next((g)->core, (c)))

static const struct {
	const char *json, *text;
	size_t at;
} counters[] = {
	{"takes", "taken up", offsetof(struct wg_group_stats, takes)},
	{"served", "served after that",
	 offsetof(struct wg_group_stats, served)},
	{"failed", "in vain", offsetof(struct wg_group_stats, failed)},
	{"released", "given away", offsetof(struct wg_group_stats, released)},
	{"yielded", "yielded", offsetof(struct wg_group_stats, yielded)},
	{"asked", "asked for", offsetof(struct wg_group_stats, asked)},
	{"strays", "stray packets", offsetof(struct wg_group_stats, strays)},
	{"strange", "packets that name none",
	 offsetof(struct wg_group_stats, strange)},
	{"unknown", "unknown clients told",
	 offsetof(struct wg_group_stats, unknown)},
};

static uint64_t counter(const struct wgd_group *g, size_t i)
{
	const char *stats = (const char *)wg_group_stats(g->core);

	return *(const uint64_t *)(stats + counters[i].at);
}

/* Who serves it, by member address; "self"; NULL: nobody. */
static const char *server(const struct wgd_group *g, const struct wg_client *c,
			  char *buf)
{
	if (c->role != WG_ROLE_PASSIVE)
		return "self";
	if (c->server < 0 || !g->member[c->server])
		return NULL;
	return wg_addr_str(&g->member[c->server]->addr, buf);
}

static size_t served_by(struct wgd_group *g, const struct wgd_member *m)
{
	struct wg_client *c;
	size_t n = 0;

	each_client(g, c) n +=
		c->role == WG_ROLE_PASSIVE && c->server == (int)m->index;
	return n;
}

static const char *bfd_str(const struct wgd_member *m)
{
	if (!m->wants_bfd)
		return NULL;
	return wgd_bfd_status_str(m->bfd ? wgd_bfd_status(m->bfd)
					 : WGD_BFD_NONE);
}

static json_object *member_json(struct wgd_group *g, const struct wgd_member *m)
{
	json_object *o = json_object_new_object();
	char buf[WG_ADDR_STRLEN];

	json_object_string_add(o, "connection", wgd_talk_state(m));
	json_object_boolean_add(o, "heard", m->from.fd >= 0);
	json_object_boolean_add(o, "dead", m->dead);
	json_object_boolean_add(o, "drained", m->drained);
	if (bfd_str(m))
		json_object_string_add(o, "bfd", bfd_str(m));
	if (m->local.family)
		json_object_string_add(o, "localAddress",
				       wg_addr_str(&m->local, buf));
	if (m->reason)
		json_object_string_add(o, "reason", m->reason);
	if (m->n_clock)
		json_object_int_add(o, "clockDifferenceMs", m->clock_ms);
	json_object_int_add(o, "clients", served_by(g, m));
	json_object_int_add(o, "framesTold", m->told);
	json_object_int_add(o, "framesHeard", m->heard);
	json_object_int_add(o, "cutOffs", m->cut_off);
	return o;
}

static int64_t age_s(const struct wg_client *c)
{
	return MAX(wgd_now_ms() - c->handshake_ms, 0) / 1000;
}

static json_object *client_json(struct wgd_group *g, const struct wg_client *c)
{
	json_object *o = json_object_new_object();
	char buf[WG_ENDPOINT_STRLEN];

	json_object_string_add(o, "role", wg_role_str(c->role));
	if (server(g, c, buf))
		json_object_string_add(o, "server", server(g, c, buf));
	if (c->last.endpoint.addr.family)
		json_object_string_add(o, "endpoint",
				       wg_endpoint_str(&c->last.endpoint, buf));
	if (c->handshake_ms != WG_NEVER)
		json_object_int_add(o, "lastHandshakeSecs", age_s(c));
	json_object_int_add(o, "serial", c->serial);
	return o;
}

static json_object *group_json(struct wgd_group *g)
{
	json_object *o = json_object_new_object();
	json_object *members = json_object_new_object();
	json_object *clients = json_object_new_object();
	json_object *counts = json_object_new_object();
	char buf[WG_ADDR_STRLEN];
	struct wgd_member *m;
	struct wg_client *c;
	size_t i;

	json_object_boolean_add(o, "drained", wg_group_is_drained(g->core));
	if (g->why)
		json_object_string_add(o, "reason", g->why);
	if (wgd_stray_why(g->stray))
		json_object_string_add(o, "blindReason",
				       wgd_stray_why(g->stray));
	json_object_int_add(o, "serving",
			    wg_group_count(g->core, WG_ROLE_SERVING));
	json_object_int_add(o, "taking",
			    wg_group_count(g->core, WG_ROLE_TAKING));
	json_object_int_add(o, "passive",
			    wg_group_count(g->core, WG_ROLE_PASSIVE));
	each_member(g, m) json_object_object_add(
		members, wg_addr_str(&m->addr, buf), member_json(g, m));
	json_object_object_add(o, "members", members);
	each_client(g, c) json_object_object_add(
		clients, wg_peer_name(((struct wgd_peer *)c->arg)->peer),
		client_json(g, c));
	json_object_object_add(o, "clients", clients);
	for (i = 0; i < array_size(counters); i++)
		json_object_int_add(counts, counters[i].json, counter(g, i));
	json_object_object_add(o, "counters", counts);
	return o;
}

static void member_text(struct vty *vty, struct wgd_group *g,
			const struct wgd_member *m)
{
	char buf[WG_ADDR_STRLEN];

	vty_out(vty, "  Gateway %s is %s: %s%s%s%s\n",
		wg_addr_str(&m->addr, buf), m->dead ? "dead" : "not dead",
		wgd_talk_state(m), m->from.fd >= 0 ? ", heard" : "",
		m->drained ? ", drained" : "",
		m->telling == WGD_TELL_UP || !m->reason ? "" : ", was refused");
	if (m->reason)
		vty_out(vty, "    Last connection ended: %s\n", m->reason);
	if (bfd_str(m))
		vty_out(vty, "    BFD is %s%s%s\n", bfd_str(m),
			m->profile ? ", profile " : "", m->profile ?: "");
	if (m->n_clock)
		vty_out(vty, "    Clock is %" PRId64 " ms before ours%s\n",
			m->clock_ms, m->clock_warned ? ": too much" : "");
	vty_out(vty,
		"    Serves %zu clients; %" PRIu64 " frames told, %" PRIu64
		" heard, cut off %" PRIu64 " times\n",
		served_by(g, m), m->told, m->heard, m->cut_off);
}

static void group_text(struct vty *vty, struct wgd_group *g)
{
	char addr[WG_ADDR_STRLEN], endpoint[WG_ENDPOINT_STRLEN];
	struct wgd_member *m;
	struct wg_client *c;
	size_t i;

	vty_out(vty, "Interface %s%s: serving %zu, taking %zu, passive %zu\n",
		g->wif->name, wg_group_is_drained(g->core) ? ", drained" : "",
		wg_group_count(g->core, WG_ROLE_SERVING),
		wg_group_count(g->core, WG_ROLE_TAKING),
		wg_group_count(g->core, WG_ROLE_PASSIVE));
	if (g->why)
		vty_out(vty, "  Alone: %s\n", g->why);
	if (wgd_stray_why(g->stray))
		vty_out(vty, "  Stray packets are not seen: %s\n",
			wgd_stray_why(g->stray));
	each_member(g, m) member_text(vty, g, m);
	vty_out(vty, "  Clients");
	for (i = 0; i < array_size(counters); i++)
		vty_out(vty, "%s %s %" PRIu64, i ? "," : ":", counters[i].text,
			counter(g, i));
	vty_out(vty, "\n");
	each_client(g, c)
	{
		wg_endpoint_str(&c->last.endpoint, endpoint);
		vty_out(vty, "    %-20s %-8s %-16s %s\n",
			wg_peer_name(((struct wgd_peer *)c->arg)->peer),
			wg_role_str(c->role), server(g, c, addr) ?: "-",
			c->last.endpoint.addr.family ? endpoint : "-");
	}
}

DEFPY(show_wireguard_group, show_wireguard_group_cmd,
      "show wireguard [WG-IFNAME$ifname] gateway-group [json$json]",
      SHOW_STR
      "WireGuard interfaces and peers\n" "Name of a WireGuard interface\n"
      "Gateways with the same private key, and their clients\n" JSON_STR)
{
	struct wgd_group *g;
	json_object *o;

	if (wgd_vty_no_such(vty, ifname, !!json) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	o = json ? json_object_new_object() : NULL;
	for (g = wgd_group_first(); g; g = g->next) {
		if (ifname && !strmatch(g->wif->name, ifname))
			continue;
		if (json)
			json_object_object_add(o, g->wif->name, group_json(g));
		else
			group_text(vty, g);
	}
	return json ? vty_json(vty, o) : CMD_SUCCESS;
}

void wgd_group_vty_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_group_cmd);
}
