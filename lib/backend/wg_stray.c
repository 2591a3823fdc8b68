/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet socket (packet(7)) with a classic BPF program.  The filter looks at
 * UDP to the port with a first byte of 4 (data) or 1 (initiation), not at
 * fragments but the first, and hands out the headers alone.  The message is
 * looked at again here: a filter may be attached a moment after the socket was
 * opened.
 */
#include "lib/backend/wg_stray.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define DATA 4 /* first byte of a message, WireGuard's whitepaper 5.4 */
#define INITIATION 1
#define HEADERS 96 /* with IPv4 options, and the first bytes of the message */

struct wg_stray {
	int fd;
	uint8_t family;
	uint16_t port;
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int wg_stray_sample(struct wg_stray *s, uint32_t one_of)
{
	uint32_t below = one_of > 1 ? UINT32_MAX / one_of : UINT32_MAX;
	struct sock_filter v4[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6), /* fragment offset */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* header length */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),	/* destination port */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->port, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8), /* first byte */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, INITIATION, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DATA, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_RANDOM),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, below, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, HEADERS),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), /* next header */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->port, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 48),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, INITIATION, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DATA, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_RANDOM),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, below, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, HEADERS),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = s->family == AF_INET ? COUNT(v4) : COUNT(v6),
		.filter = s->family == AF_INET ? v4 : v6,
	};

	if (setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
		       sizeof(prog)) < 0)
		return -errno;
	return 0;
}

int wg_stray_open(uint8_t family, uint16_t port, struct wg_stray **ret)
{
	struct sockaddr_ll all = {
		.sll_family = AF_PACKET,
		.sll_protocol =
			htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6),
	};
	struct wg_stray *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		return rc;
	s->family = family;
	s->port = port;
	/* no protocol: nothing arrives before there is a filter */
	s->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = s->fd < 0 ? -errno : wg_stray_sample(s, 1);
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

bool wg_stray_parse(uint8_t family, const uint8_t *p, size_t len,
		    struct wg_stray_packet *ret)
{
	size_t head = family == AF_INET6 ? 40 : len ? (p[0] & 15) * 4u : 0;
	size_t bytes = wg_family_bytes(family);
	const uint8_t *udp = p + head;

	if (head < 20 || len < head + 9)
		return false;
	if (p[0] >> 4 != (family == AF_INET ? 4 : 6) ||
	    p[family == AF_INET ? 9 : 6] != IPPROTO_UDP ||
	    (udp[8] != DATA && udp[8] != INITIATION))
		return false;
	*ret = (struct wg_stray_packet){.data = udp[8] == DATA};
	ret->from.addr.family = ret->to.family = family;
	p += family == AF_INET ? 12 : 8;
	memcpy(ret->from.addr.b, p, bytes);
	memcpy(ret->to.b, p + bytes, bytes);
	ret->from.port = udp[0] << 8 | udp[1];
	return ret->from.port;
}

int wg_stray_next(struct wg_stray *s, struct wg_stray_packet *ret)
{
	uint8_t buf[HEADERS];
	ssize_t n;

	for (;;) {
		n = recv(s->fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (wg_stray_parse(s->family, buf, n, ret))
			return 1;
	}
}
