// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to paths.
 *
 * Each function tells the machine of the pair, and has wgd_path_do.c act in
 * this turn of the loop.  Who can make us have a path, of some 700 bytes, is a
 * member that is a peer, by a CALL through a hub; and who sends data to it.
 * What a CALL names as places is looked through here: none that cannot be the
 * other's (wg_places_fit), and none in RELAY.  Whether the way there leads into
 * a tunnel is seen when it is probed.
 *
 * After a start of ours the device may have a member at a place of a direct
 * path of an earlier life.  That is so in the first reading which has the peer,
 * and only then: later a hub could move it there.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_path.h"
#include "lib/backend/wg_probe_key.h"

DEFINE_MTYPE_STATIC(WGD, WGD_PATH, "WireGuard mesh path");
DEFINE_MTYPE_STATIC(WGD, WGD_PATHS, "WireGuard mesh paths");

/* --- life */

void wgd_path_new(struct wgd_mesh *m, void (*act)(struct event *t))
{
	m->paths = XCALLOC(MTYPE_WGD_PATHS, sizeof(*m->paths));
	m->paths->act = act;
}

void wgd_path_delete(struct wgd_mesh *m)
{
	if (!m->paths)
		return;
	while (m->paths->first)
		wgd_path_forget(m, m->paths->first->member);
	event_cancel(&m->paths->t_act);
	XFREE(MTYPE_WGD_PATHS, m->paths);
}

void wgd_path_act_at(struct wgd_mesh *m, int64_t at_ms)
{
	struct wgd_paths *all = m->paths;
	unsigned long ms = MAX(at_ms - wgd_now_ms(), 0);

	if (all->t_act && event_timer_remain_msec(all->t_act) <= ms)
		return;
	event_cancel(&all->t_act);
	event_add_timer_msec(wgd.master, all->act, m, ms, &all->t_act);
}

static void act(struct wgd_mesh *m)
{
	wgd_path_act_at(m, wgd_now_ms());
}

struct wg_path_conf wgd_path_conf(const struct wgd_mesh *m,
				  const struct wgd_mesh_member *member)
{
	return (struct wg_path_conf){
		.leads = m->self->number < member->number,
		.mode = m->wif->conf.mesh.direct,
		.idle_ms = m->wif->conf.mesh.idle_s * 1000,
		.can_probe = wgd_probe_is_open(m),
	};
}

static bool has_paths(const struct wgd_mesh *m,
		      const struct wgd_mesh_member *member)
{
	return m->paths && !m->is_hub && !member->hub && member->peer;
}

static struct wgd_path *path_new(struct wgd_mesh *m,
				 struct wgd_mesh_member *member,
				 const struct wg_endpoint *at)
{
	struct wgd_path *p = XCALLOC(MTYPE_WGD_PATH, sizeof(*p));
	struct wg_path_conf conf = wgd_path_conf(m, member);

	wg_path_init(&p->core, &conf, wg_probe_random(), at, !at, wgd_now_ms());
	p->member = member;
	p->sequence = member->sequence;
	p->next = m->paths->first;
	m->paths->first = p;
	member->path = p;
	act(m);
	return p;
}

struct wgd_path *wgd_path_get(struct wgd_mesh *m,
			      struct wgd_mesh_member *member)
{
	if (member->path || !has_paths(m, member))
		return member->path;
	return path_new(m, member, NULL);
}

static void count(struct wgd_path_counts *sum, const struct wg_path *p)
{
	sum->attempts += p->attempts;
	sum->switches += p->switches;
	sum->losses += p->losses;
}

void wgd_path_forget(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	struct wgd_path **at;

	member->was_read = false;
	if (!member->path)
		return;
	if (member->peer)
		member->peer->placed = (struct wg_endpoint){};
	for (at = &m->paths->first; *at != member->path; at = &(*at)->next)
		;
	*at = member->path->next;
	count(&m->paths->ended, &member->path->core);
	XFREE(MTYPE_WGD_PATH, member->path);
}

/* --- data */

void wgd_path_data(struct wgd_mesh *m, struct wgd_mesh_member *member,
		   unsigned n)
{
	struct wgd_path *p = m->wif->conf.mesh.direct == WG_PATH_NEVER
				     ? member->path
				     : wgd_path_get(m, member);

	if (!p)
		return;
	wg_path_data(&p->core, n, wgd_now_ms());
	act(m);
}

void wgd_path_relayed(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	if (!member->path)
		return;
	wg_path_relayed(&member->path->core, wgd_now_ms());
	act(m);
}

/* --- calls */

/* Where we are, as far as it is known. */
static size_t own_places(struct wgd_mesh *m, struct wg_endpoint *ret)
{
	const struct wg_observed *o = wgd_probe_observed(m);
	size_t n = wg_observed_seen(o, wgd_now_ms(), ret);

	memcpy(ret + n, o->own, o->n_own * sizeof(*ret));
	return n + o->n_own;
}

static void take_places(struct wgd_mesh *m, const struct wg_endpoint *theirs,
			size_t n, struct wg_path_call *ret)
{
	struct wg_endpoint own[2 * WG_RELAY_HUBS + WG_OBSERVED_OWN];
	struct wg_endpoint fit[WG_FRAME_CALL_PLACES];
	size_t i;

	n = wg_places_fit(theirs, n, own, own_places(m, own), fit);
	for (i = 0; i < n && ret->n < array_size(ret->places); i++)
		if (!wg_relay_is_inside(m->relay_hash, &fit[i].addr))
			ret->places[ret->n++] = fit[i];
}

void wgd_path_called(struct wgd_mesh *m, const struct wg_frame_call *call)
{
	struct wgd_mesh_member *member = wgd_mesh_member(m, call->from);
	struct wg_path_call c = {.id = call->id,
				 .start_ms = call->start_ms,
				 .is_answer = call->is_answer};
	struct wgd_path *p = member ? wgd_path_get(m, member) : NULL;

	if (!p)
		return;
	take_places(m, call->place, call->n, &c);
	wg_path_called(&p->core, &c, wgd_now_ms());
	act(m);
}

/* --- messages in the tunnel */

void wgd_path_heard(struct wgd_mesh *m, struct wgd_mesh_member *member,
		    const struct wg_hello_msg *msg, bool is_answer)
{
	int64_t now = wgd_now_ms();
	struct wg_path *p;

	if (!member->path)
		return;
	p = &member->path->core;
	switch (msg->kind) {
	case WG_HELLO_IS_HELLO:
		/* what was overtaken does not say what is so now */
		wg_path_heard(p,
			      wg_hello_is_latest(&member->hello, msg)
				      ? msg->path
				      : p->other,
			      is_answer, member->hello.took_ms, now);
		break;
	case WG_HELLO_IS_SWITCH:
		wg_path_switched(p, &msg->place, now);
		break;
	case WG_HELLO_IS_IDLE:
		wg_path_idled(p, now);
		break;
	}
	act(m);
}

void wgd_path_lost(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	if (!member->path)
		return;
	wg_path_lost(&member->path->core, wgd_now_ms());
	act(m);
}

/* --- probes */

static bool answers(struct wgd_mesh *m, const struct wgd_mesh_member *member)
{
	struct wgd_mesh_member *known = wgd_mesh_member(m, member->number);
	struct wgd_path *p = known ? known->path : NULL;

	/* where no hub is there a PING is a call */
	if (known && !p && !m->had_hub &&
	    m->wif->conf.mesh.direct != WG_PATH_NEVER)
		p = wgd_path_get(m, known);
	return p && wg_path_answers(&p->core);
}

static void pinged(struct wgd_mesh *m, struct wgd_mesh_member *member,
		   const struct wg_endpoint *from)
{
	if (!member->path)
		return;
	wg_path_pinged(&member->path->core, from, wgd_now_ms());
	act(m);
}

static void pong(struct wgd_mesh *m, struct wgd_mesh_member *member,
		 const struct wg_endpoint *from, const struct wg_endpoint *seen,
		 uint32_t rtt_ms)
{
	if (!member->path)
		return;
	wg_path_pong(&member->path->core, from, seen, rtt_ms, wgd_now_ms());
	act(m);
}

const struct wgd_probe_path *wgd_path_probes(void)
{
	static const struct wgd_probe_path probes = {
		.answers = answers,
		.pinged = pinged,
		.pong = pong,
	};

	return &probes;
}

/* --- the device */

void wgd_path_read(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	const struct wg_endpoint *at;
	bool is_relay;

	if (!has_paths(m, member))
		return;
	at = &member->peer->seen.endpoint;
	is_relay = wg_relay_is_inside(m->relay_hash, &at->addr);
	if (member->path)
		wg_path_device(&member->path->core, at, is_relay, wgd_now_ms());
	else if (!member->was_read && at->addr.family && !is_relay)
		path_new(m, member, at);
	member->was_read = true;
	if (member->path)
		act(m);
}

void wgd_path_new_key(struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	if (!member->path)
		return;
	if (member->peer)
		member->peer->placed = (struct wg_endpoint){};
	wg_path_new_key(&member->path->core, wgd_now_ms());
	act(m);
}

/* --- what is */

enum wg_path_state wgd_path_state(const struct wgd_mesh_member *member)
{
	return member->path ? member->path->core.state : WG_PATH_RELAY;
}

struct wgd_path_counts wgd_path_counts(const struct wgd_mesh *m)
{
	struct wgd_path_counts sum = {};
	const struct wgd_path *p;

	if (!m->paths)
		return sum;
	sum = m->paths->ended;
	for (p = m->paths->first; p; p = p->next)
		count(&sum, &p->core);
	return sum;
}

enum wg_path_why wgd_path_why(const struct wgd_mesh_member *member)
{
	const struct wgd_mesh *m =
		member->peer ? member->peer->wif->mesh : NULL;

	if (member->path)
		return member->path->core.why;
	if (m && m->wif->conf.mesh.direct == WG_PATH_NEVER)
		return WG_PATH_WHY_NEVER;
	return m && !wgd_probe_is_open(m) ? WG_PATH_WHY_NO_RAW_SOCKET
					  : WG_PATH_WHY_NO_DEMAND;
}

bool wgd_path_is_direct(const struct wgd_mesh_member *member)
{
	return wgd_path_state(member) == WG_PATH_DIRECT;
}

bool wgd_path_allows(const struct wgd_mesh_member *member,
		     const struct wg_endpoint *at)
{
	return member->path && wg_path_allows(&member->path->core, at);
}

unsigned wgd_path_hello_ms(const struct wgd_mesh *m,
			   const struct wgd_mesh_member *member)
{
	return member->path && member->path->asks ? m->wif->conf.mesh.hello_ms
						  : 0;
}
