// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon without the daemon: configuration, a fake zebra and a fake device,
 * and whatever comes first, the device has in the end what it is to have.
 */
#include "frr-wgd/tests/fake_device.h"
#include "frr-wgd/tests/fake_zebra.h"

#include "resolver.h"

#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/engine/wgd_life.h"
#include "frr-wgd/engine/wgd_request.h"
#include "frr-wgd/engine/wgd_step.h"
#include "frr-wgd/engine/wgd_zebra_events.h"
#include "frr-wgd/zebra/wgd_bfd.h"
#include "frr-wgd/zebra/wgd_replay.h"
#include "frr-wgd/zebra/wgd_table.h"
#include "frr-wgd/zebra/wgd_unswept.h"
#include "frr-wgd/zebra/wgd_zebra.h"

#define SOON 10	   /* ms */
#define LATER 1000 /* when what failed has been tried again */

static int setup(void **state)
{
	glue_setup(state);
	fake_device_reset();
	fake_zebra_start();
	wgd_step_init();
	wgd_zebra_events_init();
	glue_run(SOON);
	return 0;
}

static int teardown(void **state)
{
	wgd_life_finish();
	wgd_table_finish();
	wgd_replay_finish();
	wgd_unswept_forget();
	wgd_zebra_finish();
	fake_zebra_stop();
	return glue_teardown(state);
}

static bool has(const char *prefix, unsigned peer)
{
	struct wg_prefix p = prefix_of(prefix);
	struct fk_entry *e = fk_entry_find(&fake_device.kernel, &p);
	struct wg_key key = glue_key(peer);

	return peer ? e && wg_key_same(&e->key, &key) : !e;
}

/* --- what happens */

static void configure_if(void)
{
	struct wgd_if_conf conf = {.follow = WG_FOLLOW_PREFIXES};

	wgd_life_configure(wgd_life_get("wg0"), &conf);
}

static void configure_peer(unsigned n, const char *address, bool gone)
{
	char name[8];
	struct wg_addr addr;
	struct wgd_life_peer work = {
		.conf =
			{
				.key = glue_key(n),
				.has_key = true,
				.host = "192.0.2.1",
				.port = 51820,
				.n_addresses = address != NULL,
				.addresses = &addr,
			},
		.gone = gone,
	};

	snprintf(name, sizeof(name), "p%u", n);
	if (address)
		addr = addr_of(address);
	if (gone)
		work.conf = (struct wgd_peer_conf){};
	work.p = wgd_peer_get(wgd_life_get("wg0"), name);
	wgd_life_peers(&work, 1);
}

static void peer_comes(void)
{
	configure_peer(1, "10.0.0.1", false);
}

static void other_peer_comes(void)
{
	configure_peer(2, "10.0.0.2", false);
}

/* The link that is made has index 1, if it is the first. */
static void route_comes(void)
{
	fake_zebra_tell(ZEBRA_REDISTRIBUTE_ROUTE_ADD, "10.1.0.0/16", "10.0.0.1",
			1);
}

static void other_route_comes(void)
{
	fake_zebra_tell(ZEBRA_REDISTRIBUTE_ROUTE_ADD, "10.2.0.0/16", "10.0.0.2",
			1);
}

static void read_fails(void)
{
	fake_device.read = -EIO;
}

static void apply_fails(void)
{
	fake_device.apply = -ETIMEDOUT;
}

static void open_fails(void)
{
	fake_device.open = -EIO;
}

static void clear(void)
{
	struct wgd_if *wif = wgd_if_find("wg0");

	if (wif)
		wgd_if_resync(wif, "the test says so");
}

/* --- all orders */

typedef void (*event_fn)(void);

/* The peers' addresses and link-local ones that the keys give, and routes. */
static bool is_done(bool route, bool other_route)
{
	return has("10.0.0.1/32", 1) && has("10.0.0.2/32", 2) &&
	       has("10.1.0.0/16", route) &&
	       has("10.2.0.0/16", other_route ? 2 : 0) &&
	       fake_device.kernel.n_entries == 4U + route + other_route &&
	       strcmp(wgd_if_sync_state(wgd_if_find("wg0")), "synced") == 0;
}

static void wait_for(bool route, bool other_route)
{
	size_t i;

	for (i = 0; i < LATER / SOON && !is_done(route, other_route); i++)
		glue_run(SOON);
	assert_int_equal(wgd_if_find("wg0")->state, WGD_IF_SYNCED);
	assert_true(is_done(route, other_route));
}

static void world(const event_fn *events, size_t n, unsigned pause)
{
	bool route = false;
	void *state = NULL;
	size_t i;

	setup(&state);
	for (i = 0; i < n; i++) {
		route |= events[i] == route_comes;
		events[i]();
		if (pause)
			glue_run(pause);
	}
	/* by itself; what comes later would heal what was forgotten */
	wait_for(route, false);
	route_comes();
	other_route_comes();
	wait_for(true, true);
	assert_int_equal(fake_device.made, 1);
	teardown(&state);
}

static void permute(event_fn *events, size_t n, size_t from, unsigned pause)
{
	event_fn one;
	size_t i;

	if (from == n) {
		world(events, n, pause);
		return;
	}
	for (i = from; i < n; i++) {
		one = events[from];
		events[from] = events[i];
		events[i] = one;
		permute(events, n, from + 1, pause);
		one = events[from];
		events[from] = events[i];
		events[i] = one;
	}
}

static void test_orders(void **state)
{
	event_fn events[] = {
		configure_if,
		peer_comes,
		other_peer_comes,
		route_comes,
	};

	permute(events, array_size(events), 0, 0);
	permute(events, array_size(events), 0, 1);
}

static void test_errors(void **state)
{
	event_fn faults[] = {read_fails, apply_fails, open_fails, clear};
	size_t i;

	for (i = 0; i < array_size(faults); i++) {
		event_fn events[] = {configure_if, peer_comes, other_peer_comes,
				     faults[i]};

		permute(events, array_size(events), 0, 1);
	}
}

/* --- one after the other */

/* It will be so, as soon as this machine lets the loop turn. */
static bool comes(const char *prefix, unsigned peer)
{
	unsigned i;

	for (i = 0; i < LATER / SOON && !has(prefix, peer); i++)
		glue_run(SOON);
	return has(prefix, peer);
}

static void test_route(void **state)
{
	struct wgd_if *wif;

	configure_if();
	peer_comes();
	other_peer_comes();
	assert_true(comes("10.0.0.2/32", 2));
	wif = wgd_if_find("wg0");
	route_comes();
	assert_true(comes("10.1.0.0/16", 1));
	assert_true(wif->device->stats.events > 0);
	/* to another peer, and away */
	fake_zebra_tell(ZEBRA_REDISTRIBUTE_ROUTE_ADD, "10.1.0.0/16", "10.0.0.2",
			1);
	assert_true(comes("10.1.0.0/16", 2));
	fake_zebra_tell(ZEBRA_REDISTRIBUTE_ROUTE_DEL, "10.1.0.0/16", NULL, 0);
	assert_true(comes("10.1.0.0/16", 0));
}

/* A key that goes from one peer to another in one commit, with its address. */
static void test_moved_key(void **state)
{
	struct wg_addr addr = addr_of("10.0.0.1");
	struct wgd_life_peer work[2] = {
		{.gone = true},
		{.conf = {.key = glue_key(1),
			  .has_key = true,
			  .n_addresses = 1,
			  .addresses = &addr}},
	};
	struct wgd_if *wif;

	configure_if();
	peer_comes();
	assert_true(comes("10.0.0.1/32", 1));
	wif = wgd_if_find("wg0");
	work[0].p = wgd_peer_find(wif, "p1");
	work[1].p = wgd_peer_get(wif, "p9");
	wgd_life_peers(work, 2);
	glue_run(3 * SOON);
	assert_null(wgd_peer_find(wif, "p1"));
	assert_true(comes("10.0.0.1/32", 1));
}

/* Somebody was at the device; somebody took the link away. */
static void test_foreign_hand(void **state)
{
	struct wg_prefix p = prefix_of("10.9.0.0/16");
	struct wg_key key = glue_key(1);
	unsigned i;

	configure_if();
	peer_comes();
	assert_true(comes("10.0.0.1/32", 1));
	fk_entry_set(&fake_device.kernel, &p, &key);
	/* a look does nothing while the one before is under way */
	for (i = 0; i < LATER / SOON && !has("10.9.0.0/16", 0); i++) {
		wgd_request_refresh(wgd_if_find("wg0"));
		glue_run(SOON);
	}
	assert_true(has("10.9.0.0/16", 0));
	fake_device.link.ifindex = 0;
	wgd_if_link_changed("wg0");
	for (i = 0; i < LATER / SOON && fake_device.made < 2; i++)
		glue_run(SOON);
	assert_int_equal(fake_device.made, 2);
	assert_int_equal(fake_device.link.ifindex, 2);
	assert_true(comes("10.0.0.1/32", 1));
	wgd_life_unconfigure(wgd_if_find("wg0"));
	assert_int_equal(fake_device.link.ifindex, 0);
	assert_null(wgd_if_find("wg0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_errors),
		cmocka_unit_test_setup_teardown(test_route, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_key, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_foreign_hand, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
