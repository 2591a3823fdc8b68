/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing, in a network namespace of the test's own: what counts is the
 * address that a socket gets.
 */
#include "lib/backend/wg_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/core/tests/text.h"

#define MARK 0x7767
#define TABLE 77670

static struct wg_policy_bus *bus;

static const char *const commands[] = {
	"ip link add one type veth peer name two",
	/* no addresses of their own making, which would be told at any time */
	"ip link set one addrgenmode none && ip link set two addrgenmode none",
	"ip link set lo up",
	"ip link set two up",
	"ip link set one up",
	"ip addr add 192.0.2.1/24 dev one",
	"ip addr add 2001:db8::1/64 dev one nodad",
	"ip route add 198.51.100.0/24 via 192.0.2.9",
	"ip route add 2001:db8:1::/48 via 2001:db8::9",
	/* somebody else's, which have to stay */
	"ip rule add fwmark 5 table 77",
	"ip route add 203.0.113.128/25 via 192.0.2.8 table 77670",
};

static const struct family {
	const char *source, *known, *onlink, *unknown, *gateway, *gateway2,
		*covered, *in_covered, *link;
} families[] = {
	{"203.0.113.1", "198.51.100.1", "192.0.2.7", "198.51.100.2",
	 "192.0.2.9", "192.0.2.8", "198.51.100.128/25", "198.51.100.200",
	 "192.0.2.1"},
	{"2001:db8:f::1", "2001:db8:1::1", "2001:db8::7", "2001:db8:1::2",
	 "2001:db8::9", "2001:db8::8", "2001:db8:1:8000::/49",
	 "2001:db8:1:8000::1", "2001:db8::1"},
};

static socklen_t to_sockaddr(const char *text, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (void *)ss;
	struct sockaddr_in *sin = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (!strchr(text, ':')) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(9);
		inet_pton(AF_INET, text, &sin->sin_addr);
		return sizeof(*sin);
	}
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(9);
	inet_pton(AF_INET6, text, &sin6->sin6_addr);
	return sizeof(*sin6);
}

/* The source of what is sent to TO with the mark; "" if nothing is. */
static const char *source_of(const char *to, const char *bound, int mark)
{
	static char text[INET6_ADDRSTRLEN];
	struct sockaddr_storage ss;
	socklen_t len = to_sockaddr(to, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark,
				    sizeof(mark)),
			 0);
	if (bound) {
		len = to_sockaddr(bound, &ss);
		assert_int_equal(bind(fd, (void *)&ss, len), 0);
		len = to_sockaddr(to, &ss);
	}
	text[0] = '\0';
	if (connect(fd, (void *)&ss, len) == 0) {
		assert_int_equal(getsockname(fd, (void *)&ss, &len), 0);
		if (ss.ss_family == AF_INET)
			inet_ntop(AF_INET,
				  &((struct sockaddr_in *)&ss)->sin_addr, text,
				  sizeof(text));
		else
			inet_ntop(AF_INET6,
				  &((struct sockaddr_in6 *)&ss)->sin6_addr,
				  text, sizeof(text));
	}
	close(fd);
	return text;
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static bool same_rule(const struct wg_rule *a, const struct wg_rule *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* How many there are of ours; all of WANT among them? */
static size_t rules_seen(uint8_t family, const struct wg_rule *want, size_t n)
{
	struct wg_rule_seen *v = NULL;
	size_t n_v, i, k, ours = 0;

	assert_int_equal(wg_policy_read_rules(bus, family, &v, &n_v), 0);
	for (i = 0; i < n_v; i++)
		ours += v[i].ours;
	for (k = 0; k < n; k++) {
		for (i = 0; i < n_v; i++)
			if (v[i].ours && same_rule(&v[i].rule, &want[k]))
				break;
		assert_true(i < n_v);
	}
	free(v);
	return ours;
}

static void set_rules(const struct wg_rule *r, size_t n, bool there)
{
	while (n--)
		assert_int_equal(wg_policy_set_rule(bus, &r[n], there), 0);
}

/* The route that is read back, of ours. */
static bool route_seen(const struct wg_policy_route *r)
{
	struct wg_route_seen *v = NULL;
	bool found = false;
	size_t n, i, k;

	assert_int_equal(wg_policy_read_routes(bus, r->prefix.family, r->table,
					       &v, &n),
			 0);
	for (i = 0; i < n && !found; i++) {
		if (!wg_prefix_same(&v[i].prefix, &r->prefix) || !v[i].ours)
			continue;
		found = true;
		assert_int_equal(v[i].n_nh, r->n_nh);
		assert_true(wg_addr_same(&v[i].source, &r->source));
		for (k = 0; k < r->n_nh; k++) {
			assert_int_equal(v[i].nh[k].ifindex, r->nh[k].ifindex);
			assert_true(wg_addr_same(&v[i].nh[k].gateway,
						 &r->nh[k].gateway));
		}
	}
	free(v);
	return found;
}

/* One source, as wgd_policy.c has it for that. */
static void one_family(const struct family *f)
{
	uint8_t family = addr_of(f->source).family;
	const struct wg_rule rules[] = {
		{.family = family, .pref = 500, .mark = MARK, .table = TABLE},
		{.family = family,
		 .pref = 501,
		 .mark = MARK,
		 .table = 254,
		 .not_group = 7,
		 .from = prefix_of(f->source)},
		{.family = family, .pref = 502, .mark = MARK},
	};
	struct wg_nexthop by[] = {
		{.gateway = addr_of(f->gateway), .ifindex = if_nametoindex("one")},
		{.gateway = addr_of(f->gateway2),
		 .ifindex = if_nametoindex("one"),
		 .weight = 3},
	};
	struct wg_nexthop onlink = {.ifindex = if_nametoindex("one")};
	struct wg_policy_route r[] = {
		{.nh = by, .n_nh = 1, .prefix = prefix_of(f->known)},
		{.nh = &onlink, .n_nh = 1, .prefix = prefix_of(f->onlink)},
		{.nh = by, .n_nh = 2, .prefix = prefix_of(f->covered)},
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		r[i].table = TABLE;
		r[i].source = addr_of(f->source);
	}
	set_rules(rules, 3, true);
	assert_int_equal(wg_policy_set_route(bus, &r[0]), -EINVAL);
	assert_string_equal(source_of(f->known, NULL, MARK), "");
	assert_int_equal(system(family == AF_INET
					? "ip addr add 203.0.113.1 dev lo"
					: "ip addr add 2001:db8:f::1 dev lo nodad"),
			 0);
	/* again is the same */
	for (i = 0; i < 6; i++)
		assert_int_equal(wg_policy_set_route(bus, &r[i % 3]), 0);
	set_rules(rules, 3, true);
	assert_int_equal(rules_seen(family, rules, 3), 3);
	for (i = 0; i < 3; i++)
		assert_true(route_seen(&r[i]));

	assert_string_equal(source_of(f->known, NULL, MARK), f->source);
	assert_string_equal(source_of(f->onlink, NULL, MARK), f->source);
	assert_string_equal(source_of(f->in_covered, NULL, MARK), f->source);
	assert_string_equal(source_of(f->unknown, NULL, MARK), "");
	assert_string_equal(source_of(f->unknown, f->source, MARK), f->source);
	assert_string_equal(source_of(f->unknown, f->link, MARK), "");
	assert_string_equal(source_of(f->known, NULL, 0), f->link);

	/* another way to the same prefix, and then none */
	r[2].n_nh = 1;
	assert_int_equal(wg_policy_set_route(bus, &r[2]), 0);
	assert_true(route_seen(&r[2]));
	for (i = 0; i < 6; i++) {
		r[i % 3].n_nh = 0;
		assert_int_equal(wg_policy_set_route(bus, &r[i % 3]), 0);
		assert_false(route_seen(&r[i % 3]));
	}
	set_rules(rules, 3, false);
	set_rules(rules, 3, false);
	assert_int_equal(rules_seen(family, NULL, 0), 0);
	assert_string_equal(source_of(f->known, NULL, MARK), f->link);
}

static void test_source(void **state)
{
	struct wg_route_seen *v;
	size_t n;

	if (!bus)
		skip();
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		one_family(&families[i]);
	run("ip rule show | grep -q 'fwmark 0x5 lookup 77'");
	assert_int_equal(wg_policy_read_routes(bus, AF_INET, TABLE, &v, &n), 0);
	assert_int_equal(n, 1);
	assert_false(v[0].ours);
	free(v);
	assert_int_equal(wg_policy_read_routes(bus, AF_INET6, TABLE, &v, &n),
			 0);
	assert_int_equal(n, 0);
	free(v);
}

/* Whatever a rule asks for is read back as it was written. */
static void test_rules(void **state)
{
	const struct wg_rule rules[] = {
		{.family = AF_INET, .pref = 496, .table = 254, .not_group = 7,
		 .iif = "lo", .to = prefix_of("192.0.2.7")},
		{.family = AF_INET, .pref = 498, .table = TABLE,
		 .udp_sport = 51820, .from = prefix_of("192.0.2.1")},
		{.family = AF_INET, .pref = 498, .table = TABLE,
		 .udp_sport = 51821, .from = prefix_of("192.0.2.1")},
		{.family = AF_INET, .pref = 502, .mark = 0x77670000},
	};
	const struct wg_rule rules6[] = {
		{.family = AF_INET6, .pref = 496, .table = TABLE,
		 .not_group = 7, .iif = "lo", .to = prefix_of("2001:db8::7")},
		{.family = AF_INET6, .pref = 481, .table = TABLE,
		 .iif = "not-there", .to = prefix_of("fd6d:6573:6801::/48"),
		 .from = prefix_of("fd6d:6573:6801::/48")},
		{.family = AF_INET6, .pref = 490, .prohibit = true,
		 .to = prefix_of("fd6d:6573:6801::/48")},
		{.family = AF_INET6, .pref = 502, .mark = 0x77670000},
	};
	/* with our protocol, and not ours */
	static const char *const others[] = {
		"ip rule add pref 502 fwmark 0x77670000/0xffff0000 table 5 proto 87",
		"ip rule add pref 502 fwmark 0x77670000 dport 5 table 5 proto 87",
		"ip rule add pref 502 not fwmark 0x77670000 table 5 proto 87",
		"ip rule add pref 502 fwmark 0x77670000 oif one table 5 proto 87",
		"ip rule add pref 502 fwmark 0x77670000 blackhole proto 87",
		"ip rule add pref 502 sport 5-6 ipproto udp table 5 proto 87",
		"ip rule add pref 502 sport 5 ipproto tcp table 5 proto 87",
		"ip rule add pref 502 fwmark 0x77670000 table 5",
		"ip rule add pref 502 fwmark 0x77670000 table 5 suppress_prefixlength 0 proto 87",
	};
	size_t i;

	if (!bus)
		skip();
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		run(others[i]);
	assert_int_equal(rules_seen(AF_INET, NULL, 0), 0);
	set_rules(rules, 4, true);
	set_rules(rules6, 4, true);
	assert_int_equal(rules_seen(AF_INET, rules, 4), 4);
	assert_int_equal(rules_seen(AF_INET6, rules6, 4), 4);
	set_rules(rules, 4, false);
	set_rules(rules6, 4, false);
	assert_int_equal(rules_seen(AF_INET, NULL, 0), 0);
	assert_int_equal(rules_seen(AF_INET6, NULL, 0), 0);
	run("test $(ip rule show pref 502 | wc -l) = 9");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		run("ip rule del pref 502");
}

/* A link of group 7. */
static void make_tunnel(void)
{
	run("ip link add tunnel type veth peer name end");
	run("ip link set tunnel addrgenmode none");
	run("ip link set end addrgenmode none");
	run("ip link set tunnel group 7 up && ip link set end up");
	run("ip addr add 10.9.9.1/24 dev tunnel");
}

/* What has a mark enters no link of the group. */
static void test_group(void **state)
{
	const struct wg_rule rules[] = {
		{.family = AF_INET, .pref = 500, .mark = MARK, .table = 254,
		 .not_group = 7},
		{.family = AF_INET, .pref = 501, .mark = MARK, .table = TABLE,
		 .not_group = 7},
		{.family = AF_INET, .pref = 502, .mark = MARK},
	};
	struct wg_nexthop by = {.gateway = addr_of("192.0.2.9"),
				.ifindex = if_nametoindex("one")};
	struct wg_policy_route r = {.table = TABLE, .nh = &by, .n_nh = 1,
				    .prefix = prefix_of("0.0.0.0/0")};

	if (!bus)
		skip();
	make_tunnel();
	set_rules(rules, 3, true);
	assert_string_equal(source_of("198.51.100.1", NULL, MARK), "192.0.2.1");
	run("ip route add 198.51.100.1 dev tunnel");
	assert_string_equal(source_of("198.51.100.1", NULL, 0), "10.9.9.1");
	assert_string_equal(source_of("198.51.100.1", NULL, MARK), "");
	assert_int_equal(wg_policy_set_route(bus, &r), 0);
	assert_string_equal(source_of("198.51.100.1", NULL, MARK), "192.0.2.1");
	assert_string_equal(source_of("198.51.100.1", NULL, 0), "10.9.9.1");
	run("ip route add 198.51.100.1 dev tunnel table 77670");
	assert_string_equal(source_of("198.51.100.1", NULL, MARK), "");
	r.n_nh = 0;
	assert_int_equal(wg_policy_set_route(bus, &r), 0);
	set_rules(rules, 3, false);
	run("ip link del tunnel");
}

static void test_local(void **state)
{
	struct wg_addr a[8];
	uint32_t strict;
	size_t n, i;

	if (!bus)
		skip();
	make_tunnel();
	run("sysctl -qw net.ipv4.conf.all.rp_filter=0"
	    " net.ipv4.conf.one.rp_filter=0 net.ipv4.conf.two.rp_filter=2"
	    " net.ipv4.conf.end.rp_filter=0"
	    " net.ipv4.conf.tunnel.rp_filter=1");
	wg_policy_drain(bus);
	assert_int_equal(wg_policy_read_local(bus, 7, a, 8, &n, &strict), 0);
	assert_int_equal(strict, 0);
	for (i = 0; i < n; i++) {
		assert_int_not_equal(a[i].b[0], 127);
		assert_int_not_equal(a[i].b[0], 10);
	}
	assert_true(n >= 1);
	assert_int_equal(wg_policy_read_local(bus, 8, a, 8, &n, &strict), 0);
	assert_int_equal(strict, if_nametoindex("tunnel"));
	run("sysctl -qw net.ipv4.conf.one.rp_filter=1");
	assert_true(wg_policy_drain(bus));
	assert_int_equal(wg_policy_read_local(bus, 7, a, 0, &n, &strict), 0);
	assert_int_equal(n, 0);
	assert_int_equal(strict, if_nametoindex("one"));
	/* loose wins over strict */
	run("sysctl -qw net.ipv4.conf.all.rp_filter=2");
	assert_int_equal(wg_policy_read_local(bus, 7, a, 0, &n, &strict), 0);
	assert_int_equal(strict, 0);
	run("ip link del tunnel");
}

static bool readable(void)
{
	struct pollfd p = {.fd = wg_policy_fd(bus), .events = POLLIN};

	/* the kernel tells inside the call that changes */
	return poll(&p, 1, 0) == 1;
}

static void test_watch(void **state)
{
	struct wg_rule rule = {
		.family = AF_INET, .pref = 502, .mark = MARK, .table = TABLE};
	static const uint32_t tables[2] = {TABLE, 0x77670001};
	struct wg_nexthop nh = {.gateway = addr_of("192.0.2.9")};
	struct wg_policy_route r = {.table = TABLE,
				    .source = addr_of("203.0.113.2"),
				    .prefix = prefix_of("198.51.100.9"),
				    .nh = &nh,
				    .n_nh = 1};
	static const struct {
		const char *command;
		bool wakes, others;
	} cases[] = {
		{"ip route add 198.18.0.0/15 via 192.0.2.9", false, false},
		{"ip route del 198.18.0.0/15", false, false},
		{"ip route change 198.51.100.9 dev one table 77670", true,
		 true},
		{"ip route del 198.51.100.9 table 77670", true, true},
		/* somebody else's tables: VRFs have very many */
		{"ip route add 198.51.100.9 dev one table 77671", false, false},
		{"ip route del 198.51.100.9 table 77671", false, false},
		{"ip -6 route add 2001:db8:9::/48 dev one table 78", false,
		 false},
		{"ip -6 route add 2001:db8:9::/48 dev one table 77670", true,
		 true},
		{"ip rule del fwmark 0x7767 table 77670", true, true},
		{"ip -6 route add 2001:db8:9::/48 via 2001:db8::9", false,
		 false},
		{"ip addr del 203.0.113.2/32 dev lo", true, true},
	};
	size_t i;

	if (!bus)
		skip();
	nh.ifindex = if_nametoindex("one");
	assert_int_equal(wg_policy_watch(bus, tables, 2), 0);
	run("ip addr add 203.0.113.2 dev lo");
	wg_policy_drain(bus);
	assert_int_equal(wg_policy_set_rule(bus, &rule, true), 0);
	assert_int_equal(wg_policy_set_route(bus, &r), 0);
	assert_true(readable());
	assert_false(wg_policy_drain(bus));
	assert_false(readable());
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(cases[i].command);
		if (readable() != cases[i].wakes ||
		    wg_policy_drain(bus) != cases[i].others)
			fail_msg("%s", cases[i].command);
	}
	/* very many at once are for more turns than one */
	run("for i in $(seq 600); do echo route add 198.18.0.0/24 dev one"
	    " metric $i table 77670; done | ip -batch -");
	for (i = 0; readable(); i++)
		assert_true(wg_policy_drain(bus));
	assert_in_range(i, 2, 600);
	run("ip route flush table 77670");
	while (readable())
		wg_policy_drain(bus);
	assert_int_equal(wg_policy_set_rule(bus, &rule, false), 0);
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
	wg_policy_close(&bus);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
