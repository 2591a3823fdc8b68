// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables of ours, with the routes that lead outside; the bus to the kernel, and
 * what of it does not work.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "jhash.h"
#include "log.h"

#include "frr-wgd/underlay/wgd_policy_priv.h"
#include "lib/backend/wg_fib.h"

DEFINE_MTYPE_STATIC(WGD, WGD_TABLES, "WireGuard policy tables");

/* Chosen numbers: 'w' or 'wg', and where there are several, a hash. */
#define MARK_COMMON 0x77670000u
#define TABLE_COMMON 30567u
#define TABLE_BASE 0x77670000u

#define AUDIT_MS 50
#define RETRY_MS 5000

struct wgd_policy_state policy;
static struct event *t_bus, *t_audit;
static int64_t audited_ms;

/* --- the bus */

static void audit_in(unsigned ms)
{
	event_cancel(&t_audit);
	event_add_timer_msec(wgd.master, policy.audit, NULL, ms, &t_audit);
}

void wgd_policy_audit_soon(void)
{
	int64_t since = wgd_now_ms() - audited_ms;

	audit_in(since < AUDIT_MS ? AUDIT_MS - since : 0);
}

void wgd_policy_audit_later(void)
{
	if (!t_audit)
		audit_in(RETRY_MS);
}

void wgd_policy_audit_began(void)
{
	event_cancel(&t_audit);
	audited_ms = wgd_now_ms();
}

static void bus_changed(struct event *t)
{
	event_add_read(wgd.master, bus_changed, NULL, wg_policy_fd(policy.bus),
		       &t_bus);
	if (wg_policy_drain(policy.bus))
		wgd_policy_audit_soon();
}

static bool is_in(const struct wg_rule_seen *v, size_t n,
		  bool (*is)(const struct wg_rule *))
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!v[i].ours && is(&v[i].rule))
			return true;
	return false;
}

static bool has_place(const struct wg_rule *r)
{
	return r->pref >= policy.pref && r->pref < policy.pref + PREF_STEP;
}

static bool has_mark(const struct wg_rule *r)
{
	return r->mark == policy.mark;
}

static bool has_table(const struct wg_rule *r)
{
	return r->table == policy.table;
}

bool wgd_policy_is_foreign(uint8_t family, uint32_t table)
{
	struct wg_route_seen *v;
	bool foreign = false;
	size_t n, i;

	if (wg_policy_read_routes(policy.bus, family, table, &v, &n) < 0)
		return false;
	for (i = 0; i < n; i++)
		foreign |= !v[i].ours;
	free(v);
	return foreign;
}

/* What is in use already, by others, is left to them. */
static void choose(void)
{
	struct wg_rule_seen *v[2] = {};
	size_t n[2] = {};
	unsigned i, step;
	bool taken;

	if (policy.mark)
		return;
	policy.pref = PREF - PREF_MARKED;
	policy.mark = MARK_COMMON;
	policy.table = TABLE_COMMON;
	for (i = 0; i < 2; i++)
		wg_policy_read_rules(policy.bus, i ? AF_INET6 : AF_INET, &v[i],
				     &n[i]);
	for (step = 0; step < PREF / PREF_STEP - 1; step++) {
		if (!is_in(v[0], n[0], has_place) &&
		    !is_in(v[1], n[1], has_place))
			break;
		policy.pref -= PREF_STEP;
	}
	while (is_in(v[0], n[0], has_mark) || is_in(v[1], n[1], has_mark))
		policy.mark++;
	do {
		taken = false;
		for (i = 0; i < 2; i++)
			taken |= is_in(v[i], n[i], has_table) ||
				 wgd_policy_is_foreign(i ? AF_INET6 : AF_INET,
						  policy.table);
		policy.table += taken;
	} while (taken);
	for (i = 0; i < 2; i++)
		free(v[i]);
	if (policy.pref != PREF - PREF_MARKED || policy.mark != MARK_COMMON ||
	    policy.table != TABLE_COMMON)
		zlog_notice(
			"policy routing: somebody else uses what we would: rules from %u, mark 0x%x, table %u instead",
			policy.pref, policy.mark, policy.table);
}

bool wgd_policy_open(void)
{
	int rc;

	if (policy.bus)
		return true;
	rc = wg_policy_open(&policy.bus);
	if (rc < 0) {
		zlog_err("policy routing: netlink: %s", safe_strerror(-rc));
		return false;
	}
	event_add_read(wgd.master, bus_changed, NULL, wg_policy_fd(policy.bus),
		       &t_bus);
	choose();
	return true;
}

void wgd_policy_close(void)
{
	event_cancel(&t_bus);
	event_cancel(&t_audit);
	wg_policy_close(&policy.bus);
}

/* --- what does not work */

static void fail(struct wgd_policy_table *t, const char *doing, int rc)
{
	char addr[WG_ADDR_STRLEN], why[256];

	t->failed = true;
	if (rc == -EINVAL && t->source.family)
		snprintf(why, sizeof(why),
			 "%s is not an address of this machine",
			 wg_addr_str(&t->source, addr));
	else
		snprintf(why, sizeof(why), "%s: %s", doing, safe_strerror(-rc));
	if (wgd_str_set(&t->error, why))
		zlog_warn("policy routing, table %u: %s", t->number, why);
	wgd_policy_audit_later();
}

void wgd_policy_fail_family(uint8_t family, const char *doing, int rc)
{
	struct wgd_policy_table *t;

	for (t = policy.tables; t; t = t->next)
		if (t->family == family)
			fail(t, doing, rc);
}

/* --- routes */

static bool is_local(const struct wg_addr *addr)
{
	struct wg_fib_query query = {.addr = *addr};
	struct wg_fib fib;

	return wg_fib_get(&query, &fib) == 0 && fib.local;
}

static void write_route(struct wgd_policy_table *t,
			const struct wg_underlay_route *r)
{
	struct wg_policy_route to = {
		.table = t->number,
		.source = t->source,
		.prefix = r->prefix,
		.nh = r->nh,
		.n_nh = r->n_nh,
	};
	int rc;

	if (t->absent && r->n_nh) {
		fail(t, "route", -EINVAL);
		return;
	}
	frr_with_privs (&wgd_privs) {
		rc = wg_policy_set_route(policy.bus, &to);
	}
	/* the link went, and whoever tells us of it will */
	if (rc == -ENODEV || rc == -ENETDOWN || rc == -ENETUNREACH)
		return;
	if (rc < 0)
		fail(t, "route", rc);
}

void wgd_policy_route(const struct wg_underlay_route *r)
{
	struct wgd_policy_table *t;

	for (t = policy.tables; t; t = t->next)
		if (t->family == r->prefix.family)
			write_route(t, r);
}

/* --- tables */

struct wgd_policy_table *wgd_policy_table_find(uint8_t family,
					       const struct wg_addr *source)
{
	struct wgd_policy_table *t = policy.tables;

	while (t && !(t->family == family && wg_addr_same(&t->source, source)))
		t = t->next;
	return t;
}

static bool table_is_taken(uint32_t number)
{
	struct wgd_policy_table *t = policy.tables;

	while (t && t->number != number)
		t = t->next;
	return t;
}

static uint32_t table_number(uint8_t family, const struct wg_addr *source)
{
	uint32_t number;

	if (!source->family)
		return policy.table;
	number = TABLE_BASE | (jhash(source, sizeof(*source), 0) & 0xffff);
	while (table_is_taken(number) || wgd_policy_is_foreign(family, number))
		number++;
	return number;
}

/* What it has already is the last that led outside, for all we know. */
static void take_over(struct wgd_policy_table *t)
{
	struct wg_underlay_route r;
	struct wg_route_seen *v;
	size_t n, i, at = 0;

	if (wg_policy_read_routes(policy.bus, t->family, t->number, &v, &n) < 0)
		return;
	for (i = 0; i < n && !wgd.routes_here; i++)
		if (v[i].ours)
			wg_underlay_found(wgd.underlay, &v[i].prefix, v[i].nh,
					  v[i].n_nh);
	free(v);
	while (wg_underlay_walk(wgd.underlay, &at, &r))
		if (r.prefix.family == t->family)
			write_route(t, &r);
}

/* Others' hands in these tables are of interest, and in no other ones. */
void wgd_policy_watch_tables(void)
{
	const struct wgd_policy_table *t;
	uint32_t *v = NULL;
	size_t n = 0;
	int rc;

	if (!policy.bus)
		return;
	for (t = policy.tables; t; t = t->next) {
		v = XREALLOC(MTYPE_WGD_TABLES, v, (n + 1) * sizeof(*v));
		v[n++] = t->number;
	}
	if (policy.relay_table) {
		v = XREALLOC(MTYPE_WGD_TABLES, v, (n + 1) * sizeof(*v));
		v[n++] = policy.relay_table;
	}
	rc = wg_policy_watch(policy.bus, v, n);
	if (rc < 0)
		zlog_warn(
			"policy routing: what others change in its tables is not seen at once: %s",
			safe_strerror(-rc));
	XFREE(MTYPE_WGD_TABLES, v);
}

struct wgd_policy_table *wgd_policy_table_get(uint8_t family,
					      const struct wg_addr *source)
{
	struct wgd_policy_table *t = wgd_policy_table_find(family, source);

	if (!t) {
		t = XCALLOC(MTYPE_WGD_TABLES, sizeof(*t));
		t->family = family;
		t->source = *source;
		t->number = table_number(family, source);
		t->absent = source->family && !is_local(source);
		t->next = policy.tables;
		policy.tables = t;
		wgd_policy_watch_tables();
		take_over(t);
		wgd_policy_audit_soon();
	}
	t->refs++;
	return t;
}

void wgd_policy_table_put(struct wgd_policy_table *t, bool leave)
{
	struct wgd_policy_table **at = &policy.tables;
	struct wg_underlay_route r;
	size_t i = 0;

	if (!t || --t->refs)
		return;
	while (!leave && wg_underlay_walk(wgd.underlay, &i, &r)) {
		r.n_nh = 0;
		if (r.prefix.family == t->family)
			write_route(t, &r);
	}
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	wgd_policy_watch_tables();
	XFREE(MTYPE_WGD_STR, t->error);
	XFREE(MTYPE_WGD_TABLES, t);
}

/* --- comparing */

void wgd_policy_table_sweep(uint8_t family, uint32_t number)
{
	struct wg_policy_route r = {.table = number};
	struct wg_route_seen *v;
	size_t n, i;

	if (wg_policy_read_routes(policy.bus, family, number, &v, &n) < 0)
		return;
	for (i = 0; i < n; i++) {
		r.prefix = v[i].prefix;
		if (v[i].ours)
			frr_with_privs (&wgd_privs) {
				wg_policy_set_route(policy.bus, &r);
			}
	}
	free(v);
}

static bool same_hops(const struct wg_route_seen *seen,
		      const struct wg_underlay_route *r)
{
	size_t i;

	if (seen->n_nh != MIN(r->n_nh, (size_t)WG_POLICY_HOPS))
		return false;
	for (i = 0; i < seen->n_nh; i++)
		if (seen->nh[i].ifindex != r->nh[i].ifindex ||
		    !wg_addr_same(&seen->nh[i].gateway, &r->nh[i].gateway))
			return false;
	return true;
}

static const struct wg_route_seen *
seen_find(const struct wg_route_seen *v, size_t n, const struct wg_prefix *p)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (wg_prefix_same(&v[i].prefix, p))
			return &v[i];
	return NULL;
}

void wgd_policy_table_audit(struct wgd_policy_table *t)
{
	const struct wg_route_seen *seen;
	struct wg_underlay_route r;
	struct wg_route_seen *v;
	size_t n, i, at = 0;
	int rc;

	/* the kernel would go on using it, in this table */
	t->absent = t->source.family && !is_local(&t->source);
	rc = wg_policy_read_routes(policy.bus, t->family, t->number, &v, &n);
	if (rc < 0) {
		fail(t, "reading routes", rc);
		return;
	}
	/* before all is told what an earlier life left is the best we know */
	for (i = 0; i < n; i++)
		if (v[i].ours &&
		    (t->absent ||
		     (wgd.routes_here &&
		      !wg_underlay_has(wgd.underlay, &v[i].prefix)))) {
			r = (struct wg_underlay_route){.prefix = v[i].prefix};
			write_route(t, &r);
		}
	while (wg_underlay_walk(wgd.underlay, &at, &r)) {
		if (r.prefix.family != t->family)
			continue;
		seen = seen_find(v, n, &r.prefix);
		if (t->absent || !seen || !seen->ours || !same_hops(seen, &r) ||
		    !wg_addr_same(&seen->source, &t->source))
			write_route(t, &r);
	}
	free(v);
	if (!t->failed && t->error) {
		zlog_notice("policy routing, table %u: all is in place now",
			    t->number);
		XFREE(MTYPE_WGD_STR, t->error);
	}
}
