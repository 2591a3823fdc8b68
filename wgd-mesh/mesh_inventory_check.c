/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No two members of an inventory have the same name, number or address: all are
 * sorted, and what is the same stands side by side.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgd-mesh/mesh_inventory.h"

static int by_name(const void *a, const void *b)
{
	const struct mesh_member *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int by_number(const void *a, const void *b)
{
	const struct mesh_member *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

struct has { /* a member has an address */
	const struct wg_addr *addr;
	const struct mesh_member *member;
};

static int by_addr(const void *a, const void *b)
{
	const struct has *x = a, *y = b;

	if (x->addr->family != y->addr->family)
		return x->addr->family < y->addr->family ? -1 : 1;
	return memcmp(x->addr->b, y->addr->b, sizeof(x->addr->b));
}

static int same(struct mesh_why *why, const struct mesh_member *a,
		const struct mesh_member *b, const char *what)
{
	const struct mesh_member *first = a->line < b->line ? a : b;
	const struct mesh_member *second = first == a ? b : a;

	return mesh_because(why, -EINVAL,
			    "members:%u: %s stands in line %u already",
			    second->line, what, first->line);
}

static int check_addresses(const struct mesh_inventory *inv,
			   struct mesh_why *why)
{
	struct has *all =
		calloc(inv->n_members + 1, MESH_ADDRESSES * sizeof(*all));
	char text[WG_ADDR_STRLEN];
	size_t n = 0, i;
	unsigned k;
	int rc = 0;

	assert(all);
	for (i = 0; i < inv->n_members; i++)
		for (k = 0; k < inv->members[i].n_addresses; k++)
			all[n++] =
				(struct has){&inv->members[i].addresses[k].addr,
					     &inv->members[i]};
	qsort(all, n, sizeof(*all), by_addr);
	for (i = 1; !rc && i < n; i++)
		if (by_addr(&all[i - 1], &all[i]) == 0)
			rc = same(why, all[i - 1].member, all[i].member,
				  wg_addr_str(all[i].addr, text));
	free(all);
	return rc;
}

int mesh_inventory_check(const struct mesh_inventory *inv, struct mesh_why *why)
{
	const struct mesh_member **all =
		calloc(inv->n_members + 1, sizeof(*all));
	char text[32];
	size_t i;
	int rc = 0;

	assert(all);
	for (i = 0; i < inv->n_members; i++)
		all[i] = &inv->members[i];
	qsort(all, inv->n_members, sizeof(*all), by_name);
	for (i = 1; !rc && i < inv->n_members; i++)
		if (by_name(&all[i - 1], &all[i]) == 0)
			rc = same(why, all[i - 1], all[i], all[i]->name);
	qsort(all, inv->n_members, sizeof(*all), by_number);
	for (i = 1; !rc && i < inv->n_members; i++)
		if (all[i]->number && by_number(&all[i - 1], &all[i]) == 0) {
			snprintf(text, sizeof(text), "number %u",
				 all[i]->number);
			rc = same(why, all[i - 1], all[i], text);
		}
	free(all);
	return rc ? rc : check_addresses(inv, why);
}
