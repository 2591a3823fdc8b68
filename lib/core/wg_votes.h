/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which identity followed an invite: what hubs witnessed, counted.
 */
#ifndef WG_VOTES_H
#define WG_VOTES_H

#include "lib/core/wg_types.h"

/* What one hub says of one invite. */
struct wg_vote {
	uint32_t hub;		 /* its member number */
	const uint8_t *identity; /* 32 bytes: the new key */
};

enum wg_votes {
	WG_VOTES_NONE,	   /* nobody redeemed it, that a hub says so */
	WG_VOTES_COUNT,	   /* for one identity most */
	WG_VOTES_DISPUTED, /* for none of several most */
};

/*
 * A hub that says two things is a liar, and has no vote.  Of the others each
 * has one; ret_identity is the one with most.
 */
enum wg_votes wg_votes_count(const struct wg_vote *votes, size_t n,
			     const uint8_t **ret_identity);

#endif
