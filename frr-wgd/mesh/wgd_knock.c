// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking at hubs' doors, while no hub answers.  A hub asks at those of others,
 * too: so it is known to them, and learns the map if it has lost it.
 *
 * An answer counts if it is sealed with what only the hub could open, so it
 * does not matter who sends it; what else comes costs one try to open it.
 * Packets carry the interface's mark: they never enter a tunnel.
 *
 * A door whose host name has no address yet loses its turn, and gets it back
 * when the name has one, unless another door has been asked since.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/mesh/wgd_door.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_members.h"
#include "frr-wgd/mesh/wgd_place.h"
#include "lib/backend/wg_seal.h"
#include "lib/core/wg_knock.h"
#include "lib/core/wg_welcome.h"

DEFINE_MTYPE_STATIC(WGD, WGD_KNOCK, "WireGuard mesh doors that are asked");

struct wgd_knock {
	struct wgd_mesh *m;
	struct wg_knock core;
	bool had_hub; /* when it was looked at last */
	int fd;
	struct event *t_read, *t_ask;
	struct wg_seal_asked asked;
	struct wg_knock_door *door; /* that was asked last; NULL: none */
	struct wg_addr at;	    /* where */
	struct wg_knock_door *unnamed; /* its name is awaited; NULL: none */
	struct wgd_places *places;
	struct event *t_named;
	struct wgd_self_item record;
	char why[512];
};

static void ask(struct event *t);

static void arm(struct wgd_knock *k)
{
	int64_t due = wg_knock_due(&k->core);

	event_cancel(&k->t_ask);
	if (due >= 0)
		event_add_timer_msec(wgd.master, ask, k,
				     MAX(due - wgd_now_ms(), 0), &k->t_ask);
}

/* What we say of our WireGuard key: above all that hubs know of us. */
static bool make_record(struct wgd_knock *k)
{
	struct wgd_mesh *m = k->m;
	const struct wgd_self_item *had = &k->record;
	uint64_t next;

	if (!m->wif->port ||
	    !wgd_mesh_next_sequence(m, k->core.sequence, &next))
		return false;
	if (had->len && wg_item_number(had->b, WG_ITEM_SEQUENCE) >= next &&
	    wg_item_number(had->b, WG_ITEM_PORT) == m->wif->port)
		return true;
	return wgd_self_door_record(m->self, next, m->wif->port, &k->record) ==
	       0;
}

static bool make_question(struct wgd_knock *k, const uint8_t *hub,
			  struct wg_door_question *ret)
{
	const struct wg_directory *dir = wgd_map_directory(k->m->map);
	struct wg_directory_who who;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	wg_directory_who(dir, k->m->self->number, &who);
	ret->certificate = k->m->self->certificate.b;
	if (who.present && !wgd_mesh_awaits_witness(k->m))
		ret->certificate = who.present;
	ret->record = k->record.b;
	if (wg_item_number(ret->certificate, WG_ITEM_FLAGS) &
	    WG_ITEM_FLAG_INVITE) {
		ret->proof = wg_directory_witness(
			dir, k->m->self->number,
			wg_item_bytes(ret->certificate, WG_ITEM_KEY), 0);
		if (!ret->proof && k->m->self->succession.len)
			ret->proof = k->m->self->succession.b;
		if (!ret->proof)
			return false;
	}
	for (i = 0; i < k->m->n_members; i++)
		if (memcmp(k->m->members[i]->identity, hub, WG_KEY_LEN) == 0)
			ret->sequence = k->m->members[i]->sequence;
	return true;
}

/* --- which doors there are */

struct doors {
	struct wg_knock_place place[WG_KNOCK_DOORS];
	size_t n;
};

static void add_door(struct doors *doors, const uint8_t *hub, const char *host,
		     uint16_t port)
{
	struct wg_knock_place *p = &doors->place[doors->n];

	if (doors->n == WG_KNOCK_DOORS)
		return;
	memcpy(p->hub, hub, WG_KEY_LEN);
	strlcpy(p->host, host, sizeof(p->host));
	p->port = port;
	doors->n++;
}

/* Those of our lines, which may be of this hub. */
static void add_lines(struct doors *doors, const struct wgd_mesh_conf *conf,
		      const uint8_t *hub)
{
	size_t i;

	for (i = 0; i < conf->n_doors; i++)
		add_door(doors, hub, conf->doors[i].host, conf->doors[i].port);
}

/*
 * Of hubs' records, as the keeper told, and our lines, for each hub whose key
 * is known.
 */
static void find_doors(struct wgd_knock *k)
{
	const struct wgd_mesh_conf *conf = &k->m->wif->conf.mesh;
	const struct wgd_mesh *m = k->m;
	const struct wgd_self_door *told;
	struct doors doors = {.n = 0};
	size_t i, p;

	if (!k->m->doors_changed)
		return;
	k->m->doors_changed = false;
	for (i = 0; i < m->n_members; i++) {
		const struct wgd_mesh_member *hub = m->members[i];

		if (!hub->hub || hub->refused)
			continue;
		for (p = 0; hub->door_port && p < hub->n_places; p++)
			add_door(&doors, hub->identity, hub->places[p].host,
				 hub->door_port);
		add_lines(&doors, conf, hub->identity);
	}
	for (i = 0; i < m->self->n_doors; i++) {
		told = &m->self->doors[i];
		if (memcmp(told->identity,
			   wg_signkey_public(m->self->identity),
			   WG_KEY_LEN) == 0)
			continue; /* a hub's own */
		add_door(&doors, told->identity, told->host, told->port);
		add_lines(&doors, conf, told->identity);
	}
	wgd_places_only(k->places, doors.place, doors.n);
	k->door = k->unnamed = NULL; /* the core's may be others */
	wg_knock_set_doors(&k->core, doors.place, doors.n);
}

/* --- asking */

static void sockaddr_of(const struct wg_addr *addr, uint16_t port,
			struct sockaddr_in6 *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sin6_family = AF_INET6;
	ret->sin6_port = htons(port);
	if (addr->family == AF_INET6) {
		memcpy(&ret->sin6_addr, addr->b, 16);
	} else {
		ret->sin6_addr.s6_addr[10] = ret->sin6_addr.s6_addr[11] = 0xff;
		memcpy(ret->sin6_addr.s6_addr + 12, addr->b, 4);
	}
}

/* Where k->at says. */
static void ask_at(struct wgd_knock *k, struct wg_knock_door *door)
{
	uint8_t out[WG_DOOR_QUESTION];
	char text[WG_ADDR_STRLEN];
	struct wg_door_question q;
	struct sockaddr_in6 to;

	wg_seal_forget(&k->asked);
	k->door = NULL;
	if (!make_record(k) || !make_question(k, door->place.hub, &q) ||
	    wg_seal_ask(door->place.hub, &q,
			wg_knock_cookie(door, wgd_now_ms()), &k->asked,
			out) < 0)
		return;
	k->door = door;
	wgd_debug_events("%s: mesh: asking at the door %s, %s, port %u",
			 k->m->wif->name, door->place.host,
			 wg_addr_str(&k->at, text), door->place.port);
	sockaddr_of(&k->at, door->place.port, &to);
	sendto(k->fd, out, sizeof(out), MSG_DONTWAIT, (struct sockaddr *)&to,
	       sizeof(to));
}

static void ask_door(struct wgd_knock *k, struct wg_knock_door *door)
{
	k->door = k->unnamed = NULL;
	if (wgd_places_find(k->places, door->place.host, &k->at))
		ask_at(k, door);
	else
		k->unnamed = door;
}

static void ask_named(struct event *t)
{
	struct wgd_knock *k = EVENT_ARG(t);

	if (k->unnamed)
		ask_door(k, k->unnamed);
}

/* From within the resolver: not at once. */
static void named(void *arg, const char *host)
{
	struct wgd_knock *k = arg;

	if (k->unnamed && strmatch(k->unnamed->place.host, host))
		event_add_event(wgd.master, ask_named, k, 0, &k->t_named);
}

/* One that lost its map is connected to nobody, until somebody comes. */
static bool has_all_hubs(const struct wgd_mesh *m)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub && !m->members[i]->refused &&
		    !wgd_exchange_is_up(m->exchange, m->members[i]->number))
			return false;
	return wgd_exchange_has_hub(m->exchange);
}

/*
 * While a hub answers nobody says so: it is looked at when it matters, and once
 * when none is there any more.
 */
static void hear_hubs(struct wgd_knock *k)
{
	struct wgd_mesh *m = k->m;
	bool has = m->is_hub ? has_all_hubs(m)
			     : wgd_exchange_has_hub(m->exchange) &&
				       !wgd_mesh_awaits_witness(m);

	if (has || k->had_hub) {
		wg_knock_heard(&k->core, wgd_now_ms());
		k->door = k->unnamed = NULL;
	}
	k->had_hub = has;
}

static void ask(struct event *t)
{
	struct wgd_knock *k = EVENT_ARG(t);
	struct wg_knock_door *door;

	hear_hubs(k);
	find_doors(k);
	door = wg_knock_next(&k->core, wgd_now_ms());
	if (door)
		ask_door(k, door);
	arm(k);
}

static bool is_welcome(struct wgd_knock *k, const struct wg_door_answer *a)
{
	const struct wg_directory *dir = wgd_map_directory(k->m->map);
	const uint8_t *cert = a->welcome.certificate;
	uint32_t number = wg_item_number(cert, WG_ITEM_MEMBER);
	struct wg_welcome_case c = {
		.answer = *a,
		.facts = {
			.mesh = k->m->self->mesh.mesh,
			.hub = k->door->place.hub,
			.first = k->m->self->mesh.first,
			.recovery = k->m->self->mesh.recovery,
			.authority = wg_directory_authority(
				dir, wg_item_number(cert,
						    WG_ITEM_AUTHORITY_NUMBER)),
			.revoked_below = wg_directory_least_serial(dir, number),
			.void_below = wg_directory_least_authority(dir),
		},
	};
	enum wg_welcome_next next;

	while ((next = wg_welcome_judge(&c)) == WG_WELCOME_VERIFY)
		wg_proofs_tell(&c.proofs,
			       wg_sign_verify(c.proofs.wanted.item,
					      c.proofs.wanted.type,
					      c.proofs.wanted.key) == 0);
	return next == WG_WELCOME_TAKE;
}

static void take_welcome(struct wgd_knock *k, const struct wg_door_answer *a)
{
	struct wgd_map_item in = {.from = k->door->place.host};
	struct wgd_mesh_at at = {
		.port = wg_item_number(a->welcome.record, WG_ITEM_PORT)};

	if (!is_welcome(k, a)) {
		wgd_drop(&k->m->drops, WGD_DROP_LIE, k->door->place.host,
			 "a welcome");
		wg_knock_lie(&k->core, k->door);
		return;
	}
	if (a->welcome.authority) {
		in.b = a->welcome.authority;
		in.len = wg_item_len(in.b);
		wgd_map_take(k->m->map, &in);
	}
	in.b = a->welcome.certificate;
	in.len = wg_item_len(in.b);
	wgd_map_take(k->m->map, &in);
	/* the address that answered: a name may have several */
	wg_addr_str(&k->at, at.host);
	zlog_notice("%s: mesh: the door at %s, port %u, let us in",
		    k->m->wif->name, k->door->place.host, k->door->place.port);
	wgd_members_met(k->m, wg_item_number(in.b, WG_ITEM_MEMBER),
			a->welcome.record, &at);
	wgd_mesh_act(k->m);
}

static const char *from_str(const struct sockaddr_in6 *from, char *buf)
{
	struct wg_addr addr;

	wgd_door_from(from, &addr);
	return wg_addr_str(&addr, buf);
}

static void answered(struct event *t)
{
	struct wgd_knock *k = EVENT_ARG(t);
	uint8_t b[WG_DOOR_ANSWER_MAX + 1], text[WG_DOOR_ANSWER_TEXT];
	struct wg_door_answer a;
	struct wg_span in = {.b = b};
	struct sockaddr_in6 from = {};
	socklen_t len = sizeof(from);
	char who[WG_ADDR_STRLEN];
	enum wg_door_why before = wg_knock_why(&k->core), why;
	ssize_t n;

	event_add_read(wgd.master, answered, k, k->fd, &k->t_read);
	n = recvfrom(k->fd, b, sizeof(b), MSG_DONTWAIT,
		     (struct sockaddr *)&from, &len);
	if (n < 0)
		return;
	in.len = n;
	if (!k->door || wg_seal_read(&k->asked, &in, text, &a) < 0) {
		wgd_drop(&k->m->drops, WGD_DROP_NO_ANSWER, from_str(&from, who),
			 "a datagram");
		return;
	}
	switch (wg_knock_answer(&k->core, k->door, &a, wgd_now_ms())) {
	case WG_KNOCK_WAIT:
		break;
	case WG_KNOCK_AGAIN: /* not at its next address: it has our cookie */
		ask_at(k, k->door);
		break;
	case WG_KNOCK_TAKE:
		take_welcome(k, &a);
		break;
	}
	why = wg_knock_why(&k->core);
	if (why && why != before)
		zlog_warn("%s: mesh: the door at %s says: %s", k->m->wif->name,
			  k->door ? k->door->place.host : "a hub",
			  wg_door_why_str(why));
	arm(k);
}

/* --- life */

void wgd_knock_new(struct wgd_mesh *m)
{
	struct wgd_knock *k = XCALLOC(MTYPE_WGD_KNOCK, sizeof(*k));

	k->m = m;
	wg_knock_init(&k->core, wgd_now_ms());
	k->fd = wgd_door_socket(m, 0);
	if (k->fd >= 0)
		event_add_read(wgd.master, answered, k, k->fd, &k->t_read);
	k->places = wgd_places_new(named, k);
	m->knock = k;
	m->doors_changed = true;
	find_doors(k);
	if (!wgd_mesh_has_hub(m))
		wg_knock_start(&k->core, wgd_now_ms());
	arm(k);
}

void wgd_knock_delete(struct wgd_mesh *m)
{
	struct wgd_knock *k = m->knock;

	if (!k)
		return;
	event_cancel(&k->t_read);
	event_cancel(&k->t_ask);
	event_cancel(&k->t_named);
	wgd_places_delete(&k->places);
	if (k->fd >= 0)
		close(k->fd);
	wg_seal_forget(&k->asked);
	XFREE(MTYPE_WGD_KNOCK, m->knock);
}

void wgd_knock_look(struct wgd_mesh *m)
{
	struct wgd_knock *k = m->knock;

	hear_hubs(k);
	if (!k->door)
		find_doors(k);
	arm(k);
}

void wgd_knock_again(struct wgd_mesh *m)
{
	m->doors_changed = true;
	find_doors(m->knock);
	wg_knock_start(&m->knock->core, wgd_now_ms());
	arm(m->knock);
}

void wgd_knock_calm(struct wgd_mesh *m, int64_t until)
{
	if (!m->knock)
		return;
	wg_knock_calm(&m->knock->core, until);
	arm(m->knock);
}

/* Which doors were asked, and that none said anything. */
static const char *silence(struct wgd_knock *k)
{
	const char *between = "no answer from the door at ", *error;
	char port[16];
	size_t i;

	if (!k->core.n)
		return "no door is known: the invite names none, so it wants the line 'wireguard mesh door'";
	k->why[0] = '\0';
	for (i = 0; i < k->core.n; i++) {
		const struct wg_knock_door *door = &k->core.door[i];

		if (!door->asked)
			continue;
		strlcat(k->why, between, sizeof(k->why));
		strlcat(k->why, door->place.host, sizeof(k->why));
		snprintf(port, sizeof(port), " port %u", door->place.port);
		strlcat(k->why, port, sizeof(k->why));
		error = wgd_places_error(k->places, door->place.host);
		if (error) {
			strlcat(k->why, " (name: ", sizeof(k->why));
			strlcat(k->why, error, sizeof(k->why));
			strlcat(k->why, ")", sizeof(k->why));
		}
		between = ", ";
	}
	return k->why[0] ? k->why : NULL;
}

const char *wgd_knock_why(const struct wgd_mesh *m)
{
	struct wgd_knock *k = m->knock;
	enum wg_door_why why;

	if (!k)
		return NULL;
	why = wg_knock_why(&k->core);
	return why ? wg_door_why_str(why) : silence(k);
}

bool wgd_knock_door(const struct wgd_mesh *m, size_t i,
		    struct wgd_knock_door *ret)
{
	const struct wg_knock *core = m->knock ? &m->knock->core : NULL;
	const struct wg_knock_door *door;

	if (!core || i >= core->n)
		return false;
	door = &core->door[i];
	ret->host = door->place.host;
	ret->port = door->place.port;
	ret->asked = door->asked;
	ret->why = door->why ? wg_door_why_str(door->why) : NULL;
	ret->answered = door->why || (door->has_cookie &&
				      door->cookie_at >= core->heard_at);
	return true;
}

int64_t wgd_knock_silence(const struct wgd_mesh *m)
{
	return m->knock ? wgd_now_ms() - m->knock->core.heard_at : 0;
}

const char *wgd_knock_refusal(const struct wgd_mesh *m)
{
	enum wg_door_why why = m->knock ? wg_knock_why(&m->knock->core) : 0;

	return why ? wg_door_why_str(why) : NULL;
}

bool wgd_knock_is_revoked(const struct wgd_mesh *m)
{
	return m->knock && wg_knock_why(&m->knock->core) == WG_DOOR_REVOKED;
}
