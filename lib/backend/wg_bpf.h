/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of the kernel's classic packet filters (BPF; linux/filter.h), for
 * packets as a packet socket of type SOCK_DGRAM has them: from the IP header
 * on. Only for .c files of lib/backend.
 *
 * A jump is by so many of the next instructions.
 */
#ifndef WG_BPF_H
#define WG_BPF_H

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/filter.h>

#define UDP 8 /* bytes of a UDP header */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LOAD(size, mode, k) BPF_STMT(BPF_LD | BPF_##size | BPF_##mode, k)
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, k, yes, no)
#define ANCILLARY(what) LOAD(W, ABS, SKF_AD_OFF + SKF_AD_##what)
#define RETURN(k) BPF_STMT(BPF_RET | BPF_K, k)
/* To the UDP header of IPv4, or NO instructions on; 5 of them. */
#define UDP4(no)                                                               \
	LOAD(B, ABS, 9), IF(JEQ, IPPROTO_UDP, 0, (no) + 3),                    \
		LOAD(H, ABS, 6), /* fragment offset */                         \
		IF(JSET, 0x1fff, (no) + 1, 0),                                 \
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
/* To the UDP header of IPv6, or NO instructions on; 3 of them. */
#define UDP6(no)                                                               \
	LOAD(B, ABS, 6), IF(JEQ, IPPROTO_UDP, 0, (no) + 1),                    \
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40)

/* 0 or -errno. */
static inline int wg_bpf_attach(int fd, struct sock_filter *f, size_t len)
{
	struct sock_fprog prog = {.len = len, .filter = f};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) <
	    0)
		return -errno;
	return 0;
}

#endif
