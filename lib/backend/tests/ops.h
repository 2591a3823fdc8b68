/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random operations on a few peers, for tests of the encoders. */
#ifndef OPS_H
#define OPS_H

#include <stdio.h>

#include "lib/backend/tests/drive.h"

static unsigned seed = 20261120;

static inline unsigned rnd(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

#define OPS_KEYS 5

/* They point to what is here. */
static inline void random_ops(struct wg_op *ops, size_t n)
{
	static struct wg_peer_conf conf = {
		.keepalive = 7,
		.endpoint = {.addr = {.family = AF_INET6}, .port = 1}};
	static struct wg_dev_conf dev = {.fwmark = 9};
	static struct wg_key keys[OPS_KEYS];

	for (unsigned i = 0; i < OPS_KEYS; i++)
		keys[i] = a_key(i);
	for (size_t i = 0; i < n; i++) {
		const struct wg_key *key = &keys[rnd(OPS_KEYS)];
		char text[64];

		if (rnd(2))
			snprintf(text, sizeof(text), "10.%u.%u.0/24", rnd(256),
				 rnd(256));
		else
			snprintf(text, sizeof(text),
				 "2001:db8:%x:%x:ffff:ffff:ffff:ffff/128",
				 rnd(65536), rnd(65536));
		switch (rnd(12)) {
		case 0:
			ops[i] = op_peer(key, &conf);
			break;
		case 1:
			ops[i] = op_peer_remove(key);
			break;
		case 2:
			ops[i] = op_device(&dev);
			break;
		case 3:
		case 4:
		case 5:
		case 6:
			ops[i] = op_prefix(WG_OP_REMOVE, key, text);
			break;
		default:
			ops[i] = op_prefix(WG_OP_ADD, key, text);
		}
	}
}

#endif
