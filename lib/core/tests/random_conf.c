/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator may do, at random. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <assert.h>
#include <errno.h>

#include "lib/core/tests/random_conf.h"

static bool permits(const void *arg, const struct wg_prefix *p)
{
	const struct o_peer *op = arg;

	return !(op->denied[p->family == AF_INET6] >> prefix_index(p) & 1);
}

struct o_dev *some_dev(void)
{
	struct o_dev *od = &w.devs[rnd(N_DEVS)];

	return od->dev ? od : NULL;
}

struct o_peer *some_peer(struct o_dev *od)
{
	struct o_peer *op = &od->peers[rnd(N_PEERS)];

	return op->peer ? op : NULL;
}

/* Routes that touch nothing any more are forgotten, never to return. */
static void forget_routes(void)
{
	struct o_candidate c[N_NH * 2];
	unsigned v, p;

	for (v = 0; v < N_VRFS; v++)
		for (p = 0; p < N_PREFIXES; p++) {
			struct o_route *r = &w.routes[v][p];

			if (r->there && !o_recursive(r) &&
			    !o_resolve(v, r, NULL, c))
				r->there = false;
		}
}

void step_dev(struct o_dev *od, unsigned i)
{
	char name[8];

	if (!od->dev) {
		memset(od, 0, sizeof(*od));
		snprintf(name, sizeof(name), "wg%u", i);
		od->dev = wg_dev_new(w.core, name);
		od->fk.can_remove = rnd(2);
		wg_dev_set_can_remove(od->dev, od->fk.can_remove);
		assert_ptr_equal(wg_dev_find(w.core, name), od->dev);
	}
	if (rnd(8) == 0) {
		wg_dev_delete(od->dev);
		od->dev = NULL;
	} else {
		od->vrf = rnd(N_VRFS);
		if (rnd(3)) {
			/* unique in all VRFs, as in the kernel */
			uint32_t ifindex = rnd(4) ? 10 + i : 0;

			if (ifindex != od->ifindex) {
				bool can = od->fk.can_remove;

				memset(&od->fk, 0, sizeof(od->fk));
				od->fk.can_remove = can;
				od->reading = O_IDLE;
				/* the answer still comes, sometimes */
				if (rnd(2))
					od->n_ops = 0;
				od->stale = false;
			}
			od->ifindex = ifindex;
		}
		wg_dev_set_link(od->dev, od->vrf, od->ifindex);
	}
	forget_routes();
}

void step_dev_conf(struct o_dev *od)
{
	struct wg_dev_conf conf = {};
	struct wg_key key;

	switch (rnd(6)) {
	case 5:
		od->p2p = rnd(2);
		wg_dev_set_point_to_point(od->dev, od->p2p);
		break;
	case 4:
		od->aggregate = rnd(2);
		od->aggregated |= od->aggregate;
		wg_dev_set_aggregate(od->dev, od->aggregate);
		break;
	case 0:
		od->any = rnd(3) == 0;
		wg_dev_set_follow(od->dev,
				  od->any ? WG_FOLLOW_ANY : WG_FOLLOW_PREFIXES);
		break;
	case 1:
		od->adopted = rnd(2);
		wg_dev_set_adopted(od->dev, od->adopted);
		break;
	case 2:
		od->key = rnd(3) ? 0 : rnd(N_KEYS);
		key = key_of(od->key);
		wg_dev_set_key(od->dev, &key);
		break;
	case 3:
		conf.listen_port = rnd(3);
		conf.fwmark = rnd(3);
		wg_dev_set_conf(od->dev, &conf);
		break;
	}
}

void step_peer(struct o_dev *od)
{
	static const char *const names[N_PEERS] = {"d", "a", "c", "b"};
	unsigned i = rnd(N_PEERS);
	struct o_peer *op = &od->peers[i];

	if (op->peer && rnd(4) == 0) {
		wg_peer_delete(op->peer);
		op->peer = NULL;
	} else if (!op->peer) {
		memset(op, 0, sizeof(*op));
		op->liveness = WG_PEER_UNKNOWN;
		op->peer = wg_peer_new(od->dev, names[i]);
		assert_ptr_equal(wg_peer_find(od->dev, names[i]), op->peer);
	}
}

void step_key(struct o_dev *od, struct o_peer *op)
{
	unsigned k = rnd(4) ? 1 + rnd(N_KEYS - 1) : 0;
	struct wg_key key = key_of(k);
	int expected = 0;
	unsigned i;

	if (k && k != op->key) {
		for (i = 0; i < N_PEERS; i++)
			if (od->peers[i].peer && od->peers[i].key == k)
				expected = -EEXIST;
		if (k == od->key)
			expected = -EINVAL;
	}
	assert_int_equal(wg_peer_set_key(op->peer, rnd(2) || k ? &key : NULL),
			 expected);
	if (!expected)
		op->key = k;
}

void step_claim(struct o_dev *od, struct o_peer *op)
{
	unsigned a = rnd(N_ADDRS);
	unsigned p = rnd(2) ? rnd(N_PREFIXES)
			    : prefix_index(&(struct wg_prefix){
				      AF_INET, 32, {10, 99, 0, 1 + rnd(3)}});
	bool address = rnd(2);
	struct wg_prefix host = wg_prefix_host(&addrs[a]);
	const struct wg_prefix *at = address ? &host : &prefixes[p];
	bool *mine = address ? &op->addr[a] : &op->is_static[p];
	struct wg_peer *other = NULL;
	bool exists = *mine;
	unsigned i, b;
	int ret;

	if (rnd(3) == 0) {
		if (address)
			wg_peer_del_address(op->peer, &addrs[a]);
		else
			wg_peer_del_static(op->peer, &prefixes[p]);
		*mine = false;
		if (!address)
			op->is_exclusive[p] = false;
		return;
	}
	for (i = 0; i < N_PEERS; i++) {
		struct o_peer *x = &od->peers[i];

		if (!x->peer || x == op)
			continue;
		for (b = 0; b < N_ADDRS; b++) {
			struct wg_prefix h = wg_prefix_host(&addrs[b]);

			exists |= x->addr[b] && wg_prefix_same(&h, at);
		}
		for (b = 0; b < N_PREFIXES; b++)
			exists |= x->is_static[b] &&
				  wg_prefix_same(&prefixes[b], at);
	}
	ret = address ? wg_peer_add_address(op->peer, &addrs[a], &other)
		      : wg_peer_add_static(op->peer, &prefixes[p], &other);
	assert_int_equal(ret, exists ? -EEXIST : 0);
	assert_int_equal(exists, other != NULL);
	if (!ret)
		*mine = true;
}

void step_exclusive(struct o_peer *op)
{
	unsigned p = rnd(N_PREFIXES);
	bool exclusive = rnd(3);

	/* of what is not its static nothing comes */
	wg_peer_set_exclusive(op->peer, &prefixes[p], exclusive);
	if (op->is_static[p])
		op->is_exclusive[p] = exclusive;
}

void step_peer_conf(struct o_dev *od, struct o_peer *op)
{
	static char psk_file[] = "psk";
	struct wg_filter f = {permits, op};
	struct wg_peer_conf conf = {};

	switch (rnd(6)) {
	case 0:
		op->shutdown = rnd(3) == 0;
		wg_peer_set_shutdown(op->peer, op->shutdown);
		break;
	case 1:
		op->liveness = WG_PEER_DOWN + rnd(3);
		wg_peer_set_liveness(op->peer, op->liveness);
		break;
	case 2:
		op->denied[0] = rnd(3) ? 0 : rnd(1u << N_PREFIXES4);
		wg_peer_set_filter(op->peer, AF_INET, f);
		break;
	case 3:
		op->denied[1] = rnd(3) ? 0 : rnd(1u << N_PREFIXES);
		wg_peer_set_filter(op->peer, AF_INET6, f);
		break;
	case 4:
		op->maximum = rnd(3) ? 0 : 1 + rnd(5);
		wg_peer_set_maximum(op->peer, op->maximum);
		break;
	case 5:
		conf.keepalive = rnd(3);
		conf.psk_file = rnd(2) ? psk_file : NULL;
		if (rnd(2)) {
			conf.endpoint.addr = addrs[rnd(N_ADDRS)];
			conf.endpoint.port = 1 + rnd(2);
		}
		wg_peer_set_conf(op->peer, &conf);
		break;
	}
	(void)od;
}

static void step_certificate(const struct o_dev *od, struct o_peer *op)
{
	/* 0.0.0.0/0, 10.0.0.0/8, 192.168.0.0/16, ::/0 */
	static const unsigned wide[] = {0, 1, 12, 20};
	struct wg_certificate cert = {.certified = op->certified};
	unsigned i;

	op->member = rnd(6) != 0;
	/* never another's */
	op->number = N_PEERS * rnd(2) + (op - od->peers);
	op->n_certified = op->member ? rnd(N_CERTIFIED + 1) : 0;
	for (i = 0; i < op->n_certified; i++) {
		struct wg_certified *c = &op->certified[i];

		/* many are so wide that others announce something longer */
		c->prefix = prefixes[rnd(2) ? wide[rnd(4)] : rnd(N_PREFIXES)];
		c->longest = rnd(3) ? wg_family_bits(c->prefix.family)
				    : c->prefix.len + rnd(9);
	}
	cert.number = op->number;
	cert.n_certified = op->n_certified;
	assert_int_equal(
		wg_peer_set_certificate(op->peer, op->member ? &cert : NULL),
		0);
}

void step_mesh(const struct o_dev *od, struct o_peer *op)
{
	struct wg_prefix announced[N_PREFIXES];
	unsigned p, n = 0, density = rnd(8);

	switch (rnd(4)) {
	case 0:
		step_certificate(od, op);
		break;
	case 1:
		for (p = 0; p < N_PREFIXES; p++) {
			op->announced[p] = rnd(8) < density;
			if (op->announced[p])
				announced[n++] = prefixes[p];
		}
		/* in any order */
		for (p = 1; p < n; p++) {
			unsigned q = rnd(p + 1);
			struct wg_prefix t = announced[p];

			announced[p] = announced[q];
			announced[q] = t;
		}
		assert_int_equal(wg_peer_set_announced(op->peer, announced, n),
				 0);
		break;
	default:
		op->live = rnd(3) != 0;
		wg_peer_set_live(op->peer, op->live);
		break;
	}
}
