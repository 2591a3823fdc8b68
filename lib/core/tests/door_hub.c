/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/door_hub.h"

#include <assert.h>
#include <stdlib.h>

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return wg_item_len(a) == wg_item_len(b) &&
	       memcmp(a, b, wg_item_len(a)) == 0;
}

static uint32_t member_of(const uint8_t *item)
{
	return wg_item_number(item, WG_ITEM_MEMBER);
}

static const uint8_t *key_of(const uint8_t *item)
{
	const uint8_t *s = wg_item_bytes(item, WG_ITEM_SUCCESSION);

	return wg_item_bytes(s ? s : item, WG_ITEM_KEY);
}

static bool is_void(const struct door_hub *h, const uint8_t *c)
{
	return wg_item_number(c, WG_ITEM_SERIAL) <
		       h->revoked_below[member_of(c)] ||
	       wg_item_number(c, WG_ITEM_AUTHORITY_NUMBER) < h->void_below;
}

/* Identity of a hub that may witness; NULL: it is none. */
static const uint8_t *hub_key(const struct door_hub *h, uint32_t member)
{
	const uint8_t *found = NULL;
	size_t i;

	for (i = 0; i < h->n; i++)
		if (wg_item_kind(h->item[i]) == WG_ITEM_IS_CERTIFICATE &&
		    member_of(h->item[i]) == member &&
		    !is_void(h, h->item[i]) &&
		    wg_item_number(h->item[i], WG_ITEM_FLAGS) ==
			    WG_ITEM_FLAG_HUB)
			found = wg_item_bytes(h->item[i], WG_ITEM_KEY);
	return found;
}

/* Is it a witness to the same invite? */
static bool is_witness_to(const uint8_t *item, const uint8_t *of)
{
	return wg_item_kind(item) == WG_ITEM_IS_WITNESS &&
	       member_of(item) == member_of(of) &&
	       memcmp(key_of(item), key_of(of), WG_KEY_LEN) == 0;
}

size_t door_hub_witnesses(const struct door_hub *h, uint32_t by,
			  const uint8_t *of)
{
	size_t i, n = 0;

	for (i = 0; i < h->n; i++)
		n += is_witness_to(h->item[i], of) &&
		     wg_item_number(h->item[i], WG_ITEM_HUB) == by;
	return n;
}

const uint8_t *door_hub_witness(const struct door_hub *h, const uint8_t *of)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (is_witness_to(h->item[i], of) &&
		    wg_item_number(h->item[i], WG_ITEM_HUB) == h->self)
			return h->item[i];
	return NULL;
}

static const uint8_t *identity_in(const uint8_t *witness)
{
	return wg_item_bytes(wg_item_bytes(witness, WG_ITEM_SUCCESSION),
			     WG_ITEM_IDENTITY);
}

/* Votes for the identity that one witness has. */
static size_t votes_for(const struct door_hub *h, const uint8_t *witness)
{
	const uint8_t *w;
	size_t i, n = 0;
	uint32_t by;

	for (i = 0; i < h->n; i++) {
		w = h->item[i];
		by = wg_item_number(w, WG_ITEM_HUB);
		n += is_witness_to(w, witness) &&
		     memcmp(identity_in(w), identity_in(witness), WG_KEY_LEN) ==
			     0 &&
		     hub_key(h, by) && door_hub_witnesses(h, by, witness) == 1;
	}
	return n;
}

/* Of the invite that a certificate is. */
static enum wg_door_votes count(const struct door_hub *h, const uint8_t *of,
				const uint8_t **ret)
{
	const uint8_t *who, *best = NULL;
	bool is_any = false, is_tie = false;
	size_t i, n, most = 0;

	for (i = 0; i < h->n; i++) {
		if (!is_witness_to(h->item[i], of))
			continue;
		is_any = true;
		who = identity_in(h->item[i]);
		n = votes_for(h, h->item[i]);
		if (n == most && best && memcmp(who, best, WG_KEY_LEN) != 0)
			is_tie = true;
		if (n > most) {
			most = n;
			best = who;
			is_tie = false;
		}
	}
	if (!is_any)
		return WG_DOOR_NO_WITNESS;
	if (!best || is_tie)
		return WG_DOOR_NO_MAJORITY;
	*ret = best;
	return WG_DOOR_COUNTS;
}

/* The identity that a certificate has; NULL: none. */
static const uint8_t *identity_of(const struct door_hub *h, const uint8_t *c)
{
	const uint8_t *who;

	if (!(wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE))
		return wg_item_bytes(c, WG_ITEM_KEY);
	return count(h, c, &who) == WG_DOOR_COUNTS ? who : NULL;
}

bool door_hub_offer(struct door_hub *h, const uint8_t *item)
{
	size_t i;

	if (wg_item_kind(item) == WG_ITEM_IS_CERTIFICATE && is_void(h, item))
		return false;
	for (i = 0; i < h->n; i++)
		if (is_same(h->item[i], item))
			return false;
	assert(h->n < DOOR_HUB_ITEMS && wg_item_len(item) <= DOOR_HUB_ITEM_MAX);
	memcpy(h->item[h->n++], item, wg_item_len(item));
	return true;
}

void door_hub_sync(struct door_hub *h, const struct door_hub *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		door_hub_offer(h, from->item[i]);
	h->is_settled = true;
}

void door_hub_init(struct door_hub *h, uint32_t self, unsigned who)
{
	const struct door_certificate own = {self, 10 + self, who,
					     .flags = WG_ITEM_FLAG_HUB};
	uint8_t b[WG_ITEM_MAX];

	*h = (struct door_hub){self, who, true, .now = 1000};
	door_crypto->public_of(DOOR_AUTHORITY, h->authority[0]);
	door_crypto->public_of(DOOR_SECOND, h->authority[1]);
	door_certificate(&own, b);
	door_hub_offer(h, b);
}

static bool is_member(const struct door_hub *h, uint32_t member)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (wg_item_kind(h->item[i]) == WG_ITEM_IS_CERTIFICATE &&
		    member_of(h->item[i]) == member)
			return true;
	return false;
}

static size_t members(const struct door_hub *h)
{
	uint32_t m;
	size_t n = 0;

	for (m = 1; m < DOOR_HUB_MEMBERS; m++)
		n += is_member(h, m);
	return n;
}

/* The newest certificate of a member, void or not; with an identity? */
static const uint8_t *newest(const struct door_hub *h, uint32_t member,
			     bool has_identity)
{
	const uint8_t *found = NULL;
	size_t i;

	for (i = 0; i < h->n; i++)
		if (wg_item_kind(h->item[i]) == WG_ITEM_IS_CERTIFICATE &&
		    member_of(h->item[i]) == member &&
		    !is_void(h, h->item[i]) &&
		    (!has_identity || identity_of(h, h->item[i])) &&
		    (!found ||
		     wg_item_version(h->item[i]) > wg_item_version(found)))
			found = h->item[i];
	return found;
}

static void record_facts(struct door_hub *h, uint32_t member,
			 struct wg_door_facts *f)
{
	const uint8_t *record = h->record[member];

	if (!record[0] || !f->identity ||
	    !door_crypto->verify(record, WG_ITEM_SIGNATURE, f->identity))
		return;
	f->record = record;
	f->sequence = wg_item_number(record, WG_ITEM_SEQUENCE);
}

void door_hub_facts(struct door_hub *h, const struct wg_door_question *q,
		    struct wg_door_facts *f)
{
	const uint8_t *c = q->certificate;
	uint32_t member = member_of(c);
	uint64_t authority = wg_item_number(c, WG_ITEM_AUTHORITY_NUMBER);

	*f = (struct wg_door_facts){
		.is_ours = memcmp(wg_item_bytes(c, WG_ITEM_MESH),
				  wg_item_bytes(h->item[0], WG_ITEM_MESH),
				  WG_ITEM_MESH_LEN) == 0 &&
			   hub_key(h, h->self),
		.self = h->self,
		.now = h->now,
		.clock_is_bad = h->clock_is_bad,
		.is_settled = h->is_settled,
		.is_full = h->maximum && !is_member(h, member) &&
			   members(h) >= h->maximum,
		.authority = authority < 2 ? h->authority[authority] : NULL,
		.revoked_below = h->revoked_below[member],
		.void_below = h->void_below,
		.own_sequence = h->own_sequence,
		.newest = newest(h, member, false),
		.present = newest(h, member, true),
	};
	if (f->present)
		f->identity = identity_of(h, f->present);
	if (q->proof && wg_item_kind(q->proof) == WG_ITEM_IS_WITNESS)
		f->witness_hub =
			hub_key(h, wg_item_number(q->proof, WG_ITEM_HUB));
	if (q->proof) {
		f->votes = count(h, c, &f->counts);
		f->is_witnessed = door_hub_witnesses(h, h->self, c);
	}
	record_facts(h, member, f);
}

static void witness(struct door_hub *h, struct wg_door_case *c)
{
	const uint8_t *s = wg_door_succession(&c->question);
	uint8_t b[WG_ITEM_MAX];

	/* whoever makes a second one does not come further */
	assert(!door_hub_witnesses(h, h->self, s));
	c->is_lost = h->disk_fails;
	if (c->is_lost)
		return;
	door_witness(h->self, h->who, s, b);
	door_hub_offer(h, b);
}

void door_hub_judge(struct door_hub *h, struct wg_door_case *c)
{
	const struct wg_signature *s = &c->proofs.wanted;
	enum wg_door_next next;
	uint32_t member;

	door_hub_facts(h, &c->question, &c->facts);
	while ((next = wg_door_judge(c)) != WG_DOOR_NEXT_ANSWER) {
		if (next == WG_DOOR_NEXT_VERIFY) {
			h->verified++;
			wg_proofs_tell(
				&c->proofs,
				door_crypto->verify(s->item, s->type, s->key));
			continue;
		}
		if (next == WG_DOOR_NEXT_CARRY) {
			h->carried++;
			door_hub_offer(h, c->question.certificate);
			if (wg_door_succession(&c->question) !=
			    c->question.proof)
				door_hub_offer(h, c->question.proof);
		} else
			witness(h, c);
		door_hub_facts(h, &c->question, &c->facts);
	}
	wg_door_count(&h->stats, c);
	member = member_of(c->question.record);
	if (!c->why)
		memcpy(h->record[member], c->question.record,
		       wg_item_len(c->question.record));
	if (!c->why && c->above)
		h->own_sequence = c->above + 1;
}
