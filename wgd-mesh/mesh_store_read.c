/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files come from the keeper's own disk, and at `recover` from any member,
 * which may be a liar: it can leave items out and add old ones, no more, but
 * for a hub, which signs W and R without end, and a thief of the authority's
 * key.  Nothing is put that is not of this mesh and signed by whom it says, and
 * of two the newer counts, whatever the order they came in.  Since a
 * certificate may stand before its authority, a file is read in rounds, one for
 * each kind.  What a slot has no room for is dropped before it is verified, so
 * a hub's items cost no more than their signatures.
 *
 * Invariant, after settle: of each slot there is what a member's map holds:
 * each A; the newest L; of C the newest, and the newest with an identity; W by
 * a hub in office, of an invite that a C here names, at most two of a hub.
 */
#include "wgd-mesh/mesh_store_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_sign.h"

/* The array's room is asked for at powers of two. */
static void fit(struct mesh_store *s)
{
	size_t room = 1;

	while (room <= s->n_items)
		room *= 2;
	s->items = realloc(s->items, room * sizeof(*s->items));
	assert(s->items);
}

/* --- reading */

/* A witness by the hub that it names, which is one and not revoked. */
static bool is_by_hub(const struct mesh_store *s, const uint8_t *w)
{
	const uint8_t *key =
		mesh_store_hub_key(s, wg_item_number(w, WG_ITEM_HUB));

	return key && !wg_sign_verify(w, WG_ITEM_SIGNATURE, key);
}

/* Is it by whom it says, as far as is known by now? */
static bool is_signed(const struct mesh_store *s, const uint8_t *it)
{
	const uint8_t *key = NULL;

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
		return !wg_sign_verify_own(mesh_store_succession(it)) &&
		       is_by_hub(s, it);
	case WG_ITEM_IS_RECORD:
		key = mesh_store_hub_key(s, wg_item_number(it, WG_ITEM_MEMBER));
		break;
	}
	return key && !wg_sign_verify(it, WG_ITEM_SIGNATURE, key);
}

/* In which round is a kind taken: L before W, for it says who is no hub. */
static const uint8_t rounds[] = {WG_ITEM_IS_AUTHORITY, WG_ITEM_IS_CERTIFICATE,
				 WG_ITEM_IS_LIST, WG_ITEM_IS_WITNESS,
				 WG_ITEM_IS_RECORD};

/* Is the invite of a witness one that a certificate here names? */
static bool is_invited(const struct mesh_store *s, const uint8_t *w)
{
	size_t end, i = mesh_store_row(s, WG_ITEM_IS_CERTIFICATE,
				       wg_item_number(w, WG_ITEM_MEMBER), &end);

	while (i < end && !mesh_store_is_for(w, s->items[i]))
		i++;
	return i < end;
}

/*
 * Has the hub two others for this invite, of lower hashes?  Two are proof that
 * it lies, and a third proves no more.
 */
static bool is_surplus(const struct mesh_store *s, const uint8_t *w)
{
	size_t end, i = mesh_store_row(s, WG_ITEM_IS_WITNESS,
				       wg_item_number(w, WG_ITEM_MEMBER), &end);
	unsigned n = 0;

	/* of a hub's, the lower hash stands behind */
	for (; i < end; i++)
		n += mesh_store_is_rival(s->items[i], w) &&
		     mesh_store_cmp(s->items[i], w) > 0;
	return n >= 2;
}

/* Records of sites are none of the keeper's business. */
static bool is_wanted(const struct mesh_store *s, const uint8_t *it)
{
	const uint8_t *r;

	switch (wg_item_kind(it)) {
	case WG_ITEM_IS_WITNESS:
		return is_invited(s, it) && !is_surplus(s, it);
	case WG_ITEM_IS_RECORD:
		r = mesh_store_record(s, wg_item_number(it, WG_ITEM_MEMBER));
		return mesh_store_hub_key(s,
					  wg_item_number(it, WG_ITEM_MEMBER)) &&
		       (!r || mesh_store_cmp(r, it) < 0);
	}
	return true;
}

static bool is_ours(const struct mesh_store *s, const uint8_t *it)
{
	const uint8_t *mesh = wg_item_bytes(it, WG_ITEM_MESH);

	return !mesh || memcmp(mesh, s->mesh, sizeof(s->mesh)) == 0;
}

/* What a new witness made surplus, which is one at most. */
static void drop_surplus(struct mesh_store *s, const uint8_t *w)
{
	size_t end, i = mesh_store_row(s, WG_ITEM_IS_WITNESS,
				       wg_item_number(w, WG_ITEM_MEMBER), &end);

	while (i < end && !(mesh_store_is_rival(s->items[i], w) &&
			    is_surplus(s, s->items[i])))
		i++;
	if (i == end)
		return;
	free(s->items[i]);
	memmove(s->items + i, s->items + i + 1,
		(--s->n_items - i) * sizeof(*s->items));
	fit(s);
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
		if (mesh_store_rank(wg_item_kind(b + at)) == MESH_RANKS)
			r.unfit++;
		else if (!is_ours(s, b + at))
			r.foreign++;
	}
	for (round = 0; round < sizeof(rounds); round++)
		for (at = 0; at < bytes->len; at += wg_item_len(b + at)) {
			if (wg_item_kind(b + at) != rounds[round] ||
			    !is_ours(s, b + at) || !is_wanted(s, b + at))
				continue;
			if (!is_signed(s, b + at)) {
				r.forged++;
				continue;
			}
			mesh_store_put(s, b + at);
			if (rounds[round] == WG_ITEM_IS_WITNESS)
				drop_surplus(s, b + at);
		}
	*ret = r;
	return 0;
}

/* --- what goes, and the file */

static bool is_held(const struct mesh_store *s, size_t i)
{
	const uint8_t *it = s->items[i];
	uint32_t member = wg_item_number(it, WG_ITEM_MEMBER);

	switch (wg_item_kind(it)) {
	case WG_ITEM_IS_CERTIFICATE:
		return it == mesh_store_certificate(s, member) ||
		       it == mesh_store_present(s, member);
	case WG_ITEM_IS_WITNESS:
		return is_invited(s, it) && is_by_hub(s, it);
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
	fit(s);
}

void mesh_store_forget(struct mesh_store *s, uint32_t member)
{
	size_t i, n = 0;

	for (i = 0; i < s->n_items; i++)
		if (wg_item_kind(s->items[i]) == WG_ITEM_IS_CERTIFICATE &&
		    wg_item_number(s->items[i], WG_ITEM_MEMBER) == member)
			free(s->items[i]);
		else
			s->items[n++] = s->items[i];
	s->n_items = n;
	fit(s);
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
