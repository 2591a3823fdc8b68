/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing and printing of addresses, prefixes and endpoints; masking, order,
 * covering.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/text.h"

static const struct {
	const char *in;
	const char *out; /* NULL: refused */
	bool had_host_bits;
	const char *masked;
} prefix_cases[] = {
	{ "0.0.0.0/0", "0.0.0.0/0", false, "0.0.0.0/0" },
	{ "::/0", "::/0", false, "::/0" },
	{ "10.0.0.0/8", "10.0.0.0/8", false, "10.0.0.0/8" },
	{ "10.1.2.3/8", "10.1.2.3/8", true, "10.0.0.0/8" },
	{ "10.1.2.3", "10.1.2.3/32", false, "10.1.2.3/32" },
	{ "10.1.2.3/31", "10.1.2.3/31", true, "10.1.2.2/31" },
	{ "255.255.255.255/1", "255.255.255.255/1", true, "128.0.0.0/1" },
	{ "2001:db8::1", "2001:db8::1/128", false, "2001:db8::1/128" },
	{ "2001:DB8::1/32", "2001:db8::1/32", true, "2001:db8::/32" },
	{ "2001:db8:ffff::/33", "2001:db8:ffff::/33", true,
	  "2001:db8:8000::/33" },
	{ "::ffff:10.0.0.1/128", "::ffff:10.0.0.1/128", false,
	  "::ffff:10.0.0.1/128" },
	{ "fe80::1/127", "fe80::1/127", true, "fe80::/127" },
	{ "", NULL },
	{ "/", NULL },
	{ "10.0.0.0/", NULL },
	{ "10.0.0.0/33", NULL },
	{ "10.0.0.0/-1", NULL },
	{ "10.0.0.0/+8", NULL },
	{ "10.0.0.0/08", NULL },
	{ "10.0.0.0/ 8", NULL },
	{ "10.0.0.0/8 ", NULL },
	{ " 10.0.0.0/8", NULL },
	{ "10.0.0.0/8/8", NULL },
	{ "10.0.0.0/8x", NULL },
	{ "10.0.0.0/4294967304", NULL },
	{ "10.0.0/8", NULL },
	{ "10/8", NULL },
	{ "256.0.0.0/8", NULL },
	{ "10.0.0.0.0/8", NULL },
	{ "010.0.0.0/8", NULL },
	{ "0x0a.0.0.0/8", NULL },
	{ "::/129", NULL },
	{ "::/1280", NULL },
	{ "2001:db8:::/32", NULL },
	{ "1:2:3:4:5:6:7:8:9/32", NULL },
	{ "fe80::1%eth0/64", NULL },
	{ "fe80::1%eth0", NULL },
	{ "g::/16", NULL },
	{ "example.net", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8",
	  NULL },
};

static void test_prefix_text(void **state)
{
	char buf[WG_PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < sizeof(prefix_cases) / sizeof(*prefix_cases); i++) {
		struct wg_prefix p = { .len = 77 };
		const char *in = prefix_cases[i].in;

		print_message("# %s\n", in);
		if (!prefix_cases[i].out) {
			assert_int_equal(wg_prefix_parse(in, &p), -EINVAL);
			/* untouched */
			assert_int_equal(p.len, 77);
			continue;
		}
		assert_int_equal(wg_prefix_parse(in, &p), 0);
		assert_string_equal(wg_prefix_str(&p, buf),
				    prefix_cases[i].out);
		assert_int_equal(wg_prefix_mask(&p),
				 prefix_cases[i].had_host_bits);
		assert_string_equal(wg_prefix_str(&p, buf),
				    prefix_cases[i].masked);
		assert_false(wg_prefix_mask(&p));
	}
}

static void test_addr_text(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0::1", "2001:db8::1" },
		{ "::", "::" },
		{ "192.0.2.1/32", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.1 ", NULL },
		{ "", NULL },
		{ ":", NULL },
	};
	char buf[WG_ADDR_STRLEN];
	struct wg_addr a;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int ret = wg_addr_parse(cases[i].in, &a);

		assert_int_equal(ret, cases[i].out ? 0 : -EINVAL);
		if (ret == 0)
			assert_string_equal(wg_addr_str(&a, buf),
					    cases[i].out);
	}
}

static void test_endpoint_text(void **state)
{
	char buf[WG_ENDPOINT_STRLEN];
	struct wg_endpoint e = { .port = 51820 };

	assert_string_equal(wg_endpoint_str(&e, buf), "none");
	assert_int_equal(wg_addr_parse("192.0.2.1", &e.addr), 0);
	assert_string_equal(wg_endpoint_str(&e, buf), "192.0.2.1:51820");
	assert_int_equal(wg_addr_parse("2001:db8::1", &e.addr), 0);
	assert_string_equal(wg_endpoint_str(&e, buf), "[2001:db8::1]:51820");
	assert_int_equal(wg_addr_parse("fe80::1", &e.addr), 0);
	e.scope = 3;
	assert_string_equal(wg_endpoint_str(&e, buf), "[fe80::1%3]:51820");
	assert_int_equal(wg_addr_parse(
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", &e.addr), 0);
	e.scope = 4294967295;
	e.port = 65535;
	assert_true(strlen(wg_endpoint_str(&e, buf)) < WG_ENDPOINT_STRLEN);
}

static void test_order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/32",
		"10.128.0.0/9", "192.168.0.0/16", "::/0", "2001:db8::/32",
		"2001:db8::/48", "ff02::/16",
	};
	size_t n = sizeof(sorted) / sizeof(*sorted);
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			struct wg_prefix a = prefix_of(sorted[i]);
			struct wg_prefix b = prefix_of(sorted[j]);
			int c = wg_prefix_cmp(&a, &b);

			assert_int_equal(c < 0, i < j);
			assert_int_equal(c == 0, i == j);
			assert_int_equal(wg_prefix_same(&a, &b), i == j);
		}
}

static void test_covers(void **state)
{
	static const struct {
		const char *p;
		const char *q;
		bool covers;
	} cases[] = {
		{ "0.0.0.0/0", "10.0.0.0/8", true },
		{ "10.0.0.0/8", "10.0.0.0/8", true },
		{ "10.0.0.0/8", "10.255.255.255/32", true },
		{ "10.0.0.0/8", "11.0.0.0/32", false },
		{ "10.0.0.0/9", "10.0.0.0/8", false },
		{ "10.0.0.0/9", "10.127.0.0/16", true },
		{ "10.0.0.0/9", "10.128.0.0/16", false },
		{ "::/0", "10.0.0.0/8", false },
		{ "0.0.0.0/0", "::/0", false },
		{ "2001:db8::/33", "2001:db8:7fff::/48", true },
		{ "2001:db8::/33", "2001:db8:8000::/48", false },
		{ "2001:db8::1/128", "2001:db8::1/128", true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wg_prefix a = prefix_of(cases[i].p);
		struct wg_prefix b = prefix_of(cases[i].q);

		assert_int_equal(wg_prefix_covers(&a, &b), cases[i].covers);
	}
}

static void test_martian(void **state)
{
	static const struct {
		const char *p;
		bool is;
	} cases[] = {
		{ "0.0.0.0/0", false },	    { "0.0.0.0/7", false },
		{ "0.0.0.0/8", true },	    { "0.1.2.3/32", true },
		{ "1.0.0.0/8", false },	    { "126.0.0.0/7", false },
		{ "127.0.0.0/8", true },    { "127.0.0.1/32", true },
		{ "169.254.0.0/15", false }, { "169.254.0.0/16", true },
		{ "169.254.3.0/24", true }, { "169.255.0.0/16", false },
		{ "224.0.0.0/3", false },   { "224.0.0.0/4", true },
		{ "239.1.2.3/32", true },   { "240.0.0.0/4", false },
		{ "::/0", false },	    { "::/126", false },
		{ "::/127", true },	    { "::/128", true },
		{ "::1/128", true },	    { "::2/128", false },
		{ "fe00::/7", false },	    { "fe80::/10", false },
		{ "ff00::/8", true },	    { "ff02::5/128", true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wg_prefix a = prefix_of(cases[i].p);

		assert_int_equal(wg_prefix_is_martian(&a), cases[i].is);
	}
}

static void test_unfit(void **state)
{
	static const struct {
		const char *addr;
		unsigned uses; /* that it is good for */
	} cases[] = {
		{"10.0.0.1", 15},
		{"0.0.0.0", 0},
		{"0.1.2.3", 0},
		{"127.0.0.1", WG_USE_ENDPOINT},
		{"169.254.1.1", 15 & ~WG_USE_SOURCE},
		{"224.0.0.5", 0},
		{"240.0.0.1", 15 & ~WG_USE_SOURCE},
		{"255.255.255.255", 0},
		{"::", 0},
		{"::1", WG_USE_ENDPOINT},
		{"::ffff:10.0.0.1", 0},
		{"2001:db8::1", 15},
		{"fe80::1", WG_USE_ADDRESS},
		{"ff02::5", 0},
	};
	struct wg_addr a;
	unsigned use;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(wg_addr_parse(cases[i].addr, &a), 0);
		for (use = 1; use < 16; use *= 2)
			assert_int_equal(!wg_addr_unfit(&a, use),
					 !!(cases[i].uses & use));
		assert_int_equal(wg_addr_is_loopback(&a),
				 cases[i].uses == WG_USE_ENDPOINT);
	}
}

static void test_private(void **state)
{
	static const struct {
		const char *addr;
		bool is;
	} cases[] = {
		{"10.0.0.1", true},	{"11.0.0.1", false},
		{"172.16.0.1", true},	{"172.31.255.1", true},
		{"172.32.0.1", false},	{"192.168.0.1", true},
		{"192.169.0.1", false}, {"100.64.0.1", true},
		{"100.127.0.1", true},	{"100.128.0.1", false},
		{"fd12::1", true},	{"fc12::1", true},
		{"2001:db8::1", false},
	};
	struct wg_addr a;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wg_addr_parse(cases[i].addr, &a), 0);
		if (wg_addr_is_private(&a) != cases[i].is)
			fail_msg("%s", cases[i].addr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_text),
		cmocka_unit_test(test_addr_text),
		cmocka_unit_test(test_endpoint_text),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_martian),
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
