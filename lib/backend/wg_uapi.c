/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UAPI text, written.
 *
 * A request is a row of sections, each begun by public_key=; lines belong to
 * the section above them.  Ops for one peer share its section as long as they
 * may:
 *
 *  SET     PEER_SET and ADD: the peer is created where it is missing
 *  REMOVE  allowed_ip=-P, under update_only: nothing is created
 *  THROW   allowed_ip=P under the throw-away peer: P moves to it, and
 *          vanishes when the section's end removes that peer.  Both stand in
 *          one request, so that no throw-away peer can survive us.
 *
 * Room: an op is only put where the longest op, the end of an open THROW
 * section and the end of the request all fit, so that nothing needs to be
 * taken back and the request can be ended at every moment.
 */
#include "lib/backend/wg_uapi.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum section {
	SECTION_NONE,
	SECTION_SET,
	SECTION_REMOVE,
	SECTION_THROW,
};

static void put(struct wg_uapi_encoder *enc, const char *s, size_t len)
{
	assert(enc->size - enc->len >= len);
	memcpy(enc->buf + enc->len, s, len);
	enc->len += len;
}

#define PUT(enc, literal) put(enc, literal, sizeof(literal) - 1)

static void put_unsigned(struct wg_uapi_encoder *enc, uint32_t n)
{
	char digits[10], *p = digits + sizeof(digits);

	do
		*--p = '0' + n % 10;
	while (n /= 10);
	put(enc, p, digits + sizeof(digits) - p);
}

/* In place: no copy of a secret stays on the stack. */
static void put_hex(struct wg_uapi_encoder *enc, const struct wg_key *key)
{
	static const char digit[] = "0123456789abcdef";
	char *p = enc->buf + enc->len;

	assert(enc->size - enc->len >= 2 * WG_KEY_LEN);
	for (int i = 0; i < WG_KEY_LEN; i++) {
		*p++ = digit[key->b[i] >> 4];
		*p++ = digit[key->b[i] & 15];
	}
	enc->len += 2 * WG_KEY_LEN;
}

/*
 * By hand for IPv4: this is where the time of a burst goes, and inet_ntop(3)
 * takes ten times as long.
 */
static void put_prefix(struct wg_uapi_encoder *enc, const struct wg_prefix *p)
{
	char text[INET6_ADDRSTRLEN];

	if (p->family == AF_INET) {
		for (int i = 0; i < 4; i++) {
			if (i)
				PUT(enc, ".");
			put_unsigned(enc, p->b[i]);
		}
	} else {
		inet_ntop(AF_INET6, p->b, text, sizeof(text));
		put(enc, text, strlen(text));
	}
	PUT(enc, "/");
	put_unsigned(enc, p->len);
	PUT(enc, "\n");
}

static void put_public(struct wg_uapi_encoder *enc, const struct wg_key *key)
{
	PUT(enc, "public_key=");
	put_hex(enc, key);
	PUT(enc, "\n");
}

static void close_section(struct wg_uapi_encoder *enc)
{
	if (enc->section == SECTION_THROW) {
		put_public(enc, &enc->throwaway);
		PUT(enc, "remove=true\n");
	}
	enc->section = SECTION_NONE;
}

/* Be in a section of this kind and peer; returns whether it is a new one. */
static bool open_section(struct wg_uapi_encoder *enc, enum section section,
			 const struct wg_key *key)
{
	if (enc->section == section && wg_key_same(&enc->peer, key))
		return false;
	close_section(enc);
	put_public(enc, key);
	enc->section = section;
	enc->peer = *key;
	return true;
}

static void put_device(struct wg_uapi_encoder *enc,
		       const struct wg_dev_conf *conf,
		       const struct wg_key *secret)
{
	if (secret) {
		PUT(enc, "private_key=");
		put_hex(enc, secret);
		PUT(enc, "\n");
	}
	PUT(enc, "fwmark=");
	put_unsigned(enc, conf->fwmark);
	PUT(enc, "\n");
}

static void put_peer(struct wg_uapi_encoder *enc,
		     const struct wg_peer_conf *conf,
		     const struct wg_key *secret)
{
	static const struct wg_key none;
	char text[WG_ENDPOINT_STRLEN];

	PUT(enc, "preshared_key=");
	put_hex(enc, secret ? secret : &none);
	PUT(enc, "\n");
	if (conf->endpoint.addr.family != AF_UNSPEC) {
		PUT(enc, "endpoint=");
		wg_endpoint_str(&conf->endpoint, text);
		put(enc, text, strlen(text));
		PUT(enc, "\n");
	}
	PUT(enc, "persistent_keepalive_interval=");
	put_unsigned(enc, conf->keepalive);
	PUT(enc, "\n");
}

void wg_uapi_begin(struct wg_uapi_encoder *enc, char *buf, size_t size)
{
	assert(size >= WG_UAPI_MIN);
	enc->buf = buf;
	enc->size = size;
	enc->len = 0;
	enc->section = SECTION_NONE;
	PUT(enc, "set=1\n");
}

int wg_uapi_put(struct wg_uapi_encoder *enc, const struct wg_op *op,
		const struct wg_key *secret)
{
	if (enc->size - enc->len < WG_UAPI_OP_MAX)
		return -EMSGSIZE;
	switch (op->kind) {
	case WG_OP_DEVICE_SET:
		/* A device line is not allowed below a peer's. */
		if (enc->len > sizeof("set=1\n") - 1)
			return -EMSGSIZE;
		put_device(enc, op->dev_conf, secret);
		return 0;
	case WG_OP_PORT_SET:
		/* Lines below one that is refused are not read. */
		if (enc->len > sizeof("set=1\n") - 1)
			return -EMSGSIZE;
		PUT(enc, "listen_port=");
		put_unsigned(enc, op->port);
		PUT(enc, "\n");
		return 0;
	case WG_OP_PEER_SET:
		close_section(enc);
		open_section(enc, SECTION_SET, op->key);
		put_peer(enc, op->peer_conf, secret);
		return 0;
	case WG_OP_ADD:
		open_section(enc, SECTION_SET, op->key);
		PUT(enc, "allowed_ip=");
		put_prefix(enc, &op->prefix);
		return 0;
	case WG_OP_REMOVE:
		if (!enc->can_remove) {
			open_section(enc, SECTION_THROW, &enc->throwaway);
			PUT(enc, "allowed_ip=");
		} else {
			if (open_section(enc, SECTION_REMOVE, op->key))
				PUT(enc, "update_only=true\n");
			PUT(enc, "allowed_ip=-");
		}
		put_prefix(enc, &op->prefix);
		return 0;
	case WG_OP_PEER_REMOVE:
		close_section(enc);
		put_public(enc, op->key);
		PUT(enc, "remove=true\n");
		return 0;
	}
	assert(!"kind of op");
	return -EINVAL;
}

size_t wg_uapi_end(struct wg_uapi_encoder *enc)
{
	close_section(enc);
	PUT(enc, "\n");
	return enc->len;
}

size_t wg_uapi_probe(enum wg_uapi_probe which, const struct wg_key *nobody,
		     char buf[WG_UAPI_PROBE_LEN])
{
	struct wg_uapi_encoder enc = { .buf = buf, .size = WG_UAPI_PROBE_LEN };

	PUT(&enc, "set=1\n");
	put_public(&enc, nobody);
	PUT(&enc, "update_only=true\nallowed_ip=-");
	/* TEST-NET-1 (RFC 5737), and what is no prefix at all. */
	if (which == WG_UAPI_PROBE)
		PUT(&enc, "192.0.2.0/24\n\n");
	else
		PUT(&enc, "-192.0.2.0/99\n\n");
	return enc.len;
}
