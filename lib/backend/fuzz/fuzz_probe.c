/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet at WireGuard's port, from its IP header on, and the probes in it.
 * Promises: what is found lies within the packet; what is understood is encoded
 * to the same bytes again; no PONG counts for a PING that did not go there, or
 * twice; and whatever hubs say of us, there are no more candidates than fit,
 * and none twice.
 */
#include <string.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_probe.h"
#include "lib/core/wg_observed.h"
#include "lib/core/wg_pings.h"

#define MEMBER 7

static struct wg_pings pings;
static struct wg_observed observed;

static struct wg_endpoint there(void)
{
	return (struct wg_endpoint){.addr = {AF_INET, {192, 0, 2, 1}},
				    .port = 51820};
}

static void pong(const struct wg_probe_msg *m, const struct wg_endpoint *from,
		 int64_t now)
{
	struct wg_endpoint asked = there();
	int64_t us = -1;

	if (wg_pings_take(&pings, m->id, m->from, from, now * 1000, &us)) {
		CHECK(m->from == MEMBER && wg_endpoint_same(from, &asked));
		CHECK(us >= 0 && us <= WG_PINGS_MS * 1000);
		CHECK(!wg_pings_take(&pings, m->id, m->from, from, now * 1000,
				     &us));
	}
	wg_observed_pong(&observed, 1 + m->from % WG_RELAY_HUBS,
			 from->addr.family, &m->seen, now);
}

static void check_candidates(int64_t now)
{
	struct wg_endpoint v[WG_CANDIDATES];
	size_t i, k, n = wg_observed_candidates(&observed, NULL, 0, now, v);

	CHECK(n <= WG_CANDIDATES);
	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			CHECK(!wg_endpoint_same(&v[i], &v[k]));
	CHECK(wg_nat_str(wg_observed_nat(&observed, now)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wg_endpoint to = there();
	struct wg_probe_packet in;
	struct wg_probe_msg m;
	int64_t now = 1000;
	size_t i;

	memset(&pings, 0, sizeof(pings));
	memset(&observed, 0, sizeof(observed));
	wg_pings_add(&pings, MEMBER, &to, 0x1234567800000000, now * 1000);
	if (!wg_probe_parse(data, size, &in))
		return 0;
	CHECK(in.n >= 1 && in.n <= WG_PROBE_TOGETHER);
	CHECK(in.b >= data && in.b + in.n * WG_PROBE_LEN <= data + size);
	for (i = 0; i < in.n; i++) {
		const uint8_t *b = in.b + i * WG_PROBE_LEN;
		uint8_t again[WG_PROBE_LEN];

		if (wg_probe_decode(b, WG_PROBE_LEN, &m) < 0)
			continue;
		wg_probe_encode(&m, again);
		CHECK(memcmp(again, b, WG_PROBE_MAC_AT) == 0);
		CHECK(m.from && m.to && m.from != m.to);
		if (m.kind == WG_PROBE_PONG)
			pong(&m, &in.from, now += 700);
		check_candidates(now);
	}
	return 0;
}

/* A PING, PONGs that count and that do not, one to a few in a packet. */
size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	struct wg_probe_way way = {
		.from = {AF_INET, {192, 0, 2, 1}},
		.to = {.addr = {AF_INET, {192, 0, 2, 2}}, .port = 51820}};
	struct wg_probe_msg m = {.kind = i % 2 ? WG_PROBE_PONG : WG_PROBE_PING,
				 .from = i % 3 ? MEMBER : 8,
				 .to = 9,
				 .id = 0x1234567800000000};
	uint8_t b[WG_PROBE_LEN], packet[WG_PROBE_PACKET];
	size_t len, more = i % 4 ? 0 : 2;

	if (i >= 24)
		return 0;
	if (i % 5 == 4)
		way = (struct wg_probe_way){
			.from = {AF_INET6, {0x20, 1}},
			.to = {.addr = {AF_INET6, {0x20, 2}}, .port = 51820}};
	if (m.kind == WG_PROBE_PONG)
		m.seen = (struct wg_endpoint){.addr = way.from,
					      .port = 40000 + i};
	wg_probe_encode(&m, b);
	len = wg_probe_build(51820, &way, b, packet);
	if (len + more * WG_PROBE_LEN > size)
		return 0;
	memcpy(buf, packet, len);
	/* the length of UDP is that of all */
	buf[len - WG_PROBE_LEN - 3] += more * WG_PROBE_LEN;
	while (more--) {
		memcpy(buf + len, b, WG_PROBE_LEN);
		len += WG_PROBE_LEN;
	}
	return len;
}
