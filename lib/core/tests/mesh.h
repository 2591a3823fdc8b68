/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of a mesh for tests of its map.  Keys are small numbers; a signature is
 * the key and a checksum, so that one byte, another key or another type spoils
 * it, and a liar is who uses only its own numbers.
 */
#ifndef MESH_H
#define MESH_H

#include "lib/core/wg_directory.h"

#ifndef MESH_ITEMS
#define MESH_ITEMS 400
#endif
#define MESH_RECOVERY 1
#define MESH_FIRST 2 /* the first authority */

/* All items that were ever made in a world. */
struct mesh {
	struct wg_offer item[MESH_ITEMS];
	size_t n;
};

struct wg_directory_conf mesh_conf(size_t maximum);
void mesh_free(struct mesh *m);
/* A byte of the item's last signature is another one. */
void mesh_spoil(struct wg_offer *offer);

/* Each makes one item, and returns it. */
struct mesh_certificate {
	uint32_t authority, member, serial;
	uint8_t key, flags;
	uint8_t signer; /* 0: the first authority */
	uint8_t mark;	/* so that two differ */
	uint64_t until;
};
struct wg_offer *mesh_certificate(struct mesh *m, struct mesh_certificate c);

struct mesh_authority {
	uint32_t number;
	uint8_t key, flags;
	uint8_t signer; /* 0: the recovery key */
};
struct wg_offer *mesh_authority(struct mesh *m, struct mesh_authority a);

struct mesh_list {
	uint32_t authority, number;
	uint8_t signer; /* 0: the first authority */
	uint8_t mark; /* its time, too */
	uint64_t due;
	uint32_t revoked[4][2]; /* member, serial; member 0: none */
};
struct wg_offer *mesh_list(struct mesh *m, struct mesh_list l);

struct mesh_witness {
	uint32_t member, hub;
	uint8_t invite, identity, signer;
	uint8_t by_invite, by_identity; /* 0: as they are */
};
struct wg_offer *mesh_witness(struct mesh *m, struct mesh_witness w);

struct mesh_record {
	uint32_t member;
	uint64_t sequence;
	uint8_t identity, wg_key;
	uint8_t mark;
	uint8_t by_wg_key; /* 0: as it is */
};
struct wg_offer *mesh_record(struct mesh *m, struct mesh_record r);

/* Offer it, verify what is to be, put it. */
enum wg_offered mesh_offer(struct wg_directory *dir,
			   const struct wg_offer *offer, unsigned *ret_alarms);
/* What it answers where a signature is not good. */
#define MESH_FORGED WG_OFFEREDS

/* Is the 7f signature by that key? For an oracle. */
bool mesh_is_by(const uint8_t *item, const uint8_t *key);
/* Are those by keys in the item, and in what is within? */
bool mesh_is_own(const uint8_t *item);

/* Which of the items the map has by definition. */
void mesh_oracle(const struct mesh *m, size_t maximum, bool *ret);

#endif
