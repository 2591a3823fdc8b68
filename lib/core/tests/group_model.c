/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model of gateways with one key. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/group_model.h"

#define MSGS 256

struct flying {
	int from, to;
	int64_t at;
	struct wg_group_msg msg;
};

struct gateway gw[GATEWAYS];
struct wg_endpoint place[CLIENTS];
int reach[CLIENTS];
int64_t moves[CLIENTS];
struct session session[CLIENTS];
unsigned unanswered;
int64_t heard[CLIENTS], tried[CLIENTS];
static int64_t sent[CLIENTS], spoke[CLIENTS];
int64_t every[CLIENTS];
bool cut[GATEWAYS][GATEWAYS];
bool bfd_down;
static struct flying flying[MSGS];
static size_t n_flying;
unsigned initiations;
static unsigned sessions, lives;
int64_t now;

unsigned rnd(unsigned n)
{
	return (unsigned)random() % n;
}

/* --- the network and the clients */

/* The gateway sends a handshake message there; its index. */
static unsigned say(int g, const struct wg_endpoint *to)
{
	sessions++;
	if (gw[g].group)
		wg_group_sent(gw[g].group, to, sessions, now);
	return sessions;
}

/* Both ends have a new session. */
static void made(unsigned c, int g, unsigned id)
{
	struct dev_peer *p = &gw[g].peer[c];

	p->session = id;
	p->handshake = now;
	p->endpoint = place[c];
	session[c] = (struct session){g, id};
	heard[c] = now;
}

void handshake(unsigned c, int g)
{
	made(c, g, say(g, &place[c]));
}

/* The gateway's device sends an initiation. */
static void initiate(int g, unsigned c)
{
	unsigned id = say(g, &gw[g].peer[c].endpoint);

	initiations++;
	gw[g].initiate[c] = now + 5000;
	if (memcmp(&gw[g].peer[c].endpoint, &place[c], sizeof(place[c])) != 0)
		return;
	/* the client answers; whom does the answer reach? */
	if (reach[c] == g && gw[g].alive)
		made(c, g, id);
	else
		tried[c] = now; /* it starts none of its own for a while */
}

static void client_sends(unsigned c)
{
	int g = reach[c];

	if (!spoke[c] || heard[c] >= spoke[c])
		spoke[c] = now; /* nothing is owed to it before */
	sent[c] = now;
	unanswered++;
	if (g < 0 || !gw[g].alive)
		return;
	if (session[c].gateway == g && session[c].id == gw[g].peer[c].session) {
		gw[g].peer[c].endpoint = place[c];
		heard[c] = now;
		unanswered--;
	} else if (gw[g].group) {
		wg_group_stray(gw[g].group, &place[c], session[c].id, now);
	}
}

static void step_client(unsigned c)
{
	if (moves[c] && now >= moves[c]) {
		moves[c] = 0;
		do
			reach[c] = rnd(GATEWAYS);
		while (!gw[reach[c]].alive);
	}
	if (now - sent[c] >= every[c])
		client_sends(c);
	if (now - spoke[c] > 15000 && heard[c] < spoke[c] &&
	    now - tried[c] >= 5000) {
		tried[c] = now;
		if (reach[c] >= 0 && gw[reach[c]].alive)
			handshake(c, reach[c]);
	}
}

/* --- a gateway */

static void device_does(int g, unsigned c)
{
	struct pending *todo = &gw[g].pending[c];
	struct wg_client *client = gw[g].client[c];
	struct dev_peer *p = &gw[g].peer[c];
	uint16_t keepalive;

	if (!todo->set || now < todo->at)
		return;
	todo->set = false;
	if (todo->remove) {
		*p = (struct dev_peer){.life = ++lives};
		gw[g].initiate[c] = 0;
		wg_group_removed(gw[g].group, client, now);
		return; /* there is another change */
	}
	keepalive = todo->call;
	if (keepalive && !p->keepalive) {
		p->endpoint = client->last.endpoint;
		p->keepalive = 1;
		initiate(g, c);
	}
	p->keepalive = keepalive;
	if (!keepalive)
		gw[g].initiate[c] = 0;
}

static void step_device(int g)
{
	bool busy = wg_client_busy(gw[g].group, NULL);
	struct wg_client *client;
	unsigned c;

	while ((client = wg_group_next_change(gw[g].group))) {
		c = client->key.b[1];
		gw[g].pending[c] = (struct pending){true, client->removing,
						    wg_client_is_called(client),
						    now + rnd(10)};
	}
	for (c = 0; c < CLIENTS; c++)
		device_does(g, c);
	if (now < gw[g].read_at && !(busy && now + 975 > gw[g].read_at))
		return;
	gw[g].read_at = now + 1000;
	gw[g].first = false;
	for (c = 0; c < CLIENTS; c++) {
		struct dev_peer *p = &gw[g].peer[c];

		if (gw[g].pending[c].set)
			continue; /* as the daemon: one request at a time */
		wg_group_seen(gw[g].group, gw[g].client[c],
			      p->handshake ? now - p->handshake : WG_AGE_NONE,
			      &p->endpoint, now);
	}
}

void daemon_ends(int g)
{
	int o;

	wg_group_delete(&gw[g].group);
	memset(gw[g].pending, 0, sizeof(gw[g].pending));
	for (o = 0; o < GATEWAYS; o++) {
		gw[g].ready[o] = false;
		if (gw[o].group)
			wg_group_member_ready(gw[o].group, g, false);
		gw[o].ready[g] = false;
	}
}

void daemon_starts(int g)
{
	unsigned c;
	int o;

	gw[g].group = wg_group_new(1000 + rnd(1000000));
	gw[g].first = true;
	gw[g].read_at = now;
	for (o = 0; o < GATEWAYS; o++)
		if (o != g) {
			wg_group_member_add(gw[g].group, o);
			gw[g].lost[o] = 0;
		}
	for (c = 0; c < CLIENTS; c++) {
		struct wg_key k = key_of(c);

		gw[g].client[c] = wg_client_new(gw[g].group, &k, NULL);
	}
}

void dies(int g)
{
	unsigned c;

	if (gw[g].group)
		daemon_ends(g);
	gw[g].alive = false;
	for (c = 0; c < CLIENTS; c++) {
		gw[g].peer[c] = (struct dev_peer){.life = ++lives};
		gw[g].initiate[c] = 0;
		if (reach[c] == g)
			moves[c] = now + 50 + rnd(400);
	}
}

static bool hear_each_other(int a, int b)
{
	return gw[a].alive && gw[b].alive && !cut[a][b] && !cut[b][a];
}

static void step_members(int g)
{
	struct wg_group_msg msg;
	int o;

	for (o = 0; o < GATEWAYS; o++) {
		bool hears = hear_each_other(g, o), ready;

		if (o == g)
			continue;
		if (hears)
			gw[g].lost[o] = 0;
		else if (!gw[g].lost[o])
			gw[g].lost[o] = now;
		wg_group_member_dead(gw[g].group, o,
				     bfd_down || (gw[g].lost[o] &&
						  now - gw[g].lost[o] >= 150),
				     now);
		ready = hears && gw[o].group && !gw[g].first && !gw[o].first;
		if (ready) {
			wg_group_member_id(gw[g].group, o,
					   wg_group_self(gw[o].group));
			wg_group_member_drained(
				gw[g].group, o,
				wg_group_is_drained(gw[o].group));
		}
		wg_group_member_ready(gw[g].group, o, ready);
		if (ready)
			wg_group_member_heard(gw[g].group, o, now);
		while (n_flying < MSGS && ready &&
		       wg_group_next_msg(gw[g].group, o, now, &msg))
			flying[n_flying++] =
				(struct flying){g, o, now + 2 * STEP, msg};
	}
}

static void deliver(void)
{
	size_t i, n = 0, count = n_flying;
	static struct flying due[MSGS];
	size_t n_due = 0;

	for (i = 0; i < count; i++) {
		struct flying *f = &flying[i];

		if (!hear_each_other(f->from, f->to) || !gw[f->to].group ||
		    !gw[f->from].group)
			continue;
		if (f->at <= now)
			due[n_due++] = *f;
		else
			flying[n++] = *f;
	}
	n_flying = n;
	for (i = 0; i < n_due; i++)
		assert_int_equal(wg_group_told(gw[due[i].to].group, due[i].from,
					       &due[i].msg, now),
				 0);
}

void step(void)
{
	unsigned c;
	int g;

	now += STEP;
	deliver();
	for (g = 0; g < GATEWAYS; g++) {
		for (c = 0; c < CLIENTS; c++)
			if (gw[g].initiate[c] && now >= gw[g].initiate[c] &&
			    gw[g].alive)
				initiate(g, c);
		if (!gw[g].group)
			continue;
		if (wg_group_due(gw[g].group) <= now)
			wg_group_tick(gw[g].group, now);
		step_device(g);
		step_members(g);
		wg_group_check(gw[g].group);
	}
	for (c = 0; c < CLIENTS; c++)
		step_client(c);
}

static int living(void)
{
	int g, n = 0;

	for (g = 0; g < GATEWAYS; g++)
		n += gw[g].alive;
	return n;
}

void event(void)
{
	int g = rnd(GATEWAYS), o = rnd(GATEWAYS);
	unsigned c = rnd(CLIENTS);

	switch (rnd(8)) {
	case 0:
		if (gw[g].alive && living() > 1)
			dies(g);
		break;
	case 1:
		if (!gw[g].alive) {
			gw[g].alive = true;
			daemon_starts(g);
		}
		break;
	case 2:
		cut[g][o] = true;
		break;
	case 3:
		cut[g][o] = cut[o][g] = false;
		break;
	case 4:
		moves[c] = now + rnd(100);
		break;
	case 5:
		place[c] = place_of(rnd(200));
		break;
	case 6:
		if (gw[g].group) {
			daemon_ends(g);
			daemon_starts(g);
		}
		break;
	case 7:
		if (gw[g].group)
			wg_group_drain(gw[g].group,
				       !wg_group_is_drained(gw[g].group), now);
		break;
	}
}

void begin(void)
{
	unsigned c;
	int g;

	memset(cut, 0, sizeof(cut));
	bfd_down = false;
	memset(gw, 0, sizeof(gw));
	n_flying = 0;
	now = 1000000;
	for (g = 0; g < GATEWAYS; g++) {
		gw[g].alive = true;
		daemon_starts(g);
	}
	for (c = 0; c < CLIENTS; c++) {
		place[c] = place_of(c);
		reach[c] = rnd(GATEWAYS);
		moves[c] = 0;
		heard[c] = sent[c] = tried[c] = now;
		spoke[c] = 0;
		every[c] = c ? 10000 : 20;
		session[c].gateway = -1;
		handshake(c, reach[c]);
	}
}

void finish(void)
{
	int g;

	for (g = 0; g < GATEWAYS; g++)
		wg_group_delete(&gw[g].group);
}

void run_for(int64_t ms)
{
	int64_t end = now + ms;

	while (now < end)
		step();
}

void expect_order(const char *when)
{
	unsigned c;
	int g;

	for (c = 0; c < CLIENTS; c++) {
		if (session[c].gateway != reach[c])
			fail_msg("%s: client %u is at %d, not at %d", when, c,
				 session[c].gateway, reach[c]);
		for (g = 0; g < GATEWAYS; g++) {
			struct wg_client *client = gw[g].client[c];
			struct dev_peer *p = &gw[g].peer[c];

			if (!gw[g].alive)
				continue;
			if (g == reach[c]) {
				assert_int_equal(client->role, WG_ROLE_SERVING);
				assert_int_equal(p->session, session[c].id);
				assert_int_equal(p->keepalive, 0);
				continue;
			}
			if (client->role != WG_ROLE_PASSIVE)
				fail_msg("%s: %d has client %u of %d", when, g,
					 c, reach[c]);
			assert_int_equal(client->server, reach[c]);
			assert_int_equal(p->endpoint.addr.family, AF_UNSPEC);
			assert_int_equal(p->session, 0);
			assert_true(wg_endpoint_same(&client->last.endpoint,
						     &place[c]));
		}
	}
}
