/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differential test: random sequences of all calls against an oracle that
 * knows only the configuration and the routes, and finds every owner and
 * verdict anew after each step, by scanning arrays.
 *
 * What depends on the past is asked for, not remembered: the present owner
 * (rule 4) is who the core said before the step.  With maxima in play, which
 * routes fit depends on the order, so there the oracle checks that the
 * outcome is a rest: with the counts as they are, no decision would differ.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <assert.h>
#include <errno.h>

#include "lib/core/tests/fake_kernel.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_nexthops.h"

#define N_DEVS 3
#define N_VRFS 2
#define N_PEERS 4
#define N_KEYS 9 /* 1..8 */
#define N_ADDRS 6
#define N_PREFIXES 26
#define N_NH 3
#define STRANGER 100 /* first byte of a stranger's key */

static const char *const addr_text[N_ADDRS] = {
	"10.99.0.1", "10.99.0.2", "10.99.0.3", "10.99.0.4",
	"fd99::1", "fe80::2",
};

static const char *const prefix_text[N_PREFIXES] = {
	"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.64.0.0/10",
	"10.99.0.0/16", "10.99.0.0/24", "10.99.0.0/30", "10.99.0.1/32",
	"10.99.0.2/32", "10.99.0.3/32", "192.168.0.0/16", "192.168.0.0/17",
	"192.168.128.0/17", "192.168.128.0/18", "192.168.192.0/18",
	"192.168.200.0/24", "224.0.0.0/24", "224.0.0.5/32",
	"::/0", "fd00::/8", "fd99::/64", "fd99::1/128", "ff02::/16",
	"2001:db8::/32", "2001:db8::/48", "2001:db8:0:8000::/49",
};

static const char *const lookup_text[] = {
	"10.99.0.1", "10.99.0.3", "10.99.7.7", "10.70.0.1", "10.200.0.1",
	"192.168.200.9", "192.168.130.1", "192.168.1.1", "224.0.0.5",
	"8.8.8.8", "fd99::1", "fd99::2", "fd11::1", "2001:db8:0:8001::1",
	"2001:db8::1", "2001:db9::1", "ff02::1",
};
#define N_LOOKUPS (sizeof(lookup_text) / sizeof(*lookup_text))

struct o_peer {
	struct wg_peer *peer; /* NULL: there is none */
	unsigned key; /* 0: none */
	bool addr[N_ADDRS];
	bool is_static[N_PREFIXES];
	bool shutdown;
	enum wg_peer_state liveness;
	uint32_t denied[2]; /* bits of prefixes, by family */
	uint32_t maximum;
};

struct o_dev {
	struct wg_dev *dev; /* NULL: there is none */
	uint32_t vrf;
	uint32_t ifindex;
	bool adopted;
	bool any;
	unsigned key;
	bool stale; /* a sync kept what it found */
	struct o_peer peers[N_PEERS];
	struct fake_kernel fk;
	struct wg_op ops[16]; /* carried out, not committed yet */
	size_t n_ops;
	/* what the core said before the step */
	struct wg_peer *before[N_PREFIXES];
};

struct o_route {
	bool there;
	uint8_t proto;
	size_t n_nh;
	struct wg_nexthop nh[N_NH];
	bool fresh;
};

static struct {
	struct wg_core *core;
	struct o_dev devs[N_DEVS];
	struct o_route routes[N_VRFS][N_PREFIXES];
	bool wanted[N_VRFS][N_ADDRS];
	bool told[N_VRFS][N_ADDRS]; /* by the core */
	size_t n_gw[N_VRFS][N_ADDRS];
	struct wg_nexthop gw[N_VRFS][N_ADDRS][2];
} w;

static struct wg_addr addrs[N_ADDRS];
static struct wg_addr lookups[N_LOOKUPS];
static struct wg_prefix prefixes[N_PREFIXES];
static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static struct wg_key key_of(unsigned k)
{
	/* not in the order of the numbers */
	return (struct wg_key){ { k ? (k * 5) % 9 + 1 : 0, k } };
}

static unsigned prefix_index(const struct wg_prefix *p)
{
	unsigned i;

	for (i = 0; i < N_PREFIXES; i++)
		if (wg_prefix_same(&prefixes[i], p))
			return i;
	return N_PREFIXES;
}

static bool permits(const void *arg, const struct wg_prefix *p)
{
	const struct o_peer *op = arg;

	return !(op->denied[p->family == AF_INET6] >> prefix_index(p) & 1);
}

/* --- the oracle */

struct o_candidate {
	struct o_peer *peer; /* NULL: nobody's */
	unsigned weight;
};

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
		if (od->peers[i].peer)
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

/* What a route's next hops are on a device (NULL: on any). */
static size_t o_resolve(uint32_t vrf, const struct o_route *r,
			struct o_dev *od, struct o_candidate *ret)
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
					o_peer_of(on, &nh->gateway), weight };
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
					x > 255 ? 255 : x };
		}
	}
	return n;
}

static bool o_recursive(const struct o_route *r)
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

static bool o_usable(const struct o_dev *od, const struct o_peer *op)
{
	return op->key && op->key != od->key && !op->shutdown;
}

static struct o_peer *o_claimant(struct o_dev *od, unsigned p)
{
	static const char *const implied[] = { "224.0.0.0/24", "ff02::/16",
					       "0.0.0.0/0", "::/0" };
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
	for (i = 0; sole && i < (od->any ? 4 : 2); i++)
		if (strcmp(prefix_text[p], implied[i]) == 0)
			return sole;
	return NULL;
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

/*
 * What the ladder has to say: the best ones in *ret_best (n of them), or the
 * verdict.
 */
static unsigned o_ladder(struct o_dev *od, unsigned p,
			 const struct o_candidate *c, size_t n,
			 const struct wg_peer *owner,
			 struct o_peer **ret_best, enum wg_verdict *ret_verdict)
{
	enum wg_verdict furthest = WG_ROUTE_NO_PEER;
	static const int order[] = { [WG_ROUTE_NO_PEER] = 0,
				     [WG_ROUTE_PEER_DOWN] = 1,
				     [WG_ROUTE_DENIED] = 2,
				     [WG_ROUTE_OVER_MAXIMUM] = 3,
				     [WG_ROUTE_ACCEPTED] = 4,
				     [WG_ROUTE_COVERS_ENDPOINT] = -1 };
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
			else if (op->denied[prefixes[p].family == AF_INET6] >>
					 p & 1)
				v = WG_ROUTE_DENIED;
			else if (o_full(op, op->peer == owner))
				v = WG_ROUTE_OVER_MAXIMUM;
			if (order[v] > order[furthest])
				furthest = v;
			if (v != WG_ROUTE_ACCEPTED)
				continue;
			down = op->liveness == WG_PEER_DOWN;
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

static void check_prefix(struct o_dev *od, unsigned p,
			 const struct wg_entry *e, bool strict)
{
	struct o_candidate c[N_NH * 2];
	struct o_peer *best[N_NH * 2];
	size_t n = o_followed(od, p, c);
	struct o_peer *claimant = o_claimant(od, p);
	struct wg_peer *expected = NULL;
	enum wg_verdict verdict;
	unsigned n_best, i;

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
	if (claimant || (n && od->any && o_sole(od))) {
		if (n)
			assert_int_equal(e->verdict, WG_ROUTE_SHADOWED);
		if (claimant && o_usable(od, claimant))
			expected = claimant->peer;
		if (expected)
			assert_int_equal(e->source, WG_SOURCE_STATIC);
	} else if (n) {
		struct wg_peer *owner = e->source == WG_SOURCE_ROUTE
						? e->decided
						: NULL;

		n_best = o_ladder(od, p, c, n, owner, best, &verdict);
		if (n_best) {
			expected = lowest_key(best, n_best)->peer;
			/* the present owner, or some path of decisions */
			for (i = 0; i < n_best; i++)
				if (best[i]->peer == od->before[p])
					expected = od->before[p];
			for (i = 0; i < n_best; i++)
				if (best[i]->peer == e->decided &&
				    (!strict || has_maxima(od)))
					expected = e->decided;
			assert_int_equal(e->source, WG_SOURCE_ROUTE);
		}
		assert_int_equal(e->verdict, verdict);
	}
	if (!expected && e->source == WG_SOURCE_STALE) {
		assert_true(od->stale);
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

	wg_entry_check(od->dev);
	while (wg_entry_next(od->dev, from, &e)) {
		if (from)
			assert_true(wg_prefix_cmp(from, &e.prefix) < 0);
		cursor = e.prefix;
		from = &cursor;
		p = prefix_index(&e.prefix);
		if (p == N_PREFIXES) {
			/* an address that is no prefix of the pool */
			assert_true(e.prefix.len ==
				    wg_family_bits(e.prefix.family));
			continue;
		}
		seen[p] = true;
		check_prefix(od, p, &e, strict);
	}
	for (p = 0; p < N_PREFIXES; p++)
		if (!seen[p]) {
			struct wg_entry none = { .prefix = prefixes[p] };

			check_prefix(od, p, &none, strict);
		}
	for (p = 0; p < 3; p++)
		check_lookup(od, &lookups[rnd(N_LOOKUPS)], rnd(2));
}

static void check_all(bool strict)
{
	unsigned i;

	wg_nhset_check(w.core);
	for (i = 0; i < N_DEVS; i++)
		if (w.devs[i].dev)
			check_dev(&w.devs[i], strict);
}

/* Who has what, before the next step. */
static void remember(void)
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

/* --- random steps */

static struct o_dev *some_dev(void)
{
	struct o_dev *od = &w.devs[rnd(N_DEVS)];

	return od->dev ? od : NULL;
}

static struct o_peer *some_peer(struct o_dev *od)
{
	struct o_peer *op = &od->peers[rnd(N_PEERS)];

	return op->peer ? op : NULL;
}

/* Routes that touch nothing any more are forgotten, never to return. */
static void forget_routes(void)
{
	struct o_candidate c[N_NH * 2];
	unsigned v, p;

	for (v = 0; v < N_VRFS; v++)
		for (p = 0; p < N_PREFIXES; p++) {
			struct o_route *r = &w.routes[v][p];

			if (r->there && !o_recursive(r) &&
			    !o_resolve(v, r, NULL, c))
				r->there = false;
		}
}

static void step_dev(struct o_dev *od, unsigned i)
{
	char name[8];

	if (!od->dev) {
		memset(od, 0, sizeof(*od));
		snprintf(name, sizeof(name), "wg%u", i);
		od->dev = wg_dev_new(w.core, name);
		od->fk.can_remove = rnd(2);
		wg_dev_set_can_remove(od->dev, od->fk.can_remove);
		assert_ptr_equal(wg_dev_find(w.core, name), od->dev);
	}
	if (rnd(8) == 0) {
		wg_dev_delete(od->dev);
		od->dev = NULL;
	} else {
		od->vrf = rnd(N_VRFS);
		if (rnd(3)) {
			/* unique in all VRFs, as in the kernel */
			uint32_t ifindex = rnd(4) ? 10 + i : 0;

			if (ifindex != od->ifindex) {
				bool can = od->fk.can_remove;

				memset(&od->fk, 0, sizeof(od->fk));
				od->fk.can_remove = can;
				/* the answer still comes, sometimes */
				if (rnd(2))
					od->n_ops = 0;
				od->stale = false;
			}
			od->ifindex = ifindex;
		}
		wg_dev_set_link(od->dev, od->vrf, od->ifindex);
	}
	forget_routes();
}

static void step_dev_conf(struct o_dev *od)
{
	struct wg_dev_conf conf = {};
	struct wg_key key;

	switch (rnd(4)) {
	case 0:
		od->any = rnd(3) == 0;
		wg_dev_set_follow(od->dev, od->any ? WG_FOLLOW_ANY
						   : WG_FOLLOW_PREFIXES);
		break;
	case 1:
		od->adopted = rnd(2);
		wg_dev_set_adopted(od->dev, od->adopted);
		break;
	case 2:
		od->key = rnd(3) ? 0 : rnd(N_KEYS);
		key = key_of(od->key);
		wg_dev_set_key(od->dev, &key);
		break;
	case 3:
		conf.listen_port = rnd(3);
		conf.fwmark = rnd(3);
		wg_dev_set_conf(od->dev, &conf);
		break;
	}
}

static void step_peer(struct o_dev *od)
{
	static const char *const names[N_PEERS] = { "d", "a", "c", "b" };
	unsigned i = rnd(N_PEERS);
	struct o_peer *op = &od->peers[i];

	if (op->peer && rnd(4) == 0) {
		wg_peer_delete(op->peer);
		op->peer = NULL;
	} else if (!op->peer) {
		memset(op, 0, sizeof(*op));
		op->liveness = WG_PEER_UNKNOWN;
		op->peer = wg_peer_new(od->dev, names[i]);
		assert_ptr_equal(wg_peer_find(od->dev, names[i]), op->peer);
	}
}

static void step_key(struct o_dev *od, struct o_peer *op)
{
	unsigned k = rnd(4) ? 1 + rnd(N_KEYS - 1) : 0;
	struct wg_key key = key_of(k);
	int expected = 0;
	unsigned i;

	if (k && k != op->key) {
		for (i = 0; i < N_PEERS; i++)
			if (od->peers[i].peer && od->peers[i].key == k)
				expected = -EEXIST;
		if (k == od->key)
			expected = -EINVAL;
	}
	assert_int_equal(wg_peer_set_key(op->peer, rnd(2) || k ? &key : NULL),
			 expected);
	if (!expected)
		op->key = k;
}

static void step_claim(struct o_dev *od, struct o_peer *op)
{
	unsigned a = rnd(N_ADDRS);
	unsigned p = rnd(2) ? rnd(N_PREFIXES) : prefix_index(&(
				struct wg_prefix){ AF_INET, 32,
						   { 10, 99, 0, 1 + rnd(3) } });
	bool address = rnd(2);
	struct wg_prefix host = wg_prefix_host(&addrs[a]);
	const struct wg_prefix *at = address ? &host : &prefixes[p];
	bool *mine = address ? &op->addr[a] : &op->is_static[p];
	struct wg_peer *other = NULL;
	bool exists = *mine;
	unsigned i, b;
	int ret;

	if (rnd(3) == 0) {
		if (address)
			wg_peer_del_address(op->peer, &addrs[a]);
		else
			wg_peer_del_static(op->peer, &prefixes[p]);
		*mine = false;
		return;
	}
	for (i = 0; i < N_PEERS; i++) {
		struct o_peer *x = &od->peers[i];

		if (!x->peer || x == op)
			continue;
		for (b = 0; b < N_ADDRS; b++) {
			struct wg_prefix h = wg_prefix_host(&addrs[b]);

			exists |= x->addr[b] && wg_prefix_same(&h, at);
		}
		for (b = 0; b < N_PREFIXES; b++)
			exists |= x->is_static[b] &&
				  wg_prefix_same(&prefixes[b], at);
	}
	ret = address ? wg_peer_add_address(op->peer, &addrs[a], &other)
		      : wg_peer_add_static(op->peer, &prefixes[p], &other);
	assert_int_equal(ret, exists ? -EEXIST : 0);
	assert_int_equal(exists, other != NULL);
	if (!ret)
		*mine = true;
}

static void step_peer_conf(struct o_dev *od, struct o_peer *op)
{
	static char psk_file[] = "psk";
	struct wg_filter f = { permits, op };
	struct wg_peer_conf conf = {};

	switch (rnd(6)) {
	case 0:
		op->shutdown = rnd(3) == 0;
		wg_peer_set_shutdown(op->peer, op->shutdown);
		break;
	case 1:
		op->liveness = WG_PEER_DOWN + rnd(3);
		wg_peer_set_liveness(op->peer, op->liveness);
		break;
	case 2:
		op->denied[0] = rnd(3) ? 0 : rnd(1u << 18);
		wg_peer_set_filter(op->peer, AF_INET, f);
		break;
	case 3:
		op->denied[1] = rnd(3) ? 0 : rnd(1u << N_PREFIXES);
		wg_peer_set_filter(op->peer, AF_INET6, f);
		break;
	case 4:
		op->maximum = rnd(3) ? 0 : 1 + rnd(5);
		wg_peer_set_maximum(op->peer, op->maximum);
		break;
	case 5:
		conf.keepalive = rnd(3);
		conf.psk_file = rnd(2) ? psk_file : NULL;
		if (rnd(2)) {
			conf.endpoint.addr = addrs[rnd(N_ADDRS)];
			conf.endpoint.port = 1 + rnd(2);
		}
		wg_peer_set_conf(op->peer, &conf);
		break;
	}
	(void)od;
}

static void random_nexthop(struct wg_nexthop *nh, bool recursive)
{
	memset(nh, 0, sizeof(*nh));
	nh->ifindex = recursive ? 0 : 10 + rnd(N_DEVS + 1);
	if (recursive || rnd(8))
		nh->gateway = addrs[rnd(N_ADDRS)];
	nh->weight = rnd(8) ? rnd(3) : rnd(256);
}

static void step_route(void)
{
	unsigned v = rnd(N_VRFS);
	unsigned p = rnd(N_PREFIXES);
	struct o_route *r = &w.routes[v][p];
	struct o_candidate c[N_NH * 2];
	struct wg_prefix dirty = prefixes[p];
	size_t i;

	if (rnd(4) == 0) {
		wg_route_delete(w.core, v, &dirty);
		r->there = false;
		return;
	}
	r->proto = rnd(20);
	if (rnd(3)) {
		/* otherwise what it was before */
		r->n_nh = rnd(8) ? 1 + rnd(N_NH) : 0;
		for (i = 0; i < r->n_nh; i++)
			random_nexthop(&r->nh[i], rnd(4) == 0);
	}
	/* host bits are the core's to mask */
	if (dirty.len < 32 && dirty.family == AF_INET)
		dirty.b[3] |= rnd(2);
	assert_int_equal(wg_route_update(w.core, v, &dirty, r->proto, r->nh,
					 r->n_nh),
			 0);
	r->there = o_recursive(r) || o_resolve(v, r, NULL, c);
	r->fresh = true;
}

static void step_gateway(void)
{
	unsigned v = rnd(N_VRFS);
	unsigned a = rnd(N_ADDRS);
	struct wg_nexthop nh[2];
	size_t n = rnd(3);
	size_t i;

	for (i = 0; i < n; i++)
		random_nexthop(&nh[i], false);
	wg_gateway_update(w.core, v, &addrs[a], nh, n);
	if (w.wanted[v][a]) {
		w.n_gw[v][a] = n;
		memcpy(w.gw[v][a], nh, n * sizeof(*nh));
	}
}

/* Which gateways are wanted is a question of the routes alone. */
static void find_wanted(void)
{
	unsigned v, a, p;
	size_t i;

	memset(w.wanted, 0, sizeof(w.wanted));
	for (v = 0; v < N_VRFS; v++)
		for (p = 0; p < N_PREFIXES; p++) {
			const struct o_route *r = &w.routes[v][p];

			for (i = 0; r->there && i < r->n_nh; i++)
				for (a = 0; a < N_ADDRS; a++)
					if (!r->nh[i].ifindex &&
					    wg_addr_same(&r->nh[i].gateway,
							 &addrs[a]))
						w.wanted[v][a] = true;
		}
	for (v = 0; v < N_VRFS; v++)
		for (a = 0; a < N_ADDRS; a++)
			if (!w.wanted[v][a])
				w.n_gw[v][a] = 0;
}

static void track(void)
{
	struct wg_gateway_want want;
	unsigned a;

	while (wg_gateway_next(w.core, &want)) {
		for (a = 0; !wg_addr_same(&addrs[a], &want.gateway); a++)
			assert(a < N_ADDRS - 1);
		assert_int_not_equal(w.told[want.vrf][a], want.want);
		w.told[want.vrf][a] = want.want;
	}
	assert_memory_equal(w.told, w.wanted, sizeof(w.told));
}

static void step_replay(void)
{
	unsigned v = rnd(N_VRFS);
	size_t swept = 0;
	unsigned p;

	wg_route_replay_begin(w.core, v);
	if (rnd(3) == 0)
		wg_route_replay_begin(w.core, v);
	for (p = 0; p < N_PREFIXES; p++) {
		struct o_route *r = &w.routes[v][p];

		if (!r->there)
			continue;
		if (rnd(8)) {
			assert_int_equal(wg_route_update(w.core, v,
							 &prefixes[p],
							 r->proto, r->nh,
							 r->n_nh),
					 0);
		} else {
			r->there = false;
			swept++;
		}
	}
	if (rnd(2)) {
		/* routes move between devices meanwhile */
		step_gateway();
		wg_core_settle(w.core);
	}
	assert_int_equal(wg_route_replay_end(w.core, v), swept);
}

/* Somebody else was at the device. */
static void tamper(struct o_dev *od)
{
	struct fake_kernel *fk = &od->fk;
	struct wg_key key = { { STRANGER, rnd(2) } };
	const struct wg_prefix *p = &prefixes[rnd(N_PREFIXES)];

	switch (rnd(5)) {
	case 0:
		fk_peer_add(fk, &key);
		fk_entry_set(fk, p, &key);
		break;
	case 1:
		fk_entry_remove(fk, p);
		break;
	case 2:
		if (fk->n_peers)
			fk_entry_set(fk, p, &fk->peers[rnd(fk->n_peers)].key);
		break;
	case 3:
		if (fk->n_peers) {
			key = fk->peers[rnd(fk->n_peers)].key;
			fk_peer_remove(fk, &key);
		}
		break;
	case 4:
		if (fk->n_peers)
			fk->peers[rnd(fk->n_peers)].keepalive = rnd(3);
		fk->listen_port = rnd(3);
		break;
	}
}

static void step_sync(struct o_dev *od)
{
	bool keep = rnd(4) == 0;

	if (!od->ifindex)
		return;
	if (rnd(2))
		tamper(od);
	if (rnd(8) == 0) {
		/* a torn read */
		struct wg_sync_peer sp = { { { STRANGER, 7 } } };

		wg_sync_begin(od->dev, keep);
		wg_sync_prefix(od->dev, &prefixes[0]);
		wg_sync_peer(od->dev, &sp);
		wg_sync_prefix(od->dev, &prefixes[rnd(N_PREFIXES)]);
	}
	fk_read(&od->fk, od->dev, keep);
	od->n_ops = 0;
	od->stale |= keep;
	if (!keep && rnd(2)) {
		wg_sync_release(od->dev);
		od->stale = false;
	}
}

/* The device has what is decided, and no more than follows from that. */
static void check_device(struct o_dev *od)
{
	const struct wg_prefix *from = NULL;
	struct wg_prefix cursor;
	struct wg_entry e;
	size_t n = 0;
	unsigned i;
	struct wg_count count;

	while (wg_entry_next(od->dev, from, &e)) {
		struct fk_entry *fe = fk_entry_find(&od->fk, &e.prefix);

		cursor = e.prefix;
		from = &cursor;
		assert_int_equal(fe != NULL, e.acked != NULL);
		if (fe) {
			assert_true(wg_key_same(&fe->key,
						wg_peer_key(e.acked)));
			n++;
		}
		if (e.decided)
			assert_ptr_equal(e.acked, e.decided);
		else if (e.acked)
			assert_false(od->fk.can_remove);
	}
	assert_int_equal(n, od->fk.n_entries);
	wg_dev_count(od->dev, &count);
	assert_int_equal(count.pending, 0);
	assert_int_equal(count.installed, n);
	for (i = 0; i < N_LOOKUPS; i++) {
		const struct wg_key *key = fk_lookup(&od->fk, &lookups[i]);
		bool found = wg_entry_lookup(od->dev, &lookups[i], false, &e);

		assert_int_equal(found, key != NULL);
		if (found)
			assert_true(wg_key_same(key, wg_peer_key(e.decided)));
	}
	/* no peer but ours, and strangers where they may stay */
	for (i = 0; i < od->fk.n_peers; i++) {
		struct wg_peer *peer =
			wg_peer_find_key(od->dev, &od->fk.peers[i].key);

		assert_non_null(peer);
		if (!od->adopted || wg_peer_key(peer)->b[0] != STRANGER)
			assert_non_null(wg_peer_name(peer));
	}
}

static void step_plan(struct o_dev *od)
{
	size_t n;
	size_t done;

	if (!wg_sync_is_synced(od->dev))
		return;
	if (od->n_ops) {
		/* an answer arrives, after much happened */
		wg_plan_commit(od->dev, od->ops, od->n_ops);
		od->n_ops = 0;
		return;
	}
	wg_core_settle(w.core);
	if (rnd(2)) {
		od->fk.fail_at = rnd(4) ? 0 : 1 + rnd(12);
		od->fk.fail_after = rnd(2);
		fk_run(&od->fk, od->dev, 1 + rnd(16));
		od->fk.fail_at = 0;
		check_device(od);
		return;
	}
	n = wg_plan_next(od->dev, od->ops, 1 + rnd(16));
	n = rnd(n + 1);
	assert_int_equal(fk_ops(&od->fk, od->ops, n, &done), 0);
	if (rnd(4) == 0) {
		/* in two parts */
		done = rnd(n + 1);
		wg_plan_commit(od->dev, od->ops, done);
		wg_plan_commit(od->dev, od->ops + done, n - done);
	} else {
		od->n_ops = n;
	}
}

/* One of everything; false: what makes several decisions at once. */
static void step(void)
{
	unsigned i = rnd(N_DEVS);
	struct o_dev *od = some_dev();
	struct o_peer *op = od ? some_peer(od) : NULL;
	unsigned what = rnd(100);

	if (what < 40)
		step_route();
	else if (what < 41)
		step_dev(&w.devs[i], i);
	else if (what < 52)
		step_gateway();
	else if (what < 54)
		step_replay();
	else if (!od)
		step_dev(&w.devs[i], i);
	else if (what < 56)
		step_dev_conf(od);
	else if (what < 58)
		step_peer(od);
	else if (what < 64)
		step_sync(od);
	else if (what < 74)
		step_plan(od);
	else if (!op)
		step_peer(od);
	else if (what < 77)
		step_key(od, op);
	else if (what < 84)
		step_claim(od, op);
	else
		step_peer_conf(od, op);
}

/* Devices with a link and complete peers, as most of the time. */
static void populate(void)
{
	unsigned i, j;

	for (i = 0; i < N_DEVS; i++) {
		struct o_dev *od = &w.devs[i];

		while (!od->dev || !od->ifindex)
			step_dev(od, i);
		for (j = 0; j < N_PEERS; j++) {
			struct o_peer *op = &od->peers[j];

			while (!op->peer && rnd(8))
				step_peer(od);
			while (op->peer && !op->key)
				step_key(od, op);
			if (op->peer && wg_peer_add_address(op->peer, &addrs[j],
							    NULL) == 0)
				op->addr[j] = true;
		}
		fk_read(&od->fk, od->dev, false);
	}
}

static void run(uint64_t start, unsigned steps, unsigned per_settle)
{
	unsigned i, j;

	seed = start;
	memset(&w, 0, sizeof(w));
	w.core = wg_core_new();
	populate();
	wg_core_settle(w.core);
	for (i = 0; i < steps; i++) {
		remember();
		for (j = 0; j < per_settle; j++) {
			step();
			find_wanted();
		}
		wg_core_settle(w.core);
		track();
		wg_core_settle(w.core);
		check_all(per_settle == 1);
	}
	wg_core_delete(&w.core);
}

static uint64_t start_seed(void)
{
	const char *text = getenv("WG_SEED");

	return text ? strtoull(text, NULL, 0) : 1;
}

static void test_step_by_step(void **state)
{
	uint64_t s = start_seed();
	unsigned i;

	for (i = 0; i < 60; i++) {
		print_message("# seed %llu\n", (unsigned long long)(s + i));
		run(s + i, 400, 1);
	}
}

static void test_several_at_once(void **state)
{
	uint64_t s = start_seed() + 1000;
	unsigned i;

	for (i = 0; i < 40; i++) {
		print_message("# seed %llu\n", (unsigned long long)(s + i));
		run(s + i, 150, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_by_step),
		cmocka_unit_test(test_several_at_once),
	};
	unsigned i;

	for (i = 0; i < N_ADDRS; i++)
		assert(wg_addr_parse(addr_text[i], &addrs[i]) == 0);
	for (i = 0; i < N_LOOKUPS; i++)
		assert(wg_addr_parse(lookup_text[i], &lookups[i]) == 0);
	for (i = 0; i < N_PREFIXES; i++)
		assert(wg_prefix_parse(prefix_text[i], &prefixes[i]) == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
