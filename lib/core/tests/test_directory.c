/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the map takes in, what it lets go of, and what it says of members. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/mesh.h"

/* Keys: hubs 11, 12, invites from 30, identities from 50, WireGuard's 100. */
#define HUB 1
#define HUB2 2
#define SITE 7

static struct mesh mesh;
static struct wg_directory *dir;

static int setup(void **state)
{
	struct wg_directory_conf conf = mesh_conf(10);

	dir = wg_directory_new(&conf);
	return 0;
}

static int teardown(void **state)
{
	wg_directory_delete(&dir);
	mesh_free(&mesh);
	return 0;
}

static struct wg_offer *certificate(uint32_t member, uint32_t serial,
				    uint8_t key, uint8_t flags)
{
	return mesh_certificate(&mesh, (struct mesh_certificate){
					       0, member, serial, key, flags});
}

static struct wg_offer *witness(uint32_t hub, uint8_t invite, uint8_t identity)
{
	return mesh_witness(&mesh, (struct mesh_witness){SITE, hub, invite,
							 identity, 10 + hub});
}

static struct wg_offer *record(uint32_t member, uint64_t sequence,
			       uint8_t identity)
{
	return mesh_record(
		&mesh, (struct mesh_record){member, sequence, identity, 100});
}

static enum wg_offered offer(const struct wg_offer *o)
{
	return mesh_offer(dir, o, NULL);
}

#define TAKES(o) assert_int_equal(offer(o), WG_OFFERED_VERIFY)
#define SAYS(o, what) assert_int_equal(offer(o), WG_OFFERED_##what)

/* Two hubs and an invited site. */
static void begin(void)
{
	TAKES(certificate(HUB, 1, 11, 1));
	TAKES(certificate(HUB2, 1, 12, 1));
	TAKES(certificate(SITE, 1, 30, 2));
}

static struct wg_directory_who who(uint32_t member)
{
	struct wg_directory_who w;

	wg_directory_who(dir, member, &w);
	return w;
}

static int identity(uint32_t member)
{
	struct wg_directory_who w = who(member);

	return w.identity ? w.identity[0] : 0;
}

/* --- the order of the checks */

static void test_order(void **state)
{
	struct wg_offer *c = certificate(HUB, 1, 11, 1), *o, bad;
	struct wg_offer_checks checks;

	/* form: also of kinds that are no map's */
	bad = *c;
	bad.len--;
	SAYS(&bad, FORM);
	/* another mesh */
	o = certificate(HUB, 1, 11, 3);
	((uint8_t *)o->b)[WG_ITEM_HEAD + WG_ITEM_TLV]++;
	SAYS(o, OTHER_MESH);
	/* nobody has signed it whom we know */
	SAYS(mesh_certificate(&mesh,
			      (struct mesh_certificate){9, HUB, 1, 11, 1, 9}),
	     NO_SIGNER);
	SAYS(record(SITE, 1, 50), NO_SIGNER);
	SAYS(witness(HUB, 30, 50), UNWANTED);
	/* another one has */
	assert_int_equal(
		offer(mesh_certificate(
			&mesh, (struct mesh_certificate){0, HUB, 1, 11, 1, 9})),
		MESH_FORGED);
	assert_int_equal(wg_directory_count(dir), 0);
	TAKES(c);
	SAYS(c, UNWANTED);
	SAYS(certificate(HUB, 0, 19, 1), UNWANTED);
	/* older than a list that revokes it, which comes later */
	TAKES(mesh_list(&mesh, (struct mesh_list){.number = 1,
						  .revoked = {{SITE, 5}}}));
	SAYS(certificate(SITE, 4, 30, 2), VOID);
	TAKES(certificate(SITE, 5, 30, 2));
	/* a witness, and who signs in it */
	o = witness(HUB, 30, 50);
	assert_int_equal(wg_directory_offer(dir, o, &checks),
			 WG_OFFERED_VERIFY);
	assert_int_equal(checks.n, 3);
	assert_int_equal(checks.check[0].key[0], 11);
	assert_int_equal(checks.check[1].key[0], 30);
	assert_int_equal(checks.check[1].type, WG_ITEM_BY_INVITE);
	assert_int_equal(checks.check[2].key[0], 50);
	assert_string_equal(wg_offered_str(WG_OFFERED_NO_SIGNER), "no-signer");
}

/* Whoever forged a part of it. */
static void test_forged(void **state)
{
	struct mesh_witness w = {SITE, HUB, 30, 50, 11};
	struct wg_offer *o;

	begin();
	w.by_invite = 9;
	assert_int_equal(offer(mesh_witness(&mesh, w)), MESH_FORGED);
	w.by_invite = 0;
	w.by_identity = 9;
	assert_int_equal(offer(mesh_witness(&mesh, w)), MESH_FORGED);
	w.by_identity = 0;
	w.signer = 12;
	assert_int_equal(offer(mesh_witness(&mesh, w)), MESH_FORGED);
	w.signer = 11;
	/* a site is no hub */
	w.hub = SITE;
	SAYS(mesh_witness(&mesh, w), NO_SIGNER);
	w.hub = HUB;
	TAKES(mesh_witness(&mesh, w));
	assert_int_equal(
		offer(mesh_record(
			&mesh, (struct mesh_record){SITE, 1, 50, 100, 0, 101})),
		MESH_FORGED);
	assert_int_equal(offer(record(SITE, 1, 51)), MESH_FORGED);
	o = record(SITE, 2, 50);
	mesh_spoil(o);
	assert_int_equal(offer(o), MESH_FORGED);
	TAKES(record(SITE, 1, 50));
}

/* --- who is who */

static void test_votes(void **state)
{
	uint8_t key[WG_KEY_LEN], other[WG_KEY_LEN];
	struct wg_offer *r;

	memset(key, 30, sizeof(key));
	memset(other, 31, sizeof(other));
	begin();
	assert_int_equal(identity(HUB), 11);
	assert_non_null(who(HUB).hub);
	assert_null(who(SITE).hub);
	assert_int_equal(identity(SITE), 0);
	assert_int_equal(who(SITE).votes, WG_VOTES_NONE);
	TAKES(witness(HUB, 30, 50));
	assert_int_equal(identity(SITE), 50);
	r = record(SITE, 1, 50);
	TAKES(r);
	assert_non_null(who(SITE).record);
	assert_non_null(wg_directory_witness(dir, SITE, key, HUB));
	assert_non_null(wg_directory_witness(dir, SITE, key, 0));
	assert_null(wg_directory_witness(dir, SITE, key, HUB2));
	assert_null(wg_directory_witness(dir, SITE, other, 0));
	assert_null(wg_directory_witness(dir, HUB, key, 0));
	/* the other hub saw another one first */
	TAKES(witness(HUB2, 30, 51));
	assert_int_equal(who(SITE).votes, WG_VOTES_DISPUTED);
	assert_int_equal(identity(SITE), 0);
	assert_null(who(SITE).record);
	SAYS(r, NO_SIGNER);
	/* a third one decides */
	TAKES(certificate(3, 1, 13, 1));
	TAKES(witness(3, 30, 50));
	assert_int_equal(identity(SITE), 50);
	TAKES(r);
	/* it is a liar: neither of its two counts, and a third is not kept */
	TAKES(witness(3, 30, 51));
	assert_int_equal(who(SITE).votes, WG_VOTES_DISPUTED);
	offer(witness(3, 30, 52));
	assert_int_equal(wg_directory_count(dir), 4 + 2 + 2);
	/* revoked */
	TAKES(mesh_list(&mesh,
			(struct mesh_list){.number = 1,
					   .revoked = {{3, 9}, {HUB2, 2}}}));
	assert_int_equal(identity(SITE), 50);
	assert_int_equal(wg_directory_count(dir), 1 + 2 + 1);
	assert_int_equal(wg_directory_least_serial(dir, 3), 9);
	assert_int_equal(wg_directory_least_serial(dir, SITE), 0);
}

/* A new invite acts when it is redeemed, a renewed one at once. */
static void test_invites(void **state)
{
	begin();
	TAKES(witness(HUB, 30, 50));
	TAKES(record(SITE, 1, 50));
	TAKES(certificate(SITE, 2, 30, 2));
	assert_int_equal(wg_item_number(who(SITE).present, WG_ITEM_SERIAL), 2);
	TAKES(certificate(SITE, 3, 31, 2));
	assert_int_equal(identity(SITE), 50);
	assert_int_equal(wg_item_number(who(SITE).newest, WG_ITEM_SERIAL), 3);
	assert_int_equal(wg_item_number(who(SITE).present, WG_ITEM_SERIAL), 2);
	assert_int_equal(who(SITE).votes, WG_VOTES_NONE);
	TAKES(witness(HUB, 31, 51));
	assert_int_equal(identity(SITE), 51);
	assert_null(who(SITE).record);
	/* it names its identity itself: no witness is needed any more */
	TAKES(certificate(SITE, 4, 51, 0));
	assert_int_equal(identity(SITE), 51);
	assert_int_equal(wg_directory_count(dir), 3);
	SAYS(certificate(SITE, 3, 31, 2), UNWANTED);
	SAYS(witness(HUB, 31, 51), UNWANTED);
}

/* The witness of an invite that is not the newest comes late. */
static void test_late_witness(void **state)
{
	begin();
	TAKES(certificate(SITE, 2, 31, 2));
	TAKES(certificate(SITE, 3, 32, 2));
	TAKES(witness(HUB, 30, 50));
	TAKES(witness(HUB, 31, 51));
	assert_int_equal(identity(SITE), 51);
}

/* A hub stays one while an invite of its own is open, or redeemed. */
static void test_hub_invited(void **state)
{
	begin();
	TAKES(witness(HUB, 30, 50));
	TAKES(certificate(HUB, 2, 33, 2));
	assert_non_null(who(HUB).hub);
	TAKES(mesh_witness(&mesh,
			   (struct mesh_witness){HUB, HUB2, 33, 53, 12}));
	assert_int_equal(identity(HUB), 53);
	assert_int_equal(identity(SITE), 50);
	/* both flags are no hub, and without it the witness is nobody's */
	TAKES(certificate(HUB, 3, 11, 0));
	assert_null(who(HUB).hub);
	assert_int_equal(identity(SITE), 0);
	TAKES(certificate(HUB, 4, 11, 1));
	TAKES(witness(HUB, 30, 50));
	/* a hub's new key */
	TAKES(certificate(HUB, 5, 21, 1));
	assert_int_equal(identity(SITE), 0);
}

/* --- authorities */

static void test_authorities(void **state)
{
	struct mesh_authority a = {5, 3, 0}, v = {9, 4, 4};
	struct wg_offer *old;

	begin();
	TAKES(mesh_list(&mesh, (struct mesh_list){.number = 8}));
	TAKES(mesh_authority(&mesh, a));
	/* the earlier ones stay */
	TAKES(mesh_list(&mesh, (struct mesh_list){5, 1, 3}));
	assert_int_equal(wg_directory_members(dir), 3);
	assert_int_equal(wg_item_number(wg_directory_list(dir), WG_ITEM_LIST),
			 1);
	SAYS(mesh_list(&mesh, (struct mesh_list){.number = 9}), UNWANTED);
	/* void: when a list of the new one is here, not before */
	TAKES(mesh_authority(&mesh, v));
	assert_int_equal(wg_directory_members(dir), 3);
	assert_int_equal(wg_directory_least_authority(dir), 0);
	TAKES(mesh_certificate(&mesh,
			       (struct mesh_certificate){9, HUB, 2, 11, 1, 4}));
	TAKES(mesh_list(&mesh, (struct mesh_list){9, 1, 4}));
	assert_int_equal(wg_directory_least_authority(dir), 9);
	assert_int_equal(wg_directory_members(dir), 1);
	assert_int_equal(wg_directory_member(dir, 0), HUB);
	old = certificate(SITE, 9, 30, 2);
	SAYS(old, VOID);
	assert_int_equal(wg_directory_authority(dir, 9)[0], 4);
	assert_int_equal(wg_directory_authority(dir, 0)[0], MESH_FIRST);
	assert_null(wg_directory_authority(dir, 4));
	/* not by the recovery key */
	assert_int_equal(offer(mesh_authority(
				 &mesh, (struct mesh_authority){12, 5, 4, 3})),
			 MESH_FORGED);
}

/* Two of one version: all choose alike, and somebody is told. */
static void test_conflicts(void **state)
{
	struct wg_offer *two[5][2];
	unsigned alarms, first, i;

	begin();
	TAKES(witness(HUB, 30, 50));
	for (i = 0; i < 2; i++) {
		two[0][i] = mesh_authority(&mesh,
					   (struct mesh_authority){5, 3 + i});
		two[1][i] = mesh_certificate(
			&mesh, (struct mesh_certificate){0, 9, 5, 60, 0, 0, i});
		two[2][i] = mesh_record(
			&mesh, (struct mesh_record){SITE, 5, 50, 100, i});
		two[3][i] = mesh_list(
			&mesh, (struct mesh_list){.number = 5, .mark = i});
	}
	for (i = 0; i < 4; i++) {
		first = memcmp(two[i][0]->hash, two[i][1]->hash, 16) < 0;
		/* the higher hash, then the lower, then the higher again */
		assert_int_equal(mesh_offer(dir, two[i][first], &alarms),
				 WG_OFFERED_VERIFY);
		assert_int_equal(alarms, 0);
		assert_int_equal(mesh_offer(dir, two[i][!first], &alarms),
				 WG_OFFERED_VERIFY);
		assert_int_equal(alarms, WG_DIRECTORY_CONFLICT);
		SAYS(two[i][first], UNWANTED);
	}
	two[4][0] = witness(HUB2, 30, 50);
	two[4][1] = witness(HUB2, 30, 51);
	mesh_offer(dir, two[4][0], &alarms);
	assert_int_equal(alarms, 0);
	mesh_offer(dir, two[4][1], &alarms);
	assert_int_equal(alarms, WG_DIRECTORY_CONFLICT);
}

/* The lower numbers stay. */
static void test_maximum(void **state)
{
	unsigned alarms, i;
	uint32_t member;

	for (i = 20; i < 30; i++)
		TAKES(certificate(i, 1, i + 50, 0));
	TAKES(record(29, 1, 79));
	SAYS(certificate(30, 1, 99, 0), FULL);
	while (wg_directory_next_changed(dir, &member))
		;
	assert_int_equal(mesh_offer(dir, certificate(5, 1, 55, 0), &alarms),
			 WG_OFFERED_VERIFY);
	assert_int_equal(alarms, WG_DIRECTORY_EVICTED);
	assert_int_equal(wg_directory_members(dir), 10);
	assert_int_equal(wg_directory_count(dir), 10);
	assert_true(wg_directory_next_changed(dir, &member));
	assert_int_equal(member, 29);
	assert_true(wg_directory_next_changed(dir, &member));
	assert_int_equal(member, 5);
	assert_false(wg_directory_next_changed(dir, &member));
	SAYS(record(29, 2, 79), FULL);
}

/* --- entries */

static void test_entries(void **state)
{
	static const uint8_t order[] = {
		WG_ITEM_IS_AUTHORITY,	WG_ITEM_IS_CERTIFICATE,
		WG_ITEM_IS_CERTIFICATE, WG_ITEM_IS_CERTIFICATE,
		WG_ITEM_IS_WITNESS,	WG_ITEM_IS_RECORD,
		WG_ITEM_IS_LIST,
	};
	uint8_t b[7 * WG_DIRECTORY_ENTRY], again[WG_DIRECTORY_ENTRY];
	struct wg_directory_cursor c = {};
	struct wg_directory_entry e;
	const uint8_t *item;
	size_t i;

	begin();
	TAKES(mesh_list(&mesh, (struct mesh_list){.number = 8}));
	TAKES(mesh_authority(&mesh, (struct mesh_authority){5, 3}));
	TAKES(witness(HUB, 30, 50));
	TAKES(record(SITE, 0x0102030405060708, 50));
	assert_int_equal(wg_directory_count(dir), 7);
	for (i = 0; (item = wg_directory_next(dir, &c, &e)); i++) {
		assert_in_range(i, 0, 6);
		assert_int_equal(e.kind, order[i]);
		assert_int_equal(e.kind, wg_item_kind(item));
		assert_true(e.version == wg_item_version(item));
		/* one has it: it is not asked for */
		assert_false(wg_directory_wants(dir, &e));
		e.version++;
		assert_true(wg_directory_wants(dir, &e) ||
			    e.kind == WG_ITEM_IS_WITNESS);
	}
	assert_int_equal(i, 7);
	wg_directory_entries(dir, b);
	for (i = 0; i < 7; i++) {
		wg_directory_entry_decode(b + i * sizeof(again), &e);
		wg_directory_entry_encode(&e, again);
		assert_memory_equal(again, b + i * sizeof(again),
				    sizeof(again));
		if (i)
			assert_true(memcmp(b + (i - 1) * sizeof(again),
					   b + i * sizeof(again),
					   sizeof(again)) < 0);
	}
	/* of a record: kind 4, member 7, its sequence */
	assert_memory_equal(b + 4 * sizeof(again),
			    "\4\0\0\0\7\1\2\3\4\5\6\7\x8", 13);
	/* of kinds that no map has */
	e = (struct wg_directory_entry){WG_ITEM_IS_DOOR_RECORD, SITE, 1, {}};
	assert_false(wg_directory_wants(dir, &e));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_order),	 CASE(test_forged),
		CASE(test_votes),	 CASE(test_invites),
		CASE(test_late_witness), CASE(test_hub_invited),
		CASE(test_authorities),	 CASE(test_conflicts),
		CASE(test_maximum),	 CASE(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
