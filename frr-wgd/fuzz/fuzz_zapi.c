// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What zebra says of routes.  The first byte of an input says what is done with
 * the rest:
 *
 *  - even: it is the body of one message.  Promise: what libfrr decodes, wgd
 *    decodes, and to the same prefix and next hops.
 *  - odd: it waits on the session's socket.  Promise: whole messages about
 *    routes are taken in order, byte by byte as they are; everything from the
 *    first other one stays on the socket.  A prefix that is seen ahead is the
 *    message's, and seen whenever wgd decodes it.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <sys/socket.h>

#include "log.h"
#include "privs.h"
#include "stream.h"
#include "vrf.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/zebra/wgd_zapi.h"
#include "lib/backend/fuzz/fuzz.h"

/* So far apart that no turn waits for company. */
int64_t wgd_now_us(void)
{
	static int64_t now;

	return now += 1000000;
}

/* --- one message */

static void same_nexthop(const struct zapi_nexthop *a,
			 const struct zapi_nexthop *b)
{
	CHECK(a->type == b->type && a->vrf_id == b->vrf_id);
	CHECK(a->ifindex == b->ifindex && a->flags == b->flags);
	switch (a->type) {
	case NEXTHOP_TYPE_IPV4:
	case NEXTHOP_TYPE_IPV4_IFINDEX:
		CHECK(a->gate.ipv4.s_addr == b->gate.ipv4.s_addr);
		break;
	case NEXTHOP_TYPE_IPV6:
	case NEXTHOP_TYPE_IPV6_IFINDEX:
		CHECK(IPV6_ADDR_SAME(&a->gate.ipv6, &b->gate.ipv6));
		break;
	case NEXTHOP_TYPE_IFINDEX:
	case NEXTHOP_TYPE_BLACKHOLE:
		break; /* no gateway: whatever was there before */
	}
}

static void decode(const uint8_t *data, size_t size)
{
	static struct wgd_zapi_route ours;
	static struct zapi_route theirs;
	struct stream *s = stream_new(size + 1);
	bool ok, good;
	uint16_t i;

	stream_put(s, data, size);
	ok = wgd_zapi_route_decode(s, &ours);
	stream_set_getp(s, 0);
	good = zapi_route_decode(s, &theirs) == 0 && theirs.safi &&
	       (theirs.prefix.family == AF_INET ||
		theirs.prefix.family == AF_INET6);
	stream_free(s);
	if (ok)
		CHECK(ours.prefix.prefixlen <= prefix_blen(&ours.prefix) * 8 &&
		      ours.type < ZEBRA_ROUTE_MAX);
	if (!good)
		return; /* libfrr reads more: ours may be in order even so */
	CHECK(ok);
	CHECK(ours.type == theirs.type && ours.instance == theirs.instance);
	CHECK(ours.flags == theirs.flags);
	if (!CHECK_FLAG(theirs.message, ZAPI_MESSAGE_BACKUP_NEXTHOPS))
		CHECK(ours.metric == theirs.metric);
	CHECK(prefix_same(&ours.prefix, &theirs.prefix));
	CHECK(ours.has_source == !!theirs.src_prefix.prefixlen);
	if (!CHECK_FLAG(theirs.message, ZAPI_MESSAGE_NEXTHOP))
		CHECK(!ours.n_nh);
	else {
		CHECK(ours.n_nh == theirs.nexthop_num);
		for (i = 0; i < ours.n_nh; i++)
			same_nexthop(&ours.nh[i], &theirs.nexthops[i]);
	}
}

/* --- a session */

#define AHEAD 3

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* The length of a whole message about a route, by the letter of zclient.h. */
static size_t taken(const uint8_t *p, size_t size)
{
	if (size < ZEBRA_HEADER_SIZE || get16(p) < ZEBRA_HEADER_SIZE ||
	    get16(p) > size || p[2] != ZEBRA_HEADER_MARKER ||
	    p[3] != ZSERV_VERSION)
		return 0;
	switch (get16(p + 8)) {
	case ZEBRA_REDISTRIBUTE_ROUTE_ADD:
	case ZEBRA_REDISTRIBUTE_ROUTE_DEL:
		return get16(p);
	default:
		return 0;
	}
}

static void session(const uint8_t *data, size_t size)
{
	static uint8_t rest[65536];
	static struct wgd_zapi_route r;
	struct prefix ahead[AHEAD], before[AHEAD];
	size_t len, n, n_before = 0;
	struct wgd_zapi_message m;
	struct zclient zc = {};
	int fd[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0);
	CHECK(write(fd[1], data, size) == (ssize_t)size);
	zc.sock = fd[0];
	while (wgd_zapi_route_next(&zc, &m)) {
		len = taken(data, size);
		CHECK(len);
		CHECK(m.command == get16(data + 8));
		CHECK(m.vrf ==
		      ((uint32_t)get16(data + 4) << 16 | get16(data + 6)));
		CHECK(stream_get_endp(m.s) == len);
		CHECK(memcmp(STREAM_DATA(m.s), data, len) == 0);
		CHECK(stream_get_getp(m.s) == ZEBRA_HEADER_SIZE);
		n = wgd_zapi_route_ahead(m.vrf, ahead, AHEAD);
		CHECK(n <= AHEAD && n + 1 >= n_before);
		if (n_before > 1)
			CHECK(prefix_same(&before[1], &ahead[0]));
		if (wgd_zapi_route_decode(m.s, &r))
			CHECK(n && prefix_same(&ahead[0], &r.prefix));
		memcpy(before, ahead, sizeof(before));
		n_before = n;
		data += len;
		size -= len;
	}
	CHECK(!taken(data, size));
	CHECK(recv(fd[0], rest, sizeof(rest), 0) ==
	      (size ? (ssize_t)size : -1));
	CHECK(memcmp(rest, data, size) == 0);
	close(fd[0]);
	close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool quiet;

	if (!quiet) /* libfrr logs each read behind the end, at length */
		zlog_aux_init("", ZLOG_DISABLED);
	quiet = true;
	if (size < 1)
		return 0;
	if (data[0] & 1)
		session(data + 1, size - 1);
	else
		decode(data + 1, size - 1);
	return 0;
}

/* --- good inputs */

#define KINDS 12	  /* of routes that come in company, ... */
#define ALONE (KINDS + 1) /* ... and one as large as it gets */

static void route(unsigned kind, struct zapi_route *r)
{
	unsigned n = kind == KINDS ? MULTIPATH_NUM : kind % 4, i;
	bool v6 = kind & 1;

	memset(r, 0, sizeof(*r));
	r->type = ZEBRA_ROUTE_BGP;
	r->safi = SAFI_UNICAST;
	r->instance = kind;
	(void)str2prefix(v6 ? "2001:db8:5::/48" : "203.0.113.0/25", &r->prefix);
	SET_FLAG(r->message, ZAPI_MESSAGE_METRIC | ZAPI_MESSAGE_DISTANCE);
	r->metric = 20;
	if (kind >= 8 && v6) {
		SET_FLAG(r->message, ZAPI_MESSAGE_SRCPFX);
		(void)str2prefix("2001:db8:6::/64",
				 (struct prefix *)&r->src_prefix);
	}
	if (kind >= 4) {
		SET_FLAG(r->message, ZAPI_MESSAGE_TAG);
		r->tag = 7;
	}
	if (kind >= 10) {
		SET_FLAG(r->message, ZAPI_MESSAGE_NHG);
		r->nhgid = 99;
	}
	if (!n)
		return;
	SET_FLAG(r->message, ZAPI_MESSAGE_NEXTHOP);
	r->nexthop_num = n;
	for (i = 0; i < n; i++) {
		struct zapi_nexthop *nh = &r->nexthops[i];

		nh->ifindex = 3 + i;
		nh->type = v6 ? NEXTHOP_TYPE_IPV6_IFINDEX
			      : NEXTHOP_TYPE_IPV4_IFINDEX;
		(void)inet_pton(v6 ? AF_INET6 : AF_INET,
				v6 ? "fd99::2" : "10.99.0.2", &nh->gate);
		if (kind >= 6)
			nh->weight = 5 + i;
	}
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	struct stream *s = stream_new(UINT16_MAX);
	static struct zapi_route r;
	size_t len = 1, n, k;

	if (i >= ALONE + KINDS) {
		stream_free(s);
		return 0;
	}
	buf[0] = i >= ALONE;
	for (k = 0; k < (i < ALONE ? 1 : 4); k++) {
		size_t skip = i < ALONE ? ZEBRA_HEADER_SIZE : 0;

		route(i < ALONE ? i : (i + k) % KINDS, &r);
		stream_reset(s);
		CHECK(zapi_route_encode(k == 3 ? ZEBRA_ROUTE_ADD
					: k    ? ZEBRA_REDISTRIBUTE_ROUTE_DEL
					       : ZEBRA_REDISTRIBUTE_ROUTE_ADD,
					s, &r) == 0);
		n = stream_get_endp(s) - skip;
		CHECK(len + n <= size);
		memcpy(buf + len, STREAM_DATA(s) + skip, n);
		len += n;
	}
	stream_free(s);
	return len;
}
