/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the endpoints: named cases, then random routing against a model
 * of zebra, which tells the best routes and what it tracks, with delay.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/core/wg_underlay.h"

#define OUT 1 /* links */
#define OUT2 2
#define TUN 7
#define REC 0 /* recursive: no link */

static struct wg_underlay *u;

static struct wg_addr addr_of(const char *s)
{
	struct wg_addr a;

	assert_int_equal(wg_addr_parse(s, &a), 0);
	return a;
}

static struct wg_prefix prefix_of(const char *s)
{
	struct wg_prefix p;

	assert_int_equal(wg_prefix_parse(s, &p), 0);
	return p;
}

static size_t hops(const int *links, struct wg_nexthop *nh)
{
	size_t n;

	for (n = 0; links[n] >= 0; n++) {
		nh[n] = (struct wg_nexthop){.ifindex = links[n]};
		nh[n].gateway.family = AF_INET;
		nh[n].gateway.b[3] = links[n];
	}
	return n;
}

#define LINKS(...) ((const int[]){__VA_ARGS__, -1})
#define NONE ((const int[]){-1})

static void told_so(const char *addr, const char *prefix, bool ours,
		    const int *links)
{
	struct wg_addr a = addr_of(addr);
	struct wg_nexthop nh[4];
	struct wg_way way = {.prefix = prefix_of(prefix), .ours = ours};

	way.nh = nh;
	way.n_nh = hops(links, nh);
	wg_underlay_told(u, &a, &way);
	wg_underlay_check(u);
}

static void told(const char *addr, const char *prefix, const int *links)
{
	told_so(addr, prefix, false, links);
}

static void route(const char *prefix, const int *links)
{
	struct wg_prefix p = prefix_of(prefix);
	struct wg_nexthop nh[4];

	wg_underlay_route(u, &p, nh, hops(links, nh));
	wg_underlay_check(u);
}

static void hold(const char *addr)
{
	struct wg_addr a = addr_of(addr);

	wg_underlay_hold(u, &a);
	wg_underlay_check(u);
}

static void release(const char *addr)
{
	struct wg_addr a = addr_of(addr);

	wg_underlay_release(u, &a);
	wg_underlay_check(u);
}

/* All that is wanted now: "10.0.0.1>1 10.0.0.2- 10.0.0.3-?" */
static const char *wants_when(bool all_told)
{
	static char text[256];
	struct wg_underlay_want w;
	char addr[WG_ADDR_STRLEN];
	size_t len = 0, i;

	text[0] = '\0';
	while (wg_underlay_next(u, all_told, &w)) {
		len += sprintf(text + len, "%s%s%s", len ? " " : "",
			       wg_addr_str(&w.addr, addr), w.n_nh ? ">" : "-");
		for (i = 0; i < w.n_nh; i++)
			len += sprintf(text + len, "%s%u", i ? "," : "",
				       w.nh[i].ifindex);
		if (w.ask)
			len += sprintf(text + len, "?");
		wg_underlay_check(u);
	}
	return text;
}

static const char *wants(void)
{
	return wants_when(true);
}

static const char *path(const char *addr)
{
	static char text[32];
	struct wg_addr a = addr_of(addr);
	uint32_t link;
	enum wg_path p = wg_underlay_path(u, &a, &link);

	snprintf(text, sizeof(text), "%s %u", wg_path_str(p), link);
	return text;
}

static int setup(void **state)
{
	u = wg_underlay_new();
	wg_underlay_set_tunnel(u, TUN, true);
	return 0;
}

static int teardown(void **state)
{
	wg_underlay_check(u);
	wg_underlay_delete(&u);
	assert_null(u);
	return 0;
}

/* A default route through the tunnel takes the place of the one outside. */
static void test_default_route(void **state)
{
	hold("10.0.0.1");
	assert_string_equal(path("10.0.0.1"), "unknown 0");
	told("10.0.0.1", "0.0.0.0/0", LINKS(OUT));
	assert_string_equal(path("10.0.0.1"), "outside 1");
	assert_string_equal(wants(), "");
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(wants(), "10.0.0.1>1");
	assert_string_equal(path("10.0.0.1"), "inside 7");
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	assert_string_equal(path("10.0.0.1"), "host-route 1");
	/* tracking first comes to the same */
	told("10.0.0.1", "0.0.0.0/0", LINKS(TUN));
	assert_string_equal(wants(), "");
	route("0.0.0.0/0", LINKS(OUT));
	assert_string_equal(wants(), "10.0.0.1-");
	assert_string_equal(path("10.0.0.1"), "outside 1");
	release("10.0.0.1");
}

static const char *held(const char *addr)
{
	struct wg_addr a = addr_of(addr);
	bool kept;

	if (!wg_underlay_holds(u, &a, &kept))
		return "no";
	return kept ? "kept" : "held";
}

static void test_holds(void **state)
{
	assert_string_equal(held("10.0.0.1"), "no");
	hold("10.0.0.1");
	assert_string_equal(held("10.0.0.1"), "held");
	assert_string_equal(held("10.0.0.2"), "no");
	told("10.0.0.1", "0.0.0.0/0", LINKS(OUT));
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(held("10.0.0.1"), "kept");
	assert_string_equal(wants(), "10.0.0.1>1");
	/* it is not held any more, though its host route is still to go */
	release("10.0.0.1");
	assert_string_equal(held("10.0.0.1"), "no");
	assert_string_equal(wants(), "10.0.0.1-");
}

static void test_tracking_first(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "10.0.0.0/8", LINKS(OUT));
	told("10.0.0.1", "10.0.0.0/24", LINKS(TUN));
	assert_string_equal(wants(), "10.0.0.1>1");
	/* the need goes, by the messages alone */
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	route("10.0.0.0/24", NONE);
	assert_string_equal(wants(), "10.0.0.1-");
	assert_string_equal(path("10.0.0.1"), "outside 1");
	release("10.0.0.1");
}

/* The last cover that is known goes: tracking is asked. */
static void test_asks(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", LINKS(OUT));
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(wants(), "10.0.0.1>1");
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	route("0.0.0.0/0", NONE);
	assert_string_equal(wants(), "10.0.0.1-?");
	/* an answer from before our host route went */
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	assert_string_equal(wants(), "");
	told("10.0.0.1", "10.0.0.0/8", LINKS(OUT2));
	assert_string_equal(path("10.0.0.1"), "outside 2");
	assert_string_equal(wants(), "");
	release("10.0.0.1");
}

/* The underlay changes while a host route stands. */
static void test_follows(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "10.0.0.0/8", LINKS(OUT));
	route("10.0.0.0/24", LINKS(TUN));
	/* of no concern: not inside yet, and tracking will tell */
	assert_string_equal(wants(), "");
	told("10.0.0.1", "10.0.0.0/24", LINKS(TUN));
	assert_string_equal(wants(), "10.0.0.1>1");
	route("10.0.0.0/8", LINKS(OUT2));
	assert_string_equal(wants(), "10.0.0.1>2");
	route("10.0.0.0/16", LINKS(OUT));
	assert_string_equal(wants(), "10.0.0.1>1");
	route("10.0.0.0/16", LINKS(OUT, OUT2));
	assert_string_equal(wants(), "10.0.0.1>1,2");
	route("10.0.0.0/16", NONE);
	assert_string_equal(wants(), "10.0.0.1>2");
	/* the way outside is gone: nothing keeps it outside */
	route("10.0.0.0/8", NONE);
	assert_string_equal(wants(), "10.0.0.1-");
	assert_string_equal(path("10.0.0.1"), "inside 7");
	route("10.0.0.0/9", LINKS(OUT));
	assert_string_equal(wants(), "10.0.0.1>1");
	/* a longer one outside: not needed */
	route("10.0.0.0/30", LINKS(OUT2));
	assert_string_equal(wants(), "10.0.0.1-");
	/* recursive ones say nothing */
	route("10.0.0.0/31", LINKS(REC));
	assert_string_equal(wants(), "");
	release("10.0.0.1");
}

static void test_some_next_hops_inside(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", LINKS(TUN, OUT2));
	assert_string_equal(wants(), "10.0.0.1>2");
	release("10.0.0.1");
	assert_string_equal(wants(), "10.0.0.1-");
}

/* Who roams is kept outside before anybody tells of the new address. */
static void test_roams(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", LINKS(OUT));
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(wants(), "10.0.0.1>1");
	hold("10.9.0.9");
	assert_string_equal(wants(), "10.9.0.9>1");
	release("10.0.0.1");
	assert_string_equal(wants(), "10.0.0.1-");
	hold("2001:db8::1");
	told("2001:db8::1", "2000::/3", LINKS(TUN));
	assert_string_equal(wants(), "");
	assert_string_equal(path("2001:db8::1"), "inside 7");
	release("2001:db8::1");
	release("10.9.0.9");
	assert_string_equal(wants(), "10.9.0.9-");
}

static void test_counted(void **state)
{
	hold("10.0.0.1");
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", LINKS(TUN, OUT));
	assert_string_equal(wants(), "10.0.0.1>1");
	release("10.0.0.1");
	assert_string_equal(wants(), "");
	/* released and held again before anybody looks: nothing happened */
	release("10.0.0.1");
	hold("10.0.0.1");
	assert_string_equal(wants(), "10.0.0.1>1");
	release("10.0.0.1");
}

/* We come back and find the host route of an earlier life. */
static void test_restart(void **state)
{
	hold("10.0.0.1");
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	assert_string_equal(path("10.0.0.1"), "host-route 1");
	assert_string_equal(wants_when(false), "10.0.0.1>1");
	/* routes are told in any order: nothing is taken back too early */
	route("0.0.0.0/0", LINKS(OUT));
	assert_string_equal(wants_when(false), "");
	route("10.0.0.0/24", LINKS(TUN));
	assert_string_equal(wants_when(false), "10.0.0.1>1");
	assert_string_equal(wants(), "");
	/* and one who roams now has a way, too */
	hold("10.0.0.2");
	assert_string_equal(wants(), "10.0.0.2>1");
	route("10.0.0.0/24", NONE);
	assert_string_equal(wants_when(false), "");
	assert_string_equal(wants(), "10.0.0.1- 10.0.0.2-");
	release("10.0.0.1");
	release("10.0.0.2");
}

static void test_restart_default_inside(void **state)
{
	hold("10.0.0.1");
	told_so("10.0.0.1", "10.0.0.1/32", true, LINKS(OUT));
	assert_string_equal(wants(), "10.0.0.1>1");
	route("0.0.0.0/0", LINKS(TUN));
	assert_string_equal(wants(), "");
	assert_string_equal(path("10.0.0.1"), "host-route 1");
	hold("10.9.0.9");
	assert_string_equal(wants(), "10.9.0.9>1");
	release("10.9.0.9");
	release("10.0.0.1");
}

static void test_zebra_forgot(void **state)
{
	hold("10.0.0.1");
	hold("10.1.0.1");
	told("10.0.0.1", "10.0.0.0/16", LINKS(TUN, OUT));
	told("10.1.0.1", "10.1.0.0/16", LINKS(OUT));
	assert_string_equal(wants(), "10.0.0.1>1");
	wg_underlay_replay(u);
	assert_string_equal(wants(), "10.0.0.1>1");
	release("10.0.0.1");
	release("10.1.0.1");
}

/* A link turns out to be a tunnel, or is none any more. */
static void test_tunnels(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", LINKS(OUT));
	route("0.0.0.0/0", LINKS(OUT2));
	assert_string_equal(path("10.0.0.1"), "outside 2");
	wg_underlay_set_tunnel(u, OUT2, true);
	assert_string_equal(path("10.0.0.1"), "inside 2");
	assert_string_equal(wants(), "");
	route("0.0.0.0/1", LINKS(OUT));
	assert_string_equal(path("10.0.0.1"), "outside 1");
	wg_underlay_set_tunnel(u, OUT2, false);
	route("0.0.0.0/1", NONE);
	assert_string_equal(path("10.0.0.1"), "outside 2");
	release("10.0.0.1");
}

static void test_unreachable(void **state)
{
	hold("10.0.0.1");
	told("10.0.0.1", "0.0.0.0/0", NONE);
	assert_string_equal(path("10.0.0.1"), "unreachable 0");
	told("10.0.0.1", "10.0.0.0/8", LINKS(TUN));
	assert_string_equal(path("10.0.0.1"), "inside 7");
	assert_string_equal(wants(), "");
	told("10.0.0.1", "0.0.0.0/0", NONE);
	assert_string_equal(path("10.0.0.1"), "unreachable 0");
	release("10.0.0.1");
}

/* --- a model of zebra */

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
	int prefix; /* -1: none; N_PREFIXES: our host route */
	int link;   /* -1: none */
};

static struct {
	int outside[N_PREFIXES]; /* link; 0: no such route */
	bool inside[N_PREFIXES]; /* a route over the tunnel; it is preferred */
	int ours[N_ADDRS];	 /* link of the host route; 0: none */
	bool tracked[N_ADDRS];
	struct message last[N_ADDRS]; /* what was told of it */
	struct message queue[4096];
	unsigned from, to;

	bool held[N_ADDRS];
	int seen[N_ADDRS]; /* prefix by which it was outside; -1 */
} z;

static int best(int prefix)
{
	return z.inside[prefix] ? TUN : z.outside[prefix];
}

static int match(int a, bool with_ours)
{
	struct wg_prefix host;
	struct wg_addr addr = addr_of(addrs[a]);
	int i, found = -1;

	if (with_ours && z.ours[a])
		return N_PREFIXES;
	host = wg_prefix_host(&addr);
	for (i = 0; i < N_PREFIXES; i++) {
		struct wg_prefix p = prefix_of(prefixes[i]);

		if (best(i) && wg_prefix_covers(&p, &host))
			found = i; /* they stand from short to long */
	}
	return found;
}

static void put(struct message m)
{
	z.queue[z.to++ % 4096] = m;
	assert_true(z.to - z.from < 4096);
}

static void track(int a, bool asked)
{
	int m = match(a, true);
	struct message new = {.addr = a, .prefix = m, .link = -1};

	if (m >= 0)
		new.link = m == N_PREFIXES ? z.ours[a] : best(m);
	if (!z.tracked[a])
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
		told_so(addrs[m.addr],
			m.prefix == N_PREFIXES ? addrs[m.addr]
			: m.prefix < 0	       ? "0.0.0.0/0"
					       : prefixes[m.prefix],
			m.prefix == N_PREFIXES, links);
}

static void obey(void)
{
	struct wg_underlay_want w;
	struct wg_addr addr;
	int a;

	while (wg_underlay_next(u, true, &w)) {
		for (a = 0; a < N_ADDRS; a++) {
			addr = addr_of(addrs[a]);
			if (wg_addr_same(&addr, &w.addr))
				break;
		}
		assert_int_not_equal(a, N_ADDRS);
		assert_true(w.n_nh <= 1);
		z.ours[a] = w.n_nh ? (int)w.nh[0].ifindex : 0;
		assert_int_not_equal(z.ours[a], TUN);
		track(a, w.ask);
		wg_underlay_check(u);
	}
}

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() / 7 % n;
}

static void change_route(void)
{
	int p = rnd(N_PREFIXES), before = best(p), a;

	if (rnd(2)) {
		z.inside[p] = !z.inside[p];
	} else {
		z.outside[p] = rnd(3);
		for (a = 0; a < N_ADDRS; a++)
			if (z.seen[a] == p)
				z.seen[a] = -1;
	}
	changed(p, before);
}

static void change_endpoint(void)
{
	int a = rnd(N_ADDRS);

	z.seen[a] = -1;
	z.held[a] = !z.held[a];
	z.tracked[a] = z.held[a];
	if (z.held[a])
		hold(addrs[a]);
	else
		release(addrs[a]);
	track(a, true);
}

/* All is told and done: what must be true of it. */
static void judge(void)
{
	int a, m;

	for (a = 0; a < N_ADDRS; a++) {
		if (!z.held[a]) {
			assert_int_equal(z.ours[a], 0);
			continue;
		}
		m = match(a, false);
		if (m < 0)
			continue;
		if (best(m) != TUN) {
			z.seen[a] = m;
			continue;
		}
		if (z.seen[a] >= 0 && !z.ours[a])
			fail_msg("%s goes inside; it was outside by %s",
				 addrs[a], prefixes[z.seen[a]]);
		if (!z.ours[a])
			assert_string_equal(path(addrs[a]), "inside 7");
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
	for (a = 0; a < N_ADDRS; a++)
		z.seen[a] = -1;
	for (i = 0; i < 300; i++) {
		switch (rnd(8)) {
		case 0:
			change_endpoint();
			break;
		case 1:
			settle();
			judge();
			break;
		case 2:
		case 3:
			obey();
			break;
		case 4:
		case 5:
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
}

static void test_random(void **state)
{
	const char *given = getenv("WGD_TEST_SEED");
	unsigned seed = given ? strtoul(given, NULL, 0) : (unsigned)time(NULL);
	unsigned i;

	print_message("# WGD_TEST_SEED=%u\n", seed);
	for (i = 0; i < 400; i++) {
		one_world(seed + i);
		teardown(state);
		setup(state);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_default_route),
		CASE(test_holds),
		CASE(test_tracking_first),
		CASE(test_asks),
		CASE(test_follows),
		CASE(test_some_next_hops_inside),
		CASE(test_roams),
		CASE(test_counted),
		CASE(test_restart),
		CASE(test_restart_default_inside),
		CASE(test_zebra_forgot),
		CASE(test_tunnels),
		CASE(test_unreachable),
		CASE(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
