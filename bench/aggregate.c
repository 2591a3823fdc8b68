/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aggregate.*: a full table with origins, dealt to K peers, aggregated.
 *
 *   bench/aggregate FILE K          entries before and after
 *   bench/aggregate FILE K --dump   ... and "PREFIX PEER" of each after
 *   bench/aggregate                 the measures, as JSON
 *
 * FILE has a prefix and an AS number a line, `;` begins a comment, .gz goes
 * through zcat.  The origin AS is dealt to peer ((AS * 0x9E3779B97F4A7C15 mod
 * 2^64) >> 40) mod K.  The measures take the file from WGD_BENCH_ORIGINS; the
 * values of aggregate.entries are known for the table of RouteViews of
 * 2014-05-13 (pyasn's ipasn_20140513.dat), and only for that.
 *
 * Changes under churn: a prefix is withdrawn or moves to another peer, and
 * later it is back.  For aggregate.update that is any prefix at random, one
 * change at a time, and at most 1024 are away from where the table has them.
 * For aggregate.ops nine changes of ten are, as they are in BGP, those of
 * unstable prefixes, one in a hundred of the table, which do so again and
 * again; 20 changes come in a turn of the loop, as they would in the daemon.  A
 * change costs what it costs until every target is chosen, and its operations
 * until nothing is pending.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/table.h"
#include "lib/core/wg_core.h"

#define MAX_PEERS 1024
#define IFINDEX 7
#define BATCH 2000
#define CHANGES 200000
#define TURN 20
#define POOL 1024

struct route {
	struct wg_prefix p;
	uint64_t as;
	uint32_t peer;
	bool gone;
};

struct table {
	struct route *r;
	size_t n;
	size_t cap;
};

struct run {
	struct wg_core *core;
	struct wg_dev *dev;
	unsigned n_peers;
	struct wg_nexthop nh[MAX_PEERS];
	size_t n_ops;
	size_t away[POOL]; /* indices of routes that are not at home */
	size_t n_away;
};

/* What follows is the origin. */
static void add_line(void *arg, const struct wg_prefix *p, const char *rest)
{
	struct table *t = arg;

	t->r = table_room(t->r, t->n, &t->cap, sizeof(*t->r));
	t->r[t->n++] = (struct route){.p = *p,
				      .as = strtoull(rest, NULL, 10)};
}

static bool read_table(const char *path, struct table *t)
{
	return table_read(path, add_line, t) && t->n;
}

static uint32_t peer_of(const struct route *r, unsigned n_peers)
{
	return (r->as * UINT64_C(0x9E3779B97F4A7C15) >> 40) % n_peers;
}

static void deal(struct table *t, unsigned n_peers)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		t->r[i].peer = peer_of(&t->r[i], n_peers);
		t->r[i].gone = false;
	}
}

/* --- the core, with a device that does everything at once */

static void steps(struct run *run)
{
	while (wg_sync_step(run->dev, 2000))
		;
}

static void apply(struct run *run)
{
	static struct wg_op ops[BATCH];
	size_t n;

	while ((n = wg_plan_next(run->dev, ops, BATCH))) {
		wg_plan_commit(run->dev, ops, n);
		run->n_ops += n;
		steps(run);
	}
}

static void run_begin(struct run *run, unsigned n_peers, bool aggregate)
{
	unsigned i;

	memset(run, 0, sizeof(*run));
	run->n_peers = n_peers;
	run->core = wg_core_new();
	run->dev = wg_dev_new(run->core, "wg0");
	wg_dev_set_can_remove(run->dev, true);
	wg_dev_set_aggregate(run->dev, aggregate);
	wg_dev_set_link(run->dev, 0, IFINDEX);
	/* addresses that are of no use to routes: a peer that is the only
	 * one would get multicast, so there is one more */
	for (i = 0; i <= n_peers; i++) {
		struct wg_addr a = {AF_INET6, {0xfd, [14] = i >> 8, [15] = i}};
		struct wg_key key = {{1, 1 + i, i >> 8}};
		struct wg_peer *peer;
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		peer = wg_peer_new(run->dev, name);
		wg_peer_set_key(peer, &key);
		wg_peer_add_address(peer, &a, NULL);
		if (i < n_peers) {
			run->nh[i].gateway = a;
			run->nh[i].ifindex = IFINDEX;
		}
	}
	wg_core_settle(run->core);
	wg_sync_begin(run->dev, false);
	wg_sync_end(run->dev);
	steps(run);
	apply(run);
}

static bool announce(struct run *run, const struct route *r)
{
	return wg_route_update(run->core, 0, &r->p, 1, &run->nh[r->peer], 1) ==
	       0;
}

static void settle(struct run *run)
{
	wg_core_settle(run->core);
	steps(run);
}

static bool load(struct run *run, const struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!announce(run, &t->r[i]))
			return false;
		/* as the daemon does, once in a turn */
		if (i % 1000 == 999)
			wg_core_settle(run->core);
	}
	settle(run);
	return true;
}

/* IPv4 entries that the device is to have. */
static size_t count(const struct run *run)
{
	struct wg_count c;

	wg_dev_count(run->dev, &c);
	return c.targets - (run->n_peers + 1);
}

static void dump(struct run *run)
{
	const struct wg_prefix *from = NULL;
	char text[WG_PREFIX_STRLEN];
	struct wg_prefix cursor;
	struct wg_entry e;

	for (; wg_entry_next(run->dev, from, &e); from = &cursor) {
		cursor = e.prefix;
		if (e.target && e.prefix.b[0] != 0xfd)
			printf("%s %s\n", wg_prefix_str(&e.prefix, text),
			       wg_peer_name(e.target) + 1);
	}
}

/* --- churn */

/* Withdrawn, or at another peer; or back. */
static void toggle(struct run *run, struct route *r)
{
	uint32_t home = peer_of(r, run->n_peers);

	if (r->gone || r->peer != home) {
		r->gone = false;
		r->peer = home;
	} else if (rnd() % 2) {
		r->gone = true;
	} else {
		r->peer =
			(home + 1 + rnd() % (run->n_peers - 1)) % run->n_peers;
	}
	if (r->gone)
		wg_route_delete(run->core, 0, &r->p);
	else
		announce(run, r);
}

/* Any prefix, or one of those that are away. */
static void change_any(struct run *run, struct table *t)
{
	struct route *r = &t->r[rnd() % t->n];
	size_t i;

	if (run->n_away == POOL || (run->n_away && rnd() % 2)) {
		i = rnd() % run->n_away;
		r = &t->r[run->away[i]];
		run->away[i] = run->away[--run->n_away];
	} else {
		while (r->gone || r->peer != peer_of(r, run->n_peers))
			r = &t->r[rnd() % t->n];
		run->away[run->n_away++] = r - t->r;
	}
	toggle(run, r);
}

/* Mostly one of the unstable ones, which are dealt by a hash. */
static void change_unstable(struct run *run, struct table *t)
{
	uint64_t i = rnd() % (t->n / 100);

	if (rnd() % 10)
		toggle(run, &t->r[(i * 2654435761u + 17) % t->n]);
	else
		change_any(run, t);
}

/* What it costs to look at the clock; ns. */
static double clock_cost(void)
{
	double least = 1e9;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		double t0 = now(), t1 = now();

		if (t1 - t0 < least)
			least = t1 - t0;
	}
	return least;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* --- output */

static void print(const char *bench, double value, const char *unit,
		  double goal, const char *how)
{
	printf("{\"bench\": \"%s\", \"value\": %.2f, \"unit\": \"%s\", "
	       "\"goal\": %g, \"reference\": null, \"how\": \"%s\"}\n",
	       bench, value, unit, goal, how);
	fflush(stdout);
}

static void print_null(const char *bench, const char *unit, double goal)
{
	printf("{\"bench\": \"%s\", \"value\": null, \"unit\": \"%s\", "
	       "\"goal\": %g, \"reference\": null, \"how\": \"no table: "
	       "WGD_BENCH_ORIGINS names none that can be read\"}\n",
	       bench, unit, goal);
}

static bool measure_entries(struct table *t, unsigned n_peers, size_t goal)
{
	struct run run;
	char how[256];

	deal(t, n_peers);
	run_begin(&run, n_peers, true);
	if (!load(&run, t))
		return false;
	snprintf(how, sizeof(how),
		 "of %zu prefixes, origin AS dealt to %u peers by hash; the "
		 "goal is the optimum of the RouteViews table of 2014-05-13",
		 t->n, n_peers);
	printf("{\"bench\": \"aggregate.entries\", \"value\": %zu, \"unit\": "
	       "\"entries\", \"goal\": %zu, \"reference\": %zu, \"how\": "
	       "\"%s\"}\n",
	       count(&run), goal, t->n, how);
	fflush(stdout);
	wg_core_delete(&run.core);
	return true;
}

static bool measure_load(struct table *t)
{
	double best[2] = {}, memory[2] = {};
	unsigned i, aggregate;
	char how[256];

	deal(t, 8);
	for (i = 0; i < 3; i++)
		for (aggregate = 0; aggregate < 2; aggregate++) {
			struct run run;
			double t0, spent;

			run_begin(&run, 8, aggregate);
			t0 = now();
			if (!load(&run, t))
				return false;
			spent = (now() - t0) / t->n;
			if (i == 0 || spent < best[aggregate])
				best[aggregate] = spent;
			memory[aggregate] =
				(double)wg_core_memory(run.core) / t->n;
			wg_core_delete(&run.core);
		}
	snprintf(how, sizeof(how),
		 "%zu real prefixes over 8 peers in the order of the file, "
		 "until every target is chosen; without aggregation %.0f; "
		 "bytes a route %.1f, without %.1f",
		 t->n, best[1 - 1], memory[1], memory[0]);
	print("aggregate.load", best[1], "ns/route", 1500, how);
	return true;
}

/* Operations a change, TURN changes at a time. */
static double churn(struct run *run, struct table *t,
		    void (*change)(struct run *, struct table *))
{
	size_t i;

	run->n_ops = 0;
	for (i = 0; i < CHANGES; i++) {
		change(run, t);
		if (i % TURN == TURN - 1) {
			settle(run);
			apply(run);
		}
	}
	return (double)run->n_ops / CHANGES;
}

static bool measure_churn(struct table *t)
{
	static double spent[CHANGES];
	struct run run, fresh;
	size_t i, during, after, best, worst = 0;
	double t0, any, ops, clock = clock_cost();
	char how[512];

	deal(t, 8);
	run_begin(&run, 8, true);
	if (!load(&run, t))
		return false;
	apply(&run);
	for (i = 0; i < CHANGES; i++) {
		t0 = now();
		change_any(&run, t);
		settle(&run);
		spent[i] = (now() - t0 - clock) / 1000;
		apply(&run);
		if (spent[i] > spent[worst])
			worst = i;
	}
	t0 = spent[worst];
	qsort(spent, CHANGES, sizeof(*spent), by_value);
	snprintf(how, sizeof(how),
		 "median of %d single changes of real prefixes over 8 peers, "
		 "each until every target is chosen; worst %.0f; less the %.1f "
		 "that looking at the clock costs",
		 CHANGES, t0, clock / 1000);
	print("aggregate.update", spent[CHANGES / 2], "us", 5, how);
	print("aggregate.update", spent[CHANGES / 100 * 99], "us", 50,
	      "99th percentile of the same");
	any = churn(&run, t, change_any);
	while (wg_sync_idle(run.dev, 10000))
		apply(&run);
	apply(&run);
	ops = churn(&run, t, change_unstable);
	during = count(&run);
	while (wg_sync_idle(run.dev, 10000))
		apply(&run);
	apply(&run);
	after = count(&run);
	run_begin(&fresh, 8, true);
	for (i = 0; i < t->n; i++)
		if (!t->r[i].gone && !announce(&fresh, &t->r[i]))
			return false;
	settle(&fresh);
	best = count(&fresh);
	snprintf(how, sizeof(how),
		 "%d changes, %d in a turn, nine of ten by one prefix of a "
		 "hundred: withdrawn or moved, and back; then %zu entries, "
		 "after an idle time %zu, anew %zu; where all prefixes change "
		 "alike %.2f",
		 CHANGES, TURN, during, after, best, any);
	print("aggregate.ops", ops, "ops/change", 1.3, how);
	wg_core_delete(&run.core);
	wg_core_delete(&fresh.core);
	return after == best && during <= best + best / 50;
}

static int measures(void)
{
	static const struct {
		unsigned n_peers;
		size_t goal;
	} entries[] = {{1, 90370}, {8, 173552}, {32, 185542}};
	const char *path = getenv("WGD_BENCH_ORIGINS");
	struct table t = {};
	unsigned i;

	if (!path || !read_table(path, &t)) {
		for (i = 0; i < 3; i++)
			print_null("aggregate.entries", "entries",
				   entries[i].goal);
		print_null("aggregate.load", "ns/route", 1500);
		print_null("aggregate.update", "us", 5);
		print_null("aggregate.update", "us", 50);
		print_null("aggregate.ops", "ops/change", 1.3);
		return 0;
	}
	for (i = 0; i < 3; i++)
		if (!measure_entries(&t, entries[i].n_peers, entries[i].goal))
			return 1;
	if (!measure_load(&t) || !measure_churn(&t))
		return 1;
	free(t.r);
	return 0;
}

int main(int argc, char **argv)
{
	struct table t = {};
	struct run run;
	unsigned n_peers;

	if (argc < 3)
		return measures();
	n_peers = strtoul(argv[2], NULL, 10);
	if (!n_peers || n_peers > MAX_PEERS) {
		fprintf(stderr, "aggregate: K is 1 to %d\n", MAX_PEERS);
		return 1;
	}
	if (!read_table(argv[1], &t)) {
		fprintf(stderr, "aggregate: cannot read %s\n", argv[1]);
		return 1;
	}
	deal(&t, n_peers);
	run_begin(&run, n_peers, true);
	if (!load(&run, &t))
		return 1;
	printf("before %zu\nafter %zu\n", t.n, count(&run));
	if (argc > 3 && strcmp(argv[3], "--dump") == 0)
		dump(&run);
	wg_core_delete(&run.core);
	free(t.r);
	return 0;
}
