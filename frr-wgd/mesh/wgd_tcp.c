// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sockets of a mesh's connections.  Both ends are link-local addresses of
 * the interface, so nothing but its tunnels leads to them.
 *
 * But for this machine's own users.  Whoever it is may bind to any address
 * (IPV6_FREEBIND), and what it sends to us from there counts as come by the
 * interface, though it came by lo.  A connection is nothing to it, for what we
 * answer goes into the tunnel; of datagrams only those are let in that the
 * interface itself brought.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <netinet/tcp.h>

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/mesh/wgd_tcp.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_tcp.h"

#define UNANSWERED_MS 15000 /* TCP gives up then */
#define QUEUE 64

struct wgd_tcp wgd_tcp_own(struct wgd_if *wif)
{
	const struct wg_key *pub = wgd_key_public(wif);
	struct wgd_tcp own = {
		.ifindex = wif->state == WGD_IF_SYNCED ? wif->link->ifindex : 0,
	};

	if (pub)
		wg_key_linklocal(pub, &own.addr);
	return own;
}

struct sockaddr_in6 wgd_tcp_sockaddr(const struct wgd_tcp *own,
				     const struct wg_addr *addr, uint16_t port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_scope_id = own->ifindex,
	};

	memcpy(&sin6.sin6_addr, addr->b, sizeof(sin6.sin6_addr));
	return sin6;
}

static int bound(const struct wgd_tcp *own, int type, uint16_t port)
{
	struct sockaddr_in6 from = wgd_tcp_sockaddr(own, &own->addr, port);
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, rc = 0;

	if (fd < 0)
		return -errno;
	/* two of a stream have the port in turn; two of datagrams never */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else
		rc = wg_tcp_hear_only(fd, own->ifindex);
	if (!rc && bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		rc = -errno;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

int wgd_tcp_datagrams(const struct wgd_tcp *own, uint16_t port)
{
	return bound(own, SOCK_DGRAM, port);
}

int wgd_tcp_connect(const struct wgd_tcp *own, const struct wg_addr *addr)
{
	struct sockaddr_in6 to = wgd_tcp_sockaddr(own, addr, WGD_TCP_PORT);
	int rc, fd = bound(own, SOCK_STREAM, 0);

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int wgd_tcp_listen(const struct wgd_tcp *own)
{
	int rc, fd = bound(own, SOCK_STREAM, WGD_TCP_PORT);

	if (fd < 0 || listen(fd, QUEUE) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int wgd_tcp_accept(int fd, struct wg_addr *ret_from)
{
	struct sockaddr_in6 sin6 = {};
	socklen_t len = sizeof(sin6);
	int rc = accept4(fd, (struct sockaddr *)&sin6, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (rc < 0)
		return -errno;
	*ret_from = (struct wg_addr){.family = AF_INET6};
	memcpy(ret_from->b, &sin6.sin6_addr, sizeof(sin6.sin6_addr));
	return rc;
}

void wgd_tcp_begin(int fd)
{
	unsigned ms = UNANSWERED_MS;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}
