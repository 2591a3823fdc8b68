/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two members and their connection, or one and a liar, for tests.
 */
#ifndef EXCHANGE_PAIR_H
#define EXCHANGE_PAIR_H

#include "lib/core/tests/talk.h"

/* An end: what it said goes into the other one's ear. */
struct pair_end {
	struct talk t;
	struct wg_exchange *x;
	char said[4096]; /* a letter a frame, and E of HAVE's end */
	size_t bytes;
	const char *why;
	bool is_bad, is_up;
	char states[64];
	struct wg_frame_call call; /* the last that came */
	unsigned calls;
	uint8_t order[512]; /* kinds of the items that came */
	size_t items;
};

/* Members 1 and 2; a liar is in the place of the second. */
struct pair {
	struct pair_end a, b;
	struct mesh mesh;
	int64_t now;
};
extern struct pair pair;

int pair_begin(void **state);
int pair_finish(void **state);
#define PAIR_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, pair_begin, pair_finish)

struct wg_offer *pair_certificate(uint32_t member, uint32_t serial);
/* Of who is certified so. */
struct wg_offer *pair_record(uint32_t member, uint64_t sequence);
/* Of member 3, by somebody else. */
struct wg_offer *pair_forged(uint64_t sequence);

void pair_load(struct pair_end *e, const struct wg_offer *o);
/* ... and tell the other end. */
void pair_put(struct pair_end *e, const struct wg_offer *o);

/* Whatever is there to hear. */
void pair_work(struct pair_end *e);
void pair_hear(struct pair_end *e, const uint8_t *bytes, size_t len);
/* One buffer; false: there was nothing to say. */
bool pair_say(struct pair_end *from, struct pair_end *to);
/* Until nobody has anything to say. */
void pair_talk(void);
/* Both for so long, once a second. */
void pair_talk_for(int64_t ms);
/* What was said and how much, so far. */
void pair_forget(void);

/* A frame from somebody who is no wg_exchange, to the first. */
void pair_lie(struct wg_frame f);
void pair_lie_hello(void);
void pair_lie_item(const struct wg_offer *o);
void pair_lie_entries(uint8_t kind, const struct wg_directory_entry *e);
/* What the first says now, as letters. */
const char *pair_answer(void);

#endif
