/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's device, by generic netlink.
 *
 * The device is named by its index: a link of the same name that was made
 * later is another device and answers -ENODEV.
 *
 * A SET is carried out inside send(2) and its acknowledgement waits in the
 * socket when that returns; the next message of a long apply goes after the
 * acknowledgement of the former.  A read is a dump: the kernel writes a piece
 * whenever the former was read.  Where it changed in between (NLM_F_DUMP_INTR)
 * the rest is passed over and the read starts anew, a few times.
 *
 * Every request has its own sequence number, and messages with another are
 * passed over.  After an error the socket is closed, for the rest of a dump
 * would still be coming and hold up the next; it is opened anew with the next
 * request.
 */
#include "lib/backend/wg_backend_priv.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <sodium.h>

#include "lib/backend/wg_genl.h"
#include "lib/backend/wg_link.h"
#include "lib/backend/wg_nl.h"

#define TORN_MAX 10 /* a read starts anew so often, then it is -EAGAIN */

struct kernel {
	struct wg_backend be; /* first */
	struct mnl_socket *nl; /* NULL: to be opened */
	uint16_t family;
	uint32_t ifindex;
	uint32_t seq; /* of the message under way */

	struct wg_genl_encoder enc;
	struct wg_secbuf out; /* the messages of an apply */
	size_t at; /* the one under way */

	struct wg_genl_decoder dec;
	bool decoding; /* nlh is with dec */
	bool torn; /* this dump is; pass over it */
	unsigned n_torn;

	char *in; /* WG_NL_BUF */
	const struct nlmsghdr *nlh; /* next message in `in` */
	int in_len; /* from nlh on */
	int received; /* length of the whole datagram, to be wiped */
};

static struct kernel *own(struct wg_backend *be)
{
	return (struct kernel *)be;
}

static void wipe_input(struct kernel *k)
{
	sodium_memzero(k->in, k->received);
	k->received = k->in_len = 0;
	k->decoding = false;
}

static int give_up(struct kernel *k, int error)
{
	wg_nl_close(&k->nl);
	wipe_input(k);
	wg_secbuf_reset(&k->out, WG_NL_BUF);
	wg_backend_done(&k->be);
	return error;
}

/* --- sending */

/* What is sent is wiped but for the header: it may hold secrets. */
static int transmit(struct kernel *k, struct nlmsghdr *nlh)
{
	int error = 0;

	nlh->nlmsg_seq = ++k->seq;
	if (mnl_socket_sendto(k->nl, nlh, nlh->nlmsg_len) < 0)
		error = wg_backend_fail(&k->be, -errno, "netlink: send: %s",
					strerror(errno));
	sodium_memzero(nlh + 1, nlh->nlmsg_len - sizeof(*nlh));
	return error;
}

static int connected(struct kernel *k)
{
	int error = k->nl ? 0 : wg_nl_open(NETLINK_GENERIC, &k->nl);

	if (error)
		return wg_backend_fail(&k->be, error, "netlink: %s",
				       strerror(-error));
	return 0;
}

/* Send the message of the apply that is next. */
static int send_next(struct kernel *k)
{
	wg_backend_allow(&k->be, WG_BACKEND_APPLY_MS);
	return transmit(k, (struct nlmsghdr *)(k->out.b + k->at));
}

static void begin(struct wg_backend *be, char *buf)
{
	wg_genl_begin(&own(be)->enc, buf, WG_GENL_MAX);
}

static int put(struct wg_backend *be, const struct wg_op *op,
	       const struct wg_key *secret)
{
	return wg_genl_put(&own(be)->enc, op, secret);
}

static size_t end(struct wg_backend *be)
{
	return wg_genl_end(&own(be)->enc);
}

static int kernel_apply(struct wg_backend *be, const struct wg_op *ops,
			size_t n)
{
	static const struct wg_backend_encoder encoder = {WG_GENL_MAX, begin,
							  put, end};
	struct kernel *k = own(be);
	int error;

	k->enc = (struct wg_genl_encoder){
		.family = k->family,
		.ifindex = k->ifindex,
		.can_remove = be->can_remove,
	};
	wg_backend_random_key(&k->enc.throwaway);
	error = wg_backend_encode(be, &encoder, &k->out, ops, n);
	if (error) {
		wg_secbuf_reset(&k->out, WG_NL_BUF);
		return error;
	}
	k->at = 0;
	if (k->out.len == 0) { /* no ops: nothing to wait for */
		wg_backend_allow(be, 0);
		return 0;
	}
	be->failed = connected(k);
	if (!be->failed)
		be->failed = send_next(k);
	return 0;
}

static int start_dump(struct kernel *k)
{
	char buf[WG_GENL_GET_LEN] NL_ALIGNED;

	wg_genl_get(buf, k->family, k->ifindex);
	wg_genl_decode_begin(&k->dec);
	k->torn = false;
	wg_backend_allow(&k->be, WG_BACKEND_READ_MS);
	return transmit(k, (struct nlmsghdr *)buf);
}

static void kernel_read(struct wg_backend *be)
{
	struct kernel *k = own(be);

	k->n_torn = 0;
	be->failed = connected(k);
	if (!be->failed)
		be->failed = start_dump(k);
}

/* --- receiving */

/* 1 there is input, 0 none yet, or an error. */
static int fill(struct kernel *k)
{
	int n;

	wipe_input(k);
	do
		n = mnl_socket_recvfrom(k->nl, k->in, WG_NL_BUF);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		k->nlh = (const void *)k->in;
		k->in_len = k->received = n;
		if (k->be.request == WG_REQUEST_READ)
			wg_backend_allow(&k->be, WG_BACKEND_READ_MS);
		return 1;
	}
	if (errno == EAGAIN && !wg_backend_late(&k->be))
		return 0;
	if (errno == EAGAIN)
		return wg_backend_fail(&k->be, -ETIMEDOUT,
				       "netlink: no answer");
	/* ENOBUFS: messages were lost; which ones nobody knows. */
	return wg_backend_fail(&k->be, -errno, "netlink: receive: %s",
			       strerror(errno));
}

static int refused(struct kernel *k, int error, const char *text)
{
	bool apply = k->be.request == WG_REQUEST_APPLY;

	return wg_backend_fail(&k->be, error, "netlink: %s: %s%s%s",
			       apply ? "change refused" : "cannot be read",
			       strerror(-error), *text ? ": " : "", text);
}

/* The message of an apply was acknowledged. 1: it was the last, 0, or error */
static int acknowledged(struct kernel *k)
{
	k->at += ((struct nlmsghdr *)(k->out.b + k->at))->nlmsg_len;
	return k->at == k->out.len ? 1 : send_next(k);
}

/*
 * Act on one message.  1: the request came to its good end, 2: it starts
 * anew, 0: go on, or an error.
 */
static int act(struct kernel *k, const struct nlmsghdr *nlh)
{
	bool read = k->be.request == WG_REQUEST_READ;
	char text[128];
	int error;

	if (nlh->nlmsg_seq != k->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		k->torn = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		error = wg_nl_error(nlh, text, sizeof(text));
		if (error)
			return refused(k, error, text);
		return read ? 0 : acknowledged(k);
	case NLMSG_DONE:
		error = wg_nl_error(nlh, text, sizeof(text));
		if (error)
			return refused(k, error, text);
		if (!read)
			return 0;
		if (!k->torn)
			return 1;
		if (++k->n_torn > TORN_MAX)
			return refused(k, -EAGAIN, "it changes all the time");
		error = start_dump(k);
		return error ? error : 2;
	}
	if (!read || k->torn || nlh->nlmsg_type != k->family)
		return 0;
	error = wg_genl_decode(&k->dec, nlh);
	if (error)
		return refused(k, error, "malformed message");
	k->decoding = true;
	return 0;
}

/*
 * At most one recv(2) a call, and none after input was used up, so that a
 * long dump does not hold the caller's loop.
 */
static int kernel_next(struct wg_backend *be, struct wg_event *ret)
{
	struct kernel *k = own(be);
	const struct nlmsghdr *nlh;
	struct wg_event event;
	int r;

	if (be->failed)
		return give_up(k, be->failed);
	if (be->request == WG_REQUEST_APPLY && k->out.len == 0) {
		r = 1;
		goto over;
	}
	if (!k->decoding && !mnl_nlmsg_ok(k->nlh, k->in_len)) {
		r = fill(k);
		if (r < 0)
			return give_up(k, r);
		if (r == 0)
			return 0;
	}
	for (;;) {
		if (k->decoding) {
			r = wg_genl_decode_next(&k->dec, &event);
			if (r > 0) {
				*ret = event;
				return 1;
			}
			k->decoding = false;
			if (r < 0)
				return give_up(k, refused(k, r, "malformed"));
		}
		if (!mnl_nlmsg_ok(k->nlh, k->in_len))
			return 0;
		nlh = k->nlh;
		k->nlh = mnl_nlmsg_next(nlh, &k->in_len);
		r = act(k, nlh);
		if (r < 0)
			return give_up(k, r);
		if (r == 1)
			break;
		if (r == 2) {
			*ret = (struct wg_event){ .kind = WG_EV_AGAIN };
			return 1;
		}
	}
over:
	*ret = (struct wg_event){
		.kind = be->request == WG_REQUEST_APPLY ? WG_EV_APPLIED
							: WG_EV_END,
	};
	wipe_input(k);
	wg_secbuf_reset(&k->out, WG_NL_BUF);
	wg_backend_done(be);
	return 1;
}

/* --- the rest */

static int kernel_fd(const struct wg_backend *be)
{
	const struct kernel *k = (const struct kernel *)be;

	return k->nl ? mnl_socket_get_fd(k->nl) : -1;
}

static short kernel_events(const struct wg_backend *be)
{
	return POLLIN;
}

static void kernel_close(struct wg_backend *be)
{
	struct kernel *k = own(be);

	wg_nl_close(&k->nl);
	if (k->in)
		wipe_input(k);
	wg_secbuf_reset(&k->out, 0);
	free(k->in);
	free(k);
}

static const struct wg_backend_kind_ops kernel_ops = {
	.kind = WG_BACKEND_KERNEL,
	.close = kernel_close,
	.fd = kernel_fd,
	.events = kernel_events,
	.apply = kernel_apply,
	.read = kernel_read,
	.next = kernel_next,
};

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	uint16_t *family = data;

	mnl_attr_for_each (attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			*family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

/* The number of the family "wireguard"; asking loads the module. */
static int find_family(struct mnl_socket *nl, uint16_t *ret)
{
	char buf[128] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	uint16_t family = 0;
	int error;

	nlh->nlmsg_type = GENL_ID_CTRL;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	error = wg_nl_talk(nl, nlh, read_family, &family);
	if (error == -ENOENT || (!error && family == 0))
		return -EOPNOTSUPP;
	if (!error)
		*ret = family;
	return error;
}

/* Can one prefix be removed by itself? */
static int probe_remove(struct kernel *k)
{
	char buf[WG_GENL_PROBE_LEN] NL_ALIGNED;
	struct wg_key nobody;
	int error;

	wg_backend_random_key(&nobody);
	wg_genl_probe(WG_GENL_PROBE, buf, k->family, k->ifindex, &nobody);
	error = wg_nl_talk(k->nl, (struct nlmsghdr *)buf, NULL, NULL);
	if (!error) {
		k->be.can_remove = true;
		return 0;
	}
	if (error != -EINVAL)
		return error;
	wg_genl_probe(WG_GENL_PROBE_UNDO, buf, k->family, k->ifindex, &nobody);
	return wg_nl_talk(k->nl, (struct nlmsghdr *)buf, NULL, NULL);
}

int wg_backend_open_kernel(const char *ifname, struct wg_backend **ret)
{
	struct wg_link link;
	struct kernel *k;
	int error;

	error = wg_link_get(ifname, &link);
	if (error)
		return error;
	if (!link.wireguard)
		return -EOPNOTSUPP;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	wg_backend_init(&k->be, &kernel_ops, ifname);
	k->ifindex = link.ifindex;
	k->in = malloc(WG_NL_BUF);
	error = k->in ? wg_nl_open(NETLINK_GENERIC, &k->nl) : -ENOMEM;
	if (!error)
		error = find_family(k->nl, &k->family);
	if (!error)
		error = probe_remove(k);
	/* The probes' numbers were another's: our own from a new socket. */
	wg_nl_close(&k->nl);
	if (error) {
		kernel_close(&k->be);
		return error;
	}
	*ret = &k->be;
	return 0;
}
