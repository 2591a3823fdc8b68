/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sockets between gateways, and between members of a mesh, need of Linux:
 * who may reach one at all, and what became of an attempt to connect.
 */
#ifndef WG_TCP_H
#define WG_TCP_H

#include "lib/core/wg_types.h"

/* Who may reach a socket, and by which interfaces nobody may. */
struct wg_tcp_guard {
	const struct wg_addr
		*from; /* of all families; only the socket's counts */
	size_t n_from;
	const uint32_t *not_by; /* indices of interfaces */
	size_t n_not_by;
};

/*
 * From now on the kernel drops, without any answer, what is not from one of
 * these addresses or comes in by one of these interfaces; what is accepted has
 * the same filter.  -E2BIG: more than a filter can have, or an errno of
 * setsockopt(2); then nothing is dropped.
 */
int wg_tcp_guard(int fd, uint8_t family, const struct wg_tcp_guard *guard);

/*
 * The same for what that interface did not bring itself: also what this machine
 * sends to its own address there, which comes by lo, though IPv6 says that it
 * came by the interface (ip6_rcv_core).  0, or an errno of setsockopt(2).
 */
int wg_tcp_hear_only(int fd, uint32_t ifindex);

/* A socket that connects: 1 it has, 0 not yet, or -errno: it will not. */
int wg_tcp_made(int fd);

#endif
