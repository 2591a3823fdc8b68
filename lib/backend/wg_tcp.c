/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the protocol between gateways.
 *
 * The guard is a classic BPF program on the listener (socket(7),
 * SO_ATTACH_FILTER).  TCP runs it on each segment for the socket before it
 * looks at it (tcp_filter in tcp_v4_rcv and tcp_v6_rcv, where skb->dev is
 * still the device that it came in by), so a SYN from elsewhere makes no
 * request, takes no place in a queue and gets no answer.
 *
 * An attempt to connect that is answered by ICMP while the socket is in use
 * does not fail before the next SYN: the error waits in the socket's error
 * queue (tcp_v4_err, ip_icmp_error), where poll(2) sees POLLERR and SO_ERROR
 * sees nothing.  So that is where to look.
 */
#include "lib/backend/wg_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/filter.h>

#define LET_IN UINT32_MAX

struct program {
	struct sock_filter code[BPF_MAXINSNS];
	size_t n; /* more than there is room for: it did not fit */
};

static void put(struct program *p, uint16_t code, uint8_t no, uint32_t k)
{
	if (p->n < BPF_MAXINSNS)
		p->code[p->n] = (struct sock_filter){code, 0, no, k};
	p->n++;
}

/* Go on if the word there is that one, else over so many instructions. */
static void put_is(struct program *p, uint32_t at, uint32_t word, uint8_t no)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, at);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, no, word);
}

static void put_address(struct program *p, const struct wg_addr *addr)
{
	unsigned words = wg_family_bytes(addr->family) / 4, i;
	/* of the source in the header, RFC 791 3.1, RFC 8200 3 */
	uint32_t at = SKF_NET_OFF + (addr->family == AF_INET ? 12 : 8), word;

	for (i = 0; i < words; i++) {
		memcpy(&word, addr->b + 4 * i, 4);
		put_is(p, at + 4 * i, ntohl(word), 2 * (words - 1 - i) + 1);
	}
	put(p, BPF_RET | BPF_K, 0, LET_IN);
}

int wg_tcp_guard(int fd, uint8_t family, const struct wg_tcp_guard *guard)
{
	struct program *p = calloc(1, sizeof(*p));
	struct sock_fprog prog;
	int rc = 0, off = 0;
	size_t i;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < guard->n_not_by; i++) {
		put_is(p, SKF_AD_OFF + SKF_AD_IFINDEX, guard->not_by[i], 1);
		put(p, BPF_RET | BPF_K, 0, 0);
	}
	for (i = 0; i < guard->n_from; i++)
		if (guard->from[i].family == family)
			put_address(p, &guard->from[i]);
	put(p, BPF_RET | BPF_K, 0, 0);
	prog = (struct sock_fprog){.len = p->n, .filter = p->code};
	if (p->n > BPF_MAXINSNS)
		rc = -E2BIG;
	else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			    sizeof(prog)) < 0)
		rc = -errno;
	if (rc < 0) /* one that was there would keep new ones out */
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof(off));
	free(p);
	return rc;
}

/* Take one error out of the queue; 0: there is none. */
static int next_error(int fd)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {.msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	struct sock_extended_err err;
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (((c->cmsg_level == IPPROTO_IP &&
		      c->cmsg_type == IP_RECVERR) ||
		     (c->cmsg_level == IPPROTO_IPV6 &&
		      c->cmsg_type == IPV6_RECVERR)) &&
		    c->cmsg_len >= CMSG_LEN(sizeof(err))) {
			memcpy(&err, CMSG_DATA(c), sizeof(err));
			if (err.ee_errno)
				return err.ee_errno;
		}
	return EIO; /* it says nothing of itself */
}

int wg_tcp_hear_only(int fd, uint32_t ifindex)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_IFINDEX),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ifindex, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, LET_IN),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			  sizeof(filter)) < 0
		       ? -errno
		       : 0;
}

int wg_tcp_made(int fd)
{
	int error = 0, queued = 0, next;
	socklen_t len = sizeof(error);
	struct sockaddr_storage peer;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	while ((next = next_error(fd)))
		queued = next;
	if (error)
		return -error;
	len = sizeof(peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		return 1;
	return queued ? -queued : 0;
}
