/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threats to a door, each as a whole exchange of datagrams with real keys: the
 * hub has the number 1, another one the number 2, and the member the number 7.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/backend/tests/door_talk.h"
#include "lib/backend/wg_keys.h"
#include "lib/core/wg_knock.h"
#include "lib/core/wg_welcome.h"

enum { HUB = 10, HUB_TWO, INVITE = 20, BERLIN = 30, THIEF, WG = 40 };

#define DAY 86400
#define NOW 1000 /* as door_hub_init has it */
#define MEMBER 7

static struct talk_hub hub, two;
static struct talk_asker berlin, thief;
static uint8_t invite[WG_ITEM_MAX], named[WG_ITEM_MAX], shown[WG_ITEM_MAX];

static int setup(void **state)
{
	const struct door_certificate hub_two = {2, 12, HUB_TWO,
						 .flags = WG_ITEM_FLAG_HUB};
	uint8_t b[WG_ITEM_MAX];

	assert_int_equal(wg_keys_init(), 0);
	talk_begin(&hub, 1, HUB);
	talk_begin(&two, 2, HUB_TWO);
	door_certificate(&hub_two, b);
	door_hub_offer(&hub.hub, b);
	door_certificate(&(struct door_certificate){MEMBER, 100, INVITE,
						    WG_ITEM_FLAG_INVITE,
						    .redeem_by = NOW + 3 * DAY},
			 invite);
	door_certificate(&(struct door_certificate){MEMBER, 100, BERLIN},
			 named);
	berlin = (struct talk_asker){.from = {AF_INET, {192, 0, 2, 7}},
				     .port = 40000};
	thief = (struct talk_asker){.from = {AF_INET6, {0x20, 1, [15] = 6}},
				    .port = 40000};
	return 0;
}

static int teardown(void **state)
{
	talk_end(&hub);
	talk_end(&two);
	return 0;
}

/* Who comes with the invite, or as named. */
static struct wg_door_question with(const uint8_t *certificate, unsigned who,
				    uint64_t sequence)
{
	static uint8_t s[WG_ITEM_MAX], d[WG_ITEM_MAX];
	struct wg_door_question q = {0, certificate, NULL, d};

	door_record(&(struct door_record){MEMBER, sequence, WG, who}, d);
	if (certificate == named)
		return q;
	door_succession(&(struct door_succession){MEMBER, INVITE, who}, s);
	q.proof = s;
	return q;
}

static enum wg_door_why come(struct talk_asker *a, struct talk_hub *h,
			     const uint8_t *certificate, unsigned who,
			     uint64_t sequence)
{
	const struct wg_door_question q = with(certificate, who, sequence);

	return talk(a, h, &q);
}

static size_t witnesses(const struct talk_hub *h)
{
	return door_hub_witnesses(&h->hub, h->hub.self, invite);
}

/* Once; then it is a member.  A thief comes too late, and it shows. */
static void test_used_once(void **state)
{
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 1), 0);
	assert_int_equal(witnesses(&hub), 1);
	assert_int_equal(come(&thief, &hub, invite, THIEF, 1),
			 WG_DOOR_INVITE_USED);
	assert_int_equal(witnesses(&hub), 1);
	assert_int_equal(hub.hub.stats.refused[WG_DOOR_INVITE_USED], 1);
	/* the member is not harmed */
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 2), 0);
	/* at the other hub, too, as soon as they talked */
	door_hub_sync(&two.hub, &hub.hub);
	thief.has_cookie = berlin.has_cookie = false;
	assert_int_equal(come(&thief, &two, invite, THIEF, 1),
			 WG_DOOR_INVITE_USED);
	assert_int_equal(come(&berlin, &two, invite, BERLIN, 2), 0);
}

/* The thief was first: the owner is told. */
static void test_owner_is_told(void **state)
{
	struct wg_knock_place place = {{1}, "hub1", 51822};
	struct wg_knock_door *d;
	struct wg_knock k;

	assert_int_equal(come(&thief, &hub, invite, THIEF, 1), 0);
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 1),
			 WG_DOOR_INVITE_USED);
	wg_knock_init(&k, 0);
	wg_knock_set_doors(&k, &place, 1);
	wg_knock_start(&k, 1);
	d = wg_knock_next(&k, 1);
	assert_int_equal(wg_knock_answer(&k, d, &berlin.answer, 1),
			 WG_KNOCK_WAIT);
	assert_int_equal(wg_knock_why(&k), WG_DOOR_INVITE_USED);
	/* revoked, and invited anew: the thief is out */
	hub.hub.revoked_below[MEMBER] = 101;
	assert_int_equal(come(&thief, &hub, invite, THIEF, 2), WG_DOOR_REVOKED);
}

/* By the hub's clock. */
static void test_three_days(void **state)
{
	hub.hub.now = NOW + 3 * DAY;
	two.hub.now = NOW + 3 * DAY + 1;
	assert_int_equal(come(&thief, &two, invite, THIEF, 1),
			 WG_DOOR_INVITE_EXPIRED);
	assert_int_equal(witnesses(&two), 0);
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 1), 0);
}

/* The hub's identity is not all: there must be a certificate. */
static void test_stranger(void **state)
{
	static uint8_t forged[WG_ITEM_MAX];
	struct wg_door_question q = with(named, THIEF, 1);

	door_certificate(
		&(struct door_certificate){MEMBER, 900, THIEF, .by = THIEF},
		forged);
	q.certificate = forged;
	assert_int_equal(talk(&thief, &hub, &q), WG_DOOR_UNKNOWN_MEMBER);
	assert_int_equal(hub.hub.verified, 1);
	assert_int_equal(hub.hub.carried, 0);
	/* who knows a member's certificate, as all members do */
	assert_int_equal(come(&thief, &hub, named, THIEF, 1),
			 WG_DOOR_UNKNOWN_MEMBER);
	/* who knows no hub's identity */
	talk_ask(&thief, &two, &q);
	assert_int_equal(talk_send(&thief, &hub), WG_SEAL_STRANGER);
	assert_int_equal(thief.answer.kind, 0);
}

/* Sent again by who saw it: nothing becomes of it that was not so. */
static void test_replay(void **state)
{
	struct talk_asker before;
	struct door_hub was;

	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 1), 0);
	before = berlin;
	was = hub.hub;
	assert_int_equal(talk_send(&berlin, &hub), WG_SEAL_QUESTION);
	assert_int_equal(berlin.answer.kind, WG_DOOR_WELCOME);
	assert_memory_equal(hub.hub.item, was.item, sizeof(was.item));
	assert_memory_equal(hub.hub.record, was.record, sizeof(was.record));
	/* after a newer one */
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 2), 0);
	was = hub.hub;
	berlin = before;
	talk_send(&berlin, &hub);
	assert_int_equal(berlin.answer.refused.why, WG_DOOR_OLD_SEQUENCE);
	assert_memory_equal(hub.hub.record, was.record, sizeof(was.record));
	/* from elsewhere, or later: a cookie, which it cannot read */
	berlin = before;
	berlin.from.b[3]++;
	assert_int_equal(talk_send(&berlin, &hub), WG_SEAL_COOKIE);
	berlin = before;
	hub.now += 240000;
	assert_int_equal(talk_send(&berlin, &hub), WG_SEAL_COOKIE);
	assert_int_equal(hub.hub.stats.welcome, 3);
}

/* A cookie that another one was given. */
static void test_stolen_cookie(void **state)
{
	const struct wg_door_question q = with(invite, THIEF, 1);

	assert_int_equal(come(&berlin, &hub, named, BERLIN, 1), 0);
	memcpy(thief.cookie, berlin.cookie, sizeof(thief.cookie));
	thief.has_cookie = true;
	talk_ask(&thief, &hub, &q);
	assert_int_equal(talk_send(&thief, &hub), WG_SEAL_COOKIE);
	assert_int_equal(wg_seal_stats(hub.door)->opened, 1);
	assert_int_equal(witnesses(&hub), 0);
}

/* The disk is an old one: the member goes above what the hub knows. */
static void test_restored_member(void **state)
{
	struct wg_knock_place place = {{1}, "hub1", 51822};
	struct wg_knock_door *d;
	struct wg_knock k;

	assert_int_equal(come(&berlin, &hub, named, BERLIN, 5000), 0);
	wg_knock_init(&k, 0);
	wg_knock_set_doors(&k, &place, 1);
	wg_knock_start(&k, 1);
	d = wg_knock_next(&k, 1);
	k.sequence = 17;
	assert_int_equal(come(&berlin, &hub, named, BERLIN, k.sequence),
			 WG_DOOR_OLD_SEQUENCE);
	assert_int_equal(wg_knock_answer(&k, d, &berlin.answer, 1),
			 WG_KNOCK_AGAIN);
	assert_int_equal(k.sequence, 5001);
	assert_int_equal(come(&berlin, &hub, named, BERLIN, k.sequence), 0);
}

/* The hub's disk is an old one: it goes above what the member has of it. */
static void test_restored_hub(void **state)
{
	struct wg_door_question q = with(named, BERLIN, 1);

	q.sequence = 900;
	hub.hub.own_sequence = 3;
	assert_int_equal(talk(&berlin, &hub, &q), 0);
	assert_int_equal(
		wg_item_number(berlin.answer.welcome.record, WG_ITEM_SEQUENCE),
		901);
	/* not as far as somebody likes */
	q = with(named, BERLIN, 2);
	q.sequence = 901 + WG_DOOR_JUMP;
	assert_int_equal(talk(&berlin, &hub, &q), 0);
	assert_int_equal(hub.hub.own_sequence, 901);
	assert_int_equal(hub.hub.stats.lies, 1);
}

static void test_revoked(void **state)
{
	assert_int_equal(come(&berlin, &hub, named, BERLIN, 1), 0);
	hub.hub.revoked_below[MEMBER] = 101;
	assert_int_equal(come(&berlin, &hub, named, BERLIN, 2),
			 WG_DOOR_REVOKED);
	assert_int_equal(
		wg_item_number(hub.hub.record[MEMBER], WG_ITEM_SEQUENCE), 1);
}

/* A new certificate for another machine: the old one is out. */
static void test_superseded(void **state)
{
	static uint8_t newer[WG_ITEM_MAX];

	assert_int_equal(come(&berlin, &hub, named, BERLIN, 1), 0);
	door_certificate(&(struct door_certificate){MEMBER, 101, THIEF}, newer);
	door_hub_offer(&hub.hub, newer);
	assert_int_equal(come(&berlin, &hub, named, BERLIN, 2),
			 WG_DOOR_SUPERSEDED);
}

/* A hub that lost its map has nothing but the member's word for it. */
static void test_lost_map(void **state)
{
	struct wg_door_question q;
	const uint8_t *ours;

	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 1), 0);
	ours = door_hub_witness(&hub.hub, invite);
	memcpy(shown, ours, wg_item_len(ours));
	talk_end(&hub);
	talk_begin(&hub, 1, HUB);
	hub.hub.is_settled = false;
	hub.hub.now = NOW + 100 * DAY;
	/* as if it were the first time: neither now nor later */
	assert_int_equal(come(&berlin, &hub, invite, BERLIN, 2),
			 WG_DOOR_INVITE_EXPIRED);
	q = with(invite, BERLIN, 2);
	q.proof = shown;
	assert_int_equal(talk(&berlin, &hub, &q), 0);
	assert_int_equal(witnesses(&hub), 1);
	/* and who has the invite has no witness */
	hub.hub.is_settled = true;
	hub.hub.now = NOW;
	assert_int_equal(come(&thief, &hub, invite, THIEF, 1),
			 WG_DOOR_INVITE_USED);
	q = with(invite, THIEF, 1);
	q.proof = shown;
	assert_int_equal(talk(&thief, &hub, &q), WG_DOOR_INVITE_USED);
}

/* After a start it does not know what it should; for a minute. */
static void test_just_started(void **state)
{
	hub.hub.is_settled = wg_door_is_settled(5000, false, 64999);
	assert_int_equal(come(&thief, &hub, invite, THIEF, 1), WG_DOOR_BUSY);
	assert_int_equal(witnesses(&hub), 0);
	/* who was here before needs not wait */
	assert_int_equal(come(&berlin, &hub, named, BERLIN, 1), 0);
	hub.hub.is_settled = wg_door_is_settled(5000, false, 65000);
	assert_true(hub.hub.is_settled);
	assert_true(wg_door_is_settled(5000, true, 5001));
}

/* The hub's answer is one of our mesh: all of it is looked at. */
static void test_welcome(void **state)
{
	uint8_t key[WG_KEY_LEN], first[WG_KEY_LEN];
	struct wg_welcome_case c = {
		.facts = {wg_item_bytes(named, WG_ITEM_MESH), key, first}};
	const struct wg_signature *s = &c.proofs.wanted;
	enum wg_welcome_next next;

	door_real.public_of(HUB, key);
	door_real.public_of(DOOR_AUTHORITY, first);
	assert_int_equal(come(&berlin, &hub, named, BERLIN, 1), 0);
	c.answer = berlin.answer;
	while ((next = wg_welcome_judge(&c)) == WG_WELCOME_VERIFY)
		wg_proofs_tell(&c.proofs,
			       door_real.verify(s->item, s->type, s->key));
	assert_int_equal(next, WG_WELCOME_TAKE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(used_once),       TEST(owner_is_told), TEST(three_days),
		TEST(stranger),	       TEST(replay),	    TEST(stolen_cookie),
		TEST(restored_member), TEST(restored_hub),  TEST(revoked),
		TEST(superseded),      TEST(lost_map),	    TEST(just_started),
		TEST(welcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
