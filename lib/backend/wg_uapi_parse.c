/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UAPI text, read.
 *
 * A reply is lines "key=value" and ends with errno=N and an empty line.  The
 * one of a get tells the device, then peer after peer.  Nothing promises in
 * which order a peer's lines come, so a peer is said (WG_EV_PEER) when
 * something follows that needs it: its first prefix, the next peer, the end.
 * What comes later still (an implementation that tells the counters after the
 * prefixes) makes it owed again, and it is said once more with all of it.
 *
 * A line that owes events before it takes effect stays in `line` while they
 * are handed out one by one.  Lines with secrets are wiped when they are used
 * up.  The program on the other side is not trusted: every value is checked,
 * and whatever is not understood is -EPROTO, but a key that is merely unknown
 * is passed over, for the protocol may grow.
 */
#include "lib/backend/wg_uapi.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"

static int wrong(struct wg_uapi_parser *p, const char *why)
{
	p->why = why;
	return -EPROTO;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_key(const char *s, struct wg_key *ret)
{
	int high, low;

	for (int i = 0; i < WG_KEY_LEN; i++) {
		high = hex_digit(s[2 * i]);
		low = high < 0 ? -1 : hex_digit(s[2 * i + 1]);
		if (low < 0)
			return -EINVAL;
		ret->b[i] = high << 4 | low;
	}
	return s[2 * WG_KEY_LEN] ? -EINVAL : 0;
}

/* Decimal, nothing else, up to max. */
static int parse_number(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	unsigned d;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		d = *s - '0';
		if (d > 9 || n > (max - d) / 10)
			return -EINVAL;
		n = n * 10 + d;
	}
	*ret = n;
	return 0;
}

/* "192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%3]:51820", "%eth0" */
static int parse_endpoint(char *s, struct wg_endpoint *ret)
{
	struct wg_endpoint e = { 0 };
	char *colon = strrchr(s, ':'), *zone;
	uint64_t n;

	if (!colon || colon == s ||
	    parse_number(colon + 1, UINT16_MAX, &n) < 0)
		return -EINVAL;
	e.port = n;
	if (*s == '[') {
		if (colon[-1] != ']')
			return -EINVAL;
		colon[-1] = '\0';
		s++;
		zone = strchr(s, '%');
		if (zone) {
			*zone++ = '\0';
			if (parse_number(zone, UINT32_MAX, &n) == 0)
				e.scope = n;
			else
				e.scope = if_nametoindex(zone);
		}
	}
	*colon = '\0';
	if (wg_addr_parse(s, &e.addr) < 0)
		return -EINVAL;
	*ret = e;
	return 0;
}

/* A peer is said again if something about it changed after it was said. */
static void owe_peer(struct wg_uapi_parser *p)
{
	p->peer_said = false;
}

/* --- keys of the device */

static int set_private_key(struct wg_uapi_parser *p, char *value)
{
	struct wg_key secret;
	int error = parse_key(value, &secret);

	if (!error)
		wg_key_public(&secret, &p->device.key);
	wg_key_wipe(&secret);
	return error;
}

static int set_listen_port(struct wg_uapi_parser *p, char *value)
{
	uint64_t n = 0;
	int error = parse_number(value, UINT16_MAX, &n);

	p->device.listen_port = n;
	return error;
}

static int set_fwmark(struct wg_uapi_parser *p, char *value)
{
	uint64_t n = 0;
	int error = parse_number(value, UINT32_MAX, &n);

	p->device.fwmark = n;
	return error;
}

/* --- keys of a peer */

static int set_public_key(struct wg_uapi_parser *p, char *value)
{
	memset(&p->peer, 0, sizeof(p->peer));
	p->peer.kind = WG_EV_PEER;
	p->in_peer = true;
	p->peer_said = false;
	return parse_key(value, &p->peer.key);
}

static int set_preshared_key(struct wg_uapi_parser *p, char *value)
{
	struct wg_key secret;
	int error = parse_key(value, &secret);

	if (!error) {
		p->peer.has_psk = !sodium_is_zero(secret.b, WG_KEY_LEN);
		owe_peer(p);
	}
	wg_key_wipe(&secret);
	return error;
}

static int set_endpoint(struct wg_uapi_parser *p, char *value)
{
	owe_peer(p);
	return parse_endpoint(value, &p->peer.endpoint);
}

static int set_keepalive(struct wg_uapi_parser *p, char *value)
{
	uint64_t n = 0;
	int error = parse_number(value, UINT16_MAX, &n);

	owe_peer(p);
	p->peer.keepalive = n;
	return error;
}

static int set_handshake(struct wg_uapi_parser *p, char *value)
{
	uint64_t n = 0;
	int error = parse_number(value, INT64_MAX, &n);

	owe_peer(p);
	p->peer.handshake = n;
	return error;
}

static int set_rx_bytes(struct wg_uapi_parser *p, char *value)
{
	owe_peer(p);
	return parse_number(value, UINT64_MAX, &p->peer.rx_bytes);
}

static int set_tx_bytes(struct wg_uapi_parser *p, char *value)
{
	owe_peer(p);
	return parse_number(value, UINT64_MAX, &p->peer.tx_bytes);
}

/*
 * What the keys mean.  `before`: what must have been said first; `bad`: the
 * reason, in words that can not hold a secret.
 */
enum place { PLACE_DEVICE, PLACE_NEXT_PEER, PLACE_PEER, PLACE_PREFIX,
	     PLACE_END };

static const struct line_key {
	const char *name;
	enum place place;
	int (*set)(struct wg_uapi_parser *p, char *value);
	const char *bad;
} line_keys[] = {
	/* Most lines are this one. */
	{ "allowed_ip", PLACE_PREFIX, NULL, "a bad allowed_ip" },
	{ "public_key", PLACE_NEXT_PEER, set_public_key, "a bad public_key" },
	{ "preshared_key", PLACE_PEER, set_preshared_key,
	  "a bad preshared_key" },
	{ "endpoint", PLACE_PEER, set_endpoint, "a bad endpoint" },
	{ "persistent_keepalive_interval", PLACE_PEER, set_keepalive,
	  "a bad persistent_keepalive_interval" },
	{ "last_handshake_time_sec", PLACE_PEER, set_handshake,
	  "a bad last_handshake_time_sec" },
	{ "rx_bytes", PLACE_PEER, set_rx_bytes, "a bad rx_bytes" },
	{ "tx_bytes", PLACE_PEER, set_tx_bytes, "a bad tx_bytes" },
	{ "private_key", PLACE_DEVICE, set_private_key, "a bad private_key" },
	{ "listen_port", PLACE_DEVICE, set_listen_port, "a bad listen_port" },
	{ "fwmark", PLACE_DEVICE, set_fwmark, "a bad fwmark" },
	{ "errno", PLACE_END, NULL, "a bad errno" },
};

static const struct line_key *find_key(const char *name)
{
	for (size_t i = 0; i < sizeof(line_keys) / sizeof(line_keys[0]); i++)
		if (strcmp(line_keys[i].name, name) == 0)
			return &line_keys[i];
	return NULL;
}

/* wireguard-go answers with negative numbers, others with positive ones. */
static int parse_errno(const char *value, int *ret)
{
	uint64_t n;

	if (*value == '-')
		value++;
	if (parse_number(value, 4095, &n) < 0)
		return -EINVAL;
	*ret = -(int)n;
	return 0;
}

static int take_prefix(const char *value, struct wg_event *ret)
{
	struct wg_prefix prefix;

	if (!strchr(value, '/') || wg_prefix_parse(value, &prefix) < 0)
		return -EINVAL;
	wg_prefix_mask(&prefix);
	*ret = (struct wg_event){ .kind = WG_EV_PREFIX, .prefix = prefix };
	return 0;
}

/*
 * Act on the whole line.  1 and *ret: an event, the line is used up unless
 * `whole` still stands; 0: used up, nothing to tell; or -EPROTO.
 */
static int act(struct wg_uapi_parser *p, struct wg_event *ret)
{
	const struct line_key *key;
	char *value;

	if (p->ending) {
		if (p->len)
			return wrong(p, "a line after errno");
		p->whole = false;
		p->ended = true;
		if (p->status)
			return p->status;
		*ret = (struct wg_event){ .kind = WG_EV_END };
		return 1;
	}
	value = memchr(p->line, '=', p->len);
	if (!value || memchr(p->line, '\0', p->len))
		return wrong(p, "a line that is not key=value");
	*value++ = '\0';
	key = find_key(p->line);
	if (!p->get && (!key || key->place != PLACE_END))
		return wrong(p, "more than errno in answer to a set");
	if (!key)
		goto used;

	if (key->place == PLACE_END && parse_errno(value, &p->status) < 0)
		return wrong(p, key->bad);
	/* First what this line finds owed; nothing where all failed. */
	if (p->status)
		goto take;
	if (p->get && !p->device_said && key->place != PLACE_DEVICE) {
		p->device_said = true;
		*ret = p->device;
		goto kept;
	}
	if (p->in_peer && !p->peer_said && key->place != PLACE_PEER) {
		p->peer_said = true;
		*ret = p->peer;
		goto kept;
	}
take:
	switch (key->place) {
	case PLACE_DEVICE:
		if (p->device_said)
			return wrong(p, "a device's line below a peer");
		break;
	case PLACE_PEER:
	case PLACE_PREFIX:
		if (!p->in_peer)
			return wrong(p, "a peer's line above all peers");
		break;
	case PLACE_NEXT_PEER:
	case PLACE_END:
		break;
	}
	if (key->place == PLACE_PREFIX) {
		if (take_prefix(value, ret) < 0)
			return wrong(p, key->bad);
		p->whole = false;
		p->len = 0;
		return 1;
	}
	if (key->place == PLACE_END)
		p->ending = true;
	else if (key->set(p, value) < 0)
		return wrong(p, key->bad);
used:
	if (strstr(p->line, "_key"))
		sodium_memzero(p->line, sizeof(p->line));
	p->whole = false;
	p->len = 0;
	return 0;
kept:
	value[-1] = '=';
	return 1;
}

void wg_uapi_parse_begin(struct wg_uapi_parser *p, bool get)
{
	memset(p, 0, sizeof(*p));
	p->get = get;
	p->device.kind = WG_EV_DEVICE;
}

int wg_uapi_parse(struct wg_uapi_parser *p, const char *buf, size_t len,
		  size_t *ret_used, struct wg_event *ret)
{
	const char *at = buf, *end = buf + len, *eol;
	size_t n;
	int r = 0;

	if (len)
		p->any = true;
	while (r == 0) {
		if (!p->whole) {
			if (p->ended) {
				r = at < end ? wrong(p, "more than one reply")
					     : 0;
				break;
			}
			eol = memchr(at, '\n', end - at);
			n = (eol ? eol : end) - at;
			if (p->len + n >= sizeof(p->line)) {
				r = wrong(p, "a line that is too long");
				break;
			}
			memcpy(p->line + p->len, at, n);
			p->len += n;
			at += n;
			if (!eol)
				break;
			at++;
			p->line[p->len] = '\0';
			p->whole = true;
		}
		r = act(p, ret);
	}
	*ret_used = at - buf;
	return r;
}

void wg_uapi_parse_end(struct wg_uapi_parser *p)
{
	sodium_memzero(p->line, sizeof(p->line));
}
