/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: the message, which PONG counts, and what hubs see of us. */
#include <stdarg.h>
#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_observed.h"
#include "lib/core/wg_pings.h"
#include "lib/core/wg_probe_msg.h"

static struct wg_endpoint at(const char *addr, uint16_t port)
{
	struct wg_endpoint e = {.port = port};

	assert_int_equal(wg_addr_parse(addr, &e.addr), 0);
	return e;
}

/* --- the message */

static const uint8_t golden_ping[WG_PROBE_LEN] = {
	'W', 'M', 'P', 1,		 /* kind */
	0,   0,	  0,   7,		 /* from */
	0,   1,	  0,   2,		 /* to */
	1,   2,	  3,   4, 5, 6, 7, 0x88, /* id */
};
static const uint8_t golden_pong4[WG_PROBE_LEN] = {
	'W',  'M',  'P', 2,				 /* kind */
	0,    1,    0,	 2,				 /* from */
	0,    0,    0,	 7,				 /* to */
	1,    2,    3,	 4, 5,	 6, 7, 0x88,		 /* id */
	0xca, 0x6c, 0,	 0, 0,	 0, 0, 0,    0, 0, 0, 0, /* port, address */
	0xff, 0xff, 203, 0, 113, 9,
};
static const uint8_t golden_pong6[WG_PROBE_LEN] = {
	'W', 'M', 'P', 2, 0, 1, 0,    2,    0,	  0,	0, 7,	 1,
	2,   3,	  4,   5, 6, 7, 0x88, 0xca, 0x6c, 0x20, 1, 0x0d, 0xb8,
	0,   0,	  0,   0, 0, 0, 0,    0,    0,	  0,	0, 9,
};

static void same(const uint8_t *b, const struct wg_probe_msg *is)
{
	struct wg_probe_msg m = {.kind = 9};
	uint8_t again[WG_PROBE_LEN];

	assert_int_equal(wg_probe_decode(b, WG_PROBE_LEN, &m), 0);
	assert_int_equal(m.kind, is->kind);
	assert_int_equal(m.from, is->from);
	assert_int_equal(m.to, is->to);
	assert_true(m.id == is->id);
	assert_int_equal(m.seen.port, is->seen.port);
	assert_true(wg_addr_same(&m.seen.addr, &is->seen.addr));
	wg_probe_encode(is, again);
	assert_memory_equal(again, b, WG_PROBE_LEN);
}

static void test_message(void **state)
{
	struct wg_probe_msg m = {.kind = WG_PROBE_PING,
				 .from = 7,
				 .to = 0x10002,
				 .id = 0x0102030405060788};

	same(golden_ping, &m);
	m.kind = WG_PROBE_PONG;
	m.from = 0x10002;
	m.to = 7;
	m.seen = at("203.0.113.9", 51820);
	same(golden_pong4, &m);
	m.seen = at("2001:db8::9", 51820);
	same(golden_pong6, &m);
}

static void test_no_message(void **state)
{
	static const struct {
		const uint8_t *of;
		unsigned at;
		uint8_t is[4];
		unsigned n;
	} bad[] = {
		{golden_ping, 0, {1}, 1}, /* WireGuard's */
		{golden_ping, 3, {0}, 1}, /* kinds */
		{golden_ping, 3, {3}, 1},
		{golden_ping, 4, {0, 0, 0, 0}, 4}, /* members */
		{golden_ping, 8, {0, 0, 0, 0}, 4},
		{golden_ping, 8, {0, 0, 0, 7}, 4},
		{golden_ping, 21, {1}, 1}, /* a PING that says more */
		{golden_ping, 37, {1}, 1},
		{golden_pong4, 20, {0, 0}, 2}, /* port */
		{golden_pong4, 34, {0, 0, 0, 0}, 4},
		{golden_pong4, 34, {224, 0, 0, 1}, 4},
		{golden_pong6, 22, {0xff, 2}, 2},
	};
	struct wg_probe_msg m;
	uint8_t b[WG_PROBE_LEN + 1] = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(b, bad[i].of, WG_PROBE_LEN);
		memcpy(b + bad[i].at, bad[i].is, bad[i].n);
		if (wg_probe_decode(b, WG_PROBE_LEN, &m) != -EBADMSG)
			fail_msg("case %zu is a message", i);
	}
	memcpy(b, golden_pong4, WG_PROBE_LEN);
	for (i = 0; i <= sizeof(b); i++)
		assert_int_equal(wg_probe_decode(b, i, &m),
				 i == WG_PROBE_LEN ? 0 : -EBADMSG);
}

/* --- which PONG counts */

static void test_pings(void **state)
{
	static struct wg_pings p;
	struct wg_endpoint there = at("192.0.2.1", 51820),
			   elsewhere = at("192.0.2.1", 51821);
	int64_t us = -1, ms = 1000, now = 5000 * ms;
	uint64_t id, other;

	memset(&p, 0, sizeof(p));
	assert_false(wg_pings_take(&p, 0, 7, &there, now, &us));
	id = wg_pings_add(&p, 7, &there, UINT64_MAX, now);
	other = wg_pings_add(&p, 8, &elsewhere, UINT64_MAX, now);
	assert_true(id != other && id >> 12 == UINT64_MAX >> 12);
	/* another id, member, place */
	assert_false(wg_pings_take(&p, id ^ (UINT64_C(1) << 63), 7, &there, now,
				   &us));
	assert_false(wg_pings_take(&p, other, 7, &there, now, &us));
	assert_false(wg_pings_take(&p, id, 8, &there, now, &us));
	assert_false(wg_pings_take(&p, id, 7, &elsewhere, now, &us));
	assert_int_equal(us, -1);
	assert_true(wg_pings_take(&p, id, 7, &there, now + 40 * ms, &us));
	assert_int_equal(us, 40 * ms);
	/* once */
	assert_false(wg_pings_take(&p, id, 7, &there, now + 41 * ms, &us));
	/* too late */
	assert_false(
		wg_pings_take(&p, other, 8, &elsewhere, now + 3001 * ms, &us));
	assert_true(
		wg_pings_take(&p, other, 8, &elsewhere, now + 3000 * ms, &us));
}

static void test_many_pings(void **state)
{
	static struct wg_pings p;
	static uint64_t ids[WG_PINGS_MAX + 1];
	struct wg_endpoint there = at("192.0.2.1", 51820);
	int64_t us;
	size_t i;

	for (i = 0; i <= WG_PINGS_MAX; i++)
		ids[i] = wg_pings_add(&p, 7, &there,
				      i * UINT64_C(0x9e3779b97f4a7c15), 0);
	assert_false(wg_pings_take(&p, ids[0], 7, &there, 0, &us));
	for (i = 1; i <= WG_PINGS_MAX; i++)
		assert_true(wg_pings_take(&p, ids[i], 7, &there, 0, &us));
}

/* --- what hubs see */

static struct wg_observed o;
static int64_t now;

static int setup(void **state)
{
	struct wg_endpoint own[] = {at("192.168.1.5", 51820)};

	memset(&o, 0, sizeof(o));
	now = 100000;
	wg_observed_own(&o, own, 1);
	return 0;
}

static void seen(uint8_t hub, const char *addr, uint16_t port)
{
	struct wg_endpoint e = at(addr, port);

	wg_observed_pong(&o, hub, e.addr.family, &e, now);
}

static void nat_is(const char *nat)
{
	assert_string_equal(wg_nat_str(wg_observed_nat(&o, now)), nat);
}

static void test_nat(void **state)
{
	nat_is("unknown");
	seen(1, "203.0.113.7", 40000);
	nat_is("unknown"); /* one hub alone cannot tell */
	seen(2, "203.0.113.7", 40000);
	nat_is("cone");
	seen(3, "192.168.1.5", 51820); /* a hub in our own network */
	nat_is("cone");
	seen(3, "203.0.113.7", 40001);
	nat_is("symmetric");
	seen(3, "203.0.113.7", 40000);
	nat_is("cone");
	now += WG_OBSERVED_FRESH_MS - 1;
	nat_is("cone");
	seen(1, "203.0.113.7", 40000);
	now++;
	nat_is("unknown"); /* the others are too old */
}

static void test_no_nat(void **state)
{
	seen(2, "2001:db8::1", 51820);
	nat_is("unknown");
	seen(1, "192.168.1.5", 51820); /* IPv4 counts if there is any */
	nat_is("none");
	seen(1, "192.168.1.5", 40000);
	nat_is("unknown");
}

static void test_asking(void **state)
{
	struct wg_endpoint own[] = {at("192.168.1.5", 51820),
				    at("2001:db8::5", 51820)};
	static const unsigned pauses[] = {1000, 2000, 4000, 8000, 15000, 15000};
	size_t i;

	for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		assert_true(wg_observed_ask(&o, 1, AF_INET, now));
		assert_false(wg_observed_ask(&o, 1, AF_INET, now));
		assert_true(wg_observed_due(&o, 1, AF_INET) == now + pauses[i]);
		now += pauses[i];
	}
	assert_true(wg_observed_ask(&o, 1, AF_INET6, now));
	seen(1, "203.0.113.7", 40000);
	assert_true(wg_observed_due(&o, 1, AF_INET) == now + 15000);
	assert_false(wg_observed_ask(&o, 1, AF_INET, now + 14999));
	assert_true(wg_observed_ask(&o, 1, AF_INET, now + 15000));
	assert_true(wg_observed_due(&o, 1, AF_INET) == now + 16000);
	/* the same addresses change nothing, others all */
	wg_observed_own(&o, own, 1);
	assert_true(wg_observed_due(&o, 1, AF_INET) == now + 16000);
	wg_observed_own(&o, own, 2);
	nat_is("unknown");
	assert_true(wg_observed_ask(&o, 1, AF_INET, now));
	seen(1, "203.0.113.7", 40000);
	own[1] = own[0];
	own[0] = at("2001:db8::5", 51820); /* in another order */
	wg_observed_own(&o, own, 2);
	assert_false(wg_observed_ask(&o, 1, AF_INET, now));
	own[1].port = 51821;
	wg_observed_own(&o, own, 2);
	assert_true(wg_observed_ask(&o, 1, AF_INET, now));
}

static void candidates_are(const struct wg_endpoint *published, size_t n,
			   const struct wg_endpoint *are, size_t n_are)
{
	struct wg_endpoint ret[WG_CANDIDATES];
	size_t i, got = wg_observed_candidates(&o, published, n, now, ret);
	char text[WG_ENDPOINT_STRLEN];

	assert_int_equal(got, n_are);
	for (i = 0; i < n_are; i++)
		if (!wg_endpoint_same(&ret[i], &are[i]))
			fail_msg("candidate %zu is %s", i,
				 wg_endpoint_str(&ret[i], text));
}

static void test_candidates(void **state)
{
	struct wg_endpoint published[9], is[WG_CANDIDATES];
	struct wg_endpoint own[] = {at("192.168.1.5", 51820),
				    at("2001:db8::5", 51820),
				    at("10.0.0.1", 51820)};
	size_t i;

	candidates_are(NULL, 0, own, 1);
	wg_observed_own(&o, own, 3);
	seen(1, "203.0.113.7", 40000);
	seen(2, "203.0.113.7", 40000);
	seen(1, "2001:db8::5", 51820); /* our own: once */
	published[0] = at("198.51.100.1", 51820);
	is[0] = published[0];
	is[1] = at("203.0.113.7", 40000);
	is[2] = own[1];
	is[3] = own[0];
	is[4] = own[2];
	candidates_are(published, 1, is, 5);
	/* some of each, and what was published for what is left */
	for (i = 0; i < 9; i++)
		published[i] = at("198.51.100.1", 1000 + i);
	is[5] = is[4];
	is[4] = is[3];
	is[3] = is[2];
	is[2] = is[1];
	is[0] = published[0];
	is[1] = published[1];
	is[6] = published[2];
	is[7] = published[3];
	candidates_are(published, 9, is, 8);
	/* what a hub saw too long ago is none */
	now += WG_OBSERVED_FRESH_MS;
	is[0] = own[1];
	is[1] = own[0];
	is[2] = own[2];
	candidates_are(NULL, 0, is, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_pings),
		cmocka_unit_test(test_many_pings),
		cmocka_unit_test_setup(test_nat, setup),
		cmocka_unit_test_setup(test_no_nat, setup),
		cmocka_unit_test_setup(test_asking, setup),
		cmocka_unit_test_setup(test_candidates, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
