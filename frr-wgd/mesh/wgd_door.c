// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's door.
 *
 * Who can send to it is everybody.  A datagram that is not for
 * a hub's key costs one hash, and has no answer; one that is gets a cookie of
 * less than its size; only who has that cookie is listened to, LIMIT times a
 * second at most (lib/backend/wg_seal.h).  What it says is checked by
 * lib/core/wg_door.h before anything of it is kept.  In one turn of the loop
 * TURN datagrams are read.  A question that is refused costs its answer and
 * nothing else: the mesh does not act on it.  A member can have us say our
 * record anew, once in 10 s.  It can never make us answer somebody else with
 * more than was asked, nor make a member of whom the authority did not certify.
 *
 * Who is welcome is told so when the device has it as a peer, for WireGuard
 * drops the handshake of a peer that it does not have, and the next one comes 5 s
 * later.  Until then the question waits (wgd_lobby.h).
 *
 * Its packets carry the interface's mark: they never enter a tunnel.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_door.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_lobby.h"
#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "lib/backend/wg_seal.h"
#include "lib/core/wg_bucket.h"
#include "lib/core/wg_door.h"

DEFINE_MTYPE_STATIC(WGD, WGD_DOOR, "WireGuard mesh door");

#define TURN 32

/* Who was let in says that we are older than what it has seen of us. */
static const struct wg_bucket_size floors = {10000, 1};

struct wgd_door {
	struct wgd_mesh *m;
	int fd;
	uint16_t port;
	struct event *t_read;
	struct wg_limit limit;
	struct wg_bucket lines; /* in the log */
	struct wg_seal_door *seal;
	struct wg_door_stats stats;
	struct wg_bucket floors;
	struct wgd_lobby *lobby;
	int64_t began_ms;
	bool is_settled; /* once it is, it stays so */
};

/* --- facts */

static bool same_key(const uint8_t *a, const uint8_t *b)
{
	return memcmp(wg_item_bytes(a, WG_ITEM_KEY),
		      wg_item_bytes(b, WG_ITEM_KEY), WG_KEY_LEN) == 0;
}

/*
 * A hub that was brought into the mesh just now, and was told of no other one,
 * has nothing to wait for.  One that was started again has: other hubs and
 * sites may know of members that an old disk does not.  So has one that came in
 * the place of another: an invite that is older than it may have been used.
 */
static bool is_first(const struct wgd_mesh *m, const uint8_t *certificate)
{
	return m->self->is_new && !wgd_self_knows_doors(m->self) &&
	       !wgd_mesh_has_hub(m) &&
	       wg_item_number(certificate, WG_ITEM_SERIAL) >
		       wg_item_number(m->self->certificate.b, WG_ITEM_SERIAL);
}

/* Maps differ again with each member that comes; we had the others' once. */
static void settle(struct wgd_door *d)
{
	d->is_settled |= wg_door_is_settled(
		d->began_ms, wgd_exchange_has_all(d->m->exchange),
		wgd_now_ms());
}

static void know(struct wgd_door *d, struct wg_door_case *c)
{
	const struct wg_directory *dir = wgd_map_directory(d->m->map);
	const uint8_t *cert = c->question.certificate, *w;
	uint32_t number = wg_item_number(cert, WG_ITEM_MEMBER);
	struct wgd_mesh_member *member = wgd_mesh_member(d->m, number);
	struct wg_wall wall = wgd_mesh_wall(d->m);
	struct wg_door_facts *f = &c->facts;
	struct wg_directory_who who, hub;

	memset(f, 0, sizeof(*f));
	wg_directory_who(dir, d->m->self->number, &hub);
	f->is_ours = hub.hub && memcmp(wg_item_bytes(cert, WG_ITEM_MESH),
				       d->m->self->mesh.mesh,
				       WG_ITEM_MESH_LEN) == 0;
	f->self = d->m->self->number;
	f->now = wg_wall_least(&wall);
	f->clock_is_bad = wg_wall_source(&wall) != WG_WALL_CLOCK;
	settle(d);
	f->is_settled = is_first(d->m, cert) || d->is_settled;
	f->authority = wg_directory_authority(
		dir, wg_item_number(cert, WG_ITEM_AUTHORITY_NUMBER));
	f->revoked_below = wg_directory_least_serial(dir, number);
	f->void_below = wg_directory_least_authority(dir);
	f->own_sequence = wgd_mesh_sequence(d->m);
	wg_directory_who(dir, number, &who);
	f->is_full = !who.newest && wg_directory_members(dir) >=
					    d->m->self->mesh.maximum;
	f->newest = who.newest;
	f->present = who.present;
	f->identity = who.identity;
	f->sequence = who.record ? wg_item_number(who.record, WG_ITEM_SEQUENCE)
				 : 0;
	if (member && member->door_record && who.identity &&
	    memcmp(who.identity, member->identity, WG_KEY_LEN) == 0) {
		f->record = member->door_record;
		f->sequence = MAX(f->sequence, wg_item_number(f->record,
							 WG_ITEM_SEQUENCE));
	}
	/* of the question's invite, not of a newer one */
	if (who.present && same_key(who.present, cert)) {
		f->votes = WG_DOOR_COUNTS;
		f->counts = who.identity;
	} else if (who.newest && same_key(who.newest, cert) &&
		   who.votes == WG_VOTES_DISPUTED) {
		f->votes = WG_DOOR_NO_MAJORITY;
	}
	f->is_witnessed = wg_directory_witness(
		dir, number, wg_item_bytes(cert, WG_ITEM_KEY), f->self);
	if (c->question.proof &&
	    wg_item_kind(c->question.proof) == WG_ITEM_IS_WITNESS) {
		w = c->question.proof;
		wg_directory_who(dir, wg_item_number(w, WG_ITEM_HUB), &hub);
		f->witness_hub = hub.hub;
	}
}

/* --- our door */

static void carry(struct wgd_door *d, const uint8_t *item)
{
	struct wgd_map_item in = {
		.b = item, .len = wg_item_len(item), .from = "our door"};

	if (wgd_map_take(d->m->map, &in) == WG_EXCHANGE_PUT)
		wgd_mesh_act(d->m);
}

static bool make_witness(struct wgd_door *d, const struct wg_door_case *c)
{
	const uint8_t *s = wg_door_succession(&c->question);
	struct wgd_self_item w;

	if (wgd_self_witness(d->m->self, s, &w) < 0)
		return false;
	carry(d, w.b);
	return wgd_map_save(d->m->map) == 0;
}

static void judge(struct wgd_door *d, struct wg_door_case *c)
{
	enum wg_door_next next;

	know(d, c);
	while ((next = wg_door_judge(c)) != WG_DOOR_NEXT_ANSWER) {
		switch (next) {
		case WG_DOOR_NEXT_VERIFY:
			wg_proofs_tell(&c->proofs,
				       wg_sign_verify(c->proofs.wanted.item,
						      c->proofs.wanted.type,
						      c->proofs.wanted.key) ==
					       0);
			continue;
		case WG_DOOR_NEXT_CARRY:
			carry(d, c->question.certificate);
			if (c->question.proof &&
			    wg_item_kind(c->question.proof) ==
				    WG_ITEM_IS_WITNESS)
				carry(d, c->question.proof);
			break;
		case WG_DOOR_NEXT_WITNESS:
			c->is_lost = !make_witness(d, c);
			break;
		case WG_DOOR_NEXT_ANSWER:
			break;
		}
		know(d, c);
	}
	wg_door_count(&d->stats, c);
}

/* What the device is to have, and what we say of ourselves. */
static void let_in(struct wgd_door *d, const struct wg_door_case *c)
{
	struct wgd_mesh *m = d->m;

	if (c->above > m->floor &&
	    wg_bucket_take(&d->floors, &floors, wgd_now_ms()))
		m->floor = c->above;
	wgd_members_met(m, wg_item_number(c->question.certificate,
					  WG_ITEM_MEMBER),
			c->question.record, NULL);
	wgd_mesh_act(m);
}

/* RECORD: memory for what RET points to. */
static bool welcome(struct wgd_door *d, struct wgd_self_item *record,
		    struct wg_door_answer *ret)
{
	struct wgd_mesh *m = d->m;
	struct wg_directory_who who;

	wg_directory_who(wgd_map_directory(m->map), m->self->number, &who);
	if (!who.present || !m->wif->port ||
	    wgd_self_door_record(m->self, MAX(wgd_mesh_sequence(m), 1),
				 m->wif->port, record) < 0)
		return false;
	ret->kind = WG_DOOR_WELCOME;
	ret->welcome.certificate = who.present;
	ret->welcome.record = record->b;
	return true;
}

/* What we signed for its invite is not on disk: who comes next could have it. */
static bool is_kept(const struct wgd_door *d, const struct wg_door_question *q)
{
	return !q->proof || wg_item_kind(q->proof) != WG_ITEM_IS_SUCCESSION ||
	       !wgd_map_trouble(d->m->map) || wgd_map_save(d->m->map) == 0;
}

/* Who came, and what we said; of a crowd not all. */
static void note(struct wgd_door *d, const struct wg_door_case *c,
		 const char *from)
{
	static const struct wg_bucket_size lines = {1200, 50};
	uint32_t number =
		wg_item_number(c->question.certificate, WG_ITEM_MEMBER);
	const struct wgd_mesh_member *member = wgd_mesh_member(d->m, number);
	char name[32], what[64];

	snprintf(name, sizeof(name), "member %u", number);
	if (!c->why) {
		if (wg_bucket_take(&d->lines, &lines, wgd_now_ms()))
			zlog_info("%s: mesh: door: welcome, %s from %s",
				  d->m->wif->name, name, from);
		return;
	}
	snprintf(what, sizeof(what), "a question of %s (%s)", name,
		 wg_door_why_str(c->why));
	wgd_drop(&d->m->drops, WGD_DROP_REFUSED, from, what);
	if (c->why == WG_DOOR_INVITE_USED)
		wgd_alarm_happened(d->m, WG_ALARM_INVITE_USED,
				   member ? member->name : name,
				   "somebody came with its invite, which was used before, from %s",
				   from);
}

static void reply(struct wgd_door *d, struct wg_seal_question *q,
		  const struct sockaddr_in6 *to, const struct wg_door_answer *a)
{
	uint8_t out[WG_DOOR_ANSWER_MAX];
	size_t len = wg_seal_answer(d->seal, q, a, out);

	sendto(d->fd, out, len, MSG_DONTWAIT, (const struct sockaddr *)to,
	       sizeof(*to));
}

/* Those whom the device has now are welcome; others waited too long. */
static void look_at_lobby(struct wgd_door *d)
{
	struct wg_door_answer a;
	struct wgd_self_item record;
	struct wgd_guest *g;

	while ((g = wgd_lobby_next(d->lobby))) {
		a = (struct wg_door_answer){.kind = WG_DOOR_REFUSED,
					    .refused.why = WG_DOOR_BUSY};
		if (wgd_lobby_is_in(d->lobby, g))
			welcome(d, &record, &a);
		else
			wgd_drop(&d->m->drops, WGD_DROP_REFUSED, g->from,
				 "the question of a member whose peer the device does not take");
		reply(d, &g->question, &g->to, &a);
		wgd_lobby_leave(d->lobby, g);
	}
	wgd_mesh_act_at(d->m, wgd_lobby_due(d->lobby));
}

static void answer(struct wgd_door *d, struct wg_seal_question *q,
		   const struct sockaddr_in6 *to, const char *from)
{
	struct wg_door_case c = {.question = q->question};
	struct wg_door_answer a = {.kind = WG_DOOR_REFUSED};

	judge(d, &c);
	if (!c.why && !is_kept(d, &c.question))
		c.why = WG_DOOR_BUSY;
	note(d, &c, from);
	a.refused.why = c.why ?: WG_DOOR_BUSY;
	a.refused.sequence = c.sequence;
	if (!c.why) {
		let_in(d, &c);
		if (wgd_lobby_enter(d->lobby, q, to, from)) {
			look_at_lobby(d);
			return;
		}
	}
	reply(d, q, to, &a);
}

static enum wgd_drop drop_of(enum wg_seal_heard heard)
{
	static const enum wgd_drop drops[WG_SEAL_HEARDS] = {
		[WG_SEAL_FOREIGN] = WGD_DROP_NO_QUESTION,
		[WG_SEAL_STRANGER] = WGD_DROP_NOT_FOR_US,
		[WG_SEAL_TOO_OFTEN_NEAR] = WGD_DROP_NEIGHBOURS,
		[WG_SEAL_TOO_OFTEN] = WGD_DROP_CROWD,
		[WG_SEAL_BROKEN] = WGD_DROP_BROKEN,
		[WG_SEAL_NO_FORM] = WGD_DROP_NO_FORM,
	};

	return drops[heard];
}

static void hear(struct wgd_door *d, const uint8_t *b, size_t len,
		 const struct sockaddr_in6 *from)
{
	struct wg_seal_datagram in = {.b = b,
				      .len = len,
				      .port = ntohs(from->sin6_port),
				      .now = wgd_now_ms()};
	enum wg_seal_heard heard;
	struct wg_seal_question q;
	char text[WG_ADDR_STRLEN];

	wgd_door_from(from, &in.from);
	wg_addr_str(&in.from, text);
	heard = wg_seal_hear(d->seal, &in, &q);
	switch (heard) {
	case WG_SEAL_COOKIE:
		sendto(d->fd, q.answer.b, q.answer.len, MSG_DONTWAIT,
		       (const struct sockaddr *)from, sizeof(*from));
		break;
	case WG_SEAL_QUESTION:
		answer(d, &q, from, text);
		break;
	default:
		wgd_drop(&d->m->drops, drop_of(heard), text, "a datagram");
		break;
	}
}

static void readable(struct event *t)
{
	struct wgd_door *d = EVENT_ARG(t);
	uint8_t b[WG_DOOR_QUESTION + 1];
	struct sockaddr_in6 from;
	socklen_t len;
	unsigned i;
	ssize_t n;

	event_add_read(wgd.master, readable, d, d->fd, &d->t_read);
	for (i = 0; i < TURN; i++) {
		len = sizeof(from);
		n = recvfrom(d->fd, b, sizeof(b), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		hear(d, b, n, &from);
	}
}

void wgd_door_from(const struct sockaddr_in6 *from, struct wg_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr)) {
		ret->family = AF_INET;
		memcpy(ret->b, from->sin6_addr.s6_addr + 12, 4);
	} else {
		ret->family = AF_INET6;
		memcpy(ret->b, &from->sin6_addr, 16);
	}
}

/* A socket of both families, bound to a port; 0: any. */
int wgd_door_socket(const struct wgd_mesh *m, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6,
				   .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint32_t mark = wgd_policy_mark(m->wif);
	int off = 0, rc = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	frr_with_privs (&wgd_privs) {
		rc = setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	}
	if (rc < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static void shut(struct wgd_door *d)
{
	event_cancel(&d->t_read);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void open_door(struct wgd_door *d)
{
	uint16_t port = d->m->wif->conf.mesh.door;

	if (d->fd >= 0 && port == d->port)
		return;
	shut(d);
	d->fd = wgd_door_socket(d->m, port);
	if (d->fd < 0) {
		zlog_err("%s: mesh: door: UDP port %u: %s", d->m->wif->name,
			 port, safe_strerror(-d->fd));
		d->fd = -1;
		return;
	}
	d->port = port;
	event_add_read(wgd.master, readable, d, d->fd, &d->t_read);
}

/* --- life */

void wgd_door_new(struct wgd_mesh *m)
{
	struct wgd_door *d;

	if (!m->is_hub)
		return;
	d = XCALLOC(MTYPE_WGD_DOOR, sizeof(*d));
	d->m = m;
	d->fd = -1;
	d->began_ms = wgd_now_ms();
	d->seal = wg_signkey_door(m->self->identity, &d->limit);
	d->lobby = wgd_lobby_new(m);
	m->door = d;
}

void wgd_door_delete(struct wgd_mesh *m)
{
	if (!m->door)
		return;
	shut(m->door);
	wgd_lobby_delete(&m->door->lobby);
	wg_seal_door_free(&m->door->seal);
	XFREE(MTYPE_WGD_DOOR, m->door);
}

void wgd_door_look(struct wgd_mesh *m)
{
	if (!m->door)
		return;
	open_door(m->door);
	settle(m->door);
	look_at_lobby(m->door);
}

void wgd_door_applied(struct wgd_mesh *m)
{
	if (m->door)
		look_at_lobby(m->door);
}
