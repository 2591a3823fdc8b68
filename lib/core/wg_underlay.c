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

#include "lib/core/wg_mem.h"

struct hops {
	struct wg_nexthop *nh;
	size_t n;
};

struct cover {
	struct wg_prefix prefix;
	struct hops best;    /* of its best route; none: not known */
	struct hops outside; /* the last ones that led outside */
};

struct under {
	struct wg_prefix host; /* of the address */
	unsigned refs;
	bool told;	/* by tracking, at least once */
	bool inside;	/* its route leads into a tunnel */
	bool kept;	/* we want a host route */
	bool working;	/* ... and tracking has seen it */
	bool ordered;	/* there was one of this life */
	bool ask;	/* tracking again */
	bool dirty;	/* want of a host route changed */
	struct hops nh; /* of the host route */
};

struct wg_underlay {
	struct wg_mem mem;
	struct under **unders; /* by host prefix */
	size_t n_unders, cap_unders;
	struct cover **covers; /* by prefix */
	size_t n_covers, cap_covers;
	uint32_t *tunnels;
	size_t n_tunnels, cap_tunnels;
	size_t n_inside, n_kept; /* unders that are */
	uint32_t generation;
	bool dirty; /* some under is */
};

/* --- next hops */

static bool same_hops(const struct hops *a, const struct wg_nexthop *nh,
		      size_t n)
{
	size_t i;

	if (a->n != n)
		return false;
	for (i = 0; i < n; i++)
		if (!wg_addr_same(&a->nh[i].gateway, &nh[i].gateway) ||
		    a->nh[i].ifindex != nh[i].ifindex)
			return false;
	return true;
}

/* Returns whether that is something new. */
static bool set_hops(struct wg_underlay *u, struct hops *hops,
		     const struct wg_nexthop *nh, size_t n)
{
	struct wg_nexthop *new = NULL;

	if (same_hops(hops, nh, n))
		return false;
	if (n) {
		new = wg_mem_get(&u->mem, n * sizeof(*nh));
		memcpy(new, nh, n * sizeof(*nh));
	}
	wg_mem_put(&u->mem, hops->nh, hops->n * sizeof(*nh));
	*hops = (struct hops){.nh = new, .n = n};
	return true;
}

static bool is_tunnel(const struct wg_underlay *u, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < u->n_tunnels; i++)
		if (u->tunnels[i] == ifindex)
			return true;
	return false;
}

/* The link of the first next hop that is a tunnel, or is none; 0: no such. */
static uint32_t link_of(const struct wg_underlay *u, const struct hops *hops,
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
static bool remember(struct wg_underlay *u, struct hops *outside,
		     const struct hops *from)
{
	struct wg_nexthop nh[from->n ?: 1];
	size_t i, n = 0;

	for (i = 0; i < from->n; i++)
		if (!is_tunnel(u, from->nh[i].ifindex))
			nh[n++] = from->nh[i];
	return n && set_hops(u, outside, nh, n);
}

/* --- the arrays */

/* The first endpoint that is not before the prefix. */
static size_t first_under(const struct wg_underlay *u,
			  const struct wg_prefix *p)
{
	size_t from = 0, to = u->n_unders;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (wg_prefix_cmp(&u->unders[mid]->host, p) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

#define each_under(u, p, i)                                                    \
	for ((i) = first_under(u, p);                                          \
	     (i) < (u)->n_unders &&                                            \
	     wg_prefix_covers(p, &(u)->unders[i]->host);                       \
	     (i)++)

static size_t first_cover(const struct wg_underlay *u,
			  const struct wg_prefix *p)
{
	size_t from = 0, to = u->n_covers;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (wg_prefix_cmp(&u->covers[mid]->prefix, p) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static struct under *find_under(const struct wg_underlay *u,
				const struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);
	size_t i = first_under(u, &host);

	return i < u->n_unders && wg_prefix_same(&u->unders[i]->host, &host)
		       ? u->unders[i]
		       : NULL;
}

static struct cover *find_cover(const struct wg_underlay *u,
				const struct wg_prefix *p)
{
	size_t i = first_cover(u, p);

	return i < u->n_covers && wg_prefix_same(&u->covers[i]->prefix, p)
		       ? u->covers[i]
		       : NULL;
}

static struct cover *get_cover(struct wg_underlay *u, const struct wg_prefix *p)
{
	size_t i = first_cover(u, p);
	struct cover *c = find_cover(u, p);

	if (c)
		return c;
	c = wg_mem_get(&u->mem, sizeof(*c));
	c->prefix = *p;
	u->covers = wg_mem_room(&u->mem, u->covers, sizeof(c), u->n_covers + 1,
				&u->cap_covers);
	assert(u->covers);
	memmove(u->covers + i + 1, u->covers + i,
		(u->n_covers++ - i) * sizeof(c));
	u->covers[i] = c;
	return c;
}

static void drop_cover(struct wg_underlay *u, struct cover *c)
{
	size_t i = first_cover(u, &c->prefix);

	memmove(u->covers + i, u->covers + i + 1,
		(--u->n_covers - i) * sizeof(c));
	set_hops(u, &c->best, NULL, 0);
	set_hops(u, &c->outside, NULL, 0);
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
		c = find_cover(u, &p);
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
	if (!set_hops(u, &e->nh, nh, n))
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
	struct hops out = {};
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
	set_hops(u, &out, NULL, 0);
}

static void derive_under(struct wg_underlay *u, const struct wg_prefix *p)
{
	size_t i;

	each_under(u, p, i) derive(u, u->unders[i]);
}

static void derive_all(struct wg_underlay *u)
{
	size_t i;

	for (i = 0; i < u->n_unders; i++)
		derive(u, u->unders[i]);
}

/* The best route of a cover; returns whether anything is new. */
static bool set_best(struct wg_underlay *u, struct cover *c,
		     const struct wg_nexthop *nh, size_t n)
{
	bool new = set_hops(u, &c->best, nh, n);

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
	struct wg_prefix host = wg_prefix_host(addr);
	struct under *e = find_under(u, addr);
	size_t i = first_under(u, &host);

	if (e) {
		if (e->refs++ == 0)
			derive(u, e); /* it was on its way out */
		return;
	}
	e = wg_mem_get(&u->mem, sizeof(*e));
	e->host = host;
	e->refs = 1;
	u->unders = wg_mem_room(&u->mem, u->unders, sizeof(e), u->n_unders + 1,
				&u->cap_unders);
	assert(u->unders);
	memmove(u->unders + i + 1, u->unders + i,
		(u->n_unders++ - i) * sizeof(e));
	u->unders[i] = e;
	/* others' covers may know the way: one who roams waits for nobody */
	derive(u, e);
}

/* Not held by anybody, and zebra was told. */
static void forget(struct wg_underlay *u, struct under *e)
{
	size_t i = first_under(u, &e->host);
	int len = e->host.len;
	struct cover *c;
	size_t j;

	memmove(u->unders + i, u->unders + i + 1,
		(--u->n_unders - i) * sizeof(e));
	u->n_inside -= e->inside;
	u->n_kept -= e->kept;
	while ((c = next_cover(u, e, &len))) {
		j = first_under(u, &c->prefix);
		if (j == u->n_unders ||
		    !wg_prefix_covers(&c->prefix, &u->unders[j]->host))
			drop_cover(u, c);
	}
	set_hops(u, &e->nh, NULL, 0);
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
	if (!c->outside.n && set_hops(u, &c->outside, way->nh, way->n_nh))
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
		each_under(u, p, i) if (u->unders[i]->inside ||
					u->unders[i]->kept ||
					u->unders[i]->dirty) return true;
	return false;
}

void wg_underlay_route(struct wg_underlay *u, const struct wg_prefix *prefix,
		       const struct wg_nexthop *nh, size_t n_nh)
{
	struct cover *c = find_cover(u, prefix);
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
		e = u->unders[i];
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
	for (i = 0; i < u->n_unders; i++) {
		e = u->unders[i];
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

	for (i = 0; i < u->n_unders; i++) {
		u->unders[i]->dirty |= u->unders[i]->kept;
		u->dirty |= u->unders[i]->dirty;
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
	while (u->n_unders)
		forget(u, u->unders[0]);
	assert(!u->n_covers);
	wg_mem_put(&u->mem, u->unders, u->cap_unders * sizeof(*u->unders));
	wg_mem_put(&u->mem, u->covers, u->cap_covers * sizeof(*u->covers));
	wg_mem_put(&u->mem, u->tunnels, u->cap_tunnels * sizeof(*u->tunnels));
	mem = u->mem;
	wg_mem_put(&mem, u, sizeof(*u));
	assert(mem.used == 0);
	*underlay = NULL;
}

void wg_underlay_check(const struct wg_underlay *u)
{
	size_t i, n_inside = 0, n_kept = 0;
	const struct cover *c, *route;
	const struct under *e;

	for (i = 0; i < u->n_unders; i++) {
		e = u->unders[i];
		route = route_of(u, e);
		assert(!i ||
		       wg_prefix_cmp(&u->unders[i - 1]->host, &e->host) < 0);
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
	for (i = 0; i < u->n_covers; i++) {
		c = u->covers[i];
		assert(!i || wg_prefix_cmp(&u->covers[i - 1]->prefix,
					   &c->prefix) < 0);
		assert(first_under(u, &c->prefix) < u->n_unders);
		assert(wg_prefix_covers(
			&c->prefix,
			&u->unders[first_under(u, &c->prefix)]->host));
	}
}
