/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doors are where the internet knocks, so here the order is the defence:
 *
 *  1. Head and length, for nothing.
 *  2. The MAC: one keyed hash of 1,184 bytes, some microseconds.  Its key is
 *     made of the hub's identity, which members know and invites say; all
 *     others get no answer, and cannot tell that anybody listens.
 *  3. The cookie: a keyed hash of the address, by a key that nobody knows.
 *     Who has none gets one, at the price of two short hashes and one seal,
 *     and shows with the next question that it could read what was sent to
 *     that address.  Nothing is remembered for it.
 *  4. The limits, by that address.
 *  5. One X25519, one hash, and the seal.  Only now does anything that was sent
 *     count as more than bytes, and only the form of it: signatures and the
 *     map are for wg_door.h.
 *
 * What an answer tells: to a stranger nothing; with a MAC a cookie, which is
 * sealed by a key of the hub's identity, and for this question.  All else is
 * sealed for the one key that who asked made for this question.  No answer is
 * longer than a question.
 *
 * Keys: of a question H64(seal; X25519(ephemeral, X(hub)), ephemeral, hub), the
 * first half for it, the second for its answer; the secret half of the
 * ephemeral key is gone when the question is made.  A key for cookies is
 * replaced after two minutes and good for two more.  The identity itself is
 * not kept: its X25519 form is enough.  All of it is wiped on every way out.
 *
 * A question can be repeated by who sees it: from its own address, and while
 * its cookie is good.  So whoever judges it must come to the same again.
 *
 * Each call of libsodium stands in one function with its counter.
 */
#include "lib/backend/wg_seal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define aead_(what) crypto_aead_xchacha20poly1305_ietf_##what /* libsodium */

#define AD_MAX (WG_DOOR_HEAD + WG_KEY_LEN)

static_assert(WG_DOOR_NONCE == aead_(NPUBBYTES), "nonce");
static_assert(WG_DOOR_TAG == aead_(ABYTES), "tag");
static_assert(WG_KEY_LEN == aead_(KEYBYTES), "key");
static_assert(WG_KEY_LEN == crypto_scalarmult_BYTES, "X25519");
static_assert(WG_DOOR_HEAD + WG_DOOR_MAC <= AD_MAX, "associated data");

struct wg_seal_door {
	uint8_t hub[WG_KEY_LEN];    /* identity, public */
	uint8_t secret[WG_KEY_LEN]; /* its X25519 form */
	uint8_t mac_key[WG_KEY_LEN];
	uint8_t cookie_seal[WG_KEY_LEN];
	uint8_t cookie_key[2][WG_KEY_LEN]; /* this one, and the one before */
	int64_t cookie_since;
	bool has_cookie_key;
	struct wg_limit *limit;
	struct wg_seal_stats stats;
};

const char *wg_seal_heard_str(enum wg_seal_heard heard)
{
	static const char *const names[WG_SEAL_HEARDS] = {
		[WG_SEAL_FOREIGN] = "foreign",
		[WG_SEAL_STRANGER] = "stranger",
		[WG_SEAL_COOKIE] = "cookie",
		[WG_SEAL_TOO_OFTEN_NEAR] = "too-often-near",
		[WG_SEAL_TOO_OFTEN] = "too-often",
		[WG_SEAL_BROKEN] = "broken",
		[WG_SEAL_NO_FORM] = "no-form",
		[WG_SEAL_QUESTION] = "question",
	};

	assert(heard < WG_SEAL_HEARDS);
	return names[heard];
}

/* --- libsodium, counted */

static void keyed(uint64_t *counter, const uint8_t *key, struct wg_span over,
		  uint8_t ret[WG_DOOR_MAC])
{
	++*counter;
	crypto_generichash(ret, WG_DOOR_MAC, over.b, over.len, key, WG_KEY_LEN);
}

static void derive(struct wg_seal_stats *st, const struct wg_hash_of *of,
		   uint8_t *ret, size_t len)
{
	st->hashes++;
	wg_hash(of, ret, len);
}

static int agree(struct wg_seal_stats *st, const uint8_t *secret,
		 const uint8_t *pub, uint8_t ret[WG_KEY_LEN])
{
	st->agreements++;
	/* a key of small order agrees with everybody */
	return crypto_scalarmult(ret, secret, pub) == 0 ? 0 : -EBADMSG;
}

/* Key and associated data of a seal; the latter go on behind the head. */
struct seal {
	struct wg_seal_stats *st;
	const uint8_t *key;
	const uint8_t *more; /* a question's MAC, or NULL */
};

static size_t associated(const struct seal *s, const uint8_t *b,
			 uint8_t ret[AD_MAX])
{
	size_t len = wg_door_shape(b[1])->nonce;

	memcpy(ret, b, len);
	if (!s->more)
		return len;
	memcpy(ret + len, s->more, WG_DOOR_MAC);
	return len + WG_DOOR_MAC;
}

/* The text into its place in a datagram, whose head is there. */
static void seal(const struct seal *s, const struct wg_span *text, uint8_t *b)
{
	uint8_t ad[AD_MAX], *nonce = b + wg_door_shape(b[1])->nonce;
	size_t ad_len = associated(s, b, ad);

	s->st->sealed++;
	randombytes_buf(nonce, WG_DOOR_NONCE);
	aead_(encrypt)(nonce + WG_DOOR_NONCE, NULL, text->b, text->len, ad,
		       ad_len, NULL, nonce, s->key);
}

/* ... and out of it: so many bytes into ret, zeros if it is broken. */
static int unseal(const struct seal *s, const uint8_t *b, uint8_t *ret,
		  size_t text)
{
	const uint8_t *nonce = b + wg_door_shape(b[1])->nonce;
	uint8_t ad[AD_MAX];
	size_t ad_len = associated(s, b, ad);

	s->st->opened++;
	return aead_(decrypt)(ret, NULL, NULL, nonce + WG_DOOR_NONCE,
			      text + WG_DOOR_TAG, ad, ad_len, nonce,
			      s->key) == 0
		       ? 0
		       : -EBADMSG;
}

/* --- keys */

/* A key that all have who know the hub's identity. */
static void public_key(struct wg_seal_stats *st, const char *word,
		       const uint8_t *hub, uint8_t ret[WG_KEY_LEN])
{
	derive(st, &(struct wg_hash_of){word, {{hub, WG_KEY_LEN}}}, ret,
	       WG_KEY_LEN);
}

/* A question's key and its answer's. */
struct pair {
	uint8_t question[WG_KEY_LEN];
	uint8_t answer[WG_KEY_LEN];
};
static_assert(sizeof(struct pair) == WG_HASH_MAX, "halves of one hash");

/* From what the two ends agree on. */
static void pair_of(struct wg_seal_stats *st, const uint8_t *shared,
		    const uint8_t *ephemeral, const uint8_t *hub,
		    struct pair *ret)
{
	const struct wg_hash_of of = {"seal",
				      {{shared, WG_KEY_LEN},
				       {ephemeral, WG_KEY_LEN},
				       {hub, WG_KEY_LEN}}};

	derive(st, &of, ret->question, sizeof(*ret));
}

/* --- the door */

struct wg_seal_door *wg_seal_door_new(const struct wg_sign_key *identity,
				      struct wg_limit *limit)
{
	struct wg_seal_door *d = sodium_malloc(sizeof(*d));
	struct wg_key secret;

	if (!d)
		return NULL;
	*d = (struct wg_seal_door){.limit = limit};
	memcpy(d->hub, wg_sign_public(identity), WG_KEY_LEN);
	wg_sign_x25519_secret(identity, &secret);
	memcpy(d->secret, secret.b, WG_KEY_LEN);
	sodium_memzero(&secret, sizeof(secret));
	public_key(&d->stats, "door", d->hub, d->mac_key);
	public_key(&d->stats, "cookie", d->hub, d->cookie_seal);
	return d;
}

void wg_seal_door_free(struct wg_seal_door **door)
{
	sodium_free(*door); /* wipes */
	*door = NULL;
}

const struct wg_seal_stats *wg_seal_stats(const struct wg_seal_door *door)
{
	return &door->stats;
}

/* A new key for cookies when it is time; this one becomes the one before. */
static void turn_cookie_key(struct wg_seal_door *d, int64_t now)
{
	int64_t age = now - d->cookie_since;

	if (d->has_cookie_key && age < WG_SEAL_COOKIE_MS)
		return;
	if (d->has_cookie_key && age < 2 * WG_SEAL_COOKIE_MS)
		memcpy(d->cookie_key[1], d->cookie_key[0], WG_KEY_LEN);
	else
		randombytes_buf(d->cookie_key[1], WG_KEY_LEN);
	randombytes_buf(d->cookie_key[0], WG_KEY_LEN);
	/* as if it had been done in time */
	d->cookie_since =
		now - (d->has_cookie_key ? age % WG_SEAL_COOKIE_MS : 0);
	d->has_cookie_key = true;
}

/* The cookie of who sent this, by one of the two keys. */
static void cookie_of(struct wg_seal_door *d, size_t which,
		      const struct wg_seal_datagram *in,
		      uint8_t ret[WG_DOOR_COOKIE_LEN])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t place[16 + 2];

	memcpy(place, in->from.b, 16);
	if (in->from.family == AF_INET) {
		memcpy(place, mapped, sizeof(mapped));
		memcpy(place + sizeof(mapped), in->from.b, 4);
	}
	wg_item_put(place + 16, in->port, 2);
	keyed(&d->stats.cookies, d->cookie_key[which],
	      (struct wg_span){place, sizeof(place)}, ret);
}

/* *RET_COOKIE: the one to give, where this one is not good. */
static bool is_cookie(struct wg_seal_door *d, const struct wg_seal_datagram *in,
		      uint8_t ret_cookie[WG_DOOR_COOKIE_LEN])
{
	const uint8_t *got = in->b + WG_DOOR_COOKIE_AT;
	uint8_t before[WG_DOOR_COOKIE_LEN];

	turn_cookie_key(d, in->now);
	cookie_of(d, 0, in, ret_cookie);
	if (sodium_is_zero(got, WG_DOOR_COOKIE_LEN))
		return false;
	if (sodium_memcmp(got, ret_cookie, WG_DOOR_COOKIE_LEN) == 0)
		return true;
	cookie_of(d, 1, in, before);
	return sodium_memcmp(got, before, WG_DOOR_COOKIE_LEN) == 0;
}

static size_t give_cookie(struct wg_seal_door *d,
			  const struct wg_seal_datagram *in,
			  const uint8_t *cookie, uint8_t *ret)
{
	const struct seal s = {&d->stats, d->cookie_seal,
			       in->b + WG_DOOR_MAC_AT};
	const struct wg_span text = {cookie, WG_DOOR_COOKIE_LEN};

	wg_door_datagram_head(WG_DOOR_COOKIE, ret);
	seal(&s, &text, ret);
	return wg_door_datagram_len(WG_DOOR_COOKIE, text.len);
}

/* Who sent it reads what is sent there, and does not ask too often. */
static enum wg_seal_heard open_question(struct wg_seal_door *d,
					const uint8_t *b,
					struct wg_seal_question *q)
{
	const uint8_t *ephemeral = b + WG_DOOR_HEAD;
	enum wg_seal_heard heard = WG_SEAL_BROKEN;
	uint8_t shared[WG_KEY_LEN];
	struct pair keys;

	if (agree(&d->stats, d->secret, ephemeral, shared) < 0)
		return WG_SEAL_BROKEN;
	pair_of(&d->stats, shared, ephemeral, d->hub, &keys);
	if (unseal(&(struct seal){&d->stats, keys.question}, b, q->text,
		   WG_DOOR_TEXT) == 0)
		heard = wg_door_question_get(q->text, &q->question) == 0
				? WG_SEAL_QUESTION
				: WG_SEAL_NO_FORM;
	if (heard == WG_SEAL_QUESTION)
		memcpy(q->reply, keys.answer, WG_KEY_LEN);
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(&keys, sizeof(keys));
	return heard;
}

static enum wg_seal_heard hear(struct wg_seal_door *d,
			       const struct wg_seal_datagram *in,
			       struct wg_seal_question *q)
{
	uint8_t mac[WG_DOOR_MAC], cookie[WG_DOOR_COOKIE_LEN];
	size_t text;

	if (wg_door_datagram(in->b, in->len, &text) != WG_DOOR_REGISTER)
		return WG_SEAL_FOREIGN;
	keyed(&d->stats.macs, d->mac_key,
	      (struct wg_span){in->b, WG_DOOR_MAC_AT}, mac);
	if (sodium_memcmp(mac, in->b + WG_DOOR_MAC_AT, WG_DOOR_MAC) != 0)
		return WG_SEAL_STRANGER;
	if (!is_cookie(d, in, cookie)) {
		q->answer.len = give_cookie(d, in, cookie, q->answer.b);
		return WG_SEAL_COOKIE;
	}
	switch (wg_limit_take(d->limit, &in->from, in->now)) {
	case WG_LIMIT_BY_NEAR:
		return WG_SEAL_TOO_OFTEN_NEAR;
	case WG_LIMIT_BY_ALL:
		return WG_SEAL_TOO_OFTEN;
	case WG_LIMIT_GO:
		break;
	}
	return open_question(d, in->b, q);
}

enum wg_seal_heard wg_seal_hear(struct wg_seal_door *d,
				const struct wg_seal_datagram *in,
				struct wg_seal_question *ret)
{
	enum wg_seal_heard heard = hear(d, in, ret);

	d->stats.heard[heard]++;
	if (heard == WG_SEAL_NO_FORM)
		wg_seal_drop(ret);
	return heard;
}

size_t wg_seal_answer(struct wg_seal_door *d, struct wg_seal_question *q,
		      const struct wg_door_answer *a,
		      uint8_t ret[WG_DOOR_ANSWER_MAX])
{
	uint8_t b[WG_DOOR_ANSWER_TEXT];
	const struct wg_span text = {b, wg_door_answer_put(a, b)};
	size_t len = wg_door_datagram_len(a->kind, text.len);

	assert(len <= WG_DOOR_QUESTION && a->kind != WG_DOOR_COOKIE);
	wg_door_datagram_head(a->kind, ret);
	seal(&(struct seal){&d->stats, q->reply}, &text, ret);
	wg_seal_drop(q);
	return len;
}

void wg_seal_drop(struct wg_seal_question *q)
{
	sodium_memzero(q, sizeof(*q));
}

/* --- who asks */

int wg_seal_ask(const uint8_t hub[WG_KEY_LEN],
		const struct wg_door_question *question, const uint8_t *cookie,
		struct wg_seal_asked *ret_asked, uint8_t ret[WG_DOOR_QUESTION])
{
	uint8_t secret[WG_KEY_LEN], shared[WG_KEY_LEN], key[WG_KEY_LEN];
	uint8_t text[WG_DOOR_TEXT], *ephemeral = ret + WG_DOOR_HEAD;
	struct wg_seal_stats st = {};
	struct wg_key pub;
	struct pair keys;

	if (wg_sign_x25519(hub, &pub) < 0)
		return -EINVAL;
	wg_door_datagram_head(WG_DOOR_REGISTER, ret);
	randombytes_buf(secret, sizeof(secret));
	crypto_scalarmult_base(ephemeral, secret);
	/* of a key that has an X25519 form none is of small order */
	if (agree(&st, secret, pub.b, shared) < 0)
		abort();
	pair_of(&st, shared, ephemeral, hub, &keys);
	wg_door_question_put(question, text);
	seal(&(struct seal){&st, keys.question},
	     &(struct wg_span){text, sizeof(text)}, ret);
	memset(ret + WG_DOOR_COOKIE_AT, 0, WG_DOOR_COOKIE_LEN);
	if (cookie)
		memcpy(ret + WG_DOOR_COOKIE_AT, cookie, WG_DOOR_COOKIE_LEN);
	public_key(&st, "door", hub, key);
	keyed(&st.macs, key, (struct wg_span){ret, WG_DOOR_MAC_AT},
	      ret + WG_DOOR_MAC_AT);
	memcpy(ret_asked->hub, hub, WG_KEY_LEN);
	memcpy(ret_asked->mac, ret + WG_DOOR_MAC_AT, WG_DOOR_MAC);
	memcpy(ret_asked->reply, keys.answer, WG_KEY_LEN);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(&keys, sizeof(keys));
	return 0;
}

int wg_seal_read(const struct wg_seal_asked *asked, const struct wg_span *in,
		 uint8_t *ret_text, struct wg_door_answer *ret)
{
	struct wg_span text = {ret_text};
	struct wg_seal_stats st = {};
	struct seal s = {&st, asked->reply};
	uint8_t kind = wg_door_datagram(in->b, in->len, &text.len);
	uint8_t key[WG_KEY_LEN];

	if (!kind || kind == WG_DOOR_REGISTER)
		return -EBADMSG;
	if (kind == WG_DOOR_COOKIE) {
		public_key(&st, "cookie", asked->hub, key);
		s = (struct seal){&st, key, asked->mac};
	}
	if (unseal(&s, in->b, ret_text, text.len) < 0)
		return -EBADMSG;
	return wg_door_answer_get(kind, &text, ret);
}

void wg_seal_forget(struct wg_seal_asked *asked)
{
	sodium_memzero(asked, sizeof(*asked));
}
