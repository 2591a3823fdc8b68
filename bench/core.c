/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core.time and core.memory: a full table into the core, over eight peers of
 * one device, next hops resolved, owners decided.
 *
 * The prefixes are those of the file that is named as argument or in
 * WGD_BENCH_PREFIXES (one a line; .gz by zcat); without one a table of the
 * same size and a like distribution of lengths is made from a fixed seed.
 * Reading and parsing are not measured.  The value is for routes in the order
 * of the file, which for a sorted one is how zebra tells what it has.  Beside
 * it stand the time for a random order, as BGP brings it, (nearly all of it
 * waiting for memory), the same where some of them are expected, as the daemon
 * does it, and what the plan costs: ordered ops and their commit.  Each is
 * processor time, the best of three runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/table.h"
#include "lib/core/wg_core.h"

#define N_PEERS 8
#define IFINDEX 7
#define BATCH 2000

struct list {
	struct wg_prefix *p;
	size_t n;
	size_t cap;
};

static void add(struct list *l, const struct wg_prefix *p)
{
	l->p = table_room(l->p, l->n, &l->cap, sizeof(*l->p));
	l->p[l->n++] = *p;
}

static void add_line(void *arg, const struct wg_prefix *p, const char *rest)
{
	(void)rest;
	add(arg, p);
}

struct result {
	double update; /* ns a route */
	double plan;
	double memory; /* bytes a route */
};

/* Lengths of a full table, in permille of the family. */
static const struct {
	uint8_t family;
	uint8_t len;
	unsigned count;
} shape[] = {
	{AF_INET, 16, 13500},  {AF_INET, 18, 22000},  {AF_INET, 19, 25000},
	{AF_INET, 20, 43000},  {AF_INET, 21, 51000},  {AF_INET, 22, 109000},
	{AF_INET, 23, 97000},  {AF_INET, 24, 541500}, {AF_INET6, 32, 24000},
	{AF_INET6, 36, 12000}, {AF_INET6, 40, 18000}, {AF_INET6, 44, 20000},
	{AF_INET6, 46, 10000}, {AF_INET6, 48, 76000},
};

static void synthesize(struct list *l)
{
	size_t s;
	unsigned i;

	/* an eighth of each family's space, as dense as the real one */
	for (s = 0; s < sizeof(shape) / sizeof(*shape); s++)
		for (i = 0; i < shape[s].count; i++) {
			struct wg_prefix p = {.family = shape[s].family,
					      .len = shape[s].len};
			uint64_t r = rnd();

			memcpy(p.b, &r, p.family == AF_INET ? 4 : 8);
			if (p.family == AF_INET) {
				p.b[0] = 1 + p.b[0] % 223;
			} else {
				p.b[0] = 0x20 | (p.b[0] & 0x0f);
				p.b[1] &= 0x1f;
				p.b[2] &= 0x3f;
			}
			wg_prefix_mask(&p);
			/* a peer gets no martian: nothing to measure */
			if (!wg_prefix_is_martian(&p))
				add(l, &p);
		}
}

static int by_prefix(const void *a, const void *b)
{
	return wg_prefix_cmp(a, b);
}

static void sort_unique(struct list *l)
{
	size_t i, n = 0;

	qsort(l->p, l->n, sizeof(*l->p), by_prefix);
	for (i = 0; i < l->n; i++)
		if (!n || !wg_prefix_same(&l->p[n - 1], &l->p[i]))
			l->p[n++] = l->p[i];
	l->n = n;
}

static void shuffle(struct list *l)
{
	size_t i;

	for (i = l->n; i > 1; i--) {
		size_t j = rnd() % i;
		struct wg_prefix t = l->p[i - 1];

		l->p[i - 1] = l->p[j];
		l->p[j] = t;
	}
}

static struct wg_dev *device(struct wg_core *core)
{
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	unsigned i;

	wg_dev_set_link(dev, 0, IFINDEX);
	for (i = 0; i < N_PEERS; i++) {
		struct wg_addr a = {AF_INET, {10, 99, 0, 2 + i}};
		struct wg_key key = {{1 + i}};
		char name[8];
		struct wg_peer *peer;

		snprintf(name, sizeof(name), "p%u", i);
		peer = wg_peer_new(dev, name);
		wg_peer_set_key(peer, &key);
		wg_peer_add_address(peer, &a, NULL);
	}
	wg_core_settle(core);
	wg_sync_begin(dev, false);
	wg_sync_end(dev);
	while (wg_sync_step(dev, 1000))
		;
	return dev;
}

static bool run_once(const struct list *l, bool expect, struct result *ret)
{
	static struct wg_op ops[BATCH];
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = device(core);
	struct wg_nexthop nh[N_PEERS] = {};
	struct wg_count count;
	double t0, t1, t2;
	size_t i, n;

	for (i = 0; i < N_PEERS; i++) {
		nh[i].gateway = (struct wg_addr){AF_INET, {10, 99, 0, 2 + i}};
		nh[i].ifindex = IFINDEX;
	}
	t0 = now();
	for (i = 0; i < l->n; i++) {
		n = l->n - i < WG_ROUTE_EXPECT ? l->n - i : WG_ROUTE_EXPECT;
		if (expect && i % WG_ROUTE_EXPECT == 0)
			wg_route_expect(core, 0, &l->p[i], n);
		/* dealt out by a hash, so that neighbours differ */
		if (wg_route_update(core, 0, &l->p[i], 1,
				    &nh[(uint32_t)(i * 2654435761u) >> 29],
				    1) < 0)
			return false;
	}
	wg_core_settle(core);
	t1 = now();
	ret->memory = (double)wg_core_memory(core) / l->n;
	while ((n = wg_plan_next(dev, ops, BATCH)))
		wg_plan_commit(dev, ops, n);
	t2 = now();
	ret->update = (t1 - t0) / l->n;
	ret->plan = (t2 - t1) / l->n;
	wg_dev_count(dev, &count);
	wg_core_delete(&core);
	return count.routes == l->n && count.pending == 0 &&
	       count.installed >= l->n;
}

static bool run(const struct list *l, bool expect, struct result *ret)
{
	struct result r;
	unsigned i;

	for (i = 0; i < 3; i++) {
		if (!run_once(l, expect, &r))
			return false;
		if (i == 0 || r.update < ret->update)
			ret->update = r.update;
		if (i == 0 || r.plan < ret->plan)
			ret->plan = r.plan;
		ret->memory = r.memory;
	}
	return true;
}

/* us a peer: to configure N of them, with a prefix each, and to tell a device.
 */
static double peers_once(uint32_t n)
{
	static struct wg_op ops[BATCH];
	struct wg_core *core = wg_core_new();
	struct wg_dev *dev = wg_dev_new(core, "wg0");
	struct wg_count count;
	double t0 = now();
	uint32_t i;
	size_t ops_n;

	wg_dev_set_link(dev, 0, IFINDEX);
	for (i = 0; i < n; i++) {
		/* odd, so each name comes once; and in no order */
		uint32_t name = i * 2654435761u & ((1 << 20) - 1);
		struct wg_prefix p = {AF_INET, 32};
		struct wg_key key = {{1}};
		struct wg_peer *peer;
		char text[16];

		memcpy(p.b, (uint8_t[]){10, name >> 16, name >> 8, name}, 4);
		memcpy(key.b + 1, &name, sizeof(name));
		snprintf(text, sizeof(text), "p%08x", name);
		if (wg_peer_find(dev, text))
			return -1;
		peer = wg_peer_new(dev, text);
		if (wg_peer_set_key(peer, &key) < 0 ||
		    wg_peer_add_static(peer, &p, NULL) < 0)
			return -1;
	}
	wg_core_settle(core);
	wg_sync_begin(dev, false);
	wg_sync_end(dev);
	while (wg_sync_step(dev, 1000))
		;
	while ((ops_n = wg_plan_next(dev, ops, BATCH)))
		wg_plan_commit(dev, ops, ops_n);
	wg_dev_count(dev, &count);
	t0 = now() - t0;
	wg_core_delete(&core);
	return count.pending || count.installed < n ? -1 : t0 / n / 1000;
}

static bool peers(void)
{
	double few = peers_once(1 << 13), many = peers_once((1 << 20) - 2);

	if (few < 0 || many < 0)
		return false;
	printf("{\"bench\": \"core.peers\", \"value\": %.2f, \"unit\": "
	       "\"us/peer\", \"goal\": null, \"reference\": %.2f, \"how\": "
	       "\"2^20 - 2 peers, all that there is room for, in no order, a "
	       "prefix each, until a device has them; reference: 2^13\"}\n",
	       many, few);
	return true;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : getenv("WGD_BENCH_PREFIXES");
	struct result in_order, shuffled, expected;
	struct rusage usage;
	struct list l = {};

	if (path && !(table_read(path, add_line, &l) && l.n)) {
		fprintf(stderr, "bench-core: cannot read %s\n", path);
		return 1;
	}
	if (!path) {
		synthesize(&l);
		sort_unique(&l);
	}
	if (!run(&l, false, &in_order))
		return 1;
	shuffle(&l);
	if (!run(&l, false, &shuffled) || !run(&l, true, &expected))
		return 1;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"bench\": \"core.time\", \"value\": %.0f, \"unit\": "
	       "\"ns/route\", \"goal\": 1000, \"reference\": null, \"how\": "
	       "\"%zu %s prefixes over %d peers: insert, resolve, decide; in "
	       "random order %.0f, by %d of them expected %.0f; plan and commit "
	       "%.0f more, in random order %.0f\"}\n",
	       in_order.update, l.n, path ? "real" : "synthetic", N_PEERS,
	       shuffled.update, WG_ROUTE_EXPECT, expected.update, in_order.plan,
	       shuffled.plan);
	printf("{\"bench\": \"core.memory\", \"value\": %.1f, \"unit\": "
	       "\"bytes/route\", \"goal\": 128, \"reference\": null, \"how\": "
	       "\"everything that the core allocated for the same table; the "
	       "process had %ld KiB at most, %zu of them the list of "
	       "prefixes\"}\n",
	       shuffled.memory > in_order.memory ? shuffled.memory
						 : in_order.memory,
	       usage.ru_maxrss, l.cap * sizeof(*l.p) / 1024);
	free(l.p);
	if (!peers())
		return 1;
	return 0;
}
