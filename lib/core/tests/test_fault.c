/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults: every operation of a story fails once, before it or after it was
 * carried out; every allocation on the way of a route or of a read fails
 * once.  The end is always the same: the device has what is decided.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/fake_kernel.h"
#include "lib/core/wg_check.h"
#include "lib/core/wg_nexthops.h"

#define IFINDEX 4

static struct wg_addr gateway(unsigned i)
{
	return (struct wg_addr){AF_INET, {10, 99, 0, i}};
}

static struct wg_peer *peer_new(struct wg_dev *dev, unsigned i)
{
	struct wg_peer *peer = wg_peer_new(dev, (char[]){'a' + i, 0});
	struct wg_key key = {{i}};
	struct wg_addr gw = gateway(i);

	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	assert_int_equal(wg_peer_add_address(peer, &gw, NULL), 0);
	return peer;
}

static void route(struct wg_dev *dev, const char *text, unsigned via)
{
	struct wg_nexthop nh = {gateway(via), IFINDEX, 1};
	struct wg_prefix p;

	assert_int_equal(wg_prefix_parse(text, &p), 0);
	if (via)
		assert_int_equal(
			wg_route_update(wg_dev_core(dev), 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(wg_dev_core(dev), 0, &p);
}

/* The device has exactly what is decided (and what is redundant). */
static void check(struct fake_kernel *fk, struct wg_dev *dev)
{
	const struct wg_prefix *from = NULL;
	struct wg_prefix cursor;
	struct wg_entry e;
	struct wg_peer *peer;
	size_t n = 0;

	wg_check_dev(dev);
	while (wg_entry_next(dev, from, &e)) {
		struct fk_entry *fe = fk_entry_find(fk, &e.prefix);

		cursor = e.prefix;
		from = &cursor;
		if (!e.target && fk->can_remove)
			assert_null(fe);
		if (e.target) {
			assert_non_null(fe);
			assert_true(
				wg_key_same(&fe->key, wg_peer_key(e.target)));
		}
		n += fe != NULL;
	}
	assert_int_equal(n, fk->n_entries);
	n = 0;
	for (peer = wg_peer_first(dev); peer; peer = wg_peer_next(peer)) {
		struct fk_peer *fp = fk_peer_find(fk, wg_peer_key(peer));
		enum wg_peer_state state = wg_peer_state(peer);

		assert_int_equal(fp != NULL, state != WG_PEER_INCOMPLETE &&
						     state != WG_PEER_SHUTDOWN);
		if (!fp)
			continue;
		n++;
		assert_int_equal(fp->keepalive, wg_peer_conf(peer)->keepalive);
		assert_int_equal(fp->has_psk,
				 wg_peer_conf(peer)->psk_file != NULL);
	}
	assert_int_equal(n, fk->n_peers);
	assert_int_equal(fk->listen_port, wg_dev_conf(dev)->listen_port);
}

/* A story with everything in it.  Returns the number of operations. */
static size_t story(struct fake_kernel *fk, size_t batch, bool aggregate)
{
	static char psk[] = "psk", key_file[] = "key";
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_dev_conf dev_conf = {key_file, 51820, 5};
	struct wg_peer_conf conf = {.keepalive = 25, .psk_file = psk};
	struct wg_key key = fk_key_of_file(key_file);
	struct wg_peer *a, *b, *c;

	wg_dev_set_can_remove(dev, fk->can_remove);
	wg_dev_set_aggregate(dev, aggregate);
	wg_dev_set_link(dev, 0, IFINDEX);
	wg_dev_set_conf(dev, &dev_conf);
	wg_dev_set_key(dev, &key);
	a = peer_new(dev, 1);
	b = peer_new(dev, 2);
	c = peer_new(dev, 3);
	route(dev, "10.0.0.0/8", 1);
	route(dev, "10.1.0.0/16", 2);
	route(dev, "10.1.1.0/24", 3);
	route(dev, "2001:db8::/32", 3);
	wg_core_settle(core);
	fk_read(fk, dev, false);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* moves and removals */
	route(dev, "10.0.0.0/8", 2);
	route(dev, "10.1.0.0/16", 0);
	route(dev, "10.1.1.0/24", 1);
	route(dev, "2001:db8::/32", 0);
	wg_peer_set_conf(a, &conf);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* b goes, c gets another key and comes back */
	wg_peer_set_shutdown(b, true);
	key.b[0] = 33;
	assert_int_equal(wg_peer_set_key(c, &key), 0);
	route(dev, "10.2.0.0/16", 3);
	fk_run(fk, dev, batch);
	check(fk, dev);

	wg_peer_delete(a);
	wg_peer_set_shutdown(b, false);
	dev_conf.listen_port = 51821;
	wg_dev_set_conf(dev, &dev_conf);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* the program is restarted: a new device, empty */
	fk->n_peers = fk->n_entries = 0;
	fk->pub = (struct wg_key){};
	fk->listen_port = 0;
	wg_dev_set_link(dev, 0, IFINDEX + 1);
	wg_dev_set_link(dev, 0, IFINDEX);
	route(dev, "10.0.0.0/8", 2);
	route(dev, "10.1.0.0/16", 3);
	wg_core_settle(core);
	assert_int_equal(fk_read(fk, dev, false), 0);
	fk_run(fk, dev, batch);
	check(fk, dev);
	wg_nhset_check(core);
	wg_core_delete(&core);
	return fk->n_ops;
}

/* A member is told: certified for 10.0.0.0/8, this announced, live. */
static void tell(struct wg_peer *peer, uint32_t number, const char *announced)
{
	struct wg_certified all = {{AF_INET, 8, {10}}, 32};
	struct wg_certificate cert = {number, &all, 1};
	struct wg_prefix p = {};

	assert_int_equal(wg_peer_set_certificate(peer, &cert), 0);
	if (announced)
		assert_int_equal(wg_prefix_parse(announced, &p), 0);
	assert_int_equal(wg_peer_set_announced(peer, &p, announced != NULL), 0);
	wg_peer_set_live(peer, true);
}

/* All routes lead to a hub; members come, go, and are revoked. */
static size_t mesh_story(struct fake_kernel *fk, size_t batch, bool aggregate)
{
	static char key_file[] = "key";
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_dev_conf dev_conf = {key_file, 51820, 5};
	struct wg_key key = fk_key_of_file(key_file);
	struct wg_certificate none = {9};
	struct wg_peer *a, *b, *c, *hub;

	wg_dev_set_can_remove(dev, fk->can_remove);
	wg_dev_set_aggregate(dev, aggregate);
	wg_dev_set_link(dev, 0, IFINDEX);
	wg_dev_set_conf(dev, &dev_conf);
	wg_dev_set_key(dev, &key);
	a = peer_new(dev, 1);
	b = peer_new(dev, 2);
	c = peer_new(dev, 3);
	hub = peer_new(dev, 4);
	assert_int_equal(wg_peer_set_certificate(hub, &none), 0);
	route(dev, "10.0.0.0/8", 4);
	route(dev, "10.1.0.0/16", 4);
	route(dev, "10.1.1.0/24", 4);
	route(dev, "10.2.0.0/16", 4);
	tell(a, 1, "10.0.0.0/8");
	tell(b, 2, "10.1.0.0/16");
	tell(c, 3, "10.2.0.0/16");
	wg_core_settle(core);
	fk_read(fk, dev, false);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* one dies, one withdraws, one is certified for nothing any more */
	wg_peer_set_live(b, false);
	tell(c, 3, NULL);
	fk_run(fk, dev, batch);
	check(fk, dev);
	assert_int_equal(wg_peer_set_certificate(a, &none), 0);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* revoked, and another comes in its place with a new key */
	tell(a, 1, "10.1.0.0/16");
	wg_peer_delete(c);
	key.b[0] = 33;
	assert_int_equal(wg_peer_set_key(a, &key), 0);
	wg_peer_set_live(b, true);
	fk_run(fk, dev, batch);
	check(fk, dev);

	/* the program is restarted, and members change meanwhile */
	fk->n_peers = fk->n_entries = 0;
	fk->pub = (struct wg_key){};
	fk->listen_port = 0;
	wg_dev_set_link(dev, 0, IFINDEX + 1);
	tell(b, 2, "10.0.0.0/8");
	wg_dev_set_link(dev, 0, IFINDEX);
	route(dev, "10.0.0.0/8", 4);
	route(dev, "10.1.0.0/16", 4);
	wg_core_settle(core);
	assert_int_equal(fk_read(fk, dev, false), 0);
	fk_run(fk, dev, batch);
	check(fk, dev);
	wg_nhset_check(core);
	wg_core_delete(&core);
	return fk->n_ops;
}

typedef size_t (*story_fn)(struct fake_kernel *fk, size_t batch,
			   bool aggregate);

static void every_op(story_fn story)
{
	static struct fake_kernel fk;
	unsigned variant;
	size_t n, total, batch;

	for (variant = 0; variant < 16; variant++)
		for (batch = 1; batch <= 16; batch *= 4) {
			memset(&fk, 0, sizeof(fk));
			fk.can_remove = variant & 1;
			total = story(&fk, batch, variant & 8);
			assert_true(total > 25);
			for (n = 1; n <= total; n++) {
				memset(&fk, 0, sizeof(fk));
				fk.can_remove = variant & 1;
				fk.fail_after = variant & 2;
				fk.ack_part = variant & 4;
				fk.fail_at = n;
				story(&fk, batch, variant & 8);
				assert_int_equal(fk.fail_at, 0);
			}
		}
}

static void test_every_op(void **state)
{
	every_op(story);
}

static void test_every_op_in_mesh(void **state)
{
	every_op(mesh_story);
}

static void every_nth_op(story_fn story)
{
	static struct fake_kernel fk;
	unsigned variant;
	size_t n;

	for (variant = 0; variant < 8; variant++)
		for (n = 2; n < 12; n++) {
			memset(&fk, 0, sizeof(fk));
			fk.can_remove = variant & 1;
			fk.fail_after = variant & 2;
			fk.ack_part = true;
			fk.fail_at = fk.fail_every = n;
			story(&fk, 8, variant & 4);
		}
}

static void test_every_nth_op(void **state)
{
	every_nth_op(story);
	every_nth_op(mesh_story);
}

/* --- memory */

struct snapshot {
	struct wg_entry e[128];
	struct wg_count count;
	size_t n;
};

static void take(struct wg_dev *dev, struct snapshot *s)
{
	const struct wg_prefix *from = NULL;

	memset(s, 0, sizeof(*s));
	while (wg_entry_next(dev, from, &s->e[s->n])) {
		from = &s->e[s->n].prefix;
		s->n++;
	}
	wg_dev_count(dev, &s->count);
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
	size_t i;

	if (a->n != b->n || memcmp(&a->count, &b->count, sizeof(a->count)))
		return false;
	for (i = 0; i < a->n; i++)
		if (!wg_prefix_same(&a->e[i].prefix, &b->e[i].prefix) ||
		    a->e[i].decided != b->e[i].decided ||
		    a->e[i].verdict != b->e[i].verdict ||
		    a->e[i].proto != b->e[i].proto ||
		    a->e[i].has_route != b->e[i].has_route ||
		    a->e[i].nexthops != b->e[i].nexthops)
			return false;
	return true;
}

/* Each update fails at its first allocation, its second, until it works. */
static void test_route_without_memory(void **state)
{
	static struct snapshot before[2], after[2];
	struct wg_core *core = wg_core_new();
	struct wg_dev *devs[2];
	unsigned step, i, failures = 0;
	uint32_t seed = 77;

	for (i = 0; i < 2; i++) {
		devs[i] = wg_dev_new(core, i ? "wg1" : "wg0");
		wg_dev_set_link(devs[i], 0, IFINDEX + i);
		peer_new(devs[i], 1);
		peer_new(devs[i], 2);
	}
	wg_core_settle(core);
	for (step = 0; step < 300; step++) {
		struct wg_prefix p = {AF_INET, 24, {10, 0, step % 50}};
		struct wg_nexthop nh[3] = {};
		size_t n;
		int ret;

		for (i = 0; i < 3; i++) {
			seed = seed * 1664525 + 1013904223;
			nh[i].gateway = gateway(1 + (seed >> 20) % 3);
			/* on one of the devices, or recursive */
			nh[i].ifindex = (seed >> 28) % 3;
			if (nh[i].ifindex)
				nh[i].ifindex += IFINDEX - 1;
			nh[i].weight = 1 + (seed >> 16) % 16;
		}
		if (step % 3 == 0)
			p = (struct wg_prefix){
				AF_INET6, 48, {0x20, 1, 0, step % 50}};
		for (n = 1;; n++) {
			take(devs[0], &before[0]);
			take(devs[1], &before[1]);
			core->mem.fail_in = n;
			ret = wg_route_update(core, 0, &p, step, nh, 3);
			if (core->mem.fail_in) {
				core->mem.fail_in = 0;
				assert_int_equal(ret, 0);
				break;
			}
			assert_int_equal(ret, -ENOMEM);
			failures++;
			take(devs[0], &after[0]);
			take(devs[1], &after[1]);
			assert_true(same(&before[0], &after[0]));
			assert_true(same(&before[1], &after[1]));
			wg_check_dev(devs[0]);
			wg_check_dev(devs[1]);
			wg_nhset_check(core);
		}
		wg_check_dev(devs[0]);
		wg_nhset_check(core);
	}
	assert_true(failures > 1000);
	wg_core_delete(&core);
}

/* A read that runs out of memory is begun again. */
static void test_read_without_memory(void **state)
{
	static struct fake_kernel fk;
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_key key = {};
	struct wg_prefix p = {AF_INET, 24, {10}};
	unsigned i, n, failed;
	int ret;

	wg_dev_set_link(dev, 0, IFINDEX);
	peer_new(dev, 1);
	for (i = 0; i < 40; i++) {
		key.b[0] = 1 + i;
		p.b[1] = i;
		fk_peer_add(&fk, &key);
		fk_entry_set(&fk, &p, &key);
	}
	wg_core_settle(core);
	for (n = 1, failed = 1; failed; n++) {
		core->mem.fail_in = n;
		failed = 0;
		wg_sync_begin(dev, false);
		fk_steps(dev);
		for (i = 0; i < fk.n_peers && !failed; i++) {
			struct wg_sync_peer sp = {fk.peers[i].key};

			ret = wg_sync_peer(dev, &sp);
			if (ret == 0)
				ret = wg_sync_prefix(dev,
						     &fk.entries[i].prefix);
			failed = ret < 0;
		}
		assert_false(wg_sync_is_synced(dev));
		wg_check_dev(dev);
	}
	core->mem.fail_in = 0;
	assert_true(n > 3);
	fk_read(&fk, dev, false);
	fk_run(&fk, dev, 16);
	/* the strangers are gone, its own prefixes are there */
	assert_int_equal(fk.n_peers, 1);
	check(&fk, dev);
	wg_core_delete(&core);
}

/* An acknowledgement that cannot be noted: read it back. */
static void test_commit_without_memory(void **state)
{
	static struct fake_kernel fk;
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_op ops[16];
	struct wg_prefix p = {AF_INET, 24, {10}};
	unsigned i;
	size_t n, done;

	fk.can_remove = true;
	wg_dev_set_can_remove(dev, true);
	wg_dev_set_link(dev, 0, IFINDEX);
	peer_new(dev, 1);
	peer_new(dev, 2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	fk_run(&fk, dev, 16);
	route(dev, "10.0.0.0/8", 1);
	n = wg_plan_next(dev, ops, 16);
	assert_int_equal(n, 1);
	assert_int_equal(fk_ops(&fk, ops, n, &done), 0);
	/* the route goes, its node too, and others take all nodes there are */
	route(dev, "10.0.0.0/8", 0);
	for (i = 0; dev->table[0].top < WG_SLAB_NODES; i++) {
		struct wg_nexthop nh = {gateway(1), IFINDEX, 1};

		p.b[1] = i >> 8;
		p.b[2] = i;
		assert_int_equal(wg_route_update(core, 0, &p, 1, &nh, 1), 0);
	}
	core->mem.fail_in = 1;
	wg_plan_commit(dev, ops, n);
	core->mem.fail_in = 0;
	assert_false(wg_sync_is_synced(dev));
	fk_read(&fk, dev, false);
	fk_run(&fk, dev, 16);
	check(&fk, dev);
	wg_core_delete(&core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_op),
		cmocka_unit_test(test_every_op_in_mesh),
		cmocka_unit_test(test_every_nth_op),
		cmocka_unit_test(test_route_without_memory),
		cmocka_unit_test(test_read_without_memory),
		cmocka_unit_test(test_commit_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
