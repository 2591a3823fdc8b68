/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sorted array: by kind in the order in which members can check them (A C
 * W R L), then by whom the item is about, then by its version.  So the newest
 * of a slot is the last of its row, and a file is the array written down.
 *
 * Files come from the keeper's own disk, and at `recover` from any member,
 * which may be a liar: it can leave items out and add old ones, no more.
 * Nothing is put that is not of this mesh and signed by whom it says, and of
 * two the newer counts, whatever the order they came in.  Since a certificate
 * may stand before its authority, a file is read in rounds, one for each kind.
 *
 * Invariant, after settle: of each slot there is what section "Map" of the
 * design holds: each A; the newest L; of C the newest, and the newest with an
 * identity; W of an invite that a C here names.
 */
#include "wgd-mesh/mesh_store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_sign.h"

/* The order of kinds in a file. */
static const uint8_t ranks[] = {WG_ITEM_IS_AUTHORITY, WG_ITEM_IS_CERTIFICATE,
				WG_ITEM_IS_WITNESS, WG_ITEM_IS_RECORD,
				WG_ITEM_IS_LIST};
#define RANKS sizeof(ranks)

static unsigned rank_of(uint8_t kind)
{
	unsigned i = 0;

	while (i < RANKS && ranks[i] != kind)
		i++;
	return i;
}

/* Of two in a slot the higher is newer; W: by hub, and then by hash. */
static int cmp(const uint8_t *a, const uint8_t *b)
{
	uint8_t ha[WG_ITEM_HASH_LEN], hb[WG_ITEM_HASH_LEN];
	uint64_t x[3] = {rank_of(wg_item_kind(a)),
			 wg_item_number(a, WG_ITEM_MEMBER), wg_item_version(a)};
	uint64_t y[3] = {rank_of(wg_item_kind(b)),
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

		c = cmp(s->items[mid], item);
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
		unsigned rank = rank_of(wg_item_kind(it));

		if (rank < rank_of(kind) ||
		    (rank == rank_of(kind) &&
		     wg_item_number(it, WG_ITEM_MEMBER) <= member))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
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

bool mesh_store_is_void(const struct mesh_store *s, const uint8_t *c)
{
	uint32_t by = wg_item_number(c, WG_ITEM_AUTHORITY_NUMBER);
	const uint8_t *list = mesh_store_list(s);
	uint32_t listed =
		list ? wg_item_number(list, WG_ITEM_AUTHORITY_NUMBER) : 0;
	size_t i;

	if (wg_item_number(c, WG_ITEM_SERIAL) <
	    mesh_store_revoked(s, wg_item_number(c, WG_ITEM_MEMBER)))
		return true;
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

uint64_t mesh_store_time(const struct mesh_store *s)
{
	uint64_t latest = 0, t;
	size_t i;

	for (i = 0; i < s->n_items; i++) {
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

/* The hub's key, if it is one and not revoked. */
static const uint8_t *hub_key(const struct mesh_store *s, uint32_t hub)
{
	const uint8_t *c = mesh_store_certificate(s, hub);

	return c && is_hub(c) && !mesh_store_is_void(s, c)
		       ? wg_item_bytes(c, WG_ITEM_KEY)
		       : NULL;
}

/* The succession in a witness. */
static const uint8_t *succession(const uint8_t *w)
{
	return wg_item_bytes(w, WG_ITEM_SUCCESSION);
}

static bool is_for(const uint8_t *w, const uint8_t *certificate)
{
	return memcmp(wg_item_bytes(succession(w), WG_ITEM_KEY),
		      wg_item_bytes(certificate, WG_ITEM_KEY), WG_KEY_LEN) == 0;
}

static bool is_same_hub(const uint8_t *a, const uint8_t *b)
{
	return wg_item_number(a, WG_ITEM_HUB) == wg_item_number(b, WG_ITEM_HUB);
}

/* May it vote: of a hub in office that has no other one for this invite? */
static bool votes(const struct mesh_store *s, size_t from, size_t to, size_t i)
{
	const uint8_t *w = s->items[i];
	size_t k;

	if (!hub_key(s, wg_item_number(w, WG_ITEM_HUB)))
		return false;
	for (k = from; k < to; k++)
		if (k != i && is_same_hub(s->items[k], w) &&
		    memcmp(wg_item_bytes(succession(s->items[k]), WG_ITEM_KEY),
			   wg_item_bytes(succession(w), WG_ITEM_KEY),
			   WG_KEY_LEN) == 0)
			return false;
	return true;
}

const uint8_t *mesh_store_identity(const struct mesh_store *s, const uint8_t *c)
{
	uint32_t member = wg_item_number(c, WG_ITEM_MEMBER);
	size_t to = behind(s, WG_ITEM_IS_WITNESS, member), from = to, i, k;
	const uint8_t *best = NULL;
	unsigned most = 0;
	bool tie = false;

	if (!(wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE))
		return wg_item_bytes(c, WG_ITEM_KEY);
	while (from && wg_item_kind(s->items[from - 1]) == WG_ITEM_IS_WITNESS &&
	       wg_item_number(s->items[from - 1], WG_ITEM_MEMBER) == member)
		from--;
	for (i = from; i < to; i++) {
		const uint8_t *id = wg_item_bytes(succession(s->items[i]),
						  WG_ITEM_IDENTITY);
		unsigned n = 0;

		if (!is_for(s->items[i], c))
			continue;
		for (k = from; k < to; k++)
			n += votes(s, from, to, k) && is_for(s->items[k], c) &&
			     memcmp(id,
				    wg_item_bytes(succession(s->items[k]),
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

/* --- reading */

/* Is it by whom it says, as far as is known by now? */
static bool is_signed(const struct mesh_store *s, const uint8_t *it)
{
	const uint8_t *key = NULL, *c;

	switch (wg_item_kind(it)) {
	case WG_ITEM_IS_AUTHORITY:
		key = s->recovery.b;
		break;
	case WG_ITEM_IS_CERTIFICATE:
	case WG_ITEM_IS_LIST:
		key = mesh_store_authority_key(
			s, wg_item_number(it, WG_ITEM_AUTHORITY_NUMBER));
		break;
	case WG_ITEM_IS_WITNESS:
		if (wg_sign_verify_own(succession(it)))
			return false;
		key = hub_key(s, wg_item_number(it, WG_ITEM_HUB));
		break;
	case WG_ITEM_IS_RECORD:
		c = mesh_store_certificate(s,
					   wg_item_number(it, WG_ITEM_MEMBER));
		key = c ? mesh_store_identity(s, c) : NULL;
		break;
	}
	return key && !wg_sign_verify(it, WG_ITEM_SIGNATURE, key);
}

/* In which round is a kind taken: L before W, for it says who is no hub. */
static const uint8_t rounds[] = {WG_ITEM_IS_AUTHORITY, WG_ITEM_IS_CERTIFICATE,
				 WG_ITEM_IS_LIST, WG_ITEM_IS_WITNESS,
				 WG_ITEM_IS_RECORD};

static bool is_ours(const struct mesh_store *s, const uint8_t *it)
{
	const uint8_t *mesh = wg_item_bytes(it, WG_ITEM_MESH);

	return !mesh || memcmp(mesh, s->mesh, sizeof(s->mesh)) == 0;
}

int mesh_store_read(struct mesh_store *s, const char *name,
		    const struct mesh_bytes *bytes, struct mesh_reading *ret,
		    struct mesh_why *why)
{
	const uint8_t *b = (const uint8_t *)bytes->b;
	struct mesh_reading r = {0};
	size_t at, n, round;

	for (at = 0; at < bytes->len; at += n) {
		enum wg_item_fault fault;

		n = wg_item_split(b + at, bytes->len - at);
		fault = wg_item_check(b + at, n ? n : bytes->len - at);
		if (fault != WG_ITEM_OK)
			return mesh_because(
				why, -EINVAL,
				"%s: item %zu, at byte %zu, is none: %s", name,
				r.items + 1, at, wg_item_fault_str(fault));
		r.items++;
		if (rank_of(wg_item_kind(b + at)) == RANKS)
			r.unfit++;
		else if (!is_ours(s, b + at))
			r.foreign++;
	}
	for (round = 0; round < sizeof(rounds); round++)
		for (at = 0; at < bytes->len; at += wg_item_len(b + at)) {
			if (wg_item_kind(b + at) != rounds[round] ||
			    !is_ours(s, b + at))
				continue;
			if (is_signed(s, b + at))
				mesh_store_put(s, b + at);
			else
				r.forged++;
		}
	*ret = r;
	return 0;
}

/* --- what goes, and the file */

/* Is the C, which is not its member's newest, the newest with an identity? */
static bool is_present(const struct mesh_store *s, size_t i)
{
	uint32_t member = wg_item_number(s->items[i], WG_ITEM_MEMBER);
	size_t k;

	for (k = i + 1; k < behind(s, WG_ITEM_IS_CERTIFICATE, member); k++)
		if (mesh_store_identity(s, s->items[k]))
			return false;
	return mesh_store_identity(s, s->items[i]);
}

static bool is_held(const struct mesh_store *s, size_t i)
{
	const uint8_t *it = s->items[i];
	uint32_t member = wg_item_number(it, WG_ITEM_MEMBER);
	size_t k;

	switch (wg_item_kind(it)) {
	case WG_ITEM_IS_CERTIFICATE:
		return it == mesh_store_certificate(s, member) ||
		       is_present(s, i);
	case WG_ITEM_IS_WITNESS:
		k = behind(s, WG_ITEM_IS_CERTIFICATE, member);
		for (;
		     k &&
		     wg_item_kind(s->items[k - 1]) == WG_ITEM_IS_CERTIFICATE &&
		     wg_item_number(s->items[k - 1], WG_ITEM_MEMBER) == member;
		     k--)
			if (is_for(it, s->items[k - 1]))
				return true;
		return false;
	case WG_ITEM_IS_LIST:
		return it == mesh_store_list(s);
	case WG_ITEM_IS_RECORD:
		return it == mesh_store_record(s, member);
	}
	return true;
}

static void drop(struct mesh_store *s, uint8_t kind)
{
	size_t i, n = 0;
	bool *held = calloc(s->n_items + 1, sizeof(*held));

	assert(held);
	/* decided for all, before the first goes */
	for (i = 0; i < s->n_items; i++)
		held[i] = wg_item_kind(s->items[i]) != kind || is_held(s, i);
	for (i = 0; i < s->n_items; i++)
		if (held[i])
			s->items[n++] = s->items[i];
		else
			free(s->items[i]);
	s->n_items = n;
	free(held);
	/* the array's room is asked for at powers of two */
	for (i = 1; i <= n;)
		i *= 2;
	s->items = realloc(s->items, i * sizeof(*s->items));
	assert(s->items);
}

void mesh_store_settle(struct mesh_store *s)
{
	/* certificates first: witnesses are held for them */
	drop(s, WG_ITEM_IS_CERTIFICATE);
	drop(s, WG_ITEM_IS_WITNESS);
	drop(s, WG_ITEM_IS_RECORD);
	drop(s, WG_ITEM_IS_LIST);
}

void mesh_store_bytes(const struct mesh_store *s, struct mesh_bytes *ret)
{
	struct mesh_bytes out = {0};
	size_t i;

	for (i = 0; i < s->n_items; i++)
		out.len += wg_item_len(s->items[i]);
	out.b = malloc(out.len + 1);
	assert(out.b);
	out.len = 0;
	for (i = 0; i < s->n_items; i++) {
		size_t len = wg_item_len(s->items[i]);

		if (wg_item_kind(s->items[i]) == WG_ITEM_IS_RECORD)
			continue;
		memcpy(out.b + out.len, s->items[i], len);
		out.len += len;
	}
	out.b[out.len] = '\0';
	*ret = out;
}
