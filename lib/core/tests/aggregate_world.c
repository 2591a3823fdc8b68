/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small space of addresses, and an oracle for it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/core/tests/aggregate_world.h"
#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_check.h"

#define FAR 1000000

struct world w;
uint32_t seed;

uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

unsigned depth_of(unsigned i)
{
	return 31 - __builtin_clz(i);
}

struct wg_prefix prefix(unsigned i)
{
	struct wg_prefix p = {.family = w.family,
			      .b = {w.family == AF_INET ? 10 : 0x20, 7}};
	unsigned d = depth_of(i);
	unsigned bits = wg_family_bits(w.family);
	uint32_t a = (i - (1u << d)) << (w.depth - d);
	unsigned last = bits / 8 - 1;

	p.len = bits - w.depth + d;
	p.b[last] = a;
	p.b[last - 1] = a >> 8;
	return p;
}

struct wg_addr gateway(unsigned peer)
{
	return (struct wg_addr){AF_INET, {192, 0, 2, peer}};
}

void world_make(uint8_t family, unsigned depth, unsigned n_peers)
{
	unsigned i;

	memset(&w, 0, sizeof(w));
	w.family = family;
	w.depth = depth;
	w.n_peers = n_peers;
	w.core = wg_core_new();
	w.dev = wg_dev_new(w.core, "wg0");
	w.fk.can_remove = true;
	wg_dev_set_can_remove(w.dev, true);
	wg_dev_set_aggregate(w.dev, true);
	wg_dev_set_link(w.dev, 0, IFINDEX);
	for (i = 1; i <= n_peers; i++) {
		struct wg_key key = {{i}};
		struct wg_addr gw = gateway(i);

		w.peers[i] = wg_peer_new(w.dev, (char[]){'a' + i, 0});
		assert_int_equal(wg_peer_set_key(w.peers[i], &key), 0);
		assert_int_equal(wg_peer_add_address(w.peers[i], &gw, NULL), 0);
	}
	fk_read(&w.fk, w.dev, false);
	fk_run(&w.fk, w.dev, 64);
}

void route(unsigned i, unsigned peer)
{
	struct wg_nexthop nh = {gateway(peer), IFINDEX, 1};
	struct wg_prefix p = prefix(i);

	if (w.is_static[i] || w.owner[i] == peer)
		return;
	w.owner[i] = peer;
	if (peer)
		assert_int_equal(wg_route_update(w.core, 0, &p, 1, &nh, 1), 0);
	else
		wg_route_delete(w.core, 0, &p);
}

/* --- the oracle */

/* Who owns each address; STRANGERS: or has it as one. */
static void paint(bool strangers, uint8_t *f)
{
	unsigned n = 1u << w.depth;
	unsigned i, a;

	memset(f, 0, n);
	for (i = 1; i < 2 * n; i++) {
		unsigned d = w.depth - depth_of(i);
		unsigned from = (i << d) - n;
		bool his = w.stranger[i] && strangers;

		if (his ||
		    (w.owner[i] && !w.away[w.owner[i]] && !w.stranger[i]))
			for (a = from; a < from + (1u << d); a++)
				f[a] = his ? STRANGER : w.owner[i];
	}
}

/* The fewest entries for f. */
static unsigned fewest(const uint8_t *f)
{
	static unsigned cost[2 << MAX_DEPTH][1 + MAX_PEERS];
	unsigned n = 1u << w.depth;
	unsigned i, x, y;

	for (i = 2 * n - 1; i > 0; i--)
		for (x = 0; x <= w.n_peers; x++) {
			if (i >= n) {
				cost[i][x] = f[i - n] == x ? 0
					     : f[i - n]	   ? 1
							   : FAR;
				continue;
			}
			cost[i][x] = cost[2 * i][x] + cost[2 * i + 1][x];
			for (y = 1; y <= w.n_peers; y++)
				if (1 + cost[2 * i][y] + cost[2 * i + 1][y] <
				    cost[i][x])
					cost[i][x] = 1 + cost[2 * i][y] +
						     cost[2 * i + 1][y];
		}
	return cost[1][0];
}

/* Paint with what the core says that the device is to have; how many are
 * ours. */
static unsigned paint_targets(bool strangers, uint8_t *f)
{
	uint8_t len[1 << MAX_DEPTH] = {};
	const struct wg_prefix *from = NULL;
	struct wg_prefix all = prefix(1);
	unsigned n = 1u << w.depth;
	struct wg_prefix cursor;
	unsigned n_targets = 0;
	struct wg_entry e;
	unsigned a;

	memset(f, 0, n);
	for (; wg_entry_next(w.dev, from, &e); from = &cursor) {
		unsigned who = e.target ? wg_peer_key(e.target)->b[0] : 0;

		cursor = e.prefix;
		if (!who || (who == STRANGER && !strangers))
			continue;
		/* it must not reach beyond; addresses of peers are elsewhere */
		assert_true(wg_prefix_same(&e.prefix, &all) ||
			    !wg_prefix_covers(&e.prefix, &all));
		if (!wg_prefix_covers(&all, &e.prefix))
			continue;
		n_targets += who != STRANGER;
		for (a = 0; a < n; a++) {
			struct wg_prefix host = prefix(n + a);

			if (wg_prefix_covers(&e.prefix, &host) &&
			    e.prefix.len >= len[a]) {
				len[a] = e.prefix.len;
				f[a] = who;
			}
		}
	}
	return n_targets;
}

void check(bool best)
{
	uint8_t want[1 << MAX_DEPTH], got[1 << MAX_DEPTH];
	bool strangers = false;
	unsigned i, n_targets;

	assert_false(wg_aggregate_is_busy(w.dev));
	wg_check_dev(w.dev);
	paint(true, want);
	n_targets = paint_targets(true, got);
	assert_memory_equal(want, got, 1u << w.depth);
	for (i = 1; i < 2u << w.depth; i++)
		strangers |= w.stranger[i];
	if (best && !strangers)
		assert_int_equal(n_targets - wg_aggregate_spare(w.dev),
				 fewest(want));
	/* also when he goes */
	paint(false, want);
	paint_targets(false, got);
	if (strangers)
		assert_memory_equal(want, got, 1u << w.depth);
}

void check_device(void)
{
	uint8_t f[1 << MAX_DEPTH];
	struct wg_count count;
	unsigned n = 1u << w.depth;
	unsigned a;

	wg_dev_count(w.dev, &count);
	assert_int_equal(count.pending, 0);
	if (w.fk.can_remove)
		assert_int_equal(count.installed, w.fk.n_entries);
	paint(true, f);
	for (a = 0; a < n; a++) {
		struct wg_prefix host = prefix(n + a);
		struct wg_addr addr = {.family = w.family};
		const struct wg_key *key;

		memcpy(addr.b, host.b, sizeof(addr.b));
		key = fk_lookup(&w.fk, &addr);
		assert_int_equal(key ? key->b[0] : 0, f[a]);
	}
}
