/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sorted array: by kind in the order in which members can check them (A C
 * W R L), then by whom the item is about, then by its version.  So the newest
 * of a slot is the last of its row, and a file is the array written down.
 */
#include "wgd-mesh/mesh_store_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_sign.h"

/* The order of kinds in a file. */
static const uint8_t ranks[MESH_RANKS] = {
	WG_ITEM_IS_AUTHORITY, WG_ITEM_IS_CERTIFICATE, WG_ITEM_IS_WITNESS,
	WG_ITEM_IS_RECORD, WG_ITEM_IS_LIST};

unsigned mesh_store_rank(uint8_t kind)
{
	unsigned i = 0;

	while (i < MESH_RANKS && ranks[i] != kind)
		i++;
	return i;
}

/* Of two in a slot the higher is newer; W: by hub, and then by hash. */
int mesh_store_cmp(const uint8_t *a, const uint8_t *b)
{
	uint8_t ha[WG_ITEM_HASH_LEN], hb[WG_ITEM_HASH_LEN];
	uint64_t x[3] = {mesh_store_rank(wg_item_kind(a)),
			 wg_item_number(a, WG_ITEM_MEMBER), wg_item_version(a)};
	uint64_t y[3] = {mesh_store_rank(wg_item_kind(b)),
			 wg_item_number(b, WG_ITEM_MEMBER), wg_item_version(b)};
	unsigned i;

	for (i = 0; i < 3; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	wg_sign_hash(a, ha);
	wg_sign_hash(b, hb);
	/* of one version the lowest hash counts, so it is the later one */
	return memcmp(hb, ha, sizeof(ha));
}

void mesh_store_init(struct mesh_store *s, const struct wg_key *first,
		     const struct wg_key *recovery)
{
	*s = (struct mesh_store){.first = *first, .recovery = *recovery};
	wg_sign_mesh(first->b, recovery->b, s->mesh);
}

void mesh_store_free(struct mesh_store *s)
{
	size_t i;

	for (i = 0; i < s->n_items; i++)
		free(s->items[i]);
	free(s->items);
	s->items = NULL;
	s->n_items = 0;
}

const uint8_t *mesh_store_put(struct mesh_store *s, const uint8_t *item)
{
	size_t low = 0, high = s->n_items, len = wg_item_len(item);
	uint8_t *copy;
	int c;

	while (low < high) {
		size_t mid = (low + high) / 2;

		c = mesh_store_cmp(s->items[mid], item);
		if (c == 0)
			return s->items[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if ((s->n_items & (s->n_items - 1)) == 0)
		s->items = realloc(s->items,
				   (2 * s->n_items + 1) * sizeof(*s->items));
	copy = malloc(len);
	assert(s->items && copy);
	memcpy(copy, item, len);
	memmove(s->items + low + 1, s->items + low,
		(s->n_items++ - low) * sizeof(*s->items));
	s->items[low] = copy;
	return copy;
}

/* --- finding */

/* The index behind the last of the kind and member. */
static size_t behind(const struct mesh_store *s, uint8_t kind, uint32_t member)
{
	size_t low = 0, high = s->n_items;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const uint8_t *it = s->items[mid];
		unsigned rank = mesh_store_rank(wg_item_kind(it));

		if (rank < mesh_store_rank(kind) ||
		    (rank == mesh_store_rank(kind) &&
		     wg_item_number(it, WG_ITEM_MEMBER) <= member))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t mesh_store_row(const struct mesh_store *s, uint8_t kind, uint32_t member,
		      size_t *ret_end)
{
	assert(member);
	*ret_end = behind(s, kind, member);
	return behind(s, kind, member - 1);
}

static const uint8_t *last(const struct mesh_store *s, uint8_t kind,
			   uint32_t member)
{
	size_t i = behind(s, kind, member);

	if (!i || wg_item_kind(s->items[i - 1]) != kind ||
	    wg_item_number(s->items[i - 1], WG_ITEM_MEMBER) != member)
		return NULL;
	return s->items[i - 1];
}

const uint8_t *mesh_store_list(const struct mesh_store *s)
{
	return last(s, WG_ITEM_IS_LIST, 0);
}

const uint8_t *mesh_store_authority(const struct mesh_store *s)
{
	return last(s, WG_ITEM_IS_AUTHORITY, 0);
}

const uint8_t *mesh_store_certificate(const struct mesh_store *s,
				      uint32_t member)
{
	return last(s, WG_ITEM_IS_CERTIFICATE, member);
}

const uint8_t *mesh_store_record(const struct mesh_store *s, uint32_t member)
{
	return last(s, WG_ITEM_IS_RECORD, member);
}

const uint8_t *mesh_store_next(const struct mesh_store *s, size_t *at)
{
	for (; *at < s->n_items; (*at)++) {
		const uint8_t *it = s->items[*at];

		if (wg_item_kind(it) == WG_ITEM_IS_CERTIFICATE &&
		    it == mesh_store_certificate(
				  s, wg_item_number(it, WG_ITEM_MEMBER)))
			return s->items[(*at)++];
	}
	return NULL;
}

const uint8_t *mesh_store_authority_key(const struct mesh_store *s,
					uint32_t number)
{
	size_t i;

	if (!number)
		return s->first.b;
	for (i = 0; i < s->n_items &&
		    wg_item_kind(s->items[i]) == WG_ITEM_IS_AUTHORITY;
	     i++)
		if (wg_item_number(s->items[i], WG_ITEM_AUTHORITY_NUMBER) ==
		    number)
			return wg_item_bytes(s->items[i],
					     WG_ITEM_AUTHORITY_KEY);
	return NULL;
}

uint32_t mesh_store_revoked(const struct mesh_store *s, uint32_t member)
{
	const uint8_t *list = mesh_store_list(s);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	uint32_t serial = 0;
	size_t at;

	if (!list)
		return 0;
	wg_item_each (list, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		if (v.revoked.member == member && v.revoked.serial > serial)
			serial = v.revoked.serial;
	}
	return serial;
}

bool mesh_store_is_disowned(const struct mesh_store *s, const uint8_t *c)
{
	uint32_t by = wg_item_number(c, WG_ITEM_AUTHORITY_NUMBER);
	const uint8_t *list = mesh_store_list(s);
	uint32_t listed =
		list ? wg_item_number(list, WG_ITEM_AUTHORITY_NUMBER) : 0;
	size_t i;

	for (i = 0; i < s->n_items &&
		    wg_item_kind(s->items[i]) == WG_ITEM_IS_AUTHORITY;
	     i++) {
		const uint8_t *a = s->items[i];
		uint32_t number = wg_item_number(a, WG_ITEM_AUTHORITY_NUMBER);

		if (number > by && number <= listed &&
		    (wg_item_number(a, WG_ITEM_FLAGS) & WG_ITEM_FLAG_VOID))
			return true;
	}
	return false;
}

bool mesh_store_is_void(const struct mesh_store *s, const uint8_t *c)
{
	return wg_item_number(c, WG_ITEM_SERIAL) <
		       mesh_store_revoked(s,
					  wg_item_number(c, WG_ITEM_MEMBER)) ||
	       mesh_store_is_disowned(s, c);
}

uint64_t mesh_store_time(const struct mesh_store *s)
{
	uint64_t latest = 0, t;
	size_t i;

	for (i = 0; i < s->n_items; i++) {
		if (wg_item_kind(s->items[i]) == WG_ITEM_IS_CERTIFICATE &&
		    mesh_store_is_disowned(s, s->items[i]))
			continue;
		t = wg_item_number(s->items[i], WG_ITEM_TIME);
		if (t > latest)
			latest = t;
		t = wg_item_number(s->items[i], WG_ITEM_FROM);
		if (t > latest)
			latest = t;
	}
	return latest;
}

/* --- identities */

static bool is_hub(const uint8_t *c)
{
	return wg_item_number(c, WG_ITEM_FLAGS) == WG_ITEM_FLAG_HUB;
}

/* A thief's hubs, which are disowned, are none. */
const uint8_t *mesh_store_hub_key(const struct mesh_store *s, uint32_t hub)
{
	const uint8_t *c = mesh_store_certificate(s, hub);

	return c && is_hub(c) && !mesh_store_is_void(s, c)
		       ? wg_item_bytes(c, WG_ITEM_KEY)
		       : NULL;
}

/* The succession in a witness. */
const uint8_t *mesh_store_succession(const uint8_t *w)
{
	return wg_item_bytes(w, WG_ITEM_SUCCESSION);
}

bool mesh_store_is_for(const uint8_t *w, const uint8_t *certificate)
{
	return memcmp(wg_item_bytes(mesh_store_succession(w), WG_ITEM_KEY),
		      wg_item_bytes(certificate, WG_ITEM_KEY), WG_KEY_LEN) == 0;
}

bool mesh_store_is_rival(const uint8_t *a, const uint8_t *b)
{
	return wg_item_number(a, WG_ITEM_HUB) ==
		       wg_item_number(b, WG_ITEM_HUB) &&
	       memcmp(wg_item_bytes(mesh_store_succession(a), WG_ITEM_KEY),
		      wg_item_bytes(mesh_store_succession(b), WG_ITEM_KEY),
		      WG_KEY_LEN) == 0;
}

/* May it vote: of a hub in office that has no other one for this invite? */
static bool votes(const struct mesh_store *s, size_t from, size_t to, size_t i)
{
	const uint8_t *w = s->items[i];
	size_t k;

	if (!mesh_store_hub_key(s, wg_item_number(w, WG_ITEM_HUB)))
		return false;
	for (k = from; k < to; k++)
		if (k != i && mesh_store_is_rival(s->items[k], w))
			return false;
	return true;
}

const uint8_t *mesh_store_identity(const struct mesh_store *s, const uint8_t *c)
{
	uint32_t member = wg_item_number(c, WG_ITEM_MEMBER);
	size_t to, i, k,
		from = mesh_store_row(s, WG_ITEM_IS_WITNESS, member, &to);
	const uint8_t *best = NULL;
	unsigned most = 0;
	bool tie = false;

	if (!(wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE))
		return wg_item_bytes(c, WG_ITEM_KEY);
	for (i = from; i < to; i++) {
		const uint8_t *id = wg_item_bytes(
			mesh_store_succession(s->items[i]), WG_ITEM_IDENTITY);
		unsigned n = 0;

		if (!mesh_store_is_for(s->items[i], c))
			continue;
		for (k = from; k < to; k++)
			n += votes(s, from, to, k) &&
			     mesh_store_is_for(s->items[k], c) &&
			     memcmp(id,
				    wg_item_bytes(
					    mesh_store_succession(s->items[k]),
					    WG_ITEM_IDENTITY),
				    WG_KEY_LEN) == 0;
		if (n > most) {
			most = n;
			best = id;
			tie = false;
		} else if (n && n == most &&
			   memcmp(id, best, WG_KEY_LEN) != 0) {
			tie = true;
		}
	}
	return tie ? NULL : best;
}

const uint8_t *mesh_store_present(const struct mesh_store *s, uint32_t member)
{
	size_t i, from = mesh_store_row(s, WG_ITEM_IS_CERTIFICATE, member, &i);

	for (; i > from; i--)
		if (mesh_store_identity(s, s->items[i - 1]))
			return s->items[i - 1];
	return NULL;
}
