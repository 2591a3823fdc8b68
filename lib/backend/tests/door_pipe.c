/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hub's door and who asks at it on the standard input, one question a line,
 * and an answer a line: for tests/check-door, which has a second implementation
 * to compare with.
 *
 *   random BYTES			the next random bytes are these
 *   text TEXT				ok or refused
 *   ask HUB TEXT [COOKIE]		a datagram
 *   read DATAGRAM			kind and text of an answer to that
 *   hub SELF WHO			another hub with its door; its certificate
 *   offer ITEM				the hub knows that, too
 *   set NAME NUMBER [MEMBER]		facts: see the table
 *   hear DATAGRAM ADDRESS PORT MS	what the datagram is, and the answer
 *
 * All but numbers, names and addresses are hexadecimal, in lower case.
 */
#include "lib/backend/tests/door_talk.h"
#include "lib/backend/tests/pipe.h"
#include "lib/backend/wg_keys.h"

static struct talk_hub hub;
static struct wg_seal_asked asked;

/* --- random numbers that are given */

static uint8_t given[1024];
static size_t n_given, taken;

static void some_random(void *b, size_t len)
{
	if (len > n_given - taken) {
		randombytes_sysrandom_implementation.buf(b, len);
		return;
	}
	memcpy(b, given + taken, len);
	taken += len;
}

/* --- questions */

static void give(void)
{
	read_hex(1);
	if (lens[1] > sizeof(given))
		exit(1);
	memcpy(given, bytes[1], lens[1]);
	n_given = lens[1];
	taken = 0;
	printf("ok\n");
}

static bool get_text(size_t i, struct wg_door_question *ret)
{
	read_hex(i);
	return lens[i] == WG_DOOR_TEXT &&
	       wg_door_question_get(bytes[i], ret) == 0;
}

static void text(void)
{
	struct wg_door_question q;

	printf("%s\n", get_text(1, &q) ? "ok" : "refused");
}

static void ask(void)
{
	struct wg_door_question q;
	uint8_t b[WG_DOOR_QUESTION];

	if (!get_text(2, &q) ||
	    wg_seal_ask(read_hex(1), &q, word[3] ? read_hex(3) : NULL, &asked,
			b) < 0)
		printf("refused\n");
	else
		say_hex(b, sizeof(b));
}

static void read_answer(void)
{
	uint8_t b[WG_DOOR_ANSWER_TEXT], again[WG_DOOR_ANSWER_TEXT];
	struct wg_door_answer a;
	struct wg_span in = {read_hex(1), lens[1]};

	if (wg_seal_read(&asked, &in, b, &a) < 0) {
		printf("refused\n");
		return;
	}
	printf("%u ", a.kind);
	say_hex(again, wg_door_answer_put(&a, again));
}

static void begin(void)
{
	talk_end(&hub);
	talk_begin(&hub, number(1), number(2));
	say_hex(hub.hub.item[0], wg_item_len(hub.hub.item[0]));
}

static void offer(void)
{
	door_hub_offer(&hub.hub, read_hex(1));
	printf("ok\n");
}

static void set(void)
{
	struct door_hub *h = &hub.hub;
	uint64_t n = number(2);

	if (strcmp(word[1], "settled") == 0)
		h->is_settled = n;
	else if (strcmp(word[1], "clock-bad") == 0)
		h->clock_is_bad = n;
	else if (strcmp(word[1], "disk-fails") == 0)
		h->disk_fails = n;
	else if (strcmp(word[1], "now") == 0)
		h->now = n;
	else if (strcmp(word[1], "maximum") == 0)
		h->maximum = n;
	else if (strcmp(word[1], "void-below") == 0)
		h->void_below = n;
	else if (strcmp(word[1], "sequence") == 0)
		h->own_sequence = n;
	else if (strcmp(word[1], "revoked-below") == 0)
		h->revoked_below[number(3) % DOOR_HUB_MEMBERS] = n;
	else
		exit(1);
	printf("ok\n");
}

/* A buffer of its own: what is read behind it is found. */
static void hear(void)
{
	struct wg_seal_datagram in = {.port = number(3), .now = number(4)};
	struct talk_answer answer;
	uint8_t *b;

	read_hex(1);
	b = malloc(lens[1] + !lens[1]);
	if (!b || wg_addr_parse(word[2], &in.from) < 0)
		exit(1);
	memcpy(b, bytes[1], lens[1]);
	in.b = b;
	in.len = lens[1];
	talk_hear(&hub, &in, &answer);
	printf("%s ", wg_seal_heard_str(answer.heard));
	say_hex(answer.b, answer.len);
	free(b);
}

int main(void)
{
	static const struct pipe_question questions[] = {
		{"random", give},      {"text", text}, {"ask", ask},
		{"read", read_answer}, {"hub", begin}, {"offer", offer},
		{"set", set},	       {"hear", hear},
	};
	static struct randombytes_implementation some;
	int rc;

	some = randombytes_sysrandom_implementation;
	some.buf = some_random;
	randombytes_set_implementation(&some);
	if (wg_keys_init() < 0)
		return 1;
	talk_begin(&hub, 1, 10);
	rc = pipe_serve(questions, sizeof(questions) / sizeof(questions[0]));
	talk_end(&hub);
	return rc;
}
