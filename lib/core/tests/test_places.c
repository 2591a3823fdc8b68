/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates: which are fit, when they are probed, which one is taken. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_places.h"

/* "192.0.2.1:5" or "[2001:db8::1]:5" */
static struct wg_endpoint at(const char *text)
{
	struct wg_endpoint e = {};
	const char *colon = strrchr(text, ':');
	char host[WG_ADDR_STRLEN] = "";
	size_t from = text[0] == '[';

	memcpy(host, text + from, colon - text - 2 * from);
	assert_int_equal(wg_addr_parse(host, &e.addr), 0);
	e.port = atoi(colon + 1);
	return e;
}

static void test_fit(void **state)
{
	static const struct {
		const char *what, *theirs, *own;
		bool is_fit;
	} cases[] = {
		{"public", "198.51.100.1:1", "203.0.113.1:1", true},
		{"IPv6", "[2600::1]:1", "203.0.113.1:1", true},
		{"no port", "198.51.100.1:0", "203.0.113.1:1", false},
		{"multicast", "224.0.0.5:1", "203.0.113.1:1", false},
		{"multicast", "[ff02::1]:1", "203.0.113.1:1", false},
		{"broadcast", "255.255.255.255:1", "203.0.113.1:1", false},
		{"loopback", "127.0.0.1:1", "203.0.113.1:1", false},
		{"loopback", "[::1]:1", "203.0.113.1:1", false},
		{"any", "0.0.0.0:1", "203.0.113.1:1", false},
		{"link-local", "[fe80::1]:1", "203.0.113.1:1", false},
		{"our own", "203.0.113.1:1", "203.0.113.1:1", false},
		{"the NAT of both", "203.0.113.1:1", "203.0.113.1:2", true},
		{"zeroconf", "169.254.1.1:1", "203.0.113.1:1", false},
		{"reserved", "240.0.0.1:1", "203.0.113.1:1", false},
		{"IPv4 in IPv6", "[::ffff:9.9.9.9]:1", "203.0.113.1:1", false},
		{"somebody's LAN", "192.168.1.9:1", "203.0.113.1:1", false},
		{"somebody's LAN", "10.1.2.3:1", "10.1.2.4:1", false},
		{"somebody's CGNAT", "100.64.0.1:1", "203.0.113.1:1", false},
		{"somebody's ULA", "[fd00::1]:1", "203.0.113.1:1", false},
	};
	struct wg_endpoint ret[2], v[2], own[2];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v[0] = at(cases[i].theirs);
		own[0] = at(cases[i].own);
		if (wg_places_fit(v, 1, own, 1, ret) != cases[i].is_fit)
			fail_msg("%s: %s", cases[i].what, cases[i].theirs);
	}
	/* both behind one public address: the LAN, and a NAT that hairpins */
	v[0] = at("203.0.113.1:7"), v[1] = at("192.168.1.9:1");
	own[0] = at("203.0.113.1:8"), own[1] = at("192.168.1.8:1");
	assert_int_equal(wg_places_fit(v, 2, own, 2, ret), 2);
	/* ... where the other one has the address that we have, too */
	own[1] = at("192.168.1.9:1");
	assert_int_equal(wg_places_fit(v, 2, own, 2, ret), 1);
	/* our own address is nobody else's */
	v[0] = at("198.51.100.1:1"), v[1] = at("10.0.0.1:1");
	own[0] = at("203.0.113.1:8"), own[1] = at("10.0.0.1:1");
	assert_int_equal(wg_places_fit(v, 2, own, 2, ret), 1);
	/* twice is once */
	v[1] = v[0];
	assert_int_equal(wg_places_fit(v, 2, own, 1, ret), 1);
}

static void test_room(void **state)
{
	struct wg_endpoint e = at("198.51.100.1:1");
	struct wg_places p = {};
	unsigned i;

	for (i = 0; i < 12; i++) {
		e.port = 1 + i;
		assert_int_equal(wg_places_add(&p, &e, true, 1, 0),
				 i < WG_PLACES_TOLD ? (int)i : -1);
	}
	for (i = 0; i < 4; i++) {
		e.port = 100 + i;
		assert_int_equal(wg_places_add(&p, &e, false, 1, 0),
				 i < WG_PLACES_SEEN ? (int)(8 + i) : -1);
	}
	e.port = 3;
	assert_int_equal(wg_places_add(&p, &e, false, 60, 0), 2);
	assert_int_equal(p.v[2].left, 1);
	wg_places_check(&p);
	wg_places_keep(&p, 9);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].at.port, 101);
	e = at("224.0.0.1:1");
	assert_int_equal(wg_places_add(&p, &e, false, 60, 0), -1);
}

/* Each so often, not more, and without a burst of what was missed. */
static void test_probes(void **state)
{
	struct wg_endpoint e = at("198.51.100.1:1");
	unsigned n[2] = {}, in_turn;
	struct wg_places p = {};
	int64_t now, due;
	int i;

	wg_places_add(&p, &e, true, WG_PLACES_PINGS, INT64_MAX);
	e.port = 2;
	wg_places_add(&p, &e, true, WG_PLACES_PINGS, INT64_MAX);
	assert_int_equal(wg_places_next(&p, 1000000), -1);
	wg_places_start(&p, 1000);
	for (now = 900; (due = wg_places_due(&p)) != INT64_MAX;) {
		now = due > now ? due : now;
		if (n[0] == 10)
			now += 500; /* the machine stood still */
		in_turn = 0;
		while ((i = wg_places_next(&p, now)) >= 0) {
			n[i]++;
			in_turn++;
		}
		assert_true(in_turn > 0 && in_turn <= 2);
	}
	assert_int_equal(n[0], 60);
	assert_int_equal(n[1], 60);
	assert_int_equal(now, 1000 + 59 * WG_PLACES_EVERY_MS + 500);
	wg_places_start(&p, 5000);
	assert_int_equal(wg_places_next(&p, 5000), -1);
}

static void test_best(void **state)
{
	static const struct {
		const char *v[3];
		uint32_t rtt[3]; /* 0: not proven */
		int best;
	} cases[] = {
		{{"198.51.100.1:1", "198.51.100.2:1", "198.51.100.3:1"},
		 {0, 0, 0},
		 -1},
		{{"198.51.100.1:1", "198.51.100.2:1", "198.51.100.3:1"},
		 {9, 5, 5},
		 1},
		{{"198.51.100.1:1", "[2600::1]:1", "198.51.100.3:1"},
		 {9, 50, 5},
		 1},
		{{"198.51.100.1:1", "[2600::1]:1", "192.168.0.3:1"},
		 {9, 50, 90},
		 2},
		{{"[fd00::1]:1", "[2600::1]:1", "192.168.0.3:1"}, {9, 5, 8}, 2},
		{{"198.51.100.1:1", "[2600::1]:1", "192.168.0.3:1"},
		 {9, 0, 0},
		 0},
	};
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wg_endpoint e, seen = at("203.0.113.1:1");
		struct wg_places p = {};

		for (k = 0; k < 3; k++) {
			e = at(cases[i].v[k]);
			wg_places_add(&p, &e, true, 1, 0);
			if (!cases[i].rtt[k])
				continue;
			wg_places_prove(&p, k, &seen, cases[i].rtt[k] + 3);
			wg_places_prove(&p, k, &seen, cases[i].rtt[k]);
			wg_places_prove(&p, k, &seen, cases[i].rtt[k] + 70);
		}
		assert_int_equal(wg_places_best(&p), cases[i].best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
