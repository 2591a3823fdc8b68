/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seal of a door: what a datagram costs, and what none may do.  Each call
 * of libsodium is counted here (the linker's --wrap), so that what is told of
 * the price is not only what the door says of itself.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include <sodium.h>

#include "lib/backend/tests/door_talk.h"
#include "lib/backend/wg_keys.h"

enum { HUB = 10, HUB_TWO, BERLIN = 30, WG = 40 };

/* --- what libsodium is asked for */

struct cost {
	unsigned macs; /* keyed hashes of a whole question */
	unsigned short_macs;
	unsigned hashes, agreements, opened, sealed, verified, signed_;
};
static struct cost cost;

#define WRAP(name, ...)                                                        \
	int __real_##name(__VA_ARGS__);                                        \
	int __wrap_##name(__VA_ARGS__);                                        \
	int __wrap_##name(__VA_ARGS__)
typedef unsigned long long ull;

WRAP(crypto_generichash, uint8_t *out, size_t out_len, const uint8_t *in,
     ull len, const uint8_t *key, size_t key_len)
{
	*(len > 1000 ? &cost.macs : &cost.short_macs) += 1;
	assert_true(key && key_len == WG_KEY_LEN);
	return __real_crypto_generichash(out, out_len, in, len, key, key_len);
}

WRAP(crypto_generichash_init, crypto_generichash_state *st, const uint8_t *key,
     size_t key_len, size_t out_len)
{
	cost.hashes++;
	return __real_crypto_generichash_init(st, key, key_len, out_len);
}

WRAP(crypto_scalarmult, uint8_t *q, const uint8_t *n, const uint8_t *p)
{
	cost.agreements++;
	return __real_crypto_scalarmult(q, n, p);
}

WRAP(crypto_aead_xchacha20poly1305_ietf_decrypt, uint8_t *m, ull *m_len,
     uint8_t *none, const uint8_t *c, ull c_len, const uint8_t *ad, ull ad_len,
     const uint8_t *nonce, const uint8_t *key)
{
	cost.opened++;
	return __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
		m, m_len, none, c, c_len, ad, ad_len, nonce, key);
}

WRAP(crypto_aead_xchacha20poly1305_ietf_encrypt, uint8_t *c, ull *c_len,
     const uint8_t *m, ull m_len, const uint8_t *ad, ull ad_len,
     const uint8_t *none, const uint8_t *nonce, const uint8_t *key)
{
	cost.sealed++;
	return __real_crypto_aead_xchacha20poly1305_ietf_encrypt(
		c, c_len, m, m_len, ad, ad_len, none, nonce, key);
}

WRAP(crypto_sign_verify_detached, const uint8_t *sig, const uint8_t *m, ull len,
     const uint8_t *pk)
{
	cost.verified++;
	return __real_crypto_sign_verify_detached(sig, m, len, pk);
}

WRAP(crypto_sign_detached, uint8_t *sig, ull *sig_len, const uint8_t *m,
     ull len, const uint8_t *sk)
{
	cost.signed_++;
	return __real_crypto_sign_detached(sig, sig_len, m, len, sk);
}

/* --- the world */

static struct talk_hub hub, two;
static struct talk_asker berlin;
static uint8_t certificate[WG_ITEM_MAX], record[WG_ITEM_MAX];
static const struct wg_door_question question = {0, certificate, NULL, record};

static int setup(void **state)
{
	assert_int_equal(wg_keys_init(), 0);
	talk_begin(&hub, 1, HUB);
	talk_begin(&two, 2, HUB_TWO);
	door_certificate(&(struct door_certificate){7, 100, BERLIN},
			 certificate);
	door_record(&(struct door_record){7, 1, WG, BERLIN}, record);
	berlin = (struct talk_asker){.from = {AF_INET, {192, 0, 2, 7}},
				     .port = 40000};
	return 0;
}

static int teardown(void **state)
{
	talk_end(&hub);
	talk_end(&two);
	return 0;
}

static struct wg_seal_datagram sent(void)
{
	return (struct wg_seal_datagram){berlin.sent, sizeof(berlin.sent),
					 berlin.from, berlin.port, hub.now};
}

/* As the door alone hears it: nothing is judged, nothing answered. */
static enum wg_seal_heard hear(const struct wg_seal_datagram *in)
{
	static struct wg_seal_question q;
	const struct wg_seal_stats before = *wg_seal_stats(hub.door);
	const struct wg_seal_stats *after = wg_seal_stats(hub.door);
	enum wg_seal_heard heard;

	cost = (struct cost){};
	heard = wg_seal_hear(hub.door, in, &q);
	/* what it says of itself is so */
	assert_int_equal(after->macs - before.macs, cost.macs);
	assert_int_equal(after->cookies - before.cookies, cost.short_macs);
	assert_int_equal(after->hashes - before.hashes, cost.hashes);
	assert_int_equal(after->agreements - before.agreements,
			 cost.agreements);
	assert_int_equal(after->opened - before.opened, cost.opened);
	assert_int_equal(after->sealed - before.sealed, cost.sealed);
	assert_int_equal(after->heard[heard] - before.heard[heard], 1);
	/* nothing is verified or signed at all */
	assert_int_equal(cost.verified + cost.signed_, 0);
	if (heard == WG_SEAL_QUESTION)
		wg_seal_drop(&q);
	return heard;
}

static void has_cost(struct cost want)
{
	assert_memory_equal(&cost, &want, sizeof(cost));
}

/* The MAC that belongs there, by one who knows the hub's identity. */
static void mac_again(unsigned who)
{
	uint8_t key[WG_KEY_LEN], pub[WG_KEY_LEN];
	const struct wg_hash_of of = {"door", {{pub, sizeof(pub)}}};

	door_real.public_of(who, pub);
	wg_hash(&of, key, sizeof(key));
	crypto_generichash(berlin.sent + WG_DOOR_MAC_AT, WG_DOOR_MAC,
			   berlin.sent, WG_DOOR_MAC_AT, key, sizeof(key));
}

/* A good question, with a cookie. */
static void ask_well(void)
{
	berlin.has_cookie = false;
	talk_ask(&berlin, &hub, &question);
	assert_int_equal(talk_send(&berlin, &hub), WG_SEAL_COOKIE);
	talk_ask(&berlin, &hub, &question);
}

/* --- tests */

static void test_prices(void **state)
{
	struct wg_seal_datagram in = sent();
	size_t i;

	/* for nothing */
	talk_ask(&berlin, &hub, &question);
	for (i = 0; i < 1500; i++) {
		in.len = i;
		if (i == WG_DOOR_QUESTION)
			continue;
		in.b = malloc(i + !i);
		memcpy((uint8_t *)in.b, berlin.sent, i < 1200 ? i : 1200);
		assert_int_equal(hear(&in), WG_SEAL_FOREIGN);
		has_cost((struct cost){});
		free((uint8_t *)in.b);
	}
	/* a stranger: one hash */
	in = sent();
	berlin.sent[WG_DOOR_MAC_AT] ^= 1;
	assert_int_equal(hear(&in), WG_SEAL_STRANGER);
	has_cost((struct cost){.macs = 1});
	/* without a cookie */
	talk_ask(&berlin, &hub, &question);
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	has_cost((struct cost){1, 1, .sealed = 1});
	/* with another one */
	ask_well();
	berlin.sent[WG_DOOR_COOKIE_AT] ^= 1;
	mac_again(HUB);
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	has_cost((struct cost){1, 2, .sealed = 1});
	/* with a good one */
	ask_well();
	assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	has_cost(
		(struct cost){1, 1, .hashes = 1, .agreements = 1, .opened = 1});
	/* too often: nothing is opened */
	for (i = 0; i < 4; i++)
		assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	assert_int_equal(hear(&in), WG_SEAL_TOO_OFTEN_NEAR);
	has_cost((struct cost){1, 1});
	hub.limit = (struct wg_limit){.due = hub.now + 1000};
	assert_int_equal(hear(&in), WG_SEAL_TOO_OFTEN);
	has_cost((struct cost){1, 1});
}

/* A bit of it is another: never a question; whoever makes the MAC anew, too. */
static void test_every_byte(void **state)
{
	static const struct {
		size_t to;
		enum wg_seal_heard heard, anew;
	} parts[] = {
		{4, WG_SEAL_FOREIGN, WG_SEAL_FOREIGN},
		{WG_DOOR_COOKIE_AT, WG_SEAL_STRANGER, WG_SEAL_BROKEN},
		{WG_DOOR_MAC_AT, WG_SEAL_STRANGER, WG_SEAL_COOKIE},
		{WG_DOOR_QUESTION, WG_SEAL_STRANGER, WG_SEAL_QUESTION},
	};
	const struct wg_seal_datagram in = sent();
	enum wg_seal_heard heard;
	size_t at, part = 0;

	ask_well();
	for (at = 0; at < WG_DOOR_QUESTION; at++) {
		part += at == parts[part].to;
		hub.limit = (struct wg_limit){};
		berlin.sent[at] ^= 0x80;
		assert_int_equal(hear(&in), parts[part].heard);
		mac_again(HUB);
		heard = hear(&in);
		/* X25519 overlooks the last bit of a key: the seal does not */
		assert_int_equal(heard, parts[part].anew);
		berlin.sent[at] ^= 0x80;
		mac_again(HUB);
	}
	assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	assert_int_equal(part, 3);
}

/* A cookie is of an address and a port, and good for two to four minutes. */
static void test_cookies(void **state)
{
	struct wg_seal_datagram in;
	int64_t began = hub.now;
	unsigned i;

	ask_well();
	in = sent();
	in.port++;
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	in = sent();
	in.from.b[3]++;
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	/* the same bytes as IPv6: ::ffff:192.0.2.7 is one, 192.0.2.7:: is not
	 */
	in = sent();
	in.from = (struct wg_addr){AF_INET6, {192, 0, 2, 7}};
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	/* each byte of an IPv6 address; IPv4 is as if it were mapped */
	in.from = (struct wg_addr){AF_INET6, {[10] = 0xff, 0xff, 192, 0, 2, 7}};
	assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	for (i = 0; i < 16; i++) {
		in.from.b[i] ^= 1;
		assert_int_equal(hear(&in), WG_SEAL_COOKIE);
		in.from.b[i] ^= 1;
	}
	hub.limit = (struct wg_limit){};
	/* until the key after its own one ends */
	for (i = 0; i < 240; i++) {
		in = sent();
		in.now = began + 1000 * i;
		assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	}
	in.now = began + 240000;
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	/* one of a key's last moment is good for two minutes more */
	hub.now = began + 359999;
	ask_well();
	in = sent();
	in.now = began + 360000 + 119999;
	assert_int_equal(hear(&in), WG_SEAL_QUESTION);
	in.now++;
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
	/* nothing was heard for hours */
	hub.now += 10000000;
	ask_well();
	in = sent();
	in.now = hub.now + 10000000;
	assert_int_equal(hear(&in), WG_SEAL_COOKIE);
}

/* A question for one hub is none for another, whatever is made of it. */
static void test_other_hub(void **state)
{
	uint8_t whole[WG_DOOR_QUESTION];

	ask_well();
	assert_int_equal(talk_send(&berlin, &two), WG_SEAL_STRANGER);
	/* who knows that hub, too, and has a cookie of it */
	memcpy(whole, berlin.sent, sizeof(whole));
	berlin.has_cookie = false;
	talk_ask(&berlin, &two, &question);
	assert_int_equal(talk_send(&berlin, &two), WG_SEAL_COOKIE);
	memcpy(berlin.sent, whole, sizeof(whole));
	memcpy(berlin.sent + WG_DOOR_COOKIE_AT, berlin.cookie,
	       WG_DOOR_COOKIE_LEN);
	mac_again(HUB_TWO);
	assert_int_equal(talk_send(&berlin, &two), WG_SEAL_BROKEN);
}

/* Sealed well, but it says nothing. */
static void test_no_form(void **state)
{
	static uint8_t other[WG_ITEM_MAX];
	struct wg_door_question q = {0, certificate, NULL, other};
	struct wg_seal_datagram in = sent();

	ask_well();
	door_record(&(struct door_record){8, 1, WG, BERLIN}, other);
	talk_ask(&berlin, &hub, &q);
	assert_int_equal(hear(&in), WG_SEAL_NO_FORM);
	has_cost(
		(struct cost){1, 1, .hashes = 1, .agreements = 1, .opened = 1});
}

/* A key that agrees with all: of small order (RFC 7748 6.1). */
static void test_small_order(void **state)
{
	struct wg_seal_datagram in = sent();
	uint8_t zero[WG_KEY_LEN] = {};

	ask_well();
	memset(berlin.sent + 4, 0, WG_KEY_LEN);
	mac_again(HUB);
	assert_int_equal(hear(&in), WG_SEAL_BROKEN);
	has_cost((struct cost){1, 1, .agreements = 1});
	assert_int_equal(
		wg_seal_ask(zero, &question, NULL, &berlin.asked, berlin.sent),
		-EINVAL);
}

/* An answer is one to its question alone, as it was sent. */
static void test_answers(void **state)
{
	struct talk_answer answer[2];
	struct talk_asker before;
	struct wg_door_answer got = {.kind = 77};
	struct wg_seal_datagram in = sent();
	uint8_t text[WG_DOOR_ANSWER_TEXT];
	struct wg_span back;
	size_t i, at;

	berlin.has_cookie = false;
	talk_ask(&berlin, &hub, &question);
	before = berlin;
	talk_hear(&hub, &in, &answer[0]);
	assert_int_equal(answer[0].heard, WG_SEAL_COOKIE);
	talk_send(&berlin, &hub);
	talk_ask(&berlin, &hub, &question);
	talk_hear(&hub, &in, &answer[1]);
	assert_int_equal(answer[1].heard, WG_SEAL_QUESTION);
	for (i = 0; i < 2; i++) {
		const struct wg_seal_asked *its =
			i ? &berlin.asked : &before.asked;
		const struct wg_seal_asked *other =
			i ? &before.asked : &berlin.asked;

		back = (struct wg_span){answer[i].b, answer[i].len};
		assert_true(back.len < WG_DOOR_QUESTION);
		assert_int_equal(wg_seal_read(other, &back, text, &got),
				 -EBADMSG);
		for (at = 0; at < back.len; at++) {
			answer[i].b[at] ^= 1;
			assert_int_equal(wg_seal_read(its, &back, text, &got),
					 -EBADMSG);
			answer[i].b[at] ^= 1;
		}
		for (; back.len; back.len--)
			if (back.len < answer[i].len)
				assert_int_equal(
					wg_seal_read(its, &back, text, &got),
					-EBADMSG);
		assert_int_equal(got.kind, 77);
		back.len = answer[i].len;
		assert_int_equal(wg_seal_read(its, &back, text, &got), 0);
		got.kind = 77;
	}
	/* a question is no answer */
	back = (struct wg_span){berlin.sent, sizeof(berlin.sent)};
	assert_int_equal(wg_seal_read(&berlin.asked, &back, text, &got),
			 -EBADMSG);
}

/* Each question is another one, though it says the same. */
static void test_new_each_time(void **state)
{
	struct talk_asker again;
	size_t at, same = 0;

	talk_ask(&berlin, &hub, &question);
	again = berlin;
	talk_ask(&again, &hub, &question);
	for (at = 4; at < WG_DOOR_COOKIE_AT; at++)
		same += again.sent[at] == berlin.sent[at];
	assert_true(same < 40);
	assert_memory_not_equal(again.sent + 4, berlin.sent + 4, WG_KEY_LEN);
	assert_memory_not_equal(again.sent + 36, berlin.sent + 36,
				WG_DOOR_NONCE);
	assert_memory_not_equal(again.asked.reply, berlin.asked.reply,
				WG_KEY_LEN);
}

/* What was secret is gone. */
static void test_wiped(void **state)
{
	static struct wg_seal_question q, zero;
	struct wg_seal_asked none = {};
	struct wg_door_answer a = {.kind = WG_DOOR_REFUSED,
				   .refused = {WG_DOOR_BUSY}};
	struct wg_seal_datagram in = sent();
	uint8_t b[WG_DOOR_ANSWER_MAX];

	ask_well();
	assert_int_equal(wg_seal_hear(hub.door, &in, &q), WG_SEAL_QUESTION);
	assert_int_equal(wg_seal_answer(hub.door, &q, &a, b), 53);
	assert_memory_equal(&q, &zero, sizeof(q));
	wg_seal_forget(&berlin.asked);
	assert_memory_equal(&berlin.asked, &none, sizeof(none));
}

static void test_words(void **state)
{
	unsigned i;

	for (i = 0; i < WG_SEAL_HEARDS; i++)
		assert_non_null(wg_seal_heard_str(i));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(prices),	 TEST(every_byte),    TEST(cookies),
		TEST(other_hub), TEST(no_form),	      TEST(small_order),
		TEST(answers),	 TEST(new_each_time), TEST(wiped),
		TEST(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
