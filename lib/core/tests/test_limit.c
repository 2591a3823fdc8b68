/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A door's limits, against one who remembers all who ever came. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/items.h"
#include "lib/core/wg_limit.h"

#define SEED 20270202

static struct wg_limit limit;

static struct wg_addr v4(unsigned net, unsigned host)
{
	return (struct wg_addr){AF_INET, {10, net >> 8, net, host}};
}

static struct wg_addr v6(unsigned net, unsigned host)
{
	return (struct wg_addr){
		AF_INET6,
		{0x20, 1, [6] = net >> 8, net, [8] = host, [15] = host}};
}

static enum wg_limit_verdict take(struct wg_addr a, int64_t now)
{
	return wg_limit_take(&limit, &a, now);
}

static int reset(void **state)
{
	limit = (struct wg_limit){};
	return 0;
}

static void test_near(void **state)
{
	unsigned i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(take(v4(1, i), 1000), WG_LIMIT_GO);
		assert_int_equal(take(v6(1, i), 1000), WG_LIMIT_GO);
	}
	/* whoever it is there; but others are let in */
	assert_int_equal(take(v4(1, 99), 1000), WG_LIMIT_BY_NEAR);
	assert_int_equal(take(v6(1, 99), 1000), WG_LIMIT_BY_NEAR);
	assert_int_equal(take(v4(2, 1), 1000), WG_LIMIT_GO);
	assert_int_equal(take(v6(2, 1), 1000), WG_LIMIT_GO);
	/* one more after 200 ms, however often it asked */
	assert_int_equal(take(v4(1, 1), 1199), WG_LIMIT_BY_NEAR);
	assert_int_equal(take(v4(1, 1), 1200), WG_LIMIT_GO);
	assert_int_equal(take(v4(1, 1), 1201), WG_LIMIT_BY_NEAR);
}

static void test_all(void **state)
{
	unsigned i;

	for (i = 0; i < 200; i++)
		assert_int_equal(take(v4(i, 1), 5000), WG_LIMIT_GO);
	assert_int_equal(take(v6(1, 1), 5000), WG_LIMIT_BY_ALL);
	/* who is too near is told so, and those do not count */
	assert_int_equal(take(v4(200, 1), 5004), WG_LIMIT_BY_ALL);
	assert_int_equal(take(v4(200, 1), 5005), WG_LIMIT_GO);
	assert_int_equal(take(v4(201, 1), 5005), WG_LIMIT_BY_ALL);
	assert_int_equal(take(v4(201, 1), 6000 + 5), WG_LIMIT_GO);
}

/* One who asks without end: the others' share is what it was. */
static void test_flood(void **state)
{
	unsigned let_in = 0, others = 0;
	int64_t now;

	for (now = 1; now <= 10000; now++) {
		let_in += take(v4(1, now), now) == WG_LIMIT_GO;
		let_in += take(v4(1, now), now) == WG_LIMIT_GO;
		if (now % 100 == 0)
			others +=
				take(v4(2 + now / 100, 1), now) == WG_LIMIT_GO;
	}
	assert_int_equal(let_in, 5 + 49);
	assert_int_equal(others, 100);
}

/* --- the one who remembers: a bucket of tokens for each, in thousandths */

#define NETS 1000

static struct bucket {
	int64_t at, tokens;
	bool is_used;
} buckets[NETS], all;

static bool has_token(struct bucket *b, int64_t rate, int64_t now)
{
	if (!b->is_used)
		*b = (struct bucket){now, rate * 1000, true};
	b->tokens += (now - b->at) * rate;
	b->at = now;
	if (b->tokens > rate * 1000)
		b->tokens = rate * 1000;
	return b->tokens >= 1000;
}

static void test_random(void **state)
{
	uint64_t rnd = SEED;
	unsigned told[3] = {}, i, net;
	enum wg_limit_verdict want, got;
	size_t most = 0;
	int64_t now = 1;

	for (i = 0; i < 300000; i++) {
		/* floods from few, from many, and hardly anybody */
		unsigned nets = i / 1000 % 3 ? i / 1000 % 3 * 20 : NETS;

		if (items_rnd(&rnd) % (1 + i / 50000 % 8) == 0)
			now += items_rnd(&rnd) % 4;
		net = items_rnd(&rnd) % nets;
		want = !has_token(&buckets[net], 5, now) ? WG_LIMIT_BY_NEAR
		       : !has_token(&all, 200, now)	 ? WG_LIMIT_BY_ALL
							 : WG_LIMIT_GO;
		if (want == WG_LIMIT_GO) {
			buckets[net].tokens -= 1000;
			all.tokens -= 1000;
		}
		got = take(net % 2 ? v4(net, i) : v6(net, i), now);
		if (got != want)
			fail_msg("seed %d, question %u: %d, not %d", SEED, i,
				 got, want);
		told[got]++;
		most = limit.n > most ? limit.n : most;
	}
	print_message("seed %d: %u %u %u, %zu places\n", SEED, told[0], told[1],
		      told[2], most);
	assert_true(told[0] > 1000 && told[1] > 1000 && told[2] > 1000);
	assert_in_range(most, 100, WG_LIMIT_PLACES);
}

/* As many neighbourhoods as there can be: each once, or each five times. */
static void test_places(void **state)
{
	unsigned net = 0, i, times;
	size_t most = 0;
	int64_t now;

	for (times = 1; times <= 5; times += 4) {
		reset(NULL);
		for (now = 1; now <= 3000; now++)
			for (i = 0; i < (now == 1 ? 1000 : 5); i++) {
				take(v4(net / times, 1), now);
				net++;
				most = limit.n > most ? limit.n : most;
			}
	}
	assert_in_range(most, WG_LIMIT_ALL, WG_LIMIT_PLACES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_near, reset),
		cmocka_unit_test_setup(test_all, reset),
		cmocka_unit_test_setup(test_flood, reset),
		cmocka_unit_test_setup(test_random, reset),
		cmocka_unit_test_setup(test_places, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
