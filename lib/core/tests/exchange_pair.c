/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/exchange_pair.h"

#define MAXIMUM 1000

struct pair pair;
static uint8_t buf[WG_FRAME_MAX];

int pair_begin(void **state)
{
	memset(&pair, 0, sizeof(pair));
	pair.now = 1000;
	talk_init(&pair.a.t, 1, MAXIMUM);
	talk_init(&pair.b.t, 2, MAXIMUM);
	pair.a.x = talk_connect(&pair.a.t, 2, pair.now);
	pair.b.x = talk_connect(&pair.b.t, 1, pair.now);
	return 0;
}

int pair_finish(void **state)
{
	wg_exchange_delete(&pair.a.x);
	wg_exchange_delete(&pair.b.x);
	talk_end(&pair.a.t);
	talk_end(&pair.b.t);
	mesh_free(&pair.mesh);
	return 0;
}

/* --- items */

struct wg_offer *pair_certificate(uint32_t member, uint32_t serial)
{
	return mesh_certificate(&pair.mesh,
				(struct mesh_certificate){.member = member,
							  .serial = serial,
							  .key = 10 + member});
}

struct wg_offer *pair_record(uint32_t member, uint64_t sequence)
{
	return mesh_record(&pair.mesh,
			   (struct mesh_record){.member = member,
						.sequence = sequence,
						.identity = 10 + member,
						.wg_key = 60});
}

struct wg_offer *pair_forged(uint64_t sequence)
{
	return mesh_record(&pair.mesh,
			   (struct mesh_record){.member = 3,
						.sequence = sequence,
						.identity = 99,
						.wg_key = 60});
}

void pair_load(struct pair_end *e, const struct wg_offer *o)
{
	struct wg_bounded w = {talk_offer(o->b, o->len), 0};

	assert_int_equal(talk_take(&e->t, &w, pair.now), WG_EXCHANGE_PUT);
	talk_hash(&e->t);
}

void pair_put(struct pair_end *e, const struct wg_offer *o)
{
	struct wg_directory_entry entry = talk_entry(o->b);

	pair_load(e, o);
	wg_exchange_pass(e->x, &entry);
}

/* --- talking */

static void take(struct pair_end *e, const struct wg_exchange_heard *heard)
{
	struct wg_bounded w = {
		talk_offer(heard->item.b, heard->item.len),
		e == &pair.a ? 2 : 1,
	};
	enum wg_exchange_judgement j = talk_take(&e->t, &w, pair.now);

	e->order[e->items++ % sizeof(e->order)] = wg_item_kind(w.offer.b);
	talk_hash(&e->t);
	wg_exchange_judged(e->x, j);
}

void pair_work(struct pair_end *e)
{
	struct wg_exchange_heard heard;
	enum wg_exchange_news news;

	while ((news = wg_exchange_next(e->x, pair.now, &heard))) {
		wg_exchange_check(e->x);
		switch (news) {
		case WG_EXCHANGE_UP:
			assert_false(e->is_up);
			e->is_up = true;
			break;
		case WG_EXCHANGE_ITEM:
			assert_true(e->is_up);
			take(e, &heard);
			break;
		case WG_EXCHANGE_STATE:
			snprintf(e->states + strlen(e->states),
				 sizeof(e->states) - strlen(e->states), "%c%u",
				 heard.connected ? '+' : '-', heard.member);
			break;
		case WG_EXCHANGE_CALL:
			e->call = heard.call;
			e->calls++;
			break;
		case WG_EXCHANGE_END:
			assert_null(e->why);
			e->why = heard.why;
			e->is_bad = heard.is_bad;
			break;
		case WG_EXCHANGE_NOTHING:
			break;
		}
	}
	wg_exchange_check(e->x);
}

void pair_hear(struct pair_end *e, const uint8_t *bytes, size_t len)
{
	size_t room, n;
	uint8_t *space;

	while (len) {
		space = wg_exchange_space(e->x, &room);
		assert_true(room > 0);
		n = room < len ? room : len;
		memcpy(space, bytes, n);
		wg_exchange_filled(e->x, n);
		pair_work(e);
		bytes += n;
		len -= n;
	}
}

static void note(struct pair_end *e, const uint8_t *bytes, size_t len)
{
	static const char letters[] = "-HhWIKBCS";
	struct wg_frame f;
	size_t at = strlen(e->said);
	int n;

	e->bytes += len;
	for (; len; bytes += n, len -= n) {
		n = wg_frame_decode(bytes, len, &f);
		assert_true(n > 0);
		e->said[at++] = f.kind == WG_FRAME_HAVE && !f.entries.n
					? 'E'
					: letters[f.kind];
	}
	assert_true(at < sizeof(e->said));
}

bool pair_say(struct pair_end *from, struct pair_end *to)
{
	size_t n = wg_exchange_say(from->x, pair.now, buf, sizeof(buf));

	wg_exchange_check(from->x);
	note(from, buf, n);
	pair_hear(to, buf, n);
	pair_work(from);
	return n;
}

void pair_talk(void)
{
	bool more = true;

	pair_work(&pair.a);
	pair_work(&pair.b);
	while (more)
		more = pair_say(&pair.a, &pair.b) | pair_say(&pair.b, &pair.a);
}

void pair_forget(void)
{
	memset(pair.a.said, 0, sizeof(pair.a.said));
	memset(pair.b.said, 0, sizeof(pair.b.said));
	pair.a.bytes = pair.b.bytes = pair.a.items = pair.b.items = 0;
}

void pair_talk_for(int64_t ms)
{
	int64_t until = pair.now + ms;

	while (pair.now < until) {
		pair.now += 1000;
		pair_talk();
	}
}

void pair_lie(struct wg_frame f)
{
	static uint8_t frame[WG_FRAME_MAX];

	pair_hear(&pair.a, frame, wg_frame_encode(&f, frame));
}

void pair_lie_hello(void)
{
	struct wg_frame f = {
		.kind = WG_FRAME_HELLO,
		.hello = {.version = WG_FRAME_VERSION, .member = 2}};

	memcpy(f.hello.hash, pair.a.t.map.hash, sizeof(f.hello.hash));
	wg_exchange_say(pair.a.x, pair.now, buf, sizeof(buf));
	pair_lie(f);
	assert_true(pair.a.is_up);
}

void pair_lie_item(const struct wg_offer *o)
{
	pair_lie((struct wg_frame){.kind = WG_FRAME_ITEM,
				   .item = {o->b, o->len}});
}

void pair_lie_entries(uint8_t kind, const struct wg_directory_entry *e)
{
	uint8_t bytes[WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = kind, .entries = {bytes, 1}};

	wg_directory_entry_encode(e, bytes);
	pair_lie(f);
}

const char *pair_answer(void)
{
	size_t n;

	memset(pair.a.said, 0, sizeof(pair.a.said));
	while ((n = wg_exchange_say(pair.a.x, pair.now, buf, sizeof(buf))))
		note(&pair.a, buf, n);
	return pair.a.said;
}
