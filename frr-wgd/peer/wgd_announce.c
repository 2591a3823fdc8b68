// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes for live peers: a peer that is announced has a claim on each of its
 * prefixes (wgd_table.c).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "log.h"

#include "frr-wgd/base/wgd_debug.h"
#include "frr-wgd/peer/wgd_announce.h"
#include "frr-wgd/zebra/wgd_table.h"

DEFINE_MTYPE_STATIC(WGD, WGD_ANNOUNCE, "WireGuard announcements");

/* All that is announced of a peer. */
struct wgd_announced {
	uint8_t table;
	vrf_id_t vrf;
	uint32_t ifindex;
	size_t n;
	struct wgd_claim claims[];
};

/* --- what an earlier life left */

static bool is_allowed(const struct wg_prefix *p)
{
	static const struct wg_prefix never[] = {
		{AF_INET, 8, {127}},	      {AF_INET, 16, {169, 254}},
		{AF_INET, 4, {224}},	      {AF_INET6, 128, {[15] = 1}},
		{AF_INET6, 10, {0xfe, 0x80}}, {AF_INET6, 8, {0xff}},
	};
	size_t i;

	for (i = 0; i < array_size(never); i++)
		if (wg_prefix_covers(&never[i], p))
			return false;
	return true;
}

/* The peer's prefix number I: first its addresses, then its statics. */
static bool prefix_at(const struct wgd_peer *p, size_t i, struct wg_prefix *ret)
{
	*ret = i < p->conf.n_addresses
		       ? wg_prefix_host(&p->conf.addresses[i])
		       : p->conf.statics[i - p->conf.n_addresses];
	return is_allowed(ret);
}

static size_t n_prefixes(const struct wgd_peer *p)
{
	return p->conf.n_addresses + p->conf.n_statics;
}

static uint8_t instance_of(const struct wgd_if *wif, const struct wg_prefix *p)
{
	return p->family == AF_INET6 ? WGD_TABLE_IPV6
				     : wif->conf.announce_table;
}

/* What could be there of a peer that is not announced now. */
static void delete_unclaimed(uint8_t instance, struct wgd_peer *p)
{
	struct wg_prefix prefix;
	size_t i;

	if (!p->conf.announce || p->announced)
		return;
	for (i = 0; i < n_prefixes(p); i++)
		if (prefix_at(p, i, &prefix) &&
		    instance_of(p->wif, &prefix) == instance)
			wgd_table_delete(instance, wg_dev_vrf(p->wif->dev),
					 &prefix);
}

void wgd_announce_drop_old(void)
{
	uint8_t instance;

	while (wgd_table_next_ripe(&instance)) {
		wgd_each_if (wif) {
			if (!wif->conf.announce_table)
				continue;
			wgd_each_peer (wif, p)
				delete_unclaimed(instance, p);
		}
		wgd_table_drop_old(instance);
	}
}

/* --- claims */

static struct wgd_announced *announce(struct wgd_peer *p)
{
	size_t i, n = n_prefixes(p);
	struct wg_prefix prefix;
	struct wgd_announced *a = XCALLOC(
		MTYPE_WGD_ANNOUNCE, sizeof(*a) + n * sizeof(a->claims[0]));

	a->table = p->wif->conf.announce_table;
	a->vrf = wg_dev_vrf(p->wif->dev);
	a->ifindex = wg_dev_ifindex(p->wif->dev);
	for (i = 0; i < n; i++)
		if (prefix_at(p, i, &prefix))
			wgd_table_claim(&a->claims[a->n++],
					instance_of(p->wif, &prefix), a->vrf,
					&prefix, a->ifindex);
	return a;
}

static void withdraw(struct wgd_announced *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->n; i++)
		wgd_table_release(&a->claims[i]);
	XFREE(MTYPE_WGD_ANNOUNCE, a);
}

/*
 * Is it up, to be announced? Of a group's clients those are that we serve, and
 * no others: a state of liveness may be held back, who serves may not.
 */
static bool is_up(const struct wgd_peer *p)
{
	enum wg_peer_state state = wg_peer_state(p->peer);

	if (!p->instead.on || state == WG_PEER_SHUTDOWN ||
	    state == WG_PEER_INCOMPLETE)
		return state == WG_PEER_UP;
	return p->instead.serves;
}

static bool is_wanted(const struct wgd_peer *p)
{
	return p->conf.announce && p->wif->conf.announce_table &&
	       wg_dev_ifindex(p->wif->dev) && is_up(p);
}

static bool is_as_it_was(const struct wgd_peer *p)
{
	const struct wgd_announced *a = p->announced;

	return a && a->table == p->wif->conf.announce_table &&
	       a->vrf == wg_dev_vrf(p->wif->dev) &&
	       a->ifindex == wg_dev_ifindex(p->wif->dev);
}

void wgd_announce_peer(struct wgd_peer *p, bool changed)
{
	struct wgd_announced *old = p->announced;
	bool wanted = is_wanted(p);

	if (wanted ? !changed && is_as_it_was(p) : !old)
		return;
	/* first the new ones: what is in both is not touched in zebra */
	p->announced = wanted ? announce(p) : NULL;
	withdraw(old);
	if (wanted != !!old)
		wgd_debug_events("%s: peer %s is %s: %s table %u", p->wif->name,
				 wg_peer_name(p->peer),
				 wg_peer_state_str(wg_peer_state(p->peer)),
				 wanted ? "announced in" : "withdrawn from",
				 p->wif->conf.announce_table);
}

void wgd_announce_forget_peer(struct wgd_peer *p)
{
	withdraw(p->announced);
	p->announced = NULL;
}

void wgd_announce_if(struct wgd_if *wif)
{
	if (wif->conf.announce_table && wg_dev_ifindex(wif->dev)) {
		wgd_table_keep(wif->conf.announce_table, wg_dev_vrf(wif->dev));
		wgd_table_keep(WGD_TABLE_IPV6, wg_dev_vrf(wif->dev));
	}
	wgd_each_peer (wif, p)
		wgd_announce_peer(p, false);
	wgd_table_settle();
}

size_t wgd_announce_count(const struct wgd_peer *p)
{
	return p->announced ? p->announced->n : 0;
}
