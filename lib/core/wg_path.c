/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which way a pair of sites talks.
 *
 *   state      on                                               to
 *   start      the device is at the relay                       relay
 *              a HELLO was answered from where the device is    direct
 *              HELLOs are lost, or the other end is not
 *              direct; and a hub is there                       returning
 *   relay      demand, no hold-off: CALL                        calling
 *              a CALL: answer; without a hub: a PING            probing
 *   calling    the answer; a CALL: answer it                    probing
 *              2 s, or an answer without places                 relay, held
 *   probing    PONG + 30 ms, if we lead: SWITCH                 switching
 *              SWITCH to a place that is proven                 switching
 *              3 s                                              relay, held
 *   switching  all set; the other end is, too; a HELLO went and
 *              came since, and nothing left for the relay       direct
 *              2 s without the other end, or 10 s; HELLOs
 *              lost; the other end went back                    returning, held
 *   direct     HELLOs lost; the other end went back; IDLE, and
 *              we are idle, too; never                          returning
 *              the device slipped to the relay; SWITCH          switching
 *   returning  all set, and the other end is back, or 1 s       relay
 *
 * Why nothing is lost.  WireGuard at each end takes the other's endpoint from
 * each packet that it can open.  So while the two ends differ, both ways are in
 * use, and both bear: the relay, since it did before; the direct one, since a
 * PONG of ours came that way.  There is no moment in which a way is taken away,
 * only one in which it is used last.  (If the direct way died, what was under
 * way in it is lost, by whatever took it away.)
 *
 * Why the endpoint is set so often.  A packet that is under way by the old way
 * takes the endpoint back when it comes.  The last one comes a trip after the
 * other end set its own; so we set ours until we have heard that it did, and a
 * round trip longer, and again for so long when something still left for the
 * relay.  Meanwhile nothing is lost, so there is no haste to give up.
 *
 * Which of two.  The leader chooses, and says in SWITCH where the other end saw
 * it (PONG has that): so both ends take the two directions of one path.  The
 * other end switches only where a PONG of its own came from; what it was told
 * and cannot prove it probes.  That is how a symmetric NAT's port, which nobody
 * can tell of before, becomes a place of the other end.
 *
 * CALLs of both ends at one time need no rule: each is answered, and each end
 * begins at the earlier of the two times, which are the same at both.
 *
 * A start of ours.  The kernel went on while we were away, and where it has the
 * other end is where the last packet that it could open came from.  That we
 * leave as it is, until a HELLO was answered while nothing left for the relay:
 * then our question went there, and only the other end can open it; that proves
 * as much as a PONG.  Silence, or a HELLO by which the other end is not direct
 * any more, means the relay, once there is a hub.  The other end, for its part,
 * takes our "start" for no change.  If we were away for longer than its three
 * HELLOs it went to the relay, and took our device along.
 *
 * Idle.  The one end cannot know whether the other has data (one way only,
 * say). So IDLE is an offer, and who has had no data for its own time takes it.
 *
 * Without a hub direct paths stay, also idle.  A PING without a CALL, to where
 * the other end published that it is, makes it probe, too; each end switches to
 * its own best place, and the leader's SWITCH then makes them one.
 *
 * Who can send what.  A hub can forge CALLs and answers, and drop them: it can
 * make both ends probe WG_PLACES_TOLD places of its choice in vain, as often as
 * WG_PATH_CALLED_* lets, and keep the pair on the relay.  It cannot end a
 * direct path: that is done only by what comes out of the tunnel.  By the relay
 * it can delay one packet and so move an endpoint to the relay, until the next
 * reading. The other end can make this pair as bad as it likes, and have its
 * places probed.  A PING or PONG has the pair's MAC.  Nothing of all this makes
 * a packet go to a place that did not answer a probe.
 */
#include "lib/core/wg_path_priv.h"

#include <string.h>

static const struct wg_bucket_size bound = {WG_PATH_CALLED_EVERY_MS,
					    WG_PATH_CALLED_BURST};

const char *wg_path_state_str(enum wg_path_state state)
{
	static const char *const names[] = {
		[WG_PATH_START] = "start",
		[WG_PATH_RELAY] = "relay",
		[WG_PATH_CALLING] = "calling",
		[WG_PATH_PROBING] = "probing",
		[WG_PATH_SWITCHING] = "switching",
		[WG_PATH_DIRECT] = "direct",
		[WG_PATH_RETURNING] = "returning",
	};

	return names[state];
}

const char *wg_path_why_str(enum wg_path_why why)
{
	static const char *const names[] = {
		[WG_PATH_WHY_NO_DEMAND] = "no-demand",
		[WG_PATH_WHY_NO_ANSWER] = "no-answer",
		[WG_PATH_WHY_NO_CANDIDATE] = "no-candidate",
		[WG_PATH_WHY_NO_PONG] = "no-pong",
		[WG_PATH_WHY_NO_SETTLE] = "no-settle",
		[WG_PATH_WHY_LOST] = "lost",
		[WG_PATH_WHY_IDLE] = "idle",
		[WG_PATH_WHY_NEVER] = "never",
		[WG_PATH_WHY_NO_RAW_SOCKET] = "no-raw-socket",
		[WG_PATH_WHY_NEW_KEY] = "new-key",
	};

	return names[why];
}

/* --- life */

void wg_path_init(struct wg_path *p, const struct wg_path_conf *conf,
		  uint64_t id, const struct wg_endpoint *endpoint,
		  bool is_relay, int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->conf = *conf;
	p->next_id = id;
	p->at = -1;
	p->why = wg_path_can(p) ? WG_PATH_WHY_NO_DEMAND : wg_path_cannot(p);
	p->hold_ms = p->data_ms = p->demand_ms = p->called_ms = LONG_AGO;
	p->relayed_ms = p->settled_ms = LONG_AGO;
	if (is_relay || !endpoint || endpoint->addr.family == AF_UNSPEC)
		wg_path_to_relay(p, now);
	else
		wg_path_to_start(p, endpoint, now);
}

void wg_path_new_key(struct wg_path *p, int64_t now)
{
	p->fails = 0;
	p->hold_ms = now;
	p->other = WG_PATH_START;
	p->is_lost = false;
	p->relay_rtt_ms = 0;
	wg_path_set_why(p, WG_PATH_WHY_NEW_KEY);
	wg_path_to_relay(p, now);
}

void wg_path_conf_set(struct wg_path *p, const struct wg_path_conf *conf,
		      int64_t now)
{
	p->conf = *conf;
	switch (p->state) {
	case WG_PATH_RELAY:
		if (!wg_path_can(p))
			wg_path_set_why(p, wg_path_cannot(p));
		else if (p->why == WG_PATH_WHY_NEVER ||
			 p->why == WG_PATH_WHY_NO_RAW_SOCKET)
			wg_path_set_why(p, WG_PATH_WHY_NO_DEMAND);
		break;
	case WG_PATH_CALLING:
	case WG_PATH_PROBING:
		if (wg_path_can(p))
			break;
		wg_path_set_why(p, wg_path_cannot(p));
		wg_path_to_relay(p, now);
		break;
	case WG_PATH_SWITCHING:
	case WG_PATH_DIRECT:
		if (conf->mode == WG_PATH_NEVER)
			wg_path_to_returning(p, WG_PATH_WHY_NEVER, now);
		break;
	default:
		break;
	}
}

/* --- what happens at this end */

void wg_path_hub(struct wg_path *p, bool is_there, uint32_t rtt_ms, int64_t now)
{
	bool changed = p->has_hub != is_there;

	p->has_hub = is_there;
	p->hub_rtt_ms = wg_path_least(rtt_ms, 2 * WG_PATH_START_MAX_MS);
	if (changed)
		wg_path_fresh(p, now); /* there is another way to try */
}

void wg_path_data(struct wg_path *p, unsigned n, int64_t now)
{
	if (!n)
		return;
	if (n > 1 || now - p->data_ms < WG_PATH_DEMAND_MS)
		p->demand_ms = now;
	p->data_ms = now;
}

void wg_path_fresh(struct wg_path *p, int64_t now)
{
	p->fails = 0;
	p->hold_ms = wg_path_least(
		p->hold_ms, wg_path_most(now, p->called_ms + WG_PATH_FRESH_MS));
}

static bool is_idle(const struct wg_path *p, int64_t now)
{
	return p->conf.mode != WG_PATH_ALWAYS && p->has_hub &&
	       now - wg_path_most(p->data_ms, p->since_ms) >= p->conf.idle_ms;
}

void wg_path_relayed(struct wg_path *p, int64_t now)
{
	p->relayed_ms = now;
	if (p->state != WG_PATH_SWITCHING)
		return;
	p->settled_ms = LONG_AGO;
	wg_path_set_often(p,
			  wg_path_most(now, p->set_ms + WG_PATH_SET_SOON_MS));
	if (p->conf.leads && p->switch_due_ms == NEVER_MS)
		p->switch_due_ms = now + WG_PATH_SWITCH_AGAIN_MS;
}

/* Somewhere in the network its address, or its NAT, is another one. */
static void is_strange(struct wg_path *p, const struct wg_endpoint *endpoint,
		       int64_t now)
{
	wg_places_keep(&p->places, p->at);
	p->at = 0;
	p->strange = wg_places_add(&p->places, endpoint, false,
				   WG_PATH_STRANGE_PINGS, now);
	p->strange_ms = now;
	if (p->strange < 0) {
		p->sets = 1;
		p->set_due_ms = now;
	}
}

void wg_path_device(struct wg_path *p, const struct wg_endpoint *endpoint,
		    bool is_relay, int64_t now)
{
	bool is_none = !endpoint || endpoint->addr.family == AF_UNSPEC;
	int at = is_none ? -1 : wg_places_find(&p->places, endpoint);

	if (p->state == WG_PATH_START) {
		if (is_none || is_relay)
			wg_path_to_relay(p, now);
		else if (at < 0)
			wg_path_to_start(p, endpoint, now);
		return;
	}
	if (p->state != WG_PATH_DIRECT || is_none)
		return;
	if (is_relay)
		wg_path_to_switching(p, p->at, false, now);
	else if (at >= 0 && p->places.v[at].is_proven) {
		p->strange = -1;
		wg_path_set_at(p, at);
	} else if (at < 0 || at != p->strange)
		is_strange(p, endpoint, now);
}

/* --- an attempt */

static void add_places(struct wg_path *p, const struct wg_path_call *call)
{
	int64_t due = p->state == WG_PATH_PROBING ? p->begin_ms : NEVER_MS;
	unsigned i;

	for (i = 0; i < call->n && i < WG_PLACES_TOLD; i++)
		wg_places_add(&p->places, &call->places[i], true,
			      WG_PLACES_PINGS, due);
}

static void answered(struct wg_path *p, const struct wg_path_call *call,
		     int64_t now)
{
	if ((p->state != WG_PATH_CALLING && p->state != WG_PATH_PROBING) ||
	    !p->is_caller || call->id != p->id)
		return;
	add_places(p, call);
	if (!p->places.n) {
		wg_path_fail(p, WG_PATH_WHY_NO_CANDIDATE, WG_PATH_HOLD_MS, now);
		return;
	}
	if (!p->is_alone)
		p->relay_rtt_ms = now - p->called_ms;
	wg_path_to_probing(p, now, now);
}

/* Which ones are answered, and how often? */
static bool is_welcome(struct wg_path *p, const struct wg_path_call *call,
		       int64_t now)
{
	if (p->state != WG_PATH_RELAY && p->state != WG_PATH_CALLING &&
	    p->state != WG_PATH_PROBING)
		return false; /* its HELLOs will say that it is not direct */
	if (p->state == WG_PATH_PROBING && call->id == p->answer_id)
		return p->answers_left && p->answers_left--;
	if (!wg_bucket_take(&p->called, &bound, now))
		return false;
	p->answer_id = call->id;
	p->answers_left = WG_PATH_CALL_MS / WG_PATH_CALL_AGAIN_MS;
	return true;
}

void wg_path_called(struct wg_path *p, const struct wg_path_call *call,
		    int64_t now)
{
	if (call->is_answer) {
		answered(p, call, now);
		return;
	}
	if (!is_welcome(p, call, now))
		return;
	p->answer = true;
	p->start_ms = wg_path_least(call->start_ms, WG_PATH_START_MAX_MS) +
		      p->hub_rtt_ms / 2;
	if (!wg_path_can(p))
		return;
	p->relay_rtt_ms = 2 * p->start_ms;
	if (p->state == WG_PATH_RELAY) {
		p->is_caller = false;
		p->attempts++;
	}
	add_places(p, call);
	wg_path_to_probing(p, now + p->start_ms, now);
}

bool wg_path_answers(const struct wg_path *p)
{
	return p->conf.can_probe &&
	       (p->state != WG_PATH_RELAY ||
		(!p->has_hub && p->conf.mode != WG_PATH_NEVER)) &&
	       p->state != WG_PATH_RETURNING;
}

void wg_path_pinged(struct wg_path *p, const struct wg_endpoint *from,
		    int64_t now)
{
	bool is_first = p->state == WG_PATH_RELAY && !p->has_hub &&
			wg_path_can(p) &&
			wg_bucket_take(&p->called, &bound, now);

	if (!is_first && p->state != WG_PATH_CALLING &&
	    p->state != WG_PATH_PROBING)
		return;
	wg_places_add(&p->places, from, false, WG_PLACES_PINGS,
		      p->state == WG_PATH_PROBING
			      ? wg_path_most(now, p->begin_ms)
			      : NEVER_MS);
	if (!is_first)
		return;
	p->is_alone = true;
	p->is_caller = false;
	p->attempts++;
	wg_path_to_probing(p, now, now);
}

void wg_path_pong(struct wg_path *p, const struct wg_endpoint *from,
		  const struct wg_endpoint *seen, uint32_t rtt_ms, int64_t now)
{
	int i = wg_places_find(&p->places, from);

	if (i < 0 ||
	    (p->state != WG_PATH_PROBING && p->state != WG_PATH_SWITCHING &&
	     p->state != WG_PATH_DIRECT))
		return;
	wg_places_prove(&p->places, i, seen, rtt_ms);
	if (p->state == WG_PATH_PROBING) {
		p->pong_ms = wg_path_least(p->pong_ms, now);
		if (p->wanted == i)
			wg_path_to_switching(p, i, true, now);
	} else if (p->strange == i) {
		p->strange = -1;
		wg_path_set_at(p, i);
		p->sets = 1;
		p->set_due_ms = now;
	}
}

/* --- what comes out of the tunnel */

void wg_path_switched(struct wg_path *p, const struct wg_endpoint *place,
		      int64_t now)
{
	int i = wg_places_find(&p->places, place);

	if (p->conf.leads)
		return;
	p->other = WG_PATH_SWITCHING;
	switch (p->state) {
	case WG_PATH_CALLING: /* the answer is slower than the probes */
		if (!wg_path_can(p))
			return;
		wg_path_to_probing(p, now, now);
		/* fall through */
	case WG_PATH_PROBING:
		if (i < 0)
			i = wg_places_add(&p->places, place, false,
					  WG_PLACES_PINGS,
					  wg_path_most(now, p->begin_ms));
		p->wanted = i;
		if (i >= 0 && p->places.v[i].is_proven)
			wg_path_to_switching(p, i, true, now);
		break;
	case WG_PATH_SWITCHING:
		if (i == p->at)
			break;
		/* fall through */
	case WG_PATH_DIRECT:
		if (i >= 0 && p->places.v[i].is_proven)
			wg_path_to_switching(p, i, true, now);
		break;
	default:
		break;
	}
}

void wg_path_idled(struct wg_path *p, int64_t now)
{
	if (p->state == WG_PATH_DIRECT && is_idle(p, now))
		wg_path_to_returning(p, WG_PATH_WHY_IDLE, now);
}

void wg_path_lost(struct wg_path *p, int64_t now)
{
	if (p->state == WG_PATH_START)
		p->is_lost = true;
	else if (p->state == WG_PATH_SWITCHING)
		wg_path_fail(p, WG_PATH_WHY_NO_SETTLE, WG_PATH_HOLD_SOON_MS,
			     now);
	else if (p->state == WG_PATH_DIRECT) {
		p->losses++;
		if (now - p->since_ms < WG_PATH_STEADY_MS)
			wg_path_hold(p, WG_PATH_HOLD_SOON_MS, now);
		wg_path_to_returning(p, WG_PATH_WHY_LOST, now);
	}
}

static void heard_switching(struct wg_path *p, enum wg_path_state state,
			    bool is_answer, int64_t asked, int64_t now)
{
	unsigned rtt = p->relay_rtt_ms / WG_PATH_SET_EVERY_MS + 1;

	if (state == WG_PATH_SWITCHING || state == WG_PATH_DIRECT) {
		if (!p->other_came)
			p->sets = wg_path_least(wg_path_most(p->sets, rtt),
						WG_PATH_SET_MAX);
		p->other_came = true;
		p->switch_due_ms = NEVER_MS;
	} else if (p->other_came && wg_path_is_back(state)) {
		wg_path_fail(p, WG_PATH_WHY_NO_SETTLE, WG_PATH_HOLD_SOON_MS,
			     now);
		return;
	} /* else it was said before the SWITCH came */
	if (is_answer && p->other_came && !p->sets && asked >= p->set_ms &&
	    asked > p->relayed_ms && p->settled_ms == LONG_AGO)
		p->settled_ms = now;
}

static void heard_start(struct wg_path *p, enum wg_path_state state,
			bool is_answer, int64_t asked, int64_t now)
{
	static const struct wg_endpoint unknown;

	if (wg_path_is_back(state))
		p->is_lost = true;
	else if (is_answer && wg_path_can(p) && asked >= p->since_ms &&
		 asked > p->relayed_ms) {
		wg_places_prove(&p->places, p->at, &unknown, now - asked);
		wg_places_start(&p->places, now); /* how it sees us */
		wg_path_set_at(p, p->at);
		wg_path_to_direct(p, now);
	}
}

void wg_path_heard(struct wg_path *p, enum wg_path_state state, bool is_answer,
		   uint32_t took_ms, int64_t now)
{
	int64_t asked = now - took_ms;
	enum wg_path_state was = p->other;

	p->other = state;
	if (is_answer)
		p->is_lost = false;
	switch (p->state) {
	case WG_PATH_START:
		heard_start(p, state, is_answer, asked, now);
		break;
	case WG_PATH_PROBING:
		if (is_answer && !p->is_alone)
			p->relay_rtt_ms = took_ms;
		break;
	case WG_PATH_SWITCHING:
		heard_switching(p, state, is_answer, asked, now);
		break;
	case WG_PATH_DIRECT:
		if (wg_path_is_back(state))
			wg_path_to_returning(p,
					     is_idle(p, now) ? WG_PATH_WHY_IDLE
							     : WG_PATH_WHY_LOST,
					     now);
		else if (p->conf.leads && state == WG_PATH_SWITCHING &&
			 was == WG_PATH_DIRECT)
			wg_path_to_switching(p, p->at, true, now);
		break;
	case WG_PATH_RETURNING:
		p->other_came |= wg_path_is_back(state);
		break;
	default:
		break;
	}
}
