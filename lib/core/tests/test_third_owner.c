/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Never a third owner: after every single operation, every address belongs to
 * its old or to its new owner.
 *
 * A small world: three peers, and prefixes over sixteen addresses.  All
 * transitions between all assignments of a nested family of prefixes are
 * tried, with peers leaving, with and without a device that can remove, and
 * (because each plan is a fresh one) from every moment within a plan; larger
 * assignments at random.  All of it again with aggregation, which makes other
 * entries of them, and while that is switched on and off; and in a mesh, where
 * all routes lead to a hub and the owners change by what members announce and
 * whether they live.  The same judge must find fault with plans in the wrong
 * order, or it would be worth nothing.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/owners_world.h"
#include "lib/core/wg_check.h"

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* CODE has N digits of that base: the owners. */
static void unpack(struct wish *wish, unsigned n, unsigned base, unsigned code,
		   unsigned away)
{
	unsigned i;

	memset(wish, 0, sizeof(*wish));
	for (i = 0; i < n; i++, code /= base)
		wish->owner[i] = code % base;
	for (i = 0; i < N_PEERS; i++)
		wish->away[i] = away >> i & 1;
}

/* Only one of those that differ by the peers' names. */
static bool is_canonical(const struct wish *wish, unsigned n)
{
	unsigned next = 1;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (wish->owner[i] > next)
			return false;
		next += wish->owner[i] == next;
	}
	return true;
}

static void all_transitions(bool can_remove, enum aggregate aggregate,
			    bool mesh)
{
	static struct world w;
	unsigned n = 4;
	unsigned states = 256;
	unsigned from, to, away;
	struct wish a, b;

	world_make(&w, can_remove, aggregate);
	if (mesh)
		world_join(&w);
	w.prefixes[0] = prefix(0, 30);
	w.prefixes[1] = prefix(0, 31);
	w.prefixes[2] = prefix(0, 32);
	w.prefixes[3] = prefix(1, 32);
	w.n_prefixes = n;
	for (from = 0; from < states; from++) {
		unpack(&a, n, N_PEERS + 1, from, 0);
		if (!is_canonical(&a, n))
			continue;
		for (to = 0; to < states; to++)
			for (away = 0; away < 1 << N_PEERS; away++) {
				unpack(&b, n, N_PEERS + 1, to, away);
				go(&w, &a, MAX_OPS);
				/* one by one: fresh plans from everywhere */
				go(&w, &b, to & 1 ? 1 : MAX_OPS);
			}
	}
	wg_core_delete(&w.core);
}

static void test_all_can_remove(void **state)
{
	all_transitions(true, NEVER, false);
}

static void test_all_cannot_remove(void **state)
{
	all_transitions(false, NEVER, false);
}

static void test_all_in_mesh(void **state)
{
	all_transitions(true, NEVER, true);
	all_transitions(false, NEVER, true);
}

/*
 * Where aggregation has most to say: a covering prefix and every address by
 * itself, two peers.
 */
static void all_aggregated(bool can_remove)
{
	static struct world w;
	unsigned states = 243;
	unsigned from, to;
	struct wish a, b;
	unsigned i;

	all_transitions(can_remove, ALWAYS, false);
	world_make(&w, can_remove, ALWAYS);
	w.prefixes[0] = prefix(0, 30);
	for (i = 0; i < 4; i++)
		w.prefixes[1 + i] = prefix(i, 32);
	w.n_prefixes = 5;
	for (from = 0; from < states; from++) {
		unpack(&a, 5, 3, from, 0);
		if (!is_canonical(&a, 5))
			continue;
		for (to = 0; to < states; to++) {
			unpack(&b, 5, 3, to, 0);
			go(&w, &a, MAX_OPS);
			wg_check_dev(w.dev);
			go(&w, &b, to & 1 ? 1 : MAX_OPS);
		}
	}
	wg_core_delete(&w.core);
}

static void test_all_aggregated_can_remove(void **state)
{
	all_aggregated(true);
}

static void test_all_aggregated_cannot_remove(void **state)
{
	all_aggregated(false);
}

static void all_prefixes(struct world *w)
{
	unsigned len, a;

	w->n_prefixes = 0;
	for (len = 28; len <= 32; len++)
		for (a = 0; a < 16; a += 1 << (32 - len))
			w->prefixes[w->n_prefixes++] = prefix(a, len);
	assert_int_equal(w->n_prefixes, 31);
}

static void random_wish(const struct world *w, struct wish *wish)
{
	unsigned density = 1 + rnd(8);
	unsigned i;

	memset(wish, 0, sizeof(*wish));
	for (i = 0; i < w->n_prefixes; i++)
		if (rnd(8) < density)
			wish->owner[i] = rnd(N_PEERS + 1);
	for (i = 0; i < N_PEERS; i++)
		wish->away[i] = rnd(4) == 0;
}

/* Random wishes over all prefixes; every plan is interrupted by the next. */
static void random_interrupted(bool can_remove, enum aggregate aggregate,
			       bool mesh)
{
	static struct world w;
	struct wg_op ops[MAX_OPS];
	struct owners new;
	struct wish wish;
	bool on = aggregate != NEVER;
	bool rested = true; /* the device has what is decided */
	unsigned round;
	size_t n, take, done;

	seed = 20250101;
	print_message("# seed %u\n", seed);
	world_make(&w, can_remove, aggregate);
	if (mesh)
		world_join(&w);
	all_prefixes(&w);
	for (round = 0; round < 3000; round++) {
		random_wish(&w, &wish);
		new = owners_wished(&w, &wish);
		if (aggregate == SOMETIMES && rnd(2)) {
			struct owners old = owners_now(&w.fk);

			on = !on;
			wg_dev_set_aggregate(w.dev, on);
			wg_core_settle(w.core);
			fk_steps(w.dev);
			/* which changes nothing for anybody */
			n = wg_plan_next(w.dev, ops, MAX_OPS);
			if (rested)
				assert_int_equal(judge(&w, ops, n, &old), 0);
		}
		decide(&w, &wish);
		if (aggregate == SOMETIMES && rnd(2))
			wg_sync_idle(w.dev, 1 + rnd(20));
		n = wg_plan_next(w.dev, ops, MAX_OPS);
		assert_int_equal(judge(&w, ops, n, &new), 0);
		take = rnd(n + 1);
		assert_int_equal(fk_ops(&w.fk, ops, take, &done), 0);
		/* the next decision is made while these are in flight */
		if (rnd(2))
			wg_plan_commit(w.dev, ops, take);
		else {
			random_wish(&w, &wish);
			decide(&w, &wish);
			wg_plan_commit(w.dev, ops, take);
		}
		wg_check_dev(w.dev);
		fk_steps(w.dev);
		rested = rnd(4) == 0;
		if (rested)
			go(&w, &wish, 1 + rnd(8));
	}
	wg_core_delete(&w.core);
}

static void test_random_can_remove(void **state)
{
	random_interrupted(true, NEVER, false);
}

static void test_random_cannot_remove(void **state)
{
	random_interrupted(false, NEVER, false);
}

static void test_random_in_mesh(void **state)
{
	random_interrupted(true, NEVER, true);
	random_interrupted(false, NEVER, true);
	random_interrupted(true, SOMETIMES, true);
	random_interrupted(false, SOMETIMES, true);
}

static void test_random_aggregated(void **state)
{
	random_interrupted(true, ALWAYS, false);
	random_interrupted(false, ALWAYS, false);
}

static void test_random_switched(void **state)
{
	random_interrupted(true, SOMETIMES, false);
	random_interrupted(false, SOMETIMES, false);
}

/* --- the judge is awake */

enum mutation {
	ADDS_SHORTEST_FIRST,
	REMOVES_LONGEST_FIRST,
	REMOVES_BEFORE_ADDS,
	PEERS_BEFORE_REMOVES,
	MUTATIONS,
};

static int rank(const struct wg_op *op, enum mutation m)
{
	int len = op->prefix.len;

	switch ((enum wg_op_kind)op->kind) {
	case WG_OP_ADD:
		return 1000 + (m == ADDS_SHORTEST_FIRST ? len : 128 - len);
	case WG_OP_REMOVE:
		return (m == REMOVES_BEFORE_ADDS ? 500 : 2000) +
		       (m == REMOVES_LONGEST_FIRST ? 128 - len : len);
	case WG_OP_PEER_REMOVE:
		return m == PEERS_BEFORE_REMOVES ? 1500 : 3000;
	default:
		return 0;
	}
}

static enum mutation mutation;

static int by_rank(const void *a, const void *b)
{
	return rank(a, mutation) - rank(b, mutation);
}

static void test_wrong_orders_are_found(void **state)
{
	unsigned wrong[MUTATIONS] = {};
	static struct world w;
	struct wg_op ops[MAX_OPS];
	struct owners new;
	struct wish wish;
	unsigned round;
	size_t n;

	seed = 20250102;
	print_message("# seed %u\n", seed);
	world_make(&w, true, NEVER);
	all_prefixes(&w);
	for (round = 0; round < 300; round++) {
		random_wish(&w, &wish);
		new = owners_wished(&w, &wish);
		decide(&w, &wish);
		for (mutation = 0; mutation < MUTATIONS; mutation++) {
			n = wg_plan_next(w.dev, ops, MAX_OPS);
			qsort(ops, n, sizeof(*ops), by_rank);
			wrong[mutation] += judge(&w, ops, n, &new);
		}
		go(&w, &wish, MAX_OPS);
	}
	for (mutation = 0; mutation < MUTATIONS; mutation++)
		assert_true(wrong[mutation] > 0);
	wg_core_delete(&w.core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_can_remove),
		cmocka_unit_test(test_all_cannot_remove),
		cmocka_unit_test(test_all_in_mesh),
		cmocka_unit_test(test_random_can_remove),
		cmocka_unit_test(test_random_cannot_remove),
		cmocka_unit_test(test_all_aggregated_can_remove),
		cmocka_unit_test(test_all_aggregated_cannot_remove),
		cmocka_unit_test(test_random_aggregated),
		cmocka_unit_test(test_random_switched),
		cmocka_unit_test(test_random_in_mesh),
		cmocka_unit_test(test_wrong_orders_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
