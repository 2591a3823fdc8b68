/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the key signs, for one use, all that stands before. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_sign.h"
#include "lib/core/tests/items.h"

static struct wg_sign_key key, stranger;
static uint8_t item[WG_ITEM_MAX];

static int setup(void **state)
{
	static const uint8_t seed[WG_KEY_LEN] = {1, 2, 3};

	assert_int_equal(wg_keys_init(), 0);
	wg_sign_of_seed(seed, &key);
	wg_sign_new(&stranger);
	return 0;
}

/* RFC 8032 7.1, test 1. */
static void test_key(void **state)
{
	static const char seed[] =
		"9d61b19deffd5a60ba844af492ec2cc4"
		"4449c5697b326919703bac031cae7f60";
	static const char pub[] =
		"d75a980182b10ab7d54bfed3c964073a"
		"0ee172f3daa62325af021a68f707511a";
	uint8_t b[WG_KEY_LEN];
	struct wg_sign_key k, zero = {};
	char hex[2 * WG_KEY_LEN + 1];

	sodium_hex2bin(b, sizeof(b), seed, 64, NULL, NULL, NULL);
	wg_sign_of_seed(b, &k);
	assert_memory_equal(wg_sign_seed(&k), b, sizeof(b));
	sodium_bin2hex(hex, sizeof(hex), wg_sign_public(&k), WG_KEY_LEN);
	assert_string_equal(hex, pub);
	wg_sign_wipe(&k);
	assert_memory_equal(&k, &zero, sizeof(k));
	assert_memory_not_equal(wg_sign_seed(&stranger), wg_sign_seed(&key),
				WG_KEY_LEN);
}

static void test_x25519(void **state)
{
	struct wg_key secret, pub, want, other, same[2];

	wg_sign_x25519_secret(&key, &secret);
	assert_int_equal(secret.b[0] & 7, 0);
	assert_int_equal(secret.b[31] >> 6, 1);
	wg_key_public(&secret, &want);
	assert_int_equal(wg_sign_x25519(wg_sign_public(&key), &pub), 0);
	assert_memory_equal(pub.b, want.b, sizeof(pub.b));
	/* both ends agree */
	wg_sign_x25519_secret(&stranger, &other);
	assert_int_equal(wg_sign_x25519(wg_sign_public(&stranger), &want), 0);
	assert_int_equal(crypto_scalarmult(same[0].b, secret.b, want.b), 0);
	assert_int_equal(crypto_scalarmult(same[1].b, other.b, pub.b), 0);
	assert_memory_equal(same[0].b, same[1].b, WG_KEY_LEN);
	/* of small order, which is nobody's */
	memset(want.b, 0, sizeof(want.b));
	other = pub;
	assert_int_equal(wg_sign_x25519(want.b, &pub), -EINVAL);
	assert_memory_equal(pub.b, other.b, sizeof(pub.b));
}

/* The bytes that stand in the format's description. */
static void test_texts(void **state)
{
	static const char word[] = "frr-wgd mesh 1 word\0abcd";
	static const char text[] = "frr-wgd mesh 1 item\0\x7f";
	const struct wg_hash_of of = {
		"word", {{(uint8_t *)"ab", 2}, {(uint8_t *)"cd", 2}}};
	uint8_t got[64], want[64], signed_[21 + 110];
	size_t len, n;

	for (n = 16; n <= 64; n += 16) {
		crypto_generichash(want, n, (const uint8_t *)word, 24, NULL, 0);
		wg_hash(&of, got, n);
		assert_memory_equal(got, want, n);
	}
	len = items_make(WG_ITEM_IS_REQUEST, ITEMS_TYPICAL, item);
	wg_sign_item(item, WG_ITEM_SIGNATURE, &key);
	memcpy(signed_, text, 21);
	memcpy(signed_ + 21, item, len - 67);
	crypto_sign_detached(want, NULL, signed_, 21 + len - 67, key.b);
	assert_memory_equal(item + len - 64, want, 64);
}

static void sign_all(const struct wg_sign_key *k)
{
	uint8_t type;

	for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE; type++)
		if (wg_item_bytes(item, type))
			wg_sign_item(item, type, k);
}

/* Any byte up to the signature's end, where it is an item still. */
static size_t change_all(uint8_t type, size_t before)
{
	size_t at, n = 0, len = wg_item_len(item);

	for (at = WG_ITEM_HEAD; at < before + 67; at++) {
		item[at] ^= 0x10;
		if (wg_item_check(item, len) == WG_ITEM_OK) {
			n++;
			assert_int_equal(wg_sign_verify(item, type,
							wg_sign_public(&key)),
					 -EBADMSG);
		}
		item[at] ^= 0x10;
	}
	return n;
}

static void test_every_byte(void **state)
{
	size_t len, n = 0, changed = 0;
	uint8_t kind, type;
	struct wg_span before;

	for (kind = 0; kind < WG_ITEM_KINDS; kind++) {
		if (!wg_item_kind_str(kind))
			continue;
		len = items_make(kind, ITEMS_TYPICAL, item);
		sign_all(&key);
		assert_int_equal(wg_item_check(item, len), WG_ITEM_OK);
		for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE;
		     type++) {
			before = wg_item_signed(item, type);
			if (!before.b) {
				assert_int_equal(
					wg_sign_verify(item, type,
						       wg_sign_public(&key)),
					-ENOENT);
				continue;
			}
			n++;
			assert_int_equal(wg_sign_verify(item, type,
							wg_sign_public(&key)),
					 0);
			assert_int_equal(
				wg_sign_verify(item, type,
					       wg_sign_public(&stranger)),
				-EBADMSG);
			changed += change_all(type, before.len);
		}
	}
	/* A L C W D R Q and S: one, but D, R and S two */
	assert_int_equal(n, 8 + 3);
	assert_true(changed > 1500);
}

/* One type's signature where another one's belongs. */
static void test_types(void **state)
{
	size_t len = items_make(WG_ITEM_IS_DOOR_RECORD, ITEMS_TYPICAL, item);
	uint8_t text[2 * WG_ITEM_MAX], signature[WG_ITEM_SIGNATURE_LEN];
	struct wg_span before = wg_item_signed(item, WG_ITEM_BY_WG_KEY);

	memcpy(text, "frr-wgd mesh 1 item", 20);
	text[20] = WG_ITEM_BY_WG_KEY;
	memcpy(text + 21, before.b, before.len);
	crypto_sign_detached(signature, NULL, text, 21 + before.len, key.b);
	wg_sign_item(item, WG_ITEM_BY_WG_KEY, &key);
	assert_memory_equal(wg_item_bytes(item, WG_ITEM_BY_WG_KEY), signature,
			    sizeof(signature));

	before = wg_item_signed(item, WG_ITEM_SIGNATURE);
	text[20] = WG_ITEM_BY_WG_KEY;
	memcpy(text + 21, before.b, before.len);
	crypto_sign_detached(signature, NULL, text, 21 + before.len, key.b);
	wg_item_set_signature(item, WG_ITEM_SIGNATURE, signature);
	assert_int_equal(wg_item_check(item, len), WG_ITEM_OK);
	assert_int_equal(
		wg_sign_verify(item, WG_ITEM_SIGNATURE, wg_sign_public(&key)),
		-EBADMSG);
}

static void set(uint8_t type, const struct wg_sign_key *k)
{
	struct wg_item_tlv tlv;

	assert_true(wg_item_find(item, type, &tlv));
	memcpy((uint8_t *)tlv.value.b, wg_sign_public(k), WG_KEY_LEN);
}

/* A signature by OWN plus a point of small order, whose bytes are PUB. */
static void sign_crooked(const struct wg_sign_key *own, const uint8_t *pub)
{
	struct wg_span over = wg_item_signed(item, WG_ITEM_BY_WG_KEY);
	uint8_t text[64 + 21 + WG_ITEM_MAX], hash[64], secret[64], wide[64];
	uint8_t r[32], h[32], s[WG_ITEM_SIGNATURE_LEN];

	crypto_hash_sha512(secret, wg_sign_seed(own), WG_KEY_LEN);
	secret[0] &= 248;
	secret[31] = (secret[31] & 127) | 64;
	memset(secret + 32, 0, 32); /* so it can be reduced */
	crypto_core_ed25519_scalar_reduce(h, secret);
	memcpy(secret, h, sizeof(h));
	memcpy(text + 64, "frr-wgd mesh 1 item", 20);
	text[64 + 20] = WG_ITEM_BY_WG_KEY;
	memcpy(text + 64 + 21, over.b, over.len);
	do {
		randombytes_buf(wide, sizeof(wide));
		crypto_core_ed25519_scalar_reduce(r, wide);
		crypto_scalarmult_ed25519_base_noclamp(s, r);
		memcpy(text, s, 32);
		memcpy(text + 32, pub, WG_KEY_LEN);
		crypto_hash_sha512(hash, text, 64 + 21 + over.len);
		crypto_core_ed25519_scalar_reduce(h, hash);
	} while (h[0] & 7); /* then the point of small order does not count */
	crypto_core_ed25519_scalar_mul(h, h, secret);
	crypto_core_ed25519_scalar_add(s + 32, h, r);
	wg_item_set_signature(item, WG_ITEM_BY_WG_KEY, s);
}

/* A key that is signed with, and that no packet can be sealed for. */
static void test_crooked_key(void **state)
{
	/* of order 8 */
	static const char small[] = "26e8958fc2b227b045c3f489f2ef98f0"
				    "d5dfac05d3c63339b13802886d53fc05";
	uint8_t point[WG_KEY_LEN], pub[WG_KEY_LEN];
	struct wg_item_tlv tlv;
	struct wg_key x;

	sodium_hex2bin(point, sizeof(point), small, 64, NULL, NULL, NULL);
	assert_int_equal(crypto_core_ed25519_add(pub, wg_sign_public(&key),
						 point),
			 0);
	assert_int_equal(wg_sign_x25519(pub, &x), -EINVAL);
	items_make(WG_ITEM_IS_DOOR_RECORD, ITEMS_TYPICAL, item);
	assert_true(wg_item_find(item, WG_ITEM_WG_KEY, &tlv));
	memcpy((uint8_t *)tlv.value.b, pub, WG_KEY_LEN);
	sign_crooked(&key, pub);
	assert_int_equal(wg_sign_verify(item, WG_ITEM_BY_WG_KEY, pub),
			 -EBADMSG);
	assert_int_equal(wg_sign_verify_own(item), -EBADMSG);
}

/* Who owns what the item itself names. */
static void test_own(void **state)
{
	static const struct {
		uint8_t kind, type, by; /* the key's type, the signature's */
	} rows[] = {
		{WG_ITEM_IS_REQUEST, WG_ITEM_KEY, WG_ITEM_SIGNATURE},
		{WG_ITEM_IS_SUCCESSION, WG_ITEM_KEY, WG_ITEM_BY_INVITE},
		{WG_ITEM_IS_SUCCESSION, WG_ITEM_IDENTITY, WG_ITEM_SIGNATURE},
		{WG_ITEM_IS_DOOR_RECORD, WG_ITEM_WG_KEY, WG_ITEM_BY_WG_KEY},
		{WG_ITEM_IS_RECORD, WG_ITEM_WG_KEY, WG_ITEM_BY_WG_KEY},
		{WG_ITEM_IS_RECORD, WG_ITEM_WG_NEXT, WG_ITEM_BY_WG_NEXT},
	};
	const struct wg_sign_key *k;
	size_t i, who, len;
	uint8_t t;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (who = 0; who < 2; who++) {
			uint64_t rnd = 5;

			/* one with a next key */
			do
				len = items_random(rows[i].kind, &rnd, item);
			while (!wg_item_bytes(item, rows[i].type));
			for (t = WG_ITEM_KEY; t <= WG_ITEM_IDENTITY; t++)
				if (t == WG_ITEM_KEY || t == WG_ITEM_WG_KEY ||
				    t == WG_ITEM_WG_NEXT ||
				    t == WG_ITEM_IDENTITY)
					if (wg_item_bytes(item, t))
						set(t, &key);
			for (t = WG_ITEM_BY_WG_KEY; t; t++) {
				k = who && t == rows[i].by ? &stranger : &key;
				if (wg_item_bytes(item, t))
					wg_sign_item(item, t, k);
				if (t == WG_ITEM_SIGNATURE)
					break;
			}
			assert_int_equal(wg_item_check(item, len), WG_ITEM_OK);
			assert_ptr_equal(wg_item_own_key(item, rows[i].by),
					 wg_item_bytes(item, rows[i].type));
			assert_int_equal(wg_sign_verify_own(item),
					 who ? -EBADMSG : 0);
		}
	/* the others' signers stand elsewhere */
	items_make(WG_ITEM_IS_CERTIFICATE, ITEMS_TYPICAL, item);
	assert_null(wg_item_own_key(item, WG_ITEM_SIGNATURE));
	items_make(WG_ITEM_IS_RECORD, ITEMS_TYPICAL, item);
	assert_null(wg_item_own_key(item, WG_ITEM_SIGNATURE));
}

static void test_names(void **state)
{
	uint8_t a[WG_ITEM_MESH_LEN], b[WG_ITEM_MESH_LEN];
	const struct wg_hash_of of = {
		"mesh",
		{{wg_sign_public(&key), WG_KEY_LEN},
		 {wg_sign_public(&stranger), WG_KEY_LEN}}};
	size_t len;

	wg_sign_mesh(wg_sign_public(&key), wg_sign_public(&stranger), a);
	wg_hash(&of, b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	wg_sign_mesh(wg_sign_public(&stranger), wg_sign_public(&key), b);
	assert_memory_not_equal(a, b, sizeof(a));
	len = items_make(WG_ITEM_IS_LIST, ITEMS_TYPICAL, item);
	wg_sign_hash(item, a);
	item[len - 1] ^= 1;
	wg_sign_hash(item, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),   cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_texts), cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_types), cmocka_unit_test(test_own),
		cmocka_unit_test(test_names), cmocka_unit_test(test_crooked_key),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
