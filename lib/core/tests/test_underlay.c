/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The underlay: named cases. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/core/tests/underlay.h"

/* A tunnel's default route takes the place of one outside, and goes again. */
static void test_same_prefix(void **state)
{
	hold("192.0.2.1");
	assert_string_equal(path("192.0.2.1"), "unknown 0");
	route("0.0.0.0/0", LINKS(OUT));
	told("192.0.2.1", "0.0.0.0/0", LINKS(OUT));
	assert_string_equal(changes(), "0.0.0.0/0>1");
	assert_string_equal(path("192.0.2.1"), "outside 1");
	route("0.0.0.0/0", LINKS(TUN));
	told("192.0.2.1", "0.0.0.0/0", LINKS(TUN));
	assert_string_equal(changes(), "");
	assert_string_equal(path("192.0.2.1"), "marked 1");
	route("0.0.0.0/0", LINKS(OUT));
	assert_string_equal(path("192.0.2.1"), "outside 1");
	assert_string_equal(changes(), "");
	route("0.0.0.0/0", NONE);
	assert_string_equal(changes(), "0.0.0.0/0-");
	assert_string_equal(path("192.0.2.1"), "unreachable 0");
}

/* A tunnel's prefix is longer; what is outside changes behind it. */
static void test_longer_prefix(void **state)
{
	hold("192.0.2.1");
	told("192.0.2.1", "192.0.0.0/16", LINKS(OUT));
	route("192.0.2.0/24", LINKS(TUN));
	told("192.0.2.1", "192.0.2.0/24", LINKS(TUN));
	assert_string_equal(changes(), "192.0.0.0/16>1");
	assert_string_equal(path("192.0.2.1"), "marked 1");
	route("192.0.0.0/16", LINKS(OUT2));
	assert_string_equal(changes(), "192.0.0.0/16>2");
	assert_string_equal(path("192.0.2.1"), "marked 2");
	/* one in between that was never seen */
	route("192.0.0.0/20", LINKS(OUT));
	assert_string_equal(changes(), "192.0.0.0/20>1");
	assert_string_equal(path("192.0.2.1"), "marked 1");
	route("192.0.0.0/20", NONE);
	assert_string_equal(changes(), "192.0.0.0/20-");
	assert_string_equal(path("192.0.2.1"), "marked 2");
	route("192.0.0.0/16", NONE);
	assert_string_equal(changes(), "192.0.0.0/16-");
	assert_string_equal(path("192.0.2.1"), "inside 7");
	told("192.0.2.1", "0.0.0.0/0", NONE);
	assert_string_equal(path("192.0.2.1"), "unreachable 0");
	assert_string_equal(table(), "");
}

/* Of several next hops those that lead outside. */
static void test_mixed(void **state)
{
	hold("192.0.2.1");
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT, TUN, OUT2));
	assert_string_equal(changes(), "192.0.2.0/24>1,2");
	assert_string_equal(path("192.0.2.1"), "marked 1");
}

/* Only what is around an endpoint, and default routes. */
static void test_what_concerns(void **state)
{
	route("198.51.100.0/24", LINKS(OUT));
	route("::/0", LINKS(OUT));
	assert_string_equal(changes(), "::/0>1");
	hold("198.51.100.1");
	hold("198.51.100.1");
	assert_string_equal(path("198.51.100.1"), "unknown 0");
	told("198.51.100.1", "198.51.100.0/24", LINKS(OUT));
	route("198.51.0.0/16", LINKS(OUT2));
	route("198.52.0.0/16", LINKS(OUT2));
	assert_string_equal(table(),
			    "198.51.0.0/16>2 198.51.100.0/24>1 ::/0>1");
	changes();
	release("198.51.100.1");
	assert_string_equal(changes(), "");
	release("198.51.100.1");
	assert_string_equal(changes(), "198.51.0.0/16- 198.51.100.0/24-");
	assert_string_equal(table(), "::/0>1");
	assert_string_equal(path("198.51.100.1"), "unknown 0");
}

/* Who moves behind a default route through the tunnel is not lost. */
static void test_moves(void **state)
{
	route("0.0.0.0/0", LINKS(OUT));
	hold("192.0.2.1");
	route("0.0.0.0/0", LINKS(TUN));
	told("192.0.2.1", "0.0.0.0/0", LINKS(TUN));
	hold("198.51.100.1");
	assert_string_equal(path("198.51.100.1"), "marked 1");
	assert_string_equal(table(), "0.0.0.0/0>1");
}

/* Recursive routes: what they lead to is known by tracking. */
static void test_recursive(void **state)
{
	hold("192.0.2.1");
	route("192.0.2.0/24", LINKS(REC));
	assert_string_equal(changes(), "");
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT));
	assert_string_equal(changes(), "192.0.2.0/24>1");
	wg_underlay_replay_begin(u);
	route("192.0.2.0/24", LINKS(REC));
	wg_underlay_replay_end(u);
	assert_string_equal(changes(), "");
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT2, REC));
	assert_string_equal(changes(), "");
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT2));
	assert_string_equal(changes(), "192.0.2.0/24>2");
	route("192.0.2.0/24", NONE);
	assert_string_equal(changes(), "192.0.2.0/24-");
}

/* zebra forgot: what it does not tell again is gone, and not before. */
static void test_replay(void **state)
{
	hold("192.0.2.1");
	route("0.0.0.0/0", LINKS(OUT));
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT));
	changes();
	wg_underlay_replay_begin(u);
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(table(), "0.0.0.0/0>1 192.0.2.0/24>1");
	wg_underlay_replay_end(u);
	assert_string_equal(changes(), "192.0.2.0/24-");
	assert_string_equal(path("192.0.2.1"), "marked 1");
}

/* What an earlier life wrote counts until there is better knowledge. */
static void test_found(void **state)
{
	found("0.0.0.0/0", LINKS(OUT));
	found("192.0.2.0/24", LINKS(OUT));
	found("198.51.100.0/24", LINKS(OUT));
	found("203.0.113.0/24", LINKS(TUN));
	wg_underlay_replay_begin(u);
	hold("192.0.2.1");
	assert_string_equal(path("192.0.2.1"), "unknown 0");
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(path("192.0.2.1"), "marked 1");
	found("0.0.0.0/0", LINKS(OUT2));
	assert_string_equal(table(),
			    "0.0.0.0/0>1 192.0.2.0/24>1 198.51.100.0/24>1");
	wg_underlay_replay_end(u);
	assert_string_equal(table(), "0.0.0.0/0>1");
	assert_string_equal(changes(),
			    "0.0.0.0/0>1 192.0.2.0/24- "
			    "198.51.100.0/24-");
}

/* A link turns out to be a tunnel, or is none any more. */
static void test_tunnels(void **state)
{
	hold("192.0.2.1");
	route("0.0.0.0/0", LINKS(OUT2));
	assert_string_equal(changes(), "0.0.0.0/0>2");
	wg_underlay_set_tunnel(u, OUT2, true);
	assert_string_equal(path("192.0.2.1"), "inside 2");
	assert_string_equal(changes(), "0.0.0.0/0-");
	wg_underlay_set_tunnel(u, OUT2, false);
	assert_string_equal(path("192.0.2.1"), "outside 2");
	assert_string_equal(changes(), "0.0.0.0/0>2");
}

/* An answer about another address, or of a prefix that does not cover it. */
static void test_nonsense(void **state)
{
	told("192.0.2.1", "192.0.2.0/24", LINKS(OUT));
	hold("192.0.2.1");
	told("192.0.2.1", "10.0.0.0/8", LINKS(OUT));
	told("192.0.2.1", "::/0", LINKS(OUT));
	assert_string_equal(changes(), "");
	assert_string_equal(path("192.0.2.1"), "unknown 0");
}

static void test_ipv6(void **state)
{
	hold("2001:db8::1");
	route("2001:db8::/32", LINKS(OUT));
	route("2001:db8::/48", LINKS(TUN));
	assert_string_equal(path("2001:db8::1"), "marked 1");
	assert_string_equal(changes(), "2001:db8::/32>1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_same_prefix), CASE(test_longer_prefix),
		CASE(test_mixed),	CASE(test_what_concerns),
		CASE(test_moves),	CASE(test_recursive),
		CASE(test_replay),	CASE(test_found),
		CASE(test_tunnels),	CASE(test_nonsense),
		CASE(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
