// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show wireguard: devices and their peers.  JSON and text are made from the
 * same calls.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vrf.h"
#include "vty.h"

#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_guard.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/engine/wgd_doubt.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "frr-wgd/show/wgd_vty.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_show_device_clippy.c"
#endif

#define HISTORY_SHORT 3 /* changes that people are shown; all are in JSON */

/* What is known of its being up or down, and what became of that. */
static void live_json(const struct wgd_live *live, json_object *o)
{
	json_object *history = json_object_new_array(), *t;
	const struct wg_liveness *l = wgd_live_core(live);
	const struct wg_liveness_change *c;
	int64_t now = wgd_now_ms();
	struct wgd_live_bfd bfd;
	char buf[64];
	size_t i;

	json_object_string_add(o, "stateCause", wg_why_str(l->why));
	json_object_int_add(o, "stateSinceSecs", (now - l->since) / 1000);
	json_object_int_add(o, "ups", l->ups);
	json_object_int_add(o, "downs", l->downs);
	json_object_int_add(o, "flaps", l->flaps);
	json_object_int_add(o, "heldDown", l->held);
	json_object_int_add(o, "holdMsecs", l->hold_ms);
	for (i = 0; (c = wg_liveness_change(l, i)); i++) {
		t = json_object_new_object();
		json_object_int_add(t, "msecsAgo", now - c->ms);
		json_object_string_add(t, "from", wg_peer_state_str(c->from));
		json_object_string_add(t, "to", wg_peer_state_str(c->to));
		json_object_string_add(t, "cause", wg_why_str(c->why));
		json_object_array_add(history, t);
	}
	json_object_object_add(o, "stateHistory", history);
	if (!wgd_live_bfd(live, &bfd))
		return;
	t = json_object_new_object();
	json_object_string_add(t, "address", wg_addr_str(&bfd.address, buf));
	if (bfd.profile)
		json_object_string_add(t, "profile", bfd.profile);
	json_object_string_add(t, "status", wgd_bfd_status_str(bfd.status));
	json_object_object_add(o, "bfd", t);
}

static void live_text(struct vty *vty, const struct wgd_live *live)
{
	const struct wg_liveness *l = wgd_live_core(live);
	const struct wg_liveness_change *c;
	int64_t now = wgd_now_ms();
	struct wgd_live_bfd bfd;
	char buf[64];
	size_t i;

	if (wgd_live_bfd(live, &bfd))
		vty_out(vty, "    BFD with %s%s%s is %s\n",
			wg_addr_str(&bfd.address, buf),
			bfd.profile ? ", profile " : "", bfd.profile ?: "",
			wgd_bfd_status_str(bfd.status));
	vty_out(vty,
		"    For %" PRId64 " s; up %" PRIu64 ", down %" PRIu64
		", flapped %" PRIu64 ", held down %" PRIu64 " times",
		(now - l->since) / 1000, l->ups, l->downs, l->flaps, l->held);
	if (l->hold_ms)
		vty_out(vty, ", hold %u ms", l->hold_ms);
	for (i = 0; i < HISTORY_SHORT && (c = wg_liveness_change(l, i)); i++)
		vty_out(vty, "\n      %" PRId64 ".%03" PRId64
			     " s ago: %s -> %s (%s)",
			(now - c->ms) / 1000, (now - c->ms) % 1000,
			wg_peer_state_str(c->from), wg_peer_state_str(c->to),
			wg_why_str(c->why));
	vty_out(vty, "\n");
}

static void doubts_json(json_object *o, const struct wgd_doubts *d)
{
	json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < d->n; i++)
		json_object_array_add(list, json_object_new_string(d->text[i]));
	json_object_object_add(o, "warnings", list);
}

static void doubts_text(struct vty *vty, const char *indent,
			const struct wgd_doubts *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		vty_out(vty, "%sWarning: %s\n", indent, d->text[i]);
}

static json_object *peer_json(struct wgd_peer *p)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(p);
	const struct wg_key *key = wg_peer_key(p->peer);
	char buf[256];
	json_object *o = json_object_new_object();
	json_object *addresses = json_object_new_array();
	struct wg_peer_count count;
	struct wgd_doubts doubts;
	size_t i;

	wg_peer_count(p->peer, &count);
	if (key && !wg_key_is_zero(key))
		json_object_string_add(o, "publicKey", wg_key_str(key, buf));
	if (p->conf.description)
		json_object_string_add(o, "description", p->conf.description);
	json_object_string_add(o, "state",
			       wg_peer_state_str(wg_peer_state(p->peer)));
	json_object_string_add(o, "stateReason",
			       wgd_live_reason(p->live, buf, sizeof(buf)));
	live_json(p->live, o);
	if (e->addr.family)
		json_object_string_add(o, "endpoint", wg_endpoint_str(e, buf));
	if (p->conf.host && !p->resolved.is_literal)
		json_object_string_add(o, "endpointHost", p->conf.host);
	json_object_int_add(o, "endpointChanges", p->seen.moves);
	json_object_string_add(o, "endpointPath",
			       wg_reach_str(wgd_underlay_path(&p->way)));
	for (i = 0; i < p->conf.n_addresses; i++)
		json_object_array_add(addresses,
				      json_object_new_string(wg_addr_str(
					      &p->conf.addresses[i], buf)));
	json_object_object_add(o, "addresses", addresses);
	if (p->conf.linklocal.family)
		json_object_string_add(o, "linkLocal",
				       wg_addr_str(&p->conf.linklocal, buf));
	if (wgd_peer_handshake_age(p) >= 0)
		json_object_int_add(o, "lastHandshakeSecs",
				    wgd_peer_handshake_age(p));
	else
		json_object_object_add(o, "lastHandshakeSecs", NULL);
	json_object_int_add(o, "rxBytes", p->seen.rx_bytes);
	json_object_int_add(o, "txBytes", p->seen.tx_bytes);
	json_object_int_add(o, "allowedIpsStatic", count.is_static);
	json_object_int_add(o, "allowedIpsDynamic", count.dynamic);
	json_object_int_add(o, "allowedIpsInstalled", count.installed);
	if (p->conf.announce)
		json_object_int_add(o, "announced", wgd_announce_count(p));
	wgd_doubt_peer(p, &doubts);
	doubts_json(o, &doubts);
	return o;
}

static uint32_t mtu_of(struct wgd_if *wif)
{
	struct interface *ifp = wgd_zebra_link(wif->name);

	if (ifp && ifp->mtu)
		return ifp->mtu;
	return wif->conf.mtu ?: wgd_mtu_default(&wif->conf);
}

/* The link that makes the MTU less than the default; NULL: none does. */
static const char *mtu_link(struct wgd_if *wif)
{
	const struct interface *outer = NULL;

	if (!wif->link->adopted && !wif->conf.mtu)
		wgd_underlay_mtu(wif, &outer);
	return outer ? outer->name : NULL;
}

static void underlay_json(json_object *o, struct wgd_if *wif)
{
	json_object *underlay = json_object_new_array(), *t;
	struct wgd_policy_view view;
	char addr[WG_ADDR_STRLEN];
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (!wgd_policy_view(wif, i ? AF_INET6 : AF_INET, &view))
			continue;
		t = json_object_new_object();
		json_object_string_add(t, "family", i ? "ipv6" : "ipv4");
		json_object_int_add(t, "mark", view.mark);
		json_object_int_add(t, "rules", view.pref);
		json_object_int_add(t, "table", view.table);
		json_object_int_add(t, "routes", view.routes);
		if (view.source->family)
			json_object_string_add(t, "source",
					       wg_addr_str(view.source, addr));
		if (view.strict)
			json_object_string_add(t, "strictLink", view.strict);
		if (view.error)
			json_object_string_add(t, "error", view.error);
		json_object_array_add(underlay, t);
	}
	json_object_object_add(o, "underlay", underlay);
}

static json_object *if_json(struct wgd_if *wif)
{
	json_object *o = json_object_new_object();
	json_object *peers = json_object_new_object(), *t;
	struct wgd_doubts doubts;
	struct wg_count count;
	char buf[512];

	json_object_string_add(o, "implementation",
			       wif->conf.userspace ? "userspace" : "kernel");
	if (wgd_key_public(wif))
		json_object_string_add(o, "publicKey",
				       wg_key_str(wgd_key_public(wif),
						  buf));
	if (!wg_key_is_zero(&wif->link->former_key)) {
		json_object_string_add(
			o, "formerPublicKey",
			wg_key_str(&wif->link->former_key, buf));
		json_object_int_add(
			o, "publicKeySecs",
			(wgd_now_ms() - wif->link->key_since_ms) / 1000);
	}
	json_object_int_add(o, "listenPort", wgd_device_port(wif));
	if (wg_dev_vrf(wif->dev) != VRF_DEFAULT)
		json_object_string_add(o, "vrf",
				       vrf_id_to_name(wg_dev_vrf(wif->dev)));
	json_object_int_add(o, "mtu", mtu_of(wif));
	if (mtu_link(wif))
		json_object_string_add(o, "mtuLink", mtu_link(wif));
	json_object_int_add(o, "fwmark", wg_dev_conf(wif->dev)->fwmark);
	underlay_json(o, wif);
	json_object_boolean_add(o, "adopted", wif->link->adopted);
	if (wif->conf.announce_table)
		json_object_int_add(o, "announceTable",
				    wif->conf.announce_table);
	if (wg_dev_aggregate(wif->dev)) {
		wg_dev_count(wif->dev, &count);
		t = json_object_new_object();
		json_object_int_add(t, "prefixes", count.entries);
		json_object_int_add(t, "entries", count.targets);
		json_object_object_add(o, "aggregate", t);
	}
	json_object_string_add(o, "syncState", wgd_if_sync_state(wif));
	if (wif->reason && wif->state == WGD_IF_ABSENT)
		json_object_string_add(o, "syncReason", wif->reason);
	if (wgd_guard_trouble())
		json_object_string_add(o, "trouble", wgd_guard_trouble());
	if (wgd_device_refusal(wif))
		json_object_string_add(o, "refused", wgd_device_refusal(wif));
	wgd_doubt_if(wif, &doubts);
	doubts_json(o, &doubts);
	json_object_boolean_add(o, "pointToPoint",
				wg_dev_is_point_to_point(wif->dev));
	if (wgd_peer_hint(wif, buf, sizeof(buf)))
		json_object_string_add(o, "hint", buf);
	wgd_each_peer (wif, p)
		json_object_object_add(peers, wg_peer_name(p->peer),
				       peer_json(p));
	json_object_object_add(o, "peers", peers);
	return o;
}

static void peer_text(struct vty *vty, struct wgd_peer *p)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(p);
	const struct wg_key *key = wg_peer_key(p->peer);
	char buf[256];
	struct wg_peer_count count;
	struct wgd_doubts doubts;
	size_t i;

	wg_peer_count(p->peer, &count);
	vty_out(vty, "  Peer %s is %s (%s)\n", wg_peer_name(p->peer),
		wg_peer_state_str(wg_peer_state(p->peer)),
		wgd_live_reason(p->live, buf, sizeof(buf)));
	wgd_doubt_peer(p, &doubts);
	doubts_text(vty, "    ", &doubts);
	live_text(vty, p->live);
	if (p->conf.description)
		vty_out(vty, "    Description: %s\n", p->conf.description);
	if (key && !wg_key_is_zero(key))
		vty_out(vty, "    Public key: %s\n", wg_key_str(key, buf));
	if (e->addr.family)
		vty_out(vty, "    Endpoint: %s", wg_endpoint_str(e, buf));
	else
		vty_out(vty, "    Endpoint: not known");
	if (p->conf.host && !p->resolved.is_literal)
		vty_out(vty, " (%s)", p->conf.host);
	if (p->seen.moves)
		vty_out(vty, ", changed %" PRIu64 " times", p->seen.moves);
	if (wgd_underlay_path(&p->way) == WG_REACH_MARKED)
		vty_out(vty, ", kept outside the tunnel by its mark");
	else if (wgd_underlay_path(&p->way) == WG_REACH_INSIDE)
		vty_out(vty, ", inside a tunnel: nothing is sent");
	vty_out(vty, "\n    Addresses:");
	for (i = 0; i < p->conf.n_addresses; i++)
		vty_out(vty, " %s", wg_addr_str(&p->conf.addresses[i], buf));
	if (p->conf.linklocal.family)
		vty_out(vty, " %s", wg_addr_str(&p->conf.linklocal, buf));
	if (wgd_peer_handshake_age(p) >= 0)
		vty_out(vty, "\n    Last handshake: %" PRId64 " s ago",
			wgd_peer_handshake_age(p));
	else
		vty_out(vty, "\n    Last handshake: never");
	vty_out(vty,
		"\n    Received %" PRIu64 " bytes, sent %" PRIu64 " bytes\n",
		p->seen.rx_bytes, p->seen.tx_bytes);
	vty_out(vty, "    AllowedIPs: %u static, %u dynamic, %u installed\n",
		count.is_static, count.dynamic, count.installed);
	if (p->conf.announce && p->wif->conf.announce_table)
		vty_out(vty, "    Announced in table %u: %zu prefixes\n",
			p->wif->conf.announce_table, wgd_announce_count(p));
}

/* The kernel's words: what `ip rule` and `ip route show table` tell, too. */
static void underlay_text(struct vty *vty, const char *family,
			  const struct wgd_policy_view *view)
{
	char addr[WG_ADDR_STRLEN];

	vty_out(vty, "  Underlay %s: rules from %u for mark 0x%x, table %u with %zu routes",
		family, view->pref, view->mark, view->table, view->routes);
	if (view->source->family)
		vty_out(vty, ", source %s", wg_addr_str(view->source, addr));
	if (view->strict)
		vty_out(vty, "; %s filters strictly: rules for the way back",
			view->strict);
	vty_out(vty, "%s%s\n", view->error ? "; " : "", view->error ?: "");
}

static const char *no_key(const struct wgd_if *wif)
{
	return wif->link->adopted && wif->state == WGD_IF_SYNCED
		       ? "none: the link was there before wgd, and has no key; wireguard private-key file FILE gives it one"
		       : "not known";
}

static void if_text(struct vty *vty, struct wgd_if *wif)
{
	struct wgd_policy_view view;
	struct wgd_doubts doubts;
	char buf[512];
	unsigned i;

	vty_out(vty, "Interface %s is %s%s%s%s\n", wif->name, wgd_if_sync_state(wif),
		wif->reason && wif->state == WGD_IF_ABSENT ? " (" : "",
		wif->reason && wif->state == WGD_IF_ABSENT ? wif->reason : "",
		wif->reason && wif->state == WGD_IF_ABSENT ? ")" : "");
	if (wgd_guard_trouble())
		vty_out(vty, "  Trouble: %s\n", wgd_guard_trouble());
	if (wgd_device_refusal(wif))
		vty_out(vty, "  Refused: %s\n", wgd_device_refusal(wif));
	wgd_doubt_if(wif, &doubts);
	doubts_text(vty, "  ", &doubts);
	if (wgd_peer_hint(wif, buf, sizeof(buf)))
		vty_out(vty, "  Hint: %s\n", buf);
	vty_out(vty, "  Implementation: %s%s%s\n",
		wif->conf.userspace ? "userspace" : "kernel",
		wif->link->adopted ? ", adopted" : "",
		wg_dev_is_point_to_point(wif->dev) ? ", point-to-point" : "");
	if (wg_dev_vrf(wif->dev) != VRF_DEFAULT)
		vty_out(vty, "  VRF: %s\n",
			vrf_id_to_name(wg_dev_vrf(wif->dev)));
	wgd_vty_ratio(vty, wif);
	vty_out(vty, "  Public key: %s\n",
		wgd_key_public(wif) ? wg_key_str(wgd_key_public(wif), buf)
				    : no_key(wif));
	vty_out(vty, "  Listen port: %u, MTU: %u%s%s%s, fwmark: %u\n",
		wgd_device_port(wif), mtu_of(wif),
		mtu_link(wif) ? " (80 less than " : "", mtu_link(wif) ?: "",
		mtu_link(wif) ? ")" : "", wg_dev_conf(wif->dev)->fwmark);
	for (i = 0; i < 2; i++)
		if (wgd_policy_view(wif, i ? AF_INET6 : AF_INET, &view))
			underlay_text(vty, i ? "IPv6" : "IPv4", &view);
	wgd_each_peer (wif, p)
		peer_text(vty, p);
}

DEFPY (show_wireguard,
       show_wireguard_cmd,
       "show wireguard [WG-IFNAME$ifname] [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       JSON_STR)
{
	return wgd_vty_show(vty, ifname, !!json, if_json, if_text);
}

void wgd_show_device_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_cmd);
}
