// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hubs of a site: who is connected by what they say, and which sites move
 * when one is lost.  Hubs are members 1 to 3, sites 10 and on.
 */
#include "frr-wgd/tests/glue.h"

#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_hubs.h"

#define HUBS 3
#define SITES 1200
#define A_SITE (members + HUBS)

static struct wgd_mesh_member members[HUBS + SITES];
static struct wgd_mesh_member *all[HUBS + SITES];
static struct wgd_if wif = {.name = "wg0"};
static struct wgd_mesh m;
static int64_t now;
static unsigned moved, acts;
static unsigned again_ms; /* to act; 0: not asked to */

int64_t wgd_now_ms(void)
{
	return now;
}

void wgd_mesh_act(struct wgd_mesh *of)
{
	acts++;
}

void wgd_mesh_act_in(struct wgd_mesh *of, unsigned ms)
{
	again_ms = ms;
}

bool wgd_hello_has_data(const struct wgd_mesh_member *member)
{
	return member->data_ms;
}

void wgd_hello_moved(struct wgd_mesh *of, struct wgd_mesh_member *member)
{
	moved++;
}

static int setup(void **state)
{
	size_t i;

	memset(members, 0, sizeof(members));
	m = (struct wgd_mesh){.wif = &wif, .members = all, .n_members = HUBS + 2};
	now = 100000;
	moved = acts = again_ms = 0;
	for (i = 0; i < HUBS + SITES; i++) {
		all[i] = &members[i];
		members[i].number = i < HUBS ? i + 1 : 10 + i - HUBS;
		members[i].hub = i < HUBS ? i + 1 : 0;
	}
	for (i = 0; i < HUBS; i++) {
		members[i].connected = true;
		members[i].hello.state = WG_HELLO_ALIVE;
	}
	return 0;
}

static void say(unsigned hub, struct wgd_mesh_member *of, bool connected)
{
	wgd_hubs_told(&m, &members[hub - 1], of, connected);
}

static bool is_connected(const struct wgd_mesh_member *member)
{
	wgd_hubs_see(&m);
	return member->connected;
}

/* One hub does not speak for another. */
static void test_said(void **state)
{
	assert_false(is_connected(A_SITE));
	say(1, A_SITE, true);
	assert_int_equal(acts, 1);
	assert_true(is_connected(A_SITE));
	assert_false(is_connected(A_SITE + 1));
	say(2, A_SITE, true);
	say(1, A_SITE, false);
	assert_true(is_connected(A_SITE));
	say(2, A_SITE, false);
	assert_false(is_connected(A_SITE));
}

/* The words of a lost hub do not count, unless nobody else has any. */
static void test_lost_hub(void **state)
{
	say(1, A_SITE, true);
	members[0].hello.state = WG_HELLO_IS_LOST;
	assert_false(is_connected(A_SITE));
	members[1].hello.state = members[2].hello.state = WG_HELLO_IS_LOST;
	assert_true(is_connected(A_SITE));
	members[0].connected = members[1].connected = false;
	assert_false(is_connected(A_SITE)); /* hub 3 says so */
}

/* All are gone: nobody says anything, and all stays. */
static void test_no_hub(void **state)
{
	unsigned i;

	say(1, A_SITE, true);
	assert_true(is_connected(A_SITE));
	for (i = 0; i < HUBS; i++)
		members[i].connected = false;
	say(1, A_SITE, false);
	assert_true(is_connected(A_SITE));
	members[0].connected = true;
	assert_false(is_connected(A_SITE));
}

/* It connects anew, and says whom it has: the others go a while later. */
static void test_up_again(void **state)
{
	say(1, A_SITE, true);
	say(1, A_SITE + 1, true);
	wgd_hubs_up(&m, &members[0]);
	assert_true(is_connected(A_SITE));
	assert_int_not_equal(again_ms, 0);
	say(1, A_SITE, true);
	now += 1999;
	assert_true(is_connected(A_SITE + 1));
	now += again_ms;
	assert_false(is_connected(A_SITE + 1));
	assert_true(is_connected(A_SITE));
}

/* At a hub its own connections decide. */
static void test_we_are_a_hub(void **state)
{
	m.is_hub = true;
	A_SITE->connected = true;
	assert_true(is_connected(A_SITE));
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 0);
}

static void test_relay(void **state)
{
	wgd_hubs_follow(&m);
	assert_int_equal(m.relay, 1);
	assert_int_equal(A_SITE->relay, 1);
	assert_true(A_SITE->changed);
	assert_ptr_equal(wgd_hubs_of(&m, A_SITE), &members[0]);
	assert_true(wgd_hubs_is_relay(&m, &members[0]));
	A_SITE->changed = false;
	wgd_hubs_follow(&m);
	assert_false(A_SITE->changed);
	/* refused ones are no hubs */
	members[0].refused = WGD_MESH_KEY_IN_USE;
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 2);
}

/* We have just come in: who is there does not know us at once. */
static void test_first_way(void **state)
{
	wgd_hubs_up(&m, &members[0]);
	wgd_hubs_follow(&m);
	assert_int_equal(m.relay, 1);
	assert_int_equal(A_SITE->relay, 0);
	say(1, A_SITE, true);
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 1);
	assert_int_equal(A_SITE[1].relay, 0);
	assert_true(wgd_hubs_is_awaited(&m, A_SITE + 1));
	now += again_ms;
	assert_false(wgd_hubs_is_awaited(&m, A_SITE + 1));
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE[1].relay, 1);
	/* one who comes later knows us */
	A_SITE[1].relay = 0;
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE[1].relay, 1);
}

/* A site that our hub has not and another one has. */
static void test_by_another(void **state)
{
	say(3, A_SITE, true);
	wgd_hubs_follow(&m);
	assert_int_equal(m.relay, 1);
	assert_int_equal(A_SITE->relay, 3);
	assert_int_equal(A_SITE[1].relay, 1);
	say(1, A_SITE, true);
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 1);
	/* said by one that does not answer: no reason to go there */
	say(1, A_SITE, false);
	members[2].hello.state = WG_HELLO_IS_LOST;
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 1);
}

static unsigned count_at(uint8_t hub)
{
	unsigned i, n = 0;

	for (i = 0; i < SITES; i++)
		n += A_SITE[i].relay == hub;
	return n;
}

/* Those with data first, and not all in one turn. */
static void test_moves(void **state)
{
	unsigned i, turns;

	m.n_members = HUBS + SITES;
	for (turns = 0; count_at(1) < SITES; turns++)
		wgd_hubs_follow(&m);
	assert_int_equal(turns, 3);
	for (i = 0; i < 400; i++)
		A_SITE[SITES - 1 - i].data_ms = 1;
	members[0].hello.state = WG_HELLO_IS_LOST;
	again_ms = moved = 0;
	wgd_hubs_follow(&m);
	assert_int_equal(m.relay, 2);
	assert_int_equal(count_at(2), 500);
	assert_int_equal(moved, 500);
	assert_int_not_equal(again_ms, 0);
	for (i = 0; i < 400; i++)
		assert_int_equal(A_SITE[SITES - 1 - i].relay, 2);
	wgd_hubs_follow(&m);
	wgd_hubs_follow(&m);
	assert_int_equal(count_at(2), SITES);
	again_ms = 0;
	wgd_hubs_follow(&m);
	assert_int_equal(again_ms, 0);
	assert_int_equal(moved, SITES);
}

/*
 * The other end took it by another hub, which is well until that is lost; what
 * the device said before we moved somebody is old.
 */
static void test_astray(void **state)
{
	struct wgd_peer peer = {};

	A_SITE->peer = &peer;
	wgd_hubs_follow(&m);
	peer.seen.endpoint.addr = wg_relay_addr(m.relay_hash, 2, 10);
	A_SITE->changed = false;
	now += 6000;
	wgd_hubs_follow(&m);
	assert_false(A_SITE->changed);
	members[1].hello.state = WG_HELLO_IS_LOST;
	wgd_hubs_follow(&m);
	assert_true(A_SITE->changed && A_SITE->resend);
	assert_int_equal(A_SITE->relay, 1);
	A_SITE->changed = false;
	now += 5999;
	wgd_hubs_follow(&m);
	assert_false(A_SITE->changed);
	now++;
	wgd_hubs_follow(&m);
	assert_true(A_SITE->changed);
	/* there is nothing better */
	members[0].hello.state = members[2].hello.state = WG_HELLO_IS_LOST;
	A_SITE->changed = false;
	now += 6000;
	wgd_hubs_follow(&m);
	assert_false(A_SITE->changed);
}

/* Nowhere to go: all stay, so that what works by chance goes on. */
static void test_all_lost(void **state)
{
	unsigned i;

	wgd_hubs_follow(&m);
	for (i = 0; i < HUBS; i++) {
		members[i].hello.state = WG_HELLO_IS_LOST;
		members[i].connected = false;
	}
	A_SITE->changed = false;
	wgd_hubs_follow(&m);
	assert_int_equal(A_SITE->relay, 1);
	assert_false(A_SITE->changed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_said, setup),
		cmocka_unit_test_setup(test_lost_hub, setup),
		cmocka_unit_test_setup(test_no_hub, setup),
		cmocka_unit_test_setup(test_up_again, setup),
		cmocka_unit_test_setup(test_we_are_a_hub, setup),
		cmocka_unit_test_setup(test_relay, setup),
		cmocka_unit_test_setup(test_first_way, setup),
		cmocka_unit_test_setup(test_by_another, setup),
		cmocka_unit_test_setup(test_moves, setup),
		cmocka_unit_test_setup(test_astray, setup),
		cmocka_unit_test_setup(test_all_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
