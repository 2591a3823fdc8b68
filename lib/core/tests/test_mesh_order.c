/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Same inputs, same AllowedIPs: what a mesh and its routes say is told in many
 * orders, with what was said before in between, and the device has the same
 * in the end.  Routes have one next hop, or several of different weight; where
 * weights are equal rule 4 asks who was first, and is meant to.
 *
 * And at every moment on the way: whoever has an address on the device is, or
 * was when the last plan began, certified for it.  There are false routes, by
 * hubs and by members, more specific ones and defaults.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/mesh_text.h"
#include "lib/core/wg_check.h"

#define N_PEERS 5
#define N_PREFIXES 16
#define N_ENTRIES 3
#define N_ORDERS 6

static const char *const pool[N_PREFIXES] = {
	"0.0.0.0/0",	 "10.0.0.0/8",	  "10.0.0.0/15",   "10.0.0.0/16",
	"10.1.0.0/16",	 "10.1.0.0/17",	  "10.1.128.0/17", "10.1.2.0/24",
	"10.1.2.128/25", "10.2.0.0/16",	  "10.2.7.0/24",   "192.168.0.0/16",
	"::/0",		 "2001:db8::/32", "2001:db8::/48", "2001:db8:1::/48",
};

/* What is told of a peer, and of a prefix. */
struct member {
	bool is_member, live, shutdown;
	struct {
		unsigned prefix, longest;
	} entries[N_ENTRIES];
	unsigned n_entries;
	bool announces[N_PREFIXES];
};

struct inputs {
	struct member members[N_PEERS];
	char routes[N_PREFIXES][8]; /* as of route_by */
};

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void random_inputs(struct inputs *in)
{
	unsigned i, j;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < N_PEERS; i++) {
		struct member *m = &in->members[i];

		m->is_member = true;
		m->live = rnd(4);
		m->shutdown = rnd(8) == 0;
		/* the first is a hub */
		m->n_entries = i ? rnd(N_ENTRIES + 1) : 0;
		for (j = 0; j < m->n_entries; j++) {
			unsigned p = rnd(N_PREFIXES);

			m->entries[j].prefix = p;
			m->entries[j].longest =
				rnd(2) ? 128 : prefix(pool[p]).len + rnd(9);
		}
		for (j = 0; j < N_PREFIXES; j++)
			m->announces[j] = rnd(3) == 0;
	}
	for (j = 0; j < N_PREFIXES; j++)
		if (rnd(4) == 0)
			in->routes[j][0] = 0;
		else if (rnd(2))
			snprintf(in->routes[j], 8, "a1");
		else
			snprintf(in->routes[j], 8, "%c%u %c%u",
				 'a' + rnd(N_PEERS), 1 + rnd(4),
				 'a' + rnd(N_PEERS), 5 + rnd(4));
}

/* Of a peer there are four things to be told, of a prefix one. */
#define N_PARTS (N_PEERS * 4 + N_PREFIXES)

static void tell(const struct inputs *in, unsigned part)
{
	struct wg_certified certified[N_ENTRIES];
	struct wg_certificate cert = {.certified = certified};
	struct wg_prefix announced[N_PREFIXES];
	const struct member *m;
	struct wg_peer *peer;
	unsigned i, n = 0;

	if (part >= N_PEERS * 4) {
		part -= N_PEERS * 4;
		route_by(pool[part], in->routes[part]);
		return;
	}
	m = &in->members[part / 4];
	peer = peer_of('a' + part / 4);
	switch (part % 4) {
	case 0:
		cert.number = 10 - part / 4;
		cert.n_certified = m->n_entries;
		for (i = 0; i < m->n_entries; i++)
			certified[i] = (struct wg_certified){
				prefix(pool[m->entries[i].prefix]),
				m->entries[i].longest};
		assert_int_equal(wg_peer_set_certificate(
					 peer, m->is_member ? &cert : NULL),
				 0);
		break;
	case 1:
		for (i = 0; i < N_PREFIXES; i++)
			if (m->announces[i])
				announced[n++] = prefix(pool[i]);
		assert_int_equal(wg_peer_set_announced(peer, announced, n), 0);
		break;
	case 2:
		wg_peer_set_live(peer, m->live);
		break;
	case 3:
		wg_peer_set_shutdown(peer, m->shutdown);
		break;
	}
}

static bool is_certified(const struct inputs *in, const struct wg_key *key,
			 const struct wg_addr *addr)
{
	const struct member *m = &in->members[key->b[0] - 1];
	struct wg_prefix host = wg_prefix_host(addr);
	unsigned i;

	for (i = 0; i < m->n_entries; i++) {
		struct wg_prefix p = prefix(pool[m->entries[i].prefix]);

		if (wg_prefix_covers(&p, &host))
			return true;
	}
	return false;
}

/* The first and the last address of each prefix. */
#define N_ADDRS (2 * N_PREFIXES)

static struct wg_addr address(unsigned i)
{
	struct wg_prefix p = prefix(pool[i / 2]);
	struct wg_addr addr = {p.family};
	unsigned bit = i % 2 ? p.len : 128;

	memcpy(addr.b, p.b, sizeof(addr.b));
	for (; bit < wg_family_bits(p.family); bit++)
		addr.b[bit / 8] |= 0x80 >> bit % 8;
	return addr;
}

/* Certified by what was told, or is. */
static unsigned check_sealed(const struct inputs *was, const struct inputs *is)
{
	unsigned i, n = 0;

	for (i = 0; i < N_ADDRS; i++) {
		struct wg_addr addr = address(i);
		const struct wg_key *key = fk_lookup(&fk, &addr);

		if (!key)
			continue;
		assert_true(is_certified(was, key, &addr) ||
			    is_certified(is, key, &addr));
		n++;
	}
	return n;
}

/* Op by op. */
static unsigned run_sealed(const struct inputs *was, const struct inputs *is)
{
	unsigned sealed = 0;
	size_t i, done;

	while (plan()) {
		size_t n = wg_plan_next(dev, ops, 1 + rnd(MAX_OPS));

		for (i = 0; i < n; i++) {
			assert_int_equal(fk_ops(&fk, &ops[i], 1, &done), 0);
			sealed += check_sealed(was, is);
		}
		wg_plan_commit(dev, ops, n);
		fk_steps(dev);
	}
	wg_check_dev(dev);
	return sealed;
}

/* All parts of both, those of the first before those of the second. */
static void tell_both(const struct inputs *was, const struct inputs *is)
{
	unsigned order[N_PARTS];
	bool told[N_PARTS] = {};
	unsigned i, j;

	for (i = 0; i < N_PARTS; i++)
		order[i] = i;
	for (i = N_PARTS - 1; i; i--) {
		unsigned t = order[j = rnd(i + 1)];

		order[j] = order[i];
		order[i] = t;
	}
	for (i = 0; i < N_PARTS; i++) {
		j = rnd(N_PARTS);
		if (!told[j] && rnd(2))
			tell(was, j);
		tell(is, order[i]);
		told[order[i]] = true;
		if (rnd(8) == 0)
			wg_core_settle(core);
	}
}

/* Who has what: a peer's number, 0 for nobody. */
struct outcome {
	uint8_t prefixes[N_PREFIXES];
	uint8_t addrs[N_ADDRS];
	size_t n_entries;
};

static struct outcome outcome(bool aggregated)
{
	struct outcome o = {};
	unsigned i;

	for (i = 0; i < N_ADDRS; i++) {
		struct wg_addr addr = address(i);
		const struct wg_key *key = fk_lookup(&fk, &addr);

		o.addrs[i] = key ? key->b[0] : 0;
	}
	/* which entries say so is the aggregation's choice */
	for (i = 0; !aggregated && i < N_PREFIXES; i++)
		o.prefixes[i] = has(pool[i]);
	o.n_entries = aggregated ? 0 : fk.n_entries;
	return o;
}

static void test_any_order(void **state)
{
	static struct inputs was, is, nothing;
	unsigned round, order, sealed = 0, entries = 0;
	struct outcome first = {}, o;

	(void)state;
	for (round = 0; round < 300; round++) {
		bool aggregate = round % 4 == 3;

		seed = 7000 + round;
		random_inputs(&was);
		random_inputs(&is);
		for (order = 0; order < N_ORDERS; order++) {
			seed = 1 + round * N_ORDERS + order;
			setup(NULL);
			wg_dev_set_aggregate(dev, aggregate);
			peers_new(N_PEERS);
			fk_read(&fk, dev, false);
			run();
			/* the last order is from nothing, one by one */
			if (order < N_ORDERS - 1) {
				unsigned i;

				for (i = 0; i < N_PARTS; i++)
					tell(&was, i);
				sealed += run_sealed(&nothing, &was);
			}
			tell_both(&was, &is);
			sealed += run_sealed(&was, &is);
			o = outcome(aggregate);
			if (order == 0)
				first = o;
			assert_memory_equal(&o, &first, sizeof(o));
			entries += fk.n_entries;
			teardown(NULL);
		}
	}
	print_message("# %u entries, %u addresses sealed\n", entries, sealed);
	assert_true(sealed > 100000);
	assert_true(entries > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
