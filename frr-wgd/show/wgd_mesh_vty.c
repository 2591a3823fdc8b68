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
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/show/wgd_vty.h"
#include "frr-wgd/underlay/wgd_relay.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/show/wgd_mesh_vty_clippy.c"
#endif

#define MESH_STR "The mesh that the interface is in\n"

/* Why it is not as it should be; NULL: it is. */
static const char *trouble(const struct wgd_mesh *m)
{
	const char *why = NULL;

	if (m->self->reason)
		return m->self->reason;
	if (m->map && (m->state != WGD_MESH_CONNECTED ||
		       wgd_mesh_awaits_witness(m)))
		why = wgd_knock_why(m);
	if (why)
		return why;
	return m->map ? wgd_map_trouble(m->map) : NULL;
}

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
		vty_out(vty, "  Alarm %s%s%s: %s\n",
			wg_alarm_kind_str(a->kind), a->subject[0] ? " of " : "",
			a->subject, a->text);
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

static json_object *mesh_json(const struct wgd_mesh *m)
{
	json_object *o = json_object_new_object(), *hubs;
	const char *why = trouble(m), *relay = wgd_relay_error(m->wif);
	struct wg_wall wall;
	size_t i;

	json_object_string_add(o, "mesh", m->self->name);
	json_object_string_add(o, "state", wgd_mesh_state_str(m->state));
	if (why)
		json_object_string_add(o, "reason", why);
	if (relay)
		json_object_string_add(o, "relayError", relay);
	json_object_object_add(o, "alarms", alarms_json(m));
	json_object_object_add(o, "dropped", dropped_json(m));
	if (!m->map)
		return o;
	wall = wgd_mesh_wall(m);
	json_object_string_add(o, "timeSource",
			       wg_wall_source_str(wg_wall_source(&wall)));
	json_object_int_add(o, "number", m->self->number);
	if (wgd_mesh_awaits_witness(m))
		json_object_string_add(o, "invite", "unused");
	json_object_string_add(o, "role", m->is_hub ? "hub" : "site");
	json_object_int_add(o, "members", m->n_members + 1);
	hubs = json_object_new_object();
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub)
			json_object_object_add(hubs, m->members[i]->name,
					       hub_json(m, m->members[i]));
	json_object_object_add(o, "hubs", hubs);
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

static void mesh_text(struct vty *vty, const struct wgd_mesh *m)
{
	const char *why = trouble(m), *relay = wgd_relay_error(m->wif);
	size_t i;

	vty_out(vty, "Interface %s: mesh %s, %s\n", m->wif->name,
		m->self->name, wgd_mesh_state_str(m->state));
	if (why)
		vty_out(vty, "  Reason: %s\n", why);
	if (relay)
		vty_out(vty, "  Relay: %s\n", relay);
	if (m->map)
		vty_out(vty, "  Member %u, %s, of %zu\n", m->self->number,
			m->is_hub ? "hub" : "site", m->n_members + 1);
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub)
			hub_text(vty, m, m->members[i]);
	alarms_text(vty, m);
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
	json_object_boolean_add(o, "live", member->connected);
	if (hub)
		json_object_string_add(o, "relayHub", hub->name);
	json_object_int_add(o, "certificateUntil", member->until);
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

static void members_text(struct vty *vty, const struct wgd_mesh *m)
{
	size_t i;

	vty_out(vty, "Interface %s: mesh %s\n", m->wif->name, m->self->name);
	for (i = 0; i < m->n_members; i++)
		vty_out(vty, "  %-20s %6u  %-4s  %-5s  %s\n",
			m->members[i]->name, m->members[i]->number,
			m->members[i]->hub ? "hub" : "site",
			m->members[i]->connected ? "live" : "-",
			wgd_mesh_refused_str(m->members[i]->refused));
}

DEFPY(show_wireguard_mesh, show_wireguard_mesh_cmd,
      "show wireguard [WG-IFNAME$ifname] mesh [members$members] [json$json]",
      SHOW_STR
      "WireGuard interfaces and peers\n" "Name of a WireGuard interface\n"
      MESH_STR "All members\n" JSON_STR)
{
	json_object *o;

	if (wgd_vty_no_such(vty, ifname, !!json) != CMD_SUCCESS)
		return WGD_CMD_NOTHING;
	o = json ? json_object_new_object() : NULL;
	wgd_each_mesh (m) {
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
