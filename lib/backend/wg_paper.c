/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A row is a number of 75 bits: 64 of the key, then 11 of the check.  It is
 * written five bits at a time, the highest first.
 *
 * The check has a text of its own in front, the kind and the row, so rows that
 * change places, and the other key's rows, are mistakes as well.
 */
#include "lib/backend/wg_paper.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#define ROW_BYTES (WG_PAPER_BYTES / WG_PAPER_ROWS)
#define ROW_CHARS 15
#define GROUP 5
#define CHECK_BITS 11

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static unsigned check_of(enum wg_paper_kind kind, unsigned row,
			 const uint8_t *b)
{
	static const char text[] = "frr-wgd mesh 1 paper";
	const uint8_t which[] = {kind, row};
	crypto_generichash_state st;
	uint8_t h[16];
	unsigned check;

	crypto_generichash_init(&st, NULL, 0, sizeof(h));
	crypto_generichash_update(&st, (const uint8_t *)text, sizeof(text));
	crypto_generichash_update(&st, which, sizeof(which));
	crypto_generichash_update(&st, b, ROW_BYTES);
	crypto_generichash_final(&st, h, sizeof(h));
	check = (h[0] << 8 | h[1]) & ((1 << CHECK_BITS) - 1);
	sodium_memzero(&st, sizeof(st));
	sodium_memzero(h, sizeof(h));
	return check;
}

char *wg_paper_str(enum wg_paper_kind kind, const uint8_t b[WG_PAPER_BYTES],
		   char *ret)
{
	char *p = ret;
	unsigned row, i;

	for (row = 0; row < WG_PAPER_ROWS; row++, b += ROW_BYTES) {
		unsigned check = check_of(kind, row, b), bits = 0, at = 0;
		uint32_t have = 0;

		for (i = 0; i < ROW_CHARS; i++) {
			if (bits < 5 && at < ROW_BYTES) {
				have = have << 8 | b[at++];
				bits += 8;
			} else if (bits < 5) {
				have = have << CHECK_BITS | check;
				bits += CHECK_BITS;
			}
			bits -= 5;
			if (i && i % GROUP == 0)
				*p++ = '-';
			*p++ = alphabet[have >> bits & 31];
			have &= (1 << bits) - 1;
		}
		*p++ = '\n';
	}
	p[-1] = '\0';
	return ret;
}

/* The value of a character, -1: none, -2: to be left out. */
static int value_of(char c)
{
	const char *at;

	if (c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return -2;
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c ? strchr(alphabet, c) : NULL;
	return at ? at - alphabet : -1;
}

/* Fifteen values to eight bytes; is the check right? */
static bool read_row(enum wg_paper_kind kind, unsigned row,
		     const uint8_t *values, uint8_t *ret)
{
	uint32_t have = 0;
	unsigned bits = 0, at = 0, i;

	for (i = 0; i < ROW_CHARS; i++) {
		have = have << 5 | values[i];
		bits += 5;
		if (bits >= 8 && at < ROW_BYTES) {
			bits -= 8;
			ret[at++] = have >> bits;
			have &= (1 << bits) - 1;
		}
	}
	return have == check_of(kind, row, ret);
}

int wg_paper_parse(enum wg_paper_kind kind, const char *text,
		   uint8_t ret[WG_PAPER_BYTES], unsigned *ret_row)
{
	uint8_t values[WG_PAPER_ROWS * ROW_CHARS];
	unsigned n = 0, row;
	int rc = 0;

	for (; !rc && *text; text++) {
		int v = value_of(*text);

		if (v == -2)
			continue;
		if (v < 0 || n == sizeof(values))
			rc = -EINVAL;
		else
			values[n++] = v;
	}
	if (rc || n < sizeof(values)) {
		*ret_row = 0;
		rc = -EINVAL;
	}
	for (row = 0; !rc && row < WG_PAPER_ROWS; row++)
		if (!read_row(kind, row, values + row * ROW_CHARS,
			      ret + row * ROW_BYTES)) {
			*ret_row = row + 1;
			rc = -EINVAL;
		}
	if (rc)
		sodium_memzero(ret, WG_PAPER_BYTES);
	sodium_memzero(values, sizeof(values));
	return rc;
}
