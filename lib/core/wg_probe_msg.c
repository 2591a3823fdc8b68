/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message of wg_probe_msg.h.
 *
 * Anybody can send this, so its form is the first that is looked at, for
 * nothing: whatever differs from what we would write is none, and costs no MAC.
 */
#include "lib/core/wg_probe_msg.h"

#include <errno.h>

#define AT_KIND 3
#define AT_FROM 4
#define AT_TO 8
#define AT_ID 12
#define AT_PORT 20
#define AT_ADDRESS 22

static const uint8_t magic[AT_KIND] = {'W', 'M', 'P'};
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

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

static bool is_zero(const uint8_t *b, size_t len)
{
	while (len--)
		if (b[len])
			return false;
	return true;
}

/* An address that a packet can come from. */
static int get_seen(const uint8_t *b, struct wg_endpoint *ret)
{
	const uint8_t *addr = b + AT_ADDRESS;
	struct wg_endpoint e = {.port = b[AT_PORT] << 8 | b[AT_PORT + 1]};

	if (memcmp(addr, mapped, sizeof(mapped)) == 0) {
		e.addr.family = AF_INET;
		memcpy(e.addr.b, addr + sizeof(mapped), 4);
	} else {
		e.addr.family = AF_INET6;
		memcpy(e.addr.b, addr, 16);
	}
	if (!e.port || is_zero(e.addr.b, sizeof(e.addr.b)) ||
	    wg_addr_is_multicast(&e.addr))
		return -EBADMSG;
	*ret = e;
	return 0;
}

int wg_probe_decode(const uint8_t *b, size_t len, struct wg_probe_msg *ret)
{
	struct wg_probe_msg m = {.kind = WG_PROBE_PING};

	if (len != WG_PROBE_LEN || memcmp(b, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	m.kind = b[AT_KIND];
	m.from = get32(b + AT_FROM);
	m.to = get32(b + AT_TO);
	m.id = (uint64_t)get32(b + AT_ID) << 32 | get32(b + AT_ID + 4);
	if (!m.from || !m.to || m.from == m.to)
		return -EBADMSG;
	switch (m.kind) {
	case WG_PROBE_PING:
		if (!is_zero(b + AT_PORT, WG_PROBE_MAC_AT - AT_PORT))
			return -EBADMSG;
		break;
	case WG_PROBE_PONG:
		if (get_seen(b, &m.seen) < 0)
			return -EBADMSG;
		break;
	default:
		return -EBADMSG;
	}
	*ret = m;
	return 0;
}

void wg_probe_encode(const struct wg_probe_msg *m, uint8_t ret[WG_PROBE_LEN])
{
	uint8_t *addr = ret + AT_ADDRESS;

	memset(ret, 0, WG_PROBE_LEN);
	memcpy(ret, magic, sizeof(magic));
	ret[AT_KIND] = m->kind;
	put32(ret + AT_FROM, m->from);
	put32(ret + AT_TO, m->to);
	put32(ret + AT_ID, m->id >> 32);
	put32(ret + AT_ID + 4, m->id);
	ret[AT_PORT] = m->seen.port >> 8;
	ret[AT_PORT + 1] = m->seen.port;
	if (m->seen.addr.family == AF_INET) {
		memcpy(addr, mapped, sizeof(mapped));
		memcpy(addr + sizeof(mapped), m->seen.addr.b, 4);
	} else if (m->seen.addr.family == AF_INET6) {
		memcpy(addr, m->seen.addr.b, 16);
	}
}
