/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys: parsed, made, printed and wiped here and nowhere else.
 */
#ifndef WG_KEYS_H
#define WG_KEYS_H

#include "lib/core/wg_types.h"

#define WG_KEY_STRLEN 45 /* base64 of 32 bytes, with the final 0 */
#define WG_SEED_PREFIX "ed25519:" /* then the seed as base64 */
#define WG_SEED_STRLEN (sizeof(WG_SEED_PREFIX) - 1 + WG_KEY_STRLEN)

/* Once, before all else.  0 or -ENOSYS (no good random numbers). */
int wg_keys_init(void);

/*
 * Base64 to key: exactly 32 bytes, canonical, not all zero (which means "none"
 * to every device, so that taking it would silently switch a key off).
 * 0 or -EINVAL.
 */
int wg_key_parse(const char *s, struct wg_key *ret);

/* A PUBLIC key as base64 into buf (WG_KEY_STRLEN); returns buf. */
char *wg_key_str(const struct wg_key *pub, char *buf);

void wg_key_wipe(struct wg_key *secret);

/*
 * The same for the seed of an Ed25519 key (RFC 8032), 32 bytes of which a key
 * that signs and a WireGuard key are made (wg_sign.h).  SECRET, and so is the
 * text, for files alone: buf has WG_SEED_STRLEN.
 */
int wg_seed_parse(const char *s, struct wg_key *ret_seed);
char *wg_seed_str(const struct wg_key *seed, char *buf);

/* Random; private: clamped as X25519 asks. */
void wg_key_new(bool private_key, struct wg_key *ret_secret);

/* The public key of a private key; zero for zero. */
void wg_key_public(const struct wg_key *secret, struct wg_key *ret_pub);

/*
 * The public key that the text would have if it were a private key: who takes
 * one for a public key is found out by it.  0 or -EINVAL.
 */
int wg_key_public_of(const char *text, struct wg_key *ret_pub);

/*
 * The link-local address that belongs to a public key: fe80::/64 and the
 * first 8 bytes of BLAKE2b-256 over the key, universal/local bit 0 (RFC 4291
 * 2.5.1).  Both ends can compute it, so that link-local next hops (BGP
 * unnumbered, OSPFv3, RA) name a peer.
 */
void wg_key_linklocal(const struct wg_key *pub, struct wg_addr *ret);

/*
 * Keys in files.  The key process opens them (wg_keyproc.h), or where there is
 * none the caller, then without rules.  ret is wiped on failure.  Errors: those
 * of wg_keyfile.h, and -EPIPE, -ETIMEDOUT where the key process is gone or
 * hangs.  A reason for the log, which names the path, goes to err (may be
 * NULL).
 */
int wg_key_load(const char *path, struct wg_key *ret_secret, char *err,
		size_t errlen);

/*
 * A file may have a seed instead of a key.  Where a key is wanted, as above and
 * below, it is the X25519 form of the seed's.
 */

/* Is there a secret that could be loaded? */
int wg_key_check(const char *path, char *err, size_t errlen);

/* The public key of the private key in a file. */
int wg_key_load_public(const char *path, struct wg_key *ret_pub, char *err,
		       size_t errlen);

/* Make a new secret in a new file (wg_keyfile_make). */
int wg_key_generate(const char *path, bool private_key, char *err,
		    size_t errlen);

/* The seed in a file; -EINVAL: it has a key that is none. */
int wg_seed_load(const char *path, struct wg_key *ret_seed, char *err,
		 size_t errlen);

/*
 * Make a new seed in a new file, or put a seed that there is into one.  Two
 * folders are made where they are missing (wg_keyfile_make).
 */
int wg_seed_generate(const char *path, char *err, size_t errlen);
int wg_seed_save(const char *path, const struct wg_key *seed, char *err,
		 size_t errlen);

#endif
