/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: from what the device acknowledged to what is decided.
 *
 * A packet to an address that belongs, for a moment, to a third peer is
 * encrypted for the wrong party.  So the order is a promise: at every moment
 * every address belongs to its old or to its new owner (or to nobody, if that
 * is one of them).
 *
 *  1. DEVICE_SET, PORT_SET, PEER_SET: they change no prefix.
 *  2. ADDs of what is wanted: first leaves that another peer has, then the
 *     longest prefix first.
 *  3. What nobody wants (orphans), the shortest prefix first: REMOVE; or on a
 *     device that cannot remove, if it is covered, an ADD to the owner of
 *     what covers it.
 *  4. PEER_REMOVEs.
 *
 * What is wanted here is the targets (wg_entry.h): what is decided, or what
 * the aggregation makes of it, which gives every address the same owner.
 *
 * Argument.  D is the set of (prefix, peer) on the device, T the wanted one;
 * the owner of an address is that of the longest matching prefix.  An
 * operation on P matters only to addresses whose longest match in D, with P,
 * is P.  Let a be one.
 *  - ADD of P in step 2: every longer wanted prefix is in D by now, with its
 *    new owner, and does not match a; so P is a's longest match in T, and a
 *    comes to its new owner.  If P is a leaf there are no longer ones below
 *    it, so it waits for nothing: and as its packets go the wrong way, while
 *    those of a prefix that nobody has yet go nowhere, what fails over does
 *    not queue behind a table that loads.
 *  - Orphan P in step 3: all of T is in D, and P is not in T.  Let Q be the
 *    longest match of a in T.  Orphans that are shorter than P are gone, or
 *    belong to the owner of what covers them (redundant).  So without P, a
 *    falls to Q's owner, perhaps by way of a redundant entry with the same
 *    owner, or to nobody if there is no Q; and with an ADD of P to Q's owner
 *    it comes to the same.
 *  - PEER_REMOVE in step 4: the peer has nothing any more.
 * Addresses that no operation concerned have their old owner.
 *
 * A peer that leaves with many prefixes is taken away at once, without a
 * REMOVE for each, if it is the only one that leaves and nobody else has
 * orphans that have to go.  The device takes its prefixes away one by one in
 * an order of its own; an address falls from one of them to another of them
 * (the old owner) or to T.  With orphans of somebody else in between this
 * would not hold: with 10.0.0.0/8 of A and 10.1.0.0/16 of B both unwanted,
 * A's leaving first is right, B's leaving first shows 10.1.0.0/16 to A.
 *
 * Each call makes a fresh plan, so decisions may change between batches: every
 * owner that an address ever has is one that was decided for it.
 *
 * DEVICE_SET and PORT_SET go alone, so that it is known what was refused: a
 * port that somebody else has must not keep prefixes from their peers.  A
 * device that closed its old port to try the new one (wireguard-go) is given
 * any port then, to be reached at all.
 *
 * A peer that is to be renewed (wg_peer_renew) is removed before all else, in
 * a batch of its own; what follows is a plan from a device that has lost it.
 * Not promised for it: until it has its prefixes again, its addresses fall to
 * the owner of what covers them on the device.  Whoever renews a peer has no
 * more use for the packets that it might get.
 *
 * Not promised: DEVICE_SET with a new private key that is the key of a peer.
 * The kernel removes that peer at once, and nothing can be done before.
 */
#include <assert.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"
#include "lib/core/wg_sweep.h"

/* Ops being written. */
struct out {
	struct wg_op *ops;
	size_t n;
	size_t max;
};

static bool is_full(const struct out *out)
{
	return out->n == out->max;
}

static struct wg_op *put(struct out *out, enum wg_op_kind kind)
{
	struct wg_op *op = &out->ops[out->n++];

	*op = (struct wg_op){.kind = kind};
	return op;
}

static struct wg_op *put_peer(struct out *out, enum wg_op_kind kind,
			      const struct wg_peer *peer)
{
	struct wg_op *op = put(out, kind);

	op->peer = peer->slot;
	op->key = &peer->key;
	return op;
}

static void put_prefix(struct out *out, enum wg_op_kind kind,
		       const struct wg_peer *peer, const struct wg_table *t,
		       uint32_t i)
{
	struct wg_op *op = put_peer(out, kind, peer);

	op->prefix = wg_table_prefix(t, i);
	op->node = i;
}

/* To be set, and not known to be refused. */
static bool conf_waits(const struct wg_dev *dev)
{
	return dev->conf_acked != dev->conf_gen &&
	       dev->conf_refused != dev->conf_gen;
}

static bool port_waits(const struct wg_dev *dev)
{
	return dev->port_acked != dev->port_gen &&
	       (dev->port_refused != dev->port_gen || dev->port_closed);
}

/* True: this goes alone. */
static bool plan_device(struct wg_dev *dev, struct out *out)
{
	bool any = dev->port_refused == dev->port_gen;

	if (conf_waits(dev) && !is_full(out)) {
		dev->conf_sent = dev->conf_gen;
		put(out, WG_OP_DEVICE_SET)->dev_conf = &dev->conf;
	} else if (port_waits(dev) && !is_full(out)) {
		dev->port_sent = any ? dev->port_acked : dev->port_gen;
		put(out, WG_OP_PORT_SET)->port =
			any ? 0 : dev->conf.listen_port;
	}
	return out->n;
}

static bool is_renewed(const struct wg_peer *peer)
{
	return peer->renew && peer->present && peer->usable;
}

/* True: these go alone. */
static bool plan_renewals(struct wg_dev *dev, struct out *out)
{
	struct wg_peer *peer;

	for (peer = dev->named; peer && !is_full(out); peer = peer->next)
		if (is_renewed(peer))
			put_peer(out, WG_OP_PEER_REMOVE, peer);
	return out->n;
}

/* The slot of the first peer from I on that has to be set; n_slots or more:
 * none. */
static uint32_t next_to_set(const struct wg_dev *dev, uint32_t i)
{
	while (i < dev->n_slots && !(dev->slots[i] && dev->slots[i]->name &&
				     wg_peer_needs_set(dev->slots[i])))
		i++;
	return i;
}

static void plan_peers(struct wg_dev *dev, struct out *out)
{
	struct wg_peer *peer;
	uint32_t i;

	for (i = dev->peers_from; !is_full(out); i++) {
		i = next_to_set(dev, i);
		if (i >= dev->n_slots)
			return;
		peer = dev->slots[i];
		peer->conf_sent = peer->conf_gen;
		peer->op_conf = peer->conf;
		/* it may have roamed since it took this endpoint */
		if (peer->present && wg_endpoint_same(&peer->conf.endpoint,
						      &peer->endpoint_acked))
			peer->op_conf.endpoint = (struct wg_endpoint){};
		put_peer(out, WG_OP_PEER_SET, peer)->peer_conf = &peer->op_conf;
	}
}

/* ADDs of one queue, all or only those that are, or are not, leaves. */
enum which { ALL, LEAVES, OTHERS };

static void plan_queue(const struct wg_dev *dev, enum wg_queue kind,
		       enum which which, unsigned f, unsigned len,
		       struct out *out)
{
	const struct wg_table *t = &dev->table[f];
	uint32_t i = dev->queue[f][kind][len];

	for (; i && !is_full(out); i = wg_table_node(t, i)->queue_next) {
		bool leaf = wg_branch_is_leaf(wg_table_branch(t, i));

		if (which == ALL || leaf == (which == LEAVES))
			put_prefix(out, WG_OP_ADD,
				   dev->slots[wg_entry_target(dev, t, i)], t,
				   i);
	}
}

static void plan_moves(const struct wg_dev *dev, struct out *out)
{
	unsigned len, f;

	if (!dev->n_queued[WG_QUEUE_MOVE])
		return;
	for (len = 0; len <= 128; len++)
		for (f = 0; f < 2; f++)
			plan_queue(dev, WG_QUEUE_MOVE, LEAVES, f, len, out);
}

static void plan_wanted(const struct wg_dev *dev, struct out *out)
{
	int len;
	unsigned f;

	if (!dev->n_queued[WG_QUEUE_GIVE] && !dev->n_queued[WG_QUEUE_MOVE])
		return;
	for (len = 128; len >= 0; len--)
		for (f = 0; f < 2; f++) {
			plan_queue(dev, WG_QUEUE_GIVE, ALL, f, len, out);
			plan_queue(dev, WG_QUEUE_MOVE, OTHERS, f, len, out);
		}
}

static void plan_orphan(const struct wg_dev *dev, const struct wg_table *t,
			uint32_t i, struct out *out)
{
	uint32_t q = dev->can_remove ? 0 : wg_entry_cover(dev, t, i);

	if (q && !wg_entry_is_held(dev, wg_table_node(t, q)))
		put_prefix(out, WG_OP_ADD,
			   dev->slots[wg_entry_target(dev, t, q)], t, i);
	else
		put_prefix(out, WG_OP_REMOVE,
			   dev->slots[wg_table_node(t, i)->acked], t, i);
}

static void plan_orphans(const struct wg_dev *dev, struct out *out)
{
	unsigned len;
	unsigned f;
	uint32_t i;

	for (len = 0; len <= 128; len++)
		for (f = 0; f < 2; f++) {
			const struct wg_table *t = &dev->table[f];

			i = dev->queue[f][WG_QUEUE_TAKE][len];
			for (; i && !is_full(out);
			     i = wg_table_node(t, i)->queue_next)
				plan_orphan(dev, t, i, out);
		}
}

/* The next peer that has to leave, of all. */
static struct wg_peer *leaving(const struct wg_dev *dev,
			       const struct wg_peer *after)
{
	struct wg_peer *peer = after ? after->next : dev->named;
	bool named = after ? after->name != NULL : true;

	for (;;) {
		while (peer && !wg_peer_is_leaving(peer))
			peer = peer->next;
		if (peer || !named)
			return peer;
		named = false;
		peer = dev->nameless;
	}
}

static bool has_to_go(const struct wg_peer *peer)
{
	return wg_peer_is_leaving(peer) || (peer->name && is_renewed(peer));
}

static bool any_has_to_go(const struct wg_dev *dev)
{
	uint32_t i;

	for (i = 1; i < dev->n_slots; i++)
		if (dev->slots[i] && has_to_go(dev->slots[i]))
			return true;
	return false;
}

/*
 * What is to be told to peers.  All of them are looked at only after something
 * changed for one: so no batch walks over a million of them, neither while
 * nothing is to be told, which is nearly always, nor while they all are new.
 */
static void look(struct wg_dev *dev)
{
	if (!dev->peers_seen) {
		dev->peers_seen = true;
		dev->peers_go = any_has_to_go(dev);
		dev->peers_from = 1;
	}
	dev->peers_from = next_to_set(dev, dev->peers_from);
}

static bool peers_wait(const struct wg_dev *dev)
{
	bool seen = dev->peers_seen;

	return (seen ? dev->peers_go : any_has_to_go(dev)) ||
	       next_to_set(dev, seen ? dev->peers_from : 1) < dev->n_slots;
}

void wg_plan_check(const struct wg_dev *dev)
{
	if (!dev->peers_seen)
		return;
	assert(dev->peers_go || !any_has_to_go(dev));
	assert(next_to_set(dev, 1) >= dev->peers_from);
}

size_t wg_plan_next(struct wg_dev *dev, struct wg_op *ops, size_t max)
{
	struct out out = {.ops = ops, .max = max};
	struct wg_peer *first = NULL;
	struct wg_peer *peer;
	bool at_once;

	if (!dev->synced || dev->sweep || wg_aggregate_is_busy(dev))
		return 0;
	look(dev);
	if (plan_device(dev, &out) ||
	    (dev->peers_go && plan_renewals(dev, &out))) {
		dev->in_flight = out.n;
		return out.n;
	}
	plan_peers(dev, &out);
	plan_moves(dev, &out);
	plan_wanted(dev, &out);
	if (dev->peers_go)
		first = leaving(dev, NULL);
	at_once = first && !leaving(dev, first) &&
		  dev->n_queued[WG_QUEUE_TAKE] == first->n_orphans;
	if (dev->n_queued[WG_QUEUE_TAKE] && !at_once)
		plan_orphans(dev, &out);
	for (peer = first; peer && !is_full(&out); peer = leaving(dev, peer))
		put_peer(&out, WG_OP_PEER_REMOVE, peer);
	dev->in_flight = out.n;
	return out.n;
}

bool wg_plan_pending(const struct wg_dev *dev)
{
	if (!dev->synced || dev->sweep || wg_aggregate_is_busy(dev))
		return false;
	if (conf_waits(dev) || port_waits(dev) ||
	    dev->n_queued[WG_QUEUE_GIVE] || dev->n_queued[WG_QUEUE_MOVE] ||
	    dev->n_queued[WG_QUEUE_TAKE])
		return true;
	return peers_wait(dev);
}

/* --- commit */

/* The node of the op.  The table may have changed since it was handed out. */
static uint32_t node_of(struct wg_table *t, const struct wg_op *op)
{
	uint32_t i = op->node;

	if (i < t->top && wg_table_node(t, i)->live) {
		struct wg_prefix p = wg_table_prefix(t, i);

		if (wg_prefix_same(&p, &op->prefix))
			return i;
	}
	return wg_table_get(t, &op->prefix);
}

static void peer_is_gone(struct wg_dev *dev, struct wg_peer *peer)
{
	wg_peer_look_again(dev);
	peer->present = false;
	peer->renew = false;
	peer->alive = false;
	peer->conf_acked = 0;
	peer->endpoint_acked = (struct wg_endpoint){};
	if (peer->n_acked)
		wg_sweep_start(dev, WG_SWEEP_GONE);
}

static void commit(struct wg_dev *dev, const struct wg_op *op)
{
	struct wg_table *t = wg_dev_table(dev, op->prefix.family);
	struct wg_peer *peer = wg_dev_peer(dev, op->peer);
	uint32_t i;

	switch ((enum wg_op_kind)op->kind) {
	case WG_OP_DEVICE_SET:
		dev->conf_acked = dev->conf_sent;
		/* a peer with our own public key is dropped by the device */
		peer = wg_peer_find_key(dev, &dev->key);
		if (peer && peer->present && dev->conf.private_key_file)
			peer_is_gone(dev, peer);
		break;
	case WG_OP_PORT_SET:
		dev->port_acked = dev->port_sent;
		dev->port_closed = false;
		break;
	case WG_OP_PEER_SET:
		peer->present = true;
		peer->conf_acked = peer->conf_sent;
		if (peer->op_conf.endpoint.addr.family != AF_UNSPEC)
			peer->endpoint_acked = peer->op_conf.endpoint;
		/* decisions may have moved on */
		if (has_to_go(peer) || wg_peer_needs_set(peer))
			wg_peer_look_again(dev);
		break;
	case WG_OP_ADD:
	case WG_OP_REMOVE:
		i = node_of(t, op);
		if (!i) {
			/* no memory for the truth: find it again later */
			wg_sync_lost(dev);
			break;
		}
		if (op->kind == WG_OP_ADD)
			wg_owner_ack(dev, t, i, op->peer);
		else if (wg_table_node(t, i)->acked == op->peer)
			wg_owner_ack(dev, t, i, 0);
		else
			wg_table_prune(t, i);
		break;
	case WG_OP_PEER_REMOVE:
		peer_is_gone(dev, peer);
		break;
	}
}

void wg_plan_commit(struct wg_dev *dev, const struct wg_op *ops, size_t n)
{
	size_t i;

	/* of another life of the device, or before a read */
	if (!dev->synced || n > dev->in_flight)
		return;
	for (i = 0; i < n; i++)
		commit(dev, &ops[i]);
	dev->in_flight -= n;
	wg_peer_collect(dev);
}

bool wg_plan_refused(struct wg_dev *dev, const struct wg_op *ops, size_t n)
{
	if (n != 1)
		return false;
	switch ((enum wg_op_kind)ops->kind) {
	case WG_OP_DEVICE_SET:
		dev->conf_refused = dev->conf_sent;
		break;
	case WG_OP_PORT_SET:
		if (dev->port_refused == dev->port_gen)
			dev->port_closed = false; /* not any port either */
		else
			dev->port_refused = dev->port_sent;
		break;
	default:
		return false;
	}
	dev->in_flight = 0;
	return true;
}

bool wg_plan_is_refused(const struct wg_dev *dev)
{
	return (dev->conf_acked != dev->conf_gen &&
		dev->conf_refused == dev->conf_gen) ||
	       (dev->port_acked != dev->port_gen &&
		dev->port_refused == dev->port_gen);
}

void wg_plan_retry(struct wg_dev *dev)
{
	dev->conf_refused = dev->conf_gen - 1;
	dev->port_refused = dev->port_gen - 1;
	dev->port_closed = false;
}
