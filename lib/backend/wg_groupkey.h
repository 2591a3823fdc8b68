/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How gateways that have one private key know each other, and what they say to
 * each other that nobody else can read (messages are in
 * lib/core/wg_group_msg.h).
 *
 * From the private key a key of its own is derived, for nothing but this.  Who
 * connects proves that it has it in the first bytes that it sends; from what it
 * said, and from what is answered, there is a key for each direction.  Nothing
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

/*
 * Write the MAC of the HELLO of who connects into its end: it holds for a
 * connection between these two addresses and no others.
 */
void wg_groupkey_prove(const struct wg_groupkey *key,
		       const struct wg_addr *from, const struct wg_addr *to,
		       uint8_t hello[WG_GROUP_HELLO_LEN]);
/* Is it right? */
bool wg_groupkey_is_proof(const struct wg_groupkey *key,
			  const struct wg_addr *from, const struct wg_addr *to,
			  const uint8_t hello[WG_GROUP_HELLO_LEN]);

#define WG_GROUP_HEADER 24 /* bytes before the first frame of a stream */

/*
 * One direction of a connection: it has a key (wg_groupstream_key), then a
 * header (wg_groupstream_begin by who sends, _join by who reads), then frames.
 */
struct wg_groupstream {
	uint8_t key[32];
	uint8_t state[64]; /* of libsodium's secretstream */
};

/*
 * The HELLO of who connected; ANSWER: the header of the stream of who listens,
 * for the direction from who connected, or NULL for that from who listens.
 */
void wg_groupstream_key(const struct wg_groupkey *key,
			const uint8_t hello[WG_GROUP_HELLO_LEN],
			const uint8_t *answer, struct wg_groupstream *ret);
void wg_groupstream_begin(struct wg_groupstream *s,
			  uint8_t ret_header[WG_GROUP_HEADER]);
void wg_groupstream_join(struct wg_groupstream *s,
			 const uint8_t header[WG_GROUP_HEADER]);
/* The next frame, with this message sealed in it, of at most
 * WG_GROUP_FRAME_MAX bytes; its length. */
size_t wg_groupstream_seal(struct wg_groupstream *s, const uint8_t *msg,
			   size_t len, uint8_t *ret_frame);
/*
 * The message in a frame of that length (wg_group_frame), into ret of
 * WG_GROUP_MSG_MAX bytes: its length, or -EBADMSG: it is not the next one of
 * who has the key.  After that nothing can be read of the stream any more.
 */
int wg_groupstream_open(struct wg_groupstream *s, const uint8_t *frame,
			size_t len, uint8_t *ret);
void wg_groupstream_wipe(struct wg_groupstream *s);

#endif
