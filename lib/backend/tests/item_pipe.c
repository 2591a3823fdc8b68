/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items on the standard input, one question a line, and an answer a line: for
 * tests/check-items, which has a second implementation to compare with.
 *
 *   check ITEM			a word: ok, or why it is none
 *   again ITEM			the item from its values, the last first
 *   random KIND SEED		an item
 *   sign ITEM TYPE SEED	the item with that signature
 *   verify ITEM TYPE KEY	0, or the error
 *   own ITEM			0, or the error
 *   hash ITEM
 *   mesh FIRST RECOVERY
 *   version ITEM
 *   line ITEM
 *   unline LINE		the item, or what is wrong
 *   x25519 SEED		secret and public key
 *
 * All but numbers are hexadecimal, in lower case; no word is no bytes.
 */
#include "lib/backend/tests/pipe.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_line.h"
#include "lib/core/tests/items.h"

static uint8_t again[WG_ITEM_MAX];

/* A buffer of its own: what is read behind it is found. */
static void check(void)
{
	const uint8_t *from = read_hex(1);
	uint8_t *b = malloc(lens[1] + !lens[1]);

	if (!b)
		exit(1);
	memcpy(b, from, lens[1]);
	printf("%s\n", wg_item_fault_str(wg_item_check(b, lens[1])));
	free(b);
}

static void write_again(void)
{
	say_hex(again, items_again(read_hex(1), again));
}

static void make(void)
{
	uint64_t rnd = number(2);

	say_hex(again, items_random(number(1), &rnd, again));
}

static void sign(void)
{
	struct wg_sign_key key;

	read_hex(1);
	wg_sign_of_seed(read_hex(3), &key);
	wg_sign_item(bytes[1], number(2), &key);
	say_hex(bytes[1], lens[1]);
}

static void verify(void)
{
	printf("%d\n", wg_sign_verify(read_hex(1), number(2), read_hex(3)));
}

static void own(void)
{
	printf("%d\n", wg_sign_verify_own(read_hex(1)));
}

static void hash(void)
{
	wg_sign_hash(read_hex(1), again);
	say_hex(again, WG_ITEM_HASH_LEN);
}

static void mesh(void)
{
	wg_sign_mesh(read_hex(1), read_hex(2), again);
	say_hex(again, WG_ITEM_MESH_LEN);
}

static void version(void)
{
	printf("%llu\n", (unsigned long long)wg_item_version(read_hex(1)));
}

static void line(void)
{
	char text[WG_LINE_STRLEN];

	printf("%s\n", wg_line_put(read_hex(1), text) == 0 ? text : "none");
}

static void unline(void)
{
	char say[WG_LINE_ERROR_STRLEN];
	struct wg_line_error e;
	size_t len;

	if (wg_line_get(word[1] ? word[1] : "", again, &len, &e) == 0)
		say_hex(again, len);
	else
		printf("%s\n", wg_line_error_str(&e, say));
}

static void x25519(void)
{
	struct wg_sign_key key;
	struct wg_key form;

	wg_sign_of_seed(read_hex(1), &key);
	wg_sign_x25519_secret(&key, &form);
	memcpy(again, form.b, sizeof(form.b));
	if (wg_sign_x25519(wg_sign_public(&key), &form) < 0)
		exit(1);
	memcpy(again + WG_KEY_LEN, form.b, sizeof(form.b));
	say_hex(again, 2 * WG_KEY_LEN);
}

int main(void)
{
	static const struct pipe_question questions[] = {
		{"check", check},   {"again", write_again},
		{"random", make},   {"sign", sign},
		{"verify", verify}, {"own", own},
		{"hash", hash},	    {"mesh", mesh},
		{"line", line},	    {"unline", unline},
		{"x25519", x25519}, {"version", version},
	};

	if (wg_keys_init() < 0)
		return 1;
	return pipe_serve(questions, sizeof(questions) / sizeof(questions[0]));
}
