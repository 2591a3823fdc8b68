/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A secret key of a member of a mesh: its identity, its WireGuard key, or the
 * key that an invite brought.  It signs items, and agrees on secrets in its
 * X25519 form.  Nobody sees its seed: it goes from a file or an invite in here,
 * and from here into a file.
 *
 * A key is replaced on disk by one rename(2) of a file beside the old one; a
 * key that was loaded stays what it was.
 */
#ifndef WG_SIGNKEY_H
#define WG_SIGNKEY_H

#include "lib/core/wg_types.h"

struct wg_signkey; /* a secret: in locked memory, wiped */

/*
 * The seed in a file (wg_seed_load; a new one comes there by wg_seed_generate,
 * wg_keys.h).  Errors and err as there, or -ENOMEM.
 */
int wg_signkey_load(const char *path, struct wg_signkey **ret, char *err,
		    size_t errlen);
/*
 * A seed that came otherwise, 32 bytes, which stay the caller's to wipe.
 * -EINVAL: all zero, which is nobody's; -ENOMEM.
 */
int wg_signkey_of_seed(const uint8_t seed[WG_KEY_LEN], struct wg_signkey **ret);
/* Its seed into a new file (wg_seed_save).  0 or -errno, err as there. */
int wg_signkey_save(const struct wg_signkey *key, const char *path, char *err,
		    size_t errlen);
/* NULL stays NULL. */
void wg_signkey_free(struct wg_signkey **key);

/* The public key, 32 bytes, as items have it. */
const uint8_t *wg_signkey_public(const struct wg_signkey *key);
/* ... and its X25519 form, which is the public key for WireGuard. */
const struct wg_key *wg_signkey_x25519(const struct wg_signkey *key);

/* Sign as wg_sign_item. */
void wg_signkey_sign(const struct wg_signkey *key, uint8_t *item, uint8_t type);

/* The door of who has this identity (wg_seal_door_new). */
struct wg_seal_door;
struct wg_limit;
struct wg_seal_door *wg_signkey_door(const struct wg_signkey *key,
				     struct wg_limit *limit);

/*
 * The secret that only this key and the owner of the X25519 key PUB can know
 * (RFC 7748).  It is to be hashed with what it is for (wg_hash), and wiped.  Of
 * an Ed25519 key wg_sign_x25519 has the X25519 form.  0; -EINVAL: of small
 * order, which is nobody's, and ret is untouched.
 */
int wg_signkey_agree(const struct wg_signkey *key, const struct wg_key *pub,
		     struct wg_key *ret_shared);

#endif
