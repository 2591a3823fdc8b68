/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source for marked packets, in a network namespace of the test's own:
 * what counts is the address that a socket gets.
 */
#include "lib/backend/wg_origin.h"

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

#define MARK 0x7767
#define TABLE 77670

static struct wg_origin_bus *bus;

static const char *const commands[] = {
	"ip link add one type veth peer name two",
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
	const char *source, *known, *onlink, *unknown, *gateway, *link;
} families[] = {
	{"203.0.113.1", "198.51.100.1", "192.0.2.7", "198.51.100.2",
	 "192.0.2.9", "192.0.2.1"},
	{"2001:db8:f::1", "2001:db8:1::1", "2001:db8::7", "2001:db8:1::2",
	 "2001:db8::9", "2001:db8::1"},
};

static struct wg_addr addr(const char *text)
{
	struct wg_addr a;

	assert_int_equal(wg_addr_parse(text, &a), 0);
	return a;
}

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

static size_t seen(uint8_t family, uint32_t table)
{
	struct wg_origin_seen *v = NULL;
	size_t n;

	assert_int_equal(wg_origin_read(bus, family, table, &v, &n), 0);
	free(v);
	return n;
}

static void one_family(const struct family *f)
{
	struct wg_origin s = {addr(f->source), MARK, TABLE};
	struct wg_origin_route known = {addr(f->known), addr(f->gateway),
					if_nametoindex("one")};
	struct wg_origin_route onlink = {.dst = addr(f->onlink),
					 .ifindex = if_nametoindex("one")};
	/* the one that was there before us */
	size_t foreign = s.addr.family == AF_INET;
	struct wg_origin_seen *v;
	char command[128];
	size_t n, i;

	/* the address is not there yet: nothing, rather than another one */
	assert_int_equal(wg_origin_set_rules(bus, &s, true), 0);
	assert_int_equal(wg_origin_add_route(bus, &s, &known), -EINVAL);
	assert_string_equal(source_of(f->known, NULL, MARK), "");

	/* without detection of duplicates, which takes a moment even there */
	snprintf(command, sizeof(command), "ip addr add %s dev lo%s", f->source,
		 s.addr.family == AF_INET6 ? " nodad" : "");
	run(command);
	assert_int_equal(wg_origin_add_route(bus, &s, &known), 0);
	assert_int_equal(wg_origin_add_route(bus, &s, &onlink), 0);
	/* again is the same */
	assert_int_equal(wg_origin_add_route(bus, &s, &known), 0);
	assert_int_equal(wg_origin_set_rules(bus, &s, true), 0);
	assert_int_equal(seen(s.addr.family, 0), WG_ORIGIN_RULES);

	assert_string_equal(source_of(f->known, NULL, MARK), f->source);
	assert_string_equal(source_of(f->onlink, NULL, MARK), f->source);
	assert_string_equal(source_of(f->unknown, NULL, MARK), "");
	assert_string_equal(source_of(f->unknown, f->source, MARK), f->source);
	assert_string_equal(source_of(f->unknown, f->link, MARK), "");
	assert_string_equal(source_of(f->known, NULL, 0), f->link);

	/* what is read is what was written */
	assert_int_equal(
		wg_origin_read(bus, s.addr.family, TABLE, &v, &n), 0);
	assert_int_equal(n, 2 + foreign);
	for (i = 0; i < n; i++) {
		struct wg_origin_route *r =
			wg_addr_same(&v[i].r.dst, &known.dst) ? &known
							      : &onlink;

		assert_false(v[i].is_rule);
		if (v[i].foreign) {
			assert_int_equal(v[i].r.dst.family, AF_UNSPEC);
			continue;
		}
		assert_true(wg_addr_same(&v[i].r.dst, &r->dst));
		assert_true(wg_addr_same(&v[i].r.gateway, &r->gateway));
		assert_int_equal(v[i].r.ifindex, r->ifindex);
		assert_true(wg_addr_same(&v[i].s.addr, &s.addr));
		assert_int_equal(v[i].s.table, TABLE);
	}
	free(v);

	/* all of it goes, and by what was seen */
	assert_int_equal(wg_origin_del_route(bus, &s, &known.dst), 0);
	assert_int_equal(wg_origin_del_route(bus, &s, &known.dst), 0);
	assert_int_equal(wg_origin_del_route(bus, &s, &onlink.dst), 0);
	assert_int_equal(seen(s.addr.family, TABLE), foreign);
	assert_int_equal(wg_origin_read(bus, s.addr.family, 0, &v, &n), 0);
	for (i = 0; i < n; i++) {
		assert_true(v[i].is_rule);
		assert_int_equal(v[i].s.mark, MARK);
		assert_int_equal(wg_origin_del_rule(bus, &v[i]), 0);
	}
	free(v);
	assert_int_equal(seen(s.addr.family, 0), 0);
	assert_int_equal(wg_origin_set_rules(bus, &s, false), 0);
	assert_string_equal(source_of(f->known, NULL, MARK), f->link);
}

static void test_origin(void **state)
{
	if (!bus)
		skip();
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		one_family(&families[i]);
	run("ip rule show | grep -q 'fwmark 0x5 lookup 77'");
	run("ip route show table 77670 | grep -q 203.0.113.128/25");
}

static bool readable(void)
{
	struct pollfd p = {.fd = wg_origin_fd(bus), .events = POLLIN};

	/* the kernel tells inside the call that changes */
	return poll(&p, 1, 0) == 1;
}

static void test_watch(void **state)
{
	struct wg_origin s = {addr("203.0.113.2"), MARK, TABLE};
	struct wg_origin_route r = {addr("198.51.100.9"), addr("192.0.2.9"), 0};
	static const struct {
		const char *command;
		bool wakes, others;
	} cases[] = {
		{"ip route add 198.18.0.0/15 via 192.0.2.9", false, false},
		{"ip route del 198.18.0.0/15", false, false},
		{"ip route change 198.51.100.9 dev one table 77670", true,
		 true},
		{"ip route del 198.51.100.9 table 77670", true, true},
		{"ip rule del fwmark 0x7767 table 77670", true, true},
		{"ip -6 route add 2001:db8:9::/48 via 2001:db8::9", false,
		 false},
		{"ip addr del 203.0.113.2/32 dev lo", true, true},
	};

	if (!bus)
		skip();
	r.ifindex = if_nametoindex("one");
	run("ip addr add 203.0.113.2 dev lo");
	wg_origin_drain(bus);
	assert_int_equal(wg_origin_set_rules(bus, &s, true), 0);
	assert_int_equal(wg_origin_add_route(bus, &s, &r), 0);
	assert_true(readable());
	assert_false(wg_origin_drain(bus));
	assert_false(readable());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(cases[i].command);
		if (readable() != cases[i].wakes ||
		    wg_origin_drain(bus) != cases[i].others)
			fail_msg("%s", cases[i].command);
	}
	assert_int_equal(wg_origin_set_rules(bus, &s, false), 0);
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
	return wg_origin_open(&bus);
}

static int teardown(void **state)
{
	wg_origin_close(&bus);
	wg_origin_close(&bus);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
