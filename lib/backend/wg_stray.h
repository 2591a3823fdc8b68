/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at WireGuard's packets that arrive at a port of this machine: where
 * do they come from? WireGuard drops without a word what belongs to no session
 * of its own; among gateways with one key that is the first sign that a client
 * comes here now (lib/core/wg_group.h).
 *
 * A packet socket for each family, which sees what arrives and nothing that is
 * sent, with a filter in the kernel.
 */
#ifndef WG_STRAY_H
#define WG_STRAY_H

#include "lib/core/wg_types.h"

struct wg_stray;

struct wg_stray_packet {
	struct wg_endpoint from;
	struct wg_addr to; /* it may be only on its way through */
	bool data;	   /* else an initiation */
};

/*
 * FAMILY AF_INET or AF_INET6; PORT in host order.  -EPERM: no CAP_NET_RAW;
 * any errno of socket(2) and setsockopt(2).
 */
int wg_stray_open(uint8_t family, uint16_t port, struct wg_stray **ret);
void wg_stray_close(struct wg_stray **s);
int wg_stray_fd(const struct wg_stray *s);
/* Let through one of so many data packets, by chance; initiations all. */
int wg_stray_sample(struct wg_stray *s, uint32_t one_of);
/* 1 and *ret, 0 there is none, or -errno. */
int wg_stray_next(struct wg_stray *s, struct wg_stray_packet *ret);

/* A packet from its IP header on: is it one, and which? For tests. */
bool wg_stray_parse(uint8_t family, const uint8_t *p, size_t len,
		    struct wg_stray_packet *ret);

#endif
