/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of pair messages, and what is none. */
#include <stdarg.h>
#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/core/wg_hello_msg.h"

static void test_message(void **state)
{
	static const uint8_t golden[WG_HELLO_LEN] = {
		1, 1, 0, 0,		   /* kind, path */
		0, 0, 1, 2,		   /* number */
		0xff, 0, 0, 3,		   /* echo */
		0, 0, 0, 4,		   /* ms */
		1, 2, 3, 4, 5, 6, 7, 0x88, /* sequence */
	};
	const struct wg_hello_msg m = {
		.kind = WG_HELLO_IS_HELLO,
		.path = WG_HELLO_RELAY,
		.number = 0x102,
		.echo = 0xff000003,
		.ms = 4,
		.sequence = 0x0102030405060788,
	};
	struct wg_hello_msg read = {};
	uint8_t b[WG_HELLO_MAX];

	assert_int_equal(wg_hello_encode(&m, b), WG_HELLO_LEN);
	assert_memory_equal(b, golden, sizeof(golden));
	assert_int_equal(wg_hello_decode(b, WG_HELLO_LEN, &read), 0);
	assert_int_equal(read.path, m.path);
	assert_int_equal(read.number, m.number);
	assert_int_equal(read.echo, m.echo);
	assert_int_equal(read.ms, m.ms);
	assert_true(read.sequence == m.sequence);
}

/* Those of direct paths: where it switches to, and that it is idle. */
static void test_other_messages(void **state)
{
	static const uint8_t to[WG_HELLO_SWITCH_LEN] = {
		2,   4,	  0, 0,		 /* kind, path */
		0,   0,	  1, 2,		 /* number */
		0,   0,	  0, 0,		 /* echo */
		0,   0,	  0, 4,		 /* ms */
		202, 108,		 /* port */
		0,   0,	  0, 0, 0,    0, /* an IPv4 address, mapped */
		0,   0,	  0, 0, 0xff, 0xff, 192, 0, 2, 1,
	};
	static const uint8_t idle[WG_HELLO_IDLE_LEN] = {5, 6, 0, 0, 0, 0, 1, 2,
							0, 0, 0, 0, 0, 0, 0, 4};
	struct wg_hello_msg m = {.kind = WG_HELLO_IS_SWITCH,
				 .path = 4,
				 .number = 0x102,
				 .ms = 4,
				 .place = {.port = 51820}},
			    read;
	uint8_t b[WG_HELLO_MAX + 1] = {0};
	size_t i;

	assert_int_equal(wg_addr_parse("192.0.2.1", &m.place.addr), 0);
	assert_int_equal(wg_hello_encode(&m, b), sizeof(to));
	assert_memory_equal(b, to, sizeof(to));
	assert_int_equal(wg_hello_decode(b, sizeof(to), &read), 0);
	assert_int_equal(read.kind, WG_HELLO_IS_SWITCH);
	assert_true(wg_endpoint_same(&read.place, &m.place));
	for (i = 0; i <= sizeof(b); i++)
		assert_int_equal(wg_hello_decode(b, i, &read),
				 i == sizeof(to) ? 0 : -EBADMSG);
	b[11] = 1; /* an echo: it answers nothing */
	assert_int_equal(wg_hello_decode(b, sizeof(to), &read), -EBADMSG);
	m.place.port = 0;
	wg_hello_encode(&m, b);
	assert_int_equal(wg_hello_decode(b, sizeof(to), &read), -EBADMSG);
	assert_int_equal(wg_addr_parse("2001:db8::7", &m.place.addr), 0);
	m.place.port = 1;
	wg_hello_encode(&m, b);
	assert_int_equal(wg_hello_decode(b, sizeof(to), &read), 0);
	assert_true(wg_endpoint_same(&read.place, &m.place));

	m.kind = WG_HELLO_IS_IDLE;
	m.path = 6;
	assert_int_equal(wg_hello_encode(&m, b), sizeof(idle));
	assert_memory_equal(b, idle, sizeof(idle));
	assert_int_equal(wg_hello_decode(b, sizeof(idle), &read), 0);
	assert_int_equal(read.kind, WG_HELLO_IS_IDLE);
}

static void test_no_message(void **state)
{
	static const struct {
		unsigned at;
		uint8_t is;
	} bad[] = {{0, 0}, {0, 2}, {0, 3}, {0, 5},
		   {1, 7}, {2, 1}, {3, 1}, {7, 0}};
	const struct wg_hello_msg m = {.kind = WG_HELLO_IS_HELLO, .number = 1};
	struct wg_hello_msg read;
	uint8_t b[WG_HELLO_MAX + 1] = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wg_hello_encode(&m, b);
		b[bad[i].at] = bad[i].is;
		assert_int_equal(wg_hello_decode(b, WG_HELLO_LEN, &read),
				 -EBADMSG);
	}
	wg_hello_encode(&m, b);
	for (i = 0; i <= sizeof(b); i++)
		assert_int_equal(wg_hello_decode(b, i, &read),
				 i == WG_HELLO_LEN ? 0 : -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
