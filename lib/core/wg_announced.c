/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index of what members announce.
 *
 * Each member of a mesh says which prefixes it has, and that changes far more
 * often than its certificate does.  The ladder asks who announces something
 * around a prefix, once for each route by a member: a walk from the longest
 * announced prefix around it to the shortest.
 *
 * So there are two tables of prefixes, apart from those of the routes: a
 * device without mesh has none, and its routes do not pass ours.  In these
 * tables a node's route is the number of its first offer; an offer is one
 * peer that announces the node's prefix, and names the next one.  All that
 * peers announce is there, whether it counts or not.  Whether it does is
 * looked at when it is asked for, because certificates and liveness change:
 *
 *   - the peer is usable, a member, and live;
 *   - the announced prefix is within its certificate;
 *   - the prefix that is asked for is, too.
 *
 * What a member announces was signed by it alone.  So it may announce
 * anything, and all that comes of it is memory, as much as its record is long:
 * what is outside its certificate never counts, for nobody.
 *
 * When what is announced changes, what is decided within it is decided anew.
 * The prefixes are noted (dev->again), once more than need be at worst; where
 * there is no memory for a note the whole device is decided anew.
 *
 * Invariant (wg_announced_check): the offers of a peer are the prefixes on its
 * list, as often as they are there.
 */
#include "lib/core/wg_announced.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_certs.h"

/* One peer announces the prefix of a node. */
struct wg_offer {
	struct wg_peer *peer;
	uint32_t next; /* of the same node, or free; 0: none */
};

struct wg_announced {
	struct wg_table table[2];
	struct wg_offer *offers; /* from 1 */
	size_t cap;
	uint32_t top;	 /* the first never used */
	uint32_t unused; /* list of those that are free */
	uint32_t n_unused;
};

static bool counts(const struct wg_peer *peer)
{
	return peer->mesh_live && wg_peer_is_member(peer);
}

/* --- asking */

static bool is_before(const struct wg_peer *a, const struct wg_peer *b)
{
	if (a->mesh->number != b->mesh->number)
		return a->mesh->number < b->mesh->number;
	/* no mesh has two of one number */
	return memcmp(&a->key, &b->key, sizeof(a->key)) < 0;
}

static bool may_have(const struct wg_peer *peer, const struct wg_prefix *own,
		     const struct wg_prefix *p)
{
	return counts(peer) && wg_peer_is_usable(peer) &&
	       wg_cert_around(peer, own) >= 0 && wg_cert_around(peer, p) >= 0;
}

struct wg_peer *wg_announced_best(const struct wg_dev *dev,
				  const struct wg_prefix *p,
				  const struct wg_peer *but, int longer)
{
	const struct wg_announced *a = dev->announced;
	const struct wg_table *t =
		a ? &a->table[wg_family_index(p->family)] : NULL;
	struct wg_peer *best = NULL;
	uint32_t i = t ? wg_table_match(t, p) : 0;
	uint32_t j;

	for (; i && !best; i = wg_table_node(t, i)->parent) {
		struct wg_prefix own = wg_table_prefix(t, i);

		if (own.len <= longer)
			break;
		for (j = wg_table_node(t, i)->route; j; j = a->offers[j].next) {
			struct wg_peer *peer = a->offers[j].peer;

			if (peer != but && may_have(peer, &own, p) &&
			    (!best || is_before(peer, best)))
				best = peer;
		}
	}
	return best;
}

struct wg_peer *wg_announcer_find(const struct wg_dev *dev,
				  const struct wg_prefix *p)
{
	return wg_announced_best(dev, p, NULL, -1);
}

/* --- what is to be decided anew */

static void mark(struct wg_dev *dev, const struct wg_prefix *p)
{
	void *room =
		wg_mem_room(&dev->core->mem, dev->again, sizeof(*dev->again),
			    dev->n_again + 1, &dev->cap_again);

	if (!room) {
		dev->marked_all = true;
		return;
	}
	dev->again = room;
	dev->again[dev->n_again++] = *p;
}

void wg_announced_mark(struct wg_peer *peer)
{
	size_t i;

	for (i = 0; counts(peer) && i < peer->mesh->n_announced; i++)
		mark(peer->dev, &peer->mesh->announced[i]);
}

static int by_prefix(const void *a, const void *b)
{
	return wg_prefix_cmp(a, b);
}

static void sort(struct wg_prefix *p, size_t n)
{
	if (n)
		qsort(p, n, sizeof(*p), by_prefix);
}

size_t wg_announced_take(struct wg_dev *dev,
			 const struct wg_prefix **ret_prefixes)
{
	size_t n = dev->n_again;

	sort(dev->again, n);
	dev->n_again = 0;
	*ret_prefixes = dev->again;
	return n;
}

/* --- changes */

/* The index of the device, made if there is none; NULL: no memory. */
static struct wg_announced *index_of(struct wg_dev *dev)
{
	struct wg_mem *mem = &dev->core->mem;
	struct wg_announced *a = dev->announced;

	if (a)
		return a;
	a = wg_mem_try(mem, sizeof(*a));
	if (!a)
		return NULL;
	a->top = 1;
	wg_table_init(&a->table[0], mem, AF_INET);
	wg_table_init(&a->table[1], mem, AF_INET6);
	dev->announced = a;
	return a;
}

static struct wg_table *table_of(struct wg_announced *a,
				 const struct wg_prefix *p)
{
	return &a->table[wg_family_index(p->family)];
}

static void link_offer(struct wg_peer *peer, const struct wg_prefix *p)
{
	struct wg_announced *a = peer->dev->announced;
	struct wg_table *t = table_of(a, p);
	struct wg_node *n = wg_table_node(t, wg_table_find(t, p));
	uint32_t j = a->unused;

	if (j) {
		a->unused = a->offers[j].next;
		a->n_unused--;
	} else {
		j = a->top++;
	}
	a->offers[j] = (struct wg_offer){peer, n->route};
	n->route = j;
}

static void unlink_offer(struct wg_peer *peer, const struct wg_prefix *p)
{
	struct wg_announced *a = peer->dev->announced;
	struct wg_table *t = table_of(a, p);
	uint32_t i = wg_table_find(t, p);
	uint32_t before = 0;
	uint32_t j = wg_table_node(t, i)->route;

	while (a->offers[j].peer != peer) {
		before = j;
		j = a->offers[j].next;
	}
	if (before)
		a->offers[before].next = a->offers[j].next;
	else
		wg_table_node(t, i)->route = a->offers[j].next;
	a->offers[j] = (struct wg_offer){NULL, a->unused};
	a->unused = j;
	a->n_unused++;
	wg_table_prune(t, i);
}

/* Room for N offers more; false: no memory. */
static bool reserve_offers(struct wg_dev *dev, size_t n)
{
	struct wg_announced *a = dev->announced;
	void *room;

	if (n <= a->n_unused)
		return true;
	room = wg_mem_room(&dev->core->mem, a->offers, sizeof(*a->offers),
			   a->top + n - a->n_unused, &a->cap);
	if (room)
		a->offers = room;
	return room;
}

/* Nodes for all of them; false: no memory, and nothing changed. */
static bool reserve_nodes(struct wg_announced *a, const struct wg_prefix *p,
			  size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!wg_table_get(table_of(a, &p[i]), &p[i]))
			break;
	if (i == n)
		return true;
	while (i-- > 0) {
		struct wg_table *t = table_of(a, &p[i]);

		wg_table_prune(t, wg_table_find(t, &p[i]));
	}
	return false;
}

/* A sorted copy of P. */
static int copy_of(struct wg_mem *mem, const struct wg_prefix *p, size_t n,
		   struct wg_prefix **ret)
{
	struct wg_prefix *copy = n ? wg_mem_try(mem, n * sizeof(*copy)) : NULL;
	size_t i;

	if (n && !copy)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		copy[i] = p[i];
		wg_prefix_mask(&copy[i]);
	}
	sort(copy, n);
	*ret = copy;
	return 0;
}

static bool is_same(const struct wg_mesh_peer *m, const struct wg_prefix *p,
		    size_t n)
{
	size_t i;

	if (m->n_announced != n)
		return false;
	for (i = 0; i < n; i++)
		if (!wg_prefix_same(&m->announced[i], &p[i]))
			return false;
	return true;
}

static bool is_among(const struct wg_prefix *p, const struct wg_prefix *list,
		     size_t n)
{
	return n && bsearch(p, list, n, sizeof(*p), by_prefix);
}

/* The index has room for all that is new. */
static void replace(struct wg_peer *peer, struct wg_prefix *new, size_t n)
{
	struct wg_mesh_peer *m = peer->mesh;
	struct wg_prefix *old = m->announced;
	size_t n_old = m->n_announced;
	size_t i;

	for (i = 0; i < n; i++) {
		link_offer(peer, &new[i]);
		if (counts(peer) && !is_among(&new[i], old, n_old))
			mark(peer->dev, &new[i]);
	}
	for (i = 0; i < n_old; i++) {
		unlink_offer(peer, &old[i]);
		if (counts(peer) && !is_among(&old[i], new, n))
			mark(peer->dev, &old[i]);
	}
	wg_mem_put(&peer->dev->core->mem, old, n_old * sizeof(*old));
	m->announced = new;
	m->n_announced = n;
}

int wg_announced_put(struct wg_peer *peer, const struct wg_prefix *p, size_t n)
{
	struct wg_dev *dev = peer->dev;
	struct wg_mem *mem = &dev->core->mem;
	struct wg_prefix *new = NULL;
	int ret = copy_of(mem, p, n, &new);

	if (ret == 0 && is_same(peer->mesh, new, n)) {
		wg_mem_put(mem, new, n * sizeof(*new));
		return 0;
	}
	if (ret == 0 && n &&
	    !(index_of(dev) && reserve_offers(dev, n) &&
	      reserve_nodes(dev->announced, new, n)))
		ret = -ENOMEM;
	if (ret == 0)
		replace(peer, new, n);
	else
		wg_mem_put(mem, new, n * sizeof(*new));
	return ret;
}

void wg_announced_free(struct wg_dev *dev)
{
	struct wg_mem *mem = &dev->core->mem;
	struct wg_announced *a = dev->announced;

	wg_mem_put(mem, dev->again, dev->cap_again * sizeof(*dev->again));
	if (!a)
		return;
	wg_table_fini(&a->table[0]);
	wg_table_fini(&a->table[1]);
	wg_mem_put(mem, a->offers, a->cap * sizeof(*a->offers));
	wg_mem_put(mem, a, sizeof(*a));
	dev->announced = NULL;
}

/* How many offers of the node are the peer's (NULL: anybody's). */
static size_t offers_of(const struct wg_announced *a, const struct wg_table *t,
			uint32_t i, const struct wg_peer *peer)
{
	size_t n = 0;
	uint32_t j;

	for (j = wg_table_node(t, i)->route; j; j = a->offers[j].next)
		n += !peer || a->offers[j].peer == peer;
	return n;
}

void wg_announced_check(const struct wg_dev *dev)
{
	struct wg_announced *a = dev->announced;
	const struct wg_peer *peer;
	size_t n = 0, n_listed = 0;
	unsigned f;
	uint32_t i;
	size_t k;

	for (f = 0; f < 2 && a; f++) {
		wg_table_check(&a->table[f]);
		for (i = a->table[f].root; i;
		     i = wg_table_next(&a->table[f], i))
			n += offers_of(a, &a->table[f], i, NULL);
	}
	for (peer = dev->named; peer; peer = peer->next)
		for (k = 0; peer->mesh && k < peer->mesh->n_announced; k++) {
			const struct wg_prefix *p = &peer->mesh->announced[k];
			const struct wg_table *t = table_of(a, p);

			assert(k == 0 || wg_prefix_cmp(p - 1, p) <= 0);
			assert(offers_of(a, t, wg_table_find(t, p), peer));
			n_listed++;
		}
	assert(n == n_listed);
	assert(!a || a->top - 1 == n + a->n_unused);
}
