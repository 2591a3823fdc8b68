/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of items.
 *
 * The buffer holds, at all times, a header and values in canonical order: a
 * new value is put at the end and moved to its place.  So a list of N
 * revocations costs N * N / 2 steps, once a revocation, at the keeper's; and
 * nobody can write out of order.  All else is asked of the one checker at the
 * end: what this file does not know, it cannot get wrong.
 *
 * Invariant: after wg_item_end returned 0, wg_item_check says WG_ITEM_OK.
 */
#include "lib/core/wg_item_writer.h"

#include <assert.h>
#include <errno.h>

void wg_item_begin(struct wg_item_writer *w, uint8_t kind, uint8_t *buf,
		   size_t size)
{
	assert(size >= WG_ITEM_HEAD);
	*w = (struct wg_item_writer){buf, size, WG_ITEM_HEAD};
	memcpy(buf, "WGM", 3);
	buf[3] = kind;
	buf[4] = WG_ITEM_VERSION;
	buf[5] = 0;
	/* what is read meanwhile ends where it ends */
	wg_item_put(buf + 6, w->len, 2);
}

/* Where in the item the last value belongs that was put behind it. */
static size_t place(const uint8_t *item, const struct wg_item_tlv *last)
{
	struct wg_item_tlv tlv;
	size_t at, before = WG_ITEM_HEAD;

	wg_item_each (item, at, tlv) {
		if (tlv.type > last->type ||
		    (tlv.type == last->type &&
		     wg_span_cmp(&tlv.value, &last->value) > 0))
			return before;
		before = at;
	}
	return before;
}

/* The last LEN bytes to AT, and what was there behind them. */
static void rotate(uint8_t *b, size_t end, size_t at, size_t len)
{
	uint8_t some[256];
	size_t n;

	/* in pieces from the end, each of which goes before the last one */
	for (; len > 0; len -= n, at += n) {
		n = len < sizeof(some) ? len : sizeof(some);
		memcpy(some, b + end - len, n);
		memmove(b + at + n, b + at, end - len - at);
		memcpy(b + at, some, n);
	}
	/* it may have been the seed of an invite */
	explicit_bzero(some, sizeof(some));
}

static int add(struct wg_item_writer *w, const struct wg_item_value *value)
{
	size_t room = w->size - w->len, len, end;
	uint8_t *p = w->buf + w->len;
	struct wg_item_tlv last;
	int rc;

	if (room < WG_ITEM_TLV)
		return -ENOSPC;
	rc = wg_item_value_put(value, p + WG_ITEM_TLV, room - WG_ITEM_TLV,
			       &len);
	if (rc < 0)
		return rc;
	end = w->len + WG_ITEM_TLV + len;
	if (end > UINT16_MAX)
		return -ENOSPC;
	wg_item_put(p, value->type, 1);
	wg_item_put(p + 1, len, 2);
	last = (struct wg_item_tlv){value->type, {p + WG_ITEM_TLV, len}};
	rotate(w->buf, end, place(w->buf, &last), WG_ITEM_TLV + len);
	w->len = end;
	wg_item_put(w->buf + 6, w->len, 2);
	return 0;
}

void wg_item_add(struct wg_item_writer *w, const struct wg_item_value *value)
{
	if (!w->error)
		w->error = add(w, value);
}

void wg_item_add_number(struct wg_item_writer *w, uint8_t type, uint64_t n)
{
	const struct wg_item_value value = {.type = type, .number = n};

	if (wg_item_form(type) == WG_ITEM_FORM_NUMBER)
		wg_item_add(w, &value);
	else if (!w->error)
		w->error = -EINVAL;
}

void wg_item_add_bytes(struct wg_item_writer *w, uint8_t type, const void *b,
		       size_t len)
{
	const struct wg_item_value value = {.type = type, .bytes = {b, len}};

	switch (wg_item_form(type)) {
	case WG_ITEM_FORM_BYTES:
	case WG_ITEM_FORM_NAME:
	case WG_ITEM_FORM_MESH_NAME:
		wg_item_add(w, &value);
		break;
	default:
		if (!w->error)
			w->error = -EINVAL;
	}
}

/* The signatures that are not there yet. */
static void add_signatures(struct wg_item_writer *w)
{
	static const uint8_t none[WG_ITEM_SIGNATURE_LEN];
	uint8_t type;

	for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE; type++)
		if (wg_item_wants_signature(w->buf, type) &&
		    !wg_item_bytes(w->buf, type))
			wg_item_add_bytes(w, type, none, sizeof(none));
}

int wg_item_end(struct wg_item_writer *w, enum wg_item_fault *ret_fault)
{
	enum wg_item_fault fault;

	add_signatures(w);
	if (w->error)
		return w->error;
	fault = wg_item_check(w->buf, w->len);
	if (!fault)
		return 0;
	if (ret_fault)
		*ret_fault = fault;
	return -EBADMSG;
}

void wg_item_set_signature(uint8_t *item, uint8_t type,
			   const uint8_t signature[WG_ITEM_SIGNATURE_LEN])
{
	struct wg_span before = wg_item_signed(item, type);

	assert(before.b && type >= WG_ITEM_BY_WG_KEY);
	memcpy(item + before.len + WG_ITEM_TLV, signature,
	       WG_ITEM_SIGNATURE_LEN);
}
