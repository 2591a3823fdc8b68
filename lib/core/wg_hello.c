/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and answers between us and one member.
 *
 * Who can say this: the member alone, for the message came out of its tunnel.
 * So it can speak of itself only: answer, and be alive; or be silent, and be
 * lost.  It cannot answer what was not asked, nor once for twice; an answer
 * counts for the question whose number it has, and the time that it took is
 * ours to measure.  It costs what WG_HELLO_EVERY_MS lets in, which is twice
 * what two need that ask each other every 50 ms: a question makes one answer of
 * the same length, whatever else comes makes none.
 *
 *   unknown -> alive      an answer
 *   any -> lost           WG_HELLO_LOST questions in a row without one
 *   lost -> returning     an answer; alive at once, if it never was
 *   returning -> alive    `back` answers in a row; one that is lost: lost
 *
 * A question is lost when its answer takes longer than what answers took till
 * now (RFC 6298's estimate; of the first few the least counts, for the first of
 * all waits in the tunnel for the handshake that it makes).  A late answer is
 * one all the same: it ends the row, and from then on we wait longer.  Where we
 * ourselves come late to look, as on a machine that stands still, all questions
 * get that time, too: for silence that we did not listen to nobody is blamed.
 *
 * Back and forth: who was lost again within WG_HELLO_FLAP_MS needs twice as
 * many answers in a row as before.
 *
 * Numbers count in a circle: one is higher if it is less than half of it away.
 * The tunnel lets nothing come twice; they are there for what overtakes: what
 * it says of its sender is old.  It is a question or an answer all the same,
 * for where both ends ask, that happens for seconds on end.  Who begins below
 * (it started anew, and its clock was set) is heard when nothing of it counted
 * for WG_HELLO_FORGET_MS.
 */
#include "lib/core/wg_hello.h"

#include <assert.h>
#include <string.h>

#define VAR_MIN_MS 50
#define FOREVER UINT32_MAX

static const struct wg_bucket_size bound = {WG_HELLO_EVERY_MS, WG_HELLO_BURST};

const char *wg_hello_state_str(enum wg_hello_state state)
{
	static const char *const names[] = {
		[WG_HELLO_UNKNOWN] = "unknown",
		[WG_HELLO_ALIVE] = "alive",
		[WG_HELLO_IS_LOST] = "lost",
		[WG_HELLO_RETURNING] = "returning",
	};

	return names[state];
}

bool wg_hello_is_news(enum wg_hello_state before, enum wg_hello_state after)
{
	return before != after && after != WG_HELLO_RETURNING &&
	       !(before == WG_HELLO_RETURNING && after == WG_HELLO_IS_LOST);
}

static void set_state(struct wg_hello *h, enum wg_hello_state state,
		      int64_t now)
{
	if (state == WG_HELLO_IS_LOST && h->state == WG_HELLO_ALIVE) {
		if (now - h->since_ms >= WG_HELLO_FLAP_MS)
			h->back = WG_HELLO_BACK;
		else if (h->back < WG_HELLO_BACK_MAX)
			h->back *= 2;
	}
	h->state = state;
	h->since_ms = now;
	h->in_row = 0;
}

/* --- numbers */

static uint32_t next_number(struct wg_hello *h)
{
	if (++h->number == 0)
		h->number = 1;
	return h->number;
}

static bool is_higher(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static struct wg_hello_asked *find(struct wg_hello *h, uint32_t number)
{
	unsigned i;

	for (i = 0; i < WG_HELLO_KEPT; i++)
		if (h->kept[i].number == number)
			return &h->kept[i];
	return NULL;
}

/*
 * What a later message overtook is a question or an answer for all that: where
 * both ends ask, the one's question and its answer to the other's leave
 * together.  A SWITCH or IDLE that was overtaken is none.
 */
static bool counts(struct wg_hello *h, const struct wg_hello_msg *msg,
		   int64_t now)
{
	if (h->has_heard && !is_higher(msg->number, h->heard) &&
	    now - h->heard_ms < WG_HELLO_FORGET_MS) {
		if (msg->kind != WG_HELLO_IS_HELLO)
			return false;
		return msg->echo ? msg->number != h->heard && find(h, msg->echo)
				 : h->heard - msg->number - 1 < WG_HELLO_KEPT;
	}
	h->has_heard = true;
	h->heard = msg->number;
	h->heard_ms = now;
	return true;
}

/* --- how long an answer takes */

static int64_t wait_ms(const struct wg_hello *h)
{
	int32_t var, ms;

	if (!h->has_rtt)
		return WG_HELLO_WAIT_NEW_MS;
	var = h->var4 > VAR_MIN_MS ? h->var4 : VAR_MIN_MS;
	ms = h->rtt8 / 8 + var;
	if (ms < (int32_t)h->least_ms)
		return h->least_ms;
	return ms < WG_HELLO_WAIT_MAX_MS ? ms : WG_HELLO_WAIT_MAX_MS;
}

static void measure(struct wg_hello *h, int64_t took)
{
	int32_t ms = took < 10 * WG_HELLO_WAIT_MAX_MS
			     ? took
			     : 10 * WG_HELLO_WAIT_MAX_MS;
	int32_t off;

	h->took_ms = ms;
	if (!h->has_rtt ||
	    (h->answered < WG_HELLO_BACK && ms < h->rtt8 / 8)) {
		h->has_rtt = true;
		h->rtt8 = 8 * ms;
		h->var4 = 2 * ms;
	} else {
		off = ms - h->rtt8 / 8;
		h->var4 += (off < 0 ? -off : off) - h->var4 / 4;
		h->rtt8 += off;
	}
	h->rtt_ms = h->rtt8 / 8;
}

/* --- questions */

void wg_hello_init(struct wg_hello *h, uint32_t first, int64_t now)
{
	memset(h, 0, sizeof(*h));
	h->number = first;
	h->since_ms = now;
	h->back = WG_HELLO_BACK;
	h->least_ms = WG_HELLO_WAIT_MS;
}

static void forget(struct wg_hello *h, int64_t now)
{
	memset(h->kept, 0, sizeof(h->kept));
	h->every_ms = h->left = 0;
	h->has_rtt = false;
	set_state(h, WG_HELLO_UNKNOWN, now);
}

void wg_hello_ask(struct wg_hello *h, uint32_t every_ms, int64_t now)
{
	if (every_ms == h->every_ms && (h->left == FOREVER || !every_ms))
		return;
	if (!every_ms) {
		if (h->left == FOREVER)
			forget(h, now);
		return;
	}
	if (h->left != FOREVER)
		h->due_ms = now;
	else if (h->due_ms > now + every_ms)
		h->due_ms = now + every_ms;
	h->every_ms = every_ms;
	h->left = FOREVER;
}

void wg_hello_hurry(struct wg_hello *h, uint32_t least_ms)
{
	h->least_ms = least_ms < WG_HELLO_WAIT_MIN_MS ? WG_HELLO_WAIT_MIN_MS
		      : least_ms > WG_HELLO_WAIT_MS   ? WG_HELLO_WAIT_MS
						      : least_ms;
}

void wg_hello_call(struct wg_hello *h, unsigned n, uint32_t in_ms, int64_t now)
{
	if (h->left == FOREVER)
		return;
	h->every_ms = WG_HELLO_OFTEN_MS;
	h->left = n;
	h->due_ms = now + in_ms;
}

static unsigned count_waiting(const struct wg_hello *h)
{
	unsigned i, n = 0;

	for (i = 0; i < WG_HELLO_KEPT; i++)
		n += h->kept[i].number && !h->kept[i].is_lost;
	return n;
}

int64_t wg_hello_due(const struct wg_hello *h)
{
	int64_t due = -1;
	unsigned i;

	if (h->left && count_waiting(h) < WG_HELLO_WAITING)
		due = h->due_ms;
	for (i = 0; i < WG_HELLO_KEPT; i++)
		if (h->kept[i].number && !h->kept[i].is_lost &&
		    (due < 0 || h->kept[i].until_ms < due))
			due = h->kept[i].until_ms;
	return due;
}

static void is_lost(struct wg_hello *h, struct wg_hello_asked *a, int64_t now)
{
	a->is_lost = true;
	h->lost++;
	/* nothing follows from a few, nor where a later one was answered */
	if (h->left != FOREVER ||
	    (h->has_rtt && !is_higher(a->number, h->last)))
		return;
	if (h->state == WG_HELLO_RETURNING)
		set_state(h, WG_HELLO_IS_LOST, now);
	else if (h->state != WG_HELLO_IS_LOST && ++h->in_row >= WG_HELLO_LOST)
		set_state(h, WG_HELLO_IS_LOST, now);
}

/* We come late: what is due is so by as much later. */
static void forgive(struct wg_hello *h, int64_t now)
{
	int64_t due = wg_hello_due(h), late = due < 0 ? 0 : now - due;
	unsigned i;

	if (late < h->least_ms / 2)
		return;
	for (i = 0; i < WG_HELLO_KEPT; i++)
		h->kept[i].until_ms += late;
}

static void keep(struct wg_hello *h, int64_t now)
{
	struct wg_hello_asked *a = &h->kept[h->next];

	h->next = (h->next + 1) % WG_HELLO_KEPT;
	*a = (struct wg_hello_asked){
		.number = next_number(h),
		.at_ms = now,
		.until_ms = now + wait_ms(h),
	};
}

bool wg_hello_tick(struct wg_hello *h, int64_t now, struct wg_hello_msg *ret)
{
	unsigned i, k;

	forgive(h, now);
	for (i = 0; i < WG_HELLO_KEPT; i++) {
		k = (h->next + i) % WG_HELLO_KEPT; /* the oldest first */
		if (h->kept[k].number && !h->kept[k].is_lost &&
		    h->kept[k].until_ms <= now)
			is_lost(h, &h->kept[k], now);
	}
	if (!h->left || h->due_ms > now ||
	    count_waiting(h) >= WG_HELLO_WAITING)
		return false;
	keep(h, now);
	h->asked++;
	h->due_ms = now + h->every_ms;
	if (h->left != FOREVER)
		h->left--;
	*ret = (struct wg_hello_msg){
		.kind = WG_HELLO_IS_HELLO, .number = h->number, .ms = now};
	return true;
}

void wg_hello_say(struct wg_hello *h, uint8_t kind, int64_t now,
		  struct wg_hello_msg *ret)
{
	*ret = (struct wg_hello_msg){
		.kind = kind, .number = next_number(h), .ms = now};
}

/* --- answers */

static void is_answered(struct wg_hello *h, struct wg_hello_asked *a,
			int64_t now)
{
	bool is_first = !h->has_rtt;

	measure(h, now - a->at_ms);
	if (is_first || is_higher(a->number, h->last))
		h->last = a->number;
	a->number = 0;
	h->answered++;
	if (h->left != FOREVER) {
		h->left = 0;
		return;
	}
	switch (h->state) {
	case WG_HELLO_UNKNOWN:
		set_state(h, WG_HELLO_ALIVE, now);
		break;
	case WG_HELLO_ALIVE:
		h->in_row = 0;
		break;
	case WG_HELLO_IS_LOST:
		set_state(h, is_first ? WG_HELLO_ALIVE : WG_HELLO_RETURNING,
			  now);
		h->in_row = !is_first;
		break;
	case WG_HELLO_RETURNING:
		if (++h->in_row >= h->back)
			set_state(h, WG_HELLO_ALIVE, now);
		break;
	}
}

enum wg_hello_news wg_hello_hear(struct wg_hello *h,
				 const struct wg_hello_msg *msg, int64_t now,
				 struct wg_hello_msg *ret_answer)
{
	struct wg_hello_asked *a;

	if (!wg_bucket_take(&h->bucket, &bound, now)) {
		h->refused++;
		return WG_HELLO_OVER;
	}
	if (!counts(h, msg, now)) {
		h->refused++;
		return WG_HELLO_OLD;
	}
	if (msg->kind != WG_HELLO_IS_HELLO)
		return WG_HELLO_OTHER;
	if (!msg->echo) {
		*ret_answer = (struct wg_hello_msg){
			.kind = WG_HELLO_IS_HELLO,
			.number = next_number(h),
			.echo = msg->number,
			.ms = msg->ms,
		};
		return WG_HELLO_QUESTION;
	}
	a = find(h, msg->echo);
	if (!a) {
		h->refused++;
		return WG_HELLO_UNASKED;
	}
	is_answered(h, a, now);
	return WG_HELLO_ANSWER;
}

void wg_hello_check(const struct wg_hello *h)
{
	unsigned i;

	assert(h->answered <= h->asked && h->lost <= h->asked);
	assert(count_waiting(h) <= WG_HELLO_WAITING);
	assert(h->back >= WG_HELLO_BACK && h->back <= WG_HELLO_BACK_MAX);
	assert(h->state != WG_HELLO_ALIVE || h->in_row < WG_HELLO_LOST);
	assert(h->state != WG_HELLO_RETURNING || h->in_row < h->back);
	assert(!h->left == (wg_hello_due(h) < 0) || count_waiting(h));
	for (i = 0; i < WG_HELLO_KEPT; i++)
		assert(h->kept[i].until_ms >= h->kept[i].at_ms);
}
