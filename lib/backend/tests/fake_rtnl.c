/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/backend/tests/fake_rtnl.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#define QUEUE 128

struct fake_rtnl fr;

/* libmnl's type is opaque, and so its own. */
struct mnl_socket {
	int fd;
	struct {
		size_t len;
		char b[1024] __attribute__((aligned(4)));
	} queue[QUEUE];
	unsigned head, tail;
	bool lost;
};

static struct nlmsghdr *push(struct mnl_socket *nl, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *nlh;

	assert(nl->tail < QUEUE);
	memset(&nl->queue[nl->tail], 0, sizeof(nl->queue[0]));
	nlh = mnl_nlmsg_put_header(nl->queue[nl->tail].b);
	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = seq;
	return nlh;
}

static void pushed(struct mnl_socket *nl, const struct nlmsghdr *nlh)
{
	nl->queue[nl->tail++].len = nlh->nlmsg_len;
}

static void push_error(struct mnl_socket *nl, uint32_t seq, int error)
{
	struct nlmsghdr *nlh = push(nl, NLMSG_ERROR, seq);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	e->error = error;
	pushed(nl, nlh);
}

/* --- things */

static uint16_t kind(uint16_t type)
{
	switch (type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_GETADDR:
		return RTM_NEWADDR;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_GETROUTE:
		return RTM_NEWROUTE;
	default:
		return RTM_NEWRULE;
	}
}

static size_t header_len(uint16_t kind)
{
	return kind == RTM_NEWADDR    ? sizeof(struct ifaddrmsg)
	       : kind == RTM_NEWROUTE ? sizeof(struct rtmsg)
				      : sizeof(struct fib_rule_hdr);
}

static const void *attr_of(const struct fr_thing *t, uint16_t type,
			   size_t *ret_len)
{
	size_t off = MNL_ALIGN(header_len(t->type));
	const struct nlattr *attr;

	*ret_len = 0;
	mnl_attr_for_each_payload ((const void *)(t->b + off), t->len - off)
		if (mnl_attr_get_type(attr) == type) {
			*ret_len = mnl_attr_get_payload_len(attr);
			return mnl_attr_get_payload(attr);
		}
	return NULL;
}

static bool same_attr(const struct fr_thing *a, const struct fr_thing *b,
		      uint16_t type)
{
	size_t na, nb;
	const void *va = attr_of(a, type, &na), *vb = attr_of(b, type, &nb);

	return na == nb && (!na || !memcmp(va, vb, na));
}

/* What the kernel tells things of a kind from each other by. */
static bool same_thing(const struct fr_thing *a, const struct fr_thing *b)
{
	const struct ifaddrmsg *ia = (const void *)a->b,
			       *ib = (const void *)b->b;
	const struct rtmsg *ra = (const void *)a->b, *rb = (const void *)b->b;

	if (a->type != b->type)
		return false;
	if (a->type == RTM_NEWADDR)
		return ia->ifa_index == ib->ifa_index &&
		       same_attr(a, b, IFA_LOCAL);
	if (a->type == RTM_NEWROUTE)
		return ra->rtm_dst_len == rb->rtm_dst_len &&
		       same_attr(a, b, RTA_TABLE) && same_attr(a, b, RTA_DST);
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

static struct fr_thing *find(const struct fr_thing *like)
{
	size_t i;

	for (i = 0; i < fr.n; i++)
		if (same_thing(&fr.things[i], like))
			return &fr.things[i];
	return NULL;
}

/* What is between attributes is nothing, and an older libmnl leaves it so. */
static void clean(struct fr_thing *t)
{
	size_t off = MNL_ALIGN(header_len(t->type));
	const struct nlattr *attr;

	mnl_attr_for_each_payload ((const void *)(t->b + off), t->len - off)
		memset((char *)attr + attr->nla_len, 0,
		       MNL_ALIGN(attr->nla_len) - attr->nla_len);
}

/* 0 or -errno, as the kernel's. */
static int change(const struct nlmsghdr *nlh)
{
	bool there = nlh->nlmsg_type == kind(nlh->nlmsg_type);
	struct fr_thing t = {.type = kind(nlh->nlmsg_type)}, *old;

	t.len = mnl_nlmsg_get_payload_len(nlh);
	assert(t.len <= sizeof(t.b));
	memcpy(t.b, mnl_nlmsg_get_payload(nlh), t.len);
	clean(&t);
	if (fr.no_ipv6 && there && t.type != RTM_NEWRULE)
		return fr.no_ipv6;
	old = find(&t);
	if (!there && !old)
		return t.type == RTM_NEWADDR	? -EADDRNOTAVAIL
		       : t.type == RTM_NEWROUTE ? -ESRCH
						: -ENOENT;
	if (there && old && nlh->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (!there)
		*old = fr.things[--fr.n];
	else if (old)
		*old = t;
	else
		fr.things[fr.n++] = t;
	assert(fr.n < FR_THINGS);
	fr.changes++;
	if (fr.changed)
		fr.changed();
	return 0;
}

/* --- requests */

/* An address of unlimited life is permanent; not preferred: deprecated. */
static void push_flags(struct nlmsghdr *nlh, const struct fr_thing *t)
{
	uint32_t flags = 0;
	size_t len;
	const struct ifa_cacheinfo *life = attr_of(t, IFA_CACHEINFO, &len);

	if (!life || life->ifa_valid == UINT32_MAX)
		flags |= IFA_F_PERMANENT;
	if (life && !life->ifa_prefered)
		flags |= IFA_F_DEPRECATED;
	mnl_attr_put_u32(nlh, IFA_FLAGS, flags);
}

static void dump(struct mnl_socket *nl, const struct nlmsghdr *ask, bool torn)
{
	struct nlmsghdr *nlh;
	int zero = 0;
	size_t i;

	for (i = 0; i < fr.n; i++) {
		const struct fr_thing *t = &fr.things[i];

		if (t->type != kind(ask->nlmsg_type))
			continue;
		nlh = push(nl, t->type, ask->nlmsg_seq);
		nlh->nlmsg_flags = NLM_F_MULTI;
		memcpy(mnl_nlmsg_put_extra_header(nlh, t->len), t->b, t->len);
		if (t->type == RTM_NEWADDR)
			push_flags(nlh, t);
		pushed(nl, nlh);
	}
	nlh = push(nl, NLMSG_DONE, ask->nlmsg_seq);
	nlh->nlmsg_flags = NLM_F_MULTI | (torn ? NLM_F_DUMP_INTR : 0);
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(zero)), &zero,
	       sizeof(zero));
	pushed(nl, nlh);
}

static void answer(struct mnl_socket *nl, const struct nlmsghdr *nlh)
{
	bool here = fr.requests == fr.at;
	bool is_dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP &&
		       nlh->nlmsg_type != kind(nlh->nlmsg_type);
	bool torn = (here && fr.fault == FR_TORN) ||
		    (fr.requests >= fr.at && fr.fault == FR_TORN_ALL);

	fr.requests++;
	if (here && fr.fault == FR_REFUSED)
		push_error(nl, nlh->nlmsg_seq, fr.error);
	else if (is_dump)
		dump(nl, nlh, torn);
	else
		push_error(nl, nlh->nlmsg_seq, change(nlh));
	if (here && fr.fault == FR_LOST) {
		nl->lost = true;
		nl->head = nl->tail = 0;
	}
}

/* --- libmnl */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	struct mnl_socket *nl = calloc(1, sizeof(*nl));

	assert(nl);
	/* a filter is attached to it */
	nl->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert(nl->fd >= 0);
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

unsigned mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return 1;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	close(nl->fd);
	free(nl);
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *to, const void *buf,
			  size_t len)
{
	struct mnl_socket *nl = (struct mnl_socket *)to;

	nl->head = nl->tail = 0;
	answer(nl, buf);
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *from, void *buf,
			    size_t size)
{
	struct mnl_socket *nl = (struct mnl_socket *)from;
	size_t len;

	if (nl->lost) {
		nl->lost = false;
		errno = ENOBUFS;
		return -1;
	}
	assert(nl->head < nl->tail);
	len = nl->queue[nl->head].len;
	assert(len <= size);
	memcpy(buf, nl->queue[nl->head++].b, len);
	return len;
}
