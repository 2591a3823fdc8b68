/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets are seen, and what they stand for. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_sampler.h"

#define SECOND INT64_C(1000000)

/* The clock of the world, and its chance: the same in each run. */
static int64_t now;
static uint32_t chance;

static uint32_t draw(void)
{
	chance = chance * 1664525 + 1013904223;
	return chance >> 8;
}

struct sum {
	unsigned seen;
	double told; /* with what each stands for */
};

/*
 * For ten seconds a packet each EVERY_US, as a daemon would look at them.  One
 * of so many is for another one, and is counted there.
 */
static struct sum run(int64_t every_us, unsigned one_of, struct sum *ret_other)
{
	struct wg_sampler s = {};
	int64_t until = 0, end = now + 10 * SECOND;
	struct sum sum = {};
	unsigned i;

	*ret_other = sum;
	for (i = 0; now < end; i++, now += every_us) {
		struct sum *of = one_of && i % one_of == 0 ? ret_other : &sum;
		bool spent;

		if (until && now < until)
			continue;
		if (until)
			wg_sampler_resume(&s, until);
		until = 0;
		spent = wg_sampler_seen(&s, 1, now);
		of->seen++;
		of->told += wg_sampler_weight(&s);
		if (spent)
			until = now + wg_sampler_pause(&s, draw(), now) * 1000;
	}
	return sum;
}

static void test_few(void **state)
{
	static const int64_t every_us[] = {2500, 10000, 100000, SECOND};
	struct sum sum, none;
	size_t i;

	for (i = 0; i < sizeof(every_us) / sizeof(every_us[0]); i++) {
		sum = run(every_us[i], 0, &none);
		assert_int_equal(sum.seen, 10 * SECOND / every_us[i]);
		assert_true(sum.told == sum.seen);
	}
}

/* However many: as many are seen, and they stand for about as many as came. */
static void test_many(void **state)
{
	static const int64_t every_us[] = {1000, 200, 20, 10, 2};
	struct sum sum, none;
	size_t i;
	double came;

	for (i = 0; i < sizeof(every_us) / sizeof(every_us[0]); i++) {
		sum = run(every_us[i], 0, &none);
		came = 10.0 * SECOND / every_us[i];
		assert_in_range(sum.seen, 4000, 6500);
		assert_true(sum.told > came * 0.6 && sum.told < came * 1.4);
	}
}

/* What is sent by a clock, as voice is, is seen beside much else. */
static void test_clocks(void **state)
{
	/* of 50,000 a second one each 20 ms, 50 ms, 100 ms */
	static const unsigned one_of[] = {1000, 2500, 5000};
	struct sum other;
	size_t i;
	double came;

	for (i = 0; i < 3; i++) {
		unsigned turn, seen = 0;
		double told = 0;

		for (turn = 0; turn < 20; turn++) {
			now += draw() % SECOND;
			run(20, one_of[i], &other);
			seen += other.seen;
			told += other.told;
		}
		came = 200.0 * SECOND / 20 / one_of[i];
		assert_true(seen > 0);
		assert_true(told > came * 0.4 && told < came * 1.8);
	}
}

/* Many, and then few: the first is seen behind a pause at most. */
static void test_quiet_again(void **state)
{
	struct wg_sampler s = {};
	unsigned ms;

	now += SECOND;
	assert_true(wg_sampler_seen(&s, 1000, now));
	ms = wg_sampler_pause(&s, 7, now + 500);
	assert_in_range(ms, WG_SAMPLER_SLOT_MS / 2 - 1,
			WG_SAMPLER_SLOT_MS * 3 / 2);
	assert_true(wg_sampler_weight(&s) > 1);
	wg_sampler_resume(&s, now += ms * 1000);
	assert_false(wg_sampler_seen(&s, 1, now + 100));
	assert_true(wg_sampler_weight(&s) > 1); /* so many, until it is over */
	assert_false(wg_sampler_seen(&s, 1, now + SECOND));
	assert_int_equal(wg_sampler_weight(&s), 1);
}

/* A daemon that was busy for long, a clock that stands still. */
static void test_odd_times(void **state)
{
	struct wg_sampler s = {};

	now += SECOND;
	wg_sampler_seen(&s, 1000, now);
	assert_int_equal(wg_sampler_pause(&s, 0, now + 3 * SECOND), 1);
	assert_int_equal(wg_sampler_weight(&s), 1);
	wg_sampler_resume(&s, now);
	assert_true(wg_sampler_seen(&s, WG_SAMPLER_BUDGET, now));
	assert_in_range(wg_sampler_pause(&s, UINT32_MAX, now), 1,
			WG_SAMPLER_SLOT_MS * 3 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_quiet_again),
		cmocka_unit_test(test_odd_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
