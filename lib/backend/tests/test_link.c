/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, in a network namespace of the test's own.  Where the kernel has no
 * WireGuard a veth stands in for the device, and making one must say so.
 */
#include "lib/backend/wg_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static bool have_ns;
static char test_link[WG_IFNAME_LEN];

#define NEEDS_NS()                                                             \
	do {                                                                   \
		if (!have_ns) {                                                \
			print_message("SKIP: no network namespace: root?\n"); \
			skip();                                                \
		}                                                              \
	} while (0)

/* Does a command succeed? */
static bool run(const char *fmt, ...)
{
	char command[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

static void test_create(void **state)
{
	struct wg_link link;
	int ret;

	NEEDS_NS();
	ret = wg_link_create("wgtest0");
	if (ret == -EOPNOTSUPP) {
		assert_int_equal(wg_link_get("wgtest0", &link), -ENODEV);
		print_message("SKIP: this kernel has no WireGuard\n");
		skip();
	}
	assert_int_equal(ret, 0);
	assert_int_equal(wg_link_create("wgtest0"), -EEXIST);
	assert_int_equal(wg_link_get("wgtest0", &link), 0);
	assert_true(link.wireguard);
	assert_true(link.ours);
	assert_false(link.flags & IFF_UP);
	assert_int_equal(link.ifindex, if_nametoindex("wgtest0"));
	assert_int_equal(wg_link_delete(link.ifindex), 0);
	assert_int_equal(wg_link_delete(link.ifindex), -ENODEV);
}

static void test_rename(void **state)
{
	struct wg_link link, other;

	NEEDS_NS();
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_string_equal(link.name, test_link);
	assert_true(run("ip link set %s up", test_link));
	assert_int_equal(wg_link_rename(link.ifindex, "wgother"), 0);
	assert_int_equal(wg_link_get(test_link, &other), -ENODEV);
	assert_int_equal(wg_link_get_index(link.ifindex, &other), 0);
	assert_string_equal(other.name, "wgother");
	assert_true(other.flags & IFF_UP);
	assert_int_equal(wg_link_rename(link.ifindex, "wgveth1"), -EEXIST);
	assert_int_equal(wg_link_rename(link.ifindex, test_link), 0);
	assert_int_equal(wg_link_get(test_link, &other), 0);
	assert_int_equal(other.ifindex, link.ifindex);
	assert_true(other.flags & IFF_UP);
	assert_true(run("ip link set %s down", test_link));
}

static void test_vrf(void **state)
{
	struct wg_link link, vrf;

	NEEDS_NS();
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.vrf, 0);
	if (!run("ip link add red type vrf table 1001 2>/dev/null")) {
		print_message("SKIP: this kernel has no VRFs\n");
		skip();
	}
	assert_int_equal(wg_link_get("red", &vrf), 0);
	assert_int_equal(vrf.vrf, 0);
	assert_int_equal(wg_link_set_vrf(link.ifindex, vrf.ifindex), 0);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.vrf, vrf.ifindex);
	assert_int_equal(wg_link_set_vrf(link.ifindex, 0), 0);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.vrf, 0);
	assert_int_not_equal(wg_link_set_vrf(link.ifindex, 4711), 0);
}

/* A master of another kind is no VRF. */
static void test_bridge(void **state)
{
	struct wg_link link, bridge;

	NEEDS_NS();
	if (!run("ip link add wgbr0 type bridge 2>/dev/null")) {
		print_message("SKIP: this kernel has no bridges\n");
		skip();
	}
	assert_int_equal(wg_link_get("wgbr0", &bridge), 0);
	assert_true(run("ip link set %s master wgbr0", test_link));
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.vrf, 0);
	assert_true(run("ip link del wgbr0"));
}

static void test_bad(void **state)
{
	struct wg_addr ll = { .family = AF_INET6, .b = { 0xfe, 0x80 } };
	struct wg_link link = { .ifindex = 77 };

	NEEDS_NS();
	assert_int_equal(wg_link_get("absent", &link), -ENODEV);
	assert_int_equal(link.ifindex, 77);
	assert_int_equal(wg_link_get("", &link), -EINVAL);
	assert_int_equal(wg_link_get("a-name-of-16-chr", &link), -EINVAL);
	assert_int_equal(wg_link_create("a-name-of-16-chr"), -EINVAL);
	for (unsigned i = 0; i <= 4711; i += 4711) {
		assert_int_equal(wg_link_delete(i), -ENODEV);
		assert_int_equal(wg_link_mark(i), -ENODEV);
		assert_int_equal(wg_link_get_index(i, &link), -ENODEV);
		assert_int_equal(wg_link_rename(i, "other"), -ENODEV);
		assert_int_equal(wg_link_set_vrf(i, 0), -ENODEV);
		assert_int_equal(wg_link_setup(i, 1420, true), -ENODEV);
		assert_int_equal(wg_link_set_linklocal(i, &ll), -ENODEV);
	}
}

static void test_mark(void **state)
{
	struct wg_link link;

	NEEDS_NS();
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_false(link.ours);
	assert_false(link.wireguard);
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(wg_link_mark(link.ifindex), 0);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_true(link.ours);
	assert_true(run("ip link set %s alias somebody", test_link));
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_false(link.ours);
}

static void test_setup(void **state)
{
	struct wg_link link;

	NEEDS_NS();
	assert_true(run("ip link set %s multicast off", test_link));
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_false(link.flags & (IFF_UP | IFF_MULTICAST));

	assert_int_equal(wg_link_setup(link.ifindex, 1412, true), 0);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.mtu, 1412);
	assert_true(link.flags & IFF_UP);
	assert_true(link.flags & IFF_MULTICAST);
	/* It came up without an address of the kernel's own. */
	assert_true(run("ip -d link show %s | grep -q 'addrgenmode none'",
			test_link));
	assert_false(run("ip -6 addr show dev %s | grep -q fe80", test_link));

	assert_int_equal(wg_link_setup(link.ifindex, 0, false), 0);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(link.mtu, 1412);
	assert_false(link.flags & IFF_UP);
	assert_int_equal(wg_link_setup(link.ifindex, 0, true), 0);
	/* An MTU that the device cannot have. */
	assert_int_equal(wg_link_setup(link.ifindex, 1000000, true), -EINVAL);
}

/* `ip` sees exactly these words for our addresses, in any order. */
static unsigned count(const char *pattern)
{
	char command[256];
	unsigned n = 0;
	FILE *f;

	snprintf(command, sizeof(command),
		 "ip -6 addr show dev %s | grep -c '%s'", test_link, pattern);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

static void test_linklocal(void **state)
{
	struct wg_addr ll = { .family = AF_INET6 };
	struct wg_link link;

	NEEDS_NS();
	assert_int_equal(inet_pton(AF_INET6, "fe80::1234:5678:9abc:def0",
				   ll.b),
			 1);
	assert_int_equal(wg_link_get(test_link, &link), 0);
	assert_int_equal(wg_link_setup(link.ifindex, 0, true), 0);
	assert_true(run("ip addr add fe80::1/64 dev %s", test_link));
	assert_true(run("ip addr add fe80::2/128 dev %s", test_link));
	assert_true(run("ip addr add fe80:0:0:1::3/64 dev %s scope link",
			test_link));
	assert_true(run("ip addr add 2001:db8::1/64 dev %s", test_link));
	assert_true(run("ip addr add fe80::1234:5678:9abc:def0/128 dev %s",
			test_link));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wg_link_set_linklocal(link.ifindex, &ll), 0);
		assert_int_equal(count("fe80::1234:5678:9abc:def0/64 scope "
				       "link"), 1);
		assert_int_equal(count("fe80::"), 1);
		/* What is not in fe80::/64 is not ours to judge. */
		assert_int_equal(count("fe80:0:0:1::3/64"), 1);
		assert_int_equal(count("2001:db8::1/64"), 1);
		assert_int_equal(count("noprefixroute\\|tentative.*def0"), 0);
	}
	assert_true(run("ip -6 route show dev %s | grep -q '^fe80::/64'",
			test_link));
	/* The same address without its route is put right. */
	assert_true(run("ip addr del fe80::1234:5678:9abc:def0/64 dev %s",
			test_link));
	assert_true(run("ip addr add fe80::1234:5678:9abc:def0/64 dev %s "
			"noprefixroute", test_link));
	assert_int_equal(wg_link_set_linklocal(link.ifindex, &ll), 0);
	assert_int_equal(count("fe80::1234:5678:9abc:def0/64 scope link"), 1);
	assert_int_equal(count("noprefixroute"), 0);
	assert_true(run("ip -6 route show dev %s | grep -q '^fe80::/64'",
			test_link));
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) != 0)
		return 0;
	have_ns = run("ip link add wgveth0 type veth peer name wgveth1 && "
		      "ip link set wgveth1 up");
	snprintf(test_link, sizeof(test_link), "wgveth0");
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_vrf),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_linklocal),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
