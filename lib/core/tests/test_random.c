/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differential test: random sequences of all calls against the oracle.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <assert.h>
#include <errno.h>

#include "lib/core/tests/random_conf.h"

static void random_nexthop(struct wg_nexthop *nh, bool recursive)
{
	memset(nh, 0, sizeof(*nh));
	nh->ifindex = recursive ? 0 : 10 + rnd(N_DEVS + 1);
	if (recursive || rnd(8))
		nh->gateway = addrs[rnd(N_ADDRS)];
	nh->weight = rnd(8) ? rnd(3) : rnd(256);
}

static void step_route(void)
{
	unsigned v = rnd(N_VRFS);
	unsigned p = rnd(N_PREFIXES);
	struct o_route *r = &w.routes[v][p];
	struct o_candidate c[N_NH * 2];
	struct wg_prefix dirty = prefixes[p];
	size_t i;

	if (rnd(4) == 0) {
		wg_route_delete(w.core, v, &dirty);
		r->there = false;
		return;
	}
	r->proto = rnd(20);
	if (rnd(3)) {
		/* otherwise what it was before */
		r->n_nh = rnd(8) ? 1 + rnd(N_NH) : 0;
		for (i = 0; i < r->n_nh; i++)
			random_nexthop(&r->nh[i], rnd(4) == 0);
	}
	/* whatever is expected, and comes or not, changes nothing */
	if (rnd(4) == 0)
		wg_route_expect(w.core, v, &prefixes[p],
				rnd(N_PREFIXES - p) + 1);
	/* host bits are the core's to mask */
	if (dirty.len < 32 && dirty.family == AF_INET)
		dirty.b[3] |= rnd(2);
	assert_int_equal(
		wg_route_update(w.core, v, &dirty, r->proto, r->nh, r->n_nh),
		0);
	r->there = o_recursive(r) || o_resolve(v, r, NULL, c);
	r->fresh = true;
}

static void step_gateway(void)
{
	unsigned v = rnd(N_VRFS);
	unsigned a = rnd(N_ADDRS);
	struct wg_nexthop nh[2];
	size_t n = rnd(3);
	size_t i;

	for (i = 0; i < n; i++)
		random_nexthop(&nh[i], false);
	wg_gateway_update(w.core, v, &addrs[a], nh, n);
	if (w.wanted[v][a]) {
		w.n_gw[v][a] = n;
		memcpy(w.gw[v][a], nh, n * sizeof(*nh));
	}
}

/* Which gateways are wanted is a question of the routes alone. */
static void find_wanted(void)
{
	unsigned v, a, p;
	size_t i;

	memset(w.wanted, 0, sizeof(w.wanted));
	for (v = 0; v < N_VRFS; v++)
		for (p = 0; p < N_PREFIXES; p++) {
			const struct o_route *r = &w.routes[v][p];

			for (i = 0; r->there && i < r->n_nh; i++)
				for (a = 0; a < N_ADDRS; a++)
					if (!r->nh[i].ifindex &&
					    wg_addr_same(&r->nh[i].gateway,
							 &addrs[a]))
						w.wanted[v][a] = true;
		}
	for (v = 0; v < N_VRFS; v++)
		for (a = 0; a < N_ADDRS; a++)
			if (!w.wanted[v][a])
				w.n_gw[v][a] = 0;
}

static void track(void)
{
	struct wg_gateway_want want;
	unsigned a;

	while (wg_gateway_next(w.core, &want)) {
		for (a = 0; !wg_addr_same(&addrs[a], &want.gateway); a++)
			assert(a < N_ADDRS - 1);
		assert_int_not_equal(w.told[want.vrf][a], want.want);
		w.told[want.vrf][a] = want.want;
	}
	assert_memory_equal(w.told, w.wanted, sizeof(w.told));
}

static void step_replay(void)
{
	unsigned v = rnd(N_VRFS);
	size_t swept = 0;
	unsigned p;

	wg_route_replay_begin(w.core, v);
	if (rnd(3) == 0)
		wg_route_replay_begin(w.core, v);
	for (p = 0; p < N_PREFIXES; p++) {
		struct o_route *r = &w.routes[v][p];

		if (!r->there)
			continue;
		if (rnd(8)) {
			assert_int_equal(wg_route_update(w.core, v,
							 &prefixes[p], r->proto,
							 r->nh, r->n_nh),
					 0);
		} else {
			r->there = false;
			swept++;
		}
	}
	if (rnd(2)) {
		/* routes move between devices meanwhile */
		step_gateway();
		wg_core_settle(w.core);
	}
	assert_int_equal(wg_route_replay_end(w.core, v), swept);
}

/* Somebody else was at the device. */
static void tamper(struct o_dev *od)
{
	struct fake_kernel *fk = &od->fk;
	struct wg_key key = {{STRANGER, rnd(2)}};
	const struct wg_prefix *p = &prefixes[rnd(N_PREFIXES)];

	switch (rnd(5)) {
	case 0:
		fk_peer_add(fk, &key);
		fk_entry_set(fk, p, &key);
		break;
	case 1:
		fk_entry_remove(fk, p);
		break;
	case 2:
		if (fk->n_peers)
			fk_entry_set(fk, p, &fk->peers[rnd(fk->n_peers)].key);
		break;
	case 3:
		if (fk->n_peers) {
			key = fk->peers[rnd(fk->n_peers)].key;
			fk_peer_remove(fk, &key);
		}
		break;
	case 4:
		if (fk->n_peers)
			fk->peers[rnd(fk->n_peers)].keepalive = rnd(3);
		fk->listen_port = rnd(3);
		break;
	}
}

/* Some of the work that is left; false: it is done. */
static bool work_is_left(struct o_dev *od)
{
	if (wg_sync_step(od->dev, 1 + rnd(20)))
		return true;
	if (od->released)
		od->stale = od->released = false;
	return false;
}

static void read_is_done(struct o_dev *od)
{
	od->reading = O_IDLE;
	if (!od->keep && rnd(2)) {
		wg_sync_release(od->dev);
		od->released = true;
	}
}

static void begin(struct o_dev *od)
{
	od->keep = rnd(4) == 0;
	od->stale |= od->keep;
	od->released &= !od->keep;
	od->n_ops = 0;
	wg_sync_begin(od->dev, od->keep);
	od->reading = O_BEGUN;
}

static void step_sync(struct o_dev *od)
{
	if (!od->ifindex)
		return;
	switch (od->reading) {
	case O_IDLE:
		if (rnd(2))
			tamper(od);
		begin(od);
		if (rnd(8) == 0 && !work_is_left(od)) {
			/* a torn read */
			struct wg_sync_peer sp = {{{STRANGER, 7}}};

			wg_sync_prefix(od->dev, &prefixes[0]);
			wg_sync_peer(od->dev, &sp);
			wg_sync_prefix(od->dev, &prefixes[rnd(N_PREFIXES)]);
			begin(od);
		}
		break;
	case O_BEGUN:
		if (work_is_left(od))
			return;
		wg_sync_device(od->dev, &od->fk.pub, od->fk.listen_port,
			       od->fk.fwmark);
		fk_tell(&od->fk, od->dev, 0, od->fk.n_peers, 0);
		fk_tell(&od->fk, od->dev, 0, od->fk.n_peers / 2, 1);
		od->reading = O_HALF;
		break;
	case O_HALF:
		if (rnd(8) == 0) {
			begin(od);
			return;
		}
		fk_tell(&od->fk, od->dev, od->fk.n_peers / 2, od->fk.n_peers,
			1);
		wg_sync_end(od->dev);
		od->reading = O_ENDED;
		break;
	case O_ENDED:
		if (rnd(8) == 0)
			begin(od);
		else if (!work_is_left(od))
			read_is_done(od);
		return;
	}
	/* mostly it goes on at once */
	if (rnd(4))
		step_sync(od);
}

static void step_plan(struct o_dev *od)
{
	size_t n;
	size_t done;

	if (!wg_sync_is_synced(od->dev) || work_is_left(od))
		return;
	if (od->n_ops) {
		/* an answer arrives, after much happened */
		wg_plan_commit(od->dev, od->ops, od->n_ops);
		od->n_ops = 0;
		return;
	}
	wg_core_settle(w.core);
	if (work_is_left(od))
		return;
	if (rnd(2)) {
		od->fk.fail_at = rnd(4) ? 0 : 1 + rnd(12);
		od->fk.fail_after = rnd(2);
		fk_run(&od->fk, od->dev, 1 + rnd(16));
		od->fk.fail_at = 0;
		o_check_device(od);
		return;
	}
	n = wg_plan_next(od->dev, od->ops, 1 + rnd(16));
	n = rnd(n + 1);
	assert_int_equal(fk_ops(&od->fk, od->ops, n, &done), 0);
	if (rnd(4) == 0) {
		/* in two parts */
		done = rnd(n + 1);
		wg_plan_commit(od->dev, od->ops, done);
		wg_plan_commit(od->dev, od->ops + done, n - done);
	} else {
		od->n_ops = n;
	}
}

/* One of everything; false: what makes several decisions at once. */
static void step(void)
{
	unsigned i = rnd(N_DEVS);
	struct o_dev *od = some_dev();
	struct o_peer *op = od ? some_peer(od) : NULL;
	unsigned what = rnd(100);

	if (what < 40)
		step_route();
	else if (what < 41)
		step_dev(&w.devs[i], i);
	else if (what < 52)
		step_gateway();
	else if (what < 54)
		step_replay();
	else if (!od)
		step_dev(&w.devs[i], i);
	else if (what < 56)
		step_dev_conf(od);
	else if (what < 58)
		step_peer(od);
	else if (what < 64)
		step_sync(od);
	else if (what < 74)
		step_plan(od);
	else if (!op)
		step_peer(od);
	else if (what < 77)
		step_key(od, op);
	else if (what < 84)
		step_claim(od, op);
	else if (what < 88 && !(w.mesh && rnd(2)))
		step_exclusive(op);
	else if (what < 94 && w.mesh)
		step_mesh(od, op);
	else
		step_peer_conf(od, op);
}

/* Devices with a link and complete peers, as most of the time. */
static void populate(void)
{
	unsigned i, j;

	for (i = 0; i < N_DEVS; i++) {
		struct o_dev *od = &w.devs[i];

		while (!od->dev || !od->ifindex)
			step_dev(od, i);
		for (j = 0; j < N_PEERS; j++) {
			struct o_peer *op = &od->peers[j];

			while (!op->peer && rnd(8))
				step_peer(od);
			while (op->peer && !op->key)
				step_key(od, op);
			if (op->peer &&
			    wg_peer_add_address(op->peer, &addrs[j], NULL) == 0)
				op->addr[j] = true;
			while (w.mesh && op->peer && rnd(8))
				step_mesh(od, op);
		}
		fk_read(&od->fk, od->dev, false);
	}
}

static void run(uint64_t start, unsigned steps, unsigned per_settle)
{
	unsigned i, j;

	o_seed(start);
	memset(&w, 0, sizeof(w));
	w.mesh = start % 2;
	w.core = wg_core_new();
	populate();
	wg_core_settle(w.core);
	for (i = 0; i < steps; i++) {
		o_remember();
		for (j = 0; j < per_settle; j++) {
			step();
			find_wanted();
		}
		wg_core_settle(w.core);
		track();
		wg_core_settle(w.core);
		o_check(per_settle == 1);
	}
	wg_core_delete(&w.core);
}

static uint64_t start_seed(void)
{
	const char *text = getenv("WG_SEED");

	return text ? strtoull(text, NULL, 0) : 1;
}

static void test_step_by_step(void **state)
{
	uint64_t s = start_seed();
	unsigned i;

	for (i = 0; i < 60; i++) {
		print_message("# seed %llu\n", (unsigned long long)(s + i));
		run(s + i, 400, 1);
	}
}

static void test_several_at_once(void **state)
{
	uint64_t s = start_seed() + 1000;
	unsigned i;

	for (i = 0; i < 40; i++) {
		print_message("# seed %llu\n", (unsigned long long)(s + i));
		run(s + i, 150, 6);
	}
}

/* The worlds above had all that there is to rules 2 and 2b. */
static void test_certificates_were_seen(void **state)
{
	print_message("# not covered %u, another is longer %u, given %u, "
		      "sealed %u\n",
		      o_mesh_seen.not_covered, o_mesh_seen.another_is_longer,
		      o_mesh_seen.given, o_mesh_seen.sealed);
	assert_true(o_mesh_seen.not_covered > 200);
	assert_true(o_mesh_seen.another_is_longer > 200);
	assert_true(o_mesh_seen.given > 200);
	assert_true(o_mesh_seen.sealed > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_by_step),
		cmocka_unit_test(test_several_at_once),
		cmocka_unit_test(test_certificates_were_seen),
	};

	o_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
