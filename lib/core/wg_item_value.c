/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of items.
 *
 * One table has, for each type, its form, its sizes and its range.  A form is
 * one way to write a value; IPv4 and IPv6 are two types of one form, and the
 * size of the address tells them apart.  Each value has one encoding: what was
 * checked, got and put again is the same bytes.
 *
 * Values come from anybody who reaches a member: of a length, a number or a
 * character nothing is believed before wg_item_value_check looked at it.  It
 * reads within the value, remembers nothing, and costs no more than a pass over
 * its bytes.
 *
 * Names become the names of peers, and hosts are resolved and shown: so they
 * are of the characters that these have, and none that a shell, a terminal, or
 * the configuration's file would understand.
 */
#include "lib/core/wg_item_value.h"

#include <assert.h>
#include <errno.h>

#define V4 4
#define V6 16
#define DOOR_HEAD (WG_KEY_LEN + 2) /* identity, port */

struct type {
	uint8_t form;	/* enum wg_item_form */
	uint16_t least; /* bytes of a value */
	uint16_t most;
	uint8_t address; /* bytes of the address in it */
	uint64_t low;	 /* of a number */
	uint64_t high;	 /* 0: as it has room for */
};

/* clang-format off */
#define BYTES(n) {WG_ITEM_FORM_BYTES, n, n}
#define NUMBER(n, ...) {WG_ITEM_FORM_NUMBER, n, n, 0, __VA_ARGS__}
#define ADDRESS(n) {WG_ITEM_FORM_ADDRESS, 1 + n, 1 + n, n}
#define PREFIX(n) {WG_ITEM_FORM_PREFIX, 2 + n, 2 + n, n}
#define ANNOUNCED(n) {WG_ITEM_FORM_ANNOUNCED, 1 + n, 2 + n, n}
#define ENDPOINT(n) {WG_ITEM_FORM_ENDPOINT, 2 + n, 2 + n, n}

static const struct type types[0x80] = {
	[WG_ITEM_MESH] = BYTES(WG_ITEM_MESH_LEN),
	[WG_ITEM_MEMBER] = NUMBER(4, 1),
	[WG_ITEM_SERIAL] = NUMBER(4, 0),
	[WG_ITEM_KEY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_NAME] = {WG_ITEM_FORM_NAME, 1, WG_ITEM_NAME_MAX},
	[WG_ITEM_FROM] = NUMBER(8, 0),
	[WG_ITEM_UNTIL] = NUMBER(8, 0),
	[WG_ITEM_FLAGS] = NUMBER(4, 0),
	[WG_ITEM_HUB_NUMBER] = NUMBER(1, 1, 8),
	[WG_ITEM_ADDRESS4] = ADDRESS(V4),
	[WG_ITEM_ADDRESS6] = ADDRESS(V6),
	[WG_ITEM_PREFIX4] = PREFIX(V4),
	[WG_ITEM_PREFIX6] = PREFIX(V6),
	[WG_ITEM_REDEEM_BY] = NUMBER(8, 0),
	[WG_ITEM_SEQUENCE] = NUMBER(8, 0),
	[WG_ITEM_TIME] = NUMBER(8, 0),
	[WG_ITEM_WG_KEY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_WG_NEXT] = BYTES(WG_KEY_LEN),
	[WG_ITEM_PORT] = NUMBER(2, 1),
	[WG_ITEM_ENDPOINT4] = ENDPOINT(V4),
	[WG_ITEM_ENDPOINT6] = ENDPOINT(V6),
	[WG_ITEM_ENDPOINT_NAME] = {WG_ITEM_FORM_ENDPOINT_NAME, 2 + 1,
				   2 + WG_ITEM_HOST_MAX},
	[WG_ITEM_ANNOUNCED4] = ANNOUNCED(V4),
	[WG_ITEM_ANNOUNCED6] = ANNOUNCED(V6),
	[WG_ITEM_HUB] = NUMBER(4, 1),
	[WG_ITEM_DOOR_PORT] = NUMBER(2, 1),
	[WG_ITEM_LIST] = NUMBER(4, 0),
	[WG_ITEM_DUE] = NUMBER(8, 0),
	[WG_ITEM_REVOKED] = {WG_ITEM_FORM_REVOKED, 4 + 4, 4 + 4},
	[WG_ITEM_AUTHORITY_KEY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_IDENTITY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_AUTHORITY_NUMBER] = NUMBER(4, 1),
	[WG_ITEM_SUCCESSION] = BYTES(238),
	[WG_ITEM_RECOVERY_KEY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_FIRST_KEY] = BYTES(WG_KEY_LEN),
	[WG_ITEM_SEED] = BYTES(WG_KEY_LEN),
	[WG_ITEM_CERTIFICATE] = {WG_ITEM_FORM_BYTES, 191, 512},
	[WG_ITEM_DOOR] = {WG_ITEM_FORM_DOOR, DOOR_HEAD + 1,
			  DOOR_HEAD + WG_ITEM_HOST_MAX},
	[WG_ITEM_MESH_NAME] = {WG_ITEM_FORM_MESH_NAME, 1, WG_ITEM_NAME_MAX},
	[WG_ITEM_OPTION ... WG_ITEM_OPTION_LAST] =
		{WG_ITEM_FORM_BYTES, 0, WG_ITEM_VALUE_MAX},
	[WG_ITEM_BY_WG_KEY] = BYTES(WG_ITEM_SIGNATURE_LEN),
	[WG_ITEM_BY_WG_NEXT] = BYTES(WG_ITEM_SIGNATURE_LEN),
	[WG_ITEM_BY_INVITE] = BYTES(WG_ITEM_SIGNATURE_LEN),
	[WG_ITEM_SIGNATURE] = BYTES(WG_ITEM_SIGNATURE_LEN),
};
/* clang-format on */

static const struct type *type_of(uint8_t type)
{
	static const struct type none = {};

	return type < sizeof(types) / sizeof(types[0]) ? &types[type] : &none;
}

enum wg_item_form wg_item_form(uint8_t type)
{
	return type_of(type)->form;
}

const char *wg_item_fault_str(enum wg_item_fault fault)
{
	static const char *const names[WG_ITEM_FAULTS] = {
		[WG_ITEM_OK] = "ok",
		[WG_ITEM_CUT_SHORT] = "cut-short",
		[WG_ITEM_MAGIC] = "no-item",
		[WG_ITEM_OTHER_KIND] = "unknown-kind",
		[WG_ITEM_OTHER_VERSION] = "unknown-version",
		[WG_ITEM_NOT_ZERO] = "reserved-byte",
		[WG_ITEM_WRONG_LENGTH] = "wrong-length",
		[WG_ITEM_WRONG_SIZE] = "wrong-size",
		[WG_ITEM_NOT_HERE] = "unknown-type",
		[WG_ITEM_NO_ORDER] = "no-order",
		[WG_ITEM_SAME_TWICE] = "same-twice",
		[WG_ITEM_TOO_MANY] = "too-many",
		[WG_ITEM_MISSING] = "missing-type",
		[WG_ITEM_BAD_SIZE] = "wrong-size-of-value",
		[WG_ITEM_BAD_NUMBER] = "number-out-of-range",
		[WG_ITEM_BAD_FLAGS] = "unknown-flags",
		[WG_ITEM_BAD_LENGTH] = "prefix-length",
		[WG_ITEM_HOST_BITS] = "host-bits",
		[WG_ITEM_BAD_TEXT] = "characters",
		[WG_ITEM_BAD_INNER] = "inner-item",
		[WG_ITEM_OTHER_MEMBER] = "inner-item-of-another",
		[WG_ITEM_NO_PAIR] = "one-of-a-pair",
	};

	assert(fault < WG_ITEM_FAULTS);
	return names[fault];
}

uint64_t wg_item_get(const uint8_t *p, unsigned bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | *p++;
	return n;
}

uint8_t *wg_item_put(uint8_t *p, uint64_t n, unsigned bytes)
{
	while (bytes--)
		*p++ = n >> (8 * bytes);
	return p;
}

int wg_span_cmp(const struct wg_span *a, const struct wg_span *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int diff = len ? memcmp(a->b, b->b, len) : 0;

	return diff ? diff : (a->len > b->len) - (a->len < b->len);
}

/* --- checking: the size is one that the type has */

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Letters and digits; also these as the first, and those behind it. */
static bool is_text(const struct wg_span *s, const char *first,
		    const char *behind)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if (!is_alnum(s->b[i]) &&
		    (!s->b[i] || !strchr(i ? behind : first, s->b[i])))
			return false;
	return true;
}

/* A port and a host. */
static enum wg_item_fault check_place(const uint8_t *p, size_t len)
{
	const struct wg_span host = {p + 2, len - 2};

	if (!wg_item_get(p, 2))
		return WG_ITEM_BAD_NUMBER;
	/* a name, or an address of either family, which may begin with :: */
	return is_text(&host, "_:", "_.:-") ? WG_ITEM_OK : WG_ITEM_BAD_TEXT;
}

static struct wg_prefix prefix_of(const struct type *t, uint8_t len,
				  const uint8_t *address)
{
	struct wg_prefix p = {t->address == V4 ? AF_INET : AF_INET6, len};

	memcpy(p.b, address, t->address);
	return p;
}

/* The prefix whose length and longest are given. */
static enum wg_item_fault check_prefix(const struct type *t, const uint8_t *b,
				       uint8_t longest)
{
	uint8_t len = b[0];
	struct wg_prefix p;

	if (len > longest || longest > 8 * t->address)
		return WG_ITEM_BAD_LENGTH;
	p = prefix_of(t, len, t->form == WG_ITEM_FORM_PREFIX ? b + 2 : b + 1);
	return wg_prefix_mask(&p) ? WG_ITEM_HOST_BITS : WG_ITEM_OK;
}

static enum wg_item_fault check_number(const struct type *t,
				       const struct wg_span *s)
{
	uint64_t n = wg_item_get(s->b, s->len);

	return n < t->low || (t->high && n > t->high) ? WG_ITEM_BAD_NUMBER
						      : WG_ITEM_OK;
}

enum wg_item_fault wg_item_value_check(const struct wg_item_tlv *tlv)
{
	const struct type *t = type_of(tlv->type);
	const struct wg_span *s = &tlv->value;

	if (t->form == WG_ITEM_FORM_NONE)
		return WG_ITEM_NOT_HERE;
	if (s->len < t->least || s->len > t->most)
		return WG_ITEM_BAD_SIZE;
	switch ((enum wg_item_form)t->form) {
	case WG_ITEM_FORM_NONE:
	case WG_ITEM_FORM_BYTES:
		break;
	case WG_ITEM_FORM_NUMBER:
		return check_number(t, s);
	case WG_ITEM_FORM_NAME:
		/* as a peer is named: peer-name of the model */
		return is_text(s, "_", "_.:@-") ? WG_ITEM_OK : WG_ITEM_BAD_TEXT;
	case WG_ITEM_FORM_MESH_NAME:
		/* as a folder may be named: mesh-name of the model */
		return is_text(s, "_", "_.-") ? WG_ITEM_OK : WG_ITEM_BAD_TEXT;
	case WG_ITEM_FORM_ADDRESS:
		return s->b[0] > 8 * t->address ? WG_ITEM_BAD_LENGTH
						: WG_ITEM_OK;
	case WG_ITEM_FORM_PREFIX:
		return check_prefix(t, s->b, s->b[1]);
	case WG_ITEM_FORM_ANNOUNCED:
		return check_prefix(t, s->b, 8 * t->address);
	case WG_ITEM_FORM_ENDPOINT:
		return wg_item_get(s->b, 2) ? WG_ITEM_OK : WG_ITEM_BAD_NUMBER;
	case WG_ITEM_FORM_ENDPOINT_NAME:
		return check_place(s->b, s->len);
	case WG_ITEM_FORM_REVOKED:
		return wg_item_get(s->b, 4) ? WG_ITEM_OK : WG_ITEM_BAD_NUMBER;
	case WG_ITEM_FORM_DOOR:
		return check_place(s->b + WG_KEY_LEN, s->len - WG_KEY_LEN);
	}
	return WG_ITEM_OK;
}

/* --- reading: it was checked */

static struct wg_addr addr_of(const struct type *t, const uint8_t *b)
{
	struct wg_addr a = {t->address == V4 ? AF_INET : AF_INET6};

	memcpy(a.b, b, t->address);
	return a;
}

void wg_item_value_get(const struct wg_item_tlv *tlv, struct wg_item_value *ret)
{
	const struct type *t = type_of(tlv->type);
	const struct wg_span *s = &tlv->value;
	const uint8_t *b = s->b;

	assert(s->len >= t->least && s->len <= t->most);
	*ret = (struct wg_item_value){.type = tlv->type};
	switch ((enum wg_item_form)t->form) {
	case WG_ITEM_FORM_NONE:
		assert(!"a type that there is");
		break;
	case WG_ITEM_FORM_BYTES:
	case WG_ITEM_FORM_NAME:
	case WG_ITEM_FORM_MESH_NAME:
		ret->bytes = *s;
		break;
	case WG_ITEM_FORM_NUMBER:
		ret->number = wg_item_get(b, s->len);
		break;
	case WG_ITEM_FORM_ADDRESS:
		ret->address.len = b[0];
		ret->address.addr = addr_of(t, b + 1);
		break;
	case WG_ITEM_FORM_PREFIX:
		ret->prefix.prefix = prefix_of(t, b[0], b + 2);
		ret->prefix.longest = b[1];
		break;
	case WG_ITEM_FORM_ANNOUNCED:
		ret->announced.prefix = prefix_of(t, b[0], b + 1);
		ret->announced.is_preferred = s->len == t->most;
		if (ret->announced.is_preferred)
			ret->announced.preference = b[1 + t->address];
		break;
	case WG_ITEM_FORM_ENDPOINT:
		ret->endpoint.port = wg_item_get(b, 2);
		ret->endpoint.addr = addr_of(t, b + 2);
		break;
	case WG_ITEM_FORM_ENDPOINT_NAME:
		ret->endpoint.port = wg_item_get(b, 2);
		ret->endpoint.host = (struct wg_span){b + 2, s->len - 2};
		break;
	case WG_ITEM_FORM_REVOKED:
		ret->revoked.member = wg_item_get(b, 4);
		ret->revoked.serial = wg_item_get(b + 4, 4);
		break;
	case WG_ITEM_FORM_DOOR:
		ret->door.identity = b;
		ret->door.port = wg_item_get(b + WG_KEY_LEN, 2);
		ret->door.host =
			(struct wg_span){b + DOOR_HEAD, s->len - DOOR_HEAD};
		break;
	}
}

/* --- writing */

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

static size_t size_of(const struct type *t, const struct wg_item_value *v)
{
	switch ((enum wg_item_form)t->form) {
	case WG_ITEM_FORM_BYTES:
	case WG_ITEM_FORM_NAME:
	case WG_ITEM_FORM_MESH_NAME:
		return v->bytes.len;
	case WG_ITEM_FORM_ANNOUNCED:
		return t->least + v->announced.is_preferred;
	case WG_ITEM_FORM_ENDPOINT_NAME:
		return 2 + v->endpoint.host.len;
	case WG_ITEM_FORM_DOOR:
		return DOOR_HEAD + v->door.host.len;
	default:
		return t->least;
	}
}

/* Its address is of the family that the type has. */
static bool is_family(const struct type *t, const struct wg_item_value *v)
{
	uint8_t family = t->address == V4 ? AF_INET : AF_INET6;

	switch ((enum wg_item_form)t->form) {
	case WG_ITEM_FORM_ADDRESS:
		return v->address.addr.family == family;
	case WG_ITEM_FORM_PREFIX:
		return v->prefix.prefix.family == family;
	case WG_ITEM_FORM_ANNOUNCED:
		return v->announced.prefix.family == family;
	case WG_ITEM_FORM_ENDPOINT:
		return v->endpoint.addr.family == family;
	default:
		return true;
	}
}

int wg_item_value_put(const struct wg_item_value *v, uint8_t *buf, size_t size,
		      size_t *ret_len)
{
	const struct type *t = type_of(v->type);
	size_t len = size_of(t, v);
	uint8_t *p = buf;

	if (t->form == WG_ITEM_FORM_NONE || len < t->least || len > t->most ||
	    !is_family(t, v))
		return -EINVAL;
	if (len > size)
		return -ENOSPC;
	switch ((enum wg_item_form)t->form) {
	case WG_ITEM_FORM_NONE:
		break;
	case WG_ITEM_FORM_BYTES:
	case WG_ITEM_FORM_NAME:
	case WG_ITEM_FORM_MESH_NAME:
		p = put(p, v->bytes.b, len);
		break;
	case WG_ITEM_FORM_NUMBER:
		p = wg_item_put(p, v->number, len);
		break;
	case WG_ITEM_FORM_ADDRESS:
		p = wg_item_put(p, v->address.len, 1);
		p = put(p, v->address.addr.b, t->address);
		break;
	case WG_ITEM_FORM_PREFIX:
		p = wg_item_put(p, v->prefix.prefix.len, 1);
		p = wg_item_put(p, v->prefix.longest, 1);
		p = put(p, v->prefix.prefix.b, t->address);
		break;
	case WG_ITEM_FORM_ANNOUNCED:
		p = wg_item_put(p, v->announced.prefix.len, 1);
		p = put(p, v->announced.prefix.b, t->address);
		if (v->announced.is_preferred)
			p = wg_item_put(p, v->announced.preference, 1);
		break;
	case WG_ITEM_FORM_ENDPOINT:
		p = wg_item_put(p, v->endpoint.port, 2);
		p = put(p, v->endpoint.addr.b, t->address);
		break;
	case WG_ITEM_FORM_ENDPOINT_NAME:
		p = wg_item_put(p, v->endpoint.port, 2);
		p = put(p, v->endpoint.host.b, v->endpoint.host.len);
		break;
	case WG_ITEM_FORM_REVOKED:
		p = wg_item_put(p, v->revoked.member, 4);
		p = wg_item_put(p, v->revoked.serial, 4);
		break;
	case WG_ITEM_FORM_DOOR:
		p = put(p, v->door.identity, WG_KEY_LEN);
		p = wg_item_put(p, v->door.port, 2);
		p = put(p, v->door.host.b, v->door.host.len);
		break;
	}
	assert(p == buf + len);
	*ret_len = len;
	return 0;
}
