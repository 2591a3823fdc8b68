/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message of wg_hello_msg.h.
 *
 * It comes out of a tunnel, so who sent it is known; but a member may be
 * hostile, or of a later version.  There is one encoding of each message, of
 * one length, and whatever differs from it is none.
 */
#include "lib/core/wg_hello_msg.h"

#include <errno.h>

#define AT_PATH 1
#define AT_ZERO 2
#define AT_NUMBER 4
#define AT_ECHO 8
#define AT_MS 12
#define AT_SEQUENCE 16

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static void put32(uint8_t *b, uint32_t v)
{
	b[0] = v >> 24;
	b[1] = v >> 16;
	b[2] = v >> 8;
	b[3] = v;
}

int wg_hello_decode(const uint8_t *b, size_t len, struct wg_hello_msg *ret)
{
	if (len != WG_HELLO_LEN || b[0] != WG_HELLO_KIND ||
	    b[AT_PATH] >= WG_HELLO_PATHS || b[AT_ZERO] || b[AT_ZERO + 1] ||
	    !get32(b + AT_NUMBER))
		return -EBADMSG;
	ret->path = b[AT_PATH];
	ret->number = get32(b + AT_NUMBER);
	ret->echo = get32(b + AT_ECHO);
	ret->ms = get32(b + AT_MS);
	ret->sequence = (uint64_t)get32(b + AT_SEQUENCE) << 32 |
			get32(b + AT_SEQUENCE + 4);
	return 0;
}

void wg_hello_encode(const struct wg_hello_msg *m, uint8_t ret[WG_HELLO_LEN])
{
	ret[0] = WG_HELLO_KIND;
	ret[AT_PATH] = m->path;
	ret[AT_ZERO] = ret[AT_ZERO + 1] = 0;
	put32(ret + AT_NUMBER, m->number);
	put32(ret + AT_ECHO, m->echo);
	put32(ret + AT_MS, m->ms);
	put32(ret + AT_SEQUENCE, m->sequence >> 32);
	put32(ret + AT_SEQUENCE + 4, m->sequence);
}
