/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a client is taken: attempts, by turns.
 *
 * An attempt is an initiation that the device sends, where it has to be made
 * anew first if anything happened to it before.  It is flying until it was
 * answered or WAIT (rto()) is over.  Making the peer anew also throws away the
 * answer that may be under way, so an attempt that comes too soon is worse than
 * none: if a thousand clients are called at once and they or we need more time
 * for that than until the next attempt, nobody ever gets through.
 *
 * So as many fly at a time as are answered quickly: the window grows by one
 * with each answer that took less than QUICK_MS, and shrinks by a quarter when
 * one took longer, once in WAIT: that is what a queue looks like somewhere
 * between us and them, or a network that is still finding its way after a
 * death.  That none comes is no sign of a queue but of clients that are gone;
 * it only halves the window down to where it began.  WAIT is thrice what
 * answers take (which includes our own reading of the device).  All begins anew
 * when nobody is being taken.  Who waits is given his turn in this order: whose
 * packets come here, who had none yet, the others.
 *
 * A data packet names its client by the receiver index (wg_group_index.c), so
 * it may come from anywhere: a client that moved while its gateway died is
 * where its packets come from.  An index that somebody hit by chance must not
 * be enough for that.  So a packet from elsewhere counts when there is a second
 * one from there; so does one from where the client was last, while more than
 * STRANGE packets a second name nobody.  Below that, who knows where a client
 * is and tries its indices needs 2^31 / STRANGE seconds, eight months, to hit
 * one of two, and what it costs is a handshake.
 */
#include "lib/core/wg_group.h"

#include <assert.h>

#include "lib/core/wg_group_priv.h"

#define TAKE_MS 6000	/* the attempts at one client last so long */
#define TAKE_ATTEMPTS 6 /* they last longer if it had fewer turns */
#define WAIT_MIN_MS 60	/* for an answer */
#define WAIT_EACH_MS 3	/* longer for each attempt that flies */
#define WAIT_MAX_MS 1000
#define QUICK_MS 80
#define WINDOW_MIN 2
#define WINDOW_FIRST 32
#define WINDOW_MAX 256	    /* the kernel bears 512 handshakes at once */
#define ATTEMPT_STRAY_MS 25 /* after the last, if packets show the way */
#define ATTEMPT_EACH_MS 2   /* later for each attempt that flies */
#define AGAIN_MS 2000	    /* after taking failed */
#define ASK_MS 100	    /* between two asks for a client */
#define DOUBT_MS 2500	    /* so long it is asked for in vain */
#define PAUSE_MS 1000	    /* such a pause of its packets begins that anew */
#define SECOND_MS 5000	    /* between two packets from somewhere new */
#define STRANGE 100 /* a second name nobody: more is somebody who tries */

/* --- the window */

static int64_t rto(const struct wg_group *g)
{
	int64_t ms = 3 * g->answer_ms8 / 8;

	if (ms < (int64_t)g->flying * WAIT_EACH_MS)
		ms = g->flying * WAIT_EACH_MS;
	return ms < WAIT_MIN_MS	  ? WAIT_MIN_MS
	       : ms > WAIT_MAX_MS ? WAIT_MAX_MS
				  : ms;
}

static void begin_anew(struct wg_group *g)
{
	g->window = WINDOW_FIRST;
	g->answer_ms8 = 0;
	g->lost_ms = g->slow_ms = WG_NEVER;
}

void wg_take_answered(struct wg_group *g, struct wg_client *c, int64_t now)
{
	int64_t ms = now - c->attempt_ms;

	if (!c->attempts)
		return;
	g->answer_ms8 += g->answer_ms8 ? ms - g->answer_ms8 / 8 : 8 * ms;
	if (ms < QUICK_MS && g->window < WINDOW_MAX)
		g->window++;
	else if (ms >= QUICK_MS && g->window > WINDOW_MIN &&
		 (g->slow_ms == WG_NEVER || now - g->slow_ms >= rto(g))) {
		g->slow_ms = now;
		g->window -= (g->window + 3) / 4;
	}
}

static void lost(struct wg_group *g, struct wg_client *c, int64_t now)
{
	wg_client_set_flying(g, c, false);
	if (g->window <= WINDOW_FIRST ||
	    (g->lost_ms != WG_NEVER && now - g->lost_ms < rto(g)))
		return;
	g->lost_ms = now;
	g->window /= 2;
	if (g->window < WINDOW_FIRST)
		g->window = WINDOW_FIRST;
}

/* --- attempts */

/* A handshake is being started now. */
static void started(struct wg_group *g, struct wg_client *c, int64_t now)
{
	unsigned twice = c->attempts > 2 ? c->attempts - 2 : 0;

	c->attempts++;
	c->attempt_ms = now;
	c->next_ms = now + (rto(g) << (twice < 6 ? twice : 6));
	c->looked = false;
	c->fresh = false;
	wg_client_mark(g, c);
}

static void attempt(struct wg_group *g, struct wg_client *c, int64_t now)
{
	wg_client_set_flying(g, c, true);
	if (c->took_ms == WG_NEVER)
		c->took_ms = now;
	if (c->fresh)
		started(g, c, now);
	else
		wg_client_remove(g, c); /* and start when it is */
}

bool wg_client_is_called(const struct wg_client *c)
{
	return c->role == WG_ROLE_TAKING && c->attempts;
}

static bool has_room(const struct wg_group *g)
{
	return g->flying < g->window;
}

/* Not flying, and not over. */
static bool is_waiting(const struct wg_client *c)
{
	return c->role == WG_ROLE_TAKING && !c->flying && !c->removing &&
	       c->attempts < WG_GROUP_ATTEMPTS;
}

void wg_take_begin(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (!c->last.endpoint.addr.family)
		return; /* it has to come by itself */
	if (!g->count[WG_ROLE_TAKING])
		begin_anew(g);
	c->serial++;
	c->took_ms = WG_NEVER;
	c->attempts = 0;
	c->contests = 0;
	c->urgent = false;
	c->doubted = -1;
	c->doubt_ms = WG_NEVER;
	c->handshake_ms = WG_NEVER;
	c->next_ms = now;
	wg_client_set_role(g, c, WG_ROLE_TAKING);
	g->stats.takes++;
	wg_client_tell_all(g, c);
	if (!c->removing && has_room(g))
		attempt(g, c, now);
}

void wg_take_removed(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (c->flying)
		started(g, c, now);
}

/* --- packets that show the way */

/* Its packets come here: it is waiting for us. */
static void hurry(struct wg_group *g, struct wg_client *c, int64_t now)
{
	int64_t ms = ATTEMPT_STRAY_MS + g->flying * ATTEMPT_EACH_MS;

	c->urgent = true;
	if (c->removing || c->attempts == WG_GROUP_ATTEMPTS)
		return;
	if (c->attempts ? c->looked && now - c->attempt_ms >= ms : has_room(g))
		attempt(g, c, now);
}

/* Whatever its server says: the client will tell who is right. */
static void doubt(struct wg_group *g, struct wg_client *c, int64_t now)
{
	int server = c->server;

	wg_take_begin(g, c, now);
	c->doubted = server;
}

/*
 * Ask its server for it.  An honest one has given it within SETTLED_MS, so
 * who still has it then does not.
 */
static void ask(struct wg_group *g, struct wg_client *c, int64_t now)
{
	int server = c->server;

	if (c->asked_ms != WG_NEVER && now - c->asked_ms < ASK_MS)
		return;
	if (c->doubt_ms == WG_NEVER || now - c->asked_ms >= PAUSE_MS)
		c->doubt_ms = now;
	if (now - c->doubt_ms >= DOUBT_MS) {
		doubt(g, c, now);
		return;
	}
	c->asked_ms = now;
	wg_client_enqueue(g, server, c);
	c->ask |= 1u << server;
	g->stats.asked++;
}

/* Packets that named nobody, of late: each second takes STRANGE off. */
static int64_t strange(const struct wg_group *g, int64_t now)
{
	int64_t n = g->strange - (now - g->strange_ms) * STRANGE / 1000;

	return n > 0 ? n : 0;
}

bool wg_take_is_coming(const struct wg_client *c, int64_t now)
{
	return c->stray_ms != WG_NEVER && now - c->stray_ms < SECOND_MS;
}

/*
 * Is the packet from where the client was last, or is it the second one from
 * there? One alone may be a number that somebody tried; so it may when many
 * are tried.
 */
static bool is_sure(struct wg_group *g, struct wg_client *c,
		    const struct wg_endpoint *from, int64_t now)
{
	bool there = wg_group_same_place(from, &c->last.endpoint);
	bool second = wg_take_is_coming(c, now) &&
		      wg_group_same_place(from, &c->stray);

	c->stray = *from;
	c->stray_ms = now;
	return second || (there && strange(g, now) < STRANGE);
}

bool wg_group_knows(struct wg_group *g, uint32_t index, int64_t now)
{
	if (wg_index_find(g, index))
		return true;
	g->strange = strange(g, now) + 1;
	g->strange_ms = now;
	g->stats.strange++;
	return false;
}

bool wg_group_stray(struct wg_group *g, const struct wg_endpoint *from,
		    uint32_t index, int64_t now)
{
	struct wg_client *c = wg_index_find(g, index);

	if (!c || c->role == WG_ROLE_SERVING)
		return false;
	if (index == c->own_index[0].value && c->index_live && !c->index_used)
		return true; /* it has just had a handshake with us */
	if (!is_sure(g, c, from, now))
		return false;
	g->stats.strays++;
	if (c->role == WG_ROLE_PASSIVE &&
	    (c->removing || !wg_group_may_take(g) ||
	     (c->again_ms != WG_NEVER && now < c->again_ms)))
		return true;
	if (!wg_group_same_place(from, &c->last.endpoint))
		wg_client_set_endpoint(g, c, from, false);
	if (c->role == WG_ROLE_TAKING)
		hurry(g, c, now);
	else if (c->server >= 0 && !g->member[c->server].dead &&
		 g->member[c->server].ready)
		ask(g, c, now);
	else
		doubt(g, c, now);
	return true;
}

/* --- time */

static int64_t end_ms(const struct wg_client *c)
{
	if (c->took_ms == WG_NEVER ||
	    (is_waiting(c) && c->attempts < TAKE_ATTEMPTS))
		return INT64_MAX;
	return c->took_ms + TAKE_MS;
}

/* What ended by itself. */
static void expire(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (c->role == WG_ROLE_TAKING) {
		if (now >= end_ms(c)) {
			g->stats.failed++;
			c->again_ms = now + AGAIN_MS;
			wg_client_release(g, c, 0);
		} else if (c->flying && !c->removing && c->looked &&
			   now - c->attempt_ms >= rto(g)) {
			lost(g, c, now);
		}
	} else if (c->backup_ms != WG_NEVER && now >= c->backup_ms &&
		   !c->removing) {
		c->backup_ms = WG_NEVER;
		if (c->server < 0 && c->role == WG_ROLE_PASSIVE &&
		    wg_group_may_take(g))
			wg_take_begin(g, c, now);
		wg_client_set_busy(g, c);
	}
}

/* Whose turn is it first? */
static unsigned turn_of(const struct wg_client *c)
{
	return c->urgent ? 0 : c->attempts ? 2 : 1;
}

void wg_take_tick(struct wg_group *g, int64_t now)
{
	struct wg_client *c, *next;
	unsigned turn;

	for (c = g->busy; c; c = next) {
		next = c->busy_next;
		expire(g, c, now);
	}
	for (turn = 0; turn < 3; turn++)
		for (c = g->busy; c && has_room(g); c = c->busy_next)
			if (turn_of(c) == turn && is_waiting(c) &&
			    now >= c->next_ms)
				attempt(g, c, now);
}

int64_t wg_take_due(const struct wg_group *g)
{
	const struct wg_client *c;
	int64_t due = INT64_MAX;

	for (c = g->busy; c; c = c->busy_next) {
		if (c->role != WG_ROLE_TAKING) {
			if (!c->removing)
				wg_earlier(&due, c->backup_ms);
			continue;
		}
		wg_earlier(&due, end_ms(c));
		if (is_waiting(c) && has_room(g))
			wg_earlier(&due, c->next_ms);
		else if (c->flying && !c->removing && c->looked)
			wg_earlier(&due, c->attempt_ms + rto(g));
	}
	return due;
}
