/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures and hashes by libsodium.
 *
 * What is hashed or signed begins with a text that says for what: "frr-wgd mesh
 * 1 " and a word, a zero byte that no word has.  Behind the word "item" stands
 * the type of the signature.  So nothing that is signed for one use is ever
 * valid for another one, and neither is a signature of one type for the next:
 * a WireGuard key that vouches for a record vouches for nothing else.
 *
 * libsodium's Ed25519 wants the whole text in one piece; items are copied for
 * it, 45 KB at most, onto the stack.  It refuses keys of small order and second
 * forms of one signature, so nobody but the key's owner can make another
 * signature of an item that is signed.
 *
 * It takes a key that is somebody's own plus a point of small order: its owner
 * finds a signature that is good in eight attempts.  Such a key has no X25519
 * form, so nobody could be reached by it.  Where an item names the key itself,
 * its maker chose it, and we refuse it; the keys of authorities and of who is
 * in a certificate were seen by the keeper.
 *
 * What comes from the network is verified here, at about 60 us each: who may
 * ask how often is for the callers, which have the rates.  Secret keys are
 * arguments, and what is derived from them is wiped on every way out.
 */
#include "lib/backend/wg_sign.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "lib/core/wg_item_writer.h"

#define DOMAIN "frr-wgd mesh 1 "

static const char item_text[] = DOMAIN "item"; /* with its zero byte */

/* the text, the type, and the greatest item */
#define SIGNED_MAX (sizeof(item_text) + 1 + WG_ITEM_MAX)

static_assert(sizeof(struct wg_sign_key) == crypto_sign_SECRETKEYBYTES, "key");
static_assert(WG_KEY_LEN == crypto_sign_SEEDBYTES, "seed");
static_assert(WG_KEY_LEN == crypto_sign_PUBLICKEYBYTES, "public key");
static_assert(WG_ITEM_SIGNATURE_LEN == crypto_sign_BYTES, "signature");

/* --- keys */

void wg_sign_new(struct wg_sign_key *ret_secret)
{
	uint8_t pub[WG_KEY_LEN];

	crypto_sign_keypair(pub, ret_secret->b);
}

void wg_sign_of_seed(const uint8_t seed[WG_KEY_LEN],
		     struct wg_sign_key *ret_secret)
{
	uint8_t pub[WG_KEY_LEN];

	crypto_sign_seed_keypair(pub, ret_secret->b, seed);
}

void wg_sign_wipe(struct wg_sign_key *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

int wg_sign_x25519(const uint8_t pub[WG_KEY_LEN], struct wg_key *ret_pub)
{
	struct wg_key key;

	if (crypto_sign_ed25519_pk_to_curve25519(key.b, pub) != 0)
		return -EINVAL;
	*ret_pub = key;
	return 0;
}

void wg_sign_x25519_secret(const struct wg_sign_key *secret,
			   struct wg_key *ret_secret)
{
	crypto_sign_ed25519_sk_to_curve25519(ret_secret->b, secret->b);
}

/* --- signatures */

/* What a signature of the type is over; its length, 0: there is none. */
static size_t text_of(const uint8_t *item, uint8_t type,
		      uint8_t ret[SIGNED_MAX])
{
	struct wg_span before = wg_item_signed(item, type);

	if (!before.b)
		return 0;
	assert(before.len <= WG_ITEM_MAX);
	memcpy(ret, item_text, sizeof(item_text));
	ret[sizeof(item_text)] = type;
	memcpy(ret + sizeof(item_text) + 1, before.b, before.len);
	return sizeof(item_text) + 1 + before.len;
}

void wg_sign_item(uint8_t *item, uint8_t type, const struct wg_sign_key *secret)
{
	uint8_t signature[WG_ITEM_SIGNATURE_LEN], text[SIGNED_MAX];
	size_t len = text_of(item, type, text);

	assert(len);
	crypto_sign_detached(signature, NULL, text, len, secret->b);
	wg_item_set_signature(item, type, signature);
}

int wg_sign_verify(const uint8_t *item, uint8_t type,
		   const uint8_t pub[WG_KEY_LEN])
{
	const uint8_t *signature = wg_item_bytes(item, type);
	uint8_t text[SIGNED_MAX];
	size_t len = text_of(item, type, text);

	if (!len || type < WG_ITEM_BY_WG_KEY)
		return -ENOENT;
	if (wg_item_own_key(item, type) &&
	    wg_sign_x25519(pub, &(struct wg_key){}) < 0)
		return -EBADMSG;
	return crypto_sign_verify_detached(signature, text, len, pub) == 0
		       ? 0
		       : -EBADMSG;
}

int wg_sign_verify_own(const uint8_t *item)
{
	const uint8_t *key;
	uint8_t type;

	for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE; type++) {
		key = wg_item_bytes(item, type) ? wg_item_own_key(item, type)
						: NULL;
		if (key && wg_sign_verify(item, type, key) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* --- hashes */

void wg_hash(const struct wg_hash_of *of, uint8_t *ret, size_t len)
{
	crypto_generichash_state st;
	size_t i;

	assert(len >= crypto_generichash_BYTES_MIN && len <= WG_HASH_MAX);
	crypto_generichash_init(&st, NULL, 0, len);
	crypto_generichash_update(&st, (const uint8_t *)DOMAIN, strlen(DOMAIN));
	/* with its zero byte */
	crypto_generichash_update(&st, (const uint8_t *)of->word,
				  strlen(of->word) + 1);
	for (i = 0; i < WG_HASH_PARTS; i++)
		crypto_generichash_update(&st, of->part[i].b, of->part[i].len);
	crypto_generichash_final(&st, ret, len);
	/* a part may be a secret that two agreed on */
	sodium_memzero(&st, sizeof(st));
}

void wg_sign_mesh(const uint8_t first[WG_KEY_LEN],
		  const uint8_t recovery[WG_KEY_LEN],
		  uint8_t ret[WG_ITEM_MESH_LEN])
{
	const struct wg_hash_of of = {
		"mesh", {{first, WG_KEY_LEN}, {recovery, WG_KEY_LEN}}};

	wg_hash(&of, ret, WG_ITEM_MESH_LEN);
}

void wg_sign_hash(const uint8_t *item, uint8_t ret[WG_ITEM_HASH_LEN])
{
	const struct wg_hash_of of = {"hash", {{item, wg_item_len(item)}}};

	wg_hash(&of, ret, WG_ITEM_HASH_LEN);
}
