/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is sealed comes out with the passphrase and no other, and not with any
 * byte changed; what is on paper can be typed back, and mistakes are found.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_paper.h"
#include "lib/backend/wg_vault.h"

static const uint8_t open_bytes[] = "anybody may read this";
static const struct wg_vault cheap = {
	.ops = 1,
	.mib = WG_VAULT_MIB_MIN,
	.open = open_bytes,
	.open_len = sizeof(open_bytes),
};
static uint8_t secret[WG_VAULT_SECRET];

static int setup(void **state)
{
	unsigned i;

	for (i = 0; i < sizeof(secret); i++)
		secret[i] = 3 * i + 1;
	return wg_keys_init();
}

static void test_seal(void **state)
{
	uint8_t vault[WG_VAULT_MAX], again[WG_VAULT_MAX];
	uint8_t out[WG_VAULT_SECRET] = {0};
	struct wg_vault v;
	int n = wg_vault_seal(&cheap, "correct horse", secret, vault);

	assert_int_equal(n, 54 + sizeof(open_bytes) + 32 + 16);
	assert_int_equal(wg_vault_read(vault, n, &v), 0);
	assert_int_equal(v.ops, 1);
	assert_int_equal(v.mib, WG_VAULT_MIB_MIN);
	assert_int_equal(v.open_len, sizeof(open_bytes));
	assert_memory_equal(v.open, open_bytes, sizeof(open_bytes));
	assert_int_equal(wg_vault_open(vault, n, "correct horse", out), 0);
	assert_memory_equal(out, secret, sizeof(secret));
	/* another salt, another nonce: nothing is the same but the head */
	assert_int_equal(wg_vault_seal(&cheap, "correct horse", secret, again),
			 n);
	assert_memory_equal(vault, again, 12);
	assert_memory_not_equal(vault + 12, again + 12, 16);
	assert_memory_not_equal(vault + 28, again + 28, 24);
	assert_memory_not_equal(vault + n - 48, again + n - 48, 32);
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = {"", "correct hors", "Correct horse",
					    "correct horse "};
	uint8_t vault[WG_VAULT_MAX], out[WG_VAULT_SECRET] = {7};
	uint8_t before[WG_VAULT_SECRET] = {7};
	int n = wg_vault_seal(&cheap, "correct horse", secret, vault);
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(wg_vault_open(vault, n, wrong[i], out),
				 -EACCES);
		assert_memory_equal(out, before, sizeof(out));
	}
}

/* Each byte counts: what stands open is as little to be changed as the rest. */
static void test_changed(void **state)
{
	uint8_t vault[WG_VAULT_MAX], out[WG_VAULT_SECRET];
	int n = wg_vault_seal(&cheap, "x", secret, vault), i, rc;

	for (i = 0; i < n; i++) {
		/* the lowest bit of what it costs would cost only time */
		vault[i] ^= i >= 4 && i < 12 ? 0x40 : 1;
		rc = wg_vault_open(vault, n, "x", out);
		if (rc != -EACCES && rc != -EINVAL)
			fail_msg("byte %d: %d", i, rc);
		vault[i] ^= i >= 4 && i < 12 ? 0x40 : 1;
	}
	assert_int_equal(wg_vault_open(vault, n, "x", out), 0);
	for (i = 0; i < n; i++)
		assert_int_equal(wg_vault_open(vault, i, "x", out), -EINVAL);
	assert_int_equal(wg_vault_open(vault, n + 1, "x", out), -EINVAL);
}

/* A file that asks for more than the bounds is none. */
static void test_bounds(void **state)
{
	static const struct {
		unsigned at;
		uint8_t b[4];
	} cases[] = {
		{4, {0, 0, 0, 0}},
		{4, {0, 0, 0, WG_VAULT_OPS_MAX + 1}},
		{4, {0xff, 0xff, 0xff, 0xff}},
		{8, {0, 0, 0, WG_VAULT_MIB_MIN - 1}},
		{8, {0, 0, 0x10, 1}},
		{8, {0xff, 0xff, 0xff, 0xff}},
	};
	uint8_t vault[WG_VAULT_MAX], changed[WG_VAULT_MAX];
	int n = wg_vault_seal(&cheap, "x", secret, vault);
	struct wg_vault v;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(changed, vault, n);
		memcpy(changed + cases[i].at, cases[i].b, 4);
		assert_int_equal(wg_vault_read(changed, n, &v), -EINVAL);
	}
}

static void test_memory(void **state)
{
	static const uint8_t zero[4096];
	void *p = wg_vault_alloc(sizeof(zero));

	assert_memory_equal(p, zero, sizeof(zero));
	wg_vault_free(&p);
	assert_null(p);
	wg_vault_free(&p);
}

/* --- paper */

static void test_paper(void **state)
{
	char text[WG_PAPER_STRLEN], typed[2 * WG_PAPER_STRLEN];
	uint8_t back[WG_PAPER_BYTES];
	unsigned row = 9, i, n = 0;

	wg_paper_str(WG_PAPER_RECOVERY, secret, text);
	assert_int_equal(strlen(text), WG_PAPER_STRLEN - 1);
	assert_int_equal(wg_paper_parse(WG_PAPER_RECOVERY, text, back, &row),
			 0);
	assert_memory_equal(back, secret, sizeof(secret));
	assert_int_equal(row, 9);
	/* as people type: small, one blank each, no line, o and l */
	for (i = 0; text[i]; i++) {
		char c = tolower((unsigned char)text[i]);

		if (c == '\n' || c == '-')
			continue;
		typed[n++] = c == '0'	? 'o'
			     : c == '1' ? (i % 2 ? 'l' : 'I')
					: c;
		typed[n++] = i % 3 ? ' ' : '-';
	}
	typed[n] = '\0';
	memset(back, 0, sizeof(back));
	assert_int_equal(wg_paper_parse(WG_PAPER_RECOVERY, typed, back, &row),
			 0);
	assert_memory_equal(back, secret, sizeof(secret));
	/* as the other kind it is none */
	assert_int_equal(wg_paper_parse(WG_PAPER_MESH, typed, back, &row),
			 -EINVAL);
	assert_int_equal(row, 1);
}

/* Every single wrong character, each of two neighbours that changed places. */
static void test_typing(void **state)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	static const uint8_t zero[WG_PAPER_BYTES];
	char text[WG_PAPER_STRLEN], wrong[WG_PAPER_STRLEN];
	uint8_t back[WG_PAPER_BYTES];
	unsigned row, missed = 0, tried = 0, i;
	const char *c;

	wg_paper_str(WG_PAPER_RECOVERY, secret, text);
	for (i = 0; text[i]; i++) {
		if (text[i] == '-' || text[i] == '\n')
			continue;
		for (c = alphabet; *c; c++) {
			if (*c == text[i])
				continue;
			memcpy(wrong, text, sizeof(text));
			wrong[i] = *c;
			tried++;
			if (!wg_paper_parse(WG_PAPER_RECOVERY, wrong, back,
					    &row)) {
				missed++;
				continue;
			}
			assert_int_equal(row, i / WG_PAPER_ROW_STRLEN + 1);
			assert_memory_equal(back, zero, sizeof(zero));
		}
	}
	assert_int_equal(tried, 60 * 31);
	/* 1 in 2,048 is expected; the secret is always the same */
	assert_true(missed <= 4);
	/* two rows in each other's place */
	memcpy(wrong, text, sizeof(text));
	memcpy(wrong, text + WG_PAPER_ROW_STRLEN, WG_PAPER_ROW_STRLEN - 1);
	memcpy(wrong + WG_PAPER_ROW_STRLEN, text, WG_PAPER_ROW_STRLEN - 1);
	assert_int_equal(wg_paper_parse(WG_PAPER_RECOVERY, wrong, back, &row),
			 -EINVAL);
	assert_int_equal(row, 1);
}

static void test_no_paper(void **state)
{
	const char *cases[] = {"", "-", "0", NULL, NULL};
	char text[WG_PAPER_STRLEN];
	char u[WG_PAPER_STRLEN], more[WG_PAPER_STRLEN + 1];
	uint8_t back[WG_PAPER_BYTES];
	unsigned row, i;

	wg_paper_str(WG_PAPER_MESH, secret, text);
	memcpy(u, text, sizeof(u));
	u[3] = 'U'; /* not in the alphabet */
	cases[3] = u;
	snprintf(more, sizeof(more), "%s0", text);
	cases[4] = more;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		row = 9;
		assert_int_equal(
			wg_paper_parse(WG_PAPER_MESH, cases[i], back, &row),
			-EINVAL);
		assert_int_equal(row, 0);
	}
	text[strlen(text) - 1] = '\0';
	assert_int_equal(wg_paper_parse(WG_PAPER_MESH, text, back, &row),
			 -EINVAL);
	assert_int_equal(row, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),	cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_changed), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_memory),	cmocka_unit_test(test_paper),
		cmocka_unit_test(test_typing),	cmocka_unit_test(test_no_paper),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
