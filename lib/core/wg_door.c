/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door's ladder.  Each rung lets a question pass, refuses it, or wants
 * something first; then the ladder is climbed again from its foot, and what was
 * proven stays proven.  So the order of the checks stands here alone, and
 * nothing is verified that an earlier rung would have refused:
 *
 *  1. We are a hub of this mesh, and the member is not we ourselves.
 *  2. The certificate is by its authority, and neither it nor, if the member
 *     has a newer one, that one is void or out of its time.
 *  3. The proof's signatures: a succession's own two; a witness' too.
 *  4. There is room for the member.  Certificate and witness go into the map,
 *     as from any other carrier.
 *  5. The door record is by its WireGuard key, and by the member's identity:
 *     that of its present certificate, or of the question's if that is newer.
 *  6. An invite: nobody else came with it.
 *  7. Its sequence is above ours, or it is the same record again.
 *  8. A witness is on disk, if this is the invite's first use as far as we
 *     know.
 *
 * Who asks has shown no more than that packets reach its address.  A question
 * costs at most six signatures; nothing remains of one that is refused but
 * what an authority or a hub signed.  The answer to one who is not the member
 * says no more than a word.
 *
 * Votes of hubs are counted by the map.  The ladder never signs for an invite
 * that it has signed for, whatever counts meanwhile: with that each hub is one
 * vote at most.  When a hub has just started, others may know what it does
 * not: so it signs nothing, and what it does not know is no reason to refuse
 * for good, until it is settled.
 *
 * Time: an invite's end is by our clock, though it may be bad: nobody is
 * removed by that, and the floor of time is a proof that it is over.  The times
 * of certificates count only where the clock is good.
 */
#include "lib/core/wg_door.h"

#include <assert.h>

/* What is proven: bits. */
enum proof {
	BY_AUTHORITY = 1,
	BY_INVITE = 2,
	BY_SUCCESSOR = 4,
	BY_HUB = 8,
	BY_WG_KEY = 16,
	BY_IDENTITY = 32,
};

/* Beyond the words of a refusal. */
#define PASS ((enum wg_door_why)0)
#define WANTS WG_DOOR_WHYS /* something first: c->asked */

/* --- what a rung may want */

static enum wg_door_why want(struct wg_door_case *c, enum wg_door_next what)
{
	c->asked = what;
	return WANTS;
}

/* Pass if it is signed so; else the word. */
static enum wg_door_why need(struct wg_door_case *c, enum proof proof,
			     struct wg_signature s, enum wg_door_why word)
{
	switch (wg_proofs_need(&c->proofs, proof, s)) {
	case WG_PROOF_PROVEN:
		return PASS;
	case WG_PROOF_REFUTED:
		return word;
	case WG_PROOF_WANTED:
		break;
	}
	return want(c, WG_DOOR_NEXT_VERIFY);
}

/* What the caller was asked for, before the ladder is climbed again. */
static void absorb(struct wg_door_case *c)
{
	if (c->asked == WG_DOOR_NEXT_CARRY)
		c->is_carried = true;
	if (c->asked == WG_DOOR_NEXT_WITNESS && !c->is_lost)
		c->is_witness_made = true;
	c->asked = 0;
}

/* What we do not know, and may be told yet. */
static enum wg_door_why unknown(const struct wg_door_case *c)
{
	return c->facts.is_settled ? WG_DOOR_UNKNOWN_MEMBER : WG_DOOR_BUSY;
}

/* --- certificates */

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	size_t len = wg_item_len(a);

	return len == wg_item_len(b) && memcmp(a, b, len) == 0;
}

static bool is_newer(const uint8_t *a, const uint8_t *b)
{
	return !b || wg_item_version(a) > wg_item_version(b);
}

static bool is_invite(const struct wg_door_case *c)
{
	return c->question.proof;
}

/* The one that counts for the member, of the question's and the present one. */
static const uint8_t *deciding(const struct wg_door_case *c)
{
	const uint8_t *brought = c->question.certificate;

	return is_newer(brought, c->facts.present) ? brought : c->facts.present;
}

static bool is_void(const struct wg_door_case *c, const uint8_t *certificate)
{
	return wg_item_number(certificate, WG_ITEM_SERIAL) <
		       c->facts.revoked_below ||
	       wg_item_number(certificate, WG_ITEM_AUTHORITY_NUMBER) <
		       c->facts.void_below;
}

static enum wg_door_why check_time(const struct wg_door_case *c,
				   const uint8_t *certificate)
{
	uint64_t until = wg_item_number(certificate, WG_ITEM_UNTIL);
	uint64_t now = c->facts.now;

	if (c->facts.clock_is_bad)
		return PASS;
	/* a clock is behind: it will be so later */
	if (now < wg_item_number(certificate, WG_ITEM_FROM))
		return WG_DOOR_BUSY;
	return now > until && now - until > WG_DOOR_GRACE_S
		       ? WG_DOOR_INVITE_EXPIRED
		       : PASS;
}

/* --- rungs */

static enum wg_door_why check_mesh(struct wg_door_case *c)
{
	if (!c->facts.is_ours)
		return WG_DOOR_UNKNOWN_MESH;
	/* another one that is what we are */
	return wg_item_number(c->question.certificate, WG_ITEM_MEMBER) ==
			       c->facts.self
		       ? WG_DOOR_DISPUTED
		       : PASS;
}

static enum wg_door_why check_certificate(struct wg_door_case *c)
{
	const uint8_t *brought = c->question.certificate;
	const uint8_t *counts = deciding(c);
	enum wg_door_why why;

	if (!c->facts.authority)
		return unknown(c);
	why = need(c, BY_AUTHORITY,
		   (struct wg_signature){brought, WG_ITEM_SIGNATURE,
					 c->facts.authority},
		   WG_DOOR_UNKNOWN_MEMBER);
	if (why)
		return why;
	return is_void(c, counts) ? WG_DOOR_REVOKED : check_time(c, counts);
}

static enum wg_door_why check_proof(struct wg_door_case *c)
{
	const uint8_t *proof = c->question.proof;
	const uint8_t *s = wg_door_succession(&c->question);
	enum wg_door_why why = PASS;

	if (!proof)
		return PASS;
	if (proof != s) {
		if (!c->facts.witness_hub)
			return unknown(c);
		why = need(c, BY_HUB,
			   (struct wg_signature){proof, WG_ITEM_SIGNATURE,
						 c->facts.witness_hub},
			   WG_DOOR_UNKNOWN_MEMBER);
	}
	if (!why)
		why = need(c, BY_INVITE,
			   (struct wg_signature){
				   s, WG_ITEM_BY_INVITE,
				   wg_item_own_key(s, WG_ITEM_BY_INVITE)},
			   WG_DOOR_UNKNOWN_MEMBER);
	if (!why)
		why = need(c, BY_SUCCESSOR,
			   (struct wg_signature){
				   s, WG_ITEM_SIGNATURE,
				   wg_item_own_key(s, WG_ITEM_SIGNATURE)},
			   WG_DOOR_UNKNOWN_MEMBER);
	return why;
}

static enum wg_door_why carry(struct wg_door_case *c)
{
	if (c->is_carried)
		return PASS;
	return c->facts.is_full ? WG_DOOR_FULL : want(c, WG_DOOR_NEXT_CARRY);
}

/* The identity in the proof. */
static const uint8_t *successor(const struct wg_door_case *c)
{
	return wg_item_bytes(wg_door_succession(&c->question),
			     WG_ITEM_IDENTITY);
}

/* Whose identity has to have signed; and the word for one who is another. */
static const uint8_t *identity_of(const struct wg_door_case *c,
				  enum wg_door_why *ret_word)
{
	const uint8_t *brought = c->question.certificate;
	const uint8_t *counts = deciding(c);

	*ret_word = WG_DOOR_UNKNOWN_MEMBER;
	if (counts == c->facts.present) {
		if (!is_same(counts, brought))
			*ret_word = WG_DOOR_SUPERSEDED;
		else if (is_invite(c))
			*ret_word = WG_DOOR_INVITE_USED;
		return c->facts.identity;
	}
	return is_invite(c) ? successor(c)
			    : wg_item_bytes(brought, WG_ITEM_KEY);
}

static enum wg_door_why check_record(struct wg_door_case *c)
{
	const uint8_t *record = c->question.record;
	enum wg_door_why why, word;
	const uint8_t *identity = identity_of(c, &word);

	why = need(c, BY_WG_KEY,
		   (struct wg_signature){
			   record, WG_ITEM_BY_WG_KEY,
			   wg_item_own_key(record, WG_ITEM_BY_WG_KEY)},
		   WG_DOOR_UNKNOWN_MEMBER);
	if (!why)
		why = need(c, BY_IDENTITY,
			   (struct wg_signature){record, WG_ITEM_SIGNATURE,
						 identity},
			   word);
	if (!why && !c->is_owned) {
		c->is_owned = true;
		memcpy(c->identity, identity, WG_KEY_LEN);
	}
	return why;
}

/* Is it an invite, and not an older one than the present certificate? */
static bool is_redeeming(const struct wg_door_case *c)
{
	return is_invite(c) && is_same(deciding(c), c->question.certificate);
}

/* Nobody has come with it, as far as we know. */
static enum wg_door_why check_first_use(const struct wg_door_case *c)
{
	const uint8_t *brought = c->question.certificate;

	if (c->facts.newest && is_newer(c->facts.newest, brought))
		return WG_DOOR_SUPERSEDED;
	/* a witness that the map did not take: it is none any more */
	if (c->question.proof != wg_door_succession(&c->question))
		return unknown(c);
	/* without such a time it is 0, which is over */
	if (c->facts.now > wg_item_number(brought, WG_ITEM_REDEEM_BY))
		return WG_DOOR_INVITE_EXPIRED;
	/* one that we signed and that the map does not have yet */
	return !c->facts.is_settled || c->facts.is_witnessed ? WG_DOOR_BUSY
							     : PASS;
}

static enum wg_door_why check_invite(struct wg_door_case *c)
{
	if (!is_redeeming(c))
		return PASS;
	switch (c->facts.votes) {
	case WG_DOOR_NO_MAJORITY:
		return WG_DOOR_DISPUTED;
	case WG_DOOR_COUNTS:
		return memcmp(c->facts.counts, successor(c), WG_KEY_LEN) == 0
			       ? PASS
			       : WG_DOOR_INVITE_USED;
	case WG_DOOR_NO_WITNESS:
		break;
	}
	return check_first_use(c);
}

static enum wg_door_why check_sequence(struct wg_door_case *c)
{
	const uint8_t *record = c->question.record;
	uint64_t theirs = wg_item_number(record, WG_ITEM_SEQUENCE), ours = 0;
	enum wg_door_why word;

	/* a witness that was made since may have made it another identity's */
	if (c->is_in_sequence)
		return PASS;
	/* another identity's sequence is another one */
	if (c->facts.identity &&
	    memcmp(c->facts.identity, identity_of(c, &word), WG_KEY_LEN) == 0)
		ours = c->facts.sequence;
	if (theirs > ours || (theirs && theirs == ours && c->facts.record &&
			      is_same(record, c->facts.record))) {
		c->is_in_sequence = true;
		return PASS;
	}
	c->sequence = ours;
	return WG_DOOR_OLD_SEQUENCE;
}

bool wg_door_wants_witness(const struct wg_door_facts *f)
{
	return f->votes == WG_DOOR_COUNTS && !f->is_witnessed && f->is_settled;
}

static enum wg_door_why witness(struct wg_door_case *c)
{
	bool is_first = c->facts.votes == WG_DOOR_NO_WITNESS;

	if (!is_redeeming(c) || c->is_witness_made)
		return PASS;
	/* others have seen it: that this could not be kept hurts nobody */
	if (c->is_lost)
		return is_first ? WG_DOOR_BUSY : PASS;
	if (!is_first && !wg_door_wants_witness(&c->facts))
		return PASS;
	assert(!c->facts.is_witnessed && c->facts.is_settled);
	return want(c, WG_DOOR_NEXT_WITNESS);
}

/* --- the ladder */

static enum wg_door_why climb(struct wg_door_case *c)
{
	static enum wg_door_why (*const rungs[])(struct wg_door_case * c) = {
		check_mesh,   check_certificate, check_proof,	 carry,
		check_record, check_invite,	 check_sequence, witness,
	};
	enum wg_door_why why = PASS;
	size_t i;

	for (i = 0; i < sizeof(rungs) / sizeof(rungs[0]) && why == PASS; i++)
		why = rungs[i](c);
	return why;
}

/* The member has a later record of us than we: we were restored. */
static void look_at_ours(struct wg_door_case *c)
{
	uint64_t theirs = c->question.sequence, ours = c->facts.own_sequence;

	if (theirs <= ours)
		return;
	/* the last number has none above it */
	if (theirs - ours >= WG_DOOR_JUMP || theirs == UINT64_MAX)
		c->is_lie = true;
	else
		c->above = theirs;
}

enum wg_door_next wg_door_judge(struct wg_door_case *c)
{
	enum wg_door_why why, word;

	absorb(c);
	why = climb(c);
	if (why == WANTS)
		return c->asked;
	c->why = why;
	if (why == PASS) {
		/* what was verified is what counts now */
		assert(memcmp(c->identity, identity_of(c, &word), WG_KEY_LEN) ==
		       0);
		assert(c->question.proof || !c->is_witness_made);
		look_at_ours(c);
	}
	return WG_DOOR_NEXT_ANSWER;
}

void wg_door_count(struct wg_door_stats *stats, const struct wg_door_case *c)
{
	if (c->why)
		stats->refused[c->why]++;
	else
		stats->welcome++;
	stats->witnessed += c->is_witness_made;
	stats->lies += c->is_lie;
}
