/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder: who owns a prefix on a device.
 *
 *  1. A static allowed-ips or address beats every route to the same prefix,
 *     an exclusive one every route to a prefix within it, too.
 *  2. Only next hops on this device whose gateway is a peer's address (or,
 *     on a point-to-point device, any gateway or none), whose peer is
 *     complete and not shut down, and whose filters accept the prefix are
 *     candidates.  Recursive next hops are resolved first.  A martian has
 *     none, nor has a prefix that leads the device's own packets to a peer
 *     back into it.  A member of a mesh is one only if its certificate covers
 *     the prefix, and no other announcer's prefix is longer than its longest
 *     certified one around the prefix.
 *  2b. If certificates deny all candidates: the announcer with the longest
 *     announced prefix, then the lowest member number; else nobody.
 *  3. A peer known to be down is a candidate only where no other is.
 *  4. The present owner stays if it is still a candidate of the best weight,
 *     unless it has the prefix only because a better one was down.
 *  5. The highest weight, then the lowest public key.
 *
 * Rule 1 holds also while the static's peer is shut down or incomplete: such
 * a prefix is its peer's or nobody's, never somebody else's.  What a stranger
 * on an adopted device has counts as static, too.  Longer statics within an
 * exclusive one stand, for the operator wrote both; routes within those do
 * not.  Routes within it by the peer's own next hop would change nothing, and
 * are shadowed like all others.
 *
 * Which peer a gateway is (the first half of rule 2) is found once per set of
 * next hops, in wg_nexthops.c.  Rules 3 to 5 are one comparison of two
 * candidates: not down, weight, present owner, key, in this order.  The
 * present owner is the decided one or, where nothing is decided (a restart),
 * the one that the device has: so nothing flaps because we came back.
 *
 * Members: an announcer of a prefix is a live member that announces a prefix
 * around it and is certified for both (wg_announced.c).  Rule 2b is for routes
 * by a hub that set itself as the next hop, and for false ones: both lead to
 * whom the prefix is certified for.  It goes by nothing but certificates,
 * announcements and liveness, so a device that has the same ones and the same
 * route decides the same, whatever was before.  The announcer's own filters
 * hold as in rule 2; if they refuse it, nobody has the prefix.  The verdict
 * is that of the route: it was denied, whoever has the prefix for that.
 * Where no next hop got as far as its certificate (it is nobody's address,
 * say), nothing was denied by one and rule 2b has no say.  Peers that are no
 * members are the operator's: no certificate denies them anything, and they
 * take part in everything as ever.
 *
 * Invariant, on a device whose peers are members: a packet is sealed for a
 * certified owner of its destination, or dropped.  For a packet goes to the
 * owner of the longest entry around its destination, and each entry is
 *  - by a route: decided in rules 2 to 5, so certified for its owner, or in
 *    2b, and certified for that announcer;
 *  - by a claim: the member's own address, which is in its certificate, or the
 *    operator's line;
 *  - of an earlier life: kept only if certified (wg_owner_may_keep).
 * Whoever is certified for a prefix is so for each address in it.  A prefix
 * that is denied to all leaves its addresses to what covers it, of which the
 * same holds.  Aggregation changes the owner of no address; a plan shows each
 * address to its old or new owner only, and both were certified when they were
 * decided.  Next hops, weights, keys and liveness choose only among those whom
 * certificates let have the prefix: so liveness matters between members that
 * are certified for the same addresses, and nowhere else.
 *
 * maximum-prefix is the last filter.  A full peer is no candidate for what it
 * does not own already.  Where it would have won, the node is marked refused
 * and stands at the head of its binding's list, so that room, when it comes,
 * finds the refused ones without a search (wg_owner_settle_refused).  This
 * ends: each such step gives a prefix a better owner than it has.
 *
 * What a peer gets by rule 3 alone is lent to it: were they all alive, another
 * would have won.  Routing may take the dead one's next hop away and bring it
 * back: so it stays lent until it moves to one who won against another that is
 * alive.  Rule 4 is no argument for a borrower.  So what a peer had
 * comes back to it, and what was told while it was down comes to it, as far as
 * rule 5 says so; where the borrower has the lower key it may stay.  To know
 * whose it was would take a slot a prefix.
 */
#include "lib/core/wg_owner.h"

#include <assert.h>

#include "lib/core/wg_announced.h"
#include "lib/core/wg_bindings.h"
#include "lib/core/wg_certs.h"
#include "lib/core/wg_entry.h"

/* What the ladder is about to decide. */
struct question {
	const struct wg_node *node;
	struct wg_prefix prefix;
	uint32_t
		present; /* slot of the present owner; 0: none, or a borrower */
};

/* How far a next hop got; the furthest one gives the verdict. */
enum reach {
	REACH_NOBODY,
	REACH_AWAY,
	REACH_DENIED,
	REACH_UNCERTIFIED,
	REACH_FULL,
	REACH_CANDIDATE,
};

static const enum wg_verdict verdicts[] = {
	[REACH_NOBODY] = WG_ROUTE_NO_PEER,
	[REACH_AWAY] = WG_ROUTE_PEER_DOWN,
	[REACH_DENIED] = WG_ROUTE_DENIED,
	[REACH_UNCERTIFIED] = WG_ROUTE_UNCERTIFIED,
	[REACH_FULL] = WG_ROUTE_OVER_MAXIMUM,
	[REACH_CANDIDATE] = WG_ROUTE_ACCEPTED,
};

/* the last one; there is no room for another in a node */
_Static_assert(WG_ROUTE_MARTIAN < 1 << 3, "wg_node.verdict has 3 bits");

static bool is_full(const struct wg_peer *peer, const struct question *q)
{
	bool owns = !q->node->claims && q->node->decided == peer->slot;

	return peer->maximum && peer->n_dynamic - owns >= peer->maximum;
}

static bool is_permitted(const struct wg_peer *peer, const struct question *q)
{
	const struct wg_filter *f =
		&peer->filter[wg_family_index(q->prefix.family)];

	return !f->permits || f->permits(f->arg, &q->prefix);
}

/* Rule 2 for a member: do certificates let it have the prefix? */
static bool is_certified(const struct wg_peer *member, const struct question *q)
{
	int around = wg_cert_around(member, &q->prefix);

	return around >= 0 &&
	       !wg_announced_best(member->dev, &q->prefix, member, around);
}

/* Rule 2: is this next hop's peer a candidate? */
static enum reach candidate(const struct wg_entry_nexthop *nh,
			    const struct question *q)
{
	if (!nh->peer || !nh->peer->name)
		return REACH_NOBODY;
	if (!wg_peer_is_usable(nh->peer))
		return REACH_AWAY;
	if (!is_permitted(nh->peer, q))
		return REACH_DENIED;
	if (wg_peer_is_member(nh->peer) && !is_certified(nh->peer, q))
		return REACH_UNCERTIFIED;
	return is_full(nh->peer, q) ? REACH_FULL : REACH_CANDIDATE;
}

static bool is_down(const struct wg_entry_nexthop *nh)
{
	return nh->peer->liveness == WG_PEER_DOWN;
}

/* Rules 4 and 5: would a win against b, were they both alive? */
static bool would_win(const struct wg_entry_nexthop *a,
		      const struct wg_entry_nexthop *b,
		      const struct question *q)
{
	/* rule 4 is about candidates of the best weight, too */
	if (a->weight != b->weight)
		return a->weight > b->weight;
	if (a->peer == b->peer)
		return false;
	/* 4. */
	if (a->peer->slot == q->present || b->peer->slot == q->present)
		return a->peer->slot == q->present;
	/* 5. */
	return memcmp(&a->peer->key, &b->peer->key, WG_KEY_LEN) < 0;
}

/* Rules 3, 4 and 5: does a win against b? */
static bool wins(const struct wg_entry_nexthop *a,
		 const struct wg_entry_nexthop *b, const struct question *q)
{
	return is_down(a) != is_down(b) ? is_down(b) /* 3. */
					: would_win(a, b, q);
}

/* Has the best one it only because another is down? */
static bool is_lent(const struct wg_binding *b,
		    const struct wg_entry_nexthop *best,
		    const struct question *q)
{
	const struct wg_entry_nexthop *nh;

	if (!best || is_down(best))
		return false;
	for (nh = b->nexthops; nh < b->nexthops + b->n_nexthops; nh++)
		if (candidate(nh, q) == REACH_CANDIDATE && is_down(nh) &&
		    would_win(nh, best, q))
			return true;
	return false;
}

/*
 * The slot of who has it on the device; 0: nobody.  COVERED: by an entry that
 * covers it, too.
 */
static uint32_t on_device(const struct wg_table *t, uint32_t i, bool covered)
{
	const struct wg_node *n = wg_table_node(t, i);

	while (covered && !n->acked && n->parent)
		n = wg_table_node(t, n->parent);
	return n->acked;
}

uint32_t wg_owner_exclusive_above(const struct wg_dev *dev,
				  const struct wg_table *t, uint32_t i)
{
	if (!dev->n_exclusive)
		return 0;
	do
		i = wg_table_node(t, i)->parent;
	while (i && !wg_table_node(t, i)->exclusive);
	return i;
}

static bool is_martian(const struct wg_table *t, uint32_t i)
{
	struct wg_prefix p = wg_table_prefix(t, i);

	return wg_prefix_is_martian(&p);
}

bool wg_owner_is_barred(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i)
{
	return wg_owner_exclusive_above(dev, t, i) || is_martian(t, i);
}

/* The peer would have it but for its maximum. */
static void refuse(struct wg_peer *peer)
{
	if (!peer->over) {
		peer->hit = true;
		peer->dev->n_over++;
	}
	peer->over = true;
	peer->dev->marked_peers = true;
}

/* Rule 2b: whom certificates give it, for they deny it to all next hops. */
static struct wg_peer *announcer(const struct wg_dev *dev,
				 const struct question *q, bool *ret_refused)
{
	struct wg_peer *peer = wg_announced_best(dev, &q->prefix, NULL, -1);

	if (!peer || !is_permitted(peer, q))
		return NULL;
	if (!is_full(peer, q))
		return peer;
	refuse(peer);
	*ret_refused = true;
	return NULL;
}

static struct wg_peer *ladder(const struct wg_binding *b,
			      const struct question *q,
			      enum wg_verdict *ret_verdict, bool *ret_refused,
			      bool *ret_lent)
{
	const struct wg_entry_nexthop *best = NULL;
	const struct wg_entry_nexthop *nh;
	enum reach far = REACH_NOBODY;
	const struct wg_peer *alive = NULL;
	struct wg_peer *owner;
	bool full = false, down = false, rivals = false;

	*ret_refused = false;
	for (nh = b->nexthops; nh < b->nexthops + b->n_nexthops; nh++) {
		enum reach got = candidate(nh, q);

		if (got > far)
			far = got;
		if (got == REACH_FULL)
			full = true;
		if (got != REACH_CANDIDATE)
			continue;
		down |= is_down(nh);
		if (!is_down(nh)) {
			rivals |= alive && alive != nh->peer;
			alive = nh->peer;
		}
		if (!best || wins(nh, best, q))
			best = nh;
	}
	*ret_lent = (down && is_lent(b, best, q)) ||
		    (q->node->lent && best &&
		     (!rivals || best->peer->slot == q->node->decided));
	*ret_verdict = verdicts[far];
	/* whoever would have won but for his maximum */
	for (nh = b->nexthops; full && nh < b->nexthops + b->n_nexthops; nh++)
		if (candidate(nh, q) == REACH_FULL &&
		    (!best || wins(nh, best, q))) {
			refuse(nh->peer);
			*ret_refused = true;
		}
	assert(!best == (*ret_verdict != WG_ROUTE_ACCEPTED));
	/* 2b. */
	owner = best ? best->peer : NULL;
	if (far == REACH_UNCERTIFIED)
		owner = announcer(b->dev, q, ret_refused);
	assert(!owner || wg_peer_is_usable(owner));
	assert(!owner || !wg_peer_is_member(owner) ||
	       wg_cert_around(owner, &q->prefix) >= 0);
	return owner;
}

/*
 * Who has the prefix.  What an earlier life aggregated may have no entry of
 * its own on the device, but one that covers it.
 */
static uint32_t present(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i)
{
	const struct wg_node *n = wg_table_node(t, i);

	return n->decided ?: on_device(t, i, dev->aggregating && dev->n_stale);
}

void wg_owner_decide(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	enum wg_verdict verdict = WG_ROUTE_SHADOWED;
	struct wg_peer *owner = NULL;
	bool refused = false, lent = false;

	if (n->claims) {
		/* 1. */
		n->verdict = verdict;
	} else {
		if (n->route && !dev->sole_any && !wg_entry_is_held(dev, n) &&
		    !wg_owner_exclusive_above(dev, t, i)) {
			struct question q = {
				.node = n,
				.prefix = wg_table_prefix(t, i),
				.present = n->lent ? 0 : present(dev, t, i),
			};

			if (wg_prefix_is_martian(&q.prefix))
				verdict = WG_ROUTE_MARTIAN;
			else
				owner = ladder(dev->core->bindings[n->route],
					       &q, &verdict, &refused, &lent);
		}
		n->verdict = verdict;
		wg_entry_decide(dev, t, i, 0, owner ? owner->slot : 0);
	}
	n->lent = lent;
	if (n->refused != refused)
		wg_binding_set_refused(dev->core->bindings[n->route], t, i,
				       refused);
}

void wg_owner_decide_below(struct wg_dev *dev, struct wg_table *t, uint32_t i)
{
	uint32_t end = wg_table_next_outside(t, i);

	for (i = wg_table_next(t, i); i != end; i = wg_table_next(t, i)) {
		if (wg_owner_is_barred(dev, t, i))
			wg_entry_set_stale(dev, t, i, false);
		wg_owner_decide(dev, t, i);
	}
}

void wg_owner_ack(struct wg_dev *dev, struct wg_table *t, uint32_t i,
		  uint32_t slot)
{
	const struct wg_node *n = wg_table_node(t, i);
	bool held = wg_entry_is_held(dev, n);

	wg_entry_ack(dev, t, i, slot);
	if (wg_entry_is_held(dev, n) != held)
		wg_owner_decide(dev, t, i);
	wg_table_prune(t, i);
}

bool wg_owner_may_keep(const struct wg_dev *dev, const struct wg_table *t,
		       uint32_t i, uint32_t slot)
{
	struct wg_prefix p = wg_table_prefix(t, i);

	return !wg_owner_is_barred(dev, t, i) &&
	       wg_cert_holds(dev->slots[slot], &p);
}

void wg_owner_decide_all(struct wg_dev *dev)
{
	unsigned f;
	uint32_t i;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &dev->table[f];

		for (i = 1; i < t->top; i++) {
			const struct wg_node *n = wg_table_node(t, i);

			if (!n->live)
				continue;
			if (n->stale && !wg_owner_may_keep(dev, t, i, n->acked))
				wg_entry_set_stale(dev, t, i, false);
			wg_owner_decide(dev, t, i);
		}
	}
	wg_entry_touch_all(dev);
}

static void decide_within(struct wg_dev *dev, const struct wg_prefix *p)
{
	struct wg_table *t = wg_dev_table(dev, p->family);
	uint32_t i = wg_table_find(t, p) ?: wg_table_after(t, p);

	for (; i; i = wg_table_next(t, i)) {
		struct wg_prefix q = wg_table_prefix(t, i);

		if (!wg_prefix_covers(p, &q))
			break;
		wg_owner_decide(dev, t, i);
	}
}

void wg_owner_decide_announced(struct wg_dev *dev)
{
	const struct wg_prefix *p, *last = NULL;
	size_t n = wg_announced_take(dev, &p);

	for (; n--; p++)
		if (!last || !wg_prefix_covers(last, p)) {
			decide_within(dev, p);
			last = p;
		}
}

static bool has_room(const struct wg_peer *peer)
{
	return !peer->maximum || peer->n_dynamic < peer->maximum;
}

/* Offer the refused routes of a binding to a peer with room. */
static void offer(struct wg_binding *b, struct wg_peer *peer)
{
	unsigned f;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &b->dev->table[f];
		uint32_t i = b->head[f];

		while (i && wg_table_node(t, i)->refused && has_room(peer)) {
			uint32_t next = wg_table_node(t, i)->list_next;

			wg_owner_decide(b->dev, t, i);
			i = next;
		}
	}
}

void wg_owner_settle_refused(struct wg_dev *dev)
{
	bool again = true;
	struct wg_peer *peer;
	struct wg_nhset *set;
	size_t i;

	while (again) {
		again = false;
		for (peer = dev->named; peer; peer = peer->next) {
			if (!peer->over || !has_room(peer))
				continue;
			for (set = dev->core->all_sets; set;
			     set = set->all_next)
				for (i = 0; i < set->n_bindings; i++)
					if (wg_binding_may_give(set->bindings[i],
								peer))
						offer(set->bindings[i], peer);
			/* still room: nothing is refused by it any more */
			peer->over = !has_room(peer);
			dev->n_over -= !peer->over;
			/* what it took may have made room elsewhere */
			again = true;
		}
	}
}
