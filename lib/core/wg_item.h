/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed items: what a mesh knows.  Anybody may carry one; who made it is in
 * its signature (lib/backend/wg_sign.h), and what it says is in its values
 * (wg_item_value.h).  Pure: bytes in, values out.
 *
 *   0 "WGM", 3 kind, 4 version 1, 5 zero, 6 u16 length of the whole item
 *   (network order); then the values, each with its type and length
 *
 * An item is canonical or it is none: types ascend, values of one type ascend
 * by wg_span_cmp, none stands there twice, and the kind's row has all of them.
 * So one item has one hash.
 *
 * All functions but wg_item_check, wg_item_check_kind and wg_item_split want an
 * item that was checked: they trust its lengths.
 */
#ifndef WG_ITEM_H
#define WG_ITEM_H

#include "lib/core/wg_item_value.h"

#define WG_ITEM_VERSION 1
#define WG_ITEM_HEAD 8	  /* bytes before the first value */
#define WG_ITEM_MAX 45186 /* bytes: a list of 4,096 revocations */

enum wg_item_kind {
	WG_ITEM_IS_CERTIFICATE = 0x1, /* C: by the authority of its number */
	WG_ITEM_IS_SUCCESSION = 0x2,  /* S: identity follows invite key */
	WG_ITEM_IS_WITNESS = 0x3,     /* W: a hub saw that first */
	WG_ITEM_IS_RECORD = 0x4,      /* R: by the identity, for all */
	WG_ITEM_IS_LIST = 0x5,	      /* L: revocations, by the authority */
	WG_ITEM_IS_INVITE = 0x7,      /* I: not signed.  SECRET */
	WG_ITEM_IS_AUTHORITY = 0x8,   /* A: a new one, by the recovery key */
	WG_ITEM_IS_REQUEST = 0x9,     /* Q: a key that wants a certificate */
	WG_ITEM_IS_ANSWER = 0xa,      /* J: an invite without its secret */
	WG_ITEM_IS_DOOR_RECORD = 0xb, /* D: by the identity, for one hub */
	WG_ITEM_KINDS,
};
/* "certificate" and so on; NULL: no such kind. */
const char *wg_item_kind_str(uint8_t kind);

/* Sizes of a kind's items in bytes; 0 and 0: no such kind. */
size_t wg_item_least(uint8_t kind);
size_t wg_item_most(uint8_t kind);

/* Are these bytes one canonical item, nothing behind it? */
enum wg_item_fault wg_item_check(const uint8_t *b, size_t len);
/* ... and of that kind?  Else WG_ITEM_OTHER_KIND. */
enum wg_item_fault wg_item_check_kind(const uint8_t *b, size_t len,
				      uint8_t kind);

/*
 * The length of the item that is at the beginning of LEN bytes, as its header
 * says; 0: the bytes do not have all of it, or this is no item.  A file has
 * items one after another.
 */
size_t wg_item_split(const uint8_t *b, size_t len);

static inline uint8_t wg_item_kind(const uint8_t *item)
{
	return item[3];
}

static inline size_t wg_item_len(const uint8_t *item)
{
	return (size_t)item[6] << 8 | item[7];
}

/* --- reading */

/*
 * The next value: *at is 0 for the first, and then what this function left
 * there.  False: there are no more.
 */
bool wg_item_next(const uint8_t *item, size_t *at, struct wg_item_tlv *ret);

/* Each value, in order: a size_t and a struct wg_item_tlv of the caller. */
#define wg_item_each(item, at, tlv)                                            \
	for ((at) = 0; wg_item_next(item, &(at), &(tlv));)

/* The first value of a type; false: there is none, and ret is untouched. */
bool wg_item_find(const uint8_t *item, uint8_t type, struct wg_item_tlv *ret);
/* Its bytes, which end with the item's; NULL: there is none. */
const uint8_t *wg_item_bytes(const uint8_t *item, uint8_t type);
/* A number; 0: there is none, or it is 0. */
uint64_t wg_item_number(const uint8_t *item, uint8_t type);
/* How many of a type there are. */
size_t wg_item_count(const uint8_t *item, uint8_t type);

/*
 * Of two of a kind and subject the higher one is newer: A its number; L, C the
 * authority's number, then that of the list or the serial; W the hub's member
 * number; R, D the sequence.  Others: 0.
 */
uint64_t wg_item_version(const uint8_t *item);

/*
 * What a signature of the item is over: all bytes before that value.  {NULL,
 * 0}: the item has no value of this type.
 */
struct wg_span wg_item_signed(const uint8_t *item, uint8_t type);
/* Must the item have that signature, by its kind and its other values? */
bool wg_item_wants_signature(const uint8_t *item, uint8_t type);
/*
 * The key, 32 bytes in the item itself, that this signature of it must be by;
 * NULL: who signs is another one (an authority, a hub, an identity), whom the
 * item does not name.
 */
const uint8_t *wg_item_own_key(const uint8_t *item, uint8_t type);

#endif
