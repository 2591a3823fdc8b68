/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random meshes: items are made anywhere, connections are cut at any byte,
 * groups part and meet again, members start with an old map or none, a hub
 * lies.  In the end all honest members have the same map, by way of what they
 * said to each other, and when all items were offered it is the map by
 * definition (mesh_oracle.c).  Never has an end more memory than it may, and an
 * item goes over a connection once each way (exchange_world.c).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/exchange_world.h"

#define SEED 20270124
#define WORLDS 300
#define STEPS 1500
#define FLAPS 25
#define HEAL_S (4 * 3600)

static struct world w;
static size_t held, longest, late;
static uint32_t flapping;

static unsigned below(unsigned n)
{
	return world_below(&w, n);
}

/* --- who is who: hubs are certified by identity, sites are invited */

static void certify(uint32_t member, uint32_t serial)
{
	struct mesh_certificate c = {.member = member, .serial = serial};

	if (member <= w.hubs) {
		c.flags = WG_ITEM_FLAG_HUB;
		c.key = 10 + member;
	} else if (below(3)) {
		c.flags = WG_ITEM_FLAG_INVITE;
		c.key = 30 + member;
	} else {
		c.key = 50 + member;
	}
	c.mark = below(20) == 0;
	mesh_certificate(&w.mesh, c);
}

static void witness(uint32_t member)
{
	uint32_t hub = 1 + below(w.hubs);

	mesh_witness(&w.mesh,
		     (struct mesh_witness){
			     .member = member,
			     .hub = hub,
			     .invite = 30 + member,
			     .identity = below(8) ? 50 + member : 70 + member,
			     .signer = below(12) ? 10 + hub : 9,
		     });
}

static void publish(uint32_t member, uint64_t sequence)
{
	uint8_t identity = (member <= w.hubs ? 10 : 50) + member;

	mesh_record(&w.mesh, (struct mesh_record){
				     .member = member,
				     .sequence = sequence,
				     .identity = below(12) ? identity : 9,
				     .wg_key = 100 + member,
				     .mark = below(30) == 0,
			     });
}

static void revoke(uint32_t number)
{
	struct mesh_list l = {.number = number};

	if (below(2)) {
		l.revoked[0][0] = 1 + below(w.n);
		l.revoked[0][1] = 1 + below(3);
	}
	if (below(6) == 0) {
		l.authority = 5;
		l.signer = 5;
	}
	mesh_list(&w.mesh, l);
}

static void make_items(void)
{
	uint32_t i;
	unsigned more;

	for (i = 1; i <= w.n; i++) {
		certify(i, 1);
		if (i > w.hubs)
			witness(i);
		publish(i, 1);
	}
	flapping = 1 + below(w.n);
	for (i = 0; i < FLAPS; i++)
		publish(flapping, 100 + i);
	for (more = 20 + below(80); more; more--) {
		i = 1 + below(w.n);
		switch (below(8)) {
		case 0:
			certify(i, 1 + below(4));
			break;
		case 1:
		case 2:
			witness(i);
			break;
		case 3:
			if (below(3) == 0)
				revoke(1 + below(4));
			break;
		default:
			publish(i, 1 + below(12));
			break;
		}
	}
	if (below(4) == 0)
		mesh_authority(&w.mesh,
			       (struct mesh_authority){.number = 5,
						       .key = 5,
						       .flags = 4 * below(2)});
	/* each once at most: twice would make it good, and there twice */
	for (i = 0; i < w.mesh.n; i++)
		if (below(25) == 0)
			mesh_spoil(&w.mesh.item[i]);
}

/* --- what happens to them */

/* Two groups, or one member alone, hear nothing of each other. */
static void part(void)
{
	unsigned i, groups = below(1 << w.n);

	for (i = 0; i < w.n_links; i++)
		w.link[i].is_cut = (groups >> w.link[i].member[0] & 1) !=
				   (groups >> w.link[i].member[1] & 1);
}

static void meet(void)
{
	unsigned i;

	for (i = 0; i < w.n_links; i++)
		w.link[i].is_cut = false;
}

static bool is_flap(const struct wg_offer *o)
{
	return wg_item_kind(o->b) == WG_ITEM_IS_RECORD &&
	       wg_item_version(o->b) >= 100;
}

/* One member that knows all makes record after record, some of them at once. */
static void flap(void)
{
	size_t i;
	unsigned k;

	for (i = 0; i < w.mesh.n; i++)
		if (!is_flap(&w.mesh.item[i]))
			world_load(&w, flapping - 1, &w.mesh.item[i]);
	for (i = 0; i < w.mesh.n; i++) {
		if (!is_flap(&w.mesh.item[i]))
			continue;
		world_load(&w, flapping - 1, &w.mesh.item[i]);
		for (k = below(60); k; k--)
			world_step(&w);
	}
}

static void live(void)
{
	unsigned i;

	for (i = 0; i < STEPS; i++) {
		world_step(&w);
		if (below(12) == 0)
			world_load(&w, below(w.n),
				   &w.mesh.item[below(w.mesh.n)]);
		if (i == STEPS / 2)
			flap();
		switch (below(300)) {
		case 0:
			part();
			break;
		case 1:
			meet();
			break;
		case 2:
			world_restart(&w, below(w.n), below(2));
			break;
		case 3:
			world_write_disk(&w, below(w.n));
			break;
		default:
			break;
		}
	}
}

/* One map, and nothing that would change it is on its way. */
static void heal(void)
{
	unsigned s = 0, quiet = 0;

	while (quiet < 60) {
		if (s++ == HEAL_S)
			fail_msg("no one map after %d s", HEAL_S);
		world_second(&w);
		quiet = world_is_one(&w) ? quiet + 1 : 0;
	}
	if (s > longest)
		longest = s;
}

static void is_by_definition(unsigned member)
{
	static bool want[MESH_ITEMS];
	size_t i;

	mesh_oracle(&w.mesh, 30, want);
	for (i = 0; i < w.mesh.n; i++)
		if (want[i] != talk_has(&w.member[member], w.mesh.item[i].b))
			fail_msg("%s of member %u is %s",
				 wg_item_kind_str(
					 wg_item_kind(w.mesh.item[i].b)),
				 (unsigned)wg_item_number(w.mesh.item[i].b,
							  WG_ITEM_MEMBER),
				 want[i] ? "not here" : "here");
}

/* To one honest member, until it takes none. */
static void offer_all(unsigned member)
{
	bool more = true;
	size_t i;

	while (more)
		for (i = 0, more = false; i < w.mesh.n; i++)
			more |= world_load(&w, member, &w.mesh.item[i]);
}

static void play(uint64_t seed)
{
	unsigned i;

	world_begin(&w, seed);
	make_items();
	/* one hash for an item in mesh.c and here: the oracle's choice is ours
	 */
	for (i = 0; i < w.mesh.n; i++)
		w.mesh.item[i] =
			talk_offer(w.mesh.item[i].b, w.mesh.item[i].len);
	live();
	meet();
	heal();
	offer_all(w.n - 1);
	heal();
	for (i = 0; i < w.n; i++) {
		late += wg_bounds_stats(w.member[i].bounds).late;
		if (i != w.liar)
			is_by_definition(i);
	}
	held += wg_directory_count(w.member[w.n - 1].dir);
}

static void test_worlds(void **state)
{
	const char *only = getenv("WORLD");
	size_t cuts = 0, lies = 0, bad = 0, most = 0, bytes = 0;
	unsigned i;

	print_message("seed %d\n", SEED);
	for (i = 0; i < WORLDS; i++) {
		if (only && strtoul(only, NULL, 0) != i)
			continue;
		/* the last one that is printed is the one that failed */
		if (only || i % 100 == 0)
			print_message("world %u\n", i);
		play(SEED + 1000003 * i);
		cuts += w.cuts;
		lies += w.lies;
		bad += w.bad_ends;
		bytes += w.bytes;
		if (w.most_bytes > most)
			most = w.most_bytes;
		world_end(&w);
	}
	print_message(
		"%zu items held, %zu late, %zu cuts, %zu lies, %zu shut out, "
		"%zu bytes at most in a connection, %zu sent, "
		"%zu s to heal at most\n",
		held, late, cuts, lies, bad, most, bytes, longest);
	if (only)
		return;
	assert_true(held > 10 * WORLDS && late > WORLDS && cuts > WORLDS &&
		    lies > WORLDS && bad > WORLDS / 20);
	assert_true(most < 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
