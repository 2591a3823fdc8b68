/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that leave by a device: parsed, and caught on a tun device in a
 * namespace of its own.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "lib/backend/wg_demand.h"

#define RELAY "fd11:2233:4455"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct wg_demand_conf conf; /* of data; the device is in it */
static int tun = -1, sender = -1;

/* A packet to that address, and what it is. */
static const struct row {
	const char *to;
	uint8_t proto; /* next header */
	bool data, relayed;
} rows[] = {
	{"10.99.0.1", IPPROTO_UDP, true, false},
	{"10.99.0.1", IPPROTO_ICMP, true, false},
	{"192.168.5.255", IPPROTO_TCP, true, false},
	{"223.255.255.255", IPPROTO_UDP, true, false},
	{"224.0.0.5", 89, false, false},
	{"239.1.2.3", IPPROTO_UDP, false, false},
	{"255.255.255.255", IPPROTO_UDP, false, false},
	{"2001:db8::1", IPPROTO_TCP, true, false},
	{"fd99::1", IPPROTO_UDP, true, false},
	{"::1:2", IPPROTO_UDP, true, false},
	{"fe80::1", IPPROTO_UDP, false, false},
	{"febf:ffff::1", IPPROTO_UDP, false, false},
	{"fe7f::1", IPPROTO_UDP, true, false},
	{"fec0::1", IPPROTO_UDP, true, false},
	{"ff02::5", 89, false, false},
	{"feff::5", IPPROTO_UDP, true, false},
	{RELAY ":1::7", IPPROTO_UDP, false, true},
	{RELAY ":1::7", IPPROTO_ICMPV6, false, false},
	{"fd11:2233:4456:1::7", IPPROTO_UDP, true, false},
	{"fd11:2234:4455:1::7", IPPROTO_UDP, true, false},
	{"fd12:2233:4455:1::7", IPPROTO_UDP, true, false},
};

static size_t packet(const struct row *row, uint8_t p[64],
		     struct wg_addr *ret_to)
{
	bool v6 = strchr(row->to, ':');

	memset(p, 0, 64);
	assert_int_equal(wg_addr_parse(row->to, ret_to), 0);
	p[0] = v6 ? 0x60 : 0x45;
	p[v6 ? 6 : 9] = row->proto;
	memcpy(p + (v6 ? 24 : 16), ret_to->b, wg_family_bytes(ret_to->family));
	return 64;
}

static void test_parse(void **state)
{
	struct wg_demand_conf c = conf;
	struct wg_addr to, got;
	uint8_t p[64];
	size_t i, len;

	for (i = 0; i < COUNT(rows); i++) {
		packet(&rows[i], p, &to);
		c.kind = WG_DEMAND_DATA;
		assert_int_equal(wg_demand_parse(&c, p, 64, &got),
				 rows[i].data);
		if (rows[i].data)
			assert_true(wg_addr_same(&got, &to));
		for (len = 0; len < (to.family == AF_INET ? 20 : 40); len++)
			assert_false(wg_demand_parse(&c, p, len, &got));
		c.kind = WG_DEMAND_RELAYED;
		assert_int_equal(wg_demand_parse(&c, p, 64, &got),
				 rows[i].relayed);
		if (rows[i].relayed)
			assert_true(wg_addr_same(&got, &to));
		p[0] = 0x55;
		assert_false(wg_demand_parse(&c, p, 64, &got));
	}
}

static void set_up(bool up)
{
	struct ifreq r = {.ifr_name = "d0", .ifr_flags = up ? IFF_UP : 0};

	assert_int_equal(ioctl(sender, SIOCSIFFLAGS, &r), 0);
}

/* By the device, as routing would send it. */
static void send_packet(const struct row *row)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_ifindex = conf.ifindex,
		.sll_protocol =
			htons(strchr(row->to, ':') ? ETH_P_IPV6 : ETH_P_IP),
	};
	struct wg_addr to;
	uint8_t p[64];
	size_t len = packet(row, p, &to);

	/* more than the device's queue is dropped behind the socket */
	sendto(sender, p, len, 0, (struct sockaddr *)&at, sizeof(at));
}

static struct wg_demand *open_kind(enum wg_demand_kind kind)
{
	struct wg_demand_conf c = conf;
	struct wg_demand *d;

	if (!conf.ifindex)
		skip();
	c.kind = kind;
	assert_int_equal(wg_demand_open(&c, &d), 0);
	return d;
}

/* The program alone: what comes out of the socket? */
static bool is_let_through(struct wg_demand *d, const struct row *row)
{
	uint8_t p[64], sent[64];
	struct wg_addr to;
	ssize_t n;

	send_packet(row);
	n = recv(wg_demand_fd(d), p, sizeof(p), 0);
	if (n < 0)
		return false;
	packet(row, sent, &to);
	assert_int_equal(n, 40); /* the header alone */
	assert_memory_equal(p, sent, 40);
	return true;
}

static void test_program(void **state)
{
	struct wg_demand *data = open_kind(WG_DEMAND_DATA);
	struct wg_demand *relayed = open_kind(WG_DEMAND_RELAYED);
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		if (is_let_through(data, &rows[i]) != rows[i].data)
			fail_msg("data: %s", rows[i].to);
		recv(wg_demand_fd(relayed), (char[64]){}, 64, 0);
		if (is_let_through(relayed, &rows[i]) != rows[i].relayed)
			fail_msg("relayed: %s", rows[i].to);
		recv(wg_demand_fd(data), (char[64]){}, 64, 0);
	}
	wg_demand_close(&data);
	wg_demand_close(&relayed);
	assert_null(data);
}

/* So many addresses were read, all that of the row. */
static size_t read_all(struct wg_demand *d, const struct row *row)
{
	struct wg_addr ret[WG_DEMAND_TURN], to;
	size_t n, sum = 0, i;
	int rc;

	assert_int_equal(wg_addr_parse(row->to, &to), 0);
	while ((rc = wg_demand_next(d, ret, &n)) == 1) {
		for (i = 0; i < n; i++)
			assert_true(wg_addr_same(&ret[i], &to));
		sum += n;
	}
	assert_int_equal(rc, 0);
	return sum;
}

static void test_pause(void **state)
{
	struct wg_demand *d = open_kind(WG_DEMAND_DATA);
	unsigned i;

	for (i = 0; i < 40; i++)
		send_packet(&rows[0]);
	assert_int_equal(read_all(d, &rows[0]), 40);
	send_packet(&rows[0]);
	wg_demand_pause(d, true);
	for (i = 0; i < 40; i++)
		send_packet(&rows[0]);
	assert_int_equal(read_all(d, &rows[0]), 1); /* the one before */
	wg_demand_pause(d, false);
	send_packet(&rows[7]);
	assert_int_equal(read_all(d, &rows[7]), 1);
	wg_demand_close(&d);
}

/* What nobody reads does not pile up. */
static void test_bounded(void **state)
{
	struct wg_demand *d = open_kind(WG_DEMAND_DATA);
	unsigned i;
	size_t n;

	for (i = 0; i < 20000; i++)
		send_packet(&rows[0]);
	n = read_all(d, &rows[0]);
	assert_in_range(n, WG_DEMAND_TURN, 500);
	wg_demand_close(&d);
}

static void test_arriving(void **state)
{
	struct wg_demand *d = open_kind(WG_DEMAND_DATA);
	struct wg_addr to;
	uint8_t p[64];

	assert_int_equal(write(tun, p, packet(&rows[0], p, &to)), 64);
	assert_int_equal(write(tun, p, packet(&rows[7], p, &to)), 64);
	assert_int_equal(read_all(d, &rows[0]), 0);
	wg_demand_close(&d);
}

static void test_down(void **state)
{
	struct wg_demand *d = open_kind(WG_DEMAND_DATA);
	struct wg_addr to[WG_DEMAND_TURN];
	size_t n;

	set_up(false);
	assert_int_equal(wg_demand_next(d, to, &n), -ENETDOWN);
	assert_int_equal(wg_demand_next(d, to, &n), 0);
	set_up(true);
	send_packet(&rows[0]);
	assert_int_equal(read_all(d, &rows[0]), 1);
	wg_demand_close(&d);
}

static void test_refused(void **state)
{
	struct wg_demand_conf c = conf;
	struct rlimit none = {}, before;
	struct wg_demand *d = NULL;
	int status;
	pid_t pid;

	if (!conf.ifindex)
		skip();
	c.ifindex = 9999;
	assert_int_equal(wg_demand_open(&c, &d), -ENODEV);
	assert_null(d);
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(wg_demand_open(&conf, &d), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &before);
	pid = fork();
	if (pid == 0) {
		if (setuid(65534) < 0)
			_exit(EPERM);
		_exit(-wg_demand_open(&conf, &d));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EPERM);
}

/* The device d0 in a namespace of its own; where that may not be, no device. */
static int make_device(void **state)
{
	struct ifreq r = {.ifr_name = "d0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	struct wg_addr net;

	assert_int_equal(wg_addr_parse(RELAY "::", &net), 0);
	conf.relay = wg_prefix_host(&net);
	conf.relay.len = 48;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &r) < 0)
		return 0;
	sender = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (sender < 0)
		return 0;
	set_up(true);
	conf.ifindex = if_nametoindex("d0");
	return 0;
}

static int drop_device(void **state)
{
	close(sender);
	close(tun);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	 cmocka_unit_test(test_program),
		cmocka_unit_test(test_pause),	 cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_arriving), cmocka_unit_test(test_down),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_device, drop_device);
}
