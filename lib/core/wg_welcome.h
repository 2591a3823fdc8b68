/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a door's welcome from a hub of our mesh?  Pure; signatures are verified by
 * the caller:
 *
 *   while ((next = wg_welcome_judge(&c)) == WG_WELCOME_VERIFY)
 *           c.proofs.wanted; wg_proofs_tell
 */
#ifndef WG_WELCOME_H
#define WG_WELCOME_H

#include "lib/core/wg_door_msg.h"
#include "lib/core/wg_proofs.h"

/* What we know of our mesh, and of the hub whose certificate came. */
struct wg_welcome_facts {
	const uint8_t *mesh;	 /* 16 bytes */
	const uint8_t *hub;	 /* 32: what the question was sealed for */
	const uint8_t *first;	 /* 32: key of the first authority */
	const uint8_t *recovery; /* 32: the key that makes new ones */
	/* key of the authority with the certificate's number; NULL: unknown */
	const uint8_t *authority;
	uint32_t revoked_below; /* as in struct wg_door_facts */
	uint32_t void_below;
	uint64_t sequence; /* of the hub's record that we have; 0: none */
};

enum wg_welcome_next {
	WG_WELCOME_VERIFY = 1,
	/* set the hub; the items may go into the map, which verifies */
	WG_WELCOME_TAKE,
	WG_WELCOME_LIE, /* ask another door */
};

/* A welcome at work: the first two are set, all else is zero. */
struct wg_welcome_case {
	struct wg_door_answer answer; /* WG_DOOR_WELCOME */
	struct wg_welcome_facts facts;

	struct wg_proofs proofs; /* VERIFY */
};

enum wg_welcome_next wg_welcome_judge(struct wg_welcome_case *c);

#endif
