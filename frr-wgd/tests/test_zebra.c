// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zebra room against a fake zebra: routes that are claimed and released,
 * what an earlier life left, and when all routes are told.
 */
#include "frr-wgd/tests/fake_zebra.h"

#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_zebra.h"

#define SOON 20 /* ms */

static struct wgd_if *wif;

static int setup(void **state)
{
	glue_setup(state);
	fake_zebra_start();
	wif = wgd_if_new("wg0");
	wif->conf.announce_table = 7;
	return 0;
}

static int teardown(void **state)
{
	wgd_table_finish();
	wgd_if_delete(wif);
	fake_zebra_stop();
	return glue_teardown(state);
}

static void test_claims(void **state)
{
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct wgd_claim a, b;

	wgd_table_claim(&a, 7, VRF_DEFAULT, &p, 5);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_HELLO), 1);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_ADD), 1);
	assert_int_equal(fake_zebra_route.instance, 7);
	assert_int_equal(fake_zebra_route.nexthop_num, 1);
	assert_int_equal(fake_zebra_route.nexthops[0].ifindex, 5);
	/* another claimant is another next hop; the same again is nothing */
	wgd_table_claim(&b, 7, VRF_DEFAULT, &p, 3);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_ADD), 2);
	assert_int_equal(fake_zebra_route.nexthop_num, 2);
	assert_int_equal(fake_zebra_route.nexthops[0].ifindex, 3);
	wgd_table_release(&b);
	wgd_table_claim(&b, 7, VRF_DEFAULT, &p, 3);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_ADD), 2);
	/* the last one takes the route along */
	wgd_table_release(&a);
	wgd_table_release(&b);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_DELETE), 1);
}

/* A VRF that came back has none of our routes. */
static void test_vrf(void **state)
{
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct wgd_claim a;

	wgd_table_claim(&a, 7, VRF_DEFAULT, &p, 5);
	glue_run(SOON);
	wgd_table_vrf(VRF_DEFAULT + 1);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_ADD), 1);
	wgd_table_vrf(VRF_DEFAULT);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_ADD), 2);
	wgd_table_release(&a);
}

static void read_device(struct wgd_if *of)
{
	wg_sync_begin(of->dev, false);
	wg_sync_end(of->dev);
	while (wg_sync_step(of->dev, 100))
		;
	wgd_table_synced(of);
}

/* What an earlier life left goes when it is known who is up, not before. */
static void test_ripe(void **state)
{
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct wgd_claim a;
	uint8_t instance;

	wgd_table_keep(7, VRF_DEFAULT);
	wgd_table_claim(&a, 7, VRF_DEFAULT, &p, 5);
	glue_run(SOON);
	assert_false(wgd_table_next_ripe(&instance));
	read_device(wif);
	glue_run(SOON);
	assert_int_equal(glue_turns, 1);
	assert_true(wgd_table_next_ripe(&instance));
	assert_int_equal(instance, 7);
	/* by name: what is claimed stays, what is not goes */
	wgd_table_delete(7, VRF_DEFAULT, &p);
	glue_run(SOON);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_DELETE), 0);
	p.b[1]++;
	wgd_table_delete(7, VRF_DEFAULT, &p);
	fake_zebra_forget();
	wgd_table_drop_old(7);
	glue_run(SOON);
	assert_true(fake_zebra_heard(ZEBRA_CLIENT_CAPABILITIES) > 0);
	assert_int_equal(fake_zebra_heard(ZEBRA_ROUTE_DELETE), 1);
	assert_false(wgd_table_next_ripe(&instance));
	p.b[1]--;
	wgd_table_release(&a);
}

/* An interface joins the table before the turn that was to drop what is old. */
static void test_unripe(void **state)
{
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct wgd_if *other;
	struct wgd_claim a;
	uint8_t instance;

	wgd_table_keep(7, VRF_DEFAULT);
	read_device(wif);
	glue_run(SOON);
	assert_true(wgd_table_next_ripe(&instance));
	wgd_table_claim(&a, 7, VRF_DEFAULT, &p, 5);
	assert_false(wgd_table_next_ripe(&instance));
	other = wgd_if_new("wg1");
	other->conf.announce_table = 7;
	glue_run(SOON);
	assert_false(wgd_table_next_ripe(&instance));
	read_device(other);
	glue_run(SOON);
	assert_true(wgd_table_next_ripe(&instance));
	/* the same if nothing is to be sent meanwhile */
	wgd_if_delete(other);
	other = wgd_if_new("wg1");
	other->conf.announce_table = 7;
	assert_false(wgd_table_next_ripe(&instance));
	wgd_if_delete(other);
	/* nobody uses the table: nothing is left to be dropped later */
	wgd_table_release(&a);
	wif->conf.announce_table = 0;
	glue_run(SOON);
	wif->conf.announce_table = 7;
	assert_false(wgd_table_next_ripe(&instance));
}

static void up(struct zclient *zc)
{
	wgd_replay_connected(wgd_zebra_connected());
}

/* The answer to the barrier says that all routes are told: old ones go. */
static void test_replay(void **state)
{
	struct wg_nexthop nh = {.gateway = addr_of("10.0.0.2"), .ifindex = 5};
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct prefix barrier = {.family = AF_INET, .prefixlen = 32}, other;
	struct wg_count count;

	barrier.u.prefix4.s_addr = INADDR_BROADCAST;
	wgd_zebra_start(NULL, 0, up);
	glue_run(SOON);
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 5);
	assert_int_equal(wg_route_update(wgd.core, VRF_DEFAULT, &p, 1, &nh, 1),
			 0);
	fake_zebra_forget();
	wgd_replay_follow(wif->dev, false);
	glue_run(SOON);
	assert_true(wgd_replay_follows(VRF_DEFAULT));
	assert_true(wgd_replay_is_telling());
	assert_int_equal(fake_zebra_heard(ZEBRA_REDISTRIBUTE_DELETE), 2);
	assert_int_equal(fake_zebra_heard(ZEBRA_REDISTRIBUTE_ADD), 2);
	assert_int_equal(fake_zebra_heard(ZEBRA_NEXTHOP_REGISTER), 1);
	wg_dev_count(wif->dev, &count);
	assert_int_equal(count.routes, 1);
	other = barrier;
	other.prefixlen = 31;
	assert_false(wgd_replay_is_barrier(VRF_DEFAULT, &other));
	wg_dev_count(wif->dev, &count);
	assert_int_equal(count.routes, 1);
	glue_turns = 0;
	assert_true(wgd_replay_is_barrier(VRF_DEFAULT, &barrier));
	wg_core_settle(wgd.core);
	wg_dev_count(wif->dev, &count);
	assert_int_equal(count.routes, 0);
	glue_run(SOON);
	assert_int_equal(glue_turns, 1);
	/* a quiet time later, not before */
	assert_false(wgd.routes_here);
	wgd_replay_finish();
	wgd_zebra_finish();
}

/* zebra ends while libfrr says hello: what is to be said waits. */
static void test_hangs_up(void **state)
{
	struct wg_prefix p = prefix_of("10.1.0.0/16");
	struct wgd_claim a;

	fake_zebra_hang_up(3);
	wgd_zebra_start(NULL, 0, up);
	wgd_table_claim(&a, 7, VRF_DEFAULT, &p, 5);
	glue_run(SOON);
	assert_true(wgd_zebra_is_away());
	assert_int_equal(fake_zebra_heard(ZEBRA_HELLO), 0);
	assert_false(wgd_replay_is_telling());
	wgd_table_release(&a);
	wgd_replay_finish();
	wgd_zebra_finish();
	fake_zebra_hang_up(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vrf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ripe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unripe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangs_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
