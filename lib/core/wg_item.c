/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items: the kinds, and what is canonical.
 *
 * One table has a row for each kind: its sizes, the flags that it knows, and
 * its places.  A place is a range of types and how many values of it there may
 * be, in order; IPv4 and IPv6 share one where they are counted together.  The
 * checker walks the item and the row side by side, once.  So a type that the
 * row lacks has no place, and an item that lacks a type leaves a place empty.
 *
 * Items come from anybody: from a door that the internet reaches, from hubs
 * that lie, from old disks.  The checker reads within LEN, keeps nothing, and
 * takes time in proportion to LEN, which is at most 64 KiB; an item within an
 * item is looked at once, and has none within.  What passed can be read without
 * looking at a length again, and there is no second way to write it: whoever
 * changes one byte makes another item or none.
 *
 * Types 60 to 7b of later versions are kept, and signed like all else, without
 * meaning: a member that does not know them carries them on.
 */
#include "lib/core/wg_item.h"

#include <assert.h>

static const uint8_t magic[3] = {'W', 'G', 'M'};

#define PLACES 16
#define MANY UINT16_MAX

struct place {
	uint8_t from, to;     /* types */
	uint16_t least, most; /* values of them, together */
};

/* clang-format off */
#define ONE(t) {t, t, 1, 1}
#define MAYBE(t) {t, t, 0, 1}
#define SOME(from, to, least, most) {from, to, least, most}
#define OPTIONS SOME(WG_ITEM_OPTION, WG_ITEM_OPTION_LAST, 0, MANY)

static const struct kind {
	const char *name;
	uint16_t least, most; /* bytes */
	uint32_t flags;	      /* that are known */
	struct place place[PLACES];
} kinds[WG_ITEM_KINDS] = {
	[WG_ITEM_IS_CERTIFICATE] = {
		"certificate", 191, 512,
		WG_ITEM_FLAG_HUB | WG_ITEM_FLAG_INVITE, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER),
			ONE(WG_ITEM_SERIAL), ONE(WG_ITEM_KEY),
			ONE(WG_ITEM_NAME), ONE(WG_ITEM_FROM),
			ONE(WG_ITEM_UNTIL), ONE(WG_ITEM_FLAGS),
			MAYBE(WG_ITEM_HUB_NUMBER),
			SOME(WG_ITEM_ADDRESS4, WG_ITEM_ADDRESS6, 1, 4),
			SOME(WG_ITEM_PREFIX4, WG_ITEM_PREFIX6, 0, MANY),
			MAYBE(WG_ITEM_REDEEM_BY), ONE(WG_ITEM_LIST),
			MAYBE(WG_ITEM_AUTHORITY_NUMBER), OPTIONS,
			ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_SUCCESSION] = {
		"succession", 238, 238, 0, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER),
			ONE(WG_ITEM_KEY), ONE(WG_ITEM_IDENTITY),
			ONE(WG_ITEM_BY_INVITE), ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_WITNESS] = {
		"witness", 349, 349, 0, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER),
			ONE(WG_ITEM_HUB), ONE(WG_ITEM_SUCCESSION),
			ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_RECORD] = {
		"record", 219, 1400, 0, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER),
			ONE(WG_ITEM_SEQUENCE), ONE(WG_ITEM_WG_KEY),
			MAYBE(WG_ITEM_WG_NEXT), ONE(WG_ITEM_PORT),
			SOME(WG_ITEM_ENDPOINT4, WG_ITEM_ENDPOINT_NAME, 0, 8),
			SOME(WG_ITEM_ANNOUNCED4, WG_ITEM_ANNOUNCED6, 0, MANY),
			MAYBE(WG_ITEM_DOOR_PORT), OPTIONS,
			ONE(WG_ITEM_BY_WG_KEY), MAYBE(WG_ITEM_BY_WG_NEXT),
			ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_LIST] = {
		"list", 123, WG_ITEM_MAX, 0, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_TIME),
			ONE(WG_ITEM_LIST), ONE(WG_ITEM_DUE),
			SOME(WG_ITEM_REVOKED, WG_ITEM_REVOKED, 0, 4096),
			MAYBE(WG_ITEM_AUTHORITY_NUMBER), OPTIONS,
			ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_INVITE] = {
		"invite", 307, 1098, 0, {
			ONE(WG_ITEM_RECOVERY_KEY), ONE(WG_ITEM_FIRST_KEY),
			ONE(WG_ITEM_SEED), ONE(WG_ITEM_CERTIFICATE),
			SOME(WG_ITEM_DOOR, WG_ITEM_DOOR, 0, 4),
			MAYBE(WG_ITEM_MESH_NAME),
		}},
	[WG_ITEM_IS_AUTHORITY] = {
		"authority", 154, 154, WG_ITEM_FLAG_VOID, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_FLAGS),
			ONE(WG_ITEM_TIME), ONE(WG_ITEM_AUTHORITY_KEY),
			ONE(WG_ITEM_AUTHORITY_NUMBER), ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_REQUEST] = {
		"request", 110, 110, 0, {
			ONE(WG_ITEM_KEY), ONE(WG_ITEM_SIGNATURE),
		}},
	[WG_ITEM_IS_ANSWER] = {
		"answer", 272, 1063, 0, {
			ONE(WG_ITEM_RECOVERY_KEY), ONE(WG_ITEM_FIRST_KEY),
			ONE(WG_ITEM_CERTIFICATE),
			SOME(WG_ITEM_DOOR, WG_ITEM_DOOR, 0, 4),
			MAYBE(WG_ITEM_MESH_NAME),
		}},
	[WG_ITEM_IS_DOOR_RECORD] = {
		"door-record", 219, 219, 0, {
			ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER),
			ONE(WG_ITEM_SEQUENCE), ONE(WG_ITEM_WG_KEY),
			ONE(WG_ITEM_PORT), ONE(WG_ITEM_BY_WG_KEY),
			ONE(WG_ITEM_SIGNATURE),
		}},
};
/* clang-format on */

static const struct kind *kind_of(uint8_t kind)
{
	static const struct kind none = {};

	return kind < WG_ITEM_KINDS ? &kinds[kind] : &none;
}

const char *wg_item_kind_str(uint8_t kind)
{
	return kind_of(kind)->name;
}

size_t wg_item_least(uint8_t kind)
{
	return kind_of(kind)->least;
}

size_t wg_item_most(uint8_t kind)
{
	return kind_of(kind)->most;
}

/* --- checking */

static enum wg_item_fault check_head(const uint8_t *b, size_t len)
{
	const struct kind *k;

	if (len < WG_ITEM_HEAD)
		return WG_ITEM_CUT_SHORT;
	k = kind_of(b[3]);
	if (memcmp(b, magic, sizeof(magic)) != 0)
		return WG_ITEM_MAGIC;
	if (!k->name)
		return WG_ITEM_OTHER_KIND;
	if (b[4] != WG_ITEM_VERSION)
		return WG_ITEM_OTHER_VERSION;
	if (b[5])
		return WG_ITEM_NOT_ZERO;
	if (wg_item_len(b) != len)
		return WG_ITEM_WRONG_LENGTH;
	return len < k->least || len > k->most ? WG_ITEM_WRONG_SIZE
					       : WG_ITEM_OK;
}

/* Behind the one before?  That has no type where this is the first. */
static enum wg_item_fault check_order(const struct wg_item_tlv *before,
				      const struct wg_item_tlv *tlv)
{
	int diff;

	if (tlv->type != before->type)
		return tlv->type < before->type ? WG_ITEM_NO_ORDER : WG_ITEM_OK;
	diff = wg_span_cmp(&tlv->value, &before->value);
	return diff < 0	   ? WG_ITEM_NO_ORDER
	       : diff == 0 ? WG_ITEM_SAME_TWICE
			   : WG_ITEM_OK;
}

/* An item within: canonical and of its kind. */
static enum wg_item_fault check_inner(const struct wg_item_tlv *tlv)
{
	uint8_t kind = tlv->type == WG_ITEM_SUCCESSION ? WG_ITEM_IS_SUCCESSION
						       : WG_ITEM_IS_CERTIFICATE;

	if (tlv->type != WG_ITEM_SUCCESSION && tlv->type != WG_ITEM_CERTIFICATE)
		return WG_ITEM_OK;
	return wg_item_check_kind(tlv->value.b, tlv->value.len, kind)
		       ? WG_ITEM_BAD_INNER
		       : WG_ITEM_OK;
}

static enum wg_item_fault check_value(const struct kind *k,
				      const struct wg_item_tlv *tlv)
{
	enum wg_item_fault fault = wg_item_value_check(tlv);

	if (fault)
		return fault;
	if (tlv->type == WG_ITEM_FLAGS &&
	    (wg_item_get(tlv->value.b, tlv->value.len) & ~k->flags))
		return WG_ITEM_BAD_FLAGS;
	return check_inner(tlv);
}

/* The value that begins there, if it ends within. */
static bool take(const uint8_t *b, size_t len, size_t *at,
		 struct wg_item_tlv *ret)
{
	size_t room = len - *at, n;

	if (room < WG_ITEM_TLV)
		return false;
	n = wg_item_get(b + *at + 1, 2);
	if (n > room - WG_ITEM_TLV)
		return false;
	ret->type = b[*at];
	ret->value = (struct wg_span){b + *at + WG_ITEM_TLV, n};
	*at += WG_ITEM_TLV + n;
	return true;
}

/* How far the row is filled. */
struct walk {
	const struct place *place; /* its values are counted */
	const struct place *end;
	size_t n;
};

/* Is there a place for one more of this type? */
static enum wg_item_fault enter(struct walk *w, uint8_t type)
{
	while (w->place < w->end && w->place->to < type) {
		if (w->n < w->place->least)
			return WG_ITEM_MISSING;
		w->place++;
		w->n = 0;
	}
	if (w->place == w->end || w->place->from > type)
		return WG_ITEM_NOT_HERE;
	return ++w->n > w->place->most ? WG_ITEM_TOO_MANY : WG_ITEM_OK;
}

static enum wg_item_fault leave(struct walk *w)
{
	for (; w->place < w->end; w->place++, w->n = 0)
		if (w->n < w->place->least)
			return WG_ITEM_MISSING;
	return WG_ITEM_OK;
}

static enum wg_item_fault check_values(const uint8_t *b, size_t len)
{
	const struct kind *k = kind_of(wg_item_kind(b));
	struct walk w = {k->place, k->place + PLACES};
	struct wg_item_tlv before = {}, tlv;
	enum wg_item_fault fault;
	size_t at = WG_ITEM_HEAD;

	/* an empty place has no type that an item could have */
	while (w.end > w.place && !w.end[-1].to)
		w.end--;
	for (; at < len; before = tlv) {
		if (!take(b, len, &at, &tlv))
			return WG_ITEM_CUT_SHORT;
		fault = check_order(&before, &tlv);
		if (!fault)
			fault = enter(&w, tlv.type);
		if (!fault)
			fault = check_value(k, &tlv);
		if (fault)
			return fault;
	}
	return leave(&w);
}

static bool has(const uint8_t *item, uint8_t type)
{
	return wg_item_bytes(item, type);
}

/* What goes together: flag and number of a hub, a next key and its proof. */
static enum wg_item_fault check_pairs(const uint8_t *b)
{
	const uint8_t *inner = wg_item_bytes(b, WG_ITEM_SUCCESSION);
	uint64_t flags = wg_item_number(b, WG_ITEM_FLAGS);

	if (!!(flags & WG_ITEM_FLAG_HUB) != has(b, WG_ITEM_HUB_NUMBER) ||
	    has(b, WG_ITEM_WG_NEXT) != has(b, WG_ITEM_BY_WG_NEXT))
		return WG_ITEM_NO_PAIR;
	if (inner && (memcmp(wg_item_bytes(b, WG_ITEM_MESH),
			     wg_item_bytes(inner, WG_ITEM_MESH),
			     WG_ITEM_MESH_LEN) != 0 ||
		      wg_item_number(b, WG_ITEM_MEMBER) !=
			      wg_item_number(inner, WG_ITEM_MEMBER)))
		return WG_ITEM_OTHER_MEMBER;
	return WG_ITEM_OK;
}

enum wg_item_fault wg_item_check(const uint8_t *b, size_t len)
{
	enum wg_item_fault fault = check_head(b, len);

	if (!fault)
		fault = check_values(b, len);
	return fault ? fault : check_pairs(b);
}

enum wg_item_fault wg_item_check_kind(const uint8_t *b, size_t len,
				      uint8_t kind)
{
	enum wg_item_fault fault = check_head(b, len);

	/* first, so that no item within an item has one */
	if (!fault && wg_item_kind(b) != kind)
		return WG_ITEM_OTHER_KIND;
	return fault ? fault : wg_item_check(b, len);
}

size_t wg_item_split(const uint8_t *b, size_t len)
{
	size_t item;

	if (len < WG_ITEM_HEAD || memcmp(b, magic, sizeof(magic)) != 0)
		return 0;
	item = wg_item_len(b);
	return item < WG_ITEM_HEAD || item > len ? 0 : item;
}

/* --- reading: it was checked */

bool wg_item_next(const uint8_t *item, size_t *at, struct wg_item_tlv *ret)
{
	size_t len = wg_item_len(item);

	if (*at == 0)
		*at = WG_ITEM_HEAD;
	return *at < len && take(item, len, at, ret);
}

bool wg_item_find(const uint8_t *item, uint8_t type, struct wg_item_tlv *ret)
{
	struct wg_item_tlv tlv;
	size_t at;

	wg_item_each (item, at, tlv) {
		if (tlv.type < type)
			continue;
		if (tlv.type > type)
			break;
		*ret = tlv;
		return true;
	}
	return false;
}

const uint8_t *wg_item_bytes(const uint8_t *item, uint8_t type)
{
	struct wg_item_tlv tlv;

	return wg_item_find(item, type, &tlv) ? tlv.value.b : NULL;
}

uint64_t wg_item_number(const uint8_t *item, uint8_t type)
{
	struct wg_item_tlv tlv;

	assert(wg_item_form(type) == WG_ITEM_FORM_NUMBER);
	return wg_item_find(item, type, &tlv)
		       ? wg_item_get(tlv.value.b, tlv.value.len)
		       : 0;
}

size_t wg_item_count(const uint8_t *item, uint8_t type)
{
	struct wg_item_tlv tlv;
	size_t at, n = 0;

	wg_item_each (item, at, tlv)
		n += tlv.type == type;
	return n;
}

uint64_t wg_item_version(const uint8_t *item)
{
	uint64_t authority;

	switch (wg_item_kind(item)) {
	case WG_ITEM_IS_AUTHORITY:
		return wg_item_number(item, WG_ITEM_AUTHORITY_NUMBER);
	case WG_ITEM_IS_LIST:
	case WG_ITEM_IS_CERTIFICATE:
		authority = wg_item_number(item, WG_ITEM_AUTHORITY_NUMBER);
		return authority << 32 |
		       wg_item_number(item,
				      wg_item_kind(item) == WG_ITEM_IS_LIST
					      ? WG_ITEM_LIST
					      : WG_ITEM_SERIAL);
	case WG_ITEM_IS_WITNESS:
		return wg_item_number(item, WG_ITEM_HUB);
	case WG_ITEM_IS_RECORD:
	case WG_ITEM_IS_DOOR_RECORD:
		return wg_item_number(item, WG_ITEM_SEQUENCE);
	default:
		return 0;
	}
}

struct wg_span wg_item_signed(const uint8_t *item, uint8_t type)
{
	const uint8_t *value = wg_item_bytes(item, type);

	if (!value)
		return (struct wg_span){};
	return (struct wg_span){item, value - WG_ITEM_TLV - item};
}

bool wg_item_wants_signature(const uint8_t *item, uint8_t type)
{
	const struct kind *k = kind_of(wg_item_kind(item));
	size_t i;

	assert(type >= WG_ITEM_BY_WG_KEY);
	for (i = 0; i < PLACES; i++)
		if (k->place[i].from == type)
			return k->place[i].least || has(item, WG_ITEM_WG_NEXT);
	return false;
}

const uint8_t *wg_item_own_key(const uint8_t *item, uint8_t type)
{
	uint8_t kind = wg_item_kind(item);

	switch (type) {
	case WG_ITEM_BY_WG_KEY:
		return wg_item_bytes(item, WG_ITEM_WG_KEY);
	case WG_ITEM_BY_WG_NEXT:
		return wg_item_bytes(item, WG_ITEM_WG_NEXT);
	case WG_ITEM_BY_INVITE:
		return wg_item_bytes(item, WG_ITEM_KEY);
	case WG_ITEM_SIGNATURE:
		/* a certificate has a key, too: not the one that signs it */
		return kind == WG_ITEM_IS_REQUEST
			       ? wg_item_bytes(item, WG_ITEM_KEY)
		       : kind == WG_ITEM_IS_SUCCESSION
			       ? wg_item_bytes(item, WG_ITEM_IDENTITY)
			       : NULL;
	default:
		return NULL;
	}
}
