/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine of wg_path.c does as time goes by, one thing a call.  A step
 * that comes late is done once: there are no bursts of what was missed, and the
 * endpoint is set as many times as it has to be, however long that takes.
 */
#include "lib/core/wg_path_priv.h"

#include <assert.h>

static bool wants(const struct wg_path *p, int64_t now)
{
	return p->conf.mode == WG_PATH_ALWAYS ||
	       now - p->demand_ms < WG_PATH_DEMAND_MS;
}

/* Is the endpoint to be set until the other end is where we are? */
static bool waits_for_other(const struct wg_path *p)
{
	return !p->other_came &&
	       (p->state == WG_PATH_SWITCHING || p->state == WG_PATH_RETURNING);
}

/* --- when */

static int64_t idle_at(const struct wg_path *p)
{
	if (p->conf.mode == WG_PATH_ALWAYS || !p->has_hub)
		return NEVER_MS;
	return wg_path_most(p->idle_due_ms,
			    wg_path_most(p->data_ms, p->since_ms) +
				    p->conf.idle_ms);
}

/* The next time limit of the state. */
static int64_t limit(const struct wg_path *p)
{
	int64_t due = NEVER_MS;

	switch (p->state) {
	case WG_PATH_START:
		if (p->has_hub && (p->is_lost || !wg_path_can(p)))
			due = p->since_ms;
		break;
	case WG_PATH_RELAY:
		if (wg_path_can(p) && wants(p, p->hold_ms))
			due = p->hold_ms;
		break;
	case WG_PATH_CALLING:
		due = p->since_ms + WG_PATH_CALL_MS;
		break;
	case WG_PATH_PROBING:
		due = p->begin_ms + WG_PATH_PROBE_MS;
		if (p->conf.leads || p->is_alone)
			due = wg_path_least(due, p->pong_ms + WG_PATH_PICK_MS);
		break;
	case WG_PATH_SWITCHING:
		due = p->since_ms +
		      (p->other_came ? WG_PATH_SETTLE_MS : WG_PATH_SWITCH_MS);
		if (p->settled_ms != LONG_AGO)
			due = wg_path_least(due,
					    p->settled_ms + WG_PATH_QUIET_MS);
		break;
	case WG_PATH_DIRECT:
		due = idle_at(p);
		if (p->strange >= 0)
			due = wg_path_least(due,
					    p->strange_ms + WG_PATH_STRANGE_MS);
		break;
	case WG_PATH_RETURNING:
		if (!p->sets)
			due = p->other_came ? p->since_ms
					    : p->since_ms + WG_PATH_RETURN_MS;
		break;
	case WG_PATH_STATES:
		break;
	}
	return due;
}

static bool is_pending(const struct wg_path *p)
{
	return p->tell || p->answer || p->idle || p->hello != p->hello_told ||
	       p->watch != p->watch_told;
}

int64_t wg_path_due(const struct wg_path *p)
{
	int64_t due = wg_path_least(limit(p), wg_places_due(&p->places));

	if (is_pending(p))
		return p->since_ms;
	if (p->sets || waits_for_other(p))
		due = wg_path_least(due, p->set_due_ms);
	if (p->state == WG_PATH_CALLING)
		due = wg_path_least(due, p->call_due_ms);
	if (p->state == WG_PATH_SWITCHING)
		due = wg_path_least(due, p->switch_due_ms);
	return due < NEVER_MS ? due : -1;
}

/* --- what the time brings */

static void direct(struct wg_path *p, int64_t now)
{
	if (now - p->since_ms >= WG_PATH_STEADY_MS)
		p->fails = 0;
	if (p->strange >= 0 && now - p->strange_ms >= WG_PATH_STRANGE_MS) {
		p->strange = -1;
		p->sets = 1;
		p->set_due_ms = now;
	}
	if (now >= idle_at(p)) {
		p->idle = true;
		p->idle_due_ms = now + WG_PATH_IDLE_AGAIN_MS;
	}
}

static void probing(struct wg_path *p, int64_t now)
{
	int best = wg_places_best(&p->places);

	if (best >= 0 && (p->conf.leads || p->is_alone) &&
	    now - p->pong_ms >= WG_PATH_PICK_MS)
		wg_path_to_switching(p, best, false, now);
	else if (now - p->begin_ms >= WG_PATH_PROBE_MS)
		wg_path_fail(p,
			     best < 0 ? WG_PATH_WHY_NO_PONG
				      : WG_PATH_WHY_NO_SETTLE,
			     WG_PATH_HOLD_MS, now);
}

static void pass(struct wg_path *p, int64_t now)
{
	if (p->state == WG_PATH_DIRECT)
		direct(p, now);
	if (now < limit(p))
		return;
	switch (p->state) {
	case WG_PATH_START:
		wg_path_to_returning(p,
				     wg_path_can(p) ? WG_PATH_WHY_LOST
						    : wg_path_cannot(p),
				     now);
		break;
	case WG_PATH_RELAY:
		if (wants(p, now))
			wg_path_to_calling(p, now);
		else
			p->demand_ms = LONG_AGO;
		break;
	case WG_PATH_CALLING:
		wg_path_fail(p, WG_PATH_WHY_NO_ANSWER, WG_PATH_HOLD_MS, now);
		break;
	case WG_PATH_PROBING:
		probing(p, now);
		break;
	case WG_PATH_SWITCHING:
		if (p->settled_ms != LONG_AGO &&
		    now - p->settled_ms >= WG_PATH_QUIET_MS)
			wg_path_to_direct(p, now);
		else
			wg_path_fail(p, WG_PATH_WHY_NO_SETTLE,
				     WG_PATH_HOLD_SOON_MS, now);
		break;
	case WG_PATH_RETURNING:
		wg_path_to_relay(p, now);
		break;
	default:
		break;
	}
}

/* --- what is to be done */

static bool next_call(struct wg_path *p, int64_t now, struct wg_path_act *act)
{
	act->what = WG_PATH_CALL;
	if (p->answer) {
		p->answer = false;
		act->call.id = p->answer_id;
		act->call.start_ms = p->start_ms;
		act->call.is_answer = true;
		act->call.has_places = wg_path_can(p);
		act->call.by_hub = true;
		return true;
	}
	if (p->state != WG_PATH_CALLING || now < p->call_due_ms)
		return false;
	p->call_due_ms = now + WG_PATH_CALL_AGAIN_MS;
	act->call.id = p->id;
	act->call.start_ms = p->hub_rtt_ms / 2;
	act->call.has_places = true;
	act->call.by_hub = !p->is_alone;
	return true;
}

static bool next_message(struct wg_path *p, int64_t now,
			 struct wg_path_act *act)
{
	if (p->idle) {
		p->idle = false;
		act->what = WG_PATH_IDLE;
		return true;
	}
	if (p->state != WG_PATH_SWITCHING || now < p->switch_due_ms)
		return false;
	p->switch_due_ms =
		p->other_came ? NEVER_MS : now + WG_PATH_SWITCH_AGAIN_MS;
	act->what = WG_PATH_SWITCH;
	act->place = p->places.v[p->at].seen;
	return act->place.addr.family != AF_UNSPEC; /* since our start */
}

static bool next_set(struct wg_path *p, int64_t now, struct wg_path_act *act)
{
	if ((!p->sets && !waits_for_other(p)) || now < p->set_due_ms)
		return false;
	if (p->sets)
		p->sets--;
	/* 6 to 13: who sends every 20 ms, as voice does, would be in step */
	p->set_due_ms = now + WG_PATH_SET_EVERY_MS - 4 + 5 * p->turn++ % 8;
	p->set_ms = now;
	act->what = WG_PATH_SET;
	return true;
}

static bool next_ping(struct wg_path *p, int64_t now, struct wg_path_act *act)
{
	int i = wg_places_next(&p->places, now);

	if (i < 0)
		return false;
	act->what = WG_PATH_PING;
	act->place = p->places.v[i].at;
	return true;
}

bool wg_path_next(struct wg_path *p, int64_t now, struct wg_path_act *ret)
{
	struct wg_path_act act = {.what = WG_PATH_TELL};
	bool is_some = true;

	pass(p, now);
	if (p->tell) {
		p->tell = false;
		act.was = p->told;
		p->told = p->state;
	} else if (p->watch != p->watch_told) {
		act.what = WG_PATH_WATCH;
		act.on = p->watch_told = p->watch;
	} else if (p->hello != p->hello_told) {
		act.what = WG_PATH_HELLO;
		act.on = p->hello_told = p->hello;
	} else
		is_some = next_call(p, now, &act) || next_set(p, now, &act) ||
			  next_message(p, now, &act) || next_ping(p, now, &act);
	if (is_some)
		*ret = act;
	return is_some;
}

/* --- what is */

const struct wg_endpoint *wg_path_endpoint(const struct wg_path *p)
{
	return p->at < 0 ? NULL : &p->places.v[p->at].at;
}

bool wg_path_allows(const struct wg_path *p, const struct wg_endpoint *at)
{
	int i = wg_places_find(&p->places, at);

	return i >= 0 && (p->places.v[i].is_proven || i == p->at ||
			  i == p->wanted || i == p->strange);
}

void wg_path_check(const struct wg_path *p)
{
	bool is_there =
		p->state == WG_PATH_SWITCHING || p->state == WG_PATH_DIRECT;

	wg_places_check(&p->places);
	assert(p->state < WG_PATH_STATES && p->why < WG_PATH_WHYS);
	assert(p->at < p->places.n && p->wanted < p->places.n &&
	       p->strange < p->places.n);
	/* the relay, or a proven place */
	assert((p->at >= 0) == (is_there || p->state == WG_PATH_START));
	assert(!is_there || p->places.v[p->at].is_proven);
	assert(p->wanted < 0 || p->state == WG_PATH_PROBING);
	assert(p->strange < 0 ||
	       (p->state == WG_PATH_DIRECT && p->strange != p->at));
	/* nothing is set that is the device's to know */
	assert(!p->sets || is_there || p->state == WG_PATH_RETURNING);
	assert(p->state != WG_PATH_RELAY || !p->places.n);
	assert(p->sets <= WG_PATH_SET_MAX);
	assert(p->conf.mode != WG_PATH_NEVER ||
	       (p->state != WG_PATH_CALLING && p->state != WG_PATH_PROBING &&
		!is_there));
}
