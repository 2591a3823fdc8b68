/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A userspace WireGuard of straw: a thread that accepts on DIR/IFNAME.sock,
 * reads whole requests and plays a script of good and bad answers.  The
 * requests are kept for the test to look at.
 */
#ifndef FAKE_UAPI_H
#define FAKE_UAPI_H

#include <stdbool.h>
#include <stddef.h>

enum fake_action {
	FAKE_REPLY, /* read the request, send `reply` */
	FAKE_CLOSE, /* read the request, send `reply`, close */
	FAKE_STALL, /* read nothing, say nothing, until the test stops it */
	FAKE_MUTE, /* read the request, never answer */
	FAKE_EARLY, /* when a request begins: send `reply`, read nothing */
	FAKE_CHATTER, /* send `reply` unasked, close */
};

struct fake_step {
	enum fake_action action;
	const char *reply; /* NULL: nothing */
	size_t drip; /* at most so many bytes a write; 0: all at once */
};

struct fake_uapi;

/*
 * Probes for allowed_ip=-P are answered by CAN_REMOVE as wireguard-go does
 * and use up no step.  Behind the script's end every set is answered with
 * errno=0, every get with an empty device.  NULL: it cannot be made.
 */
struct fake_uapi *fake_uapi_start(const char *dir, const char *ifname,
				  bool can_remove,
				  const struct fake_step *steps,
				  size_t n_steps);
/*
 * Stop and take the socket away.  Returns all requests that were read but the
 * probes, one after the other, to be freed.
 */
char *fake_uapi_stop(struct fake_uapi *fake);

/* How many connections there were so far. */
unsigned fake_uapi_connections(struct fake_uapi *fake);

#endif
