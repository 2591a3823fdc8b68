/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay: addresses, what belongs to which peer, what is planned for a role,
 * and where a peer's endpoint may be.
 */
#include "lib/core/wg_relay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/core/tests/text.h"

static const uint8_t hash[WG_RELAY_HASH_LEN] = {0x6d, 0x65, 0x73, 0x68, 0x01};
static const struct wg_relay_place place = {.pref = 480, .table = 30568};

/* A site, member 7, with the hubs 1 and 3; and the hub 3, member 9. */
static const struct wg_relay site = {
	.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
	.hubs = 5,
	.member = 7,
	.mtu = 1340,
	.ifindex = 4,
	.ifname = "wg0",
};
static const struct wg_relay hub = {
	.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
	.hub = 3,
	.hubs = 5,
	.member = 9,
	.mtu = 1340,
	.ifindex = 4,
	.ifname = "wg0",
};

static void test_addresses(void **state)
{
	static const struct {
		uint8_t hub;
		uint32_t member;
		const char *addr;
	} cases[] = {
		{1, 1, "fd6d:6573:6801:1::1"},
		{8, 0xffffffff, "fd6d:6573:6801:8::ffff:ffff"},
		{3, 0x01020304, "fd6d:6573:6801:3::102:304"},
	};
	char text[WG_PREFIX_STRLEN];
	struct wg_prefix p;
	struct wg_addr a;
	uint32_t member;
	uint8_t h;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = wg_relay_addr(hash, cases[i].hub, cases[i].member);
		assert_string_equal(wg_addr_str(&a, text), cases[i].addr);
		assert_true(wg_relay_is_inside(hash, &a));
		h = member = 0;
		assert_int_equal(wg_relay_find(hash, &a, &h, &member), 0);
		assert_int_equal(h, cases[i].hub);
		assert_int_equal(member, cases[i].member);
	}
	p = wg_relay_net(hash);
	assert_string_equal(wg_prefix_str(&p, text), "fd6d:6573:6801::/48");
	p = wg_relay_hub(hash, 3);
	assert_string_equal(wg_prefix_str(&p, text), "fd6d:6573:6801:3::/64");
}

/* In RELAY but nobody's, and outside. */
static void test_not_addresses(void **state)
{
	static const struct {
		const char *addr;
		bool inside;
	} cases[] = {
		{"fd6d:6573:6801::1", true},
		{"fd6d:6573:6801:9::1", true},
		{"fd6d:6573:6801:101::1", true},
		{"fd6d:6573:6801:1::", true},
		{"fd6d:6573:6801:1:0:1::1", true},
		{"fd6d:6573:6801:1:8000::1", true},
		{"fd6d:6573:6802:1::1", false},
		{"fc6d:6573:6801:1::1", false},
		{"2001:db8::1", false},
		{"::", false},
		{"10.99.0.7", false},
	};
	uint32_t member = 77;
	struct wg_addr a;
	uint8_t h = 66;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = addr_of(cases[i].addr);
		if (wg_relay_is_inside(hash, &a) != cases[i].inside ||
		    wg_relay_find(hash, &a, &h, &member) != -EINVAL)
			fail_msg("%s", cases[i].addr);
	}
	memset(&a, 0, sizeof(a));
	assert_false(wg_relay_is_inside(hash, &a));
	/* of another family, with the same bytes */
	a = wg_relay_addr(hash, 1, 1);
	a.family = AF_INET;
	assert_false(wg_relay_is_inside(hash, &a));
	assert_int_equal(wg_relay_find(hash, &a, &h, &member), -EINVAL);
	assert_int_equal(h, 66);
	assert_int_equal(member, 77);
}

static void test_allowed(void **state)
{
	static const struct wg_relay_peer hubs = {.hub = 3, .member = 9},
					  sites = {.member = 7};
	static const struct {
		const struct wg_relay *own;
		const struct wg_relay_peer *peer;
		const char *what; /* NULL: nothing */
	} cases[] = {
		{&site, &hubs, "fd6d:6573:6801:3::/64"},
		{&site, &sites, NULL},
		{&hub, &sites, "fd6d:6573:6801:3::7"},
		{&hub, &hubs, NULL},
	};
	struct wg_prefix p, want;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool there = wg_relay_allowed(cases[i].own, cases[i].peer, &p);

		assert_int_equal(there, cases[i].what != NULL);
		if (!there)
			continue;
		want = prefix_of(cases[i].what);
		assert_true(wg_prefix_same(&p, &want));
	}
}

/* --- the plan */

/* A rule as ip-rule(8) prints it. */
static const char *rule_str(const struct wg_rule *r)
{
	char from[WG_PREFIX_STRLEN], to[WG_PREFIX_STRLEN];
	static char text[256];
	int n;

	assert_int_equal(r->family, AF_INET6);
	n = snprintf(text, sizeof(text), "%u: from %s", r->pref,
		     r->from.family ? wg_prefix_str(&r->from, from) : "all");
	if (r->to.family)
		n += snprintf(text + n, sizeof(text) - n, " to %s",
			      wg_prefix_str(&r->to, to));
	if (r->iif[0])
		n += snprintf(text + n, sizeof(text) - n, " iif %s", r->iif);
	if (r->table)
		snprintf(text + n, sizeof(text) - n, " lookup %u", r->table);
	else
		snprintf(text + n, sizeof(text) - n, " %s",
			 r->prohibit ? "prohibit" : "unreachable");
	return text;
}

static const char *route_str(const struct wg_relay_route *r)
{
	char prefix[WG_PREFIX_STRLEN], source[WG_ADDR_STRLEN];
	static char text[256];

	snprintf(text, sizeof(text), "%s src %s mtu lock %u",
		 wg_prefix_str(&r->prefix, prefix),
		 wg_addr_str(&r->source, source), r->mtu);
	return text;
}

static void plan_is(const struct wg_relay *own, const char *const *rules,
		    const char *const *routes)
{
	struct wg_relay_plan p, again;
	size_t i;

	memset(&p, 0x55, sizeof(p));
	memset(&again, 0xaa, sizeof(again));
	assert_int_equal(wg_relay_plan(own, &place, &p), 0);
	assert_int_equal(wg_relay_plan(own, &place, &again), 0);
	assert_memory_equal(&p, &again, sizeof(p));
	for (i = 0; i < p.n_rules; i++) {
		assert_string_equal(rule_str(&p.rules[i]), rules[i]);
		if (i)
			assert_true(wg_rule_cmp(&p.rules[i - 1], &p.rules[i]) <
				    0);
	}
	assert_null(rules[i]);
	for (i = 0; i < p.n_routes; i++)
		assert_string_equal(route_str(&p.routes[i]), routes[i]);
	assert_null(routes[i]);
	assert_int_equal(p.table, 30568);
	assert_int_equal(p.ifindex, own->ifindex);
}

static void test_plan(void **state)
{
	static const char *const of_site[] = {
		"490: from all to fd6d:6573:6801::/48 prohibit",
		"491: from fd6d:6573:6801::/48 iif wg0 prohibit",
		"480: from all to fd6d:6573:6801::/48 iif lo lookup 30568",
		NULL,
	};
	static const char *const of_hub[] = {
		"490: from all to fd6d:6573:6801::/48 prohibit",
		"491: from fd6d:6573:6801::/48 iif wg0 prohibit",
		"481: from fd6d:6573:6801::/48 to fd6d:6573:6801::/48 iif wg0 lookup 30568",
		NULL,
	};
	static const char *const site_routes[] = {
		"fd6d:6573:6801:1::/64 src fd6d:6573:6801:1::7 mtu lock 1420",
		"fd6d:6573:6801:3::/64 src fd6d:6573:6801:3::7 mtu lock 1420",
		NULL,
	};
	static const char *const hub_routes[] = {
		"fd6d:6573:6801:3::/64 src none mtu lock 9000",
		NULL,
	};
	static const char *const none[] = {NULL};
	struct wg_relay other;

	plan_is(&site, of_site, site_routes);
	plan_is(&hub, of_hub, hub_routes);
	/* before the device is there, and a site without hubs */
	other = site;
	other.ifindex = 0;
	plan_is(&other, of_site, none);
	other = hub;
	other.ifindex = 0;
	plan_is(&other, of_hub, none);
	other = site;
	other.hubs = 0;
	plan_is(&other, of_site, none);
}

static void test_no_plan(void **state)
{
	struct wg_relay_place no_table = {.pref = 480};
	struct wg_relay_plan p, before;
	struct wg_relay own[6] = {site, site, site, site, hub, site};
	size_t i;

	memset(&before, 0x55, sizeof(before));
	p = before;
	own[0].member = 0;
	own[1].ifname[0] = '\0';
	strcpy(own[2].ifname, "lo");
	memset(own[3].ifname, 'x', sizeof(own[3].ifname));
	own[4].hub = 9;
	own[5].mtu = 1279;
	for (i = 0; i < 6; i++)
		assert_int_equal(wg_relay_plan(&own[i], &place, &p),
				 i < 5 ? -EINVAL : -ERANGE);
	assert_int_equal(wg_relay_plan(&site, &no_table, &p), -EINVAL);
	assert_memory_equal(&p, &before, sizeof(p));
}

/* --- endpoints */

static struct wg_endpoint at(const char *addr, uint16_t port)
{
	return (struct wg_endpoint){.addr = addr_of(addr), .port = port};
}

static void test_endpoints(void **state)
{
	const struct wg_endpoint published[] = {at("198.51.100.1", 51820),
						at("2001:db8::1", 51820)};
	const struct wg_endpoint proven[] = {
		at("192.0.2.9", 4242),
		/* a hub lies, or a probe was answered there: it never counts */
		at("fd6d:6573:6801:1::8", 9),
	};
	const struct wg_relay_peer to[2] = {
		{.member = 8, .port = 51820, .proven = proven, .n_proven = 2,
		 .published = published, .n_published = 2},
		{.hub = 1, .member = 9, .port = 51820, .published = published,
		 .n_published = 2, .proven = proven, .n_proven = 2},
	};
	enum {
		NONE = WG_RELAY_AT_NONE,
		RELAY = WG_RELAY_AT_RELAY,
		PUB = WG_RELAY_AT_PUBLISHED,
		PROVEN = WG_RELAY_AT_PROVEN,
		ROAMED = WG_RELAY_AT_ROAMED,
		BAD = WG_RELAY_AT_STRANGE,
	};
	/* of a site's peers: site, hub; of a hub's: site, hub */
	static const struct {
		const char *addr;
		uint16_t port;
		int is[4];
	} cases[] = {
		{"fd6d:6573:6801:1::8", 51820, {RELAY, BAD, BAD, BAD}},
		{"fd6d:6573:6801:3::8", 51820, {RELAY, BAD, BAD, BAD}},
		/* another port, no such hub, another member, our own */
		{"fd6d:6573:6801:1::8", 9, {BAD, BAD, BAD, BAD}},
		{"fd6d:6573:6801:2::8", 51820, {BAD, BAD, BAD, BAD}},
		{"fd6d:6573:6801:1::6", 51820, {BAD, BAD, BAD, BAD}},
		{"fd6d:6573:6801:1::7", 51820, {BAD, BAD, BAD, BAD}},
		{"fd6d:6573:6801:1::9", 51820, {BAD, BAD, BAD, BAD}},
		{"fd6d:6573:6801::8", 51820, {BAD, BAD, BAD, BAD}},
		/* what a site publishes is a candidate, and not more */
		{"198.51.100.1", 51820, {BAD, PUB, ROAMED, PUB}},
		{"2001:db8::1", 51820, {BAD, PUB, ROAMED, PUB}},
		{"198.51.100.1", 51821, {BAD, BAD, ROAMED, BAD}},
		{"192.0.2.9", 4242, {PROVEN, PROVEN, PROVEN, PROVEN}},
		{"192.0.2.9", 4243, {BAD, BAD, ROAMED, BAD}},
		{"203.0.113.1", 51820, {BAD, BAD, ROAMED, BAD}},
	};
	const struct wg_relay *own[2] = {&site, &hub};
	struct wg_endpoint e = {.port = 0};
	size_t i, k;

	for (k = 0; k < 4; k++)
		assert_int_equal(wg_relay_at(own[k / 2], &to[k % 2], &e), NONE);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (k = 0; k < 4; k++) {
			e = at(cases[i].addr, cases[i].port);
			if ((int)wg_relay_at(own[k / 2], &to[k % 2], &e) !=
			    cases[i].is[k])
				fail_msg("%s port %u, %zu: %s", cases[i].addr,
					 cases[i].port, k,
					 wg_relay_at_str(wg_relay_at(
						 own[k / 2], &to[k % 2], &e)));
		}
	/* a scope is nothing that a relay address has */
	e = at("fd6d:6573:6801:1::8", 51820);
	e.scope = 4;
	assert_int_equal(wg_relay_at(&site, &to[0], &e), BAD);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_not_addresses),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_no_plan),
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
