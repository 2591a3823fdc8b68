/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that are looked at: parsed, and caught on the loopback of this
 * machine, which needs CAP_NET_RAW.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "lib/backend/wg_stray.h"

#define PORT 40001
#define MARK 0x77000001

static void test_parse(void **state)
{
	/* with an IPv4 option; a keepalive */
	static const uint8_t v4[24 + 8 + 32] = {
		0x46, 0,  0,   64, 0,	0, 0, 0, 64, 17, 0,    0,    192,  0,
		2,    1,  198, 51, 100, 9, 1, 1, 1,  1,	 0x30, 0x39, 0xca, 0x6c,
		0,    40, 0,   0,  4,	0, 0, 0, 1,  2,	 3,    4};
	uint8_t v6[40 + 8 + 8] = {0x60, 0, 0, 0, 0, 100, 17, 64, 0x20, 1};
	struct wg_stray_packet p;
	uint8_t bad[sizeof(v4)];
	size_t i;
	static const struct {
		size_t at;
		uint8_t to;
	} none[] = {
		{0, 0x41}, {0, 0x56}, {9, 6},  {29, 39} /* len */,
		{32, 1},   {32, 2},   {33, 1}, {35, 1} /* data */,
	};

	assert_true(wg_stray_parse(WG_STRAY_DATA4, v4, sizeof(v4), &p));
	assert_int_equal(p.far.port, 12345);
	assert_int_equal(p.far.addr.b[3], 1);
	assert_int_equal(p.near.b[3], 9);
	assert_int_equal(p.index, 0x01020304);
	for (i = 0; i < 40; i++)
		assert_false(wg_stray_parse(WG_STRAY_DATA4, v4, i, &p));
	assert_false(wg_stray_parse(WG_STRAY_DATA6, v4, sizeof(v4), &p));
	assert_false(wg_stray_parse(WG_STRAY_SENT, v4, sizeof(v4), &p));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		memcpy(bad, v4, sizeof(v4));
		bad[none[i].at] = none[i].to;
		assert_false(
			wg_stray_parse(WG_STRAY_DATA4, bad, sizeof(bad), &p));
	}
	memcpy(bad, v4, sizeof(v4));
	bad[24] = bad[25] = 0; /* from port 0 */
	assert_false(wg_stray_parse(WG_STRAY_DATA4, bad, sizeof(bad), &p));
	/* a response of ours */
	v6[45] = 8 + 92;
	v6[42] = 1;
	v6[48] = 2;
	v6[55] = 9;
	v6[39] = 7;
	assert_true(wg_stray_parse(WG_STRAY_SENT, v6, sizeof(v6), &p));
	assert_int_equal(p.far.port, 256);
	assert_int_equal(p.far.addr.b[15], 7);
	assert_int_equal(p.index, 9);
	assert_false(wg_stray_parse(WG_STRAY_DATA6, v6, sizeof(v6), &p));
	v6[45]++;
	assert_false(wg_stray_parse(WG_STRAY_SENT, v6, sizeof(v6), &p));
}

struct message {
	uint8_t first[4];
	size_t len;
	uint32_t mark;
	unsigned port; /* from, or to, the other one */
	unsigned n;
	bool v6;
};

/* So many are sent to our port, or from it; how many were received, at all? */
static unsigned caught(struct wg_stray *s, enum wg_stray_kind kind,
		       struct message m, unsigned *ret_received)
{
	int family = kind == WG_STRAY_DATA6 || m.v6 ? AF_INET6 : AF_INET, fd;
	struct sockaddr_in6 in6 = {AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in in4 = {AF_INET,
				  .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in4
						: (struct sockaddr *)&in6;
	socklen_t len = family == AF_INET ? sizeof(in4) : sizeof(in6);
	struct wg_stray_packet p;
	uint8_t msg[200] = {};
	unsigned i, got = 0, received = 0;
	int rc;

	memcpy(msg, m.first, sizeof(m.first));
	msg[7] = 5;
	fd = socket(family, SOCK_DGRAM, 0);
	if (kind == WG_STRAY_SENT) {
		in4.sin_port = in6.sin6_port = htons(m.port);
		assert_int_equal(bind(fd, sa, len), 0);
		m.port = 40009;
	}
	in4.sin_port = in6.sin6_port = htons(m.port);
	if (m.mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &m.mark, sizeof(m.mark)) < 0)
		skip();
	for (i = 0; i < m.n; i++) {
		sendto(fd, msg, m.len, 0, sa, len);
		while ((rc = wg_stray_next(s, &p)) != 0) {
			received++;
			got += rc == 1;
			if (rc == 1)
				assert_int_equal(p.index, 5);
			else
				assert_int_equal(rc, -EBADMSG);
		}
	}
	close(fd);
	if (ret_received)
		*ret_received = received;
	return got;
}

static struct wg_stray *open_or_skip(enum wg_stray_kind kind)
{
	struct wg_stray_conf conf = {kind, PORT, MARK};
	struct wg_stray *s = NULL;
	int rc = wg_stray_open(&conf, &s);

	if (rc == -EPERM || rc == -EACCES || rc == -EAFNOSUPPORT)
		skip();
	assert_int_equal(rc, 0);
	return s;
}

static void test_data(void **state)
{
	static const struct message data = {{4}, 32, 0, PORT, 10, false};
	static const struct message none[] = {
		{{4}, 31, 0, PORT, 10, false},
		{{4}, 1, 0, PORT, 10, false},
		{{1}, 1, 0, PORT, 10, false},
		{{1}, 148, 0, PORT, 10, false},
		{{2}, 92, 0, PORT, 10, false},
		{{4, 1}, 32, 0, PORT, 10, false},
		{{4, 0, 0, 1}, 32, 0, PORT, 10, false},
		{{4}, 32, 0, PORT + 1, 10, false},
	};
	enum wg_stray_kind kind;
	struct message many = data;
	struct wg_stray *s;
	unsigned received, got;
	size_t i;

	for (kind = WG_STRAY_DATA4; kind <= WG_STRAY_DATA6; kind++) {
		s = open_or_skip(kind);
		got = caught(s, kind, data, NULL);
		if (!got && kind == WG_STRAY_DATA6) { /* no IPv6 here */
			wg_stray_close(&s);
			skip();
		}
		assert_int_equal(got, 10);
		/* what is none does not even come out of the kernel */
		for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
			caught(s, kind, none[i], &received);
			assert_int_equal(received, 0);
		}
		assert_int_equal(wg_stray_sample(s, 10), 0);
		many.n = 1000;
		assert_in_range(caught(s, kind, many, NULL), 40, 200);
		wg_stray_close(&s);
	}
}

static void test_sent(void **state)
{
	static const struct message ours[] = {
		{{1}, 148, MARK, PORT, 10, false},
		{{2}, 92, MARK, PORT, 10, false},
		{{1}, 148, MARK, PORT, 10, true},
		{{2}, 92, MARK, PORT, 10, true},
	};
	static const struct message none[] = {
		{{1}, 148, 0, PORT, 10, false},
		{{1}, 148, 7, PORT, 10, false},
		{{1}, 92, MARK, PORT, 10, false},
		{{2}, 148, MARK, PORT, 10, true},
		{{3}, 64, MARK, PORT, 10, false},
		{{4}, 92, MARK, PORT, 10, true},
		{{1, 0, 1}, 148, MARK, PORT, 10, false},
		{{1}, 148, MARK, PORT + 1, 10, true},
	};
	struct wg_stray *s = open_or_skip(WG_STRAY_SENT);
	unsigned received;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_int_equal(caught(s, WG_STRAY_SENT, ours[i], NULL), 10);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		caught(s, WG_STRAY_SENT, none[i], &received);
		assert_int_equal(received, 0);
	}
	wg_stray_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
