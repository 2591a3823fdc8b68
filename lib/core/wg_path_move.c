/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it means for the machine of wg_path.c to enter each state: where the
 * endpoint is from then on, what is set, asked and watched.  Here alone `state`
 * and `at` are written, so here is kept that they agree (wg_path_check).
 */
#include "lib/core/wg_path_priv.h"

static void enter(struct wg_path *p, enum wg_path_state state, int64_t now)
{
	p->state = state;
	p->since_ms = now;
	p->tell = true;
	p->idle = false;
	p->hello = state != WG_PATH_RELAY && state != WG_PATH_CALLING;
	p->watch = state == WG_PATH_START || state == WG_PATH_SWITCHING;
	p->wanted = p->strange = -1;
}

void wg_path_set_why(struct wg_path *p, enum wg_path_why why)
{
	p->tell |= p->why != why;
	p->why = why;
}

void wg_path_set_at(struct wg_path *p, int at)
{
	p->at = at;
	p->rtt_ms = at < 0 ? 0 : p->places.v[at].rtt_ms;
}

/* As often as packets may still be under way by the other way. */
void wg_path_set_often(struct wg_path *p, int64_t now)
{
	unsigned n = WG_PATH_SET_RTTS *
		     wg_path_most(p->relay_rtt_ms, p->rtt_ms) /
		     WG_PATH_SET_EVERY_MS;

	p->sets = wg_path_least(wg_path_most(n, WG_PATH_SET_MIN),
				WG_PATH_SET_MAX);
	p->set_due_ms = now;
}

bool wg_path_is_back(enum wg_path_state state)
{
	return state == WG_PATH_RELAY || state == WG_PATH_CALLING ||
	       state == WG_PATH_PROBING || state == WG_PATH_RETURNING;
}

void wg_path_to_relay(struct wg_path *p, int64_t now)
{
	wg_path_set_at(p, -1);
	p->places.n = 0;
	p->sets = 0;
	p->is_alone = false;
	enter(p, WG_PATH_RELAY, now);
}

void wg_path_to_returning(struct wg_path *p, enum wg_path_why why, int64_t now)
{
	wg_path_set_often(p, now);
	wg_path_set_at(p, -1);
	wg_path_set_why(p, why);
	wg_places_stop(&p->places);
	p->other_came = wg_path_is_back(p->other);
	enter(p, WG_PATH_RETURNING, now);
}

void wg_path_to_start(struct wg_path *p, const struct wg_endpoint *endpoint,
		      int64_t now)
{
	p->places.n = 0;
	wg_path_set_at(p, wg_places_add(&p->places, endpoint, false,
					WG_PATH_STRANGE_PINGS, NEVER_MS));
	if (p->at < 0) /* that cannot be a path of ours */
		wg_path_to_returning(p, WG_PATH_WHY_LOST, now);
	else
		enter(p, WG_PATH_START, now);
}

void wg_path_to_direct(struct wg_path *p, int64_t now)
{
	p->idle_due_ms = now;
	enter(p, WG_PATH_DIRECT, now);
}

void wg_path_to_switching(struct wg_path *p, int at, bool other_came,
			  int64_t now)
{
	wg_path_set_at(p, at);
	wg_path_set_often(p, now);
	wg_places_stop(&p->places);
	p->other_came = other_came;
	p->settled_ms = p->relayed_ms = LONG_AGO;
	p->switch_due_ms = p->conf.leads ? now : NEVER_MS;
	p->switches++;
	enter(p, WG_PATH_SWITCHING, now);
}

/* Both ends begin then. */
void wg_path_to_probing(struct wg_path *p, int64_t begin, int64_t now)
{
	if (p->state == WG_PATH_PROBING && p->begin_ms <= begin)
		return;
	p->begin_ms = begin;
	wg_places_start(&p->places, begin);
	if (p->state == WG_PATH_PROBING)
		return;
	p->pong_ms = NEVER_MS;
	enter(p, WG_PATH_PROBING, now);
}

bool wg_path_can(const struct wg_path *p)
{
	return p->conf.mode != WG_PATH_NEVER && p->conf.can_probe;
}

enum wg_path_why wg_path_cannot(const struct wg_path *p)
{
	return p->conf.mode == WG_PATH_NEVER ? WG_PATH_WHY_NEVER
					     : WG_PATH_WHY_NO_RAW_SOCKET;
}

/* Only attempts of our own count: else whoever forges CALLs ends them. */
void wg_path_hold(struct wg_path *p, int64_t ms, int64_t now)
{
	int64_t max =
		p->is_alone ? WG_PATH_HOLD_ALONE_MAX_MS : WG_PATH_HOLD_MAX_MS;
	unsigned i;

	for (i = 0; p->is_caller && i < p->fails && ms < max; i++)
		ms *= 2;
	p->hold_ms = wg_path_most(p->hold_ms, now + wg_path_least(ms, max));
	if (p->is_caller && p->fails < 16)
		p->fails++;
}

void wg_path_fail(struct wg_path *p, enum wg_path_why why, int64_t ms,
		  int64_t now)
{
	wg_path_hold(p, ms, now);
	wg_path_set_why(p, why);
	if (p->at >= 0)
		wg_path_to_returning(p, why, now);
	else
		wg_path_to_relay(p, now);
}

void wg_path_to_calling(struct wg_path *p, int64_t now)
{
	p->is_caller = true;
	p->is_alone = !p->has_hub;
	p->id = p->next_id++;
	p->called_ms = now;
	p->call_due_ms = now;
	p->attempts++;
	enter(p, WG_PATH_CALLING, now);
}
