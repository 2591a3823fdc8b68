/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vault: 32 secret bytes under a passphrase, and open bytes beside them that
 * anybody may read and nobody can change.
 *
 * Layout, big-endian:
 *
 *   0  "WGV1"
 *   4  operations of argon2id, 4 bytes
 *   8  its memory in MiB, 4 bytes
 *  12  salt 16
 *  28  nonce 24
 *  52  length of the open bytes, 2 bytes, then these
 *      sealed secret 32, and tag 16
 *
 * The key is argon2id (RFC 9106) of the passphrase; the seal is
 * XChaCha20-Poly1305 with all that is before it as associated data.
 */
#ifndef WG_VAULT_H
#define WG_VAULT_H

#include <stddef.h>
#include <stdint.h>

#define WG_VAULT_SECRET 32
#define WG_VAULT_OPEN_MAX 1024
#define WG_VAULT_MAX (54 + WG_VAULT_OPEN_MAX + WG_VAULT_SECRET + 16)

/* A passphrase may be so long. */
#define WG_VAULT_PASSPHRASE_MAX 1023

/* What one guess costs.  The bounds are checked when a vault is read: a
 * changed file makes nobody allocate all there is. */
#define WG_VAULT_MIB_MIN 8
#define WG_VAULT_MIB_DEFAULT 256
#define WG_VAULT_MIB_MAX 4096
#define WG_VAULT_OPS_DEFAULT 3
#define WG_VAULT_OPS_MAX 64

struct wg_vault {
	uint32_t ops;
	uint32_t mib;
	const uint8_t *open;
	size_t open_len; /* at most WG_VAULT_OPEN_MAX */
};

/*
 * Memory for secrets: locked where the system allows it, left out of core
 * dumps, between guard pages; zeroed.  Never NULL: without memory the program
 * ends.  _free wipes it, and takes a pointer to NULL.
 */
void *wg_vault_alloc(size_t size);
void wg_vault_free(void **secret);

/*
 * Seal a secret into RET, of WG_VAULT_MAX bytes; its length, or -ENOMEM:
 * argon2's memory is not to be had.  The passphrase is a string.
 */
int wg_vault_seal(const struct wg_vault *v, const char *passphrase,
		  const uint8_t secret[WG_VAULT_SECRET], uint8_t *ret);

/*
 * What of a vault can be read without passphrase; ret->open points into it.
 * 0 or -EINVAL: no vault, or one of another version or beyond the bounds.
 */
int wg_vault_read(const uint8_t *vault, size_t len, struct wg_vault *ret);

/*
 * -EACCES: another passphrase, or a byte of the vault is changed (which of the
 * two nobody can tell); -EINVAL as above; -ENOMEM as at sealing.
 */
int wg_vault_open(const uint8_t *vault, size_t len, const char *passphrase,
		  uint8_t ret_secret[WG_VAULT_SECRET]);

#endif
