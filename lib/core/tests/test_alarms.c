/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms that come and go, and what is told of them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/core/wg_alarms.h"

static struct wg_alarms *alarms;

static int begin(void **state)
{
	alarms = wg_alarms_new();
	return 0;
}

static int finish(void **state)
{
	wg_alarms_delete(&alarms);
	return 0;
}

static struct wg_alarm one(enum wg_alarm_kind kind, const char *subject,
			   const char *text)
{
	struct wg_alarm a = {.kind = kind};

	snprintf(a.subject, sizeof(a.subject), "%s", subject);
	snprintf(a.text, sizeof(a.text), "%s", text);
	return a;
}

/* A round in which at most one is so. */
static void round_of(const struct wg_alarm *a, int64_t now)
{
	wg_alarms_begin(alarms);
	if (a)
		wg_alarms_stand(alarms, a, now);
	wg_alarms_end(alarms, now);
}

static void is_news(int64_t now, const char *kind, const char *text,
		    bool raised)
{
	struct wg_alarm a;
	bool up;

	assert_true(wg_alarms_next_news(alarms, now, &a, &up));
	assert_string_equal(wg_alarm_kind_str(a.kind), kind);
	assert_string_equal(a.text, text);
	assert_int_equal(up, raised);
}

static void no_news(int64_t now)
{
	struct wg_alarm a;
	bool up;

	assert_false(wg_alarms_next_news(alarms, now, &a, &up));
}

static size_t standing(void)
{
	size_t n = 0;

	while (wg_alarms_at(alarms, n))
		n++;
	return n;
}

static void test_what_is_so(void **state)
{
	struct wg_alarm disk = one(WG_ALARM_DISK, "", "full");

	round_of(&disk, 5);
	assert_int_equal(standing(), 1);
	assert_int_equal(wg_alarms_at(alarms, 0)->since, 5);
	is_news(5, "disk", "full", true);
	round_of(&disk, 6);
	no_news(6);
	assert_int_equal(wg_alarms_at(alarms, 0)->since, 5);
	round_of(NULL, 7);
	assert_int_equal(standing(), 0);
	is_news(7, "disk", "full", false);
	no_news(8);
	round_of(&disk, 9);
	is_news(9, "disk", "full", true);
	assert_int_equal(wg_alarms_at(alarms, 0)->since, 9);
}

static void test_another_text_is_news(void **state)
{
	struct wg_alarm month = one(WG_ALARM_EXPIRY, "b", "30 days");
	struct wg_alarm week = one(WG_ALARM_EXPIRY, "b", "7 days");

	round_of(&month, 1);
	is_news(1, "expiry", "30 days", true);
	round_of(&week, 2);
	is_news(2, "expiry", "7 days", true);
	no_news(2);
	assert_int_equal(standing(), 1);
	assert_int_equal(wg_alarms_at(alarms, 0)->since, 1);
}

static void test_what_happened_stands_for_a_day(void **state)
{
	struct wg_alarm a = one(WG_ALARM_INVITE_USED, "b", "again");

	wg_alarms_happened(alarms, &a, 1);
	is_news(1, "invite-used", "again", true);
	assert_int_equal(wg_alarms_due(alarms), 1 + WG_ALARM_HELD_MS);
	round_of(NULL, 1000);
	assert_int_equal(standing(), 1);
	wg_alarms_happened(alarms, &a, 2000);
	round_of(NULL, 1 + WG_ALARM_HELD_MS);
	assert_int_equal(standing(), 1);
	no_news(1 + WG_ALARM_HELD_MS);
	round_of(NULL, 2000 + WG_ALARM_HELD_MS);
	assert_int_equal(standing(), 0);
	is_news(2000 + WG_ALARM_HELD_MS, "invite-used", "again", false);
}

/* Whoever is at the other end writes no more than a line a minute. */
static void test_others_cause_one_line_a_minute(void **state)
{
	unsigned told = 0, i;
	struct wg_alarm a;
	bool up;

	for (i = 0; i < 100; i++) {
		a = one(WG_ALARM_CONFLICT, i % 2 ? "b" : "c", "");
		snprintf(a.text, sizeof(a.text), "the %u.", i);
		wg_alarms_happened(alarms, &a, 1 + i);
		while (wg_alarms_next_news(alarms, 1 + i, &a, &up))
			told++;
	}
	assert_int_equal(told, 1);
	assert_int_equal(wg_alarms_due(alarms), 1 + WG_ALARM_QUIET_MS);
	is_news(1 + WG_ALARM_QUIET_MS, "conflict", "the 99.", true);
	no_news(1 + WG_ALARM_QUIET_MS);
	is_news(1 + 2 * WG_ALARM_QUIET_MS, "conflict", "the 98.", true);
	no_news(1 + 3 * WG_ALARM_QUIET_MS);
}

/* ... and does not keep back what is told of other kinds. */
static void test_kinds_are_apart(void **state)
{
	struct wg_alarm a = one(WG_ALARM_CONFLICT, "b", "two");
	struct wg_alarm clock = one(WG_ALARM_CLOCK, "", "bad");
	unsigned i;

	for (i = 0; i < 3 * WG_ALARMS_OF_A_KIND; i++) {
		snprintf(a.subject, sizeof(a.subject), "%u", i);
		wg_alarms_happened(alarms, &a, 1);
	}
	is_news(1, "conflict", "two", true);
	round_of(&clock, 1);
	is_news(1, "clock", "bad", true);
	assert_int_equal(standing(), WG_ALARMS_OF_A_KIND + 1);
}

static void test_what_was_not_told_goes_silently(void **state)
{
	struct wg_alarm a = one(WG_ALARM_CONFLICT, "b", "two");
	struct wg_alarm other = one(WG_ALARM_CONFLICT, "c", "two");

	round_of(&a, 1);
	is_news(1, "conflict", "two", true);
	wg_alarms_begin(alarms);
	wg_alarms_stand(alarms, &a, 2);
	wg_alarms_stand(alarms, &other, 2);
	wg_alarms_end(alarms, 2);
	no_news(2);
	round_of(&a, 3);
	no_news(1 + WG_ALARM_QUIET_MS);
	/* gone and back before its turn: nothing to tell either */
	round_of(NULL, 4);
	round_of(&a, 5);
	no_news(2 + WG_ALARM_QUIET_MS);
	assert_int_equal(standing(), 1);
}

static void test_more_than_there_is_room_for(void **state)
{
	struct wg_alarm a = one(WG_ALARM_EXPIRY, "", "soon");
	unsigned i;

	wg_alarms_begin(alarms);
	for (i = 0; i < WG_ALARMS_OF_A_KIND + 5; i++) {
		snprintf(a.subject, sizeof(a.subject), "m%02u", i);
		wg_alarms_stand(alarms, &a, 1);
	}
	wg_alarms_end(alarms, 1);
	assert_int_equal(standing(), WG_ALARMS_OF_A_KIND);
	assert_int_equal(wg_alarms_left_out(alarms, WG_ALARM_EXPIRY), 5);
	round_of(NULL, 2);
	assert_int_equal(wg_alarms_left_out(alarms, WG_ALARM_EXPIRY), 0);
}

static void test_each_kind_has_a_name(void **state)
{
	enum wg_alarm_kind k, other;

	for (k = 0; k < WG_ALARMS; k++)
		for (other = 0; other < k; other++)
			assert_string_not_equal(wg_alarm_kind_str(k),
						wg_alarm_kind_str(other));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_is_so),
		CASE(test_another_text_is_news),
		CASE(test_what_happened_stands_for_a_day),
		CASE(test_others_cause_one_line_a_minute),
		CASE(test_kinds_are_apart),
		CASE(test_what_was_not_told_goes_silently),
		CASE(test_more_than_there_is_room_for),
		CASE(test_each_kind_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
