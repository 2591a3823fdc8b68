// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Members become peers.
 *
 * What a member is follows from the map alone, so all that have the same map
 * have the same peers with the same AllowedIPs: its present certificate gives
 * name, addresses and prefixes, its record the key.  Where two members have one
 * name, address, key or hub number the lower member number has it.  Where a
 * peer's endpoint is, and who is connected, never changes what it owns.
 *
 * As with lines of configuration, everything that goes is taken away first from
 * all peers, and then everything that comes is given: so a name or an address
 * can move between members.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/mesh/wgd_gone.h"
#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_judge.h"
#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/mesh/wgd_probe.h"
#include "frr-wgd/mesh/wgd_path.h"
#include "frr-wgd/mesh/wgd_rivals.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/peer/wgd_live.h"
#include "lib/backend/wg_keys.h"
#include "lib/core/wg_relay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MEMBER, "WireGuard mesh member's facts");

#define KEEPALIVE_S 25

/* --- what the map says of one */

static void read_certificate(struct wgd_mesh_member *member, const uint8_t *c)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at = 0, n = 0;

	member->serial = wg_item_number(c, WG_ITEM_SERIAL);
	member->until = wg_item_number(c, WG_ITEM_UNTIL);
	member->hub = wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_HUB
			      ? wg_item_number(c, WG_ITEM_HUB_NUMBER)
			      : 0;
	member->n_addresses = 0;
	XFREE(MTYPE_WGD_MEMBER, member->certified);
	member->certified = XCALLOC(MTYPE_WGD_MEMBER,
				    (wg_item_count(c, WG_ITEM_PREFIX4) +
				     wg_item_count(c, WG_ITEM_PREFIX6) + 1) *
					    sizeof(*member->certified));
	while (wg_item_next(c, &at, &tlv)) {
		wg_item_value_get(&tlv, &v);
		switch (tlv.type) {
		case WG_ITEM_NAME:
			memcpy(member->name, v.bytes.b, v.bytes.len);
			member->name[v.bytes.len] = '\0';
			break;
		case WG_ITEM_ADDRESS4:
		case WG_ITEM_ADDRESS6:
			member->addresses[member->n_addresses++] =
				v.address.addr;
			break;
		case WG_ITEM_PREFIX4:
		case WG_ITEM_PREFIX6:
			member->certified[n].prefix = v.prefix.prefix;
			member->certified[n++].longest = v.prefix.longest;
			break;
		}
	}
	member->n_certified = n;
}

/*
 * Not if it is a crowd's, nor in RELAY: what is sealed for a hub that says that
 * it is there would be sealed for it once more, without end.  What a name
 * stands for is judged alike, in wgd_name.c.
 */
static void read_place(const struct wgd_mesh *m, struct wgd_mesh_member *member,
		       const struct wg_item_value *v)
{
	struct wgd_mesh_at *at = &member->places[member->n_places];
	struct wg_addr addr;

	at->port = v->endpoint.port;
	if (v->type != WG_ITEM_ENDPOINT_NAME)
		wg_addr_str(&v->endpoint.addr, at->host);
	else
		snprintf(at->host, sizeof(at->host), "%.*s",
			 (int)v->endpoint.host.len, v->endpoint.host.b);
	if (wg_addr_parse(at->host, &addr) < 0 ||
	    !(wg_addr_unfit(&addr, WG_USE_ENDPOINT) ||
	      wg_relay_is_inside(m->relay_hash, &addr)))
		member->n_places++;
}

/* The WireGuard key that the record or door record has, and what follows. */
static void read_key(struct wgd_mesh *m, struct wgd_mesh_member *member,
		     const uint8_t *item)
{
	struct wg_key was = member->key;
	struct wg_addr linklocal;

	member->port = wg_item_number(item, WG_ITEM_PORT);
	if (wg_sign_x25519(wg_item_bytes(item, WG_ITEM_WG_KEY), &member->key) ==
	    0) {
		if (!wg_key_same(&was, &member->key))
			wgd_path_new_key(m, member);
		wg_key_linklocal(&member->key, &linklocal);
		wgd_mesh_set_linklocal(m, member, &linklocal);
	}
}

static void read_record(struct wgd_mesh *m, struct wgd_mesh_member *member,
			const uint8_t *r)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at = 0, n = 0;

	member->sequence = wg_item_number(r, WG_ITEM_SEQUENCE);
	read_key(m, member, r);
	member->door_port = wg_item_number(r, WG_ITEM_DOOR_PORT);
	member->n_places = 0;
	XFREE(MTYPE_WGD_MEMBER, member->places);
	n = wg_item_count(r, WG_ITEM_ENDPOINT4) +
	    wg_item_count(r, WG_ITEM_ENDPOINT6) +
	    wg_item_count(r, WG_ITEM_ENDPOINT_NAME);
	if (n)
		member->places = XCALLOC(MTYPE_WGD_MEMBER,
					 n * sizeof(*member->places));
	n = 0;
	XFREE(MTYPE_WGD_MEMBER, member->announced);
	member->announced = XCALLOC(MTYPE_WGD_MEMBER,
				    (wg_item_count(r, WG_ITEM_ANNOUNCED4) +
				     wg_item_count(r, WG_ITEM_ANNOUNCED6) + 1) *
					    sizeof(*member->announced));
	while (wg_item_next(r, &at, &tlv)) {
		wg_item_value_get(&tlv, &v);
		switch (tlv.type) {
		case WG_ITEM_ENDPOINT4:
		case WG_ITEM_ENDPOINT6:
			read_place(m, member, &v);
			break;
		case WG_ITEM_ENDPOINT_NAME:
			if (member->hub) /* a site's would make us ask DNS */
				read_place(m, member, &v);
			break;
		case WG_ITEM_ANNOUNCED4:
		case WG_ITEM_ANNOUNCED6:
			member->announced[n++] = v.announced.prefix;
			break;
		}
	}
	member->n_announced = n;
}

/* What an earlier identity said of itself is nobody's. */
static void forget_record(struct wgd_mesh_member *member)
{
	member->n_places = member->n_announced = member->door_port = 0;
	member->sequence = 0;
}

static struct wgd_mesh_member *member_get(struct wgd_mesh *m, uint32_t number)
{
	struct wgd_mesh_member *member = wgd_mesh_member(m, number);
	size_t i;

	if (member)
		return member;
	member = XCALLOC(MTYPE_WGD_MEMBER, sizeof(*member));
	member->number = number;
	wgd_hello_met(member);
	if (m->n_members == m->room_members) {
		m->room_members = m->room_members ? 2 * m->room_members : 16;
		m->members = XREALLOC(MTYPE_WGD_MEMBER, m->members,
				      m->room_members * sizeof(*m->members));
	}
	for (i = m->n_members; i && m->members[i - 1]->number > number; i--)
		m->members[i] = m->members[i - 1];
	m->members[i] = member;
	m->n_members++;
	return member;
}

static void member_free(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	static const struct wg_addr none;
	size_t i;

	wgd_mesh_set_linklocal(m, member, &none);
	wgd_path_forget(m, member);
	wgd_hello_forget(m, member);
	for (i = 0; m->members[i] != member; i++)
		;
	m->n_members--;
	memmove(m->members + i, m->members + i + 1,
		(m->n_members - i) * sizeof(*m->members));
	wgd_probe_forget(member);
	XFREE(MTYPE_WGD_MEMBER, member->places);
	XFREE(MTYPE_WGD_MEMBER, member->met);
	XFREE(MTYPE_WGD_MEMBER, member->door_record);
	XFREE(MTYPE_WGD_MEMBER, member->certified);
	XFREE(MTYPE_WGD_MEMBER, member->announced);
	XFREE(MTYPE_WGD_MEMBER, member);
}

/* A door record is good until a record of its sequence or later. */
static void read_door_record(struct wgd_mesh *m, struct wgd_mesh_member *member,
			     const struct wg_directory_who *who)
{
	const uint8_t *d = member->door_record;

	if (!d || !who->identity)
		return;
	if (who->record && wg_item_number(who->record, WG_ITEM_SEQUENCE) >=
				   wg_item_number(d, WG_ITEM_SEQUENCE))
		XFREE(MTYPE_WGD_MEMBER, member->door_record);
	else
		read_key(m, member, d);
}

static void look(struct wgd_mesh *m, uint32_t number)
{
	const struct wg_directory *dir = wgd_map_directory(m->map);
	struct wgd_mesh_member *member;
	struct wg_directory_who who;
	const uint8_t *c;

	if (number == m->self->number)
		return;
	wg_directory_who(dir, number, &who);
	c = who.present ?: who.newest;
	member = c ? member_get(m, number) : wgd_mesh_member(m, number);
	if (!member)
		return;
	member->changed = true;
	if (!c) {
		wgd_gone_look(m, member);
		member->refused = wgd_judge_gone(m, member);
		member->serial = 0; /* gone: see sweep() */
		return;
	}
	wgd_gone_back(m, number);
	read_certificate(member, c);
	if (who.identity &&
	    memcmp(member->identity, who.identity, WG_KEY_LEN) != 0) {
		if (!wg_key_is_zero((struct wg_key *)member->identity))
			XFREE(MTYPE_WGD_MEMBER, member->door_record);
		memcpy(member->identity, who.identity, WG_KEY_LEN);
	}
	m->doors_changed |= member->hub != 0;
	if (who.record)
		read_record(m, member, who.record);
	else
		forget_record(member);
	read_door_record(m, member, &who);
	member->refused = wgd_judge(m, member, &who);
}

void wgd_members_met(struct wgd_mesh *m, uint32_t number, const uint8_t *record,
		     const struct wgd_mesh_at *at)
{
	struct wgd_mesh_member *member = member_get(m, number);

	XFREE(MTYPE_WGD_MEMBER, member->door_record);
	member->door_record = XMALLOC(MTYPE_WGD_MEMBER, wg_item_len(record));
	memcpy(member->door_record, record, wg_item_len(record));
	if (at && !member->met)
		member->met = XMALLOC(MTYPE_WGD_MEMBER, sizeof(*member->met));
	if (at)
		*member->met = *at;
	look(m, number);
	m->met = true;
}

/* --- a peer of it */

/* What the map and the relay make of the peer; memory of the caller. */
struct made {
	struct wg_prefix relay;
	char host[WG_ADDR_STRLEN];
};

static void make(const struct wgd_mesh *m, const struct wgd_mesh_member *member,
		 struct wgd_peer_conf *conf, struct made *made)
{
	struct wg_relay own = {.hub = m->is_hub ? m->hub : 0,
			       .member = m->self->number};
	struct wg_relay_peer peer = {.hub = member->hub,
				     .member = member->number,
				     .port = member->port};
	struct wg_addr at;

	memcpy(own.hash, m->relay_hash, sizeof(own.hash));
	conf->key = member->key;
	conf->has_key = true;
	conf->host = NULL;
	conf->addresses = (struct wg_addr *)member->addresses;
	conf->n_addresses = member->n_addresses;
	conf->n_statics = wg_relay_allowed(&own, &peer, &made->relay);
	conf->statics = &made->relay;
	if (member->hub && (member->met || member->n_places)) {
		const struct wgd_mesh_at *place =
			member->n_places ? &member->places[0] : member->met;

		conf->host = place->host;
		conf->port = place->port;
		/* of two hubs only one may know where the other is */
		conf->keepalive = KEEPALIVE_S;
	} else if (!member->hub && !m->is_hub && member->relay) {
		at = wg_relay_addr(own.hash, member->relay, member->number);
		conf->host = wg_addr_str(&at, made->host);
		conf->port = member->port;
	}
}

/* What the operator's lines say of the peer, as it has it now. */
static void lines_of(const struct wgd_peer *p, struct wgd_peer_conf *conf)
{
	struct wgd_live_bfd bfd;

	memset(conf, 0, sizeof(*conf));
	if (!p->lined)
		return;
	conf->description = p->conf.description;
	conf->plist[0] = p->conf.plist[0];
	conf->plist[1] = p->conf.plist[1];
	conf->maximum = p->conf.maximum;
	conf->announce = p->conf.announce;
	conf->shutdown = p->conf.shutdown;
	conf->bfd = wgd_live_bfd(p->live, &bfd);
	conf->bfd_profile = conf->bfd ? bfd.profile : NULL;
}

/* Has it lines that no member's peer may have? */
static bool is_own(const struct wgd_peer_conf *lines)
{
	return lines->has_key || lines->n_addresses || lines->n_statics ||
	       lines->host || lines->psk_file || lines->keepalive;
}

/* The peer is the operator's, or goes, and the member is none any more. */
static void part(struct wgd_mesh_member *member)
{
	wgd_path_forget(member->peer->wif->mesh, member);
	wg_peer_set_certificate(member->peer->peer, NULL);
	wg_peer_set_announced(member->peer->peer, NULL, 0);
	member->peer = NULL;
}

bool wgd_members_complete(struct wgd_peer *p, struct wgd_peer_conf *conf)
{
	static struct made made;
	const struct wgd_mesh_member *member = wgd_mesh_member_of(p);

	if (!member)
		return false;
	if (is_own(conf)) {
		part(wgd_mesh_member(p->wif->mesh, member->number));
		return false;
	}
	make(p->wif->mesh, member, conf, &made);
	return true;
}

/* A peer that has lines of its own, which no member may have. */
static bool is_taken(const struct wgd_mesh_member *member, struct wgd_if *wif)
{
	const struct wgd_peer *p = wgd_peer_find(wif, member->name);

	return p && p != member->peer &&
	       (p->conf.has_key || p->conf.n_addresses || p->conf.n_statics ||
		p->conf.host || p->conf.psk_file || p->conf.keepalive);
}

static void withdraw(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	struct wgd_peer_conf conf;
	struct wgd_peer *p = member->peer;
	struct made made;
	bool stays;

	if (!p)
		return;
	stays = !member->refused &&
		strmatch(wg_peer_name(p->peer), member->name);
	lines_of(p, &conf);
	if (stays)
		make(m, member, &conf, &made);
	wgd_peer_withdraw(p, &conf);
	if (stays)
		return;
	zlog_info("%s: mesh: member %s is no peer any more%s%s", m->wif->name,
		  wg_peer_name(p->peer), member->refused ? ": " : "",
		  wgd_mesh_refused_str(member->refused));
	part(member);
	if (p->lined)
		wgd_peer_configure(p, &conf);
	else
		wgd_peer_delete(p);
}

static void give(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	struct wg_certificate cert = {
		.number = member->number,
		.certified = member->certified,
		.n_certified = member->n_certified,
	};
	struct wgd_peer_conf conf;
	struct made made;
	struct wgd_peer *p;

	if (member->refused ||
	    (!member->peer && wgd_hubs_is_awaited(m, member)))
		return;
	if (!member->peer)
		zlog_info("%s: mesh: member %s is a peer", m->wif->name,
			  member->name);
	p = member->peer = wgd_peer_get(m->wif, member->name);
	lines_of(p, &conf);
	make(m, member, &conf, &made);
	wg_peer_set_certificate(p->peer, &cert);
	wg_peer_set_announced(p->peer, member->announced, member->n_announced);
	wg_peer_set_live(p->peer, member->connected);
	wgd_peer_configure(p, &conf);
	if (member->resend)
		wg_peer_resend_endpoint(p->peer);
	member->resend = false;
	wgd_announce_peer(p, false);
}

/* --- all */

/* Gone from the map, and no peer. */
static void sweep(struct wgd_mesh *m)
{
	size_t i;

	for (i = m->n_members; i--;)
		if (!m->members[i]->serial && !m->members[i]->peer)
			member_free(m, m->members[i]);
}

/* What of the map changed; a list is what all sites wait for. */
static bool look_at_changed(struct wgd_mesh *m)
{
	bool has_list = wg_directory_list(wgd_map_directory(m->map));
	bool changed = m->met;
	uint32_t number;
	size_t i;

	m->met = false;
	while (wgd_map_next_changed(m->map, &number)) {
		look(m, number);
		changed = true;
	}
	for (i = 0; has_list != m->has_list && i < m->n_members; i++)
		look(m, m->members[i]->number);
	changed |= has_list != m->has_list;
	m->has_list = has_list;
	return changed;
}

/* Whose names do lines of ours have?  True: they are others than before. */
static bool look_at_lines(struct wgd_mesh *m)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		struct wgd_mesh_member *member = m->members[i];

		if (is_taken(member, m->wif) == member->is_name_taken)
			continue;
		member->is_name_taken = !member->is_name_taken;
		member->changed = changed = true;
	}
	return changed;
}

/* Time alone ends a member; and a clock that was set right begins it again. */
static bool look_at_clock(struct wgd_mesh *m)
{
	struct wg_wall wall = wgd_mesh_wall(m);
	bool changed = false;
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (wgd_judge_differs(m->members[i], &wall)) {
			look(m, m->members[i]->number);
			changed = true;
		}
	return changed;
}

void wgd_members_update(struct wgd_mesh *m)
{
	struct wgd_mesh_member *member;
	bool changed = look_at_changed(m);
	size_t i;

	changed |= look_at_clock(m);
	if (look_at_lines(m) || changed)
		wgd_rivals_settle(m);
	wgd_hubs_follow(m);
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->changed)
			withdraw(m, m->members[i]);
	for (i = 0; i < m->n_members; i++) {
		member = m->members[i];
		if (member->changed)
			give(m, member);
		else if (member->peer)
			wg_peer_set_live(member->peer->peer, member->connected);
		member->changed = false;
		wgd_mesh_tell(m, member);
	}
	sweep(m);
	wgd_if_kick(m->wif);
}

void wgd_members_finish(struct wgd_mesh *m)
{
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		m->members[i]->refused = WGD_MESH_NOT_REDEEMED;
		withdraw(m, m->members[i]);
	}
	wgd_members_forget(m);
}

void wgd_members_forget(struct wgd_mesh *m)
{
	while (m->n_members)
		member_free(m, m->members[m->n_members - 1]);
	XFREE(MTYPE_WGD_MEMBER, m->members);
	m->room_members = 0;
	wgd_gone_forget(m);
}
