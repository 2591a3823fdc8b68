/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small space of addresses with all its prefixes on a device that
 * aggregates, and an oracle for it: for tests of wg_aggregate.
 */
#ifndef AGGREGATE_WORLD_H
#define AGGREGATE_WORLD_H

#include "lib/core/tests/fake_kernel.h"

#define IFINDEX 3
#define MAX_DEPTH 9
#define MAX_PEERS 8
#define STRANGER 100 /* an owner that is one */


/* A space of 2^depth addresses, and all prefixes in it. */
struct world {
	struct wg_core *core;
	struct wg_dev *dev;
	struct wg_peer *peers[1 + MAX_PEERS]; /* from 1 */
	unsigned n_peers;
	struct fake_kernel fk;
	uint8_t family;
	unsigned depth;
	/* heap order: 1 is the whole, 2i and 2i+1 the halves of i */
	uint8_t owner[2 << MAX_DEPTH];	/* of routes; 0: no route */
	bool stranger[2 << MAX_DEPTH];	/* ... has it on the device */
	bool is_static[2 << MAX_DEPTH]; /* owner by configuration */
	bool away[1 + MAX_PEERS];
};

extern struct world w;
extern uint32_t seed;
uint32_t rnd(uint32_t n);

void world_make(uint8_t family, unsigned depth, unsigned n_peers);
/* Prefixes in heap order: how far down it is, and itself. */
unsigned depth_of(unsigned i);
struct wg_prefix prefix(unsigned i);
struct wg_addr gateway(unsigned peer);
/* A route to the prefix by that peer; 0: no route. */
void route(unsigned i, unsigned peer);

/* Assert that it is exact; and with BEST and without strangers the fewest. */
void check(bool best);
/* Assert that the device has what is to be there. */
void check_device(void);

#endif
