/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another member says, from one that may say anything.  Promises: a frame
 * that is read is written again as it was; whatever comes, in whatever pieces
 * and at whatever time, what we say are frames, items that we hold, and no more
 * of them than were told or put; memory is bounded, and is gone at the end; and
 * work that is due now is done now.
 *
 * The first two bytes say how the rest comes: in pieces of so many bytes, and
 * so long apart.
 */
#include <string.h>
#include <sys/socket.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/core/tests/talk.h"

#define BEGIN 2
#define SEEDS 12

static struct mesh mesh;
static struct talk t;
static struct wg_exchange *x;
static uint8_t buf[WG_FRAME_MAX];
static int64_t now;
static uint64_t told, passed; /* items that may be said, once each */
static bool is_over;

/* --- the map */

static const struct wg_offer *certificate(uint32_t member)
{
	return mesh_certificate(&mesh,
				(struct mesh_certificate){.member = member,
							  .serial = 1,
							  .key = 10 + member});
}

static const struct wg_offer *record(uint32_t member, uint64_t sequence)
{
	return mesh_record(&mesh, (struct mesh_record){.member = member,
						       .sequence = sequence,
						       .identity = 10 + member,
						       .wg_key = 60});
}

static void load(struct talk *to, const struct wg_offer *o)
{
	struct wg_bounded w = {talk_offer(o->b, o->len), 0};

	CHECK(talk_take(to, &w, now) == WG_EXCHANGE_PUT);
	talk_hash(to);
}

static void begin(struct talk *to, uint32_t number)
{
	uint32_t i;

	talk_init(to, number, 10);
	for (i = 3; i < 6; i++) {
		load(to, certificate(i));
		load(to, record(i, 5));
	}
}

/* --- what we say and do */

static void check_said(const uint8_t *b, size_t len)
{
	struct wg_directory_entry e;
	struct wg_frame f;
	int n;

	for (; len; b += n, len -= n) {
		n = wg_frame_decode(b, len, &f);
		CHECK(n > 0);
		if (f.kind == WG_FRAME_HAVE)
			told += f.entries.n;
		if (f.kind != WG_FRAME_ITEM)
			continue;
		e = talk_entry(f.item.b);
		CHECK(wg_directory_find(t.dir, &e));
	}
	CHECK(wg_exchange_stats(x)->items_sent <= told + passed);
}

static void say(void)
{
	size_t n;

	while ((n = wg_exchange_say(x, now, buf, sizeof(buf))))
		check_said(buf, n);
	wg_exchange_check(x);
}

static void take(const struct wg_span *item)
{
	struct wg_bounded w = {talk_offer(item->b, item->len), 2};
	enum wg_exchange_judgement j;

	CHECK(wg_item_check(item->b, item->len) == WG_ITEM_OK);
	j = talk_take(&t, &w, now);
	talk_hash(&t);
	wg_exchange_judged(x, j);
}

static void hear(void)
{
	struct wg_exchange_heard heard;
	enum wg_exchange_news news;

	while ((news = wg_exchange_next(x, now, &heard))) {
		CHECK(!is_over);
		if (news == WG_EXCHANGE_ITEM)
			take(&heard.item);
		if (news == WG_EXCHANGE_END) {
			CHECK(heard.why);
			is_over = true;
		}
		wg_exchange_check(x);
	}
}

/* Something is put by ourselves. */
static void put(uint64_t sequence)
{
	const struct wg_offer *o = record(3, sequence);
	struct wg_bounded w = {talk_offer(o->b, o->len), 0};
	struct wg_directory_entry e = talk_entry(o->b);

	/* unless the other end had a newer one */
	if (talk_take(&t, &w, now) != WG_EXCHANGE_PUT)
		return;
	talk_hash(&t);
	passed++;
	wg_exchange_pass(x, &e);
	wg_exchange_tell(x, sequence, sequence % 2, now);
}

static void hear_piece(const uint8_t *b, size_t len)
{
	uint8_t *space;
	size_t room, n;

	while (len) {
		space = wg_exchange_space(x, &room);
		CHECK(room > 0);
		n = len < room ? len : room;
		memcpy(space, b, n);
		wg_exchange_filled(x, n);
		hear();
		b += n;
		len -= n;
	}
	say();
	hear();
	CHECK(is_over || wg_exchange_due(x) > now);
	/* an entry for 29 bytes that came, and a frame */
	CHECK(wg_exchange_bytes(x) < 2 * WG_FRAME_MAX);
}

/* --- frames by themselves */

static void check_frames(const uint8_t *data, size_t size)
{
	uint8_t *b = malloc(size + !size); /* ends where it ends */
	struct wg_frame f;
	size_t at;
	int n;

	CHECK(b);
	memcpy(b, data, size);
	for (at = 0; (n = wg_frame_decode(b + at, size - at, &f)) > 0;
	     at += n) {
		CHECK(wg_frame_encode(&f, buf) == (size_t)n);
		CHECK(memcmp(b + at, buf, n) == 0);
	}
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece, n, i;

	if (size < BEGIN)
		return 0;
	check_frames(data + BEGIN, size - BEGIN);
	now = told = passed = 0;
	is_over = false;
	begin(&t, 1);
	x = talk_connect(&t, 2, now);
	say();
	piece = 1 + data[0] * 4;
	for (i = BEGIN; i < size; i += n) {
		n = size - i < piece ? size - i : piece;
		hear_piece(data + i, n);
		now += data[1] * 20;
		if (data[i] % 8 == 0)
			put(6 + i % 100);
	}
	now += WG_EXCHANGE_DEAD_MS;
	hear();
	CHECK(is_over);
	wg_exchange_delete(&x);
	talk_end(&t);
	mesh_free(&mesh);
	return 0;
}

/* --- good inputs: what an honest one says */

static size_t copy(uint8_t *to, size_t room, size_t n)
{
	CHECK(n <= room);
	memcpy(to, buf, n);
	return n;
}

static size_t frame(const struct wg_frame *f, uint8_t *to, size_t room)
{
	return copy(to, room, wg_frame_encode(f, buf));
}

/* Both with more than the other has, and then time goes by. */
static size_t converse(size_t i, uint8_t *to, size_t room)
{
	struct wg_exchange_heard heard;
	struct wg_exchange *other;
	uint8_t *space;
	struct talk o;
	size_t len = 0, n, free_, round;

	begin(&t, 1);
	begin(&o, 2);
	for (n = 0; n < i % 4; n++) {
		load(&o, certificate(6 + n));
		load(&o, record(6 + n, 1));
	}
	x = talk_connect(&t, 2, now);
	other = talk_connect(&o, 1, now);
	for (round = 0; round < 4 + 4 * (i / 4); round++) {
		n = wg_exchange_say(other, now, buf, sizeof(buf));
		len += copy(to + len, room - len, n);
		space = wg_exchange_space(x, &free_);
		CHECK(n <= free_);
		memcpy(space, buf, n);
		wg_exchange_filled(x, n);
		hear();
		n = wg_exchange_say(x, now, buf, sizeof(buf));
		space = wg_exchange_space(other, &free_);
		CHECK(n <= free_);
		memcpy(space, buf, n);
		wg_exchange_filled(other, n);
		while (wg_exchange_next(other, now, &heard))
			;
		now += i / 4 * 1300;
	}
	wg_exchange_delete(&x);
	wg_exchange_delete(&other);
	talk_end(&t);
	talk_end(&o);
	mesh_free(&mesh);
	return len;
}

size_t fuzz_seed(size_t i, uint8_t *to, size_t size)
{
	struct wg_frame f = {.kind = WG_FRAME_STATE, .state = {7, true}};
	size_t len = BEGIN;

	if (i >= SEEDS)
		return 0;
	now = told = passed = 0;
	is_over = false;
	to[0] = i % 3 ? 40 : 255;
	to[1] = i / 4 * 20;
	len += converse(i, to + len, size - len);
	if (i % 2)
		return len;
	len += frame(&f, to + len, size - len);
	f = (struct wg_frame){.kind = WG_FRAME_CALL,
			      .call = {.to = 1, .from = 2, .n = 2}};
	f.call.place[0].addr.family = AF_INET;
	f.call.place[1].addr.family = AF_INET6;
	len += frame(&f, to + len, size - len);
	f = (struct wg_frame){.kind = WG_FRAME_BYE};
	return len + frame(&f, to + len, size - len);
}
