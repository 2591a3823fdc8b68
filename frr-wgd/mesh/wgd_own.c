// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ourselves, as the map has us: what makes us a hub, whether our record is ours
 * (lib/core/wg_clone.h), and our state.
 *
 * The state is of two parts.  How far we reach is what is seen of hubs:
 *
 *               a hub is connected            none for ISOLATED_MS
 *     JOINING ----------------------> CONNECTED --------------------> ISOLATED
 *         |                               ^           a hub is connected |
 *         |                               +------------------------------+
 *         +-- we have been in this mesh, and there is none for ISOLATED_MS --^
 *
 * What is against us by the map, the clock or a clone stands above that, the
 * worst first: revoked, expired, disputed, cloned.  Who was revoked is seldom
 * told by the map, since all left it at once; a door says so.  The state
 * changes nothing that we do: whether a member is one is the others' to decide,
 * and a door may lie.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_own.h"
#include "lib/core/wg_door_msg.h"

#define ISOLATED_MS 15000 /* without a hub */

static void look(const struct wgd_mesh *m, struct wg_directory_who *ret)
{
	wg_directory_who(wgd_map_directory(m->map), m->self->number, ret);
}

void wgd_own_begin(struct wgd_mesh *m)
{
	struct wg_directory_who who;

	look(m, &who);
	m->clone = (struct wg_clone){.began = wgd_now_ms()};
	m->hub_seen_ms = wgd_now_ms();
	m->was_in = who.record;
	if (who.record)
		wgd_own_said(m, who.record);
}

void wgd_own_certificate(struct wgd_mesh *m)
{
	const uint8_t *c = wgd_mesh_certificate(m);
	uint8_t hub = wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_HUB
			      ? wg_item_number(c, WG_ITEM_HUB_NUMBER)
			      : 0;
	size_t i;

	/* all have relay addresses by it */
	for (i = 0; hub != m->hub && i < m->n_members; i++)
		m->members[i]->changed = true;
	m->hub = hub;
}

/* --- our record */

void wgd_own_said(struct wgd_mesh *m, const uint8_t *record)
{
	uint8_t hash[WG_DIRECTORY_HASH];

	wg_sign_hash(record, hash);
	wg_clone_ours(&m->clone, hash);
}

/* Else another machine is in our place, by an invite or answer of its own. */
static bool is_our_identity(const struct wgd_mesh *m, const uint8_t *identity)
{
	return identity && memcmp(identity, wg_signkey_public(m->self->identity),
				  WG_KEY_LEN) == 0;
}

bool wgd_own_may_say(struct wgd_mesh *m)
{
	int64_t now = wgd_now_ms();
	uint8_t hash[WG_DIRECTORY_HASH];
	struct wg_directory_who who;
	enum wg_clone_found found;

	look(m, &who);
	if (!is_our_identity(m, who.identity))
		return false;
	if (who.record)
		wg_sign_hash(who.record, hash);
	found = wg_clone_look(&m->clone, who.record ? hash : NULL,
			      wgd_exchange_is_synced(m->exchange), now);
	switch (found) {
	case WG_CLONE_NONE:
		return true;
	case WG_CLONE_PAST:
		zlog_notice(
			"%s: mesh %s: others have a later record of us than our disk: we go above it",
			m->wif->name, m->self->name);
		break;
	case WG_CLONE_CLONE:
	case WG_CLONE_CALM:
		wgd_alarm_happened(
			m, WG_ALARM_CLONED, NULL,
			"another machine has our identity: it signed a record of us");
		wgd_knock_calm(m, wg_clone_due(&m->clone));
		wgd_mesh_act_at(m, wg_clone_due(&m->clone));
		break;
	}
	m->floor = MAX(m->floor, wg_item_number(who.record, WG_ITEM_SEQUENCE));
	return found != WG_CLONE_CALM;
}

/* --- our state */

bool wgd_own_is_void(const struct wgd_mesh *m)
{
	const uint8_t *c = m->self->certificate.b;
	const struct wg_directory *dir = wgd_map_directory(m->map);
	struct wg_directory_who who;

	look(m, &who);
	if (who.newest)
		return false;
	return wg_item_number(c, WG_ITEM_SERIAL) <
		       wg_directory_least_serial(dir, m->self->number) ||
	       wg_item_number(c, WG_ITEM_AUTHORITY_NUMBER) <
		       wg_directory_least_authority(dir);
}

static bool says(const struct wgd_mesh *m, enum wg_door_why what)
{
	const char *why = wgd_knock_why(m);

	return why && strmatch(why, wg_door_why_str(what));
}

/* What is against us; NULL: nothing. */
static const char *against(const struct wgd_mesh *m, enum wgd_mesh_state *ret)
{
	struct wg_wall wall = wgd_mesh_wall(m);
	struct wg_directory_who who;

	look(m, &who);
	if (wgd_own_is_void(m)) {
		*ret = WGD_MESH_REVOKED;
		return "our certificate is void";
	}
	if (wg_wall_end(&wall, wg_item_number(wgd_mesh_certificate(m),
					      WG_ITEM_UNTIL)) == WG_WALL_OVER) {
		*ret = WGD_MESH_EXPIRED;
		return "our certificate ended over 30 days ago";
	}
	if (!who.present && who.votes == WG_VOTES_DISPUTED) {
		*ret = WGD_MESH_DISPUTED;
		return "hubs do not agree who came with our invite";
	}
	/* while no hub answers: what a door says is all that is known */
	if (m->reach != WGD_MESH_CONNECTED && says(m, WG_DOOR_REVOKED)) {
		*ret = WGD_MESH_REVOKED;
		return "a hub's door says so";
	}
	if (m->reach != WGD_MESH_CONNECTED && says(m, WG_DOOR_DISPUTED)) {
		*ret = WGD_MESH_DISPUTED;
		return "a hub's door says so";
	}
	if (wg_clone_stands(&m->clone, wgd_now_ms())) {
		*ret = WGD_MESH_CLONED;
		return "another machine has our identity";
	}
	return NULL;
}

/* How far we reach. */
static void find_reach(struct wgd_mesh *m)
{
	bool has_hub = m->is_hub || wgd_exchange_has_hub(m->exchange);
	int64_t now = wgd_now_ms();

	/* we are called when it goes, not while it is there */
	if (has_hub || m->had_hub)
		m->hub_seen_ms = now;
	m->had_hub = has_hub;
	if (has_hub) {
		if (!wgd_mesh_awaits_witness(m))
			wgd_self_redeemed(m->self);
		m->reach = WGD_MESH_CONNECTED;
	} else if (m->reach == WGD_MESH_CONNECTED ||
		   (m->reach == WGD_MESH_JOINING && m->was_in)) {
		if (now - m->hub_seen_ms >= ISOLATED_MS)
			m->reach = WGD_MESH_ISOLATED;
		else
			wgd_mesh_act_at(m, m->hub_seen_ms + ISOLATED_MS);
	}
}

static void set_state(struct wgd_mesh *m, enum wgd_mesh_state state,
		      const char *why)
{
	if (m->state == state)
		return;
	zlog_notice("%s: mesh %s: %s, was %s%s%s", m->wif->name, m->self->name,
		    wgd_mesh_state_str(state), wgd_mesh_state_str(m->state),
		    why ? ": " : "", why ?: "");
	m->state = state;
}

void wgd_own_state(struct wgd_mesh *m)
{
	enum wgd_mesh_state state;
	const char *why;

	find_reach(m);
	state = m->reach;
	why = against(m, &state);
	if (!why && state == WGD_MESH_ISOLATED)
		why = "no hub answers";
	set_state(m, state, why);
}
