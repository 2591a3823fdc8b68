/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims.
 *
 * A claim is a bit in the node of its prefix, and the node's decided slot is
 * whose claim it is: so one prefix has one claimant, whatever the kinds.  The
 * same prefix may be an address and an allowed-ips of the same peer.  An
 * allowed-ips may be exclusive: then what is below it is decided anew.  The
 * peer has a list of the prefixes that it claims, to find them when it comes
 * or goes; addresses of gateways are found in the table.
 *
 * The peer of a point-to-point device gets what nobody would route to it:
 * link-local multicast, for OSPF, RA and the like, and fe80::/64, for a
 * neighbour that is not wgd has a link-local address of its own choice.  Under
 * route-following any it gets 0.0.0.0/0 and ::/0, too.  These implied claims
 * give way to any explicit one and are settled at the next settle.
 */
#include "lib/core/wg_claims.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_entry.h"
#include "lib/core/wg_owner.h"

/* always, then with route-following any */
static const struct wg_prefix implied[] = {
	{AF_INET, 24, {224, 0, 0}},
	{AF_INET6, 16, {0xff, 0x02}},
	{AF_INET6, 64, {0xfe, 0x80}},
	{AF_INET, 0, {}},
	{AF_INET6, 0, {}},
};
#define N_ALWAYS 3
#define N_IMPLIED 5

/* Here, below all who ask: a point-to-point device is about claims. */
bool wg_dev_is_point_to_point(const struct wg_dev *dev)
{
	return dev->p2p || dev->follow == WG_FOLLOW_ANY;
}

struct wg_peer *wg_dev_only_peer(const struct wg_dev *dev)
{
	return wg_dev_is_point_to_point(dev) && dev->n_named == 1 ? dev->named
								  : NULL;
}

static void set_claims(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		       unsigned claims, uint32_t slot)
{
	wg_entry_decide(dev, t, i, claims, slot);
	/* verdict of the route, if there is one, and a new owner if the last
	 * claim went: the claimant counts as the present one */
	wg_owner_decide(dev, t, i);
	wg_table_prune(t, i);
}

static int claim(struct wg_peer *peer, const struct wg_prefix *p, unsigned bit,
		 struct wg_peer **ret_other)
{
	struct wg_dev *dev = peer->dev;
	struct wg_table *t = wg_dev_table(dev, p->family);
	uint32_t i = wg_table_get(t, p);
	unsigned others;
	struct wg_node *n;

	if (!i)
		abort();
	n = wg_table_node(t, i);
	others = n->claims & ~WG_CLAIM_IMPLIED;
	if (others & bit || (others && n->decided != peer->slot)) {
		if (ret_other)
			*ret_other = dev->slots[n->decided];
		return -EEXIST;
	}
	if (!others && bit != WG_CLAIM_IMPLIED) {
		void *room = wg_mem_room(&dev->core->mem, peer->claims,
					 sizeof(*peer->claims),
					 peer->n_claims + 1, &peer->cap_claims);

		if (!room)
			abort();
		peer->claims = room;
		peer->claims[peer->n_claims++] = *p;
	}
	if (n->decided != peer->slot)
		set_claims(dev, t, i, bit, peer->slot);
	else
		set_claims(dev, t, i, n->claims | bit, peer->slot);
	return 0;
}

static void set_exclusive(struct wg_dev *dev, struct wg_table *t, uint32_t i,
			  bool exclusive)
{
	struct wg_node *n = wg_table_node(t, i);

	if (n->exclusive == exclusive)
		return;
	n->exclusive = exclusive;
	dev->n_exclusive += exclusive ? 1 : -1;
	wg_owner_decide_below(dev, t, i);
}

static void unclaim(struct wg_peer *peer, const struct wg_prefix *p,
		    unsigned bits)
{
	struct wg_dev *dev = peer->dev;
	struct wg_table *t = wg_dev_table(dev, p->family);
	uint32_t i = wg_table_find(t, p);
	struct wg_node *n = i ? wg_table_node(t, i) : NULL;
	unsigned before;
	size_t j;

	if (!n || !(n->claims & bits) || n->decided != peer->slot)
		return;
	before = n->claims;
	if (bits & WG_CLAIM_STATIC)
		set_exclusive(dev, t, i, false);
	set_claims(dev, t, i, before & ~bits, peer->slot);
	if (!(before & ~WG_CLAIM_IMPLIED) ||
	    (before & ~bits & ~WG_CLAIM_IMPLIED))
		return;
	/* the last ones are the likeliest to go */
	j = peer->n_claims - 1;
	while (!wg_prefix_same(&peer->claims[j], p))
		j--;
	peer->claims[j] = peer->claims[--peer->n_claims];
}

int wg_peer_add_address(struct wg_peer *peer, const struct wg_addr *addr,
			struct wg_peer **ret_other)
{
	struct wg_prefix p = wg_prefix_host(addr);
	int ret = claim(peer, &p, WG_CLAIM_ADDRESS, ret_other);

	if (ret == 0)
		peer->dev->core->marked_sets = true;
	return ret;
}

void wg_peer_del_address(struct wg_peer *peer, const struct wg_addr *addr)
{
	struct wg_prefix p = wg_prefix_host(addr);

	unclaim(peer, &p, WG_CLAIM_ADDRESS);
	peer->dev->core->marked_sets = true;
}

int wg_peer_add_static(struct wg_peer *peer, const struct wg_prefix *prefix,
		       struct wg_peer **ret_other)
{
	struct wg_prefix p = *prefix;

	wg_prefix_mask(&p);
	return claim(peer, &p, WG_CLAIM_STATIC, ret_other);
}

void wg_peer_del_static(struct wg_peer *peer, const struct wg_prefix *prefix)
{
	struct wg_prefix p = *prefix;

	wg_prefix_mask(&p);
	unclaim(peer, &p, WG_CLAIM_STATIC);
}

void wg_peer_set_exclusive(struct wg_peer *peer, const struct wg_prefix *prefix,
			   bool exclusive)
{
	struct wg_prefix p = *prefix;
	struct wg_table *t = wg_dev_table(peer->dev, p.family);
	struct wg_node *n;
	uint32_t i;

	wg_prefix_mask(&p);
	i = wg_table_find(t, &p);
	n = i ? wg_table_node(t, i) : NULL;
	if (n && n->claims & WG_CLAIM_STATIC && n->decided == peer->slot)
		set_exclusive(peer->dev, t, i, exclusive);
}

struct wg_peer *wg_claim_address_owner(struct wg_dev *dev,
				       const struct wg_addr *addr)
{
	struct wg_prefix p = wg_prefix_host(addr);
	struct wg_table *t = wg_dev_table(dev, p.family);
	uint32_t i = wg_table_find(t, &p);

	if (!i || !(wg_table_node(t, i)->claims & WG_CLAIM_ADDRESS))
		return NULL;
	return dev->slots[wg_table_node(t, i)->decided];
}

static void drop_implied(struct wg_dev *dev)
{
	unsigned j;

	if (dev->sole)
		for (j = 0; j < N_IMPLIED; j++)
			unclaim(dev->slots[dev->sole], &implied[j],
				WG_CLAIM_IMPLIED);
	if (dev->sole_any)
		dev->marked_all = true;
	dev->sole = 0;
	dev->sole_any = false;
}

void wg_claim_drop_all(struct wg_peer *peer)
{
	if (peer->dev->sole == peer->slot)
		drop_implied(peer->dev);
	while (peer->n_claims) {
		/* a copy: unclaim moves the list */
		struct wg_prefix p = peer->claims[peer->n_claims - 1];

		unclaim(peer, &p, WG_CLAIM_ADDRESS | WG_CLAIM_STATIC);
	}
	wg_mem_put(&peer->dev->core->mem, peer->claims,
		   peer->cap_claims * sizeof(*peer->claims));
	peer->claims = NULL;
	peer->cap_claims = 0;
}

/*
 * The node of the next claim of the peer, from the *J-th on, the implied ones
 * behind the others; 0: there are no more.
 */
static uint32_t next_claimed(struct wg_peer *peer, size_t *j,
			     struct wg_table **ret_table)
{
	while (*j < peer->n_claims + N_IMPLIED) {
		const struct wg_prefix *p =
			*j < peer->n_claims ? &peer->claims[*j]
					    : &implied[*j - peer->n_claims];
		const struct wg_node *n;
		uint32_t i;

		++*j;
		*ret_table = wg_dev_table(peer->dev, p->family);
		i = wg_table_find(*ret_table, p);
		n = i ? wg_table_node(*ret_table, i) : NULL;
		if (n && n->claims && n->decided == peer->slot)
			return i;
	}
	return 0;
}

void wg_claim_touch_all(struct wg_peer *peer)
{
	struct wg_table *t;
	size_t j = 0;
	uint32_t i;

	while ((i = next_claimed(peer, &j, &t)))
		wg_entry_touch(peer->dev, t, i, true);
}

void wg_claim_repoint(struct wg_peer *peer, uint32_t to)
{
	struct wg_table *t;
	size_t j = 0;
	uint32_t i;

	while ((i = next_claimed(peer, &j, &t)))
		wg_entry_decide(peer->dev, t, i, wg_table_node(t, i)->claims,
				to);
	if (peer->dev->sole == peer->slot)
		peer->dev->sole = to;
}

void wg_claim_settle_implied(struct wg_dev *dev)
{
	struct wg_peer *peer = wg_dev_only_peer(dev);
	uint32_t sole = peer ? peer->slot : 0;
	bool any = peer && dev->follow == WG_FOLLOW_ANY;
	unsigned j;

	if (sole == dev->sole && any == dev->sole_any)
		return;
	drop_implied(dev);
	dev->sole = sole;
	dev->sole_any = any;
	if (any)
		dev->marked_all = true;
	for (j = 0; peer && j < (any ? N_IMPLIED : N_ALWAYS); j++)
		claim(peer, &implied[j], WG_CLAIM_IMPLIED, NULL);
}
