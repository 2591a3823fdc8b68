/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two members of a mesh say to each other by UDP inside their tunnel, from
 * and to port WG_HELLO_PORT of the link-local addresses that their WireGuard
 * keys give them.  Pure: bytes in, values out.
 *
 *   0 kind, 1 state of the sender's path, 2 zero (2 bytes), 4 number, 8 echo,
 *   12 ms, 16 what else the kind has; all in network order
 *
 * HELLO: 16 sequence (8 bytes).  A question has echo 0; its answer has the
 * question's number there, and the question's ms.
 * SWITCH: 16 port (2 bytes), 18 address (16 bytes; an IPv4 one is mapped).
 * IDLE: nothing.  These two have echo 0, and no answer.
 */
#ifndef WG_HELLO_MSG_H
#define WG_HELLO_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/core/wg_types.h"

#define WG_HELLO_PORT 51823
#define WG_HELLO_LEN 24 /* bytes of a HELLO, ... */
#define WG_HELLO_SWITCH_LEN 34
#define WG_HELLO_IDLE_LEN 16
#define WG_HELLO_MAX 34 /* ... and of the longest message */

enum wg_hello_kind {
	WG_HELLO_IS_HELLO = 1,
	WG_HELLO_IS_SWITCH = 2, /* it takes the direct path: to that place */
	WG_HELLO_IS_IDLE = 5,	/* it leaves the direct path: no data */
};

enum wg_hello_path {
	WG_HELLO_START,
	WG_HELLO_RELAY,
	WG_HELLO_PATHS = 7, /* the others are those of wg_path.h */
};

struct wg_hello_msg {
	uint8_t kind;	   /* enum wg_hello_kind */
	uint8_t path;	   /* enum wg_hello_path */
	uint32_t number;   /* of the sender's messages to us; never 0 */
	uint32_t echo;	   /* the number that is answered; 0: a question */
	uint32_t ms;	   /* a clock of who asked: for who reads a capture */
	uint64_t sequence; /* HELLO: the sender has our record of that one */
	struct wg_endpoint place; /* SWITCH; its port is not 0 */
};

/* 0; -EBADMSG: it is none of these. */
int wg_hello_decode(const uint8_t *b, size_t len, struct wg_hello_msg *ret);
/* Its length. */
size_t wg_hello_encode(const struct wg_hello_msg *m, uint8_t ret[WG_HELLO_MAX]);

#endif
