/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of a mesh for tests of its doors, signed.  Who signs is a number; what
 * a key and a signature are is the caller's: real ones, or those of door_toy,
 * for tests without crypto.
 */
#ifndef DOOR_ITEMS_H
#define DOOR_ITEMS_H

#include "lib/core/wg_item_writer.h"

struct door_crypto {
	void (*public_of)(unsigned who, uint8_t ret[WG_KEY_LEN]);
	void (*sign)(uint8_t *item, uint8_t type, unsigned who);
	bool (*verify)(const uint8_t *item, uint8_t type, const uint8_t *key);
};
/* Nobody can forge it who does not try. */
extern const struct door_crypto door_toy;
/* What the functions below use; door_toy at first. */
extern const struct door_crypto *door_crypto;

/* Who signs: others are free. */
enum { DOOR_AUTHORITY = 1, DOOR_RECOVERY = 2, DOOR_SECOND = 3 };

/* 0: as it is with most; from, until, redeem_by: absent, or far away. */
struct door_certificate {
	uint32_t member, serial;
	unsigned key; /* who: identity or invite key */
	uint32_t flags, authority;
	uint64_t from, until, redeem_by;
	unsigned by; /* who signs */
	uint8_t mesh;
};
/* Each into ret of WG_ITEM_MAX bytes at most; the length. */
size_t door_certificate(const struct door_certificate *c, uint8_t *ret);

struct door_succession {
	uint32_t member;
	unsigned key, identity;	      /* who */
	unsigned by_key, by_identity; /* others sign: 0: they do */
};
size_t door_succession(const struct door_succession *s, uint8_t *ret);

/* Of hub number HUB, who signs as BY. */
size_t door_witness(uint32_t hub, unsigned by, const uint8_t *succession,
		    uint8_t *ret);

struct door_record {
	uint32_t member;
	uint64_t sequence;
	unsigned key, identity; /* who */
	unsigned by_key;	/* another signs; 0: it does */
};
size_t door_record(const struct door_record *r, uint8_t *ret);

/* The authority with that number, whose key is WHO's. */
size_t door_authority(uint32_t number, unsigned who, unsigned by, uint8_t *ret);

#endif
