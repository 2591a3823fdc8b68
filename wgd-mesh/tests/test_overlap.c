/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about prefixes, against a naive oracle: each with each.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "wgd-mesh/mesh_assign.h"

#define MEMBERS 9

/* Is the one a warning because of the other? */
static bool is_pair(const struct wg_prefix *a, unsigned line_a,
		    const struct wg_prefix *b, unsigned line_b)
{
	if (line_a == line_b || !a->len || !b->len || !wg_prefix_covers(a, b))
		return false;
	/* the same on both sides is said once, by the earlier line */
	return !wg_prefix_same(a, b) || line_a < line_b;
}

static size_t naive(const struct mesh_inventory *inv)
{
	struct has {
		struct wg_prefix prefix;
		unsigned line;
	} all[MEMBERS * 4];
	size_t n = 0, warnings = 0, i, k;
	unsigned j;

	for (i = 0; i < inv->n_members; i++) {
		const struct mesh_member *m = &inv->members[i];

		for (j = 0; j < m->n_addresses; j++)
			all[n++] = (struct has){
				wg_prefix_host(&m->addresses[j].addr), m->line};
		for (j = 0; j < m->n_prefixes; j++) {
			all[n++] = (struct has){m->prefixes[j].prefix, m->line};
			warnings += !m->prefixes[j].prefix.len &&
				    m->prefixes[j].longest;
		}
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			warnings += is_pair(&all[i].prefix, all[i].line,
					    &all[k].prefix, all[k].line);
	return warnings;
}

/* Few bits, so that much overlaps. */
static void random_prefix(char *text)
{
	static const unsigned lens[] = {0, 8, 9, 10, 12, 24, 32};
	unsigned len = lens[random() % 7], b;
	struct wg_prefix p = {AF_INET, len, {10, random() & 0xf0, 0, 1}};

	if (random() % 4 == 0)
		p = (struct wg_prefix){AF_INET6,
				       len ? len + 16 : 0,
				       {0x20, 1, 13, random() & 0xf0}};
	wg_prefix_mask(&p);
	b = p.len + random() % 2;
	wg_prefix_str(&p, text);
	if (b <= 32)
		sprintf(text + strlen(text), " le %u", b);
}

static void count(void *arg, const char *text)
{
	/* a line, two names, and what overlaps */
	assert_int_equal(strncmp(text, "members:", 8), 0);
	++*(size_t *)arg;
}

static void test_random(void **state)
{
	unsigned seed = time(NULL), run, i, k;
	size_t most = 0;

	print_message("# seed %u\n", seed);
	srandom(seed);
	for (run = 0; run < 20000; run++) {
		char text[4096] = "", word[128];
		struct mesh_inventory inv;
		struct mesh_bytes bytes = {text};
		struct mesh_why why;
		size_t said = 0, must;

		for (i = 0; i < MEMBERS; i++) {
			sprintf(text + strlen(text), "m%u 10.%lu.0.%u", i,
				random() & 0xf0, i + 1);
			for (k = random() % 4; k; k--) {
				random_prefix(word);
				strcat(strcat(text, " prefix "), word);
			}
			strcat(text, "\n");
		}
		bytes.len = strlen(text);
		if (mesh_inventory_parse(&bytes, &inv, &why))
			continue; /* one prefix twice at a member */
		must = naive(&inv);
		assert_int_equal(mesh_overlaps(&inv, count, &said), must);
		assert_int_equal(said, must);
		most = must > most ? must : most;
		mesh_inventory_free(&inv);
	}
	assert_true(most > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
