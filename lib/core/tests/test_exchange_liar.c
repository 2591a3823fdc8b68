/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection to somebody who breaks the rules. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/exchange_pair.h"

static void test_hello(void **state)
{
	static const struct {
		struct wg_frame f;
		const char *why;
	} cases[] = {
		{{.kind = WG_FRAME_BYE}, "it did not begin with HELLO"},
		{{.kind = WG_FRAME_HELLO, .hello = {2, 2, {}}},
		 "it speaks another version"},
		{{.kind = WG_FRAME_HELLO, .hello = {1, 3, {}}},
		 "it says that it is another member"},
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		pair_lie(cases[i].f);
		assert_string_equal(pair.a.why, cases[i].why);
		assert_true(pair.a.is_bad);
		assert_false(pair.a.is_up);
		pair_finish(NULL);
		pair_begin(NULL);
	}
	pair_lie_hello();
	pair_lie((struct wg_frame){.kind = WG_FRAME_HELLO,
				   .hello = {WG_FRAME_VERSION, 2, {}}});
	assert_string_equal(pair.a.why, "it said HELLO twice");
}

static void test_no_frame(void **state)
{
	static const uint8_t none[] = {0, 4, 99, 0, 1, 2, 3};

	pair_lie_hello();
	pair_hear(&pair.a, none, 3);
	assert_null(pair.a.why);
	pair_hear(&pair.a, none + 3, 4);
	assert_string_equal(pair.a.why, "it sent what is no frame");
	assert_true(pair.a.is_bad);
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
}

static void test_no_item(void **state)
{
	uint8_t bytes[WG_ITEM_HEAD] = "WGM";
	struct wg_offer o = {.b = bytes, .len = sizeof(bytes)};

	pair_lie_hello();
	pair_lie_item(&o);
	assert_string_equal(pair.a.why, "it sent what is no item");
	assert_true(pair.a.is_bad);
	assert_int_equal(pair.a.items, 0);
}

/* A succession alone enters no map. */
static void test_other_item(void **state)
{
	struct wg_offer *w =
		mesh_witness(&pair.mesh, (struct mesh_witness){.member = 3,
							       .hub = 1,
							       .invite = 30,
							       .identity = 50,
							       .signer = 11});
	struct wg_offer s = {wg_item_bytes(w->b, WG_ITEM_SUCCESSION), 238, {}};

	pair_lie_hello();
	pair_lie_item(&s);
	assert_string_equal(pair.a.why, "it sent an item that no map holds");
	assert_true(pair.a.is_bad);
}

static void test_forged(void **state)
{
	unsigned i;

	pair_load(&pair.a, pair_certificate(3, 1));
	pair_lie_hello();
	for (i = 1; i <= WG_EXCHANGE_FORGED; i++) {
		assert_null(pair.a.why);
		pair_lie_item(pair_forged(i));
	}
	assert_string_equal(pair.a.why, "its signatures are wrong");
	assert_true(pair.a.is_bad);
	assert_int_equal(pair.a.items, WG_EXCHANGE_FORGED);
}

/* Now and then one is borne for years. */
static void test_forgiven(void **state)
{
	unsigned i;

	pair_load(&pair.a, pair_certificate(3, 1));
	pair_lie_hello();
	for (i = 1; i <= 2 * WG_EXCHANGE_FORGED; i++) {
		pair.now += WG_EXCHANGE_FORGIVE_MS;
		pair_lie_item(pair_forged(i));
	}
	assert_null(pair.a.why);
	for (i = 1; i < WG_EXCHANGE_FORGED; i++)
		pair_lie_item(pair_forged(1000 + i));
	assert_string_equal(pair.a.why, "its signatures are wrong");
}

static void test_calls(void **state)
{
	struct wg_frame f = {.kind = WG_FRAME_CALL,
			     .call = {.to = 1, .from = 2}};
	unsigned i;

	pair_lie_hello();
	for (i = 0; i < 60; i++)
		pair_lie(f);
	assert_int_equal(wg_exchange_stats(pair.a.x)->calls, 60);
	assert_int_equal(wg_exchange_stats(pair.a.x)->calls_over, 10);
	assert_int_equal(pair.a.calls, 50);
	pair.now += 1000;
	for (i = 0; i < 15; i++)
		pair_lie(f);
	assert_int_equal(wg_exchange_stats(pair.a.x)->calls_over, 15);
	assert_int_equal(pair.a.calls, 60);
	/* the connection itself does nothing */
	assert_string_equal(pair_answer(), "");
	assert_null(pair.a.why);
}

/* Only what was told may be asked for, and as often as it was told. */
static void test_want(void **state)
{
	struct wg_directory_entry e;
	unsigned i;

	pair_load(&pair.a, pair_certificate(3, 1));
	pair_load(&pair.a, pair_certificate(4, 1));
	e = talk_entry(pair_certificate(3, 1)->b);
	pair_lie_hello();
	pair_lie_entries(WG_FRAME_WANT, &e);
	assert_string_equal(pair_answer(), "");
	/* it is told all when the hashes differ */
	pair_lie((struct wg_frame){.kind = WG_FRAME_KEEPALIVE});
	for (i = 0; i < 6; i++) {
		pair.now += 5000;
		pair_lie((struct wg_frame){.kind = WG_FRAME_KEEPALIVE});
	}
	assert_string_equal(pair_answer(), "KhE");
	e.hash[0]++;
	pair_lie_entries(WG_FRAME_WANT, &e); /* there is no such */
	assert_string_equal(pair_answer(), "");
	e.hash[0]--;
	pair_lie_entries(WG_FRAME_WANT, &e);
	assert_string_equal(pair_answer(), "I");
	for (i = 0; i < 10; i++)
		pair_lie_entries(WG_FRAME_WANT, &e);
	assert_string_equal(pair_answer(), "");
	assert_null(pair.a.why);
}

/* Asks for certificates 3 to 302, of which one buffer has not all. */
static void want_many(uint32_t first)
{
	static uint8_t bytes[300 * WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_WANT, .entries = {.b = bytes}};
	struct wg_directory_entry e;
	uint32_t i;

	for (i = first; i < 303; i++) {
		e = talk_entry(pair_certificate(i, 1)->b);
		wg_directory_entry_encode(
			&e, bytes + f.entries.n++ * WG_DIRECTORY_ENTRY);
	}
	pair_lie(f);
}

static void told_many(void)
{
	uint32_t i;

	for (i = 3; i < 303; i++)
		pair_load(&pair.a, pair_certificate(i, 1));
	pair_lie_hello();
	for (i = 0; i < 6; i++) {
		pair.now += 5000;
		pair_lie((struct wg_frame){.kind = WG_FRAME_KEEPALIVE});
	}
	assert_string_equal(pair_answer(), "KhE");
}

/* One buffer of what is to be said, and the rest waits. */
static void say_some(void)
{
	static uint8_t buf[WG_FRAME_MAX];

	assert_true(wg_exchange_say(pair.a.x, pair.now, buf, sizeof(buf)) >
		    WG_FRAME_MAX / 2);
}

/* All is not told again while it is still on its way. */
static void test_again_not_while_busy(void **state)
{
	unsigned i;

	told_many();
	want_many(3);
	say_some();
	for (i = 0; i < 30; i++) {
		pair.now += 5000;
		pair_lie((struct wg_frame){.kind = WG_FRAME_KEEPALIVE});
	}
	assert_null(strchr(pair_answer(), 'E'));
	pair_lie((struct wg_frame){.kind = WG_FRAME_KEEPALIVE});
	assert_non_null(strchr(pair_answer(), 'E'));
}

/* What waits to be sent does not wait twice. */
static void test_want_twice(void **state)
{
	told_many();
	want_many(4);
	say_some();
	want_many(302);
	pair_answer();
	assert_int_equal(wg_exchange_stats(pair.a.x)->items_sent, 299);
}

/* What was asked for and did not come is asked for after the next HAVE. */
static void test_withheld(void **state)
{
	struct wg_directory_entry e = talk_entry(pair_certificate(3, 1)->b);
	struct wg_frame none = {.kind = WG_FRAME_HAVE};

	pair_lie_hello();
	pair_lie_entries(WG_FRAME_HAVE, &e);
	assert_string_equal(pair_answer(), "W");
	pair_lie_entries(WG_FRAME_HAVE, &e);
	assert_string_equal(pair_answer(), "");
	pair_lie(none);
	pair_lie_entries(WG_FRAME_HAVE, &e);
	assert_string_equal(pair_answer(), "W");
	pair_lie_item(pair_certificate(3, 1));
	pair_lie(none);
	pair_lie_entries(WG_FRAME_HAVE, &e);
	assert_string_equal(pair_answer(), "");
}

/* 200,000 entries that are nobody's, in the worst order. */
static void test_flood_of_entries(void **state)
{
	static uint8_t bytes[WG_FRAME_ENTRIES * WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_HAVE,
			     .entries = {bytes, WG_FRAME_ENTRIES}};
	struct wg_directory_entry e = {.kind = WG_ITEM_IS_RECORD, .member = 3};
	unsigned i, k;

	pair_load(&pair.a, pair_certificate(3, 1));
	pair_lie_hello();
	for (i = 0; i < 120; i++) {
		for (k = 0; k < WG_FRAME_ENTRIES; k++) {
			e.version = UINT32_MAX - i * WG_FRAME_ENTRIES - k;
			wg_directory_entry_encode(
				&e, bytes + k * WG_DIRECTORY_ENTRY);
		}
		pair_lie(f);
		if (i % 2)
			pair_answer();
		assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_MOST);
	}
	assert_int_equal(wg_exchange_stats(pair.a.x)->left_out,
			 120 * WG_FRAME_ENTRIES - WG_EXCHANGE_SET_MAX);
	assert_null(pair.a.why);
	/* it is all forgotten with its next HAVE */
	pair_lie((struct wg_frame){.kind = WG_FRAME_HAVE});
	pair_lie((struct wg_frame){.kind = WG_FRAME_HAVE});
	pair_answer();
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
}

/* A frame's memory is that of what came, and goes with it. */
static void test_memory_of_a_frame(void **state)
{
	static const uint8_t head[] = {0xb0, 0x80, WG_FRAME_ITEM, 0};
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};
	uint8_t zeros[1000] = {};
	unsigned i;

	pair_lie_hello();
	pair_hear(&pair.a, head, sizeof(head));
	assert_true(wg_exchange_bytes(pair.a.x) < 10000);
	for (i = 0; i < 40; i++)
		pair_hear(&pair.a, zeros, sizeof(zeros));
	assert_true(wg_exchange_bytes(pair.a.x) < 50000);
	assert_null(pair.a.why);
	pair_finish(NULL);
	pair_begin(NULL);
	pair_lie_hello();
	pair_lie(f);
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
}

/* Reading goes on before all is taken out, up to a bound. */
static void test_not_taken_out(void **state)
{
	uint8_t frame[5 + WG_FRAME_HEAD], *space;
	struct wg_frame f = {.kind = WG_FRAME_STATE, .state = {7, true}};
	size_t room, n = 0, i;
	struct wg_exchange_heard heard;

	pair_lie_hello();
	wg_frame_encode(&f, frame);
	while ((space = wg_exchange_space(pair.a.x, &room)), room) {
		for (i = 0; i < room; i++)
			space[i] = frame[n++ % sizeof(frame)];
		wg_exchange_filled(pair.a.x, room);
		wg_exchange_check(pair.a.x);
	}
	assert_in_range(n, WG_FRAME_MAX, 2 * WG_FRAME_MAX);
	for (i = 0; wg_exchange_next(pair.a.x, pair.now, &heard); i++)
		assert_int_equal(heard.member, 7);
	assert_int_equal(i, n / sizeof(frame));
	wg_exchange_space(pair.a.x, &room);
	assert_true(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_hello),
		PAIR_TEST(test_no_frame),
		PAIR_TEST(test_no_item),
		PAIR_TEST(test_other_item),
		PAIR_TEST(test_forged),
		PAIR_TEST(test_forgiven),
		PAIR_TEST(test_calls),
		PAIR_TEST(test_want),
		PAIR_TEST(test_again_not_while_busy),
		PAIR_TEST(test_want_twice),
		PAIR_TEST(test_withheld),
		PAIR_TEST(test_flood_of_entries),
		PAIR_TEST(test_memory_of_a_frame),
		PAIR_TEST(test_not_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
