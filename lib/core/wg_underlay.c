/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the endpoints.
 *
 * Everything is derived from two sorted arrays: endpoints, and covers.  A
 * cover is a prefix around endpoints, with the next hops of its best route and
 * with the last ones seen there that lead outside.  The two differ when a
 * route over a tunnel has taken the place of one outside: routing tells the
 * best route of a prefix only, so the other is remembered.
 *
 * An endpoint's route is its longest cover that has next hops.  If it leads
 * into a tunnel, the endpoint is kept outside by a host route with the
 * remembered next hops of the longest cover that has any.
 *
 * Where the knowledge comes from:
 *  - tracking tells the longest match of an endpoint, so longer covers are
 *    gone.  It sees our host route too, and then nothing else;
 *  - route messages, told for every prefix, are looked at where they concern a
 *    cover, or an endpoint that is inside or kept outside.  With recursive
 *    next hops they say too little: those are left to tracking.
 * If what made a host route necessary goes and nothing else is known, the host
 * route goes too, and tracking is asked.
 *
 * A host route that tracking finds and that we did not order is of an earlier
 * life.  It is kept until routing says that it is not needed, and its next
 * hops are the best guess of where the outside is.
 *
 * One case is not seen: a tunnel's route to the very host prefix, which our
 * host route replaces.  It stays until the way outside changes.
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
};

struct under {
	struct wg_prefix host; /* of the address; first */
	unsigned refs;
	bool told;	   /* by tracking, at least once */
	bool inside;	   /* its route leads into a tunnel */
	bool kept;	   /* we want a host route */
	bool working;	   /* ... and tracking has seen it */
	bool ordered;	   /* there was one of this life */
	bool ask;	   /* tracking again */
	bool dirty;	   /* want of a host route changed */
	struct wg_hops nh; /* of the host route */
};

struct wg_underlay {
	struct wg_mem mem;
	struct wg_sorted unders; /* struct under */
	struct wg_sorted covers; /* struct cover */
	uint32_t *tunnels;
	size_t n_tunnels, cap_tunnels;
	size_t n_inside, n_kept; /* unders that are */
	uint32_t generation;
	bool dirty; /* some under is */
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

/* Remember those next hops that lead outside, if there are any. */
static bool remember(struct wg_underlay *u, struct wg_hops *outside,
		     const struct wg_hops *from)
{
	struct wg_nexthop nh[from->n ?: 1];
	size_t i, n = 0;

	for (i = 0; i < from->n; i++)
		if (!is_tunnel(u, from->nh[i].ifindex))
			nh[n++] = from->nh[i];
	return n && wg_hops_set(&u->mem, outside, nh, n);
}

/* --- the arrays */

static struct under *under_at(const struct wg_underlay *u, size_t i)
{
	return (struct under *)u->unders.at[i];
}

#define each_under(u, p, i)                                                    \
	for ((i) = wg_sorted_first(&(u)->unders, p);                           \
	     (i) < (u)->unders.n && wg_prefix_covers(p, (u)->unders.at[i]);    \
	     (i)++)

static struct under *find_under(const struct wg_underlay *u,
				const struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);

	return wg_sorted_find(&u->unders, &host);
}

/* Does the prefix cover an endpoint? */
static bool is_around_any(const struct wg_underlay *u,
			  const struct wg_prefix *p)
{
	size_t i;

	each_under(u, p, i) return true;
	return false;
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

static void drop_cover(struct wg_underlay *u, struct cover *c)
{
	wg_sorted_remove(&u->covers, c);
	wg_hops_set(&u->mem, &c->best, NULL, 0);
	wg_hops_set(&u->mem, &c->outside, NULL, 0);
	wg_mem_put(&u->mem, c, sizeof(*c));
}

/* The next longer to shorter cover of the endpoint, from *LEN (-1: no more). */
static struct cover *next_cover(const struct wg_underlay *u,
				const struct under *e, int *len)
{
	while (*len >= 0) {
		struct wg_prefix p = e->host;
		struct cover *c;

		p.len = (*len)--;
		wg_prefix_mask(&p);
		c = wg_sorted_find(&u->covers, &p);
		if (c)
			return c;
	}
	return NULL;
}

/* Its route: the longest cover that has next hops. */
static struct cover *route_of(const struct wg_underlay *u,
			      const struct under *e)
{
	int len = e->host.len;
	struct cover *c;

	while ((c = next_cover(u, e, &len)) && !c->best.n)
		;
	return c;
}

/* The longest cover that knows a way outside. */
static struct cover *exit_of(const struct wg_underlay *u, const struct under *e)
{
	int len = e->host.len;
	struct cover *c;

	while ((c = next_cover(u, e, &len)) && !link_of(u, &c->outside, false))
		;
	return c;
}

/* --- deriving */

static void set_kept(struct wg_underlay *u, struct under *e,
		     const struct wg_nexthop *nh, size_t n)
{
	if (!wg_hops_set(&u->mem, &e->nh, nh, n))
		return;
	u->n_kept += (n != 0) - e->kept;
	e->kept = n;
	e->ordered |= e->kept;
	e->working &= e->kept;
	e->dirty = true;
	u->dirty = true;
	u->generation++;
}

static void derive(struct wg_underlay *u, struct under *e)
{
	struct cover *route = route_of(u, e);
	bool inside = route && link_of(u, &route->best, true);
	struct wg_hops out = {};
	struct cover *exit;

	u->n_inside += inside - e->inside;
	u->generation += inside != e->inside;
	e->inside = inside;
	if (!route)
		return; /* nothing is known, so nothing changes */
	exit = inside && e->refs ? exit_of(u, e) : NULL;
	if (exit)
		remember(u, &out, &exit->outside);
	set_kept(u, e, out.nh, out.n);
	wg_hops_set(&u->mem, &out, NULL, 0);
}

static void derive_under(struct wg_underlay *u, const struct wg_prefix *p)
{
	size_t i;

	each_under(u, p, i) derive(u, under_at(u, i));
}

static void derive_all(struct wg_underlay *u)
{
	size_t i;

	for (i = 0; i < u->unders.n; i++)
		derive(u, under_at(u, i));
}

/* The best route of a cover; returns whether anything is new. */
static bool set_best(struct wg_underlay *u, struct cover *c,
		     const struct wg_nexthop *nh, size_t n)
{
	bool new = wg_hops_set(&u->mem, &c->best, nh, n);

	return remember(u, &c->outside, &c->best) || new;
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
	derive_all(u);
}

void wg_underlay_hold(struct wg_underlay *u, const struct wg_addr *addr)
{
	struct under *e = find_under(u, addr);

	if (!e) {
		e = wg_mem_get(&u->mem, sizeof(*e));
		e->host = wg_prefix_host(addr);
		wg_sorted_add(&u->mem, &u->unders, e);
	}
	/*
	 * One that is new may know the way by others' covers: who roams waits
	 * for nobody.  One that was on its way out stays.
	 */
	if (e->refs++ == 0)
		derive(u, e);
}

/* Not held by anybody, and zebra was told. */
static void forget(struct wg_underlay *u, struct under *e)
{
	int len = e->host.len;
	struct cover *c;

	wg_sorted_remove(&u->unders, e);
	u->n_inside -= e->inside;
	u->n_kept -= e->kept;
	while ((c = next_cover(u, e, &len)))
		if (!is_around_any(u, &c->prefix))
			drop_cover(u, c);
	wg_hops_set(&u->mem, &e->nh, NULL, 0);
	wg_mem_put(&u->mem, e, sizeof(*e));
}

void wg_underlay_release(struct wg_underlay *u, const struct wg_addr *addr)
{
	struct under *e = find_under(u, addr);

	assert(e && e->refs);
	if (--e->refs)
		return;
	if (e->kept || e->dirty) {
		/* the host route goes first, then the endpoint */
		set_kept(u, e, NULL, 0);
		e->ask = false;
		return;
	}
	forget(u, e);
}

bool wg_underlay_holds(const struct wg_underlay *u, const struct wg_addr *addr,
		       bool *ret_kept)
{
	const struct under *e = find_under(u, addr);

	if (!e || !e->refs)
		return false;
	*ret_kept = e->kept;
	return true;
}

static void told_ours(struct wg_underlay *u, struct under *e,
		      const struct wg_way *way)
{
	struct wg_prefix all = {.family = e->host.family};
	struct cover *c;

	if (e->kept) {
		u->generation += !e->working;
		e->working = true;
		return;
	}
	if (e->ordered)
		return; /* an old answer */
	c = get_cover(u, &all);
	if (!c->outside.n &&
	    wg_hops_set(&u->mem, &c->outside, way->nh, way->n_nh))
		derive_under(u, &all);
	if (!route_of(u, e))
		set_kept(u, e, way->nh, way->n_nh);
	e->working = e->kept;
}

void wg_underlay_told(struct wg_underlay *u, const struct wg_addr *addr,
		      const struct wg_way *way)
{
	struct under *e = find_under(u, addr);
	int len = e ? e->host.len : -1;
	struct wg_prefix p = way->prefix;
	struct cover *c;

	if (!e || is_recursive(way->nh, way->n_nh))
		return;
	u->generation += !e->told;
	e->told = true;
	if (way->ours) {
		told_ours(u, e, way);
		return;
	}
	u->generation += e->working;
	e->working = false;
	/* what is longer than the longest match is not there */
	while ((c = next_cover(u, e, &len)) &&
	       (!way->n_nh || c->prefix.len > p.len)) {
		p = c->prefix;
		drop_cover(u, c);
		derive_under(u, &p);
		p = way->prefix;
	}
	if (!way->n_nh) {
		u->generation++;
		set_kept(u, e, NULL, 0);
		return;
	}
	if (set_best(u, get_cover(u, &p), way->nh, way->n_nh))
		derive_under(u, &p);
}

/* Is there an endpoint under the prefix that tracking tells nothing about? */
static bool concerns(const struct wg_underlay *u, const struct wg_prefix *p)
{
	size_t i;

	if (u->n_inside || u->n_kept || u->dirty)
		each_under(u, p, i) if (under_at(u, i)->inside ||
					under_at(u, i)->kept ||
					under_at(u, i)->dirty) return true;
	return false;
}

void wg_underlay_route(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh)
{
	struct cover *c = wg_sorted_find(&u->covers, prefix);
	struct under *e;
	size_t i;

	if (n_nh) {
		if (is_recursive(nh, n_nh) || (!c && !concerns(u, prefix)))
			return;
		if (set_best(u, c ? c : get_cover(u, prefix), nh, n_nh))
			derive_under(u, prefix);
		return;
	}
	if (!c)
		return;
	drop_cover(u, c);
	each_under(u, prefix, i)
	{
		e = under_at(u, i);
		derive(u, e);
		if (e->kept && !route_of(u, e)) {
			set_kept(u, e, NULL, 0);
			e->ask = e->refs;
		}
	}
}

/* --- what goes out */

bool wg_underlay_next(struct wg_underlay *u, bool all_told,
		      struct wg_underlay_want *ret)
{
	struct under *e;
	size_t i;

	if (!u->dirty)
		return false;
	for (i = 0; i < u->unders.n; i++) {
		e = under_at(u, i);
		if (!e->dirty || (!e->kept && e->refs && !all_told))
			continue;
		*ret = (struct wg_underlay_want){
			.addr.family = e->host.family,
			.ask = e->ask,
			.nh = e->nh.nh,
			.n_nh = e->nh.n,
		};
		memcpy(ret->addr.b, e->host.b, sizeof(ret->addr.b));
		e->dirty = false;
		e->ask = false;
		if (!e->refs)
			forget(u, e);
		return true;
	}
	/* those that are held back are looked for again */
	u->dirty = !all_told;
	return false;
}

void wg_underlay_replay(struct wg_underlay *u)
{
	size_t i;

	for (i = 0; i < u->unders.n; i++) {
		under_at(u, i)->dirty |= under_at(u, i)->kept;
		u->dirty |= under_at(u, i)->dirty;
	}
}

const char *wg_path_str(enum wg_path path)
{
	static const char *const names[] = {
		[WG_PATH_UNKNOWN] = "unknown", [WG_PATH_NONE] = "unreachable",
		[WG_PATH_OUTSIDE] = "outside", [WG_PATH_KEPT] = "host-route",
		[WG_PATH_INSIDE] = "inside",
	};

	return names[path];
}

enum wg_path wg_underlay_path(const struct wg_underlay *u,
			      const struct wg_addr *addr, uint32_t *ret_ifindex)
{
	const struct under *e = find_under(u, addr);
	const struct cover *route = e ? route_of(u, e) : NULL;

	*ret_ifindex = 0;
	if (!e)
		return WG_PATH_UNKNOWN;
	if (e->kept && (e->working || !route)) {
		*ret_ifindex = link_of(u, &e->nh, false);
		return WG_PATH_KEPT;
	}
	if (!route)
		return e->told ? WG_PATH_NONE : WG_PATH_UNKNOWN;
	*ret_ifindex = link_of(u, &route->best, e->inside);
	return e->inside ? WG_PATH_INSIDE : WG_PATH_OUTSIDE;
}

bool wg_underlay_awaits(const struct wg_underlay *u, const struct wg_addr *addr)
{
	const struct under *e = find_under(u, addr);

	return e && e->kept && !e->working;
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
	while (u->unders.n)
		forget(u, under_at(u, 0));
	assert(!u->covers.n);
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
	size_t i, n_inside = 0, n_kept = 0;
	const struct cover *route;
	const struct under *e;

	wg_sorted_check(&u->unders);
	wg_sorted_check(&u->covers);
	for (i = 0; i < u->unders.n; i++) {
		e = under_at(u, i);
		route = route_of(u, e);
		assert(e->refs || e->dirty);
		assert(!e->dirty || u->dirty);
		assert(e->kept == (e->nh.n != 0));
		assert(!e->working || e->kept);
		assert(e->inside ==
		       (route && link_of(u, &route->best, true) != 0));
		/* a host route never leads into a tunnel */
		assert(!e->kept || !link_of(u, &e->nh, true));
		if (route && e->refs)
			assert(e->kept == (e->inside && exit_of(u, e)));
		n_inside += e->inside;
		n_kept += e->kept;
	}
	assert(n_inside == u->n_inside && n_kept == u->n_kept);
	for (i = 0; i < u->covers.n; i++)
		assert(is_around_any(u, u->covers.at[i]));
}
