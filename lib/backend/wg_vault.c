/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vault lies on a disk that may be stolen, so a guess at the passphrase has
 * to be dear: argon2id, by default three passes over 256 MiB.  What it costs
 * stands in the vault, for the machine that opens it may be another one, and a
 * later version may ask for more.
 *
 * Each sealing has a new salt and a new nonce; the same passphrase never gives
 * the same key twice.
 *
 * The key lives in locked memory for the time of one call.  argon2's own memory
 * is libsodium's, which wipes it.
 */
#include "lib/backend/wg_vault.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define aead(what) crypto_aead_xchacha20poly1305_ietf_##what /* libsodium */

#define MAGIC "WGV1"
#define OPS_AT 4
#define MIB_AT 8
#define SALT_AT 12
#define NONCE_AT 28
#define LEN_AT 52
#define OPEN_AT 54
#define TAG 16

static_assert(SALT_AT + crypto_pwhash_argon2id_SALTBYTES == NONCE_AT, "salt");
static_assert(NONCE_AT + aead(NPUBBYTES) == LEN_AT, "nonce");
static_assert(aead(ABYTES) == TAG, "tag");

void *wg_vault_alloc(size_t size)
{
	void *p = sodium_init() < 0 ? NULL : sodium_malloc(size);

	if (!p) {
		fprintf(stderr, "no memory for a secret\n");
		abort();
	}
	memset(p, 0, size); /* sodium_malloc fills it with something else */
	return p;
}

void wg_vault_free(void **secret)
{
	sodium_free(*secret); /* wipes */
	*secret = NULL;
}

static void put32(uint8_t *b, uint32_t v)
{
	b[0] = v >> 24;
	b[1] = v >> 16;
	b[2] = v >> 8;
	b[3] = v;
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

/* The key of a vault whose head is written. */
static int stretch(const uint8_t *vault, const char *passphrase, uint8_t *key)
{
	if (crypto_pwhash_argon2id(key, aead(KEYBYTES), passphrase,
				   strlen(passphrase), vault + SALT_AT,
				   get32(vault + OPS_AT),
				   (size_t)get32(vault + MIB_AT) << 20,
				   crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return -ENOMEM;
	return 0;
}

static bool is_within(uint32_t ops, uint32_t mib, size_t open_len)
{
	return ops >= 1 && ops <= WG_VAULT_OPS_MAX && mib >= WG_VAULT_MIB_MIN &&
	       mib <= WG_VAULT_MIB_MAX && open_len <= WG_VAULT_OPEN_MAX;
}

int wg_vault_seal(const struct wg_vault *v, const char *passphrase,
		  const uint8_t secret[WG_VAULT_SECRET], uint8_t *ret)
{
	size_t head = OPEN_AT + v->open_len;
	uint8_t *key;
	int rc;

	assert(is_within(v->ops, v->mib, v->open_len));
	memcpy(ret, MAGIC, OPS_AT);
	put32(ret + OPS_AT, v->ops);
	put32(ret + MIB_AT, v->mib);
	randombytes_buf(ret + SALT_AT, LEN_AT - SALT_AT);
	ret[LEN_AT] = v->open_len >> 8;
	ret[LEN_AT + 1] = v->open_len;
	if (v->open_len)
		memcpy(ret + OPEN_AT, v->open, v->open_len);
	key = wg_vault_alloc(aead(KEYBYTES));
	rc = stretch(ret, passphrase, key);
	if (!rc) {
		aead(encrypt)(ret + head, NULL, secret, WG_VAULT_SECRET, ret,
			      head, NULL, ret + NONCE_AT, key);
		rc = head + WG_VAULT_SECRET + TAG;
	}
	wg_vault_free((void **)&key);
	return rc;
}

int wg_vault_read(const uint8_t *vault, size_t len, struct wg_vault *ret)
{
	struct wg_vault v;

	if (len < OPEN_AT || memcmp(vault, MAGIC, OPS_AT) != 0)
		return -EINVAL;
	v.ops = get32(vault + OPS_AT);
	v.mib = get32(vault + MIB_AT);
	v.open_len = vault[LEN_AT] << 8 | vault[LEN_AT + 1];
	v.open = vault + OPEN_AT;
	if (!is_within(v.ops, v.mib, v.open_len) ||
	    len != OPEN_AT + v.open_len + WG_VAULT_SECRET + TAG)
		return -EINVAL;
	*ret = v;
	return 0;
}

int wg_vault_open(const uint8_t *vault, size_t len, const char *passphrase,
		  uint8_t ret_secret[WG_VAULT_SECRET])
{
	struct wg_vault v;
	uint8_t *key;
	size_t head;
	int rc = wg_vault_read(vault, len, &v);

	if (rc)
		return rc;
	head = OPEN_AT + v.open_len;
	key = wg_vault_alloc(aead(KEYBYTES) + WG_VAULT_SECRET);
	rc = stretch(vault, passphrase, key);
	/* into memory of ours first: a wrong tag may leave bytes there */
	if (!rc && aead(decrypt)(key + aead(KEYBYTES), NULL, NULL, vault + head,
				 WG_VAULT_SECRET + TAG, vault, head,
				 vault + NONCE_AT, key) != 0)
		rc = -EACCES;
	if (!rc)
		memcpy(ret_secret, key + aead(KEYBYTES), WG_VAULT_SECRET);
	wg_vault_free((void **)&key);
	return rc;
}
