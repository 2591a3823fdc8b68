// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages about routes, fast.
 *
 * libfrr reads one message a turn of its loop, with two reads, a poll and a
 * wake-up of the loop by itself, and clears the 100 KB of a struct zapi_route
 * for each.  That is two thirds of what a route costs wgd when a whole table
 * comes.  So the handler of a route's message takes the messages about routes
 * that wait behind it, too: it looks at what the socket has (MSG_PEEK), takes
 * off as many whole messages as are about routes, and leaves all else where
 * it is, for libfrr.  Order is kept, and libfrr's own state is not touched:
 * its input buffer is empty but for the message that is being handled.
 *
 * BLOCK bounds what is taken in one turn: some hundred routes, a millisecond.
 * A handler calls until nothing comes; the block is never read on half way.
 *
 * zebra wakes us for each route that it installs, which costs more than to
 * follow it.  So in a burst, which is a turn within GATHER_US of the last one,
 * we wait that long for company.  A change that comes alone does not wait, one
 * behind a full block neither: it has waited already, and on a busy machine who
 * gives up the processor for a millisecond gets it back after ten.  The device
 * is not written more often than that either (wgd_if.c).
 *
 * Of a route's message only the front is decoded; the part that differs
 * between releases, the next hops, by libfrr.  What waits in a block can be
 * looked at ahead of its turn, as far as its prefix.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "stream.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/zebra/wgd_zapi.h"

#define BLOCK 32768
#define GATHER_US 1000
/* Behind type, instance, flags, message and SAFI. */
#define PREFIX_AT (ZEBRA_HEADER_SIZE + 1 + 2 + 4 + 4 + 1)

static struct {
	uint8_t bytes[BLOCK];
	size_t now; /* what was handed out stands here */
	size_t at, end;
	bool over;	   /* the turn's block is used up */
	bool full;	   /* more than a block was waiting */
	int64_t turned_us; /* monotonic; when the last turn ended */
	struct stream *s;  /* the message that was handed out */
} block;

/*
 * The prefix that stands at P: family, length, as many bytes as that takes.
 * The bytes it has, of LEN; 0: none that is well formed.
 */
static size_t prefix_decode(const uint8_t *p, size_t len, struct prefix *ret)
{
	if (len < 2)
		return 0;
	*ret = (struct prefix){.family = p[0], .prefixlen = p[1]};
	if ((ret->family != AF_INET && ret->family != AF_INET6) ||
	    ret->prefixlen > prefix_blen(ret) * 8 ||
	    len < 2u + PSIZE(ret->prefixlen))
		return 0;
	memcpy(&ret->u.prefix, p + 2, PSIZE(ret->prefixlen));
	return 2 + PSIZE(ret->prefixlen);
}

bool wgd_zapi_route_decode(struct stream *s, struct wgd_zapi_route *ret)
{
	uint32_t message;
	uint8_t source_len = 0;
	uint16_t i;
	size_t n;
	struct in6_addr source;

	ret->n_nh = 0;
	ret->metric = 0;
	STREAM_GETC(s, ret->type);
	STREAM_GETW(s, ret->instance);
	STREAM_GETL(s, ret->flags);
	STREAM_GETL(s, message);
	STREAM_FORWARD_GETP(s, 1); /* SAFI: unicast was asked for */
	n = prefix_decode(stream_pnt(s), STREAM_READABLE(s), &ret->prefix);
	if (ret->type >= ZEBRA_ROUTE_MAX || !n)
		return false;
	STREAM_FORWARD_GETP(s, n);
	if (CHECK_FLAG(message, ZAPI_MESSAGE_SRCPFX)) {
		STREAM_GETC(s, source_len);
		if (source_len > IPV6_MAX_BITLEN)
			return false;
		STREAM_GET(&source, s, PSIZE(source_len));
	}
	ret->has_source = source_len;
	if (CHECK_FLAG(message, ZAPI_MESSAGE_NHG))
		STREAM_FORWARD_GETP(s, 4);
	if (CHECK_FLAG(message, ZAPI_MESSAGE_NEXTHOP))
		STREAM_GETW(s, ret->n_nh);
	if (ret->n_nh > array_size(ret->nh))
		return false;
	for (i = 0; i < ret->n_nh; i++) {
		memset(&ret->nh[i], 0, sizeof(ret->nh[i]));
		if (zapi_nexthop_decode(s, &ret->nh[i], ret->flags, message) !=
		    0)
			return false;
	}
	/* zebra tells no backups; they would stand before the metric */
	if (!CHECK_FLAG(message, ZAPI_MESSAGE_METRIC) ||
	    CHECK_FLAG(message, ZAPI_MESSAGE_BACKUP_NEXTHOPS))
		return true;
	if (CHECK_FLAG(message, ZAPI_MESSAGE_DISTANCE))
		STREAM_FORWARD_GETP(s, 1);
	STREAM_GETL(s, ret->metric);
	return true;

stream_failure:
	return false;
}

/*
 * The length of the message at the block's AT if it is whole and about a
 * route, else 0.
 */
static size_t whole(size_t at, struct wgd_zapi_message *ret)
{
	const uint8_t *p = block.bytes + at;
	uint16_t len, command;
	uint32_t vrf;

	if (block.end - at < ZEBRA_HEADER_SIZE)
		return 0;
	memcpy(&len, p, sizeof(len));
	memcpy(&vrf, p + 4, sizeof(vrf));
	memcpy(&command, p + 8, sizeof(command));
	len = ntohs(len);
	ret->command = ntohs(command);
	ret->vrf = ntohl(vrf);
	if (p[2] != ZEBRA_HEADER_MARKER || p[3] != ZSERV_VERSION ||
	    len < ZEBRA_HEADER_SIZE || len > block.end - at)
		return 0;
	if (ret->command != ZEBRA_REDISTRIBUTE_ROUTE_ADD &&
	    ret->command != ZEBRA_REDISTRIBUTE_ROUTE_DEL)
		return 0;
	return len;
}

static void gather(void)
{
	int64_t left = block.turned_us + GATHER_US - wgd_now_us();

	if (!block.full && left > 0 && left <= GATHER_US)
		usleep(left);
}

/* Take the whole messages about routes off the socket. */
static void fill(int fd)
{
	struct wgd_zapi_message m;
	size_t at = 0, len;
	ssize_t n;

	block.now = block.at = block.end = 0;
	n = recv(fd, block.bytes, sizeof(block.bytes), MSG_PEEK | MSG_DONTWAIT);
	block.full = n == sizeof(block.bytes);
	if (n <= 0)
		return; /* libfrr sees it, too, and knows what to do */
	block.end = n;
	while ((len = whole(at, &m)))
		at += len;
	block.end = 0;
	while (block.end < at) {
		n = recv(fd, block.bytes + block.end, at - block.end,
			 MSG_DONTWAIT);
		/* it was there a moment ago, and nobody else reads */
		assert(n > 0 || errno == EINTR);
		if (n > 0)
			block.end += n;
	}
}

bool wgd_zapi_route_next(struct zclient *zc, struct wgd_zapi_message *ret)
{
	size_t len;

	if (block.at == block.end) {
		if (!block.over) {
			gather();
			fill(zc->sock);
		}
		block.over = !block.over && block.at < block.end;
		if (block.at == block.end) {
			block.turned_us = wgd_now_us();
			return false;
		}
	}
	len = whole(block.at, ret);
	assert(len);
	if (!block.s)
		block.s = stream_new(UINT16_MAX);
	stream_reset(block.s);
	stream_put(block.s, block.bytes + block.at, len);
	stream_set_getp(block.s, ZEBRA_HEADER_SIZE);
	block.now = block.at;
	block.at += len;
	ret->s = block.s;
	return true;
}

size_t wgd_zapi_route_ahead(vrf_id_t vrf, struct prefix *ret, size_t max)
{
	struct wgd_zapi_message m;
	size_t at, len, n = 0;

	for (at = block.now; n < max; at += len, n++) {
		len = whole(at, &m);
		if (len < PREFIX_AT || m.vrf != vrf ||
		    !prefix_decode(block.bytes + at + PREFIX_AT,
				   len - PREFIX_AT, &ret[n]))
			break;
	}
	return n;
}

void wgd_zapi_finish(void)
{
	if (block.s)
		stream_free(block.s);
	block.s = NULL;
}
