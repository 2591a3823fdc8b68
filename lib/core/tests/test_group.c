/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways with one key: scenes, then a model.
 *
 * The model has three gateways with devices that behave as WireGuard does,
 * two clients that are only WireGuard, a network that decides which gateway a
 * client's packets reach, and connections with delay between the gateways.
 * Gateways die and come back empty, daemons restart, gateways are split,
 * drained, packets take other ways, clients roam.  Then it stops, and some
 * time later each client must be served by exactly the one that its packets
 * reach; the others must hold nothing of it, and nobody may start anything.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/core/tests/group.h"

#define GATEWAYS 3
#define CLIENTS 2
#define STEP 5
#define MSGS 256

struct session {
	int gateway; /* -1: none */
	unsigned id;
};

struct dev_peer {
	struct wg_endpoint endpoint;
	unsigned session; /* 0: none */
	int64_t handshake;
	uint16_t keepalive;
	unsigned life; /* which peer of this key it is */
};

/* What the device is still to do. */
struct pending {
	bool set;
	bool remove, call;
	int64_t at;
};

struct gateway {
	struct wg_group *group; /* NULL: the daemon is away */
	bool alive;		/* the machine */
	bool first;		/* the device was not read yet */
	struct wg_client *client[CLIENTS];
	struct dev_peer peer[CLIENTS];
	struct pending pending[CLIENTS];
	int64_t initiate[CLIENTS]; /* when the device does next; 0: never */
	int64_t read_at;
	int64_t lost[GATEWAYS]; /* since when the other is not heard */
	bool ready[GATEWAYS];
};

struct flying {
	int from, to;
	int64_t at;
	struct wg_group_msg msg;
};

static struct gateway gw[GATEWAYS];
static struct wg_endpoint place[CLIENTS];
static int reach[CLIENTS];     /* gateway that its packets reach */
static int64_t moves[CLIENTS]; /* when it becomes a living one; 0: it is */
static struct session session[CLIENTS];
static int64_t heard[CLIENTS], sent[CLIENTS], spoke[CLIENTS], tried[CLIENTS];
static int64_t every[CLIENTS]; /* ms between its packets */
static bool cut[GATEWAYS][GATEWAYS];
static bool bfd_down; /* each calls the others dead, and they are not */
static struct flying flying[MSGS];
static size_t n_flying;
static unsigned sessions, lives, initiations;
static int64_t now;

static unsigned rnd(unsigned n)
{
	return (unsigned)random() % n;
}

/* --- the network and the clients */

/* Both ends have a new session. */
static void handshake(unsigned c, int g)
{
	struct dev_peer *p = &gw[g].peer[c];

	p->session = ++sessions;
	p->handshake = now;
	p->endpoint = place[c];
	session[c] = (struct session){g, sessions};
	heard[c] = now;
}

/* The gateway's device sends an initiation. */
static void initiate(int g, unsigned c)
{
	initiations++;
	gw[g].initiate[c] = now + 5000;
	if (memcmp(&gw[g].peer[c].endpoint, &place[c], sizeof(place[c])) != 0)
		return;
	/* the client answers; whom does the answer reach? */
	if (reach[c] == g && gw[g].alive)
		handshake(c, g);
	else
		tried[c] = now; /* it starts none of its own for a while */
}

static void client_sends(unsigned c)
{
	int g = reach[c];

	if (!spoke[c] || heard[c] >= spoke[c])
		spoke[c] = now; /* nothing is owed to it before */
	sent[c] = now;
	if (g < 0 || !gw[g].alive)
		return;
	if (session[c].gateway == g && session[c].id == gw[g].peer[c].session) {
		gw[g].peer[c].endpoint = place[c];
		heard[c] = now;
	} else if (gw[g].group) {
		wg_group_stray(gw[g].group, &place[c], now);
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
		p->endpoint = client->target;
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

static void daemon_ends(int g)
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

static void daemon_starts(int g)
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

static void dies(int g)
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

static void step(void)
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

static void event(void)
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

static void begin(void)
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

static void finish(void)
{
	int g;

	for (g = 0; g < GATEWAYS; g++)
		wg_group_delete(&gw[g].group);
}

static void run_for(int64_t ms)
{
	int64_t end = now + ms;

	while (now < end)
		step();
}

static void expect_order(const char *when)
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

static void test_model(void **state)
{
	const char *text = getenv("WG_TEST_SEED");
	unsigned seed = text ? strtoul(text, NULL, 0) : (unsigned)time(NULL);
	unsigned runs = text ? 1 : 12, i, before;
	int g, o;

	for (i = 0; i < runs; i++) {
		printf("# seed %u\n", seed + i);
		srandom(seed + i);
		begin();
		run_for(500);
		while (now < 1000000 + 60000) {
			run_for(STEP * rnd(200));
			event();
		}
		/* it stops: all hear each other, none is drained */
		memset(cut, 0, sizeof(cut));
		for (g = 0; g < GATEWAYS; g++)
			for (o = 0; o < GATEWAYS && gw[g].group; o++)
				wg_group_drain(gw[g].group, false, now);
		run_for(60000);
		before = initiations;
		run_for(20000);
		assert_int_equal(initiations, before);
		expect_order("at the end");
		finish();
	}
}

/* --- scenes */

static int64_t outage(unsigned c)
{
	int64_t from = now, gap = 0, last = heard[c];

	while (now - from < 20000) {
		step();
		if (heard[c] != last) {
			if (heard[c] - last > gap)
				gap = heard[c] - last;
			last = heard[c];
		}
	}
	if (now - last > gap)
		gap = now - last;
	return gap;
}

static void put(unsigned c, int g)
{
	reach[c] = g;
	handshake(c, g);
	run_for(3000);
}

static void test_death(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1; /* both at once: it is on BFD then */
	run_for(500);
	/* also who sends nothing */
	assert_int_equal(session[1].gateway, 1);
	run_for(20000);
	expect_order("after the death of one");
	finish();
	begin();
	put(0, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	finish();
}

/* Says nothing at all; who is first to try may be the wrong one. */
static void test_death_with_three(void **state)
{
	unsigned before;
	int g;

	for (g = 1; g <= 2; g++) {
		begin();
		put(1, 0);
		every[1] = 10000000;
		dies(0);
		moves[0] = moves[1] = 0;
		reach[0] = reach[1] = g;
		run_for(9000);
		assert_int_equal(session[1].gateway, g);
		run_for(20000);
		before = initiations;
		run_for(20000);
		assert_int_equal(initiations, before);
		expect_order("after the death of one of three");
		finish();
	}
}

/* Nobody has a way to the client: it does not go round. */
static void test_no_way(void **state)
{
	uint64_t takes = 0;
	int64_t end;
	int g;

	begin();
	put(1, 0);
	every[1] = 10000000;
	reach[1] = -1;
	for (end = now + 30000; now < end; run_for(STEP))
		for (g = 0; g < GATEWAYS; g++)
			wg_group_unreachable(gw[g].group, gw[g].client[1]);
	for (g = 0; g < GATEWAYS; g++)
		takes += wg_group_stats(gw[g].group)->takes;
	assert_true(takes > 0 && takes <= GATEWAYS);
	finish();
}

static void test_return(void **state)
{
	begin();
	put(0, 0);
	put(1, 1);
	reach[0] = 1;
	assert_true(outage(0) <= 300);
	assert_int_equal(gw[1].client[0]->role, WG_ROLE_SERVING);
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	expect_order("after packets took another way");
	finish();
}

static void test_drain(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	reach[0] = reach[1] = 1;
	wg_group_drain(gw[2].group, true, now); /* who is left is the heir */
	run_for(100);
	wg_group_drain(gw[0].group, true, now);
	run_for(60);
	assert_int_equal(session[0].gateway, 1);
	run_for(WG_GROUP_DRAIN_MS + 300);
	assert_int_equal(session[1].gateway, 1);
	run_for(20000);
	expect_order("after a drain");
	/* what comes to a drained gateway by itself is served */
	put(0, 0);
	expect_order("drained, and the only one that the packets reach");
	finish();
}

static void test_split(void **state)
{
	unsigned before;

	begin();
	put(0, 0);
	put(1, 1);
	cut[0][1] = cut[0][2] = true;
	run_for(20000);
	/* each tried once, and the network decided */
	assert_int_equal(session[0].gateway, 0);
	assert_int_equal(session[1].gateway, 1);
	assert_int_equal(gw[0].client[0]->role, WG_ROLE_SERVING);
	assert_int_equal(gw[1].client[1]->role, WG_ROLE_SERVING);
	before = initiations;
	run_for(20000);
	assert_int_equal(initiations, before);
	cut[0][1] = cut[0][2] = false;
	run_for(20000);
	assert_int_equal(initiations, before);
	expect_order("after the split");
	finish();
}

/*
 * Where processors are scarce BFD falls and comes back, again and again.  If
 * each fall made all clients be taken, that would keep the processors busy.
 */
static void test_bfd_flaps(void **state)
{
	uint64_t takes = 0;
	unsigned id;
	int g, n;

	begin();
	put(0, 0);
	put(1, 1);
	id = session[0].id;
	for (n = 0; n < 40; n++) {
		bfd_down = !bfd_down;
		run_for(200 + rnd(800));
		assert_int_equal(gw[0].client[0]->role, WG_ROLE_SERVING);
		assert_int_equal(gw[1].client[1]->role, WG_ROLE_SERVING);
	}
	for (g = 0; g < GATEWAYS; g++)
		takes += wg_group_stats(gw[g].group)->takes;
	/* at the first fall, by both others, and where packets show the way */
	assert_true(takes <= CLIENTS * (GATEWAYS - 1));
	assert_int_equal(session[0].id, id);
	/* packets that come are reason enough, also now */
	bfd_down = true;
	run_for(300);
	reach[0] = 2;
	assert_true(outage(0) <= 300);
	/* ... also from somewhere new */
	reach[0] = 1;
	place[0] = place_of(77);
	assert_true(outage(0) <= 1000);
	/* and who is silent is taken when its gateway stays dead */
	every[1] = 10000000;
	dies(1);
	moves[1] = 0;
	reach[1] = 2;
	run_for(70000);
	assert_int_equal(session[1].gateway, 2);
	bfd_down = false;
	run_for(20000);
	expect_order("after BFD's flaps");
	/* a daemon that comes back is another one: that was no error */
	run_for(60000);
	put(0, 0);
	put(1, 2);
	for (n = 0; n < 3; n++) {
		daemon_ends(0);
		bfd_down = true;
		run_for(300);
		daemon_starts(0);
		run_for(700);
		bfd_down = false;
		run_for(3000);
	}
	dies(0);
	moves[0] = 0;
	reach[0] = 2;
	every[0] = 10000000;
	run_for(500);
	assert_int_equal(session[0].gateway, 2);
	finish();
}

static void test_daemon_restarts(void **state)
{
	unsigned before, id;

	begin();
	put(0, 0);
	put(1, 1);
	id = session[0].id;
	before = initiations;
	daemon_ends(0);
	run_for(2000);
	daemon_starts(0);
	run_for(20000);
	assert_int_equal(session[0].id, id);
	assert_int_equal(initiations, before);
	expect_order("after a restart of the daemon");
	finish();
}

static void test_moves_while_its_gateway_dies(void **state)
{
	begin();
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1;
	place[0] = place_of(77);
	/* gateway 2 may be the first to try, and does not get its packets */
	assert_true(outage(0) <= 7000);
	run_for(20000);
	expect_order("after a move in that moment");
	finish();
	begin();
	dies(2);
	run_for(1000);
	put(0, 0);
	put(1, 0);
	dies(0);
	moves[0] = moves[1] = 0;
	reach[0] = reach[1] = 1;
	place[0] = place_of(77);
	assert_true(outage(0) <= 1000);
	run_for(20000);
	expect_order("after a move in that moment, with one left");
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_death_with_three),
		cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_bfd_flaps),
		cmocka_unit_test(test_daemon_restarts),
		cmocka_unit_test(test_moves_while_its_gateway_dies),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
