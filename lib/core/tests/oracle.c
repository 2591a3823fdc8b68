/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: scans, no state but the world as the steps made it.
 */
#include "lib/core/tests/oracle.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <assert.h>

#include "lib/core/wg_check.h"
#include "lib/core/wg_nexthops.h"

struct o_world w;

static const char *const addr_text[N_ADDRS] = {
	"10.99.0.1", "10.99.0.2", "10.99.0.3",
	"10.99.0.4", "fd99::1",	  "fe80::2",
};

static const char *const prefix_text[N_PREFIXES] = {
	"0.0.0.0/0",
	"10.0.0.0/8",
	"10.0.0.0/9",
	"10.64.0.0/10",
	"10.99.0.0/16",
	"10.99.0.0/24",
	"10.99.0.0/30",
	"10.99.0.1/32",
	"10.99.0.2/32",
	"10.99.0.3/32",
	"126.0.0.0/7",
	"127.0.0.0/9",
	"192.168.0.0/16",
	"192.168.0.0/17",
	"192.168.128.0/17",
	"192.168.128.0/18",
	"192.168.192.0/18",
	"192.168.200.0/24",
	"224.0.0.0/24",
	"224.0.0.5/32",
	"::/0",
	"fd00::/8",
	"fd99::/64",
	"fd99::1/128",
	"fe80::/64",
	"ff02::/16",
	"2001:db8::/32",
	"2001:db8::/48",
	"2001:db8:0:8000::/49",
};

static const char *const lookup_text[O_LOOKUPS] = {
	"10.99.0.1",	 "10.99.0.3",
	"10.99.7.7",	 "10.70.0.1",
	"10.200.0.1",	 "192.168.200.9",
	"192.168.130.1", "192.168.1.1",
	"224.0.0.5",	 "8.8.8.8",
	"fd99::1",	 "fd99::2",
	"fd11::1",	 "2001:db8:0:8001::1",
	"2001:db8::1",	 "2001:db9::1",
	"ff02::1",	 "fe80::3",
};

struct wg_addr addrs[N_ADDRS];
struct wg_addr o_lookups[O_LOOKUPS];
struct wg_prefix prefixes[N_PREFIXES];
static uint64_t seed;

uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

void o_seed(uint64_t s)
{
	seed = s;
}

void o_init(void)
{
	unsigned i;

	for (i = 0; i < N_ADDRS; i++)
		assert(wg_addr_parse(addr_text[i], &addrs[i]) == 0);
	for (i = 0; i < O_LOOKUPS; i++)
		assert(wg_addr_parse(lookup_text[i], &o_lookups[i]) == 0);
	for (i = 0; i < N_PREFIXES; i++)
		assert(wg_prefix_parse(prefix_text[i], &prefixes[i]) == 0);
}

struct wg_key key_of(unsigned k)
{
	/* not in the order of the numbers */
	return (struct wg_key){{k ? (k * 5) % 9 + 1 : 0, k}};
}

unsigned prefix_index(const struct wg_prefix *p)
{
	unsigned i;

	for (i = 0; i < N_PREFIXES; i++)
		if (wg_prefix_same(&prefixes[i], p))
			return i;
	return N_PREFIXES;
}

static struct o_dev *o_dev_by_ifindex(uint32_t vrf, uint32_t ifindex)
{
	unsigned i;

	for (i = 0; i < N_DEVS; i++)
		if (w.devs[i].dev && ifindex && w.devs[i].vrf == vrf &&
		    w.devs[i].ifindex == ifindex)
			return &w.devs[i];
	return NULL;
}

static unsigned o_n_peers(const struct o_dev *od)
{
	unsigned i, n = 0;

	for (i = 0; i < N_PEERS; i++)
		n += od->peers[i].peer != NULL;
	return n;
}

static struct o_peer *o_sole(struct o_dev *od)
{
	unsigned i;

	for (i = 0; i < N_PEERS && o_n_peers(od) == 1; i++)
		if (od->peers[i].peer && (od->p2p || od->any))
			return &od->peers[i];
	return NULL;
}

static struct o_peer *o_peer_of(struct o_dev *od, const struct wg_addr *gw)
{
	unsigned i, a;

	for (i = 0; i < N_PEERS; i++)
		for (a = 0; a < N_ADDRS; a++)
			if (od->peers[i].peer && od->peers[i].addr[a] &&
			    wg_addr_same(gw, &addrs[a]))
				return &od->peers[i];
	return o_sole(od);
}

size_t o_resolve(uint32_t vrf, const struct o_route *r, struct o_dev *od,
		 struct o_candidate *ret)
{
	size_t i, j, n = 0;

	for (i = 0; i < r->n_nh; i++) {
		const struct wg_nexthop *nh = &r->nh[i];
		unsigned weight = nh->weight ? nh->weight : 1;
		struct o_dev *on;
		unsigned a;

		if (nh->ifindex) {
			on = o_dev_by_ifindex(vrf, nh->ifindex);
			if (on && (!od || on == od))
				ret[n++] = (struct o_candidate){
					o_peer_of(on, &nh->gateway), weight};
			continue;
		}
		for (a = 0; a < N_ADDRS; a++)
			if (wg_addr_same(&addrs[a], &nh->gateway))
				break;
		for (j = 0; a < N_ADDRS && j < w.n_gw[vrf][a]; j++) {
			const struct wg_nexthop *g = &w.gw[vrf][a][j];
			unsigned x = weight * (g->weight ? g->weight : 1);

			on = o_dev_by_ifindex(vrf, g->ifindex);
			if (on && (!od || on == od))
				ret[n++] = (struct o_candidate){
					o_peer_of(on, g->gateway.family
							      ? &g->gateway
							      : &nh->gateway),
					x > 255 ? 255 : x};
		}
	}
	return n;
}

bool o_recursive(const struct o_route *r)
{
	size_t i;

	for (i = 0; i < r->n_nh; i++)
		if (!r->nh[i].ifindex && r->nh[i].gateway.family)
			return true;
	return false;
}

/* Is the route's prefix on the device at all? */
static size_t o_followed(struct o_dev *od, unsigned p, struct o_candidate *ret)
{
	const struct o_route *r = &w.routes[od->vrf][p];

	return r->there && od->ifindex ? o_resolve(od->vrf, r, od, ret) : 0;
}

bool o_usable(const struct o_dev *od, const struct o_peer *op)
{
	return op->key && op->key != od->key && !op->shutdown;
}

static struct o_peer *o_claimant(struct o_dev *od, unsigned p)
{
	static const char *const implied[] = {
		"224.0.0.0/24", "ff02::/16", "fe80::/64", "0.0.0.0/0", "::/0"};
	struct o_peer *sole = o_sole(od);
	unsigned i, a;

	for (i = 0; i < N_PEERS; i++) {
		struct o_peer *op = &od->peers[i];

		if (!op->peer)
			continue;
		if (op->is_static[p])
			return op;
		for (a = 0; a < N_ADDRS; a++) {
			struct wg_prefix host = wg_prefix_host(&addrs[a]);

			if (op->addr[a] && wg_prefix_same(&host, &prefixes[p]))
				return op;
		}
	}
	for (i = 0; sole && i < (od->any ? 5 : 3); i++)
		if (strcmp(prefix_text[p], implied[i]) == 0)
			return sole;
	return NULL;
}

/* Is the prefix within an exclusive static? */
static bool o_is_guarded(const struct o_dev *od, unsigned p)
{
	unsigned i, q;

	for (i = 0; i < N_PEERS; i++)
		for (q = 0; q < N_PREFIXES; q++)
			if (od->peers[i].peer &&
			    od->peers[i].is_exclusive[q] && q != p &&
			    wg_prefix_covers(&prefixes[q], &prefixes[p]))
				return true;
	return false;
}

static bool o_is_martian(unsigned p)
{
	const uint8_t *b = prefixes[p].b;

	if (prefixes[p].family == AF_INET6)
		return prefixes[p].len >= 8 && b[0] == 0xff;
	return prefixes[p].len >= 8 &&
	       (b[0] == 0 || b[0] == 127 || (b[0] >= 224 && b[0] < 240));
}

static bool o_held(const struct o_dev *od, const struct wg_entry *e)
{
	return od->adopted && e->acked &&
	       wg_peer_key(e->acked)->b[0] == STRANGER;
}

static bool o_full(const struct o_peer *op, bool owns)
{
	struct wg_peer_count count;

	wg_peer_count(op->peer, &count);
	return op->maximum && count.dynamic - owns >= op->maximum;
}

static bool o_is_denied(const struct o_peer *op, unsigned p)
{
	uint32_t denied = op->denied[prefixes[p].family == AF_INET6];

	return denied & 1u << p;
}

/*
 * What the ladder has to say: the best ones in *ret_best (n of them), or the
 * verdict.
 */
static unsigned o_ladder(struct o_dev *od, unsigned p,
			 const struct o_candidate *c, size_t n,
			 const struct wg_peer *owner, struct o_peer **ret_best,
			 enum wg_verdict *ret_verdict, bool *ret_down,
			 bool *ret_rivals)
{
	const struct o_peer *alive = NULL;
	enum wg_verdict furthest = WG_ROUTE_NO_PEER;
	static const int order[] = {
		[WG_ROUTE_NO_PEER] = 0,	     [WG_ROUTE_PEER_DOWN] = 1,
		[WG_ROUTE_DENIED] = 2,	     [WG_ROUTE_UNCERTIFIED] = 3,
		[WG_ROUTE_OVER_MAXIMUM] = 4, [WG_ROUTE_ACCEPTED] = 5,
		[WG_ROUTE_MARTIAN] = -1};
	unsigned n_best = 0, best_weight = 0;
	bool all_down = true;
	unsigned pass;
	size_t i;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < n; i++) {
			enum wg_verdict v = WG_ROUTE_ACCEPTED;
			struct o_peer *op = c[i].peer;
			bool down;

			if (!op)
				v = WG_ROUTE_NO_PEER;
			else if (!o_usable(od, op))
				v = WG_ROUTE_PEER_DOWN;
			else if (o_is_denied(op, p))
				v = WG_ROUTE_DENIED;
			else if (!o_is_certified(od, op, p))
				v = WG_ROUTE_UNCERTIFIED;
			else if (o_full(op, op->peer == owner))
				v = WG_ROUTE_OVER_MAXIMUM;
			if (order[v] > order[furthest])
				furthest = v;
			if (v != WG_ROUTE_ACCEPTED)
				continue;
			down = op->liveness == WG_PEER_DOWN;
			*ret_down |= down;
			if (!down) {
				*ret_rivals |= alive && alive != op;
				alive = op;
			}
			if (pass == 0) {
				all_down &= down;
				continue;
			}
			if (down && !all_down)
				continue;
			if (c[i].weight > best_weight) {
				best_weight = c[i].weight;
				n_best = 0;
			}
			if (c[i].weight == best_weight)
				ret_best[n_best++] = op;
		}
	*ret_verdict = furthest;
	/* 2b. */
	if (furthest == WG_ROUTE_UNCERTIFIED) {
		struct o_peer *op = o_announcer(od, p);

		if (op && !o_is_denied(op, p) && !o_full(op, op->peer == owner))
			ret_best[n_best++] = op;
	}
	return n_best;
}

static struct o_peer *lowest_key(struct o_peer **best, unsigned n)
{
	struct o_peer *low = best[0];
	unsigned i;

	for (i = 1; i < n; i++) {
		struct wg_key a = key_of(best[i]->key);
		struct wg_key b = key_of(low->key);

		if (memcmp(&a, &b, sizeof(a)) < 0)
			low = best[i];
	}
	return low;
}

static bool has_maxima(const struct o_dev *od)
{
	unsigned i;

	for (i = 0; i < N_PEERS; i++)
		if (od->peers[i].peer && od->peers[i].maximum)
			return true;
	return false;
}

static void check_prefix(struct o_dev *od, unsigned p, const struct wg_entry *e,
			 bool strict)
{
	struct o_candidate c[N_NH * 2];
	struct o_peer *best[N_NH * 2];
	size_t n = o_followed(od, p, c);
	struct o_peer *claimant = o_claimant(od, p);
	struct wg_peer *expected = NULL;
	bool was_lent = od->lent[p], down = false, rivals = false;
	enum wg_verdict verdict;
	unsigned n_best, i;

	od->lent[p] = false;
	assert_int_equal(e->has_route, n != 0);
	if (n) {
		assert_int_equal(e->n_nexthops, n);
		assert_int_equal(e->proto, w.routes[od->vrf][p].proto);
		for (i = 0; i < n; i++) {
			assert_ptr_equal(e->nexthops[i].peer,
					 c[i].peer ? c[i].peer->peer : NULL);
			assert_int_equal(e->nexthops[i].weight, c[i].weight);
		}
	}
	if (o_held(od, e)) {
		assert_int_equal(e->source, WG_SOURCE_STRANGER);
		assert_ptr_equal(e->decided, e->acked);
		if (n)
			assert_int_equal(e->verdict, WG_ROUTE_SHADOWED);
		return;
	}
	if (claimant || o_is_guarded(od, p) || (n && od->any && o_sole(od))) {
		if (n)
			assert_int_equal(e->verdict, WG_ROUTE_SHADOWED);
		if (claimant && o_usable(od, claimant))
			expected = claimant->peer;
		if (expected)
			assert_int_equal(e->source, WG_SOURCE_STATIC);
	} else if (o_is_martian(p)) {
		if (n)
			assert_int_equal(e->verdict, WG_ROUTE_MARTIAN);
	} else if (n) {
		struct wg_peer *owner =
			e->source == WG_SOURCE_ROUTE ? e->decided : NULL;

		n_best = o_ladder(od, p, c, n, owner, best, &verdict, &down,
				  &rivals);
		od->lent[p] = down ||
			      (was_lent &&
			       (!rivals || e->decided == od->before[p]));
		if (n_best) {
			expected = lowest_key(best, n_best)->peer;
			/* the present owner, or some path of decisions */
			for (i = 0; i < n_best; i++)
				if (best[i]->peer == od->before[p] &&
				    !(was_lent && e->decided == expected))
					expected = od->before[p];
			for (i = 0; i < n_best; i++)
				if (best[i]->peer == e->decided &&
				    (!strict || has_maxima(od) ||
				     /* whoever had it, by what covered it */
				     (od->aggregated && od->stale)))
					expected = e->decided;
			assert_int_equal(e->source, WG_SOURCE_ROUTE);
		}
		assert_int_equal(e->verdict, verdict);
	}
	if (!expected && e->source == WG_SOURCE_STALE) {
		assert_true(od->stale && !o_is_guarded(od, p) &&
			    !o_is_martian(p));
		assert_ptr_equal(e->decided, e->acked);
		return;
	}
	assert_ptr_equal(e->decided, expected);
}

/* Longest match over what wg_entry_next says. */
static void check_lookup(struct o_dev *od, const struct wg_addr *addr,
			 bool acked)
{
	struct wg_prefix host = wg_prefix_host(addr);
	struct wg_entry e, best, got;
	bool found = false;
	struct wg_prefix cursor;
	bool more = wg_entry_next(od->dev, NULL, &e);

	while (more) {
		if ((acked ? e.acked : e.decided) &&
		    wg_prefix_covers(&e.prefix, &host) &&
		    (!found || e.prefix.len > best.prefix.len)) {
			best = e;
			found = true;
		}
		cursor = e.prefix;
		more = wg_entry_next(od->dev, &cursor, &e);
	}
	assert_int_equal(wg_entry_lookup(od->dev, addr, acked, &got), found);
	if (found) {
		assert_true(wg_prefix_same(&got.prefix, &best.prefix));
		assert_ptr_equal(got.decided, best.decided);
		assert_ptr_equal(got.acked, best.acked);
	}
}

static void check_dev(struct o_dev *od, bool strict)
{
	bool seen[N_PREFIXES] = {};
	struct wg_entry e = {};
	struct wg_prefix cursor;
	const struct wg_prefix *from = NULL;
	unsigned p;

	wg_check_dev(od->dev);
	while (wg_entry_next(od->dev, from, &e)) {
		if (from)
			assert_true(wg_prefix_cmp(from, &e.prefix) < 0);
		cursor = e.prefix;
		from = &cursor;
		p = prefix_index(&e.prefix);
		if (p == N_PREFIXES) {
			/* an address that is no prefix of the pool, or what
			 * only an aggregation can have made */
			assert_true(e.prefix.len ==
					    wg_family_bits(e.prefix.family) ||
				    (od->aggregated && !e.has_route));
			continue;
		}
		seen[p] = true;
		check_prefix(od, p, &e, strict);
	}
	for (p = 0; p < N_PREFIXES; p++)
		if (!seen[p]) {
			struct wg_entry none = {.prefix = prefixes[p]};

			check_prefix(od, p, &none, strict);
		}
	o_check_sealed(od);
	for (p = 0; p < 3; p++)
		check_lookup(od, &o_lookups[rnd(O_LOOKUPS)], rnd(2));
}

void o_check(bool strict)
{
	unsigned i;

	wg_nhset_check(w.core);
	for (i = 0; i < N_DEVS; i++)
		if (w.devs[i].dev)
			check_dev(&w.devs[i], strict);
}

void o_remember(void)
{
	unsigned i, p;

	for (i = 0; i < N_DEVS; i++) {
		struct o_dev *od = &w.devs[i];
		const struct wg_prefix *from = NULL;
		struct wg_prefix cursor;
		struct wg_entry e;

		memset(od->before, 0, sizeof(od->before));
		if (!od->dev)
			continue;
		while (wg_entry_next(od->dev, from, &e)) {
			struct o_peer *claimant;

			cursor = e.prefix;
			from = &cursor;
			p = prefix_index(&e.prefix);
			if (p == N_PREFIXES)
				continue;
			claimant = o_claimant(od, p);
			/* what a claim leaves behind is the claimant's */
			if (claimant)
				od->before[p] = claimant->peer;
			else if (e.decided && !o_held(od, &e))
				od->before[p] = e.decided;
			else
				od->before[p] = e.acked;
		}
		for (p = 0; p < N_PREFIXES; p++)
			if (!od->before[p] && o_claimant(od, p))
				od->before[p] = o_claimant(od, p)->peer;
	}
}
