/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a member answer?  Questions and answers between us and one other member
 * of a mesh (wg_hello_msg.h): when the next question is due, which one is lost,
 * how long an answer takes, and whether the member is alive for all that.
 * Pure: no socket, no clock.
 *
 *   wg_hello_ask(h, WG_HELLO_OFTEN_MS, now);
 *   if (wg_hello_tick(h, now, &msg))
 *           send it
 *   switch (wg_hello_hear(h, &msg, now, &answer)) ...
 *
 * All messages that have come are to be heard before wg_hello_tick.  Times are
 * milliseconds of a clock that does not jump.
 */
#ifndef WG_HELLO_H
#define WG_HELLO_H

#include "lib/core/wg_bucket.h"
#include "lib/core/wg_hello_msg.h"

#define WG_HELLO_OFTEN_MS 200	 /* a hub that relays for us */
#define WG_HELLO_SELDOM_MS 1000	 /* any other hub */
#define WG_HELLO_LOST 3		 /* questions in a row: it is lost */
#define WG_HELLO_WAIT_MS 200	 /* the least time for an answer, ... */
#define WG_HELLO_WAIT_MIN_MS 50	 /* ... (as little as that: wg_hello_hurry) */
#define WG_HELLO_WAIT_NEW_MS 1000 /* ... until one came, ... */
#define WG_HELLO_WAIT_MAX_MS 3000 /* ... and the most */
#define WG_HELLO_BACK 5		 /* answers in a row: it is alive again, ... */
#define WG_HELLO_BACK_MAX 160	 /* ... or twice as many, each time ... */
#define WG_HELLO_FLAP_MS 60000	 /* ... that it was lost so soon again */
#define WG_HELLO_FORGET_MS 3000	 /* the other's number, in silence */
#define WG_HELLO_WAITING 4	 /* questions under way, at most */
#define WG_HELLO_KEPT 8		 /* ... and lost, whose answers may be late */
#define WG_HELLO_EVERY_MS 10	 /* so often we listen to one member, ... */
#define WG_HELLO_BURST 20	 /* ... and as often at once */

enum wg_hello_state {
	WG_HELLO_UNKNOWN,   /* not asked, or no answer yet */
	WG_HELLO_ALIVE,	    /* it answers */
	WG_HELLO_IS_LOST,   /* it does not: WG_HELLO_LOST in a row */
	WG_HELLO_RETURNING, /* it does again, for too short a time */
};
/* "unknown", "alive", "lost", "returning". */
const char *wg_hello_state_str(enum wg_hello_state state);
/*
 * Is that worth a line in the log?  Who is lost may answer now and then, as
 * often as it likes: only what it was last told to be, alive or lost, counts.
 */
bool wg_hello_is_news(enum wg_hello_state before, enum wg_hello_state after);

/* Between us and one member; read what stands before the line. */
struct wg_hello {
	enum wg_hello_state state;
	int64_t since_ms;      /* of the state */
	uint32_t rtt_ms;       /* smoothed; of no meaning before an answer */
	uint32_t took_ms;      /* the last answer */
	uint64_t asked, answered, lost, refused; /* messages */
	/* only wg_hello.c uses what follows */
	uint32_t every_ms;     /* between questions; 0: none */
	uint32_t least_ms;     /* time for an answer, at least */
	uint32_t left;	       /* so many of them, or until an answer */
	int64_t due_ms;	       /* the next question */
	uint32_t number;       /* of our last message */
	uint32_t last;	       /* of ours that was answered */
	uint32_t heard;	       /* the other's last number that counted ... */
	int64_t heard_ms;      /* ... and when */
	bool has_heard, has_rtt;
	uint8_t in_row;	       /* lost, or while it returns: answered */
	uint8_t back;	       /* answers that it needs to return */
	int32_t rtt8, var4;    /* RTT in ms / 8, its deviation in ms / 4 */
	struct wg_hello_asked {
		uint32_t number; /* 0: none */
		bool is_lost;
		int64_t at_ms, until_ms;
	} kept[WG_HELLO_KEPT];
	uint8_t next; /* of them */
	struct wg_bucket bucket;
};

/*
 * Nothing was said yet.  FIRST is the number before our first one: by a clock
 * of the wall, so that it is above those of an earlier life of ours.
 */
void wg_hello_init(struct wg_hello *h, uint32_t first, int64_t now);

/* From now on a question each so many ms; 0: none, and nothing is known. */
void wg_hello_ask(struct wg_hello *h, uint32_t every_ms, int64_t now);
/*
 * Where questions are so frequent that WG_HELLO_WAIT_MS would be too long: wait
 * for the answer to one as long as answers took till now, and so long at least.
 */
void wg_hello_hurry(struct wg_hello *h, uint32_t least_ms);
/* N questions, from IN_MS on, or until one is answered. */
void wg_hello_call(struct wg_hello *h, unsigned n, uint32_t in_ms, int64_t now);

/* When to call wg_hello_tick; -1: never. */
int64_t wg_hello_due(const struct wg_hello *h);
/*
 * What is lost NOW is so from now on.  True: a question is to be sent, all but
 * path and sequence of which is set.
 */
bool wg_hello_tick(struct wg_hello *h, int64_t now, struct wg_hello_msg *ret);

/*
 * A message that is no HELLO is to be sent: all but path and place is set.
 * KIND: enum wg_hello_kind.
 */
void wg_hello_say(struct wg_hello *h, uint8_t kind, int64_t now,
		  struct wg_hello_msg *ret);

enum wg_hello_news {
	WG_HELLO_OVER,	   /* too many came: not looked at */
	WG_HELLO_OLD,	   /* a later one came before */
	WG_HELLO_UNASKED,  /* the answer to what we did not ask, or know */
	WG_HELLO_QUESTION, /* the answer is to be sent */
	WG_HELLO_ANSWER,
	WG_HELLO_OTHER, /* no HELLO, and it counts */
};
/* It came from the member.  *ret_answer as for wg_hello_tick. */
enum wg_hello_news wg_hello_hear(struct wg_hello *h,
				 const struct wg_hello_msg *msg, int64_t now,
				 struct wg_hello_msg *ret_answer);

/* Just heard: is it the member's latest, so that what it says is so now? */
static inline bool wg_hello_is_latest(const struct wg_hello *h,
				      const struct wg_hello_msg *msg)
{
	return h->heard == msg->number;
}

/* Assert the invariants. */
void wg_hello_check(const struct wg_hello *h);

#endif
