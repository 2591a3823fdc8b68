/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that are connected as in a mesh, sites to all hubs and hubs to each
 * other, by pipes that deliver any number of bytes at any time, and are cut at
 * any byte.  One hub may be a liar: it has a map and talks, but part of what it
 * says is lost, and the rest is mixed with forged, old and useless frames.
 */
#ifndef EXCHANGE_WORLD_H
#define EXCHANGE_WORLD_H

#include "lib/core/tests/talk.h"

#define WORLD_MEMBERS 8
#define WORLD_LINKS (WORLD_MEMBERS * WORLD_MEMBERS)
#define WORLD_PIPE (2 * WG_FRAME_MAX)

/* What one end has said and the other has not heard. */
struct world_pipe {
	uint8_t b[WORLD_PIPE];
	size_t len;
	/* how often each item was said, and might be: held or put */
	unsigned sent[MESH_ITEMS], may[MESH_ITEMS];
};

struct world_link {
	unsigned member[2];
	bool is_up, is_cut; /* cut: no connection may be made */
	int64_t not_before;
	struct wg_exchange *x[2];
	struct world_pipe pipe[2]; /* from that end */
};

struct world {
	uint64_t rnd;
	int64_t now;
	struct mesh mesh;
	unsigned n, hubs;
	unsigned liar; /* index of a member; n: none */
	struct talk member[WORLD_MEMBERS];
	/* what a member had on its disk some time ago */
	bool disk[WORLD_MEMBERS][MESH_ITEMS];
	unsigned n_links;
	struct world_link link[WORLD_LINKS];
	/* what happened */
	size_t cuts, lies, ends, bad_ends, most_bytes, bytes;
};

unsigned world_below(struct world *w, unsigned n);

/* Members and links, and no item. */
void world_begin(struct world *w, uint64_t seed);
void world_end(struct world *w);

/* The member has made the item, or loaded it; false: it did not take it. */
bool world_load(struct world *w, unsigned member, const struct wg_offer *o);
/* It starts anew with what the disk has, or with nothing. */
void world_restart(struct world *w, unsigned member, bool has_disk);
void world_write_disk(struct world *w, unsigned member);

/* Anything may happen to a link; less than a second goes by. */
void world_step(struct world *w);
/* Everything is said and heard, everywhere, within a second. */
void world_second(struct world *w);
/* Have all honest members one map? */
bool world_is_one(const struct world *w);

#endif
