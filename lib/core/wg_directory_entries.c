/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the map holds, item by item, and its entries.
 *
 * Two maps that have the same entries have the same items, since an entry has
 * the item's hash; so members compare one hash over all of them, sorted, and
 * only if that differs the entries.  The hash is made by the caller, of the
 * bytes that this file writes: the core has no cryptography, and a function
 * handed in for one call would hide who calls whom.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/core/wg_directory_state.h"

const uint8_t *wg_directory_list(const struct wg_directory *dir)
{
	return dir->list.b;
}

size_t wg_directory_members(const struct wg_directory *dir)
{
	return dir->n;
}

uint32_t wg_directory_member(const struct wg_directory *dir, size_t i)
{
	assert(i < dir->n);
	return dir->member[i]->number;
}

void wg_directory_who(const struct wg_directory *dir, uint32_t member,
		      struct wg_directory_who *ret)
{
	const struct wg_mapped *m = wg_directory_get(dir, member);
	const struct wg_held *newest, *present;
	const uint8_t *key = NULL;

	*ret = (struct wg_directory_who){};
	if (!m)
		return;
	newest = &m->certificates.at[m->certificates.n - 1];
	present = wg_directory_present(m, &ret->identity);
	ret->newest = newest->b;
	ret->present = present ? present->b : NULL;
	ret->record = m->record.b;
	ret->hub = wg_directory_hub(dir, member);
	ret->votes = wg_directory_identity(m, newest, &key);
	/* it names its identity itself: nobody voted */
	if (!(wg_item_number(newest->b, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE))
		ret->votes = WG_VOTES_NONE;
}

/* --- one by one */

/* The K-th of the I-th of a stage; moves on to the next I, or stage. */
static const struct wg_held *item_at(const struct wg_directory *dir,
				     const struct wg_directory_cursor *c)
{
	const struct wg_mapped *m = c->i < dir->n ? dir->member[c->i] : NULL;

	switch (c->stage) {
	case 0:
		return c->i == 0 && c->k < dir->authorities.n
			       ? &dir->authorities.at[c->k]
			       : NULL;
	case 1:
		return m && c->k < m->certificates.n ? &m->certificates.at[c->k]
						     : NULL;
	case 2:
		return m && c->k < m->witnesses.n ? &m->witnesses.at[c->k]
						  : NULL;
	case 3:
		return m && c->k == 0 && m->record.b ? &m->record : NULL;
	default:
		return c->i == 0 && c->k == 0 && dir->list.b ? &dir->list
							     : NULL;
	}
}

#define STAGES 5

const uint8_t *wg_directory_next(const struct wg_directory *dir,
				 struct wg_directory_cursor *cursor,
				 struct wg_directory_entry *ret_entry)
{
	struct wg_directory_cursor *c = cursor;
	const struct wg_held *h = NULL;

	while (c->stage < STAGES && !(h = item_at(dir, c))) {
		c->k = 0;
		if (c->i++ < dir->n)
			continue;
		c->i = 0;
		c->stage++;
	}
	if (!h)
		return NULL;
	c->k++;
	wg_directory_entry_of(h->b, ret_entry);
	memcpy(ret_entry->hash, h->hash, sizeof(h->hash));
	return h->b;
}

void wg_directory_entry_of(const uint8_t *item, struct wg_directory_entry *ret)
{
	*ret = (struct wg_directory_entry){
		.kind = wg_item_kind(item),
		.member = wg_item_number(item, WG_ITEM_MEMBER),
		.version = wg_item_version(item),
	};
}

/* Stages go by kind, but authorities are first. */
static unsigned stage_of(uint8_t kind)
{
	switch (kind) {
	case WG_ITEM_IS_AUTHORITY:
		return 0;
	case WG_ITEM_IS_CERTIFICATE:
		return 1;
	case WG_ITEM_IS_WITNESS:
		return 2;
	case WG_ITEM_IS_RECORD:
		return 3;
	case WG_ITEM_IS_LIST:
		return 4;
	default:
		return STAGES;
	}
}

int wg_directory_entry_cmp(const struct wg_directory_entry *a,
			   const struct wg_directory_entry *b)
{
	unsigned sa = stage_of(a->kind), sb = stage_of(b->kind);

	if (sa != sb)
		return sa < sb ? -1 : 1;
	if (a->member != b->member)
		return a->member < b->member ? -1 : 1;
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->hash, b->hash, sizeof(a->hash));
}

void wg_directory_seek(const struct wg_directory *dir,
		       const struct wg_directory_entry *e,
		       struct wg_directory_cursor *ret)
{
	struct wg_directory_cursor at = {.stage = stage_of(e->kind)};
	struct wg_directory_entry there;

	if (at.stage > 0 && at.stage < STAGES - 1)
		at.i = wg_directory_first(dir, e->member);
	do
		*ret = at;
	while (wg_directory_next(dir, &at, &there) &&
	       wg_directory_entry_cmp(&there, e) < 0);
}

const uint8_t *wg_directory_find(const struct wg_directory *dir,
				 const struct wg_directory_entry *e)
{
	struct wg_directory_cursor at;
	struct wg_directory_entry there;
	const uint8_t *item;

	wg_directory_seek(dir, e, &at);
	item = wg_directory_next(dir, &at, &there);
	return item && wg_directory_entry_cmp(&there, e) == 0 ? item : NULL;
}

size_t wg_directory_count(const struct wg_directory *dir)
{
	size_t i, n = dir->authorities.n + !!dir->list.b;

	for (i = 0; i < dir->n; i++)
		n += dir->member[i]->certificates.n +
		     dir->member[i]->witnesses.n + !!dir->member[i]->record.b;
	return n;
}

void wg_directory_entry_encode(const struct wg_directory_entry *e, uint8_t *b)
{
	b = wg_item_put(b, e->kind, 1);
	b = wg_item_put(b, e->member, 4);
	b = wg_item_put(b, e->version, 8);
	memcpy(b, e->hash, sizeof(e->hash));
}

void wg_directory_entry_decode(const uint8_t *b, struct wg_directory_entry *ret)
{
	*ret = (struct wg_directory_entry){b[0], wg_item_get(b + 1, 4),
					   wg_item_get(b + 5, 8)};
	memcpy(ret->hash, b + 13, sizeof(ret->hash));
}

static int entry_cmp(const void *a, const void *b)
{
	return memcmp(a, b, WG_DIRECTORY_ENTRY);
}

void wg_directory_entries(const struct wg_directory *dir, uint8_t *ret)
{
	struct wg_directory_cursor c = {};
	struct wg_directory_entry e;
	size_t n = 0;

	while (wg_directory_next(dir, &c, &e))
		wg_directory_entry_encode(&e, ret + WG_DIRECTORY_ENTRY * n++);
	assert(n == wg_directory_count(dir));
	qsort(ret, n, WG_DIRECTORY_ENTRY, entry_cmp);
}

/* --- invariants */

static void check_held(const struct wg_directory *dir, const struct wg_held *h)
{
	const uint8_t *signer = wg_directory_signer(dir, h->b);

	assert(wg_item_check(h->b, wg_item_len(h->b)) == WG_ITEM_OK);
	assert(signer && wg_key_eq(signer, h->signer));
	assert(h->version == wg_item_version(h->b));
}

static void check_member(const struct wg_directory *dir,
			 const struct wg_mapped *m)
{
	const struct wg_held *certain = wg_directory_certain(m);
	size_t i, k, same;

	assert(m->certificates.n);
	assert(!certain || certain == m->certificates.at);
	for (i = 0; i < m->certificates.n; i++) {
		check_held(dir, &m->certificates.at[i]);
		assert(!wg_directory_is_void(dir, m->certificates.at[i].b));
		assert(i == 0 || m->certificates.at[i - 1].version <
					 m->certificates.at[i].version);
	}
	for (i = 0; i < m->witnesses.n; i++) {
		const struct wg_held *w = &m->witnesses.at[i];

		check_held(dir, w);
		assert(wg_directory_is_invited(m, wg_witness_key(w->b)));
		for (k = same = 0; k < m->witnesses.n; k++)
			same += m->witnesses.at[k].version == w->version &&
				wg_key_eq(wg_witness_key(m->witnesses.at[k].b),
					  wg_witness_key(w->b));
		assert(same <= 2);
	}
	if (m->record.b)
		check_held(dir, &m->record);
}

void wg_directory_check(const struct wg_directory *dir)
{
	size_t i;

	assert(dir->n <= dir->conf.maximum);
	for (i = 0; i < dir->authorities.n; i++)
		check_held(dir, &dir->authorities.at[i]);
	if (dir->list.b)
		check_held(dir, &dir->list);
	for (i = 0; i < dir->n; i++) {
		assert(i == 0 ||
		       dir->member[i - 1]->number < dir->member[i]->number);
		check_member(dir, dir->member[i]);
	}
}
