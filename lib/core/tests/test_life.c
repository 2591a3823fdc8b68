/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes from the life of a device: what is told when, restarts, repairs,
 * strangers.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/scene.h"

static void test_nothing_before_the_first_read(void **state)
{
	peer_new(1);
	wg_core_settle(core);
	assert_false(wg_sync_is_synced(dev));
	assert_false(wg_plan_pending(dev));
	assert_int_equal(wg_plan_next(dev, ops, MAX_OPS), 0);
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_true(wg_plan_pending(dev));
	assert_true(wg_plan_next(dev, ops, MAX_OPS) > 0);
	wg_sync_lost(dev);
	assert_int_equal(wg_plan_next(dev, ops, MAX_OPS), 0);
}

static void test_same_plan_until_committed(void **state)
{
	static struct wg_op again[MAX_OPS];
	size_t n;

	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	n = plan();
	assert_int_equal(wg_plan_next(dev, again, MAX_OPS), n);
	assert_memory_equal(ops, again, n * sizeof(*ops));
	/* a part is a part */
	assert_int_equal(wg_plan_next(dev, again, 2), 2);
	assert_memory_equal(ops, again, 2 * sizeof(*ops));
}

/* What moves does not wait for what is new, unless it has to. */
static void test_moves_first(void **state)
{
	struct wg_prefix inside = prefix("10.7.1.0/24");
	struct wg_prefix moving = prefix("10.8.0.0/16");
	struct wg_prefix above = prefix("10.7.0.0/16");
	char text[WG_PREFIX_STRLEN];
	size_t i, n, done, at_inside = 0, at_above = 0;

	peer_new(1);
	peer_new(2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	route("10.7.0.0/16", 1);
	route("10.8.0.0/16", 1);
	run();
	for (i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "10.9.%zu.0/24", i);
		route(text, 1);
	}
	route("10.8.0.0/16", 2);
	route("10.7.0.0/16", 2);
	/* was none when it was queued, and is in front of it now */
	route("10.7.1.0/24", 1);
	n = plan();
	assert_int_equal(n, MAX_OPS);
	assert_true(wg_prefix_same(&ops[0].prefix, &moving));
	assert_int_equal(ops[0].key->b[0], 2);
	while (wg_plan_pending(dev)) {
		n = plan();
		for (i = 0; i < n; i++) {
			if (wg_prefix_same(&ops[i].prefix, &inside))
				at_inside = fk.n_ops + i;
			if (wg_prefix_same(&ops[i].prefix, &above))
				at_above = fk.n_ops + i;
		}
		assert_int_equal(fk_ops(&fk, ops, n, &done), 0);
		wg_plan_commit(dev, ops, n);
	}
	assert_true(at_inside && at_inside < at_above);
	assert_int_equal(has("10.7.0.0/16"), 2);
	assert_int_equal(has("10.7.1.0/24"), 1);
	assert_int_equal(has("10.9.199.0/24"), 1);
}

static void test_incomplete_reaches_nothing(void **state)
{
	struct wg_peer *peer = wg_peer_new(dev, "x");
	struct wg_addr gw = gateway(9);

	wg_peer_add_address(peer, &gw, NULL);
	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(wg_peer_state(peer), WG_PEER_INCOMPLETE);
	assert_int_equal(fk.n_peers, 1);
	assert_int_equal(has("10.99.0.9/32"), 0);
}

static void test_endpoint_is_sent_once(void **state)
{
	struct wg_peer *a = peer_new(1);
	struct wg_peer_conf conf = {.keepalive = 1};
	struct wg_endpoint configured = {gateway(200), 1000, 0};
	struct wg_endpoint roamed = {gateway(201), 2000, 0};

	conf.endpoint = configured;
	wg_peer_set_conf(a, &conf);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &configured));
	fk.peers[0].endpoint = roamed;
	/* not by another change, nor by a read */
	conf.keepalive = 2;
	wg_peer_set_conf(a, &conf);
	run();
	assert_int_equal(fk.peers[0].keepalive, 2);
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &roamed));
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	/* but when asked to */
	wg_peer_resend_endpoint(a);
	run();
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &configured));
	/* and when it is another */
	conf.endpoint = roamed;
	wg_peer_set_conf(a, &conf);
	run();
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &roamed));
	/* and when somebody made the peer anew, without one */
	fk.peers[0].endpoint = (struct wg_endpoint){};
	assert_int_equal(fk_read(&fk, dev, false), 1);
	run();
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &roamed));
}

static void test_who_roamed_is_not_sent_back(void **state)
{
	struct wg_endpoint configured = {gateway(200), 1000, 0};
	struct wg_endpoint roamed = {gateway(201), 2000, 0};
	struct wg_peer *peers[3] = {peer_new(1), peer_new(2), peer_new(3)};
	struct wg_peer_conf conf = {.endpoint = configured};
	unsigned i;

	/* a restart: 1 is alive, 2 is not, 3 is but its name is not known */
	wg_peer_set_conf(peers[0], &conf);
	wg_peer_set_conf(peers[1], &conf);
	for (i = 0; i < 3; i++) {
		fk_peer_add(&fk, wg_peer_key(peers[i]))->endpoint = roamed;
		fk.peers[i].alive = i != 1;
	}
	wg_core_settle(core);
	fk_read(&fk, dev, true);
	wg_peer_set_conf(peers[2], &conf);
	run();
	assert_true(wg_endpoint_same(&fk.peers[0].endpoint, &roamed));
	assert_true(wg_endpoint_same(&fk.peers[1].endpoint, &configured));
	assert_true(wg_endpoint_same(&fk.peers[2].endpoint, &roamed));
	fk_read(&fk, dev, false);
	assert_false(wg_plan_pending(dev));
	/* another endpoint is another */
	conf.endpoint.port++;
	wg_peer_set_conf(peers[2], &conf);
	run();
	assert_true(wg_endpoint_same(&fk.peers[2].endpoint, &conf.endpoint));
	/* the same is sent again if it was taken back, seen by a plan or not */
	for (i = 0; i < 2; i++) {
		fk.peers[2].endpoint = roamed;
		fk_read(&fk, dev, false);
		wg_peer_set_conf(peers[2], &(struct wg_peer_conf){});
		if (i == 0)
			run();
		wg_peer_set_conf(peers[2], &conf);
		run();
		assert_true(wg_endpoint_same(&fk.peers[2].endpoint,
					     &conf.endpoint));
	}
}

static void test_renewed(void **state)
{
	struct wg_peer *a = peer_new(1), *b = peer_new(2);
	struct wg_endpoint roamed = {gateway(201), 2000, 0};
	struct wg_peer_conf conf = {.endpoint = {gateway(200), 1000, 0}};

	wg_peer_set_conf(b, &conf);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	route("10.1.0.0/16", 1);
	route("10.2.0.0/16", 2);
	run();
	fk.peers[0].endpoint = fk.peers[1].endpoint = roamed;
	wg_peer_renew(a);
	wg_peer_renew(b);
	assert_true(wg_plan_pending(dev));
	/* they go first, and nothing with them */
	assert_int_equal(plan(), 2);
	assert_int_equal(ops[0].kind, WG_OP_PEER_REMOVE);
	assert_int_equal(ops[1].kind, WG_OP_PEER_REMOVE);
	assert_true(wg_peer_is_renewing(a));
	run();
	assert_false(wg_peer_is_renewing(a));
	assert_int_equal(fk.n_peers, 2);
	assert_int_equal(has("10.1.0.0/16"), 1);
	assert_int_equal(has("10.99.0.2/32"), 2);
	/* the one has no endpoint any more, the other the configured one */
	assert_int_equal(
		fk_peer_find(&fk, wg_peer_key(a))->endpoint.addr.family,
		AF_UNSPEC);
	assert_true(wg_endpoint_same(
		&fk_peer_find(&fk, wg_peer_key(b))->endpoint, &conf.endpoint));
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	/* the removal did not come to an end: it is done again */
	wg_peer_renew(a);
	assert_int_equal(plan(), 1);
	wg_sync_lost(dev);
	fk_read(&fk, dev, false);
	assert_true(wg_peer_is_renewing(a));
	run();
	assert_false(wg_peer_is_renewing(a));
	assert_int_equal(has("10.1.0.0/16"), 1);
	/* it was gone by other hands */
	wg_peer_renew(a);
	fk_peer_remove(&fk, wg_peer_key(a));
	fk_read(&fk, dev, false);
	assert_false(wg_peer_is_renewing(a));
	run();
	assert_int_equal(has("10.1.0.0/16"), 1);
	/* a peer that leaves is not made anew */
	wg_peer_renew(b);
	wg_peer_set_shutdown(b, true);
	run();
	assert_int_equal(fk.n_peers, 1);
	assert_false(wg_peer_is_renewing(b));
}

/* It may have been there, so it is renewed even if it was not. */
static void test_renewed_before_the_read(void **state)
{
	struct wg_peer *a = peer_new(1);

	wg_core_settle(core);
	wg_peer_renew(a);
	assert_true(wg_peer_is_renewing(a));
	assert_int_equal(fk_read(&fk, dev, false), 0);
	run();
	assert_false(wg_peer_is_renewing(a));
	assert_int_equal(has("10.99.0.1/32"), 1);
}

static void test_device_conf(void **state)
{
	static char file[] = "key";
	struct wg_dev_conf conf = {.listen_port = 51820};
	struct wg_key pub = fk_key_of_file(file);

	wg_dev_set_conf(dev, &conf);
	wg_core_settle(core);
	fk.listen_port = 51820;
	fk_read(&fk, dev, false);
	/* it has all that already */
	assert_false(wg_plan_pending(dev));
	fk.listen_port = 1;
	assert_int_equal(fk_read(&fk, dev, false), 1);
	assert_int_equal(plan(), 1);
	assert_int_equal(ops[0].kind, WG_OP_PORT_SET);
	run();
	assert_int_equal(fk.listen_port, 51820);
	conf.private_key_file = file;
	wg_dev_set_conf(dev, &conf);
	wg_dev_set_key(dev, &pub);
	run();
	assert_true(wg_key_same(&fk.pub, &pub));
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	/* a mark that is not ours is cleared, but not on an adopted device */
	fk.fwmark = 7;
	wg_dev_set_adopted(dev, true);
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	wg_dev_set_adopted(dev, false);
	assert_int_equal(fk_read(&fk, dev, false), 1);
	run();
	assert_int_equal(fk.fwmark, 0);
}

/* Carry out the plan; what was refused stays as it is. */
static int apply(size_t n)
{
	size_t done;
	int ret = fk_ops(&fk, ops, n, &done);

	if (ret == 0)
		wg_plan_commit(dev, ops, n);
	return ret;
}

/* Somebody else has the port: prefixes are followed as if nothing was. */
static void test_port_in_use(void **state)
{
	struct wg_dev_conf conf = {.listen_port = 51820, .fwmark = 3};

	for (int closes = 0; closes < 2; closes++) {
		fk.closes_port = closes;
		fk.port_in_use = conf.listen_port;
		wg_dev_set_conf(dev, &conf);
		peer_new(1 + closes);
		wg_core_settle(core);
		fk_read(&fk, dev, false);
		if (plan() == 1 && ops[0].kind == WG_OP_DEVICE_SET)
			assert_int_equal(apply(1), 0);
		/* it goes alone, so that it is known what was refused */
		assert_int_equal(plan(), 1);
		assert_int_equal(ops[0].kind, WG_OP_PORT_SET);
		assert_int_equal(apply(1), -EADDRINUSE);
		assert_true(wg_plan_refused(dev, ops, 1));
		assert_true(wg_plan_is_refused(dev));
		assert_true(wg_plan_pending(dev));
		run();
		assert_int_equal(fk.n_peers, 1 + closes);
		assert_int_equal(fk.fwmark, 3);
		assert_int_equal(fk_read(&fk, dev, false), 0);
		/* what closed the old one gets any, once */
		assert_int_equal(wg_plan_pending(dev), fk.listen_port == 0);
		run();
		assert_int_equal(fk.listen_port, 60000);
		assert_int_equal(fk_read(&fk, dev, false), 0);
		assert_false(wg_plan_pending(dev));
		assert_true(wg_plan_is_refused(dev));

		/* tried again in vain, and then not */
		wg_plan_retry(dev);
		assert_int_equal(plan(), 1);
		assert_int_equal(apply(1), -EADDRINUSE);
		assert_true(wg_plan_refused(dev, ops, 1));
		fk.port_in_use = 0;
		assert_int_equal(plan(), 0);
		wg_plan_retry(dev);
		run();
		assert_int_equal(fk.listen_port, conf.listen_port);
		assert_false(wg_plan_is_refused(dev));
		assert_int_equal(fk_read(&fk, dev, false), 0);
		/* another one is tried at once */
		conf.listen_port++;
	}
	assert_false(wg_plan_refused(dev, ops, 2));
}

/* --- restart */

static void test_restart_keeps_what_is_not_decided(void **state)
{
	struct wg_key a = key_of(1), b = key_of(2);
	struct wg_prefix p = prefix("10.0.0.0/8"), q = prefix("10.1.0.0/16"),
			 r = prefix("10.2.0.0/16"), own = prefix("10.99.0.1");

	fk_peer_add(&fk, &a);
	fk_peer_add(&fk, &b);
	fk_entry_set(&fk, &p, &a);
	fk_entry_set(&fk, &q, &b);
	fk_entry_set(&fk, &r, &b);
	fk_entry_set(&fk, &own, &a);
	peer_new(1);
	peer_new(2);
	wg_core_settle(core);
	assert_int_equal(fk_read(&fk, dev, true), 0);
	assert_int_equal(entry("10.0.0.0/8").source, WG_SOURCE_STALE);
	run();
	/* one op: the address that was missing */
	assert_int_equal(fk.n_ops, 1);
	assert_int_equal(has("10.0.0.0/8"), 1);

	/* routes come back: one as it was, one elsewhere, one never */
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 1);
	run();
	assert_int_equal(fk.n_ops, 2);
	assert_int_equal(has("10.1.0.0/16"), 1);
	assert_int_equal(has("10.2.0.0/16"), 2);
	/* told and withdrawn again: gone at once */
	route("10.1.0.0/16", 0);
	run();
	assert_int_equal(has("10.1.0.0/16"), 0);
	assert_int_equal(has("10.2.0.0/16"), 2);

	wg_sync_release(dev);
	fk_steps(dev);
	run();
	assert_int_equal(has("10.2.0.0/16"), 0);
	assert_int_equal(has("10.0.0.0/8"), 1);
	assert_int_equal(fk.n_peers, 2);
}

static void test_restart_without_keeping(void **state)
{
	struct wg_key a = key_of(1);
	struct wg_prefix p = prefix("10.0.0.0/8");

	fk_peer_add(&fk, &a);
	fk_entry_set(&fk, &p, &a);
	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(has("10.0.0.0/8"), 0);
	assert_int_equal(fk.n_peers, 1);
}

static void test_stale_of_a_peer_that_is_shut_down(void **state)
{
	struct wg_key a = key_of(1);
	struct wg_prefix p = prefix("10.0.0.0/8");
	struct wg_peer *peer = peer_new(1);

	peer_new(2);
	fk_peer_add(&fk, &a);
	fk_entry_set(&fk, &p, &a);
	wg_core_settle(core);
	fk_read(&fk, dev, true);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
	wg_peer_set_shutdown(peer, true);
	run();
	assert_int_equal(has("10.0.0.0/8"), 0);
	assert_null(fk_peer_find(&fk, &a));
}

static void test_psk_is_set_again_after_a_restart(void **state)
{
	static char psk[] = "psk";
	struct wg_peer_conf conf = {.psk_file = psk};
	struct wg_key a = key_of(1);
	struct wg_peer *peer = peer_new(1);

	fk_peer_add(&fk, &a)->has_psk = true;
	wg_peer_set_conf(peer, &conf);
	wg_core_settle(core);
	fk_read(&fk, dev, true);
	assert_true(plan() > 0);
	assert_int_equal(ops[0].kind, WG_OP_PEER_SET);
	run();
	/* later reads are content */
	assert_int_equal(fk_read(&fk, dev, false), 0);
	assert_false(wg_plan_pending(dev));
	fk_peer_find(&fk, &a)->has_psk = false;
	assert_int_equal(fk_read(&fk, dev, false), 1);
	run();
	assert_true(fk_peer_find(&fk, &a)->has_psk);
}

static void test_repair(void **state)
{
	struct wg_key b = key_of(2);
	struct wg_prefix p = prefix("10.0.0.0/8"), q = prefix("10.7.0.0/16");

	peer_new(1);
	peer_new(2);
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(fk_read(&fk, dev, false), 0);
	/* moved, taken, added; and a peer with its address gone */
	fk_entry_set(&fk, &p, &b);
	fk_entry_set(&fk, &q, &b);
	p = prefix("10.1.0.0/16");
	fk_entry_remove(&fk, &p);
	assert_int_equal(fk_read(&fk, dev, false), 3);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
	assert_int_equal(has("10.1.0.0/16"), 1);
	assert_int_equal(has("10.7.0.0/16"), 0);
	fk_peer_remove(&fk, &b);
	assert_int_equal(fk_read(&fk, dev, false), 2);
	run();
	assert_int_equal(has("10.99.0.2/32"), 2);
}

/* --- strangers */

static void stranger(void)
{
	struct wg_key x = key_of(77);
	struct wg_prefix p = prefix("10.5.0.0/16"), q = prefix("10.99.0.1/32");

	fk_peer_add(&fk, &x);
	fk_entry_set(&fk, &p, &x);
	fk_entry_set(&fk, &q, &x);
}

static void test_strangers_leave_our_device(void **state)
{
	stranger();
	peer_new(1);
	peer_new(2);
	wg_core_settle(core);
	fk_read(&fk, dev, true);
	run();
	assert_int_equal(fk.n_peers, 2);
	assert_int_equal(has("10.99.0.1/32"), 1);
	assert_int_equal(has("10.5.0.0/16"), 0);
}

static void test_strangers_stay_on_an_adopted_device(void **state)
{
	struct wg_key x = key_of(77);
	struct wg_entry e;

	stranger();
	wg_dev_set_adopted(dev, true);
	peer_new(1);
	peer_new(2);
	route("10.5.0.0/16", 1);
	route("10.5.5.0/24", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(fk.n_peers, 3);
	assert_int_equal(has("10.5.0.0/16"), 77);
	assert_int_equal(has("10.5.5.0/24"), 1);
	/* even a peer's own address waits */
	assert_int_equal(has("10.99.0.1/32"), 77);
	e = entry("10.5.0.0/16");
	assert_int_equal(e.source, WG_SOURCE_STRANGER);
	assert_int_equal(e.verdict, WG_ROUTE_SHADOWED);
	assert_null(wg_peer_name(e.decided));
	/* it goes: what waited has its turn */
	fk_peer_remove(&fk, &x);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(has("10.5.0.0/16"), 1);
	assert_int_equal(has("10.99.0.1/32"), 1);
	assert_null(wg_peer_find_key(dev, &x));
}

static void test_a_stranger_is_configured(void **state)
{
	struct wg_key x = key_of(77);
	struct wg_peer *peer;

	stranger();
	wg_dev_set_adopted(dev, true);
	peer_new(1);
	peer_new(2);
	route("10.5.0.0/16", 2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(has("10.5.0.0/16"), 77);
	fk.n_ops = 0;
	peer = wg_peer_new(dev, "x");
	assert_int_equal(wg_peer_set_key(peer, &x), 0);
	wg_core_settle(core);
	assert_true(wg_peer_find_key(dev, &x) == peer);
	run();
	/* now it is ours, with what it has: the peer is not removed */
	assert_int_equal(has("10.5.0.0/16"), 2);
	assert_int_equal(has("10.99.0.1/32"), 1);
	assert_non_null(fk_peer_find(&fk, &x));
	/* and when it is deleted it goes, adopted device or not */
	wg_peer_delete(peer);
	run();
	assert_null(fk_peer_find(&fk, &x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_nothing_before_the_first_read),
		SCENE(test_same_plan_until_committed),
		SCENE(test_moves_first),
		SCENE(test_incomplete_reaches_nothing),
		SCENE(test_endpoint_is_sent_once),
		SCENE(test_who_roamed_is_not_sent_back),
		SCENE(test_renewed),
		SCENE(test_renewed_before_the_read),
		SCENE(test_device_conf),
		SCENE(test_port_in_use),
		SCENE(test_restart_keeps_what_is_not_decided),
		SCENE(test_restart_without_keeping),
		SCENE(test_stale_of_a_peer_that_is_shut_down),
		SCENE(test_psk_is_set_again_after_a_restart),
		SCENE(test_repair),
		SCENE(test_strangers_leave_our_device),
		SCENE(test_strangers_stay_on_an_adopted_device),
		SCENE(test_a_stranger_is_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
