/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules 2 and 2b for members of a mesh, as a table.
 *
 * Peers a to d with keys in this order.  What the mesh says of a peer is
 * written "b7 10.0.0.0/8-24 > 10.1.0.0/16": member number 7, certified for
 * 10.0.0.0/8 le 24, announces 10.1.0.0/16; "b7-": not live.  Who is not named
 * is no member.  Next hops as in test_ladder.c: "a1 b5"; x is nobody's.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/mesh_text.h"
#include "lib/core/tests/scene.h"
#include "lib/core/wg_check.h"

static const struct cert_case {
	const char *name;
	const char *mesh[4];
	const char *prefix;
	const char *nexthops;
	const char *owner; /* "": nobody */
	enum wg_verdict verdict;
	const char *claims, *shutdown, *down, *denied, *full;
} cases[] = {
	/* 2: the candidate's own certificate */
	{ "no member is denied nothing", {}, "10.1.0.0/16", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "certified", { "a1 10.1.0.0/16-16" }, "10.1.0.0/16", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "certified without being live", { "a1- 10.1.0.0/16-16" },
	  "10.1.0.0/16", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "certified for another", { "a1 10.2.0.0/16-16" }, "10.1.0.0/16",
	  "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "certified for nothing", { "a1" }, "10.1.0.0/16", "a1", "",
	  WG_ROUTE_UNCERTIFIED },
	{ "certified for a part of it", { "a1 10.1.0.0/17-32" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "the other family", { "a1 0.0.0.0/0-32" }, "2001:db8::/32", "a1", "",
	  WG_ROUTE_UNCERTIFIED },
	{ "IPv6", { "a1 2001:db8::/32-48" }, "2001:db8:7::/48", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "IPv6, too long", { "a1 2001:db8::/32-48" }, "2001:db8:7::/49",
	  "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "as long as it may be", { "a1 10.1.0.0/16-24" }, "10.1.2.0/24",
	  "a1", "a", WG_ROUTE_ACCEPTED },
	{ "longer than it may be", { "a1 10.1.0.0/16-24" }, "10.1.2.0/25",
	  "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "a longest below its prefix certifies nothing",
	  { "a1 10.1.0.0/16-15" }, "10.1.0.0/16", "a1", "",
	  WG_ROUTE_UNCERTIFIED },
	{ "one entry is too short, another is not",
	  { "a1 10.1.0.0/16-16 10.0.0.0/8-24" }, "10.1.2.0/24", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "the same prefix with two lengths",
	  { "a1 10.1.0.0/16-16 10.1.0.0/16-24" }, "10.1.2.0/24", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "the certified one of less weight",
	  { "a1 10.2.0.0/16-16", "b2 10.1.0.0/16-16" }, "10.1.0.0/16",
	  "a9 b1", "b", WG_ROUTE_ACCEPTED },
	{ "no member beside one that is denied", { "a1 10.2.0.0/16-16" },
	  "10.1.0.0/16", "a9 b1", "b", WG_ROUTE_ACCEPTED },
	{ "both certified: weight",
	  { "a1 10.1.0.0/16-16", "b2 10.1.0.0/16-16" }, "10.1.0.0/16",
	  "a1 b2", "b", WG_ROUTE_ACCEPTED },
	{ "both certified: key, not number",
	  { "a9 10.1.0.0/16-16", "b2 10.1.0.0/16-16" }, "10.1.0.0/16",
	  "b1 a1", "a", WG_ROUTE_ACCEPTED },
	{ "both certified, one down",
	  { "a1 10.1.0.0/16-16", "b2 10.1.0.0/16-16" }, "10.1.0.0/16",
	  "a1 b1", "b", WG_ROUTE_ACCEPTED, .down = "a" },
	{ "down, the other denied",
	  { "a1 10.1.0.0/16-16", "b2 10.2.0.0/16-16" }, "10.1.0.0/16",
	  "a1 b1", "a", WG_ROUTE_ACCEPTED, .down = "a" },

	/* 2: another announcer */
	{ "another's is longer", { "a1 10.0.0.0/8-32",
				   "b2 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "... and by both", { "a1 10.0.0.0/8-32",
			       "b2 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a9 b1", "b", WG_ROUTE_ACCEPTED },
	{ "another's is as long", { "a1 10.1.0.0/16-32",
				    "b2 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.2.0/24", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another's is shorter", { "a1 10.1.0.0/16-32",
				    "b2 10.0.0.0/8-32 > 10.0.0.0/8" },
	  "10.1.2.0/24", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another's is longer than the entry that lets it",
	  { "a1 10.1.0.0/16-16 10.0.0.0/8-24",
	    "b2 10.0.0.0/12-32 > 10.0.0.0/12" },
	  "10.1.2.0/24", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "another's does not contain it",
	  { "a1 10.0.0.0/8-32", "b2 10.1.0.0/16-32 > 10.1.2.0/25" },
	  "10.1.2.0/24", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another is not live", { "a1 10.0.0.0/8-32",
				   "b2- 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another is shut down", { "a1 10.0.0.0/8-32",
				    "b2 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "a", WG_ROUTE_ACCEPTED, .shutdown = "b" },
	{ "another is down, but live", { "a1 10.0.0.0/8-32",
					 "b2 10.1.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED, .down = "b" },
	{ "another's is not in its certificate",
	  { "a1 10.0.0.0/8-32", "b2 10.2.0.0/16-32 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another's is longer than its certificate allows",
	  { "a1 10.0.0.0/8-32", "b2 10.1.0.0/16-16 > 10.1.2.0/24" },
	  "10.1.2.0/24", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "another is not certified for so long a one",
	  { "a1 10.0.0.0/8-32", "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.2.0/24", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "its own longer one denies it nothing",
	  { "a1 10.0.0.0/8-32 > 10.1.0.0/16" }, "10.1.2.0/24", "a1", "a",
	  WG_ROUTE_ACCEPTED },
	{ "no member is denied nothing by announcers",
	  { "", "b2 10.1.0.0/16-32 > 10.1.0.0/16" }, "10.1.0.0/16", "a1", "a",
	  WG_ROUTE_ACCEPTED },

	/* 2b. */
	{ "next-hop-self through a hub",
	  { "a1 10.99.0.0/24-32", "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "through two hubs", { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16", "c3" },
	  "10.1.0.0/16", "a1 c5", "b", WG_ROUTE_UNCERTIFIED },
	{ "a false more specific one",
	  { "a1 10.2.0.0/16-24", "b2 10.1.0.0/16-24 > 10.1.0.0/16" },
	  "10.1.2.0/24", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "a false one, more specific than anybody may have",
	  { "a1 10.2.0.0/16-24", "b2 10.1.0.0/16-24 > 10.1.0.0/16" },
	  "10.1.2.0/25", "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "nobody announces", { "a1", "b2 10.1.0.0/16-16" }, "10.1.0.0/16",
	  "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "who announces is not live",
	  { "a1", "b2- 10.1.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16", "a1",
	  "", WG_ROUTE_UNCERTIFIED },
	{ "who announces is not certified",
	  { "a1", "b2 10.2.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16", "a1",
	  "", WG_ROUTE_UNCERTIFIED },
	{ "who announces is certified for it, not for what is announced",
	  { "a1", "b2 10.1.2.0/24-32 > 10.1.0.0/16" }, "10.1.2.0/24", "a1",
	  "", WG_ROUTE_UNCERTIFIED },
	{ "who announces is no member", { "a1", "b > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "who announces is shut down",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16", "a1",
	  "", WG_ROUTE_UNCERTIFIED, .shutdown = "b" },
	{ "what is announced does not contain it",
	  { "a1", "b2 10.1.0.0/16-32 > 10.1.0.0/17" }, "10.1.0.0/16", "a1",
	  "", WG_ROUTE_UNCERTIFIED },
	{ "the longest announced",
	  { "a1", "b2 10.0.0.0/8-32 > 10.0.0.0/8",
	    "c3 10.0.0.0/8-32 > 10.1.0.0/16" },
	  "10.1.2.0/24", "a1", "c", WG_ROUTE_UNCERTIFIED },
	{ "the longest announced, not certified",
	  { "a1", "b2 10.1.0.0/16-32 > 10.1.0.0/16",
	    "c3 10.0.0.0/8-32 > 10.1.2.0/24" },
	  "10.1.2.0/24", "a1", "c", WG_ROUTE_UNCERTIFIED },
	{ "the longest that counts",
	  { "a1", "b2 10.0.0.0/8-24 > 10.0.0.0/8",
	    "c3 10.0.0.0/8-16 > 10.1.0.0/16" },
	  "10.1.2.0/24", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "of a member's two", { "a1", "b2 10.0.0.0/8-32 > 10.1.0.0/16",
				 "c3 10.0.0.0/8-32 > 10.0.0.0/8 10.1.2.0/24" },
	  "10.1.2.0/24", "a1", "c", WG_ROUTE_UNCERTIFIED },
	{ "the lowest number, not key",
	  { "a1", "b7 10.1.0.0/16-16 > 10.1.0.0/16",
	    "c3 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "c", WG_ROUTE_UNCERTIFIED },
	{ "one number twice: the lowest key",
	  { "a1", "b3 10.1.0.0/16-16 > 10.1.0.0/16",
	    "c3 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "the lowest number of those that live",
	  { "a1", "b7 10.1.0.0/16-16 > 10.1.0.0/16",
	    "c3- 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "two deny each other: the longest announced",
	  { "a1 10.0.0.0/8-32 > 10.1.0.0/16",
	    "b2 10.0.0.0/15-32 > 10.0.0.0/15" },
	  "10.1.2.0/24", "a1 b1", "a", WG_ROUTE_UNCERTIFIED },
	{ "a default through a hub", { "a1", "b2 0.0.0.0/0-0 > 0.0.0.0/0" },
	  "0.0.0.0/0", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "a default by whoever has it",
	  { "a1 0.0.0.0/0-0 > 0.0.0.0/0", "b2 10.0.0.0/8-8 > 10.0.0.0/8" },
	  "0.0.0.0/0", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "the exit attracts another's",
	  { "a1 0.0.0.0/0-32 > 0.0.0.0/0",
	    "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "b", WG_ROUTE_UNCERTIFIED },
	{ "... which is not live",
	  { "a1 0.0.0.0/0-32 > 0.0.0.0/0",
	    "b2- 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "a", WG_ROUTE_ACCEPTED },
	{ "... and may have the default alone",
	  { "a1 0.0.0.0/0-0 > 0.0.0.0/0",
	    "b2- 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED },
	{ "IPv6 through a hub",
	  { "a1", "b2 2001:db8::/32-64 > 2001:db8:1::/48" },
	  "2001:db8:1:2::/64", "a1", "b", WG_ROUTE_UNCERTIFIED },

	/* 2b and what else there is */
	{ "a static beats it", { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "c", WG_ROUTE_SHADOWED, .claims = "c" },
	{ "a martian is nobody's", { "a1", "b2 0.0.0.0/0-32 > 127.0.0.0/8" },
	  "127.1.0.0/16", "a1", "", WG_ROUTE_MARTIAN },
	{ "its prefix-list holds", { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED, .denied = "b" },
	{ "its prefix-list holds, and no other is asked",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16",
	    "c3 10.0.0.0/8-16 > 10.0.0.0/8" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED, .denied = "b" },
	{ "its maximum holds",
	  { "a1", "b2 10.1.0.0/16-16 172.16.0.0/12-12 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_UNCERTIFIED, .full = "b" },
	{ "nobody's next hop is denied by no certificate",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16", "x1",
	  "", WG_ROUTE_NO_PEER },
	{ "nor is one that is shut down",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16", "a1",
	  "", WG_ROUTE_PEER_DOWN, .shutdown = "a" },
	{ "nor by a prefix-list", { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" },
	  "10.1.0.0/16", "a1", "", WG_ROUTE_DENIED, .denied = "a" },
	{ "one by a prefix-list, one by its certificate",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16", "c3" }, "10.1.0.0/16",
	  "a1 c1", "b", WG_ROUTE_UNCERTIFIED, .denied = "a" },
	{ "one by its certificate, one certified and full",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16",
	    "c3 10.1.0.0/16-16 172.16.0.0/12-12" },
	  "10.1.0.0/16", "a1 c1", "", WG_ROUTE_OVER_MAXIMUM, .full = "c" },
	{ "one by its certificate, one no member and full",
	  { "a1", "b2 10.1.0.0/16-16 > 10.1.0.0/16" }, "10.1.0.0/16",
	  "a1 c1", "", WG_ROUTE_OVER_MAXIMUM, .full = "c" },
};

static bool is_in(const char *set, char c)
{
	return set && strchr(set, c);
}

static bool deny(const void *arg, const struct wg_prefix *p)
{
	(void)arg;
	(void)p;
	return false;
}

static void configure(const struct cert_case *c)
{
	struct wg_prefix p = prefix(c->prefix);
	char name;

	for (name = 'a'; name <= 'd'; name++) {
		struct wg_peer *peer = peer_of(name);
		struct wg_filter filter = {deny, NULL};

		wg_peer_set_shutdown(peer, is_in(c->shutdown, name));
		if (is_in(c->down, name))
			wg_peer_set_liveness(peer, WG_PEER_DOWN);
		if (is_in(c->denied, name))
			wg_peer_set_filter(peer, AF_INET, filter);
		if (is_in(c->claims, name))
			assert_int_equal(wg_peer_add_static(peer, &p, NULL), 0);
		if (is_in(c->full, name)) {
			wg_peer_set_maximum(peer, 1);
			route_by("172.16.0.0/12", (char[]){name, '1', 0});
		}
	}
}

static void tell_all(const struct cert_case *c)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (c->mesh[i] && *c->mesh[i])
			mesh_tell(c->mesh[i]);
}

static void judge(const struct cert_case *c)
{
	struct wg_entry e;

	wg_core_settle(core);
	wg_check_dev(dev);
	e = entry(c->prefix);
	assert_true(e.has_route);
	assert_string_equal(wg_verdict_str(e.verdict),
			    wg_verdict_str(c->verdict));
	assert_string_equal(e.decided ? wg_peer_name(e.decided) : "",
			    c->owner);
}

/* The order of what is told decides nothing. */
static void test_cases(void **state)
{
	unsigned order;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (order = 0; order < 3; order++) {
			const struct cert_case *c = &cases[i];

			if (order == 0)
				print_message("# %s\n", c->name);
			setup(NULL);
			peers_new(4);
			if (order == 0)
				tell_all(c);
			configure(c);
			if (order < 2)
				wg_core_settle(core);
			route_by(c->prefix, c->nexthops);
			if (order == 2)
				wg_core_settle(core);
			if (order > 0)
				tell_all(c);
			judge(c);
			/* told once more: nothing changes */
			tell_all(c);
			judge(c);
			teardown(NULL);
		}
}

static void test_word(void **state)
{
	(void)state;
	assert_string_equal(wg_verdict_str(WG_ROUTE_UNCERTIFIED),
			    "denied-by-certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
