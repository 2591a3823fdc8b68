/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet socket (packet(7)) for all protocols, since no other sees what is
 * sent, with a classic BPF program that looks at the destination.
 *
 * Who can send this: whoever has a route by this machine into the device.
 * Nothing but an address is taken of a packet, and all that it can do is to
 * make a member worth a direct path.
 *
 * What it costs.  The kernel makes a clone of each packet that is sent for such
 * a socket before the program says yes or no (dev_queue_xmit_nit): some 200 to
 * 300 ns each, more than the program and all that is done here.  To close or
 * unbind the socket is no remedy, for then the kernel waits until no processor
 * sends any more, 10 to 20 ms, and the daemon with it.
 * PACKET_IGNORE_OUTGOING (Linux 4.20) is a flag that is asked before the clone
 * is made: what is ignored costs less than can be measured, and to set it is a
 * system call that waits for nothing.  Packets that arrive need no clone; they
 * cost a look of the program at the first word.
 *
 * The buffer is as small as it may be: what does not fit is dropped at once,
 * and nobody needs it.  The filter is attached before the socket is bound, so
 * nothing else is ever in it.
 */
#include "lib/backend/wg_demand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "lib/backend/wg_bpf.h"

#define HEADER 40      /* of IPv6; the addresses are in it */
#define ROOM (1 << 16) /* bytes; so many as some 100 packets take */

struct wg_demand {
	int fd;
	struct wg_demand_conf conf;
};

/* --- the programs; a jump is by so many of the next instructions */

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static int attach_data(struct wg_demand *d)
{
	const uint8_t *relay = d->conf.relay.b;
	struct sock_filter f[] = {
		ANCILLARY(PKTTYPE),
		IF(JEQ, PACKET_OUTGOING, 0, 12),
		ANCILLARY(PROTOCOL),
		IF(JEQ, ETH_P_IPV6, 1, 0),
		IF(JEQ, ETH_P_IP, 7, 9),
		LOAD(W, ABS, 24), /* IPv6's destination */
		IF(JGE, 0xff000000, 7, 0),
		IF(JEQ, word(relay), 0, 2),
		LOAD(H, ABS, 28),
		IF(JEQ, relay[4] << 8 | relay[5], 4, 5),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffc00000),
		IF(JEQ, 0xfe800000, 2, 3),
		LOAD(W, ABS, 16), /* IPv4's */
		IF(JGE, 0xe0000000, 0, 1),
		RETURN(0),
		RETURN(HEADER),
	};

	return wg_bpf_attach(d->fd, f, COUNT(f));
}

static int attach_relayed(struct wg_demand *d)
{
	const uint8_t *relay = d->conf.relay.b;
	struct sock_filter f[] = {
		ANCILLARY(PKTTYPE),
		IF(JEQ, PACKET_OUTGOING, 0, 9),
		ANCILLARY(PROTOCOL),
		IF(JEQ, ETH_P_IPV6, 0, 7),
		LOAD(B, ABS, 6),
		IF(JEQ, IPPROTO_UDP, 0, 5),
		LOAD(W, ABS, 24),
		IF(JEQ, word(relay), 0, 3),
		LOAD(H, ABS, 28),
		IF(JEQ, relay[4] << 8 | relay[5], 0, 1),
		RETURN(HEADER),
		RETURN(0),
	};

	return wg_bpf_attach(d->fd, f, COUNT(f));
}

/* --- the socket */

int wg_demand_open(const struct wg_demand_conf *conf, struct wg_demand **ret)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = conf->ifindex,
	};
	struct wg_demand *d = calloc(1, sizeof(*d));
	int room = ROOM, rc = -ENOMEM;

	if (!d)
		return rc;
	d->conf = *conf;
	/* no protocol: nothing arrives before there is a filter */
	d->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		rc = -errno;
	else if (conf->kind == WG_DEMAND_DATA)
		rc = attach_data(d);
	else
		rc = attach_relayed(d);
	if (rc == 0 &&
	    setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) < 0)
		rc = -errno;
	if (rc == 0 && bind(d->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		rc = -errno;
	if (rc < 0)
		wg_demand_close(&d);
	else
		*ret = d;
	return rc;
}

void wg_demand_close(struct wg_demand **d)
{
	if (*d && (*d)->fd >= 0)
		close((*d)->fd);
	free(*d);
	*d = NULL;
}

int wg_demand_fd(const struct wg_demand *d)
{
	return d->fd;
}

void wg_demand_pause(struct wg_demand *d, bool pause)
{
	int on = pause;

	/* no kernel that can do all else here is without it */
	setsockopt(d->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

/* --- the packets */

bool wg_demand_parse(const struct wg_demand_conf *conf, const uint8_t *p,
		     size_t len, struct wg_addr *ret)
{
	struct wg_addr to = {};
	bool relayed;

	if (len >= 20 && p[0] >> 4 == 4) {
		to.family = AF_INET;
		memcpy(to.b, p + 16, 4);
	} else if (len >= HEADER && p[0] >> 4 == 6) {
		to.family = AF_INET6;
		memcpy(to.b, p + 24, 16);
	} else {
		return false;
	}
	relayed = to.family == AF_INET6 && memcmp(to.b, conf->relay.b, 6) == 0;
	if (conf->kind == WG_DEMAND_RELAYED ? !relayed || p[6] != IPPROTO_UDP
					    : relayed)
		return false;
	if (wg_addr_is_linklocal(&to) || wg_addr_is_multicast(&to) ||
	    (to.family == AF_INET && to.b[0] >= 240))
		return false;
	*ret = to;
	return true;
}

int wg_demand_next(struct wg_demand *d, struct wg_addr ret[WG_DEMAND_TURN],
		   size_t *ret_n)
{
	uint8_t buf[WG_DEMAND_TURN][HEADER];
	struct mmsghdr msg[WG_DEMAND_TURN] = {};
	struct iovec iov[WG_DEMAND_TURN];
	size_t i, n = 0;
	int got;

	for (i = 0; i < WG_DEMAND_TURN; i++) {
		iov[i] = (struct iovec){buf[i], HEADER};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	do
		got = recvmmsg(d->fd, msg, WG_DEMAND_TURN, 0, NULL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (i = 0; i < (size_t)got; i++)
		if (wg_demand_parse(&d->conf, buf[i], msg[i].msg_len, &ret[n]))
			n++;
	*ret_n = n;
	return 1;
}
