/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of rules: total, each field counts, and what prohibits comes first.
 */
#include "lib/core/wg_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/core/tests/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* In their order. */
static const struct wg_rule *rules(size_t *ret_n)
{
	static struct wg_rule v[16];
	const struct wg_rule all[] = {
		{.family = AF_INET, .pref = 700, .prohibit = true},
		{.family = AF_INET, .pref = 500, .table = 254},
		{.family = AF_INET, .pref = 502},
		{.family = AF_INET6, .pref = 490, .prohibit = true},
		{.family = AF_INET6, .pref = 491, .prohibit = true},
		{.family = AF_INET6, .pref = 480, .table = 7, .iif = "lo"},
		{.family = AF_INET6, .pref = 480, .table = 7, .iif = "wg0"},
		{.family = AF_INET6, .pref = 480, .table = 7,
		 .to = prefix_of("fd00::/48")},
		{.family = AF_INET6, .pref = 480, .table = 7,
		 .to = prefix_of("fd00::/64")},
		{.family = AF_INET6, .pref = 480, .table = 7,
		 .from = prefix_of("fd00::/48")},
		{.family = AF_INET6, .pref = 480, .table = 7, .udp_sport = 9},
		{.family = AF_INET6, .pref = 480, .table = 7, .not_group = 1},
		{.family = AF_INET6, .pref = 480, .table = 8},
		{.family = AF_INET6, .pref = 480, .table = 7, .mark = 1},
		{.family = AF_INET6, .pref = 481, .table = 7},
		{.family = AF_INET6, .pref = 100},
	};

	assert_int_equal(N(all), N(v));
	memcpy(v, all, sizeof(v));
	*ret_n = N(all);
	return v;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_order(void **state)
{
	const struct wg_rule *v;
	size_t n, i, k;

	v = rules(&n);
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			if (sign(wg_rule_cmp(&v[i], &v[k])) !=
			    (i > k) - (i < k))
				fail_msg("%zu and %zu", i, k);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
