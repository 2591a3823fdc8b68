/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hubs with doors and real keys, and who asks at them: whole exchanges of
 * datagrams, for tests.  The hub's map is that of lib/core/tests/door_hub.h.
 */
#ifndef DOOR_TALK_H
#define DOOR_TALK_H

#include "lib/backend/wg_seal.h"
#include "lib/core/tests/door_hub.h"

/* Ed25519, of seeds that are numbers. */
extern const struct door_crypto door_real;
void door_key(unsigned who, struct wg_sign_key *ret_secret);

struct talk_hub {
	struct door_hub hub;
	struct wg_limit limit;
	struct wg_seal_door *door;
	int64_t now; /* ms */
};
/* Hub number SELF, whose identity is WHO's; door_crypto is door_real then. */
void talk_begin(struct talk_hub *h, uint32_t self, unsigned who);
void talk_end(struct talk_hub *h);

/* What a door does with a datagram: its answer, of length 0 if it is silent. */
struct talk_answer {
	enum wg_seal_heard heard;
	uint8_t b[WG_DOOR_QUESTION];
	size_t len;
};
void talk_hear(struct talk_hub *h, const struct wg_seal_datagram *in,
	       struct talk_answer *ret);

/* Who asks: from where, and with which cookie. */
struct talk_asker {
	struct wg_addr from;
	uint16_t port;
	bool has_cookie;
	uint8_t cookie[WG_DOOR_COOKIE_LEN];
	/* its last question */
	struct wg_seal_asked asked;
	uint8_t sent[WG_DOOR_QUESTION];
	/* and the answer, which points into text */
	uint8_t text[WG_DOOR_ANSWER_TEXT];
	struct wg_door_answer answer;
};
/* A question into sent. */
void talk_ask(struct talk_asker *a, const struct talk_hub *h,
	      const struct wg_door_question *q);
/* What is in sent, to that hub; a cookie is kept, an answer is read. */
enum wg_seal_heard talk_send(struct talk_asker *a, struct talk_hub *h);
/* Ask, with a new cookie if it is wanted: the refusal; 0: welcome. */
enum wg_door_why talk(struct talk_asker *a, struct talk_hub *h,
		      const struct wg_door_question *q);

#endif
