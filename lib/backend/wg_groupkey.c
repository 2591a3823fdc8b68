/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BLAKE2b (crypto_generichash), keyed, with a text of its own in front of each
 * use, so that no value of one can be one of another:
 *
 *   group key  = H(private key; "frr-wgd gateway-group 2 key")
 *   name       = H(; "frr-wgd gateway-group 2 name", public key)
 *   proof      = H(group key; "frr-wgd gateway-group 2 H", from, to, HELLO
 *                  without it), 16 bytes
 *   direction  = H(group key; "frr-wgd gateway-group 2 L", HELLO) from who
 *                  listens, H(group key; "frr-wgd gateway-group 2 C", HELLO,
 *                  header of the other direction) from who connected
 *
 * Frames are XChaCha20-Poly1305 (crypto_secretstream_xchacha20poly1305), which
 * begins with a random header and knows their order.  The HELLO has a nonce of
 * who connects, the header of who listens is random: so both know that the
 * other one has the key now, and a frame of another connection, of the other
 * direction, left out or repeated, is none.
 */
#include "lib/backend/wg_groupkey.h"

#include <assert.h>
#include <errno.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"

#define stream_(what)                                                          \
	crypto_secretstream_xchacha20poly1305_##what /* libsodium */

#define DOMAIN "frr-wgd gateway-group 2 "

struct wg_groupkey {
	uint8_t key[32];
};

int wg_groupkey_load(const char *private_key_file, struct wg_groupkey **ret,
		     char *err, size_t errlen)
{
	static const char text[] = DOMAIN "key";
	struct wg_key secret;
	struct wg_groupkey *key;
	int rc;

	rc = wg_key_load(private_key_file, &secret, err, errlen);
	if (rc < 0)
		return rc;
	key = sodium_malloc(sizeof(*key));
	if (key)
		crypto_generichash(key->key, sizeof(key->key),
				   (const uint8_t *)text, sizeof(text) - 1,
				   secret.b, sizeof(secret.b));
	wg_key_wipe(&secret);
	if (!key)
		return -ENOMEM;
	*ret = key;
	return 0;
}

void wg_groupkey_free(struct wg_groupkey **key)
{
	sodium_free(*key); /* wipes */
	*key = NULL;
}

void wg_groupkey_name(const struct wg_key *pub, uint8_t ret[WG_KEY_LEN])
{
	static const char text[] = DOMAIN "name";
	crypto_generichash_state st;

	crypto_generichash_init(&st, NULL, 0, WG_KEY_LEN);
	crypto_generichash_update(&st, (const uint8_t *)text, sizeof(text) - 1);
	crypto_generichash_update(&st, pub->b, sizeof(pub->b));
	crypto_generichash_final(&st, ret, WG_KEY_LEN);
}

void wg_groupkey_random(void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

/* --- the HELLO */

static void put_address(crypto_generichash_state *st,
			const struct wg_addr *addr)
{
	uint8_t version = addr->family == AF_INET ? 4 : 6;

	crypto_generichash_update(st, &version, 1);
	crypto_generichash_update(st, addr->b, sizeof(addr->b));
}

static void proof_of(const struct wg_groupkey *key, const struct wg_addr *from,
		     const struct wg_addr *to, const uint8_t *hello,
		     uint8_t ret[WG_GROUP_MAC])
{
	static const char text[] = DOMAIN "H";
	crypto_generichash_state st;

	crypto_generichash_init(&st, key->key, sizeof(key->key), WG_GROUP_MAC);
	crypto_generichash_update(&st, (const uint8_t *)text, sizeof(text) - 1);
	put_address(&st, from);
	put_address(&st, to);
	crypto_generichash_update(&st, hello,
				  WG_GROUP_HELLO_LEN - WG_GROUP_MAC);
	crypto_generichash_final(&st, ret, WG_GROUP_MAC);
	sodium_memzero(&st, sizeof(st));
}

void wg_groupkey_prove(const struct wg_groupkey *key,
		       const struct wg_addr *from, const struct wg_addr *to,
		       uint8_t hello[WG_GROUP_HELLO_LEN])
{
	proof_of(key, from, to, hello,
		 hello + WG_GROUP_HELLO_LEN - WG_GROUP_MAC);
}

bool wg_groupkey_is_proof(const struct wg_groupkey *key,
			  const struct wg_addr *from, const struct wg_addr *to,
			  const uint8_t hello[WG_GROUP_HELLO_LEN])
{
	uint8_t want[WG_GROUP_MAC];
	bool good;

	proof_of(key, from, to, hello, want);
	good = sodium_memcmp(want, hello + WG_GROUP_HELLO_LEN - WG_GROUP_MAC,
			     WG_GROUP_MAC) == 0;
	sodium_memzero(want, sizeof(want));
	return good;
}

/* --- frames */

static_assert(sizeof(stream_(state)) <=
		      sizeof(((struct wg_groupstream *)0)->state),
	      "state");
static_assert(stream_(HEADERBYTES) == WG_GROUP_HEADER, "header");
static_assert(stream_(KEYBYTES) == sizeof(((struct wg_groupstream *)0)->key),
	      "key");
static_assert(stream_(ABYTES) == WG_GROUP_SEAL, "seal");

/* bytes and nothing else, as libsodium's is */
static stream_(state) * state_of(struct wg_groupstream *s)
{
	return (stream_(state) *)s->state;
}

void wg_groupstream_key(const struct wg_groupkey *key,
			const uint8_t hello[WG_GROUP_HELLO_LEN],
			const uint8_t *answer, struct wg_groupstream *ret)
{
	const char *text = answer ? DOMAIN "C" : DOMAIN "L";
	crypto_generichash_state st;

	crypto_generichash_init(&st, key->key, sizeof(key->key),
				sizeof(ret->key));
	crypto_generichash_update(&st, (const uint8_t *)text, sizeof(DOMAIN));
	crypto_generichash_update(&st, hello, WG_GROUP_HELLO_LEN);
	if (answer)
		crypto_generichash_update(&st, answer, WG_GROUP_HEADER);
	crypto_generichash_final(&st, ret->key, sizeof(ret->key));
	sodium_memzero(&st, sizeof(st));
}

void wg_groupstream_begin(struct wg_groupstream *s,
			  uint8_t ret_header[WG_GROUP_HEADER])
{
	stream_(init_push)(state_of(s), ret_header, s->key);
	sodium_memzero(s->key, sizeof(s->key));
}

void wg_groupstream_join(struct wg_groupstream *s,
			 const uint8_t header[WG_GROUP_HEADER])
{
	/* of the header it can say nothing: the first frame will */
	stream_(init_pull)(state_of(s), header, s->key);
	sodium_memzero(s->key, sizeof(s->key));
}

size_t wg_groupstream_seal(struct wg_groupstream *s, const uint8_t *msg,
			   size_t len, uint8_t *ret_frame)
{
	size_t frame = WG_GROUP_LEN + len + WG_GROUP_SEAL;

	assert(len <= WG_GROUP_MSG_MAX);
	wg_group_put_len(ret_frame, frame);
	stream_(push)(state_of(s), ret_frame + WG_GROUP_LEN, NULL, msg, len,
		      NULL, 0, stream_(TAG_MESSAGE));
	return frame;
}

int wg_groupstream_open(struct wg_groupstream *s, const uint8_t *frame,
			size_t len, uint8_t *ret)
{
	uint8_t tag;

	assert(len >= WG_GROUP_LEN + WG_GROUP_SEAL &&
	       len <= WG_GROUP_FRAME_MAX);
	if (stream_(pull)(state_of(s), ret, NULL, &tag, frame + WG_GROUP_LEN,
			  len - WG_GROUP_LEN, NULL, 0) != 0 ||
	    tag != stream_(TAG_MESSAGE))
		return -EBADMSG;
	return len - WG_GROUP_LEN - WG_GROUP_SEAL;
}

void wg_groupstream_wipe(struct wg_groupstream *s)
{
	sodium_memzero(s, sizeof(*s));
}
