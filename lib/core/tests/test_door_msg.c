/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and answers of a door: one form, and nothing else is one. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/core/tests/door_items.h"
#include "lib/core/tests/items.h"
#include "lib/core/wg_door_msg.h"

enum { INVITE = 20, BERLIN = 30, WG = 40 };

static uint8_t invite[WG_ITEM_MAX], named[WG_ITEM_MAX], s[WG_ITEM_MAX];
static uint8_t w[WG_ITEM_MAX], d[WG_ITEM_MAX], other[WG_ITEM_MAX];
static uint8_t hub[WG_ITEM_MAX], authority[WG_ITEM_MAX], hub_d[WG_ITEM_MAX];

static int setup(void **state)
{
	door_certificate(&(struct door_certificate){7, 100, INVITE,
						    WG_ITEM_FLAG_INVITE,
						    .redeem_by = 5},
			 invite);
	door_certificate(&(struct door_certificate){7, 100, BERLIN}, named);
	door_succession(&(struct door_succession){7, INVITE, BERLIN}, s);
	door_witness(1, 10, s, w);
	door_record(&(struct door_record){7, 1, WG, BERLIN}, d);
	door_certificate(
		&(struct door_certificate){1, 11, 10, WG_ITEM_FLAG_HUB}, hub);
	door_record(&(struct door_record){1, 1, WG, 10}, hub_d);
	door_authority(3, DOOR_SECOND, DOOR_RECOVERY, authority);
	return 0;
}

/* The table of the format, in other words. */
static void test_lengths(void **state)
{
	static const struct {
		uint8_t kind;
		size_t text, len;
	} rows[] = {
		{WG_DOOR_REGISTER, 1092, 1200}, {WG_DOOR_COOKIE, 16, 60},
		{WG_DOOR_WELCOME, 410, 454},	{WG_DOOR_WELCOME, 446, 490},
		{WG_DOOR_WELCOME, 885, 929},	{WG_DOOR_REFUSED, 9, 53},
	};
	uint8_t b[2000] = {1};
	size_t i, len, text;
	uint8_t kind;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			wg_door_datagram_len(rows[i].kind, rows[i].text),
			rows[i].len);
		b[1] = rows[i].kind;
		assert_int_equal(wg_door_datagram(b, rows[i].len, &text),
				 rows[i].kind);
		assert_int_equal(text, rows[i].text);
	}
	/* any other length or kind is none */
	for (kind = 0, i = 0; kind < 255; kind++)
		for (len = 0; len < sizeof(b); len++) {
			b[1] = kind;
			i += !!wg_door_datagram(b, len, &text);
		}
	assert_int_equal(i, 1 + 1 + 1 + (929 - 454 + 1));
	/* nor another head */
	for (i = 0; i < 4; i++) {
		wg_door_datagram_head(WG_DOOR_REGISTER, b);
		assert_int_equal(wg_door_datagram(b, 1200, &text),
				 WG_DOOR_REGISTER);
		b[i] ^= 4;
		assert_int_equal(wg_door_datagram(b, 1200, &text), 0);
	}
	assert_null(wg_door_shape(0));
	assert_null(wg_door_shape(WG_DOOR_KINDS));
}

static void join_same(const struct wg_door_question *q)
{
	uint8_t text[WG_DOOR_TEXT], again[WG_DOOR_TEXT];
	struct wg_door_question got;

	memset(text, 0xaa, sizeof(text));
	wg_door_question_put(q, text);
	assert_int_equal(wg_door_question_get(text, &got), 0);
	assert_int_equal(got.sequence, q->sequence);
	assert_int_equal(!!got.proof, !!q->proof);
	assert_memory_equal(got.certificate, q->certificate,
			    wg_item_len(q->certificate));
	assert_memory_equal(got.record, q->record, wg_item_len(q->record));
	wg_door_question_put(&got, again);
	assert_memory_equal(again, text, sizeof(text));
}

static void test_questions(void **state)
{
	struct wg_door_question q = {77, invite, s, d};

	join_same(&q);
	assert_ptr_equal(wg_door_succession(&q), s);
	q.proof = w;
	join_same(&q);
	assert_memory_equal(wg_door_succession(&q), s, wg_item_len(s));
	q = (struct wg_door_question){UINT64_MAX, named, NULL, d};
	join_same(&q);
	assert_null(wg_door_succession(&q));
}

/* The greatest of all: its certificate is as long as one can be. */
static void test_greatest(void **state)
{
	static uint8_t c[WG_ITEM_MAX];
	uint8_t text[WG_DOOR_TEXT];
	struct wg_door_question q = {1, c, w, d}, got;
	struct wg_item_writer writer;
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	wg_item_begin(&writer, WG_ITEM_IS_CERTIFICATE, c, sizeof(c));
	wg_item_each (invite, at, tlv) {
		wg_item_value_get(&tlv, &v);
		wg_item_add(&writer, &v);
	}
	memset(other, 0x33, sizeof(other));
	wg_item_add_bytes(&writer, WG_ITEM_OPTION, other,
			  512 - wg_item_len(invite) - WG_ITEM_TLV);
	assert_int_equal(wg_item_end(&writer, NULL), 0);
	assert_int_equal(wg_item_len(c), 512);
	wg_door_question_put(&q, text);
	assert_int_equal(wg_door_question_get(text, &got), 0);
	assert_int_equal(got.record + wg_item_len(d) - text, 1088);
}

static const uint8_t *changed(const struct door_record *r)
{
	door_record(r, other);
	return other;
}

/* Items one after another, whatever they are. */
static int read_text(const uint8_t *const *items, size_t n)
{
	uint8_t text[WG_DOOR_TEXT] = {}, *p = text + 8;
	struct wg_door_question got;

	for (; n--; items++) {
		if (!*items)
			continue;
		memcpy(p, *items, wg_item_len(*items));
		p += wg_item_len(*items);
	}
	return wg_door_question_get(text, &got);
}
#define READ(...)                                                              \
	read_text((const uint8_t *const[]){__VA_ARGS__},                       \
		  sizeof((const uint8_t *const[]){__VA_ARGS__}) /              \
			  sizeof(uint8_t *))

static void test_no_questions(void **state)
{
	static uint8_t s2[WG_ITEM_MAX], w2[WG_ITEM_MAX];
	uint8_t text[WG_DOOR_TEXT];
	struct wg_door_question q = {1, invite, s, d}, got;
	size_t at, end, refused = 0;

	assert_int_equal(READ(invite, s, d), 0);
	assert_int_equal(READ(invite, w, d), 0);
	assert_int_equal(READ(named, d), 0);
	/* what is missing, superfluous, or elsewhere */
	assert_int_equal(READ(invite, d), -EBADMSG);
	assert_int_equal(READ(invite, s), -EBADMSG);
	assert_int_equal(READ(s, d), -EBADMSG);
	assert_int_equal(READ(NULL), -EBADMSG);
	assert_int_equal(READ(invite, s, w, d), -EBADMSG);
	assert_int_equal(READ(invite, s, d, d), -EBADMSG);
	assert_int_equal(READ(named, s, d), -EBADMSG);
	assert_int_equal(READ(invite, d, s), -EBADMSG);
	/* of another member, or another invite */
	assert_int_equal(
		READ(named, changed(&(struct door_record){8, 1, WG, BERLIN})),
		-EBADMSG);
	door_succession(&(struct door_succession){8, INVITE, BERLIN}, s2);
	assert_int_equal(READ(invite, s2, d), -EBADMSG);
	door_succession(&(struct door_succession){7, INVITE + 1, BERLIN}, s2);
	assert_int_equal(READ(invite, s2, d), -EBADMSG);
	door_witness(1, 10, s2, w2);
	assert_int_equal(READ(invite, w2, d), -EBADMSG);
	door_certificate(&(struct door_certificate){7, 100, BERLIN, .mesh = 9},
			 other);
	assert_int_equal(READ(other, d), -EBADMSG);
	/* a byte behind them */
	wg_door_question_put(&q, text);
	assert_int_equal(wg_door_question_get(text, &got), 0);
	end = got.record + wg_item_len(d) - text;
	for (at = end; at < sizeof(text); at++) {
		text[at] = 1;
		refused += wg_door_question_get(text, &got) == -EBADMSG;
		text[at] = 0;
	}
	assert_int_equal(refused, WG_DOOR_TEXT - end);
}

static void answer_same(const struct wg_door_answer *a, size_t len)
{
	uint8_t text[WG_DOOR_ANSWER_TEXT], again[WG_DOOR_ANSWER_TEXT];
	const struct wg_span span = {text, wg_door_answer_put(a, text)};
	struct wg_door_answer got;
	struct wg_span cut = span;

	assert_int_equal(span.len, len);
	assert_int_equal(wg_door_answer_get(a->kind, &span, &got), 0);
	assert_int_equal(wg_door_answer_put(&got, again), len);
	assert_memory_equal(again, text, len);
	cut.len--;
	assert_int_equal(wg_door_answer_get(a->kind, &cut, &got), -EBADMSG);
	assert_int_equal(wg_door_answer_get(WG_DOOR_REGISTER, &span, &got),
			 -EBADMSG);
}

static void test_answers(void **state)
{
	uint8_t cookie[WG_DOOR_COOKIE_LEN] = {1, 2, 3};
	struct wg_door_answer a = {.kind = WG_DOOR_COOKIE, .cookie = cookie};
	uint8_t b[9] = {}, text[WG_DOOR_ANSWER_TEXT];
	const struct wg_span span = {b, sizeof(b)};
	struct wg_span welcome = {text};
	struct wg_door_answer got;
	unsigned why, n = 0;

	answer_same(&a, 16);
	a = (struct wg_door_answer){.kind = WG_DOOR_WELCOME,
				    .welcome = {hub, hub_d}};
	answer_same(&a, wg_item_len(hub) + 219);
	a.welcome.authority = authority;
	answer_same(&a, wg_item_len(hub) + 219 + 154);
	/* of another member */
	a.welcome.record = d;
	welcome.len = wg_door_answer_put(&a, text);
	assert_int_equal(wg_door_answer_get(WG_DOOR_WELCOME, &welcome, &got),
			 -EBADMSG);
	a = (struct wg_door_answer){
		.kind = WG_DOOR_REFUSED,
		.refused = {WG_DOOR_OLD_SEQUENCE, UINT64_MAX}};
	answer_same(&a, 9);
	/* words that there are, and a sequence where it belongs */
	for (why = 0; why < 256; why++) {
		b[0] = why;
		b[8] = 0;
		n += wg_door_answer_get(WG_DOOR_REFUSED, &span, &got) == 0;
		b[8] = 1;
		assert_int_equal(
			wg_door_answer_get(WG_DOOR_REFUSED, &span, &got),
			why == WG_DOOR_OLD_SEQUENCE ? 0 : -EBADMSG);
	}
	assert_int_equal(n, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_greatest),
		cmocka_unit_test(test_no_questions),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
