/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser of UAPI replies.  The first byte chooses: get or set, and in
 * pieces of which size the rest is fed.  Promises: what it tells is valid, in
 * an order that makes sense, and does not depend on the pieces.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_uapi.h"

struct outcome {
	int result;
	size_t events;
	uint64_t hash;
};

static void mix(struct outcome *o, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		o->hash = (o->hash ^ *p++) * 1099511628211ull;
}

static struct outcome feed(const uint8_t *data, size_t size, bool get,
			   size_t piece)
{
	bool device = false, peer = false, end = false;
	struct outcome o = { .hash = 14695981039346656037ull };
	struct wg_uapi_parser p;
	struct wg_prefix masked;
	struct wg_event ev;
	size_t at = 0, used, give;

	wg_uapi_parse_begin(&p, get);
	do {
		give = size - at < piece ? size - at : piece;
		o.result = wg_uapi_parse(&p, (const char *)data + at, give,
					 &used, &ev);
		CHECK(used <= give);
		at += used;
		if (o.result <= 0)
			continue;
		CHECK(!end);
		o.events++;
		mix(&o, &ev.kind, sizeof(ev.kind));
		switch (ev.kind) {
		case WG_EV_DEVICE:
			CHECK(get && !device);
			device = true;
			mix(&o, &ev.key, sizeof(ev.key));
			break;
		case WG_EV_PEER:
			CHECK(get && device);
			peer = true;
			mix(&o, &ev.key, sizeof(ev.key));
			CHECK(ev.handshake >= 0);
			CHECK(ev.endpoint.addr.family == AF_UNSPEC ||
			      ev.endpoint.addr.family == AF_INET ||
			      ev.endpoint.addr.family == AF_INET6);
			break;
		case WG_EV_PREFIX:
			CHECK(get && peer);
			CHECK(ev.prefix.family == AF_INET ||
			      ev.prefix.family == AF_INET6);
			CHECK(ev.prefix.len <=
			      wg_family_bits(ev.prefix.family));
			masked = ev.prefix;
			CHECK(!wg_prefix_mask(&masked));
			mix(&o, &ev.prefix, sizeof(ev.prefix));
			break;
		case WG_EV_END:
			CHECK(p.ended && device == get);
			end = true;
			break;
		default:
			CHECK(!"kind of event");
		}
	} while (o.result > 0 || (o.result == 0 && at < size));
	CHECK(o.result <= 0 && o.result >= -4095);
	if (o.result < 0 && !p.ended)
		CHECK(o.result == -EPROTO && p.why);
	wg_uapi_parse_end(&p);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;
	bool get;

	if (size == 0)
		return 0;
	get = data[0] & 1;
	whole = feed(data + 1, size - 1, get, size);
	pieces = feed(data + 1, size - 1, get, 1 + (data[0] >> 1));
	CHECK(whole.result == pieces.result);
	CHECK(whole.events == pieces.events);
	CHECK(whole.hash == pieces.hash);
	return 0;
}

#define KEY "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static const char *const seeds[] = {
		"0errno=0\n\n",
		"2errno=-22\n\n",
		"1errno=0\n\n",
		"1private_key=" KEY "\nlisten_port=51820\nfwmark=7\n"
		"public_key=" KEY "\npreshared_key=" KEY "\n"
		"protocol_version=1\nendpoint=[2001:db8::1]:1\n"
		"last_handshake_time_sec=1700000000\n"
		"last_handshake_time_nsec=5\ntx_bytes=18446744073709551615\n"
		"rx_bytes=2\npersistent_keepalive_interval=25\n"
		"allowed_ip=10.0.0.0/8\nallowed_ip=::/0\n"
		"public_key=" KEY "\nendpoint=[fe80::1%lo]:2\n"
		"allowed_ip=192.0.2.1/32\nerrno=0\n\n",
		"5public_key=" KEY "\nallowed_ip=10.0.0.0/8\nrx_bytes=1\n"
		"public_key=" KEY "\nendpoint=192.0.2.1:65535\n"
		"errno=0\n\n",
	};
	size_t len;

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return 0;
	len = strlen(seeds[i]);
	CHECK(len <= size);
	memcpy(buf, seeds[i], len);
	return len;
}
