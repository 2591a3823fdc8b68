/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seal on what is said at a hub's door (lib/core/wg_door_msg.h): who asks
 * seals for a hub's identity, whose key it knows already; the door answers who
 * can open the answer.  wg_keys_init comes first (wg_keys.h).
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_SEAL_H
#define WG_SEAL_H

#include "lib/backend/wg_sign.h"
#include "lib/core/wg_door_msg.h"
#include "lib/core/wg_limit.h"

#define WG_SEAL_COOKIE_MS 120000 /* a key for cookies is used for so long */

/* --- the door */

struct wg_seal_door; /* an identity's; in locked memory, wiped */

/*
 * The door of the hub that has this identity.  LIMIT stays the caller's, and is
 * all doors' at one port.  NULL: no memory.
 */
struct wg_seal_door *wg_seal_door_new(const struct wg_sign_key *identity,
				      struct wg_limit *limit);
void wg_seal_door_free(struct wg_seal_door **door);

/* A datagram, and where it came from. */
struct wg_seal_datagram {
	const uint8_t *b;
	size_t len;
	struct wg_addr from; /* IPv4 not mapped into IPv6 */
	uint16_t port;	     /* host order */
	int64_t now;
};

/* What the door made of one: in the order of its checks. */
enum wg_seal_heard {
	WG_SEAL_FOREIGN,	/* no question by its head or length: silence */
	WG_SEAL_STRANGER,	/* its MAC: not for this identity: silence */
	WG_SEAL_COOKIE,		/* nothing was believed: send the answer */
	WG_SEAL_TOO_OFTEN_NEAR, /* its neighbourhood asks: silence */
	WG_SEAL_TOO_OFTEN,	/* all together do: silence */
	WG_SEAL_BROKEN,		/* it cannot be opened: silence */
	WG_SEAL_NO_FORM,	/* what is in it makes no sense: silence */
	WG_SEAL_QUESTION,	/* judge it, then answer (wg_door.h) */
	WG_SEAL_HEARDS,
};
const char *wg_seal_heard_str(enum wg_seal_heard heard);

struct wg_seal_question {
	union {
		/* COOKIE */
		struct {
			uint8_t b[WG_DOOR_QUESTION];
			size_t len;
		} answer;
		/* QUESTION: question points into text, so this is not moved */
		struct {
			uint8_t text[WG_DOOR_TEXT];
			struct wg_door_question question;
			uint8_t reply[WG_KEY_LEN]; /* SECRET */
		};
	};
};

/*
 * Step 1 of the door.  Doors of several identities at one port are asked one
 * after another, until one says other than FOREIGN or STRANGER.  QUESTION:
 * wg_seal_answer or wg_seal_drop follow.  Otherwise ret has nothing, but the
 * answer of COOKIE.
 */
enum wg_seal_heard wg_seal_hear(struct wg_seal_door *door,
				const struct wg_seal_datagram *in,
				struct wg_seal_question *ret);
/*
 * The answer, WELCOME or REFUSED, to a question into ret; its length, which is
 * less than the question's.  Wipes what was secret of the question.
 */
size_t wg_seal_answer(struct wg_seal_door *door, struct wg_seal_question *q,
		      const struct wg_door_answer *answer,
		      uint8_t ret[WG_DOOR_ANSWER_MAX]);
void wg_seal_drop(struct wg_seal_question *q);

/* What came, and what it cost. */
struct wg_seal_stats {
	uint64_t heard[WG_SEAL_HEARDS];
	uint64_t macs;	     /* keyed hashes of a whole question */
	uint64_t cookies;    /* keyed hashes of an address and a port */
	uint64_t hashes;     /* for keys */
	uint64_t agreements; /* X25519 */
	uint64_t opened;     /* sealed texts that were tried */
	uint64_t sealed;
};
const struct wg_seal_stats *wg_seal_stats(const struct wg_seal_door *door);

/* --- who asks */

/* A question that waits for an answer.  SECRET. */
struct wg_seal_asked {
	uint8_t hub[WG_KEY_LEN]; /* identity */
	uint8_t mac[WG_DOOR_MAC];
	uint8_t reply[WG_KEY_LEN];
};

/*
 * A question to the hub with this identity into ret, with its cookie or NULL.
 * 0; -EINVAL: that is no key.  Each call makes another one.
 */
int wg_seal_ask(const uint8_t hub[WG_KEY_LEN],
		const struct wg_door_question *question, const uint8_t *cookie,
		struct wg_seal_asked *ret_asked, uint8_t ret[WG_DOOR_QUESTION]);
/*
 * Is that an answer to it?  0: *ret, which points into ret_text of
 * WG_DOOR_ANSWER_TEXT bytes; else -EBADMSG.  There may be more answers: the
 * wire can repeat them.  Its items are not verified.
 */
int wg_seal_read(const struct wg_seal_asked *asked, const struct wg_span *in,
		 uint8_t *ret_text, struct wg_door_answer *ret);
void wg_seal_forget(struct wg_seal_asked *asked);

#endif
