/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hellos of two that ask each other, as on a direct path. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_hello.h"

static struct wg_hello h;
static const int64_t now = 5000;

static enum wg_hello_news hear(uint32_t number, uint32_t echo, bool *ret_latest)
{
	struct wg_hello_msg m = {.kind = WG_HELLO_IS_HELLO,
				 .number = number,
				 .echo = echo}, answer;
	enum wg_hello_news news = wg_hello_hear(&h, &m, now, &answer);

	*ret_latest = wg_hello_is_latest(&h, &m);
	return news;
}

/* What a later message overtook counts, but not for what its sender is. */
static void test_overtaken(void **state)
{
	struct wg_hello_msg q;
	bool is_latest;

	wg_hello_init(&h, 100, now);
	wg_hello_ask(&h, WG_HELLO_OFTEN_MS, now);
	assert_true(wg_hello_tick(&h, now, &q));
	/* its question of the same moment comes before its answer */
	assert_int_equal(hear(500, 0, &is_latest), WG_HELLO_QUESTION);
	assert_true(is_latest);
	assert_int_equal(hear(499, q.number, &is_latest), WG_HELLO_ANSWER);
	assert_false(is_latest);
	assert_int_equal(h.state, WG_HELLO_ALIVE);
	assert_int_equal(hear(499, q.number, &is_latest), WG_HELLO_OLD);
	/* a question, if not by much */
	assert_int_equal(hear(500 - WG_HELLO_KEPT, 0, &is_latest),
			 WG_HELLO_QUESTION);
	assert_false(is_latest);
	assert_int_equal(hear(499 - WG_HELLO_KEPT, 0, &is_latest),
			 WG_HELLO_OLD);
	assert_int_equal(hear(500, 0, &is_latest), WG_HELLO_OLD);
	assert_int_equal(h.heard, 500);
	/* what it would have us do is old */
	q = (struct wg_hello_msg){.kind = WG_HELLO_IS_SWITCH, .number = 499};
	assert_int_equal(wg_hello_hear(&h, &q, now, &q), WG_HELLO_OLD);
}

static uint32_t rnd(uint32_t n)
{
	static uint64_t x = 20261201;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (x >> 33) % n;
}

/*
 * The one asks just when the other's question comes: its question and its answer
 * leave together.  All comes, and much is overtaken.
 */
static void test_in_step(void **state)
{
	struct {
		int64_t at;
		unsigned to;
		struct wg_hello_msg m;
	} way[32];
	struct wg_hello end[2];
	struct wg_hello_msg m;
	unsigned n = 0, i, k;
	int64_t t;

	for (i = 0; i < 2; i++) {
		wg_hello_init(&end[i], 1000 * i, 0);
		wg_hello_ask(&end[i], WG_HELLO_OFTEN_MS, 170 * i);
	}
	for (t = 0; t < 600000; t++) {
		for (k = 0; k < n;) {
			unsigned to = way[k].to;
			struct wg_hello_msg got = way[k].m;

			if (way[k].at > t) {
				k++;
				continue;
			}
			way[k] = way[--n];
			if (wg_hello_hear(&end[to], &got, t, &m) !=
			    WG_HELLO_QUESTION)
				continue;
			way[n].at = t + 20 + rnd(20);
			way[n].to = !to;
			way[n++].m = m;
		}
		for (i = 0; i < 2; i++) {
			if (!wg_hello_tick(&end[i], t, &m))
				continue;
			way[n].at = t + 20 + rnd(20);
			way[n].to = !i;
			way[n++].m = m;
		}
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(end[i].state, WG_HELLO_ALIVE);
		assert_int_equal(end[i].lost, 0);
		assert_int_equal(end[i].refused, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
