/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stage for tests that tell a story: a core with one device and a fake
 * kernel, made anew for each.
 */
#ifndef SCENE_H
#define SCENE_H

#include "lib/core/tests/fake_kernel.h"

#define IFINDEX 4
#define MAX_OPS 64

extern struct wg_core *core;
extern struct wg_dev *dev;
extern struct fake_kernel fk;
extern struct wg_op ops[MAX_OPS];

/* Address of peer number i, 10.99.0.i; prefix from text; key number i. */
struct wg_addr gateway(unsigned i);
struct wg_prefix prefix(const char *text);
struct wg_key key_of(unsigned i);
/* Peer number 1 is a, with key 1 and address 10.99.0.1. */
struct wg_peer *peer_new(unsigned i);
/* A route by that peer; 0: no route. */
void route(const char *text, unsigned via);
/* Settle and carry out everything. */
void run(void);
/* Settle and make a plan, in ops. */
size_t plan(void);
/* Which peer has it on the fake device, by its key; 0: nobody. */
unsigned has(const char *text);
/* What the core says of a prefix; all 0: nothing. */
struct wg_entry entry(const char *text);

int setup(void **state);
int teardown(void **state);
#define SCENE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
