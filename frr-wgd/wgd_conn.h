/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP connection between two gateways of a group, by frames
 * (lib/core/wg_group_msg.h).
 */
#ifndef WGD_CONN_H
#define WGD_CONN_H

#include "sockunion.h"

#include "frr-wgd/wgd.h"
#include "lib/backend/wg_groupkey.h"
#include "lib/core/wg_group_msg.h"

#define WGD_CONN_OUT_MAX 32768 /* bytes that wait to be sent */

/* A connection: frames, signed by turns. */
struct wgd_conn {
	int fd;			/* -1: none */
	struct wg_groupmac mac; /* of what is sent or received, by its use */
	uint8_t in[1024];
	size_t in_len;
	uint8_t *out; /* allocated with the connection */
	size_t out_len;
	struct event *t_read, *t_write;
};

extern void wgd_conn_open(struct wgd_conn *c, int fd);
extern void wgd_conn_close(struct wgd_conn *c);
/* What is in may be at most LEN bytes long. 1: something came, 0: not now, or
 * -errno. */
extern int wgd_conn_read(struct wgd_conn *c);
extern void wgd_conn_take(struct wgd_conn *c, size_t len);
/* Encode and sign; -ENOBUFS: no room now. */
extern int wgd_conn_put(struct wgd_conn *c, const struct wg_group_msg *msg,
			bool sign);
extern int wgd_conn_write(struct wgd_conn *c);
extern void wgd_conn_address(int fd, bool peer, struct wg_addr *ret);
extern socklen_t wgd_conn_sockaddr(const struct wg_addr *addr, uint16_t port,
				   union sockunion *ret);

#endif
