/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is let in at a door, by rows: what the hub knows, what is asked, and the
 * word.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/door_scene.h"

/* --- what the hub knows, before it is asked */

static void saw_berlin(void)
{
	scene_saw(1, &scene_first);
}

static void two_saw_berlin(void)
{
	scene_saw(2, &scene_first);
}

static void two_saw_thief(void)
{
	scene_saw(2, &scene_thief);
}

static void dispute(void)
{
	scene_saw(1, &scene_first);
	scene_saw(2, &scene_thief);
}

static void most_saw_berlin(void)
{
	scene_saw(1, &scene_thief);
	scene_saw(2, &scene_first);
	scene_saw(3, &scene_first);
}

/* A hub that said both has no vote. */
static void liar(void)
{
	scene_saw(2, &scene_first);
	scene_saw(2, &scene_thief);
}

static void revoked_two_saw_berlin(void)
{
	scene_saw(2, &scene_first);
	scene_hub.revoked_below[2] = 13;
}

static void just_started(void)
{
	scene_hub.is_settled = false;
}

static void started_saw_berlin(void)
{
	saw_berlin();
	just_started();
}

static void started_two_saw_berlin(void)
{
	two_saw_berlin();
	just_started();
}

static void revoked(void)
{
	scene_hub.revoked_below[MEMBER] = SERIAL + 1;
}

static void revoked_before(void)
{
	scene_hub.revoked_below[MEMBER] = SERIAL;
}

static void no_hub(void)
{
	scene_hub.revoked_below[1] = 12;
}

/* ... whose hub we are, too. */
static void new_authority(void)
{
	const struct door_certificate ours = {
		1, 11, HUB, WG_ITEM_FLAG_HUB, 1, .by = DOOR_SECOND};
	uint8_t b[WG_ITEM_MAX];

	door_certificate(&ours, b);
	door_hub_offer(&scene_hub, b);
	scene_hub.void_below = 1;
}

static void knows_berlin(void)
{
	scene_knows(&(struct ask){});
}

static void knows_newer(void)
{
	scene_knows(&(struct ask){.serial = SERIAL + 1});
}

static void knows_newer_old_is_void(void)
{
	knows_newer();
	scene_hub.revoked_below[MEMBER] = SERIAL + 1;
}

static void knows_newer_of_thief(void)
{
	scene_knows(&(struct ask){.serial = SERIAL + 1, .identity = THIEF});
}

static void newer_is_expired(void)
{
	scene_knows(&(struct ask){.serial = SERIAL + 1, .until = 1});
	scene_hub.now = 2 + 30 * DAYS;
}

static void newer_invite(void)
{
	scene_knows(&(struct ask){.serial = SERIAL + 1, .invite = INVITE_TWO});
}

static void saw_berlin_newer_invite(void)
{
	saw_berlin();
	newer_invite();
}

static void full(void)
{
	scene_hub.maximum = 1;
}

static void full_with_berlin(void)
{
	saw_berlin();
	scene_hub.maximum = 1;
}

static void late(void)
{
	scene_hub.now = NOW + 1;
}

static void late_saw_berlin(void)
{
	saw_berlin();
	scene_hub.now = NOW + 1;
}

static void broken_disk(void)
{
	scene_hub.disk_fails = true;
}

static void broken_disk_two_saw_berlin(void)
{
	two_saw_berlin();
	scene_hub.disk_fails = true;
}

static void bad_clock(void)
{
	scene_hub.clock_is_bad = true;
	scene_hub.now = 5000 * DAYS;
}

static void month_later(void)
{
	scene_hub.now = NOW + 30 * DAYS;
}

static void month_and_second_later(void)
{
	scene_hub.now = NOW + 30 * DAYS + 1;
}

static void had_five(void)
{
	knows_berlin();
	scene_ask(&(struct ask){.sequence = 5}, NULL);
}

/* It had five, then another was it. */
static void had_five_then_thief(void)
{
	had_five();
	knows_newer_of_thief();
}

/* --- rows */

#define INV .invite = INVITE, .redeem_by = NOW
#define USED WG_DOOR_INVITE_USED
#define EXPIRED WG_DOOR_INVITE_EXPIRED
#define UNKNOWN WG_DOOR_UNKNOWN_MEMBER

/* clang-format off */
static const struct row {
	const char *name;
	void (*knows)(void);
	struct ask ask;
	enum wg_door_why why; /* 0: welcome */
	bool is_witnessed;    /* now, by this question */
	unsigned verified;    /* signatures, by this question */
} rows[] = {
	/* an invite */
	{"first use", NULL, {INV}, 0, true, 5},
	{"first use, hubs know nothing", scene_hubs, {INV}, 0, true, 5},
	{"the same again", saw_berlin, {INV}, 0, false, 5},
	{"another hub saw the same", two_saw_berlin, {INV}, 0, true, 5},
	{"used here", saw_berlin, {INV, .identity = THIEF}, USED, false, 5},
	{"used here, by whom the record is", saw_berlin, {INV,
	 .identity = THIEF, .signer = BERLIN}, USED, false, 5},
	{"used at another", two_saw_thief, {INV}, USED, false, 5},
	{"hubs disagree", dispute, {INV}, WG_DOOR_DISPUTED, false, 5},
	{"hubs disagree, to the thief", dispute, {INV, .identity = THIEF},
	 WG_DOOR_DISPUTED, false, 5},
	{"most saw it, we the thief", most_saw_berlin, {INV}, 0, false, 5},
	{"most saw another, we the thief", most_saw_berlin, {INV,
	 .identity = THIEF}, USED, false, 5},
	{"the only hub lied", liar, {INV}, WG_DOOR_DISPUTED, false, 5},
	{"at its last second", NULL, {INV}, 0, true, 5},
	{"a second late", late, {INV}, EXPIRED, false, 5},
	{"late, but it was used in time", late_saw_berlin, {INV}, 0, false, 5},
	{"no time to redeem", NULL, {.invite = INVITE}, EXPIRED, false, 5},
	{"late, and the clock is bad", bad_clock, {INV}, EXPIRED, false, 5},
	{"hub has just started", just_started, {INV}, WG_DOOR_BUSY, false, 5},
	{"late, and it has just started", just_started, {.invite = INVITE,
	 .redeem_by = NOW - 1}, EXPIRED, false, 5},
	{"just started, seen before", started_saw_berlin, {INV}, 0, false, 5},
	{"just started, another saw it", started_two_saw_berlin, {INV}, 0,
	 false, 5},
	{"just started, used", started_saw_berlin, {INV, .identity = THIEF},
	 USED, false, 5},
	{"disk is broken", broken_disk, {INV}, WG_DOOR_BUSY, false, 5},
	{"disk is broken, another saw it", broken_disk_two_saw_berlin, {INV},
	 0, false, 5},
	{"not the newest", newer_invite, {INV}, WG_DOOR_SUPERSEDED, false, 5},
	{"a certificate is newer", knows_newer, {INV}, 0, false, 5},
	{"a newer one, of another", knows_newer_of_thief, {INV},
	 WG_DOOR_SUPERSEDED, false, 5},
	{"redeemed, then invited anew", saw_berlin_newer_invite, {INV}, 0,
	 false, 5},
	{"the invite's owner did not sign", NULL, {INV, .s_by_key = THIEF},
	 UNKNOWN, false, 2},
	{"the new identity did not sign", NULL, {INV, .s_by_identity = THIEF},
	 UNKNOWN, false, 3},
	{"another identity's record", NULL, {INV, .signer = THIEF}, UNKNOWN,
	 false, 5},
	/* one who was here before, shown to a hub that lost all */
	{"our own witness", NULL, {INV, .witness_of = 1}, 0, false, 6},
	{"another hub's witness", scene_hubs, {INV, .witness_of = 2}, 0, true,
	 6},
	{"... late", late, {INV, .witness_of = 1}, 0, false, 6},
	{"... of a hub that we do not know", NULL, {INV, .witness_of = 2},
	 UNKNOWN, false, 1},
	{"... and have just started", just_started, {INV, .witness_of = 2},
	 WG_DOOR_BUSY, false, 1},
	{"our own, and we have just started", just_started, {INV,
	 .witness_of = 1}, 0, false, 6},
	{"a forged witness", NULL, {INV, .witness_of = 1, .witness_by = THIEF},
	 UNKNOWN, false, 2},
	{"a witness of a site", knows_berlin, {INV, .serial = 200,
	 .witness_of = MEMBER, .witness_by = BERLIN}, UNKNOWN, false, 1},
	{"of a revoked hub", revoked_two_saw_berlin, {INV, .witness_of = 2},
	 UNKNOWN, false, 1},
	{"of a revoked hub, as first use", revoked_two_saw_berlin, {INV},
	 WG_DOOR_DISPUTED, false, 5},
	{"another witness than ours", saw_berlin, {INV, .identity = THIEF,
	 .witness_of = 2}, WG_DOOR_DISPUTED, false, 6},
	{"... and most are with us", most_saw_berlin, {INV, .identity = THIEF,
	 .witness_of = 1}, USED, false, 6},
	/* a certificate that names its identity */
	{"by name", NULL, {}, 0, false, 3},
	{"by name, again", knows_berlin, {}, 0, false, 3},
	{"just started", just_started, {}, 0, false, 3},
	{"of another identity", knows_berlin, {.signer = THIEF}, UNKNOWN,
	 false, 3},
	{"of another authority", NULL, {.by = THIEF}, UNKNOWN, false, 1},
	{"of a second authority", NULL, {.authority = 1, .by = DOOR_SECOND}, 0,
	 false, 3},
	{"of an authority that we do not know", NULL, {.authority = 9},
	 UNKNOWN, false, 0},
	{"... and have just started", just_started, {.authority = 9},
	 WG_DOOR_BUSY, false, 0},
	{"renewed, and does not know it", knows_newer, {}, 0, false, 3},
	{"renewed, and the old one is void", knows_newer_old_is_void, {}, 0,
	 false, 3},
	{"renewed for another", knows_newer_of_thief, {}, WG_DOOR_SUPERSEDED,
	 false, 3},
	{"a second one of that serial", knows_berlin, {.until = 5000}, 0,
	 false, 3},
	{"a second one, another's", knows_berlin, {.identity = THIEF},
	 WG_DOOR_SUPERSEDED, false, 3},
	{"renewed, and we do not know it", knows_berlin,
	 {.serial = SERIAL + 1}, 0, false, 3},
	{"invited anew", knows_berlin, {INV, .serial = 200, .identity = THIEF},
	 0, true, 5},
	{"WireGuard key of another", NULL, {.wg_signer = THIEF}, UNKNOWN,
	 false, 2},
	{"our own number", NULL, {.member = 1}, WG_DOOR_DISPUTED, false, 0},
	{"we are no hub any more", no_hub, {}, WG_DOOR_UNKNOWN_MESH, false, 0},
	{"another mesh", NULL, {.mesh = 9}, WG_DOOR_UNKNOWN_MESH, false, 0},
	/* void, and out of time */
	{"revoked", revoked, {}, WG_DOOR_REVOKED, false, 1},
	{"revoked invite", revoked, {INV}, WG_DOOR_REVOKED, false, 1},
	{"the one before was revoked", revoked_before, {}, 0, false, 3},
	{"of a void authority", new_authority, {}, WG_DOOR_REVOKED, false, 1},
	{"of the new authority", new_authority, {.authority = 1,
	 .by = DOOR_SECOND}, 0, false, 3},
	{"from tomorrow", NULL, {.from = NOW + 1}, WG_DOOR_BUSY, false, 1},
	{"from now", NULL, {.from = NOW}, 0, false, 3},
	{"a month over", month_later, {.until = NOW}, 0, false, 3},
	{"more than a month over", month_and_second_later, {.until = NOW},
	 EXPIRED, false, 1},
	{"over, and the clock is bad", bad_clock, {.until = NOW}, 0, false, 3},
	{"the newer one is over", newer_is_expired, {}, EXPIRED, false, 1},
	/* room */
	{"full", full, {}, WG_DOOR_FULL, false, 1},
	{"full, and was here", full_with_berlin, {INV}, 0, false, 5},
	/* sequences */
	{"above", had_five, {.sequence = 6}, 0, false, 3},
	{"the same record", had_five, {.sequence = 5}, 0, false, 3},
	{"old", had_five, {.sequence = 4}, WG_DOOR_OLD_SEQUENCE, false, 3},
	{"old, of another", had_five, {.sequence = 4, .signer = THIEF},
	 UNKNOWN, false, 3},
	{"invited anew, from the first", had_five, {INV, .serial = 200,
	 .identity = THIEF, .sequence = 1}, 0, true, 5},
	{"invited anew, with the same identity", had_five_then_thief, {INV,
	 .serial = 200, .sequence = 4}, 0, true, 5},
};
/* clang-format on */

static void test_rows(void **state)
{
	struct wg_door_case c;
	const struct row *r;
	unsigned before;
	size_t i, bad = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = &rows[i];
		scene_begin();
		if (r->knows)
			r->knows();
		before = scene_hub.verified;
		scene_ask(&r->ask, &c);
		if (c.why == r->why && c.is_witness_made == r->is_witnessed &&
		    scene_hub.verified - before == r->verified)
			continue;
		print_message("%s: %s, %d witnesses, %u verified\n", r->name,
			      c.why ? wg_door_why_str(c.why) : "welcome",
			      c.is_witness_made, scene_hub.verified - before);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* What is refused leaves nothing that was not signed by others. */
static void test_nothing_remains(void **state)
{
	struct door_hub before;
	const struct row *r;
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = &rows[i];
		if (!r->why)
			continue;
		scene_begin();
		if (r->knows)
			r->knows();
		before = scene_hub;
		scene_ask(&r->ask, NULL);
		assert_memory_equal(scene_hub.record, before.record,
				    sizeof(scene_hub.record));
		assert_int_equal(scene_hub.own_sequence, before.own_sequence);
		for (k = before.n; k < scene_hub.n; k++)
			assert_true(wg_item_kind(scene_hub.item[k]) ==
					    WG_ITEM_IS_CERTIFICATE ||
				    memcmp(scene_hub.item[k], scene_proof,
					   wg_item_len(scene_proof)) == 0);
	}
}

/* Each answer is counted by its word. */
static void test_stats(void **state)
{
	struct wg_door_stats want = {};
	struct wg_door_case c;
	size_t i;

	scene_begin();
	scene_hub.maximum = 2;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scene_ask(&rows[i].ask, &c);
		want.welcome += !c.why;
		if (c.why)
			want.refused[c.why]++;
		want.witnessed += c.is_witness_made;
	}
	assert_memory_equal(&scene_hub.stats, &want, sizeof(want));
	assert_true(want.welcome > 10 && want.refused[UNKNOWN] > 5);
}

static void test_words(void **state)
{
	static const char *const words[] = {
		"invite-used", "invite-expired", "revoked",	 "superseded",
		"disputed",    "unknown-member", "unknown-mesh", "full",
		"busy",	       "old-sequence",
	};
	unsigned i;

	for (i = 0; i < WG_DOOR_WHYS - 1; i++)
		assert_string_equal(wg_door_why_str(i + 1), words[i]);
	assert_int_equal(i, sizeof(words) / sizeof(words[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_remains),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
