/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random worlds of conflicting and forged items, which reach three members in
 * any order, twice or never, through cuts and liars.  When they talk to each
 * other again they have the same map; and when all was offered again, it is the
 * map by definition (mesh_oracle.c).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/mesh.h"

#define SEED 20270120
#define WORLDS 2000
#define MAPS 3
#define MAXIMUM 4
#define MEMBERS 6

static uint64_t rnd_state;
static struct mesh mesh;
static struct wg_directory *map[MAPS];

static unsigned below(unsigned n)
{
	/* splitmix64 */
	uint64_t z = rnd_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

/* --- a world: few numbers, so that much meets */

static const uint32_t authorities[] = {0, 5, 9};

/* Mostly the key that this authority has. */
static uint8_t signer_of(uint32_t authority)
{
	return below(15) == 0 ? 2 + below(5) : authority ? authority : 2;
}

static void make_certificate(void)
{
	uint32_t authority = authorities[below(3) * below(2)];
	uint32_t member = 1 + below(MEMBERS);
	uint8_t flags = member <= 3 ? 1 : 2;

	if (below(4) == 0)
		flags = below(4);
	mesh_certificate(&mesh,
			 (struct mesh_certificate){
				 .authority = authority,
				 .member = member,
				 .serial = 1 + below(5),
				 .key = flags & 2 ? 30 + below(3)
						  : 10 + member + 10 * below(2),
				 .flags = flags,
				 .signer = signer_of(authority),
				 .mark = below(2),
			 });
}

static void make_list(void)
{
	uint32_t authority = authorities[below(3) * below(2)];
	struct mesh_list l = {authority, 1 + below(3), signer_of(authority),
			      below(2)};
	unsigned i, n = below(4);

	for (i = 0; i < n; i++) {
		l.revoked[i][0] = 1 + i + below(2);
		l.revoked[i][1] = below(5);
	}
	/* the same one twice would be no list */
	for (i = 1; i < n; i++)
		if (l.revoked[i][0] == l.revoked[i - 1][0])
			l.revoked[i][1] = l.revoked[i - 1][1] + 1;
	mesh_list(&mesh, l);
}

static void make_witness(void)
{
	struct mesh_witness w = {1 + below(MEMBERS), 1 + below(4),
				 30 + below(3), 50 + below(3)};

	/* a liar says many things of one invite */
	if (below(2))
		w = (struct mesh_witness){4, 1, 30, 50 + below(6)};
	w.signer = 10 + w.hub + 10 * (below(5) == 0);
	w.by_invite = below(20) ? 0 : 9;
	w.by_identity = below(20) ? 0 : 9;
	mesh_witness(&mesh, w);
}

static void make_item(void)
{
	uint32_t member = 1 + below(MEMBERS);
	struct wg_offer *o;
	unsigned n = below(32);

	if (n < 1)
		mesh_authority(&mesh,
			       (struct mesh_authority){
				       authorities[1 + below(2)], 3 + below(4),
				       4 * below(2), below(9) ? 0 : 2});
	else if (n < 3)
		make_list();
	else if (n < 13)
		make_certificate();
	else if (n < 23)
		make_witness();
	else
		mesh_record(&mesh,
			    (struct mesh_record){
				    member, 1 + below(3),
				    below(2) ? 50 + below(6)
					     : 10 + member + 10 * below(2),
				    100 + below(2), below(2),
				    below(20) ? 0 : 9});
	o = &mesh.item[mesh.n - 1];
	if (below(30) == 0)
		mesh_spoil(o);
}

static void make_world(void)
{
	unsigned i, n = 20 + below(100);

	/* authorities 5 and 9 have the keys of their numbers, mostly */
	for (i = 1; i < 3; i++)
		if (below(2))
			mesh_authority(&mesh,
				       (struct mesh_authority){authorities[i],
							       authorities[i],
							       4 * below(2)});
	for (i = 0; i < n; i++)
		make_item();
}

/* --- what happens in it */

static const struct wg_offer *offer_of(const uint8_t *hash)
{
	size_t i;

	for (i = 0; i < mesh.n; i++)
		if (memcmp(mesh.item[i].hash, hash, WG_DIRECTORY_HASH) == 0)
			return &mesh.item[i];
	fail_msg("an item that nobody made");
	return NULL;
}

/* What TO wants of what FROM has, of which some is lost; how many were put. */
static unsigned tell(struct wg_directory *from, struct wg_directory *to,
		     unsigned lost)
{
	struct wg_directory_entry e, all[MESH_ITEMS];
	struct wg_directory_cursor c = {};
	size_t i, n = 0, puts = 0;
	bool wanted[MESH_ITEMS];

	while (wg_directory_next(from, &c, &e)) {
		wanted[n] = wg_directory_wants(to, &e);
		all[n++] = e;
	}
	for (i = 0; i < n; i++)
		if (wanted[i] && below(100) >= lost)
			puts += mesh_offer(to, offer_of(all[i].hash), NULL) ==
				WG_OFFERED_VERIFY;
	return puts;
}

static void live(void)
{
	unsigned i, n = below(300), cut = below(MAPS + 1);

	for (i = 0; i < n; i++) {
		unsigned at = below(MAPS), to = below(MAPS);

		/* also a liar's, at any time */
		mesh_offer(map[at], &mesh.item[below(mesh.n)], NULL);
		if (below(10) == 0 && at != to && at != cut && to != cut)
			tell(map[at], map[to], below(100));
	}
}

static void assert_same(unsigned a, unsigned b)
{
	static uint8_t ea[MESH_ITEMS * WG_DIRECTORY_ENTRY];
	static uint8_t eb[MESH_ITEMS * WG_DIRECTORY_ENTRY];
	size_t n = wg_directory_count(map[a]);

	assert_int_equal(n, wg_directory_count(map[b]));
	wg_directory_entries(map[a], ea);
	wg_directory_entries(map[b], eb);
	assert_memory_equal(ea, eb, n * WG_DIRECTORY_ENTRY);
}

/* All with all, until nobody has anything new. */
static void heal(void)
{
	unsigned a, b, puts, rounds = 0;

	do {
		assert_in_range(rounds++, 0, 20);
		for (puts = a = 0; a < MAPS; a++)
			for (b = 0; b < MAPS; b++)
				if (a != b)
					puts += tell(map[a], map[b], 0);
	} while (puts);
	for (a = 1; a < MAPS; a++)
		assert_same(0, a);
}

/* All that there ever was, in any order, until nothing is taken. */
static void offer_all(unsigned which)
{
	size_t i, puts, rounds = 0, from;

	do {
		assert_in_range(rounds++, 0, 20);
		from = below(mesh.n);
		for (puts = i = 0; i < mesh.n; i++)
			puts += mesh_offer(map[which],
					   &mesh.item[(from + 7 * i) % mesh.n],
					   NULL) == WG_OFFERED_VERIFY;
		/* each at least once, whatever divides */
		for (i = 0; i < mesh.n; i++)
			puts += mesh_offer(map[which], &mesh.item[i], NULL) ==
				WG_OFFERED_VERIFY;
	} while (puts);
}

static void assert_by_definition(unsigned which)
{
	static bool want[MESH_ITEMS], have[MESH_ITEMS];
	struct wg_directory_cursor c = {};
	struct wg_directory_entry e;
	size_t i;

	memset(have, 0, sizeof(have));
	mesh_oracle(&mesh, MAXIMUM, want);
	while (wg_directory_next(map[which], &c, &e))
		have[offer_of(e.hash) - mesh.item] = true;
	for (i = 0; i < mesh.n; i++)
		if (want[i] != have[i])
			fail_msg("%s of member %u: is %s",
				 wg_item_kind_str(wg_item_kind(mesh.item[i].b)),
				 (unsigned)wg_item_number(mesh.item[i].b,
							  WG_ITEM_MEMBER),
				 have[i] ? "here" : "not here");
}

static size_t held, full;

static void play(uint64_t seed)
{
	struct wg_directory_conf conf = mesh_conf(MAXIMUM);
	uint32_t member;
	unsigned i;

	rnd_state = seed;
	for (i = 0; i < MAPS; i++)
		map[i] = wg_directory_new(&conf);
	make_world();
	live();
	heal();
	for (i = 0; i < MAPS; i++) {
		offer_all(i);
		assert_by_definition(i);
	}
	held += wg_directory_count(map[0]);
	full += wg_directory_members(map[0]) == MAXIMUM;
	while (wg_directory_next_changed(map[0], &member))
		assert_in_range(member, 1, MEMBERS);
	for (i = 0; i < MAPS; i++)
		wg_directory_delete(&map[i]);
	mesh_free(&mesh);
}

static void test_worlds(void **state)
{
	const char *only = getenv("WORLD");
	uint64_t i;

	print_message("seed %d\n", SEED);
	for (i = 0; i < WORLDS; i++) {
		if (only && strtoull(only, NULL, 0) != i)
			continue;
		/* the last one that is printed is the one that failed */
		if (only || i % 500 == 0)
			print_message("world %u\n", (unsigned)i);
		play(SEED + 1000003 * i);
	}
	print_message("%zu items held, %zu worlds full\n", held, full);
	assert_true(only || (held > 4 * WORLDS && full > WORLDS / 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
