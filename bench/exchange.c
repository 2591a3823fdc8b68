/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange.sync, exchange.news and exchange.flood: what connections between
 * members of a mesh cost, without signatures and hashes.
 *
 * sync: an empty member gets the whole map of 4,096 members and three hubs;
 * what stands beside it, of 512, shows whether an item costs more where there
 * are more.  news: one new record to one connection of such a map, as each of
 * a hub's has it.  flood: entries that nobody has, in the worst order, until
 * there is room for no more, and as many again.  Processor time, the best of
 * three runs.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/core/tests/talk.h"

#define MANY 4096
#define FEW 512
#define HUBS 3
#define RUNS 3
#define NEWS 20000

static struct mesh mesh;
static struct wg_exchange *x[2];
static uint8_t buf[WG_FRAME_MAX];
static uint64_t bytes;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double best(double a, double b)
{
	return a && a < b ? a : b;
}

/* --- a mesh of so many members */

static bool take(struct talk *t, const struct wg_offer *o)
{
	struct wg_offer_checks checks;

	if (wg_directory_offer(t->dir, o, &checks) != WG_OFFERED_VERIFY)
		return false;
	wg_directory_put(t->dir, o);
	return true;
}

static void make_member(uint32_t i)
{
	struct mesh_certificate c = {.member = i, .serial = 1};
	uint32_t hub;

	c.flags = i <= HUBS ? WG_ITEM_FLAG_HUB : WG_ITEM_FLAG_INVITE;
	c.key = i <= HUBS ? 10 + i : 50;
	mesh_certificate(&mesh, c);
	for (hub = 1; hub <= HUBS && i > HUBS; hub++)
		mesh_witness(&mesh, (struct mesh_witness){i, hub, 50, 60,
							  10 + hub, 0, 0});
	mesh_record(&mesh,
		    (struct mesh_record){.member = i,
					 .sequence = 1,
					 .identity = i <= HUBS ? 10 + i : 60,
					 .wg_key = 70});
}

static void fill(struct talk *t, uint32_t members)
{
	struct wg_offer offer;
	uint32_t i;
	size_t k;

	for (i = 1; i <= members; i++)
		make_member(i);
	talk_init(t, 1, MANY);
	for (k = 0; k < mesh.n; k++) {
		offer = talk_offer(mesh.item[k].b, mesh.item[k].len);
		if (!take(t, &offer))
			abort();
	}
	talk_hash(t);
}

/* --- talking */

static void hear(struct talk *t, unsigned side)
{
	struct wg_exchange_heard heard;
	enum wg_exchange_news news;
	struct wg_offer offer;

	while ((news = wg_exchange_next(x[side], 0, &heard))) {
		assert(news != WG_EXCHANGE_END);
		if (news != WG_EXCHANGE_ITEM)
			continue;
		offer = talk_offer(heard.item.b, heard.item.len);
		wg_exchange_judged(x[side], take(t, &offer)
						    ? WG_EXCHANGE_PUT
						    : WG_EXCHANGE_NOT_PUT);
	}
}

static void push(struct talk *t, unsigned side, const uint8_t *b, size_t len)
{
	uint8_t *space;
	size_t room, n;

	for (; len; b += n, len -= n) {
		space = wg_exchange_space(x[side], &room);
		n = len < room ? len : room;
		memcpy(space, b, n);
		wg_exchange_filled(x[side], n);
		hear(t, side);
	}
}

static bool say(unsigned side, struct talk *to)
{
	size_t len = wg_exchange_say(x[side], 0, buf, sizeof(buf));

	bytes += len;
	push(to, !side, buf, len);
	return len;
}

static void talk(struct talk *a, struct talk *b)
{
	bool more = true;

	x[0] = talk_connect(a, 2, 0);
	x[1] = talk_connect(b, 1, 0);
	while (more)
		more = say(0, b) | say(1, a);
	talk_hash(b);
	if (memcmp(a->map.hash, b->map.hash, WG_DIRECTORY_HASH) != 0)
		abort();
}

static void stop(void)
{
	wg_exchange_delete(&x[0]);
	wg_exchange_delete(&x[1]);
}

/* --- measures */

struct result {
	double sync, news; /* us an item, us a record */
	size_t items;
};

static double news_once(struct talk *a, struct talk *b)
{
	struct wg_directory_cursor at = {.stage = 3};
	struct wg_directory_entry e;
	double from = now_us();
	size_t i;

	/* a record that the map has: the other end knows it already */
	for (i = 0; i < NEWS; i++) {
		if (!wg_directory_next(a->dir, &at, &e)) {
			at = (struct wg_directory_cursor){.stage = 3};
			continue;
		}
		wg_exchange_pass(x[0], &e);
		say(0, b);
	}
	return (now_us() - from) / NEWS;
}

static struct result run(uint32_t members)
{
	struct result r = {};
	struct talk a, b;
	double from;
	unsigned i;

	fill(&a, members);
	r.items = mesh.n;
	for (i = 0; i < RUNS; i++) {
		talk_init(&b, 2, MANY);
		bytes = 0;
		from = now_us();
		talk(&a, &b);
		r.sync = best(r.sync, (now_us() - from) / r.items);
		r.news = best(r.news, news_once(&a, &b));
		stop();
		talk_end(&b);
	}
	talk_end(&a);
	mesh_free(&mesh);
	return r;
}

static void flood_entries(struct talk *t, size_t from)
{
	static uint8_t frame[WG_FRAME_MAX];
	struct wg_directory_entry e = {.kind = WG_ITEM_IS_CERTIFICATE};
	struct wg_frame f = {.kind = WG_FRAME_HAVE};
	size_t i;

	f.entries.b = buf;
	f.entries.n = WG_FRAME_ENTRIES;
	for (i = 0; i < WG_FRAME_ENTRIES; i++) {
		e.member = 1 + (from + i) % MANY;
		e.version = UINT32_MAX - (from + i);
		wg_directory_entry_encode(&e, buf + i * WG_DIRECTORY_ENTRY);
	}
	push(t, 0, frame, wg_frame_encode(&f, frame));
}

/* us an entry */
static double flood(void)
{
	size_t n = 2 * WG_EXCHANGE_SET_MAX / WG_FRAME_ENTRIES, i;
	struct talk a, b;
	double us = 0, from;
	unsigned k;

	for (k = 0; k < RUNS; k++) {
		talk_init(&a, 1, MANY);
		talk_init(&b, 2, MANY);
		talk(&a, &b);
		from = now_us();
		for (i = 0; i < n; i++)
			flood_entries(&a, i * WG_FRAME_ENTRIES);
		us = best(us, (now_us() - from) / n / WG_FRAME_ENTRIES);
		stop();
		talk_end(&a);
		talk_end(&b);
	}
	return us;
}

int main(void)
{
	struct result few = run(FEW), many = run(MANY);

	printf("{\"bench\": \"exchange.sync\", \"value\": %.2f, \"unit\": "
	       "\"us/item\", \"goal\": null, \"reference\": %.2f, \"how\": "
	       "\"both ends, %zu items of %d members from one to an empty one, "
	       "without signatures; reference: %d members\"}\n",
	       many.sync, few.sync, many.items, MANY, FEW);
	printf("{\"bench\": \"exchange.news\", \"value\": %.2f, \"unit\": "
	       "\"us/record\", \"goal\": null, \"reference\": %.2f, \"how\": "
	       "\"one record of %d members over one connection, both ends; "
	       "reference: of %d members\"}\n",
	       many.news, few.news, MANY, FEW);
	printf("{\"bench\": \"exchange.flood\", \"value\": %.2f, \"unit\": "
	       "\"us/entry\", \"goal\": null, \"reference\": null, \"how\": "
	       "\"%d entries of 29 bytes that nobody has, in no order, half of "
	       "them over the bound\"}\n",
	       flood(), 2 * WG_EXCHANGE_SET_MAX);
	return 0;
}
