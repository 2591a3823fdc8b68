/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What members say: frames, lies, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/group.h"

#define INDEX 4711 /* of the client's session with us */

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
	wg_group_sent(g, &at, INDEX, now);
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
			   .endpoint = there,
			   .index = {INDEX}},
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
	msg.record.index[1] = 5; /* and yet a session */
	assert_true(wg_group_told(g, 0, &msg, 1000) < 0);
	msg.record.index[1] = 0;
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
		wg_group_stray(g, &at, INDEX, now);
		for (; now % 10000 < 3900 && c->role == WG_ROLE_PASSIVE;
		     now += 10)
			assert_true(wg_group_stray(g, &at, INDEX, now));
		assert_int_equal(c->role, WG_ROLE_TAKING);
		assert_true(wg_endpoint_same(&c->last.endpoint, &at));
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
			assert_true(wg_group_stray(g, &at, INDEX, now));
		assert_int_equal(c->role, WG_ROLE_TAKING);
		msg.record.claim = WG_CLAIM_NONE;
		msg.record.age_ms = WG_AGE_NONE;
		msg.record.index[0] = 0;
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
		assert_true(wg_group_stray(g, &at, INDEX, now));
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

/* A member's device chose an index that ours, or another one's, has, too. */
static void test_same_index(void **state)
{
	struct wg_key key = key_of(2);
	struct wg_endpoint from = place_of(8);
	struct wg_client *d;

	begin();
	d = wg_client_new(g, &key, NULL);
	wg_group_seen(g, c, 0, &at, now);
	msg = (struct wg_group_msg){
		.kind = WG_GROUP_CLIENT,
		.record = {.key = key,
			   .claim = WG_CLAIM_SERVING,
			   .serial = 1,
			   .endpoint = from,
			   .index = {INDEX, 100}},
	};
	assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	/* ours it stays */
	assert_false(wg_group_stray(g, &at, INDEX, now));
	assert_false(wg_group_stray(g, &from, INDEX, now));
	/* the others are that client's: the last two, and no more */
	assert_true(wg_group_stray(g, &from, 100, now));
	msg.record.index[0] = 101;
	assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	assert_true(wg_group_stray(g, &from, 100, now));
	assert_true(wg_group_stray(g, &from, 101, now));
	msg.record.index[0] = 102;
	msg.record.index[1] = 101;
	assert_int_equal(wg_group_told(g, 0, &msg, now), 0);
	assert_false(wg_group_stray(g, &from, 100, now));
	assert_true(wg_group_stray(g, &from, 102, now));
	assert_int_equal(d->role, WG_ROLE_PASSIVE);
	wg_group_check(g);
	/* our device's own choice counts more */
	wg_group_sent(g, &at, 102, now);
	assert_false(wg_group_stray(g, &from, 102, now));
	wg_client_delete(g, d);
	assert_false(wg_group_stray(g, &from, 101, now));
	end();
}

static uint32_t told_index(unsigned i)
{
	struct wg_group_msg m;

	/* now, and the last of all that is to be told */
	while (wg_group_next_msg(g, 0, now, &m))
		if (m.kind == WG_GROUP_CLIENT)
			msg = m;
	return msg.record.index[i];
}

/* What is told of our own sessions, and what names the client here. */
static void test_own_index(void **state)
{
	struct wg_endpoint there = place_of(6);
	uint32_t i;

	begin();
	wg_group_seen(g, c, 0, &at, now);
	assert_int_equal(told_index(0), INDEX);
	/* initiations that nobody answers do not push out what is used */
	for (i = 1; i < 5; i++)
		wg_group_sent(g, &at, INDEX + i, now += 5000);
	assert_int_equal(told_index(0), INDEX + 4);
	assert_int_equal(told_index(1), INDEX);
	wg_group_sent(g, &at, INDEX + 4, now); /* seen on another link */
	wg_group_seen(g, c, 0, &at, now);
	assert_int_equal(told_index(0), INDEX + 4);
	/* it calls from somewhere new, which the next read shows */
	wg_group_sent(g, &there, 50, now += 5000);
	assert_int_equal(told_index(0), INDEX + 4);
	wg_group_seen(g, c, 0, &there, now);
	assert_int_equal(told_index(0), 50);
	assert_int_equal(told_index(1), INDEX + 4);
	/* what its device forgot is a stray, also of our own sessions */
	claim(there);
	assert_false(wg_group_stray(g, &at, 50, now)); /* from elsewhere */
	assert_true(wg_group_stray(g, &there, 50, now));
	wg_group_removed(g, c, now);
	/* a session that is just being made is none */
	wg_group_sent(g, &there, 60, now);
	now += 1000;
	i = wg_group_stats(g)->asked;
	assert_true(wg_group_stray(g, &there, 60, now));
	assert_int_equal(wg_group_stats(g)->asked, i);
	assert_true(wg_group_stray(g, &there, 50, now));
	assert_int_equal(wg_group_stats(g)->asked, i + 1);
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
		m.hello.version = WG_GROUP_VERSION;
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
			.index = {0x01020304, 0xfffffffe},
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
	uint8_t buf[WG_GROUP_MSG_MAX], again[WG_GROUP_MSG_MAX];
	struct wg_group_msg m, back;
	unsigned kind;
	size_t len;

	for (kind = 1; kind < WG_GROUP_KINDS; kind++) {
		m = some_msg(kind);
		len = wg_group_encode(&m, buf);
		assert_int_equal(wg_group_decode(buf, len, &back), 0);
		assert_int_equal(wg_group_encode(&back, again), len);
		assert_memory_equal(buf, again, len);
		assert_memory_equal(&m, &back, sizeof(m));
		assert_true(wg_group_decode(buf, len - 1, &back) < 0);
		buf[1]++;
		assert_true(wg_group_decode(buf, len, &back) < 0);
	}
}

static void test_hello(void **state)
{
	struct wg_group_msg m = some_msg(WG_GROUP_HELLO), back;
	uint8_t buf[WG_GROUP_HELLO_LEN];

	wg_group_hello_encode(&m, buf);
	assert_int_equal(wg_group_hello_decode(buf, &back), 0);
	assert_memory_equal(&m, &back, sizeof(m));
	/* where every version has it */
	assert_memory_equal(buf, "\0\x59\1\0wg", 6);
	assert_int_equal(buf[6] << 8 | buf[7], m.hello.version);
	buf[1]++;
	assert_true(wg_group_hello_decode(buf, &back) < 0);
	buf[1]--;
	buf[2]++;
	assert_true(wg_group_hello_decode(buf, &back) < 0);
	buf[2]--;
	/* another version, and whatever that says */
	memset(buf + 6, 0xff, sizeof(buf) - 6);
	assert_int_equal(wg_group_hello_decode(buf, &back), 0);
	assert_int_equal(back.hello.version, 0xffff);
}

/* How long a frame is, is known before anything of it is opened. */
static void test_lengths(void **state)
{
	uint8_t buf[WG_GROUP_FRAME_MAX] = {};
	unsigned n;

	for (n = 0; n <= UINT16_MAX; n++) {
		wg_group_put_len(buf, n);
		if (n < WG_GROUP_LEN + 2 + WG_GROUP_SEAL ||
		    n > WG_GROUP_FRAME_MAX) {
			assert_true(wg_group_frame(buf, 2) < 0);
			continue;
		}
		assert_int_equal(wg_group_frame(buf, n), n);
		assert_int_equal(wg_group_frame(buf, n - 1), 0);
		assert_int_equal(wg_group_frame(buf, 1), 0);
	}
}

static void test_frames_that_are_none(void **state)
{
	struct wg_group_msg m = some_msg(WG_GROUP_CLIENT);
	uint8_t buf[WG_GROUP_MSG_MAX];
	size_t len = wg_group_encode(&m, buf);
	/* claim, family, IPv4 with more bytes, port 0 */
	static const struct {
		size_t at;
		uint8_t to;
	} bad[] = {{34, 3}, {55, 5}, {55, 0}, {55, 200}, {60, 1}};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t old = buf[bad[i].at];

		buf[bad[i].at] = bad[i].to;
		assert_true(wg_group_decode(buf, len, &m) < 0);
		buf[bad[i].at] = old;
	}
	memset(buf + 2, 0, 32);
	assert_true(wg_group_decode(buf, len, &m) < 0);
	buf[0] = 0;
	assert_true(wg_group_decode(buf, len, &m) < 0);
	buf[0] = WG_GROUP_KINDS;
	assert_true(wg_group_decode(buf, len, &m) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_frames_that_are_none),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_liar),
		cmocka_unit_test(test_slow_giver),
		cmocka_unit_test(test_dead_and_claiming),
		cmocka_unit_test(test_same_index),
		cmocka_unit_test(test_own_index),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
