/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes on the wire, in a network namespace of the test's own; and the pair's
 * key.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <netinet/udp.h>

#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_probe.h"
#include "lib/backend/wg_probe_key.h"
#include "lib/backend/wg_sign.h"

#define PORT 40001
#define OTHER 40002
#define MARK 0x77000001

static bool have_ns;

static const char *const commands[] = {
	"ip link set lo up",
	"ip addr add 192.0.2.1/32 dev lo",
	"ip addr add 192.0.2.2/32 dev lo",
	"ip addr add 2001:db8::1/128 dev lo nodad",
	"ip addr add 2001:db8::2/128 dev lo nodad",
	"ip route add 192.0.2.8/29 dev lo",
	"ip route add 2001:db8:9::/64 dev lo",
	"ip rule add pref 1 fwmark 5 unreachable",
	"ip -6 rule add pref 1 fwmark 5 unreachable",
	"ip rule add pref 2 from 192.0.2.2 to 192.0.2.9 prohibit",
};

static struct wg_probe_way way_of(const char *from, const char *to)
{
	struct wg_probe_way way = {.to.port = OTHER};

	assert_int_equal(wg_addr_parse(from, &way.from), 0);
	assert_int_equal(wg_addr_parse(to, &way.to.addr), 0);
	return way;
}

static struct wg_probe *open_probe(uint16_t port, uint32_t mark)
{
	struct wg_probe_conf conf = {port, mark};
	struct wg_probe *p = NULL;

	if (!have_ns) {
		print_message("SKIP: no network namespace: root?\n");
		skip();
	}
	assert_int_equal(wg_probe_open(&conf, &p), 0);
	return p;
}

static void fill(uint8_t *b, size_t n)
{
	const struct wg_probe_msg m = {.kind = WG_PROBE_PING,
				       .from = 7,
				       .to = 9,
				       .id = 0x0102030405060708 + n};

	wg_probe_encode(&m, b);
	memset(b + WG_PROBE_MAC_AT, n, WG_PROBE_MAC_LEN);
}

/* The next packet, which is on its way. */
static int next(struct wg_probe *p, uint8_t family, struct wg_probe_packet *ret)
{
	struct pollfd fd = {.fd = wg_probe_fd(p, family), .events = POLLIN};

	assert_true(fd.fd >= 0);
	poll(&fd, 1, 5000);
	return wg_probe_next(p, family, ret);
}

static void bind_to(int fd, const struct wg_addr *addr, uint16_t port)
{
	struct sockaddr_in v4 = {AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {AF_INET6, .sin6_port = htons(port)};

	memcpy(&v4.sin_addr, addr->b, 4);
	memcpy(&v6.sin6_addr, addr->b, 16);
	assert_int_equal(
		bind(fd, addr->family == AF_INET ? (void *)&v4 : (void *)&v6,
		     addr->family == AF_INET ? sizeof(v4) : sizeof(v6)),
		0);
}

/* To another port of this machine, where a socket is: both get it. */
static void test_there(void **state)
{
	static const char *const ways[][2] = {
		{"192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:db8::2"},
	};
	struct wg_probe *here = open_probe(PORT, MARK),
			*there = open_probe(OTHER, 0);
	uint8_t b[WG_PROBE_LEN], got[100];
	struct wg_probe_packet in;
	size_t i;
	int fd;

	fill(b, 1);
	for (i = 0; i < 2; i++) {
		struct wg_probe_way way = way_of(ways[i][0], ways[i][1]);
		uint8_t family = way.from.family;

		fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		bind_to(fd, &way.to.addr, OTHER);
		assert_int_equal(wg_probe_send(here, &way, b), 0);
		assert_int_equal(next(there, family, &in), 1);
		assert_int_equal(in.n, 1);
		assert_memory_equal(in.b, b, sizeof(b));
		assert_true(wg_addr_same(&in.from.addr, &way.from));
		assert_int_equal(in.from.port, PORT);
		assert_true(wg_addr_same(&in.to, &way.to.addr));
		assert_int_equal(in.ifindex, if_nametoindex("lo"));
		/* with a wrong checksum a socket would not have it */
		assert_int_equal(recv(fd, got, sizeof(got), 0), sizeof(b));
		assert_memory_equal(got, b, sizeof(b));
		assert_int_equal(wg_probe_next(there, family, &in), 0);
		/* nothing of it is for the sender */
		assert_int_equal(wg_probe_next(here, family, &in), 0);
		close(fd);
	}
	wg_probe_close(&here);
	wg_probe_close(&there);
	assert_null(here);
}

static void test_no_way(void **state)
{
	struct wg_probe *marked = open_probe(PORT, 5), *plain;
	struct wg_probe_way v4 = way_of("192.0.2.1", "192.0.2.9"),
			    v6 = way_of("2001:db8::1", "2001:db8:9::2"),
			    strange6 = way_of("2001:db8::7", "2001:db8::2"),
			    by_source = way_of("192.0.2.2", "192.0.2.9"),
			    mixed = way_of("192.0.2.1", "2001:db8::2");
	uint8_t b[WG_PROBE_LEN];

	fill(b, 1);
	/* a rule for marked packets decides */
	assert_int_equal(wg_probe_send(marked, &v4, b), -ENETUNREACH);
	assert_int_equal(wg_probe_send(marked, &v6, b), -ENETUNREACH);
	plain = open_probe(PORT, 0);
	assert_int_equal(wg_probe_send(plain, &v4, b), 0);
	assert_int_equal(wg_probe_send(plain, &v6, b), 0);
	assert_int_equal(wg_probe_send(plain, &strange6, b), -EINVAL);
	assert_int_equal(wg_probe_send(plain, &by_source, b), -EACCES);
	assert_int_equal(wg_probe_send(plain, &mixed, b), -EAFNOSUPPORT);
	wg_probe_close(&marked);
	wg_probe_close(&plain);
}

/* What a socket sends to OTHER; SEGMENT: in pieces of so many bytes. */
static void datagram(const struct wg_probe_way *way, const void *b, size_t len,
		     int segment)
{
	struct sockaddr_in v4 = {AF_INET, .sin_port = htons(way->to.port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(&v4.sin_addr, way->to.addr.b, 4);
	bind_to(fd, &way->from, PORT);
	if (segment)
		assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT,
					    &segment, sizeof(segment)),
				 0);
	assert_int_equal(
		sendto(fd, b, len, 0, (struct sockaddr *)&v4, sizeof(v4)), len);
	close(fd);
}

/* The filter: what is none does not even come out of the kernel. */
static void test_filter(void **state)
{
	struct wg_probe *there = open_probe(OTHER, 0);
	struct wg_probe_way way = way_of("192.0.2.1", "192.0.2.2");
	uint8_t b[WG_PROBE_LEN + 1] = {0}, bad[WG_PROBE_LEN];
	struct wg_probe_packet in;
	size_t i;

	fill(b, 1);
	for (i = 0; i < 4; i++) {
		memcpy(bad, b, sizeof(bad));
		bad[i] = i == 3 ? 3 : 'X';
		datagram(&way, bad, sizeof(bad), 0);
	}
	datagram(&way, b, WG_PROBE_LEN - 1, 0);
	datagram(&way, b, 4, 0);
	way.to.port = PORT;
	datagram(&way, b, WG_PROBE_LEN, 0);
	way.to.port = OTHER;
	b[3] = WG_PROBE_PONG;
	datagram(&way, b, WG_PROBE_LEN, 0);
	assert_int_equal(next(there, AF_INET, &in), 1);
	assert_int_equal(in.b[3], WG_PROBE_PONG);
	assert_int_equal(wg_probe_next(there, AF_INET, &in), 0);
	wg_probe_close(&there);
}

/* Several that the kernel hands over as one packet, as GRO makes it. */
static void test_together(void **state)
{
	struct wg_probe *there = open_probe(OTHER, 0);
	struct wg_probe_way way = way_of("192.0.2.1", "192.0.2.2");
	uint8_t b[WG_PROBE_TOGETHER * WG_PROBE_LEN], one[WG_PROBE_LEN];
	struct wg_probe_packet in;
	size_t i, n;

	for (i = 0; i < WG_PROBE_TOGETHER; i++)
		fill(b + i * WG_PROBE_LEN, i);
	for (n = 2; n <= WG_PROBE_TOGETHER; n += 31) {
		/* the last may be a piece of something else */
		datagram(&way, b, n * WG_PROBE_LEN - 1, WG_PROBE_LEN);
		assert_int_equal(next(there, AF_INET, &in), 1);
		assert_int_equal(in.n, n - 1);
		datagram(&way, b, n * WG_PROBE_LEN, WG_PROBE_LEN);
		assert_int_equal(next(there, AF_INET, &in), 1);
		assert_int_equal(in.n, n);
		for (i = 0; i < n; i++) {
			fill(one, i);
			assert_memory_equal(in.b + i * WG_PROBE_LEN, one,
					    sizeof(one));
		}
	}
	wg_probe_close(&there);
}

/* --- without the kernel */

static void test_build(void **state)
{
	static const uint8_t v4[] = {
		0x45, 0, 0, 82,	 0, 0, 0, 0,	64,   17,   0,	  0, 192,
		0,    2, 1, 192, 0, 2, 2, 0x9c, 0x41, 0x9c, 0x42, 0, 62,
	};
	struct wg_probe_way way = way_of("192.0.2.1", "192.0.2.2");
	uint8_t b[WG_PROBE_LEN], packet[WG_PROBE_PACKET], bad[sizeof(packet)];
	struct wg_probe_packet in;
	size_t len, i;

	fill(b, 1);
	len = wg_probe_build(PORT, &way, b, packet);
	assert_int_equal(len, 20 + 8 + WG_PROBE_LEN);
	assert_memory_equal(packet, v4, sizeof(v4));
	assert_memory_equal(packet + 28, b, sizeof(b));
	assert_true(wg_probe_parse(packet, len, &in));
	for (i = 0; i < len; i++) {
		memcpy(bad, packet, i);
		assert_false(wg_probe_parse(bad, i, &in));
	}
	memcpy(bad, packet, len);
	bad[0] = 0x4f; /* options, up to behind the end */
	assert_false(wg_probe_parse(bad, len, &in));
	bad[0] = 0x44;
	assert_false(wg_probe_parse(bad, len, &in));
	bad[0] = 0x55;
	assert_false(wg_probe_parse(bad, len, &in));
	bad[0] = 0x45;
	bad[9] = 6;
	assert_false(wg_probe_parse(bad, len, &in));
	bad[9] = 17;
	bad[25] = 61; /* shorter than it is */
	assert_false(wg_probe_parse(bad, len, &in));
	bad[25] = 62;
	bad[20] = bad[21] = 0; /* from port 0 */
	assert_false(wg_probe_parse(bad, len, &in));
	way = way_of("2001:db8::1", "2001:db8::2");
	len = wg_probe_build(PORT, &way, b, packet);
	assert_int_equal(len, 40 + 8 + WG_PROBE_LEN);
	assert_true(wg_probe_parse(packet, len, &in));
	assert_true(wg_addr_same(&in.from.addr, &way.from));
	assert_false(wg_probe_parse(packet, len - 1, &in));
}

/* --- the pair's key */

static struct wg_probe_key *key_of(uint8_t own, uint8_t other, uint32_t a,
				   uint32_t b, uint8_t mesh_seed)
{
	const uint8_t seed[WG_KEY_LEN] = {own}, far[WG_KEY_LEN] = {other};
	const uint8_t mesh[WG_ITEM_MESH_LEN] = {mesh_seed};
	struct wg_probe_key *key = NULL;
	struct wg_signkey *identity;
	struct wg_sign_key others;
	struct wg_probe_pair pair = {.mesh = mesh, .members = {a, b}};

	assert_int_equal(wg_signkey_of_seed(seed, &identity), 0);
	wg_sign_of_seed(far, &others);
	pair.own = identity;
	pair.identity = wg_sign_public(&others);
	assert_int_equal(wg_probe_key_new(&pair, &key), 0);
	wg_signkey_free(&identity);
	return key;
}

static void test_key(void **state)
{
	static const struct {
		uint8_t own, other;
		uint32_t a, b;
		uint8_t mesh;
		bool same;
	} cases[] = {
		{2, 1, 7, 9, 5, true},	 {2, 1, 9, 7, 5, true},
		{1, 2, 9, 7, 5, true},	 {2, 3, 7, 9, 5, false},
		{2, 1, 7, 10, 5, false}, {2, 1, 7, 9, 6, false},
	};
	struct wg_probe_key *mine = key_of(1, 2, 7, 9, 5), *theirs;
	uint8_t b[WG_PROBE_LEN];
	size_t i;

	fill(b, 0);
	assert_false(wg_probe_verify(mine, b));
	wg_probe_sign(mine, b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		theirs = key_of(cases[i].own, cases[i].other, cases[i].a,
				cases[i].b, cases[i].mesh);
		if (wg_probe_verify(theirs, b) != cases[i].same)
			fail_msg("case %zu", i);
		wg_probe_key_free(&theirs);
	}
	for (i = 0; i < WG_PROBE_LEN * 8; i++) {
		b[i / 8] ^= 1 << i % 8;
		assert_false(wg_probe_verify(mine, b));
		b[i / 8] ^= 1 << i % 8;
	}
	assert_true(wg_probe_verify(mine, b));
	wg_probe_key_free(&mine);
	assert_null(mine);
	wg_probe_key_free(&mine);
	assert_true(wg_probe_random() != wg_probe_random());
}

static void test_no_key(void **state)
{
	const uint8_t seed[WG_KEY_LEN] = {1}, zeros[WG_KEY_LEN] = {0};
	struct wg_probe_key *key = NULL;
	struct wg_signkey *identity;
	struct wg_probe_pair pair = {
		.identity = zeros, .mesh = zeros, .members = {1, 2}};

	assert_int_equal(wg_signkey_of_seed(seed, &identity), 0);
	pair.own = identity;
	assert_int_equal(wg_probe_key_new(&pair, &key), -EINVAL);
	assert_null(key);
	wg_signkey_free(&identity);
}

static int setup(void **state)
{
	size_t i;

	if (wg_keys_init() < 0)
		return -1;
	if (unshare(CLONE_NEWNET) != 0)
		return 0;
	have_ns = true;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]) != 0) {
			print_message("failed: %s\n", commands[i]);
			return -1;
		}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there),  cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_filter), cmocka_unit_test(test_together),
		cmocka_unit_test(test_build),  cmocka_unit_test(test_key),
		cmocka_unit_test(test_no_key),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
