// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operational state of a mesh, its alarms and its members, and the
 * notifications of what changes.
 *
 * An entry of the list `member` is a struct wgd_mesh_member.  Two members may
 * have one name for a while, of which one is refused, so numbers are keys.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "linklist.h"

#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_path_view.h"

/* The mesh of libfrr's interface; NULL: it has none. */
static const struct wgd_mesh *mesh_of(const void *interface)
{
	const struct interface *ifp = interface;
	const struct wgd_if *wif = ifp ? wgd_if_find(ifp->name) : NULL;

	return wif ? wif->mesh : NULL;
}

/* --- the mesh: nothing where VALUE is not known */

static struct wgd_mesh_view view(const struct wgd_mesh *m)
{
	struct wgd_mesh_view v;

	wgd_mesh_view(m, &v);
	return v;
}

#define MESH_LEAF(name, type, known, value)                                    \
	struct yang_data *wgd_nb_mesh_##name(struct nb_cb_get_elem_args *args) \
	{                                                                      \
		const struct wgd_mesh *m = mesh_of(args->list_entry);          \
                                                                               \
		return m && (known)                                            \
			       ? yang_data_new_##type(args->xpath, (value))    \
			       : NULL;                                         \
	}

MESH_LEAF(name, string, true, m->self->name)
MESH_LEAF(state, string, true, wgd_mesh_state_str(m->state))
MESH_LEAF(reason, string, view(m).reason, view(m).reason)
MESH_LEAF(relay_error, string, wgd_mesh_relay_error(m), wgd_mesh_relay_error(m))
MESH_LEAF(number, uint32, m->map, m->self->number)
MESH_LEAF(role, string, m->map, wgd_mesh_role_str(m))
MESH_LEAF(members, uint32, m->map, m->n_members + 1)
MESH_LEAF(until, uint64, view(m).until, view(m).until)
MESH_LEAF(authority, uint32, m->map, view(m).authority)
MESH_LEAF(list, uint32, view(m).has_list, view(m).list)
MESH_LEAF(list_due, uint64, view(m).has_list, view(m).list_due)
MESH_LEAF(time_source, string, m->map, view(m).time_source)

/* --- its alarms, which have no key: kind and member, which may be absent */

const void *wgd_nb_alarm_next(struct nb_cb_get_next_args *args)
{
	const struct wgd_mesh *m = mesh_of(args->parent_list_entry);
	const struct wg_alarm *a;
	size_t i = 0;

	if (!m)
		return NULL;
	if (!args->list_entry)
		return wgd_alarm_at(m, 0);
	while ((a = wgd_alarm_at(m, i++)))
		if (a == args->list_entry)
			return wgd_alarm_at(m, i);
	return NULL;
}

#define ALARM_LEAF(name, type, known, value)                                   \
	struct yang_data *wgd_nb_alarm_##name(                                 \
		struct nb_cb_get_elem_args *args)                              \
	{                                                                      \
		const struct wg_alarm *a = args->list_entry;                   \
                                                                               \
		return (known) ? yang_data_new_##type(args->xpath, (value))    \
			       : NULL;                                         \
	}

ALARM_LEAF(kind, string, true, wg_alarm_kind_str(a->kind))
ALARM_LEAF(member, string, a->subject[0], a->subject)
ALARM_LEAF(text, string, true, a->text)
ALARM_LEAF(since, uint64, true, wgd_alarm_age_ms(a) / 1000)

/* --- its members */

const void *wgd_nb_member_next(struct nb_cb_get_next_args *args)
{
	const struct wgd_mesh *m = mesh_of(args->parent_list_entry);
	const struct wgd_mesh_member *last = args->list_entry;
	size_t i = 0;

	while (m && last && i < m->n_members &&
	       m->members[i]->number <= last->number)
		i++;
	return m && i < m->n_members ? m->members[i] : NULL;
}

int wgd_nb_member_keys(struct nb_cb_get_keys_args *args)
{
	const struct wgd_mesh_member *member = args->list_entry;

	args->keys->num = 1;
	snprintf(args->keys->key[0], sizeof(args->keys->key[0]), "%u",
		 member->number);
	return NB_OK;
}

const void *wgd_nb_member_lookup(struct nb_cb_lookup_entry_args *args)
{
	const struct wgd_mesh *m = mesh_of(args->parent_list_entry);

	return m ? wgd_mesh_member(m, strtoul(args->keys->key[0], NULL, 10))
		 : NULL;
}

#define MEMBER_LEAF(name, type, known, value)                                  \
	struct yang_data *wgd_nb_member_##name(                                \
		struct nb_cb_get_elem_args *args)                              \
	{                                                                      \
		const struct wgd_mesh_member *member = args->list_entry;       \
                                                                               \
		return (known) ? yang_data_new_##type(args->xpath, (value))    \
			       : NULL;                                         \
	}

/* Of a member that is a peer: the name of the hub; NULL: none. */
static const char *relay_hub(const struct wgd_mesh_member *member)
{
	const struct wgd_mesh_member *hub = NULL;

	if (member->peer)
		hub = wgd_hubs_of(member->peer->wif->mesh, member);
	return hub ? hub->name : NULL;
}

MEMBER_LEAF(number, uint32, true, member->number)
MEMBER_LEAF(name, string, true, member->name)
MEMBER_LEAF(serial, uint32, true, member->serial)
MEMBER_LEAF(sequence, uint64, true, member->sequence)
MEMBER_LEAF(hub, bool, true, member->hub)
MEMBER_LEAF(live, bool, true, member->connected)
MEMBER_LEAF(until, uint64, true, member->until)
MEMBER_LEAF(relay_hub, string, relay_hub(member), relay_hub(member))

/* All that is shown is -1 where there is no path. */
static struct wgd_path_view path_of(const struct wgd_mesh_member *member)
{
	struct wgd_path_view v;

	return wgd_path_view(member, &v)
		       ? v
		       : (struct wgd_path_view){.since_ms = -1,
						.relay_rtt_ms = -1,
						.direct_rtt_ms = -1};
}

static bool has_path(const struct wgd_mesh_member *member)
{
	struct wgd_path_view v;

	return wgd_path_view(member, &v);
}

MEMBER_LEAF(path, string, has_path(member),
	    wg_path_state_str(path_of(member).state))
MEMBER_LEAF(path_reason, string,
	    has_path(member) && path_of(member).state != WG_PATH_DIRECT,
	    wg_path_why_str(path_of(member).why))
MEMBER_LEAF(path_since, uint64, path_of(member).since_ms >= 0,
	    path_of(member).since_ms / 1000)
MEMBER_LEAF(rtt_relay, uint32, path_of(member).relay_rtt_ms >= 0,
	    path_of(member).relay_rtt_ms)
MEMBER_LEAF(rtt_direct, uint32, path_of(member).direct_rtt_ms >= 0,
	    path_of(member).direct_rtt_ms)
MEMBER_LEAF(refused, string, member->refused,
	    wgd_mesh_refused_str(member->refused))

/* --- notifications */

#define MEMBER_CHANGED "/frr-wireguard:mesh-member-change"
#define PATH_CHANGED "/frr-wireguard:mesh-path-change"
#define ALARM_CHANGED "/frr-wireguard:mesh-alarm"

static void say(struct list *arguments, const char *notification,
		const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "%s/%s", notification, leaf);
	listnode_add(arguments, yang_data_new_string(xpath, value));
}

static struct list *about(const struct wgd_mesh *m, const char *notification)
{
	struct list *arguments = yang_data_list_new();

	say(arguments, notification, "interface", m->wif->name);
	say(arguments, notification, "mesh", m->self->name);
	return arguments;
}

int wgd_nb_member_changed(const struct wgd_mesh *m,
			  const struct wgd_mesh_member *member)
{
	struct list *args = about(m, MEMBER_CHANGED);
	char number[16];

	snprintf(number, sizeof(number), "%u", member->number);
	say(args, MEMBER_CHANGED, "member", member->name);
	say(args, MEMBER_CHANGED, "number", number);
	say(args, MEMBER_CHANGED, "is-peer",
	    member->told_peer ? "true" : "false");
	say(args, MEMBER_CHANGED, "live", member->told_live ? "true" : "false");
	if (member->refused)
		say(args, MEMBER_CHANGED, "refused",
		    wgd_mesh_refused_str(member->refused));
	nb_notification_send(MEMBER_CHANGED, args);
	return 0;
}

int wgd_nb_path_changed(const struct wgd_mesh *m,
			const struct wgd_mesh_member *member)
{
	struct list *args = about(m, PATH_CHANGED);
	enum wg_path_state state = wgd_path_state(member);
	char number[16];

	snprintf(number, sizeof(number), "%u", member->number);
	say(args, PATH_CHANGED, "member", member->name);
	say(args, PATH_CHANGED, "number", number);
	say(args, PATH_CHANGED, "path", wg_path_state_str(state));
	if (state != WG_PATH_DIRECT)
		say(args, PATH_CHANGED, "path-reason",
		    wg_path_why_str(wgd_path_why(member)));
	nb_notification_send(PATH_CHANGED, args);
	return 0;
}

int wgd_nb_alarm_changed(const struct wgd_mesh *m, const struct wg_alarm *a,
			 bool raised)
{
	struct list *args = about(m, ALARM_CHANGED);

	say(args, ALARM_CHANGED, "kind", wg_alarm_kind_str(a->kind));
	say(args, ALARM_CHANGED, "raised", raised ? "true" : "false");
	if (a->subject[0])
		say(args, ALARM_CHANGED, "member", a->subject);
	say(args, ALARM_CHANGED, "text", a->text);
	nb_notification_send(ALARM_CHANGED, args);
	return 0;
}
