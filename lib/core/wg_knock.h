/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which door a member asks next, and what an answer means.
 *
 * A member asks when there is a reason (it joins, it has another WireGuard
 * key), and when no hub answered it for a while: all doors in turn, one a
 * second; then again after a pause, which is doubled up to a minute.
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_KNOCK_H
#define WG_KNOCK_H

#include "lib/core/wg_door_msg.h"

#define WG_KNOCK_DOORS 64	  /* no more are tried */
#define WG_KNOCK_SILENCE_MS 15000 /* without a hub: ask */
#define WG_KNOCK_NEXT_MS 1000	  /* to the next door */
#define WG_KNOCK_PAUSE_MS 1000	  /* after the first round of all */
#define WG_KNOCK_PAUSE_MAX_MS 60000
#define WG_KNOCK_COOKIE_MS 120000 /* a cookie is good for so long */

/* A door: its key is all of place. */
struct wg_knock_door {
	struct wg_knock_place {
		uint8_t hub[WG_KEY_LEN]; /* identity */
		char host[WG_ITEM_HOST_MAX + 1];
		uint16_t port;
	} place;
	/* only wg_knock.c writes what follows */
	uint8_t cookie[WG_DOOR_COOKIE_LEN];
	int64_t cookie_at;
	bool has_cookie;
	uint8_t again;	      /* questions at once, in this turn */
	uint8_t why;	      /* enum wg_door_why: its last; 0: none */
	uint64_t asked, lies; /* so often */
};

struct wg_knock {
	uint64_t sequence; /* of our own record: who makes one sets this */
	/* only wg_knock.c writes what follows */
	struct wg_knock_door door[WG_KNOCK_DOORS];
	size_t n;
	size_t turn; /* whose it is */
	size_t left; /* of this round */
	bool is_asking;
	int64_t due;	  /* asking: the next question */
	int64_t pause_ms; /* after this round */
	int64_t heard_at; /* a hub, or when we began to wait for one */
	int64_t calm_until; /* no question before; 0: at any time */
};

/* No doors yet; the next question is after a silence. */
void wg_knock_init(struct wg_knock *k, int64_t now);
/*
 * These are the doors, in the order in which to try them; the first
 * WG_KNOCK_DOORS.  What is known of one that stays, stays.
 */
void wg_knock_set_doors(struct wg_knock *k, const struct wg_knock_place *place,
			size_t n);

/* There is a reason to ask: a new round begins NOW. */
void wg_knock_start(struct wg_knock *k, int64_t now);
/* A hub answers in the tunnel: no more questions; doors' words are over. */
void wg_knock_heard(struct wg_knock *k, int64_t now);

/* Ask nobody before that, though there may be a reason. */
void wg_knock_calm(struct wg_knock *k, int64_t until);

/* When to call wg_knock_next; -1: never, there are no doors. */
int64_t wg_knock_due(const struct wg_knock *k);
/* Whom to ask now; NULL: nobody yet. */
struct wg_knock_door *wg_knock_next(struct wg_knock *k, int64_t now);
/* The cookie for a question to it; NULL: we have none. */
const uint8_t *wg_knock_cookie(const struct wg_knock_door *door, int64_t now);

enum wg_knock_do {
	WG_KNOCK_WAIT,	/* it goes on by itself */
	WG_KNOCK_AGAIN, /* ask this door at once, with cookie and sequence */
	WG_KNOCK_TAKE,	/* a welcome: judge it (wg_welcome.h), set the hub */
};
/*
 * A door's answer.  A refusal is what this hub says: it may lie, or know less
 * than others, so it changes nothing but what is shown.
 */
enum wg_knock_do wg_knock_answer(struct wg_knock *k, struct wg_knock_door *door,
				 const struct wg_door_answer *answer,
				 int64_t now);
/* Its welcome was a lie, or could not be set. */
void wg_knock_lie(struct wg_knock *k, struct wg_knock_door *door);

/*
 * Why no door lets us in: of what the doors said last the word that asks most
 * of a person; 0: no door said anything.
 */
enum wg_door_why wg_knock_why(const struct wg_knock *k);

#endif
