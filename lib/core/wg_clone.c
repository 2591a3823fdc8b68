/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two machines with one identity.
 *
 * Each sees the other's record come in the place of its own, and would make a
 * newer one; without CALM they would do so for ever, as fast as records are
 * taken (wg_bounds.h), and the others would change keys and endpoints with each
 * of them.  So it is once a minute, and the operator is told.
 *
 * Who can cause this: who has our identity key, nobody else.
 */
#include "lib/core/wg_clone.h"

#include <string.h>

void wg_clone_ours(struct wg_clone *c, const uint8_t hash[WG_DIRECTORY_HASH])
{
	c->has = true;
	memcpy(c->ours, hash, sizeof(c->ours));
}

static bool is_ours(const struct wg_clone *c, const uint8_t *hash)
{
	return c->has && memcmp(c->ours, hash, sizeof(c->ours)) == 0;
}

static enum wg_clone_found find(struct wg_clone *c, const uint8_t *hash,
				int64_t now)
{
	if (!hash || is_ours(c, hash))
		return WG_CLONE_NONE;
	if (!c->is_settled) {
		wg_clone_ours(c, hash);
		return WG_CLONE_PAST;
	}
	c->was_seen = true;
	c->seen = now;
	if (c->was_answered && now < wg_clone_due(c))
		return WG_CLONE_CALM;
	c->was_answered = true;
	c->answered = now;
	wg_clone_ours(c, hash);
	return WG_CLONE_CLONE;
}

enum wg_clone_found wg_clone_look(struct wg_clone *c, const uint8_t *hash,
				  bool is_synced, int64_t now)
{
	enum wg_clone_found found = find(c, hash, now);

	/* what a hub knew of us came before its map and ours were one */
	if (is_synced || now - c->began >= WG_CLONE_START_MS)
		c->is_settled = true;
	return found;
}

int64_t wg_clone_due(const struct wg_clone *c)
{
	return c->answered + WG_CLONE_CALM_MS;
}

bool wg_clone_stands(const struct wg_clone *c, int64_t now)
{
	return c->was_seen && now - c->seen < WG_CLONE_STANDS_MS;
}
