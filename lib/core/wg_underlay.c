// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The underlay.
 *
 * There are two sorted arrays: endpoints, and covers.  A cover is a prefix
 * around an endpoint, or a default route, with the next hops of its best route
 * and with the last ones seen there that lead outside.  The two differ when a
 * route over a tunnel has taken the place of one outside: zebra tells the best
 * route of a prefix only, so the other is remembered.
 *
 * The second table is the `outside` of all covers, no more.  So the longest
 * match in it is the longest prefix that is known to lead outside, whatever a
 * tunnel has put before it; and an address that nobody has heard of yet, the
 * new one of a peer that moved, goes by the underlay's default route at once.
 *
 * Where the knowledge comes from:
 *  - route messages, told for every prefix, are taken where they concern a
 *    cover.  With recursive next hops they say too little;
 *  - tracking tells the longest match of an endpoint with resolved next hops,
 *    so longer covers are gone;
 *  - what an earlier life had written is found in the table itself.
 *
 * One case is not seen: a route outside that changes while a tunnel's route to
 * the very same prefix hides it.  The old next hops stay until it is the best
 * again; if their link goes, the kernel drops them.
 *
 * Who can send what gets here: routing neighbours, by zebra.  At worst one of
 * them hides a route; a next hop into a tunnel never gets into the table, and
 * the table is for marked packets alone.
 *
 * Memory is as much as there are endpoints: configuration, so it is taken for
 * granted (wg_mem.h).
 */
#include "lib/core/wg_underlay.h"

#include <assert.h>

#include "lib/core/wg_hops.h"
#include "lib/core/wg_sorted.h"

struct cover {
	struct wg_prefix prefix; /* first */
	struct wg_hops best;	 /* of its best route; none: not known */
	struct wg_hops outside;	 /* the last ones that led outside */
	bool told;		 /* since the replay began */
	bool dirty;		 /* outside changed */
};

struct under {
	struct wg_prefix host; /* of the address; first */
	unsigned refs;
	bool told; /* by tracking, at least once */
};

struct wg_underlay {
	struct wg_mem mem;
	struct wg_sorted unders; /* struct under */
	struct wg_sorted covers; /* struct cover */
	uint32_t *tunnels;
	size_t n_tunnels, cap_tunnels;
	uint32_t generation;
	bool dirty; /* some cover is */
};

/* --- next hops */

static bool is_tunnel(const struct wg_underlay *u, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < u->n_tunnels; i++)
		if (u->tunnels[i] == ifindex)
			return true;
	return false;
}

/* The link of the first next hop that is a tunnel, or is none; 0: no such. */
static uint32_t link_of(const struct wg_underlay *u, const struct wg_hops *hops,
			bool tunnel)
{
	size_t i;

	for (i = 0; i < hops->n; i++)
		if (is_tunnel(u, hops->nh[i].ifindex) == tunnel)
			return hops->nh[i].ifindex;
	return 0;
}

static bool is_recursive(const struct wg_nexthop *nh, size_t n)
{
	while (n--)
		if (!nh[n].ifindex)
			return true;
	return false;
}

/* --- the arrays */

static struct under *under_at(const struct wg_underlay *u, size_t i)
{
	return (struct under *)u->unders.at[i];
}

static struct cover *cover_at(const struct wg_underlay *u, size_t i)
{
	return (struct cover *)u->covers.at[i];
}

static struct under *find_under(const struct wg_underlay *u,
				const struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);

	return wg_sorted_find(&u->unders, &host);
}

/* Is the prefix around an endpoint, or a default route? */
static bool concerns(const struct wg_underlay *u, const struct wg_prefix *p)
{
	size_t i;

	if (!p->len)
		return true;
	i = wg_sorted_first(&u->unders, p);
	return i < u->unders.n && wg_prefix_covers(p, u->unders.at[i]);
}

static struct cover *get_cover(struct wg_underlay *u, const struct wg_prefix *p)
{
	struct cover *c = wg_sorted_find(&u->covers, p);

	if (c)
		return c;
	c = wg_mem_get(&u->mem, sizeof(*c));
	c->prefix = *p;
	wg_sorted_add(&u->mem, &u->covers, c);
	return c;
}

/* The next longer to shorter cover of the endpoint, from *LEN (-1: no more). */
static struct cover *next_cover(const struct wg_underlay *u,
				const struct wg_prefix *host, int *len)
{
	while (*len >= 0) {
		struct wg_prefix p = *host;
		struct cover *c;

		p.len = (*len)--;
		wg_prefix_mask(&p);
		c = wg_sorted_find(&u->covers, &p);
		if (c)
			return c;
	}
	return NULL;
}

/* --- covers */

static void set_outside(struct wg_underlay *u, struct cover *c,
			const struct wg_nexthop *nh, size_t n)
{
	if (!wg_hops_set(&u->mem, &c->outside, nh, n))
		return;
	c->dirty = true;
	u->dirty = true;
	u->generation++;
}

/* Remember those next hops of the best route that lead outside, if any do. */
static void remember(struct wg_underlay *u, struct cover *c)
{
	struct wg_nexthop nh[c->best.n ?: 1];
	size_t i, n = 0;

	for (i = 0; i < c->best.n; i++)
		if (!is_tunnel(u, c->best.nh[i].ifindex))
			nh[n++] = c->best.nh[i];
	if (n)
		set_outside(u, c, nh, n);
}

static void set_best(struct wg_underlay *u, struct cover *c,
		     const struct wg_nexthop *nh, size_t n)
{
	c->told = true;
	u->generation += wg_hops_set(&u->mem, &c->best, nh, n);
	remember(u, c);
}

/* It goes when its end was told (wg_underlay_next). */
static void end_cover(struct wg_underlay *u, struct cover *c)
{
	c->told = false;
	u->generation += wg_hops_set(&u->mem, &c->best, NULL, 0);
	set_outside(u, c, NULL, 0);
	c->dirty = true;
	u->dirty = true;
}

static void drop_cover(struct wg_underlay *u, struct cover *c)
{
	wg_sorted_remove(&u->covers, c);
	wg_hops_set(&u->mem, &c->best, NULL, 0);
	wg_hops_set(&u->mem, &c->outside, NULL, 0);
	wg_mem_put(&u->mem, c, sizeof(*c));
}

/* --- what comes in */

void wg_underlay_set_tunnel(struct wg_underlay *u, uint32_t ifindex, bool is)
{
	size_t i;

	if (!ifindex || is_tunnel(u, ifindex) == is)
		return;
	if (is) {
		u->tunnels = wg_mem_room(&u->mem, u->tunnels, sizeof(ifindex),
					 u->n_tunnels + 1, &u->cap_tunnels);
		assert(u->tunnels);
		u->tunnels[u->n_tunnels++] = ifindex;
	} else {
		for (i = 0; u->tunnels[i] != ifindex; i++)
			;
		u->tunnels[i] = u->tunnels[--u->n_tunnels];
	}
	u->generation++;
	for (i = 0; i < u->covers.n; i++) {
		struct cover *c = cover_at(u, i);

		/* it was told before it was known to be a tunnel */
		if (link_of(u, &c->outside, true))
			set_outside(u, c, NULL, 0);
		remember(u, c);
	}
}

void wg_underlay_hold(struct wg_underlay *u, const struct wg_addr *addr)
{
	struct under *e = find_under(u, addr);

	if (!e) {
		e = wg_mem_get(&u->mem, sizeof(*e));
		e->host = wg_prefix_host(addr);
		wg_sorted_add(&u->mem, &u->unders, e);
		u->generation++;
	}
	e->refs++;
}

void wg_underlay_release(struct wg_underlay *u, const struct wg_addr *addr)
{
	struct under *e = find_under(u, addr);
	struct wg_prefix host;
	struct cover *c;
	int len;

	assert(e && e->refs);
	if (--e->refs)
		return;
	host = e->host;
	len = host.len;
	wg_sorted_remove(&u->unders, e);
	wg_mem_put(&u->mem, e, sizeof(*e));
	while ((c = next_cover(u, &host, &len)))
		if (!concerns(u, &c->prefix))
			end_cover(u, c);
	u->generation++;
}

void wg_underlay_told(struct wg_underlay *u, const struct wg_addr *addr,
		      const struct wg_way *way)
{
	struct under *e = find_under(u, addr);
	struct cover *c;
	int len;

	if (!e || is_recursive(way->nh, way->n_nh) ||
	    (way->n_nh && !wg_prefix_covers(&way->prefix, &e->host)))
		return;
	u->generation += !e->told;
	e->told = true;
	len = e->host.len;
	/* what is longer than the longest match is not there */
	while ((c = next_cover(u, &e->host, &len)) &&
	       (!way->n_nh || c->prefix.len > way->prefix.len))
		end_cover(u, c);
	if (way->n_nh)
		set_best(u, get_cover(u, &way->prefix), way->nh, way->n_nh);
}

void wg_underlay_route(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh)
{
	struct cover *c;

	if (!concerns(u, prefix))
		return;
	c = wg_sorted_find(&u->covers, prefix);
	if (!n_nh) {
		if (c)
			end_cover(u, c);
		return;
	}
	if (!is_recursive(nh, n_nh))
		set_best(u, c ?: get_cover(u, prefix), nh, n_nh);
	else if (c)
		c->told = true; /* by tracking, what it leads to */
}

void wg_underlay_found(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh)
{
	struct wg_hops hops = {.nh = (struct wg_nexthop *)nh, .n = n_nh};
	struct cover *c;

	if (!n_nh || is_recursive(nh, n_nh) || link_of(u, &hops, true))
		return;
	c = get_cover(u, prefix);
	if (!c->outside.n)
		set_outside(u, c, nh, n_nh);
}

void wg_underlay_replay_begin(struct wg_underlay *u)
{
	size_t i;

	for (i = 0; i < u->covers.n; i++)
		cover_at(u, i)->told = false;
}

void wg_underlay_replay_end(struct wg_underlay *u)
{
	size_t i;

	for (i = 0; i < u->covers.n; i++)
		if (!cover_at(u, i)->told)
			end_cover(u, cover_at(u, i));
}

/* --- what goes out */

static void fill(const struct cover *c, struct wg_underlay_route *ret)
{
	*ret = (struct wg_underlay_route){
		.prefix = c->prefix,
		.nh = c->outside.nh,
		.n_nh = c->outside.n,
	};
}

bool wg_underlay_next(struct wg_underlay *u, struct wg_underlay_route *ret)
{
	struct cover *c;
	size_t i;

	if (!u->dirty)
		return false;
	for (i = 0; i < u->covers.n; i++) {
		c = cover_at(u, i);
		if (!c->dirty)
			continue;
		c->dirty = false;
		fill(c, ret);
		if (!c->outside.n && !c->best.n && !c->told)
			drop_cover(u, c);
		return true;
	}
	u->dirty = false;
	return false;
}

bool wg_underlay_walk(const struct wg_underlay *u, size_t *at,
		      struct wg_underlay_route *ret)
{
	while (*at < u->covers.n) {
		const struct cover *c = cover_at(u, (*at)++);

		if (!c->outside.n)
			continue;
		fill(c, ret);
		return true;
	}
	return false;
}

bool wg_underlay_has(const struct wg_underlay *u,
		     const struct wg_prefix *prefix)
{
	const struct cover *c = wg_sorted_find(&u->covers, prefix);

	return c && c->outside.n;
}

const char *wg_reach_str(enum wg_reach path)
{
	static const char *const names[] = {
		[WG_REACH_UNKNOWN] = "unknown", [WG_REACH_NONE] = "unreachable",
		[WG_REACH_OUTSIDE] = "outside", [WG_REACH_MARKED] = "marked",
		[WG_REACH_INSIDE] = "inside",
	};

	return names[path];
}

enum wg_reach wg_underlay_path(const struct wg_underlay *u,
			       const struct wg_addr *addr,
			       uint32_t *ret_ifindex)
{
	const struct under *e = find_under(u, addr);
	const struct cover *route = NULL, *exit = NULL, *c;
	int len;

	*ret_ifindex = 0;
	if (!e)
		return WG_REACH_UNKNOWN;
	len = e->host.len;
	while ((c = next_cover(u, &e->host, &len))) {
		if (!route && c->best.n)
			route = c;
		if (!exit && c->outside.n)
			exit = c;
	}
	if (!route)
		return e->told ? WG_REACH_NONE : WG_REACH_UNKNOWN;
	*ret_ifindex = link_of(u, &route->best, true);
	if (!*ret_ifindex) {
		*ret_ifindex = link_of(u, &route->best, false);
		return WG_REACH_OUTSIDE;
	}
	if (!exit)
		return WG_REACH_INSIDE;
	*ret_ifindex = link_of(u, &exit->outside, false);
	return WG_REACH_MARKED;
}

uint32_t wg_underlay_generation(const struct wg_underlay *u)
{
	return u->generation;
}

/* --- life */

struct wg_underlay *wg_underlay_new(void)
{
	struct wg_mem mem = {};
	struct wg_underlay *u = wg_mem_get(&mem, sizeof(*u));

	u->mem = mem;
	return u;
}

void wg_underlay_delete(struct wg_underlay **underlay)
{
	struct wg_underlay *u = *underlay;
	struct wg_mem mem;

	if (!u)
		return;
	while (u->unders.n) {
		struct under *e = under_at(u, 0);

		wg_sorted_remove(&u->unders, e);
		wg_mem_put(&u->mem, e, sizeof(*e));
	}
	while (u->covers.n)
		drop_cover(u, cover_at(u, 0));
	wg_sorted_free(&u->mem, &u->unders);
	wg_sorted_free(&u->mem, &u->covers);
	wg_mem_put(&u->mem, u->tunnels, u->cap_tunnels * sizeof(*u->tunnels));
	mem = u->mem;
	wg_mem_put(&mem, u, sizeof(*u));
	assert(mem.used == 0);
	*underlay = NULL;
}

void wg_underlay_check(const struct wg_underlay *u)
{
	const struct cover *c;
	size_t i;

	wg_sorted_check(&u->unders);
	wg_sorted_check(&u->covers);
	for (i = 0; i < u->unders.n; i++)
		assert(under_at(u, i)->refs);
	for (i = 0; i < u->covers.n; i++) {
		c = cover_at(u, i);
		assert(!c->dirty || u->dirty);
		/* the second table never leads into a tunnel */
		assert(!link_of(u, &c->outside, true));
		assert(c->dirty || c->told || c->outside.n || c->best.n);
		/* what leads outside now is what the table has */
		if (c->best.n && !link_of(u, &c->best, true))
			assert(c->outside.n == c->best.n);
	}
}
