// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection between gateways: frames in, frames out.
 *
 * Nothing blocks.  What is to be sent waits in a buffer of fixed size; who has
 * more to say asks whether there is room (wgd_conn_put).
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <netinet/tcp.h>

#include "sockunion.h"

#include "frr-wgd/wgd_conn.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CONN, "WireGuard gateway group connection");

#define UNANSWERED_MS 3000 /* TCP gives up then */

void wgd_conn_open(struct wgd_conn *c, int fd)
{
	unsigned ms = UNANSWERED_MS;
	int one = 1;

	*c = (struct wgd_conn){.fd = fd};
	c->out = XMALLOC(MTYPE_WGD_CONN, WGD_CONN_OUT_MAX);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

void wgd_conn_close(struct wgd_conn *c)
{
	event_cancel(&c->t_read);
	event_cancel(&c->t_write);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	XFREE(MTYPE_WGD_CONN, c->out);
	c->in_len = c->out_len = 0;
	wg_groupmac_wipe(&c->mac);
}

int wgd_conn_read(struct wgd_conn *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	c->in_len += n;
	return 1;
}

void wgd_conn_take(struct wgd_conn *c, size_t len)
{
	c->in_len -= len;
	memmove(c->in, c->in + len, c->in_len);
}

int wgd_conn_put(struct wgd_conn *c, const struct wg_group_msg *msg, bool sign)
{
	size_t len;

	if (c->fd < 0 || c->out_len + WG_GROUP_FRAME_MAX > WGD_CONN_OUT_MAX)
		return -ENOBUFS;
	len = wg_group_encode(msg, c->out + c->out_len);
	if (sign)
		wg_groupmac_sign(&c->mac, c->out + c->out_len, len);
	c->out_len += len;
	return 0;
}

int wgd_conn_write(struct wgd_conn *c)
{
	ssize_t n;

	if (!c->out_len)
		return 0;
	n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->out_len -= n;
	memmove(c->out, c->out + n, c->out_len);
	return 0;
}

void wgd_conn_address(int fd, bool peer, struct wg_addr *ret)
{
	union sockunion su = {};
	socklen_t len = sizeof(su);

	*ret = (struct wg_addr){};
	if ((peer ? getpeername(fd, &su.sa, &len)
		  : getsockname(fd, &su.sa, &len)) < 0)
		return;
	ret->family = sockunion_family(&su);
	memcpy(ret->b, sockunion_get_addr(&su), wg_family_bytes(ret->family));
}

socklen_t wgd_conn_sockaddr(const struct wg_addr *addr, uint16_t port,
			    union sockunion *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (addr->family == AF_INET) {
		ret->sin.sin_family = AF_INET;
		ret->sin.sin_port = htons(port);
		memcpy(&ret->sin.sin_addr, addr->b, 4);
		return sizeof(ret->sin);
	}
	ret->sin6.sin6_family = AF_INET6;
	ret->sin6.sin6_port = htons(port);
	memcpy(&ret->sin6.sin6_addr, addr->b, 16);
	return sizeof(ret->sin6);
}
