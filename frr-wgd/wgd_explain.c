// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One address explained: the route that covers it, the next hop, the peer,
 * the AllowedIPs entry, and why a packet would be dropped.
 *
 * The device that counts is the one with the longest route or AllowedIPs
 * entry, as the kernel would choose.  The reasons are a ladder: the first that
 * applies is the one to mend first.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "json.h"
#include "vty.h"
#include "zclient.h"

#include "frr-wgd/wgd_explain.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_peer.h"
#include "lib/backend/wg_keys.h"

struct finding {
	struct wgd_if *wif;
	struct wg_entry route, entry;
	bool has_route, has_entry;
};

static int length(const struct finding *f)
{
	return MAX(f->has_route ? f->route.prefix.len : -1,
		   f->has_entry ? f->entry.prefix.len : -1);
}

static bool look(const struct wg_addr *addr, struct finding *ret)
{
	struct finding f;
	struct wgd_if *wif;
	int best = -1;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		f.wif = wif;
		f.has_route = wg_route_lookup(wif->dev, addr, &f.route);
		f.has_entry = wg_entry_lookup(wif->dev, addr, true, &f.entry);
		if (length(&f) <= best)
			continue;
		best = length(&f);
		*ret = f;
	}
	return best >= 0;
}

static bool names(const struct wg_entry *route, const struct wg_peer *peer)
{
	size_t i;

	for (i = 0; i < route->n_nexthops; i++)
		if (route->nexthops[i].peer == peer)
			return true;
	return false;
}

/* Why a packet would be dropped or go astray; NULL: it would not. */
static const char *trouble(const struct finding *f)
{
	const struct wg_peer *peer = f->has_entry ? f->entry.acked : NULL;

	if (f->wif->state != WGD_IF_SYNCED)
		return "the device is not in sync: what it has is not known";
	if (f->has_route && f->route.verdict != WG_ROUTE_ACCEPTED &&
	    f->route.verdict != WG_ROUTE_SHADOWED &&
	    (!f->has_entry || f->entry.prefix.len < f->route.prefix.len))
		return "the route gives the prefix to no peer: see the verdict";
	if (!f->has_entry)
		return "no AllowedIPs entry covers the address";
	if (f->has_route && f->route.decided &&
	    f->route.decided != f->route.acked)
		return "the change is on its way to the device";
	if (f->has_route && f->entry.prefix.len >= f->route.prefix.len &&
	    !names(&f->route, peer) && f->entry.source == WG_SOURCE_STATIC)
		return "a static prefix beats the route: packets go to another peer than the route's next hop";
	if (wg_peer_state(peer) == WG_PEER_DOWN)
		return "the peer is down";
	if (!wg_peer_name(peer))
		return "the entry is a stranger's, made beside wgd";
	return NULL;
}

int wgd_explain(struct vty *vty, const struct wg_addr *addr, bool json)
{
	json_object *o = json ? json_object_new_object() : NULL, *list;
	char buf[256], key[WG_KEY_STRLEN];
	const struct wg_peer *peer = NULL;
	const char *why, *name = NULL;
	struct wgd_peer *p = NULL;
	struct finding f;
	size_t i;

	for (f.wif = wgd_if_first(); f.wif; f.wif = wgd_if_next(f.wif))
		wgd_device_refresh(f.wif);
	wg_addr_str(addr, buf);
	if (json)
		json_object_string_add(o, "address", buf);
	else
		vty_out(vty, "Address %s\n", buf);
	if (!look(addr, &f)) {
		why = "no route and no AllowedIPs entry of a WireGuard interface covers the address";
		goto end;
	}
	if (json)
		json_object_string_add(o, "interface", f.wif->name);
	else
		vty_out(vty, "  Interface: %s\n", f.wif->name);
	if (f.has_route) {
		wg_prefix_str(&f.route.prefix, buf);
		if (json) {
			list = json_object_new_array();
			json_object_string_add(o, "route", buf);
			json_object_string_add(
				o, "protocol",
				zebra_route_string(f.route.proto));
			json_object_string_add(o, "verdict",
					       wg_verdict_str(f.route.verdict));
			json_object_object_add(o, "nexthops", list);
		} else {
			list = NULL;
			vty_out(vty, "  Route: %s, %s, %s\n", buf,
				zebra_route_string(f.route.proto),
				wg_verdict_str(f.route.verdict));
		}
		for (i = 0; i < f.route.n_nexthops; i++) {
			const struct wg_entry_nexthop *nh =
				&f.route.nexthops[i];

			if (nh->gateway.family)
				wg_addr_str(&nh->gateway, buf);
			else
				strlcpy(buf, "link", sizeof(buf));
			if (json)
				json_object_array_add(
					list, json_object_new_string(buf));
			else
				vty_out(vty, "  Next hop: %s, peer %s\n", buf,
					nh->peer ? wg_peer_name(nh->peer)
						 : "none");
		}
	}
	if (f.has_entry) {
		peer = f.entry.acked;
		p = wg_peer_arg(peer);
		name = wg_peer_name(peer) ?:
					   wg_key_str(wg_peer_key(peer), key);
		wg_prefix_str(&f.entry.prefix, buf);
		if (json) {
			json_object_string_add(o, "allowedIp", buf);
			json_object_string_add(o, "peer", name);
			json_object_string_add(
				o, "peerState",
				wg_peer_state_str(wg_peer_state(peer)));
		} else
			vty_out(vty, "  AllowedIPs: %s of peer %s\n", buf,
				name);
	}
	if (p) {
		wgd_peer_reason(p, buf, sizeof(buf));
		if (json)
			json_object_string_add(o, "peerReason", buf);
		else
			vty_out(vty, "  Peer: %s, %s\n",
				wg_peer_state_str(wg_peer_state(peer)), buf);
	}
	why = trouble(&f);
end:
	if (json) {
		json_object_boolean_add(o, "dropped", !!why);
		if (why)
			json_object_string_add(o, "reason", why);
		return vty_json(vty, o);
	}
	if (why)
		vty_out(vty, "  Packets are dropped or go astray: %s\n", why);
	else
		vty_out(vty,
			"  Packets to it go to peer %s; packets from it are accepted from peer %s only\n",
			name, name);
	return CMD_SUCCESS;
}
