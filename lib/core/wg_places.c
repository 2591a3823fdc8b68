/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Candidates of one attempt.
 *
 * Who can send what is in here: what is told came by a hub, which can invent
 * it; what is seen had the MAC of the pair, but the sender's address of a
 * packet can be forged, or be that of who repeats it elsewhere.  So a place
 * costs whoever has it at most WG_PLACES_PINGS probes of 54 bytes in an
 * attempt, and nothing else ever goes there before it is proven: only the
 * member itself, or who passes on what it gets to it, can answer a probe.  Who
 * does the latter is a relay, which sees what any relay sees: sealed packets.
 */
#include "lib/core/wg_places.h"

#include <assert.h>

/* --- what is fit */

/* What no packet of a host in the internet, or behind a NAT, comes from. */
static bool is_fit(const struct wg_endpoint *e)
{
	return (e->addr.family == AF_INET || e->addr.family == AF_INET6) &&
	       e->port && !wg_addr_unfit(&e->addr, WG_USE_SOURCE);
}

static bool has_addr(const struct wg_endpoint *v, size_t n,
		     const struct wg_addr *a)
{
	while (n--)
		if (wg_addr_same(&v[n].addr, a))
			return true;
	return false;
}

static bool is_among(const struct wg_endpoint *v, size_t n,
		     const struct wg_endpoint *e)
{
	while (n--)
		if (wg_endpoint_same(&v[n], e))
			return true;
	return false;
}

/* Is one public address in both? */
static bool is_behind_one(const struct wg_endpoint *theirs, size_t n,
			  const struct wg_endpoint *own, size_t n_own)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!wg_addr_is_private(&theirs[i].addr) &&
		    has_addr(own, n_own, &theirs[i].addr))
			return true;
	return false;
}

size_t wg_places_fit(const struct wg_endpoint *theirs, size_t n,
		     const struct wg_endpoint *own, size_t n_own,
		     struct wg_endpoint *ret)
{
	bool behind_one = is_behind_one(theirs, n, own, n_own);
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		const struct wg_endpoint *e = &theirs[i];

		if (!is_fit(e) || is_among(ret, k, e) ||
		    is_among(own, n_own, e))
			continue;
		if (wg_addr_is_private(&e->addr) && !behind_one)
			continue;
		/* the public one of a NAT that both are behind may hairpin */
		if (has_addr(own, n_own, &e->addr) &&
		    (!behind_one || wg_addr_is_private(&e->addr)))
			continue;
		ret[k++] = *e;
	}
	return k;
}

/* --- the list */

static unsigned count(const struct wg_places *p, bool is_told)
{
	unsigned i, n = 0;

	for (i = 0; i < p->n; i++)
		n += p->v[i].is_told == is_told;
	return n;
}

int wg_places_find(const struct wg_places *p, const struct wg_endpoint *at)
{
	int i;

	for (i = 0; i < p->n; i++)
		if (wg_endpoint_same(&p->v[i].at, at))
			return i;
	return -1;
}

int wg_places_add(struct wg_places *p, const struct wg_endpoint *at,
		  bool is_told, unsigned pings, int64_t due)
{
	int i = wg_places_find(p, at);

	if (i >= 0)
		return i;
	if (!is_fit(at) ||
	    count(p, is_told) >= (is_told ? WG_PLACES_TOLD : WG_PLACES_SEEN))
		return -1;
	p->v[p->n] = (struct wg_places_place){
		.at = *at,
		.is_told = is_told,
		.left = pings,
		.due_ms = due,
	};
	return p->n++;
}

void wg_places_start(struct wg_places *p, int64_t due)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		p->v[i].due_ms = due;
}

void wg_places_stop(struct wg_places *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		p->v[i].left = 0;
}

void wg_places_keep(struct wg_places *p, int index)
{
	p->v[0] = p->v[index];
	p->n = 1;
}

/* --- probes */

int64_t wg_places_due(const struct wg_places *p)
{
	int64_t due = INT64_MAX;
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].left && p->v[i].due_ms < due)
			due = p->v[i].due_ms;
	return due;
}

int wg_places_next(struct wg_places *p, int64_t now)
{
	int i;

	for (i = 0; i < p->n; i++) {
		struct wg_places_place *place = &p->v[i];

		if (!place->left || place->due_ms > now)
			continue;
		place->left--;
		/* what was not sent in time is not sent in a burst */
		place->due_ms = now + WG_PLACES_EVERY_MS;
		return i;
	}
	return -1;
}

void wg_places_prove(struct wg_places *p, int index,
		     const struct wg_endpoint *seen, uint32_t rtt_ms)
{
	struct wg_places_place *place = &p->v[index];

	if (!place->is_proven || rtt_ms < place->rtt_ms)
		place->rtt_ms = rtt_ms;
	place->is_proven = true;
	place->seen = *seen;
}

static unsigned rank(const struct wg_places_place *place)
{
	if (wg_addr_is_private(&place->at.addr))
		return 0;
	return place->at.addr.family == AF_INET6 ? 1 : 2;
}

int wg_places_best(const struct wg_places *p)
{
	int i, best = -1;

	for (i = 0; i < p->n; i++) {
		const struct wg_places_place *a = &p->v[i], *b;

		if (!a->is_proven)
			continue;
		b = best < 0 ? NULL : &p->v[best];
		if (!b || rank(a) < rank(b) ||
		    (rank(a) == rank(b) && a->rtt_ms < b->rtt_ms))
			best = i;
	}
	return best;
}

void wg_places_check(const struct wg_places *p)
{
	int i;

	assert(p->n <= WG_PLACES_MAX);
	assert(count(p, true) <= WG_PLACES_TOLD);
	assert(count(p, false) <= WG_PLACES_SEEN);
	for (i = 0; i < p->n; i++) {
		assert(is_fit(&p->v[i].at));
		assert(p->v[i].left <= WG_PLACES_PINGS);
		assert(wg_places_find(p, &p->v[i].at) == i);
	}
}
