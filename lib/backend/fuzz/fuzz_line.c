/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of text that somebody gave for an invite.  Promises: what is read is
 * written to the same characters, spaces apart; what is not leaves nothing
 * behind, and says why in a sentence; the look for the mistake ends.
 */
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_line.h"
#include "lib/core/tests/items.h"

/* Longer ones cost too much here. */
#define LOOK_MAX 60

static void check_line(const char *line, const uint8_t *item, size_t len)
{
	char again[WG_LINE_STRLEN];
	const char *p = again;

	CHECK(wg_item_check(item, len) == WG_ITEM_OK);
	CHECK(wg_line_put(item, again) == 0);
	for (; *line; line++)
		if (!strchr(" \t\r\n", *line))
			CHECK(*line == *p++);
	CHECK(!*p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[WG_LINE_ITEM_MAX];
	uint8_t item[WG_LINE_ITEM_MAX];
	char say[WG_LINE_ERROR_STRLEN];
	struct wg_line_error e = {};
	char *line = malloc(size + 1);
	size_t len;

	CHECK(line);
	memcpy(line, data, size);
	line[size] = '\0';
	if (wg_line_get(line, item, &len, &e) == 0) {
		check_line(line, item, len);
	} else {
		CHECK(e.fault && e.fault < WG_LINE_FAULTS);
		CHECK(memcmp(item, zero, sizeof(item)) == 0);
		if (size < LOOK_MAX)
			wg_line_look(line, &e);
		CHECK(e.at <= size + 1);
		CHECK(*wg_line_error_str(&e, say));
	}
	free(line);
	return 0;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static const uint8_t kinds[] = {WG_ITEM_IS_INVITE, WG_ITEM_IS_ANSWER,
					WG_ITEM_IS_REQUEST};
	static uint8_t made[WG_ITEM_MAX];
	uint64_t rnd = i;

	if (i >= 24)
		return 0;
	items_random(kinds[i % 3], &rnd, made);
	CHECK(wg_line_put(made, (char *)buf) == 0 && size > WG_LINE_MAX);
	return strlen((char *)buf);
}
