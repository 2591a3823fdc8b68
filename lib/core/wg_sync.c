/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a device back.
 *
 * After an error, a time-out, a new link or a restart nothing is known but
 * what a read returns.  The read is written over what was believed: acked is
 * set from it, and what it did not mention is acknowledged by nobody.  All
 * repairs then follow as pending differences, through the one plan.
 *
 * Reading costs what the device has, and nothing besides.  To begin, the
 * meaning of a bit is turned round: all that is acknowledged had the one value
 * and is, all at once, not seen; what is seen gets the other.  At the end,
 * nearly always, all that was acknowledged was seen, and a count says so.
 * Else, and after a read that was not ended, a sweep has to look at every
 * node (wg_sweep.c); and what is to be kept is marked as it is read.
 *
 * A difference is worth a line in the log when nobody had reason to expect
 * it: the device had been in sync, and has neither what it acknowledged last
 * nor what was on its way to it.
 *
 * Configuration: an endpoint is compared only until it was sent once, because
 * it then follows the peer.  The preshared key cannot be compared (we do not
 * hold it), so after a restart a peer with one is set again; that resets no
 * session.
 */
#include <assert.h>
#include <errno.h>

#include "lib/core/wg_aggregate.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"
#include "lib/core/wg_sweep.h"

void wg_sync_lost(struct wg_dev *dev)
{
	dev->synced = false;
}

bool wg_sync_is_synced(const struct wg_dev *dev)
{
	return dev->synced;
}

bool wg_sync_is_known(const struct wg_dev *dev)
{
	return dev->known;
}

/* Nothing is seen any more. */
static void unsee(struct wg_dev *dev)
{
	struct wg_peer *peer;

	if (!dev->syncing || dev->n_seen == dev->n_acked) {
		/* all nodes have the same mark: now it means the contrary */
		dev->sync_mark = !dev->sync_mark;
		dev->n_seen = 0;
	} else if (dev->n_seen) {
		wg_sweep_start(dev, WG_SWEEP_UNSEE);
	}
	for (peer = dev->named; peer; peer = peer->next)
		peer->seen = false;
	for (peer = dev->nameless; peer; peer = peer->next)
		peer->seen = false;
}

void wg_sync_begin(struct wg_dev *dev, bool keep_stale)
{
	/* of a read that came to its end and was not waited for */
	dev->sweep &= ~WG_SWEEP_UNSEEN;
	if (!(dev->sweep & WG_SWEEP_UNSEE))
		unsee(dev);
	if (!dev->syncing)
		dev->sync_differences = 0;
	dev->synced = false;
	dev->syncing = true;
	dev->sync_keep_stale = keep_stale;
	dev->sync_slot = 0;
	dev->in_flight = 0;
}

/* May the device be told of? The sweep may not get in between. */
static bool is_reading(const struct wg_dev *dev)
{
	return dev->syncing &&
	       !(dev->sweep & ~(WG_SWEEP_RELEASE | WG_SWEEP_PLAIN));
}

void wg_sync_device(struct wg_dev *dev, const struct wg_key *pub,
		    uint16_t listen_port, uint32_t fwmark)
{
	const struct wg_dev_conf *conf = &dev->conf;
	bool key_known = !wg_key_is_zero(&dev->key);
	bool differs = false;

	if (!is_reading(dev))
		return;
	dev->port_closed = listen_port == 0;
	if (!conf->listen_port || conf->listen_port == listen_port) {
		dev->port_acked = dev->port_gen;
	} else {
		if (dev->port_acked == dev->port_gen)
			dev->sync_differences++;
		dev->port_acked = dev->port_gen - 1;
	}
	/* a mark on an adopted device is not ours to clear */
	if (conf->fwmark != fwmark && (conf->fwmark || !dev->adopted))
		differs = true;
	if (conf->private_key_file && key_known && !wg_key_same(&dev->key, pub))
		differs = true;
	if (differs) {
		if (dev->conf_acked == dev->conf_gen)
			dev->sync_differences++;
		dev->conf_acked = dev->conf_gen - 1;
	} else if (key_known || !conf->private_key_file) {
		dev->conf_acked = dev->conf_gen;
	}
}

static void compare_peer(struct wg_peer *peer, const struct wg_sync_peer *p)
{
	const struct wg_peer_conf *conf = &peer->conf;
	bool differs;

	peer->alive = p->alive;
	differs = conf->keepalive != p->keepalive ||
		  (conf->psk_file != NULL) != p->has_psk;

	/* none at all: somebody made the peer anew */
	if (p->endpoint.addr.family == AF_UNSPEC)
		peer->endpoint_acked = (struct wg_endpoint){};
	/*
	 * A peer that we find in a session at another endpoint has roamed while
	 * nobody looked.  To send it back where it was configured would cut it
	 * off until it speaks.
	 */
	if (wg_endpoint_same(&conf->endpoint, &p->endpoint) ||
	    (!peer->conf_acked && p->alive))
		peer->endpoint_acked = conf->endpoint;
	if (conf->endpoint.addr.family != AF_UNSPEC &&
	    !wg_endpoint_same(&conf->endpoint, &peer->endpoint_acked))
		differs = true;
	if (differs) {
		if (peer->conf_acked == peer->conf_gen)
			peer->dev->sync_differences++;
		peer->conf_acked = peer->conf_gen - 1;
	} else if (!peer->conf_acked && !conf->psk_file) {
		peer->conf_acked = peer->conf_gen;
	}
}

int wg_sync_peer(struct wg_dev *dev, const struct wg_sync_peer *p)
{
	struct wg_peer *peer = wg_peer_find_key(dev, &p->key);

	if (!is_reading(dev) || wg_key_is_zero(&p->key))
		return -EINVAL;
	if (!peer)
		peer = wg_peer_new_stranger(dev, &p->key);
	if (!peer)
		return -ENOMEM;
	dev->sync_slot = peer->slot;
	wg_peer_look_again(dev);
	if (peer->seen)
		return 0;
	peer->seen = true;
	if (!peer->present && !wg_peer_needs_set(peer))
		dev->sync_differences++;
	peer->present = true;
	if (peer->name)
		compare_peer(peer, p);
	return 0;
}

int wg_sync_prefix(struct wg_dev *dev, const struct wg_prefix *prefix)
{
	struct wg_prefix p = *prefix;
	struct wg_table *t = wg_dev_table(dev, p.family);
	struct wg_node *n;
	uint32_t i;

	/* the link may have gone while it was read */
	if (!is_reading(dev) || !dev->sync_slot)
		return -EINVAL;
	wg_prefix_mask(&p);
	i = wg_table_get(t, &p);
	if (!i)
		return -ENOMEM;
	n = wg_table_node(t, i);
	if (n->acked != dev->sync_slot &&
	    wg_entry_target(dev, t, i) != dev->sync_slot)
		dev->sync_differences++;
	if (!n->acked || n->seen != dev->sync_mark)
		dev->n_seen++;
	wg_owner_ack(dev, t, i, dev->sync_slot);
	if (dev->sync_keep_stale && !n->decided &&
	    wg_owner_may_keep(dev, t, i, dev->sync_slot))
		wg_entry_set_stale(dev, t, i, true);
	return 0;
}

/* Peers that were not mentioned are not there. */
static void drop_peers(struct wg_dev *dev)
{
	struct wg_peer *list[] = {dev->named, dev->nameless};
	struct wg_peer *peer;
	unsigned f;

	wg_peer_look_again(dev);
	for (f = 0; f < 2; f++)
		for (peer = list[f]; peer; peer = peer->next) {
			if (peer->seen || !peer->present)
				continue;
			if (!wg_peer_is_leaving(peer))
				dev->sync_differences++;
			peer->present = false;
			peer->renew = false;
			peer->conf_acked = 0;
			peer->endpoint_acked = (struct wg_endpoint){};
		}
}

static void finish(struct wg_dev *dev)
{
	drop_peers(dev);
	if (!dev->known)
		dev->sync_differences = 0;
	dev->syncing = false;
	dev->synced = true;
	dev->known = true;
	wg_aggregate_retry(dev);
	wg_core_settle(dev->core);
}

void wg_sync_end(struct wg_dev *dev)
{
	if (!is_reading(dev))
		return;
	if (dev->n_seen == dev->n_acked)
		finish(dev);
	else
		wg_sweep_start(dev, WG_SWEEP_UNSEEN);
}

bool wg_sync_step(struct wg_dev *dev, size_t max)
{
	unsigned done = wg_sweep_step(dev, max);

	if (done & WG_SWEEP_UNSEE)
		dev->n_seen = 0;
	if (done & WG_SWEEP_UNSEEN)
		finish(dev);
	if (done & WG_SWEEP_PLAIN)
		wg_aggregate_end(dev);
	if (done & WG_SWEEP_GONE)
		wg_peer_collect(dev);
	return dev->sweep || wg_aggregate_step(dev, max);
}

bool wg_sync_idle(struct wg_dev *dev, size_t max)
{
	return wg_aggregate_tidy(dev, max);
}

bool wg_sync_is_busy(const struct wg_dev *dev)
{
	return dev->sweep || dev->aggregate != dev->aggregating ||
	       wg_aggregate_is_busy(dev);
}

size_t wg_sync_differences(const struct wg_dev *dev)
{
	return dev->sync_differences;
}

void wg_sync_release(struct wg_dev *dev)
{
	dev->sync_keep_stale = false;
	if (dev->n_stale)
		wg_sweep_start(dev, WG_SWEEP_RELEASE);
}
