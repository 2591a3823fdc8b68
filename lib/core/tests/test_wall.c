/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is concluded from a clock that may be wrong. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/core/wg_wall.h"

#define DAY 86400
#define NOW (10000ULL * DAY)

static void test_source(void **state)
{
	static const struct {
		struct wg_wall w;
		const char *source;
	} cases[] = {
		{{NOW, 0, false}, "clock"},
		{{NOW, NOW, false}, "clock"},
		{{NOW, NOW + 1, false}, "below-floor"},
		{{NOW, 0, true}, "unsynchronised"},
		{{NOW, NOW + 1, true}, "below-floor"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(wg_wall_source_str(
					    wg_wall_source(&cases[i].w)),
				    cases[i].source);
}

/* By a good clock, by one that nobody set, and by one that is behind. */
static void test_end(void **state)
{
	static const struct {
		int64_t after; /* s from the end */
		enum wg_wall_end good, bad;
	} cases[] = {
		{-31 * DAY, WG_WALL_FAR, WG_WALL_FAR},
		{-30 * DAY - 1, WG_WALL_FAR, WG_WALL_FAR},
		{-30 * DAY, WG_WALL_MONTH, WG_WALL_MONTH},
		{-7 * DAY - 1, WG_WALL_MONTH, WG_WALL_MONTH},
		{-7 * DAY, WG_WALL_WEEK, WG_WALL_WEEK},
		{-DAY - 1, WG_WALL_WEEK, WG_WALL_WEEK},
		{-DAY, WG_WALL_DAY, WG_WALL_DAY},
		{0, WG_WALL_DAY, WG_WALL_DAY},
		{1, WG_WALL_PAST, WG_WALL_PAST},
		{30 * DAY, WG_WALL_PAST, WG_WALL_PAST},
		{30 * DAY + 1, WG_WALL_OVER, WG_WALL_PAST},
		{900 * DAY, WG_WALL_OVER, WG_WALL_PAST},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t now = NOW + cases[i].after;
		struct wg_wall good = {.now = now};
		struct wg_wall unset = {.now = now, .unsynchronised = true};
		struct wg_wall behind = {.now = 5, .floor = now};

		assert_int_equal(wg_wall_end(&good, NOW), cases[i].good);
		assert_int_equal(wg_wall_end(&unset, NOW), cases[i].bad);
		assert_int_equal(wg_wall_end(&behind, NOW), cases[i].bad);
	}
}

/* The last second that there is does not overflow. */
static void test_the_end_of_time(void **state)
{
	struct wg_wall w = {.now = NOW};

	assert_int_equal(wg_wall_end(&w, UINT64_MAX), WG_WALL_FAR);
	w.now = UINT64_MAX;
	assert_int_equal(wg_wall_end(&w, UINT64_MAX), WG_WALL_DAY);
	assert_int_equal(wg_wall_end(&w, 0), WG_WALL_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_the_end_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
