/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing in pieces: whatever routes do between them, the end is that of a
 * comparison that nothing disturbed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/scene.h"
#include "lib/core/wg_check.h"
#include "lib/core/wg_nexthops.h"

#define N_PREFIXES 120
#define N_UPDATES 60
#define N_PEERS 4
#define STRANGER 9

static uint64_t seed;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

/* Prefix number i: nested, and of both families. */
static struct wg_prefix nested(unsigned i)
{
	struct wg_prefix p = {AF_INET, 8 + 4 * (i % 5), {10, i * 37, i * 11}};

	if (i % 4 == 3)
		p = (struct wg_prefix){
			AF_INET6, 32 + 8 * (i % 3), {0xfd, i, i * 5}};
	wg_prefix_mask(&p);
	return p;
}

struct update {
	unsigned prefix, via; /* via 0: no route */
};

static void update(const struct update *u)
{
	struct wg_nexthop nh = {gateway(u->via), IFINDEX, 1};
	struct wg_prefix p = nested(u->prefix);

	if (u->via)
		assert_int_equal(wg_route_update(core, 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(core, 0, &p);
	if (rnd(4) == 0)
		wg_core_settle(core);
}

static void some_updates(struct update *u, unsigned n)
{
	for (; n--; u++)
		*u = (struct update){rnd(N_PREFIXES), rnd(N_PEERS + 1)};
}

/* All that there is to see of the device, and what becomes of it. */
struct outcome {
	struct wg_prefix prefix[N_PREFIXES * 2];
	struct wg_key decided[N_PREFIXES * 2], acked[N_PREFIXES * 2];
	enum wg_source source[N_PREFIXES * 2];
	size_t n;
	size_t differences;
	struct wg_count before, after;
	size_t n_ops;
	struct wg_key has[N_PREFIXES];
};

static struct wg_key key_of_peer(struct wg_peer *peer)
{
	return peer ? *wg_peer_key(peer) : (struct wg_key){};
}

static void take(struct outcome *o)
{
	struct wg_prefix at = {};
	struct wg_entry e;
	bool more = wg_entry_next(dev, NULL, &e);

	memset(o, 0, sizeof(*o));
	for (; more; more = wg_entry_next(dev, &at, &e), o->n++) {
		o->prefix[o->n] = at = e.prefix;
		o->decided[o->n] = key_of_peer(e.decided);
		o->acked[o->n] = key_of_peer(e.acked);
		o->source[o->n] = e.source;
	}
	o->differences = wg_sync_differences(dev);
	wg_dev_count(dev, &o->before);
	fk.n_ops = 0;
	run();
	o->n_ops = fk.n_ops;
	wg_dev_count(dev, &o->after);
	for (unsigned i = 0; i < N_PREFIXES; i++) {
		struct wg_prefix p = nested(i);
		struct fk_entry *fe = fk_entry_find(&fk, &p);

		if (fe)
			o->has[i] = fe->key;
	}
}

/* How the comparison is cut up. */
struct cut {
	bool disturbed; /* updates come in between, else behind */
	bool aborted; /* a first read gets half way */
	bool keep; /* what has no route is kept, and released in the end */
};

static void updates(const struct update *u, unsigned *at, unsigned n)
{
	for (; *at < N_UPDATES && n--; (*at)++)
		update(&u[*at]);
}

/* The steps that are left, with updates in between. */
static void steps(const struct cut *c, const struct update *u, unsigned *at)
{
	unsigned turns = 0;

	while (wg_sync_step(dev, 1 + rnd(9))) {
		assert_true(turns++ < 10000);
		assert_false(wg_plan_pending(dev));
		assert_int_equal(wg_plan_next(dev, ops, MAX_OPS), 0);
		if (c->disturbed)
			updates(u, at, rnd(3));
		wg_check_dev(dev);
	}
}

static void story(uint64_t s, bool can_remove, const struct cut *c,
		  struct outcome *ret)
{
	struct update first[N_UPDATES], then[N_UPDATES];
	struct wg_key stranger = key_of(STRANGER);
	unsigned i, at = 0;

	seed = s;
	setup(NULL);
	fk.can_remove = can_remove;
	wg_dev_set_can_remove(dev, can_remove);
	for (i = 1; i <= N_PEERS; i++)
		peer_new(i);
	some_updates(first, N_UPDATES);
	some_updates(then, N_UPDATES);
	for (i = 0; i < N_UPDATES; i++)
		update(&first[i]);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();

	/* foreign hands: take away, move, add */
	fk_peer_add(&fk, &stranger);
	for (i = 0; i < 30; i++) {
		struct wg_prefix p = nested(rnd(N_PREFIXES));
		struct wg_key key = key_of(1 + rnd(N_PEERS));

		if (i % 3 == 0)
			fk_entry_remove(&fk, &p);
		else
			fk_entry_set(&fk, &p, i % 3 == 1 ? &key : &stranger);
	}
	if (rnd(2))
		fk_peer_remove(&fk, &(struct wg_key){{1 + rnd(N_PEERS)}});

	if (c->aborted) {
		wg_sync_begin(dev, c->keep);
		fk_tell(&fk, dev, 0, fk.n_peers, 0);
	}
	wg_sync_begin(dev, c->keep);
	/* again, before it was done */
	if (c->aborted) {
		wg_sync_step(dev, 3);
		wg_sync_begin(dev, c->keep);
	}
	steps(c, then, &at);
	wg_sync_device(dev, &fk.pub, fk.listen_port, fk.fwmark);
	fk_tell(&fk, dev, 0, fk.n_peers, 0);
	if (c->disturbed)
		updates(then, &at, rnd(9));
	fk_tell(&fk, dev, 0, fk.n_peers, 1);
	wg_sync_end(dev);
	steps(c, then, &at);
	assert_true(wg_sync_is_synced(dev));
	if (c->keep) {
		if (!c->disturbed)
			updates(then, &at, N_UPDATES);
		wg_sync_release(dev);
		steps(c, then, &at);
	}
	updates(then, &at, N_UPDATES);
	wg_core_settle(core);
	wg_check_dev(dev);
	wg_nhset_check(core);
	take(ret);
	teardown(NULL);
}

static void test_any_cut_is_the_same(void **state)
{
	static struct outcome whole, cut;
	unsigned s, i;

	for (s = 1; s <= 150; s++) {
		print_message("# seed %u\n", s);
		for (i = 0; i < 16; i++) {
			bool can_remove = i & 8;
			struct cut c = {i & 1, i & 2, i & 4};

			story(s, can_remove, &(struct cut){}, &whole);
			story(s, can_remove, &c, &cut);
			/* what a difference is depends on what was wanted */
			if (c.disturbed || c.keep || c.aborted)
				cut.differences = whole.differences;
			assert_memory_equal(&cut, &whole, sizeof(cut));
		}
	}
}

/* A read that finds all and no more is done at once. */
static void test_nothing_missing_costs_nothing(void **state)
{
	peer_new(1);
	peer_new(2);
	route("10.0.0.0/8", 1);
	route("10.1.0.0/16", 2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	for (unsigned i = 0; i < 5; i++) {
		wg_sync_begin(dev, false);
		assert_false(wg_sync_step(dev, 0));
		fk_tell(&fk, dev, 0, fk.n_peers, 0);
		fk_tell(&fk, dev, 0, fk.n_peers, 1);
		wg_sync_end(dev);
		assert_false(wg_sync_step(dev, 0));
		assert_true(wg_sync_is_synced(dev));
		assert_int_equal(wg_sync_differences(dev), 0);
	}
}

/* Nothing may be told while steps are left, and nothing is planned. */
static void test_steps_come_first(void **state)
{
	struct wg_sync_peer sp = {.key = key_of(1)};
	struct wg_prefix p = prefix("10.0.0.0/8");

	peer_new(1);
	route("10.0.0.0/8", 1);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	run();
	/* a read ends half way: one prefix was seen, the address not */
	wg_sync_begin(dev, false);
	assert_int_equal(wg_sync_peer(dev, &sp), 0);
	assert_int_equal(wg_sync_prefix(dev, &p), 0);
	wg_sync_begin(dev, false);
	assert_int_equal(wg_sync_peer(dev, &sp), -EINVAL);
	assert_int_equal(wg_sync_prefix(dev, &p), -EINVAL);
	wg_sync_end(dev);
	assert_false(wg_sync_is_synced(dev));
	fk_steps(dev);
	assert_false(wg_sync_is_synced(dev));
	/* empty: everything is missing */
	wg_sync_end(dev);
	assert_false(wg_sync_is_synced(dev));
	assert_false(wg_plan_pending(dev));
	fk_steps(dev);
	assert_true(wg_plan_pending(dev));
	assert_null(entry("10.0.0.0/8").acked);
}

/* A peer that goes takes its prefixes with it, piece by piece. */
static void test_peer_goes_in_pieces(void **state)
{
	struct wg_peer *a = peer_new(1);
	struct update u = {0, 1};
	size_t n;

	peer_new(2);
	wg_core_settle(core);
	fk_read(&fk, dev, false);
	for (u.prefix = 0; u.prefix < N_PREFIXES; u.prefix++)
		update(&u);
	run();
	wg_peer_set_shutdown(a, true);
	n = plan();
	assert_int_equal(n, 1);
	assert_int_equal(ops[0].kind, WG_OP_PEER_REMOVE);
	assert_int_equal(fk_op(&fk, &ops[0]), 0);
	wg_plan_commit(dev, ops, 1);
	assert_false(wg_plan_pending(dev));
	assert_true(wg_sync_step(dev, 7));
	/* in the middle of it the operator thinks better of it */
	wg_peer_set_shutdown(a, false);
	wg_core_settle(core);
	wg_check_dev(dev);
	fk_steps(dev);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut_is_the_same),
		SCENE(test_nothing_missing_costs_nothing),
		SCENE(test_steps_come_first),
		SCENE(test_peer_goes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
