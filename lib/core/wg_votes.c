/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Votes of hubs.
 *
 * An invite is good once: who redeems it first is the member.  Each hub signs
 * for the first that it sees, and never for a second.  Two sites with one
 * stolen invite may reach two hubs at the same time; then the hubs differ, and
 * most of them decide, for everybody alike.  A hub that lies can sign for many:
 * two are proof enough that it does, and then it has no vote.  So a lying hub
 * alone never takes an identity from honest ones, and with as many honest ones
 * against it as with it, makes a dispute at worst, which a new invite ends.
 *
 * There are at most 8 hubs with two each, so loops over loops are short.
 */
#include "lib/core/wg_votes.h"

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, WG_KEY_LEN) == 0;
}

/* Does the hub say another thing, too, or the same in another item? */
static bool is_liar(const struct wg_vote *votes, size_t n, size_t i)
{
	size_t k;

	for (k = 0; k < n; k++)
		if (k != i && votes[k].hub == votes[i].hub)
			return true;
	return false;
}

static size_t count(const struct wg_vote *votes, size_t n,
		    const uint8_t *identity)
{
	size_t i, sum = 0;

	for (i = 0; i < n; i++)
		sum += is_same(votes[i].identity, identity) &&
		       !is_liar(votes, n, i);
	return sum;
}

enum wg_votes wg_votes_count(const struct wg_vote *votes, size_t n,
			     const uint8_t **ret_identity)
{
	const uint8_t *best = NULL;
	size_t i, most = 0, sum;
	bool is_tie = false;

	for (i = 0; i < n; i++) {
		sum = count(votes, n, votes[i].identity);
		if (sum > most) {
			most = sum;
			best = votes[i].identity;
			is_tie = false;
		} else if (sum == most && best &&
			   !is_same(best, votes[i].identity)) {
			is_tie = true;
		}
	}
	if (!n)
		return WG_VOTES_NONE;
	if (!best || is_tie)
		return WG_VOTES_DISPUTED;
	*ret_identity = best;
	return WG_VOTES_COUNT;
}
