/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink, question and answer.
 *
 * Every question carries a new sequence number, and answers with another one
 * are passed over: what is left from a question that was given up can not be
 * taken for the answer to the next.
 */
#include "lib/backend/wg_nl.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/rtnetlink.h>

int wg_nl_open(int bus, struct mnl_socket **ret)
{
	struct mnl_socket *nl;
	int one = 1, room = 2 * WG_NL_BUF, error;

	nl = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		mnl_socket_close(nl);
		return error;
	}
	/* A message is never longer than this, whatever the default is. */
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_SNDBUF, &room,
		   sizeof(room));
	/* Both are wishes: an old kernel answers with less. */
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
	*ret = nl;
	return 0;
}

void wg_nl_close(struct mnl_socket **nl)
{
	if (*nl)
		mnl_socket_close(*nl);
	*nl = NULL;
}

int wg_nl_error(const struct nlmsghdr *nlh, char *text, size_t len)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t payload = mnl_nlmsg_get_payload_len(nlh), off = sizeof(*e);
	const struct nlattr *attr;
	int error;

	if (text && len)
		text[0] = '\0';
	if (payload < sizeof(int))
		return nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&error, &e->error, sizeof(error));
	if (error > 0) /* never: errors are negative */
		return -EBADMSG;
	if (nlh->nlmsg_type == NLMSG_DONE)
		off = sizeof(int);
	else if (payload < sizeof(*e))
		return -EBADMSG;
	else if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && error &&
		 e->msg.nlmsg_len >= sizeof(e->msg))
		off += e->msg.nlmsg_len - sizeof(e->msg);
	if (!text || !len || !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return error;

	off = MNL_ALIGN(off);
	while (off < payload) {
		attr = (const void *)((const char *)e + off);
		if (!mnl_attr_ok(attr, payload - off))
			break;
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
			strncpy(text, mnl_attr_get_str(attr), len - 1);
			text[len - 1] = '\0';
		}
		off += MNL_ALIGN(mnl_attr_get_len(attr));
	}
	return error;
}

/* Wait until something can be read. */
static int wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, WG_NL_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

int wg_nl_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
	       void *data)
{
	static unsigned int seq;
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct nlmsghdr *in;
	bool torn = false;
	int len, error = 0;
	char *buf;

	nlh->nlmsg_flags |= NLM_F_REQUEST | (dump ? 0 : NLM_F_ACK);
	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	buf = malloc(WG_NL_BUF);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		len = mnl_socket_recvfrom(nl, buf, WG_NL_BUF);
		if (len < 0 && errno == EAGAIN) {
			error = wait_readable(mnl_socket_get_fd(nl));
			if (error)
				goto out;
			continue;
		}
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			error = -errno;
			goto out;
		}
		for (in = (void *)buf; mnl_nlmsg_ok(in, len);
		     in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_seq != nlh->nlmsg_seq)
				continue;
			torn |= in->nlmsg_flags & NLM_F_DUMP_INTR;
			if (in->nlmsg_type == NLMSG_ERROR ||
			    in->nlmsg_type == NLMSG_DONE) {
				if (!error)
					error = wg_nl_error(in, NULL, 0);
				if (!error && torn)
					error = -EINTR;
				goto out;
			}
			/* An error of ours: still read the answer's rest. */
			if (cb && !error && cb(in, data) < 0)
				error = -EBADMSG;
		}
	}
out:
	free(buf);
	return error;
}

int wg_nl_route(struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	struct mnl_socket *nl;
	int error;

	error = wg_nl_open(NETLINK_ROUTE, &nl);
	if (error)
		return error;
	error = wg_nl_talk(nl, nlh, cb, data);
	wg_nl_close(&nl);
	return error;
}

void wg_nl_put_addr(struct nlmsghdr *nlh, uint16_t type,
		    const struct wg_addr *addr)
{
	mnl_attr_put(nlh, type, wg_family_bytes(addr->family), addr->b);
}

void wg_nl_addr(const struct nlattr *attr, uint8_t family, struct wg_addr *ret)
{
	if (mnl_attr_get_payload_len(attr) != wg_family_bytes(family))
		return;
	ret->family = family;
	memcpy(ret->b, mnl_attr_get_payload(attr), wg_family_bytes(family));
}

void wg_nl_via(const struct nlattr *attr, struct wg_addr *ret)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) != sizeof(*via) + 16 ||
	    via->rtvia_family != AF_INET6)
		return;
	ret->family = AF_INET6;
	memcpy(ret->b, via->rtvia_addr, 16);
}

uint32_t wg_nl_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) == 0
		       ? mnl_attr_get_u32(attr)
		       : 0;
}
