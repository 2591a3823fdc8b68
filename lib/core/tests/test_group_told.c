/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What members say: frames, lies, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/group.h"

static int64_t now;

/* One client; member 0 claims it, rightly or not. */
static struct wg_group *g;
static struct wg_client *c;
static struct wg_endpoint at;
static struct wg_group_msg msg;

static void begin(void)
{
	struct wg_key key = key_of(1);

	now = 1000;
	g = wg_group_new(7);
	c = wg_client_new(g, &key, NULL);
	at = place_of(5);
	wg_group_member_add(g, 0);
	wg_group_member_id(g, 0, 8);
	wg_group_member_ready(g, 0, true);
}

static void end(void)
{
	wg_group_check(g);
	wg_group_delete(&g);
}

/* It serves the client, which is there, with a new handshake: believed. */
static void claim(struct wg_endpoint there)
{
	msg = (struct wg_group_msg){
		.kind = WG_GROUP_CLIENT,
		.record = {.key = c->key,
			   .claim = WG_CLAIM_SERVING,
			   .serial = c->serial + 1,
			   .endpoint = there},
	};
	assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	assert_int_equal(c->role, WG_ROLE_PASSIVE);
}

static void test_lies(void **state)
{
	begin();
	msg = (struct wg_group_msg){
		.kind = WG_GROUP_CLIENT,
		.record = {.key = c->key,
			   .claim = WG_CLAIM_SERVING,
			   .serial = UINT64_MAX,
			   .age_ms = 5},
	};
	assert_true(wg_group_told(g, 0, &msg, 1000) < 0);
	assert_int_equal(c->server, -1);
	msg.record.serial = 1;
	msg.record.claim = WG_CLAIM_TAKING; /* and yet a handshake */
	assert_true(wg_group_told(g, 0, &msg, 1000) < 0);
	msg.record.age_ms = WG_AGE_NONE;
	assert_int_equal(wg_group_told(g, 0, &msg, 1000), 0);
	assert_int_equal(c->server, 0);
	msg.record.key = key_of(2);
	assert_int_equal(wg_group_told(g, 0, &msg, 1000), 0);
	assert_int_equal(wg_group_stats(g)->unknown, 1);
	end();
}

/* It claims what is not its, and never gives it. */
static void test_liar(void **state)
{
	struct wg_group_msg ask;
	unsigned n;

	begin();
	for (n = 0; n < 3; n++) {
		wg_group_seen(g, c, 3000, &at, now);
		assert_int_equal(c->role, WG_ROLE_SERVING);
		claim(n ? place_of(9) : at); /* or not even there */
		wg_group_removed(g, c, now);
		/* whoever it is, it is asked first */
		for (; now % 10000 < 3900 && c->role == WG_ROLE_PASSIVE;
		     now += 10)
			assert_true(wg_group_stray(g, &at, now));
		assert_int_equal(c->role, WG_ROLE_TAKING);
		assert_true(wg_endpoint_same(&c->target, &at));
		msg.record.serial = c->serial + 1;
		assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
		assert_int_equal(c->role, WG_ROLE_TAKING);
		while (wg_group_next_msg(g, 0, now, &ask))
			;
		now = (now / 10000 + 1) * 10000 + 1000;
	}
	wg_group_seen(g, c, 3000, &at, now);
	assert_int_equal(c->role, WG_ROLE_SERVING);
	msg.record.serial = c->serial + 1;
	assert_true(wg_group_told(g, 0, &msg, now) < 0);
	assert_int_equal(c->role, WG_ROLE_SERVING);
	wg_group_member_lied(g, 0, now);
	assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	assert_int_equal(c->role, WG_ROLE_PASSIVE);
	/* what it claimed is taken when it is cut off */
	wg_group_removed(g, c, now);
	wg_group_member_lied(g, 0, now);
	wg_group_tick(g, now);
	assert_int_equal(c->role, WG_ROLE_TAKING);
	end();
}

/* It gives what it is asked for, but its device needs longer than we wait. */
static void test_slow_giver(void **state)
{
	unsigned n;

	begin();
	for (n = 0; n < 8; n++, now += 10000) {
		int64_t until = now + 3000;

		claim(at);
		if (c->removing)
			wg_group_removed(g, c, now);
		for (; now < until && c->role == WG_ROLE_PASSIVE; now += 10)
			assert_true(wg_group_stray(g, &at, now));
		assert_int_equal(c->role, WG_ROLE_TAKING);
		msg.record.claim = WG_CLAIM_NONE;
		msg.record.age_ms = WG_AGE_NONE;
		msg.record.heir = 7;
		if (n % 2) /* before it answered, or after that */
			assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
		if (c->removing)
			wg_group_removed(g, c, now);
		wg_group_seen(g, c, 0, &at, now);
		assert_int_equal(c->role, WG_ROLE_SERVING);
		if (!(n % 2))
			assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	}
	end();
}

/*
 * BFD has lost it, its connection has not: it goes on claiming whom we have.
 * It may be in good faith, so it is not cut off, but the client decides.
 */
static void test_dead_and_claiming(void **state)
{
	unsigned n;

	begin();
	wg_group_member_dead(g, 0, true, now);
	for (n = 0; n < 5; n++, now += 10000) {
		claim(at);
		assert_int_equal(c->server, 0);
		if (c->removing)
			wg_group_removed(g, c, now);
		assert_true(wg_group_stray(g, &at, now));
		assert_int_equal(c->role, WG_ROLE_TAKING);
		msg.record.serial = c->serial + 1;
		assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
		assert_int_equal(c->role, WG_ROLE_TAKING);
		if (c->removing)
			wg_group_removed(g, c, now);
		wg_group_seen(g, c, 0, &at, now);
		assert_int_equal(c->role, WG_ROLE_SERVING);
	}
	end();
}

static void test_nowhere(void **state)
{
	static const struct wg_addr nowhere[] = {
		{AF_INET, {0, 0, 0, 0}},
		{AF_INET, {127, 0, 0, 1}},
		{AF_INET, {224, 0, 0, 5}},
		{AF_INET, {255, 255, 255, 255}},
		{AF_INET6, {[15] = 1}},
		{AF_INET6, {0}},
		{AF_INET6, {0xff, 2, [15] = 1}},
	};
	size_t i;

	begin();
	msg = (struct wg_group_msg){
		.kind = WG_GROUP_CLIENT,
		.record = {.key = c->key,
			   .claim = WG_CLAIM_TAKING,
			   .serial = 1,
			   .age_ms = WG_AGE_NONE,
			   .endpoint = place_of(1)},
	};
	assert_int_equal(wg_group_told(g, 0, &msg, 1000), 0);
	for (i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		msg.record.endpoint.addr = nowhere[i];
		assert_true(wg_group_told(g, 0, &msg, 1000) < 0);
	}
	end();
}

/* --- frames */

static struct wg_group_msg some_msg(unsigned kind)
{
	struct wg_group_msg m = {.kind = kind};

	switch (kind) {
	case WG_GROUP_HELLO:
		m.hello.version = 1;
		m.hello.self = 77;
		m.hello.nonce[3] = 9;
		m.clock_ms = 1700000000123;
		break;
	case WG_GROUP_CLIENT:
		m.record = (struct wg_group_record){
			.key = key_of(3),
			.claim = WG_CLAIM_SERVING,
			.serial = 5,
			.heir = 6,
			.age_ms = 1234,
			.endpoint = place_of(9),
		};
		break;
	case WG_GROUP_ASK:
		m.record.key = key_of(4);
		break;
	case WG_GROUP_KEEPALIVE:
		m.clock_ms = 5;
		m.drained = true;
		break;
	case WG_GROUP_BYE:
		m.why = WG_BYE_FLOOD;
		break;
	}
	return m;
}

static void test_frames(void **state)
{
	uint8_t buf[WG_GROUP_FRAME_MAX], again[WG_GROUP_FRAME_MAX];
	struct wg_group_msg m, back;
	unsigned kind;
	size_t len, i;

	for (kind = 1; kind < WG_GROUP_KINDS; kind++) {
		m = some_msg(kind);
		len = wg_group_encode(&m, buf);
		for (i = 0; i < len; i++)
			assert_int_equal(wg_group_frame(buf, i), 0);
		assert_int_equal(wg_group_frame(buf, sizeof(buf)), len);
		assert_int_equal(wg_group_decode(buf, len, &back), 0);
		assert_int_equal(wg_group_encode(&back, again), len);
		assert_memory_equal(buf, again, len);
		assert_memory_equal(&m, &back, sizeof(m));
		assert_true(wg_group_decode(buf, len - 1, &back) < 0);
		buf[1]++;
		assert_true(wg_group_frame(buf, len) < 0);
	}
}

static void test_frames_that_are_none(void **state)
{
	struct wg_group_msg m = some_msg(WG_GROUP_CLIENT);
	uint8_t buf[WG_GROUP_FRAME_MAX];
	size_t len = wg_group_encode(&m, buf);
	/* claim, family, IPv4 with more bytes, port 0 */
	static const struct {
		size_t at;
		uint8_t to;
	} bad[] = {{36, 3}, {57, 5}, {57, 0}, {57, 200}, {62, 1}};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t old = buf[bad[i].at];

		buf[bad[i].at] = bad[i].to;
		assert_true(wg_group_decode(buf, len, &m) < 0);
		buf[bad[i].at] = old;
	}
	memset(buf + 4, 0, 32);
	assert_true(wg_group_decode(buf, len, &m) < 0);
	buf[2] = 0;
	assert_true(wg_group_frame(buf, len) < 0);
	buf[2] = WG_GROUP_KINDS;
	assert_true(wg_group_frame(buf, len) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frames_that_are_none),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_liar),
		cmocka_unit_test(test_slow_giver),
		cmocka_unit_test(test_dead_and_claiming),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
