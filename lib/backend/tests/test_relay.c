/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of a mesh in a kernel: in a network namespace of the test's own,
 * what the kernel has and where it sends is looked at with ip(8).
 */
#include "lib/backend/wg_policy.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/core/tests/text.h"

#define NET "fd6d:6573:6801"

static struct wg_policy_bus *bus;

static const char *const commands[] = {
	"ip link set lo up",
	"ip link add wg0 type veth peer name wg1",
	"ip link add under type veth peer name far",
	"for i in wg0 wg1 under far; do ip link set $i addrgenmode none; done",
	"ip link set wg0 mtu 1340",
	"for i in wg0 wg1 under far; do ip link set $i up; done",
	"sysctl -qw net.ipv6.conf.all.forwarding=1",
	"ip addr add fd99::7/64 dev wg0 nodad",
	"ip addr add 2001:db8::7/64 dev under nodad",
	"ip -6 route add default via 2001:db8::9",
	/* somebody leads the relay outside */
	"ip -6 route add " NET "::/48 via 2001:db8::9",
};

static const struct wg_relay_place place = {.pref = 480, .table = 30568};

static struct wg_relay role(uint8_t hub)
{
	return (struct wg_relay){
		.hash = {0x6d, 0x65, 0x73, 0x68, 0x01},
		.hub = hub,
		.hubs = 5,
		.member = 7,
		.mtu = 1340,
		.ifindex = if_nametoindex("wg0"),
		.ifname = "wg0",
	};
}

static struct wg_relay_plan plan_of(const struct wg_relay *own)
{
	struct wg_relay_plan plan;

	assert_int_equal(wg_relay_plan(own, &place, &plan), 0);
	return plan;
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* The command's lines, without spaces at their ends. */
static void says(const char *command, const char *want)
{
	char got[4096];
	size_t n, to = 0, i;
	FILE *f = popen(command, "r");

	assert_non_null(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	pclose(f);
	for (i = 0; i < n; i++) {
		if (got[i] == '\n')
			while (to && got[to - 1] == ' ')
				to--;
		got[to++] = got[i];
	}
	got[to] = '\0';
	if (strcmp(got, want))
		fail_msg("%s:\n%s\ninstead of\n%s", command, got, want);
}

static void set_rules(const struct wg_relay_plan *plan, bool there)
{
	size_t i, k;

	for (i = 0; i < plan->n_rules; i++) {
		k = there ? i : plan->n_rules - 1 - i;
		assert_int_equal(
			wg_policy_set_rule(bus, &plan->rules[k], there), 0);
	}
}

static void set(const struct wg_relay_plan *plan)
{
	set_rules(plan, true);
	assert_int_equal(wg_policy_set_relay(bus, plan), 0);
}

/* Nothing of it is left; somebody else's is. */
static void clear(struct wg_relay_plan plan)
{
	plan.n_routes = 0;
	assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
	set_rules(&plan, false);
	says("ip -6 rule show; ip -6 route show table 30568 2>/dev/null;"
	     " ip -6 addr show to " NET "::/48",
	     "0:	from all lookup local\n"
	     "32766:	from all lookup main\n");
	run("ip -6 route show " NET "::/48 | grep -q under");
}

#define ROUTES "ip -6 route show table 30568 2>/dev/null"
#define RULES "ip -6 rule show | grep proto"
#define ADDRS "ip -6 -o addr show to " NET "::/48 | tr -s ' ' | sed 's/\\\\//g'"

#define SITE_ROUTES                                                            \
	NET ":1::/64 dev wg0 proto 87 src " NET                                \
	    ":1::7 metric 1024 mtu lock 1420 pref medium\n" NET                \
	    ":3::/64 dev wg0 proto 87 src " NET                                \
	    ":3::7 metric 1024 mtu lock 1420 pref medium\n"
#define SITE_ADDRS                                                             \
	"ip -6 -o addr show to " NET                                           \
	"::/48 | wc -l;"                                                       \
	" ip -6 -o addr show dev wg0 to " NET                                  \
	":1::7/128 deprecated |"                                               \
	" grep -c '7/128.*nodad.*valid_lft forever preferred_lft 0sec';"       \
	" ip -6 -o addr show dev wg0 to " NET                                  \
	":3::7/128 deprecated |"                                               \
	" grep -c '7/128.*nodad.*valid_lft forever preferred_lft 0sec'"

static void test_site(void **state)
{
	struct wg_relay own = role(0);
	struct wg_relay_plan plan;

	if (!bus)
		skip();
	plan = plan_of(&own);
	set(&plan);
	says("ip -6 rule show",
	     "0:	from all lookup local\n"
	     "480:	from all to " NET
	     "::/48 iif lo lookup 30568 proto 87\n"
	     "490:	from all to " NET
	     "::/48 prohibit proto 87\n"
	     "491:	from " NET
	     "::/48 iif wg0 prohibit proto 87\n"
	     "32766:	from all lookup main\n");
	says(ROUTES, SITE_ROUTES);
	says(SITE_ADDRS, "2\n1\n1\n");

	/* to another site: whole, from the relay address, with any mark */
	run("ip -6 route get " NET ":1::8 | grep -q 'dev wg0.*src " NET
	    ":1::7.*mtu lock 1420'");
	run("ip -6 route get " NET
	    ":3::8 mark 0x77670000 |"
	    " grep -q 'dev wg0.*src " NET ":3::7'");
	/* no such hub: not by the route of the main table */
	run("! ip -6 route get " NET ":2::8 2>/dev/null");
	/* from behind, and out of the tunnel */
	run("! ip -6 route get " NET
	    ":1::8 from 2001:db8::1 iif under 2>/dev/null");
	run("! ip -6 route get " NET ":1::8 from " NET
	    ":1::9 iif wg0 2>/dev/null");
	run("! ip -6 route get 2001:db8:1::1 from " NET
	    ":1::9 iif wg0 2>/dev/null");
	run("ip -6 route get 2001:db8:1::1 from fd99::8 iif wg0 | grep -q under");
	/* it is nobody else's source */
	run("ip -6 route get fd99::8 | grep -q 'src fd99::7'");
	clear(plan);
}

static void test_hub(void **state)
{
	struct wg_relay own = role(3);
	struct wg_relay_plan plan;

	if (!bus)
		skip();
	plan = plan_of(&own);
	set(&plan);
	says(RULES, "481:	from " NET "::/48 to " NET
		    "::/48 iif wg0 lookup 30568 proto 87\n"
		    "490:	from all to " NET
		    "::/48 prohibit proto 87\n"
		    "491:	from " NET "::/48 iif wg0 prohibit proto 87\n");
	says(ROUTES, NET
	     ":3::/64 dev wg0 proto 87 metric 1024 mtu lock 9000"
	     " pref medium\n");
	says(ADDRS, "");
	run("ip -6 route get " NET ":3::8 from " NET
	    ":3::7 iif wg0 | grep -q 'dev wg0.*mtu lock 9000'");
	run("! ip -6 route get " NET ":3::8 from fd99::8 iif wg0 2>/dev/null");
	run("! ip -6 route get 2001:db8:1::1 from " NET
	    ":3::7 iif wg0 2>/dev/null");
	/* the hub itself: never, with WireGuard's mark neither */
	run("! ip -6 route get " NET ":3::8 2>/dev/null");
	run("! ip -6 route get " NET ":3::8 mark 0x77670000 2>/dev/null");
	clear(plan);
}

/* What somebody did, and what of it is there afterwards. */
static void test_repair(void **state)
{
	static const char *const harm[] = {
		"ip -6 addr del " NET ":1::7/128 dev wg0",
		/* the kernel takes the source from the route */
		"ip -6 addr del " NET
		":3::7/128 dev wg0;"
		" ip -6 route show table 30568 | grep -qv src",
		"ip -6 addr change " NET ":1::7/128 dev wg0",
		"ip -6 addr change " NET
		":1::7/128 dev wg0 valid_lft 900"
		" preferred_lft 0",
		"ip -6 addr del " NET
		":1::7/128 dev wg0 &&"
		" ip -6 addr add " NET ":1::7/64 dev wg0 nodad",
		"ip -6 addr del " NET
		":1::7/128 dev wg0 &&"
		" ip -6 addr add " NET ":1::7/64 dev wg0 nodad preferred_lft 0",
		"ip -6 route del " NET ":1::/64 table 30568",
		"ip -6 route replace " NET ":1::/64 dev wg0 table 30568",
		"ip -6 route replace " NET ":1::/64 dev wg0 src " NET
		":1::7 mtu 1420 table 30568 proto 87",
		"ip -6 route replace " NET ":1::/64 dev wg0 src " NET
		":1::7 mtu lock 1420 table 30568",
		"ip -6 route replace " NET
		":1::/64 via 2001:db8::9"
		" mtu lock 1420 table 30568 proto 87",
		"ip -6 route replace prohibit " NET ":1::/64 table 30568",
		"ip link set wg0 down && ip link set wg0 up &&"
		" ip addr add fd99::7/64 dev wg0 nodad",
		"sysctl -qw net.ipv6.conf.wg0.disable_ipv6=1"
		" net.ipv6.conf.wg0.disable_ipv6=0 &&"
		" ip addr add fd99::7/64 dev wg0 nodad",
	};
	struct wg_relay own = role(0);
	struct wg_relay_plan plan;
	struct pollfd told;
	size_t i;

	if (!bus)
		skip();
	told = (struct pollfd){.fd = wg_policy_fd(bus), .events = POLLIN};
	assert_int_equal(wg_policy_watch(bus, &place.table, 1), 0);
	plan = plan_of(&own);
	set(&plan);
	for (i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		run(harm[i]);
		assert_int_equal(wg_policy_set_relay(bus, &plan), 0);
		says(ROUTES, SITE_ROUTES);
		says(SITE_ADDRS, "2\n1\n1\n");
		/* as planned: nothing is written, our own hand is told, too */
		assert_int_equal(poll(&told, 1, 0), 1);
		wg_policy_drain(bus);
		assert_int_equal(wg_policy_set_relay(bus, &plan), 0);
		assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
		assert_int_equal(poll(&told, 1, 0), 0);
	}
	clear(plan);
}

/* Hubs go, numbers change, the device is another one: what is left over goes.
 */
static void test_trim(void **state)
{
	struct wg_relay own = role(0);
	struct wg_relay_plan plan, was;

	if (!bus)
		skip();
	plan = plan_of(&own);
	set(&plan);
	run("ip -6 addr add " NET ":4::7/128 dev under nodad");
	run("ip -6 addr add " NET ":4::7/64 dev wg0 nodad");
	/* others' in the table, and ours outside of RELAY */
	run("ip -6 route add " NET ":5::/64 dev wg0 table 30568");
	run("ip -6 route add fd00:1::/64 dev wg0 table 30568 proto 87");
	/* and of an earlier life in it */
	run("ip -6 route add " NET ":6::/64 dev wg0 table 30568 proto 87");
	was = plan;
	own.hubs = 1;
	plan = plan_of(&own);
	assert_int_equal(wg_policy_trim_relay(bus, &plan, &was), 0);
	says("ip -6 -o addr show to " NET
	     "::/48 | tr -s ' ' |"
	     " cut -d' ' -f2,4",
	     "wg0 " NET ":4::7/64\nwg0 " NET ":1::7/128\nunder " NET
	     ":4::7/128\n");
	says(ROUTES " | cut -d' ' -f1",
	     "fd00:1::/64\n" NET ":1::/64\n" NET ":5::/64\n" NET ":6::/64\n");
	assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
	says("ip -6 -o addr show to " NET
	     "::/48 | tr -s ' ' |"
	     " cut -d' ' -f2,4",
	     "wg0 " NET ":1::7/128\n");
	says(ROUTES " | cut -d' ' -f1",
	     "fd00:1::/64\n" NET ":1::/64\n" NET ":5::/64\n");
	run("ip -6 route flush table 30568");

	/* another member number */
	own.member = 8;
	plan = plan_of(&own);
	assert_int_equal(wg_policy_set_relay(bus, &plan), 0);
	assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
	says("ip -6 -o addr show to " NET
	     "::/48 | tr -s ' ' |"
	     " cut -d' ' -f2,4",
	     "wg0 " NET ":1::8/128\n");

	/* of a site becomes a hub */
	set_rules(&plan, false);
	own.hub = 1;
	plan = plan_of(&own);
	set(&plan);
	assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
	says(ADDRS, "");
	says(ROUTES, NET
	     ":1::/64 dev wg0 proto 87 metric 1024 mtu lock 9000"
	     " pref medium\n");
	clear(plan);
}

static void test_no_ipv6(void **state)
{
	struct wg_relay own[2] = {role(0), role(1)};
	struct wg_relay_plan plan;
	size_t i;

	if (!bus)
		skip();
	for (i = 0; i < 2; i++) {
		plan = plan_of(&own[i]);
		set_rules(&plan, true);
		run("sysctl -qw net.ipv6.conf.wg0.disable_ipv6=1");
		assert_int_equal(wg_policy_set_relay(bus, &plan),
				 -EAFNOSUPPORT);
		/* and nothing of it goes by the main table */
		run("! ip -6 route get " NET ":1::8 2>/dev/null");
		assert_int_equal(wg_policy_trim_relay(bus, &plan, NULL), 0);
		run("sysctl -qw net.ipv6.conf.wg0.disable_ipv6=0");
		assert_int_equal(wg_policy_set_relay(bus, &plan), 0);
		clear(plan);
	}
	own[0].ifindex = 999;
	plan = plan_of(&own[0]);
	assert_int_equal(wg_policy_set_relay(bus, &plan), -ENODEV);
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) != 0) {
		print_message("SKIP: no network namespace: root?\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]) != 0) {
			print_message("failed: %s\n", commands[i]);
			return -1;
		}
	return wg_policy_open(&bus);
}

static int teardown(void **state)
{
	wg_policy_close(&bus);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site),	cmocka_unit_test(test_hub),
		cmocka_unit_test(test_repair),	cmocka_unit_test(test_trim),
		cmocka_unit_test(test_no_ipv6),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
