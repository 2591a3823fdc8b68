// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection between gateways: frames in, frames out.
 *
 * Nothing blocks.  What is to be sent waits in a buffer of fixed size; who has
 * more to say asks whether there is room (wgd_conn_put).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <netinet/tcp.h>

#include "sockunion.h"

#include "frr-wgd/gateway/wgd_conn.h"

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
	c->joined = false;
	wg_groupstream_wipe(&c->sent);
	wg_groupstream_wipe(&c->heard);
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

static void take(struct wgd_conn *c, size_t len)
{
	c->in_len -= len;
	memmove(c->in, c->in + len, c->in_len);
}

int wgd_conn_next(struct wgd_conn *c, struct wg_group_msg *ret)
{
	uint8_t msg[WG_GROUP_MSG_MAX];
	int len;

	if (!c->joined && c->in_len >= WG_GROUP_HEADER) {
		memcpy(c->header, c->in, WG_GROUP_HEADER);
		wg_groupstream_join(&c->heard, c->header);
		take(c, WG_GROUP_HEADER);
		c->joined = true;
	}
	if (!c->joined)
		return 0;
	len = wg_group_frame(c->in, c->in_len);
	if (len == 0)
		return 0;
	if (len < 0)
		return -EBADMSG; /* lengths are readable: anybody's */
	len = wg_groupstream_open(&c->heard, c->in, len, msg);
	if (len < 0)
		return len;
	take(c, WG_GROUP_LEN + len + WG_GROUP_SEAL);
	return wg_group_decode(msg, len, ret) < 0 ? -EPROTO : 1;
}

void wgd_conn_put_hello(struct wgd_conn *c,
			const uint8_t hello[WG_GROUP_HELLO_LEN])
{
	memcpy(c->out + c->out_len, hello, WG_GROUP_HELLO_LEN);
	c->out_len += WG_GROUP_HELLO_LEN;
}

void wgd_conn_begin(struct wgd_conn *c, uint8_t ret_header[WG_GROUP_HEADER])
{
	wg_groupstream_begin(&c->sent, ret_header);
	memcpy(c->out + c->out_len, ret_header, WG_GROUP_HEADER);
	c->out_len += WG_GROUP_HEADER;
}

int wgd_conn_put(struct wgd_conn *c, const struct wg_group_msg *msg)
{
	uint8_t buf[WG_GROUP_MSG_MAX];

	if (c->fd < 0 || c->out_len + WG_GROUP_FRAME_MAX > WGD_CONN_OUT_MAX)
		return -ENOBUFS;
	c->out_len += wg_groupstream_seal(
		&c->sent, buf, wg_group_encode(msg, buf), c->out + c->out_len);
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
