/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A welcome could be opened, so it is from the owner of the key that we sealed
 * the question for.  That key came with an invite, from a record or from a
 * line: that it is still a hub's, the authority has to say.
 *
 *  1. The certificate is of our mesh, for that key, and a hub's.
 *  2. It is by its authority: one that we know, or one that came with it and
 *     is by the recovery key.
 *  3. It is not void, as far as we know.
 *  4. The door record is by the hub, and by its WireGuard key.
 *  5. It is not older than the hub's record that we have.
 *
 * Times of the certificate do not count here: a site's clock is the worst of
 * all.  A hub that lies can do no more than not to be taken.
 */
#include "lib/core/wg_welcome.h"

/* What is proven: bits. */
enum proof {
	BY_RECOVERY = 1,
	BY_AUTHORITY = 2,
	BY_WG_KEY = 4,
	BY_HUB = 8,
};

/* TAKE: it is so. */
static enum wg_welcome_next need(struct wg_welcome_case *c, enum proof proof,
				 struct wg_signature s)
{
	switch (wg_proofs_need(&c->proofs, proof, s)) {
	case WG_PROOF_PROVEN:
		return WG_WELCOME_TAKE;
	case WG_PROOF_WANTED:
		return WG_WELCOME_VERIFY;
	case WG_PROOF_REFUTED:
		break;
	}
	return WG_WELCOME_LIE;
}

static bool is_of(const uint8_t *item, uint8_t type, const uint8_t *bytes,
		  size_t len)
{
	return memcmp(wg_item_bytes(item, type), bytes, len) == 0;
}

static enum wg_welcome_next check_hub(struct wg_welcome_case *c)
{
	const uint8_t *certificate = c->answer.welcome.certificate;

	return is_of(certificate, WG_ITEM_MESH, c->facts.mesh,
		     WG_ITEM_MESH_LEN) &&
			       is_of(certificate, WG_ITEM_KEY, c->facts.hub,
				     WG_KEY_LEN) &&
			       wg_item_number(certificate, WG_ITEM_FLAGS) ==
				       WG_ITEM_FLAG_HUB
		       ? WG_WELCOME_TAKE
		       : WG_WELCOME_LIE;
}

static enum wg_welcome_next check_certificate(struct wg_welcome_case *c)
{
	const uint8_t *certificate = c->answer.welcome.certificate;
	const uint8_t *brought = c->answer.welcome.authority;
	uint64_t number = wg_item_number(certificate, WG_ITEM_AUTHORITY_NUMBER);
	const uint8_t *key = number ? c->facts.authority : c->facts.first;
	enum wg_welcome_next next;

	if (!key) {
		if (!brought ||
		    wg_item_number(brought, WG_ITEM_AUTHORITY_NUMBER) != number)
			return WG_WELCOME_LIE;
		next = need(c, BY_RECOVERY,
			    (struct wg_signature){brought, WG_ITEM_SIGNATURE,
						  c->facts.recovery});
		if (next != WG_WELCOME_TAKE)
			return next;
		key = wg_item_bytes(brought, WG_ITEM_AUTHORITY_KEY);
	}
	next = need(c, BY_AUTHORITY,
		    (struct wg_signature){certificate, WG_ITEM_SIGNATURE, key});
	if (next != WG_WELCOME_TAKE)
		return next;
	return wg_item_number(certificate, WG_ITEM_SERIAL) <
				       c->facts.revoked_below ||
			       number < c->facts.void_below
		       ? WG_WELCOME_LIE
		       : WG_WELCOME_TAKE;
}

static enum wg_welcome_next check_record(struct wg_welcome_case *c)
{
	const uint8_t *record = c->answer.welcome.record;
	enum wg_welcome_next next;

	next = need(c, BY_WG_KEY,
		    (struct wg_signature){
			    record, WG_ITEM_BY_WG_KEY,
			    wg_item_own_key(record, WG_ITEM_BY_WG_KEY)});
	if (next == WG_WELCOME_TAKE)
		next = need(c, BY_HUB,
			    (struct wg_signature){record, WG_ITEM_SIGNATURE,
						  c->facts.hub});
	if (next != WG_WELCOME_TAKE)
		return next;
	return wg_item_number(record, WG_ITEM_SEQUENCE) < c->facts.sequence
		       ? WG_WELCOME_LIE
		       : WG_WELCOME_TAKE;
}

enum wg_welcome_next wg_welcome_judge(struct wg_welcome_case *c)
{
	static enum wg_welcome_next (*const rungs[])(
		struct wg_welcome_case * c) = {check_hub, check_certificate,
					       check_record};
	enum wg_welcome_next next = WG_WELCOME_TAKE;
	size_t i;

	assert(c->answer.kind == WG_DOOR_WELCOME);
	for (i = 0;
	     i < sizeof(rungs) / sizeof(rungs[0]) && next == WG_WELCOME_TAKE;
	     i++)
		next = rungs[i](c);
	return next;
}
