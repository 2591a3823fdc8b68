/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 20 sites, 3 hubs, 30 pairs that talk now and then, NATs of all kinds; and what
 * happens to them.  In each world no packet goes to a third party, and at the
 * end each pair has a path, the direct one wherever its NATs let it.  Where the
 * network loses nothing, nothing is lost: not by switches there and back, not by
 * programs that start anew or stand still, and not by a hub that lies.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/path_world.h"

static struct world w;

static unsigned below(unsigned n)
{
	return net_below(&w.net, n);
}

/* --- what the users do */

static void talk(void)
{
	static const unsigned gaps[] = {3, 10, 20, 50, 200};
	struct world_end *e = &w.end[below(2 * WORLD_PAIRS)];

	e->gap_ms = gaps[below(5)];
	e->data_ms = w.net.now;
	e->until_ms = w.net.now + below(15000);
}

static void operate(void)
{
	static const enum wg_path_mode modes[] = {
		WG_PATH_ON_DEMAND, WG_PATH_ON_DEMAND, WG_PATH_ALWAYS,
		WG_PATH_NEVER};

	world_mode(&w, below(2 * WORLD_PAIRS), modes[below(4)]);
}

static void disturb(void)
{
	world_disturb(&w, below(NET_SITES), below(2),
		      below(3) ? below(700) : below(6000));
}

/* --- what the network does */

static void cut(void)
{
	unsigned i = below(NET_SITES);

	w.net.site[i].is_cut = !w.net.site[i].is_cut && below(2);
	w.net.site[i].cut_ms = w.net.now;
}

static void block(void)
{
	struct world_end *e = &w.end[below(2 * WORLD_PAIRS)];

	w.net.blocked[e->from][e->to] = !w.net.blocked[e->from][e->to];
	w.net.blocked_ms[e->from][e->to] = w.net.now;
}

static void kill_hub(void)
{
	unsigned h = below(NET_HUBS);

	w.net.hub[h].is_down = !w.net.hub[h].is_down && below(2);
	w.net.hub[h].down_ms = w.net.now;
	if (w.net.hub[h].is_down)
		memset(w.net.hub[h].at, 0, sizeof(w.net.hub[h].at));
}

/* A hub says that one was called by the other, to probe a victim. */
static void forge(void)
{
	struct world_end *e = &w.end[below(2 * WORLD_PAIRS)];
	struct net_packet p = {.kind = NET_CALL, .from = e->to, .to = e->from};
	unsigned i;

	p.call.id = below(1000);
	p.call.n = WG_PLACES_TOLD;
	p.call.start_ms = below(5000);
	for (i = 0; i < p.call.n; i++)
		p.call.places[i] = net_victim(1 + below(1000));
	net_tell(&w.net, &p, 1);
}

static void happen(void)
{
	switch (below(8)) {
	case 0:
		cut();
		break;
	case 1:
		block();
		break;
	case 2:
		kill_hub();
		break;
	case 3:
		net_reboot(&w.net, below(w.net.n_nats), below(2));
		break;
	case 4:
		w.net.loss_permille = below(30);
		break;
	case 5:
		w.site[below(NET_SITES)].wall_ms =
			(int64_t)below(7200000) - 3600000;
		break;
	default:
		disturb();
		break;
	}
}

/* --- the end */

/* As when candidates changed. */
static void try_again(void)
{
	unsigned i;

	for (i = 0; i < 2 * WORLD_PAIRS; i++)
		wg_path_fresh(&w.end[i].path, w.net.now);
}

static void mend(void)
{
	unsigned i;

	for (i = 0; i < NET_SITES; i++) {
		if (w.net.site[i].is_cut)
			w.net.site[i].cut_ms = w.net.now;
		w.net.site[i].is_cut = false;
	}
	for (i = 0; i < NET_HUBS; i++) {
		if (w.net.hub[i].is_down)
			w.net.hub[i].down_ms = w.net.now;
		w.net.hub[i].is_down = false;
	}
	w.net.loss_permille = 0;
	for (i = 0; i < 2 * WORLD_PAIRS; i++) {
		w.end[i].gap_ms = 50;
		w.end[i].until_ms = INT64_MAX;
		world_mode(&w, i, WG_PATH_ON_DEMAND);
	}
}

/* So many of the last so many milliseconds are there. */
static void all_came(const char *what, int64_t ms)
{
	size_t i;

	for (i = 0; i < w.n_data; i++) {
		const struct world_data *d = &w.data[i];

		if (d->at_ms >= w.net.now - ms && d->fate != WORLD_CAME)
			fail_msg("%s: %u to %u, at %lld of %lld ms: %s", what,
				 w.end[d->end].from, w.end[d->end].to,
				 (long long)d->at_ms, (long long)w.net.now,
				 d->fate == WORLD_DROPPED ? "dropped"
							  : "under way");
	}
}

static void check_paths(uint64_t seed)
{
	unsigned i;

	for (i = 0; i < 2 * WORLD_PAIRS; i++) {
		const struct world_end *e = &w.end[i];
		bool can = net_can(&w.net, e->from, e->to);

		if (can != (e->path.state == WG_PATH_DIRECT) ||
		    can != (e->at.hub < 0))
			fail_msg("seed %llu: %u (NAT %u) to %u (NAT %u): %s, "
				 "%s, by hub %d",
				 (unsigned long long)seed, e->from,
				 w.net.nat[w.net.site[e->from].nat].kind, e->to,
				 w.net.nat[w.net.site[e->to].nat].kind,
				 wg_path_state_str(e->path.state),
				 wg_path_why_str(e->path.why), e->at.hub);
	}
}

static void stop_talking(void)
{
	unsigned i;

	for (i = 0; i < 2 * WORLD_PAIRS; i++)
		w.end[i].until_ms = w.net.now;
	world_run(&w, 4000); /* what is under way, or held by a liar */
}

static void say(const char *what, uint64_t seed)
{
	printf("# %s, seed %llu: %zu packets, %lu of them direct, %lu paths "
	       "came, %lu were lost, %lu did not settle, %lu starts, %lu put back, dropped %llu "
	       "%llu %llu %llu\n",
	       what, (unsigned long long)seed, w.n_data, w.came_direct,
	       w.direct, w.losses, w.unsettled, w.restarts, w.putbacks,
	       (unsigned long long)w.net.dropped[0],
	       (unsigned long long)w.net.dropped[1],
	       (unsigned long long)w.net.dropped[2],
	       (unsigned long long)w.net.dropped[3]);
}

/* --- worlds */

static void quiet_world(uint64_t seed, bool lies)
{
	unsigned i;

	world_begin(&w, seed, true);
	w.net.hub[0].is_liar = lies;
	for (i = 0; i < 150; i++) {
		talk();
		if (below(4) == 0)
			operate();
		if (below(4) == 0)
			disturb();
		if (lies)
			forge();
		world_run(&w, below(600));
	}
	stop_talking();
	say(lies ? "a hub lies" : "nothing is lost", seed);
	all_came("nothing is lost", w.net.now);
	assert_int_equal(w.not_excused, 0);
	assert_int_equal(w.net.aliens, 0);
	assert_true(w.direct > 20 && w.came_direct > w.n_data / 20);
	if (lies)
		assert_true(w.net.victims > 0);
	world_end(&w);
}

static void wild_world(uint64_t seed)
{
	unsigned i;

	world_begin(&w, seed, false);
	for (i = 0; i < 200; i++) {
		talk();
		if (below(4) == 0)
			operate();
		if (below(2) == 0)
			happen();
		world_run(&w, below(500));
	}
	mend();
	world_run(&w, 8000);
	try_again();
	world_run(&w, 32000);
	say("anything happens", seed);
	assert_int_equal(w.net.aliens, 0);
	assert_int_equal(w.not_excused, 0);
	check_paths(seed);
	world_run(&w, 2000);
	stop_talking();
	all_came("at the end", 6000);
	world_end(&w);
}

static void test_quiet(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 3; seed++)
		quiet_world(seed, false);
}

static void test_liar(void **state)
{
	uint64_t seed;

	for (seed = 11; seed <= 12; seed++)
		quiet_world(seed, true);
}

static void test_wild(void **state)
{
	uint64_t seed;

	for (seed = 21; seed <= 24; seed++)
		wild_world(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_liar),
		cmocka_unit_test(test_wild),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
