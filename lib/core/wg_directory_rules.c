/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from the items that are held: who must have signed what, what is
 * void, who is a hub, and who a member is.
 *
 * Each rule looks only at kinds before its own in the order A, L, C, W, R:
 *
 *  - An authority is signed by the recovery key.
 *  - A list is signed by the authority whose number it has.
 *  - A certificate likewise, and it is void by the list, or by an authority
 *    that says so once a list of it, or of a later one, is held.
 *  - A hub is whose newest certificate that names its identity itself has the
 *    hub's flag alone.  Not the present one: that may be an invite's, which
 *    hubs' witnesses decide, and two hubs could each make the other one none.
 *    Which of them did would depend on whose witness came first.
 *  - A witness is signed by a hub, about an invite that is held.
 *  - A record is signed by the present identity.
 *
 * So there is no circle, and what is held after all was offered is the same
 * everywhere.
 */
#include "lib/core/wg_directory_state.h"

size_t wg_directory_first(const struct wg_directory *dir, uint32_t number)
{
	size_t from = 0, to = dir->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (dir->member[mid]->number < number)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

struct wg_mapped *wg_directory_get(const struct wg_directory *dir,
				   uint32_t number)
{
	size_t i = wg_directory_first(dir, number);

	return i < dir->n && dir->member[i]->number == number ? dir->member[i]
							      : NULL;
}

/* --- authorities */

const uint8_t *wg_directory_authority(const struct wg_directory *dir,
				      uint32_t number)
{
	size_t i;

	if (!number)
		return dir->conf.first;
	for (i = 0; i < dir->authorities.n; i++)
		if (dir->authorities.at[i].version == number)
			return wg_item_bytes(dir->authorities.at[i].b,
					     WG_ITEM_AUTHORITY_KEY);
	return NULL;
}

uint32_t wg_directory_least_authority(const struct wg_directory *dir)
{
	uint32_t by = dir->list.b ? wg_item_number(dir->list.b,
						   WG_ITEM_AUTHORITY_NUMBER)
				  : 0;
	uint32_t least = 0;
	size_t i;

	for (i = 0; i < dir->authorities.n; i++) {
		const struct wg_held *a = &dir->authorities.at[i];

		if ((wg_item_number(a->b, WG_ITEM_FLAGS) & WG_ITEM_FLAG_VOID) &&
		    a->version <= by && a->version > least)
			least = a->version;
	}
	return least;
}

uint32_t wg_directory_least_serial(const struct wg_directory *dir,
				   uint32_t member)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	uint32_t least = 0;
	size_t at;

	if (!dir->list.b)
		return 0;
	wg_item_each (dir->list.b, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		if (v.revoked.member == member && v.revoked.serial > least)
			least = v.revoked.serial;
	}
	return least;
}

bool wg_directory_is_void(const struct wg_directory *dir,
			  const uint8_t *certificate)
{
	uint32_t member = wg_item_number(certificate, WG_ITEM_MEMBER);

	return wg_item_number(certificate, WG_ITEM_AUTHORITY_NUMBER) <
		       wg_directory_least_authority(dir) ||
	       wg_item_number(certificate, WG_ITEM_SERIAL) <
		       wg_directory_least_serial(dir, member);
}

const uint8_t *wg_directory_witness(const struct wg_directory *dir,
				    uint32_t member, const uint8_t *key,
				    uint32_t hub)
{
	const struct wg_mapped *m = wg_directory_get(dir, member);
	size_t i;

	for (i = 0; m && i < m->witnesses.n; i++) {
		const struct wg_held *w = &m->witnesses.at[i];

		if ((!hub || w->version == hub) &&
		    wg_key_eq(wg_witness_key(w->b), key))
			return w->b;
	}
	return NULL;
}

/* --- identities */

static uint32_t flags_of(const struct wg_held *certificate)
{
	return wg_item_number(certificate->b, WG_ITEM_FLAGS);
}

const struct wg_held *wg_directory_certain(const struct wg_mapped *m)
{
	size_t i = m->certificates.n;

	while (i--)
		if (!(flags_of(&m->certificates.at[i]) & WG_ITEM_FLAG_INVITE))
			return &m->certificates.at[i];
	return NULL;
}

const uint8_t *wg_directory_hub(const struct wg_directory *dir, uint32_t number)
{
	const struct wg_mapped *m = wg_directory_get(dir, number);
	const struct wg_held *c = m ? wg_directory_certain(m) : NULL;

	return c && flags_of(c) == WG_ITEM_FLAG_HUB
		       ? wg_item_bytes(c->b, WG_ITEM_KEY)
		       : NULL;
}

bool wg_directory_is_invited(const struct wg_mapped *m, const uint8_t *key)
{
	size_t i;

	for (i = 0; i < m->certificates.n; i++)
		if ((flags_of(&m->certificates.at[i]) & WG_ITEM_FLAG_INVITE) &&
		    wg_key_eq(
			    wg_item_bytes(m->certificates.at[i].b, WG_ITEM_KEY),
			    key))
			return true;
	return false;
}

enum wg_votes wg_directory_identity(const struct wg_mapped *m,
				    const struct wg_held *certificate,
				    const uint8_t **ret)
{
	const uint8_t *key = wg_item_bytes(certificate->b, WG_ITEM_KEY);
	struct wg_vote vote[64];
	size_t i, n = 0;

	if (!(flags_of(certificate) & WG_ITEM_FLAG_INVITE)) {
		*ret = key;
		return WG_VOTES_COUNT;
	}
	for (i = 0; i < m->witnesses.n && n < 64; i++) {
		const struct wg_held *w = &m->witnesses.at[i];

		if (wg_key_eq(wg_witness_key(w->b), key))
			vote[n++] = (struct wg_vote){w->version,
						     wg_witness_identity(w->b)};
	}
	return wg_votes_count(vote, n, ret);
}

const struct wg_held *wg_directory_present(const struct wg_mapped *m,
					   const uint8_t **ret_identity)
{
	size_t i = m->certificates.n;

	while (i--)
		if (wg_directory_identity(m, &m->certificates.at[i],
					  ret_identity) == WG_VOTES_COUNT)
			return &m->certificates.at[i];
	return NULL;
}

const uint8_t *wg_directory_signer(const struct wg_directory *dir,
				   const uint8_t *item)
{
	const uint8_t *identity = NULL;
	const struct wg_mapped *m;

	switch (wg_item_kind(item)) {
	case WG_ITEM_IS_AUTHORITY:
		return dir->conf.recovery;
	case WG_ITEM_IS_LIST:
	case WG_ITEM_IS_CERTIFICATE:
		return wg_directory_authority(
			dir, wg_item_number(item, WG_ITEM_AUTHORITY_NUMBER));
	case WG_ITEM_IS_WITNESS:
		return wg_directory_hub(dir, wg_item_number(item, WG_ITEM_HUB));
	case WG_ITEM_IS_RECORD:
		m = wg_directory_get(dir, wg_item_number(item, WG_ITEM_MEMBER));
		if (m)
			wg_directory_present(m, &identity);
		return identity;
	default:
		return NULL;
	}
}
