// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A keeper whose folder was put back from a backup does not know whom it revoked
 * since.  Its next list is newer than ours by its number and by the clock, all
 * members would take it, and who was revoked would be in again.  Nobody else can
 * know that this is not meant; so who loads such a file is asked to say so.
 */
#include <zebra.h>

#include "frr-wgd/mesh/wgd_lists.h"

static uint64_t version_of(const uint8_t *list)
{
	struct wg_directory_entry e;

	wg_directory_entry_of(list, &e);
	return e.version;
}

static const uint8_t *newest_in(const struct wg_span *file)
{
	const uint8_t *b = file->b, *found = NULL;
	size_t left = file->len, len;

	for (; (len = wg_item_split(b, left)); b += len, left -= len)
		if (wg_item_check(b, len) == WG_ITEM_OK &&
		    wg_item_kind(b) == WG_ITEM_IS_LIST &&
		    (!found || version_of(b) > version_of(found)))
			found = b;
	return found;
}

/* From which serial on a list lets the member in; 0: from any. */
static uint32_t least_serial(const uint8_t *list, uint32_t member)
{
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	uint32_t least = 0;
	size_t at;

	wg_item_each (list, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		if (v.revoked.member == member)
			least = MAX(least, v.revoked.serial);
	}
	return least;
}

enum wgd_lists wgd_lists_judge(const struct wg_directory *dir,
			       const struct wg_span *file, uint32_t *ret)
{
	const uint8_t *ours = wg_directory_list(dir), *theirs = newest_in(file);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	if (!ours || !theirs)
		return WGD_LISTS_NEW;
	if (version_of(theirs) < version_of(ours)) {
		*ret = wg_item_number(ours, WG_ITEM_LIST);
		return WGD_LISTS_OLDER;
	}
	wg_item_each (ours, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		if (least_serial(theirs, v.revoked.member) >= v.revoked.serial)
			continue;
		*ret = v.revoked.member;
		return WGD_LISTS_FORGETS;
	}
	return WGD_LISTS_NEW;
}
