/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the authority signs: certificates, lists, and what goes to a site that
 * joins.  All of it is put into the keeper's store and saved with it.
 */
#ifndef MESH_ISSUE_H
#define MESH_ISSUE_H

#include "wgd-mesh/mesh_keeper.h"

#define MESH_CERTIFICATE_DAYS (3 * 365)
#define MESH_CERTIFICATE_LESS_DAYS 90 /* at most, at random */
#define MESH_LIST_DAYS 365	      /* a new list is due then */
#define MESH_DOORS 4		      /* in an invite */
#define MESH_REVOKED 4096	      /* members in a list */

struct mesh_wish {
	const struct mesh_member *member;
	const uint8_t *key; /* 32: identity, or invite key */
	bool is_invite;
	uint64_t redeem_by; /* seconds since 1970; 0: none */
};

/*
 * A new certificate, with the next serial.  The keeper is unlocked.  -EMSGSIZE:
 * "members:LINE: reason", it is too long; -ERANGE.
 */
int mesh_issue_certificate(struct mesh_keeper *k, const struct mesh_wish *wish,
			   const uint8_t **ret, struct mesh_why *why);

/*
 * A new list: what the last one has, without members whose last certificate is
 * long over, and with these, each revoked from the next serial down.  -E2BIG:
 * more than MESH_REVOKED.
 */
int mesh_issue_list(struct mesh_keeper *k, const uint32_t *members, size_t n,
		    struct mesh_why *why);

/* An A for that key, by the recovery key; the newest authority's number is the
 * ledger's. */
int mesh_issue_authority(struct mesh_keeper *k,
			 const struct wg_sign_key *recovery, const uint8_t *key,
			 bool is_void, struct mesh_why *why);

/* What goes to who joins. */
struct mesh_letter {
	const uint8_t *certificate;
	const uint8_t *seed; /* of an invite; NULL: an answer */
	const char *name;    /* what the keeper calls the mesh */
};
/*
 * The line of an answer or an invite, into RET of WG_LINE_STRLEN: with the
 * doors of up to four hubs.  A hub finds its own among them, and in it where
 * others will look for it.  Returns how many doors of others there are.  The
 * line is secret if the seed is.
 */
unsigned mesh_issue_line(const struct mesh_keeper *k,
			 const struct mesh_letter *letter, char *ret);

#endif
