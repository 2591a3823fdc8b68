/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers.
 *
 * To WireGuard a peer is a public key; to the operator it is a name.  A slot
 * is a key on the device, what it acknowledged, and (mostly) a configured peer
 * with a name that points there.  When a peer's key changes, or the peer is
 * deleted, its slot stays behind with a nameless peer that has to leave
 * ("ours"); a configured peer that gets the key of a nameless one takes over
 * that slot, with what the device has there: so no session is lost when a
 * device is adopted or a peer comes back before it left.
 *
 * Struct wg_peer stays where it is while its slot changes: the caller holds
 * it.  A slot is used again when no node, no next hop and no operation in
 * flight can refer to it.
 *
 * Whether a peer is usable is changed in wg_peer_settle alone, so that all
 * nodes are counted by the same truth.
 */
#include "lib/core/wg_peers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_bindings.h"
#include "lib/core/wg_claims.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_mesh_peers.h"
#include "lib/core/wg_names.h"
#include "lib/core/wg_nexthops.h"
#include "lib/core/wg_slots.h"

/* --- named and nameless */

static void set_conf(struct wg_peer *peer, const struct wg_peer_conf *conf)
{
	struct wg_mem *mem = &peer->dev->core->mem;
	char *psk_file = conf ? wg_mem_str(mem, conf->psk_file) : NULL;

	wg_mem_put_str(mem, peer->conf.psk_file);
	peer->conf = conf ? *conf : (struct wg_peer_conf){};
	peer->conf.psk_file = psk_file;
}

static void list_nameless(struct wg_peer *peer)
{
	peer->prev = NULL;
	peer->next = peer->dev->nameless;
	if (peer->next)
		peer->next->prev = peer;
	peer->dev->nameless = peer;
}

static void unlist(struct wg_peer *peer)
{
	if (peer->name) {
		wg_name_del(peer);
		return;
	}
	if (peer->next)
		peer->next->prev = peer->prev;
	if (peer->prev)
		peer->prev->next = peer->next;
	else
		peer->dev->nameless = peer->next;
	peer->next = peer->prev = NULL;
}

/* The struct itself; slot and hash are no longer its. */
static void destroy(struct wg_peer *peer)
{
	struct wg_mem *mem = &peer->dev->core->mem;

	set_conf(peer, NULL);
	wg_mesh_peer_free(peer);
	wg_mem_put(mem, peer->claims, peer->cap_claims * sizeof(*peer->claims));
	wg_mem_put_str(mem, peer->name);
	wg_mem_put(mem, peer, sizeof(*peer));
}

struct wg_peer *wg_peer_new(struct wg_dev *dev, const char *name)
{
	struct wg_mem *mem = &dev->core->mem;
	struct wg_peer *peer = wg_mem_get(mem, sizeof(*peer));

	peer->dev = dev;
	peer->name = wg_mem_str(mem, name);
	peer->liveness = WG_PEER_UNKNOWN;
	peer->conf_gen = 1;
	if (!wg_slot_take(dev, peer))
		abort();
	wg_name_add(peer);
	dev->n_named++;
	dev->marked = true;
	dev->core->marked_sets = true;
	wg_peer_mark(peer);
	return peer;
}

struct wg_peer *wg_peer_new_stranger(struct wg_dev *dev,
				     const struct wg_key *key)
{
	struct wg_mem *mem = &dev->core->mem;
	struct wg_peer *peer = wg_mem_try(mem, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->dev = dev;
	peer->key = *key;
	peer->liveness = WG_PEER_UNKNOWN;
	if (!wg_slot_take(dev, peer)) {
		wg_mem_put(mem, peer, sizeof(*peer));
		return NULL;
	}
	if (!wg_slot_add_key(dev, peer)) {
		wg_slot_give(dev, peer->slot);
		wg_mem_put(mem, peer, sizeof(*peer));
		return NULL;
	}
	list_nameless(peer);
	return peer;
}

void wg_peer_delete(struct wg_peer *peer)
{
	struct wg_dev *dev = peer->dev;

	wg_claim_drop_all(peer);
	wg_mesh_peer_drop(peer);
	unlist(peer);
	dev->n_named--;
	dev->marked = true;
	dev->core->marked_sets = true;
	wg_mem_put_str(&dev->core->mem, peer->name);
	peer->name = NULL;
	peer->arg = NULL;
	peer->ours = true;
	set_conf(peer, NULL);
	memset(peer->filter, 0, sizeof(peer->filter));
	peer->maximum = 0;
	peer->renew = false;
	dev->n_over -= peer->over;
	peer->over = false;
	list_nameless(peer);
	wg_peer_mark(peer);
}

/* May the device have a peer that is not present here? As long as it is not
 * known what became of the last ops. */
static bool may_have_more(const struct wg_dev *dev)
{
	return dev->in_flight || (dev->ifindex && !dev->synced);
}

void wg_peer_collect(struct wg_dev *dev)
{
	struct wg_peer *peer = dev->nameless;
	struct wg_peer *next;

	/* the aggregation may still aim at it */
	if (may_have_more(dev) || dev->core->marked_sets ||
	    wg_aggregate_is_busy(dev))
		return;
	for (; peer; peer = next) {
		next = peer->next;
		if (peer->present || peer->usable || peer->n_acked ||
		    peer->n_static || peer->n_dynamic)
			continue;
		unlist(peer);
		wg_slot_del_key(dev, peer);
		wg_slot_give(dev, peer->slot);
		destroy(peer);
	}
}

void wg_peer_free_all(struct wg_dev *dev)
{
	struct wg_mem *mem = &dev->core->mem;

	while (dev->named || dev->nameless) {
		struct wg_peer *peer = dev->named ? dev->named : dev->nameless;

		unlist(peer);
		destroy(peer);
	}
	wg_mem_put(mem, dev->slots, dev->cap_slots * sizeof(*dev->slots));
	wg_mem_put(mem, dev->by_key, dev->n_buckets * sizeof(*dev->by_key));
}

/* --- the key */

void wg_peer_repoint(struct wg_peer *peer, uint32_t from, uint32_t to)
{
	struct wg_dev *dev = peer->dev;
	struct wg_nhset *set;
	size_t i;
	unsigned f;
	uint32_t n;

	wg_claim_repoint(peer, to);
	for (set = dev->core->all_sets; set; set = set->all_next)
		for (i = 0; i < set->n_bindings; i++) {
			struct wg_binding *b = set->bindings[i];

			for (f = 0; f < 2 && wg_binding_may_give(b, peer);
			     f++) {
				struct wg_table *t = &dev->table[f];

				for (n = b->head[f]; n;
				     n = wg_table_node(t, n)->list_next)
					if (wg_table_node(t, n)->decided ==
					    from)
						wg_entry_decide(dev, t, n, 0,
								to);
			}
		}
	wg_aggregate_repoint(dev, from, to);
}

/* Leave the slot with its key to a nameless peer and take a new one. */
static void leave_slot(struct wg_peer *peer)
{
	struct wg_dev *dev = peer->dev;
	uint32_t old = peer->slot;
	struct wg_peer *left = wg_mem_get(&dev->core->mem, sizeof(*left));

	left->dev = dev;
	left->key = peer->key;
	left->ours = true;
	left->liveness = WG_PEER_UNKNOWN;
	left->usable = peer->usable; /* until the settle */
	if (!wg_slot_take(dev, peer))
		abort();
	/* both are its own while counts move */
	peer->slot = old;
	wg_peer_repoint(peer, old, dev->free_slot - 1);
	peer->slot = dev->free_slot - 1;

	dev->slots[old] = left;
	left->slot = old;
	left->present = peer->present;
	left->n_acked = peer->n_acked;
	left->n_orphans = peer->n_orphans;
	left->seen = peer->seen;
	wg_slot_del_key(dev, peer);
	if (!wg_slot_add_key(dev, left))
		abort();
	list_nameless(left);
	peer->present = false;
	peer->renew = false;
	peer->n_acked = 0;
	peer->n_orphans = 0;
	peer->seen = false;
	peer->conf_acked = 0;
	peer->endpoint_acked = (struct wg_endpoint){};
	memset(&peer->key, 0, sizeof(peer->key));
	wg_peer_mark(left);
}

/* The key is a nameless peer's: become that. */
static void take_over(struct wg_peer *peer, struct wg_peer *other)
{
	struct wg_dev *dev = peer->dev;
	uint32_t old = peer->slot;

	peer->present = other->present;
	peer->renew = false;
	peer->seen = other->seen;
	peer->n_acked += other->n_acked;
	peer->n_orphans += other->n_orphans;
	peer->n_dynamic += other->n_dynamic;
	dev->slots[other->slot] = peer;
	wg_peer_repoint(peer, old, other->slot);
	peer->slot = other->slot;
	wg_slot_give(dev, old);
	wg_nhset_replace_peer(dev->core, other, peer);
	unlist(other);
	wg_slot_del_key(dev, other);
	destroy(other);
	/* prefixes that were a stranger's are not any more */
	wg_entry_touch_all(dev);
	dev->marked_all = true;
}

int wg_peer_set_key(struct wg_peer *peer, const struct wg_key *pub)
{
	static const struct wg_key none;
	struct wg_dev *dev = peer->dev;
	struct wg_peer *other;

	if (!pub)
		pub = &none;
	if (wg_key_same(&peer->key, pub))
		return 0;
	if (!wg_key_is_zero(pub) && wg_key_same(pub, &dev->key))
		return -EINVAL;
	other = wg_peer_find_key(dev, pub);
	if (other && other->name)
		return -EEXIST;
	if (!wg_key_is_zero(&peer->key)) {
		if (peer->present || peer->n_acked || may_have_more(dev))
			leave_slot(peer);
		else
			wg_slot_del_key(dev, peer);
	}
	if (other)
		take_over(peer, other);
	peer->key = *pub;
	wg_peer_look_again(dev);
	if (!wg_key_is_zero(pub) && !wg_slot_add_key(dev, peer))
		abort();
	wg_peer_mark(peer);
	return 0;
}

/* --- what the operator says */

void wg_peer_set_conf(struct wg_peer *peer, const struct wg_peer_conf *conf)
{
	const struct wg_peer_conf *old = &peer->conf;

	if (wg_endpoint_same(&old->endpoint, &conf->endpoint) &&
	    old->keepalive == conf->keepalive &&
	    !old->psk_file == !conf->psk_file &&
	    (!old->psk_file || strcmp(old->psk_file, conf->psk_file) == 0))
		return;
	/*
	 * A name that is resolved late must not send back who has roamed.  But
	 * one that was taken back and comes again is somebody's wish.
	 */
	if (conf->endpoint.addr.family == AF_UNSPEC)
		peer->endpoint_acked = (struct wg_endpoint){};
	else if (!peer->had_endpoint && peer->present && peer->alive)
		peer->endpoint_acked = conf->endpoint;
	peer->had_endpoint |= conf->endpoint.addr.family != AF_UNSPEC;
	set_conf(peer, conf);
	peer->conf_gen++;
	wg_peer_look_again(peer->dev);
}

void wg_peer_resend_endpoint(struct wg_peer *peer)
{
	if (peer->conf.endpoint.addr.family == AF_UNSPEC)
		return;
	peer->endpoint_acked = (struct wg_endpoint){};
	peer->conf_gen++;
	wg_peer_look_again(peer->dev);
}

void wg_peer_renew(struct wg_peer *peer)
{
	peer->renew = peer->present || may_have_more(peer->dev);
	wg_peer_look_again(peer->dev);
}

bool wg_peer_is_renewing(const struct wg_peer *peer)
{
	return peer->renew && (peer->present || may_have_more(peer->dev));
}

bool wg_peer_is_installed(const struct wg_peer *peer)
{
	return peer->present && wg_peer_is_complete(peer) && !peer->renew;
}

void wg_peer_set_shutdown(struct wg_peer *peer, bool shutdown)
{
	if (peer->shutdown == shutdown)
		return;
	peer->shutdown = shutdown;
	wg_peer_mark(peer);
}

void wg_peer_set_liveness(struct wg_peer *peer, enum wg_peer_state state)
{
	bool was_down = peer->liveness == WG_PEER_DOWN;

	assert(state >= WG_PEER_DOWN && state <= WG_PEER_UP);
	peer->liveness = state;
	/* the ladder knows down and not down */
	if (was_down != (state == WG_PEER_DOWN))
		wg_peer_mark(peer);
}

void wg_peer_set_filter(struct wg_peer *peer, uint8_t family,
			struct wg_filter filter)
{
	peer->filter[wg_family_index(family)] = filter;
	wg_peer_mark(peer);
}

void wg_peer_set_maximum(struct wg_peer *peer, uint32_t maximum)
{
	if (peer->maximum == maximum)
		return;
	peer->maximum = maximum;
	wg_peer_mark(peer);
}

bool wg_peer_maximum_hit(struct wg_peer *peer)
{
	bool hit = peer->hit;

	peer->hit = false;
	return hit;
}

/* --- settling */

bool wg_peer_is_complete(const struct wg_peer *peer)
{
	return peer->name && !peer->shutdown && !wg_key_is_zero(&peer->key) &&
	       !wg_key_same(&peer->key, &peer->dev->key);
}

void wg_peer_settle(struct wg_peer *peer)
{
	struct wg_dev *dev = peer->dev;
	bool usable = wg_peer_is_complete(peer);

	if (usable == peer->usable)
		return;
	peer->usable = usable;
	wg_peer_look_again(dev);
	/* what hangs on it beyond its own claims and routes */
	if (dev->n_stale || (!dev->can_remove && dev->n_orphans))
		dev->marked_all = true;
	wg_claim_touch_all(peer);
}

bool wg_peer_needs_set(const struct wg_peer *peer)
{
	return peer->usable &&
	       (!peer->present || peer->conf_acked != peer->conf_gen);
}

/* --- reading */

struct wg_peer *wg_peer_first(struct wg_dev *dev)
{
	return dev->named;
}

struct wg_peer *wg_peer_next(struct wg_peer *peer)
{
	return peer->next;
}

struct wg_dev *wg_peer_dev(const struct wg_peer *peer)
{
	return peer->dev;
}

bool wg_peer_is_foreign(const struct wg_peer *peer)
{
	return wg_peer_is_stranger(peer);
}

const char *wg_peer_name(const struct wg_peer *peer)
{
	return peer->name;
}

void wg_peer_set_arg(struct wg_peer *peer, void *arg)
{
	peer->arg = arg;
}

void *wg_peer_arg(const struct wg_peer *peer)
{
	return peer->arg;
}

const struct wg_key *wg_peer_key(const struct wg_peer *peer)
{
	return &peer->key;
}

const struct wg_peer_conf *wg_peer_conf(const struct wg_peer *peer)
{
	return &peer->conf;
}

enum wg_peer_state wg_peer_state(const struct wg_peer *peer)
{
	if (wg_key_is_zero(&peer->key) ||
	    wg_key_same(&peer->key, &peer->dev->key))
		return WG_PEER_INCOMPLETE;
	return peer->shutdown ? WG_PEER_SHUTDOWN : peer->liveness;
}

const char *wg_peer_state_str(enum wg_peer_state state)
{
	static const char *const names[] = {
		[WG_PEER_INCOMPLETE] = "incomplete",
		[WG_PEER_SHUTDOWN] = "shutdown",
		[WG_PEER_DOWN] = "down",
		[WG_PEER_UNKNOWN] = "unknown",
		[WG_PEER_UP] = "up",
	};

	return names[state];
}

void wg_peer_count(const struct wg_peer *peer, struct wg_peer_count *ret)
{
	bool usable = wg_peer_is_usable(peer);

	*ret = (struct wg_peer_count){
		.is_static = usable ? peer->n_static : 0,
		.dynamic = peer->n_dynamic,
		.installed = peer->n_acked,
	};
}
