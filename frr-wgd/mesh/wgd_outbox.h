/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a socket did not take yet.  A thousand connections have as many of
 * these, and nearly all of them are empty.
 */
#ifndef WGD_OUTBOX_H
#define WGD_OUTBOX_H

#include "frr-wgd/base/wgd.h"

struct wgd_outbox {
	uint8_t *b; /* NULL: nothing waits */
	size_t len, at;
};

/*
 * Send what waits, as far as the socket takes it.  1: nothing waits any more;
 * 0: something does, and the socket is to become writable; -errno: the
 * connection is broken.
 */
extern int wgd_outbox_flush(struct wgd_outbox *o, int fd);
/* ... then these bytes; the rest of them waits.  Only when nothing does. */
extern int wgd_outbox_send(struct wgd_outbox *o, int fd, const uint8_t *b,
			   size_t len);
extern void wgd_outbox_clear(struct wgd_outbox *o);

#endif
