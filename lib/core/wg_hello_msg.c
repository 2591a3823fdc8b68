/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of wg_hello_msg.h.
 *
 * It comes out of a tunnel, so who sent it is known; but a member may be
 * hostile, or of a later version.  There is one encoding of each message, of
 * one length, and whatever differs from it is none.
 */
#include "lib/core/wg_hello_msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define AT_PATH 1
#define AT_ZERO 2
#define AT_NUMBER 4
#define AT_ECHO 8
#define AT_MS 12
#define AT_SEQUENCE 16
#define AT_PORT 16
#define AT_ADDRESS 18

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

/* By kind; 0: there is no such kind. */
static size_t len_of(uint8_t kind)
{
	switch (kind) {
	case WG_HELLO_IS_HELLO:
		return WG_HELLO_LEN;
	case WG_HELLO_IS_SWITCH:
		return WG_HELLO_SWITCH_LEN;
	case WG_HELLO_IS_IDLE:
		return WG_HELLO_IDLE_LEN;
	default:
		return 0;
	}
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static int get_place(const uint8_t *b, struct wg_endpoint *ret)
{
	bool is_v4 = memcmp(b + AT_ADDRESS, mapped, sizeof(mapped)) == 0;

	*ret = (struct wg_endpoint){.port = b[AT_PORT] << 8 | b[AT_PORT + 1]};
	ret->addr.family = is_v4 ? AF_INET : AF_INET6;
	memcpy(ret->addr.b, b + AT_ADDRESS + (is_v4 ? sizeof(mapped) : 0),
	       is_v4 ? 4 : 16);
	return ret->port ? 0 : -EBADMSG;
}

static void put_place(uint8_t *b, const struct wg_endpoint *place)
{
	bool is_v4 = place->addr.family == AF_INET;

	b[AT_PORT] = place->port >> 8;
	b[AT_PORT + 1] = place->port;
	memcpy(b + AT_ADDRESS, is_v4 ? mapped : place->addr.b,
	       is_v4 ? sizeof(mapped) : 16);
	if (is_v4)
		memcpy(b + AT_ADDRESS + sizeof(mapped), place->addr.b, 4);
}

int wg_hello_decode(const uint8_t *b, size_t len, struct wg_hello_msg *ret)
{
	struct wg_hello_msg m = {};

	if (!len || len != len_of(b[0]) || b[AT_PATH] >= WG_HELLO_PATHS ||
	    b[AT_ZERO] || b[AT_ZERO + 1] || !get32(b + AT_NUMBER))
		return -EBADMSG;
	m.kind = b[0];
	m.path = b[AT_PATH];
	m.number = get32(b + AT_NUMBER);
	m.echo = get32(b + AT_ECHO);
	m.ms = get32(b + AT_MS);
	if (m.kind == WG_HELLO_IS_HELLO)
		m.sequence = (uint64_t)get32(b + AT_SEQUENCE) << 32 |
			     get32(b + AT_SEQUENCE + 4);
	else if (m.echo)
		return -EBADMSG;
	if (m.kind == WG_HELLO_IS_SWITCH && get_place(b, &m.place) < 0)
		return -EBADMSG;
	*ret = m;
	return 0;
}

size_t wg_hello_encode(const struct wg_hello_msg *m, uint8_t ret[WG_HELLO_MAX])
{
	ret[0] = m->kind;
	ret[AT_PATH] = m->path;
	ret[AT_ZERO] = ret[AT_ZERO + 1] = 0;
	put32(ret + AT_NUMBER, m->number);
	put32(ret + AT_ECHO, m->echo);
	put32(ret + AT_MS, m->ms);
	if (m->kind == WG_HELLO_IS_HELLO) {
		put32(ret + AT_SEQUENCE, m->sequence >> 32);
		put32(ret + AT_SEQUENCE + 4, m->sequence);
	} else if (m->kind == WG_HELLO_IS_SWITCH) {
		put_place(ret, &m->place);
	}
	return len_of(m->kind);
}
