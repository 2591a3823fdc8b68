/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trie against a list: random insertions and removals, and every way of
 * asking.  The shape's invariants are checked after every step.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_table.h"

#define MAX 400

static struct wg_prefix list[MAX];
static size_t n_list;
static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

/* Few distinct bits, so that prefixes meet; at the ends and in the middle. */
static struct wg_prefix some_prefix(uint8_t family)
{
	unsigned bits = wg_family_bits(family);
	struct wg_prefix p = {.family = family};
	unsigned at = rnd(3) * (bits - 8) / 2;
	unsigned i;

	p.len = rnd(6) ? at + rnd(9) : rnd(bits + 1);
	for (i = at; i < at + 8; i++)
		if (rnd(2))
			p.b[i / 8] |= 0x80 >> i % 8;
	wg_prefix_mask(&p);
	return p;
}

static size_t find(const struct wg_prefix *p)
{
	size_t i;

	for (i = 0; i < n_list; i++)
		if (wg_prefix_same(&list[i], p))
			return i;
	return MAX;
}

static bool is_here(const struct wg_table *t, uint32_t i)
{
	return i && wg_table_node(t, i)->claims;
}

/* The list's answers to the table's questions. */
static void ask(const struct wg_table *t, const struct wg_prefix *q)
{
	const struct wg_prefix *longest = NULL;
	const struct wg_prefix *after = NULL;
	struct wg_prefix got;
	uint32_t i;
	size_t j;

	for (j = 0; j < n_list; j++) {
		if (wg_prefix_covers(&list[j], q) &&
		    (!longest || list[j].len > longest->len))
			longest = &list[j];
		if (wg_prefix_cmp(&list[j], q) > 0 &&
		    (!after || wg_prefix_cmp(&list[j], after) < 0))
			after = &list[j];
	}
	assert_int_equal(is_here(t, wg_table_find(t, q)), find(q) < MAX);
	i = wg_table_match(t, q);
	while (i && !is_here(t, i))
		i = wg_table_node(t, i)->parent;
	assert_int_equal(i != 0, longest != NULL);
	if (i) {
		got = wg_table_prefix(t, i);
		assert_true(wg_prefix_same(&got, longest));
	}
	i = wg_table_after(t, q);
	while (i && !is_here(t, i))
		i = wg_table_next(t, i);
	assert_int_equal(i != 0, after != NULL);
	if (i) {
		got = wg_table_prefix(t, i);
		assert_true(wg_prefix_same(&got, after));
	}
}

static void walk(const struct wg_table *t)
{
	struct wg_prefix last = {}, p;
	size_t n = 0;
	uint32_t i;

	for (i = wg_table_after(t, NULL); i; i = wg_table_next(t, i)) {
		p = wg_table_prefix(t, i);
		if (last.family)
			assert_true(wg_prefix_cmp(&last, &p) < 0);
		last = p;
		n += is_here(t, i);
	}
	assert_int_equal(n, n_list);
}

static void differential(uint8_t family)
{
	struct wg_prefix soon[WG_TABLE_FETCH];
	struct wg_mem mem = {};
	struct wg_table t;
	unsigned step;
	size_t j;

	seed = family;
	print_message("# seed %u\n", family);
	n_list = 0;
	wg_table_init(&t, &mem, family);
	for (step = 0; step < 20000; step++) {
		struct wg_prefix p = some_prefix(family);
		/* grow, shrink, grow */
		bool add = rnd(100) < (step / 2000 % 2 ? 30 : 70);
		uint32_t i;

		j = find(&p);
		if (add && n_list < MAX) {
			i = wg_table_get(&t, &p);
			assert_int_not_equal(i, 0);
			wg_table_node(&t, i)->claims = 1;
			if (j == MAX)
				list[n_list++] = p;
		} else if (n_list) {
			j = j < MAX ? j : rnd(n_list);
			i = wg_table_find(&t, &list[j]);
			wg_table_node(&t, i)->claims = 0;
			wg_table_prune(&t, i);
			list[j] = list[--n_list];
		}
		if (step % 16 == 0)
			wg_table_check(&t);
		for (j = 0; j < WG_TABLE_FETCH; j++)
			soon[j] = some_prefix(family);
		wg_table_fetch(&t, soon, rnd(WG_TABLE_FETCH + 1));
		p = some_prefix(family);
		ask(&t, &p);
		if (step % 64 == 0)
			walk(&t);
	}
	while (n_list) {
		uint32_t i = wg_table_find(&t, &list[--n_list]);

		wg_table_node(&t, i)->claims = 0;
		wg_table_prune(&t, i);
		wg_table_check(&t);
	}
	assert_int_equal(t.root, 0);
	assert_int_equal(t.n_nodes, 0);
	wg_table_fini(&t);
	assert_int_equal(mem.used, 0);
}

static void test_ipv4(void **state)
{
	differential(AF_INET);
}

static void test_ipv6(void **state)
{
	differential(AF_INET6);
}

/* Without memory nothing changes. */
static void test_no_memory(void **state)
{
	struct wg_mem mem = {};
	struct wg_prefix p = {.family = AF_INET, .len = 32};
	struct wg_table t;
	uint32_t before;
	unsigned i;

	wg_table_init(&t, &mem, AF_INET);
	for (i = 0; i < 5000; i++) {
		p.b[1] = i >> 8;
		p.b[2] = i;
		before = t.n_nodes;
		mem.fail_in = 1;
		if (!wg_table_get(&t, &p)) {
			assert_int_equal(t.n_nodes, before);
			wg_table_check(&t);
			mem.fail_in = 2;
			if (!wg_table_get(&t, &p)) {
				wg_table_check(&t);
				mem.fail_in = 0;
				assert_int_not_equal(wg_table_get(&t, &p), 0);
			}
		}
		mem.fail_in = 0;
		wg_table_node(&t, wg_table_find(&t, &p))->claims = 1;
	}
	wg_table_check(&t);
	wg_table_fini(&t);
	assert_int_equal(mem.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
