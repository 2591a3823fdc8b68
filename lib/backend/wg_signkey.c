/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seed and all that is derived from it, once, in one piece of memory of
 * libsodium's: locked as far as the system lets us, between pages that nobody
 * may touch, left out of core files, read-only while it lives, and wiped when
 * it goes.  A growing buffer (wg_secbuf.h) would be none of this: it is for
 * what passes through.  Deriving anew for each use was rejected: it would bring
 * the secret to the stack each time, and costs as much as what it is for.
 *
 * Who is on the network chooses what is signed (a question to which a record is
 * the answer) and with whom a secret is agreed on.  Both take the same time for
 * all values, and tell nothing of the key; how often it may be asked, at 50 us
 * each, is for the callers, which have the rates.
 */
#include "lib/backend/wg_signkey.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_seal.h"
#include "lib/backend/wg_sign.h"

/*
 * By what is called with a secret, at most: an item is signed in one piece.
 * Libraries wipe what they know of; but a vector register that a copy went
 * through is saved there, too, when the next function is looked up (lazy
 * binding), and is nobody's.
 */
#define STACK_USED 65536

struct wg_signkey {
	struct wg_sign_key sign;
	struct wg_key secret; /* the X25519 form */
	struct wg_key pub;    /* of that */
};

int wg_signkey_of_seed(const uint8_t seed[WG_KEY_LEN], struct wg_signkey **ret)
{
	struct wg_signkey *key;

	if (sodium_is_zero(seed, WG_KEY_LEN))
		return -EINVAL;
	key = sodium_malloc(sizeof(*key));
	if (!key)
		return -ENOMEM;
	wg_sign_of_seed(seed, &key->sign);
	wg_sign_x25519_secret(&key->sign, &key->secret);
	wg_key_public(&key->secret, &key->pub);
	sodium_mprotect_readonly(key);
	sodium_stackzero(STACK_USED);
	*ret = key;
	return 0;
}

int wg_signkey_load(const char *path, struct wg_signkey **ret, char *err,
		    size_t errlen)
{
	struct wg_key seed;
	int rc = wg_seed_load(path, &seed, err, errlen);

	if (rc == 0)
		rc = wg_signkey_of_seed(seed.b, ret);
	wg_key_wipe(&seed);
	sodium_stackzero(STACK_USED);
	return rc;
}

int wg_signkey_save(const struct wg_signkey *key, const char *path, char *err,
		    size_t errlen)
{
	struct wg_key seed;
	int rc;

	memcpy(seed.b, wg_sign_seed(&key->sign), sizeof(seed.b));
	rc = wg_seed_save(path, &seed, err, errlen);
	wg_key_wipe(&seed);
	sodium_stackzero(STACK_USED);
	return rc;
}

void wg_signkey_free(struct wg_signkey **key)
{
	sodium_free(*key); /* wipes */
	*key = NULL;
}

const uint8_t *wg_signkey_public(const struct wg_signkey *key)
{
	return wg_sign_public(&key->sign);
}

const struct wg_key *wg_signkey_x25519(const struct wg_signkey *key)
{
	return &key->pub;
}

void wg_signkey_sign(const struct wg_signkey *key, uint8_t *item, uint8_t type)
{
	wg_sign_item(item, type, &key->sign);
	sodium_stackzero(STACK_USED);
}

int wg_signkey_agree(const struct wg_signkey *key, const struct wg_key *pub,
		     struct wg_key *ret_shared)
{
	struct wg_key shared;
	int rc = -EINVAL;

	if (crypto_scalarmult(shared.b, key->secret.b, pub->b) == 0) {
		*ret_shared = shared;
		rc = 0;
	}
	wg_key_wipe(&shared);
	sodium_stackzero(STACK_USED);
	return rc;
}

struct wg_seal_door *wg_signkey_door(const struct wg_signkey *key,
				     struct wg_limit *limit)
{
	return wg_seal_door_new(&key->sign, limit);
}
