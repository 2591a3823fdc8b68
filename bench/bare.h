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

/* What is done with each prefix. */
enum bare_how {
	BARE_GIVE, /* added to its peer, or moved to it */
	BARE_REMOVE, /* taken from its peer, by WGALLOWEDIP_F_REMOVE_ME */
	BARE_THROW, /* given to a throw-away peer that goes with the batch */
};

struct bare_job {
	uint32_t n; /* prefixes */
	unsigned n_peers;
	unsigned shift; /* prefix i is meant for bare_peer + shift */
	uint32_t batch; /* prefixes in one request */
	enum bare_how how;
};

/* 0 or -errno.  BARE_REMOVE is the kernel's only. */
int bare_userspace(const char *path, const struct bare_job *job);
int bare_kernel(const char *ifname, const struct bare_job *job);

#endif
