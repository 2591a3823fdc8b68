/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways with one key: scenes, then a model (group_model.h).
 *
 * In the model gateways die and come back empty, daemons restart, gateways are
 * split, drained, packets take other ways, clients roam.  Then it stops, and
 * some time later each client must be served by exactly the one that its
 * packets reach; the others must hold nothing of it, and nobody may start
 * anything.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/core/tests/group_model.h"

/*
 * A stranger knows where the clients are, has no key, and sends whatever it
 * likes to whichever gateway, from wherever it likes.
 */
static void stranger_sends(void)
{
	struct wg_endpoint from =
		rnd(2) ? place[rnd(CLIENTS)] : place_of(rnd(200));
	uint32_t index = 1u << 31 | rnd(1u << 31);
	struct wg_group *group = gw[rnd(GATEWAYS)].group;

	/* none that is in use: to hit one takes 2^32 packets */
	if (group && wg_group_knows(group, index, now))
		wg_group_stray(group, &from, index, now);
}

static uint64_t takes(void)
{
	uint64_t n = 0;
	int g;

	for (g = 0; g < GATEWAYS; g++)
		n += gw[g].group ? wg_group_stats(gw[g].group)->takes : 0;
	return n;
}

/* No device starts anything any more. */
static void expect_quiet(void)
{
	unsigned before = initiations;

	run_for(20000);
	assert_int_equal(initiations, before);
}

static void strangers_for(int64_t ms, unsigned each)
{
	int64_t end = now + ms;
	unsigned i;

	while (now < end) {
		for (i = 0; i < each; i++)
			stranger_sends();
		step();
	}
}

static void test_model(void **state)
{
	const char *text = getenv("WG_TEST_SEED");
	unsigned seed = text ? strtoul(text, NULL, 0) : (unsigned)time(NULL);
	unsigned runs = text ? 1 : 12, i;
	int g, o;

	for (i = 0; i < runs; i++) {
		printf("# seed %u\n", seed + i);
		srandom(seed + i);
		begin();
		run_for(500);
		while (now < 1000000 + 60000) {
			strangers_for(STEP * rnd(200), i % 3);
			event();
		}
		/* it stops: all hear each other, none is drained */
		memset(cut, 0, sizeof(cut));
		for (g = 0; g < GATEWAYS; g++)
			for (o = 0; o < GATEWAYS && gw[g].group; o++)
				wg_group_drain(gw[g].group, false, now);
		run_for(60000);
		expect_quiet();
		expect_order("at the end");
		finish();
	}
}

/* --- scenes */

static int64_t outage(unsigned c)
{
	int64_t from = now, gap = 0, last = heard[c];

	while (now - from < 20000) {
		step();
		if (heard[c] != last) {
			if (heard[c] - last > gap)
				gap = heard[c] - last;
			last = heard[c];
		}
	}
	if (now - last > gap)
		gap = now - last;
	return gap;
}

static void put(unsigned c, int g)
{
	reach[c] = g;
	handshake(c, g);
	run_for(3000);
}

static void test_death(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1; /* both at once: it is on BFD then */
	run_for(500);
	/* also who sends nothing */
	assert_int_equal(session[1].gateway, 1);
	run_for(20000);
	expect_order("after the death of one");
	finish();
	begin();
	put(0, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	finish();
}

/* Says nothing at all; who is first to try may be the wrong one. */
static void test_death_with_three(void **state)
{
	int g;

	for (g = 1; g <= 2; g++) {
		begin();
		put(1, 0);
		every[1] = 10000000;
		dies(0);
		moves[0] = moves[1] = 0;
		reach[0] = reach[1] = g;
		run_for(9000);
		assert_int_equal(session[1].gateway, g);
		run_for(20000);
		expect_quiet();
		expect_order("after the death of one of three");
		finish();
	}
}

/* Nobody has a way to the client: it does not go round. */
static void test_no_way(void **state)
{
	int64_t end;
	int g;

	begin();
	put(1, 0);
	every[1] = 10000000;
	reach[1] = -1;
	for (end = now + 30000; now < end; run_for(STEP))
		for (g = 0; g < GATEWAYS; g++)
			wg_group_unreachable(gw[g].group, gw[g].client[1]);
	assert_true(takes() > 0 && takes() <= GATEWAYS);
	finish();
}

static void test_return(void **state)
{
	begin();
	put(0, 0);
	put(1, 1);
	reach[0] = 1;
	assert_true(outage(0) <= 300);
	assert_int_equal(gw[1].client[0]->role, WG_ROLE_SERVING);
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	expect_order("after packets took another way");
	finish();
}

static void test_drain(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	reach[0] = reach[1] = 1;
	wg_group_drain(gw[2].group, true, now); /* who is left is the heir */
	run_for(100);
	wg_group_drain(gw[0].group, true, now);
	run_for(60);
	assert_int_equal(session[0].gateway, 1);
	run_for(WG_GROUP_DRAIN_MS + 300);
	assert_int_equal(session[1].gateway, 1);
	run_for(20000);
	expect_order("after a drain");
	/* what comes to a drained gateway by itself is served */
	put(0, 0);
	expect_order("drained, and the only one that the packets reach");
	finish();
}

static void test_split(void **state)
{
	begin();
	put(0, 0);
	put(1, 1);
	cut[0][1] = cut[0][2] = true;
	run_for(20000);
	/* each tried once, and the network decided */
	assert_int_equal(session[0].gateway, 0);
	assert_int_equal(session[1].gateway, 1);
	assert_int_equal(gw[0].client[0]->role, WG_ROLE_SERVING);
	assert_int_equal(gw[1].client[1]->role, WG_ROLE_SERVING);
	expect_quiet();
	cut[0][1] = cut[0][2] = false;
	expect_quiet();
	expect_order("after the split");
	finish();
}

/*
 * Where processors are scarce BFD falls and comes back, again and again.  If
 * each fall made all clients be taken, that would keep the processors busy.
 */
static void test_bfd_flaps(void **state)
{
	unsigned id;
	int n;

	begin();
	put(0, 0);
	put(1, 1);
	id = session[0].id;
	for (n = 0; n < 40; n++) {
		bfd_down = !bfd_down;
		run_for(200 + rnd(800));
		assert_int_equal(gw[0].client[0]->role, WG_ROLE_SERVING);
		assert_int_equal(gw[1].client[1]->role, WG_ROLE_SERVING);
	}
	/* at the first fall, by both others, and where packets show the way */
	assert_true(takes() <= CLIENTS * (GATEWAYS - 1));
	assert_int_equal(session[0].id, id);
	/* packets that come are reason enough, also now */
	bfd_down = true;
	run_for(300);
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	/* also from somewhere new */
	reach[0] = 1;
	place[0] = place_of(77);
	assert_true(outage(0) <= 1000);
	/* and who is silent is taken when its gateway stays dead */
	every[1] = 10000000;
	dies(1);
	moves[1] = 0;
	reach[1] = 2;
	run_for(70000);
	assert_int_equal(session[1].gateway, 2);
	bfd_down = false;
	run_for(20000);
	expect_order("after BFD's flaps");
	/* a daemon that comes back is another one: that was no error */
	run_for(60000);
	put(0, 0);
	put(1, 2);
	for (n = 0; n < 3; n++) {
		daemon_ends(0);
		bfd_down = true;
		run_for(300);
		daemon_starts(0);
		run_for(700);
		bfd_down = false;
		run_for(3000);
	}
	dies(0);
	moves[0] = 0;
	reach[0] = 2;
	every[0] = 10000000;
	run_for(500);
	assert_int_equal(session[0].gateway, 2);
	finish();
}

static void test_daemon_restarts(void **state)
{
	unsigned before, id;

	begin();
	put(0, 0);
	put(1, 1);
	id = session[0].id;
	before = initiations;
	daemon_ends(0);
	run_for(2000);
	daemon_starts(0);
	run_for(20000);
	assert_int_equal(session[0].id, id);
	assert_int_equal(initiations, before);
	expect_order("after a restart of the daemon");
	finish();
}

static void test_moves_while_its_gateway_dies(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1;
	place[0] = place_of(77);
	/* gateway 2 may be the first to try, and does not get its packets */
	assert_true(outage(0) <= 7000);
	run_for(20000);
	expect_order("after a move in that moment");
	finish();
	begin();
	dies(2);
	run_for(1000);
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1;
	place[0] = place_of(77);
	assert_true(outage(0) <= 1000);
	run_for(20000);
	expect_order("after a move in that moment, with one left");
	finish();
}

/*
 * No client that is served notices strangers, none is called for them, and one
 * that has to be found is found.
 */
static void test_strangers(void **state)
{
	unsigned before, round;
	uint64_t n;

	for (round = 0; round < 3; round++) {
		begin();
		put(0, 0);
		put(1, 1);
		before = initiations;
		n = takes();
		unanswered = 0;
		/* one now and then, and more than is sure */
		strangers_for(60000, round);
		assert_int_equal(unanswered, 0);
		assert_int_equal(initiations, before);
		assert_int_equal(takes(), n);
		expect_order("with strangers");
		/* it goes elsewhere, it moves, its gateway dies */
		reach[0] = 2;
		strangers_for(300, round);
		assert_int_equal(session[0].gateway, 2);
		strangers_for(3000, round);
		place[0] = place_of(77);
		reach[0] = 0;
		strangers_for(300, round);
		assert_int_equal(session[0].gateway, 0);
		strangers_for(3000, round);
		reach[0] = 2;
		dies(0);
		moves[0] = 0;
		strangers_for(300, round);
		assert_int_equal(session[0].gateway, 2);
		strangers_for(20000, round);
		expect_order("after strangers");
		finish();
	}
}

/* A number is hit by chance: once is not enough from elsewhere. */
static void test_index_is_hit(void **state)
{
	struct wg_endpoint from = place_of(99);
	unsigned before, i;

	begin();
	put(0, 0);
	before = initiations;
	unanswered = 0;
	for (i = 0; i < 20; i++) {
		from.port++;
		assert_false(
			wg_group_stray(gw[1].group, &from, session[0].id, now));
		run_for(500);
	}
	/* nor where it is, while many are tried */
	for (i = 0; i < 200; i++)
		wg_group_knows(gw[1].group, 1u << 31 | i, now);
	assert_false(
		wg_group_stray(gw[1].group, &place[0], session[0].id, now));
	run_for(6000);
	assert_int_equal(unanswered, 0);
	assert_int_equal(initiations, before);
	expect_order("after an index was hit");
	/* an old one is nothing, also where the client is */
	i = session[0].id;
	handshake(0, 0);
	run_for(3000);
	handshake(0, 0);
	run_for(3000);
	assert_false(wg_group_stray(gw[1].group, &place[0], i, now));
	assert_false(wg_group_stray(gw[1].group, &place[0], 0, now));
	/* and its own is enough */
	assert_true(wg_group_stray(gw[1].group, &place[0], session[0].id, now));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_death_with_three),
		cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_bfd_flaps),
		cmocka_unit_test(test_daemon_restarts),
		cmocka_unit_test(test_moves_while_its_gateway_dies),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_index_is_hit),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
