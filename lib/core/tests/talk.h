/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A member that talks to others, for tests: its map, what waits for it, and
 * what is to be done with an item.  Items are those of mesh.h; hashes are made
 * up here.
 */
#ifndef TALK_H
#define TALK_H

#include "lib/core/tests/mesh.h"
#include "lib/core/wg_bounds.h"
#include "lib/core/wg_exchange.h"

struct talk {
	uint32_t number;
	struct wg_directory *dir;
	struct wg_exchange_map map;
	struct wg_bounds *bounds;
};

void talk_init(struct talk *t, uint32_t number, size_t maximum);
void talk_end(struct talk *t);

/* A connection's one end. */
struct wg_exchange *talk_connect(const struct talk *t, uint32_t other,
				 int64_t now);

/* With the hash that all have in these tests. */
struct wg_offer talk_offer(const uint8_t *b, size_t len);
struct wg_directory_entry talk_entry(const uint8_t *item);
/* The map's hash is true again. */
void talk_hash(struct talk *t);

/*
 * What becomes of an item: put, or why not.  SOURCE 0: our own, or loaded: no
 * bound.  The hash is the caller's to set.
 */
enum wg_exchange_judgement talk_take(struct talk *t, const struct wg_bounded *w,
				     int64_t now);

/* Does it hold that item? */
bool talk_has(const struct talk *t, const uint8_t *item);

#endif
