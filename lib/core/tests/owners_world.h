/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world: three peers, prefixes over sixteen addresses, a fake kernel,
 * and a judge who sees the owner of every address after every operation.
 */
#ifndef OWNERS_WORLD_H
#define OWNERS_WORLD_H

#include "lib/core/tests/fake_kernel.h"

#define N_PEERS 3
#define IFINDEX 3
#define MAX_OPS 256

struct world {
	struct wg_core *core;
	struct wg_dev *dev;
	struct wg_peer *peers[N_PEERS];
	struct fake_kernel fk;
	struct wg_prefix prefixes[31];
	unsigned n_prefixes;
	bool mesh; /* the peers are members, behind a hub */
};

enum aggregate {
	NEVER,
	ALWAYS,
	SOMETIMES, /* switched at random */
};

/* For each prefix nobody (0) or a peer (1..), and which peers are away. */
struct wish {
	uint8_t owner[31];
	bool away[N_PEERS];
};

/* An owner is a peer's number, 0 for nobody. */
struct owners {
	uint8_t of[16];
};

struct wg_prefix prefix(unsigned a, unsigned len);

void world_make(struct world *w, bool can_remove, enum aggregate aggregate);
/*
 * From now on the world is a mesh: all routes lead to a hub that is certified
 * for nothing, and owners change by what members announce, and die.
 */
void world_join(struct world *w);

/* Have the core decide as wished. */
void decide(struct world *w, const struct wish *wish);
/* Who is to have each address, by longest match over the wish; who has it. */
struct owners owners_wished(const struct world *w, const struct wish *wish);
struct owners owners_now(const struct fake_kernel *fk);

/* Moments of a plan, carried out on a copy of the device, in which an address
 * has neither its present nor its new owner. */
unsigned judge(const struct world *w, const struct wg_op *ops, size_t n,
	       const struct owners *new);
/* From what is there to the wish, by plans of at most BATCH ops, judged. */
void go(struct world *w, const struct wish *wish, size_t batch);

#endif
