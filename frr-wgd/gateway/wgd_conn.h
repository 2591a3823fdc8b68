/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP connection between two gateways of a group, by frames
 * (lib/core/wg_group_msg.h).
 */
#ifndef WGD_CONN_H
#define WGD_CONN_H

#include "sockunion.h"

#include "frr-wgd/base/wgd.h"
#include "lib/backend/wg_groupkey.h"
#include "lib/core/wg_group_msg.h"

#define WGD_CONN_OUT_MAX 32768 /* bytes that wait to be sent */

struct wgd_conn {
	int fd; /* -1: none */
	/* their keys are the owner's business (wg_groupstream_key) */
	struct wg_groupstream sent, heard;
	bool joined; /* the header of what is heard came */
	uint8_t header[WG_GROUP_HEADER];
	uint8_t in[1024];
	size_t in_len;
	uint8_t *out; /* allocated with the connection */
	size_t out_len;
	struct event *t_read, *t_write;
};

extern void wgd_conn_open(struct wgd_conn *c, int fd);
extern void wgd_conn_close(struct wgd_conn *c);
/* 1: something came, 0: not now, or -errno. */
extern int wgd_conn_read(struct wgd_conn *c);
/*
 * The next message that came: 1, 0: not yet, -EBADMSG: the other end did not
 * send that, or has no key, -EPROTO: it did, and it makes no sense.
 */
extern int wgd_conn_next(struct wgd_conn *c, struct wg_group_msg *ret);
/* The readable HELLO. */
extern void wgd_conn_put_hello(struct wgd_conn *c,
			       const uint8_t hello[WG_GROUP_HELLO_LEN]);
/* The header of what is sent, whose key is there; it may be wanted. */
extern void wgd_conn_begin(struct wgd_conn *c,
			   uint8_t ret_header[WG_GROUP_HEADER]);
/* Seal it; -ENOBUFS: no room now. */
extern int wgd_conn_put(struct wgd_conn *c, const struct wg_group_msg *msg);
extern int wgd_conn_write(struct wgd_conn *c);
extern void wgd_conn_address(int fd, bool peer, struct wg_addr *ret);

#endif
