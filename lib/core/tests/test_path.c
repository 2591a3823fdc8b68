/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One end of a pair, from the relay to a switch: each row of the table in
 * wg_path.c. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/path_end.h"

/* --- relay, calling */

static void test_demand(void **state)
{
	at_relay(true);
	at_place(NONE);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_DEMAND);
	data(1);
	pass(WG_PATH_DEMAND_MS);
	data(1);
	is(WG_PATH_RELAY);
	pass(WG_PATH_DEMAND_MS - 1);
	data(1);
	is(WG_PATH_CALLING);
	at_place(NONE);
	assert_int_equal(did[WG_PATH_CALL], 1);
	assert_int_equal(last[WG_PATH_CALL].call.id, 77);
	assert_int_equal(last[WG_PATH_CALL].call.start_ms, HUB_RTT / 2);
	assert_true(last[WG_PATH_CALL].call.has_places);
	assert_true(last[WG_PATH_CALL].call.by_hub);
	assert_false(last[WG_PATH_CALL].call.is_answer);
	at_relay(true);
	data(2);
	is(WG_PATH_CALLING);
	at_relay(true);
	conf.mode = WG_PATH_ALWAYS;
	wg_path_conf_set(&p, &conf, now);
	pass(0);
	is(WG_PATH_CALLING);
}

/* Demand that came while it was held off is not remembered for ever. */
static void test_demand_ends(void **state)
{
	at_relay(true);
	data(2);
	pass(WG_PATH_CALL_MS);
	data(2);
	pass(WG_PATH_HOLD_MS);
	is(WG_PATH_RELAY);
	assert_int_equal(wg_path_due(&p), -1);
	data(1);
	data(1);
	is(WG_PATH_CALLING);
}

static void test_no_answer(void **state)
{
	int64_t hold = WG_PATH_HOLD_MS;
	unsigned i;

	at_relay(true);
	data(2);
	for (i = 0; i < 12; i++) {
		is(WG_PATH_CALLING);
		pass(WG_PATH_CALL_MS);
		is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_ANSWER);
		assert_int_equal(did[WG_PATH_CALL], 3);
		pass(hold - 1);
		data(2);
		is(WG_PATH_RELAY);
		look();
		pass(1);
		hold = hold * 2 < WG_PATH_HOLD_MAX_MS ? hold * 2
						      : WG_PATH_HOLD_MAX_MS;
	}
	assert_int_equal(hold, WG_PATH_HOLD_MAX_MS);
}

static void test_fresh(void **state)
{
	at_relay(true);
	data(2);
	pass(WG_PATH_CALL_MS);
	wg_path_fresh(&p, now);
	data(2);
	is(WG_PATH_RELAY);
	pass(WG_PATH_FRESH_MS - WG_PATH_CALL_MS);
	is(WG_PATH_CALLING);
}

static void test_answer(void **state)
{
	at_relay(true);
	data(2);
	called(true, 78, 2);
	is(WG_PATH_CALLING);
	called(true, 77, 0);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_CANDIDATE);
	data(2);
	is(WG_PATH_RELAY);
	at_relay(true);
	data(2);
	called(true, 77, 2);
	is(WG_PATH_PROBING);
	assert_int_equal(pinged[0], 1);
	assert_int_equal(pinged[1], 1);
	/* nobody asked */
	at_relay(true);
	called(true, 77, 2);
	is(WG_PATH_RELAY);
}

static void test_called(void **state)
{
	at_relay(true);
	called(false, 5, 2);
	is(WG_PATH_PROBING);
	assert_int_equal(did[WG_PATH_CALL], 1);
	assert_int_equal(last[WG_PATH_CALL].call.id, 5);
	assert_int_equal(last[WG_PATH_CALL].call.start_ms, 30 + HUB_RTT / 2);
	assert_true(last[WG_PATH_CALL].call.is_answer);
	assert_true(last[WG_PATH_CALL].call.has_places);
	pass(30 + HUB_RTT / 2 - 1);
	assert_int_equal(did[WG_PATH_PING], 0);
	pass(1);
	assert_int_equal(did[WG_PATH_PING], 2);
	/* the same CALL again: the answer was lost, nothing begins anew */
	called(false, 5, 2);
	assert_int_equal(did[WG_PATH_CALL], 2);
	pass(WG_PATH_PROBE_MS);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG);
	assert_int_equal(did[WG_PATH_PING], 2 * WG_PLACES_PINGS);
}

/* Whoever forges CALLs: so many, and they do not double our own wait. */
static void test_called_often(void **state)
{
	unsigned i;

	at_relay(true);
	for (i = 0; i < 60; i++) {
		called(false, i, 8);
		pass(1000);
	}
	assert_true(did[WG_PATH_CALL] <=
		    WG_PATH_CALLED_BURST + 60000 / WG_PATH_CALLED_EVERY_MS);
	assert_true(did[WG_PATH_PING] <=
		    8 * WG_PLACES_PINGS * did[WG_PATH_CALL]);
	at_relay(true);
	for (i = 0; i < 1000; i++)
		called(false, 5, 8);
	assert_true(did[WG_PATH_CALL] <= 3);
	for (i = 0; i < 5; i++) {
		called(false, 100 + i, 1);
		pass(WG_PATH_PROBE_MS + 30 + HUB_RTT / 2 + 40000);
	}
	is(WG_PATH_RELAY);
	data(2);
	is(WG_PATH_CALLING);
	pass(WG_PATH_CALL_MS);
	assert_int_equal(p.hold_ms, now + WG_PATH_HOLD_MS);
	called(false, 200, 1);
	pass(30 + HUB_RTT / 2 + WG_PATH_PROBE_MS);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG);
	assert_int_equal(p.hold_ms, now + WG_PATH_HOLD_MS);
}

static void test_cannot(void **state)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		at_relay(true);
		if (i)
			conf.mode = WG_PATH_NEVER;
		else
			conf.can_probe = false;
		wg_path_conf_set(&p, &conf, now);
		pass(0);
		is_held(WG_PATH_RELAY,
			i ? WG_PATH_WHY_NEVER : WG_PATH_WHY_NO_RAW_SOCKET);
		data(2);
		called(false, 5, 2);
		is(WG_PATH_RELAY);
		assert_int_equal(did[WG_PATH_CALL], 1);
		assert_true(last[WG_PATH_CALL].call.is_answer);
		assert_false(last[WG_PATH_CALL].call.has_places);
		assert_false(wg_path_answers(&p));
		conf.mode = WG_PATH_ON_DEMAND;
		conf.can_probe = true;
		wg_path_conf_set(&p, &conf, now);
		pass(0);
		is(WG_PATH_CALLING);
	}
}

/* Both call at once: both answer, both begin at the same time. */
static void test_glare(void **state)
{
	int64_t begin;

	at_relay(true);
	data(2);
	pass(50);
	called(false, 5, 1);
	is(WG_PATH_PROBING);
	begin = p.begin_ms;
	assert_int_equal(begin, now + 50);
	pass(20);
	called(true, 77, 2); /* the other end had ours earlier */
	assert_int_equal(p.begin_ms, now);
	assert_int_equal(pinged[0], 1);
	assert_int_equal(pinged[1], 1);
	pass(100);
	assert_int_equal(pinged[0], 3);
}

/* --- probing */

static void test_leader_picks(void **state)
{
	struct wg_endpoint seen = seen_at(0);

	to_probing(true, 3);
	pass(20);
	pong(1);
	pass(10);
	pong(0); /* it is nearer */
	pass(WG_PATH_PICK_MS - 11);
	is(WG_PATH_PROBING);
	at_place(NONE);
	pass(1);
	is(WG_PATH_SWITCHING);
	at_place(0);
	assert_int_equal(did[WG_PATH_SWITCH], 1);
	assert_true(wg_endpoint_same(&last[WG_PATH_SWITCH].place, &seen));
	assert_int_equal(did[WG_PATH_SET], 1);
}

static void test_follower_follows(void **state)
{
	to_probing(false, 3);
	pong(0);
	pong(1);
	pass(WG_PATH_PICK_MS);
	is(WG_PATH_PROBING);
	switched(1);
	is(WG_PATH_SWITCHING);
	at_place(1);
	assert_int_equal(did[WG_PATH_SWITCH], 0);
	/* the leader is not told what to do */
	to_probing(true, 3);
	pong(0);
	switched(0);
	is(WG_PATH_PROBING);
}

/* To a place that answered no PING of ours: not before it does. */
static void test_switch_unproven(void **state)
{
	to_probing(false, 1);
	switched(3);
	is(WG_PATH_PROBING);
	at_place(NONE);
	assert_true(pinged[3] > 0);
	switched(3);
	is(WG_PATH_PROBING);
	pong(3);
	is(WG_PATH_SWITCHING);
	at_place(3);
	to_probing(false, 1);
	switched(3);
	pass(WG_PATH_PROBE_MS);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG);
	switched(3);
	is(WG_PATH_RELAY);
}

/* A NAT that takes another port: known by its own PINGs only. */
static void test_pinged(void **state)
{
	struct wg_endpoint e = place(2);

	to_probing(true, 1);
	assert_true(wg_path_answers(&p));
	wg_path_pinged(&p, &e, now);
	pass(0);
	assert_int_equal(pinged[2], 1);
	pong(2);
	pass(WG_PATH_PICK_MS);
	at_place(2);
	/* not without a CALL */
	at_relay(true);
	assert_false(wg_path_answers(&p));
	wg_path_pinged(&p, &e, now);
	pass(1000);
	is(WG_PATH_RELAY);
	assert_int_equal(did[WG_PATH_PING], 0);
	/* it began before its answer came */
	data(2);
	assert_true(wg_path_answers(&p));
	wg_path_pinged(&p, &e, now);
	pass(50);
	assert_int_equal(did[WG_PATH_PING], 0);
	called(true, 77, 1);
	assert_int_equal(pinged[2], 1);
}

/* What answers and was not asked proves nothing. */
static void test_stray_pong(void **state)
{
	to_probing(true, 1);
	pong(3);
	pass(100);
	is(WG_PATH_PROBING);
	at_relay(true);
	pong(0);
	pass(100);
	is(WG_PATH_RELAY);
}

static void test_no_switch(void **state)
{
	to_probing(false, 1);
	pong(0);
	pass(WG_PATH_PROBE_MS);
	is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_SETTLE);
}

/* --- switching */

static void test_settles(void **state)
{
	unsigned sets;

	to_switching(true, 0);
	pass(95);
	assert_in_range(did[WG_PATH_SET], 9, 12);
	/* until the other end has come, the endpoint is set, and SWITCH said */
	pass(400);
	assert_in_range(did[WG_PATH_SET], 45, 60);
	assert_int_equal(did[WG_PATH_SWITCH], 5);
	heard(WG_PATH_PROBING, true);
	heard(WG_PATH_RELAY, false); /* an old one */
	is(WG_PATH_SWITCHING);
	sets = did[WG_PATH_SET];
	heard(WG_PATH_SWITCHING, false);
	/* from then on for a round trip */
	pass(1000);
	assert_in_range(did[WG_PATH_SET], sets + 3, sets + 12);
	assert_int_equal(did[WG_PATH_SWITCH], 5);
	is(WG_PATH_SWITCHING);
	heard(WG_PATH_SWITCHING, true);
	pass(WG_PATH_QUIET_MS - 1);
	is(WG_PATH_SWITCHING);
	pass(1);
	is(WG_PATH_DIRECT);
	at_place(0);
}

/* An answer by the relay settles nothing. */
static void test_relayed(void **state)
{
	unsigned sets;

	to_switching(false, 0);
	assert_true(last[WG_PATH_WATCH].on);
	pass(400);
	sets = did[WG_PATH_SET];
	pass(100);
	assert_int_equal(did[WG_PATH_SET], sets);
	wg_path_relayed(&p, now);
	pass(0);
	assert_int_equal(did[WG_PATH_SET], sets + 1); /* at once */
	heard(WG_PATH_SWITCHING, true);
	pass(400);
	is(WG_PATH_SWITCHING);
	assert_int_equal(did[WG_PATH_SET], 2 * sets); /* all of them again */
	heard(WG_PATH_SWITCHING, true);
	wg_path_relayed(&p, now); /* what is read later was there before */
	pass(400);
	is(WG_PATH_SWITCHING);
	heard(WG_PATH_SWITCHING, true);
	pass(WG_PATH_QUIET_MS);
	is(WG_PATH_DIRECT);
	pass(0);
	assert_false(last[WG_PATH_WATCH].on);
}

/* Much leaves for the relay: set more often, but not for each packet. */
static void test_relayed_much(void **state)
{
	unsigned i, sets;

	to_switching(true, 0);
	heard(WG_PATH_SWITCHING, false);
	sets = did[WG_PATH_SET];
	for (i = 0; i < 1000; i++) {
		wg_path_relayed(&p, now);
		pass(i % 10 == 0);
	}
	assert_in_range(did[WG_PATH_SET] - sets, 90, 101);
	assert_in_range(did[WG_PATH_SWITCH], 1, 3);
	while (p.state == WG_PATH_SWITCHING) {
		wg_path_relayed(&p, now);
		pass(50);
	}
	assert_true(now - p.since_ms < 50);
	is_held(WG_PATH_RETURNING, WG_PATH_WHY_NO_SETTLE);
	assert_in_range(now - 1000000, WG_PATH_SETTLE_MS, WG_PATH_SETTLE_MS + 300);
}

static void test_no_settle(void **state)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		to_switching(true, 0);
		if (i == 1)
			wg_path_lost(&p, now);
		if (i == 2) {
			heard(WG_PATH_SWITCHING, false);
			heard(WG_PATH_RELAY, false);
		}
		pass(i ? 0 : WG_PATH_SWITCH_MS);
		is_held(WG_PATH_RETURNING, WG_PATH_WHY_NO_SETTLE);
		at_place(NONE);
		pass(WG_PATH_RETURN_MS + 100);
		is_held(WG_PATH_RELAY, WG_PATH_WHY_NO_SETTLE);
		data(2);
		is(WG_PATH_RELAY);
		pass(WG_PATH_HOLD_SOON_MS);
		data(2);
		is(WG_PATH_CALLING);
	}
}

/* Set so often, however late we come. */
static void test_stands_still(void **state)
{
	struct wg_path_act a;
	unsigned i, sets = 0;

	to_switching(false, 0);
	for (i = 0; i < 20; i++) {
		now += 90;
		while (wg_path_next(&p, now, &a))
			sets += a.what == WG_PATH_SET;
	}
	assert_in_range(sets, 15, 20);
}

/* By a long relay packets are under way longer. */
static void test_far(void **state)
{
	to_probing(false, 1);
	wg_path_heard(&p, WG_PATH_PROBING, true, 200, now);
	pong(0);
	switched(0);
	pass(1900);
	assert_int_equal(did[WG_PATH_SET], 60);
}

static void test_words(void **state)
{
	assert_string_equal(wg_path_state_str(WG_PATH_START), "start");
	assert_string_equal(wg_path_state_str(WG_PATH_RETURNING), "returning");
	assert_string_equal(wg_path_why_str(WG_PATH_WHY_NO_DEMAND),
			    "no-demand");
	assert_string_equal(wg_path_why_str(WG_PATH_WHY_NEW_KEY), "new-key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_demand),
		cmocka_unit_test(test_demand_ends),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_called),
		cmocka_unit_test(test_called_often),
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_glare),
		cmocka_unit_test(test_leader_picks),
		cmocka_unit_test(test_follower_follows),
		cmocka_unit_test(test_switch_unproven),
		cmocka_unit_test(test_pinged),
		cmocka_unit_test(test_stray_pong),
		cmocka_unit_test(test_no_switch),
		cmocka_unit_test(test_settles),
		cmocka_unit_test(test_relayed),
		cmocka_unit_test(test_relayed_much),
		cmocka_unit_test(test_no_settle),
		cmocka_unit_test(test_stands_still),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
