/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How gateways that have one private key know each other (the frames are in
 * lib/core/wg_group_msg.h).
 *
 * From the private key a key of its own is derived, for nothing but this; from
 * that one and what both ends said first, a key for each direction of a
 * connection.  Each frame ends in a MAC over itself and its number.  Nothing
 * of this leads back to the private key.
 */
#ifndef WG_GROUPKEY_H
#define WG_GROUPKEY_H

#include "lib/core/wg_group_msg.h"

struct wg_groupkey; /* a secret: in locked memory, wiped */

/* Errors and err as wg_key_load, or -ENOMEM. */
int wg_groupkey_load(const char *private_key_file, struct wg_groupkey **ret,
		     char *err, size_t errlen);
void wg_groupkey_free(struct wg_groupkey **key);

/* The name of the group: a hash of its public key. */
void wg_groupkey_name(const struct wg_key *pub, uint8_t ret[WG_KEY_LEN]);

/* Random bytes: nonces, and names of gateways. */
void wg_groupkey_random(void *buf, size_t len);

/* One direction of a connection. */
struct wg_groupmac {
	uint8_t key[32];
	uint64_t number; /* of the next frame */
};

/*
 * The first frame of who connected, and the nonce of who listens.  BY_LISTENER:
 * the direction from there.
 */
void wg_groupmac_begin(const struct wg_groupkey *key, const uint8_t *hello,
		       size_t len, const uint8_t nonce[WG_GROUP_NONCE],
		       bool by_listener, struct wg_groupmac *ret);
/* Write the MAC of the next frame into its end. */
void wg_groupmac_sign(struct wg_groupmac *mac, uint8_t *frame, size_t len);
/* Is it the next frame, and unchanged? */
bool wg_groupmac_check(struct wg_groupmac *mac, const uint8_t *frame,
		       size_t len);
void wg_groupmac_wipe(struct wg_groupmac *mac);

#endif
