/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of operations that are a little longer than one netlink message, so
 * that its end (and that of the nests in it, 64 KiB) falls on every offset of
 * every kind of operation.
 *
 * A list is a filler of one kind, then two kinds of op that stand at the end,
 * in all pairs, then the other kinds.  All lengths are multiples of 4.  A
 * filler prefix is 28 or 40 bytes long, a REMOVE by its own flag 36 or 48:
 * some longer ones among them, and some ADDs among the latter, move the rest
 * to every such multiple, and one prefix fewer goes on where that ends.
 */
#ifndef BORDER_H
#define BORDER_H

#include "lib/backend/tests/drive.h"

#define BORDER_MAX 2400 /* ops in a list */
#define BORDER_KINDS 10 /* different kinds of op */
#define BORDER_PAIRS (BORDER_KINDS * BORDER_KINDS)
#define BORDER_STEPS 6 /* of one filler prefix, around the end */
#define BORDER_LONG 12 /* more than the long ones that are needed */
#define BORDER_KEYS 4

struct border {
	bool remove; /* the filler: REMOVE instead of ADD */
	bool flag; /* ... by its own flag */
	bool bare; /* without a PEER_SET before it */
	unsigned pair, step, shift; /* below BORDER_PAIRS, ... */
	const char *psk_file;
};

/* Shifts that meet all multiples of 4. */
static inline unsigned border_shifts(const struct border *b)
{
	return b->remove && b->flag ? 9 : 7;
}

/* The prefix with that number: those before BORDER_LONG are long. */
static inline struct wg_prefix border_prefix(unsigned id)
{
	struct wg_prefix p = { .family = AF_INET, .len = 32,
			       .b = { 10, 7, id >> 8, id } };

	if (id < BORDER_LONG)
		p = (struct wg_prefix){ .family = AF_INET6, .len = 128,
					.b = { 0x20, 1, 0xd, 0xb8,
					       [15] = id + 1 } };
	return p;
}

enum { /* numbers of the other prefixes */
	BORDER_NEW = BORDER_MAX,
	BORDER_MOVED,
	BORDER_GONE, /* owned by key 2 before */
	BORDER_LEFT, /* owned by key 3 before */
	BORDER_IDS = BORDER_LEFT + 4,
	BORDER_NEW6 = BORDER_LONG - 1,
	BORDER_GONE6 = BORDER_LONG - 2, /* owned by key 2 before */
};

static inline struct wg_op border_op(enum wg_op_kind kind,
				     const struct wg_key *key, unsigned id)
{
	return (struct wg_op){ .kind = kind, .key = key, .node = id,
			       .prefix = border_prefix(id) };
}

/* Op.node is the prefix's number. Returns the number of ops. */
static inline size_t border_ops(const struct border *b,
				const struct wg_key keys[BORDER_KEYS],
				struct wg_op *ops)
{
	static struct wg_peer_conf with_psk = { .keepalive = 25,
		.endpoint = { .addr = { AF_INET6,
					{ 0x20, 1, 0xd, 0xb8, [15] = 9 } },
			      .port = 65535 } };
	static struct wg_peer_conf plain = { .keepalive = 65535,
		.endpoint = { .addr = { AF_INET, { 192, 0, 2, 1 } },
			      .port = 1 } };
	static struct wg_dev_conf dev = { .fwmark = 0x12345678 };
	const struct wg_op kinds[BORDER_KINDS] = {
		op_peer(&keys[1], &with_psk),
		border_op(WG_OP_ADD, &keys[1], BORDER_NEW),
		border_op(WG_OP_ADD, &keys[0], BORDER_MOVED),
		border_op(WG_OP_ADD, &keys[1], BORDER_MOVED),
		border_op(WG_OP_REMOVE, &keys[2], BORDER_GONE),
		op_peer_remove(&keys[3]),
		op_peer(&keys[2], &plain),
		border_op(WG_OP_REMOVE, &keys[2], BORDER_GONE6),
		border_op(WG_OP_ADD, &keys[2], BORDER_NEW6),
		op_device(&dev),
	};
	enum wg_op_kind kind = b->remove ? WG_OP_REMOVE : WG_OP_ADD;
	bool flag = b->remove && b->flag;
	unsigned n_add = flag ? b->shift % 3 : 0;
	unsigned n_long = flag ? b->shift / 3 : b->shift;
	unsigned first = b->pair / BORDER_KINDS, then = b->pair % BORDER_KINDS;
	/* WG_GENL_OP_MAX before WG_GENL_MAX nothing more is put. */
	unsigned n_short = (65532 - 256 - 28 - (b->bare ? 0 : 80) -
			    n_add * 28 - n_long * (flag ? 48 : 40)) /
				   (flag ? 36 : 28) -
			   b->step;
	size_t n = 0;

	with_psk.psk_file = (char *)b->psk_file;
	if (!b->bare)
		ops[n++] = op_peer(&keys[0], b->pair & 1 ? &with_psk : &plain);
	for (unsigned i = 0; i < n_add; i++)
		ops[n++] = border_op(WG_OP_ADD, &keys[0], BORDER_LEFT + 1 + i);
	for (unsigned i = 0; i < n_long; i++)
		ops[n++] = border_op(kind, &keys[0], i);
	for (unsigned i = 0; i < n_short; i++)
		ops[n++] = border_op(kind, &keys[0], BORDER_LONG + i);
	ops[n++] = kinds[first];
	ops[n++] = kinds[then];
	for (unsigned i = 0; i < BORDER_KINDS; i++)
		ops[n++] = kinds[i];
	return n;
}

#endif
