/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a member may change its record, and what waits. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/mesh.h"
#include "lib/core/wg_bounds.h"
#include "lib/core/wg_bucket.h"

#define SEED 20270123
#define WORLDS 300

static struct mesh mesh;
static struct wg_bounds *bounds;

static int begin(void **state)
{
	bounds = wg_bounds_new();
	return 0;
}

static int finish(void **state)
{
	wg_bounds_delete(&bounds);
	mesh_free(&mesh);
	return 0;
}

static struct wg_bounded by(uint32_t source, uint32_t member, uint64_t sequence)
{
	struct mesh_record r = {.member = member,
				.sequence = sequence,
				.identity = 50,
				.wg_key = 60};

	return (struct wg_bounded){*mesh_record(&mesh, r), source};
}

static bool admit(const struct wg_bounded *w, int64_t now)
{
	return wg_bounds_admit(bounds, w, now);
}

/* Admitted and put. */
static void put(uint64_t sequence, int64_t now)
{
	struct wg_bounded w = by(9, 7, sequence);

	assert_true(admit(&w, now));
	wg_bounds_put(bounds, &w.offer, now);
}

static void is_next(int64_t now, uint32_t source, uint64_t sequence)
{
	struct wg_bounded w;

	assert_true(wg_bounds_next(bounds, now, &w));
	assert_int_equal(w.source, source);
	assert_int_equal(wg_item_version(w.offer.b), sequence);
}

static void is_none(int64_t now)
{
	struct wg_bounded w;

	assert_false(wg_bounds_next(bounds, now, &w));
}

static void test_bucket(void **state)
{
	static const struct wg_bucket_size size = {100, 3};
	struct wg_bucket b = {};

	assert_true(wg_bucket_take(&b, &size, 1000));
	assert_true(wg_bucket_take(&b, &size, 1000));
	assert_true(wg_bucket_take(&b, &size, 1000));
	assert_false(wg_bucket_take(&b, &size, 1000));
	assert_int_equal(wg_bucket_ready(&b, &size), 1100);
	assert_false(wg_bucket_take(&b, &size, 1099));
	assert_true(wg_bucket_take(&b, &size, 1100));
	assert_false(wg_bucket_take(&b, &size, 1199));
	/* never more than the burst */
	assert_true(wg_bucket_take(&b, &size, 99999));
	assert_true(wg_bucket_take(&b, &size, 99999));
	assert_true(wg_bucket_take(&b, &size, 99999));
	assert_false(wg_bucket_take(&b, &size, 99999));
}

static void test_burst(void **state)
{
	struct wg_bounded w = by(9, 7, 5);
	uint64_t i;

	for (i = 1; i <= WG_BOUNDS_RECORD_BURST; i++)
		put(i, 1000);
	assert_false(admit(&w, 1000));
	assert_int_equal(wg_bounds_due(bounds), 1000 + WG_BOUNDS_RECORD_MS);
	is_none(1000 + WG_BOUNDS_RECORD_MS - 1);
	is_next(1000 + WG_BOUNDS_RECORD_MS, 9, 5);
	assert_int_equal(wg_bounds_due(bounds), INT64_MAX);
	is_none(INT64_MAX);
}

/* Another member, and another kind, are not concerned. */
static void test_subjects(void **state)
{
	struct wg_bounded other = by(9, 8, 1), c = {.source = 9};
	uint64_t i;

	c.offer = *mesh_certificate(
		&mesh,
		(struct mesh_certificate){.member = 7, .serial = 1, .key = 17});
	for (i = 1; i <= 4; i++)
		put(i, 0);
	assert_true(admit(&other, 0));
	for (i = 0; i < 100; i++) {
		assert_true(admit(&c, 0));
		wg_bounds_put(bounds, &c.offer, 0);
	}
	assert_int_equal(wg_bounds_stats(bounds).late, 0);
}

static void test_newest_waits(void **state)
{
	static const uint64_t came[] = {6, 9, 7, 8};
	struct wg_bounded w;
	uint64_t i;

	for (i = 1; i <= 4; i++)
		put(i, 0);
	for (i = 0; i < 4; i++) {
		w = by(9, 7, came[i]);
		assert_false(admit(&w, 10));
	}
	assert_int_equal(wg_bounds_stats(bounds).waiting, 1);
	assert_int_equal(wg_bounds_stats(bounds).late, 4);
	is_next(10000, 9, 9);
	is_none(10000);
}

/* Only what was put is counted: who forges cannot silence the member. */
static void test_forged_not_counted(void **state)
{
	struct wg_bounded forged = by(3, 7, UINT64_MAX);
	uint64_t i;

	for (i = 0; i < 1000; i++)
		assert_true(admit(&forged, 0));
	for (i = 1; i <= 4; i++)
		put(i, 0);
}

static void test_forged_beside(void **state)
{
	struct wg_bounded forged = by(3, 7, UINT64_MAX), good = by(9, 7, 5);
	struct wg_bounded w;
	uint64_t i;

	for (i = 1; i <= 4; i++)
		put(i, 0);
	assert_false(admit(&good, 0));
	assert_false(admit(&forged, 0));
	assert_int_equal(wg_bounds_stats(bounds).waiting, 2);
	is_next(10000, 3, UINT64_MAX);
	/* it was not put */
	assert_true(wg_bounds_next(bounds, 10000, &w));
	assert_int_equal(w.source, 9);
	wg_bounds_put(bounds, &w.offer, 10000);
	is_none(10000);
}

static void test_put_ends_waiting(void **state)
{
	struct wg_bounded older = by(3, 7, 5), newer = by(4, 7, 8);
	struct wg_bounded load = by(0, 7, 6);
	uint64_t i;

	for (i = 1; i <= 4; i++)
		put(i, 0);
	assert_false(admit(&older, 0));
	assert_false(admit(&newer, 0));
	wg_bounds_put(bounds, &load.offer, 0);
	assert_int_equal(wg_bounds_stats(bounds).waiting, 1);
	is_next(10000, 4, 8);
}

static void exhaust(uint32_t member)
{
	struct wg_bounded w;
	uint64_t i;

	for (i = 1; i <= 4; i++) {
		w = by(1, member, i);
		wg_bounds_put(bounds, &w.offer, 0);
	}
	mesh_free(&mesh);
}

static void test_room(void **state)
{
	struct wg_bounded w;
	uint32_t source, member;
	size_t quiet = 0;

	for (member = 1; member <= WG_BOUNDS_FROM_ONE + 5; member++)
		exhaust(member);
	quiet = wg_bounds_stats(bounds).bytes;
	for (source = 1; source <= WG_BOUNDS_WAITING / WG_BOUNDS_FROM_ONE + 2;
	     source++) {
		for (member = 1; member <= WG_BOUNDS_FROM_ONE + 5; member++) {
			w = by(source, member, 5 + source);
			assert_false(admit(&w, 0));
			mesh_free(&mesh);
		}
		if (source == 1)
			assert_int_equal(wg_bounds_stats(bounds).waiting,
					 WG_BOUNDS_FROM_ONE);
	}
	assert_int_equal(wg_bounds_stats(bounds).waiting, WG_BOUNDS_WAITING);
	assert_true(wg_bounds_stats(bounds).left_out);
	assert_true(wg_bounds_stats(bounds).bytes <=
		    quiet + WG_BOUNDS_WAITING * 1400);
	while (wg_bounds_next(bounds, 10000, &w))
		;
	is_none(10000);
	assert_int_equal(wg_bounds_stats(bounds).bytes, quiet);
}

/* Of members that are quiet nothing is left. */
static void test_quiet(void **state)
{
	struct wg_bounded w;
	uint32_t member;
	size_t most = 0;

	for (member = 1; member <= 20000; member++) {
		w = by(1, member, 1);
		wg_bounds_put(bounds, &w.offer, member * 1000);
		mesh_free(&mesh);
		if (wg_bounds_stats(bounds).bytes > most)
			most = wg_bounds_stats(bounds).bytes;
	}
	assert_true(most <= wg_bounds_stats(bounds).bytes);
	/* ten members within ten seconds */
	bounds = (wg_bounds_delete(&bounds), wg_bounds_new());
	assert_true(most - wg_bounds_stats(bounds).bytes <= 64 * 16);
}

/* --- any order: no more than the bound is put, and the newest at last */

static uint64_t rnd;

static unsigned below(unsigned n)
{
	uint64_t z = rnd += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static uint64_t held[3], newest[3];
static int64_t puts[3][1000];
static size_t n_puts[3];

static void put_if_new(const struct wg_bounded *w, int64_t now)
{
	uint64_t sequence = wg_item_version(w->offer.b);
	size_t m = wg_item_number(w->offer.b, WG_ITEM_MEMBER) - 1;

	if (sequence <= held[m])
		return;
	held[m] = sequence;
	puts[m][n_puts[m]++] = now;
	wg_bounds_put(bounds, &w->offer, now);
}

static void play(void)
{
	struct wg_bounded w;
	int64_t now = 0;
	size_t i, m;

	memset(held, 0, sizeof(held));
	memset(newest, 0, sizeof(newest));
	memset(n_puts, 0, sizeof(n_puts));
	for (i = 0; i < 300; i++) {
		m = below(3);
		now += below(4) ? below(100) : below(12000);
		w = by(1 + below(3), m + 1, held[m] + 1 + below(3));
		if (wg_item_version(w.offer.b) > newest[m])
			newest[m] = wg_item_version(w.offer.b);
		if (admit(&w, now))
			put_if_new(&w, now);
		while (below(2) && wg_bounds_next(bounds, now, &w))
			put_if_new(&w, now);
		mesh_free(&mesh);
	}
	while (wg_bounds_due(bounds) < INT64_MAX) {
		now = wg_bounds_due(bounds) > now ? wg_bounds_due(bounds) : now;
		assert_true(wg_bounds_next(bounds, now, &w));
		put_if_new(&w, now);
	}
	for (m = 0; m < 3; m++) {
		assert_int_equal(held[m], newest[m]);
		/* of any five the last is so much later than the first */
		for (i = 4; i < n_puts[m]; i++)
			assert_true(puts[m][i] - puts[m][i - 4] >= 10000);
	}
}

static void test_worlds(void **state)
{
	unsigned i;

	print_message("seed %d\n", SEED);
	for (i = 0; i < WORLDS; i++) {
		rnd = SEED + i;
		wg_bounds_delete(&bounds);
		bounds = wg_bounds_new();
		play();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bucket),
		TEST(test_burst),
		TEST(test_subjects),
		TEST(test_newest_waits),
		TEST(test_forged_not_counted),
		TEST(test_forged_beside),
		TEST(test_put_ends_waiting),
		TEST(test_room),
		TEST(test_quiet),
		TEST(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
