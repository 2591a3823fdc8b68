/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named peers are a skip list: one peer in 16 is on the next level, too.  So
 * whoever has a thousand peers does not pay for it with each line that names
 * one.
 */
#include "lib/core/wg_names.h"

#include <assert.h>

struct place {
	struct wg_peer **at[1 + WG_PEER_SKIPS]; /* what points there */
};

static struct wg_peer **link_of(struct wg_dev *dev, struct wg_peer *peer,
				unsigned level)
{
	if (!level)
		return peer ? &peer->next : &dev->named;
	return peer ? &peer->skip[level - 1] : &dev->skip[level - 1];
}

/* The first that is not before the name, and what points there and beyond. */
static struct wg_peer *place_of(struct wg_dev *dev, const char *name,
				struct place *ret)
{
	struct wg_peer *before = NULL;
	unsigned level = WG_PEER_SKIPS + 1;

	while (level--) {
		struct wg_peer **at = link_of(dev, before, level);

		while (*at && strcmp((*at)->name, name) < 0) {
			before = *at;
			at = link_of(dev, before, level);
		}
		ret->at[level] = at;
	}
	return *ret->at[0];
}

struct wg_peer *wg_peer_find(struct wg_dev *dev, const char *name)
{
	struct place place;
	struct wg_peer *peer = place_of(dev, name, &place);

	return peer && strcmp(peer->name, name) == 0 ? peer : NULL;
}

void wg_name_add(struct wg_peer *peer)
{
	uint32_t dice = peer->slot * 0x9e3779b1; /* golden ratio: well mixed */
	struct wg_peer *there;
	struct place place;
	unsigned level;

	there = place_of(peer->dev, peer->name, &place);
	assert(!there || strcmp(there->name, peer->name) != 0);
	for (level = 0; level <= WG_PEER_SKIPS; level++) {
		*link_of(peer->dev, peer, level) = *place.at[level];
		*place.at[level] = peer;
		if (dice >> 28)
			break;
		dice <<= 4;
	}
}

void wg_name_del(struct wg_peer *peer)
{
	struct place place;
	unsigned level;

	place_of(peer->dev, peer->name, &place);
	for (level = 0; level <= WG_PEER_SKIPS; level++)
		if (*place.at[level] == peer)
			*place.at[level] = *link_of(peer->dev, peer, level);
	memset(peer->skip, 0, sizeof(peer->skip));
	peer->next = NULL;
}

void wg_name_check(struct wg_dev *dev)
{
	const struct wg_peer *peer;
	uint32_t n = 0, n_over = 0;
	struct place place;
	unsigned level;

	for (peer = dev->named; peer; peer = peer->next) {
		assert(!peer->next || strcmp(peer->name, peer->next->name) < 0);
		assert(place_of(dev, peer->name, &place) == peer);
		n++;
		n_over += peer->over;
	}
	assert(n == dev->n_named);
	assert(n_over == dev->n_over);
	for (level = 0; level < WG_PEER_SKIPS; level++)
		for (peer = dev->skip[level]; peer; peer = peer->skip[level])
			assert(peer->name && peer->dev == dev);
}
