/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of slots, shared.
 *
 * In a full table over 32 peers nineteen sets of twenty have one member, and
 * the others repeat: so a set of several is a sorted array that is kept once,
 * found by a hash of its members.  Two sets are the same if their numbers are,
 * which is what ends a change on its way up the table.
 *
 * Numbers above WG_LABELS_NONE are indices of arrays.
 */
#include "lib/core/wg_labels.h"

#include <assert.h>
#include <string.h>

#define FIRST (WG_LABELS_NONE + 1)

/* A set's members, also of a single one. */
struct members {
	const uint32_t *slots;
	uint32_t n;
};

void wg_labels_init(struct wg_labels *l, struct wg_mem *mem)
{
	*l = (struct wg_labels){.mem = mem};
}

void wg_labels_fini(struct wg_labels *l)
{
	size_t i;

	for (i = 0; i < l->n_sets; i++)
		wg_mem_put(l->mem, l->sets[i].slots,
			   l->sets[i].n * sizeof(*l->sets[i].slots));
	wg_mem_put(l->mem, l->sets, l->cap_sets * sizeof(*l->sets));
	wg_mem_put(l->mem, l->buckets, l->n_buckets * sizeof(*l->buckets));
	wg_mem_put(l->mem, l->scratch, l->cap_scratch * sizeof(*l->scratch));
	wg_labels_init(l, l->mem);
}

static struct members members(const struct wg_labels *l, const uint32_t *set)
{
	if (*set < FIRST)
		return (struct members){set, 1};
	return (struct members){l->sets[*set - FIRST].slots,
				l->sets[*set - FIRST].n};
}

bool wg_labels_has(const struct wg_labels *l, uint32_t set, uint32_t slot)
{
	struct members m;
	uint32_t i;

	if (!slot || set == WG_LABELS_NONE)
		return false;
	if (set < FIRST)
		return set == slot;
	m = members(l, &set);
	for (i = 0; i < m.n && m.slots[i] < slot; i++)
		;
	return i < m.n && m.slots[i] == slot;
}

uint32_t wg_labels_first(const struct wg_labels *l, uint32_t set)
{
	return set == WG_LABELS_NONE ? 0 : members(l, &set).slots[0];
}

uint32_t wg_labels_get(struct wg_labels *l, uint32_t set)
{
	if (set >= FIRST)
		l->sets[set - FIRST].refs++;
	return set;
}

static uint32_t *bucket(const struct wg_labels *l, uint32_t hash)
{
	return &l->buckets[hash & (l->n_buckets - 1)];
}

void wg_labels_put(struct wg_labels *l, uint32_t set)
{
	struct wg_labels_set *s;
	uint32_t *at;

	if (set < FIRST)
		return;
	s = &l->sets[set - FIRST];
	assert(s->refs);
	if (--s->refs)
		return;
	for (at = bucket(l, s->hash); *at != set - FIRST + 1;)
		at = &l->sets[*at - 1].next;
	*at = s->next;
	wg_mem_put(l->mem, s->slots, s->n * sizeof(*s->slots));
	s->slots = NULL;
	s->n = 0;
	s->next = l->free;
	l->free = set - FIRST + 1;
	l->n_used--;
}

/* Twice the buckets when there are as many sets; false: no memory. */
static bool grow(struct wg_labels *l)
{
	size_t n = l->n_buckets ? 2 * l->n_buckets : 64;
	uint32_t *new;
	size_t i;

	if (l->n_used < l->n_buckets)
		return true;
	new = wg_mem_try(l->mem, n * sizeof(*new));
	if (!new)
		return l->n_buckets; /* longer chains will do */
	wg_mem_put(l->mem, l->buckets, l->n_buckets * sizeof(*l->buckets));
	l->buckets = new;
	l->n_buckets = n;
	for (i = 0; i < l->n_sets; i++)
		if (l->sets[i].slots) {
			uint32_t *at = bucket(l, l->sets[i].hash);

			l->sets[i].next = *at;
			*at = i + 1;
		}
	return true;
}

/* There is no memory: one member is as right, but not as good. */
static uint32_t one_of(struct wg_labels *l, const uint32_t *slots)
{
	l->failed = true;
	return slots[0];
}

/* The set of the N slots in scratch; without memory one of them. */
static uint32_t intern(struct wg_labels *l, uint32_t n)
{
	size_t size = n * sizeof(*l->scratch);
	uint32_t hash = 2166136261u;
	struct wg_labels_set *s;
	uint32_t i, j, *at;
	uint32_t *slots;
	void *room;

	if (n == 1)
		return l->scratch[0];
	for (i = 0; i < n; i++)
		hash = (hash ^ l->scratch[i]) * 0x9e3779b1u;
	hash ^= hash >> 15;
	if (!grow(l))
		return one_of(l, l->scratch);
	for (i = *bucket(l, hash); i; i = s->next) {
		s = &l->sets[i - 1];
		if (s->hash == hash && s->n == n &&
		    memcmp(s->slots, l->scratch, size) == 0) {
			s->refs++;
			return i - 1 + FIRST;
		}
	}
	room = wg_mem_room(l->mem, l->sets, sizeof(*l->sets), l->n_sets + 1,
			   &l->cap_sets);
	if (!room)
		return one_of(l, l->scratch);
	l->sets = room;
	slots = wg_mem_try(l->mem, size);
	if (!slots)
		return one_of(l, l->scratch);
	memcpy(slots, l->scratch, size);
	j = l->free ? l->free - 1 : l->n_sets++;
	s = &l->sets[j];
	if (l->free)
		l->free = s->next;
	at = bucket(l, hash);
	*s = (struct wg_labels_set){slots, n, 1, hash, *at};
	*at = j + 1;
	l->n_used++;
	return j + FIRST;
}

bool wg_labels_disjoint(const struct wg_labels *l, uint32_t a, uint32_t b)
{
	struct members x = members(l, &a);
	struct members y = members(l, &b);
	uint32_t i, j;

	for (i = j = 0; i < x.n && j < y.n;) {
		if (x.slots[i] == y.slots[j])
			return false;
		if (x.slots[i] < y.slots[j])
			i++;
		else
			j++;
	}
	return true;
}

uint32_t wg_labels_combine(struct wg_labels *l, uint32_t a, uint32_t b)
{
	struct members x, y;
	uint32_t i, j, n;
	void *room;

	if (a == b)
		return wg_labels_get(l, a);
	if (a == WG_LABELS_NONE || b == WG_LABELS_NONE)
		return WG_LABELS_NONE;
	x = members(l, &a);
	y = members(l, &b);
	room = wg_mem_room(l->mem, l->scratch, sizeof(*l->scratch), x.n + y.n,
			   &l->cap_scratch);
	if (!room)
		return one_of(l, y.slots);
	l->scratch = room;
	for (i = j = n = 0; i < x.n && j < y.n;) {
		if (x.slots[i] == y.slots[j])
			l->scratch[n++] = x.slots[i];
		if (x.slots[i] < y.slots[j])
			i++;
		else if (x.slots[i] > y.slots[j])
			j++;
		else
			i++, j++;
	}
	if (n == x.n && n > 1)
		return wg_labels_get(l, a);
	if (n == y.n && n > 1)
		return wg_labels_get(l, b);
	if (n)
		return intern(l, n);
	for (i = j = 0; i < x.n || j < y.n;) {
		if (j == y.n || (i < x.n && x.slots[i] < y.slots[j]))
			l->scratch[n++] = x.slots[i++];
		else
			l->scratch[n++] = y.slots[j++];
	}
	return intern(l, n);
}
