/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ages of handshakes, while somebody sets the clock. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_handshake.h"

#define WALL INT64_C(1700000000000)

static struct wg_clocks now;
static struct wg_handshake h;

static void begin(void)
{
	now = (struct wg_clocks){WALL, 5000};
	h = (struct wg_handshake){};
}

static void pass(int64_t ms)
{
	now.wall += ms;
	now.mono += ms;
}

/* The device had a handshake now, and says so from now on. */
static int64_t stamp_now(void)
{
	return now.wall / 1000;
}

static int64_t age(int64_t stamp)
{
	wg_handshake_read(&h, stamp, now);
	return wg_handshake_age(&h, now.mono);
}

static void test_goes_on(void **state)
{
	int64_t stamp;

	begin();
	assert_int_equal(age(0), -1);
	pass(10000);
	stamp = stamp_now();
	assert_int_equal(age(stamp), 0);
	pass(1500);
	assert_int_equal(age(stamp), 1500);
	pass(200000);
	assert_int_equal(age(stamp), 201500);
	/* between two reads: in whole seconds */
	pass(1300);
	stamp = stamp_now();
	pass(4000);
	assert_in_range(age(stamp), 4000, 5000);
	/* made anew: none */
	assert_int_equal(age(0), -1);
}

static void test_clock_is_set(void **state)
{
	static const int64_t steps[] = {-86400000, -3600000, -5000,
					5000,	   3600000,  86400000};
	int64_t stamp;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		/* after the handshake was read */
		begin();
		age(0);
		pass(1000);
		stamp = stamp_now();
		pass(1000);
		assert_in_range(age(stamp), 1000, 2000);
		now.wall += steps[i];
		pass(30000);
		assert_in_range(age(stamp), 31000, 32000);
		/* the next one is new, though its stamp is older perhaps */
		stamp = stamp_now();
		pass(1000);
		assert_in_range(age(stamp), 1000, 2000);
		/* set before a handshake is read: within the two reads */
		pass(1000);
		stamp = stamp_now();
		now.wall += steps[i];
		pass(500);
		assert_in_range(age(stamp), 0, 1500);
		pass(10000);
		assert_in_range(age(stamp), 10000, 11500);
	}
}

/* The first read after a start: the stamp is from an earlier life. */
static void test_first_read(void **state)
{
	int64_t stamp;

	begin();
	stamp = stamp_now();
	pass(40000);
	assert_in_range(age(stamp), 40000, 41000);
	/* the second is not over, or the clock is slewed */
	begin();
	assert_int_equal(age(stamp_now() + 1), 0);
	/* set back since: not a new one, but one that is in use */
	begin();
	stamp = stamp_now();
	now.wall -= 3600000;
	assert_int_equal(age(stamp), 120000);
	pass(1000);
	assert_int_equal(age(stamp), 121000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_clock_is_set),
		cmocka_unit_test(test_first_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
