/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder, rule by rule and verdict by verdict, as a table.
 *
 * Three peers a, b, c with keys in this order.  Next hops are written as
 * peers' letters with weights: "a1 b5"; x is an address that is nobody's, -
 * is none, o is another interface.  Before the route, its prefix may have had
 * an owner ("present").
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/wg_core.h"

#define IFINDEX 5

static const struct ladder_case {
	const char *name;
	const char *peers; /* those that exist */
	const char *nexthops;
	const char *owner; /* "": nobody */
	enum wg_verdict verdict;
	const char *present; /* had it before */
	const char *claims; /* has it as static */
	const char *shutdown, *keyless, *own_key, *down, *up;
	const char *denied, *full;
	bool any, p2p;
} cases[] = {
	/* 1. */
	{ "static beats route", "abc", "b1", "a", WG_ROUTE_SHADOWED,
	  .claims = "a" },
	{ "static of its own peer beats its route", "abc", "a1", "a",
	  WG_ROUTE_SHADOWED, .claims = "a" },
	{ "static of a shut down peer is nobody's", "abc", "b1", "",
	  WG_ROUTE_SHADOWED, .claims = "a", .shutdown = "a" },
	{ "static of a keyless peer is nobody's", "abc", "b1", "",
	  WG_ROUTE_SHADOWED, .claims = "a", .keyless = "a" },
	{ "static of a dead peer stays its", "abc", "b1", "a",
	  WG_ROUTE_SHADOWED, .claims = "a", .down = "a" },
	{ "static is not filtered", "abc", "b1", "a", WG_ROUTE_SHADOWED,
	  .claims = "a", .denied = "a" },
	{ "static is not counted against the maximum", "abc", "b1", "a",
	  WG_ROUTE_SHADOWED, .claims = "a", .full = "a" },
	{ "any: routes are shadowed", "a", "a1", "", WG_ROUTE_SHADOWED,
	  .any = true },
	{ "any with two peers: prefixes", "ab", "a1", "a", WG_ROUTE_ACCEPTED,
	  .any = true },

	/* 2. */
	{ "the peer with the gateway", "abc", "b1", "b", WG_ROUTE_ACCEPTED },
	{ "nobody's gateway", "abc", "x1", "", WG_ROUTE_NO_PEER },
	{ "no gateway", "abc", "-1", "", WG_ROUTE_NO_PEER },
	{ "one peer is one of many: nobody's gateway", "b", "x1", "",
	  WG_ROUTE_NO_PEER },
	{ "one peer is one of many: no gateway", "b", "-1", "",
	  WG_ROUTE_NO_PEER },
	{ "point-to-point: nobody's gateway is its", "b", "x1", "b",
	  WG_ROUTE_ACCEPTED, .p2p = true },
	{ "point-to-point: no gateway is its", "b", "-1", "b",
	  WG_ROUTE_ACCEPTED, .p2p = true },
	{ "point-to-point: a keyless peer", "b", "-1", "", WG_ROUTE_PEER_DOWN,
	  .keyless = "b", .p2p = true },
	{ "point-to-point with two peers: of nobody", "ab", "x1", "",
	  WG_ROUTE_NO_PEER, .p2p = true },
	{ "shut down", "abc", "b1", "", WG_ROUTE_PEER_DOWN,
	  .shutdown = "b" },
	{ "shut down, another there", "abc", "b9 c1", "c", WG_ROUTE_ACCEPTED,
	  .shutdown = "b" },
	{ "keyless", "abc", "b1", "", WG_ROUTE_PEER_DOWN, .keyless = "b" },
	{ "with our own key", "abc", "b1", "", WG_ROUTE_PEER_DOWN,
	  .own_key = "b" },
	{ "denied", "abc", "b1", "", WG_ROUTE_DENIED, .denied = "b" },
	{ "denied, another there", "abc", "b9 c1", "c", WG_ROUTE_ACCEPTED,
	  .denied = "b" },
	{ "full", "abc", "b1", "", WG_ROUTE_OVER_MAXIMUM, .full = "b" },
	{ "full, another there", "abc", "b9 c1", "c", WG_ROUTE_ACCEPTED,
	  .full = "b" },
	{ "another interface is not ours", "abc", "b1 o9", "b",
	  WG_ROUTE_ACCEPTED },
	/* the verdict is that of the next hop that got furthest */
	{ "nobody's and shut down", "abc", "x1 b1", "", WG_ROUTE_PEER_DOWN,
	  .shutdown = "b" },
	{ "shut down and denied", "abc", "a1 b1", "", WG_ROUTE_DENIED,
	  .shutdown = "a", .denied = "b" },
	{ "denied and full", "abc", "a1 b1", "", WG_ROUTE_OVER_MAXIMUM,
	  .denied = "a", .full = "b" },
	{ "denied before full: the same peer", "abc", "a1", "",
	  WG_ROUTE_DENIED, .denied = "a", .full = "a" },
	{ "shut down before denied: the same peer", "abc", "a1", "",
	  WG_ROUTE_PEER_DOWN, .shutdown = "a", .denied = "a" },

	/* 3. */
	{ "dead, alone", "abc", "b1", "b", WG_ROUTE_ACCEPTED, .down = "b" },
	{ "dead, another of less weight", "abc", "b9 c1", "c",
	  WG_ROUTE_ACCEPTED, .down = "b" },
	{ "dead, although present", "abc", "b1 c1", "c", WG_ROUTE_ACCEPTED,
	  .down = "b", .present = "b" },
	{ "all dead: weight", "abc", "a1 b9 c1", "b", WG_ROUTE_ACCEPTED,
	  .down = "abc" },
	{ "dead, others denied", "abc", "a1 b1", "a", WG_ROUTE_ACCEPTED,
	  .down = "a", .denied = "b" },
	{ "dead, others full", "abc", "a1 b1", "a", WG_ROUTE_ACCEPTED,
	  .down = "a", .full = "b" },
	{ "unknown is as good as up", "abc", "a1 b1", "a",
	  WG_ROUTE_ACCEPTED, .up = "b" },

	/* 4. */
	{ "present stays", "abc", "a1 b1 c1", "c", WG_ROUTE_ACCEPTED,
	  .present = "c" },
	{ "present of less weight goes", "abc", "a1 b2 c1", "b",
	  WG_ROUTE_ACCEPTED, .present = "c" },
	{ "present of best weight stays", "abc", "a1 b2 c2", "c",
	  WG_ROUTE_ACCEPTED, .present = "c" },
	{ "present no next hop", "abc", "a1 b1", "a", WG_ROUTE_ACCEPTED,
	  .present = "c" },
	{ "present denied", "abc", "a1 b1 c1", "a", WG_ROUTE_ACCEPTED,
	  .present = "c", .denied = "c" },
	{ "present shut down", "abc", "a1 b1 c1", "a", WG_ROUTE_ACCEPTED,
	  .present = "c", .shutdown = "c" },

	/* 5. */
	{ "weight", "abc", "a1 b3 c2", "b", WG_ROUTE_ACCEPTED },
	{ "weight 0 is 1", "abc", "a0 b1", "a", WG_ROUTE_ACCEPTED },
	{ "lowest key", "abc", "c1 b1", "b", WG_ROUTE_ACCEPTED },
	{ "twice the same peer", "abc", "b1 a1 b1", "a", WG_ROUTE_ACCEPTED },
	{ "the best of a peer's weights", "abc", "b1 a2 b3", "b",
	  WG_ROUTE_ACCEPTED },
};

static bool is_in(const char *set, char c)
{
	return set && strchr(set, c);
}

static struct wg_addr gateway(char c)
{
	struct wg_addr a = { AF_INET, { 10, 99, 0, c } };

	return c == '-' ? (struct wg_addr){} : a;
}

static bool deny(const void *arg, const struct wg_prefix *p)
{
	(void)arg;
	/* only the prefix of the test: what makes a peer full is permitted */
	return p->b[0] != 10;
}

static size_t parse(const char *text, struct wg_nexthop *nh)
{
	size_t n = 0;

	for (; *text; text += text[2] ? 3 : 2)
		nh[n++] = (struct wg_nexthop){
			.gateway = gateway(text[0]),
			.ifindex = text[0] == 'o' ? IFINDEX + 1 : IFINDEX,
			.weight = text[1] - '0',
		};
	return n;
}

static void route(struct wg_core *core, const char *prefix,
		  const char *nexthops)
{
	struct wg_nexthop nh[8];
	struct wg_prefix p;
	size_t n = parse(nexthops, nh);

	assert_int_equal(wg_prefix_parse(prefix, &p), 0);
	assert_int_equal(wg_route_update(core, 0, &p, 7, nh, n), 0);
}

static void configure(struct wg_dev *dev, const struct ladder_case *c)
{
	struct wg_filter filter = { deny, NULL };
	struct wg_prefix p = { AF_INET, 8, { 10 } };
	const char *name;

	for (name = c->peers; *name; name++) {
		struct wg_peer *peer = wg_peer_find(dev, (char[]){ *name, 0 });

		if (is_in(c->keyless, *name))
			wg_peer_set_key(peer, NULL);
		if (is_in(c->own_key, *name))
			wg_dev_set_key(dev, wg_peer_key(peer));
		wg_peer_set_shutdown(peer, is_in(c->shutdown, *name));
		if (is_in(c->down, *name))
			wg_peer_set_liveness(peer, WG_PEER_DOWN);
		if (is_in(c->up, *name))
			wg_peer_set_liveness(peer, WG_PEER_UP);
		if (is_in(c->denied, *name))
			wg_peer_set_filter(peer, AF_INET, filter);
		if (is_in(c->claims, *name))
			assert_int_equal(wg_peer_add_static(peer, &p, NULL),
					 0);
		if (is_in(c->full, *name))
			wg_peer_set_maximum(peer, 1);
	}
	if (c->any)
		wg_dev_set_follow(dev, WG_FOLLOW_ANY);
	wg_dev_set_point_to_point(dev, c->p2p);
}

static struct wg_dev *with_peers(struct wg_core *core, const char *peers)
{
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	const char *name;

	wg_dev_set_link(dev, 0, IFINDEX);
	for (name = peers; *name; name++) {
		struct wg_peer *peer = wg_peer_new(dev, (char[]){ *name, 0 });
		struct wg_key key = { { *name } };
		struct wg_addr addr = gateway(*name);

		assert_int_equal(wg_peer_set_key(peer, &key), 0);
		assert_int_equal(wg_peer_add_address(peer, &addr, NULL), 0);
	}
	wg_core_settle(core);
	return dev;
}

static void run_case(const struct ladder_case *c)
{
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = with_peers(core, c->peers);
	struct wg_prefix cursor = { AF_INET, 7, { 10 } };
	const char *name;
	struct wg_entry e;

	print_message("# %s\n", c->name);
	for (name = c->full; name && *name; name++)
		route(core, "172.16.0.0/12", (char[]){ *name, '1', 0 });
	if (c->present)
		route(core, "10.0.0.0/8", (char[]){ c->present[0], '1', 0 });
	/* configuration before the route, and after it */
	configure(dev, c);
	wg_core_settle(core);
	route(core, "10.0.0.0/8", c->nexthops);
	wg_core_settle(core);

	assert_true(wg_entry_next(dev, &cursor, &e));
	assert_int_equal(e.prefix.len, 8);
	assert_string_equal(e.decided ? wg_peer_name(e.decided) : "",
			    c->owner);
	assert_true(e.has_route);
	assert_int_equal(e.proto, 7);
	assert_string_equal(wg_verdict_str(e.verdict),
			    wg_verdict_str(c->verdict));
	wg_core_delete(&core);
}

static void test_cases(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		run_case(&cases[i]);
}

static void test_words(void **state)
{
	assert_string_equal(wg_verdict_str(WG_ROUTE_ACCEPTED), "accepted");
	assert_string_equal(wg_verdict_str(WG_ROUTE_SHADOWED),
			    "shadowed-by-static");
	assert_string_equal(wg_verdict_str(WG_ROUTE_NO_PEER),
			    "no-peer-for-nexthop");
	assert_string_equal(wg_verdict_str(WG_ROUTE_PEER_DOWN), "peer-down");
	assert_string_equal(wg_verdict_str(WG_ROUTE_DENIED),
			    "denied-by-prefix-list");
	assert_string_equal(wg_verdict_str(WG_ROUTE_OVER_MAXIMUM),
			    "over-maximum-prefix");
	assert_string_equal(wg_verdict_str(WG_ROUTE_MARTIAN), "martian");
	assert_string_equal(wg_peer_state_str(WG_PEER_INCOMPLETE),
			    "incomplete");
	assert_string_equal(wg_peer_state_str(WG_PEER_SHUTDOWN), "shutdown");
	assert_string_equal(wg_peer_state_str(WG_PEER_DOWN), "down");
	assert_string_equal(wg_peer_state_str(WG_PEER_UNKNOWN), "unknown");
	assert_string_equal(wg_peer_state_str(WG_PEER_UP), "up");
}

/* What fits stays; room is filled; the log hears of it once. */
static void test_maximum(void **state)
{
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_peer *a = wg_peer_new(dev, "a");
	struct wg_peer *b = wg_peer_new(dev, "b");
	struct wg_key key_a = { { 1 } }, key_b = { { 2 } };
	struct wg_addr addr_a = gateway('a'), addr_b = gateway('b');
	struct wg_peer_count count;
	struct wg_prefix p = { AF_INET, 24, { 172, 16 } };
	char text[WG_PREFIX_STRLEN];
	unsigned i;

	wg_dev_set_link(dev, 0, IFINDEX);
	wg_peer_set_key(a, &key_a);
	wg_peer_set_key(b, &key_b);
	wg_peer_add_address(a, &addr_a, NULL);
	wg_peer_add_address(b, &addr_b, NULL);
	wg_peer_set_maximum(a, 10);
	wg_core_settle(core);
	for (i = 0; i < 30; i++) {
		p.b[2] = i;
		route(core, wg_prefix_str(&p, text), i < 20 ? "a1" : "a2 b1");
	}
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 10);
	assert_int_equal(count.is_static, 1);
	wg_peer_count(b, &count);
	assert_int_equal(count.dynamic, 10); /* second choice */
	assert_true(wg_peer_maximum_hit(a));
	assert_false(wg_peer_maximum_hit(a));
	assert_false(wg_peer_maximum_hit(b));

	/* one goes, another comes: no second line in the log */
	p.b[2] = 0;
	wg_route_delete(core, 0, &p);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 9);
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 10);
	assert_false(wg_peer_maximum_hit(a));

	/* lower: what fits stays */
	wg_peer_set_maximum(a, 3);
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 3);

	/* none: everything, also what was the second choice */
	wg_peer_set_maximum(a, 0);
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 29);
	wg_peer_count(b, &count);
	assert_int_equal(count.dynamic, 0);
	assert_false(wg_peer_maximum_hit(a));

	/* within, and over again: another line */
	wg_peer_set_maximum(a, 5);
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.dynamic, 5);
	assert_true(wg_peer_maximum_hit(a));
	wg_core_delete(&core);
}

/* What the device has counts as present where nothing is decided. */
static void test_present_on_device(void **state)
{
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_sync_peer sp = {};
	struct wg_prefix p = { AF_INET, 8, { 10 } };
	struct wg_addr addr = { AF_INET, { 10, 1, 1, 1 } };
	struct wg_entry e;
	char name;

	wg_dev_set_link(dev, 0, IFINDEX);
	for (name = 'a'; name <= 'c'; name++) {
		struct wg_peer *peer = wg_peer_new(dev, (char[]){ name, 0 });
		struct wg_key key = { { name } };
		struct wg_addr gw = gateway(name);

		wg_peer_set_key(peer, &key);
		wg_peer_add_address(peer, &gw, NULL);
	}
	wg_core_settle(core);
	wg_sync_begin(dev, true);
	sp.key.b[0] = 'b';
	assert_int_equal(wg_sync_peer(dev, &sp), 0);
	assert_int_equal(wg_sync_prefix(dev, &p), 0);
	wg_sync_end(dev);
	while (wg_sync_step(dev, 1))
		;
	assert_true(wg_entry_lookup(dev, &addr, false, &e));
	assert_int_equal(e.source, WG_SOURCE_STALE);
	route(core, "10.0.0.0/8", "a1 b1 c1");
	assert_true(wg_entry_lookup(dev, &addr, false, &e));
	assert_int_equal(e.source, WG_SOURCE_ROUTE);
	assert_string_equal(wg_peer_name(e.decided), "b");
	wg_core_delete(&core);
}

/*
 * A peer that is down lends its prefixes, also those that are told meanwhile,
 * and gets them back.  Whoever has one by right keeps it.
 */
static void test_lent(void **state)
{
	static const struct {
		const char *name;
		const char *had, *nexthops; /* had: before it went down */
		const char *down, *lent, *back;
		const char *meanwhile; /* the route, while it is down */
	} rows[] = {
		{ "comes back", "a1 b1", "a1 b1", "a", "b", "a" },
		{ "told while down", NULL, "a1 b1", "a", "b", "a" },
		{ "told while down, of more weight", NULL, "a1 b2", "b", "a",
		  "b" },
		{ "told while down, of less weight", NULL, "a1 b2", "a", "b",
		  "b" },
		{ "present stays", "b1", "a1 b1", "a", "b", "b" },
		{ "the borrower has the lower key", "b1", "a1 b1", "b", "a",
		  "a" },
		{ "two are down", "a1 b1 c1", "a1 b1 c1", "ab", "c", "a" },
		{ "all are down", "a1 b1", "a1 b1", "ab", "a", "a" },
		{ "nobody else", "a1", "a1", "a", "a", "a" },
		{ "its next hop goes and comes", "a1 b1", "a1 b1", "a", "b",
		  "a", "b1" },
		{ "... to one who is third", "a1 b1 c1", "a1 b1 c1", "a", "b",
		  "a", "c1" },
		{ "... of three", "a1 b1 c1", "a1 b1 c1", "a", "b", "a",
		  "b1 c1" },
		{ "... and one wins it", "a1 b1 c1", "a1 b1 c1", "a", "b", "c",
		  "b2 c3" },
	};
	struct wg_entry e;
	struct wg_addr in = { AF_INET, { 10, 1, 2, 3 } };
	const char *name;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct wg_core *core = wg_core_new();
		struct wg_dev *dev = with_peers(core, "abc");

		print_message("# %s\n", rows[i].name);
		if (rows[i].had) {
			route(core, "10.0.0.0/8", rows[i].had);
			route(core, "10.0.0.0/8", rows[i].nexthops);
		}
		for (name = rows[i].down; *name; name++)
			wg_peer_set_liveness(
				wg_peer_find(dev, (char[]){ *name, 0 }),
				WG_PEER_DOWN);
		wg_core_settle(core);
		route(core, "10.0.0.0/8", rows[i].nexthops);
		assert_true(wg_entry_lookup(dev, &in, false, &e));
		assert_string_equal(wg_peer_name(e.decided), rows[i].lent);
		/* looked at again: nothing changes */
		wg_peer_set_filter(wg_peer_find(dev, "b"), AF_INET,
				   (struct wg_filter){});
		wg_core_settle(core);
		assert_true(wg_entry_lookup(dev, &in, false, &e));
		assert_string_equal(wg_peer_name(e.decided), rows[i].lent);
		if (rows[i].meanwhile)
			route(core, "10.0.0.0/8", rows[i].meanwhile);
		wg_core_settle(core);
		for (name = rows[i].down; *name; name++)
			wg_peer_set_liveness(
				wg_peer_find(dev, (char[]){ *name, 0 }),
				WG_PEER_UP);
		wg_core_settle(core);
		if (rows[i].meanwhile) {
			route(core, "10.0.0.0/8", rows[i].nexthops);
			wg_core_settle(core);
		}
		assert_true(wg_entry_lookup(dev, &in, false, &e));
		assert_string_equal(wg_peer_name(e.decided), rows[i].back);
		wg_core_delete(&core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_present_on_device),
		cmocka_unit_test(test_lent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
