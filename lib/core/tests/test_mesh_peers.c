/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a mesh on a device, as stories: what is certified, announced and
 * live changes, and the device follows.  The hub is a, which is certified for
 * nothing and sets itself as the next hop of all.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/mesh_text.h"
#include "lib/core/wg_check.h"
#include "lib/core/wg_state.h"

#define LAN "10.1.0.0/16"
#define MANY 900

static void start(unsigned n)
{
	peers_new(n);
	fk_read(&fk, dev, false);
	mesh_tell("a1");
	route_by(LAN, "a1");
	run();
	assert_int_equal(has(LAN), 0);
}

static unsigned has_address(const char *text)
{
	struct wg_addr addr;
	const struct wg_key *key;

	assert_int_equal(wg_addr_parse(text, &addr), 0);
	key = fk_lookup(&fk, &addr);
	return key ? key->b[0] : 0;
}

/* Each line is told, and then the device has this. */
static void test_comes_and_goes(void **state)
{
	static const struct {
		const char *told;
		unsigned has;
	} steps[] = {
		{"b2", 0},
		{"b2 > 10.1.0.0/16", 0},
		{"b2 10.1.0.0/16-16 > 10.1.0.0/16", 2},
		{"c3 10.0.0.0/8-24 > 10.0.0.0/8", 2}, /* shorter */
		{"b2- 10.1.0.0/16-16 > 10.1.0.0/16", 3},
		{"c3- 10.0.0.0/8-24 > 10.0.0.0/8", 0},
		{"b2 10.1.0.0/16-16 > 10.1.0.0/16", 2},
		{"c3 10.0.0.0/8-24 > 10.1.0.0/16", 2}, /* b's number is lower */
		{"b4 10.1.0.0/16-16 > 10.1.0.0/16", 3},
		{"b2 10.1.0.0/16-16 > 10.1.0.0/16", 2},
		{"b2 10.1.0.0/16-16", 3},		/* withdrawn */
		{"b2 10.1.0.0/16-16 > 10.1.0.0/17", 3}, /* a part of it */
		{"c3 10.0.0.0/8-15 > 10.1.0.0/16", 0},	/* certified for less */
		{"b > 10.1.0.0/16", 0},			/* no member any more */
		{"b2 10.1.0.0/16-16 > 10.1.0.0/16", 2},
		{"a1 10.1.0.0/16-16", 1}, /* the hub itself is certified */
		{"a1", 2},
		{"a", 1}, /* no member: the operator's */
		{"a1", 2},
	};
	size_t i;

	(void)state;
	start(3);
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		print_message("# %s\n", steps[i].told);
		mesh_tell(steps[i].told);
		run();
		assert_int_equal(has(LAN), steps[i].has);
	}
}

static void is_one_add(unsigned peer)
{
	struct wg_prefix p = prefix(LAN);
	size_t n = plan();

	assert_int_equal(n, 1);
	assert_int_equal(ops[0].kind, WG_OP_ADD);
	assert_true(wg_prefix_same(&ops[0].prefix, &p));
	assert_int_equal(ops[0].key->b[0], peer);
	run();
	assert_int_equal(has(LAN), peer);
}

/* Whoever gets it does so by one operation: no packet is lost between. */
static void test_one_operation(void **state)
{
	(void)state;
	start(3);
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16");
	mesh_tell("c3 10.1.0.0/16-16 > 10.1.0.0/16");
	is_one_add(2);
	wg_peer_set_live(peer_of('b'), false);
	is_one_add(3);
	wg_peer_set_live(peer_of('b'), true);
	is_one_add(2);
	mesh_tell("b2 10.2.0.0/16-16 > 10.1.0.0/16");
	is_one_add(3);
	/* the route moves from the hub to its owner, and to another hub */
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16");
	is_one_add(2);
	route_by(LAN, "b1");
	assert_int_equal(plan(), 0);
	route_by(LAN, "a1");
	assert_int_equal(plan(), 0);
	wg_peer_set_shutdown(peer_of('b'), true);
	assert_true(plan() > 0);
	assert_int_equal(ops[0].kind, WG_OP_ADD);
	run();
	assert_int_equal(has(LAN), 3);
}

/* What changes for nobody marks nothing. */
static void test_no_change(void **state)
{
	(void)state;
	start(3);
	assert_null(dev->announced);
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16");
	run();
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16");
	assert_int_equal(dev->n_again, 0);
	assert_false(dev->marked_peers);
	/* another prefix: only that one is looked at */
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16 10.9.0.0/16");
	assert_int_equal(dev->n_again, 1);
	/* not live: none is */
	mesh_tell("c3- > 10.1.0.0/16");
	mesh_tell("c3- 10.1.0.0/16-16 > 10.1.0.0/16 10.2.0.0/16");
	assert_int_equal(dev->n_again, 1);
	run();
	assert_int_equal(has(LAN), 2);
}

/* All goes with the peer, and nothing of it comes back. */
static void test_deleted(void **state)
{
	struct wg_key key = key_of(2), other = key_of(9);

	(void)state;
	start(3);
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16 10.1.2.0/24 10.1.0.0/16");
	run();
	assert_int_equal(has(LAN), 2);
	/* another key is the same member */
	assert_int_equal(wg_peer_set_key(peer_of('b'), &other), 0);
	run();
	assert_int_equal(has(LAN), 9);
	wg_peer_delete(peer_of('b'));
	run();
	assert_int_equal(has(LAN), 0);
	peer_new(2);
	assert_int_equal(wg_peer_set_key(peer_of('b'), &key), 0);
	run();
	assert_int_equal(has(LAN), 0);
	mesh_tell("b2 10.1.0.0/16-16 > 10.1.0.0/16");
	run();
	assert_int_equal(has(LAN), 2);
}

/* Room under an announcer's maximum is found, though it is no next hop. */
static void test_maximum(void **state)
{
	struct wg_peer *b;

	(void)state;
	start(3);
	b = peer_of('b');
	wg_peer_set_maximum(b, 1);
	mesh_tell("b2 10.0.0.0/8-16 > 10.0.0.0/8");
	route_by("10.2.0.0/16", "a1");
	run();
	assert_int_equal((has(LAN) != 0) + (has("10.2.0.0/16") != 0), 1);
	assert_true(wg_peer_maximum_hit(b));
	wg_peer_set_maximum(b, 2);
	run();
	assert_int_equal(has(LAN), 2);
	assert_int_equal(has("10.2.0.0/16"), 2);
	assert_false(wg_peer_maximum_hit(b));
	/* what takes the place of a route that goes */
	wg_peer_set_maximum(b, 1);
	run();
	route_by(has(LAN) ? LAN : "10.2.0.0/16", "");
	run();
	assert_int_equal(has(LAN) + has("10.2.0.0/16"), 2);
}

/* A liar's routes lead to whom the addresses are certified for. */
static void test_liar(void **state)
{
	(void)state;
	start(4);
	mesh_tell("b2 10.1.0.0/16-24 > 10.1.0.0/16");
	mesh_tell("c3 0.0.0.0/0-0 > 0.0.0.0/0");
	mesh_tell(
		"d4 10.4.0.0/16-24 > 10.4.0.0/16 10.1.0.0/16 10.1.2.0/24 "
		"0.0.0.0/0");
	route_by("0.0.0.0/0", "a1");
	run();
	assert_int_equal(has_address("8.8.8.8"), 3);
	assert_int_equal(has_address("10.1.2.3"), 2);

	/* the same prefix, a part of it, a part that nobody may have */
	route_by(LAN, "d1");
	route_by("10.1.2.0/24", "d9");
	route_by("10.1.2.0/26", "d1");
	route_by("10.1.3.0/24", "x1");
	route_by("0.0.0.0/1", "d1");
	route_by("0.0.0.0/0", "d1");
	run();
	assert_int_equal(has("10.1.2.0/24"), 2);
	assert_int_equal(has("10.1.2.0/26"), 0);
	assert_int_equal(has("10.1.3.0/24"), 0);
	assert_int_equal(has("0.0.0.0/1"), 0);
	assert_int_equal(has_address("8.8.8.8"), 3);
	assert_int_equal(has_address("10.1.2.3"), 2);
	assert_int_equal(has_address("10.1.3.3"), 2);
	assert_int_equal(has_address("10.1.4.4"), 2);
	/* its own is its own, and that of no other is its while he is dead */
	route_by("10.4.0.0/16", "d1");
	wg_peer_set_live(peer_of('b'), false);
	run();
	assert_int_equal(has_address("10.4.1.1"), 4);
	assert_int_equal(has_address("10.1.2.3"), 3);
	wg_peer_set_live(peer_of('c'), false);
	run();
	assert_int_equal(has_address("10.1.2.3"), 0);
	assert_int_equal(has_address("8.8.8.8"), 0);
}

/* What an earlier life left: only what is certified is kept. */
static void kept(bool certificate_first)
{
	struct wg_key b = key_of(2);
	static const struct {
		const char *prefix;
		bool certified;
	} left[] = {
		{"10.2.0.0/16", true},	{"10.2.7.0/24", true},
		{"10.2.7.0/25", true}, /* in it, though too long for a route */
		{"10.4.0.0/15", true}, /* aggregated of two that are */
		{"10.4.0.0/14", false}, {"10.3.0.0/16", false},
		{"10.0.0.0/8", false},	{"2001:db8::/32", false},
	};
	size_t i, n = sizeof(left) / sizeof(*left);

	peers_new(3);
	fk_peer_add(&fk, &b);
	for (i = 0; i < n; i++) {
		struct wg_prefix p = prefix(left[i].prefix);

		fk_entry_set(&fk, &p, &b);
	}
	if (certificate_first)
		mesh_tell("b2 10.2.0.0/16-24 10.4.0.0/16-16 10.5.0.0/16-16");
	wg_core_settle(core);
	fk_read(&fk, dev, true);
	if (!certificate_first) {
		run();
		for (i = 0; i < n; i++)
			assert_int_equal(has(left[i].prefix), 2);
		mesh_tell("b2 10.2.0.0/16-24 10.4.0.0/16-16 10.5.0.0/16-16");
	}
	run();
	for (i = 0; i < n; i++) {
		print_message("# %s\n", left[i].prefix);
		assert_int_equal(has(left[i].prefix), left[i].certified * 2);
	}
	wg_sync_release(dev);
	fk_steps(dev);
	run();
	assert_int_equal(has("10.2.0.0/16"), 0);
}

static void test_kept_certified_before(void **state)
{
	(void)state;
	kept(true);
}

static void test_kept_certified_later(void **state)
{
	(void)state;
	kept(false);
}

/* Each call fails at its first allocation, its second, until it works. */
static void test_without_memory(void **state)
{
	struct wg_certified certified = {prefix("10.0.0.0/8"), 32};
	struct wg_certificate cert = {2, &certified, 1};
	/* the third needs more nodes than there is room for at once */
	static const struct {
		size_t first, n;
	} lists[] = {{0, 1}, {0, 300}, {0, MANY}, {MANY - 20, 20}};
	static struct wg_prefix announced[MANY];
	struct wg_peer *b;
	unsigned i, n, failures = 0;
	int ret;

	(void)state;
	start(3);
	b = peer_of('b');
	for (n = 1;; n++) {
		core->mem.fail_in = n;
		ret = wg_peer_set_certificate(b, &cert);
		if (core->mem.fail_in)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_false(wg_peer_is_member(b));
		wg_check_dev(dev);
		failures++;
	}
	core->mem.fail_in = 0;
	assert_int_equal(ret, 0);
	assert_true(wg_peer_is_member(b));
	wg_peer_set_live(b, true);
	for (i = 0; i < MANY; i++)
		announced[i] = (struct wg_prefix){
			AF_INET, 24, {10, 1 + i / 256, i % 256}};
	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		for (n = 1;; n++) {
			size_t before = b->mesh->n_announced;

			core->mem.fail_in = n;
			ret = wg_peer_set_announced(
				b, announced + lists[i].first, lists[i].n);
			if (core->mem.fail_in || ret == 0)
				break;
			assert_int_equal(ret, -ENOMEM);
			assert_int_equal(b->mesh->n_announced, before);
			wg_check_dev(dev);
			failures++;
		}
		core->mem.fail_in = 0;
		assert_int_equal(ret, 0);
		assert_int_equal(b->mesh->n_announced, lists[i].n);
		run();
	}
	assert_true(failures > 10);
	/* nothing to note what is to be decided in: then all of it is */
	announced[0] = prefix(LAN);
	assert_int_equal(wg_peer_set_announced(b, announced, 1), 0);
	run();
	assert_int_equal(has(LAN), 2);
	wg_mem_put(&core->mem, dev->again,
		   dev->cap_again * sizeof(*dev->again));
	dev->again = NULL;
	dev->cap_again = 0;
	core->mem.fail_in = 1;
	wg_peer_set_live(b, false);
	core->mem.fail_in = 0;
	assert_true(dev->marked_all);
	run();
	assert_int_equal(has(LAN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_comes_and_goes),
		SCENE(test_one_operation),
		SCENE(test_no_change),
		SCENE(test_deleted),
		SCENE(test_maximum),
		SCENE(test_liar),
		SCENE(test_kept_certified_before),
		SCENE(test_kept_certified_later),
		SCENE(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
