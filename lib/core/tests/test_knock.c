/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a member asks, when, and what it does with the answer. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_knock.h"

static struct wg_knock k;
static const uint8_t cookie[WG_DOOR_COOKIE_LEN] = {1, 2, 3};
static const struct wg_door_answer a_cookie = {WG_DOOR_COOKIE,
					       .cookie = cookie};
static const struct wg_door_answer a_welcome = {WG_DOOR_WELCOME};

static struct wg_knock_place place(unsigned n)
{
	struct wg_knock_place p = {{n / 2}, "", 51822 + n % 2};

	snprintf(p.host, sizeof(p.host), "hub%u.example.org", n / 2);
	return p;
}

static void set_doors(unsigned from, unsigned n)
{
	struct wg_knock_place places[2 * WG_KNOCK_DOORS];
	unsigned i;

	for (i = 0; i < n; i++)
		places[i] = place(from + i);
	wg_knock_set_doors(&k, places, n);
}

static int setup(void **state)
{
	wg_knock_init(&k, 1000);
	k.sequence = 10;
	set_doors(0, 3);
	return 0;
}

static struct wg_door_answer refusal(enum wg_door_why why, uint64_t sequence)
{
	return (struct wg_door_answer){.kind = WG_DOOR_REFUSED,
				       .refused = {why, sequence}};
}

/* Whom it asks at its next time, -1: nobody; not a moment earlier. */
static int next(int64_t *ret_at)
{
	struct wg_knock_door *d;

	*ret_at = wg_knock_due(&k);
	if (*ret_at < 0)
		return -1;
	assert_null(wg_knock_next(&k, *ret_at - 1));
	d = wg_knock_next(&k, *ret_at);
	assert_non_null(d);
	return d - k.door;
}

/* All in turn, a second apart; then pauses of 1 s to 60 s. */
static void test_rounds(void **state)
{
	static const int64_t pauses[] = {1, 2, 4, 8, 16, 32, 60, 60, 60, 60};
	int64_t at, want = 5000;
	size_t i;
	int door;

	wg_knock_start(&k, 5000);
	for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++)
		for (door = 0; door < 3; door++) {
			assert_int_equal(next(&at), door);
			assert_int_equal(at, want);
			want += door == 2 ? 1000 * pauses[i] : 1000;
		}
	/* another reason: at once, and from the first pause on */
	wg_knock_start(&k, want - 500);
	for (i = 0; i < 3; i++) {
		next(&at);
		assert_int_equal(at, want - 500 + 1000 * i);
	}
	assert_int_equal(wg_knock_due(&k), want - 500 + 2000 + 1000);
}

static void test_silence(void **state)
{
	int64_t at;

	/* nobody was heard since it began */
	assert_int_equal(next(&at), 0);
	assert_int_equal(at, 16000);
	assert_int_equal(next(&at), 1);
	wg_knock_heard(&k, 17500);
	assert_int_equal(wg_knock_due(&k), 17500 + 15000);
	wg_knock_heard(&k, 30000);
	assert_int_equal(wg_knock_due(&k), 45000);
	/* it goes on with who has the turn */
	assert_int_equal(next(&at), 2);
	assert_int_equal(at, 45000);
	/* and all of a round have one, whoever begins */
	next(&at);
	wg_knock_start(&k, 50000);
	assert_int_equal(next(&at), 1);
	assert_int_equal(next(&at), 2);
	assert_int_equal(next(&at), 0);
	assert_int_equal(at, 52000);
}

static void test_no_doors(void **state)
{
	int64_t at;

	set_doors(0, 0);
	wg_knock_start(&k, 5000);
	assert_int_equal(wg_knock_due(&k), -1);
	assert_null(wg_knock_next(&k, 1 << 30));
	set_doors(0, 1);
	assert_int_equal(next(&at), 0);
	assert_int_equal(at, 5000);
}

/* Whoever lets it in and then is not there: others come first. */
static void test_welcome(void **state)
{
	int64_t at;
	size_t i;

	wg_knock_start(&k, 5000);
	for (i = 0; i < 6; i++) {
		assert_int_equal(next(&at), i % 3);
		assert_int_equal(at, 5000 + 15100 * i);
		assert_int_equal(wg_knock_answer(&k, &k.door[i % 3], &a_welcome,
						 at + 100),
				 WG_KNOCK_TAKE);
		/* a second one is too late */
		assert_int_equal(
			wg_knock_answer(&k, &k.door[0], &a_welcome, at + 100),
			WG_KNOCK_WAIT);
	}
}

/* A lie costs no more than a refusal: neither turns nor pauses. */
static void test_lie(void **state)
{
	int64_t at, want = 5000;
	size_t i;

	set_doors(0, 1);
	wg_knock_start(&k, 5000);
	for (i = 0; i < 5; i++) {
		assert_int_equal(next(&at), 0);
		assert_int_equal(at, want);
		assert_int_equal(
			wg_knock_answer(&k, &k.door[0], &a_welcome, at),
			WG_KNOCK_TAKE);
		wg_knock_lie(&k, &k.door[0]);
		want += 1000 << i;
	}
	assert_int_equal(k.door[0].lies, 5);
}

static void test_cookie(void **state)
{
	struct wg_knock_door *d = &k.door[0];
	int64_t at;

	assert_null(wg_knock_cookie(d, 5000));
	wg_knock_start(&k, 5000);
	next(&at);
	assert_int_equal(wg_knock_answer(&k, d, &a_cookie, 5100),
			 WG_KNOCK_AGAIN);
	assert_memory_equal(wg_knock_cookie(d, 5100), cookie, sizeof(cookie));
	/* another one: not for ever */
	assert_int_equal(wg_knock_answer(&k, d, &a_cookie, 5200),
			 WG_KNOCK_WAIT);
	assert_non_null(wg_knock_cookie(d, 5200 + 119999));
	assert_null(wg_knock_cookie(d, 5200 + 120000));
	/* in its next turn again */
	next(&at);
	next(&at);
	assert_int_equal(next(&at), 0);
	assert_int_equal(wg_knock_answer(&k, d, &a_cookie, at), WG_KNOCK_AGAIN);
	assert_null(wg_knock_cookie(&k.door[1], at));
}

static void test_sequence(void **state)
{
	static const struct {
		uint64_t told;
		enum wg_knock_do todo;
		uint64_t then;
		bool is_lie;
	} cases[] = {
		{9, WG_KNOCK_WAIT, 10, false},
		{10, WG_KNOCK_AGAIN, 11, false},
		{500, WG_KNOCK_AGAIN, 501, false},
		{10 + WG_DOOR_JUMP - 1, WG_KNOCK_AGAIN, 10 + WG_DOOR_JUMP,
		 false},
		{10 + WG_DOOR_JUMP, WG_KNOCK_WAIT, 10, true},
		{UINT64_MAX, WG_KNOCK_WAIT, 10, true},
	};
	struct wg_door_answer a;
	int64_t at;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		wg_knock_start(&k, 5000);
		next(&at);
		a = refusal(WG_DOOR_OLD_SEQUENCE, cases[i].told);
		assert_int_equal(wg_knock_answer(&k, &k.door[0], &a, 5000),
				 cases[i].todo);
		assert_int_equal(k.sequence, cases[i].then);
		assert_int_equal(k.door[0].lies, cases[i].is_lie);
	}
	/* once a turn: a liar does not go on */
	setup(NULL);
	wg_knock_start(&k, 5000);
	next(&at);
	a = refusal(WG_DOOR_OLD_SEQUENCE, 20);
	assert_int_equal(wg_knock_answer(&k, &k.door[0], &a, 5000),
			 WG_KNOCK_AGAIN);
	a = refusal(WG_DOOR_OLD_SEQUENCE, 30);
	assert_int_equal(wg_knock_answer(&k, &k.door[0], &a, 5000),
			 WG_KNOCK_WAIT);
	assert_int_equal(k.sequence, 21);
	/* the last number */
	k.sequence = UINT64_MAX - 1;
	k.door[0].again = 0;
	a = refusal(WG_DOOR_OLD_SEQUENCE, UINT64_MAX);
	assert_int_equal(wg_knock_answer(&k, &k.door[0], &a, 5000),
			 WG_KNOCK_WAIT);
	assert_int_equal(k.sequence, UINT64_MAX - 1);
}

/* No word ends it; the one that says most is told. */
static void test_refusals(void **state)
{
	struct wg_door_answer a;
	int64_t at, due;
	unsigned why;

	wg_knock_start(&k, 5000);
	next(&at);
	assert_int_equal(wg_knock_why(&k), 0);
	for (why = 1; why < WG_DOOR_WHYS; why++) {
		a = refusal(why, 0);
		due = wg_knock_due(&k);
		assert_int_equal(wg_knock_answer(&k, &k.door[0], &a, 5000),
				 WG_KNOCK_WAIT);
		assert_int_equal(wg_knock_due(&k), due);
		assert_int_equal(wg_knock_why(&k), why);
	}
	a = refusal(WG_DOOR_BUSY, 0);
	wg_knock_answer(&k, &k.door[0], &a, 5000);
	a = refusal(WG_DOOR_REVOKED, 0);
	wg_knock_answer(&k, &k.door[1], &a, 5000);
	a = refusal(WG_DOOR_UNKNOWN_MEMBER, 0);
	wg_knock_answer(&k, &k.door[2], &a, 5000);
	assert_int_equal(wg_knock_why(&k), WG_DOOR_REVOKED);
	/* what it says now counts */
	a = refusal(WG_DOOR_FULL, 0);
	wg_knock_answer(&k, &k.door[1], &a, 5000);
	assert_int_equal(wg_knock_why(&k), WG_DOOR_UNKNOWN_MEMBER);
	assert_int_equal(next(&at), 1);
}

/* What doors said is over once a hub answers: it is there, and they may not. */
static void test_refusals_end(void **state)
{
	struct wg_door_answer a = refusal(WG_DOOR_REVOKED, 0);
	int64_t at;

	wg_knock_start(&k, 5000);
	wg_knock_answer(&k, &k.door[next(&at)], &a, at);
	assert_int_equal(wg_knock_why(&k), WG_DOOR_REVOKED);
	wg_knock_heard(&k, 6000);
	assert_int_equal(wg_knock_why(&k), 0);
	/* weeks later no hub is there: nobody said why */
	next(&at);
	assert_int_equal(wg_knock_why(&k), 0);
}

/* What is known of a door stays with it. */
static void test_doors(void **state)
{
	struct wg_knock_place twice[] = {place(5), place(1), place(5)};
	unsigned i;
	int64_t at;

	wg_knock_start(&k, 5000);
	next(&at);
	next(&at);
	wg_knock_answer(&k, &k.door[1], &a_cookie, 6000);
	wg_knock_set_doors(&k, twice, 3);
	assert_int_equal(k.n, 2);
	assert_non_null(wg_knock_cookie(&k.door[1], 6000));
	assert_null(wg_knock_cookie(&k.door[0], 6000));
	assert_int_equal(next(&at), 0);
	/* the rest of the round */
	assert_int_equal(wg_knock_due(&k), at + 1000);
	set_doors(0, 2 * WG_KNOCK_DOORS);
	assert_int_equal(k.n, WG_KNOCK_DOORS);
	set_doors(100, 1);
	assert_int_equal(next(&at), 0);
	/* the end of a round that had more */
	setup(NULL);
	wg_knock_start(&k, 5000);
	for (i = 0; i < 4; i++)
		next(&at);
	set_doors(0, 1);
	next(&at);
	assert_int_equal(wg_knock_due(&k), at + 2000);
}

/* Whatever the reason; and then all as before. */
static void test_calm(void **state)
{
	int64_t at;

	wg_knock_heard(&k, 1000);
	wg_knock_calm(&k, 1000 + 4 * WG_KNOCK_SILENCE_MS);
	wg_knock_start(&k, 2000);
	assert_true(next(&at) >= 0);
	assert_int_equal(at, 1000 + 4 * WG_KNOCK_SILENCE_MS);
	assert_true(next(&at) >= 0);
	assert_int_equal(at, 1000 + 4 * WG_KNOCK_SILENCE_MS + WG_KNOCK_NEXT_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_calm, setup),
		cmocka_unit_test_setup(test_rounds, setup),
		cmocka_unit_test_setup(test_silence, setup),
		cmocka_unit_test_setup(test_no_doors, setup),
		cmocka_unit_test_setup(test_welcome, setup),
		cmocka_unit_test_setup(test_lie, setup),
		cmocka_unit_test_setup(test_cookie, setup),
		cmocka_unit_test_setup(test_sequence, setup),
		cmocka_unit_test_setup(test_refusals, setup),
		cmocka_unit_test_setup(test_refusals_end, setup),
		cmocka_unit_test_setup(test_doors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
