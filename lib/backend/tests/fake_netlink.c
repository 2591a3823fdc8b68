/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/backend/tests/fake_netlink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>

#include "lib/backend/tests/drive.h"

#define FAMILY 28
#define QUEUE 64

struct fake_netlink fn;

struct datagram {
	char *b;
	size_t len;
	int error; /* recv(2) fails with that first */
};

/* libmnl's type is opaque, and so its own. */
struct mnl_socket {
	int fd; /* always readable: the backend asks again */
	struct datagram queue[QUEUE];
	unsigned head, tail;
};

static struct datagram *push(struct mnl_socket *nl, const void *b, size_t len)
{
	struct datagram *d = &nl->queue[nl->tail++];

	assert(nl->tail < QUEUE);
	d->b = malloc(len ? len : 1);
	assert(d->b);
	memcpy(d->b, b, len);
	d->len = len;
	return d;
}

static struct nlmsghdr *begin(char *buf, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = seq;
	return nlh;
}

static void push_error(struct mnl_socket *nl, uint32_t seq, int error)
{
	char buf[256] __attribute__((aligned(4))) = { 0 };
	struct nlmsghdr *nlh = begin(buf, NLMSG_ERROR, seq);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	e->error = error;
	push(nl, buf, nlh->nlmsg_len);
}

/* --- answers */

static void answer_link(struct mnl_socket *nl, uint32_t seq)
{
	char buf[1024] __attribute__((aligned(4))) = { 0 };
	struct nlmsghdr *nlh = begin(buf, RTM_NEWLINK, seq);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct nlattr *info;

	ifi->ifi_index = 5;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "wireguard");
	mnl_attr_nest_end(nlh, info);
	push(nl, buf, nlh->nlmsg_len);
	push_error(nl, seq, 0);
}

static void answer_family(struct mnl_socket *nl, uint32_t seq)
{
	char buf[256] __attribute__((aligned(4))) = { 0 };
	struct nlmsghdr *nlh = begin(buf, GENL_ID_CTRL, seq);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	push(nl, buf, nlh->nlmsg_len);
	push_error(nl, seq, 0);
}

/* Message number i of a dump. */
static size_t dump_message(char *buf, uint32_t seq, unsigned i)
{
	struct nlmsghdr *nlh = begin(buf, FAMILY, seq);
	struct nlattr *peers, *peer = NULL, *ips = NULL, *ip;

	nlh->nlmsg_flags = NLM_F_MULTI;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	if (i == 0)
		mnl_attr_put_u32(nlh, WGDEVICE_A_FWMARK, fn.generation);
	peers = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
	for (unsigned n = i * FN_CUT; n < (i + 1) * FN_CUT; n++) {
		struct wg_key key = a_key(n / FN_PREFIXES);
		uint8_t addr[4] = { 10, fn.generation, n / FN_PREFIXES, n };

		if (n == FN_PEERS * FN_PREFIXES)
			break;
		if (peer && n % FN_PREFIXES == 0) {
			mnl_attr_nest_end(nlh, ips);
			mnl_attr_nest_end(nlh, peer);
			peer = NULL;
		}
		if (!peer) {
			peer = mnl_attr_nest_start(nlh, 0);
			mnl_attr_put(nlh, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN,
				     key.b);
			/* What comes again of a split peer is its key alone. */
			if (n % FN_PREFIXES == 0)
				mnl_attr_put_u64(nlh, WGPEER_A_RX_BYTES,
						 n + 1);
			ips = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
		}
		ip = mnl_attr_nest_start(nlh, 0);
		mnl_attr_put_u16(nlh, WGALLOWEDIP_A_FAMILY, AF_INET);
		mnl_attr_put(nlh, WGALLOWEDIP_A_IPADDR, 4, addr);
		mnl_attr_put_u8(nlh, WGALLOWEDIP_A_CIDR_MASK, 32);
		mnl_attr_nest_end(nlh, ip);
	}
	mnl_attr_nest_end(nlh, ips);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, peers);
	return nlh->nlmsg_len;
}

static void answer_dump(struct mnl_socket *nl, uint32_t seq)
{
	enum fn_fault fault = fn.times ? fn.fault : FN_NONE;
	char buf[4096] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = (void *)buf;
	struct datagram *d;
	int zero = 0;

	fn.dumps++;
	fn.generation++;
	if (fn.times)
		fn.times--;
	for (unsigned i = 0; i < FN_MESSAGES; i++) {
		bool here = fault != FN_NONE && i == fn.at;

		memset(buf, 0, sizeof(buf));
		dump_message(buf, seq, i);
		if (here && fault == FN_TORN)
			nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
		if (here && fault == FN_STRANGE)
			push_error(nl, seq + 77, -EPERM);
		if (here && fault == FN_CUT_SHORT)
			nlh->nlmsg_len -= 12;
		d = push(nl, buf, nlh->nlmsg_len);
		if (here && fault == FN_EINTR)
			d->error = EINTR;
		if (here && fault == FN_NOBUFS)
			d->error = ENOBUFS;
		if (here && (fault == FN_NOBUFS || fault == FN_SILENT)) {
			if (fault == FN_SILENT)
				nl->tail--, free(d->b);
			return;
		}
	}
	memset(buf, 0, sizeof(buf));
	begin(buf, NLMSG_DONE, seq)->nlmsg_flags = NLM_F_MULTI;
	if (fault == FN_TORN_DONE)
		nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(zero)), &zero,
	       sizeof(zero));
	push(nl, buf, nlh->nlmsg_len);
}

static void answer_set(struct mnl_socket *nl, const struct nlmsghdr *nlh)
{
	/* The probe of the flag, when a backend is opened. */
	if (fn.opened <= 2) {
		push_error(nl, nlh->nlmsg_seq,
			   fn.can_remove || fn.sets++ ? 0 : -EINVAL);
		return;
	}
	if (fn.sets++ == fn.set_at) {
		if (fn.set_fault == FN_SILENT)
			return;
		push_error(nl, nlh->nlmsg_seq, fn.set_error);
		if (fn.set_fault == FN_NOBUFS)
			nl->queue[nl->tail - 1].error = ENOBUFS;
		if (fn.set_fault == FN_EINTR)
			nl->queue[nl->tail - 1].error = EINTR;
		return;
	}
	push_error(nl, nlh->nlmsg_seq, 0);
}

/* --- libmnl */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	struct mnl_socket *nl = calloc(1, sizeof(*nl));

	assert(nl);
	nl->fd = eventfd(1, EFD_CLOEXEC);
	fn.opened++;
	return nl;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid)
{
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf,
			  socklen_t len)
{
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return nl->fd;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	for (; nl->head < nl->tail; nl->head++)
		free(nl->queue[nl->head].b);
	close(nl->fd);
	free(nl);
	fn.closed++;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *to, const void *buf,
			  size_t len)
{
	struct mnl_socket *nl = (struct mnl_socket *)to;
	const struct nlmsghdr *nlh = buf;

	assert(len == nlh->nlmsg_len);
	if (nl->head == nl->tail)
		nl->head = nl->tail = 0;
	if (nlh->nlmsg_type == RTM_GETLINK)
		answer_link(nl, nlh->nlmsg_seq);
	else if (nlh->nlmsg_type == GENL_ID_CTRL)
		answer_family(nl, nlh->nlmsg_seq);
	else if (nlh->nlmsg_flags & NLM_F_DUMP)
		answer_dump(nl, nlh->nlmsg_seq);
	else
		answer_set(nl, nlh);
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *from, void *buf,
			    size_t size)
{
	struct mnl_socket *nl = (struct mnl_socket *)from;
	struct datagram *d = &nl->queue[nl->head];

	if (nl->head == nl->tail) {
		errno = EAGAIN;
		return -1;
	}
	if (d->error) {
		errno = d->error;
		d->error = 0;
		if (errno == ENOBUFS)
			for (; nl->head < nl->tail; nl->head++)
				free(nl->queue[nl->head].b);
		return -1;
	}
	assert(d->len <= size);
	memcpy(buf, d->b, d->len);
	free(d->b);
	nl->head++;
	return d->len;
}
