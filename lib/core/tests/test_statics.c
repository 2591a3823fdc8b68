/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes of what no route may give away: martians, and what is within an
 * exclusive static.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/scene.h"

static void add_static(struct wg_peer *peer, const char *text, bool exclusive)
{
	struct wg_prefix p = prefix(text);

	assert_int_equal(wg_peer_add_static(peer, &p, NULL), 0);
	wg_peer_set_exclusive(peer, &p, exclusive);
}

static void del_static(struct wg_peer *peer, const char *text)
{
	struct wg_prefix p = prefix(text);

	wg_peer_del_static(peer, &p);
}

static void set_exclusive(struct wg_peer *peer, const char *text, bool is)
{
	struct wg_prefix p = prefix(text);

	wg_peer_set_exclusive(peer, &p, is);
}

/* Who has it, with which verdict of its route. */
static void expect(const char *text, unsigned owner, enum wg_verdict verdict)
{
	run();
	assert_string_equal(wg_verdict_str(entry(text).verdict),
			    wg_verdict_str(verdict));
	assert_int_equal(has(text), owner);
}

static void test_martians(void **state)
{
	struct wg_peer *a = peer_new(1);

	peer_new(2);
	route("127.0.0.0/8", 2);
	route("169.254.1.0/24", 2);
	route("224.0.0.0/4", 2);
	route("ff00::/8", 2);
	route("::1/128", 2);
	fk_read(&fk, dev, false);
	expect("127.0.0.0/8", 0, WG_ROUTE_MARTIAN);
	expect("169.254.1.0/24", 0, WG_ROUTE_MARTIAN);
	expect("224.0.0.0/4", 0, WG_ROUTE_MARTIAN);
	expect("ff00::/8", 0, WG_ROUTE_MARTIAN);
	expect("::1/128", 0, WG_ROUTE_MARTIAN);
	/* what covers some of them is none */
	route("0.0.0.0/0", 2);
	route("126.0.0.0/7", 2);
	expect("0.0.0.0/0", 2, WG_ROUTE_ACCEPTED);
	expect("126.0.0.0/7", 2, WG_ROUTE_ACCEPTED);
	/* nor is what the operator says */
	add_static(a, "224.0.0.5/32", false);
	add_static(a, "127.0.0.0/8", false);
	route("224.0.0.5/32", 2);
	expect("224.0.0.5/32", 1, WG_ROUTE_SHADOWED);
	expect("127.0.0.0/8", 1, WG_ROUTE_SHADOWED);
	del_static(a, "127.0.0.0/8");
	expect("127.0.0.0/8", 0, WG_ROUTE_MARTIAN);
}

/* Attack 8 of the manual's security page, in the core. */
static void test_exclusive(void **state)
{
	struct wg_peer *a = peer_new(1), *other;
	struct wg_addr in = {AF_INET, {10, 1, 2, 3}};
	struct wg_prefix at, inner = prefix("10.1.2.0/24");
	bool exclusive;

	peer_new(2);
	fk_read(&fk, dev, false);
	add_static(a, "10.1.0.0/16", false);
	route("10.1.2.0/24", 2);
	route("10.2.0.0/16", 2);
	route("10.0.0.0/8", 2);
	expect("10.1.2.0/24", 2, WG_ROUTE_ACCEPTED);
	other = wg_static_lookup(dev, &in, &at, &exclusive);
	assert_ptr_equal(other, a);
	assert_int_equal(at.len, 16);
	assert_false(exclusive);
	assert_null(wg_exclusive_lookup(dev, &inner, &at));

	set_exclusive(a, "10.1.0.0/16", true);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	expect("10.1.0.0/16", 1, WG_ROUTE_ACCEPTED); /* no route of its own */
	assert_ptr_equal(wg_exclusive_lookup(dev, &inner, &at), a);
	assert_int_equal(at.len, 16);
	wg_static_lookup(dev, &in, &at, &exclusive);
	assert_true(exclusive);
	/* beside it and above it all is as it was */
	expect("10.2.0.0/16", 2, WG_ROUTE_ACCEPTED);
	expect("10.0.0.0/8", 2, WG_ROUTE_ACCEPTED);
	/* what comes later, also by the peer itself */
	route("10.1.2.128/25", 2);
	route("10.1.3.0/24", 1);
	expect("10.1.2.128/25", 0, WG_ROUTE_SHADOWED);
	expect("10.1.3.0/24", 0, WG_ROUTE_SHADOWED);

	/* while it is shut down it is nobody's */
	wg_peer_set_shutdown(a, true);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	wg_peer_set_shutdown(a, false);

	/* only its own peer's word counts, and only for a static */
	set_exclusive(wg_peer_find(dev, "b"), "10.1.0.0/16", false);
	set_exclusive(a, "10.2.0.0/16", true);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	expect("10.2.0.0/16", 2, WG_ROUTE_ACCEPTED);

	set_exclusive(a, "10.1.0.0/16", false);
	expect("10.1.2.0/24", 2, WG_ROUTE_ACCEPTED);
	expect("10.1.3.0/24", 1, WG_ROUTE_ACCEPTED);
	set_exclusive(a, "10.1.0.0/16", true);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	del_static(a, "10.1.0.0/16");
	expect("10.1.2.0/24", 2, WG_ROUTE_ACCEPTED);
	/* it is no more when it comes back */
	add_static(a, "10.1.0.0/16", false);
	expect("10.1.2.0/24", 2, WG_ROUTE_ACCEPTED);
	set_exclusive(a, "10.1.0.0/16", true);
	wg_peer_delete(a);
	expect("10.1.2.0/24", 2, WG_ROUTE_ACCEPTED);
}

/* The operator's longer lines stand; routes within them do not. */
static void test_static_in_exclusive(void **state)
{
	struct wg_peer *a = peer_new(1), *b = peer_new(2);

	peer_new(3);
	fk_read(&fk, dev, false);
	add_static(a, "0.0.0.0/0", true); /* the peers' addresses are in it */
	add_static(b, "10.1.0.0/16", false);
	route("10.1.2.0/24", 3);
	route("11.0.0.0/8", 3);
	expect("10.1.0.0/16", 2, WG_ROUTE_ACCEPTED);
	expect("10.99.0.3/32", 3, WG_ROUTE_ACCEPTED);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	expect("11.0.0.0/8", 0, WG_ROUTE_SHADOWED);
	/* two, one in the other: both guard */
	add_static(a, "10.1.2.0/23", true);
	set_exclusive(a, "0.0.0.0/0", false);
	expect("10.1.2.0/24", 0, WG_ROUTE_SHADOWED);
	expect("11.0.0.0/8", 3, WG_ROUTE_ACCEPTED);
	del_static(a, "10.1.2.0/23");
	expect("10.1.2.0/24", 3, WG_ROUTE_ACCEPTED);
}

/* An earlier life is no argument. */
static void test_stale(void **state)
{
	struct wg_prefix inner = prefix("10.1.2.0/24");
	struct wg_peer *a = peer_new(1);
	struct wg_key key = key_of(2);

	peer_new(2);
	fk_read(&fk, dev, false);
	route("10.1.2.0/24", 2);
	route("10.2.0.0/16", 2);
	run();
	route("10.1.2.0/24", 0);
	route("10.2.0.0/16", 0);
	/* we are back, and no route has come yet */
	add_static(a, "10.1.0.0/16", false);
	fk_read(&fk, dev, true);
	run();
	assert_int_equal(has("10.1.2.0/24"), 2);
	set_exclusive(a, "10.1.0.0/16", true);
	run();
	assert_int_equal(has("10.1.2.0/24"), 0);
	assert_int_equal(has("10.2.0.0/16"), 2);
	/* ... and the same where it was exclusive before */
	fk_entry_set(&fk, &inner, &key);
	fk_read(&fk, dev, true);
	run();
	assert_int_equal(has("10.1.2.0/24"), 0);
}

/* What the device aggregates is what is decided. */
static void test_aggregate(void **state)
{
	struct wg_peer *a = peer_new(1);

	peer_new(2);
	wg_dev_set_aggregate(dev, true);
	fk_read(&fk, dev, false);
	add_static(a, "10.0.0.0/9", true);
	route("10.128.0.0/9", 1);
	route("10.1.0.0/16", 2);
	run();
	assert_int_equal(has("10.0.0.0/8"), 1);
	assert_int_equal(has("10.1.0.0/16"), 0);
	set_exclusive(a, "10.0.0.0/9", false);
	run();
	assert_int_equal(has("10.1.0.0/16"), 2);
	set_exclusive(a, "10.0.0.0/9", true);
	run();
	assert_int_equal(has("10.1.0.0/16"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_martians),
		SCENE(test_exclusive),
		SCENE(test_static_in_exclusive),
		SCENE(test_stale),
		SCENE(test_aggregate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
