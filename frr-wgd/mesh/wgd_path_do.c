// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What paths want to be done.
 *
 * All paths are looked at in one turn; there are as many as there are sites
 * that we had data for, or that called us.
 *
 * Where the device is to have the other site is said to the peer (wgd_peer.h,
 * `placed`), so a path goes to the device through the one plan, as all else
 * does, and whatever else changes of the peer keeps it there.  A setting that
 * is asked for once more is sent though nothing changed: a packet that was
 * under way may have moved the endpoint.  The interface takes a request each 10
 * ms, which is as often as the machine asks for one.
 *
 * A direct path is no peer's life or death: that the relay is for.  But a peer
 * that answers on a direct path is alive whatever hubs say (wgd_hubs.c).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/mesh/wgd_demand.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_path_do.h"
#include "frr-wgd/mesh/wgd_probe.h"

DEFINE_HOOK(wgd_path_changed,
	    (const struct wgd_mesh *m, const struct wgd_mesh_member *member),
	    (m, member));

/* --- where the device has it */

static void place(struct wgd_path *p)
{
	static const struct wg_endpoint relay;
	const struct wg_endpoint *at = wg_path_endpoint(&p->core) ?: &relay;
	struct wgd_peer *peer = p->member->peer;

	if (wg_endpoint_same(at, &peer->placed))
		return;
	peer->placed = *at;
	wgd_peer_push(peer);
}

static void set(struct wgd_path *p)
{
	place(p);
	wg_peer_resend_endpoint(p->member->peer->peer);
	wgd_if_kick(p->member->peer->wif);
}

/* --- telling */

static void tell(struct wgd_mesh *m, const struct wgd_path *p,
		 enum wg_path_state was)
{
	const struct wg_endpoint *at = wg_path_endpoint(&p->core);
	char text[WG_ENDPOINT_STRLEN];
	bool is_news = p->core.state == WG_PATH_DIRECT ||
		       p->core.state == WG_PATH_RETURNING;

	if (p->core.state == was)
		return;
	zlog(is_news ? LOG_INFO : LOG_DEBUG,
	     "%s: mesh: path to %s: %s, was %s%s%s%s%s", m->wif->name,
	     p->member->name, wg_path_state_str(p->core.state),
	     wg_path_state_str(was), at ? ", at " : "",
	     at ? wg_endpoint_str(at, text) : "", at ? "" : ": ",
	     at ? "" : wg_path_why_str(p->core.why));
	if (is_news)
		hook_call(wgd_path_changed, m, p->member);
	p->member->moved_ms = wgd_now_ms(); /* silence begins anew */
	wgd_mesh_act(m);
}

/* --- calls */

/* Without a hub: as if it answered with the places that it published. */
static void call_alone(struct wgd_mesh *m, struct wgd_path *p,
		       const struct wg_path_act *a)
{
	struct wg_frame_call call = {
		.from = p->member->number, .id = a->call.id, .is_answer = true};
	size_t i;

	for (i = 0; i < p->member->n_places; i++) {
		const struct wgd_mesh_at *at = &p->member->places[i];
		struct wg_endpoint *e = &call.place[call.n];

		*e = (struct wg_endpoint){.port = at->port};
		if (wg_addr_parse(at->host, &e->addr) == 0)
			call.n++;
	}
	wgd_path_called(m, &call);
}

static void call(struct wgd_mesh *m, struct wgd_path *p,
		 const struct wg_path_act *a)
{
	const struct wgd_mesh_member *hub = wgd_hubs_carrier(m, p->member);
	struct wg_frame_call call = {
		.to = p->member->number,
		.from = m->self->number,
		.id = a->call.id,
		.start_ms = a->call.start_ms,
		.is_answer = a->call.is_answer,
	};

	if (!a->call.by_hub) {
		call_alone(m, p, a);
		return;
	}
	if (a->call.has_places)
		call.n = wgd_probe_candidates(m, call.place);
	if (!hub || !wgd_exchange_call(m->exchange, hub->number, &call))
		wgd_debug_events("%s: mesh: no hub brings a call to %s",
				 m->wif->name, p->member->name);
}

/* --- acting */

static bool watches(const struct wgd_mesh *m)
{
	const struct wgd_path *p;

	for (p = m->paths->first; p; p = p->next)
		if (p->watches)
			return true;
	return false;
}

static void carry_out(struct wgd_mesh *m, struct wgd_path *p,
		      const struct wg_path_act *a)
{
	switch (a->what) {
	case WG_PATH_TELL:
		tell(m, p, a->was);
		break;
	case WG_PATH_CALL:
		call(m, p, a);
		break;
	case WG_PATH_PING:
		wgd_probe_ping(m, p->member, &a->place);
		break;
	case WG_PATH_SWITCH:
		wgd_hello_say(m, p->member, WG_HELLO_IS_SWITCH, &a->place);
		break;
	case WG_PATH_IDLE:
		wgd_hello_say(m, p->member, WG_HELLO_IS_IDLE, NULL);
		break;
	case WG_PATH_HELLO:
		p->asks = a->on;
		wgd_hello_asks(m, p->member);
		break;
	case WG_PATH_WATCH:
		p->watches = a->on;
		wgd_demand_watch_relay(m, watches(m));
		break;
	case WG_PATH_SET:
		set(p);
		break;
	}
}

static void act(struct event *t)
{
	struct wgd_mesh *m = EVENT_ARG(t);
	int64_t due = INT64_MAX, now, one;
	struct wg_path_act a;
	struct wgd_path *p;

	for (p = m->paths->first; p; p = p->next) {
		now = wgd_now_ms();
		while (wg_path_next(&p->core, now, &a))
			carry_out(m, p, &a);
		place(p);
		one = wg_path_due(&p->core);
		if (one >= 0)
			due = MIN(due, one);
	}
	if (due != INT64_MAX)
		wgd_path_act_at(m, MAX(due, wgd_now_ms() + 1));
}

/* --- what changed elsewhere */

static bool is_same(const struct wg_path_conf *a, const struct wg_path_conf *b)
{
	return a->leads == b->leads && a->mode == b->mode &&
	       a->idle_ms == b->idle_ms && a->can_probe == b->can_probe;
}

static void look(struct wgd_mesh *m, struct wgd_path *p, bool are_fresh)
{
	const struct wgd_mesh_member *hub = wgd_hubs_carrier(m, p->member);
	struct wg_path_conf conf = wgd_path_conf(m, p->member);
	int64_t now = wgd_now_ms();

	if (!is_same(&conf, &p->core.conf))
		wg_path_conf_set(&p->core, &conf, now);
	wg_path_hub(&p->core, hub, hub ? hub->hello.rtt_ms : 0, now);
	if (are_fresh || p->sequence != p->member->sequence)
		wg_path_fresh(&p->core, now);
	p->sequence = p->member->sequence;
}

/* Are our own candidates others than when it was asked last? */
static bool are_candidates_fresh(struct wgd_mesh *m)
{
	struct wgd_paths *all = m->paths;
	struct wg_endpoint now[WG_CANDIDATES];
	size_t n = wgd_probe_candidates(m, now), i;
	bool same = n == all->n_candidates;

	for (i = 0; same && i < n; i++)
		same = wg_endpoint_same(&now[i], &all->candidates[i]);
	all->n_candidates = n;
	memcpy(all->candidates, now, n * sizeof(*now));
	return !same;
}

void wgd_path_look(struct wgd_mesh *m)
{
	bool always = m->wif->conf.mesh.direct == WG_PATH_ALWAYS, are_fresh;
	struct wgd_path *p;
	size_t i;

	if (m->is_hub)
		return;
	for (i = 0; always && i < m->n_members; i++)
		if (m->members[i]->connected)
			wgd_path_get(m, m->members[i]);
	if (!m->paths->first)
		return;
	are_fresh = are_candidates_fresh(m);
	for (p = m->paths->first; p; p = p->next)
		look(m, p, are_fresh);
	wgd_path_act_at(m, wgd_now_ms());
}

/* --- life */

static int data_left(struct wgd_mesh *m, struct wgd_mesh_member *member,
		     unsigned n)
{
	wgd_path_data(m, member, n);
	return 0;
}

static int relayed(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	wgd_path_relayed(m, member);
	return 0;
}

void wgd_path_init(void)
{
	hook_register(wgd_demand_data, data_left);
	hook_register(wgd_demand_relayed, relayed);
}

void wgd_path_finish(void)
{
	hook_unregister(wgd_demand_data, data_left);
	hook_unregister(wgd_demand_relayed, relayed);
}

void wgd_path_begin(struct wgd_mesh *m)
{
	wgd_path_new(m, act);
	wgd_probe_set_path(m, wgd_path_probes());
}
