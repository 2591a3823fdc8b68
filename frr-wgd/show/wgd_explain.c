// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One address explained: the way of its packets, step by step, and the one
 * thing to mend first.  Printed from the same facts and the same cause as text
 * for people and as JSON for programs.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "lib/json.h"
#include "vrf.h"
#include "vty.h"
#include "zclient.h"

#include "frr-wgd/mesh/wgd_path_view.h"
#include "frr-wgd/peer/wgd_live.h"
#include "frr-wgd/show/wgd_cause.h"
#include "frr-wgd/show/wgd_explain.h"
#include "lib/backend/wg_keys.h"

/* --- the cause */

static void spell(const struct wgd_facts *f, struct wgd_words *w)
{
	memset(w, 0, sizeof(*w));
	wg_addr_str(&f->addr, w->addr);
	w->ifname = f->wif ? f->wif->name : "";
	w->owner = f->owner ? wgd_cause_peer_name(f->owner, w->owner_key) : "";
	if (f->has_route)
		wg_prefix_str(&f->route.prefix, w->route);
	if (f->has_entry)
		wg_prefix_str(&f->entry.prefix, w->entry);
	if (f->endpoint.addr.family)
		wg_endpoint_str(&f->endpoint, w->endpoint);
}

static bool climb(const wgd_rung *rung, const struct wgd_facts *f,
		  const struct wgd_words *w, struct wgd_cause *c)
{
	for (; *rung; rung++)
		if ((*rung)(f, w, c)) {
			assert(c->name && *c->reason);
			return true;
		}
	return false;
}

static void find_cause(const struct wgd_facts *f, struct wgd_cause *ret)
{
	struct wgd_words w;

	memset(ret, 0, sizeof(*ret));
	if (f->way.there && f->way.fib.local)
		return; /* one of our own: it has no way to go */
	spell(f, &w);
	ret->dropped = true;
	if (climb(wgd_cause_route_rungs, f, &w, ret))
		return;
	assert(f->wif && f->has_entry); /* 3. and 10. */
	if (climb(wgd_cause_peer_rungs, f, &w, ret))
		return;
	ret->dropped = false;
	wgd_cause_none(f, &w, ret);
}

/* --- text */

static void way_text(struct vty *vty, const char *what,
		     const struct wgd_way *way)
{
	char buf[WG_ADDR_STRLEN];

	if (!way->known)
		return;
	vty_out(vty, "  %s: ", what);
	if (!way->there)
		vty_out(vty, "no route\n");
	else if (way->fib.local)
		vty_out(vty, "our own address\n");
	else
		vty_out(vty, "by %s%s%s, MTU %u\n", way->fib.ifname,
			way->fib.gateway.family ? " via " : "",
			way->fib.gateway.family
				? wg_addr_str(&way->fib.gateway, buf)
				: "",
			way->fib.mtu);
}

static const char *verdict(const struct wgd_facts *f)
{
	return wgd_facts_in_subnet(f) ? "own-subnet"
				      : wg_verdict_str(f->route.verdict);
}

static void route_text(struct vty *vty, const struct wgd_facts *f)
{
	const struct wg_entry *route = &f->route;
	char buf[64], key[WG_KEY_STRLEN];
	size_t i;

	vty_out(vty, "  Route: %s, %s, %s\n",
		wg_prefix_str(&route->prefix, buf),
		zebra_route_string(route->proto), verdict(f));
	if (wgd_facts_in_subnet(f))
		return; /* it has none, and needs none */
	for (i = 0; i < route->n_nexthops; i++) {
		const struct wg_entry_nexthop *nh = &route->nexthops[i];

		vty_out(vty, "  Next hop: %s, peer %s\n",
			nh->gateway.family ? wg_addr_str(&nh->gateway, buf)
					   : "link",
			nh->peer ? wgd_cause_peer_name(nh->peer, key) : "none");
	}
}

static void peer_text(struct vty *vty, const struct wgd_facts *f)
{
	char buf[256];

	vty_out(vty, "  Peer: %s, %s\n",
		wg_peer_state_str(wg_peer_state(f->owner)),
		wgd_live_reason(f->peer->live, buf, sizeof(buf)));
	if (f->endpoint.addr.family)
		vty_out(vty, "  Endpoint: %s\n",
			wg_endpoint_str(&f->endpoint, buf));
	way_text(vty, "Way to the endpoint", &f->under);
}

static const char *effect(const struct wgd_cause *c)
{
	if (c->outside)
		return "Not a matter of WireGuard";
	return c->dropped ? "Packets are dropped or go astray"
			  : "Packets may be lost";
}

static void cause_text(struct vty *vty, const struct wgd_facts *f,
		       const struct wgd_cause *c)
{
	char key[WG_KEY_STRLEN];
	size_t i;

	if (c->name)
		vty_out(vty, "  %s (%s): %s\n", effect(c), c->name, c->reason);
	else if (f->owner)
		vty_out(vty,
			"  Packets to it go to peer %s; packets from it are accepted from peer %s only\n",
			wgd_cause_peer_name(f->owner, key),
			wgd_cause_peer_name(f->owner, key));
	if (*c->unknown)
		vty_out(vty, "  Not known: %s\n", c->unknown);
	for (i = 0; i < c->n_tries; i++)
		vty_out(vty, "  Try: %s\n", c->tries[i]);
}

/* Of a site of a mesh that is reached: by which path, and why not direct. */
static void path_text(struct vty *vty, const struct wgd_facts *f)
{
	struct wgd_path_view v;
	struct wgd_cause c;
	struct wgd_words w;
	size_t i;

	spell(f, &w);
	if (!wgd_cause_path(f, &w, &v, &c))
		return;
	vty_out(vty, "  Path: %s", wg_path_state_str(v.state));
	if (*c.reason)
		vty_out(vty, "%s%s%s: %s", c.name ? " (" : "", c.name ?: "",
			c.name ? ")" : "", c.reason);
	vty_out(vty, "\n");
	if (*c.unknown)
		vty_out(vty, "  Path: %s\n", c.unknown);
	for (i = 0; i < c.n_tries; i++)
		vty_out(vty, "  To be direct: %s\n", c.tries[i]);
}

/* Is the device's entry another than the one that is decided? */
static bool is_aggregate(const struct wgd_facts *f)
{
	return wgd_facts_entry(f) == &f->decided && f->has_entry &&
	       !wg_prefix_same(&f->entry.prefix, &f->decided.prefix);
}

/* Has the address another owner than the static prefix that it is in? */
static bool is_elsewhere(const struct wgd_facts *f)
{
	return f->claimant && f->owner && f->owner != f->claimant->peer &&
	       wgd_facts_entry(f)->prefix.len > f->claim.len;
}

static void static_text(struct vty *vty, const struct wgd_facts *f)
{
	char claim[WG_PREFIX_STRLEN], entry[WG_PREFIX_STRLEN];
	char key[WG_KEY_STRLEN];

	vty_out(vty,
		"  Configured: %s is peer %s's, but not exclusive: %s within it is peer %s's\n",
		wg_prefix_str(&f->claim, claim), wg_peer_name(f->claimant->peer),
		wg_prefix_str(&wgd_facts_entry(f)->prefix, entry),
		wgd_cause_peer_name(f->owner, key));
}

static void text(struct vty *vty, const struct wgd_facts *f,
		 const struct wgd_cause *c)
{
	char buf[64], decided[WG_PREFIX_STRLEN], key[WG_KEY_STRLEN];

	vty_out(vty, "Address %s\n", wg_addr_str(&f->addr, buf));
	if (f->wif && !f->wif_is_guess)
		vty_out(vty, "  Interface: %s\n", f->wif->name);
	way_text(vty, "Kernel", &f->way);
	if (f->has_route)
		route_text(vty, f);
	if (f->owner)
		vty_out(vty, "  AllowedIPs: %s of peer %s%s%s\n",
			wg_prefix_str(&f->entry.prefix, buf),
			wgd_cause_peer_name(f->owner, key),
			is_aggregate(f) ? ", in place of " : "",
			is_aggregate(f)
				? wg_prefix_str(&f->decided.prefix, decided)
				: "");
	if (is_elsewhere(f))
		static_text(vty, f);
	if (f->peer)
		peer_text(vty, f);
	if (!c->dropped)
		path_text(vty, f);
	cause_text(vty, f, c);
}

/* --- JSON */

/* {"interface", "gateway", "mtu"}; {"local": true}; {} where there is none. */
static void way_json(json_object *o, const char *key, const struct wgd_way *way)
{
	json_object *w;
	char buf[WG_ADDR_STRLEN];

	if (!way->known)
		return;
	w = json_object_new_object();
	json_object_object_add(o, key, w);
	if (!way->there)
		return;
	if (way->fib.local) {
		json_object_boolean_add(w, "local", true);
		return;
	}
	json_object_string_add(w, "interface", way->fib.ifname);
	if (way->fib.gateway.family)
		json_object_string_add(w, "gateway",
				       wg_addr_str(&way->fib.gateway, buf));
	json_object_int_add(w, "mtu", way->fib.mtu);
}

static void route_json(json_object *o, const struct wgd_facts *f)
{
	const struct wg_entry *route = &f->route;
	json_object *list = json_object_new_array();
	char buf[64];
	size_t i;

	json_object_string_add(o, "route", wg_prefix_str(&route->prefix, buf));
	json_object_string_add(o, "protocol", zebra_route_string(route->proto));
	json_object_string_add(o, "verdict", verdict(f));
	json_object_object_add(o, "nexthops", list);
	for (i = 0; i < route->n_nexthops; i++)
		json_object_array_add(
			list,
			json_object_new_string(
				route->nexthops[i].gateway.family
					? wg_addr_str(
						  &route->nexthops[i].gateway,
						  buf)
					: "link"));
}

static void static_json(json_object *o, const struct wgd_facts *f)
{
	json_object *s = json_object_new_object();
	char buf[WG_PREFIX_STRLEN];

	json_object_object_add(o, "static", s);
	json_object_string_add(s, "prefix", wg_prefix_str(&f->claim, buf));
	json_object_string_add(s, "peer", wg_peer_name(f->claimant->peer));
	json_object_boolean_add(s, "exclusive", f->claim_is_exclusive);
	json_object_boolean_add(s, "elsewhere", is_elsewhere(f));
}

static void peer_json(json_object *o, const struct wgd_facts *f)
{
	char buf[256];

	json_object_string_add(o, "allowedIp",
			       wg_prefix_str(&f->entry.prefix, buf));
	if (is_aggregate(f))
		json_object_string_add(o, "inPlaceOf",
				       wg_prefix_str(&f->decided.prefix, buf));
	json_object_string_add(o, "peer", wgd_cause_peer_name(f->owner, buf));
	json_object_string_add(o, "peerState",
			       wg_peer_state_str(wg_peer_state(f->owner)));
	if (!f->peer)
		return;
	json_object_string_add(o, "peerReason",
			       wgd_live_reason(f->peer->live, buf, sizeof(buf)));
	if (f->endpoint.addr.family)
		json_object_string_add(o, "endpoint",
				       wg_endpoint_str(&f->endpoint, buf));
	way_json(o, "endpointRoute", &f->under);
}

static json_object *tries_json(const struct wgd_cause *c)
{
	json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < c->n_tries; i++)
		json_object_array_add(list,
				      json_object_new_string(c->tries[i]));
	return list;
}

static void path_json(json_object *o, const struct wgd_facts *f)
{
	struct wgd_path_view v;
	struct wgd_cause c;
	struct wgd_words w;

	spell(f, &w);
	if (!wgd_cause_path(f, &w, &v, &c))
		return;
	json_object_string_add(o, "path", wg_path_state_str(v.state));
	if (c.name)
		json_object_string_add(o, "pathReason", c.name);
	if (*c.reason)
		json_object_string_add(o, "pathText", c.reason);
	if (c.n_tries)
		json_object_object_add(o, "pathTry", tries_json(&c));
}

static json_object *json_of(const struct wgd_facts *f,
			    const struct wgd_cause *c)
{
	json_object *o = json_object_new_object();
	char buf[WG_ADDR_STRLEN];

	json_object_string_add(o, "address", wg_addr_str(&f->addr, buf));
	if (f->wif && !f->wif_is_guess)
		json_object_string_add(o, "interface", f->wif->name);
	way_json(o, "kernelRoute", &f->way);
	if (f->has_route)
		route_json(o, f);
	if (f->claimant)
		static_json(o, f);
	if (f->owner)
		peer_json(o, f);
	json_object_boolean_add(o, "dropped", c->dropped);
	if (c->name) {
		json_object_string_add(o, "cause", c->name);
		json_object_string_add(o, "reason", c->reason);
	}
	if (*c->unknown)
		json_object_string_add(o, "unknown", c->unknown);
	if (c->n_tries)
		json_object_object_add(o, "try", tries_json(c));
	if (!c->dropped)
		path_json(o, f);
	return o;
}

static void no_vrf(struct vty *vty, const char *vrf, bool json)
{
	json_object *o;
	char why[128];

	snprintf(why, sizeof(why), "VRF %s is not known", vrf);
	if (!json) {
		vty_out(vty, "%% %s\n", why);
		return;
	}
	o = json_object_new_object();
	json_object_string_add(o, "error", why);
	vty_json(vty, o);
}

int wgd_explain(struct vty *vty, const struct wg_addr *addr, const char *vrf,
		bool json)
{
	struct wgd_cause cause;
	struct wgd_facts facts;
	struct vrf *v = NULL;

	if (vrf) {
		v = vrf_lookup_by_name(vrf);
		if (!v) {
			no_vrf(vty, vrf, json);
			return CMD_WARNING;
		}
	}
	wgd_facts_gather(&facts, addr, v ? &v->vrf_id : NULL);
	find_cause(&facts, &cause);
	if (json)
		return vty_json(vty, json_of(&facts, &cause));
	text(vty, &facts, &cause);
	return CMD_SUCCESS;
}
