/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the gateway group.
 *
 * Each kind has one length, so that a frame is checked by a table, and there
 * is one encoding of each value: what is decoded and encoded again is the
 * same bytes.  Ages instead of times: clocks of gateways may differ.
 */
#include "lib/core/wg_group_msg.h"

#include <assert.h>
#include <errno.h>

/* version, group, nonce, self, clock, flags */
#define HELLO_LEN (2 + WG_KEY_LEN + WG_GROUP_NONCE + 8 + 8 + 1)
/* key, claim, serial, heir, age, family, address, port, indices */
#define CLIENT_LEN (WG_KEY_LEN + 1 + 8 + 8 + 4 + 1 + 16 + 2 + 2 * 4)

static const char magic[2] = { 'w', 'g' };

static const uint8_t body_len[WG_GROUP_KINDS] = {
	[WG_GROUP_HELLO] = sizeof(magic) + HELLO_LEN,
	[WG_GROUP_SNAP_BEGIN] = 0,
	[WG_GROUP_CLIENT] = CLIENT_LEN,
	[WG_GROUP_SNAP_END] = 0,
	[WG_GROUP_ASK] = WG_KEY_LEN,
	[WG_GROUP_KEEPALIVE] = 8 + 1,
	[WG_GROUP_BYE] = 1,
};

#define HEAD 2 /* kind, 0 */

_Static_assert(HEAD + CLIENT_LEN <= WG_GROUP_MSG_MAX &&
		       HEAD + sizeof(magic) + HELLO_LEN <= WG_GROUP_MSG_MAX,
	       "the longest message has room");

static size_t msg_len(uint8_t kind)
{
	return HEAD + body_len[kind];
}

const char *wg_bye_str(unsigned why)
{
	static const char *const names[WG_BYES] = {
		[0] = "no reason",
		[WG_BYE_END] = "it ended",
		[WG_BYE_VERSION] = "another version of the protocol",
		[WG_BYE_PROTOCOL] = "violation of the protocol",
		[WG_BYE_FLOOD] = "too many messages",
		[WG_BYE_LIE] = "claims that cannot be true",
	};

	return why < WG_BYES && names[why] ? names[why] : "unknown reason";
}

/* --- writing */

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static uint8_t *put_num(uint8_t *p, uint64_t n, unsigned bytes)
{
	while (bytes--)
		*p++ = n >> (8 * bytes);
	return p;
}

static uint8_t *put_hello(uint8_t *p, const struct wg_group_hello *h)
{
	p = put(p, magic, sizeof(magic));
	p = put_num(p, h->version, 2);
	p = put(p, h->group, sizeof(h->group));
	p = put(p, h->nonce, sizeof(h->nonce));
	return put_num(p, h->self, 8);
}

static uint8_t *put_record(uint8_t *p, const struct wg_group_record *r)
{
	uint8_t family = r->endpoint.addr.family;

	p = put(p, r->key.b, sizeof(r->key.b));
	p = put_num(p, r->claim, 1);
	p = put_num(p, r->serial, 8);
	p = put_num(p, r->heir, 8);
	p = put_num(p, r->age_ms, 4);
	p = put_num(p, family == AF_INET ? 4 : family ? 6 : 0, 1);
	memset(p, 0, 16);
	if (family)
		memcpy(p, r->endpoint.addr.b, wg_family_bytes(family));
	p = put_num(p + 16, family ? r->endpoint.port : 0, 2);
	p = put_num(p, r->index[0], 4);
	return put_num(p, r->index[1], 4);
}

static uint8_t *put_state(uint8_t *p, const struct wg_group_msg *msg)
{
	p = put_num(p, msg->clock_ms, 8);
	return put_num(p, msg->drained, 1);
}

size_t wg_group_encode(const struct wg_group_msg *msg, uint8_t *buf)
{
	size_t len = msg_len(msg->kind);
	uint8_t *p = put_num(buf, msg->kind, 1);

	assert(len <= WG_GROUP_MSG_MAX);
	p = put_num(p, 0, 1);
	switch ((enum wg_group_kind)msg->kind) {
	case WG_GROUP_HELLO:
		p = put_state(put_hello(p, &msg->hello), msg);
		break;
	case WG_GROUP_CLIENT:
		p = put_record(p, &msg->record);
		break;
	case WG_GROUP_ASK:
		p = put(p, msg->record.key.b, WG_KEY_LEN);
		break;
	case WG_GROUP_KEEPALIVE:
		p = put_state(p, msg);
		break;
	case WG_GROUP_BYE:
		p = put_num(p, msg->why, 1);
		break;
	case WG_GROUP_SNAP_BEGIN:
	case WG_GROUP_SNAP_END:
		break;
	case WG_GROUP_KINDS:
		assert(!"kind of frame");
	}
	assert(p == buf + len);
	return len;
}

void wg_group_put_len(uint8_t *frame, size_t len)
{
	put_num(frame, len, WG_GROUP_LEN);
}

void wg_group_hello_encode(const struct wg_group_msg *msg, uint8_t *buf)
{
	size_t len;

	assert(msg->kind == WG_GROUP_HELLO);
	wg_group_put_len(buf, WG_GROUP_HELLO_LEN);
	len = WG_GROUP_LEN + wg_group_encode(msg, buf + WG_GROUP_LEN);
	assert(len + WG_GROUP_MAC == WG_GROUP_HELLO_LEN);
	memset(buf + len, 0, WG_GROUP_MAC);
}

/* --- reading: the length was checked */

static uint64_t get_num(const uint8_t **p, unsigned bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | *(*p)++;
	return n;
}

static void get(const uint8_t **p, void *data, size_t len)
{
	memcpy(data, *p, len);
	*p += len;
}

static int get_hello(const uint8_t **p, struct wg_group_hello *h)
{
	if (memcmp(*p, magic, sizeof(magic)) != 0)
		return -EPROTO;
	*p += sizeof(magic);
	h->version = get_num(p, 2);
	get(p, h->group, sizeof(h->group));
	get(p, h->nonce, sizeof(h->nonce));
	h->self = get_num(p, 8);
	return h->self ? 0 : -EPROTO;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (p[n])
			return false;
	return true;
}

static int get_endpoint(const uint8_t **p, struct wg_endpoint *e)
{
	static const uint8_t families[] = {[4] = AF_INET, [6] = AF_INET6};
	uint8_t version = get_num(p, 1);
	size_t n;

	if (version >= sizeof(families) || (version && !families[version]))
		return -EPROTO;
	e->addr.family = families[version];
	n = version ? wg_family_bytes(e->addr.family) : 0;
	memcpy(e->addr.b, *p, n);
	if (!is_zero(*p + n, 16 - n))
		return -EPROTO;
	*p += 16;
	e->port = get_num(p, 2);
	return !version == !e->port ? 0 : -EPROTO;
}

static int get_record(const uint8_t **p, struct wg_group_record *r)
{
	get(p, r->key.b, sizeof(r->key.b));
	r->claim = get_num(p, 1);
	r->serial = get_num(p, 8);
	r->heir = get_num(p, 8);
	r->age_ms = get_num(p, 4);
	if (wg_key_is_zero(&r->key) || r->claim >= WG_CLAIMS)
		return -EPROTO;
	if (get_endpoint(p, &r->endpoint) < 0)
		return -EPROTO;
	r->index[0] = get_num(p, 4);
	r->index[1] = get_num(p, 4);
	return 0;
}

static int get_state(const uint8_t **p, struct wg_group_msg *msg)
{
	uint64_t ms = get_num(p, 8);
	uint8_t flags = get_num(p, 1);

	/* the year 10000 is soon enough to think about it again */
	if (flags > 1 || ms > UINT64_C(253402300800000))
		return -EPROTO;
	msg->clock_ms = ms;
	msg->drained = flags;
	return 0;
}

int wg_group_frame(const uint8_t *buf, size_t len)
{
	size_t frame;

	if (len < WG_GROUP_LEN)
		return 0;
	frame = get_num(&buf, WG_GROUP_LEN);
	if (frame < WG_GROUP_LEN + HEAD + WG_GROUP_SEAL ||
	    frame > WG_GROUP_FRAME_MAX)
		return -EPROTO;
	return len < frame ? 0 : (int)frame;
}

int wg_group_hello_decode(const uint8_t *buf, struct wg_group_msg *ret)
{
	size_t len = WG_GROUP_HELLO_LEN - WG_GROUP_LEN - WG_GROUP_MAC;
	const uint8_t *p;

	if (get_num(&buf, WG_GROUP_LEN) != WG_GROUP_HELLO_LEN ||
	    buf[0] != WG_GROUP_HELLO || buf[1] ||
	    memcmp(buf + HEAD, magic, sizeof(magic)) != 0)
		return -EPROTO;
	p = buf + HEAD + sizeof(magic);
	*ret = (struct wg_group_msg){.kind = WG_GROUP_HELLO};
	ret->hello.version = get_num(&p, 2);
	if (ret->hello.version != WG_GROUP_VERSION)
		return 0;
	return wg_group_decode(buf, len, ret);
}

int wg_group_decode(const uint8_t *buf, size_t len, struct wg_group_msg *ret)
{
	const uint8_t *p = buf + HEAD;
	struct wg_group_msg msg = {};
	int rc = 0;

	if (len < HEAD || !buf[0] || buf[0] >= WG_GROUP_KINDS || buf[1] ||
	    len != msg_len(buf[0]))
		return -EPROTO;
	msg.kind = buf[0];
	switch ((enum wg_group_kind)msg.kind) {
	case WG_GROUP_HELLO:
		rc = get_hello(&p, &msg.hello);
		if (rc == 0)
			rc = get_state(&p, &msg);
		break;
	case WG_GROUP_CLIENT:
		rc = get_record(&p, &msg.record);
		break;
	case WG_GROUP_ASK:
		get(&p, msg.record.key.b, WG_KEY_LEN);
		break;
	case WG_GROUP_KEEPALIVE:
		rc = get_state(&p, &msg);
		break;
	case WG_GROUP_BYE:
		msg.why = get_num(&p, 1);
		break;
	case WG_GROUP_SNAP_BEGIN:
	case WG_GROUP_SNAP_END:
	case WG_GROUP_KINDS:
		break;
	}
	if (rc < 0)
		return rc;
	*ret = msg;
	return 0;
}
