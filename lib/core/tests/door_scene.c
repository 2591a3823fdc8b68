/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/door_scene.h"

struct door_hub scene_hub;
uint8_t scene_proof[WG_ITEM_MAX], scene_record[WG_ITEM_MAX];
static uint8_t certificate[WG_ITEM_MAX], inner[WG_ITEM_MAX];

static unsigned hub_who(uint32_t number)
{
	return HUB + number - 1;
}

static void make_certificate(const struct ask *a, uint8_t *ret)
{
	unsigned identity = a->identity ? a->identity : BERLIN;
	const struct door_certificate c = {
		.member = a->member ? a->member : MEMBER,
		.serial = a->serial ? a->serial : SERIAL,
		.key = a->invite ? a->invite : identity,
		.flags = a->invite ? WG_ITEM_FLAG_INVITE : 0,
		.authority = a->authority,
		.from = a->from,
		.until = a->until,
		.redeem_by = a->redeem_by,
		.by = a->by,
		.mesh = a->mesh,
	};

	door_certificate(&c, ret);
}

static void make_succession(const struct ask *a, uint8_t *ret)
{
	const struct door_succession s = {MEMBER, a->invite,
					  a->identity ? a->identity : BERLIN,
					  a->s_by_key, a->s_by_identity};

	door_succession(&s, ret);
}

struct wg_door_question scene_question(const struct ask *a)
{
	struct wg_door_question q = {a->ours, certificate, NULL, scene_record};
	unsigned identity = a->identity ? a->identity : BERLIN;
	const struct door_record r = {
		.member = a->member ? a->member : MEMBER,
		.sequence = a->sequence ? a->sequence : 1,
		.key = WG,
		.by_key = a->wg_signer,
		.identity = a->signer ? a->signer : identity,
	};

	make_certificate(a, certificate);
	door_record(&r, scene_record);
	if (!a->invite)
		return q;
	q.proof = scene_proof;
	make_succession(a, a->witness_of ? inner : scene_proof);
	if (a->witness_of)
		door_witness(a->witness_of,
			     a->witness_by ? a->witness_by
					   : hub_who(a->witness_of),
			     inner, scene_proof);
	return q;
}

enum wg_door_why scene_ask(const struct ask *a, struct wg_door_case *ret)
{
	struct wg_door_case c = {.question = scene_question(a)};

	door_hub_judge(&scene_hub, &c);
	if (ret)
		*ret = c;
	return c.why;
}

void scene_hubs(void)
{
	const struct door_certificate two = {2, 12, HUB_TWO,
					     .flags = WG_ITEM_FLAG_HUB};
	const struct door_certificate three = {3, 13, HUB_EVIL,
					       .flags = WG_ITEM_FLAG_HUB};
	uint8_t b[WG_ITEM_MAX];

	door_certificate(&two, b);
	door_hub_offer(&scene_hub, b);
	door_certificate(&three, b);
	door_hub_offer(&scene_hub, b);
}

const struct ask scene_first = {.invite = INVITE, .redeem_by = NOW};
const struct ask scene_thief = {.invite = INVITE,
				.redeem_by = NOW,
				.identity = THIEF};

void scene_saw(uint32_t by, const struct ask *a)
{
	uint8_t b[WG_ITEM_MAX];

	scene_hubs();
	make_certificate(a, b);
	door_hub_offer(&scene_hub, b);
	make_succession(a, inner);
	door_witness(by, hub_who(by), inner, b);
	door_hub_offer(&scene_hub, b);
}

void scene_knows(const struct ask *a)
{
	uint8_t b[WG_ITEM_MAX];

	make_certificate(a, b);
	door_hub_offer(&scene_hub, b);
}

void scene_begin(void)
{
	door_hub_init(&scene_hub, 1, HUB);
}
