/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of entries against a naive one: an array that is searched through.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/items.h"
#include "lib/core/wg_itemset.h"

#define SEED 20270122
#define ROUNDS 400
#define SOME 600 /* different entries */
#define MANY 65536

static struct wg_mem mem;
static struct wg_itemset set;
static uint64_t rnd;
static bool naive[SOME];

/* Number N in the order of sending. */
static struct wg_directory_entry entry(size_t n)
{
	static const uint8_t kinds[] = {
		WG_ITEM_IS_AUTHORITY, WG_ITEM_IS_CERTIFICATE,
		WG_ITEM_IS_WITNESS,   WG_ITEM_IS_RECORD,
		WG_ITEM_IS_LIST,
	};
	size_t part = n / (SOME / 5) % 5;
	struct wg_directory_entry e = {.kind = kinds[part]};

	n -= part * (SOME / 5);
	e.member = 1 + n / 20;
	e.version = n / 4 % 5;
	e.hash[15] = n % 4;
	return e;
}

static size_t below(size_t n)
{
	return items_rnd(&rnd) % n;
}

static size_t first_naive(size_t from)
{
	while (from < SOME && !naive[from])
		from++;
	return from;
}

static void is_entry(const struct wg_directory_entry *e, size_t n)
{
	struct wg_directory_entry want = entry(n < SOME ? n : 0);

	if (n == SOME)
		assert_null(e);
	else
		assert_int_equal(wg_directory_entry_cmp(e, &want), 0);
}

static void step(size_t n, bool add)
{
	struct wg_directory_entry e = entry(n);

	assert_int_equal(wg_itemset_has(&set, &e), naive[n]);
	if (add)
		assert_int_equal(wg_itemset_add(&mem, &set, &e), !naive[n]);
	else
		assert_int_equal(wg_itemset_remove(&mem, &set, &e), naive[n]);
	naive[n] = add;
	wg_itemset_check(&set);
	is_entry(wg_itemset_first(&set), first_naive(0));
	n = below(SOME);
	e = entry(n);
	is_entry(wg_itemset_from(&set, &e), first_naive(n));
}

static void test_order(void **state)
{
	struct wg_directory_entry a, b;
	size_t i;

	for (i = 0; i + 1 < SOME; i++) {
		a = entry(i);
		b = entry(i + 1);
		assert_true(wg_directory_entry_cmp(&a, &b) < 0);
		assert_true(wg_directory_entry_cmp(&b, &a) > 0);
	}
}

static void test_random(void **state)
{
	size_t round, i, full = 0;

	print_message("seed %d\n", SEED);
	for (round = 0; round < ROUNDS; round++) {
		size_t adds = 1 + below(9), order = below(3), n;

		rnd = SEED + round;
		for (i = 0; i < SOME; i++) {
			n = order == 0	 ? below(SOME)
			    : order == 1 ? i
					 : SOME - 1 - i;
			step(n, below(10) < adds);
		}
		full += set.n_chunks > 4;
		if (below(2))
			wg_itemset_clear(&mem, &set);
		while (set.n)
			step(first_naive(0), false);
		memset(naive, 0, sizeof(naive));
		assert_int_equal(mem.used, 0);
	}
	assert_true(full > ROUNDS / 10);
}

static struct wg_directory_entry one_of_many(size_t n, size_t order)
{
	struct wg_directory_entry e = {.kind = WG_ITEM_IS_RECORD};

	e.member = order == 0 ? n : order == 1 ? MANY - n : n * 40503 % MANY;
	return e;
}

/* In whatever order they come and go. */
static void test_memory(void **state)
{
	struct wg_directory_entry e;
	size_t order, n;

	for (order = 0; order < 3; order++) {
		for (n = 0; n < MANY; n++) {
			e = one_of_many(n, order);
			wg_itemset_add(&mem, &set, &e);
			assert_true(mem.used <= WG_ITEMSET_BYTES(set.n));
		}
		assert_int_equal(set.n, MANY);
		wg_itemset_check(&set);
		/* all but one of each chunk, and then these */
		for (n = 0; n < MANY; n++) {
			e = one_of_many(n, 0);
			if (n % 50)
				wg_itemset_remove(&mem, &set, &e);
		}
		wg_itemset_check(&set);
		assert_true(set.n_chunks <= set.n / (WG_ITEMSET_CHUNK / 2) + 1);
		for (n = 0; n <= MANY; n++) {
			e = one_of_many(n, 0);
			wg_itemset_remove(&mem, &set, &e);
		}
		assert_int_equal(mem.used, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
