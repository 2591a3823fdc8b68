// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is shown of prefixes: show wireguard allowed-ips, and routes.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vty.h"
#include "zclient.h"

#include "frr-wgd/show/wgd_vty.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_show_entries_clippy.c"
#endif

static const char *peer_name(const struct wg_peer *peer, char *key)
{
	if (!peer)
		return "-";
	return wg_peer_name(peer) ?: wg_key_str(wg_peer_key(peer), key);
}

/* Prefixes of devices, in text or JSON. */
struct view {
	void (*head)(struct vty *vty);
	bool (*has)(const struct wg_entry *e);
	void (*text)(struct vty *vty, const struct wg_entry *e);
	json_object *(*json)(const struct wg_entry *e);
	void (*foot)(struct vty *vty, struct wgd_if *wif); /* may be NULL */
};

static int show_json(struct vty *vty, const char *ifname,
		     const struct view *view)
{
	json_object *o = json_object_new_object(), *t;
	char prefix[WG_PREFIX_STRLEN];
	struct wg_entry e;

	wgd_vty_each_if (wif, ifname) {
		t = json_object_new_object();
		wgd_vty_each_entry (wif->dev, &e)
			if (view->has(&e))
				json_object_object_add(
					t, wg_prefix_str(&e.prefix, prefix),
					view->json(&e));
		json_object_object_add(o, wif->name, t);
	}
	return vty_json(vty, o);
}

static int show(struct vty *vty, const char *ifname, bool json,
		const struct view *view)
{
	struct wg_entry e;

	if (wgd_vty_no_such(vty, ifname, json) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	wg_core_settle(wgd.core);
	if (json)
		return show_json(vty, ifname, view);
	wgd_vty_each_if (wif, ifname) {
		vty_out(vty, "Interface %s\n", wif->name);
		view->head(vty);
		wgd_vty_each_entry (wif->dev, &e)
			if (view->has(&e))
				view->text(vty, &e);
		if (view->foot)
			view->foot(vty, wif);
	}
	return CMD_SUCCESS;
}

/* --- show wireguard allowed-ips */

/* Who the row is about: the device's entry comes before what it covers. */
static const struct wg_peer *entry_owner(const struct wg_entry *e)
{
	return e->target ?: e->decided ?: e->acked;
}

static const char *source_str(const struct wg_entry *e)
{
	if (e->target && e->target != e->decided)
		return "aggregate";
	switch (e->source) {
	case WG_SOURCE_STATIC:
		return "static";
	case WG_SOURCE_ROUTE:
		return zebra_route_string(e->proto);
	case WG_SOURCE_STALE:
		return "stale";
	case WG_SOURCE_STRANGER:
		return "stranger";
	case WG_SOURCE_NONE:
		return "none";
	}
	assert(!"source");
	return "";
}

static const char *entry_state(const struct wg_entry *e)
{
	/* there all the same: the device cannot remove it */
	if (e->redundant)
		return e->decided ? "covered" : "redundant";
	if (e->target != e->acked)
		return "pending";
	return e->target ? "installed" : "covered";
}

/* In AllowedIPs, or about to be, or about to leave. */
static bool is_allowed_ip(const struct wg_entry *e)
{
	return e->decided || e->target || e->acked;
}

static void allowed_head(struct vty *vty)
{
	vty_out(vty, "  %-43s %-20s %-10s %s\n", "Prefix", "Peer", "Source",
		"State");
}

static void allowed_text(struct vty *vty, const struct wg_entry *e)
{
	char prefix[WG_PREFIX_STRLEN], cover[WG_PREFIX_STRLEN] = "";
	char key[WG_KEY_STRLEN];

	if (e->cover.family)
		wg_prefix_str(&e->cover, cover);
	vty_out(vty, "  %-43s %-20s %-10s %s%s%s%s\n",
		wg_prefix_str(&e->prefix, prefix),
		peer_name(entry_owner(e), key), source_str(e), entry_state(e),
		*cover ? " by " : "", cover, e->exclusive ? ", exclusive" : "");
}

static json_object *allowed_json(const struct wg_entry *e)
{
	json_object *row = json_object_new_object();
	char cover[WG_PREFIX_STRLEN], key[WG_KEY_STRLEN];

	json_object_string_add(row, "peer", peer_name(entry_owner(e), key));
	json_object_string_add(row, "source", source_str(e));
	json_object_string_add(row, "state", entry_state(e));
	if (e->cover.family)
		json_object_string_add(row, "coveredBy",
				       wg_prefix_str(&e->cover, cover));
	if (e->exclusive)
		json_object_boolean_add(row, "exclusive", true);
	return row;
}

DEFPY (show_wireguard_allowed_ips,
       show_wireguard_allowed_ips_cmd,
       "show wireguard [WG-IFNAME$ifname] allowed-ips [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       "Prefixes and the peers that own them\n"
       JSON_STR)
{
	static const struct view view = {
		.head = allowed_head,
		.has = is_allowed_ip,
		.text = allowed_text,
		.json = allowed_json,
		.foot = wgd_vty_ratio,
	};

	return show(vty, ifname, json, &view);
}

/* --- show wireguard routes */

/* Could this next hop own prefixes now, filters aside? */
static bool usable(const struct wg_entry_nexthop *nh)
{
	return nh->peer && wg_peer_state(nh->peer) != WG_PEER_INCOMPLETE &&
	       wg_peer_state(nh->peer) != WG_PEER_SHUTDOWN &&
	       wg_peer_state(nh->peer) != WG_PEER_DOWN;
}

static json_object *route_json(const struct wg_entry *e)
{
	json_object *o = json_object_new_object();
	json_object *list = json_object_new_array(), *nh;
	char buf[64];
	size_t i;

	json_object_string_add(o, "protocol", zebra_route_string(e->proto));
	for (i = 0; i < e->n_nexthops; i++) {
		nh = json_object_new_object();
		if (e->nexthops[i].gateway.family)
			json_object_string_add(
				nh, "address",
				wg_addr_str(&e->nexthops[i].gateway, buf));
		if (e->nexthops[i].peer)
			json_object_string_add(
				nh, "peer",
				peer_name(e->nexthops[i].peer, buf));
		json_object_int_add(nh, "weight", e->nexthops[i].weight ?: 1);
		json_object_boolean_add(nh, "usable",
					usable(&e->nexthops[i]));
		json_object_array_add(list, nh);
	}
	json_object_object_add(o, "nexthops", list);
	if (e->decided)
		json_object_string_add(o, "owner", peer_name(e->decided, buf));
	json_object_string_add(o, "verdict", wg_verdict_str(e->verdict));
	return o;
}

static void route_text(struct vty *vty, const struct wg_entry *e)
{
	char buf[64];
	size_t i;

	vty_out(vty, "  %-43s %-10s %-20s %s\n",
		wg_prefix_str(&e->prefix, buf), zebra_route_string(e->proto),
		e->decided ? peer_name(e->decided, (char[64]){}) : "-",
		wg_verdict_str(e->verdict));
	for (i = 0; i < e->n_nexthops; i++)
		vty_out(vty, "    via %s, peer %s, weight %u%s\n",
			e->nexthops[i].gateway.family
				? wg_addr_str(&e->nexthops[i].gateway, buf)
				: "link",
			e->nexthops[i].peer
				? peer_name(e->nexthops[i].peer, (char[64]){})
				: "-",
			e->nexthops[i].weight ?: 1,
			usable(&e->nexthops[i]) ? "" : ", not usable");
}

static void route_head(struct vty *vty)
{
	vty_out(vty, "  %-43s %-10s %-20s %s\n", "Prefix", "Protocol", "Owner",
		"Verdict");
}

static bool has_route(const struct wg_entry *e)
{
	return e->has_route;
}

DEFPY (show_wireguard_routes,
       show_wireguard_routes_cmd,
       "show wireguard [WG-IFNAME$ifname] routes [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       "Followed routes, who was chosen and why\n"
       JSON_STR)
{
	static const struct view view = {
		.head = route_head,
		.has = has_route,
		.text = route_text,
		.json = route_json,
	};

	return show(vty, ifname, json, &view);
}

void wgd_show_entries_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_allowed_ips_cmd);
	install_element(VIEW_NODE, &show_wireguard_routes_cmd);
}
