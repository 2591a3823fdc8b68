/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that sign items of a mesh (lib/core/wg_item.h), and the hashes of its
 * formats.  wg_keys_init comes first (wg_keys.h).
 *
 * A key is Ed25519 (RFC 8032).  Each has an X25519 form, with which it can also
 * agree on a secret, or be a WireGuard key; that one key may do both:
 * ePrint 2021/509.
 */
#ifndef WG_SIGN_H
#define WG_SIGN_H

#include "lib/core/wg_item.h"

#define WG_HASH_MAX 64
#define WG_HASH_PARTS 3

/* A secret key: its seed, and its public key behind it.  SECRET. */
struct wg_sign_key {
	uint8_t b[2 * WG_KEY_LEN];
};

/* A new one, at random. */
void wg_sign_new(struct wg_sign_key *ret_secret);
/* The one that belongs to a seed. */
void wg_sign_of_seed(const uint8_t seed[WG_KEY_LEN],
		     struct wg_sign_key *ret_secret);
void wg_sign_wipe(struct wg_sign_key *secret);

/* The seed, 32 bytes, which is all that must be kept.  SECRET. */
static inline const uint8_t *wg_sign_seed(const struct wg_sign_key *secret)
{
	return secret->b;
}

/* The public key, 32 bytes. */
static inline const uint8_t *wg_sign_public(const struct wg_sign_key *secret)
{
	return secret->b + WG_KEY_LEN;
}

/* X25519 form of a public key.  0; -EINVAL: this is no key. */
int wg_sign_x25519(const uint8_t pub[WG_KEY_LEN], struct wg_key *ret_pub);
/* ... of a secret one: clamped, as WireGuard wants it. */
void wg_sign_x25519_secret(const struct wg_sign_key *secret,
			   struct wg_key *ret_secret);

/*
 * Make the signature of this type and put it where it belongs, in a checked
 * item that has one: later types are over earlier ones, so in ascending order.
 */
void wg_sign_item(uint8_t *item, uint8_t type,
		  const struct wg_sign_key *secret);
/*
 * Is the signature of this type in a checked item by that key?  0; -EBADMSG:
 * it is not, or the item names that key itself and it has no X25519 form;
 * -ENOENT: the item has none of this type.
 */
int wg_sign_verify(const uint8_t *item, uint8_t type,
		   const uint8_t pub[WG_KEY_LEN]);
/*
 * All signatures of the item that are by keys in itself (wg_item_own_key):
 * 0 or -EBADMSG.
 */
int wg_sign_verify_own(const uint8_t *item);

/*
 * A hash: unkeyed BLAKE2b (RFC 7693) of LEN bytes, 16 to 64, over
 * "frr-wgd mesh 1 WORD", a zero byte, and the parts one after another.
 */
struct wg_hash_of {
	const char *word;
	struct wg_span part[WG_HASH_PARTS];
};
void wg_hash(const struct wg_hash_of *of, uint8_t *ret, size_t len);

#define WG_ITEM_HASH_LEN 16
/* A mesh's name: the hash of its first authority key and recovery key. */
void wg_sign_mesh(const uint8_t first[WG_KEY_LEN],
		  const uint8_t recovery[WG_KEY_LEN],
		  uint8_t ret[WG_ITEM_MESH_LEN]);
/* An item's hash, by which members know that they have the same. */
void wg_sign_hash(const uint8_t *item, uint8_t ret[WG_ITEM_HASH_LEN]);

#endif
