/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which welcomes are from a hub of our mesh, by rows. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/door_items.h"
#include "lib/core/wg_welcome.h"

enum { HUB = 10, OTHER, WG = 40 };

static const struct row {
	const char *name;
	/* what comes */
	struct door_certificate hub;
	struct door_record record;
	uint32_t authority; /* number of one that comes, too; 0: none */
	unsigned authority_by;
	/* what we know */
	bool knows_second; /* the authority's key */
	uint32_t revoked_below, void_below;
	uint64_t sequence;
	/* what it is */
	bool is_lie;
	unsigned verified;
} rows[] = {
#define C .hub = {1, 11, HUB, WG_ITEM_FLAG_HUB}
#define C_SECOND .hub = {1, 11, HUB, WG_ITEM_FLAG_HUB, 5, .by = DOOR_SECOND}
#define D .record = {1, 8, WG, HUB}
	{"good", C, D, .verified = 3},
	{"of the sequence that we have", C, D, .sequence = 8, .verified = 3},
	{"older", C, D, .sequence = 9, .is_lie = true, .verified = 3},
	{"not for that key", .hub = {1, 11, OTHER, WG_ITEM_FLAG_HUB}, D,
	 .is_lie = true},
	{"no hub", .hub = {1, 11, HUB}, D, .is_lie = true},
	{"a hub by invite",
	 .hub = {1, 11, HUB, WG_ITEM_FLAG_HUB | WG_ITEM_FLAG_INVITE}, D,
	 .is_lie = true},
	{"another mesh", .hub = {1, 11, HUB, WG_ITEM_FLAG_HUB, .mesh = 9}, D,
	 .is_lie = true},
	{"another's signature",
	 .hub = {1, 11, HUB, WG_ITEM_FLAG_HUB, .by = OTHER}, D, .is_lie = true,
	 .verified = 1},
	{"record of another", C, .record = {1, 8, WG, OTHER}, .is_lie = true,
	 .verified = 3},
	{"record of another key", C, .record = {1, 8, WG, HUB, OTHER},
	 .is_lie = true, .verified = 2},
	{"void", C, D, .revoked_below = 12, .is_lie = true, .verified = 1},
	{"the one before is void", C, D, .revoked_below = 11, .verified = 3},
	{"void authority", C, D, .void_below = 1, .is_lie = true,
	 .verified = 1},
	{"second authority, known", C_SECOND, D, .knows_second = true,
	 .void_below = 5, .verified = 3},
	{"unknown authority", C_SECOND, D, .is_lie = true},
	{"an authority that comes with it", C_SECOND, D, .authority = 5,
	 .authority_by = DOOR_RECOVERY, .verified = 4},
	{"another authority comes", C_SECOND, D, .authority = 6,
	 .authority_by = DOOR_RECOVERY, .is_lie = true},
	{"a forged authority comes", C_SECOND, D, .authority = 5,
	 .authority_by = OTHER, .is_lie = true, .verified = 1},
	{"the first one's, and another comes", C, D, .authority = 5,
	 .authority_by = DOOR_RECOVERY, .verified = 3},
};

static bool judge(const struct row *r, unsigned *ret_verified)
{
	static uint8_t c[WG_ITEM_MAX], d[WG_ITEM_MAX], a[WG_ITEM_MAX];
	static uint8_t mesh[WG_ITEM_MESH_LEN];
	uint8_t hub[WG_KEY_LEN], first[WG_KEY_LEN], recovery[WG_KEY_LEN];
	uint8_t second[WG_KEY_LEN];
	struct wg_welcome_case w = {
		.answer = {.kind = WG_DOOR_WELCOME,
			   .welcome = {c, d, r->authority ? a : NULL}},
		.facts = {mesh, hub, first, recovery,
			  r->knows_second ? second : NULL, r->revoked_below,
			  r->void_below, r->sequence},
	};
	const struct wg_signature *s = &w.proofs.wanted;
	enum wg_welcome_next next;

	door_crypto->public_of(HUB, hub);
	door_crypto->public_of(DOOR_AUTHORITY, first);
	door_crypto->public_of(DOOR_RECOVERY, recovery);
	door_crypto->public_of(DOOR_SECOND, second);
	door_certificate(&r->hub, c);
	door_record(&r->record, d);
	memcpy(mesh, wg_item_bytes(d, WG_ITEM_MESH), sizeof(mesh));
	if (r->authority)
		door_authority(r->authority, DOOR_SECOND, r->authority_by, a);
	*ret_verified = 0;
	while ((next = wg_welcome_judge(&w)) == WG_WELCOME_VERIFY) {
		++*ret_verified;
		wg_proofs_tell(&w.proofs,
			       door_crypto->verify(s->item, s->type, s->key));
	}
	return next == WG_WELCOME_LIE;
}

static void test_rows(void **state)
{
	unsigned verified;
	size_t i, bad = 0;
	bool is_lie;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is_lie = judge(&rows[i], &verified);
		if (is_lie == rows[i].is_lie && verified == rows[i].verified)
			continue;
		print_message("%s: %s, %u verified\n", rows[i].name,
			      is_lie ? "lie" : "taken", verified);
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
