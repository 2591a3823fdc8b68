/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys by libsodium, in constant time where a secret is looked at.
 *
 * A secret lives in a stack variable of the function that reads or makes it
 * and is wiped on every way out.
 */
#include "lib/backend/wg_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

int wg_keys_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

/*
 * sodium refuses wrong padding and set bits behind the last byte, but 1.0.18
 * takes bytes from 0x80 on for characters.  So what was read is written again:
 * a text of a key is the one that we would write.
 */
static bool is_written_so(const struct wg_key *key, const char *s)
{
	char text[WG_KEY_STRLEN];
	bool same;

	wg_key_str(key, text);
	same = sodium_memcmp(text, s, WG_KEY_STRLEN - 1) == 0;
	sodium_memzero(text, sizeof(text));
	return same;
}

int wg_key_parse(const char *s, struct wg_key *ret)
{
	struct wg_key key = { 0 };
	size_t len = 0;
	int error = -EINVAL;

	if (strnlen(s, WG_KEY_STRLEN) == WG_KEY_STRLEN - 1)
		error = sodium_base642bin(key.b, sizeof(key.b), s,
					  WG_KEY_STRLEN - 1, NULL, &len, NULL,
					  sodium_base64_VARIANT_ORIGINAL);
	if (error || len != WG_KEY_LEN || sodium_is_zero(key.b, WG_KEY_LEN) ||
	    !is_written_so(&key, s))
		error = -EINVAL;
	else
		*ret = key;
	wg_key_wipe(&key);
	return error;
}

char *wg_key_str(const struct wg_key *pub, char *buf)
{
	return sodium_bin2base64(buf, WG_KEY_STRLEN, pub->b, WG_KEY_LEN,
				 sodium_base64_VARIANT_ORIGINAL);
}

void wg_key_wipe(struct wg_key *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

int wg_seed_parse(const char *s, struct wg_key *ret_seed)
{
	size_t n = strlen(WG_SEED_PREFIX);

	if (strncmp(s, WG_SEED_PREFIX, n) != 0)
		return -EINVAL;
	return wg_key_parse(s + n, ret_seed);
}

char *wg_seed_str(const struct wg_key *seed, char *buf)
{
	size_t n = strlen(WG_SEED_PREFIX);

	memcpy(buf, WG_SEED_PREFIX, n);
	wg_key_str(seed, buf + n);
	return buf;
}

void wg_key_new(bool private_key, struct wg_key *ret_secret)
{
	randombytes_buf(ret_secret->b, sizeof(ret_secret->b));
	if (private_key) {
		ret_secret->b[0] &= 248;
		ret_secret->b[31] = (ret_secret->b[31] & 127) | 64;
	}
}

void wg_key_public(const struct wg_key *secret, struct wg_key *ret_pub)
{
	if (sodium_is_zero(secret->b, WG_KEY_LEN))
		memset(ret_pub, 0, sizeof(*ret_pub));
	else
		crypto_scalarmult_base(ret_pub->b, secret->b);
}

int wg_key_public_of(const char *text, struct wg_key *ret_pub)
{
	struct wg_key secret;
	int error = wg_key_parse(text, &secret);

	if (!error)
		wg_key_public(&secret, ret_pub);
	wg_key_wipe(&secret);
	return error;
}

void wg_key_linklocal(const struct wg_key *pub, struct wg_addr *ret)
{
	uint8_t hash[32];

	crypto_generichash(hash, sizeof(hash), pub->b, WG_KEY_LEN, NULL, 0);
	memset(ret, 0, sizeof(*ret));
	ret->family = AF_INET6;
	ret->b[0] = 0xfe;
	ret->b[1] = 0x80;
	memcpy(ret->b + 8, hash, 8);
	ret->b[8] &= ~0x02; /* made here, not by a manufacturer */
}
