/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a signed item (wg_item.h): values in any order, and what comes out
 * is canonical or nothing.
 *
 *   wg_item_begin(&w, kind, buf, sizeof(buf));
 *   wg_item_add_number(&w, WG_ITEM_MEMBER, 7);
 *   ...
 *   wg_item_end(&w, &fault);
 *   wg_sign_item(buf, WG_ITEM_SIGNATURE, &key);	(lib/backend/wg_sign.h)
 *
 * Signatures are zeros until they are made, in the order of their types: each
 * is over all before it, the length of the item included.
 */
#ifndef WG_ITEM_WRITER_H
#define WG_ITEM_WRITER_H

#include "lib/core/wg_item.h"

struct wg_item_writer {
	uint8_t *buf;
	size_t size;
	size_t len; /* so far */
	int error;  /* of the first that could not be added; 0 */
};

/* SIZE is at least WG_ITEM_HEAD. */
void wg_item_begin(struct wg_item_writer *w, uint8_t kind, uint8_t *buf,
		   size_t size);
/* A value where it belongs; what is wrong with it, wg_item_end says. */
void wg_item_add(struct wg_item_writer *w, const struct wg_item_value *value);
/* ... that is a number; ... that are bytes: a key, a name, an item. */
void wg_item_add_number(struct wg_item_writer *w, uint8_t type, uint64_t n);
void wg_item_add_bytes(struct wg_item_writer *w, uint8_t type, const void *b,
		       size_t len);
/*
 * Adds the signatures that the kind has (of the next WireGuard key where it
 * stands there), as zeros, and the length, and checks.  0: w->len bytes of buf
 * are canonical.  -ENOSPC: there was no room; -EINVAL: a value's type, length
 * or family makes no sense; -EBADMSG: it would not be canonical, *ret_fault
 * (may be NULL) says why.
 */
int wg_item_end(struct wg_item_writer *w, enum wg_item_fault *ret_fault);

/* Into its place in a checked item that has this signature. */
void wg_item_set_signature(uint8_t *item, uint8_t type,
			   const uint8_t signature[WG_ITEM_SIGNATURE_LEN]);

#endif
