/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP and UDP between link-local addresses of a mesh's interface. */
#ifndef WGD_TCP_H
#define WGD_TCP_H

#include "frr-wgd/base/wgd_if.h"

#define WGD_TCP_PORT 51823

/* Our end. */
struct wgd_tcp {
	uint32_t ifindex; /* 0: there is no link */
	struct wg_addr addr;
};

/* By the interface as it is now, and the key that it has. */
extern struct wgd_tcp wgd_tcp_own(struct wgd_if *wif);
/* A port of a link-local address that is reached by our link. */
extern struct sockaddr_in6 wgd_tcp_sockaddr(const struct wgd_tcp *own,
					    const struct wg_addr *addr,
					    uint16_t port);

/* A UDP socket that is bound to our end, and hears our link only; or -errno. */
extern int wgd_tcp_datagrams(const struct wgd_tcp *own, uint16_t port);
/* A socket that connects, listens, or was accepted; or -errno. */
extern int wgd_tcp_connect(const struct wgd_tcp *own, const struct wg_addr *to);
extern int wgd_tcp_listen(const struct wgd_tcp *own);
extern int wgd_tcp_accept(int fd, struct wg_addr *ret_from);
/* It is connected: how it is to be used. */
extern void wgd_tcp_begin(int fd);

#endif
