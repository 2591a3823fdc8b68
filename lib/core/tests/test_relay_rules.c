/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing is sealed more than twice: a naive kernel asks its rules for packets
 * of every origin, source and destination, in worlds whose main table leads
 * wherever somebody may have it led.
 *
 * What is to come out is not read from the rules: it is written down in
 * is_open() and shut(), in the terms of who sends to whom.
 */
#include "lib/core/wg_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/core/tests/text.h"

#define MARK 0x77670000
#define R 30568
#define HOSTS 30567
#define MAIN 254
#define LOCAL 255
#define GROUP 30567

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- a naive kernel */

enum link { LO, WG0, WG1, ETH, NOWHERE, HERE }; /* HERE: delivered */
static const char *const link_names[] = {"lo",	"wg0",	   "wg1",
					 "eth", "refused", "here"};

struct packet {
	enum link in; /* LO: this machine sends it */
	uint32_t mark;
	struct wg_addr from, to;
};

struct route {
	uint32_t table;
	struct wg_prefix to;
	enum link out;
};

#define RULES_MAX 32
#define ROUTES_MAX 32

struct world {
	struct wg_relay own;
	struct wg_rule rules[RULES_MAX];
	struct route routes[ROUTES_MAX];
	size_t n_rules, n_routes;
};

static bool is_in(const struct wg_prefix *p, const struct wg_addr *a)
{
	struct wg_prefix host = wg_prefix_host(a);

	return !p->family || wg_prefix_covers(p, &host);
}

static bool asks_for(const struct wg_rule *r, const struct packet *p)
{
	return (!r->iif[0] || !strcmp(r->iif, link_names[p->in])) &&
	       (!r->mark || r->mark == p->mark) && is_in(&r->from, &p->from) &&
	       is_in(&r->to, &p->to);
}

/* The table's best route; NOWHERE: it has none. */
static enum link look_up(const struct world *w, const struct wg_rule *r,
			 const struct packet *p)
{
	const struct route *best = NULL;
	size_t i;

	for (i = 0; i < w->n_routes; i++)
		if (w->routes[i].table == r->table &&
		    is_in(&w->routes[i].to, &p->to) &&
		    (!best || w->routes[i].to.len > best->to.len))
			best = &w->routes[i];
	if (!best || (r->not_group && (best->out == WG0 || best->out == WG1)))
		return NOWHERE;
	return best->out;
}

static int by_pref(const void *va, const void *vb)
{
	const struct wg_rule *a = va, *b = vb;

	return a->pref < b->pref ? -1 : a->pref > b->pref;
}

/* Where the packet goes; *ret_table: by which table, 0: a rule refused it. */
static enum link route(const struct world *w, const struct packet *p,
		       uint32_t *ret_table)
{
	struct wg_rule sorted[RULES_MAX];
	enum link out;
	size_t i;

	memcpy(sorted, w->rules, sizeof(sorted));
	qsort(sorted, w->n_rules, sizeof(sorted[0]), by_pref);
	*ret_table = 0;
	for (i = 0; i < w->n_rules; i++) {
		if (!asks_for(&sorted[i], p))
			continue;
		if (!sorted[i].table)
			return NOWHERE;
		out = look_up(w, &sorted[i], p);
		if (out != NOWHERE) {
			*ret_table = sorted[i].table;
			return out;
		}
	}
	return NOWHERE;
}

/* --- worlds */

#define MESH "fd6d:6573:6801"
#define OTHER "fd00:1122:3344" /* a mesh on wg1 */
#define HUB_AT "2001:db8:1::1"

static const struct wg_relay roles[] = {
	{.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
	 .hubs = 5,
	 .member = 7,
	 .mtu = 1340,
	 .ifindex = WG0,
	 .ifname = "wg0"},
	{.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
	 .hub = 3,
	 .member = 9,
	 .mtu = 1340,
	 .ifindex = WG0,
	 .ifname = "wg0"},
};

/* What the main table has, as somebody announced it. */
static const struct {
	const char *what;
	struct {
		const char *to;
		enum link out;
	} routes[4];
} mains[] = {
	{"default outside", {{"::/0", ETH}}},
	{"default into the mesh", {{"::/0", WG0}, {"2001:db8:1::/48", ETH}}},
	{"nothing", {{"2001:db8:1::/48", ETH}}},
	{"RELAY outside", {{"::/0", ETH}, {MESH "::/48", ETH}}},
	{"RELAY into the mesh", {{"::/0", ETH}, {MESH "::/48", WG0}}},
	{"one address into another mesh",
	 {{"::/0", ETH}, {MESH ":1::8", WG1}, {MESH ":3::8", WG1}}},
	{"the hub in the mesh", {{"::/0", ETH}, {HUB_AT, WG0}}},
};

static void add_route(struct world *w, uint32_t table, const char *to,
		      enum link out)
{
	assert_true(w->n_routes < ROUTES_MAX);
	w->routes[w->n_routes++] =
		(struct route){.table = table, .to = prefix_of(to), .out = out};
}

static void add_rule(struct world *w, const struct wg_rule *r)
{
	assert_true(w->n_rules < RULES_MAX);
	w->rules[w->n_rules++] = *r;
}

static void add_plan(struct world *w)
{
	static const struct wg_relay_place place = {.pref = 480, .table = R};
	struct wg_relay_plan plan;
	size_t i;

	assert_int_equal(wg_relay_plan(&w->own, &place, &plan), 0);
	for (i = 0; i < plan.n_rules; i++)
		add_rule(w, &plan.rules[i]);
	for (i = 0; i < plan.n_routes; i++)
		w->routes[w->n_routes++] =
			(struct route){.table = plan.table,
				       .to = plan.routes[i].prefix,
				       .out = plan.ifindex};
}

/* Without the relay: the kernel's own rules and those for marks. */
static void plain_world(struct world *w, const struct wg_relay *own, size_t m)
{
	const struct wg_rule rules[] = {
		{.family = AF_INET6, .pref = 0, .table = LOCAL},
		{.family = AF_INET6,
		 .pref = 500,
		 .mark = MARK,
		 .table = MAIN,
		 .not_group = GROUP},
		{.family = AF_INET6,
		 .pref = 501,
		 .mark = MARK,
		 .table = HOSTS,
		 .not_group = GROUP},
		{.family = AF_INET6, .pref = 502, .mark = MARK},
		{.family = AF_INET6, .pref = 32766, .table = MAIN},
	};
	size_t i;

	memset(w, 0, sizeof(*w));
	w->own = *own;
	for (i = 0; i < N(rules); i++)
		add_rule(w, &rules[i]);
	for (i = 0; i < N(mains[m].routes) && mains[m].routes[i].to; i++)
		add_route(w, MAIN, mains[m].routes[i].to,
			  mains[m].routes[i].out);
	add_route(w, HOSTS, HUB_AT, ETH);
	add_route(w, LOCAL, "2001:db8:1::7", HERE);
	add_route(w, LOCAL, "fd99::7", HERE);
	if (own->hub)
		return;
	/* by the planned addresses */
	add_route(w, LOCAL, MESH ":1::7", HERE);
	add_route(w, LOCAL, MESH ":3::7", HERE);
}

/* --- packets */

static const char *const addresses[] = {
	MESH ":1::7", /* the site's own */
	MESH ":3::7",  MESH ":1::8",
	MESH ":3::8",  MESH ":2::8", /* of a hub that there is not */
	MESH "::1",    MESH ":ffff:1:2:3:4",
	OTHER ":1::7", "2001:db8:1::7", /* our own */
	"fd99::7",     "2001:db8:9::1", /* somebody */
	HUB_AT,	       "::",
};

static bool in_relay(const struct world *w, const struct wg_addr *a)
{
	return wg_relay_is_inside(w->own.hash, a);
}

/* RELAY is entered: the only ways that are. */
static bool is_open(const struct world *w, const struct packet *p)
{
	static const uint8_t has[2][2] = {{1, 3}, {3, 3}};
	const uint8_t *hubs = has[w->own.hub != 0];
	uint8_t net = p->to.b[7];

	if (p->to.b[6] || (net != hubs[0] && net != hubs[1]))
		return false;
	return w->own.hub ? p->in == WG0 && in_relay(w, &p->from) : p->in == LO;
}

/* What comes out of a relay address by the tunnel goes nowhere else. */
static bool is_shut(const struct world *w, const struct packet *p)
{
	return p->in == WG0 && in_relay(w, &p->from);
}

static void check_packet(const struct world *plain, const struct world *w,
			 const struct packet *p, const char *what)
{
	enum link out, before;
	uint32_t table, table_before;
	char from[WG_ADDR_STRLEN], to[WG_ADDR_STRLEN];
	bool good;

	out = route(w, p, &table);
	before = route(plain, p, &table_before);
	if (before == HERE)
		good = out == HERE;
	else if (in_relay(w, &p->to))
		good = is_open(w, p) ? out == WG0 && table == R
				     : out == NOWHERE && !table;
	else if (is_shut(w, p))
		good = out == NOWHERE && !table;
	else
		/* and nobody else sees anything of it */
		good = out == before && table == table_before;
	if (!good)
		fail_msg(
			"%s, %s: in by %s, mark 0x%x, from %s to %s: %s by table %u",
			w->own.hub ? "hub" : "site", what, link_names[p->in],
			p->mark, wg_addr_str(&p->from, from),
			wg_addr_str(&p->to, to), link_names[out], table);
}

static size_t check_world(const struct world *plain, const struct world *w,
			  const char *what)
{
	static const uint32_t marks[] = {0, MARK};
	struct packet p;
	size_t f, t, m, n = 0;

	for (p.in = LO; p.in <= ETH; p.in++)
		for (m = 0; m < N(marks); m++)
			for (f = 0; f < N(addresses); f++)
				for (t = 0; t < N(addresses); t++, n++) {
					p.mark = marks[m];
					p.from = addr_of(addresses[f]);
					p.to = addr_of(addresses[t]);
					check_packet(plain, w, &p, what);
				}
	return n;
}

static void test_all_packets(void **state)
{
	struct world plain, w;
	size_t role, m, n = 0;

	for (role = 0; role < N(roles); role++)
		for (m = 0; m < N(mains); m++) {
			plain_world(&plain, &roles[role], m);
			w = plain;
			add_plan(&w);
			n += check_world(&plain, &w, mains[m].what);
		}
	print_message("%zu packets\n", n);
	assert_int_equal(n, 2 * N(mains) * 4 * 2 * N(addresses) * N(addresses));
}

/* --- how often a packet is sealed */

#define LOOPS 9

/* Where the device has its peers: a site, and at a site the hub. */
struct peers {
	struct wg_addr site, hub;
	bool good; /* wg_relay_at lets both stay there */
};

static bool may_stay(const struct world *w, const struct wg_relay_peer *peer,
		     const struct wg_addr *addr)
{
	const struct wg_endpoint e = {.addr = *addr, .port = 51820};

	return wg_relay_at(&w->own, peer, &e) != WG_RELAY_AT_STRANGE;
}

static struct peers peers_at(const struct world *w, size_t site, size_t hub)
{
	const struct wg_endpoint published = {.addr = addr_of(HUB_AT),
					      .port = 51820};
	const struct wg_relay_peer hub_peer = {.hub = 1,
					       .member = 10,
					       .port = 51820,
					       .published = &published,
					       .n_published = 1};
	const struct wg_relay_peer site_peer = {.member = 8, .port = 51820};
	struct peers p = {.site = addr_of(addresses[site]),
			  .hub = addr_of(addresses[hub])};

	p.good = may_stay(w, &site_peer, &p.site) &&
		 may_stay(w, &hub_peer, &p.hub);
	return p;
}

/* A packet for the site: by wg0, and as long as what is sealed enters that. */
static unsigned times_sealed(const struct world *w, const struct peers *peers)
{
	struct packet p = {.in = LO, .mark = MARK, .to = peers->site};
	unsigned n = 1;
	uint32_t table;

	while (n < LOOPS && route(w, &p, &table) == WG0) {
		n++;
		/* RELAY is the hub's at a site, and the site's at a hub */
		p.to = w->own.hub ? peers->site : peers->hub;
	}
	return n;
}

struct most {
	unsigned good, bad; /* times sealed, with peers where they may be */
};

static struct most seal_all(const struct world *w)
{
	struct most most = {0, 0};
	struct peers peers;
	unsigned n, *at;
	size_t i, k;

	for (i = 0; i < N(addresses); i++)
		for (k = 0; k < N(addresses); k++) {
			peers = peers_at(w, i, k);
			n = times_sealed(w, &peers);
			at = peers.good ? &most.good : &most.bad;
			*at = n > *at ? n : *at;
		}
	return most;
}

static void test_sealed_twice(void **state)
{
	const struct wg_rule by_itself = {.family = AF_INET6,
					  .pref = 480,
					  .iif = "lo",
					  .to = prefix_of(MESH "::/48"),
					  .table = R};
	struct most most;
	struct world w;
	size_t m;

	for (m = 0; m < N(mains); m++) {
		plain_world(&w, &roles[0], m);
		add_plan(&w);
		most = seal_all(&w);
		assert_int_equal(most.good, 2);
		/* a hub's endpoint in RELAY */
		assert_int_equal(most.bad, LOOPS);

		/* a hub seals once, whatever its peers do ... */
		plain_world(&w, &roles[1], m);
		add_plan(&w);
		most = seal_all(&w);
		assert_int_equal(most.good, 1);
		assert_int_equal(most.bad, 1);
		/* ... for the only reason that it has no rule for itself */
		add_rule(&w, &by_itself);
		assert_int_equal(seal_all(&w).bad, LOOPS);
	}
}

/* --- while rules come and go */

/*
 * The rules come in the order of the plan and go in the reverse one.  From the
 * first that opens RELAY to the last nobody but those for whom it is enters.
 */
static void test_order(void **state)
{
	struct world plain, part;
	size_t role, m, n, f, t;
	struct packet p = {.in = ETH};
	uint32_t table;
	bool opened;

	for (role = 0; role < N(roles); role++)
		for (m = 0; m < N(mains); m++) {
			plain_world(&plain, &roles[role], m);
			part = plain;
			add_plan(&part);
			for (n = part.n_rules; n > plain.n_rules; n--) {
				part.n_rules = n;
				opened = part.rules[n - 1].table == R;
				assert_int_equal(opened,
						 n == plain.n_rules + 3);
				if (n < plain.n_rules + 2)
					continue;
				for (f = 0; f < N(addresses); f++)
					for (t = 0; t < 7; t++) {
						p.from = addr_of(addresses[f]);
						p.to = addr_of(addresses[t]);
						if (route(&plain, &p, &table) !=
						    HERE)
							assert_int_equal(
								route(&part, &p,
								      &table),
								NOWHERE);
					}
			}
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_packets),
		cmocka_unit_test(test_sealed_twice),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
