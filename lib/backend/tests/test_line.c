/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line says what became of it on its way. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_line.h"
#include "lib/core/tests/items.h"

static uint8_t item[WG_ITEM_MAX], got[WG_LINE_ITEM_MAX];
static char line[WG_LINE_STRLEN];
static size_t len;
static char say[WG_LINE_ERROR_STRLEN]; /* of the last error */

static int setup(void **state)
{
	return wg_keys_init();
}

static void make(uint8_t kind, enum items_size size)
{
	len = items_make(kind, size, item);
	assert_int_equal(wg_line_put(item, line), 0);
}

/* What is wrong with it, and which character. */
static enum wg_line_fault fault_of(const char *text, size_t *at)
{
	static const uint8_t zero[WG_LINE_ITEM_MAX];
	struct wg_line_error e = {};
	size_t n = 0;

	memset(got, 1, sizeof(got));
	if (wg_line_get(text, got, &n, &e) == 0) {
		assert_int_equal(n, len);
		assert_memory_equal(got, item, len);
		return WG_LINE_OK;
	}
	assert_int_equal(n, 0);
	assert_memory_equal(got, zero, sizeof(got));
	if (at) {
		wg_line_look(text, &e);
		*at = e.at;
	}
	wg_line_error_str(&e, say);
	return e.fault;
}

static void test_sizes(void **state)
{
	static const struct {
		uint8_t kind;
		enum items_size size;
		size_t chars;
	} rows[] = {
		{WG_ITEM_IS_INVITE, ITEMS_LEAST, 423},
		{WG_ITEM_IS_INVITE, ITEMS_TYPICAL, 631},
		{WG_ITEM_IS_INVITE, ITEMS_MOST, 1478},
		{WG_ITEM_IS_ANSWER, ITEMS_LEAST, 376},
		{WG_ITEM_IS_ANSWER, ITEMS_TYPICAL, 584},
		{WG_ITEM_IS_REQUEST, ITEMS_TYPICAL, 159},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(rows[i].kind, rows[i].size);
		assert_int_equal(strlen(line), rows[i].chars);
		assert_int_equal(fault_of(line, NULL), WG_LINE_OK);
	}
	items_make(WG_ITEM_IS_CERTIFICATE, ITEMS_TYPICAL, item);
	assert_int_equal(wg_line_put(item, line), -EINVAL);
}

static void test_spaces(void **state)
{
	char text[3 * WG_LINE_STRLEN] = " \t\r\n";
	size_t i, n = 4;

	make(WG_ITEM_IS_INVITE, ITEMS_TYPICAL);
	for (i = 0; line[i]; i++) {
		text[n++] = line[i];
		/* broken as mail is, but not within the head */
		if (i > 7 && i % 5 == 0)
			text[n++] = "\r\n \t"[i % 4];
	}
	assert_int_equal(fault_of(text, NULL), WG_LINE_OK);
}

static void test_foreign(void **state)
{
	static const char *const texts[] = {
		"",
		"wgmesh1",
		"wgmesh2:V0dN",
		"WGMESH1:V0dN",
		"xwgmesh1:V0dN",
		"-----BEGIN OPENSSH PRIVATE KEY-----",
		"w gmesh1:V0dN",
		"wgreq:V0dN",
		"mesh1:V0dN",
	};
	size_t i, at;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(fault_of(texts[i], &at), WG_LINE_FOREIGN);
		assert_int_equal(at, 0);
	}
	/* a request's item with the head of an invite is made wrong */
	make(WG_ITEM_IS_REQUEST, ITEMS_TYPICAL);
	memmove(line + 8, line + 7, strlen(line + 7) + 1);
	memcpy(line, "wgmesh1:", 8);
	assert_int_equal(fault_of(line, NULL), WG_LINE_NO_ITEM);
}

/* What was done to the line at I; the fault as it is named then. */
static enum wg_line_fault spoil(char *text, size_t i, unsigned how)
{
	size_t n = strlen(text);
	char c = text[i];

	switch (how) {
	case 0:
		text[i] = c == 'x' ? 'y' : 'x';
		return WG_LINE_CHANGED;
	case 1:
		memmove(text + i, text + i + 1, n - i);
		return WG_LINE_LOST;
	case 2:
		memmove(text + i + 1, text + i, n - i + 1);
		text[i] = 'Q';
		return WG_LINE_SURPLUS;
	case 3:
		text[i] = '.';
		return WG_LINE_CHARACTER;
	default:
		text[i] = text[i + 1];
		text[i + 1] = c;
		return c == text[i] || !text[i] ? WG_LINE_OK : WG_LINE_CHANGED;
	}
}

/* Of characters that are alike any of them may have been lost or added. */
static void assert_near(const char *text, size_t i, size_t at)
{
	size_t from = i, to = i + 1;

	while (from > 0 && text[from - 1] == text[i])
		from--;
	while (text[to] == text[i])
		to++;
	assert_in_range(at, from + 1, to + 1);
}

/* One character, whatever became of it: it is told which. */
static void test_one(void **state)
{
	static const uint8_t kinds[] = {WG_ITEM_IS_REQUEST, WG_ITEM_IS_INVITE};
	char text[WG_LINE_STRLEN + 1], number[16];
	enum wg_line_fault want;
	size_t k, i, at, n;
	unsigned how;

	for (k = 0; k < 2; k++) {
		make(kinds[k], ITEMS_LEAST);
		n = strlen(line);
		for (i = 8; i < n; i += i < 20 ? 1 : n / 7)
			for (how = 0; how < 5; how++) {
				strcpy(text, line);
				want = spoil(text, i, how);
				assert_int_equal(fault_of(text, &at), want);
				if (!want)
					continue;
				assert_near(how == 2 ? text : line, i, at);
				snprintf(number, sizeof(number), "%zu", at);
				assert_non_null(strstr(say, number));
			}
	}
}

/* More than one: as much as the length says. */
static void test_many(void **state)
{
	char text[2 * WG_LINE_STRLEN];
	size_t at, n;

	make(WG_ITEM_IS_REQUEST, ITEMS_LEAST);
	n = strlen(line);
	strcpy(text, line);
	text[n - 7] = '\0';
	assert_int_equal(fault_of(text, &at), WG_LINE_LOST);
	assert_int_equal(at, 0);
	assert_string_equal(say, "7 characters are missing");
	text[12] = '\0';
	assert_int_equal(fault_of(text, &at), WG_LINE_LOST);
	assert_string_equal(say, "characters are missing");
	/* pasted twice, and without end */
	strcpy(text, line);
	strcpy(text + n, line + 7);
	assert_int_equal(fault_of(text, &at), WG_LINE_SURPLUS);
	assert_int_equal(at, 0);
	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, line, 10);
	assert_int_equal(fault_of(text, &at), WG_LINE_SURPLUS);
	strcpy(text, line);
	memset(text + 30, 'A', 5);
	assert_int_equal(fault_of(text, &at), WG_LINE_CHANGED);
	assert_int_equal(at, 0);
	assert_string_equal(say, "characters are others than they were");
	/* the bits of the last one that no byte has: 4 of 6 */
	make(WG_ITEM_IS_INVITE, ITEMS_TYPICAL);
	n = strlen(line);
	strcpy(text, line);
	text[n - 1]++;
	assert_int_equal(fault_of(text, &at), WG_LINE_CHANGED);
	assert_int_equal(at, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_foreign), cmocka_unit_test(test_one),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
