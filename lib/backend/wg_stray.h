/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at WireGuard's packets at a port of this machine: which receiver
 * index do data packets that arrive have, and which one does this machine give
 * in the handshake messages that it sends? WireGuard drops without a word what
 * belongs to no session of its own; among gateways with one key that is the
 * first sign that a client comes here now (lib/core/wg_group.h).
 *
 * Packet sockets with a filter in the kernel, one for what arrives in each
 * family, one for what is sent.
 */
#ifndef WG_STRAY_H
#define WG_STRAY_H

#include "lib/core/wg_types.h"

struct wg_stray;

enum wg_stray_kind {
	WG_STRAY_DATA4, /* data packets that arrive by IPv4, ... */
	WG_STRAY_DATA6, /* the same by IPv6 */
	WG_STRAY_SENT,	/* handshake messages that this machine sends */
	WG_STRAY_KINDS,
};

/* What to look at. */
struct wg_stray_conf {
	enum wg_stray_kind kind;
	uint16_t port; /* of WireGuard, host order */
	/*
	 * SENT: WireGuard's mark, not 0.  What is only forwarded may have any
	 * source that somebody likes, but no mark.
	 */
	uint32_t mark;
};

struct wg_stray_packet {
	struct wg_endpoint far; /* where it comes from, or is sent to */
	struct wg_addr near;	/* DATA: it may be only on its way through */
	uint32_t index;		/* DATA: receiver's; SENT: sender's */
};

/* -EPERM: no CAP_NET_RAW; any errno of socket(2) and setsockopt(2). */
int wg_stray_open(const struct wg_stray_conf *conf, struct wg_stray **ret);
void wg_stray_close(struct wg_stray **s);
int wg_stray_fd(const struct wg_stray *s);
/* DATA: let through one of so many, by chance. */
int wg_stray_sample(struct wg_stray *s, uint32_t one_of);
/*
 * Receive one packet: 1 and *ret; -EBADMSG: it was none; 0: there is none; or
 * another -errno.
 */
int wg_stray_next(struct wg_stray *s, struct wg_stray_packet *ret);

/* A packet from its IP header on: is it one, and which? For tests. */
bool wg_stray_parse(enum wg_stray_kind kind, const uint8_t *p, size_t len,
		    struct wg_stray_packet *ret);

#endif
