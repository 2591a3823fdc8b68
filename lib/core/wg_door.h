/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hub answers at its door: a ladder of checks with one verdict.  Pure:
 * it knows what the question says and the facts of the map; where it needs to
 * know or to have more, it says what, is given that, and goes on.
 *
 *   struct wg_door_case c = {.question = q, .facts = ...};
 *
 *   while ((next = wg_door_judge(&c)) < WG_DOOR_NEXT_ANSWER) {
 *           VERIFY:  c.proofs.wanted; wg_proofs_tell
 *           CARRY:   put into the map what c.question brought; c.facts anew
 *           WITNESS: sign it, to disk, into the map; c.facts anew, c.is_lost
 *   }
 *
 * Rates, MAC, cookie and seal come before this: lib/backend/wg_seal.h.
 */
#ifndef WG_DOOR_H
#define WG_DOOR_H

#include "lib/core/wg_door_msg.h"
#include "lib/core/wg_proofs.h"

/* After a start a hub that found no other one answers all after so long. */
#define WG_DOOR_SETTLE_MS 60000
static inline bool wg_door_is_settled(int64_t started, bool is_synced,
				      int64_t now)
{
	return is_synced || now - started >= WG_DOOR_SETTLE_MS;
}

/* What hubs saw of an invite key: each has a vote, if it is not revoked and saw
 * one identity alone; most votes count. */
enum wg_door_votes {
	WG_DOOR_NO_WITNESS,  /* nobody has come with it, as far as we know */
	WG_DOOR_COUNTS,	     /* one identity counts */
	WG_DOOR_NO_MAJORITY, /* there are witnesses, and none counts */
};

/*
 * Facts of the mesh whose hub we are, of the member and the certificate that
 * the question is about, as the map has them now.  Items are checked and
 * verified ones.
 */
struct wg_door_facts {
	/* the mesh is ours, and our own certificate makes us a hub of it: it
	 * is not void, so that our witnesses count.  Else nothing below is
	 * asked for */
	bool is_ours;
	uint32_t self;	   /* our member number */
	uint64_t now;	   /* s since 1970, never below the floor of time */
	bool clock_is_bad; /* unsynchronised, or below the floor */
	bool is_settled;   /* synced with a hub, or WG_DOOR_SETTLE_MS over */
	bool is_full;	   /* the member would be one too many */
	/* key of the authority with the certificate's number; NULL: unknown */
	const uint8_t *authority;
	/* the proof is a witness: identity of its hub, if that is a hub and
	 * not revoked, as we may be ourselves; else NULL */
	const uint8_t *witness_hub;
	/* the newest list's serial for the member: lower ones are void; 0 */
	uint32_t revoked_below;
	/* certificates of authorities with lower numbers are void; 0 */
	uint32_t void_below;
	uint64_t own_sequence; /* of our own record */

	const uint8_t *newest;	 /* certificate of the member; NULL: none */
	const uint8_t *present;	 /* ... with an identity */
	const uint8_t *identity; /* the present one's, 32 bytes; NULL: none */
	/* of records and door records that we have by the identity */
	uint64_t sequence;
	const uint8_t *record; /* the newest door record of these; or NULL */
	/* of the question's invite key, if it is one */
	enum wg_door_votes votes;
	const uint8_t *counts; /* COUNTS: the identity, 32 bytes */
	/* a witness by us, on disk or on its way to it.  Of one key we sign no
	 * second one, so this is true from the moment that one is signed */
	bool is_witnessed;
};

enum wg_door_next {
	WG_DOOR_NEXT_VERIFY = 1,
	WG_DOOR_NEXT_CARRY,
	WG_DOOR_NEXT_WITNESS,
	WG_DOOR_NEXT_ANSWER,
};

/* A question at work: the first two are set, all else is zero. */
struct wg_door_case {
	struct wg_door_question question;
	struct wg_door_facts facts;

	struct wg_proofs proofs; /* VERIFY */
	bool is_lost;		 /* WITNESS: it could not be kept on disk */

	/* ANSWER */
	enum wg_door_why why; /* 0: welcome; set the peer, then answer */
	uint64_t sequence;    /* OLD_SEQUENCE: for the answer */
	/* welcome: our own record must be above this, for the member has one of
	 * us that we do not know (an old disk); 0: it does not */
	uint64_t above;
	bool is_lie; /* it says that of one that cannot be */
	bool is_witness_made;

	/* the ladder's own */
	enum wg_door_next asked; /* the last */
	bool is_carried, is_owned, is_in_sequence;
	uint8_t identity[WG_KEY_LEN]; /* is_owned: whose the door record is */
};

/*
 * What to do next.  CARRY: the certificate, and the proof if it is a witness,
 * are by whom they should be; the map decides.  WITNESS: to the succession in
 * the proof.
 */
enum wg_door_next wg_door_judge(struct wg_door_case *c);

/*
 * Is a witness of ours wanted for what counts?  Hubs make one for each invite
 * in the map, whoever brought it.
 */
bool wg_door_wants_witness(const struct wg_door_facts *facts);

/* What came of questions. */
struct wg_door_stats {
	uint64_t welcome, witnessed, lies;
	uint64_t refused[WG_DOOR_WHYS];
};
/* Once, when the answer is there. */
void wg_door_count(struct wg_door_stats *stats, const struct wg_door_case *c);

#endif
