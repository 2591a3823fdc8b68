/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two members of a mesh say to each other by UDP inside their tunnel, from
 * and to port WG_HELLO_PORT of the link-local addresses that their WireGuard
 * keys give them.  Pure: bytes in, values out.
 *
 *   0 kind, 1 state of the sender's path, 2 zero (2 bytes), 4 number, 8 echo,
 *   12 ms, 16 sequence (8 bytes); all in network order
 *
 * A question has echo 0; its answer has the question's number there, and the
 * question's ms.
 */
#ifndef WG_HELLO_MSG_H
#define WG_HELLO_MSG_H

#include <stddef.h>
#include <stdint.h>

#define WG_HELLO_PORT 51823
#define WG_HELLO_LEN 24

enum wg_hello_kind {
	WG_HELLO_KIND = 1, /* others are for direct paths: later versions */
};

enum wg_hello_path {
	WG_HELLO_START,
	WG_HELLO_RELAY,
	WG_HELLO_PATHS = 7, /* the others are for direct paths */
};

struct wg_hello_msg {
	uint8_t path;	   /* enum wg_hello_path */
	uint32_t number;   /* of the sender's messages to us; never 0 */
	uint32_t echo;	   /* the number that is answered; 0: a question */
	uint32_t ms;	   /* a clock of who asked: for who reads a capture */
	uint64_t sequence; /* the sender has our record of that sequence */
};

/* 0; -EBADMSG: it is no HELLO. */
int wg_hello_decode(const uint8_t *b, size_t len, struct wg_hello_msg *ret);
void wg_hello_encode(const struct wg_hello_msg *m, uint8_t ret[WG_HELLO_LEN]);

#endif
