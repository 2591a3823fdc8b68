/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Out: a raw socket, which takes the whole packet from us, so it may have the
 * port that WireGuard's socket holds.  Its protocol is IPPROTO_RAW: one for UDP
 * would be handed a copy of each UDP packet that arrives.  The checksum of UDP
 * is ours to make, and true: NATs and wireguard-go look at it.  Netfilter and
 * its connection tracking see the packet as they see WireGuard's.
 *
 * In: a packet socket (packet(7)) for each family, with a filter in the kernel:
 * UDP to the port, in one piece, to this machine's link address, and a first
 * word that WireGuard drops by itself.  What else arrives costs the filter, and
 * no copy.  A packet socket sees what comes before netfilter does, so what a
 * firewall drops is seen, too: it proves nothing of WireGuard's packets until a
 * HELLO inside the tunnel was answered.
 *
 * Where GRO of UDP is on (a program with UDP_GRO as wireguard-go has it; links
 * with rx-gro-list), the kernel puts packets of one flow and one length
 * together, and the packet socket gets them as one: headers once, with the
 * length of all, then the datagrams one after another.  The last may be
 * shorter: a probe right behind a data packet of its flow is not found so, and
 * is lost, as any packet may be.
 *
 * Who can send this: everybody.  What is parsed here is where it came from and
 * where the bytes begin; nothing of them is believed.
 */
#include "lib/backend/wg_probe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "lib/backend/wg_bpf.h"

#define IPV4 20 /* bytes of a header without options */
#define IPV6 40
#define TTL 64
#define PING ('W' << 24 | 'M' << 16 | 'P' << 8 | WG_PROBE_PING)
#define PONG ('W' << 24 | 'M' << 16 | 'P' << 8 | WG_PROBE_PONG)
#define HEADERS (60 + UDP) /* at most */
#define ROOM (HEADERS + WG_PROBE_TOGETHER * WG_PROBE_LEN)

struct wg_probe {
	struct wg_probe_conf conf;
	struct one {
		int in, out; /* -1: none */
	} of[2];	     /* IPv4, IPv6 */
	uint8_t buf[ROOM];
};

static struct one *of(const struct wg_probe *p, uint8_t family)
{
	return (struct one *)&p->of[family == AF_INET6];
}

/* --- in */

/* After the UDP header was found: 9 instructions, the last says no. */
#define PROBE_OR_NOT(port)                                                     \
	LOAD(H, IND, 2), IF(JEQ, port, 0, 6), LOAD(H, IND, 4),                 \
		IF(JGE, UDP + WG_PROBE_LEN, 0, 4), LOAD(W, IND, UDP),          \
		IF(JEQ, PING, 1, 0), IF(JEQ, PONG, 0, 1), RETURN(ROOM),        \
		RETURN(0)

static int attach(int fd, uint8_t family, uint16_t port)
{
	struct sock_filter v4[] = {ANCILLARY(PKTTYPE),
				   IF(JEQ, PACKET_HOST, 0, 5 + 8), UDP4(8),
				   PROBE_OR_NOT(port)};
	struct sock_filter v6[] = {ANCILLARY(PKTTYPE),
				   IF(JEQ, PACKET_HOST, 0, 3 + 8), UDP6(8),
				   PROBE_OR_NOT(port)};

	return family == AF_INET ? wg_bpf_attach(fd, v4, COUNT(v4))
				 : wg_bpf_attach(fd, v6, COUNT(v6));
}

static int open_in(uint8_t family, uint16_t port, int *ret)
{
	struct sockaddr_ll all = {
		.sll_family = AF_PACKET,
		.sll_protocol =
			htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6),
	};
	int rc;

	/* no protocol: nothing arrives before there is a filter */
	*ret = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*ret < 0)
		return -errno;
	rc = attach(*ret, family, port);
	if (rc == 0 && bind(*ret, (struct sockaddr *)&all, sizeof(all)) < 0)
		rc = -errno;
	return rc;
}

static uint16_t get16(const uint8_t *b)
{
	return b[0] << 8 | b[1];
}

bool wg_probe_parse(const uint8_t *p, size_t len, struct wg_probe_packet *ret)
{
	uint8_t family = len && p[0] >> 4 == 4	 ? AF_INET
			 : len && p[0] >> 4 == 6 ? AF_INET6
						 : AF_UNSPEC;
	size_t bytes = family ? wg_family_bytes(family) : 0;
	size_t head = family == AF_INET ? (p[0] & 15) * 4u : IPV6, n;
	const uint8_t *udp = p + head;
	const uint8_t *from = p + (family == AF_INET ? 12 : 8);
	struct wg_probe_packet got = {.n = 0};

	if (!family || head < IPV4 || len < head + UDP + WG_PROBE_LEN ||
	    p[family == AF_INET ? 9 : 6] != IPPROTO_UDP ||
	    get16(udp + 4) < UDP + WG_PROBE_LEN)
		return false;
	n = get16(udp + 4) < len - head ? get16(udp + 4) : len - head;
	n = (n - UDP) / WG_PROBE_LEN;
	got.n = n < WG_PROBE_TOGETHER ? n : WG_PROBE_TOGETHER;
	got.b = udp + UDP;
	got.from.addr.family = got.to.family = family;
	memcpy(got.from.addr.b, from, bytes);
	memcpy(got.to.b, from + bytes, bytes);
	got.from.port = get16(udp);
	if (!got.from.port)
		return false;
	*ret = got;
	return true;
}

int wg_probe_next(struct wg_probe *p, uint8_t family,
		  struct wg_probe_packet *ret)
{
	struct sockaddr_ll at = {.sll_ifindex = 0};
	socklen_t at_len = sizeof(at);
	ssize_t n;

	do
		n = recvfrom(of(p, family)->in, p->buf, sizeof(p->buf), 0,
			     (struct sockaddr *)&at, &at_len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!wg_probe_parse(p->buf, n, ret))
		return -EBADMSG;
	ret->ifindex = at.sll_ifindex;
	if (wg_addr_is_linklocal(&ret->from.addr))
		ret->from.scope = ret->ifindex;
	return 1;
}

/* --- out */

static void put16(uint8_t *b, uint16_t v)
{
	b[0] = v >> 8;
	b[1] = v;
}

static uint32_t add16(uint32_t sum, const uint8_t *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 2)
		sum += get16(b + i);
	return sum;
}

/* RFC 768, RFC 8200 8.1; all lengths are even. */
static uint16_t checksum(const struct wg_probe_way *way, const uint8_t *udp)
{
	size_t bytes = wg_family_bytes(way->to.addr.family);
	uint32_t sum = IPPROTO_UDP + UDP + WG_PROBE_LEN;

	sum = add16(sum, way->from.b, bytes);
	sum = add16(sum, way->to.addr.b, bytes);
	sum = add16(sum, udp, UDP + WG_PROBE_LEN);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : ~sum; /* 0 would be: none */
}

size_t wg_probe_build(uint16_t port, const struct wg_probe_way *way,
		      const uint8_t b[WG_PROBE_LEN],
		      uint8_t ret[WG_PROBE_PACKET])
{
	bool v4 = way->to.addr.family == AF_INET;
	size_t bytes = wg_family_bytes(way->to.addr.family);
	size_t head = v4 ? IPV4 : IPV6;
	uint8_t *udp = ret + head, *from = ret + (v4 ? 12 : 8);

	memset(ret, 0, head + UDP);
	if (v4) {
		/* the kernel fills in identification and checksum */
		ret[0] = 0x45;
		put16(ret + 2, IPV4 + UDP + WG_PROBE_LEN);
		ret[8] = TTL;
		ret[9] = IPPROTO_UDP;
	} else {
		ret[0] = 0x60;
		put16(ret + 4, UDP + WG_PROBE_LEN);
		ret[6] = IPPROTO_UDP;
		ret[7] = TTL;
	}
	memcpy(from, way->from.b, bytes);
	memcpy(from + bytes, way->to.addr.b, bytes);
	put16(udp, port);
	put16(udp + 2, way->to.port);
	put16(udp + 4, UDP + WG_PROBE_LEN);
	memcpy(udp + UDP, b, WG_PROBE_LEN);
	put16(udp + 6, checksum(way, udp));
	return head + UDP + WG_PROBE_LEN;
}

/* Routing is to know the source, as it knows that of WireGuard's packets. */
struct source {
	_Alignas(struct cmsghdr)
		uint8_t b[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void tell_source(const struct wg_addr *from, struct source *s,
			struct msghdr *msg)
{
	struct in_pktinfo v4 = {.ipi_ifindex = 0};
	struct in6_pktinfo v6 = {.ipi6_ifindex = 0};
	bool is_v4 = from->family == AF_INET;
	size_t len = is_v4 ? sizeof(v4) : sizeof(v6);
	struct cmsghdr *c;

	memset(s, 0, sizeof(*s));
	msg->msg_control = s->b;
	msg->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_len = CMSG_LEN(len);
	c->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
	memcpy(&v4.ipi_spec_dst, from->b, 4);
	memcpy(&v6.ipi6_addr, from->b, 16);
	memcpy(CMSG_DATA(c), is_v4 ? (void *)&v4 : (void *)&v6, len);
}

int wg_probe_send(struct wg_probe *p, const struct wg_probe_way *way,
		  const uint8_t b[WG_PROBE_LEN])
{
	uint8_t family = way->to.addr.family;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_scope_id = way->to.scope};
	uint8_t packet[WG_PROBE_PACKET];
	struct iovec iov = {.iov_base = packet};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct source source;

	if (way->from.family != family || of(p, family)->out < 0)
		return -EAFNOSUPPORT;
	iov.iov_len = wg_probe_build(p->conf.port, way, b, packet);
	memcpy(&v4.sin_addr, way->to.addr.b, 4);
	memcpy(&v6.sin6_addr, way->to.addr.b, 16);
	msg.msg_name = family == AF_INET ? (void *)&v4 : (void *)&v6;
	msg.msg_namelen = family == AF_INET ? sizeof(v4) : sizeof(v6);
	tell_source(&way->from, &source, &msg);
	if (sendmsg(of(p, family)->out, &msg, MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

static int open_out(uint8_t family, uint32_t mark, int *ret)
{
	*ret = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		      IPPROTO_RAW);
	if (*ret < 0)
		return -errno;
	if (mark &&
	    setsockopt(*ret, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	return 0;
}

/* --- life */

static void close_one(struct one *o)
{
	if (o->in >= 0)
		close(o->in);
	if (o->out >= 0)
		close(o->out);
	o->in = o->out = -1;
}

static int open_one(struct wg_probe *p, uint8_t family)
{
	struct one *o = of(p, family);
	int rc = open_out(family, p->conf.mark, &o->out);

	if (rc == 0)
		rc = open_in(family, p->conf.port, &o->in);
	if (rc < 0)
		close_one(o);
	return rc;
}

int wg_probe_open(const struct wg_probe_conf *conf, struct wg_probe **ret)
{
	struct wg_probe *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	p->conf = *conf;
	p->of[0] = p->of[1] = (struct one){-1, -1};
	rc = open_one(p, AF_INET);
	if (rc == 0 && (rc = open_one(p, AF_INET6)) == -EAFNOSUPPORT)
		rc = 0;
	if (rc < 0)
		wg_probe_close(&p);
	else
		*ret = p;
	return rc;
}

void wg_probe_close(struct wg_probe **p)
{
	if (*p) {
		close_one(&(*p)->of[0]);
		close_one(&(*p)->of[1]);
	}
	free(*p);
	*p = NULL;
}

int wg_probe_fd(const struct wg_probe *p, uint8_t family)
{
	return of(p, family)->in;
}
