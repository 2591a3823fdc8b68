// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hubs of a site.
 *
 * All sites are relayed by one hub, the one that wg_hubs_choose takes; only a
 * site that this hub does not have and another one has is relayed by that.
 * When the hub is lost, all it relayed for us move to another one: first those
 * with data, MOVES in one turn of the loop, for each is a request to the
 * device.  The other end follows by itself, once a packet of ours comes to it
 * the new way; so a site in a session gets a hello at once.
 *
 * The device may have an endpoint at another hub than ours: it takes the way
 * that the other end's last packet came.  That is well as long as that hub is
 * alive.  The device is read every few seconds, so what it said before we moved
 * somebody is not looked at for MOVED_MS.
 *
 * Who is connected is what a hub says that answers us.  Each is remembered for
 * itself: one that lost a site does not speak for another that has it.  A hub
 * that connects anew says only whom it has; what it said before counts until it
 * surely said so, SETTLE_MS.  Where no hub answers, nobody says anything, and
 * all stays as it was.
 *
 * A site is a peer when it has its first way: when a hub says that it is there,
 * or FIRST_MS after the hub connected to us.  Who has joined just now is known to
 * it later than it is to us, by the way of our record to it: a handshake before
 * would be lost, and WireGuard's next one comes 5 s later.  So it does, with
 * wireguard-go, where the peer has no endpoint.
 *
 * A site whose direct path stands is connected, whatever hubs say.
 *
 * A hub may lie.  Who is no more is found by our own tunnel to it, if we send
 * (lib/core/wg_liveness.h): then it is dead whatever hubs say.  That is so only
 * while the relay is known to work, for PROVEN_MS; else a dead relay would be
 * the death of all that it relayed.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/mesh/wgd_hello.h"
#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_path.h"
#include "lib/core/wg_hubs.h"

#define MOVES 500
#define MOVES_AGAIN_MS 20
#define MOVED_MS 6000
#define SETTLE_MS 2000
#define FIRST_MS 300
#define PROVEN_MS 20000
#define LOOK_MS 5000

static bool is_usable(const struct wgd_mesh_member *member)
{
	return member->hub && !member->refused;
}

/* --- who is connected */

static uint8_t said_by(const struct wgd_mesh_member *member)
{
	return member->said | member->said_before;
}

void wgd_hubs_told(struct wgd_mesh *m, const struct wgd_mesh_member *hub,
		   struct wgd_mesh_member *of, bool connected)
{
	uint8_t bit = wg_relay_bit(hub->hub);

	of->said_before &= ~bit;
	of->said &= ~bit;
	if (connected)
		of->said |= bit;
	wgd_mesh_act(m);
}

void wgd_hubs_up(struct wgd_mesh *m, struct wgd_mesh_member *hub)
{
	uint8_t bit = wg_relay_bit(hub->hub);
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		m->members[i]->said_before |= m->members[i]->said & bit;
		m->members[i]->said &= ~bit;
	}
	hub->up_ms = m->hub_up_ms = wgd_now_ms();
	wgd_mesh_act(m);
}

/* What it did not say again it does not say. */
static void settle(struct wgd_mesh *m, struct wgd_mesh_member *hub)
{
	size_t i;

	if (!hub->up_ms)
		return;
	if (wgd_now_ms() - hub->up_ms < SETTLE_MS) {
		wgd_mesh_act_in(m, SETTLE_MS);
		return;
	}
	hub->up_ms = 0;
	for (i = 0; i < m->n_members; i++)
		m->members[i]->said_before &= ~wg_relay_bit(hub->hub);
}

/* Whose words count: hubs that answer, else those that we are connected to. */
static uint8_t speakers(struct wgd_mesh *m)
{
	uint8_t connected = 0, answer = 0;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		struct wgd_mesh_member *member = m->members[i];

		if (!is_usable(member) || !member->connected)
			continue;
		settle(m, member);
		connected |= wg_relay_bit(member->hub);
		if (member->hello.state != WG_HELLO_IS_LOST)
			answer |= wg_relay_bit(member->hub);
	}
	return answer ?: connected;
}

static const struct wgd_mesh_member *hub_find(const struct wgd_mesh *m,
					      uint8_t number)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (is_usable(m->members[i]) && m->members[i]->hub == number)
			return m->members[i];
	return NULL;
}

const struct wgd_mesh_member *
wgd_hubs_of(const struct wgd_mesh *m, const struct wgd_mesh_member *member)
{
	return member->hub ? NULL : hub_find(m, member->relay);
}

bool wgd_hubs_is_relay(const struct wgd_mesh *m,
		       const struct wgd_mesh_member *hub)
{
	return is_usable(hub) && hub->hub == m->relay;
}

const struct wgd_mesh_member *
wgd_hubs_carrier(const struct wgd_mesh *m, const struct wgd_mesh_member *member)
{
	const struct wgd_mesh_member *hub, *any = NULL;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		hub = m->members[i];
		if (!is_usable(hub) || !hub->connected ||
		    hub->hello.state == WG_HELLO_IS_LOST ||
		    !(said_by(member) & wg_relay_bit(hub->hub)))
			continue;
		if (hub->hub == member->relay)
			return hub;
		any = hub;
	}
	return any;
}

/* We send, and nothing comes back, though its hub answers us. */
static bool is_silent(struct wgd_mesh *m, const struct wgd_mesh_member *member)
{
	const struct wgd_mesh_member *hub = hub_find(m, member->relay);
	int64_t now = wgd_now_ms();

	if (!member->peer || !hub ||
	    wg_peer_state(member->peer->peer) != WG_PEER_DOWN)
		return false;
	wgd_mesh_act_in(m, LOOK_MS);
	return hub->hello.state == WG_HELLO_ALIVE &&
	       now - hub->hello.since_ms >= PROVEN_MS &&
	       now - member->moved_ms >= PROVEN_MS;
}

void wgd_hubs_see(struct wgd_mesh *m)
{
	uint8_t by;
	size_t i;

	by = m->is_hub ? 0 : speakers(m);
	for (i = 0; by && i < m->n_members; i++)
		if (!m->members[i]->hub)
			m->members[i]->connected =
				wgd_path_is_direct(m->members[i]) ||
				((said_by(m->members[i]) & by) &&
				 !is_silent(m, m->members[i]));
}

/* --- by which hub */

static size_t see_hubs(const struct wgd_mesh *m, struct wg_hub_seen *v)
{
	int64_t now = wgd_now_ms();
	size_t i, n = 0;

	for (i = 0; i < m->n_members && n < WG_RELAY_HUBS; i++) {
		const struct wgd_mesh_member *member = m->members[i];

		if (is_usable(member))
			v[n++] = (struct wg_hub_seen){
				.number = member->hub,
				.state = member->hello.state,
				.is_connected = member->connected,
				.rtt_ms = member->hello.rtt_ms,
				.alive_ms = now - member->hello.since_ms,
			};
	}
	return n;
}

static void choose(struct wgd_mesh *m, const struct wg_hub_seen *v, size_t n)
{
	const struct wgd_mesh_member *hub, *was;
	uint8_t relay = wg_hubs_choose(v, n, m->relay);

	if (relay == m->relay)
		return;
	was = hub_find(m, m->relay);
	m->relay = relay;
	hub = hub_find(m, relay);
	if (hub && was)
		zlog_notice("%s: mesh: relayed by hub %s, was %s (%s)",
			    m->wif->name, hub->name, was->name,
			    wg_hello_state_str(was->hello.state));
	else if (hub)
		zlog_info("%s: mesh: relayed by hub %s", m->wif->name,
			  hub->name);
}

/* The common hub, unless only another one has the site. */
static uint8_t relay_of(const struct wgd_mesh *m,
			const struct wgd_mesh_member *member,
			const struct wg_hub_seen *v, size_t n)
{
	struct wg_hub_seen has[WG_RELAY_HUBS];
	size_t i, n_has = 0;

	for (i = 0; i < n; i++)
		if (v[i].state == WG_HELLO_ALIVE &&
		    said_by(member) & wg_relay_bit(v[i].number)) {
			if (v[i].number == m->relay)
				return m->relay;
			has[n_has++] = v[i];
		}
	return n_has ? wg_hubs_choose(has, n_has, member->relay) : m->relay;
}

/* A hub that is gone is lost. */
static enum wg_hello_state state_of(uint8_t number, const struct wg_hub_seen *v,
				    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].number == number)
			return v[i].state;
	return WG_HELLO_IS_LOST;
}

/* The device has it at a hub that is lost, and the one it is to be at is not. */
static bool is_astray(const struct wgd_mesh *m,
		      const struct wgd_mesh_member *member, uint8_t to,
		      const struct wg_hub_seen *v, size_t n)
{
	uint8_t at = wgd_mesh_hub_at(m, member);

	return at && at != to && state_of(at, v, n) == WG_HELLO_IS_LOST &&
	       state_of(to, v, n) == WG_HELLO_ALIVE &&
	       wgd_now_ms() - member->moved_ms >= MOVED_MS;
}

bool wgd_hubs_are_heard(const struct wgd_mesh *m)
{
	return !m->hub_up_ms || wgd_now_ms() - m->hub_up_ms >= FIRST_MS;
}

bool wgd_hubs_is_awaited(struct wgd_mesh *m,
			 const struct wgd_mesh_member *member)
{
	if (m->is_hub || member->hub || member->relay || said_by(member) ||
	    wgd_hubs_are_heard(m))
		return false;
	wgd_mesh_act_in(m, FIRST_MS);
	return true;
}

static bool look(struct wgd_mesh *m, struct wgd_mesh_member *member,
		 const struct wg_hub_seen *v, size_t n)
{
	uint8_t to = relay_of(m, member, v, n);
	bool astray = is_astray(m, member, to, v, n);

	if (member->relay == to && !astray)
		return false;
	if (wgd_hubs_is_awaited(m, member))
		return false;
	member->resend = astray;
	member->relay = to;
	member->moved_ms = wgd_now_ms();
	member->changed = true;
	wgd_hello_moved(m, member);
	return true;
}

void wgd_hubs_follow(struct wgd_mesh *m)
{
	struct wg_hub_seen v[WG_RELAY_HUBS];
	struct wgd_mesh_member *member;
	unsigned idle, moves = 0;
	size_t i, n;

	if (m->is_hub)
		return;
	n = see_hubs(m, v);
	choose(m, v, n);
	for (idle = 0; idle < 2; idle++)
		for (i = 0; i < m->n_members && moves < MOVES; i++) {
			member = m->members[i];
			if (member->hub || member->refused ||
			    wgd_hello_has_data(member) == idle)
				continue;
			moves += look(m, member, v, n);
		}
	if (moves == MOVES)
		wgd_mesh_act_in(m, MOVES_AGAIN_MS);
}
