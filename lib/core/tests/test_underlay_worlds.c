/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The underlay: random routing against a model of zebra, which tells the best
 * routes and what it tracks, with delay.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/core/tests/underlay.h"

#define N_ADDRS 4
#define N_PREFIXES 6

static const char *const addrs[N_ADDRS] = {
	"10.0.0.1",
	"10.0.0.2",
	"10.0.8.1",
	"10.9.0.1",
};
static const char *const prefixes[N_PREFIXES] = {
	"0.0.0.0/0",   "10.0.0.0/8",  "10.0.0.0/16",
	"10.0.0.0/24", "10.0.0.0/30", "10.0.8.0/30",
};

/* What is on its way to the client. */
struct message {
	int addr;   /* tracking of it; -1: route of */
	int prefix; /* -1: none */
	int link;   /* -1: none */
};

static struct {
	int outside[N_PREFIXES]; /* link; 0: no such route */
	bool inside[N_PREFIXES]; /* a route over the tunnel; it is preferred */
	bool held[N_ADDRS];
	struct message last[N_ADDRS]; /* what was told of it */
	struct message queue[4096];
	unsigned from, to;

	int have[N_PREFIXES]; /* the second table: link; 0: no route */
} z;

static bool covers(int prefix, int a)
{
	struct wg_addr addr = addr_of(addrs[a]);
	struct wg_prefix p = prefix_of(prefixes[prefix]),
			 host = wg_prefix_host(&addr);

	return wg_prefix_covers(&p, &host);
}

static int best(int prefix)
{
	return z.inside[prefix] ? TUN : z.outside[prefix];
}

/* They stand from short to long. */
static int match(int a)
{
	int i, longest = -1;

	for (i = 0; i < N_PREFIXES; i++)
		if (best(i) && covers(i, a))
			longest = i;
	return longest;
}

static void put(struct message m)
{
	z.queue[z.to++ % 4096] = m;
	assert_true(z.to - z.from < 4096);
}

static void track(int a, bool asked)
{
	int m = match(a);
	struct message new = {
		.addr = a, .prefix = m, .link = m < 0 ? -1 : best(m)};

	if (!z.held[a])
		return;
	if (!asked &&
	    z.last[a].prefix == new.prefix &&z.last[a].link == new.link)
		return;
	z.last[a] = new;
	put(new);
}

static void changed(int prefix, int before)
{
	int a, now = best(prefix);

	if (now == before)
		return;
	put((struct message){
		.addr = -1, .prefix = prefix, .link = now ? now : -1});
	for (a = 0; a < N_ADDRS; a++)
		track(a, false);
}

static void deliver(void)
{
	struct message m = z.queue[z.from++ % 4096];
	int links[] = {m.link, -1};

	if (m.addr < 0)
		route(prefixes[m.prefix], links);
	else if (z.held[m.addr])
		told(addrs[m.addr],
		     m.prefix < 0 ? "0.0.0.0/0" : prefixes[m.prefix], links);
}

/* Write the table; anything but a change is a waste. */
static void obey(void)
{
	struct wg_underlay_route r;
	int i;

	while (wg_underlay_next(u, &r)) {
		for (i = 0; i < N_PREFIXES; i++) {
			struct wg_prefix p = prefix_of(prefixes[i]);

			if (wg_prefix_same(&p, &r.prefix))
				break;
		}
		assert_int_not_equal(i, N_PREFIXES);
		assert_true(r.n_nh <= 1);
		z.have[i] = r.n_nh ? (int)r.nh[0].ifindex : 0;
		assert_int_not_equal(z.have[i], TUN);
		wg_underlay_check(u);
	}
}

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() / 7 % n;
}

static void change_route(void)
{
	int p = rnd(N_PREFIXES), before = best(p);

	if (rnd(2))
		z.inside[p] = !z.inside[p];
	else
		z.outside[p] = rnd(3);
	changed(p, before);
}

static void change_endpoint(void)
{
	int a = rnd(N_ADDRS);

	z.held[a] = !z.held[a];
	if (z.held[a])
		hold(addrs[a]);
	else
		release(addrs[a]);
	track(a, true);
}

/* zebra is there again and tells all it has. */
static void replay(void)
{
	int i;

	z.from = z.to;
	wg_underlay_replay_begin(u);
	for (i = 0; i < N_PREFIXES; i++)
		if (best(i))
			put((struct message){
				.addr = -1, .prefix = i, .link = best(i)});
	while (z.from != z.to)
		deliver();
	wg_underlay_replay_end(u);
	for (i = 0; i < N_ADDRS; i++)
		track(i, true);
}

/* All is told and written: what must be true of it. */
static void judge(void)
{
	bool around;
	int a, p, m;

	for (p = 0; p < N_PREFIXES; p++) {
		around = p == 0;
		for (a = 0; a < N_ADDRS; a++)
			around |= z.held[a] && covers(p, a);
		/* nothing that concerns nobody, nothing that is not there */
		if (z.have[p])
			assert_true(around && best(p));
		/* ... and what leads outside now by the link that it has */
		if (z.have[p] && best(p) != TUN)
			assert_int_equal(z.have[p], best(p));
		if (p == 0 && best(p) && best(p) != TUN)
			assert_int_equal(z.have[p], best(p));
	}
	for (a = 0; a < N_ADDRS; a++) {
		m = match(a);
		if (!z.held[a])
			continue;
		if (m < 0)
			assert_string_equal(path(addrs[a]), "unreachable 0");
		else if (best(m) != TUN)
			assert_int_equal(z.have[m], best(m));
		else
			for (p = 0; p < N_PREFIXES; p++)
				if (covers(p, a) && z.have[p])
					assert_int_equal(strncmp(path(addrs[a]),
								 "marked", 6),
							 0);
	}
}

static void settle(void)
{
	obey();
	while (z.from != z.to) {
		deliver();
		obey();
	}
}

static void one_world(unsigned seed)
{
	int i, a;

	srand(seed);
	memset(&z, 0, sizeof(z));
	for (i = 0; i < 300; i++) {
		switch (rnd(16)) {
		case 0:
		case 1:
			change_endpoint();
			break;
		case 2:
		case 3:
			settle();
			judge();
			break;
		case 4:
		case 5:
			obey();
			break;
		case 6:
			replay();
			break;
		case 7:
		case 8:
		case 9:
		case 10:
			change_route();
			break;
		default:
			if (z.from != z.to)
				deliver();
		}
	}
	settle();
	judge();
	for (a = 0; a < N_ADDRS; a++)
		if (z.held[a])
			release(addrs[a]);
	z.from = z.to;
	obey();
	/* the default route is all that stays */
	for (i = 1; i < N_PREFIXES; i++)
		assert_int_equal(z.have[i], 0);
}

static void test_worlds(void **state)
{
	unsigned seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 10)
				       : (unsigned long)time(NULL);
	unsigned i;

	for (i = 0; i < 300; i++) {
		print_message(i ? "" : "seeds from %u\n", seed);
		setup(NULL);
		one_world(seed + i);
		teardown(NULL);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
