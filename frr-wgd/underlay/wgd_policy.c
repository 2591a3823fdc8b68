// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the kernel routes what the interfaces encrypt.
 *
 * An encrypted packet must not be encrypted again, whatever is learned.  So all
 * devices are in a device group and mark what they send, and there are three
 * rules for the mark, of each family:
 *
 *   500  the main table, unless its best route leads into the device group
 *   501  a table of ours: the routes by which the main table led outside last
 *   502  everything else is unreachable
 *
 * The kernel obeys them for each packet, so there is no moment in which a
 * learned route takes the tunnel into itself, and an endpoint that nobody has
 * heard of before is reached like any other.  What is not marked never sees our
 * table: an endpoint that was only heard of, from a forged source even, moves
 * nobody's packets but the encrypted ones.
 *
 * `wireguard gateway-group source` adds an address that everything leaves from.
 * The kernel chooses a source when it routes, by the `src` of the route; so
 * such a table has that in each route, and is asked first:
 *
 *   500  a table of ours, with `src`
 *   501  what has that source already, by the main table: those are answers,
 *        for WireGuard answers from the address that it was written to
 *   502  everything else is unreachable: lost rather than sent from another
 *        address, which the other end would take for the new one and keep
 *
 * A source makes a mark of its own.  Another source is another mark: WireGuard
 * forgets the sources that it remembers for its peers when it gets a new one.
 * What an interface had stays until the device has its new mark.
 *
 * A strict reverse path filter (rp_filter 1) looks up the way back to who sent
 * a packet without the mark, and drops the packet where that leads into a
 * tunnel. While a link has one, the first two rules are there once more for
 * what such a look-up asks for: UDP from our port and one of our addresses.
 * Rejected: to make the filter loose, which is the operator's; a rule without
 * the address, which hosts behind us would meet with packets from the same
 * port.
 *
 * The other gateways of a group are reached outside of the tunnels, too: two
 * rules each for what this machine itself sends to them.
 *
 * With a configured `fwmark` and no source, and on an adopted device that had a
 * mark, all is left to the operator.
 *
 * The kernel is written at once and read only where somebody else may have
 * changed something (the bus tells), or something did not work; then all is
 * compared and put right.  After a restart what an earlier life left is found
 * in the same way, and goes when the configuration is surely here.
 *
 * Who can cause what: routing neighbours decide what leads into a tunnel, and
 * peers where they are; neither gets a route, a rule or a mark made.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "jhash.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/underlay/wgd_policy_priv.h"

DEFINE_MTYPE_STATIC(WGD, WGD_POLICY, "WireGuard policy routing");

static struct event *t_sweep;

/* --- configuration */

static uint32_t source_mark(const struct wgd_if *wif)
{
	return MARK_BASE | (jhash(wif->conf.source, sizeof(wif->conf.source),
				  jhash(wif->name, strlen(wif->name), 0)) &
			    ~MARK_BITS);
}

static bool has_source(const struct wgd_if *wif)
{
	return wif->conf.source[0].family || wif->conf.source[1].family;
}

/* A mark that an adopted device had before us: its owner's. */
static uint32_t found_mark(const struct wgd_if *wif)
{
	bool ours = (wif->link->found_fwmark & MARK_BITS) == MARK_BASE;

	return wif->link->adopted && !ours ? wif->link->found_fwmark : 0;
}

uint32_t wgd_policy_mark(const struct wgd_if *wif)
{
	if (wif->conf.fwmark)
		return wif->conf.fwmark;
	if (has_source(wif))
		return source_mark(wif);
	return found_mark(wif) ?: policy.mark;
}

static bool is_wanted(const struct wgd_if *wif, unsigned i)
{
	return wif->conf.source[i].family ||
	       (!wif->conf.fwmark && (has_source(wif) || !found_mark(wif)));
}

static struct wgd_marking *current(const struct wgd_if *wif)
{
	struct wgd_marking *m = wif->under->markings;

	while (m && m->leaving)
		m = m->next;
	return m;
}

static bool is_as_wanted(const struct wgd_if *wif, const struct wgd_marking *m)
{
	unsigned i;

	if (m->mark != wgd_policy_mark(wif))
		return false;
	for (i = 0; i < 2; i++)
		if (is_wanted(wif, i) != !!m->table[i] ||
		    (m->table[i] &&
		     !wg_addr_same(&m->table[i]->source, &wif->conf.source[i])))
			return false;
	return true;
}

void wgd_policy_configure(struct wgd_if *wif)
{
	struct wgd_marking *m = current(wif);
	unsigned i;

	if (!wgd_policy_open())
		return;
	if (!m || !is_as_wanted(wif, m)) {
		if (m)
			m->leaving = true;
		m = XCALLOC(MTYPE_WGD_POLICY, sizeof(*m));
		m->mark = wgd_policy_mark(wif);
		for (i = 0; i < 2; i++)
			if (is_wanted(wif, i))
				m->table[i] = wgd_policy_table_get(
					i ? AF_INET6 : AF_INET,
					&wif->conf.source[i]);
		m->next = wif->under->markings;
		wif->under->markings = m;
	}
	wgd_policy_rules_set();
}

static void drop(struct wgd_marking **at, bool leave)
{
	struct wgd_marking *m = *at;
	unsigned i;

	*at = m->next;
	for (i = 0; i < 2; i++)
		wgd_policy_table_put(m->table[i], leave);
	XFREE(MTYPE_WGD_POLICY, m);
}

void wgd_policy_settled(struct wgd_if *wif)
{
	struct wgd_marking **at = &wif->under->markings;
	bool dropped = false;

	while (*at)
		if ((*at)->leaving) {
			drop(at, false);
			dropped = true;
		} else
			at = &(*at)->next;
	if (dropped)
		wgd_policy_rules_set();
}

void wgd_policy_forget_if(struct wgd_if *wif, bool leave)
{
	wif->under->ending = true;
	while (wif->under->markings)
		drop(&wif->under->markings, leave);
	if (!leave)
		wgd_policy_rules_set();
}

bool wgd_policy_is_on(const struct wgd_if *wif, uint8_t family)
{
	const struct wgd_marking *m = current(wif);

	return m && m->table[family == AF_INET6];
}

/* --- comparing */

void wgd_policy_audit(void)
{
	struct wgd_policy_table *table;
	unsigned i;

	if (!wgd_policy_open())
		return;
	wgd_policy_audit_began();
	wgd_debug_events("policy routing: looking at rules and routes");
	for (table = policy.tables; table; table = table->next)
		table->failed = false;
	wgd_policy_rules_local();
	for (i = 0; i < 2; i++) {
		if (policy.sweeping)
			wgd_policy_rules_sweep(i ? AF_INET6 : AF_INET);
		wgd_policy_rules_audit(i ? AF_INET6 : AF_INET);
	}
	for (table = policy.tables; table; table = table->next)
		wgd_policy_table_audit(table);
}

static void audit(struct event *t)
{
	wgd_policy_audit();
}

void wgd_policy_link_changed(void)
{
	if (policy.bus)
		wgd_policy_audit_soon();
}

void wgd_policy_routes_are_here(void)
{
	if (policy.bus)
		wgd_policy_audit_soon();
}

/* --- showing */

bool wgd_policy_view(const struct wgd_if *wif, uint8_t family,
		     struct wgd_policy_view *ret)
{
	const struct wgd_marking *m = current(wif);
	const struct wgd_policy_table *t =
		m ? m->table[family == AF_INET6] : NULL;
	struct wg_underlay_route r;
	size_t at = 0;

	if (!t)
		return false;
	*ret = (struct wgd_policy_view){
		.mark = m->mark,
		.table = t->number,
		.pref = policy.pref + PREF_MARKED,
		.source = &t->source,
		.error = t->error,
	};
	if (policy.strict && family == AF_INET)
		ret->strict = ifindex2ifname(policy.strict, VRF_DEFAULT);
	while (wg_underlay_walk(wgd.underlay, &at, &r))
		ret->routes += r.prefix.family == family && !t->absent;
	return true;
}

/* --- start and end */

static void sweep(struct event *t)
{
	policy.sweeping = true;
	policy.audit(NULL);
	if (policy.tables || policy.relay_table)
		return;
	wgd_policy_close();
	wgd_policy_rules_close(false);
	wgd_policy_rules_close(true);
}

void wgd_policy_init(void)
{
	policy.audit = audit;
	event_add_timer(wgd.master, sweep, NULL, wgd.stale_time, &t_sweep);
}

void wgd_policy_finish(void)
{
	event_cancel(&t_sweep);
	wgd_policy_close();
	wgd_policy_rules_close(true);
}
