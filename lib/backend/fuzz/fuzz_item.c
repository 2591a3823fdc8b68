/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is no item, from anybody.  Promises: the checker and a second one that
 * knows the format otherwise say the same; whatever passes is written from its
 * values to the same bytes, in any order; its reader stays within.
 *
 * The second one matches a row as a regular expression over the types, and
 * looks at values bit by bit.
 */
#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/core/tests/items.h"

#define TYPES_MAX (8192 / 3)

struct row {
	uint8_t kind;
	size_t least, most;
	/* ~ are those of later versions, @ addresses, # endpoints, % doors */
	const char *types;
};

static const struct row rows[] = {
	{8, 154, 154, "01 08 11 23 25 7f"},
	{5, 123, 45186, "01 11 20 21 22* 25? ~ 7f"},
	{1, 191, 512, "01 02 03 04 05 06 07 08 09? @ 0c* 0d* 0e? 20 25? ~ 7f"},
	{2, 238, 238, "01 02 04 24 7e 7f"},
	{3, 349, 349, "01 02 1b 26 7f"},
	{4, 219, 1400, "01 02 10 12 13? 14 # 18* 19* 1c? ~ 7c 7d? 7f"},
	{0xb, 219, 219, "01 02 10 12 14 7c 7f"},
	{7, 307, 1098, "31 32 33 34 % 36?"},
	{0xa, 272, 1063, "31 32 34 % 36?"},
	{9, 110, 110, "04 7f"},
};

static regex_t *regex_of(const struct row *row)
{
	static regex_t made[sizeof(rows) / sizeof(rows[0])];
	static bool is_made[sizeof(rows) / sizeof(rows[0])];
	size_t i = row - rows;
	const char *p = row->types;
	char text[1024] = "^";

	if (is_made[i])
		return &made[i];
	for (; *p; p++) {
		if (*p == ' ')
			continue;
		if (*p == '~')
			strcat(text, "(6[0-9a-f]|7[0-9ab])*");
		else if (*p == '@')
			strcat(text, "(0a|0b){1,4}");
		else if (*p == '#')
			strcat(text, "(15|16|17){0,8}");
		else if (*p == '%')
			strcat(text, "(35){0,4}");
		else {
			sprintf(text + strlen(text), "(%.2s)", p++);
			if (p[1] == '*' || p[1] == '?')
				sprintf(text + strlen(text), "%c", *++p);
		}
	}
	strcat(text, "$");
	CHECK(regcomp(&made[i], text, REG_EXTENDED | REG_NOSUB) == 0);
	is_made[i] = true;
	return &made[i];
}

static bool is_zero(const uint8_t *b, size_t from, size_t to)
{
	for (; from < to; from++)
		if (b[from / 8] & 0x80 >> from % 8)
			return false;
	return true;
}

static bool is_word(const uint8_t *b, size_t n, size_t most, const char *more)
{
	size_t i;

	if (n < 1 || n > most)
		return false;
	for (i = 0; i < n; i++)
		if (!b[i] || b[i] > 126 ||
		    (!isalnum(b[i]) && b[i] != '_' && !strchr(more, b[i])))
			return false;
	return isalnum(b[0]) || b[0] == '_' || (b[0] == ':' && most == 64);
}

static bool item(const uint8_t *b, size_t n);

static bool value(uint8_t kind, uint8_t t, const uint8_t *b, size_t n)
{
	size_t size = t & 1 ? 16 : 4; /* of addresses but endpoints' */

	switch (t) {
	case 0x01:
		return n == 16;
	case 0x02:
	case 0x1b:
	case 0x25:
		return n == 4 && !is_zero(b, 0, 32);
	case 0x03:
	case 0x20:
		return n == 4;
	case 0x08:
		return n == 4 && is_zero(b, 0, kind == 1 ? 30 : 29) &&
		       (kind == 1 || is_zero(b, 30, 32));
	case 0x09:
		return n == 1 && b[0] >= 1 && b[0] <= 8;
	case 0x06:
	case 0x07:
	case 0x0e:
	case 0x10:
	case 0x11:
	case 0x21:
		return n == 8;
	case 0x14:
	case 0x1c:
		return n == 2 && !is_zero(b, 0, 16);
	case 0x05:
		return is_word(b, n, 63, ".:@-");
	case 0x36:
		return is_word(b, n, 63, ".-");
	case 0x0a:
	case 0x0b:
		size = t == 0x0a ? 4 : 16;
		return n == 1 + size && b[0] <= 8 * size;
	case 0x0c:
	case 0x0d:
		return n == 2 + size && b[0] <= b[1] && b[1] <= 8 * size &&
		       is_zero(b + 2, b[0], 8 * size);
	case 0x15:
	case 0x16:
		size = t == 0x15 ? 4 : 16;
		return n == 2 + size && !is_zero(b, 0, 16);
	case 0x17:
		return n > 2 && !is_zero(b, 0, 16) &&
		       is_word(b + 2, n - 2, 64, ".:-");
	case 0x18:
	case 0x19:
		return (n == 1 + size || n == 2 + size) && b[0] <= 8 * size &&
		       is_zero(b + 1, b[0], 8 * size);
	case 0x22:
		return n == 8 && !is_zero(b, 0, 32);
	case 0x26:
		return n == 238 && b[3] == 2 && item(b, n);
	case 0x34:
		return n >= 191 && n <= 512 && b[3] == 1 && item(b, n);
	case 0x35:
		return n > 34 && !is_zero(b + 32, 0, 16) &&
		       is_word(b + 34, n - 34, 64, ".:-");
	default:
		if (t >= 0x60 && t <= 0x7b)
			return true;
		return n == (t >= 0x7c ? 64 : 32);
	}
}

/* What stands in several places of the item, and must fit. */
static bool fits(const uint8_t *b, const uint8_t *const *at)
{
	bool hub = at[0x08] && at[0x08][3] & 1;

	if (b[3] == 1 && hub != !!at[0x09])
		return false;
	if (!at[0x13] != !at[0x7d])
		return false;
	/* an S begins with its header, the mesh and the member */
	return !at[0x26] || (memcmp(at[0x01], at[0x26] + 8 + 3, 16) == 0 &&
			     memcmp(at[0x02], at[0x26] + 8 + 19 + 3, 4) == 0);
}

/* Is it one, by another way? */
static bool item(const uint8_t *b, size_t len)
{
	const uint8_t *at[256] = {}, *before = NULL, *p = b + 8;
	char types[2 * TYPES_MAX + 1] = "";
	size_t i, n, n_before = 0, k = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (len >= 8 && b[3] == rows[i].kind)
			break;
	if (i == sizeof(rows) / sizeof(rows[0]) || memcmp(b, "WGM", 3) ||
	    b[4] != 1 || b[5] || (size_t)(b[6] * 256 + b[7]) != len ||
	    len < rows[i].least || len > rows[i].most)
		return false;
	for (; p < b + len; p += 3 + n) {
		if (b + len - p < 3)
			return false;
		n = p[1] * 256 + p[2];
		if ((size_t)(b + len - p) < 3 + n)
			return false;
		/* as one text of type and value */
		if (before &&
		    (before[0] > p[0] ||
		     (before[0] == p[0] &&
		      (n < n_before
			       ? memcmp(before + 3, p + 3, n) >= 0
			       : memcmp(before + 3, p + 3, n_before) > 0 ||
					 (n == n_before &&
					  memcmp(before + 3, p + 3, n) == 0)))))
			return false;
		sprintf(types + 2 * k++, "%02x", p[0]);
		at[p[0]] = p + 3;
		before = p;
		n_before = n;
	}
	if (regexec(regex_of(&rows[i]), types, 0, NULL, 0) != 0)
		return false;
	for (p = b + 8; p < b + len; p += 3 + n) {
		n = p[1] * 256 + p[2];
		if (!value(b[3], p[0], p + 3, n))
			return false;
	}
	return fits(b, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[WG_ITEM_MAX];
	uint8_t *b = malloc(size + !size); /* ends where it ends */
	bool is_one;
	uint8_t t;

	CHECK(b);
	memcpy(b, data, size);
	is_one = wg_item_check(b, size) == WG_ITEM_OK;
	CHECK(is_one == item(b, size));
	if (is_one) {
		CHECK(wg_item_split(b, size) == size);
		CHECK(items_again(b, again) == size);
		CHECK(memcmp(b, again, size) == 0);
		wg_item_version(b);
		for (t = WG_ITEM_BY_WG_KEY; t <= WG_ITEM_SIGNATURE; t++) {
			CHECK(wg_item_wants_signature(b, t) ==
			      !!wg_item_bytes(b, t));
			CHECK(wg_item_signed(b, t).len < size);
		}
	}
	free(b);
	return 0;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static uint8_t made[WG_ITEM_MAX];
	uint64_t rnd = i;
	size_t kind, len = 0;

	if (i >= 8 * WG_ITEM_KINDS)
		return 0;
	/* the kinds that there are, again and again */
	for (kind = i % WG_ITEM_KINDS; !wg_item_kind_str(kind);)
		kind = (kind + 1) % WG_ITEM_KINDS;
	do
		len = i < WG_ITEM_KINDS ? items_make(kind, ITEMS_TYPICAL, made)
					: items_random(kind, &rnd, made);
	while (len > size);
	memcpy(buf, made, len);
	return len;
}
