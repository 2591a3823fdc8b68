/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/backend/tests/door_talk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void door_key(unsigned who, struct wg_sign_key *ret_secret)
{
	uint8_t seed[WG_KEY_LEN] = {0x5d};

	wg_item_put(seed + 1, who, 4);
	wg_sign_of_seed(seed, ret_secret);
}

static void real_public(unsigned who, uint8_t ret[WG_KEY_LEN])
{
	struct wg_sign_key key;

	door_key(who, &key);
	memcpy(ret, wg_sign_public(&key), WG_KEY_LEN);
}

static void real_sign(uint8_t *item, uint8_t type, unsigned who)
{
	struct wg_sign_key key;

	door_key(who, &key);
	wg_sign_item(item, type, &key);
}

static bool real_verify(const uint8_t *item, uint8_t type, const uint8_t *key)
{
	return wg_sign_verify(item, type, key) == 0;
}

const struct door_crypto door_real = {real_public, real_sign, real_verify};

void talk_begin(struct talk_hub *h, uint32_t self, unsigned who)
{
	struct wg_sign_key key;

	door_crypto = &door_real;
	*h = (struct talk_hub){.now = 1000000};
	door_hub_init(&h->hub, self, who);
	door_key(who, &key);
	h->door = wg_seal_door_new(&key, &h->limit);
	assert(h->door);
}

void talk_end(struct talk_hub *h)
{
	wg_seal_door_free(&h->door);
}

static void welcome(struct talk_hub *h, const uint8_t *record,
		    struct wg_door_answer *ret)
{
	*ret = (struct wg_door_answer){
		.kind = WG_DOOR_WELCOME,
		/* its own certificate is the first item that it has */
		.welcome = {h->hub.item[0], record},
	};
}

void talk_hear(struct talk_hub *h, const struct wg_seal_datagram *in,
	       struct talk_answer *ret)
{
	static struct wg_seal_question q;
	uint8_t record[WG_ITEM_MAX];
	struct wg_door_answer a = {.kind = WG_DOOR_REFUSED};
	struct wg_door_case c = {};

	ret->len = 0;
	ret->heard = wg_seal_hear(h->door, in, &q);
	if (ret->heard == WG_SEAL_COOKIE) {
		memcpy(ret->b, q.answer.b, q.answer.len);
		ret->len = q.answer.len;
	}
	if (ret->heard != WG_SEAL_QUESTION)
		return;
	c.question = q.question;
	door_hub_judge(&h->hub, &c);
	if (c.why) {
		a.refused.why = c.why;
		a.refused.sequence = c.sequence;
	} else {
		door_record(&(struct door_record){h->hub.self,
						  h->hub.own_sequence, 99,
						  h->hub.who},
			    record);
		welcome(h, record, &a);
	}
	ret->len = wg_seal_answer(h->door, &q, &a, ret->b);
	assert(ret->len <= in->len);
}

void talk_ask(struct talk_asker *a, const struct talk_hub *h,
	      const struct wg_door_question *q)
{
	uint8_t hub[WG_KEY_LEN];

	door_crypto->public_of(h->hub.who, hub);
	if (wg_seal_ask(hub, q, a->has_cookie ? a->cookie : NULL, &a->asked,
			a->sent) < 0)
		abort();
}

enum wg_seal_heard talk_send(struct talk_asker *a, struct talk_hub *h)
{
	const struct wg_seal_datagram in = {a->sent, sizeof(a->sent), a->from,
					    a->port, h->now};
	struct talk_answer answer;
	struct wg_span back;

	talk_hear(h, &in, &answer);
	back = (struct wg_span){answer.b, answer.len};
	a->answer = (struct wg_door_answer){};
	if (!back.len ||
	    wg_seal_read(&a->asked, &back, a->text, &a->answer) < 0)
		return answer.heard;
	if (a->answer.kind == WG_DOOR_COOKIE) {
		memcpy(a->cookie, a->answer.cookie, sizeof(a->cookie));
		a->has_cookie = true;
	}
	return answer.heard;
}

enum wg_door_why talk(struct talk_asker *a, struct talk_hub *h,
		      const struct wg_door_question *q)
{
	enum wg_seal_heard heard;
	size_t i;

	for (i = 0; i < 2; i++) {
		talk_ask(a, h, q);
		heard = talk_send(a, h);
		if (heard == WG_SEAL_QUESTION)
			break;
	}
	if (!a->answer.kind || a->answer.kind == WG_DOOR_COOKIE) {
		fprintf(stderr, "no answer: %s\n", wg_seal_heard_str(heard));
		abort();
	}
	return a->answer.kind == WG_DOOR_REFUSED ? a->answer.refused.why : 0;
}
