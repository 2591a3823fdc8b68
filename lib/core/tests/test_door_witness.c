/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sequences at a door, theirs and ours; and when a witness is made. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/door_scene.h"

static void had_five(void)
{
	scene_knows(&(struct ask){});
	scene_ask(&(struct ask){.sequence = 5}, NULL);
}

/* The word for an old sequence comes with ours; then all goes well. */
static void test_old_sequence(void **state)
{
	struct wg_door_case c;

	scene_begin();
	had_five();
	assert_int_equal(scene_ask(&(struct ask){.sequence = 1}, &c),
			 WG_DOOR_OLD_SEQUENCE);
	assert_int_equal(c.sequence, 5);
	assert_int_equal(scene_ask(&(struct ask){.sequence = 6}, &c), 0);
	assert_int_equal(c.sequence, 0);
	/* the same number, another record */
	door_record(&(struct door_record){MEMBER, 6, WG + 1, BERLIN},
		    scene_hub.record[MEMBER]);
	assert_int_equal(scene_ask(&(struct ask){.sequence = 6}, &c),
			 WG_DOOR_OLD_SEQUENCE);
}

/* A record that came by another way counts, too; so the same is old. */
static void test_later_record(void **state)
{
	struct wg_door_case c = {};
	struct ask a = {.sequence = 5};

	scene_begin();
	had_five();
	c.question = scene_question(&a);
	door_hub_facts(&scene_hub, &c.question, &c.facts);
	c.facts.sequence = 6;
	c.is_carried = true;
	c.proofs.proven = 0xff;
	assert_int_equal(wg_door_judge(&c), WG_DOOR_NEXT_ANSWER);
	assert_int_equal(c.why, WG_DOOR_OLD_SEQUENCE);
	assert_int_equal(c.sequence, 6);
}

/* Our record goes above what the member has of us, but not far. */
static void test_our_sequence(void **state)
{
	static const struct {
		uint64_t own, told, then;
		bool is_lie;
	} cases[] = {
		{5, 0, 5},
		{5, 5, 5},
		{5, 6, 7},
		{0, WG_DOOR_JUMP - 1, WG_DOOR_JUMP},
		{0, WG_DOOR_JUMP, 0, true},
		{9, UINT64_MAX, 9, true},
		{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX - 1, true},
	};
	struct wg_door_case c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene_begin();
		scene_hub.own_sequence = cases[i].own;
		assert_int_equal(
			scene_ask(&(struct ask){.ours = cases[i].told}, &c), 0);
		assert_int_equal(scene_hub.own_sequence, cases[i].then);
		assert_int_equal(c.is_lie, cases[i].is_lie);
		assert_int_equal(scene_hub.stats.lies, cases[i].is_lie);
	}
	/* who is not let in does not move it */
	scene_begin();
	scene_ask(&(struct ask){.ours = 9, .signer = THIEF}, &c);
	assert_int_equal(scene_hub.own_sequence, 0);
}

/* A witness is on disk when the answer is there, and not before all passed. */
static void test_witness_first(void **state)
{
	struct wg_door_case c = {};
	struct wg_door_facts f;
	enum wg_door_next next;
	unsigned asked = 0;

	scene_begin();
	c.question = scene_question(&scene_first);
	door_hub_facts(&scene_hub, &c.question, &c.facts);
	assert_false(wg_door_wants_witness(&c.facts));
	while ((next = wg_door_judge(&c)) != WG_DOOR_NEXT_WITNESS) {
		assert_int_not_equal(next, WG_DOOR_NEXT_ANSWER);
		if (next == WG_DOOR_NEXT_VERIFY)
			wg_proofs_tell(&c.proofs, true);
		asked += next == WG_DOOR_NEXT_VERIFY;
	}
	assert_int_equal(asked, 5);
	assert_int_equal(wg_door_judge(&c), WG_DOOR_NEXT_ANSWER);
	assert_int_equal(c.why, 0);
	/* of what counts, and where it may */
	scene_saw(2, &scene_first);
	door_hub_facts(&scene_hub, &c.question, &f);
	assert_true(wg_door_wants_witness(&f));
	f.is_settled = false;
	assert_false(wg_door_wants_witness(&f));
	f.is_settled = f.is_witnessed = true;
	assert_false(wg_door_wants_witness(&f));
}

/* One that is on its way to the disk, and of which the map knows nothing. */
static void test_witness_under_way(void **state)
{
	struct wg_door_case c = {};
	enum wg_door_next next;

	scene_begin();
	c.question = scene_question(&scene_thief);
	door_hub_facts(&scene_hub, &c.question, &c.facts);
	c.facts.is_witnessed = true;
	while ((next = wg_door_judge(&c)) != WG_DOOR_NEXT_ANSWER) {
		assert_int_not_equal(next, WG_DOOR_NEXT_WITNESS);
		if (next == WG_DOOR_NEXT_VERIFY)
			wg_proofs_tell(&c.proofs, true);
	}
	assert_int_equal(c.why, WG_DOOR_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_sequence),
		cmocka_unit_test(test_later_record),
		cmocka_unit_test(test_our_sequence),
		cmocka_unit_test(test_witness_first),
		cmocka_unit_test(test_witness_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
