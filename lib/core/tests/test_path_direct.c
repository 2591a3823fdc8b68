/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One end of a pair with a direct path, after a start, and without a hub:
 * each row of the table in wg_path.c. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/path_end.h"

/* --- direct */

static void test_lost(void **state)
{
	to_direct(true);
	wg_path_lost(&p, now);
	pass(0);
	is_held(WG_PATH_RETURNING, WG_PATH_WHY_LOST);
	at_place(NONE);
	assert_int_equal(did[WG_PATH_SET], 1);
	pass(95);
	assert_in_range(did[WG_PATH_SET], 9, 12);
	is(WG_PATH_RETURNING);
	heard(WG_PATH_RETURNING, false);
	pass(500);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_LOST);
	assert_int_equal(did[WG_PATH_SET], 30);
	/* too soon after it came */
	data(2);
	is(WG_PATH_RELAY);
	to_direct(true);
	pass(WG_PATH_STEADY_MS);
	wg_path_lost(&p, now);
	pass(WG_PATH_RETURN_MS + 200);
	is(WG_PATH_RELAY);
	data(2);
	is(WG_PATH_CALLING);
}

static void test_other_goes_back(void **state)
{
	static const enum wg_path_state back[] = {
		WG_PATH_RELAY, WG_PATH_CALLING, WG_PATH_PROBING,
		WG_PATH_RETURNING};
	unsigned i;

	for (i = 0; i < 4; i++) {
		to_direct(true);
		heard(back[i], i % 2);
		is_held(WG_PATH_RETURNING, WG_PATH_WHY_LOST);
		pass(400);
		is(WG_PATH_RELAY);
	}
	/* it has just started, and keeps the path */
	to_direct(true);
	heard(WG_PATH_START, true);
	heard(WG_PATH_START, false);
	heard(WG_PATH_SWITCHING, false);
	heard(WG_PATH_DIRECT, false);
	is(WG_PATH_DIRECT);
}

/* A hub's word ends no direct path, nor does a member's PING. */
static void test_calls_do_not_end_it(void **state)
{
	struct wg_endpoint e = place(2);

	to_direct(true);
	called(false, 9, 3);
	called(true, 77, 0);
	wg_path_pinged(&p, &e, now);
	wg_path_hub(&p, false, 0, now);
	pass(1000);
	is(WG_PATH_DIRECT);
	assert_int_equal(did[WG_PATH_CALL], 0);
	assert_int_equal(did[WG_PATH_PING], 0);
}

static void test_idle(void **state)
{
	to_direct(true);
	pass(10000);
	data(1);
	pass(conf.idle_ms - 1);
	assert_int_equal(did[WG_PATH_IDLE], 0);
	pass(1);
	assert_int_equal(did[WG_PATH_IDLE], 1);
	/* an offer: the other end may have data */
	pass(2 * WG_PATH_IDLE_AGAIN_MS);
	is(WG_PATH_DIRECT);
	assert_int_equal(did[WG_PATH_IDLE], 3);
	heard(WG_PATH_RETURNING, false);
	is_held(WG_PATH_RETURNING, WG_PATH_WHY_IDLE);
	pass(400);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_IDLE);
	data(2);
	is(WG_PATH_CALLING);
}

static void test_idled(void **state)
{
	to_direct(false);
	pass(conf.idle_ms - 1000);
	wg_path_idled(&p, now);
	is(WG_PATH_DIRECT);
	pass(1000);
	look();
	wg_path_idled(&p, now);
	pass(0);
	is_held(WG_PATH_RETURNING, WG_PATH_WHY_IDLE);
	/* always; and never without a relay to go to */
	to_direct(false);
	conf.mode = WG_PATH_ALWAYS;
	wg_path_conf_set(&p, &conf, now);
	pass(10 * conf.idle_ms);
	wg_path_idled(&p, now);
	is(WG_PATH_DIRECT);
	assert_int_equal(did[WG_PATH_IDLE], 0);
	to_direct(false);
	wg_path_hub(&p, false, 0, now);
	pass(10 * conf.idle_ms);
	wg_path_idled(&p, now);
	is(WG_PATH_DIRECT);
	assert_int_equal(did[WG_PATH_IDLE], 0);
}

static void test_never(void **state)
{
	to_direct(true);
	conf.mode = WG_PATH_NEVER;
	wg_path_conf_set(&p, &conf, now);
	pass(0);
	is_held(WG_PATH_RETURNING, WG_PATH_WHY_NEVER);
	pass(2000);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NEVER);
	data(2);
	is(WG_PATH_RELAY);
}

/* The device was found at the relay: both ends switch again. */
static void test_slipped(void **state)
{
	to_direct(true);
	device(0);
	is(WG_PATH_DIRECT);
	device(NONE);
	is(WG_PATH_SWITCHING);
	at_place(0);
	assert_int_equal(did[WG_PATH_SWITCH], 1);
	to_direct(false);
	switched(0);
	is(WG_PATH_SWITCHING);
	/* the leader hears that of the other end */
	to_direct(true);
	heard(WG_PATH_SWITCHING, false);
	is(WG_PATH_SWITCHING);
}

/* The other end's NAT has another port: probed before it is taken. */
static void test_roams(void **state)
{
	struct wg_endpoint e = place(3);

	to_direct(true);
	device(3);
	is(WG_PATH_DIRECT);
	at_place(0);
	assert_true(wg_path_allows(&p, &e));
	assert_int_equal(did[WG_PATH_SET], 0);
	pass(60);
	device(3);
	assert_int_equal(pinged[3], 2);
	pong(3);
	at_place(3);
	is(WG_PATH_DIRECT);
	assert_true(wg_path_allows(&p, &e));
	look();
	/* somebody moved it who does not answer */
	device(2);
	at_place(3);
	pass(WG_PATH_STRANGE_MS);
	assert_int_equal(pinged[2], WG_PATH_STRANGE_PINGS);
	assert_int_equal(did[WG_PATH_SET], 1);
	at_place(3);
	e = place(2);
	assert_false(wg_path_allows(&p, &e));
	/* as often as it likes */
	for (e.port = 1; e.port < 50; e.port++) {
		wg_path_device(&p, &e, false, now);
		pass(5000);
		at_place(3);
	}
}

/* --- start */

static void start_at(unsigned n)
{
	struct wg_endpoint e = place(n);

	at_relay(true);
	wg_path_init(&p, &conf, 77, &e, false, now);
	pass(0);
	is(WG_PATH_START);
	at_place(n);
	assert_true(wg_path_allows(&p, &e));
}

static void test_start(void **state)
{
	/* it is still good */
	start_at(2);
	assert_true(last[WG_PATH_HELLO].on && last[WG_PATH_WATCH].on);
	pass(50);
	heard(WG_PATH_DIRECT, false);
	is(WG_PATH_START);
	heard(WG_PATH_DIRECT, true);
	is(WG_PATH_DIRECT);
	at_place(2);
	assert_int_equal(did[WG_PATH_SET], 0);
	/* both started */
	start_at(2);
	pass(50);
	heard(WG_PATH_START, true);
	is(WG_PATH_DIRECT);
}

static void test_start_not_direct(void **state)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		start_at(2);
		pass(5000);
		is(WG_PATH_START); /* no hub, nothing is better */
		if (i == 0)
			wg_path_lost(&p, now);
		else if (i == 1)
			heard(WG_PATH_RELAY, true);
		else {
			conf.mode = WG_PATH_NEVER;
			wg_path_conf_set(&p, &conf, now);
		}
		pass(1000);
		is(WG_PATH_START);
		at_place(2);
		wg_path_hub(&p, true, HUB_RTT, now);
		pass(0);
		is(WG_PATH_RETURNING);
		at_place(NONE);
		pass(2000);
		is_held(WG_PATH_RELAY,
			i < 2 ? WG_PATH_WHY_LOST : WG_PATH_WHY_NEVER);
	}
	/* it was answered after all */
	start_at(2);
	wg_path_lost(&p, now);
	pass(100);
	heard(WG_PATH_DIRECT, true);
	wg_path_hub(&p, true, HUB_RTT, now);
	pass(0);
	is(WG_PATH_DIRECT);
}

/* The answer proves nothing about where the device is not. */
static void test_start_moved(void **state)
{
	start_at(2);
	pass(50);
	wg_path_relayed(&p, now);
	heard(WG_PATH_DIRECT, true);
	is(WG_PATH_START);
	device(NONE);
	is(WG_PATH_RELAY);
	start_at(2);
	device(2);
	is(WG_PATH_START);
	device(1);
	is(WG_PATH_START);
	at_place(1);
	heard(WG_PATH_DIRECT, true); /* it was asked before that was known */
	is(WG_PATH_START);
	/* at the relay already; or nowhere */
	at_relay(true);
	is(WG_PATH_RELAY);
}

static void test_new_key(void **state)
{
	to_direct(true);
	wg_path_new_key(&p, now);
	pass(0);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NEW_KEY);
	at_place(NONE);
	assert_int_equal(did[WG_PATH_SET], 0);
	data(2);
	is(WG_PATH_CALLING);
}

/* --- without a hub */

static void test_alone(void **state)
{
	struct wg_endpoint e = place(2);

	/* where it is published */
	at_relay(false);
	wg_path_hub(&p, false, 0, now);
	data(2);
	is(WG_PATH_CALLING);
	assert_false(last[WG_PATH_CALL].call.by_hub);
	called(true, last[WG_PATH_CALL].call.id, 1);
	is(WG_PATH_PROBING);
	assert_int_equal(pinged[0], 1);
	pong(0);
	pass(WG_PATH_PICK_MS); /* though the other end leads */
	is(WG_PATH_SWITCHING);
	at_place(0);
	/* the other end: a PING is enough */
	at_relay(true);
	wg_path_hub(&p, false, 0, now);
	assert_true(wg_path_answers(&p));
	wg_path_pinged(&p, &e, now);
	pass(0);
	is(WG_PATH_PROBING);
	assert_int_equal(pinged[2], 1);
	pong(2);
	pass(WG_PATH_PICK_MS);
	is(WG_PATH_SWITCHING);
	/* nothing is published */
	at_relay(true);
	wg_path_hub(&p, false, 0, now);
	data(2);
	called(true, last[WG_PATH_CALL].call.id, 0);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_CANDIDATE);
	/* a hub came */
	wg_path_hub(&p, true, 0, now);
	pass(WG_PATH_FRESH_MS);
	data(2);
	is(WG_PATH_CALLING);
	assert_true(last[WG_PATH_CALL].call.by_hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_other_goes_back),
		cmocka_unit_test(test_calls_do_not_end_it),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_idled),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_slipped),
		cmocka_unit_test(test_roams),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_not_direct),
		cmocka_unit_test(test_start_moved),
		cmocka_unit_test(test_new_key),
		cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
