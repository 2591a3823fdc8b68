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

static void test_parse(void **state)
{
	static const uint8_t v4[] = {0x46, 0, 0,  40,  0, 0, 0,	   0,	 64,
				     17,   0, 0,  192, 0, 2, 1,	   198,	 51,
				     100,  9, 1,  1,   1, 1, 0x30, 0x39, 0xca,
				     0x6c, 0, 12, 0,   0, 4, 0,	   0,	 0};
	uint8_t v6[49] = {0x60, 0, 0, 0, 0, 9, 17, 64, 0x20, 1};
	struct wg_stray_packet p;
	uint8_t bad[sizeof(v4)];
	size_t i;

	assert_true(wg_stray_parse(AF_INET, v4, sizeof(v4), &p));
	assert_true(p.data);
	assert_int_equal(p.from.port, 12345);
	assert_int_equal(p.from.addr.b[3], 1);
	assert_int_equal(p.to.b[3], 9);
	for (i = 0; i < 33; i++)
		assert_false(wg_stray_parse(AF_INET, v4, i, &p));
	assert_false(wg_stray_parse(AF_INET6, v4, sizeof(v4), &p));
	memcpy(bad, v4, sizeof(v4));
	bad[9] = 6;
	assert_false(wg_stray_parse(AF_INET, bad, sizeof(bad), &p));
	bad[9] = 17;
	bad[32] = 2;
	assert_false(wg_stray_parse(AF_INET, bad, sizeof(bad), &p));
	bad[0] = 0x41;
	assert_false(wg_stray_parse(AF_INET, bad, sizeof(bad), &p));
	v6[40] = 1;
	v6[48] = 1;
	v6[39] = 7;
	assert_true(wg_stray_parse(AF_INET6, v6, sizeof(v6), &p));
	assert_false(p.data);
	assert_int_equal(p.from.port, 256);
	assert_int_equal(p.to.b[15], 7);
}

/* Packets with this first byte, to the port and another one; how many come? */
static unsigned caught(struct wg_stray *s, int family, uint8_t first,
		       unsigned n)
{
	uint8_t msg[32] = {first};
	struct sockaddr_in6 to6 = {AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in to4 = {AF_INET,
				  .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(family, SOCK_DGRAM, 0);
	struct wg_stray_packet p;
	unsigned i, got = 0;

	for (i = 0; i < 2 * n; i++) {
		struct sockaddr *to = family == AF_INET
					      ? (struct sockaddr *)&to4
					      : (struct sockaddr *)&to6;

		to4.sin_port = to6.sin6_port = htons(i & 1 ? 40001 : 40002);
		sendto(fd, msg, sizeof(msg), 0, to,
		       family == AF_INET ? sizeof(to4) : sizeof(to6));
		while (wg_stray_next(s, &p) == 1)
			got++;
	}
	close(fd);
	return got;
}

static void test_catch(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct wg_stray *s = NULL;
	unsigned i, got;
	int rc;

	for (i = 0; i < 2; i++) {
		rc = wg_stray_open(families[i], 40001, &s);
		if (rc == -EPERM || rc == -EACCES || rc == -EAFNOSUPPORT)
			skip();
		assert_int_equal(rc, 0);
		got = caught(s, families[i], 4, 10);
		if (!got && i) { /* no IPv6 here */
			wg_stray_close(&s);
			skip();
		}
		assert_int_equal(got, 10);
		assert_int_equal(caught(s, families[i], 1, 10), 10);
		assert_int_equal(caught(s, families[i], 2, 10), 0);
		assert_int_equal(wg_stray_sample(s, 10), 0);
		got = caught(s, families[i], 4, 1000);
		assert_in_range(got, 40, 200);
		assert_int_equal(caught(s, families[i], 1, 10), 10);
		wg_stray_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_catch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
