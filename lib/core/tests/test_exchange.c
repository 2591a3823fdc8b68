/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: what two members say to each other, and when. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/exchange_pair.h"

/* --- two honest ones */

static void test_same_maps(void **state)
{
	pair_load(&pair.a, pair_certificate(3, 1));
	pair_load(&pair.b, pair_certificate(3, 1));
	pair_talk();
	assert_string_equal(pair.a.said, "H");
	assert_string_equal(pair.b.said, "H");
	assert_int_equal(pair.a.bytes, 26);
	assert_true(pair.a.is_up && pair.b.is_up);
	assert_true(wg_exchange_is_same(pair.a.x) &&
		    wg_exchange_is_same(pair.b.x));
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
	assert_null(pair.a.why);
}

static void test_all_to_an_empty_one(void **state)
{
	static const uint8_t order[] = {
		WG_ITEM_IS_AUTHORITY,	WG_ITEM_IS_CERTIFICATE,
		WG_ITEM_IS_CERTIFICATE, WG_ITEM_IS_RECORD,
		WG_ITEM_IS_RECORD,	WG_ITEM_IS_LIST,
	};

	pair_load(&pair.a,
		  mesh_list(&pair.mesh, (struct mesh_list){.number = 1}));
	pair_load(&pair.a, pair_certificate(3, 1));
	pair_load(&pair.a, pair_record(3, 9));
	pair_load(&pair.a, pair_certificate(4, 1));
	pair_load(&pair.a, pair_record(4, 9));
	pair_load(&pair.a,
		  mesh_authority(&pair.mesh, (struct mesh_authority){
						     .number = 5, .key = 5}));
	pair_talk();
	assert_string_equal(pair.a.said, "HhEIIIIII");
	assert_string_equal(pair.b.said, "HEW");
	/* the hash of b is that of its HELLO, but it said all it has */
	assert_true(wg_exchange_has_theirs(pair.a.x));
	assert_false(wg_exchange_is_same(pair.a.x));
	assert_memory_equal(pair.b.order, order, sizeof(order));
	assert_int_equal(pair.b.items, sizeof(order));
	assert_memory_equal(pair.a.t.map.hash, pair.b.t.map.hash,
			    WG_DIRECTORY_HASH);
	/* the hash comes with the next keepalive */
	pair_forget();
	pair.now += WG_EXCHANGE_KEEPALIVE_MS;
	pair_talk();
	assert_string_equal(pair.a.said, "K");
	assert_true(wg_exchange_is_same(pair.a.x) &&
		    wg_exchange_is_same(pair.b.x));
	assert_true(wg_exchange_bytes(pair.b.x) <= WG_EXCHANGE_IDLE);
}

/* One of us has all that the other has as soon as that is here, not before. */
static void test_has_theirs(void **state)
{
	bool more = true;
	uint32_t i;

	for (i = 10; i < 200; i++)
		pair_load(&pair.a, pair_certificate(i, 1));
	pair_load(&pair.b, pair_certificate(3, 1));
	while (more) {
		more = pair_say(&pair.a, &pair.b);
		if (wg_exchange_has_theirs(pair.b.x))
			assert_int_equal(pair.b.items, 190);
		more |= pair_say(&pair.b, &pair.a);
		if (wg_exchange_has_theirs(pair.a.x))
			assert_int_equal(pair.a.items, 1);
	}
	assert_true(wg_exchange_has_theirs(pair.a.x));
	assert_true(wg_exchange_has_theirs(pair.b.x));
	assert_false(wg_exchange_is_same(pair.a.x));
}

static void test_news(void **state)
{
	pair_talk();
	pair_forget();
	pair_put(&pair.a, pair_certificate(3, 1));
	pair_put(&pair.a, pair_record(3, 1));
	pair_talk();
	assert_string_equal(pair.a.said, "II");
	assert_string_equal(pair.b.said, "");
	/* one that left the map is not sent, but what came instead of it */
	pair_forget();
	pair_put(&pair.a, pair_record(3, 2));
	pair_put(&pair.a, pair_record(3, 3));
	pair_talk();
	assert_string_equal(pair.a.said, "I");
	assert_true(talk_has(&pair.b.t, pair_record(3, 3)->b));
}

/* What HELLO has is no news, and what came behind it is no reason for HAVE. */
static void test_news_around_hello(void **state)
{
	pair_put(&pair.a, pair_certificate(3, 1));
	pair_load(&pair.b, pair_certificate(3, 1));
	pair_say(&pair.a, &pair.b);
	pair_put(&pair.a, pair_certificate(4, 1));
	pair_talk();
	assert_string_equal(pair.a.said, "HI");
	assert_string_equal(pair.b.said, "H");
	assert_int_equal(pair.b.items, 1);
	assert_true(talk_has(&pair.b.t, pair_certificate(4, 1)->b));
}

/* News that HAVE tells is not sent twice, wherever HAVE is. */
static void test_news_in_have(void **state)
{
	uint32_t i;

	for (i = 3; i < 50; i++)
		pair_load(&pair.a, pair_certificate(i, 1));
	pair_say(&pair.a, &pair.b);
	pair_put(&pair.a, pair_certificate(50, 1));
	pair_say(&pair.b, &pair.a); /* its HELLO: all has to be told */
	pair_put(&pair.a, pair_certificate(51, 1));
	pair_put(&pair.a, pair_record(3, 1));
	pair_talk();
	assert_int_equal(pair.b.items, 50);
	assert_memory_equal(pair.a.t.map.hash, pair.b.t.map.hash,
			    WG_DIRECTORY_HASH);
	/* pair.now HAVE is over */
	pair_put(&pair.a, pair_record(4, 1));
	pair_talk();
	assert_int_equal(pair.b.items, 51);
}

/* Who said that it has something does not get it as news from another. */
static void test_not_back(void **state)
{
	struct wg_directory_entry e;

	pair_load(&pair.a, pair_certificate(3, 1));
	pair_say(&pair.a, &pair.b);
	pair_say(&pair.b, &pair.a);
	pair_say(&pair.a, &pair.b); /* HAVE */
	e = talk_entry(pair_certificate(3, 1)->b);
	pair_load(&pair.b, pair_certificate(3, 1)); /* from somebody else */
	wg_exchange_pass(pair.b.x, &e);
	pair_forget();
	pair_talk();
	/* and it is not asked for any more */
	assert_string_equal(pair.b.said, "");
	assert_string_equal(pair.a.said, "");
}

static void test_states(void **state)
{
	pair_talk();
	pair_forget();
	wg_exchange_tell(pair.a.x, 9, true, pair.now);
	wg_exchange_tell(pair.a.x, 7, true, pair.now + 50);
	wg_exchange_tell(pair.a.x, 9, false, pair.now + 60);
	assert_int_equal(wg_exchange_due(pair.a.x),
			 pair.now + WG_EXCHANGE_COLLECT_MS);
	pair.now += WG_EXCHANGE_COLLECT_MS - 1;
	pair_talk();
	assert_string_equal(pair.a.said, "");
	pair.now++;
	pair_talk();
	assert_string_equal(pair.a.said, "SS");
	assert_string_equal(pair.b.states, "-9+7");
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
}

/* A call goes over as it is, at once, and in the order of coming. */
static void test_call(void **state)
{
	struct wg_frame_call call = {
		.to = 7,
		.from = 1,
		.id = 0x1122334455667788,
		.start_ms = 20,
		.n = 2,
		.place = {{.port = 51820}, {.port = 4500}},
	};
	unsigned i;

	wg_addr_parse("192.0.2.1", &call.place[0].addr);
	wg_addr_parse("2001:db8::1", &call.place[1].addr);
	assert_false(wg_exchange_call(pair.a.x, &call)); /* to whom? */
	pair_talk();
	pair_forget();
	assert_true(wg_exchange_call(pair.a.x, &call));
	pair_talk();
	assert_string_equal(pair.a.said, "C");
	assert_int_equal(pair.b.call.to, 7);
	assert_int_equal(pair.b.call.from, 1);
	assert_true(pair.b.call.id == call.id);
	assert_int_equal(pair.b.call.start_ms, 20);
	assert_int_equal(pair.b.call.n, 2);
	assert_true(wg_endpoint_same(&pair.b.call.place[0], &call.place[0]));
	assert_true(wg_endpoint_same(&pair.b.call.place[1], &call.place[1]));
	/* more than can wait are left out */
	for (i = 0; i < WG_EXCHANGE_CALL_BURST; i++) {
		call.id = i;
		assert_true(wg_exchange_call(pair.a.x, &call));
	}
	assert_false(wg_exchange_call(pair.a.x, &call));
	wg_exchange_check(pair.a.x);
	pair.now += 1000;
	pair_talk();
	assert_int_equal(pair.b.calls, 1 + WG_EXCHANGE_CALL_BURST);
	assert_int_equal(pair.b.call.id, WG_EXCHANGE_CALL_BURST - 1);
	assert_true(wg_exchange_bytes(pair.a.x) <= WG_EXCHANGE_IDLE);
}

static void test_bye(void **state)
{
	pair_talk();
	pair_forget();
	wg_exchange_bye(pair.a.x);
	pair_talk();
	assert_string_equal(pair.a.said, "B");
	assert_string_equal(pair.b.why, "it said BYE");
	assert_false(pair.b.is_bad);
}

/* --- time */

static void test_keepalives(void **state)
{
	pair_talk();
	pair_forget();
	assert_int_equal(wg_exchange_due(pair.a.x), pair.now + 5000);
	pair_talk_for(60000);
	assert_string_equal(pair.a.said, "KKKKKKKKKKKK");
	assert_null(pair.a.why);
}

static void test_dead(void **state)
{
	pair_talk();
	pair.now += WG_EXCHANGE_DEAD_MS - 1;
	pair_work(&pair.a);
	assert_null(pair.a.why);
	pair.now++;
	pair_work(&pair.a);
	assert_string_equal(pair.a.why, "it said nothing for 15 s");
	assert_false(pair.a.is_bad);
	assert_string_equal(pair_answer(), "");
}

/* Who never says who it is gets our HELLO, and no work is due meanwhile. */
static void test_dead_before_hello(void **state)
{
	assert_string_equal(pair_answer(), "H");
	assert_int_equal(wg_exchange_due(pair.a.x),
			 pair.now + WG_EXCHANGE_DEAD_MS);
	pair.now += WG_EXCHANGE_DEAD_MS;
	assert_string_equal(pair_answer(), "");
	pair_work(&pair.a);
	assert_string_equal(pair.a.why, "it said nothing for 15 s");
}

/* A frame that trickles in is no sign of life. */
static void test_dead_in_a_frame(void **state)
{
	static const uint8_t head[] = {0xb0, 0, WG_FRAME_ITEM, 0};
	size_t i;

	pair_lie_hello();
	pair_hear(&pair.a, head, sizeof(head));
	for (i = 0; i < 14; i++) {
		pair.now += 1000;
		pair_hear(&pair.a, head + 3, 1);
	}
	assert_null(pair.a.why);
	pair.now += 1000;
	pair_hear(&pair.a, head + 3, 1);
	assert_string_equal(pair.a.why, "it said nothing for 15 s");
}

/* Their HELLO came first, and nothing comes after it. */
static void test_up_is_due(void **state)
{
	struct wg_frame f = {
		.kind = WG_FRAME_HELLO,
		.hello = {.version = WG_FRAME_VERSION, .member = 2}};

	pair_lie(f);
	assert_false(pair.a.is_up);
	pair_answer();
	assert_true(wg_exchange_due(pair.a.x) <= pair.now);
	pair_work(&pair.a);
	assert_true(pair.a.is_up);
	assert_true(wg_exchange_due(pair.a.x) > pair.now);
}

/* Maps that differ for good: all is told again, seldom and more seldom. */
static void test_again(void **state)
{
	static const int64_t waits[] = {30000,	 60000,	  120000,
					240000,	 480000,  960000,
					1920000, 3600000, 3600000};
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};
	size_t i;

	pair_lie_hello();
	f.hash[0] = pair.a.t.map.hash[0] + 1;
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int64_t from = pair.now;

		while (!strchr(pair_answer(), 'E')) {
			pair.now += 5000;
			pair_lie(f);
		}
		assert_int_equal(pair.now - from, waits[i]);
	}
	/* once they are the same it begins anew */
	memcpy(f.hash, pair.a.t.map.hash, sizeof(f.hash));
	pair_lie(f);
	f.hash[0]++;
	for (i = 0; i < 6; i++) {
		assert_false(strchr(pair_answer(), 'E'));
		pair.now += 5000;
		pair_lie(f);
	}
	assert_true(strchr(pair_answer(), 'E'));
}

/* Keepalives that come fast are not six in 30 s. */
static void test_again_not_faster(void **state)
{
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};
	size_t i;

	pair_lie_hello();
	f.hash[0] = pair.a.t.map.hash[0] + 1;
	for (i = 0; i < 10000; i++) {
		pair.now += 2;
		pair_lie(f);
	}
	assert_false(strchr(pair_answer(), 'E'));
}

/* A record that came before its certificate comes again. */
static void test_too_early(void **state)
{
	pair_load(&pair.a, pair_certificate(3, 1));
	pair_load(&pair.a, pair_record(3, 1));
	pair_load(&pair.b, pair_certificate(3, 1));
	pair_talk();
	assert_true(talk_has(&pair.b.t, pair_record(3, 1)->b));
	/* one that is told before there is what it needs */
	pair_put(&pair.b, pair_certificate(5, 1));
	pair_load(&pair.a, pair_certificate(4, 1));
	pair_put(&pair.a, pair_record(4, 1));
	pair_talk();
	assert_false(talk_has(&pair.b.t, pair_record(4, 1)->b));
	pair_talk_for(31000);
	assert_true(talk_has(&pair.b.t, pair_record(4, 1)->b));
	assert_memory_equal(pair.a.t.map.hash, pair.b.t.map.hash,
			    WG_DIRECTORY_HASH);
	pair_talk_for(6000);
	assert_true(wg_exchange_is_same(pair.a.x) &&
		    wg_exchange_is_same(pair.b.x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_same_maps),
		PAIR_TEST(test_all_to_an_empty_one),
		PAIR_TEST(test_has_theirs),
		PAIR_TEST(test_news),
		PAIR_TEST(test_news_around_hello),
		PAIR_TEST(test_news_in_have),
		PAIR_TEST(test_not_back),
		PAIR_TEST(test_states),
		PAIR_TEST(test_call),
		PAIR_TEST(test_bye),
		PAIR_TEST(test_keepalives),
		PAIR_TEST(test_dead),
		PAIR_TEST(test_dead_before_hello),
		PAIR_TEST(test_dead_in_a_frame),
		PAIR_TEST(test_up_is_due),
		PAIR_TEST(test_again),
		PAIR_TEST(test_again_not_faster),
		PAIR_TEST(test_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
