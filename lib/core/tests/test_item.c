/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is canonical, and why the rest is not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/items.h"
#include "lib/core/tests/text.h"

#define SEED 20270105
#define ROUNDS 300
#define N(a) (sizeof(a) / sizeof(a[0]))

static uint8_t item[2 * WG_ITEM_MAX], other[2 * WG_ITEM_MAX];

static bool is_kind(uint8_t kind)
{
	return wg_item_kind_str(kind);
}

/* --- sizes */

static void test_sizes(void **state)
{
	static const struct {
		uint8_t kind;
		uint16_t size[ITEMS_MOST + 1];
	} rows[] = {
		{WG_ITEM_IS_AUTHORITY, {154, 154, 154}},
		{WG_ITEM_IS_LIST, {123, 178, 45186}},
		{WG_ITEM_IS_CERTIFICATE, {191, 236, 512}},
		{WG_ITEM_IS_SUCCESSION, {238, 238, 238}},
		{WG_ITEM_IS_WITNESS, {349, 349, 349}},
		{WG_ITEM_IS_RECORD, {219, 227, 1400}},
		{WG_ITEM_IS_DOOR_RECORD, {219, 219, 219}},
		{WG_ITEM_IS_INVITE, {307, 463, 1098}},
		{WG_ITEM_IS_ANSWER, {272, 428, 1063}},
		{WG_ITEM_IS_REQUEST, {110, 110, 110}},
	};
	size_t i, size;

	for (i = 0; i < N(rows); i++) {
		for (size = ITEMS_LEAST; size <= ITEMS_MOST; size++)
			assert_int_equal(items_make(rows[i].kind, size, item),
					 rows[i].size[size]);
		assert_int_equal(wg_item_least(rows[i].kind), rows[i].size[0]);
		assert_int_equal(wg_item_most(rows[i].kind), rows[i].size[2]);
	}
	for (i = size = 0; i < 256; i++)
		size += is_kind(i);
	assert_int_equal(size, N(rows));
}

/* --- what is refused */

/* The item once more, with something else. */
struct change {
	const char *name;
	uint8_t kind;
	enum wg_item_fault fault;
	/* what stands instead of the first value of the type, or behind it */
	uint8_t type;
	enum { INSTEAD, BEHIND, BYTE, END } how;
	const char *value;
	size_t len;
};

#define V(s) s, sizeof(s) - 1
#define C WG_ITEM_IS_CERTIFICATE
#define R WG_ITEM_IS_RECORD
#define L WG_ITEM_IS_LIST
#define I WG_ITEM_IS_INVITE

/* clang-format off */
static const struct change changes[] = {
	/* BYTE: at its place, type, from the beginning */
	{"magic", C, WG_ITEM_MAGIC, 0, BYTE, V("w")},
	{"kind 0", C, WG_ITEM_OTHER_KIND, 3, BYTE, V("\0")},
	{"kind 6", C, WG_ITEM_OTHER_KIND, 3, BYTE, V("\6")},
	{"kind c", C, WG_ITEM_OTHER_KIND, 3, BYTE, V("\xc")},
	{"version 0", C, WG_ITEM_OTHER_VERSION, 4, BYTE, V("\0")},
	{"version 2", C, WG_ITEM_OTHER_VERSION, 4, BYTE, V("\2")},
	{"not zero", C, WG_ITEM_NOT_ZERO, 5, BYTE, V("\1")},
	{"length", C, WG_ITEM_WRONG_LENGTH, 6, BYTE, V("\1")},
	{"of D", C, WG_ITEM_WRONG_SIZE, 3, BYTE, V("\xb")},
	/* types */
	{"C with epoch", C, WG_ITEM_NOT_HERE, 0x1a, BEHIND, V("\0\1")},
	{"R with time", R, WG_ITEM_NOT_HERE, 0x11, BEHIND, V("\0\0\0\0\0\0\0\1")},
	{"R with epoch", R, WG_ITEM_NOT_HERE, 0x1a, BEHIND, V("\0\0\0\1")},
	{"type 0", R, WG_ITEM_NOT_HERE, 0x00, BEHIND, V("x")},
	{"type 5f", R, WG_ITEM_NOT_HERE, 0x5f, BEHIND, V("")},
	{"type 80", R, WG_ITEM_NOT_HERE, 0x80, BEHIND, V("")},
	{"7e in R", R, WG_ITEM_NOT_HERE, 0x7e, BEHIND, V("")},
	{"option in S", WG_ITEM_IS_SUCCESSION, WG_ITEM_WRONG_SIZE, 0x60,
	 BEHIND, V("")},
	{"option in I", WG_ITEM_IS_INVITE, WG_ITEM_NOT_HERE, 0x60, BEHIND,
	 V("")},
	{"option in C", C, WG_ITEM_OK, 0x60, BEHIND, V("")},
	{"option in R", R, WG_ITEM_OK, 0x7b, BEHIND, V("some")},
	{"option in L", L, WG_ITEM_OK, 0x6c, BEHIND, V("\0")},
	/* values */
	{"mesh of 17", C, WG_ITEM_BAD_SIZE, 1, INSTEAD, V("0123456789abcdefg")},
	{"member 0", C, WG_ITEM_BAD_NUMBER, 2, INSTEAD, V("\0\0\0\0")},
	{"name of none", C, WG_ITEM_BAD_SIZE, 5, INSTEAD, V("")},
	{"name", C, WG_ITEM_OK, 5, INSTEAD, V("_a.b:c@d-e_")},
	{"mesh's name in I", I, WG_ITEM_OK, 0x36, INSTEAD, V("_a.b-c_9")},
	{"... of one character", I, WG_ITEM_OK, 0x36, INSTEAD, V("a")},
	{"... of none", I, WG_ITEM_BAD_SIZE, 0x36, INSTEAD, V("")},
	{"... with .", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V(".acme")},
	{"... with -", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("-acme")},
	{"... with /", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("a/b")},
	{"... with :", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("a:b")},
	{"... with @", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("a@b")},
	{"... with newline", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("a\nb")},
	{"... with 0", I, WG_ITEM_BAD_TEXT, 0x36, INSTEAD, V("a\0b")},
	{"... twice", I, WG_ITEM_TOO_MANY, 0x36, BEHIND, V("zzzz")},
	{"... not there", I, WG_ITEM_OK, 0x36, INSTEAD, NULL, 0},
	{"... in C", C, WG_ITEM_NOT_HERE, 0x36, BEHIND, V("acme")},
	{"... in R", R, WG_ITEM_NOT_HERE, 0x36, BEHIND, V("acme")},
	{"name with -", C, WG_ITEM_BAD_TEXT, 5, INSTEAD, V("-berl")},
	{"name with space", C, WG_ITEM_BAD_TEXT, 5, INSTEAD, V("berl in")},
	{"name with 0", C, WG_ITEM_BAD_TEXT, 5, INSTEAD, V("berl\0n")},
	{"name of UTF-8", C, WG_ITEM_BAD_TEXT, 5, INSTEAD, V("k\xc3\xb6ln")},
	{"flag 4 of C", C, WG_ITEM_BAD_FLAGS, 8, INSTEAD, V("\0\0\0\4")},
	{"flag 2^31", C, WG_ITEM_BAD_FLAGS, 8, INSTEAD, V("\200\0\0\0")},
	{"hub without number", C, WG_ITEM_NO_PAIR, 8, INSTEAD, V("\0\0\0\1")},
	{"number without hub", C, WG_ITEM_NO_PAIR, 9, BEHIND, V("\1")},
	{"hub number 0", C, WG_ITEM_BAD_NUMBER, 9, BEHIND, V("\0")},
	{"hub number 9", C, WG_ITEM_BAD_NUMBER, 9, BEHIND, V("\x9")},
	{"flag 2 of A", WG_ITEM_IS_AUTHORITY, WG_ITEM_BAD_FLAGS, 8, INSTEAD,
	 V("\0\0\0\2")},
	{"address /33", C, WG_ITEM_BAD_LENGTH, 0xa, INSTEAD, V("\x21\xa\0\0\1")},
	{"address /32", C, WG_ITEM_OK, 0xa, INSTEAD, V("\x20\xa\0\0\1")},
	{"no name", C, WG_ITEM_MISSING, 5, INSTEAD, NULL, 0},
	{"prefix /33", C, WG_ITEM_BAD_LENGTH, 0xc, BEHIND,
	 V("\x21\x21\xa\0\0\1")},
	{"longest /33", C, WG_ITEM_BAD_LENGTH, 0xc, BEHIND,
	 V("\x18\x21\xa\0\0\0")},
	{"longest is shorter", C, WG_ITEM_BAD_LENGTH, 0xc, BEHIND,
	 V("\x18\x17\xa\0\0\0")},
	{"host bits", C, WG_ITEM_HOST_BITS, 0xc, BEHIND,
	 V("\x17\x18\xa\0\1\0")},
	{"0/0 le 32", C, WG_ITEM_OK, 0xc, BEHIND, V("\0\x20\0\0\0\0")},
	{"authority number 0", C, WG_ITEM_BAD_NUMBER, 0x25, BEHIND,
	 V("\0\0\0\0")},
	{"port 0", R, WG_ITEM_BAD_NUMBER, 0x14, INSTEAD, V("\0\0")},
	{"endpoint's port 0", R, WG_ITEM_BAD_NUMBER, 0x15, BEHIND,
	 V("\0\0\xa\0\0\1")},
	{"endpoint", R, WG_ITEM_OK, 0x15, BEHIND, V("\0\1\xa\0\0\1")},
	{"host's port 0", R, WG_ITEM_BAD_NUMBER, 0x17, BEHIND, V("\0\0a.b")},
	{"host", R, WG_ITEM_OK, 0x17, BEHIND, V("\0\1::1")},
	{"host with $", R, WG_ITEM_BAD_TEXT, 0x17, BEHIND, V("\0\1a$b")},
	{"host with -", R, WG_ITEM_BAD_TEXT, 0x17, BEHIND, V("\0\1-ab")},
	{"no host", R, WG_ITEM_BAD_SIZE, 0x17, BEHIND, V("\0\1")},
	{"door port 0", R, WG_ITEM_BAD_NUMBER, 0x1c, BEHIND, V("\0\0")},
	{"announced", R, WG_ITEM_OK, 0x18, INSTEAD, V("\x8\xa\0\0\0\7")},
	{"announced with host bits", R, WG_ITEM_HOST_BITS, 0x18, INSTEAD,
	 V("\x7\xb\0\0\0")},
	{"announced /33", R, WG_ITEM_BAD_LENGTH, 0x18, INSTEAD,
	 V("\x21\xb\0\0\0")},
	{"announced, two more bytes", R, WG_ITEM_BAD_SIZE, 0x18, INSTEAD,
	 V("\x8\xa\0\0\0\7\7")},
	{"next key without proof", R, WG_ITEM_NO_PAIR, 0x13, BEHIND,
	 V("0123456789abcdef0123456789abcdef")},
	{"revoked member 0", L, WG_ITEM_BAD_NUMBER, 0x22, INSTEAD,
	 V("\0\0\0\0\0\0\0\1")},
	{"W of another member", WG_ITEM_IS_WITNESS, WG_ITEM_OTHER_MEMBER, 2,
	 INSTEAD, V("\0\0\0\1")},
	{"W of another mesh", WG_ITEM_IS_WITNESS, WG_ITEM_OTHER_MEMBER, 1,
	 INSTEAD, V("0123456789abcdef")},
	/* behind all: type, length, value */
	{"a byte behind", C, WG_ITEM_CUT_SHORT, 0, END, V("\x7f")},
	{"two bytes behind", C, WG_ITEM_CUT_SHORT, 0, END, V("\x7f\0")},
	{"a value that is cut", C, WG_ITEM_CUT_SHORT, 0, END, V("\x7f\0\1")},
	{"an earlier type", C, WG_ITEM_NO_ORDER, 0, END, V("\x7b\0\0")},
	{"a lower value", C, WG_ITEM_NO_ORDER, 0, END, V("\x7f\0\0")},
	{"a second signature", C, WG_ITEM_TOO_MANY, 0, END, V("\x7f\0\1\1")},
};
/* clang-format on */

static bool seen[WG_ITEM_FAULTS];

static enum wg_item_fault check(size_t len)
{
	/* bytes of its own: a byte too far is found */
	uint8_t *b = malloc(len ? len : 1);
	enum wg_item_fault fault;

	assert_non_null(b);
	memcpy(b, item, len);
	fault = wg_item_check(b, len);
	seen[fault] = true;
	free(b);
	return fault;
}

static size_t set_len(size_t len)
{
	wg_item_put(item + 6, len, 2);
	return len;
}

/* N bytes out there, and LEN others in. */
static size_t splice(size_t whole, size_t at, size_t n, struct wg_span in)
{
	memmove(item + at + in.len, item + at + n, whole - at - n);
	if (in.len)
		memcpy(item + at, in.b, in.len);
	return set_len(whole - n + in.len);
}

/* Where a value begins that goes there. */
static size_t find(const struct change *c, bool is_behind)
{
	struct wg_span value = {(const uint8_t *)c->value, c->len};
	size_t at, before = WG_ITEM_HEAD;
	struct wg_item_tlv tlv;

	wg_item_each (item, at, tlv) {
		if (tlv.type > c->type ||
		    (tlv.type == c->type &&
		     (!is_behind || wg_span_cmp(&tlv.value, &value) > 0)))
			break;
		before = at;
	}
	return before;
}

static size_t apply(const struct change *c, size_t len)
{
	uint8_t tlv[WG_ITEM_TLV + 600] = {c->type, c->len >> 8, c->len};
	struct wg_span in = {tlv, c->value ? WG_ITEM_TLV + c->len : 0};
	size_t at, n = 0;

	if (c->value)
		memcpy(tlv + WG_ITEM_TLV, c->value, c->len);
	if (c->how == BYTE) {
		item[c->type] = c->value[0];
		return len;
	}
	if (c->how == END)
		return splice(len, len, 0,
			      (struct wg_span){tlv + WG_ITEM_TLV, c->len});
	at = find(c, c->how == BEHIND);
	if (c->how == INSTEAD) {
		assert_int_equal(item[at], c->type);
		n = WG_ITEM_TLV + wg_item_get(item + at + 1, 2);
	}
	return splice(len, at, n, in);
}

static void test_changes(void **state)
{
	enum wg_item_fault fault;
	size_t i, len;

	for (i = 0; i < N(changes); i++) {
		len = items_make(changes[i].kind, ITEMS_TYPICAL, item);
		fault = check(apply(&changes[i], len));
		if (fault != changes[i].fault)
			fail_msg("%s: %s", changes[i].name,
				 wg_item_fault_str(fault));
	}
}

/* A value once more, more of a type than there may be, an item in an item. */
static void test_many(void **state)
{
	struct change c = {"", R, 0, 0x18, BEHIND, NULL, 0};
	char value[6] = {0, 1, 10};
	struct wg_item_tlv tlv;
	size_t len, i;

	len = items_make(R, ITEMS_TYPICAL, item);
	assert_true(wg_item_find(item, 0x18, &tlv));
	memcpy(other, tlv.value.b, tlv.value.len);
	c.value = (char *)other;
	c.len = tlv.value.len;
	assert_int_equal(check(apply(&c, len)), WG_ITEM_SAME_TWICE);

	len = items_make(R, ITEMS_TYPICAL, item);
	c = (struct change){"", R, 0, 0x15, BEHIND, value, sizeof(value)};
	for (i = 0; i < 9; i++, value[5]++) {
		assert_int_equal(check(len), WG_ITEM_OK);
		len = apply(&c, len);
	}
	assert_int_equal(check(len), WG_ITEM_TOO_MANY);

	/* together: one of each family is there */
	len = items_make(C, ITEMS_TYPICAL, item);
	c = (struct change){"", C, 0, 0x0a, BEHIND, value, 5};
	for (i = 0; i < 3; i++, value[4]++) {
		assert_int_equal(check(len), WG_ITEM_OK);
		len = apply(&c, len);
	}
	assert_int_equal(check(len), WG_ITEM_TOO_MANY);

	len = items_make(R, ITEMS_MOST, item);
	c = (struct change){"", R, 0, 0x7f, INSTEAD, NULL, 0};
	assert_int_equal(check(apply(&c, len)), WG_ITEM_MISSING);

	/* S where C belongs, C that is none */
	for (i = 0; i < 2; i++) {
		size_t n = items_make(i ? C : WG_ITEM_IS_SUCCESSION,
				      ITEMS_TYPICAL, other);

		other[5] = i;
		len = items_make(WG_ITEM_IS_INVITE, ITEMS_TYPICAL, item);
		c = (struct change){"", 0, 0, 0x34, INSTEAD, (char *)other, n};
		assert_int_equal(check(apply(&c, len)), WG_ITEM_BAD_INNER);
	}
}

/* Cut anywhere, with the length that it had and with the one that it has. */
static void test_cut(void **state)
{
	size_t len, n, fewer = 0;
	uint8_t kind;

	for (kind = 0; kind < WG_ITEM_KINDS; kind++) {
		if (!is_kind(kind))
			continue;
		len = items_make(kind, ITEMS_TYPICAL, item);
		assert_int_equal(check(len), WG_ITEM_OK);
		for (n = 0; n < len; n++) {
			assert_int_not_equal(check(n), WG_ITEM_OK);
			if (n < WG_ITEM_HEAD)
				continue;
			set_len(n);
			/* but without name or a door, which nobody signed */
			if (check(n) == WG_ITEM_OK) {
				assert_int_equal(items_again(item, other), n);
				assert_true(kind == WG_ITEM_IS_INVITE ||
					    kind == WG_ITEM_IS_ANSWER);
				fewer++;
			}
			set_len(len);
		}
	}
	/* of each kind: its name, and two doors */
	assert_int_equal(fewer, 6);
}

static void test_all_faults(void **state)
{
	int i, k;

	for (i = 0; i < WG_ITEM_FAULTS; i++) {
		if (!seen[i])
			fail_msg("never: %s", wg_item_fault_str(i));
		for (k = 0; k < i; k++)
			assert_string_not_equal(wg_item_fault_str(i),
						wg_item_fault_str(k));
	}
}

/* --- what is read and written */

static void test_values(void **state)
{
	struct wg_item_value v[] = {
		{.type = 0x0a, .address = {addr_of("10.99.0.7"), 16}},
		{.type = 0x0b, .address = {addr_of("fd00::7"), 64}},
		{.type = 0x0c, .prefix = {prefix_of("192.168.0.0/16"), 24}},
		{.type = 0x0d, .prefix = {prefix_of("fd07::/16"), 128}},
		{.type = 0x16, .endpoint = {51820, addr_of("2001:db8::1")}},
		{.type = 0x17, .endpoint = {7, {0}, {(uint8_t *)"a.b", 3}}},
		{.type = 0x18, .announced = {prefix_of("0.0.0.0/0"), true, 9}},
		{.type = 0x19, .announced = {prefix_of("fd07::/32")}},
		{.type = 0x22, .revoked = {258, 3}},
		{.type = 0x09, .number = 8},
		{.type = 0x10, .number = 0x0102030405060708},
	};
	static const char *const bytes[] = {
		"\x10\x0a\x63\x00\x07",
		"\x40\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07",
		"\x10\x18\xc0\xa8\0\0",
		"\x10\x80\xfd\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		"\xca\x6c\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
		"\0\x07"
		"a.b",
		"\0\0\0\0\0\x09",
		"\x20\xfd\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		"\0\0\x01\x02\0\0\0\x03",
		"\x08",
		"\1\2\3\4\5\6\7\x8",
	};
	static const size_t lens[] = {5, 17, 6, 18, 18, 5, 6, 17, 8, 1, 8};
	struct wg_item_tlv tlv;
	struct wg_item_value got;
	size_t i, len;

	for (i = 0; i < N(v); i++) {
		assert_int_equal(wg_item_value_put(&v[i], other, 64, &len), 0);
		assert_int_equal(len, lens[i]);
		assert_memory_equal(other, bytes[i], len);
		tlv = (struct wg_item_tlv){v[i].type, {other, len}};
		assert_int_equal(wg_item_value_check(&tlv), WG_ITEM_OK);
		wg_item_value_get(&tlv, &got);
		assert_int_equal(wg_item_value_put(&got, item, 64, &len), 0);
		assert_int_equal(len, lens[i]);
		assert_memory_equal(item, bytes[i], len);
		assert_int_equal(
			wg_item_value_put(&v[i], other, lens[i] - 1, &len),
			-ENOSPC);
	}
	/* of the other family, or no type */
	v[0].type = 0x0b;
	v[2].type = 0x0d;
	v[4].type = 0x15;
	v[6].type = 0x19;
	v[9].type = 0x1a;
	for (i = 0; i < 10; i++)
		if (i % 2 == 0 || i == 9)
			assert_int_equal(
				wg_item_value_put(&v[i], other, 64, &len),
				i == 8 ? 0 : -EINVAL);
}

static void test_read(void **state)
{
	struct wg_item_writer w;
	struct wg_item_tlv tlv;
	struct wg_item_value v = {.type = WG_ITEM_REVOKED};
	size_t at, n = 0;
	struct wg_span s;

	wg_item_begin(&w, L, item, sizeof(item));
	wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, 3);
	for (v.revoked.member = 9; v.revoked.member; v.revoked.member--)
		wg_item_add(&w, &v);
	wg_item_add_number(&w, WG_ITEM_DUE, 1u << 31);
	wg_item_add_number(&w, WG_ITEM_LIST, 15);
	wg_item_add_number(&w, WG_ITEM_TIME, 77);
	wg_item_add_bytes(&w, WG_ITEM_MESH, "0123456789abcdef", 16);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	assert_int_equal(w.len, 123 + 7 + 9 * 11);

	assert_int_equal(wg_item_kind(item), L);
	assert_int_equal(wg_item_len(item), w.len);
	assert_int_equal(wg_item_number(item, WG_ITEM_LIST), 15);
	assert_int_equal(wg_item_number(item, WG_ITEM_DUE), 1u << 31);
	assert_int_equal(wg_item_number(item, WG_ITEM_SERIAL), 0);
	assert_int_equal(wg_item_count(item, WG_ITEM_REVOKED), 9);
	assert_int_equal(wg_item_count(item, WG_ITEM_MEMBER), 0);
	assert_true(wg_item_version(item) == (UINT64_C(3) << 32 | 15));
	assert_memory_equal(wg_item_bytes(item, WG_ITEM_MESH),
			    "0123456789abcdef", 16);
	assert_null(wg_item_bytes(item, WG_ITEM_KEY));
	assert_false(wg_item_find(item, WG_ITEM_KEY, &tlv));
	wg_item_each (item, at, tlv) {
		wg_item_value_get(&tlv, &v);
		if (v.type == WG_ITEM_REVOKED)
			assert_int_equal(v.revoked.member, ++n);
	}
	assert_int_equal(n, 9);
	s = wg_item_signed(item, WG_ITEM_SIGNATURE);
	assert_ptr_equal(s.b, item);
	assert_int_equal(s.len, w.len - 67);
	assert_null(wg_item_signed(item, WG_ITEM_BY_WG_KEY).b);
	memset(other, 7, 64);
	wg_item_set_signature(item, WG_ITEM_SIGNATURE, other);
	assert_memory_equal(item + w.len - 64, other, 64);
	assert_int_equal(check(w.len), WG_ITEM_OK);
	assert_int_equal(wg_item_check_kind(item, w.len, L), WG_ITEM_OK);
	assert_int_equal(wg_item_check_kind(item, w.len, C),
			 WG_ITEM_OTHER_KIND);
	/* one after another */
	n = items_make(R, ITEMS_TYPICAL, item + w.len);
	assert_int_equal(wg_item_split(item, w.len + n), w.len);
	assert_int_equal(wg_item_split(item + w.len, n), n);
	assert_int_equal(wg_item_split(item + w.len, n - 1), 0);
	assert_int_equal(wg_item_split(item + w.len, 7), 0);
	assert_int_equal(wg_item_split(item + 1, w.len), 0);
}

static void test_versions(void **state)
{
	static const struct {
		uint8_t kind, type;
		uint64_t number, version;
	} rows[] = {
		{WG_ITEM_IS_AUTHORITY, WG_ITEM_AUTHORITY_NUMBER, 7, 7},
		{L, WG_ITEM_LIST, UINT32_MAX, UINT32_MAX},
		{C, WG_ITEM_SERIAL, 5, 5},
		{WG_ITEM_IS_WITNESS, WG_ITEM_HUB, 8, 8},
		{R, WG_ITEM_SEQUENCE, UINT64_MAX, UINT64_MAX},
		{WG_ITEM_IS_DOOR_RECORD, WG_ITEM_SEQUENCE, 1, 1},
	};
	struct wg_item_tlv tlv;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		items_make(rows[i].kind, ITEMS_LEAST, item);
		assert_true(wg_item_find(item, rows[i].type, &tlv));
		wg_item_put((uint8_t *)tlv.value.b, rows[i].number,
			    tlv.value.len);
		assert_true(wg_item_version(item) == rows[i].version);
	}
}

static void test_writer(void **state)
{
	enum wg_item_fault fault = WG_ITEM_OK;
	struct wg_item_writer w;
	size_t len, room;

	/* wherever the room ends */
	len = items_make(WG_ITEM_IS_REQUEST, ITEMS_TYPICAL, item);
	for (room = WG_ITEM_HEAD; room <= len; room++) {
		uint8_t *b = malloc(room);

		wg_item_begin(&w, WG_ITEM_IS_REQUEST, b, room);
		wg_item_add_bytes(&w, WG_ITEM_KEY,
				  wg_item_bytes(item, WG_ITEM_KEY), 32);
		assert_int_equal(wg_item_end(&w, NULL),
				 room < len ? -ENOSPC : 0);
		if (room == len)
			assert_memory_equal(b, item, len);
		free(b);
	}
	wg_item_begin(&w, WG_ITEM_IS_REQUEST, item, sizeof(item));
	assert_int_equal(wg_item_end(&w, &fault), -EBADMSG);
	assert_int_equal(fault, WG_ITEM_WRONG_SIZE);
	/* a number where bytes belong, bytes where a number does, no type */
	wg_item_begin(&w, C, item, sizeof(item));
	wg_item_add_number(&w, WG_ITEM_KEY, 1);
	assert_int_equal(wg_item_end(&w, NULL), -EINVAL);
	wg_item_begin(&w, C, item, sizeof(item));
	wg_item_add_bytes(&w, WG_ITEM_SERIAL, "0123", 4);
	assert_int_equal(wg_item_end(&w, NULL), -EINVAL);
	wg_item_begin(&w, C, item, sizeof(item));
	wg_item_add_number(&w, 0x1a, 1);
	assert_int_equal(wg_item_end(&w, NULL), -EINVAL);
	wg_item_begin(&w, 6, item, sizeof(item));
	assert_int_equal(wg_item_end(&w, &fault), -EBADMSG);
	assert_int_equal(fault, WG_ITEM_OTHER_KIND);
}

/* What is read and written again, in any order, is the same. */
static void test_again(void **state)
{
	uint64_t rnd = SEED;
	size_t i, len, at;
	uint8_t kind;

	print_message("seed %d\n", SEED);
	for (i = 0; i < ROUNDS; i++)
		for (kind = 0; kind < WG_ITEM_KINDS; kind++) {
			if (!is_kind(kind))
				continue;
			len = items_random(kind, &rnd, item);
			assert_int_equal(items_again(item, other), len);
			assert_memory_equal(item, other, len);
			at = items_rnd(&rnd) % len;
			item[at] ^= 1 << items_rnd(&rnd) % 8;
			if (check(len) == WG_ITEM_OK) {
				assert_int_equal(items_again(item, other), len);
				assert_memory_equal(item, other, len);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
