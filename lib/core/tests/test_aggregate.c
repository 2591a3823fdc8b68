/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aggregation: is it exact, and is it the fewest?
 *
 * The oracle knows no labels and no trie.  It paints addresses one by one with
 * their owners, longest prefix last, and asks a table of costs for the fewest
 * entries that do the same: for every node of the full tree and everything
 * that could be inherited, the better of having an entry there and not.  So it
 * searches all sets of entries that there are.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/aggregate_world.h"
#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_check.h"

#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* --- small spaces, everything */

/* All assignments of peers to the prefixes of some lengths, one by one. */
static void all_of(unsigned depth, unsigned n_peers, unsigned depths)
{
	unsigned at[2 << MAX_DEPTH];
	unsigned n = 0;
	unsigned i;

	world_make(AF_INET, depth, n_peers);
	for (i = 1; i < 2u << depth; i++)
		if (depths >> depth_of(i) & 1)
			at[n++] = i;
	do {
		wg_core_settle(w.core);
		check(true);
		/* count on */
		for (i = 0; i < n; i++) {
			route(at[i], (w.owner[at[i]] + 1) % (n_peers + 1));
			if (w.owner[at[i]])
				break;
		}
	} while (i < n);
	wg_core_delete(&w.core);
}

static void test_all(void **state)
{
	all_of(2, 3, 1 | 2 | 4);
	all_of(3, 2, 1 | 8);
	all_of(3, 1, 1 | 2 | 4 | 8);
}

/* --- larger ones, at random */

enum may {
	MAY_LEAVE = 1,	  /* peers come and go */
	MAY_CLAIM = 2,	  /* statics */
	MAY_TAMPER = 4,	  /* strangers */
	MAY_SWITCH = 8,	  /* on and off */
	MAY_RESTART = 16, /* everything forgotten, read, stale, told again */
	MAY_REKEY = 32,
	MAY_SPLIT = 64, /* more than the fewest, for a while */
};

/* A length that is there in every shape of table: near and far. */
static unsigned some_prefix(void)
{
	unsigned d = rnd(w.depth + 1);

	return (1u << d) + rnd(1u << d);
}

static void replay(void)
{
	unsigned i;

	for (i = 1; i < 2u << w.depth; i++) {
		unsigned peer = w.owner[i];

		w.owner[i] = 0;
		if (!w.is_static[i] && peer)
			route(i, peer);
		w.owner[i] = peer;
	}
}

static void step(unsigned may)
{
	unsigned peer = 1 + rnd(w.n_peers);
	unsigned i = some_prefix();
	struct wg_prefix p = prefix(i);
	struct wg_key key = {{STRANGER}};

	if (may & MAY_LEAVE && rnd(20) == 0) {
		w.away[peer] = !w.away[peer];
		wg_peer_set_shutdown(w.peers[peer], w.away[peer]);
	} else if (may & MAY_CLAIM && rnd(5) == 0) {
		if (!w.is_static[i] && !w.owner[i]) {
			assert_int_equal(
				wg_peer_add_static(w.peers[peer], &p, NULL), 0);
			w.is_static[i] = true;
			w.owner[i] = peer;
		} else if (w.is_static[i]) {
			wg_peer_del_static(w.peers[w.owner[i]], &p);
			w.is_static[i] = false;
			w.owner[i] = 0;
		}
	} else if (may & MAY_TAMPER && rnd(10) == 0) {
		wg_dev_set_adopted(w.dev, true);
		if (w.stranger[i])
			fk_entry_remove(&w.fk, &p);
		else {
			fk_peer_add(&w.fk, &key);
			fk_entry_set(&w.fk, &p, &key);
		}
		w.stranger[i] = !w.stranger[i];
		fk_read(&w.fk, w.dev, false);
	} else if (may & MAY_SWITCH && rnd(20) == 0) {
		wg_dev_set_aggregate(w.dev, !wg_dev_aggregate(w.dev));
	} else if (may & MAY_SPLIT && rnd(8) == 0) {
		/* a hole in what was whole, and back */
		unsigned at = (1u << w.depth) + (rnd(1u << w.depth) & ~3u);

		for (i = at; i > 1; i /= 2)
			if (!w.is_static[i / 2])
				route(i / 2, 0);
		for (i = 0; i < 9; i++) {
			route(at + (i & 3), i == 4 ? 0 : peer);
			wg_core_settle(w.core);
			fk_steps(w.dev);
			fk_run(&w.fk, w.dev, 64);
		}
	} else if (may & MAY_SPLIT && rnd(20) == 0) {
		w.dev->spare_of = rnd(3) ? 1 : 1 + rnd(100);
		wg_sync_idle(w.dev, 1 + rnd(50));
	} else if (may & MAY_RESTART && rnd(50) == 0) {
		size_t n_ops;
		unsigned j;

		/* the same again finds everything in its place */
		wg_core_settle(w.core);
		fk_steps(w.dev);
		fk_run(&w.fk, w.dev, 64);
		n_ops = w.fk.n_ops;
		for (j = 1; j < 2u << w.depth; j++)
			if (!w.is_static[j]) {
				p = prefix(j);
				wg_route_delete(w.core, 0, &p);
			}
		wg_dev_set_link(w.dev, 0, IFINDEX + 1);
		wg_dev_set_link(w.dev, 0, IFINDEX);
		wg_core_settle(w.core);
		fk_read(&w.fk, w.dev, true);
		replay();
		wg_sync_release(w.dev);
		fk_steps(w.dev);
		fk_run(&w.fk, w.dev, 64);
		assert_int_equal(w.fk.n_ops, n_ops);
	} else if (may & MAY_REKEY && rnd(50) == 0) {
		struct wg_key other = *wg_peer_key(w.peers[peer]);

		/* byte 0 is who it is */
		other.b[1] = rnd(3);
		assert_int_equal(wg_peer_set_key(w.peers[peer], &other), 0);
	} else if (rnd(3)) {
		route(i, rnd(4) ? peer : 0);
	} else if (rnd(2)) {
		/* a dense neighbourhood */
		route((1u << w.depth) + (i & ((1u << w.depth) - 1)) % 16,
		      w.n_peers > 1 ? 1 + rnd(2) : 1);
	} else {
		/* a share of everything */
		for (i = 1 + rnd(8); i < 2u << w.depth; i += 1 + rnd(16))
			route(i, rnd(8) ? peer : 0);
	}
}

/*
 * PER_SETTLE changes at a time; the work is left after each PIECE of nodes, for
 * more of them.
 */
static void churn(uint8_t family, unsigned depth, unsigned n_peers,
		  unsigned may, unsigned steps, size_t piece)
{
	size_t splits = 0;
	unsigned i, j;

	world_make(family, depth, n_peers);
	if (may & MAY_SPLIT)
		w.dev->spare_of = 1;
	for (i = 0; i < steps; i++) {
		bool on;

		/* what is left of the last change is not finished */
		for (j = rnd(4); j < 4; j++)
			step(may);
		if (piece) {
			wg_dev_set_aggregate(w.dev, wg_dev_aggregate(w.dev));
			for (j = rnd(8); j > 0; j--) {
				wg_aggregate_step(w.dev, piece);
				wg_check_dev(w.dev);
			}
			if (rnd(2))
				continue;
		}
		wg_core_settle(w.core);
		fk_steps(w.dev);
		wg_core_settle(w.core);
		on = wg_dev_aggregate(w.dev);
		if (on || !(may & MAY_TAMPER))
			check(on);
		if (rnd(4) == 0) {
			fk_run(&w.fk, w.dev, 1 + rnd(64));
			wg_check_dev(w.dev);
			check_device();
		}
		splits = MAX(splits, wg_aggregate_spare(w.dev));
		if (rnd(16) || !on)
			continue;
		/* idle: the fewest, and exact all the time */
		while (wg_sync_idle(w.dev, 1 + rnd(50)))
			check(on);
		assert_int_equal(wg_aggregate_spare(w.dev), 0);
		check(on);
	}
	wg_core_delete(&w.core);
	if (may == MAY_SPLIT && !piece && depth > 4)
		assert_true(splits > 0);
}

static uint32_t start_seed(void)
{
	const char *text = getenv("WG_SEED");

	return text ? strtoul(text, NULL, 0) : 1;
}

static void test_random(void **state)
{
	unsigned i;

	for (i = 0; i < 8; i++) {
		seed = start_seed() + i;
		print_message("# seed %u\n", seed);
		churn(i & 1 ? AF_INET6 : AF_INET, 3 + i % 7, 1 + i, 0, 300, 0);
	}
}

static void test_random_everything(void **state)
{
	static const unsigned may[] = {
		MAY_LEAVE,
		MAY_CLAIM | MAY_LEAVE,
		MAY_TAMPER,
		MAY_SWITCH | MAY_LEAVE,
		MAY_RESTART,
		MAY_REKEY | MAY_LEAVE,
		MAY_TAMPER | MAY_CLAIM | MAY_SWITCH | MAY_REKEY,
		MAY_SPLIT,
		MAY_SPLIT | MAY_LEAVE | MAY_CLAIM | MAY_REKEY,
		MAY_SPLIT | MAY_TAMPER | MAY_SWITCH,
		127 & ~MAY_RESTART,
	};
	unsigned i;

	for (i = 0; i < 22; i++) {
		seed = start_seed() + 100 + i;
		print_message("# seed %u\n", seed);
		churn(i & 1 ? AF_INET6 : AF_INET, 3 + i % 5, 2 + i % 4,
		      may[i % 11], 400, 0);
	}
}

static void test_random_pieces(void **state)
{
	unsigned i;

	for (i = 0; i < 16; i++) {
		seed = start_seed() + 200 + i;
		print_message("# seed %u\n", seed);
		churn(i & 1 ? AF_INET6 : AF_INET, 3 + i % 7, 2 + i % 4,
		      i & 2   ? MAY_LEAVE | MAY_CLAIM | MAY_SWITCH
		      : i & 1 ? MAY_SPLIT
			      : 0,
		      400, 1 + i % 5);
	}
}

/* --- without memory */

/* What follows from a change has no memory: exact all the same. */
static void test_memory(void **state)
{
	unsigned i, n, failures = 0;

	seed = start_seed() + 300;
	print_message("# seed %u\n", seed);
	world_make(AF_INET, 8, 6);
	for (i = 0; i < 300; i++) {
		step(0);
		w.core->mem.fail_in = 1 + i % 3;
		wg_core_settle(w.core);
		failures += w.core->mem.fail_in == 0;
		w.core->mem.fail_in = 0;
		check(false);
		if (rnd(8))
			continue;
		fk_run(&w.fk, w.dev, 16);
		check_device();
		/* a read brings back the optimum */
		fk_read(&w.fk, w.dev, false);
		check(true);
	}
	assert_true(failures > 20);
	/* to begin with */
	for (n = 1; n; n++) {
		wg_dev_set_aggregate(w.dev, false);
		fk_run(&w.fk, w.dev, 16);
		fk_steps(w.dev);
		wg_dev_set_aggregate(w.dev, true);
		w.core->mem.fail_in = n;
		wg_core_settle(w.core);
		if (w.core->mem.fail_in)
			n = -1u;
		w.core->mem.fail_in = 0;
		wg_check_dev(w.dev);
		wg_core_settle(w.core);
		check(false);
	}
	wg_core_delete(&w.core);
}

/* There is no room for another node, just when one is to be made. */
static void test_memory_of_nodes(void **state)
{
	struct wg_nexthop nh = {{}, IFINDEX, 1};
	unsigned pad = 0, failures = 0;
	const struct wg_table *t;
	unsigned i, j;

	seed = start_seed() + 301;
	print_message("# seed %u\n", seed);
	world_make(AF_INET, 7, 6);
	t = &w.dev->table[0];
	for (i = 0; i < 16; i++) {
		step(0);
		/* two more do not fit, perhaps not even one */
		while (t->free || (t->top + 1) % WG_SLAB_NODES > 1) {
			struct wg_prefix p = {
				AF_INET,
				24,
				{20 + (pad >> 15), pad >> 7, pad << 1}};

			pad++;
			nh.gateway = gateway(1 + pad % 2);
			assert_int_equal(
				wg_route_update(w.core, 0, &p, 1, &nh, 1), 0);
			wg_core_settle(w.core);
		}
		/* other targets, no other routes */
		for (j = 1; j < 2u << w.depth; j++)
			if (w.owner[j] && rnd(4) == 0)
				route(j, 1 + rnd(w.n_peers));
		w.core->mem.fail_in = 1;
		wg_core_settle(w.core);
		failures += w.dev->labels.failed;
		w.core->mem.fail_in = 0;
		check(false);
		wg_aggregate_retry(w.dev);
		wg_core_settle(w.core);
		fk_steps(w.dev);
		check(true);
	}
	assert_true(failures > 3);
	wg_core_delete(&w.core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_everything),
		cmocka_unit_test(test_random_pieces),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_of_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
