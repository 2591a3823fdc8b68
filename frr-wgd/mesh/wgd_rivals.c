// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One name, address, key or hub number is one member's: where several claim it
 * the lowest member number has it, and lines of ours have a name before all.
 *
 * All claims are sorted, so that those of one thing are beside each other.
 * Certificates, which authority and keeper made, say all but the key; and a key
 * its owner signed for.  So nobody can claim what another member has.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_rivals.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CLAIM, "WireGuard mesh claims of members");

struct claim {
	uint8_t what, len;
	uint8_t b[WG_ITEM_NAME_MAX];
	struct wgd_mesh_member *member;
};

static int claim_cmp(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = memcmp(x, y, offsetof(struct claim, member));

	return c ?: x->member->number < y->member->number ? -1 : 1;
}

static struct claim *add_claim(struct claim *at, uint8_t what, const void *b,
			       size_t len, struct wgd_mesh_member *member)
{
	memset(at, 0, sizeof(*at));
	at->what = what;
	at->len = len;
	memcpy(at->b, b, len);
	at->member = member;
	return at + 1;
}

static size_t claims_of(struct wgd_mesh *m, struct claim *claims)
{
	struct claim *at = claims;
	size_t i, k;

	for (i = 0; i < m->n_members; i++) {
		struct wgd_mesh_member *member = m->members[i];

		if (member->refused >= WGD_MESH_NAME_IN_USE) {
			member->refused = WGD_MESH_PEER;
			member->changed = true;
		}
		if (!member->refused && member->is_name_taken)
			member->refused = WGD_MESH_NAME_IN_USE;
		if (member->refused)
			continue;
		at = add_claim(at, WGD_MESH_NAME_IN_USE, member->name,
			       strlen(member->name), member);
		at = add_claim(at, WGD_MESH_KEY_IN_USE, member->key.b,
			       WG_KEY_LEN, member);
		for (k = 0; k < member->n_addresses; k++)
			at = add_claim(
				at, WGD_MESH_ADDRESS_IN_USE,
				member->addresses[k].b,
				wg_family_bytes(member->addresses[k].family),
				member);
		if (member->hub)
			at = add_claim(at, WGD_MESH_HUB_NUMBER_IN_USE,
				       &member->hub, 1, member);
	}
	return at - claims;
}

static bool is_rival(const struct claim *a, const struct claim *b)
{
	/* it may have an address with two lengths */
	return a->member != b->member &&
	       memcmp(a, b, offsetof(struct claim, member)) == 0;
}

void wgd_rivals_settle(struct wgd_mesh *m)
{
	struct claim *claims = XCALLOC(
		MTYPE_WGD_CLAIM, (m->n_members * 7 + 1) * sizeof(*claims));
	size_t n = claims_of(m, claims), i;

	qsort(claims, n, sizeof(*claims), claim_cmp);
	for (i = 1; i < n; i++)
		if (is_rival(&claims[i - 1], &claims[i])) {
			claims[i].member->refused = claims[i].what;
			claims[i].member->changed = true;
		}
	XFREE(MTYPE_WGD_CLAIM, claims);
}
