/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BLAKE2b (crypto_generichash) throughout, keyed, with a text of its own in
 * front of each use, so that no value of one can be one of another:
 *
 *   group key  = H(private key; "frr-wgd gateway-group 1 key")
 *   name       = H(; "frr-wgd gateway-group 1 name", public key)
 *   direction  = H(group key; "frr-wgd gateway-group 1 C" or "... L",
 *                  hello of who connected, nonce of who listens)
 *   MAC        = H(direction; number of the frame, frame without MAC), 16 bytes
 *
 * The nonces are new each time, so a frame of another connection, or of the
 * other direction, has a wrong MAC; a frame left out or repeated, too.
 */
#include "lib/backend/wg_groupkey.h"

#include <assert.h>
#include <errno.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"

#define DOMAIN "frr-wgd gateway-group 1 "

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

void wg_groupmac_begin(const struct wg_groupkey *key, const uint8_t *hello,
		       size_t len, const uint8_t nonce[WG_GROUP_NONCE],
		       bool by_listener, struct wg_groupmac *ret)
{
	const char *text = by_listener ? DOMAIN "L" : DOMAIN "C";
	crypto_generichash_state st;

	crypto_generichash_init(&st, key->key, sizeof(key->key),
				sizeof(ret->key));
	crypto_generichash_update(&st, (const uint8_t *)text, sizeof(DOMAIN));
	crypto_generichash_update(&st, hello, len);
	crypto_generichash_update(&st, nonce, WG_GROUP_NONCE);
	crypto_generichash_final(&st, ret->key, sizeof(ret->key));
	sodium_memzero(&st, sizeof(st));
	ret->number = 0;
}

static void mac_of(struct wg_groupmac *mac, const uint8_t *frame, size_t len,
		   uint8_t *ret)
{
	crypto_generichash_state st;
	uint8_t number[8];
	unsigned i;

	assert(len > WG_GROUP_MAC);
	for (i = 0; i < sizeof(number); i++)
		number[i] = mac->number >> (56 - 8 * i);
	mac->number++;
	crypto_generichash_init(&st, mac->key, sizeof(mac->key), WG_GROUP_MAC);
	crypto_generichash_update(&st, number, sizeof(number));
	crypto_generichash_update(&st, frame, len - WG_GROUP_MAC);
	crypto_generichash_final(&st, ret, WG_GROUP_MAC);
	sodium_memzero(&st, sizeof(st));
}

void wg_groupmac_sign(struct wg_groupmac *mac, uint8_t *frame, size_t len)
{
	mac_of(mac, frame, len, frame + len - WG_GROUP_MAC);
}

bool wg_groupmac_check(struct wg_groupmac *mac, const uint8_t *frame,
		       size_t len)
{
	uint8_t want[WG_GROUP_MAC];
	bool good;

	mac_of(mac, frame, len, want);
	good = sodium_memcmp(want, frame + len - WG_GROUP_MAC, WG_GROUP_MAC) ==
	       0;
	sodium_memzero(want, sizeof(want));
	return good;
}

void wg_groupmac_wipe(struct wg_groupmac *mac)
{
	sodium_memzero(mac, sizeof(*mac));
}
