// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show wireguard: devices and their peers.  JSON and text are made from the
 * same calls.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vrf.h"
#include "vty.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_device.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_vty.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_show_device_clippy.c"
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

static json_object *peer_json(struct wgd_peer *p)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(p);
	const struct wg_key *key = wg_peer_key(p->peer);
	char buf[256];
	json_object *o = json_object_new_object();
	json_object *addresses = json_object_new_array();
	struct wg_peer_count count;
	size_t i;

	wg_peer_count(p->peer, &count);
	if (key && !wg_key_is_zero(key))
		json_object_string_add(o, "publicKey", wg_key_str(key, buf));
	if (p->description)
		json_object_string_add(o, "description", p->description);
	json_object_string_add(o, "state",
			       wg_peer_state_str(wg_peer_state(p->peer)));
	json_object_string_add(o, "stateReason",
			       wgd_live_reason(p->live, buf, sizeof(buf)));
	live_json(p->live, o);
	if (e->addr.family)
		json_object_string_add(o, "endpoint", wg_endpoint_str(e, buf));
	if (p->host && !p->resolved_is_literal)
		json_object_string_add(o, "endpointHost", p->host);
	json_object_string_add(o, "endpointPath",
			       wg_path_str(wgd_underlay_path(p)));
	for (i = 0; i < p->n_addresses; i++)
		json_object_array_add(addresses,
				      json_object_new_string(wg_addr_str(
					      &p->addresses[i], buf)));
	json_object_object_add(o, "addresses", addresses);
	if (p->linklocal.family)
		json_object_string_add(o, "linkLocal",
				       wg_addr_str(&p->linklocal, buf));
	if (p->handshake)
		json_object_int_add(o, "lastHandshakeSecs",
				    MAX((int64_t)time(NULL) - p->handshake,
					0));
	else
		json_object_object_add(o, "lastHandshakeSecs", NULL);
	json_object_int_add(o, "rxBytes", p->rx_bytes);
	json_object_int_add(o, "txBytes", p->tx_bytes);
	json_object_int_add(o, "allowedIpsStatic", count.is_static);
	json_object_int_add(o, "allowedIpsDynamic", count.dynamic);
	json_object_int_add(o, "allowedIpsInstalled", count.installed);
	if (p->announce)
		json_object_int_add(o, "announced", wgd_announce_count(p));
	return o;
}

static uint32_t mtu_of(struct wgd_if *wif)
{
	struct interface *ifp = wgd_zebra_link(wif->name);

	if (ifp && ifp->mtu)
		return ifp->mtu;
	return wif->conf.mtu ?: WGD_MTU_DEFAULT;
}

/* The link that makes the MTU less than the default; NULL: none does. */
static const char *mtu_link(struct wgd_if *wif)
{
	const struct interface *outer = NULL;

	if (!wif->adopted && !wif->conf.mtu)
		wgd_underlay_mtu(wif, &outer);
	return outer ? outer->name : NULL;
}

/* What of its own configuration the device would not have; NULL: nothing. */
static const char *refusal(struct wgd_if *wif)
{
	return wg_plan_is_refused(wif->dev) ? wif->refusal : NULL;
}

uint16_t wgd_vty_port(struct wgd_if *wif)
{
	return wif->conf.listen_port && !refusal(wif) ? wif->conf.listen_port
						      : wif->port;
}

static void sources_json(json_object *o, struct wgd_if *wif)
{
	json_object *sources = json_object_new_array(), *t;
	struct wgd_source_view view;
	char addr[WG_ADDR_STRLEN];
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (!wgd_source_view(wif, i ? AF_INET6 : AF_INET, &view))
			continue;
		t = json_object_new_object();
		json_object_string_add(t, "address",
				       wg_addr_str(view.addr, addr));
		json_object_int_add(t, "table", view.table);
		json_object_int_add(t, "endpoints", view.endpoints);
		json_object_int_add(t, "routes", view.routes);
		if (view.error)
			json_object_string_add(t, "error", view.error);
		json_object_array_add(sources, t);
	}
	if (json_object_array_length(sources))
		json_object_object_add(o, "sources", sources);
	else
		json_object_free(sources);
}

static json_object *if_json(struct wgd_if *wif)
{
	json_object *o = json_object_new_object();
	json_object *peers = json_object_new_object(), *t;
	struct wg_count count;
	struct wg_peer *peer;
	char buf[64];

	json_object_string_add(o, "implementation",
			       wif->conf.userspace ? "userspace" : "kernel");
	if (wgd_if_public_key(wif))
		json_object_string_add(o, "publicKey",
				       wg_key_str(wgd_if_public_key(wif),
						  buf));
	json_object_int_add(o, "listenPort", wgd_vty_port(wif));
	if (wg_dev_vrf(wif->dev) != VRF_DEFAULT)
		json_object_string_add(o, "vrf",
				       vrf_id_to_name(wg_dev_vrf(wif->dev)));
	json_object_int_add(o, "mtu", mtu_of(wif));
	if (mtu_link(wif))
		json_object_string_add(o, "mtuLink", mtu_link(wif));
	json_object_int_add(o, "fwmark", wg_dev_conf(wif->dev)->fwmark);
	sources_json(o, wif);
	json_object_boolean_add(o, "adopted", wif->adopted);
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
	json_object_string_add(o, "syncState", wgd_vty_sync_state(wif));
	if (wif->reason && wif->state == WGD_IF_ABSENT)
		json_object_string_add(o, "syncReason", wif->reason);
	if (refusal(wif))
		json_object_string_add(o, "refused", refusal(wif));
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		json_object_object_add(peers, wg_peer_name(peer),
				       peer_json(wg_peer_arg(peer)));
	json_object_object_add(o, "peers", peers);
	return o;
}

static void peer_text(struct vty *vty, struct wgd_peer *p)
{
	const struct wg_endpoint *e = wgd_peer_endpoint(p);
	const struct wg_key *key = wg_peer_key(p->peer);
	char buf[256];
	struct wg_peer_count count;
	size_t i;

	wg_peer_count(p->peer, &count);
	vty_out(vty, "  Peer %s is %s (%s)\n", wg_peer_name(p->peer),
		wg_peer_state_str(wg_peer_state(p->peer)),
		wgd_live_reason(p->live, buf, sizeof(buf)));
	live_text(vty, p->live);
	if (p->description)
		vty_out(vty, "    Description: %s\n", p->description);
	if (key && !wg_key_is_zero(key))
		vty_out(vty, "    Public key: %s\n", wg_key_str(key, buf));
	if (e->addr.family)
		vty_out(vty, "    Endpoint: %s", wg_endpoint_str(e, buf));
	else
		vty_out(vty, "    Endpoint: not known");
	if (p->host && !p->resolved_is_literal)
		vty_out(vty, " (%s)", p->host);
	if (wgd_underlay_path(p) >= WG_PATH_KEPT)
		vty_out(vty, ", %s",
			wgd_underlay_path(p) == WG_PATH_KEPT
				? "kept outside the tunnel by a host route"
				: "inside a tunnel");
	vty_out(vty, "\n    Addresses:");
	for (i = 0; i < p->n_addresses; i++)
		vty_out(vty, " %s", wg_addr_str(&p->addresses[i], buf));
	if (p->linklocal.family)
		vty_out(vty, " %s", wg_addr_str(&p->linklocal, buf));
	if (p->handshake)
		vty_out(vty, "\n    Last handshake: %" PRId64 " s ago",
			MAX((int64_t)time(NULL) - p->handshake, 0));
	else
		vty_out(vty, "\n    Last handshake: never");
	vty_out(vty,
		"\n    Received %" PRIu64 " bytes, sent %" PRIu64 " bytes\n",
		p->rx_bytes, p->tx_bytes);
	vty_out(vty, "    AllowedIPs: %u static, %u dynamic, %u installed\n",
		count.is_static, count.dynamic, count.installed);
	if (p->announce && p->wif->conf.announce_table)
		vty_out(vty, "    Announced in table %u: %zu prefixes\n",
			p->wif->conf.announce_table, wgd_announce_count(p));
	else if (p->announce)
		vty_out(vty,
			"    Not announced: the interface has no announce table\n");
}

static void if_text(struct vty *vty, struct wgd_if *wif)
{
	struct wg_peer *peer;
	struct wgd_source_view view;
	char buf[64];
	unsigned i;

	vty_out(vty, "Interface %s is %s%s%s%s\n", wif->name, wgd_vty_sync_state(wif),
		wif->reason && wif->state == WGD_IF_ABSENT ? " (" : "",
		wif->reason && wif->state == WGD_IF_ABSENT ? wif->reason : "",
		wif->reason && wif->state == WGD_IF_ABSENT ? ")" : "");
	if (refusal(wif))
		vty_out(vty, "  Refused: %s\n", refusal(wif));
	vty_out(vty, "  Implementation: %s%s\n",
		wif->conf.userspace ? "userspace" : "kernel",
		wif->adopted ? ", adopted" : "");
	if (wg_dev_vrf(wif->dev) != VRF_DEFAULT)
		vty_out(vty, "  VRF: %s\n",
			vrf_id_to_name(wg_dev_vrf(wif->dev)));
	wgd_vty_ratio(vty, wif);
	vty_out(vty, "  Public key: %s\n",
		wgd_if_public_key(wif)
			? wg_key_str(wgd_if_public_key(wif), buf)
			: "not known");
	vty_out(vty, "  Listen port: %u, MTU: %u%s%s%s, fwmark: %u\n",
		wgd_vty_port(wif), mtu_of(wif),
		mtu_link(wif) ? " (80 less than " : "", mtu_link(wif) ?: "",
		mtu_link(wif) ? ")" : "", wg_dev_conf(wif->dev)->fwmark);
	for (i = 0; i < 2; i++)
		if (wgd_source_view(wif, i ? AF_INET6 : AF_INET, &view))
			vty_out(vty,
				"  Source: %s, %zu endpoints, %zu with a route in table %u%s%s\n",
				wg_addr_str(view.addr, buf), view.endpoints,
				view.routes, view.table,
				view.error ? "; " : "", view.error ?: "");
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		peer_text(vty, wg_peer_arg(peer));
}

DEFPY (show_wireguard,
       show_wireguard_cmd,
       "show wireguard [IFNAME$ifname] [json$json]",
       SHOW_STR
       "WireGuard interfaces and peers\n"
       "Name of a WireGuard interface\n"
       JSON_STR)
{
	json_object *o = json ? json_object_new_object() : NULL;
	struct wgd_if *wif;

	wg_core_settle(wgd.core);
	if (!json && wgd_vty_no_such(vty, ifname, false) != CMD_SUCCESS)
		return CMD_WARNING;
	wgd_vty_each_if (wif, ifname) {
		wgd_device_refresh(wif);
		if (json)
			json_object_object_add(o, wif->name, if_json(wif));
		else
			if_text(vty, wif);
	}
	return json ? vty_json(vty, o) : CMD_SUCCESS;
}

void wgd_show_device_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_cmd);
}
