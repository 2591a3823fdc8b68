/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes with routes: gateways that are found and lost, links that go,
 * replays, entries that stay because they cannot be removed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/scene.h"

static bool next_want(unsigned *ret_gw)
{
	struct wg_gateway_want want;

	if (!wg_gateway_next(core, &want))
		return false;
	*ret_gw = want.gateway.b[3] + (want.want ? 100 : 0);
	return true;
}

static void test_gateways(void **state)
{
	struct wg_prefix p = prefix("10.0.0.0/8");
	struct wg_nexthop recursive = {gateway(50), 0, 3};
	struct wg_nexthop via_a = {gateway(1), IFINDEX, 2};
	struct wg_nexthop on_link = {{}, IFINDEX, 0};
	struct wg_addr gw = gateway(50), gw_b = gateway(2);
	struct wg_count count;
	unsigned got;

	peer_new(1);
	peer_new(2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	assert_int_equal(wg_route_update(core, 0, &p, 1, &recursive, 1), 0);
	assert_true(next_want(&got));
	assert_int_equal(got, 150);
	assert_false(next_want(&got));
	assert_false(entry("10.0.0.0/8").has_route);
	/* not that one, not there */
	wg_gateway_update(core, 0, &gw_b, &via_a, 1);
	wg_gateway_update(core, 7, &gw, &via_a, 1);
	run();
	assert_int_equal(has("10.0.0.0/8"), 0);
	wg_gateway_update(core, 0, &gw, &via_a, 1);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
	assert_int_equal(entry("10.0.0.0/8").nexthops[0].weight, 6);
	/* unreachable: parked, not forgotten */
	wg_gateway_update(core, 0, &gw, NULL, 0);
	run();
	assert_int_equal(has("10.0.0.0/8"), 0);
	wg_dev_count(dev, &count);
	assert_int_equal(count.routes, 0);
	/* the tracker forgot */
	wg_gateway_replay(core);
	assert_true(next_want(&got));
	assert_int_equal(got, 150);
	/* a gateway that is itself the neighbour */
	recursive.gateway = gw_b;
	assert_int_equal(wg_route_update(core, 0, &p, 1, &recursive, 1), 0);
	wg_gateway_update(core, 0, &gw_b, &on_link, 1);
	run();
	assert_int_equal(has("10.0.0.0/8"), 2);
	/* 50 is wanted no more, 2 is */
	while (next_want(&got))
		assert_true(got == 50 || got == 102);
	wg_route_delete(core, 0, &p);
	assert_true(next_want(&got));
	assert_int_equal(got, 2);
	assert_false(next_want(&got));
	run();
	assert_int_equal(has("10.0.0.0/8"), 0);
}

/* An endpoint is tracked as well, alone or where a route's gateway is. */
static void test_held_gateways(void **state)
{
	struct wg_prefix p = prefix("10.0.0.0/8");
	struct wg_nexthop recursive = {gateway(50), 0, 1};
	struct wg_addr gw = gateway(50);
	struct wg_gateway_want want;
	unsigned got;

	peer_new(1);
	wg_core_settle(core);
	assert_int_equal(wg_route_update(core, 0, &p, 1, &recursive, 1), 0);
	assert_true(wg_gateway_next(core, &want));
	assert_true(want.want && !want.via_default);
	/* wanted as before, but otherwise: said again */
	wg_gateway_hold(core, 0, &gw);
	wg_gateway_hold(core, 0, &gw);
	assert_true(wg_gateway_next(core, &want));
	assert_true(want.want && want.via_default);
	assert_false(next_want(&got));
	wg_gateway_ask(core, 0, &gw);
	assert_true(next_want(&got));
	assert_int_equal(got, 150);
	wg_gateway_release(core, 0, &gw);
	assert_false(next_want(&got));
	wg_gateway_release(core, 0, &gw);
	assert_true(wg_gateway_next(core, &want));
	assert_true(want.want && !want.via_default);
	wg_route_delete(core, 0, &p);
	assert_true(next_want(&got));
	assert_int_equal(got, 50);
	/* alone */
	wg_gateway_hold(core, 0, &gw);
	assert_true(next_want(&got));
	assert_int_equal(got, 150);
	wg_gateway_release(core, 0, &gw);
	assert_true(next_want(&got));
	assert_int_equal(got, 50);
	/* not tracked at all: nothing to ask */
	wg_gateway_ask(core, 0, &gw);
	assert_false(next_want(&got));
}

/* Next hops, gateways and peers that come and go leave nothing behind. */
static void test_nothing_is_left_behind(void **state)
{
	struct wg_prefix p = prefix("10.0.0.0/8");
	size_t before = 0;
	unsigned i, got;

	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	for (i = 0; i < 300; i++) {
		struct wg_nexthop nh[2] = {{gateway(i % 256), 0, 1 + i / 256},
					   {gateway(1), IFINDEX, 1}};
		struct wg_peer *b;

		assert_int_equal(wg_route_update(core, 0, &p, 1, nh, 2), 0);
		wg_gateway_update(core, 0, &nh[0].gateway, &nh[1], 1);
		while (next_want(&got))
			;
		b = peer_new(2);
		run();
		wg_peer_delete(b);
		wg_route_delete(core, 0, &p);
		while (next_want(&got))
			;
		run();
		if (i == 0)
			before = wg_core_memory(core);
		assert_int_equal(wg_core_memory(core), before);
	}
}

static void test_routes_leave_with_the_link(void **state)
{
	struct wg_prefix p = prefix("10.0.0.0/8");
	struct wg_nexthop recursive = {gateway(50), 0, 1};
	struct wg_nexthop via_a = {gateway(1), IFINDEX, 1};
	struct wg_addr gw = gateway(50);
	struct wg_count count;

	peer_new(1);
	wg_core_settle(core);
	route("10.1.0.0/16", 1);
	assert_int_equal(wg_route_update(core, 0, &p, 1, &recursive, 1), 0);
	wg_gateway_update(core, 0, &gw, &via_a, 1);
	wg_core_settle(core);
	wg_dev_count(dev, &count);
	assert_int_equal(count.routes, 2);
	wg_dev_set_link(dev, 0, 0);
	wg_dev_count(dev, &count);
	assert_int_equal(count.routes, 0);
	/* only the recursive one was kept */
	wg_dev_set_link(dev, 0, IFINDEX);
	wg_core_settle(core);
	wg_dev_count(dev, &count);
	assert_int_equal(count.routes, 1);
	assert_true(entry("10.0.0.0/8").has_route);
}

static void test_replay(void **state)
{
	struct wg_prefix p = prefix("10.3.0.0/16");
	struct wg_nexthop recursive = {gateway(50), 0, 1};

	peer_new(1);
	peer_new(2);
	route("10.1.0.0/16", 1);
	route("10.2.0.0/16", 1);
	assert_int_equal(wg_route_update(core, 0, &p, 1, &recursive, 1), 0);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	wg_route_replay_begin(core, 0);
	route("10.2.0.0/16", 1);
	/* it dies in the middle */
	wg_route_replay_begin(core, 0);
	route("10.1.0.0/16", 2);
	run();
	assert_int_equal(has("10.2.0.0/16"), 1);
	assert_int_equal(wg_route_replay_end(core, 5), 0);
	assert_int_equal(wg_route_replay_end(core, 0), 2);
	run();
	assert_int_equal(has("10.1.0.0/16"), 2);
	assert_int_equal(has("10.2.0.0/16"), 0);
}

static void test_redundant(void **state)
{
	struct wg_count count;

	fk.can_remove = false;
	wg_dev_set_can_remove(dev, false);
	peer_new(1);
	peer_new(2);
	peer_new(3);
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 2);
	route("10.1.1.0/24", 3);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	/* covered: handed over instead of removed */
	route("10.1.1.0/24", 0);
	route("10.1.0.0/16", 0);
	run();
	assert_int_equal(has("10.1.0.0/16"), 1);
	assert_int_equal(has("10.1.1.0/24"), 1);
	wg_dev_count(dev, &count);
	assert_int_equal(count.redundant, 2);
	assert_int_equal(count.pending, 0);
	/* it follows its cover */
	route("10.0.0.0/8", 3);
	run();
	assert_int_equal(has("10.1.0.0/16"), 3);
	assert_int_equal(has("10.1.1.0/24"), 3);
	/* after a restart it is still what it was */
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	/* wanted again: it has its owner already */
	fk.n_ops = 0;
	route("10.1.0.0/16", 3);
	run();
	assert_int_equal(fk.n_ops, 0);
	/* nothing covers it any more */
	route("10.0.0.0/8", 0);
	route("10.1.0.0/16", 0);
	run();
	assert_int_equal(has("10.1.0.0/16"), 0);
	assert_int_equal(has("10.1.1.0/24"), 0);
	assert_int_equal(fk.n_entries, 3);
}

static void test_lookups(void **state)
{
	struct wg_addr in = {AF_INET, {10, 1, 1, 1}};
	struct wg_addr out = {AF_INET, {11, 1, 1, 1}};
	struct wg_entry e;

	peer_new(1);
	peer_new(2);
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 9); /* nobody's gateway */
	wg_core_settle(core);
	assert_true(wg_entry_lookup(dev, &in, false, &e));
	assert_int_equal(e.prefix.len, 8);
	assert_false(wg_entry_lookup(dev, &in, true, &e));
	assert_false(wg_entry_lookup(dev, &out, false, &e));
	assert_true(wg_route_lookup(dev, &in, &e));
	assert_int_equal(e.prefix.len, 16);
	assert_int_equal(e.verdict, WG_ROUTE_NO_PEER);
	assert_null(e.decided);
	assert_false(wg_route_lookup(dev, &out, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_gateways),
		SCENE(test_held_gateways),
		SCENE(test_nothing_is_left_behind),
		SCENE(test_routes_leave_with_the_link),
		SCENE(test_replay),
		SCENE(test_redundant),
		SCENE(test_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
