/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare programs that lib/backend is measured against: the least that
 * gets prefixes into a device.  Nothing of lib/backend is in them; they
 * block, check nothing but the answer's errno, and know IPv4 only.
 */
#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>

/* Prefix number i of n: its address (host order); all are /28. */
static inline uint32_t bare_address(uint32_t i)
{
	return 0x0a000000u + (i << 4);
}

/* Peer number p; its key. */
static inline void bare_key(unsigned p, uint8_t key[32])
{
	for (int i = 0; i < 32; i++)
		key[i] = 1 + p % 255;
	key[1] = p / 255;
	key[31] &= 0x7f;
}

/* Which of n_peers has prefix i of n: each has one run. */
static inline unsigned bare_peer(uint32_t i, uint32_t n, unsigned n_peers)
{
	return (uint64_t)i * n_peers / n;
}

/*
 * Program n prefixes in batches: prefix i goes to the peer that has it by
 * bare_peer, SHIFT peers further on (0: add; else move).  0 or -errno.
 */
int bare_userspace(const char *path, uint32_t n, unsigned n_peers,
		   unsigned shift, uint32_t batch);
int bare_kernel(const char *ifname, uint32_t n, unsigned n_peers,
		unsigned shift, uint32_t batch);

#endif
