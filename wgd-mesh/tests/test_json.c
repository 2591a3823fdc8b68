/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value out of JSON: what is found, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wgd-mesh/mesh_json.h"

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_string(void **state)
{
	static const struct {
		const char *name, *text, *value; /* NULL: there is none */
	} rows[] = {
		{"plain", "{\"a\":{\"b\":\"c\"}}", "c"},
		{"blanks", " {\n \"a\" :\t{ \"b\" : \"c d\" } }\n", "c d"},
		{"empty", "{\"a\":{\"b\":\"\"}}", ""},
		{"behind others",
		 "{\"x\":[1,{\"b\":\"no\"},[],{}],\"y\":-1.5e+9,\"z\":\"}\\\"\","
		 "\"n\":null,\"t\":true,\"a\":{\"bb\":\"no\",\"b\":\"c\"}}",
		 "c"},
		{"not the deeper one",
		 "{\"a\":{\"x\":{\"b\":\"no\"},\"b\":\"c\"}}", "c"},
		{"the first of two", "{\"a\":{\"b\":\"1\",\"b\":\"2\"}}", "1"},
		{"escapes", "{\"a\":{\"b\":\"\\\"\\\\\\/\\n\\t\"}}",
		 "\"\\/\?\?"},
		{"unicode", "{\"a\":{\"b\":\"\\u0041\\u001b\\u20ac\"}}",
		 "A\?\?"},
		{"half a unicode", "{\"a\":{\"b\":\"\\u00\"}}", "?00"},
		{"terminal", "{\"a\":{\"b\":\"x\x1b[2J\xff\"}}", "x?[2J?"},
		{"cut", "{\"a\":{\"b\":\"0123456789abcdefghij\"}}",
		 "0123456789abcde"},
		{"a number", "{\"a\":{\"b\":1}}", NULL},
		{"an object", "{\"a\":{\"b\":{}}}", NULL},
		{"another name", "{\"a\":{\"c\":\"c\"}}", NULL},
		{"another object", "{\"b\":{\"b\":\"c\"}}", NULL},
		{"no object", "[{\"a\":{\"b\":\"c\"}}]", NULL},
		{"no value", "{\"a\":{\"b\"}}", NULL},
		{"no comma", "{\"x\":1 \"a\":{\"b\":\"c\"}}", NULL},
		{"words", "% Unknown command: show wireguard wg0 mesh json",
		 NULL},
		{"nothing", "", NULL},
		{"without quotes", "{a:{b:\"c\"}}", NULL},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char got[16] = "untouched";
		bool is = mesh_json_string(rows[i].text, PATH("a", "b"), got,
					   sizeof(got));

		if (is != !!rows[i].value ||
		    strcmp(got, is ? rows[i].value : "untouched") != 0)
			fail_msg("%s: %d, %s", rows[i].name, is, got);
	}
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		bool is;
		uint64_t value;
	} rows[] = {
		{"{\"a\":0}", true, 0},
		{"{\"a\": 41 }", true, 41},
		{"{\"a\":4294967295}", true, 4294967295},
		{"{\"a\":999999999999999999}", true, 999999999999999999},
		{"{\"a\":1000000000000000000}", false, 0},
		{"{\"a\":1.5}", false, 0},
		{"{\"a\":1e3}", false, 0},
		{"{\"a\":-1}", false, 0},
		{"{\"a\":\"1\"}", false, 0},
		{"{\"a\":12", false, 0},
		{"{\"a\":}", false, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t got = 7;
		bool is = mesh_json_number(rows[i].text, PATH("a"), &got);

		if (is != rows[i].is || got != (is ? rows[i].value : 7))
			fail_msg("%s: %d, %llu", rows[i].text, is,
				 (unsigned long long)got);
	}
}

/*
 * Cut anywhere, in memory that ends there, the value is found whole or not at
 * all; and any one byte changed does no harm.
 */
static void test_cut(void **state)
{
	static const char text[] =
		"{\"x\":[1,{\"b\":[\"\\u0041\\\"\"]}],\"a\":{\"c\":{},\"b\":\"found\"}}";
	size_t n, found = 0, i;
	char got[16];

	for (n = 0; n < sizeof(text); n++) {
		char *part = strndup(text, n);

		assert_non_null(part);
		if (mesh_json_string(part, PATH("a", "b"), got, sizeof(got))) {
			assert_string_equal(got, "found");
			found++;
		}
		for (i = 0; i < n; i++) {
			part[i] = "\"\\{}[]:,u"[i % 9];
			mesh_json_string(part, PATH("a", "b"), got,
					 sizeof(got));
			part[i] = text[i];
		}
		free(part);
	}
	/* with its last quote, and with each bracket behind it */
	assert_int_equal(found, 3);
}

static void test_depth(void **state)
{
	char text[4096] = "{\"x\":";
	size_t i;
	char got[16];

	for (i = 0; i < 2000; i++)
		strcat(text, "[");
	assert_false(mesh_json_string(text, PATH("a"), got, sizeof(got)));
	strcpy(text, "{\"x\":[[[[[[[[]]]]]]]],\"a\":\"c\"}");
	assert_true(mesh_json_string(text, PATH("a"), got, sizeof(got)));
	strcpy(text,
	       "{\"x\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],\"a\":\"c\"}");
	assert_false(mesh_json_string(text, PATH("a"), got, sizeof(got)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
