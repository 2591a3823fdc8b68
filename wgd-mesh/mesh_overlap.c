/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All prefixes and addresses in one order, in which what covers stands before
 * what it covers; and a stack of those that cover the present one.  So each
 * pair that overlaps is seen, and no other: prefixes are nested or apart.
 *
 * A /0 covers everything, which is what an exit is for, and is left out.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgd-mesh/mesh_assign.h"

struct has {
	struct wg_prefix prefix;
	const struct mesh_member *member;
	bool is_address;
};

static int by_prefix(const void *a, const void *b)
{
	const struct has *x = a, *y = b;
	int c = wg_prefix_cmp(&x->prefix, &y->prefix);

	if (c)
		return c;
	return x->member->line < y->member->line   ? -1
	       : x->member->line > y->member->line ? 1
						   : 0;
}

static void pair(const struct has *upper, const struct has *lower,
		 mesh_warn *say, void *arg)
{
	char a[WG_PREFIX_STRLEN], b[WG_PREFIX_STRLEN], text[512];

	wg_prefix_str(&lower->prefix, b);
	if (lower->is_address) {
		struct wg_addr addr = {.family = lower->prefix.family};

		memcpy(addr.b, lower->prefix.b, sizeof(addr.b));
		wg_addr_str(&addr, b);
	}
	snprintf(text, sizeof(text),
		 "members:%u: %s of %s covers %s of %s (line %u)",
		 upper->member->line, wg_prefix_str(&upper->prefix, a),
		 upper->member->name, b, lower->member->name,
		 lower->member->line);
	say(arg, text);
}

size_t mesh_overlaps(const struct mesh_inventory *inv, mesh_warn *say,
		     void *arg)
{
	struct has *all, **stack;
	size_t n = 0, depth = 0, warned = 0, i, k;
	unsigned j;

	all = calloc(inv->n_members + 1,
		     (MESH_PREFIXES + MESH_ADDRESSES) * sizeof(*all));
	stack = calloc(inv->n_members + 1,
		       (MESH_PREFIXES + MESH_ADDRESSES) * sizeof(*stack));
	assert(all && stack);
	for (i = 0; i < inv->n_members; i++) {
		const struct mesh_member *m = &inv->members[i];

		for (j = 0; j < m->n_addresses; j++)
			all[n++] = (struct has){
				wg_prefix_host(&m->addresses[j].addr), m, true};
		for (j = 0; j < m->n_prefixes; j++) {
			const struct mesh_prefix *p = &m->prefixes[j];
			char text[MESH_PREFIX_STRLEN], line[512];

			if (p->prefix.len) {
				all[n++] = (struct has){p->prefix, m, false};
				continue;
			}
			if (!p->longest)
				continue;
			snprintf(
				line, sizeof(line),
				"members:%u: %s lets %s have any prefix of others up to /%u",
				m->line, mesh_prefix_str(p, text), m->name,
				p->longest);
			say(arg, line);
			warned++;
		}
	}
	qsort(all, n, sizeof(*all), by_prefix);
	for (i = 0; i < n; i++) {
		while (depth && !wg_prefix_covers(&stack[depth - 1]->prefix,
						  &all[i].prefix))
			depth--;
		for (k = 0; k < depth; k++)
			if (stack[k]->member != all[i].member) {
				pair(stack[k], &all[i], say, arg);
				warned++;
			}
		stack[depth++] = &all[i];
	}
	free(all);
	free(stack);
	return warned;
}
