// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of the kernel's that lead marked packets to the tables.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/underlay/wgd_policy_priv.h"

DEFINE_MTYPE_STATIC(WGD, WGD_RULES, "WireGuard policy rules");

#define LOCALS_MAX 64 /* addresses that a strict filter is asked for */

struct rules {
	struct wg_rule *v;
	size_t n, room;
};

static struct event *t_rules;
static struct rules wanted;  /* by this life */
static struct rules written; /* those that are there, for all we know */
static struct rules relays;  /* what wgd_relay.c wants */
static int failed; /* of IPv6 rules, since the last writing began; 0 */
static struct wg_addr locals[LOCALS_MAX];
static size_t n_locals;

static bool rules_have(const struct rules *rules, const struct wg_rule *r)
{
	return rules->n &&
	       bsearch(r, rules->v, rules->n, sizeof(*r), wg_rule_cmp);
}

static void rules_add(struct rules *rules, const struct wg_rule *r)
{
	if (rules->n == rules->room) {
		rules->room = rules->room ? rules->room * 2 : 16;
		rules->v = XREALLOC(MTYPE_WGD_RULES, rules->v,
				    rules->room * sizeof(*r));
	}
	rules->v[rules->n++] = *r;
}

static void rules_sort(struct rules *rules)
{
	size_t i, n = 0;

	if (rules->n)
		qsort(rules->v, rules->n, sizeof(*rules->v), wg_rule_cmp);
	for (i = 0; i < rules->n; i++)
		if (!n || wg_rule_cmp(&rules->v[n - 1], &rules->v[i]))
			rules->v[n++] = rules->v[i];
	rules->n = n;
}

static void rules_free(struct rules *rules)
{
	XFREE(MTYPE_WGD_RULES, rules->v);
	rules->n = rules->room = 0;
}

/*
 * The two ways, in their order: WHO has what the packet has to be; it is asked
 * at PREF and behind it.
 */
static void add_ways(struct rules *want, struct wg_rule who, uint32_t pref,
		     const struct wgd_policy_table *t)
{
	struct wg_rule by_main = who, by_table = who;

	by_main.table = WG_TABLE_MAIN;
	by_main.pref = pref;
	by_table.table = t->number;
	/* ours never has such a route; here the kernel promises it */
	by_main.not_group = by_table.not_group = WGD_ATTACH_GROUP;
	by_table.pref = pref + 1;
	if (t->source.family) {
		by_main.from = wg_prefix_host(&t->source);
		by_main.pref = pref + 1;
		by_table.pref = pref;
	}
	rules_add(want, &by_main);
	rules_add(want, &by_table);
}

static void add_marking(struct rules *want, const struct wgd_if *wif,
			const struct wgd_marking *m,
			const struct wgd_policy_table *t)
{
	struct wg_rule who = {.family = t->family, .mark = m->mark};
	struct wg_rule none = who;
	size_t i;

	add_ways(want, who, policy.pref + PREF_MARKED, t);
	none.pref = policy.pref + PREF_MARKED + 2;
	rules_add(want, &none);
	if (!policy.strict || t->family != AF_INET || m->leaving || !wif->port)
		return;
	who.mark = 0;
	who.udp_sport = wif->port;
	for (i = 0; i < n_locals; i++) {
		who.from = wg_prefix_host(&locals[i]);
		if (!t->source.family || wg_addr_same(&t->source, &locals[i]))
			add_ways(want, who, policy.pref + PREF_STRICT, t);
	}
}

static void add_members(struct rules *want, const struct wgd_if *wif)
{
	static const struct wg_addr none;
	const struct wgd_group_conf *conf = &wif->conf.group;
	size_t i;

	for (i = 0; i < conf->n_members; i++) {
		struct wg_rule who = {
			.family = conf->members[i].addr.family,
			.iif = "lo",
			.to = wg_prefix_host(&conf->members[i].addr),
		};
		const struct wgd_policy_table *t =
			wgd_policy_table_find(who.family, &none);

		if (t)
			add_ways(want, who, policy.pref + PREF_MEMBER, t);
	}
}

static void find_wanted(struct rules *want)
{
	const struct wgd_marking *m;
	unsigned i;

	wgd_each_if (wif) {
		for (m = wif->under->markings; m; m = m->next)
			for (i = 0; i < 2; i++)
				if (m->table[i])
					add_marking(want, wif, m, m->table[i]);
		if (!wif->under->ending)
			add_members(want, wif);
	}
	for (i = 0; i < relays.n; i++)
		rules_add(want, &relays.v[i]);
	rules_sort(want);
}

/* One after which nobody can say any longer that relays are closed. */
static bool is_risky(const struct wg_rule *r, bool there)
{
	return there ? r->table && r->table == policy.relay_table : r->prohibit;
}

/* False: it did not work, or was not tried. */
static bool set_rule(const struct wg_rule *r, bool there)
{
	int rc;

	if (failed && is_risky(r, there))
		return false;
	frr_with_privs (&wgd_privs) {
		rc = wg_policy_set_rule(policy.bus, r, there);
	}
	if (rc >= 0)
		return true;
	wgd_policy_fail_family(r->family, "rule", rc);
	if (r->family == AF_INET6)
		failed = rc;
	return false;
}

/*
 * The difference between two lists, of which the first is there; NOW gets what
 * is there then.  A device may have its mark already, from an earlier life: so
 * "unreachable" comes behind the ways, and goes before them, and each packet in
 * between has a way.  What prohibits is there before and after what it closes.
 */
static void change_rules(const struct rules *from, const struct rules *to,
			 struct rules *now)
{
	size_t i;

	failed = 0;
	for (i = 0; i < to->n; i++)
		if (rules_have(from, &to->v[i]) || set_rule(&to->v[i], true))
			rules_add(now, &to->v[i]);
	for (i = from->n; i--;)
		if (!rules_have(to, &from->v[i]) &&
		    !set_rule(&from->v[i], false))
			rules_add(now, &from->v[i]);
}

void wgd_policy_rules_set(void)
{
	struct rules now = {};

	if (!policy.bus)
		return;
	event_cancel(&t_rules);
	wanted.n = 0;
	find_wanted(&wanted);
	change_rules(&written, &wanted, &now);
	rules_sort(&now);
	rules_free(&written);
	written = now;
}

int wgd_policy_rules_relay(const struct wg_rule *v, size_t n)
{
	rules_free(&relays);
	while (n--)
		rules_add(&relays, v++);
	wgd_policy_rules_set();
	return failed;
}

int wgd_policy_rules_error(void)
{
	return failed;
}

static void rules_due(struct event *t)
{
	wgd_policy_rules_set();
}

void wgd_policy_port(void)
{
	if (policy.bus && policy.strict)
		event_add_event(wgd.master, rules_due, NULL, 0, &t_rules);
}

/* --- comparing */

void wgd_policy_rules_audit(uint8_t family)
{
	struct rules have = {}, want = {}, now = {};
	struct wg_rule_seen *v;
	size_t n, i;
	int rc;

	rc = wg_policy_read_rules(policy.bus, family, &v, &n);
	if (rc < 0) {
		wgd_policy_fail_family(family, "reading rules", rc);
		if (family == AF_INET6)
			failed = rc;
		return;
	}
	for (i = 0; i < wanted.n; i++)
		if (wanted.v[i].family == family)
			rules_add(&want, &wanted.v[i]);
	for (i = 0; i < written.n; i++)
		if (written.v[i].family != family)
			rules_add(&now, &written.v[i]);
	for (i = 0; i < n; i++)
		if (v[i].ours &&
		    (policy.sweeping || rules_have(&wanted, &v[i].rule) ||
		     rules_have(&written, &v[i].rule)))
			rules_add(&have, &v[i].rule);
	free(v);
	rules_sort(&have);
	change_rules(&have, &want, &now);
	rules_free(&have);
	rules_free(&want);
	rules_sort(&now);
	rules_free(&written);
	written = now;
}

void wgd_policy_rules_sweep(uint8_t family)
{
	struct wg_rule_seen *v;
	struct wgd_policy_table *t;
	size_t n, i;

	if (wg_policy_read_rules(policy.bus, family, &v, &n) < 0)
		return;
	for (i = 0; i < n; i++) {
		if (!v[i].ours || v[i].rule.table <= UINT8_MAX ||
		    v[i].rule.table == policy.relay_table)
			continue;
		for (t = policy.tables; t; t = t->next)
			if (t->family == family && t->number == v[i].rule.table)
				break;
		if (t)
			continue;
		zlog_info("policy routing: table %u of an earlier life goes",
			  v[i].rule.table);
		wgd_policy_table_sweep(family, v[i].rule.table);
	}
	free(v);
}

void wgd_policy_rules_local(void)
{
	uint32_t was = policy.strict;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = wg_policy_read_local(policy.bus, WGD_ATTACH_GROUP, locals,
					  array_size(locals), &n_locals,
					  &policy.strict);
	}
	if (rc < 0)
		wgd_policy_fail_family(AF_INET, "reading addresses", rc);
	if (policy.strict && !was)
		zlog_notice(
			"policy routing: %s has a strict reverse path filter: rules for the way back, too",
			ifindex2ifname(policy.strict, VRF_DEFAULT));
	wgd_policy_rules_set();
}

void wgd_policy_rules_close(bool forget)
{
	event_cancel(&t_rules);
	if (!forget)
		return;
	rules_free(&wanted);
	rules_free(&written);
	rules_free(&relays);
}
