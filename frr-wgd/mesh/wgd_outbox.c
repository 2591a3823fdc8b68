// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_outbox.h"

DEFINE_MTYPE_STATIC(WGD, WGD_OUTBOX, "WireGuard mesh bytes to be sent");

/* How many bytes the socket took, or -errno. */
static ssize_t put(int fd, const uint8_t *b, size_t len)
{
	ssize_t n = send(fd, b, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int wgd_outbox_flush(struct wgd_outbox *o, int fd)
{
	ssize_t n;

	if (!o->b)
		return 1;
	n = put(fd, o->b + o->at, o->len - o->at);
	if (n < 0)
		return n;
	o->at += n;
	if (o->at < o->len)
		return 0;
	wgd_outbox_clear(o);
	return 1;
}

int wgd_outbox_send(struct wgd_outbox *o, int fd, const uint8_t *b, size_t len)
{
	ssize_t n;

	assert(!o->b);
	n = put(fd, b, len);
	if (n < 0)
		return n;
	if ((size_t)n == len)
		return 1;
	o->len = len - n;
	o->at = 0;
	o->b = XMALLOC(MTYPE_WGD_OUTBOX, o->len);
	memcpy(o->b, b + n, o->len);
	return 0;
}

void wgd_outbox_clear(struct wgd_outbox *o)
{
	XFREE(MTYPE_WGD_OUTBOX, o->b);
}
