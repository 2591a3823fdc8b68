// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a mesh, and all order in it.
 *
 * Whatever happens (an item, a connection, a line of configuration, a timer)
 * only marks the mesh; act() looks at what is: who are we, what do we say of
 * ourselves, what did the map get, which peers follow from it, whom do we talk
 * to.  So a restart, another key and another certificate are no cases of their
 * own.
 *
 * Until it is known who we are there is no map, no peer and no connection; what
 * the device has of an earlier life stays.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_alarm_look.h"
#include "frr-wgd/mesh/wgd_demand.h"
#include "frr-wgd/mesh/wgd_door.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_inbox.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/mesh/wgd_mesh_routes.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_own.h"
#include "frr-wgd/mesh/wgd_path_do.h"
#include "frr-wgd/mesh/wgd_probe.h"
#include "frr-wgd/mesh/wgd_putback.h"
#include "frr-wgd/underlay/wgd_relay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MESH, "WireGuard mesh");

#define AGAIN_MS 10000	 /* to look for an invite */
#define TRY_MS 1000	 /* ... that cannot be read */
#define LOOK_MS 60000	 /* at the clock */
#define AWAIT_MS 1000

/* --- what we say of ourselves */

static size_t announced(const struct wgd_mesh *m, const uint8_t *c,
			struct wg_prefix *ret, size_t room)
{
	const struct wgd_mesh_conf *conf = &m->wif->conf.mesh;
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at = 0, n = 0;

	if (conf->n_announced) {
		n = MIN(conf->n_announced, room);
		memcpy(ret, conf->announced, n * sizeof(*ret));
		return n;
	}
	while (n < room && wg_item_next(c, &at, &tlv)) {
		if (tlv.type != WG_ITEM_PREFIX4 && tlv.type != WG_ITEM_PREFIX6)
			continue;
		wg_item_value_get(&tlv, &v);
		if (v.prefix.prefix.len)
			ret[n++] = v.prefix.prefix;
	}
	return n;
}

/* Our record in the map is what it should be. */
static void say(struct wgd_mesh *m)
{
	const struct wgd_mesh_conf *conf = &m->wif->conf.mesh;
	const struct wg_key *pub = wgd_key_public(m->wif);
	struct wg_prefix prefixes[WGD_MESH_ANNOUNCED_MAX];
	struct wgd_self_says says = {.announced = prefixes};
	struct wgd_map_item item = {.from = "us"};
	struct wg_directory_who who;
	struct wgd_self_item record;

	if (!wgd_own_may_say(m))
		return;
	wg_directory_who(wgd_map_directory(m->map), m->self->number, &who);
	if (!m->wif->port || !pub ||
	    !wg_key_same(pub, wg_signkey_x25519(m->self->wg)))
		return;
	says.port = m->wif->port;
	says.door_port = m->is_hub ? conf->door : 0;
	says.endpoints = conf->endpoints;
	says.n_endpoints = conf->n_endpoints;
	says.n_announced = announced(m, who.present, prefixes,
				     array_size(prefixes));
	if (!wgd_mesh_next_sequence(m, 0, &says.sequence) ||
	    wgd_self_record(m->self, &says, &record) < 0 ||
	    (who.record && wgd_self_says_same(who.record, record.b) &&
	     wg_item_number(who.record, WG_ITEM_SEQUENCE) > m->floor))
		return;
	wgd_self_sign(m->self, &record);
	item.b = record.b;
	item.len = record.len;
	if (wgd_map_take(m->map, &item) == WG_EXCHANGE_PUT)
		wgd_own_said(m, record.b);
}

/* --- who we are */

static void put_certificate(struct wgd_mesh *m)
{
	struct wgd_map_item item = {.b = m->self->certificate.b,
				    .len = m->self->certificate.len,
				    .from = "the keeper"};

	wgd_map_take(m->map, &item);
}

static void take_certificate(struct wgd_mesh *m)
{
	put_certificate(m);
	wgd_own_certificate(m);
	m->is_hub = m->hub && m->wif->conf.mesh.hub;
}

/* Lines or a renewed certificate make us a hub, or none any more. */
static bool hub_changed(const struct wgd_mesh *m)
{
	return m->map && m->is_hub != (m->hub && m->wif->conf.mesh.hub);
}

/*
 * Another invite or answer, for a member that is one already.  The mesh is made
 * anew, from files, where it makes us another member.
 */
static void know_anew(struct wgd_mesh *m)
{
	struct wgd_self *self = m->self;
	uint32_t number = self->number;
	bool is_brought = wgd_self_is_brought(self);

	if (wgd_now_ms() - m->tried_ms < TRY_MS) {
		wgd_mesh_act_in(m, TRY_MS);
		return;
	}
	m->tried_ms = wgd_now_ms();
	if (wgd_self_load(self) < 0) {
		wgd_mesh_act_in(m, AGAIN_MS);
		return;
	}
	if (!is_brought)
		return;
	zlog_notice("%s: mesh %s: another invite or answer is taken: we are member %u",
		    m->wif->name, self->name, self->number);
	if (number != self->number) {
		m->is_stale = true;
		return;
	}
	m->floor = 0; /* of what may be another identity's */
	put_certificate(m);
	wgd_knock_again(m);
}

static bool know(struct wgd_mesh *m)
{
	struct wg_hash_of of = {
		.word = "relay",
		.part = {{m->self->mesh.mesh, WG_ITEM_MESH_LEN}}};
	uint8_t hash[WG_ITEM_HASH_LEN];
	char path[PATH_MAX];

	wgd_inbox_watch();
	if (m->map) {
		if (wgd_self_is_brought(m->self) || m->self->reason)
			know_anew(m);
		return true;
	}
	if (wgd_self_load(m->self) < 0 || !wgd_self_is_known(m->self)) {
		wgd_mesh_act_in(m, AGAIN_MS);
		return false;
	}
	wg_hash(&of, hash, sizeof(hash));
	memcpy(m->relay_hash, hash, sizeof(m->relay_hash));
	m->self->mesh.maximum = m->wif->conf.mesh.maximum;
	wgd_self_file(m->self->name, "items", path, sizeof(path));
	m->map = wgd_map_new(path, &m->self->mesh, &m->drops);
	wgd_map_load(m->map);
	m->shared.dir = wgd_map_directory(m->map);
	wgd_own_begin(m);
	take_certificate(m);
	m->exchange = wgd_exchange_new(m);
	wgd_hello_new(m);
	wgd_demand_new(m);
	wgd_probe_new(m);
	wgd_path_begin(m);
	wgd_members_update(m);
	wgd_door_new(m);
	wgd_knock_new(m);
	zlog_notice("%s: mesh %s: we are member %u", m->wif->name,
		    m->self->name, m->self->number);
	return true;
}

/* --- acting */

/* Who is connected to us is so; of others hubs tell. */
static void see_connected(struct wgd_mesh *m)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->is_hub || m->members[i]->hub)
			m->members[i]->connected = wgd_exchange_is_live(
				m->exchange, m->members[i]->number);
	wgd_hubs_see(m);
}

/* The relay's rules and routes: by all hubs that there are. */
static void keep_relay(struct wgd_mesh *m)
{
	struct wgd_if *wif = m->wif;
	const struct interface *outer;
	struct wg_relay own = wgd_mesh_relay(m);

	own.mtu = wif->conf.mtu ?: wgd_underlay_mtu(wif, &outer);
	own.ifindex = wif->state == WGD_IF_SYNCED ? wif->link->ifindex : 0;
	strlcpy(own.ifname, wif->name, sizeof(own.ifname));
	wgd_relay_set(wif, &own);
	if (!m->has_relay)
		wgd_underlay_if(wif); /* whose endpoints are relays */
	m->has_relay = true;
}

/*
 * After our start the map may be older than the device, or lost: until it is
 * that of a hub and its members are peers, or for the stale time, others stay, and
 * zebra keeps routes that this life has not told again.
 */
static void settle(struct wgd_mesh *m)
{
	if (!m->wif->awaits_peers)
		return;
	if (wgd_now_ms() - m->began_ms < wgd.stale_time * 1000 &&
	    !(m->map && wgd_exchange_is_synced(m->exchange) &&
	      wgd_hubs_are_heard(m))) {
		wgd_mesh_act_in(m, AWAIT_MS);
		return;
	}
	m->wif->awaits_peers = false;
	wgd_attach_strangers(m->wif);
	wgd_if_kick(m->wif);
	wgd_turn_mark();
}

/* Once, as long as it is so. */
static void warn(struct wgd_mesh *m)
{
	char buf[WGD_MESH_WARNING];
	const char *warning = wgd_mesh_warning(m, buf);

	if (warning && !m->is_warned_of)
		zlog_warn("%s: mesh: %s", m->wif->name, warning);
	m->is_warned_of = warning;
}

static void act(struct event *t)
{
	struct wgd_mesh *m = EVENT_ARG(t);

	wgd_mesh_act_in(m, LOOK_MS);
	if (!know(m)) {
		settle(m);
		return;
	}
	wgd_own_certificate(m);
	if (m->is_stale || hub_changed(m)) {
		wgd_mesh_configure(m->wif); /* M ends, and a new one begins */
		return;
	}
	say(m);
	wgd_exchange_flush(m->exchange);
	see_connected(m);
	wgd_members_update(m);
	keep_relay(m);
	wgd_exchange_look(m->exchange);
	wgd_hello_look(m);
	wgd_demand_look(m);
	wgd_probe_look(m);
	wgd_path_look(m);
	wgd_door_look(m);
	wgd_knock_look(m);
	wgd_mesh_routes(m);
	wgd_own_state(m);
	settle(m);
	wgd_alarm_look(m);
	warn(m);
}

/* --- life */

static void mesh_free(struct wgd_mesh *m)
{
	event_cancel(&m->t_act);
	event_cancel(&m->t_tick);
	wgd_knock_delete(m);
	wgd_door_delete(m);
	wgd_path_delete(m);
	wgd_demand_delete(m);
	wgd_probe_delete(m);
	wgd_hello_delete(m);
	wgd_exchange_delete(&m->exchange);
	wgd_map_delete(&m->map);
	wgd_self_delete(&m->self);
	wgd_alarm_delete(m);
	wgd_mesh_remove(m);
	m->wif->mesh = NULL;
	XFREE(MTYPE_WGD_MESH, m);
}

void wgd_mesh_delete(struct wgd_if *wif)
{
	struct wgd_mesh *m = wif->mesh;

	if (!m)
		return;
	wgd_mesh_routes_end(m);
	wgd_members_finish(m);
	wgd_relay_forget_if(wif, false);
	wif->awaits_peers = false;
	wgd_attach_strangers(wif);
	mesh_free(m);
}

void wgd_mesh_finish(void)
{
	struct wgd_mesh *m;

	while ((m = wgd_mesh_first())) {
		wgd_mesh_routes_lost(m); /* they stay, as the device does */
		wgd_members_forget(m);
		mesh_free(m);
	}
	wgd_inbox_finish();
}

void wgd_mesh_configure(struct wgd_if *wif)
{
	const char *name = wif->conf.mesh.name;
	struct wgd_mesh *m = wif->mesh;
	bool was_new = false;

	if (m && (!name || !strmatch(name, m->self->name) || m->is_stale ||
		  hub_changed(m))) {
		was_new = m->self->is_new && name &&
			  strmatch(name, m->self->name);
		wgd_mesh_delete(wif);
		m = NULL;
	}
	if (!name)
		return;
	if (!m) {
		m = XCALLOC(MTYPE_WGD_MESH, sizeof(*m));
		m->wif = wif;
		m->act = act;
		m->began_ms = wgd_now_ms();
		wif->awaits_peers = true;
		wgd_attach_strangers(wif);
		m->self = wgd_self_new(wif->name, name);
		m->self->is_new = was_new;
		m->drops.ifname = wif->name;
		wgd_alarm_new(m);
		wgd_mesh_add(m);
		wif->mesh = m;
	}
	wgd_mesh_act(m);
}

/* Why a file was not taken. */
static void say_why(const struct wgd_mesh *m, int rc, uint32_t number,
		    char *ret, size_t len)
{
	const struct wgd_mesh_member *member = wgd_mesh_member(m, number);

	if (rc == -ESTALE)
		snprintf(ret, len, "older than ours (%u)", number);
	else if (rc == -EPERM)
		snprintf(ret, len,
			 "its list forgets that member %u%s%s is revoked: was the keeper's folder put back from a backup? To let it in again: force",
			 number, member ? ", " : "",
			 member ? member->name : "");
	else
		snprintf(ret, len, "%s",
			 rc == -EFBIG ? "is no file, or too large"
				      : safe_strerror(-rc));
}

int wgd_mesh_load(struct wgd_if *wif, const char *file, bool force,
		  char *answer, size_t len)
{
	struct wgd_mesh *m = wif->mesh;
	uint32_t number = 0;
	char why[256];
	int n;

	if (!m->map) {
		snprintf(answer, len, "%s is in no mesh yet: %s", wif->name,
			 m->self->reason ?: "nothing was loaded");
		return -EAGAIN;
	}
	n = wgd_map_load_from(m->map, file, force, &number);
	if (n < 0) {
		say_why(m, n, number, why, sizeof(why));
		snprintf(answer, len, "%s: %s", file, why);
	} else if (!n)
		snprintf(answer, len, "%s: nothing in it is new", file);
	else
		snprintf(answer, len, "%s: applied %d items", file, n);
	wgd_mesh_act(m);
	return n;
}

bool wgd_mesh_is_awaited(void)
{
	wgd_each_mesh (m)
		if (m->wif->awaits_peers && m->wif->conf.mesh.routes)
			return true;
	return false;
}

void wgd_mesh_zebra_up(void)
{
	wgd_each_mesh (m) {
		wgd_mesh_routes_lost(m);
		wgd_mesh_act(m);
	}
}

void wgd_mesh_address_told(void)
{
	wgd_each_mesh (m)
		wgd_mesh_act(m);
}

void wgd_mesh_device(struct wgd_if *wif)
{
	if (!wif->mesh)
		return;
	wgd_putback_read(wif->mesh);
	wgd_mesh_act(wif->mesh);
}

void wgd_mesh_applied(struct wgd_if *wif)
{
	if (wif->mesh)
		wgd_door_applied(wif->mesh);
}
