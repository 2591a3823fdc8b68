/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP between link-local addresses of a mesh's interface. */
#ifndef WGD_TCP_H
#define WGD_TCP_H

#include "lib/core/wg_types.h"

#define WGD_TCP_PORT 51823

/* Our end. */
struct wgd_tcp {
	uint32_t ifindex; /* 0: there is no link */
	struct wg_addr addr;
};

/* A socket that connects, listens, or was accepted; or -errno. */
extern int wgd_tcp_connect(const struct wgd_tcp *own, const struct wg_addr *to);
extern int wgd_tcp_listen(const struct wgd_tcp *own);
extern int wgd_tcp_accept(int fd, struct wg_addr *ret_from);
/* It is connected: how it is to be used. */
extern void wgd_tcp_begin(int fd);

#endif
