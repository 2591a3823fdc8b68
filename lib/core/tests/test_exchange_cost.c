/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs that a member of a mesh of a thousand sites and three hubs
 * starts: bytes and memory, not time.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/talk.h"
#include "lib/core/wg_itemset.h"

#define MEMBERS 1000
#define HUBS 3
#define ENTRIES_A_MEMBER (1 + HUBS + 1) /* C, W of each hub, R */

static struct mesh mesh;
static struct talk from, to;
static struct wg_exchange *x[2];
static uint8_t buf[WG_FRAME_MAX];
static size_t said[2][WG_FRAME_KINDS]; /* bytes, by who says it */
static size_t most[2], items;
static int64_t now;

/* All are good here, and a look at the whole map for each would take minutes.
 */
static enum wg_exchange_judgement take(struct talk *t, const struct wg_offer *o)
{
	struct wg_offer_checks checks;

	if (wg_directory_offer(t->dir, o, &checks) != WG_OFFERED_VERIFY)
		return WG_EXCHANGE_NOT_PUT;
	wg_directory_put(t->dir, o);
	return WG_EXCHANGE_PUT;
}

static void load(struct talk *t, const struct wg_offer *o)
{
	struct wg_offer offer = talk_offer(o->b, o->len);

	assert_int_equal(take(t, &offer), WG_EXCHANGE_PUT);
}

/* Hubs first: without them nobody's witness counts. */
static void make_items(void)
{
	uint32_t i, hub;

	for (i = 1; i <= HUBS; i++)
		mesh_certificate(&mesh, (struct mesh_certificate){
						.member = i,
						.serial = 1,
						.key = 10 + i,
						.flags = WG_ITEM_FLAG_HUB});
	for (i = HUBS + 1; i <= MEMBERS; i++) {
		mesh_certificate(&mesh, (struct mesh_certificate){
						.member = i,
						.serial = 1,
						.key = 50,
						.flags = WG_ITEM_FLAG_INVITE});
		for (hub = 1; hub <= HUBS; hub++)
			mesh_witness(&mesh,
				     (struct mesh_witness){.member = i,
							   .hub = hub,
							   .invite = 50,
							   .identity = 60,
							   .signer = 10 + hub});
		mesh_record(&mesh, (struct mesh_record){.member = i,
							.sequence = 1,
							.identity = 60,
							.wg_key = 70});
	}
	for (i = 0; i < mesh.n; i++)
		load(&from, &mesh.item[i]);
	talk_hash(&from);
}

static int begin(void **state)
{
	talk_init(&from, 1, 4096);
	talk_init(&to, 2, 4096);
	make_items();
	return 0;
}

static int finish(void **state)
{
	talk_end(&from);
	talk_end(&to);
	mesh_free(&mesh);
	return 0;
}

static void hear(struct talk *t, unsigned side)
{
	struct wg_exchange_heard heard;
	enum wg_exchange_news news;
	struct wg_offer offer;

	while ((news = wg_exchange_next(x[side], now, &heard))) {
		assert_int_not_equal(news, WG_EXCHANGE_END);
		if (news != WG_EXCHANGE_ITEM)
			continue;
		offer = talk_offer(heard.item.b, heard.item.len);
		wg_exchange_judged(x[side], take(t, &offer));
		items++;
	}
	if (wg_exchange_bytes(x[side]) > most[side])
		most[side] = wg_exchange_bytes(x[side]);
}

static void note(unsigned side, size_t len)
{
	const uint8_t *b = buf;
	struct wg_frame f;
	int n;

	for (; len; b += n, len -= n) {
		n = wg_frame_decode(b, len, &f);
		assert_true(n > 0);
		said[side][f.kind] += n;
	}
}

static bool say(struct talk *t, unsigned side)
{
	size_t len = wg_exchange_say(x[side], now, buf, sizeof(buf)), at, n;
	size_t room;
	uint8_t *space;

	note(side, len);
	for (at = 0; at < len; at += n) {
		space = wg_exchange_space(x[!side], &room);
		n = len - at < room ? len - at : room;
		memcpy(space, buf + at, n);
		wg_exchange_filled(x[!side], n);
		hear(t, !side);
	}
	return len;
}

static void talk(void)
{
	bool more = true;

	memset(said, 0, sizeof(said));
	items = most[0] = most[1] = 0;
	x[0] = talk_connect(&from, 2, now);
	x[1] = talk_connect(&to, 1, now);
	while (more) {
		more = say(&to, 0) | say(&from, 1);
		talk_hash(&to);
	}
}

static void stop(void)
{
	wg_exchange_delete(&x[0]);
	wg_exchange_delete(&x[1]);
}

static void test_full_sync(void **state)
{
	size_t n = wg_directory_count(from.dir), i, bytes = 0;
	size_t entries = n * WG_DIRECTORY_ENTRY;
	/* heads of frames that are cut where a buffer ends */
	size_t heads = 4 * 20;

	assert_int_equal(n, ENTRIES_A_MEMBER * (MEMBERS - HUBS) + HUBS);
	for (i = 0; i < mesh.n; i++)
		bytes += mesh.item[i].len;
	talk();
	assert_memory_equal(from.map.hash, to.map.hash, WG_DIRECTORY_HASH);
	print_message(
		"# %zu items of %zu bytes; HAVE %zu, WANT %zu, ITEM %zu; "
		"memory %zu and %zu\n",
		n, bytes, said[0][WG_FRAME_HAVE], said[1][WG_FRAME_WANT],
		said[0][WG_FRAME_ITEM], most[0], most[1]);
	/* 145 KB */
	assert_in_range(said[0][WG_FRAME_HAVE], entries, entries + heads);
	assert_in_range(said[0][WG_FRAME_HAVE], 140000, 145000);
	assert_in_range(said[1][WG_FRAME_WANT], entries, entries + heads);
	/* each once */
	assert_int_equal(said[0][WG_FRAME_ITEM], bytes + n * WG_FRAME_HEAD);
	assert_int_equal(items, n);
	assert_int_equal(said[1][WG_FRAME_ITEM], 0);
	assert_int_equal(said[1][WG_FRAME_HAVE], WG_FRAME_HEAD);
	/* what waits is entries, and never two frames */
	for (i = 0; i < 2; i++)
		assert_true(most[i] <= WG_ITEMSET_BYTES(n) + WG_FRAME_MAX +
					       WG_EXCHANGE_IDLE);
	stop();
}

/* ... and again: one hash. */
static void test_equal_maps(void **state)
{
	unsigned i;

	talk();
	for (i = 0; i < 2; i++) {
		assert_int_equal(said[i][WG_FRAME_HELLO], 26);
		said[i][WG_FRAME_HELLO] = 0;
		assert_true(wg_exchange_bytes(x[i]) <= WG_EXCHANGE_IDLE);
	}
	for (i = 0; i < WG_FRAME_KINDS; i++)
		assert_int_equal(said[0][i] + said[1][i], 0);
	stop();
}

/* One record is news: one item, whatever the size of the map. */
static void test_one_record(void **state)
{
	struct wg_offer *o =
		mesh_record(&mesh, (struct mesh_record){.member = MEMBERS,
							.sequence = 2,
							.identity = 60,
							.wg_key = 70});
	struct wg_directory_entry e = talk_entry(o->b);
	bool more = true;

	talk();
	memset(said, 0, sizeof(said));
	load(&from, o);
	talk_hash(&from);
	wg_exchange_pass(x[0], &e);
	while (more)
		more = say(&to, 0) | say(&from, 1);
	talk_hash(&to);
	assert_int_equal(said[0][WG_FRAME_ITEM], o->len + WG_FRAME_HEAD);
	assert_int_equal(said[0][WG_FRAME_HAVE] + said[1][WG_FRAME_HAVE], 0);
	assert_memory_equal(from.map.hash, to.map.hash, WG_DIRECTORY_HASH);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_sync),
		cmocka_unit_test(test_equal_maps),
		cmocka_unit_test(test_one_record),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
