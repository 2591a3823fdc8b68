/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes with peers: they come, go, change their keys and claim prefixes.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/scene.h"
#include "lib/core/wg_check.h"

static void test_a_peer_leaves_at_once(void **state)
{
	struct wg_peer *a = peer_new(1);
	struct wg_key key_a = key_of(1);
	size_t n, i;

	peer_new(2);
	peer_new(3);
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 1);
	route("10.2.0.0/16", 2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	route("10.1.0.0/16", 2);
	wg_peer_delete(a);
	n = plan();
	/* one moves, the rest goes with the peer */
	assert_int_equal(n, 2);
	assert_int_equal(ops[0].kind, WG_OP_ADD);
	assert_int_equal(ops[1].kind, WG_OP_PEER_REMOVE);
	run();
	assert_int_equal(fk.n_peers, 2);
	assert_null(wg_peer_find(dev, "a"));
	assert_null(wg_peer_find_key(dev, &key_a));

	/* not with somebody else's removals in between */
	route("10.1.0.0/16", 0);
	wg_peer_delete(wg_peer_find(dev, "c"));
	n = plan();
	for (i = 0; i < n; i++)
		if (ops[i].kind == WG_OP_PEER_REMOVE)
			assert_int_equal(i, n - 1);
	assert_true(n > 2);
	run();
	assert_int_equal(fk.n_peers, 1);
}

static void test_another_key(void **state)
{
	struct wg_key old = key_of(1), new = key_of(11), third = key_of(2);
	struct wg_peer *a = peer_new(1);
	size_t n, i;

	peer_new(2);
	route("10.0.0.0/8", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(wg_peer_set_key(a, &third), -EEXIST);
	assert_int_equal(wg_peer_set_key(a, &new), 0);
	n = plan();
	assert_int_equal(ops[0].kind, WG_OP_PEER_SET);
	assert_true(wg_key_same(ops[0].key, &new));
	for (i = 1; i < n - 1; i++)
		assert_int_equal(ops[i].kind, WG_OP_ADD);
	assert_int_equal(ops[n - 1].kind, WG_OP_PEER_REMOVE);
	assert_true(wg_key_same(ops[n - 1].key, &old));
	run();
	assert_int_equal(has("10.0.0.0/8"), 11);
	assert_int_equal(fk.n_peers, 2);
	/* there and back before anything was done: nothing to do but to make
	 * sure of the peer, whose session stays */
	fk.n_ops = 0;
	wg_peer_set_key(a, &old);
	wg_peer_set_key(a, &new);
	run();
	assert_int_equal(fk.n_ops, 1);
	assert_int_equal(has("10.0.0.0/8"), 11);
	/* without a key it leaves */
	wg_peer_set_key(a, NULL);
	run();
	assert_int_equal(fk.n_peers, 1);
	assert_int_equal(has("10.99.0.1/32"), 0);
}

/* Deleted and configured again in one go: nothing happens to its session. */
static void test_gone_and_back(void **state)
{
	struct wg_peer *a = peer_new(1);
	struct wg_peer_count count;

	peer_new(2);
	route("10.0.0.0/8", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	fk.n_ops = 0;
	wg_peer_delete(a);
	a = peer_new(1);
	assert_int_equal(plan(), 1);
	assert_int_equal(ops[0].kind, WG_OP_PEER_SET);
	run();
	assert_int_equal(fk.n_ops, 1);
	assert_int_equal(has("10.0.0.0/8"), 1);
	wg_peer_count(a, &count);
	assert_int_equal(count.is_static, 1);
	assert_int_equal(count.dynamic, 1);
	assert_int_equal(count.installed, 2);
	/* under another name, and after everybody saw it go */
	wg_peer_delete(a);
	wg_core_settle(core);
	assert_true(wg_plan_pending(dev));
	a = wg_peer_new(dev, "z");
	assert_int_equal(wg_peer_set_key(a, &(struct wg_key){{1}}), 0);
	run();
	assert_non_null(fk_peer_find(&fk, wg_peer_key(a)));
	assert_int_equal(has("10.0.0.0/8"), 0);
}

/* The device's new key is a peer's: the kernel drops that peer. */
static void test_device_takes_the_key_of_a_peer(void **state)
{
	static char file[] = "key";
	struct wg_dev_conf conf = {.private_key_file = file};
	struct wg_key pub = fk_key_of_file(file);
	struct wg_peer *a = wg_peer_new(dev, "a");
	struct wg_addr gw = gateway(1);

	peer_new(2);
	assert_int_equal(wg_peer_set_key(a, &pub), 0);
	assert_int_equal(wg_peer_add_address(a, &gw, NULL), 0);
	route("10.0.0.0/8", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_non_null(fk_peer_find(&fk, &pub));
	wg_dev_set_key(dev, &pub);
	wg_dev_set_conf(dev, &conf);
	run();
	assert_null(fk_peer_find(&fk, &pub));
	assert_int_equal(wg_peer_state(a), WG_PEER_INCOMPLETE);
	assert_null(entry("10.0.0.0/8").acked);
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
}

static void test_our_own_key(void **state)
{
	struct wg_key own = key_of(1);
	struct wg_peer *a = peer_new(1);
	struct wg_peer *b = peer_new(2);

	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	wg_dev_set_key(dev, &own);
	run();
	assert_int_equal(wg_peer_state(a), WG_PEER_INCOMPLETE);
	assert_int_equal(fk.n_peers, 1);
	assert_int_equal(wg_peer_set_key(b, &own), -EINVAL);
	own = key_of(50);
	wg_dev_set_key(dev, &own);
	run();
	assert_int_equal(fk.n_peers, 2);
}

static void test_key_change_in_flight(void **state)
{
	struct wg_key new = key_of(11), old = key_of(1);
	struct wg_peer *a = peer_new(1);
	size_t n, done;

	peer_new(2);
	route("10.0.0.0/8", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	n = plan();
	assert_int_equal(fk_ops(&fk, ops, n, &done), 0);
	/* the acknowledgement comes after the peer became another */
	wg_peer_set_key(a, &new);
	route("10.0.0.0/8", 0);
	wg_core_settle(core);
	wg_plan_commit(dev, ops, n);
	wg_check_dev(dev);
	run();
	assert_null(fk_peer_find(&fk, &old));
	assert_int_equal(has("10.0.0.0/8"), 0);
	assert_int_equal(has("10.99.0.1/32"), 11);
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
}

static void test_late_commits_are_ignored(void **state)
{
	size_t n;

	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	n = plan();
	/* the device went before it answered */
	wg_dev_set_link(dev, 0, IFINDEX + 1);
	wg_plan_commit(dev, ops, n);
	assert_null(entry("10.99.0.1/32").acked);
	fk_read(&fk, dev, false);
	assert_int_equal(plan(), n);
	/* the read came first */
	fk_read(&fk, dev, false);
	wg_plan_commit(dev, ops, n);
	assert_null(entry("10.99.0.1/32").acked);
	/* an error, and nevertheless an answer */
	n = plan();
	wg_sync_lost(dev);
	wg_plan_commit(dev, ops, n);
	assert_null(entry("10.99.0.1/32").acked);
}

static void test_claims(void **state)
{
	struct wg_peer *a = peer_new(1), *b = peer_new(2), *other = NULL;
	struct wg_addr addr = gateway(1);
	struct wg_prefix host = wg_prefix_host(&addr);
	struct wg_prefix p = prefix("10.1.2.3/8");
	struct wg_peer_count count;

	assert_int_equal(wg_peer_add_address(b, &addr, &other), -EEXIST);
	assert_true(other == a);
	assert_int_equal(wg_peer_add_address(a, &addr, NULL), -EEXIST);
	assert_int_equal(wg_peer_add_static(b, &host, &other), -EEXIST);
	/* its own address as its own static is fine */
	assert_int_equal(wg_peer_add_static(a, &host, NULL), 0);
	assert_int_equal(wg_peer_add_static(a, &host, &other), -EEXIST);
	/* masked */
	assert_int_equal(wg_peer_add_static(a, &p, NULL), 0);
	p = prefix("10.0.0.0/8");
	assert_int_equal(wg_peer_add_static(b, &p, NULL), -EEXIST);
	wg_core_settle(core);
	wg_peer_count(a, &count);
	assert_int_equal(count.is_static, 2);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
	/* one reason less is not none */
	wg_peer_del_address(a, &addr);
	run();
	assert_int_equal(has("10.99.0.1/32"), 1);
	wg_peer_del_static(a, &host);
	wg_peer_del_static(a, &p);
	/* free at once, before any settle */
	assert_int_equal(wg_peer_add_static(b, &p, NULL), 0);
	assert_int_equal(wg_peer_add_address(b, &addr, NULL), 0);
	run();
	assert_int_equal(has("10.0.0.0/8"), 2);
	assert_int_equal(has("10.99.0.1/32"), 2);
}

static void test_point_to_point(void **state)
{
	struct wg_prefix mc = prefix("224.0.0.0/24");
	struct wg_peer *b;

	peer_new(1);
	route("192.168.0.0/16", 9);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	/* one of many, until more is said */
	assert_int_equal(has("224.0.0.0/24"), 0);
	assert_int_equal(has("ff02::/16"), 0);
	assert_int_equal(has("192.168.0.0/16"), 0);
	wg_dev_set_point_to_point(dev, true);
	run();
	assert_int_equal(has("224.0.0.0/24"), 1);
	assert_int_equal(has("ff02::/16"), 1);
	assert_int_equal(has("fe80::/64"), 1);
	assert_int_equal(has("192.168.0.0/16"), 1);
	assert_int_equal(has("0.0.0.0/0"), 0);
	wg_dev_set_point_to_point(dev, false);
	run();
	assert_int_equal(has("224.0.0.0/24"), 0);
	assert_int_equal(has("fe80::/64"), 0);
	assert_int_equal(has("192.168.0.0/16"), 0);
	wg_dev_set_follow(dev, WG_FOLLOW_ANY);
	route("10.0.0.0/8", 1);
	run();
	assert_int_equal(has("0.0.0.0/0"), 1);
	assert_int_equal(has("::/0"), 1);
	assert_int_equal(has("10.0.0.0/8"), 0);
	assert_int_equal(entry("10.0.0.0/8").verdict, WG_ROUTE_SHADOWED);
	assert_int_equal(has("224.0.0.0/24"), 1);
	/* a second one: it was implied, and gives way */
	b = peer_new(2);
	assert_int_equal(wg_peer_add_static(b, &mc, NULL), 0);
	run();
	assert_int_equal(has("224.0.0.0/24"), 2);
	assert_int_equal(has("ff02::/16"), 0);
	assert_int_equal(has("0.0.0.0/0"), 0);
	assert_int_equal(has("10.0.0.0/8"), 1);
	wg_peer_delete(wg_peer_find(dev, "a"));
	run();
	assert_int_equal(has("224.0.0.0/24"), 2);
	assert_int_equal(has("0.0.0.0/0"), 2);
}

/* In whatever order they come and go, they stand by name. */
static void test_thousands_by_name(void **state)
{
	enum { N = 3000 };
	static bool there[N];
	unsigned i, round, turn = 0;
	char name[8];

	for (round = 0; round < 3; round++) {
		/* 1,009 has no factor in common with N: each once */
		for (i = 0; i < N; i++) {
			unsigned n = (turn += 1009) % N;
			struct wg_peer *peer;

			snprintf(name, sizeof(name), "p%04u", n);
			peer = wg_peer_find(dev, name);
			assert_true(there[n] ? peer != NULL : !peer);
			/* all come, every third goes, all others go */
			if (round == 0)
				wg_peer_new(dev, name);
			else if ((round == 1) == (n % 3 == 0) && peer)
				wg_peer_delete(peer);
			else
				continue;
			there[n] = !there[n];
		}
		struct wg_peer *peer = wg_peer_first(dev);

		for (i = 0; i < N; i++) {
			if (!there[i])
				continue;
			snprintf(name, sizeof(name), "p%04u", i);
			assert_string_equal(wg_peer_name(peer), name);
			peer = wg_peer_next(peer);
		}
		assert_null(peer);
		wg_core_settle(core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_a_peer_leaves_at_once),
		SCENE(test_another_key),
		SCENE(test_gone_and_back),
		SCENE(test_device_takes_the_key_of_a_peer),
		SCENE(test_our_own_key),
		SCENE(test_key_change_in_flight),
		SCENE(test_late_commits_are_ignored),
		SCENE(test_claims),
		SCENE(test_point_to_point),
		SCENE(test_thousands_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
