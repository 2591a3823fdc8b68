// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay of a mesh on this machine.
 *
 * lib/core/wg_relay.c says what there is to be and why; the rules stand before
 * those for marked packets (wgd_policy.c) and are written, compared and swept
 * as those are, by the same code:
 *
 *   480, 481, 490, 491   or each ten less, where somebody else is among them
 *   table 30568          or the next that nobody uses
 *
 * The order has no gap.  What prohibits comes first; addresses and routes come
 * when it is surely there, and rules that lead to them fall back on what
 * prohibits until then.  When a mesh goes its routes and addresses go first,
 * then what leads to them, what prohibits last: an entry without an interface
 * stands in the list until that has worked.
 *
 * After a restart an earlier life's rules, routes and addresses are found as
 * they are wanted, and nothing is written.  What this life does not want goes
 * when the configuration is surely here (policy.sweeping): of a mesh that it
 * has, all in its /48; and a mesh that it does not have is known by the rule
 * of ours that prohibits its /48.
 *
 * Who can cause what: hubs that the authority certified get a route each, at
 * most eight; nobody else gets anything made.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/underlay/wgd_policy_priv.h"
#include "frr-wgd/underlay/wgd_relay.h"

DEFINE_MTYPE_STATIC(WGD, WGD_RELAY, "WireGuard relay");

#define PREF_BELOW 16 /* so far before all others of ours is the first */

/* A mesh, or what is left of one. */
struct wgd_relay {
	struct wgd_relay *next;
	struct wgd_if *wif;	   /* NULL: it goes */
	struct wg_relay_plan plan; /* of one that goes: without routes */
	struct wg_relay_plan was;  /* what of it may still be there */
	bool trim;		   /* ... or anything in RELAY */
	int error;		   /* of the last try */
};

static struct wgd_relay *relays;
static struct wg_relay_place place; /* table 0: not chosen yet */

/* --- numbers */

static bool is_place_taken(const struct wg_rule_seen *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!v[i].ours && v[i].rule.pref >= place.pref &&
		    v[i].rule.pref < place.pref + WG_RELAY_PREFS)
			return true;
	return false;
}

/* Others' or ours, but for another purpose. */
static bool is_table_taken(const struct wg_rule_seen *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].rule.table == place.table &&
		    !(v[i].ours && v[i].rule.to.family == AF_INET6 &&
		      !v[i].rule.not_group))
			return true;
	return wgd_policy_is_foreign(AF_INET6, place.table);
}

/* What is in use already, by others, is left to them. */
static void choose(void)
{
	struct wg_rule_seen *v = NULL;
	size_t n = 0;

	if (place.table)
		return;
	/* 0 is the kernel's own, of this machine's addresses */
	place.pref = policy.pref > PREF_BELOW ? policy.pref - PREF_BELOW : 1;
	place.table = policy.table + 1;
	wg_policy_read_rules(policy.bus, AF_INET6, &v, &n);
	while (place.pref > PREF_STEP && is_place_taken(v, n))
		place.pref -= PREF_STEP;
	while (is_table_taken(v, n))
		place.table++;
	free(v);
	if (place.pref != PREF - PREF_MARKED - PREF_BELOW)
		zlog_notice(
			"relay: somebody else uses what it would: rules from %u, table %u instead",
			place.pref, place.table);
}

/* Its table is ours, or nobody needs it any longer. */
static void use_table(bool use)
{
	if (use == !!policy.relay_table)
		return;
	policy.relay_table = use ? place.table : 0;
	wgd_policy_watch_tables();
}

/* --- the kernel */

static void report(struct wgd_relay *r, int rc)
{
	const char *name = r->wif ? r->wif->name : "a mesh that goes";

	/* the link went, and whoever tells us of it will */
	if (rc == -ENODEV || rc == -ENETDOWN || rc == -ENETUNREACH)
		rc = 0;
	else if (rc < 0)
		wgd_policy_audit_later();
	if (rc == r->error)
		return;
	r->error = rc;
	if (rc < 0)
		zlog_warn("%s: relay: %s", name,
			  rc == -EAFNOSUPPORT ? "no IPv6" : safe_strerror(-rc));
	else
		zlog_notice("%s: relay: all is in place now", name);
}

static int trim(struct wgd_relay *r)
{
	bool all = r->trim || policy.sweeping;
	int rc = 0;

	if (!all && !r->was.n_routes)
		return 0;
	frr_with_privs (&wgd_privs) {
		rc = wg_policy_trim_relay(policy.bus, &r->plan,
					  all ? NULL : &r->was);
	}
	if (rc < 0)
		return rc;
	r->was.n_routes = 0;
	r->trim = false;
	return 0;
}

/* Its addresses and routes; those of one that goes are gone. */
static void settle(struct wgd_relay *r)
{
	int rc = r->wif ? wgd_policy_rules_error() : 0;

	if (rc == 0 && r->plan.n_routes)
		frr_with_privs (&wgd_privs) {
			rc = wg_policy_set_relay(policy.bus, &r->plan);
		}
	report(r, trim(r) ?: rc);
}

static void set_rules(void)
{
	struct wg_rule *v = NULL;
	struct wgd_relay *r;
	size_t n = 0;

	for (r = relays; r; r = r->next) {
		v = XREALLOC(MTYPE_WGD_RELAY, v,
			     (n + r->plan.n_rules) * sizeof(*v));
		memcpy(v + n, r->plan.rules, r->plan.n_rules * sizeof(*v));
		n += r->plan.n_rules;
	}
	if (wgd_policy_rules_relay(v, n) < 0)
		wgd_policy_audit_later();
	XFREE(MTYPE_WGD_RELAY, v);
}

/* The rules that there are to be are there; in the end some are not to be. */
static void settle_all(void)
{
	struct wgd_relay **at = &relays, *r;
	bool gone = false;

	while ((r = *at)) {
		settle(r);
		if (r->wif || r->error) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		XFREE(MTYPE_WGD_RELAY, r);
		gone = true;
	}
	if (gone)
		set_rules();
	if (!relays)
		use_table(false);
}

/* --- what is wanted */

static struct wgd_relay *find(const struct wg_prefix *net)
{
	struct wgd_relay *r = relays;

	while (r && !wg_prefix_same(&r->plan.net, net))
		r = r->next;
	return r;
}

static struct wgd_relay *add(void)
{
	struct wgd_relay *r = XCALLOC(MTYPE_WGD_RELAY, sizeof(*r));

	r->next = relays;
	relays = r;
	return r;
}

/* The mesh is one that goes, with all that is in its /48. */
static void let_go(struct wgd_relay *r)
{
	r->wif->under->relay = NULL;
	r->wif = NULL;
	r->plan.n_routes = 0;
	r->trim = true;
}

int wgd_relay_set(struct wgd_if *wif, const struct wg_relay *own)
{
	struct wgd_relay *r = wif->under->relay, *same;
	struct wg_relay_plan plan;
	int rc;

	if (!own) {
		wgd_relay_forget_if(wif, false);
		return 0;
	}
	if (!wgd_policy_open())
		return -EIO;
	choose();
	rc = wg_relay_plan(own, &place, &plan);
	if (rc < 0)
		return rc;
	same = find(&plan.net);
	if (same && same->wif && same->wif != wif)
		return -EEXIST;
	if (r && !memcmp(&r->plan, &plan, sizeof(plan)))
		return 0;
	if (r && r != same)
		let_go(r);
	r = same ?: add();
	/* one that goes may have been on another link */
	r->trim |= same && !same->wif;
	r->was = r->plan;
	r->plan = plan;
	r->wif = wif;
	wif->under->relay = r;
	use_table(true);
	set_rules();
	settle_all();
	return 0;
}

void wgd_relay_forget_if(struct wgd_if *wif, bool leave)
{
	struct wgd_relay *r = wif->under->relay, **at = &relays;

	if (!r)
		return;
	if (!leave) {
		let_go(r);
		settle_all();
		return;
	}
	wif->under->relay = NULL;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	XFREE(MTYPE_WGD_RELAY, r);
}

const char *wgd_relay_error(const struct wgd_if *wif)
{
	const struct wgd_relay *r = wif->under->relay;

	if (!r || !r->error)
		return NULL;
	return r->error == -EAFNOSUPPORT ? "no-ipv6" : safe_strerror(-r->error);
}

bool wgd_relay_covers(const struct wg_addr *addr)
{
	struct wg_prefix host = wg_prefix_host(addr);
	const struct wgd_relay *r;

	for (r = relays; r; r = r->next)
		if (wg_prefix_covers(&r->plan.net, &host))
			return true;
	return false;
}

bool wgd_relay_view(const struct wgd_if *wif, struct wgd_relay_view *ret)
{
	if (!wif->under->relay)
		return false;
	ret->plan = &wif->under->relay->plan;
	ret->pref = place.pref;
	return true;
}

/* --- comparing */

/* Ours that prohibits a mesh's /48. */
static bool is_net_rule(const struct wg_rule_seen *v)
{
	return v->ours && v->rule.prohibit && v->rule.to.family == AF_INET6;
}

/* A mesh of an earlier life: its rules stay until the rest is gone. */
static void take_left(const struct wg_rule_seen *v, size_t n,
		      const struct wg_prefix *net)
{
	struct wgd_relay *r = add();
	size_t i;

	r->trim = true;
	r->plan.net = *net;
	for (i = 0; i < n && r->plan.n_rules < WG_RELAY_RULES; i++) {
		if (!v[i].ours || !(wg_prefix_same(&v[i].rule.to, net) ||
				    wg_prefix_same(&v[i].rule.from, net)))
			continue;
		r->plan.rules[r->plan.n_rules++] = v[i].rule;
		r->plan.table = v[i].rule.table ?: r->plan.table;
	}
	zlog_info("relay: a mesh of an earlier life goes");
}

static void find_left(void)
{
	struct wg_rule_seen *v;
	bool found = false;
	size_t n, i;

	if (wg_policy_read_rules(policy.bus, AF_INET6, &v, &n) < 0)
		return;
	for (i = 0; i < n; i++)
		if (is_net_rule(&v[i]) && !find(&v[i].rule.to)) {
			take_left(v, n, &v[i].rule.to);
			found = true;
		}
	free(v);
	if (found)
		set_rules();
}

static void audit(struct event *t)
{
	if (!wgd_policy_open())
		return;
	if (policy.sweeping)
		find_left();
	/* what closes the relay is there before anything is put into it */
	wgd_policy_audit();
	settle_all();
}

void wgd_relay_init(void)
{
	policy.audit = audit;
}

void wgd_relay_finish(void)
{
	struct wgd_relay *r;

	while ((r = relays)) {
		relays = r->next;
		if (r->wif)
			r->wif->under->relay = NULL;
		XFREE(MTYPE_WGD_RELAY, r);
	}
	policy.relay_table = 0;
	place.table = 0;
}
