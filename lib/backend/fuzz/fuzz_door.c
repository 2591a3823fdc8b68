/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may arrive at a hub's door, from anybody and from who knows its
 * identity; and what may arrive at who asked.  The first byte says which:
 *
 *   0  a datagram: silence
 *   1  a datagram with MAC and cookie: nothing of it is opened
 *   2  a text, sealed for the hub: what is read of it is written to the same
 *      bytes again, and if it is a question it is judged
 *   3  questions that are put together from items that fit, to one hub: who is
 *      let in counts, and it signs one witness for an invite at most
 *   4  an answer, and a text that is sealed as one: as for 2
 *
 * Signatures of items are toys here: it is about seal, form and order.
 */
#include <string.h>

#include <sodium.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/tests/door_talk.h"
#include "lib/backend/wg_keys.h"

enum { HUB = 10, INVITE = 20, BERLIN = 30, WG = 40 };

#define MEMBER 7
#define CERTIFICATES 4
#define SEAL(what) crypto_aead_xchacha20poly1305_ietf_##what

static struct talk_hub hub;
static struct talk_asker asker = {.from = {AF_INET, {192, 0, 2, 7}},
				  .port = 40000};
static uint8_t hub_key[WG_KEY_LEN], mac_key[WG_KEY_LEN];
static uint8_t certificate[CERTIFICATES][WG_ITEM_MAX];
static uint8_t proof[WG_ITEM_MAX], inner[WG_ITEM_MAX], record[WG_ITEM_MAX];

static void hash(const char *word, uint8_t ret[WG_KEY_LEN])
{
	const struct wg_hash_of of = {word, {{hub_key, WG_KEY_LEN}}};

	wg_hash(&of, ret, WG_KEY_LEN);
}

static struct wg_door_question good(void)
{
	door_record(&(struct door_record){MEMBER, 1, WG, BERLIN}, record);
	return (struct wg_door_question){0, certificate[2], NULL, record};
}

static void get_cookie(void)
{
	const struct wg_door_question q = good();

	asker.has_cookie = false;
	CHECK(wg_seal_ask(hub_key, &q, NULL, &asker.asked, asker.sent) == 0);
	CHECK(talk_send(&asker, &hub) == WG_SEAL_COOKIE && asker.has_cookie);
}

/* Once: keys, items and a cookie; each time: a hub that knows another one. */
static void begin(void)
{
	static const struct door_certificate certificates[CERTIFICATES] = {
		{MEMBER, 100, INVITE, WG_ITEM_FLAG_INVITE, .redeem_by = 1000},
		{MEMBER, 101, INVITE + 1, WG_ITEM_FLAG_INVITE,
		 .redeem_by = 999},
		{MEMBER, 100, BERLIN},
		{MEMBER, 102, BERLIN + 1},
	};
	static const struct door_certificate other = {
		2, 12, HUB + 1, .flags = WG_ITEM_FLAG_HUB};
	uint8_t b[WG_ITEM_MAX];
	size_t i;

	if (!hub.door) {
		CHECK(wg_keys_init() == 0);
		door_real.public_of(HUB, hub_key);
		hash("door", mac_key);
		talk_begin(&hub, 1, HUB);
		door_crypto = &door_toy;
		for (i = 0; i < CERTIFICATES; i++)
			door_certificate(&certificates[i], certificate[i]);
		get_cookie();
	}
	door_hub_init(&hub.hub, 1, HUB);
	door_certificate(&other, b);
	door_hub_offer(&hub.hub, b);
	hub.limit = (struct wg_limit){};
}

static enum wg_seal_heard hear(const uint8_t *data, size_t len,
			       struct talk_answer *ret)
{
	struct wg_seal_datagram in = {NULL, len, asker.from, asker.port,
				      hub.now};
	uint8_t *b = malloc(len + !len);

	/* a buffer of its own: what is read behind it is found */
	CHECK(b);
	if (len)
		memcpy(b, data, len);
	in.b = b;
	talk_hear(&hub, &in, ret);
	free(b);
	CHECK(ret->len < WG_DOOR_QUESTION && ret->len <= len);
	return ret->heard;
}

/* --- who knows the hub's identity */

static void put_mac(uint8_t *b)
{
	memcpy(b + WG_DOOR_COOKIE_AT, asker.cookie, WG_DOOR_COOKIE_LEN);
	crypto_generichash(b + WG_DOOR_MAC_AT, WG_DOOR_MAC, b, WG_DOOR_MAC_AT,
			   mac_key, sizeof(mac_key));
}

/* Any text, sealed; the key of the answer is half a hash, too. */
static void seal_text(const uint8_t text[WG_DOOR_TEXT], uint8_t *b)
{
	const uint8_t secret[WG_KEY_LEN] = {8, 1, 2, 3, [31] = 64};
	uint8_t shared[WG_KEY_LEN], keys[64], *pub = b + WG_DOOR_HEAD;
	struct wg_key theirs;

	wg_door_datagram_head(WG_DOOR_REGISTER, b);
	crypto_scalarmult_base(pub, secret);
	CHECK(wg_sign_x25519(hub_key, &theirs) == 0);
	CHECK(crypto_scalarmult(shared, secret, theirs.b) == 0);
	wg_hash(&(struct wg_hash_of){"seal",
				     {{shared, WG_KEY_LEN},
				      {pub, WG_KEY_LEN},
				      {hub_key, WG_KEY_LEN}}},
		keys, sizeof(keys));
	memset(b + 36, 7, WG_DOOR_NONCE);
	SEAL(encrypt)
	(b + 60, NULL, text, WG_DOOR_TEXT, b, 36, NULL, b + 36, keys);
	put_mac(b);
	memcpy(asker.asked.hub, hub_key, WG_KEY_LEN);
	memcpy(asker.asked.mac, b + WG_DOOR_MAC_AT, WG_DOOR_MAC);
	memcpy(asker.asked.reply, keys + WG_KEY_LEN, WG_KEY_LEN);
}

static void fill(const uint8_t *data, size_t size, uint8_t *ret, size_t len)
{
	memset(ret, 0, len);
	memcpy(ret, data, size < len ? size : len);
}

/* --- the five */

static void raw(const uint8_t *data, size_t size)
{
	struct talk_answer answer;
	enum wg_seal_heard heard = hear(data, size, &answer);

	CHECK(heard == WG_SEAL_FOREIGN || heard == WG_SEAL_STRANGER);
	CHECK(answer.len == 0);
}

static void maced(const uint8_t *data, size_t size)
{
	uint8_t b[WG_DOOR_QUESTION];
	struct talk_answer answer;

	fill(data, size, b, sizeof(b));
	wg_door_datagram_head(WG_DOOR_REGISTER, b);
	put_mac(b);
	CHECK(hear(b, sizeof(b), &answer) == WG_SEAL_BROKEN);
}

/* The refusal, or 0, that the hub answers to what is in b. */
static enum wg_door_why answer_to(const uint8_t *b)
{
	struct talk_answer answer;
	struct wg_span back = {answer.b};

	CHECK(hear(b, WG_DOOR_QUESTION, &answer) == WG_SEAL_QUESTION);
	back.len = answer.len;
	CHECK(wg_seal_read(&asker.asked, &back, asker.text, &asker.answer) ==
	      0);
	CHECK(asker.answer.kind != WG_DOOR_COOKIE);
	return asker.answer.kind == WG_DOOR_REFUSED ? asker.answer.refused.why
						    : 0;
}

static void sealed(const uint8_t *data, size_t size)
{
	uint8_t text[WG_DOOR_TEXT], again[WG_DOOR_TEXT], b[WG_DOOR_QUESTION];
	struct talk_answer answer;
	struct wg_door_question q;

	fill(data, size, text, sizeof(text));
	seal_text(text, b);
	if (wg_door_question_get(text, &q) < 0) {
		CHECK(hear(b, sizeof(b), &answer) == WG_SEAL_NO_FORM);
		return;
	}
	wg_door_question_put(&q, again);
	CHECK(memcmp(text, again, sizeof(text)) == 0);
	CHECK(!q.proof == !wg_door_succession(&q));
	answer_to(b);
}

/* Four bytes: certificate and who; proof; sequence; what happens before. */
static enum wg_door_why put_together(const uint8_t *d, unsigned *ret_who)
{
	const uint8_t *c = certificate[d[0] % CERTIFICATES];
	bool is_invite = d[0] % CERTIFICATES < 2;
	unsigned who = BERLIN + d[0] / CERTIFICATES % 3;
	const struct door_succession s = {MEMBER, INVITE + d[0] % 2, who};
	struct wg_door_question q = {d[2] & 0xf0, c, NULL, record};

	if (is_invite) {
		q.proof = proof;
		door_succession(&s, inner);
		if (d[1] % 4 < 2)
			memcpy(proof, inner, sizeof(proof));
		else
			door_witness(2, d[1] % 4 == 2 ? HUB + 1 : HUB, inner,
				     proof);
	}
	door_record(&(struct door_record){MEMBER, d[2] & 15, WG, who}, record);
	hub.hub.is_settled = d[3] % 5 != 0;
	hub.hub.disk_fails = d[3] % 7 == 0;
	hub.hub.now = 1000 + d[3] % 2;
	if (d[3] == 255)
		hub.hub.revoked_below[MEMBER] = 101;
	CHECK(wg_seal_ask(hub_key, &q, asker.cookie, &asker.asked,
			  asker.sent) == 0);
	*ret_who = who;
	return answer_to(asker.sent);
}

static void put_items(const uint8_t *data, size_t size)
{
	struct wg_door_question q = good();
	uint8_t pub[WG_KEY_LEN];
	struct wg_door_facts f;
	unsigned who;
	size_t i, n;

	for (n = 0; size >= 4 && n < 24; n++, data += 4, size -= 4) {
		hub.limit = (struct wg_limit){};
		if (put_together(data, &who) == 0) {
			door_hub_facts(&hub.hub, &q, &f);
			door_crypto->public_of(who, pub);
			CHECK(f.identity &&
			      memcmp(f.identity, pub, WG_KEY_LEN) == 0);
		}
		for (i = 0; i < 2; i++)
			CHECK(door_hub_witnesses(&hub.hub, 1, certificate[i]) <=
			      1);
	}
}

static void answer(const uint8_t *data, size_t size)
{
	const struct wg_door_question q = good();
	uint8_t text[WG_DOOR_ANSWER_TEXT], again[WG_DOOR_ANSWER_TEXT];
	uint8_t b[WG_DOOR_ANSWER_MAX];
	struct wg_span back = {data, size}, span = {data};
	const struct wg_door_shape *shape;
	struct wg_door_answer got;
	uint8_t kind;

	CHECK(wg_seal_ask(hub_key, &q, NULL, &asker.asked, asker.sent) == 0);
	CHECK(wg_seal_read(&asker.asked, &back, text, &got) < 0);
	if (!size)
		return;
	kind = 2 + data[0] % 3;
	shape = wg_door_shape(kind);
	span.b++;
	span.len = size - 1;
	if (span.len > shape->text_most)
		span.len = shape->text_most;
	if (span.len < shape->text_least)
		return;
	wg_door_datagram_head(kind, b);
	memset(b + 4, 9, WG_DOOR_NONCE);
	back = (struct wg_span){b, wg_door_datagram_len(kind, span.len)};
	if (kind == WG_DOOR_COOKIE)
		return;
	SEAL(encrypt)
	(b + 28, NULL, span.b, span.len, b, 4, NULL, b + 4, asker.asked.reply);
	if (wg_seal_read(&asker.asked, &back, text, &got) < 0) {
		CHECK(wg_door_answer_get(kind, &span, &got) < 0);
		return;
	}
	CHECK(wg_door_answer_put(&got, again) == span.len);
	CHECK(memcmp(again, span.b, span.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const modes[])(const uint8_t *data, size_t size) = {
		raw, maced, sealed, put_items, answer};

	begin();
	if (size)
		modes[data[0] % 5](data + 1, size - 1);
	return 0;
}

/* --- good inputs */

static size_t seed_items(size_t i, uint8_t *buf)
{
	size_t n;

	/* a few questions each, that differ in all */
	for (n = 0; n < 32; n++)
		buf[n] = n % 4 == 2 ? 1 + n / 4 : 5 * i + 3 * n + 1;
	return 32;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	struct wg_door_question q;
	struct wg_door_answer a = {.kind = WG_DOOR_REFUSED};

	begin();
	q = good();
	buf[0] = i < 5 ? i : i < 10 ? 3 : 4;
	switch (i) {
	case 0:
	case 1:
		CHECK(wg_seal_ask(hub_key, &q, asker.cookie, &asker.asked,
				  buf + 1) == 0);
		/* of one who has all but the key of the seal */
		memset(buf + 1 + WG_DOOR_COOKIE_AT - WG_DOOR_TAG, 0,
		       WG_DOOR_TAG);
		buf[1 + WG_DOOR_MAC_AT] ^= 1;
		return 1 + WG_DOOR_QUESTION;
	case 2:
		q.certificate = certificate[0];
		q.proof = proof;
		door_succession(
			&(struct door_succession){MEMBER, INVITE, BERLIN},
			proof);
		wg_door_question_put(&q, buf + 1);
		return 1 + WG_DOOR_TEXT;
	case 10:
		a.refused.why = WG_DOOR_OLD_SEQUENCE;
		a.refused.sequence = 77;
		buf[1] = WG_DOOR_REFUSED - 2;
		return 2 + wg_door_answer_put(&a, buf + 2);
	case 11:
		a = (struct wg_door_answer){
			.kind = WG_DOOR_WELCOME,
			.welcome = {certificate[2], record}};
		buf[1] = WG_DOOR_WELCOME - 2;
		return 2 + wg_door_answer_put(&a, buf + 2);
	default:
		return i > 11 ? 0 : 1 + seed_items(i, buf + 1);
	}
}
