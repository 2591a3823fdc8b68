// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One source for all that an interface sends.
 *
 * Each source (an interface and a family) has a table in the kernel with a
 * host route for each endpoint of its peers: the endpoints that wgd_underlay.c
 * holds.  A route goes the way that the main table has: asked of the kernel
 * when the endpoint comes, so that it is there before the first packet, and
 * told by zebra's tracking from then on.
 *
 * The mark is the configured one, else one made of the interface's name and
 * its sources.  Another source is another mark: WireGuard forgets the sources
 * that it remembers for its peers when it gets a new one.  A source that was
 * changed or removed stays until the device has its new mark, so that no
 * packet finds neither.
 *
 * The kernel is written at once and read only where somebody else may have
 * changed something (the bus tells), or something did not work; then all is
 * compared and put right.  After a restart what an earlier life left is found
 * in the same way: rules of sources that nobody configured go when the
 * configuration is surely here, routes when the device was read.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "jhash.h"
#include "log.h"
#include "typesafe.h"
#include "vrf.h"

#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_source.h"
#include "lib/backend/wg_fib.h"
#include "lib/backend/wg_origin.h"

DEFINE_MTYPE_STATIC(WGD, WGD_SOURCE, "WireGuard source address");

/* Chosen marks and tables: 'w', 'wg', and a hash. */
#define MARK_BASE 0x77000000u
#define TABLE_BASE 0x77670000u

#define AUDIT_MS 50
#define RETRY_MS 5000

PREDECL_HASH(endpoints);

struct endpoint {
	struct endpoints_item item;
	struct wg_origin_route r; /* ifindex 0: no way is known */
	unsigned refs;
	bool written; /* the kernel has it */
	bool seen;    /* ... as it is, by the audit */
};

static int endpoint_cmp(const struct endpoint *a, const struct endpoint *b)
{
	return memcmp(&a->r.dst, &b->r.dst, sizeof(a->r.dst));
}

static uint32_t endpoint_hash(const struct endpoint *e)
{
	return jhash(&e->r.dst, sizeof(e->r.dst), 0);
}

DECLARE_HASH(endpoints, struct endpoint, item, endpoint_cmp, endpoint_hash);

struct wgd_source {
	struct wgd_source *next; /* of the same interface */
	struct wg_origin s;
	bool leaving;	     /* until the device has another mark */
	unsigned rules_seen; /* bits, by the audit */
	bool failed;	     /* ... something, since it began */
	bool absent;	     /* it is not an address of this machine */
	struct endpoints_head endpoints;
	char *error;
};

static struct wg_origin_bus *bus;
static struct event *t_bus, *t_audit, *t_sweep;
static int64_t audited_ms;
static bool sweeping; /* rules that nobody configured are an earlier life's */

static void audit(struct event *t);

/* --- the bus */

static void audit_in(unsigned ms)
{
	event_cancel(&t_audit);
	event_add_timer_msec(wgd.master, audit, NULL, ms, &t_audit);
}

/* At once, but not more often than every AUDIT_MS. */
static void audit_soon(void)
{
	int64_t since = wgd_now_ms() - audited_ms;

	audit_in(since < AUDIT_MS ? AUDIT_MS - since : 0);
}

static void bus_changed(struct event *t)
{
	event_add_read(wgd.master, bus_changed, NULL, wg_origin_fd(bus),
		       &t_bus);
	if (wg_origin_drain(bus))
		audit_soon();
}

static bool open_bus(void)
{
	int rc;

	if (bus)
		return true;
	rc = wg_origin_open(&bus);
	if (rc < 0) {
		zlog_err("gateway-group source: netlink: %s",
			 safe_strerror(-rc));
		return false;
	}
	event_add_read(wgd.master, bus_changed, NULL, wg_origin_fd(bus),
		       &t_bus);
	return true;
}

static void close_bus(void)
{
	event_cancel(&t_bus);
	event_cancel(&t_audit);
	wg_origin_close(&bus);
}

/* --- writing */

static void fail(struct wgd_if *wif, struct wgd_source *src, const char *doing,
		 int rc)
{
	char addr[WG_ADDR_STRLEN], why[256];

	src->failed = true;
	if (rc == -EINVAL)
		snprintf(why, sizeof(why),
			 "it is not an address of this machine");
	else
		snprintf(why, sizeof(why), "%s: %s", doing, safe_strerror(-rc));
	if (!src->error || !strmatch(src->error, why))
		zlog_warn(
			"%s: gateway-group source %s: %s; packets without a route for it are not sent",
			wif->name, wg_addr_str(&src->s.addr, addr), why);
	XFREE(MTYPE_WGD_STR, src->error);
	src->error = XSTRDUP(MTYPE_WGD_STR, why);
	if (!t_audit)
		audit_in(RETRY_MS);
}

static void set_rules(struct wgd_if *wif, struct wgd_source *src, bool there)
{
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = wg_origin_set_rules(bus, &src->s, there);
	}
	if (rc < 0)
		fail(wif, src, "rules", rc);
}

static void write_route(struct wgd_if *wif, struct wgd_source *src,
			struct endpoint *e)
{
	int rc;

	if (src->absent && e->r.ifindex) {
		fail(wif, src, "route", -EINVAL);
		return;
	}
	frr_with_privs (&wgd_privs) {
		rc = e->r.ifindex
			     ? wg_origin_add_route(bus, &src->s, &e->r)
			     : wg_origin_del_route(bus, &src->s, &e->r.dst);
	}
	e->written = rc == 0 && e->r.ifindex;
	/* the link went, and whoever tells us of it will */
	if (rc == -ENODEV || rc == -ENETDOWN || rc == -ENETUNREACH)
		return;
	if (rc < 0)
		fail(wif, src, "route", rc);
}

/* Lead an endpoint another way. */
static void lead(struct wgd_if *wif, struct wgd_source *src, struct endpoint *e,
		 const struct wg_addr *gateway, uint32_t ifindex)
{
	if (e->r.ifindex == ifindex && wg_addr_same(&e->r.gateway, gateway) &&
	    e->written == !!ifindex)
		return;
	e->r.gateway = *gateway;
	e->r.ifindex = ifindex;
	write_route(wif, src, e);
}

/* --- endpoints */

static struct wgd_source *find(const struct wgd_if *wif, uint8_t family)
{
	struct wgd_source *src;

	for (src = wif->sources; src; src = src->next)
		if (!src->leaving && src->s.addr.family == family)
			return src;
	return NULL;
}

static void ask_kernel(struct wgd_if *wif, struct wgd_source *src,
		       struct endpoint *e)
{
	struct wg_fib_query query = {.addr = e->r.dst};
	struct wg_fib fib;

	if (wg_fib_get(&query, &fib) == 0 && !fib.local &&
	    !wgd_if_find_index(fib.ifindex))
		lead(wif, src, e, &fib.gateway, fib.ifindex);
	else
		wg_gateway_ask(wgd.core, VRF_DEFAULT, &e->r.dst);
}

static struct endpoint *endpoint_find(struct wgd_source *src,
				      const struct wg_addr *addr)
{
	struct endpoint key = {.r.dst = *addr};

	return endpoints_find(&src->endpoints, &key);
}

void wgd_source_hold(struct wgd_if *wif, const struct wg_addr *addr)
{
	struct wgd_source *src = find(wif, addr->family);
	struct endpoint *e;

	if (!src)
		return;
	e = endpoint_find(src, addr);
	if (!e) {
		e = XCALLOC(MTYPE_WGD_SOURCE, sizeof(*e));
		e->r.dst = *addr;
		endpoints_add(&src->endpoints, e);
		ask_kernel(wif, src, e);
	}
	e->refs++;
}

void wgd_source_release(struct wgd_if *wif, const struct wg_addr *addr)
{
	struct wgd_source *src = find(wif, addr->family);
	struct endpoint *e = src ? endpoint_find(src, addr) : NULL;
	static const struct wg_addr none;

	if (!e || --e->refs)
		return;
	lead(wif, src, e, &none, 0);
	endpoints_del(&src->endpoints, e);
	XFREE(MTYPE_WGD_SOURCE, e);
}

/*
 * One of several, always the same for an endpoint: what the kernel would do
 * with its packets, which are one flow.  NULL: all lead into tunnels.
 */
static const struct wg_nexthop *choose(const struct wg_addr *addr,
				       const struct wg_nexthop *nh, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += !wgd_if_find_index(nh[i].ifindex);
	if (!k)
		return NULL;
	k = jhash(addr, sizeof(*addr), 0) % k;
	for (i = 0; wgd_if_find_index(nh[i].ifindex) || k--; i++)
		;
	return &nh[i];
}

void wgd_source_told(const struct wg_addr *addr, const struct wg_nexthop *nh,
		     size_t n)
{
	const struct wg_nexthop *way = choose(addr, nh, n);
	static const struct wg_addr none;
	const struct wg_addr *gateway;
	struct wgd_source *src;
	struct endpoint *e;
	struct wgd_if *wif;

	/* into a tunnel: a host route will follow (wgd_underlay.c) */
	if (n && !way)
		return;
	gateway = way && !wg_addr_same(&way->gateway, addr) ? &way->gateway
							    : &none;
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		src = find(wif, addr->family);
		e = src ? endpoint_find(src, addr) : NULL;
		if (e)
			lead(wif, src, e, gateway, way ? way->ifindex : 0);
	}
}

/* --- configuration */

static bool table_is_taken(uint32_t table)
{
	struct wgd_source *src;
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		for (src = wif->sources; src; src = src->next)
			if (src->s.table == table)
				return true;
	return false;
}

static uint32_t hash_of(const struct wgd_if *wif, const struct wg_addr *addr,
			size_t n)
{
	return jhash(addr, n * sizeof(*addr),
		     jhash(wif->name, strlen(wif->name), 0));
}

uint32_t wgd_source_mark(const struct wgd_if *wif)
{
	if (!wif->conf.source[0].family && !wif->conf.source[1].family)
		return 0;
	return wif->conf.fwmark
		       ?: MARK_BASE | (hash_of(wif, wif->conf.source, 2) &
				       0xffffff);
}

bool wgd_source_is_on(const struct wgd_if *wif, uint8_t family)
{
	return find(wif, family);
}

static bool is_local(const struct wg_addr *addr)
{
	struct wg_fib_query query = {.addr = *addr};
	struct wg_fib fib;

	return wg_fib_get(&query, &fib) == 0 && fib.local;
}

static void add(struct wgd_if *wif, const struct wg_addr *addr, uint32_t mark)
{
	struct wgd_source *src = XCALLOC(MTYPE_WGD_SOURCE, sizeof(*src));
	struct wg_peer *peer;
	unsigned i;

	src->s.addr = *addr;
	src->s.mark = mark;
	src->s.table = TABLE_BASE | (hash_of(wif, addr, 1) & 0xffff);
	while (table_is_taken(src->s.table))
		src->s.table++;
	endpoints_init(&src->endpoints);
	src->next = wif->sources;
	wif->sources = src;
	src->absent = !is_local(addr);
	set_rules(wif, src, true);
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		struct wgd_peer *p = wg_peer_arg(peer);

		for (i = 0; i < array_size(p->under); i++)
			if (p->under[i].family == addr->family)
				wgd_source_hold(wif, &p->under[i]);
	}
	audit_soon();
}

static void drop(struct wgd_if *wif, struct wgd_source **at, bool leave)
{
	struct wgd_source *src = *at;
	struct endpoint *e;

	*at = src->next;
	if (!leave)
		set_rules(wif, src, false);
	while ((e = endpoints_pop(&src->endpoints))) {
		if (!leave && e->written)
			frr_with_privs (&wgd_privs) {
				wg_origin_del_route(bus, &src->s, &e->r.dst);
			}
		XFREE(MTYPE_WGD_SOURCE, e);
	}
	endpoints_fini(&src->endpoints);
	XFREE(MTYPE_WGD_STR, src->error);
	XFREE(MTYPE_WGD_SOURCE, src);
}

void wgd_source_configure(struct wgd_if *wif)
{
	uint32_t mark = wgd_source_mark(wif);
	struct wgd_source *src;
	size_t i;

	for (i = 0; i < array_size(wif->conf.source); i++) {
		const struct wg_addr *addr = &wif->conf.source[i];

		src = find(wif, i ? AF_INET6 : AF_INET);
		if (src && src->s.mark == mark &&
		    wg_addr_same(&src->s.addr, addr))
			continue;
		if (src)
			src->leaving = true;
		if (addr->family && open_bus())
			add(wif, addr, mark);
	}
}

void wgd_source_settled(struct wgd_if *wif)
{
	struct wgd_source **at = &wif->sources;

	while (*at)
		if ((*at)->leaving)
			drop(wif, at, false);
		else
			at = &(*at)->next;
}

void wgd_source_forget_if(struct wgd_if *wif, bool leave)
{
	while (wif->sources)
		drop(wif, &wif->sources, leave);
}

/* --- comparing */

static bool is_rule_of(const struct wg_origin_seen *seen,
		       const struct wg_origin *s)
{
	if (seen->s.mark != s->mark)
		return false;
	/* the one by the main table has the address, the others the table */
	return seen->s.table == s->table ||
	       wg_addr_same(&seen->s.addr, &s->addr);
}

static struct wgd_source *rule_owner(const struct wg_origin_seen *seen)
{
	struct wgd_source *src;
	struct wgd_if *wif;

	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		for (src = wif->sources; src; src = src->next)
			if (src->s.addr.family == seen->s.addr.family &&
			    is_rule_of(seen, &src->s))
				return src;
	return NULL;
}

static void delete_routes(struct wg_origin_seen *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].r.dst.family && !v[i].foreign)
			frr_with_privs (&wgd_privs) {
				wg_origin_del_route(bus, &v[i].s, &v[i].r.dst);
			}
}

/* A rule that no source of ours has. */
static void sweep_rule(const struct wg_origin_seen *seen, uint8_t family)
{
	struct wg_origin_seen *v;
	size_t n;

	zlog_info(
		"gateway-group source: a rule for mark 0x%x of an earlier life goes",
		seen->s.mark);
	frr_with_privs (&wgd_privs) {
		wg_origin_del_rule(bus, seen);
	}
	if (table_is_taken(seen->s.table) || seen->s.table < TABLE_BASE ||
	    wg_origin_read(bus, family, seen->s.table, &v, &n) < 0)
		return;
	delete_routes(v, n);
	free(v);
}

static void audit_rules(uint8_t family)
{
	struct wg_origin_seen *v;
	struct wgd_source *src;
	struct wgd_if *wif;
	size_t n, i;

	if (wg_origin_read(bus, family, 0, &v, &n) < 0)
		return;
	for (i = 0; i < n; i++) {
		src = rule_owner(&v[i]);
		if (src)
			src->rules_seen |= 1u << v[i].rule;
		else if (sweeping)
			sweep_rule(&v[i], family);
	}
	free(v);
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif)) {
		src = find(wif, family);
		if (!src)
			continue;
		src->failed = false;
		if (src->rules_seen != (1u << WG_ORIGIN_RULES) - 1)
			set_rules(wif, src, true);
		src->rules_seen = 0;
	}
}

static void audit_routes(struct wgd_if *wif, struct wgd_source *src)
{
	struct wg_origin_seen *v;
	struct endpoint *e;
	size_t n, i, k = 0;

	if (wg_origin_read(bus, src->s.addr.family, src->s.table, &v, &n) < 0)
		return;
	/* the kernel would go on using it, in this table */
	src->absent = !is_local(&src->s.addr);
	for (i = 0; i < n; i++) {
		e = v[i].r.dst.family ? endpoint_find(src, &v[i].r.dst) : NULL;
		if (!e || !e->r.ifindex || src->absent)
			v[k++] = v[i]; /* too many */
		else
			e->seen =
				!v[i].foreign &&
				e->r.ifindex == v[i].r.ifindex &&
				wg_addr_same(&e->r.gateway, &v[i].r.gateway) &&
				wg_addr_same(&src->s.addr, &v[i].s.addr);
	}
	/* before the device is read it is not known where its peers are */
	if (wg_sync_is_known(wif->dev) || src->absent)
		delete_routes(v, k);
	free(v);
	frr_each (endpoints, &src->endpoints, e) {
		e->written = e->seen;
		if (e->r.ifindex && !e->seen)
			write_route(wif, src, e);
		e->seen = false;
	}
	if (!src->failed && src->error) {
		zlog_notice("%s: gateway-group source: all is in place now",
			    wif->name);
		XFREE(MTYPE_WGD_STR, src->error);
	}
}

static void audit(struct event *t)
{
	struct wgd_source *src;
	struct wgd_if *wif;
	unsigned i;

	if (!open_bus())
		return;
	audited_ms = wgd_now_ms();
	wgd_debug_events("gateway-group source: looking at rules and routes");
	for (i = 0; i < 2; i++)
		audit_rules(i ? AF_INET6 : AF_INET);
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		for (src = wif->sources; src; src = src->next)
			if (!src->leaving)
				audit_routes(wif, src);
}

void wgd_source_link_changed(void)
{
	if (bus)
		audit_soon();
}

/* --- showing */

bool wgd_source_view(const struct wgd_if *wif, uint8_t family,
		     struct wgd_source_view *ret)
{
	struct wgd_source *src = find(wif, family);
	struct endpoint *e;

	if (!src)
		return false;
	*ret = (struct wgd_source_view){
		.addr = &src->s.addr,
		.table = src->s.table,
		.endpoints = endpoints_count(&src->endpoints),
		.error = src->error,
	};
	frr_each (endpoints, &src->endpoints, e)
		ret->routes += e->written;
	return true;
}

/* --- start and end */

static void sweep(struct event *t)
{
	struct wgd_if *wif;

	sweeping = true;
	event_cancel(&t_audit);
	audit(NULL);
	for (wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
		if (wif->sources)
			return;
	close_bus();
}

void wgd_source_init(void)
{
	event_add_timer(wgd.master, sweep, NULL, wgd.stale_time, &t_sweep);
}

void wgd_source_finish(void)
{
	event_cancel(&t_sweep);
	close_bus();
}
