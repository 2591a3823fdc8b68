/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of a kind are made from one list of what it may have: each type with
 * how many of it the least, the typical and the greatest item has.  A random
 * one has any number between.
 */
#include "lib/core/tests/items.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t items_rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct part {
	uint8_t type;
	uint16_t n[ITEMS_MOST + 1]; /* by size */
};

/* clang-format off */
#define ONE(t) {t, {1, 1, 1}}
#define HEAD ONE(WG_ITEM_MESH), ONE(WG_ITEM_MEMBER)

static const struct part parts[WG_ITEM_KINDS][20] = {
	[WG_ITEM_IS_CERTIFICATE] = {
		HEAD, ONE(WG_ITEM_SERIAL), ONE(WG_ITEM_KEY), ONE(WG_ITEM_NAME),
		ONE(WG_ITEM_FROM), ONE(WG_ITEM_UNTIL), ONE(WG_ITEM_FLAGS),
		{WG_ITEM_HUB_NUMBER, {0, 0, 1}},
		{WG_ITEM_ADDRESS4, {1, 1, 1}}, {WG_ITEM_ADDRESS6, {0, 1, 3}},
		{WG_ITEM_PREFIX4, {0, 1, 5}}, {WG_ITEM_PREFIX6, {0, 0, 4}},
		{WG_ITEM_REDEEM_BY, {0, 1, 1}}, ONE(WG_ITEM_LIST),
		{WG_ITEM_AUTHORITY_NUMBER, {0, 0, 1}},
		{WG_ITEM_OPTION, {0, 0, 2}},
	},
	[WG_ITEM_IS_SUCCESSION] = {
		HEAD, ONE(WG_ITEM_KEY), ONE(WG_ITEM_IDENTITY),
	},
	[WG_ITEM_IS_WITNESS] = {
		HEAD, ONE(WG_ITEM_HUB), ONE(WG_ITEM_SUCCESSION),
	},
	[WG_ITEM_IS_RECORD] = {
		HEAD, ONE(WG_ITEM_SEQUENCE), ONE(WG_ITEM_WG_KEY),
		{WG_ITEM_WG_NEXT, {0, 0, 1}}, ONE(WG_ITEM_PORT),
		{WG_ITEM_ENDPOINT4, {0, 0, 3}}, {WG_ITEM_ENDPOINT6, {0, 0, 2}},
		{WG_ITEM_ENDPOINT_NAME, {0, 0, 3}},
		{WG_ITEM_ANNOUNCED4, {0, 1, 20}},
		{WG_ITEM_ANNOUNCED6, {0, 0, 20}},
		{WG_ITEM_DOOR_PORT, {0, 0, 1}}, {WG_ITEM_OPTION, {0, 0, 3}},
	},
	[WG_ITEM_IS_LIST] = {
		ONE(WG_ITEM_MESH), ONE(WG_ITEM_TIME), ONE(WG_ITEM_LIST),
		ONE(WG_ITEM_DUE), {WG_ITEM_REVOKED, {0, 5, 4096}},
		{WG_ITEM_AUTHORITY_NUMBER, {0, 0, 1}},
	},
	[WG_ITEM_IS_INVITE] = {
		ONE(WG_ITEM_RECOVERY_KEY), ONE(WG_ITEM_FIRST_KEY),
		ONE(WG_ITEM_SEED), ONE(WG_ITEM_CERTIFICATE),
		{WG_ITEM_DOOR, {0, 2, 4}}, {WG_ITEM_MESH_NAME, {0, 1, 1}},
	},
	[WG_ITEM_IS_AUTHORITY] = {
		ONE(WG_ITEM_MESH), ONE(WG_ITEM_FLAGS), ONE(WG_ITEM_TIME),
		ONE(WG_ITEM_AUTHORITY_KEY), ONE(WG_ITEM_AUTHORITY_NUMBER),
	},
	[WG_ITEM_IS_REQUEST] = {ONE(WG_ITEM_KEY)},
	[WG_ITEM_IS_ANSWER] = {
		ONE(WG_ITEM_RECOVERY_KEY), ONE(WG_ITEM_FIRST_KEY),
		ONE(WG_ITEM_CERTIFICATE), {WG_ITEM_DOOR, {0, 2, 4}},
		{WG_ITEM_MESH_NAME, {0, 1, 1}},
	},
	[WG_ITEM_IS_DOOR_RECORD] = {
		HEAD, ONE(WG_ITEM_SEQUENCE), ONE(WG_ITEM_WG_KEY),
		ONE(WG_ITEM_PORT),
	},
};
/* clang-format on */

/* How the values of an item are chosen. */
struct maker {
	uint8_t kind;
	size_t room; /* for the item */
	enum items_size size;
	bool is_random;
	uint64_t *rnd;
	uint8_t bytes[512];
	uint8_t inner[1500];
};

static uint64_t below(struct maker *m, uint64_t n)
{
	return n ? items_rnd(m->rnd) % n : 0;
}

static struct wg_span some_bytes(struct maker *m, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		m->bytes[i] = items_rnd(m->rnd);
	return (struct wg_span){m->bytes, len};
}

#define MESH_NAME 4 /* characters of a typical one */

/* MOST characters, or one, or TYPICAL; a mesh has none that is last. */
static struct wg_span text(struct maker *m, size_t most, size_t typical)
{
	static const char chars[] = "0123456789abcdefXYZ_.-:";
	size_t len = m->size == ITEMS_LEAST	? 1
		     : m->size == ITEMS_TYPICAL ? typical
						: most;
	size_t n = typical == MESH_NAME ? 22 : 23, i;

	if (m->is_random)
		len = 1 + below(m, most);
	/* behind what else is in the buffer */
	for (i = 0; i < len; i++)
		m->bytes[100 + i] = chars[below(m, i ? n : 19)];
	return (struct wg_span){m->bytes + 100, len};
}

static void some_prefix(struct maker *m, uint8_t family, struct wg_prefix *ret)
{
	*ret = (struct wg_prefix){family, below(m, wg_family_bits(family) + 1)};
	memcpy(ret->b, some_bytes(m, 16).b, wg_family_bytes(family));
	wg_prefix_mask(ret);
}

static void some_addr(struct maker *m, uint8_t family, struct wg_addr *ret)
{
	*ret = (struct wg_addr){family};
	memcpy(ret->b, some_bytes(m, 16).b, wg_family_bytes(family));
}

static uint64_t some_flags(struct maker *m)
{
	if (m->kind == WG_ITEM_IS_AUTHORITY)
		return below(m, 2) * WG_ITEM_FLAG_VOID;
	/* a hub has a number */
	if (m->is_random)
		return below(m, 4);
	return m->size == ITEMS_MOST ? 3 : m->size == ITEMS_TYPICAL ? 2 : 0;
}

static uint64_t some_number(struct maker *m, uint8_t type)
{
	switch (type) {
	case WG_ITEM_FLAGS:
		return some_flags(m);
	case WG_ITEM_HUB_NUMBER:
		return 1 + below(m, 8);
	case WG_ITEM_PORT:
	case WG_ITEM_DOOR_PORT:
		return 1 + below(m, 65535);
	default:
		return 1 + below(m, UINT32_MAX);
	}
}

static size_t make(struct maker *m, uint8_t *buf);

static struct wg_span some_inner(struct maker *m, uint8_t kind)
{
	struct maker inner = *m;

	inner.kind = kind;
	inner.room = sizeof(m->inner);
	return (struct wg_span){m->inner, make(&inner, m->inner)};
}

static void some_value(struct maker *m, uint8_t type, struct wg_item_value *v)
{
	bool is_six = type == WG_ITEM_ADDRESS6 || type == WG_ITEM_PREFIX6 ||
		      type == WG_ITEM_ENDPOINT6 || type == WG_ITEM_ANNOUNCED6;
	uint8_t family = is_six ? AF_INET6 : AF_INET;

	*v = (struct wg_item_value){.type = type};
	switch (wg_item_form(type)) {
	case WG_ITEM_FORM_NONE:
		abort();
	case WG_ITEM_FORM_NUMBER:
		v->number = some_number(m, type);
		break;
	case WG_ITEM_FORM_BYTES:
		if (type == WG_ITEM_CERTIFICATE)
			v->bytes = some_inner(m, WG_ITEM_IS_CERTIFICATE);
		else if (type == WG_ITEM_SUCCESSION)
			v->bytes = some_inner(m, WG_ITEM_IS_SUCCESSION);
		else
			v->bytes = some_bytes(m, type == WG_ITEM_MESH ? 16
						 : type < WG_ITEM_OPTION
							 ? WG_KEY_LEN
							 : below(m, 9));
		break;
	case WG_ITEM_FORM_NAME:
		v->bytes = text(m, WG_ITEM_NAME_MAX, 6);
		break;
	case WG_ITEM_FORM_MESH_NAME:
		v->bytes = text(m, WG_ITEM_NAME_MAX, MESH_NAME);
		break;
	case WG_ITEM_FORM_ADDRESS:
		some_addr(m, family, &v->address.addr);
		v->address.len = below(m, wg_family_bits(family) + 1);
		break;
	case WG_ITEM_FORM_PREFIX:
		some_prefix(m, family, &v->prefix.prefix);
		v->prefix.longest = v->prefix.prefix.len +
				    below(m, wg_family_bits(family) -
						     v->prefix.prefix.len + 1);
		break;
	case WG_ITEM_FORM_ANNOUNCED:
		some_prefix(m, family, &v->announced.prefix);
		v->announced.is_preferred =
			m->size == ITEMS_MOST && below(m, 2);
		if (v->announced.is_preferred)
			v->announced.preference = below(m, 256);
		break;
	case WG_ITEM_FORM_ENDPOINT:
		some_addr(m, family, &v->endpoint.addr);
		v->endpoint.port = 1 + below(m, 65535);
		break;
	case WG_ITEM_FORM_ENDPOINT_NAME:
		v->endpoint.port = 1 + below(m, 65535);
		v->endpoint.host = text(m, WG_ITEM_HOST_MAX, 15);
		break;
	case WG_ITEM_FORM_REVOKED:
		v->revoked.member = 1 + below(m, UINT32_MAX);
		v->revoked.serial = below(m, UINT32_MAX);
		break;
	case WG_ITEM_FORM_DOOR:
		v->door.identity = some_bytes(m, WG_KEY_LEN).b;
		v->door.port = 1 + below(m, 65535);
		v->door.host = text(m, WG_ITEM_HOST_MAX, 15);
		break;
	}
}

/* How many of a type, of which that many are in the greatest item. */
static size_t some(struct maker *m, const struct part *p)
{
	size_t least = p->n[ITEMS_LEAST], most = p->n[ITEMS_MOST];

	if (!m->is_random)
		return p->n[m->size];
	if (most > 20 && below(m, 100))
		most = 20;
	return least + below(m, most - least + 1);
}

/* Of the member and the mesh that its inner item has. */
static void same_member(uint8_t *item)
{
	const uint8_t *inner = wg_item_bytes(item, WG_ITEM_SUCCESSION);
	struct wg_item_tlv from, to;
	uint8_t type;

	for (type = WG_ITEM_MESH; inner && type <= WG_ITEM_MEMBER; type++)
		if (wg_item_find(inner, type, &from) &&
		    wg_item_find(item, type, &to))
			memcpy((uint8_t *)to.value.b, from.value.b,
			       from.value.len);
}

static size_t end(struct wg_item_writer *w)
{
	enum wg_item_fault fault = WG_ITEM_OK;
	int rc = wg_item_end(w, &fault);

	if (rc < 0) {
		fprintf(stderr, "%s: %d, %s\n",
			wg_item_kind_str(wg_item_kind(w->buf)), rc,
			wg_item_fault_str(fault));
		abort();
	}
	return w->len;
}

/* Is the value in it already? */
static bool has_value(const uint8_t *item, const struct wg_item_value *v)
{
	uint8_t b[WG_ITEM_MAX];
	struct wg_item_tlv tlv;
	struct wg_span one = {b};
	size_t at;

	if (wg_item_value_put(v, b, sizeof(b), &one.len) < 0)
		abort();
	wg_item_each (item, at, tlv)
		if (tlv.type == v->type && wg_span_cmp(&tlv.value, &one) == 0)
			return true;
	return false;
}

/* So many of a type. */
static void add(struct maker *m, struct wg_item_writer *w, uint8_t type,
		size_t n)
{
	struct wg_item_value v;

	while (n) {
		some_value(m, type, &v);
		/* any of the options, now and then */
		if (v.type == WG_ITEM_OPTION)
			v.type += below(m, 27);
		if (has_value(w->buf, &v))
			continue;
		wg_item_add(w, &v);
		n--;
	}
}

/* The greatest item has the kind's size. */
static void fill(struct maker *m, struct wg_item_writer *w)
{
	size_t len = w->len, type;

	for (type = WG_ITEM_BY_WG_KEY; type <= WG_ITEM_SIGNATURE; type++)
		if (wg_item_wants_signature(w->buf, type))
			len += WG_ITEM_TLV + WG_ITEM_SIGNATURE_LEN;
	len = wg_item_most(m->kind) - len - WG_ITEM_TLV;
	wg_item_add_bytes(w, WG_ITEM_OPTION_LAST, some_bytes(m, len).b, len);
}

static size_t make(struct maker *m, uint8_t *buf)
{
	const struct part *p = parts[m->kind];
	bool is_filled = m->size == ITEMS_MOST && !m->is_random;
	struct wg_item_writer w;

	wg_item_begin(&w, m->kind, buf, m->room);
	for (; p->type; p++)
		if (p->type != WG_ITEM_HUB_NUMBER)
			add(m, &w, p->type, some(m, p));
		else if (wg_item_number(buf, WG_ITEM_FLAGS) & WG_ITEM_FLAG_HUB)
			add(m, &w, p->type, 1);
	if (is_filled &&
	    (m->kind == WG_ITEM_IS_CERTIFICATE || m->kind == WG_ITEM_IS_RECORD))
		fill(m, &w);
	same_member(buf);
	return end(&w);
}

size_t items_make(uint8_t kind, enum items_size size, uint8_t *buf)
{
	uint64_t rnd = 20270101 + kind;
	struct maker m = {kind, WG_ITEM_MAX, size, false, &rnd};

	return make(&m, buf);
}

size_t items_random(uint8_t kind, uint64_t *rnd, uint8_t *buf)
{
	struct maker m = {kind, WG_ITEM_MAX, ITEMS_MOST, true, rnd};

	return make(&m, buf);
}

/* The values before AT, the last first. */
static void backwards(struct wg_item_writer *w, const uint8_t *item, size_t at)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;

	if (!wg_item_next(item, &at, &tlv))
		return;
	backwards(w, item, at);
	wg_item_value_get(&tlv, &v);
	wg_item_add(w, &v);
}

size_t items_again(const uint8_t *item, uint8_t *buf)
{
	struct wg_item_writer w;

	wg_item_begin(&w, wg_item_kind(item), buf, WG_ITEM_MAX);
	backwards(&w, item, 0);
	return end(&w);
}
