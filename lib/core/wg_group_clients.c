/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clients of a gateway group, and what is noted about them: found by key,
 * by receiver index (for strays) and by endpoint; on a list if the device has
 * to be changed, on another if time or the device has something to do with
 * them; and in a queue for each member that is to be told of them.
 *
 * A queue names a client once, however often it changes: what is told is what
 * is when it is told.  So a queue is never longer than the clients are many,
 * and a member that is slow gets less, not later.
 */
#include "lib/core/wg_group_priv.h"

#include <assert.h>

/* --- hashes */

static uint32_t mix(uint32_t h, const void *data, size_t n)
{
	const uint8_t *b = data;

	while (n--)
		h = (h ^ *b++) * 16777619u;
	return h;
}

static struct wg_client **key_bucket(struct wg_group *g,
				     const struct wg_key *key)
{
	return &g->by_key[mix(2166136261u, key->b, sizeof(key->b)) %
			  WG_GROUP_BUCKETS];
}

static struct wg_place **endpoint_bucket(struct wg_group *g,
					 const struct wg_endpoint *e)
{
	uint32_t h = mix(2166136261u, e->addr.b, sizeof(e->addr.b));

	return &g->by_endpoint[mix(h, &e->port, sizeof(e->port)) %
			       WG_GROUP_BUCKETS];
}

static void set_place(struct wg_group *g, struct wg_client *c,
		      struct wg_place *place, const struct wg_endpoint *e)
{
	struct wg_place **at;

	if (place->endpoint.addr.family) {
		at = endpoint_bucket(g, &place->endpoint);
		while (*at != place)
			at = &(*at)->next;
		*at = place->next;
	}
	place->endpoint = *e;
	place->client = c;
	if (!e->addr.family)
		return;
	at = endpoint_bucket(g, e);
	place->next = *at;
	*at = place;
}

void wg_client_set_endpoint(struct wg_group *g, struct wg_client *c,
			    const struct wg_endpoint *e, bool own)
{
	if (own)
		set_place(g, c, &c->own, e);
	set_place(g, c, &c->last, e);
}

/* Where somebody was last counts more than where another one once was. */
struct wg_client *wg_client_at(struct wg_group *g, const struct wg_endpoint *e)
{
	struct wg_place *p = *endpoint_bucket(g, e);
	struct wg_client *found = NULL;

	for (; p; p = p->next) {
		if (!wg_group_same_place(&p->endpoint, e))
			continue;
		found = p->client;
		if (p == &found->last)
			break;
	}
	return found;
}

struct wg_client *wg_client_find(struct wg_group *g, const struct wg_key *key)
{
	struct wg_client *c = *key_bucket(g, key);

	while (c && !wg_key_same(&c->key, key))
		c = c->key_next;
	return c;
}

/* --- what is to be done */

void wg_client_mark(struct wg_group *g, struct wg_client *c)
{
	if (c->changed)
		return;
	c->changed = true;
	c->changed_next = NULL;
	*g->changed_tail = c;
	g->changed_tail = &c->changed_next;
}

struct wg_client *wg_group_next_change(struct wg_group *g)
{
	struct wg_client *c = g->changed;

	if (!c)
		return NULL;
	g->changed = c->changed_next;
	if (!g->changed)
		g->changed_tail = &g->changed;
	c->changed = false;
	return c;
}

bool wg_group_has_change(const struct wg_group *g)
{
	return g->changed;
}

/* Those that time or the device has something to do with. */
void wg_client_set_busy(struct wg_group *g, struct wg_client *c)
{
	bool busy = c->removing || c->role == WG_ROLE_TAKING ||
		    c->backup_ms != WG_NEVER;

	if (busy == c->busy)
		return;
	c->busy = busy;
	if (busy) {
		c->busy_prev = NULL;
		c->busy_next = g->busy;
		if (g->busy)
			g->busy->busy_prev = c;
		g->busy = c;
		return;
	}
	if (c->busy_prev)
		c->busy_prev->busy_next = c->busy_next;
	else
		g->busy = c->busy_next;
	if (c->busy_next)
		c->busy_next->busy_prev = c->busy_prev;
}

void wg_client_set_flying(struct wg_group *g, struct wg_client *c, bool flying)
{
	g->flying += (int)flying - (int)c->flying;
	c->flying = flying;
}

void wg_client_set_role(struct wg_group *g, struct wg_client *c,
			enum wg_role role)
{
	g->count[c->role]--;
	g->count[role]++;
	c->role = role;
	if (role != WG_ROLE_TAKING)
		wg_client_set_flying(g, c, false);
	if (role != WG_ROLE_PASSIVE) {
		c->server = -1;
		c->backup_ms = WG_NEVER;
		c->release = false;
	}
	wg_client_mark(g, c);
	wg_client_set_busy(g, c);
}

void wg_client_remove(struct wg_group *g, struct wg_client *c)
{
	c->fresh = false;
	c->removing = true;
	c->index_live = false;
	wg_client_mark(g, c);
	wg_client_set_busy(g, c);
}

void wg_client_enqueue(struct wg_group *g, unsigned m, struct wg_client *c)
{
	struct wg_member *to = &g->member[m];

	if ((c->tell | c->ask) & 1u << m)
		return; /* it is there already */
	if (to->tail == to->cap && to->head) {
		memmove(to->queue, to->queue + to->head,
			(to->tail - to->head) * sizeof(*to->queue));
		to->tail -= to->head;
		to->head = 0;
	}
	if (to->tail == to->cap) {
		size_t cap = to->cap;
		struct wg_client **q;

		q = wg_mem_get(&g->mem, (cap * 2 + 64) * sizeof(*q));
		if (cap)
			memcpy(q, to->queue, cap * sizeof(*q));
		wg_mem_put(&g->mem, to->queue, cap * sizeof(*q));
		to->queue = q;
		to->cap = cap * 2 + 64;
	}
	to->queue[to->tail++] = c;
}

void wg_client_tell(struct wg_group *g, unsigned m, struct wg_client *c)
{
	if (!g->member[m].ready)
		return;
	wg_client_enqueue(g, m, c);
	c->tell |= 1u << m;
}

void wg_client_tell_all(struct wg_group *g, struct wg_client *c)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		wg_client_tell(g, m, c);
}

static void record_of(const struct wg_client *c, int64_t now,
		      struct wg_group_record *r)
{
	static const uint8_t claims[] = {
		[WG_ROLE_PASSIVE] = WG_CLAIM_NONE,
		[WG_ROLE_TAKING] = WG_CLAIM_TAKING,
		[WG_ROLE_SERVING] = WG_CLAIM_SERVING,
	};

	*r = (struct wg_group_record){
		.key = c->key,
		.claim = claims[c->role],
		.serial = c->serial,
		.heir = c->role == WG_ROLE_PASSIVE ? c->heir : 0,
		.age_ms = WG_AGE_NONE,
		.endpoint = c->last.endpoint,
	};
	r->endpoint.scope = 0;
	if (c->role != WG_ROLE_SERVING)
		return;
	wg_index_own(c, r->index);
	if (c->handshake_ms != WG_NEVER && now - c->handshake_ms < WG_AGE_NONE)
		r->age_ms = now > c->handshake_ms ? now - c->handshake_ms : 0;
}

bool wg_group_next_msg(struct wg_group *g, unsigned m, int64_t now,
		       struct wg_group_msg *ret)
{
	struct wg_member *to = &g->member[m];
	uint32_t bit = 1u << m;
	struct wg_client *c;

	*ret = (struct wg_group_msg){};
	if (!to->ready)
		return false;
	if (to->begin) {
		to->begin = false;
		ret->kind = WG_GROUP_SNAP_BEGIN;
		return true;
	}
	if (to->head == to->tail) {
		ret->kind = WG_GROUP_SNAP_END;
		to->head = to->tail = 0;
		if (!to->end)
			return false;
		to->end = false;
		return true;
	}
	c = to->queue[to->head];
	/* a record makes room for the question of who answers it */
	if (c->tell & bit) {
		c->tell &= ~bit;
		ret->kind = WG_GROUP_CLIENT;
		record_of(c, now, &ret->record);
	} else {
		c->ask &= ~bit;
		ret->kind = WG_GROUP_ASK;
		ret->record.key = c->key;
	}
	if (!((c->tell | c->ask) & bit))
		to->head++;
	return true;
}

bool wg_group_may_take(const struct wg_group *g)
{
	unsigned m;

	if (!g->drained)
		return true;
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured && !g->member[m].dead)
			return false;
	return true;
}

void wg_client_leave(struct wg_group *g, struct wg_client *c)
{
	wg_client_set_role(g, c, WG_ROLE_PASSIVE);
	c->release = false;
	c->contests = 0;
	wg_client_remove(g, c);
}

void wg_client_release(struct wg_group *g, struct wg_client *c, uint64_t heir)
{
	c->serial++;
	c->handshake_ms = WG_NEVER;
	c->server = -1;
	wg_client_leave(g, c);
	c->release = true;
	c->heir = heir;
	g->stats.released++;
}

/* --- life */

struct wg_client *wg_client_new(struct wg_group *g, const struct wg_key *key,
				void *arg)
{
	struct wg_client *c = wg_mem_get(&g->mem, sizeof(*c));
	struct wg_client **at = key_bucket(g, key);

	assert(!wg_client_find(g, key));
	c->key = *key;
	c->arg = arg;
	c->server = -1;
	c->handshake_ms = c->backup_ms = c->again_ms = WG_NEVER;
	c->asked_ms = c->placed_ms = c->doubt_ms = c->stray_ms = WG_NEVER;
	c->doubted = -1;
	c->key_next = *at;
	*at = c;
	g->count[c->role]++;
	wg_client_mark(g, c);
	return c;
}

void wg_client_delete(struct wg_group *g, struct wg_client *c)
{
	static const struct wg_endpoint none;
	struct wg_client **at = key_bucket(g, &c->key);
	size_t i, n;
	unsigned m;

	while (*at != c)
		at = &(*at)->key_next;
	*at = c->key_next;
	wg_client_set_endpoint(g, c, &none, true);
	wg_index_forget(g, c);
	g->count[c->role]--;
	c->role = WG_ROLE_PASSIVE;
	wg_client_set_flying(g, c, false);
	c->removing = false;
	c->backup_ms = WG_NEVER;
	wg_client_set_busy(g, c);
	for (m = 0; m < WG_GROUP_MEMBERS; m++) {
		struct wg_member *to = &g->member[m];

		if (!((c->tell | c->ask) & 1u << m))
			continue;
		for (i = n = to->head; i < to->tail; i++)
			if (to->queue[i] != c)
				to->queue[n++] = to->queue[i];
		to->tail = n;
	}
	if (c->changed) {
		at = &g->changed;
		while (*at != c)
			at = &(*at)->changed_next;
		*at = c->changed_next;
		if (!*at)
			g->changed_tail = at;
	}
	wg_mem_put(&g->mem, c, sizeof(*c));
}

struct wg_client *wg_client_next(struct wg_group *g,
				 const struct wg_client *after)
{
	size_t i = 0;

	if (after) {
		if (after->key_next)
			return after->key_next;
		i = key_bucket(g, &after->key) - g->by_key + 1;
	}
	for (; i < WG_GROUP_BUCKETS; i++)
		if (g->by_key[i])
			return g->by_key[i];
	return NULL;
}

struct wg_client *wg_client_busy(struct wg_group *g,
				 const struct wg_client *after)
{
	return after ? after->busy_next : g->busy;
}

size_t wg_group_count(const struct wg_group *g, enum wg_role role)
{
	return g->count[role];
}
