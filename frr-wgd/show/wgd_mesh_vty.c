// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show wireguard mesh: the mesh of an interface, and its members.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "json.h"
#include "vty.h"

#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_path_view.h"
#include "frr-wgd/show/wgd_vty.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_mesh_vty_clippy.c"
#endif

#define MESH_STR "The mesh that the interface is in\n"

/* Seconds since 1970 as a day for people. */
static const char *day(uint64_t at, char *buf, size_t len)
{
	time_t t = at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, len, "%F", &tm))
		snprintf(buf, len, "?");
	return buf;
}

/* --- the mesh */

static json_object *alarms_json(const struct wgd_mesh *m)
{
	json_object *all = json_object_new_array(), *o;
	const struct wg_alarm *a;
	size_t i;

	for (i = 0; (a = wgd_alarm_at(m, i)); i++) {
		o = json_object_new_object();
		json_object_string_add(o, "alarm", wg_alarm_kind_str(a->kind));
		if (a->subject[0])
			json_object_string_add(o, "member", a->subject);
		json_object_string_add(o, "text", a->text);
		json_object_int_add(o, "sinceMsecs", wgd_alarm_age_ms(a));
		json_object_array_add(all, o);
	}
	return all;
}

static void alarms_text(struct vty *vty, const struct wgd_mesh *m)
{
	const struct wg_alarm *a;
	size_t i;

	for (i = 0; (a = wgd_alarm_at(m, i)); i++)
		vty_out(vty, "  Alarm %s%s%s: %s\n", wg_alarm_kind_str(a->kind),
			a->subject[0] ? " of " : "", a->subject, a->text);
}

static json_object *dropped_json(const struct wgd_mesh *m)
{
	json_object *o = json_object_new_object();
	enum wgd_drop why;

	for (why = 0; why < WGD_DROPS; why++)
		if (m->drops.n[why])
			json_object_int_add(o, wgd_drop_str(why),
					    m->drops.n[why]);
	return o;
}

static json_object *hub_json(const struct wgd_mesh *m,
			     const struct wgd_mesh_member *hub)
{
	json_object *o = json_object_new_object();

	json_object_string_add(o, "state",
			       hub->connected ? "connected" : "down");
	json_object_boolean_add(o, "relays", wgd_hubs_is_relay(m, hub));
	if (hub->hello.state != WG_HELLO_UNKNOWN)
		json_object_string_add(o, "hellos",
				       wg_hello_state_str(hub->hello.state));
	if (hub->hello.state == WG_HELLO_ALIVE)
		json_object_int_add(o, "rttMsecs", hub->hello.rtt_ms);
	return o;
}

static json_object *hubs_json(const struct wgd_mesh *m)
{
	json_object *hubs = json_object_new_object();
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub)
			json_object_object_add(hubs, m->members[i]->name,
					       hub_json(m, m->members[i]));
	return hubs;
}

/* A site's: where hubs see it. */
static void observed_json(const struct wgd_mesh *m, json_object *o)
{
	const struct wg_observed *observed = wgd_probe_observed(m);
	struct wg_endpoint seen[2 * WG_RELAY_HUBS];
	size_t i, n = wg_observed_seen(observed, wgd_now_ms(), seen);
	json_object *list = json_object_new_array();
	char buf[WG_ENDPOINT_STRLEN];

	for (i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(
						    wg_endpoint_str(&seen[i],
								    buf)));
	json_object_object_add(o, "observedEndpoints", list);
	json_object_string_add(
		o, "nat", wg_nat_str(wg_observed_nat(observed, wgd_now_ms())));
	if (wgd_probe_error(m))
		json_object_string_add(o, "probeError", wgd_probe_error(m));
}

static json_object *mesh_json(const struct wgd_mesh *m)
{
	struct wg_prefix net = wg_relay_net(m->relay_hash);
	char prefix[WG_PREFIX_STRLEN], warning[WGD_MESH_WARNING];
	json_object *o = json_object_new_object();
	const char *relay = wgd_mesh_relay_error(m);
	struct wgd_mesh_view v;

	wgd_mesh_view(m, &v);
	json_object_string_add(o, "mesh", m->self->name);
	json_object_string_add(o, "state", wgd_mesh_state_str(m->state));
	if (v.reason)
		json_object_string_add(o, "reason", v.reason);
	if (relay)
		json_object_string_add(o, "relayError", relay);
	if (wgd_mesh_warning(m, warning))
		json_object_string_add(o, "warning", warning);
	json_object_object_add(o, "alarms", alarms_json(m));
	json_object_object_add(o, "dropped", dropped_json(m));
	if (!m->map)
		return o;
	json_object_string_add(o, "timeSource", v.time_source);
	json_object_int_add(o, "number", m->self->number);
	if (wgd_mesh_awaits_witness(m))
		json_object_string_add(o, "invite", "unused");
	json_object_string_add(o, "role", wgd_mesh_role_str(m));
	json_object_int_add(o, "members", m->n_members + 1);
	if (v.until)
		json_object_int_add(o, "certificateUntil", v.until);
	json_object_int_add(o, "authorityNumber", v.authority);
	if (v.has_list) {
		json_object_int_add(o, "listNumber", v.list);
		json_object_int_add(o, "listDue", v.list_due);
	}
	json_object_string_add(o, "relay", wg_prefix_str(&net, prefix));
	json_object_object_add(o, "hubs", hubs_json(m));
	if (!m->is_hub)
		observed_json(m, o);
	return o;
}

static void hub_text(struct vty *vty, const struct wgd_mesh *m,
		     const struct wgd_mesh_member *hub)
{
	vty_out(vty, "  Hub %s: %s", hub->name,
		hub->connected ? "connected" : "down");
	if (hub->hello.state != WG_HELLO_UNKNOWN)
		vty_out(vty, ", %s to hellos",
			wg_hello_state_str(hub->hello.state));
	if (hub->hello.state == WG_HELLO_ALIVE)
		vty_out(vty, " in %u ms", hub->hello.rtt_ms);
	vty_out(vty, "%s\n", wgd_hubs_is_relay(m, hub) ? ", relays" : "");
}

static void observed_text(struct vty *vty, const struct wgd_mesh *m)
{
	const struct wg_observed *observed = wgd_probe_observed(m);
	struct wg_endpoint seen[2 * WG_RELAY_HUBS];
	size_t i, n = wg_observed_seen(observed, wgd_now_ms(), seen);
	char buf[WG_ENDPOINT_STRLEN];

	if (wgd_probe_error(m)) {
		vty_out(vty, "  Probes: none: %s\n", wgd_probe_error(m));
		return;
	}
	vty_out(vty, "  NAT: %s; hubs see us at",
		wg_nat_str(wg_observed_nat(observed, wgd_now_ms())));
	for (i = 0; i < n; i++)
		vty_out(vty, " %s", wg_endpoint_str(&seen[i], buf));
	vty_out(vty, "%s\n", n ? "" : " no place yet");
}

static void map_text(struct vty *vty, const struct wgd_mesh *m,
		     const struct wgd_mesh_view *v)
{
	struct wg_prefix net = wg_relay_net(m->relay_hash);
	char buf[WG_PREFIX_STRLEN];
	size_t i;

	vty_out(vty, "  Member %u, %s, of %zu; %zu of %zu %shubs connected\n",
		m->self->number, wgd_mesh_role_str(m), m->n_members + 1,
		v->connected_hubs, v->hubs, m->is_hub ? "other " : "");
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub)
			hub_text(vty, m, m->members[i]);
	if (!m->is_hub)
		observed_text(vty, m);
	if (v->until)
		vty_out(vty, "  Certificate: until %s\n",
			day(v->until, buf, sizeof(buf)));
	if (v->has_list)
		vty_out(vty,
			"  List of what is revoked: number %u, the next is due on %s\n",
			v->list, day(v->list_due, buf, sizeof(buf)));
	else
		vty_out(vty, "  List of what is revoked: none yet\n");
	vty_out(vty, "  Relay addresses: %s\n", wg_prefix_str(&net, buf));
}

static void mesh_text(struct vty *vty, const struct wgd_mesh *m)
{
	const char *relay = wgd_mesh_relay_error(m);
	char warning[WGD_MESH_WARNING];
	struct wgd_mesh_view v;

	wgd_mesh_view(m, &v);
	vty_out(vty, "Interface %s: mesh %s, %s\n", m->wif->name, m->self->name,
		wgd_mesh_state_str(m->state));
	if (v.reason)
		vty_out(vty, "  Reason: %s\n", v.reason);
	if (relay)
		vty_out(vty, "  Relay: %s\n", relay);
	if (m->map)
		map_text(vty, m, &v);
	if (wgd_mesh_warning(m, warning))
		vty_out(vty, "  Warning: %s\n", warning);
	alarms_text(vty, m);
}

/* --- its members */

static json_object *prefixes_json(const struct wg_prefix *p, size_t n)
{
	json_object *list = json_object_new_array();
	char buf[WG_PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(
						    wg_prefix_str(&p[i], buf)));
	return list;
}

/* As the keeper writes them: longer ones within, up to a length. */
static json_object *certified_json(const struct wgd_mesh_member *member)
{
	json_object *list = json_object_new_array();
	char prefix[WG_PREFIX_STRLEN], buf[WG_PREFIX_STRLEN + 8];
	size_t i;

	for (i = 0; i < member->n_certified; i++) {
		const struct wg_certified *c = &member->certified[i];

		wg_prefix_str(&c->prefix, prefix);
		if (c->longest == c->prefix.len)
			strlcpy(buf, prefix, sizeof(buf));
		else
			snprintf(buf, sizeof(buf), "%s le %u", prefix,
				 c->longest);
		json_object_array_add(list, json_object_new_string(buf));
	}
	return list;
}

static json_object *addresses_json(const struct wgd_mesh_member *member)
{
	json_object *list = json_object_new_array();
	char buf[WG_ADDR_STRLEN];
	size_t i;

	for (i = 0; i < member->n_addresses; i++)
		json_object_array_add(
			list, json_object_new_string(
				      wg_addr_str(&member->addresses[i], buf)));
	return list;
}

static void path_json(json_object *o, const struct wgd_mesh_member *member)
{
	struct wgd_path_view v;

	if (!wgd_path_view(member, &v))
		return;
	json_object_string_add(o, "path", wg_path_state_str(v.state));
	if (v.state != WG_PATH_DIRECT)
		json_object_string_add(o, "pathReason", wg_path_why_str(v.why));
	if (v.since_ms >= 0)
		json_object_int_add(o, "pathSinceMsecs", v.since_ms);
	if (v.relay_rtt_ms >= 0)
		json_object_int_add(o, "rttRelayMsecs", v.relay_rtt_ms);
	if (v.direct_rtt_ms >= 0)
		json_object_int_add(o, "rttDirectMsecs", v.direct_rtt_ms);
}

/* Where its packets go now, by whatever path. */
static void endpoint_json(json_object *o, const struct wgd_mesh_member *member)
{
	const struct wg_endpoint *at =
		member->peer ? wgd_peer_endpoint(member->peer) : NULL;
	char buf[WG_ENDPOINT_STRLEN];

	if (at && at->addr.family)
		json_object_string_add(o, "endpoint", wg_endpoint_str(at, buf));
}

static json_object *member_json(const struct wgd_mesh *m,
				const struct wgd_mesh_member *member)
{
	const struct wgd_mesh_member *hub = wgd_hubs_of(m, member);
	json_object *o = json_object_new_object();

	json_object_int_add(o, "number", member->number);
	json_object_int_add(o, "serial", member->serial);
	json_object_int_add(o, "sequence", member->sequence);
	json_object_boolean_add(o, "hub", member->hub != 0);
	json_object_object_add(o, "addresses", addresses_json(member));
	json_object_object_add(o, "prefixes", certified_json(member));
	json_object_object_add(
		o, "announced",
		prefixes_json(member->announced, member->n_announced));
	json_object_boolean_add(o, "live", member->connected);
	json_object_int_add(o, "certificateUntil", member->until);
	json_object_int_add(o, "demand", member->demand);
	if (hub)
		json_object_string_add(o, "relayHub", hub->name);
	endpoint_json(o, member);
	path_json(o, member);
	if (member->refused)
		json_object_string_add(o, "refused",
				       wgd_mesh_refused_str(member->refused));
	return o;
}

static json_object *members_json(const struct wgd_mesh *m)
{
	json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < m->n_members; i++)
		json_object_object_add(o, m->members[i]->name,
				       member_json(m, m->members[i]));
	return o;
}

/* "direct for 12 s, 23 ms (by the relay 61 ms)" or "relayed by h, no-pong". */
static void way_text(struct vty *vty, const struct wgd_mesh *m,
		     const struct wgd_mesh_member *member)
{
	const struct wgd_mesh_member *hub = wgd_hubs_of(m, member);
	struct wgd_path_view v;
	bool has_path = wgd_path_view(member, &v);

	if (has_path && v.state == WG_PATH_DIRECT) {
		vty_out(vty, "direct for %" PRId64 " s, %" PRId64 " ms",
			v.since_ms / 1000, v.direct_rtt_ms);
		if (v.relay_rtt_ms >= 0)
			vty_out(vty, " (by the relay %" PRId64 " ms)",
				v.relay_rtt_ms);
		return;
	}
	if (!hub)
		return;
	vty_out(vty, "relayed by %s", hub->name);
	if (has_path && v.relay_rtt_ms >= 0)
		vty_out(vty, ", %" PRId64 " ms", v.relay_rtt_ms);
	if (has_path)
		vty_out(vty, ", %s%s%s",
			v.state == WG_PATH_RELAY ? ""
						 : wg_path_state_str(v.state),
			v.state == WG_PATH_RELAY ? "" : ": ",
			wg_path_why_str(v.why));
}

static void members_text(struct vty *vty, const struct wgd_mesh *m)
{
	size_t i;

	vty_out(vty, "Interface %s: mesh %s\n", m->wif->name, m->self->name);
	for (i = 0; i < m->n_members; i++) {
		const struct wgd_mesh_member *member = m->members[i];

		vty_out(vty, "  %-20s %6u  %-4s  %-5s  %s", member->name,
			member->number, member->hub ? "hub" : "site",
			member->connected ? "live" : "-",
			wgd_mesh_refused_str(member->refused));
		way_text(vty, m, member);
		vty_out(vty, "\n");
	}
}

DEFPY(show_wireguard_mesh, show_wireguard_mesh_cmd,
      "show wireguard [WG-IFNAME$ifname] mesh [members$members] [json$json]",
      SHOW_STR
      "WireGuard interfaces and peers\n"
      "Name of a WireGuard interface\n" MESH_STR "All members\n" JSON_STR)
{
	json_object *o;

	if (wgd_vty_no_such(vty, ifname, !!json) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	o = json ? json_object_new_object() : NULL;
	wgd_each_mesh(m)
	{
		if (ifname && !strmatch(m->wif->name, ifname))
			continue;
		if (json)
			json_object_object_add(o, m->wif->name,
					       members ? members_json(m)
						       : mesh_json(m));
		else if (members)
			members_text(vty, m);
		else
			mesh_text(vty, m);
	}
	return json ? vty_json(vty, o) : CMD_SUCCESS;
}

void wgd_mesh_vty_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_mesh_cmd);
}
