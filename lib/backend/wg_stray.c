/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet sockets (packet(7)) with classic BPF programs.  A program looks at UDP
 * with the port and a first word of the messages that are wanted, of such a
 * length, not at fragments but the first, and hands out the headers and the
 * first words alone.  The packet is looked at again here: a filter may be
 * attached a moment after the socket was opened, and what goes by is written by
 * anybody.
 *
 * Data packets that arrive: anybody sends them, so all that is counted, and
 * sampled, is what passes the program: no byte of a message that is none, none
 * from port 0.
 *
 * Handshake messages that are sent: only a socket for all protocols sees what
 * is sent, and the kernel makes a clone of each packet that is sent for it,
 * before the program says no; it copies no data.  Only this machine puts a mark
 * on a packet, so the mark tells WireGuard's own messages from those that are
 * forwarded.
 */
#include "lib/backend/wg_stray.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "lib/backend/wg_bpf.h"

/* First words of messages, and their lengths: WireGuard's whitepaper 5.4. */
#define INITIATION 0x01000000
#define RESPONSE 0x02000000
#define DATA 0x04000000
#define INITIATION_LEN 148
#define RESPONSE_LEN 92
#define DATA_MIN 32 /* a keepalive */
#define HEADERS 96  /* with IPv4 options, and the first words of the message */

struct wg_stray {
	int fd;
	struct wg_stray_conf conf;
};

/* --- the programs */

/* After the UDP header was found: 12 instructions, the last says no. */
#define DATA_OR_NOT(s, below)                                                  \
	LOAD(H, IND, 0), IF(JEQ, 0, 9, 0), /* source port */                   \
		LOAD(H, IND, 2), IF(JEQ, (s)->conf.port, 0, 7),                \
		LOAD(H, IND, 4), IF(JGE, UDP + DATA_MIN, 0, 5),                \
		LOAD(W, IND, UDP), IF(JEQ, DATA, 0, 3), ANCILLARY(RANDOM),     \
		IF(JGT, below, 1, 0), RETURN(HEADERS), RETURN(0)

int wg_stray_sample(struct wg_stray *s, uint32_t one_of)
{
	uint32_t below = one_of > 1 ? UINT32_MAX / one_of : UINT32_MAX;
	struct sock_filter v4[] = {UDP4(11), DATA_OR_NOT(s, below)};
	struct sock_filter v6[] = {UDP6(11), DATA_OR_NOT(s, below)};

	return s->conf.kind == WG_STRAY_DATA4
		       ? wg_bpf_attach(s->fd, v4, COUNT(v4))
		       : wg_bpf_attach(s->fd, v6, COUNT(v6));
}

static int attach_sent(struct wg_stray *s)
{
	struct sock_filter f[] = {
		ANCILLARY(PKTTYPE),
		IF(JEQ, PACKET_OUTGOING, 0, 24),
		ANCILLARY(MARK),
		IF(JEQ, s->conf.mark, 0, 22),
		ANCILLARY(PROTOCOL),
		IF(JEQ, ETH_P_IP, 5, 0),
		IF(JEQ, ETH_P_IPV6, 0, 19),
		UDP6(16),
		BPF_STMT(BPF_JMP | BPF_JA, 5),
		UDP4(10),
		LOAD(H, IND, 0), /* source port */
		IF(JEQ, s->conf.port, 0, 8),
		LOAD(W, IND, UDP),
		IF(JEQ, INITIATION, 0, 2),
		LOAD(H, IND, 4),
		IF(JEQ, UDP + INITIATION_LEN, 3, 4),
		IF(JEQ, RESPONSE, 0, 3),
		LOAD(H, IND, 4),
		IF(JEQ, UDP + RESPONSE_LEN, 0, 1),
		RETURN(HEADERS),
		RETURN(0),
	};

	return wg_bpf_attach(s->fd, f, COUNT(f));
}

/* --- the sockets */

int wg_stray_open(const struct wg_stray_conf *conf, struct wg_stray **ret)
{
	static const uint16_t protocol[WG_STRAY_KINDS] = {
		[WG_STRAY_DATA4] = ETH_P_IP,
		[WG_STRAY_DATA6] = ETH_P_IPV6,
		[WG_STRAY_SENT] = ETH_P_ALL,
	};
	struct sockaddr_ll all = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol[conf->kind]),
	};
	struct wg_stray *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		return rc;
	s->conf = *conf;
	/* no protocol: nothing arrives before there is a filter */
	s->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		rc = -errno;
	else if (conf->kind == WG_STRAY_SENT)
		rc = attach_sent(s);
	else
		rc = wg_stray_sample(s, 1);
	if (rc == 0 && bind(s->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		rc = -errno;
	if (rc < 0)
		wg_stray_close(&s);
	else
		*ret = s;
	return rc;
}

void wg_stray_close(struct wg_stray **s)
{
	if (*s && (*s)->fd >= 0)
		close((*s)->fd);
	free(*s);
	*s = NULL;
}

int wg_stray_fd(const struct wg_stray *s)
{
	return s->fd;
}

/* --- the packets */

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static bool is_wanted(enum wg_stray_kind kind, const uint8_t *udp)
{
	size_t len = (udp[4] << 8 | udp[5]) - UDP;

	switch (word(udp + UDP)) {
	case INITIATION:
		return kind == WG_STRAY_SENT && len == INITIATION_LEN;
	case RESPONSE:
		return kind == WG_STRAY_SENT && len == RESPONSE_LEN;
	case DATA:
		return kind != WG_STRAY_SENT && len >= DATA_MIN;
	default:
		return false;
	}
}

bool wg_stray_parse(enum wg_stray_kind kind, const uint8_t *p, size_t len,
		    struct wg_stray_packet *ret)
{
	uint8_t family = len && p[0] >> 4 == 4	 ? AF_INET
			 : len && p[0] >> 4 == 6 ? AF_INET6
						 : AF_UNSPEC;
	size_t bytes = family ? wg_family_bytes(family) : 0;
	size_t head = family == AF_INET ? (p[0] & 15) * 4u : 40;
	const uint8_t *udp = p + head, *from, *to;
	bool sent = kind == WG_STRAY_SENT;

	if (!family ||
	    (!sent && family != (kind == WG_STRAY_DATA4 ? AF_INET : AF_INET6)))
		return false;
	if (head < 20 || len < head + UDP + 8 ||
	    p[family == AF_INET ? 9 : 6] != IPPROTO_UDP ||
	    !is_wanted(kind, udp))
		return false;
	*ret = (struct wg_stray_packet){};
	ret->far.addr.family = ret->near.family = family;
	from = p + (family == AF_INET ? 12 : 8);
	to = from + bytes;
	memcpy(ret->far.addr.b, sent ? to : from, bytes);
	memcpy(ret->near.b, sent ? from : to, bytes);
	ret->far.port = sent ? udp[2] << 8 | udp[3] : udp[0] << 8 | udp[1];
	ret->index = word(udp + UDP + 4);
	return ret->far.port;
}

int wg_stray_next(struct wg_stray *s, struct wg_stray_packet *ret)
{
	uint8_t buf[HEADERS];
	ssize_t n;

	do
		n = recv(s->fd, buf, sizeof(buf), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return wg_stray_parse(s->conf.kind, buf, n, ret) ? 1 : -EBADMSG;
}
