/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hubs, one of which may lie; a member's owner and thieves with one
 * invite; questions that are repeated, hubs that sync, restart, lose their
 * disks or cannot write, in any order.
 *
 * After each step: an honest hub has signed at most one witness for an invite,
 * ever; whoever was let in is the one that counts for that hub then.  In the
 * end, when all hubs have the same: the same one is let in everywhere, or
 * nobody.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/door_hub.h"
#include "lib/core/tests/items.h"

#define SEED 20270201
#define WORLDS 1000
#define STEPS 60

#define HUBS 4	  /* the last one lies in some worlds */
#define PEOPLE 3  /* with the invites: the first is the owner */
#define INVITES 2 /* the second is newer */
#define MEMBER 7
#define REDEEM_BY 2000

enum { HUB = 10, INVITE = 20, PERSON = 30, WG = 40 };

static struct world {
	uint64_t rnd, seed;
	struct door_hub hub[HUBS];
	bool has_liar;
	uint8_t certificate[INVITES][WG_ITEM_MAX];
	/* what each hub signed for each invite, ever */
	uint8_t signed_[HUBS][INVITES][WG_ITEM_MAX];
	/* witnesses that people were shown, to show them again */
	uint8_t shown[PEOPLE][INVITES][WG_ITEM_MAX];
	uint64_t sequence[PEOPLE];
	/* it knows nothing, so that time alone does not settle it: what it
	 * signed before, it could sign again (and then has no vote) */
	bool is_lost[HUBS];
} w;

static struct tally {
	unsigned welcome, refused[WG_DOOR_WHYS], witnessed, disputed, agreed;
} tally;

static uint64_t below(uint64_t n)
{
	return items_rnd(&w.rnd) % n;
}

/* A question in buffers of its own. */
static struct wg_door_question question(size_t person, size_t invite,
					bool with_witness)
{
	static uint8_t proof[WG_ITEM_MAX], record[WG_ITEM_MAX];
	const struct door_succession s = {MEMBER, INVITE + invite,
					  PERSON + person};
	const struct door_record r = {MEMBER, w.sequence[person], WG + person,
				      PERSON + person};

	door_record(&r, record);
	door_succession(&s, proof);
	return (struct wg_door_question){
		0, w.certificate[invite],
		with_witness ? w.shown[person][invite] : proof, record};
}

/* What the hub signed now, beside what it signed before. */
static void check_signed(size_t hub, size_t invite)
{
	const uint8_t *now =
		door_hub_witness(&w.hub[hub], w.certificate[invite]);
	uint8_t *before = w.signed_[hub][invite];

	if (!now || (w.has_liar && hub == HUBS - 1))
		return;
	assert_int_equal(
		door_hub_witnesses(&w.hub[hub], hub + 1, w.certificate[invite]),
		1);
	if (before[0])
		assert_memory_equal(before, now, wg_item_len(now));
	memcpy(before, now, wg_item_len(now));
}

static enum wg_door_why ask(size_t hub, size_t person, size_t invite,
			    bool with_witness)
{
	struct wg_door_case c = {
		.question = question(person, invite, with_witness)};
	struct wg_door_facts f;
	uint8_t who[WG_KEY_LEN];
	const uint8_t *mine;

	door_hub_judge(&w.hub[hub], &c);
	if (c.why) {
		tally.refused[c.why]++;
		if (c.why == WG_DOOR_OLD_SEQUENCE)
			w.sequence[person] = c.sequence + 1;
		return c.why;
	}
	tally.welcome++;
	tally.witnessed += c.is_witness_made;
	door_hub_facts(&w.hub[hub], &c.question, &f);
	door_crypto->public_of(PERSON + person, who);
	assert_non_null(f.identity);
	assert_memory_equal(f.identity, who, WG_KEY_LEN);
	/* the hub keeps one vote: that it was let in may be another's */
	mine = door_hub_witness(&w.hub[hub], w.certificate[invite]);
	if (mine && f.votes == WG_DOOR_COUNTS && c.is_witness_made)
		memcpy(w.shown[person][invite], mine, wg_item_len(mine));
	return 0;
}

/* A liar signs for whom it likes, as often as it likes. */
static void lie(size_t person, size_t invite)
{
	const struct door_succession s = {MEMBER, INVITE + invite,
					  PERSON + person};
	uint8_t inner[WG_ITEM_MAX], b[WG_ITEM_MAX];

	door_succession(&s, inner);
	door_witness(HUBS, HUB + HUBS - 1, inner, b);
	door_hub_offer(&w.hub[HUBS - 1], b);
}

/* The disk is lost: what others have of it is all that there is. */
static void lose(size_t hub)
{
	size_t i, k;

	for (i = 0; i < HUBS; i++)
		for (k = 0; k < HUBS; k++)
			if (i != k)
				door_hub_sync(&w.hub[i], &w.hub[k]);
	memset(w.is_lost, 0, sizeof(w.is_lost));
	door_hub_init(&w.hub[hub], hub + 1, HUB + hub);
	w.hub[hub].is_settled = false;
	w.is_lost[hub] = true;
}

static void step(void)
{
	size_t hub = below(HUBS), other = below(HUBS);
	size_t person = below(PEOPLE), invite = below(INVITES);
	bool is_shown = below(2) && w.shown[person][invite][0];

	switch (below(12)) {
	case 0:
	case 1:
	case 2:
		if (hub == other)
			break;
		door_hub_sync(&w.hub[hub], &w.hub[other]);
		w.is_lost[hub] = false;
		break;
	case 3:
		w.hub[hub].is_settled = false;
		break;
	case 4:
		w.hub[hub].is_settled = !w.is_lost[hub];
		break;
	case 5:
		w.hub[hub].disk_fails = below(2);
		break;
	case 6:
		if (below(20) == 0)
			lose(hub);
		break;
	case 7:
		if (w.has_liar)
			lie(person, invite);
		break;
	default:
		if (below(3) == 0)
			w.sequence[person]++;
		else if (below(20) == 0) /* an old disk */
			w.sequence[person] = 1;
		ask(hub, person, invite, is_shown);
		break;
	}
	for (hub = 0; hub < HUBS; hub++)
		for (invite = 0; invite < INVITES; invite++)
			check_signed(hub, invite);
}

static void begin(uint64_t seed)
{
	const struct door_certificate c[INVITES] = {
		{MEMBER, 100, INVITE, WG_ITEM_FLAG_INVITE,
		 .redeem_by = REDEEM_BY},
		{MEMBER, 200, INVITE + 1, WG_ITEM_FLAG_INVITE,
		 .redeem_by = REDEEM_BY}};
	size_t i, k;

	w = (struct world){.rnd = seed, .seed = seed, .has_liar = seed % 2};
	for (i = 0; i < HUBS; i++)
		door_hub_init(&w.hub[i], i + 1, HUB + i);
	/* of each other they know, or their witnesses are no votes */
	for (i = 0; i < HUBS; i++)
		for (k = 0; k < HUBS; k++)
			door_hub_sync(&w.hub[i], &w.hub[k]);
	for (i = 0; i < INVITES; i++)
		door_certificate(&c[i], w.certificate[i]);
	for (i = 0; i < PEOPLE; i++)
		w.sequence[i] = 1;
}

static void sync_all(void)
{
	size_t i, k, n;

	for (n = 0; n < 2; n++)
		for (i = 0; i < HUBS; i++)
			for (k = 0; k < HUBS; k++)
				door_hub_sync(&w.hub[i], &w.hub[k]);
}

/* All hubs have the same, and no invite is used for the first time any more. */
static void end(void)
{
	bool is_in[HUBS][PEOPLE] = {};
	size_t i, k, person, n;

	sync_all();
	for (i = 0; i < HUBS; i++) {
		w.hub[i].disk_fails = w.hub[i].is_settled = false;
		w.hub[i].now = REDEEM_BY + 1;
		for (n = person = 0; person < PEOPLE; person++) {
			w.sequence[person] += 1000;
			for (k = 0; k < INVITES; k++)
				is_in[i][person] |= !ask(i, person, k, false);
			n += is_in[i][person];
		}
		assert_true(n <= 1);
		assert_memory_equal(is_in[i], is_in[0], sizeof(is_in[0]));
	}
	tally.agreed += n;
	tally.disputed += !n;
}

static void test_worlds(void **state)
{
	const char *text = getenv("DOOR_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : SEED;
	size_t n = text ? 1 : WORLDS, i, k;

	for (i = 0; i < n; i++) {
		begin(seed + i);
		for (k = 0; k < STEPS; k++)
			step();
		end();
	}
	print_message("seed %d: %u let in, %u witnessed, %u agreed, %u not\n",
		      SEED, tally.welcome, tally.witnessed, tally.agreed,
		      tally.disputed);
	for (i = 1; i < WG_DOOR_WHYS; i++)
		print_message("%s %u\n", wg_door_why_str(i), tally.refused[i]);
	if (text)
		return;
	assert_true(tally.welcome > 1000 && tally.witnessed > 1000);
	assert_true(tally.agreed > 100 && tally.disputed > 100);
	assert_true(tally.refused[WG_DOOR_INVITE_USED] > 100);
	assert_true(tally.refused[WG_DOOR_DISPUTED] > 100);
	assert_true(tally.refused[WG_DOOR_BUSY] > 100);
	assert_true(tally.refused[WG_DOOR_OLD_SEQUENCE] > 100);
}

static int show_seed(void **state)
{
	print_message("the last world: DOOR_SEED=%llu\n",
		      (unsigned long long)w.seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_worlds, show_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
