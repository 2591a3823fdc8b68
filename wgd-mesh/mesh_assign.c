/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First all that stands in the inventory is looked at and taken into the
 * ledger, then who has no number gets one, then who has no address: so what is
 * filled in is never what a later line says.
 *
 * An address is the network's plus the member's number where that is a host's
 * and free (10.99.0.7 for member 7: people read it), else the lowest one that
 * was never given.
 */
#include "wgd-mesh/mesh_assign.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int at_line(struct mesh_why *why, const struct mesh_member *m,
		   const char *what, const char *reason)
{
	return mesh_because(why, -EINVAL, "members:%u: %s: %s%s%s", m->line,
			    m->name, what, *what ? " " : "", reason);
}

/* --- what people wrote */

static int take_number(struct mesh_member *m, struct mesh_ledger *l,
		       struct mesh_why *why)
{
	struct mesh_given *given;
	char text[256];

	if (!m->number) {
		given = mesh_ledger_name(l, m->name);
		if (!given || given->revoked)
			return 0;
		m->number = given->number;
		return 0;
	}
	given = mesh_ledger_number(l, m->number);
	if (!given) {
		mesh_ledger_give(l, m->number, m->name);
		return 0;
	}
	if (strcmp(given->name, m->name) == 0)
		return 0;
	snprintf(text, sizeof(text), "was given to %s; leave it out",
		 given->name);
	return mesh_because(why, -EINVAL, "members:%u: %s: number %u %s",
			    m->line, m->name, m->number, text);
}

static int take_address(struct mesh_member *m, struct mesh_ledger *l,
			unsigned i, struct mesh_why *why)
{
	struct mesh_address *a = &m->addresses[i];
	struct wg_prefix host = wg_prefix_host(&a->addr);
	uint32_t has = mesh_ledger_address(l, &a->addr);
	char text[WG_ADDR_STRLEN];
	unsigned k;

	wg_addr_str(&a->addr, text);
	for (k = 0; !a->len && k < l->n_networks; k++)
		if (wg_prefix_covers(&l->networks[k], &host))
			a->len = l->networks[k].len;
	if (!a->len)
		return at_line(
			why, m, text,
			"is in none of the mesh's networks: write the length of its own behind it");
	/* who has no number yet gets a new one, and nobody's address */
	if (has && has != m->number)
		return mesh_because(why, -EINVAL,
				    "members:%u: %s: %s was given to %s",
				    m->line, m->name, text,
				    mesh_ledger_number(l, has)->name);
	return 0;
}

/* --- what is filled in */

static uint32_t new_number(const struct mesh_ledger *l)
{
	uint32_t last = l->n_given ? l->given[l->n_given - 1].number : 0;
	size_t i;

	if (last < UINT32_MAX)
		return last + 1;
	/* somebody wrote the highest: the lowest gap */
	for (i = 0; l->given[i].number == i + 1;)
		i++;
	return i + 1;
}

/* The n-th address of a network; false: it has no so many, or it is nobody's
 * (the network's own, IPv4's broadcast). */
static bool nth(const struct wg_prefix *net, uint64_t n, struct wg_addr *ret)
{
	unsigned bits = wg_family_bits(net->family) - net->len, i;
	struct wg_addr a = {.family = net->family};
	bool plain = net->family == AF_INET && bits >= 2;

	if (bits < 64 && n >> bits)
		return false;
	if ((n == 0 && bits >= 2) || (plain && n == (1ull << bits) - 1))
		return false;
	memcpy(a.b, net->b, sizeof(a.b));
	for (i = wg_family_bytes(net->family); n; n >>= 8)
		a.b[--i] |= n;
	*ret = a;
	return true;
}

static bool new_address(const struct mesh_ledger *l,
			const struct wg_prefix *net, uint32_t number,
			struct wg_addr *ret)
{
	uint64_t n;

	if (nth(net, number, ret) && !mesh_ledger_address(l, ret))
		return true;
	/* as many as were given are the most that can be in the way */
	for (n = 0; n <= l->n_addresses + 2; n++)
		if (nth(net, n, ret) && !mesh_ledger_address(l, ret))
			return true;
	return false;
}

/* Those that the ledger has of it; false: it has none. */
static bool known_addresses(struct mesh_member *m, const struct mesh_ledger *l)
{
	size_t i;

	for (i = 0; i < l->n_addresses && m->n_addresses < l->n_networks; i++) {
		struct wg_prefix host = wg_prefix_host(&l->addresses[i].addr);
		unsigned k = 0;

		if (l->addresses[i].number != m->number)
			continue;
		/* networks do not overlap: it is in one, or in none */
		while (k < l->n_networks &&
		       !wg_prefix_covers(&l->networks[k], &host))
			k++;
		if (k < l->n_networks)
			m->addresses[m->n_addresses++] = (struct mesh_address){
				l->addresses[i].addr, l->networks[k].len};
	}
	return m->n_addresses > 0;
}

static int new_addresses(struct mesh_member *m, struct mesh_ledger *l,
			 struct mesh_why *why)
{
	char text[WG_PREFIX_STRLEN];
	unsigned i;

	for (i = 0; i < l->n_networks; i++) {
		struct mesh_address *a = &m->addresses[m->n_addresses];

		if (!new_address(l, &l->networks[i], m->number, &a->addr))
			return at_line(why, m,
				       wg_prefix_str(&l->networks[i], text),
				       "has no address left");
		a->len = l->networks[i].len;
		m->n_addresses++;
		mesh_ledger_give_address(l, &a->addr, m->number);
	}
	return 0;
}

static int hub_number(struct mesh_member *m, struct mesh_ledger *l,
		      struct mesh_why *why)
{
	struct mesh_given *given = mesh_ledger_number(l, m->number);

	if (!*m->host || given->hub)
		return 0;
	given->hub = mesh_ledger_hub(l);
	if (given->hub)
		return 0;
	return at_line(
		why, m, "",
		"all 8 hub numbers are given; a hub that is built anew keeps its name, and with it its number");
}

static void keep_addresses(const struct mesh_member *m, struct mesh_ledger *l)
{
	unsigned i;

	for (i = 0; m->number && i < m->n_addresses; i++)
		mesh_ledger_give_address(l, &m->addresses[i].addr, m->number);
}

/* The three steps, each for all members before the next. */
enum step { TAKE, NUMBER, ADDRESS };

static int go(enum step step, struct mesh_member *m, struct mesh_ledger *l,
	      struct mesh_why *why)
{
	unsigned i;
	int rc = 0;

	switch (step) {
	case TAKE:
		rc = take_number(m, l, why);
		for (i = 0; !rc && i < m->n_addresses; i++)
			rc = take_address(m, l, i, why);
		break;
	case NUMBER:
		if (!m->number) {
			m->number = new_number(l);
			mesh_ledger_give(l, m->number, m->name);
		}
		break;
	case ADDRESS:
		if (!m->n_addresses && !known_addresses(m, l))
			rc = new_addresses(m, l, why);
		if (!rc)
			rc = hub_number(m, l, why);
		break;
	}
	if (!rc)
		keep_addresses(m, l);
	return rc;
}

int mesh_assign(struct mesh_inventory *inv, struct mesh_ledger *l,
		size_t *ret_filled, struct mesh_why *why)
{
	size_t filled = 0, i;
	enum step step;
	int rc = 0;

	for (step = TAKE; step <= ADDRESS; step++)
		for (i = 0; !rc && i < inv->n_members; i++) {
			struct mesh_member *m = &inv->members[i], had = *m;

			rc = go(step, m, l, why);
			if (rc || (m->number == had.number &&
				   m->n_addresses == had.n_addresses))
				continue;
			mesh_inventory_fill(inv, m, &had);
			filled++;
		}
	if (!rc)
		*ret_filled = filled;
	return rc;
}
