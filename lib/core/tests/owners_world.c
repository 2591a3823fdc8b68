/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small world with a judge. */
#include "lib/core/tests/owners_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/core/wg_state.h"

static struct wg_addr address(unsigned a)
{
	return (struct wg_addr){AF_INET, {10, 0, 0, a}};
}

static struct wg_addr gateway(unsigned peer)
{
	return (struct wg_addr){AF_INET, {10, 99, 0, peer}};
}

struct wg_prefix prefix(unsigned a, unsigned len)
{
	return (struct wg_prefix){AF_INET, len, {10, 0, 0, a}};
}

/* A peer that is certified for nothing. */
#define HUB (N_PEERS + 1)

static struct wg_peer *peer_new(struct world *w, unsigned i)
{
	char name[2] = {'a' + i - 1};
	struct wg_peer *peer = wg_peer_new(w->dev, name);
	struct wg_key key = {{i}};
	struct wg_addr gw = gateway(i);

	assert_int_equal(wg_peer_set_key(peer, &key), 0);
	assert_int_equal(wg_peer_add_address(peer, &gw, NULL), 0);
	return peer;
}

void world_make(struct world *w, bool can_remove, enum aggregate aggregate)
{
	unsigned i;

	memset(w, 0, sizeof(*w));
	w->core = wg_core_new();
	w->dev = wg_dev_new(w->core, "wg0");
	w->fk.can_remove = can_remove;
	wg_dev_set_can_remove(w->dev, can_remove);
	wg_dev_set_aggregate(w->dev, aggregate != NEVER);
	if (aggregate == SOMETIMES)
		w->dev->spare_of = 1; /* as much as there can be is split */
	wg_dev_set_link(w->dev, 0, IFINDEX);
	for (i = 0; i < N_PEERS; i++)
		w->peers[i] = peer_new(w, i + 1);
	wg_core_settle(w->core);
	fk_read(&w->fk, w->dev, false);
	fk_run(&w->fk, w->dev, 64);
}

void world_join(struct world *w)
{
	struct wg_certified all = {prefix(0, 28), 32};
	struct wg_certificate cert = {HUB};
	unsigned i;

	w->mesh = true;
	assert_int_equal(wg_peer_set_certificate(peer_new(w, HUB), &cert), 0);
	cert.certified = &all;
	cert.n_certified = 1;
	for (i = 0; i < N_PEERS; i++) {
		cert.number = i + 1;
		assert_int_equal(wg_peer_set_certificate(w->peers[i], &cert),
				 0);
	}
	fk_run(&w->fk, w->dev, 64);
}

/* All routes lead to the hub: 2b decides. */
static void decide_in_mesh(struct world *w, const struct wish *wish)
{
	struct wg_nexthop nh = {gateway(HUB), IFINDEX, 1};
	struct wg_prefix announced[31];
	unsigned i, k, n;

	for (i = 0; i < w->n_prefixes; i++)
		assert_int_equal(
			wg_route_update(w->core, 0, &w->prefixes[i], 1, &nh, 1),
			0);
	for (k = 0; k < N_PEERS; k++) {
		for (i = 0, n = 0; i < w->n_prefixes; i++)
			if (wish->owner[i] == k + 1)
				announced[n++] = w->prefixes[i];
		assert_int_equal(
			wg_peer_set_announced(w->peers[k], announced, n), 0);
		/* one goes from the device, the others are dead */
		wg_peer_set_live(w->peers[k], k == 0 || !wish->away[k]);
	}
	wg_peer_set_shutdown(w->peers[0], wish->away[0]);
	wg_core_settle(w->core);
	fk_steps(w->dev);
}

void decide(struct world *w, const struct wish *wish)
{
	unsigned i;

	if (w->mesh) {
		decide_in_mesh(w, wish);
		return;
	}
	for (i = 0; i < N_PEERS; i++)
		wg_peer_set_shutdown(w->peers[i], wish->away[i]);
	for (i = 0; i < w->n_prefixes; i++) {
		struct wg_nexthop nh = {.ifindex = IFINDEX};

		if (!wish->owner[i]) {
			wg_route_delete(w->core, 0, &w->prefixes[i]);
			continue;
		}
		nh.gateway = gateway(wish->owner[i]);
		assert_int_equal(
			wg_route_update(w->core, 0, &w->prefixes[i], 1, &nh, 1),
			0);
	}
	wg_core_settle(w->core);
	fk_steps(w->dev); /* that end an aggregation */
}

struct owners owners_wished(const struct world *w, const struct wish *wish)
{
	struct owners o = {};
	unsigned a, i;

	for (a = 0; a < 16; a++) {
		struct wg_addr addr = address(a);
		struct wg_prefix host = wg_prefix_host(&addr);
		int best = -1;

		for (i = 0; i < w->n_prefixes; i++) {
			if (!wish->owner[i] || wish->away[wish->owner[i] - 1] ||
			    !wg_prefix_covers(&w->prefixes[i], &host) ||
			    w->prefixes[i].len <= best)
				continue;
			best = w->prefixes[i].len;
			o.of[a] = wish->owner[i];
		}
	}
	return o;
}

struct owners owners_now(const struct fake_kernel *fk)
{
	const struct wg_prefix all = prefix(0, 28);
	int best[16] = {};
	struct owners o = {};
	unsigned from, upto, a;
	size_t i;

	/* Asked after each operation: all addresses of an entry at once. */
	for (i = 0; i < fk->n_entries; i++) {
		const struct fk_entry *e = &fk->entries[i];

		if (wg_prefix_covers(&e->prefix, &all)) {
			from = 0;
			upto = 16;
		} else if (wg_prefix_covers(&all, &e->prefix)) {
			from = e->prefix.b[3];
			upto = from + (1u << (32 - e->prefix.len));
		} else {
			continue;
		}
		for (a = from; a < upto; a++) {
			if (e->prefix.len < best[a])
				continue;
			best[a] = e->prefix.len;
			o.of[a] = e->key.b[0];
		}
	}
	return o;
}

/* How many addresses have an owner that is neither. */
static unsigned third(const struct owners *o, const struct owners *old,
		      const struct owners *new)
{
	unsigned n = 0;
	unsigned a;

	for (a = 0; a < 16; a++)
		n += o->of[a] != old->of[a] && o->of[a] != new->of[a];
	return n;
}

unsigned judge(const struct world *w, const struct wg_op *ops, size_t n,
	       const struct owners *new)
{
	static struct fake_kernel fk;
	struct owners old = owners_now(&w->fk);
	unsigned wrong = 0;
	struct owners o;
	size_t i, j;

	fk_copy(&fk, &w->fk);
	for (i = 0; i < n; i++) {
		/* the device takes a peer's prefixes one by one: any order */
		if (ops[i].kind == WG_OP_PEER_REMOVE)
			for (j = fk.n_entries; j-- > 0;)
				if (wg_key_same(&fk.entries[j].key,
						ops[i].key)) {
					fk_entry_remove(&fk,
							&fk.entries[j].prefix);
					o = owners_now(&fk);
					wrong += third(&o, &old, new) != 0;
				}
		assert_int_equal(fk_op(&fk, &ops[i]), 0);
		o = owners_now(&fk);
		wrong += third(&o, &old, new) != 0;
	}
	return wrong;
}

void go(struct world *w, const struct wish *wish, size_t batch)
{
	struct owners new = owners_wished(w, wish);
	struct wg_op ops[MAX_OPS];
	struct owners o;
	size_t n;

	decide(w, wish);
	while ((n = wg_plan_next(w->dev, ops, MAX_OPS))) {
		size_t take = batch < n ? batch : n;
		size_t done;

		assert_int_equal(judge(w, ops, n, &new), 0);
		assert_int_equal(fk_ops(&w->fk, ops, take, &done), 0);
		wg_plan_commit(w->dev, ops, take);
		fk_steps(w->dev);
	}
	o = owners_now(&w->fk);
	assert_memory_equal(&o, &new, sizeof(o));
}
