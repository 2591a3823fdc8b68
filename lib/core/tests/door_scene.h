/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hub with the number 1, what it may know, and questions at its door.  Its
 * mesh has the hubs 2 and 3, of which 3 is not honest, and the member 7.
 */
#ifndef DOOR_SCENE_H
#define DOOR_SCENE_H

#include "lib/core/tests/door_hub.h"

/* Who is who. */
enum {
	HUB = 10,
	HUB_TWO,
	HUB_EVIL,
	INVITE = 20,
	INVITE_TWO,
	BERLIN = 30,
	THIEF,
	WG = 40,
};

#define MEMBER 7
#define SERIAL 100
#define NOW 1000 /* as door_hub_init has it */
#define DAYS 86400

/* What is asked. */
struct ask {
	uint32_t serial; /* 0: SERIAL */
	unsigned invite; /* the certificate's key, an invite; 0: the identity */
	unsigned identity; /* 0: BERLIN */
	unsigned signer;   /* of the door record; 0: the identity */
	unsigned wg_signer;
	unsigned by; /* of the certificate; 0: the authority */
	unsigned s_by_key, s_by_identity;
	uint32_t witness_of; /* hub's number; 0: a succession is shown */
	unsigned witness_by; /* who signs that; 0: as it should be */
	uint64_t sequence;   /* 0: 1 */
	uint64_t ours;	     /* of the hub's record that it has */
	uint64_t from, until, redeem_by;
	uint32_t authority;
	uint32_t member; /* 0: MEMBER */
	uint8_t mesh;
};

/* The hub, and the parts of the last question. */
extern struct door_hub scene_hub;
extern uint8_t scene_proof[WG_ITEM_MAX], scene_record[WG_ITEM_MAX];

/* The first use of an invite at its last second, by its owner and a thief. */
extern const struct ask scene_first, scene_thief;

/* A hub that knows nothing. */
void scene_begin(void);
/* It knows the other hubs. */
void scene_hubs(void);
/* ... and that hub BY has seen somebody with the invite. */
void scene_saw(uint32_t by, const struct ask *a);
/* It knows the certificate. */
void scene_knows(const struct ask *a);

/* The question, as it stands in buffers that the next one overwrites. */
struct wg_door_question scene_question(const struct ask *a);
/* The word for it; ret may be NULL. */
enum wg_door_why scene_ask(const struct ask *a, struct wg_door_case *ret);

#endif
