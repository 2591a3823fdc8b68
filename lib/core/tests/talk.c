/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/talk.h"

#include <assert.h>
#include <stdlib.h>

static void hash(const uint8_t *b, size_t len, uint8_t ret[WG_DIRECTORY_HASH])
{
	uint64_t one = 0xcbf29ce484222325, two = 0x9e3779b97f4a7c15;
	size_t i;

	for (i = 0; i < len; i++) {
		one = (one ^ b[i]) * 0x100000001b3;
		two = (two ^ b[i]) * 0xc6a4a7935bd1e995;
		two ^= two >> 29;
	}
	wg_item_put(ret, one ^ one >> 31, 8);
	wg_item_put(ret + 8, two, 8);
}

void talk_hash(struct talk *t)
{
	size_t n = wg_directory_count(t->dir) * WG_DIRECTORY_ENTRY;
	uint8_t *entries = malloc(n + 1);

	if (!entries)
		abort();
	wg_directory_entries(t->dir, entries);
	hash(entries, n, t->map.hash);
	free(entries);
}

void talk_init(struct talk *t, uint32_t number, size_t maximum)
{
	struct wg_directory_conf conf = mesh_conf(maximum);

	t->number = number;
	t->dir = wg_directory_new(&conf);
	t->map.dir = t->dir;
	t->bounds = wg_bounds_new();
	talk_hash(t);
}

void talk_end(struct talk *t)
{
	wg_directory_delete(&t->dir);
	wg_bounds_delete(&t->bounds);
}

struct wg_exchange *talk_connect(const struct talk *t, uint32_t other,
				 int64_t now)
{
	struct wg_exchange_conf conf = {&t->map, t->number, other};

	return wg_exchange_new(&conf, now);
}

struct wg_offer talk_offer(const uint8_t *b, size_t len)
{
	struct wg_offer offer = {.b = b, .len = len};

	hash(b, len, offer.hash);
	return offer;
}

struct wg_directory_entry talk_entry(const uint8_t *item)
{
	struct wg_directory_entry e;

	wg_directory_entry_of(item, &e);
	hash(item, wg_item_len(item), e.hash);
	return e;
}

enum wg_exchange_judgement talk_take(struct talk *t, const struct wg_bounded *w,
				     int64_t now)
{
	struct wg_offer_checks checks;

	if (wg_directory_offer(t->dir, &w->offer, &checks) != WG_OFFERED_VERIFY)
		return WG_EXCHANGE_NOT_PUT;
	if (w->source && !wg_bounds_admit(t->bounds, w, now))
		return WG_EXCHANGE_NOT_PUT;
	if (mesh_offer(t->dir, &w->offer, NULL) == MESH_FORGED)
		return WG_EXCHANGE_IS_FORGED;
	wg_bounds_put(t->bounds, &w->offer, now);
	return WG_EXCHANGE_PUT;
}

bool talk_has(const struct talk *t, const uint8_t *item)
{
	struct wg_directory_entry e = talk_entry(item);

	return wg_directory_find(t->dir, &e);
}
