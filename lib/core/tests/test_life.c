/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes from the life of a device: restarts, strangers, peers that come, go
 * and change their keys, gateways that are found and lost, replays.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/fake_kernel.h"
#include "lib/core/wg_entry.h"

#define IFINDEX 4
#define MAX_OPS 64

static struct wg_core *core;
static struct wg_dev *dev;
static struct fake_kernel fk;
static struct wg_op ops[MAX_OPS];

static struct wg_addr gateway(unsigned i)
{
	return (struct wg_addr){AF_INET, {10, 99, 0, i}};
}

static struct wg_prefix prefix(const char *text)
{
	struct wg_prefix p = {};

	assert_int_equal(wg_prefix_parse(text, &p), 0);
	return p;
}

static struct wg_key key_of(unsigned i)
{
	return (struct wg_key){{i}};
}

/* Peer number 1 is a, with key 1 and address 10.99.0.1. */
static struct wg_peer *peer_new(unsigned i)
{
	struct wg_peer *peer = wg_peer_new(dev, (char[]){'a' + i - 1, 0});
	struct wg_key key = key_of(i);
	struct wg_addr gw = gateway(i);

	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	assert_int_equal(wg_peer_add_address(peer, &gw, NULL), 0);
	return peer;
}

static void route(const char *text, unsigned via)
{
	struct wg_nexthop nh = {gateway(via), IFINDEX, 1};
	struct wg_prefix p = prefix(text);

	if (via)
		assert_int_equal(wg_route_update(core, 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(core, 0, &p);
}

static void run(void)
{
	fk_run(&fk, dev, MAX_OPS);
	wg_entry_check(dev);
}

static size_t plan(void)
{
	wg_core_settle(core);
	return wg_plan_next(dev, ops, MAX_OPS);
}

static int setup(void **state)
{
	memset(&fk, 0, sizeof(fk));
	fk.can_remove = true;
	core = wg_core_new();
	dev = wg_dev_new(core, "wg0");
	wg_dev_set_can_remove(dev, true);
	wg_dev_set_link(dev, 0, IFINDEX);
	return 0;
}

static int teardown(void **state)
{
	wg_core_delete(&core);
	return 0;
}

/* Which peer has it on the fake device, by its key; 0: nobody. */
static unsigned has(const char *text)
{
	struct wg_prefix p = prefix(text);
	struct fk_entry *e = fk_entry_find(&fk, &p);

	return e ? e->key.b[0] : 0;
}

static struct wg_entry entry(const char *text)
{
	struct wg_prefix p = prefix(text);
	struct wg_prefix at = {};
	struct wg_entry e = {};
	bool more = wg_entry_next(dev, NULL, &e);

	while (more && !wg_prefix_same(&e.prefix, &p)) {
		at = e.prefix;
		more = wg_entry_next(dev, &at, &e);
	}
	return more ? e : (struct wg_entry){};
}

/* --- what is told, and when */

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
	assert_int_equal(ops[0].kind, WG_OP_DEVICE_SET);
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

/* --- peers */

static void test_a_peer_leaves_at_once(void **state)
{
	struct wg_peer *a = peer_new(1);
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
	wg_entry_check(dev);
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

static void test_the_only_peer(void **state)
{
	struct wg_prefix mc = prefix("224.0.0.0/24");
	struct wg_peer *b;

	peer_new(1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	assert_int_equal(has("224.0.0.0/24"), 1);
	assert_int_equal(has("ff02::/16"), 1);
	assert_int_equal(has("0.0.0.0/0"), 0);
	wg_dev_set_follow(dev, WG_FOLLOW_ANY);
	route("10.0.0.0/8", 1);
	run();
	assert_int_equal(has("0.0.0.0/0"), 1);
	assert_int_equal(has("::/0"), 1);
	assert_int_equal(has("10.0.0.0/8"), 0);
	assert_int_equal(entry("10.0.0.0/8").verdict, WG_ROUTE_SHADOWED);
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

/* --- routes */

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

#define SCENE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_nothing_before_the_first_read),
		SCENE(test_same_plan_until_committed),
		SCENE(test_incomplete_reaches_nothing),
		SCENE(test_endpoint_is_sent_once),
		SCENE(test_device_conf),
		SCENE(test_restart_keeps_what_is_not_decided),
		SCENE(test_restart_without_keeping),
		SCENE(test_stale_of_a_peer_that_is_shut_down),
		SCENE(test_psk_is_set_again_after_a_restart),
		SCENE(test_repair),
		SCENE(test_strangers_leave_our_device),
		SCENE(test_strangers_stay_on_an_adopted_device),
		SCENE(test_a_stranger_is_configured),
		SCENE(test_a_peer_leaves_at_once),
		SCENE(test_another_key),
		SCENE(test_our_own_key),
		SCENE(test_key_change_in_flight),
		SCENE(test_late_commits_are_ignored),
		SCENE(test_claims),
		SCENE(test_the_only_peer),
		SCENE(test_gateways),
		SCENE(test_routes_leave_with_the_link),
		SCENE(test_replay),
		SCENE(test_redundant),
		SCENE(test_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
