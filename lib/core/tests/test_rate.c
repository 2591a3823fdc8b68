/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Means of what a peer sends and receives. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_rate.h"

static void is(const struct wg_rate *r, int64_t over_ms, uint64_t rx,
	       uint64_t tx)
{
	assert_int_equal(r->over_ms, over_ms);
	assert_int_equal(r->rx_mean, rx);
	assert_int_equal(r->tx_mean, tx);
}

static void test_two_reads(void **state)
{
	struct wg_rate r = {};

	wg_rate_read(&r, 5000, 70, 1000);
	is(&r, 0, 0, 0);
	wg_rate_read(&r, 15000, 70, 6000);
	is(&r, 5000, 2000, 0);
	wg_rate_read(&r, 15000, 370, 9000);
	is(&r, 3000, 0, 100);
}

static void test_reads_too_close(void **state)
{
	struct wg_rate r = {};

	wg_rate_read(&r, 0, 0, 1000);
	wg_rate_read(&r, 2000, 0, 3000);
	/* nobody makes it less or more by looking */
	wg_rate_read(&r, 9000, 0, 3500);
	is(&r, 2000, 1000, 0);
	wg_rate_read(&r, 9000, 0, 4000);
	is(&r, 1000, 7000, 0);
}

static void test_counter_went_back(void **state)
{
	struct wg_rate r = {};

	wg_rate_read(&r, 9000, 9000, 1000);
	wg_rate_read(&r, 9500, 9000, 2000);
	wg_rate_read(&r, 100, 9000, 3000);
	is(&r, 0, 0, 0);
	wg_rate_read(&r, 300, 9000, 5000);
	is(&r, 2000, 100, 0);
}

static void test_large_counters(void **state)
{
	struct wg_rate r = {};

	wg_rate_read(&r, UINT64_MAX - (UINT64_C(1) << 40), 0, 1000);
	wg_rate_read(&r, UINT64_MAX, 0, 2000);
	is(&r, 1000, UINT64_C(1) << 40, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_reads),
		cmocka_unit_test(test_reads_too_close),
		cmocka_unit_test(test_counter_went_back),
		cmocka_unit_test(test_large_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
