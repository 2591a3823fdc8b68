/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said at a hub's door, where those knock that have no tunnel yet: one
 * question and three answers, each one UDP datagram.  This file knows their
 * form, lib/backend/wg_seal.h how they are sealed, wg_door.h what the hub
 * answers, wg_knock.h what a member asks.  Pure: bytes in, values out.
 *
 *   0 version 1, 1 kind, 2 zero, zero
 *   REGISTER only: 4 ephemeral X25519 key, 32 bytes
 *   nonce, 24; the text, sealed, and its tag, 16
 *   REGISTER only: 1168 cookie or zeros, 16; 1184 MAC of all before it, 16
 *
 * Associated data are all bytes before the nonce.
 */
#ifndef WG_DOOR_MSG_H
#define WG_DOOR_MSG_H

#include "lib/core/wg_item.h"

#define WG_DOOR_VERSION 1
#define WG_DOOR_HEAD 4 /* bytes: version, kind, zeros */
#define WG_DOOR_NONCE 24
#define WG_DOOR_TAG 16
#define WG_DOOR_COOKIE_LEN 16
#define WG_DOOR_MAC 16

#define WG_DOOR_TEXT 1092	/* bytes of a question, before it is sealed */
#define WG_DOOR_QUESTION 1200	/* ... and sealed: always */
#define WG_DOOR_ANSWER_TEXT 885 /* the longest text of an answer */
#define WG_DOOR_ANSWER_MAX 929	/* ... and sealed */
#define WG_DOOR_COOKIE_AT 1168	/* in a question */
#define WG_DOOR_MAC_AT 1184	/* in a question */

enum wg_door_kind {
	WG_DOOR_REGISTER = 1,
	WG_DOOR_COOKIE, /* ask again, with this */
	WG_DOOR_WELCOME,
	WG_DOOR_REFUSED,
	WG_DOOR_KINDS,
};

/* Where the parts of a datagram are. */
struct wg_door_shape {
	uint16_t nonce;	     /* offset */
	uint16_t text_least; /* bytes */
	uint16_t text_most;
	uint16_t behind; /* bytes after the tag */
};
/* NULL: no such kind. */
const struct wg_door_shape *wg_door_shape(uint8_t kind);
/* The length of a datagram with that much text. */
size_t wg_door_datagram_len(uint8_t kind, size_t text);
/*
 * The kind of a datagram, by its head and its length; 0: it is none.  *ret_text
 * are the bytes of its text.
 */
uint8_t wg_door_datagram(const uint8_t *b, size_t len, size_t *ret_text);
/* Its first WG_DOOR_HEAD bytes. */
void wg_door_datagram_head(uint8_t kind, uint8_t *b);

/* What the text of a question says: checked items, as they stand in it. */
struct wg_door_question {
	uint64_t sequence; /* of the hub's record that who asks has; 0: none */
	const uint8_t *certificate;
	/* for a certificate that is an invite, a succession or a witness to
	 * one: who the invite's member is; NULL: the certificate says it */
	const uint8_t *proof;
	const uint8_t *record; /* a door record: the WireGuard key */
};
/* The succession in the proof; NULL: there is no proof. */
const uint8_t *wg_door_succession(const struct wg_door_question *q);

/* The items go together, as wg_door_question_get would have it. */
void wg_door_question_put(const struct wg_door_question *q,
			  uint8_t ret[WG_DOOR_TEXT]);
/*
 * 0; -EBADMSG: there are others than these items in TEXT, they are not all of
 * one member and one mesh, or the proof is none of that invite.  Nothing is
 * verified.
 */
int wg_door_question_get(const uint8_t text[WG_DOOR_TEXT],
			 struct wg_door_question *ret);

/* Why a door refuses: numbers of the format. */
enum wg_door_why {
	WG_DOOR_INVITE_USED = 1, /* another one came with it before */
	WG_DOOR_INVITE_EXPIRED,	 /* or the certificate has */
	WG_DOOR_REVOKED,
	WG_DOOR_SUPERSEDED, /* the member has a newer certificate */
	WG_DOOR_DISPUTED,   /* hubs saw different ones with it */
	WG_DOOR_UNKNOWN_MEMBER,
	WG_DOOR_UNKNOWN_MESH,
	WG_DOOR_FULL,
	WG_DOOR_BUSY,	      /* not now */
	WG_DOOR_OLD_SEQUENCE, /* the hub knows a later record */
	WG_DOOR_WHYS,
};
/* "invite-used" and so on. */
const char *wg_door_why_str(enum wg_door_why why);

/* What the text of an answer says. */
struct wg_door_answer {
	uint8_t kind; /* enum wg_door_kind, no REGISTER */
	union {
		const uint8_t *cookie;
		struct {
			const uint8_t *certificate; /* the hub's */
			const uint8_t *record;	    /* a door record */
			const uint8_t *authority;   /* NULL: the first one */
		} welcome;
		struct {
			uint8_t why;	   /* enum wg_door_why */
			uint64_t sequence; /* OLD_SEQUENCE: of the member's
					      record that the hub has; else 0 */
		} refused;
	};
};
/* The text into ret; its length. */
size_t wg_door_answer_put(const struct wg_door_answer *a,
			  uint8_t ret[WG_DOOR_ANSWER_TEXT]);
/* The text of a datagram of that kind.  0 or -EBADMSG, as for questions. */
int wg_door_answer_get(uint8_t kind, const struct wg_span *text,
		       struct wg_door_answer *ret);

/* So far a sequence may be moved because of what another one says. */
#define WG_DOOR_JUMP (UINT64_C(1) << 20)

/* How long a certificate is taken after its time: for people to renew it. */
#define WG_DOOR_GRACE_S (30 * 86400)

#endif
