/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's forwarding decision, in a network namespace of the test's own:
 * a table of routes and what is answered for addresses under them.
 */
#include "lib/backend/wg_fib.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool have_ns;

static const char *const commands[] = {
	"ip link add one type veth peer name two",
	"ip link set lo up",
	"ip link set two up",
	"ip link set one mtu 1400 up",
	"ip addr add 192.0.2.1/24 dev one",
	"ip addr add 2001:db8::1/64 dev one nodad",
	"ip route add 198.51.100.0/24 via 192.0.2.9",
	"ip route add 198.51.100.128/25 via 192.0.2.9 mtu 1300",
	"ip route add 203.0.113.0/28 via inet6 2001:db8::9 dev one",
	"ip route add 2001:db8:1::/48 via 2001:db8::9",
	"ip route add unreachable 203.0.113.16/28",
	"ip route add prohibit 203.0.113.32/28",
	"ip route add blackhole 203.0.113.48/28",
	"ip -6 route add blackhole 2001:db8:2::/48",
	"ip route add 203.0.113.128/25 via 192.0.2.8 table 77",
	"ip rule add fwmark 5 table 77",
};

static const struct {
	const char *addr;
	uint32_t mark;
	int error;
	bool local;
	const char *gateway; /* NULL: on link */
	uint32_t mtu;
} cases[] = {
	{"192.0.2.7", 0, 0, false, NULL, 1400},
	{"198.51.100.1", 0, 0, false, "192.0.2.9", 1400},
	{"198.51.100.200", 0, 0, false, "192.0.2.9", 1300},
	{"203.0.113.1", 0, 0, false, "2001:db8::9", 1400},
	{"2001:db8::7", 0, 0, false, NULL, 1400},
	{"2001:db8:1::1", 0, 0, false, "2001:db8::9", 1400},
	{"192.0.2.1", 0, 0, true, NULL, 0},
	{"2001:db8::1", 0, 0, true, NULL, 0},
	{"203.0.113.17", 0, -ENETUNREACH, false, NULL, 0},
	{"203.0.113.33", 0, -ENETUNREACH, false, NULL, 0},
	{"203.0.113.49", 0, -ENETUNREACH, false, NULL, 0},
	{"203.0.113.65", 0, -ENETUNREACH, false, NULL, 0},
	{"2001:db8:2::1", 0, -ENETUNREACH, false, NULL, 0},
	{"2001:db8:3::1", 0, -ENETUNREACH, false, NULL, 0},
	{"203.0.113.129", 0, -ENETUNREACH, false, NULL, 0},
	{"203.0.113.129", 5, 0, false, "192.0.2.8", 1400},
};

static void test_ways(void **state)
{
	char gateway[WG_ADDR_STRLEN];

	if (!have_ns) {
		print_message("SKIP: no network namespace: root?\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wg_fib_query q = {.mark = cases[i].mark};
		struct wg_fib fib = {.ifindex = 4711};
		int error;

		assert_int_equal(wg_addr_parse(cases[i].addr, &q.addr), 0);
		error = wg_fib_get(&q, &fib);
		if (error != cases[i].error)
			fail_msg("%s mark %u: %d", cases[i].addr, q.mark,
				 error);
		if (error) {
			assert_int_equal(fib.ifindex, 4711);
			continue;
		}
		if (fib.local != cases[i].local)
			fail_msg("%s: local is %d", cases[i].addr, fib.local);
		if (fib.local)
			continue;
		assert_string_equal(fib.ifname, "one");
		assert_int_equal(fib.ifindex, if_nametoindex("one"));
		assert_int_equal(fib.mtu, cases[i].mtu);
		assert_int_equal(!!cases[i].gateway, !!fib.gateway.family);
		if (cases[i].gateway)
			assert_string_equal(wg_addr_str(&fib.gateway, gateway),
					    cases[i].gateway);
	}
}

/* A VRF's table, and that of the default VRF, for one address. */
static void test_vrf(void **state)
{
	struct wg_fib_query q = {.vrf = 0};
	struct wg_fib fib;

	if (!have_ns || system("ip link add red type vrf table 78 2>&-") != 0) {
		print_message("SKIP: no VRFs here\n");
		skip();
	}
	assert_int_equal(system("ip link add three type veth peer name four;"
				"ip link set three master red up;"
				"ip link set four up; ip link set red up;"
				"ip addr add 192.0.2.65/26 dev three"),
			 0);
	assert_int_equal(wg_addr_parse("192.0.2.70", &q.addr), 0);
	assert_int_equal(wg_fib_get(&q, &fib), 0);
	assert_string_equal(fib.ifname, "one");
	q.vrf = if_nametoindex("red");
	assert_int_equal(wg_fib_get(&q, &fib), 0);
	assert_string_equal(fib.ifname, "three");
}

/* IPv4 has a switch for each link, IPv6 one for all. */
static void test_forwards(void **state)
{
	bool does;

	if (!have_ns) {
		print_message("SKIP: no network namespace: root?\n");
		skip();
	}
	assert_int_equal(system("sysctl -qw net.ipv4.conf.one.forwarding=1"
				" net.ipv4.conf.two.forwarding=0"
				" net.ipv6.conf.all.forwarding=0"),
			 0);
	assert_int_equal(
		wg_fib_forwards(if_nametoindex("one"), AF_INET, &does), 0);
	assert_true(does);
	assert_int_equal(
		wg_fib_forwards(if_nametoindex("two"), AF_INET, &does), 0);
	assert_false(does);
	assert_int_equal(
		wg_fib_forwards(if_nametoindex("one"), AF_INET6, &does), 0);
	assert_false(does);
	assert_int_equal(system("sysctl -qw net.ipv6.conf.all.forwarding=1"),
			 0);
	assert_int_equal(
		wg_fib_forwards(if_nametoindex("two"), AF_INET6, &does), 0);
	assert_true(does);
	assert_true(wg_fib_forwards(4711, AF_INET, &does) < 0);
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) != 0)
		return 0;
	have_ns = true;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]) != 0) {
			print_message("failed: %s\n", commands[i]);
			return -1;
		}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_vrf),
		cmocka_unit_test(test_forwards),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
