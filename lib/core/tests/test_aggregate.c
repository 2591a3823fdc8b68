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

#include "lib/core/tests/fake_kernel.h"
#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_entry.h"

#define IFINDEX 3
#define MAX_DEPTH 9
#define MAX_PEERS 8
#define STRANGER 100
#define FAR 1000000
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* A space of 2^depth addresses, and all prefixes in it. */
struct world {
	struct wg_core *core;
	struct wg_dev *dev;
	struct wg_peer *peers[1 + MAX_PEERS]; /* from 1 */
	unsigned n_peers;
	struct fake_kernel fk;
	uint8_t family;
	unsigned depth;
	/* heap order: 1 is the whole, 2i and 2i+1 the halves of i */
	uint8_t owner[2 << MAX_DEPTH];	/* of routes; 0: no route */
	bool stranger[2 << MAX_DEPTH];	/* ... has it on the device */
	bool is_static[2 << MAX_DEPTH]; /* owner by configuration */
	bool away[1 + MAX_PEERS];
};

static struct world w;
static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static unsigned depth_of(unsigned i)
{
	return 31 - __builtin_clz(i);
}

static struct wg_prefix prefix(unsigned i)
{
	struct wg_prefix p = {.family = w.family,
			      .b = {w.family == AF_INET ? 10 : 0x20, 7}};
	unsigned d = depth_of(i);
	unsigned bits = wg_family_bits(w.family);
	uint32_t a = (i - (1u << d)) << (w.depth - d);
	unsigned last = bits / 8 - 1;

	p.len = bits - w.depth + d;
	p.b[last] = a;
	p.b[last - 1] = a >> 8;
	return p;
}

static struct wg_addr gateway(unsigned peer)
{
	return (struct wg_addr){AF_INET, {192, 0, 2, peer}};
}

static void world_make(uint8_t family, unsigned depth, unsigned n_peers)
{
	unsigned i;

	memset(&w, 0, sizeof(w));
	w.family = family;
	w.depth = depth;
	w.n_peers = n_peers;
	w.core = wg_core_new();
	w.dev = wg_dev_new(w.core, "wg0");
	w.fk.can_remove = true;
	wg_dev_set_can_remove(w.dev, true);
	wg_dev_set_aggregate(w.dev, true);
	wg_dev_set_link(w.dev, 0, IFINDEX);
	for (i = 1; i <= n_peers; i++) {
		struct wg_key key = {{i}};
		struct wg_addr gw = gateway(i);

		w.peers[i] = wg_peer_new(w.dev, (char[]){'a' + i, 0});
		assert_int_equal(wg_peer_set_key(w.peers[i], &key), 0);
		assert_int_equal(wg_peer_add_address(w.peers[i], &gw, NULL), 0);
	}
	fk_read(&w.fk, w.dev, false);
	fk_run(&w.fk, w.dev, 64);
}

static void route(unsigned i, unsigned peer)
{
	struct wg_nexthop nh = {gateway(peer), IFINDEX, 1};
	struct wg_prefix p = prefix(i);

	if (w.is_static[i] || w.owner[i] == peer)
		return;
	w.owner[i] = peer;
	if (peer)
		assert_int_equal(wg_route_update(w.core, 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(w.core, 0, &p);
}

/* --- the oracle */

/* Who owns each address; STRANGERS: or has it as one. */
static void paint(bool strangers, uint8_t *f)
{
	unsigned n = 1u << w.depth;
	unsigned i, a;

	memset(f, 0, n);
	for (i = 1; i < 2 * n; i++) {
		unsigned d = w.depth - depth_of(i);
		unsigned from = (i << d) - n;
		bool his = w.stranger[i] && strangers;

		if (his ||
		    (w.owner[i] && !w.away[w.owner[i]] && !w.stranger[i]))
			for (a = from; a < from + (1u << d); a++)
				f[a] = his ? STRANGER : w.owner[i];
	}
}

/* The fewest entries for f. */
static unsigned fewest(const uint8_t *f)
{
	static unsigned cost[2 << MAX_DEPTH][1 + MAX_PEERS];
	unsigned n = 1u << w.depth;
	unsigned i, x, y;

	for (i = 2 * n - 1; i > 0; i--)
		for (x = 0; x <= w.n_peers; x++) {
			if (i >= n) {
				cost[i][x] = f[i - n] == x ? 0
					     : f[i - n]	   ? 1
							   : FAR;
				continue;
			}
			cost[i][x] = cost[2 * i][x] + cost[2 * i + 1][x];
			for (y = 1; y <= w.n_peers; y++)
				if (1 + cost[2 * i][y] + cost[2 * i + 1][y] <
				    cost[i][x])
					cost[i][x] = 1 + cost[2 * i][y] +
						     cost[2 * i + 1][y];
		}
	return cost[1][0];
}

/* Paint with what the core says that the device is to have; how many are
 * ours. */
static unsigned paint_targets(bool strangers, uint8_t *f)
{
	uint8_t len[1 << MAX_DEPTH] = {};
	const struct wg_prefix *from = NULL;
	struct wg_prefix all = prefix(1);
	unsigned n = 1u << w.depth;
	struct wg_prefix cursor;
	unsigned n_targets = 0;
	struct wg_entry e;
	unsigned a;

	memset(f, 0, n);
	for (; wg_entry_next(w.dev, from, &e); from = &cursor) {
		unsigned who = e.target ? wg_peer_key(e.target)->b[0] : 0;

		cursor = e.prefix;
		if (!who || (who == STRANGER && !strangers))
			continue;
		/* it must not reach beyond; addresses of peers are elsewhere */
		assert_true(wg_prefix_same(&e.prefix, &all) ||
			    !wg_prefix_covers(&e.prefix, &all));
		if (!wg_prefix_covers(&all, &e.prefix))
			continue;
		n_targets += who != STRANGER;
		for (a = 0; a < n; a++) {
			struct wg_prefix host = prefix(n + a);

			if (wg_prefix_covers(&e.prefix, &host) &&
			    e.prefix.len >= len[a]) {
				len[a] = e.prefix.len;
				f[a] = who;
			}
		}
	}
	return n_targets;
}

/* Exact; and with BEST and without strangers the fewest. */
static void check(bool best)
{
	uint8_t want[1 << MAX_DEPTH], got[1 << MAX_DEPTH];
	bool strangers = false;
	unsigned i, n_targets;

	assert_false(wg_aggregate_is_busy(w.dev));
	wg_entry_check(w.dev);
	paint(true, want);
	n_targets = paint_targets(true, got);
	assert_memory_equal(want, got, 1u << w.depth);
	for (i = 1; i < 2u << w.depth; i++)
		strangers |= w.stranger[i];
	if (best && !strangers)
		assert_int_equal(n_targets - wg_aggregate_spare(w.dev),
				 fewest(want));
	/* also when he goes */
	paint(false, want);
	paint_targets(false, got);
	if (strangers)
		assert_memory_equal(want, got, 1u << w.depth);
}

/* What the device has is what is to be there. */
static void check_device(void)
{
	uint8_t f[1 << MAX_DEPTH];
	struct wg_count count;
	unsigned n = 1u << w.depth;
	unsigned a;

	wg_dev_count(w.dev, &count);
	assert_int_equal(count.pending, 0);
	if (w.fk.can_remove)
		assert_int_equal(count.installed, w.fk.n_entries);
	paint(true, f);
	for (a = 0; a < n; a++) {
		struct wg_prefix host = prefix(n + a);
		struct wg_addr addr = {.family = w.family};
		const struct wg_key *key;

		memcpy(addr.b, host.b, sizeof(addr.b));
		key = fk_lookup(&w.fk, &addr);
		assert_int_equal(key ? key->b[0] : 0, f[a]);
	}
}

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
				wg_entry_check(w.dev);
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
			wg_entry_check(w.dev);
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
		wg_entry_check(w.dev);
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
