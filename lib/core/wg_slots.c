/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots are an array; the lowest free one is taken, so that it stays dense.
 * Keys are in a hash of chains that doubles when it is full.
 */
#include "lib/core/wg_slots.h"

bool wg_slot_take(struct wg_dev *dev, struct wg_peer *peer)
{
	size_t i = dev->free_slot ? dev->free_slot : 1;
	void *room;

	while (i < dev->n_slots && dev->slots[i])
		i++;
	if (i >> WG_SLOT_BITS)
		return false;
	room = wg_mem_room(&dev->core->mem, dev->slots, sizeof(*dev->slots),
			   i + 1, &dev->cap_slots);
	if (!room)
		return false;
	dev->slots = room;
	if (i >= dev->n_slots)
		dev->n_slots = i + 1;
	dev->slots[i] = peer;
	dev->free_slot = i + 1;
	peer->slot = i;
	return true;
}

void wg_slot_give(struct wg_dev *dev, uint32_t slot)
{
	dev->slots[slot] = NULL;
	if (slot < dev->free_slot)
		dev->free_slot = slot;
}

static struct wg_peer **bucket(const struct wg_dev *dev,
			       const struct wg_key *key)
{
	uint32_t h = wg_hash(WG_HASH_START, key->b, WG_KEY_LEN);

	return &dev->by_key[h & (dev->n_buckets - 1)];
}

struct wg_peer *wg_peer_find_key(struct wg_dev *dev, const struct wg_key *key)
{
	struct wg_peer *peer;

	if (!dev->n_buckets || wg_key_is_zero(key))
		return NULL;
	peer = *bucket(dev, key);
	while (peer && !wg_key_same(&peer->key, key))
		peer = peer->hash_next;
	return peer;
}

static void hash_link(struct wg_dev *dev, struct wg_peer *peer)
{
	struct wg_peer **at = bucket(dev, &peer->key);

	peer->hash_next = *at;
	*at = peer;
}

bool wg_slot_add_key(struct wg_dev *dev, struct wg_peer *peer)
{
	struct wg_mem *mem = &dev->core->mem;

	if (dev->n_keys >= dev->n_buckets) {
		struct wg_peer **old = dev->by_key;
		size_t n = dev->n_buckets;
		struct wg_peer **new;
		size_t i;

		new = wg_mem_try(mem, (n ? 2 * n : 16) * sizeof(*new));
		if (!new)
			return false;
		dev->by_key = new;
		dev->n_buckets = n ? 2 * n : 16;
		for (i = 0; i < n; i++)
			while (old[i]) {
				struct wg_peer *p = old[i];

				old[i] = p->hash_next;
				hash_link(dev, p);
			}
		wg_mem_put(mem, old, n * sizeof(*old));
	}
	hash_link(dev, peer);
	dev->n_keys++;
	return true;
}

void wg_slot_del_key(struct wg_dev *dev, struct wg_peer *peer)
{
	struct wg_peer **at;

	if (wg_key_is_zero(&peer->key))
		return;
	at = bucket(dev, &peer->key);
	while (*at != peer)
		at = &(*at)->hash_next;
	*at = peer->hash_next;
	peer->hash_next = NULL;
	dev->n_keys--;
}
