// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes.
 *
 * Who can send one is everybody: it comes outside of all tunnels, to
 * WireGuard's port.  Of what passes the filter in the kernel, what has not our
 * form, is not for us, or not from a member that is a peer costs a look; the
 * rest costs one MAC of 38 bytes, 0.4 us, and the first of each member an X25519
 * more, once, 90 us.  A wrong MAC: that was all.  In one turn of the loop TURN
 * packets are read, in a second LIMIT; beyond that probes wait, or are lost,
 * and nothing else.
 *
 * A member's PING is answered OFTEN, to where it came from, by something as
 * long.  It can be repeated by who saw it, from any address: that one gets the
 * PONG, but it is none that it waits for.  A PONG counts once, from the place
 * where its PING went (lib/core/wg_pings.h).  What a member can have us do by
 * it: try a path, on which WireGuard still asks for its key.  What a hub can do
 * by it: tell us that we come from somewhere else.
 *
 * A site tells everybody that it is there only while a path of its own asks it
 * to (wgd_probe_path); a hub is public.
 *
 * Nothing here enters a tunnel: packets carry WireGuard's mark.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "privs.h"
#include "vrf.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/mesh/wgd_probe.h"
#include "frr-wgd/underlay/wgd_policy.h"
#include "lib/backend/wg_fib.h"
#include "lib/backend/wg_probe.h"
#include "lib/backend/wg_probe_key.h"
#include "lib/core/wg_bucket.h"
#include "lib/core/wg_pings.h"

DEFINE_MTYPE_STATIC(WGD, WGD_PROBE, "WireGuard mesh probes");

#define TURN 32
#define LIMIT 4000 /* a second */
#define SECOND_MS 1000
#define AGAIN_MS 10000 /* to open what could not be opened */

static const struct wg_bucket_size often = {50, 20};
static const uint8_t families[2] = {AF_INET, AF_INET6};

/* What is kept of a member that was met. */
struct wgd_probed {
	uint8_t identity[WG_KEY_LEN]; /* of the key */
	struct wg_probe_key *key;     /* NULL: that identity is none */
	struct wg_bucket pings;
};

struct wgd_probe {
	struct wgd_mesh *m;
	const struct wgd_probe_path *path;
	struct wg_probe *s; /* NULL: none */
	struct wg_probe_conf conf;
	int error; /* why it is none: -errno; 0: there is no port yet */
	int64_t tried_ms;
	struct wg_observed observed;
	struct wg_pings *pings; /* NULL: none was sent */
	unsigned heard;		/* since then */
	int64_t heard_ms;
	struct wg_addr
		to; /* of a packet, and whether it is ours; for a second */
	bool is_ours;
	int64_t to_ms;
	struct reading {
		struct wgd_probe *of;
		uint8_t family;
		struct event *t;
	} reading[2];
	struct event *t_due, *t_rest;
};

/* --- the pair's key */

void wgd_probe_forget(struct wgd_mesh_member *member)
{
	if (!member->probed)
		return;
	wg_probe_key_free(&member->probed->key);
	XFREE(MTYPE_WGD_PROBE, member->probed);
}

/* NULL: there is none with that identity. */
static struct wgd_probed *meet(const struct wgd_mesh *m,
			       struct wgd_mesh_member *member)
{
	const struct wg_probe_pair pair = {
		.own = m->self->identity,
		.identity = member->identity,
		.mesh = m->self->mesh.mesh,
		.members = {m->self->number, member->number},
	};
	struct wgd_probed *p = member->probed;

	if (!p)
		p = member->probed = XCALLOC(MTYPE_WGD_PROBE, sizeof(*p));
	if (memcmp(p->identity, member->identity, WG_KEY_LEN) != 0) {
		wg_probe_key_free(&p->key);
		memcpy(p->identity, member->identity, WG_KEY_LEN);
		wg_probe_key_new(&pair, &p->key);
	}
	return p->key ? p : NULL;
}

/* --- out */

/* May a path lead there?  If so, from which address of ours. */
static bool find_way(const struct wgd_mesh *m, const struct wg_endpoint *to,
		     struct wg_probe_way *ret)
{
	struct wg_fib_query q = {.addr = to->addr,
				 .mark = wgd_policy_mark(m->wif)};
	struct wg_fib fib;

	if (!to->addr.family || !to->port ||
	    wg_addr_unfit(&to->addr, WG_USE_ENDPOINT) ||
	    wg_addr_is_linklocal(&to->addr) ||
	    wg_relay_is_inside(m->relay_hash, &to->addr) ||
	    wg_fib_get(&q, &fib) < 0 || fib.local ||
	    wgd_if_find_index(fib.ifindex) ||
	    fib.source.family != to->addr.family)
		return false;
	ret->from = fib.source;
	ret->to = *to;
	return true;
}

static bool say(struct wgd_probe *p, const struct wgd_probed *probed,
		const struct wg_probe_way *way, const struct wg_probe_msg *msg)
{
	uint8_t b[WG_PROBE_LEN];

	wg_probe_encode(msg, b);
	wg_probe_sign(probed->key, b);
	/* what does not leave is lost */
	return wg_probe_send(p->s, way, b) == 0;
}

bool wgd_probe_ping(struct wgd_mesh *m, const struct wgd_mesh_member *member,
		    const struct wg_endpoint *to)
{
	struct wgd_mesh_member *known = wgd_mesh_member(m, member->number);
	struct wgd_probe *p = m->probe;
	struct wg_probe_msg ping = {.kind = WG_PROBE_PING,
				    .from = m->self->number,
				    .to = member->number};
	const struct wgd_probed *probed;
	struct wg_probe_way way;

	if (!wgd_probe_is_open(m) || !known || !find_way(m, to, &way))
		return false;
	probed = meet(m, known);
	if (!probed)
		return false;
	if (!p->pings)
		p->pings = XCALLOC(MTYPE_WGD_PROBE, sizeof(*p->pings));
	ping.id = wg_pings_add(p->pings, member->number, to, wg_probe_random(),
			       wgd_now_us());
	return say(p, probed, &way, &ping);
}

/* --- in */

/* Is that an address of this machine? Others only pass through. */
static bool is_ours(struct wgd_probe *p, const struct wg_addr *addr)
{
	struct wg_fib_query q = {.addr = *addr};
	int64_t now = wgd_now_ms();
	struct wg_fib fib;

	if (now - p->to_ms >= SECOND_MS || !wg_addr_same(&p->to, addr)) {
		p->to = *addr;
		p->to_ms = now;
		p->is_ours = wg_fib_get(&q, &fib) == 0 && fib.local;
	}
	return p->is_ours;
}

static void drop(struct wgd_probe *p, enum wgd_drop why,
		 const struct wg_endpoint *from, const char *what)
{
	char text[WG_ENDPOINT_STRLEN];

	wgd_drop(&p->m->drops, why, wg_endpoint_str(from, text), what);
}

static void answer(struct wgd_probe *p, struct wgd_mesh_member *member,
		   const struct wg_probe_packet *in,
		   const struct wg_probe_msg *ping)
{
	const struct wg_probe_way back = {.from = in->to, .to = in->from};
	const struct wg_probe_msg pong = {.kind = WG_PROBE_PONG,
					  .from = ping->to,
					  .to = ping->from,
					  .id = ping->id,
					  .seen = in->from};

	if (!p->m->is_hub && !(p->path && p->path->answers(p->m, member))) {
		drop(p, WGD_DROP_PROBE_NOT_NOW, &in->from, member->name);
		return;
	}
	if (!wg_bucket_take(&member->probed->pings, &often, wgd_now_ms())) {
		drop(p, WGD_DROP_PROBE_TOO_OFTEN, &in->from, member->name);
		return;
	}
	if (!is_ours(p, &in->to) || !say(p, member->probed, &back, &pong))
		return;
	if (p->path)
		p->path->pinged(p->m, member, &in->from);
}

static void take(struct wgd_probe *p, struct wgd_mesh_member *member,
		 const struct wg_probe_packet *in,
		 const struct wg_probe_msg *pong)
{
	int64_t us;

	if (!p->pings || !wg_pings_take(p->pings, pong->id, member->number,
					&in->from, wgd_now_us(), &us)) {
		drop(p, WGD_DROP_PROBE_NOT_ASKED, &in->from, member->name);
		return;
	}
	if (member->hub)
		wg_observed_pong(&p->observed, member->hub,
				 in->from.addr.family, &pong->seen,
				 wgd_now_ms());
	else if (p->path)
		p->path->pong(p->m, member, &in->from, &pong->seen, us / 1000);
}

static void hear(struct wgd_probe *p, const struct wg_probe_packet *in,
		 const uint8_t *b)
{
	struct wgd_mesh_member *member;
	struct wg_probe_msg msg;

	if (wg_probe_decode(b, WG_PROBE_LEN, &msg) < 0) {
		drop(p, WGD_DROP_PROBE_NO_FORM, &in->from, "a probe");
		return;
	}
	member = wgd_mesh_member(p->m, msg.from);
	if (msg.to != p->m->self->number || !member || !member->peer) {
		drop(p, WGD_DROP_PROBE_NO_MEMBER, &in->from, "a probe");
		return;
	}
	if (!meet(p->m, member) || !wg_probe_verify(member->probed->key, b)) {
		drop(p, WGD_DROP_PROBE_FORGED, &in->from, member->name);
		return;
	}
	if (msg.kind == WG_PROBE_PING)
		answer(p, member, in, &msg);
	else
		take(p, member, in, &msg);
}

static void hear_all(struct wgd_probe *p, const struct wg_probe_packet *in)
{
	size_t i;

	p->heard += in->n;
	if (wgd_if_find_index(in->ifindex)) {
		drop(p, WGD_DROP_PROBE_IN_TUNNEL, &in->from, "a probe");
		return;
	}
	for (i = 0; i < in->n; i++)
		hear(p, in, in->b + i * WG_PROBE_LEN);
}

static void read_on(struct wgd_probe *p);

static void rested(struct event *t)
{
	read_on(EVENT_ARG(t));
}

static void readable(struct event *t)
{
	struct reading *r = EVENT_ARG(t);
	struct wgd_probe *p = r->of;
	int64_t now = wgd_now_ms();
	struct wg_probe_packet in;
	unsigned i;
	int rc;

	if (now - p->heard_ms >= SECOND_MS) {
		p->heard_ms = now;
		p->heard = 0;
	}
	for (i = 0; i < TURN && p->heard < LIMIT; i++) {
		rc = wg_probe_next(p->s, r->family, &in);
		if (rc == 1)
			hear_all(p, &in);
		else if (rc != -EBADMSG)
			break;
		else
			p->heard++;
	}
	if (p->heard >= LIMIT)
		event_add_timer_msec(wgd.master, rested, p,
				     SECOND_MS - (now - p->heard_ms),
				     &p->t_rest);
	else
		read_on(p);
}

static void read_on(struct wgd_probe *p)
{
	size_t i;

	for (i = 0; i < array_size(p->reading); i++)
		if (wg_probe_fd(p->s, families[i]) >= 0)
			event_add_read(wgd.master, readable, &p->reading[i],
				       wg_probe_fd(p->s, families[i]),
				       &p->reading[i].t);
}

/* --- the sockets */

static void shut(struct wgd_probe *p)
{
	event_cancel(&p->reading[0].t);
	event_cancel(&p->reading[1].t);
	event_cancel(&p->t_rest);
	wg_probe_close(&p->s);
}

static void open_at(struct wgd_probe *p, const struct wg_probe_conf *conf)
{
	int rc = 0;

	if (p->s && p->conf.port == conf->port && p->conf.mark == conf->mark)
		return;
	shut(p);
	p->conf = *conf;
	if (!conf->port || (p->error && wgd_now_ms() - p->tried_ms < AGAIN_MS))
		return;
	p->tried_ms = wgd_now_ms();
	frr_with_privs (&wgd_privs) {
		rc = wg_probe_open(conf, &p->s);
	}
	if (rc < 0 && rc != p->error)
		zlog_warn("%s: mesh: no probes, and no direct paths: %s",
			  p->m->wif->name,
			  rc == -EPERM ? "CAP_NET_RAW is missing"
				       : safe_strerror(-rc));
	p->error = rc;
	if (p->s)
		read_on(p);
}

bool wgd_probe_is_open(const struct wgd_mesh *m)
{
	return m->probe && m->probe->s;
}

const char *wgd_probe_error(const struct wgd_mesh *m)
{
	if (wgd_probe_is_open(m))
		return NULL;
	if (!m->probe || !m->probe->error)
		return "WireGuard's port is not known yet";
	return m->probe->error == -EPERM ? "CAP_NET_RAW is missing"
					 : safe_strerror(-m->probe->error);
}

/* --- where we are */

struct places {
	struct wg_endpoint v[WG_OBSERVED_OWN];
	size_t n;
};

static void add_own(const struct wgd_mesh *m, const struct prefix *prefix,
		    struct places *ret)
{
	struct wg_endpoint e = {.port = m->wif->port};

	if (ret->n == array_size(ret->v) ||
	    (prefix->family != AF_INET && prefix->family != AF_INET6))
		return;
	wgd_convert_addr(prefix->family, &prefix->u.prefix, &e.addr);
	if (wg_addr_unfit(&e.addr, WG_USE_ENDPOINT) ||
	    wg_addr_is_linklocal(&e.addr) || wg_addr_is_loopback(&e.addr))
		return;
	ret->v[ret->n++] = e;
}

/* Addresses of links that are no tunnels of ours. */
static void look_at_own(struct wgd_probe *p)
{
	struct vrf *vrf = vrf_lookup_by_id(VRF_DEFAULT);
	struct places own = {.n = 0};
	struct interface *ifp;
	struct connected *c;
	struct listnode *node;

	if (!vrf)
		return;
	(void)node;
	FOR_ALL_INTERFACES (vrf, ifp) {
		if (wgd_if_find(ifp->name))
			continue;
		wgd_compat_each_connected (ifp, node, c)
			add_own(p->m, c->address, &own);
	}
	wg_observed_own(&p->observed, own.v, own.n);
}

/* --- asking hubs */

static bool is_place(const struct wgd_mesh_at *at, uint8_t family,
		     struct wg_endpoint *ret)
{
	struct wg_endpoint e = {.port = at->port};

	if (!at->port || wg_addr_parse(at->host, &e.addr) < 0 ||
	    e.addr.family != family)
		return false;
	*ret = e;
	return true;
}

/* Where WireGuard has the hub, or, of the other family, where it says it is. */
static bool find_hub(const struct wgd_mesh_member *hub, uint8_t family,
		     struct wg_endpoint *ret)
{
	const struct wgd_peer *peer = hub->peer;
	size_t i;

	*ret = peer->seen.endpoint;
	if (ret->addr.family == family)
		return true;
	*ret = peer->resolved.is;
	if (ret->addr.family == family)
		return true;
	for (i = 0; i < hub->n_places; i++)
		if (is_place(&hub->places[i], family, ret))
			return true;
	return hub->met && is_place(hub->met, family, ret);
}

static void ask_hubs(struct wgd_probe *p);

static void is_due(struct event *t)
{
	ask_hubs(EVENT_ARG(t));
}

/* One hub by one family; when it is due again. */
static int64_t ask(struct wgd_probe *p, const struct wgd_mesh_member *hub,
		   uint8_t family, int64_t now)
{
	struct wg_endpoint at;

	if (!find_hub(hub, family, &at))
		return INT64_MAX;
	if (wg_observed_ask(&p->observed, hub->hub, family, now))
		wgd_probe_ping(p->m, hub, &at);
	return wg_observed_due(&p->observed, hub->hub, family);
}

static void ask_hubs(struct wgd_probe *p)
{
	int64_t now = wgd_now_ms(), due = INT64_MAX;
	const struct wgd_mesh *m = p->m;
	size_t i, f;

	event_cancel(&p->t_due);
	for (i = 0; p->s && i < m->n_members; i++) {
		const struct wgd_mesh_member *hub = m->members[i];

		for (f = 0; f < array_size(families); f++)
			if (hub->hub && hub->connected && hub->peer)
				due = MIN(due, ask(p, hub, families[f], now));
	}
	if (due != INT64_MAX)
		event_add_timer_msec(wgd.master, is_due, p, MAX(due - now, 1),
				     &p->t_due);
}

size_t wgd_probe_candidates(const struct wgd_mesh *m,
			    struct wg_endpoint ret[WG_CANDIDATES])
{
	const struct wgd_mesh_conf *conf = &m->wif->conf.mesh;
	struct wg_endpoint published[WGD_MESH_PLACES_MAX];
	size_t i, n = 0;

	if (!wgd_probe_is_open(m))
		return 0;
	for (i = 0; i < conf->n_endpoints; i++) {
		struct wg_endpoint e = {.port = conf->endpoints[i].port};

		if (wg_addr_parse(conf->endpoints[i].host, &e.addr) == 0)
			published[n++] = e;
	}
	return wg_observed_candidates(&m->probe->observed, published, n,
				      wgd_now_ms(), ret);
}

const struct wg_observed *wgd_probe_observed(const struct wgd_mesh *m)
{
	return &m->probe->observed;
}

/* --- life */

void wgd_probe_set_path(struct wgd_mesh *m, const struct wgd_probe_path *path)
{
	m->probe->path = path;
}

void wgd_probe_new(struct wgd_mesh *m)
{
	struct wgd_probe *p = XCALLOC(MTYPE_WGD_PROBE, sizeof(*p));
	size_t i;

	p->m = m;
	for (i = 0; i < array_size(p->reading); i++) {
		p->reading[i].of = p;
		p->reading[i].family = families[i];
	}
	m->probe = p;
}

void wgd_probe_delete(struct wgd_mesh *m)
{
	if (!m->probe)
		return;
	shut(m->probe);
	event_cancel(&m->probe->t_due);
	XFREE(MTYPE_WGD_PROBE, m->probe->pings);
	XFREE(MTYPE_WGD_PROBE, m->probe);
}

void wgd_probe_look(struct wgd_mesh *m)
{
	const struct wg_probe_conf conf = {.port = m->wif->port,
					   .mark = wgd_policy_mark(m->wif)};
	struct wgd_probe *p = m->probe;

	open_at(p, &conf);
	if (m->is_hub)
		return;
	look_at_own(p);
	ask_hubs(p);
}
