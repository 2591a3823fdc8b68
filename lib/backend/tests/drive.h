/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drive a backend as an event loop would, to the end of its request: for
 * tests and benchmarks.  Ops are made by short helpers.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "lib/backend/wg_backend.h"

/*
 * Follow the request until it is over: 0 or its error.  Every event is handed
 * to CB (may be NULL) with ARG.
 */
static inline int drive(struct wg_backend *be,
			void (*cb)(const struct wg_event *ev, void *arg),
			void *arg)
{
	struct wg_event ev;
	struct pollfd p;
	int r;

	for (;;) {
		while ((r = wg_backend_next(be, &ev)) > 0) {
			if (cb)
				cb(&ev, arg);
			if (ev.kind == WG_EV_APPLIED || ev.kind == WG_EV_END)
				return 0;
		}
		if (r < 0)
			return r;
		p.fd = wg_backend_fd(be);
		p.events = wg_backend_events(be);
		poll(&p, 1, wg_backend_timeout(be));
	}
}

static inline int drive_apply(struct wg_backend *be, const struct wg_op *ops,
			      size_t n)
{
	int r = wg_backend_apply(be, ops, n);

	return r ? r : drive(be, NULL, NULL);
}

static inline struct wg_key a_key(unsigned n)
{
	struct wg_key key = { 0 };

	key.b[0] = 0x40 | (n & 7);
	key.b[1] = n >> 8;
	key.b[2] = n;
	key.b[31] = 1;
	return key;
}

static inline struct wg_prefix a_prefix(const char *text)
{
	struct wg_prefix p = { 0 };

	if (wg_prefix_parse(text, &p) < 0)
		abort();
	return p;
}

static inline struct wg_op op_prefix(enum wg_op_kind kind,
				     const struct wg_key *key, const char *text)
{
	return (struct wg_op){ .kind = kind, .key = key,
			       .prefix = a_prefix(text) };
}

static inline struct wg_op op_peer(const struct wg_key *key,
				   const struct wg_peer_conf *conf)
{
	return (struct wg_op){ .kind = WG_OP_PEER_SET, .key = key,
			       .peer_conf = conf };
}

static inline struct wg_op op_peer_remove(const struct wg_key *key)
{
	return (struct wg_op){ .kind = WG_OP_PEER_REMOVE, .key = key };
}

static inline struct wg_op op_device(const struct wg_dev_conf *conf)
{
	return (struct wg_op){ .kind = WG_OP_DEVICE_SET, .dev_conf = conf };
}

static inline struct wg_op op_port(uint16_t port)
{
	return (struct wg_op){ .kind = WG_OP_PORT_SET, .port = port };
}

#endif
