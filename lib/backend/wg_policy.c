/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing: the sockets, and reading what there is.
 *
 * The watching socket has a filter in the kernel, so that a million routes of
 * others, in whatever tables, do not wake us.  Our own changes come, too; they are known by the
 * writing socket's port.
 *
 * Nothing of this is heard from the network: it is the kernel's word.
 */
#include "lib/backend/wg_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_policy_priv.h"

#define REQUEST_LEN 512
#define TORN_MAX 10 /* dumps in a row, and then it is for later */

#define WATCH_MAX 2000 /* tables: of BPF_MAXINSNS 4096, two for each */
#define TURN 256 /* messages read at once */

/* --- watching */

/* Messages of other things, and routes of these tables. */
int wg_policy_watch(struct wg_policy_bus *bus, const uint32_t *tables, size_t n)
{
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		/* A: where its RTA_TABLE is, or 0 */
		BPF_STMT(BPF_LD | BPF_IMM,
			 NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtmsg))),
		BPF_STMT(BPF_LDX | BPF_IMM, RTA_TABLE),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 SKF_AD_OFF + SKF_AD_NLATTR),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),
	};
	const size_t n_head = sizeof(head) / sizeof(head[0]);
	struct sock_filter *code, *at;
	struct sock_fprog prog;
	int rc = 0;

	if (n > WATCH_MAX)
		return -E2BIG;
	code = malloc(sizeof(head) + (2 * n + 1) * sizeof(*code));
	if (!code)
		return -ENOMEM;
	memcpy(code, head, sizeof(head));
	at = code + n_head;
	while (n--) {
		*at++ = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, htonl(tables[n]), 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						     UINT32_MAX);
	}
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	prog = (struct sock_fprog){.len = at - code, .filter = code};
	if (setsockopt(wg_policy_fd(bus), SOL_SOCKET, SO_ATTACH_FILTER, &prog,
		       sizeof(prog)) < 0)
		rc = -errno;
	free(code);
	return rc;
}

static int join(struct mnl_socket *nl)
{
	static const int groups[] = {
		RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,   RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_NETCONF,
	};
	size_t i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int wg_policy_open(struct wg_policy_bus **ret)
{
	struct wg_policy_bus *bus = calloc(1, sizeof(*bus));
	int error, one = 1;

	if (!bus)
		return -ENOMEM;
	error = wg_nl_open(NETLINK_ROUTE, &bus->ask);
	if (!error)
		error = wg_nl_open(NETLINK_ROUTE, &bus->watch);
	if (!error)
		error = wg_policy_watch(bus, NULL, 0);
	if (!error)
		error = join(bus->watch);
	if (error) {
		wg_policy_close(&bus);
		return error;
	}
	/* so that a dump is of one table; an old kernel tells all of them */
	mnl_socket_setsockopt(bus->ask, NETLINK_GET_STRICT_CHK, &one,
			      sizeof(one));
	*ret = bus;
	return 0;
}

void wg_policy_close(struct wg_policy_bus **bus)
{
	if (!*bus)
		return;
	wg_nl_close(&(*bus)->ask);
	wg_nl_close(&(*bus)->watch);
	free(*bus);
	*bus = NULL;
}

int wg_policy_fd(const struct wg_policy_bus *bus)
{
	return mnl_socket_get_fd(bus->watch);
}

bool wg_policy_drain(struct wg_policy_bus *bus)
{
	unsigned own = mnl_socket_get_portid(bus->ask);
	const struct nlmsghdr *nlh;
	bool others = false;
	char *buf = malloc(WG_NL_BUF);
	int n, i;

	if (!buf)
		return true;
	for (i = 0; i < TURN; i++) {
		n = mnl_socket_recvfrom(bus->watch, buf, WG_NL_BUF);
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		if (n < 0) {
			others = true;
			continue;
		}
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, n);
		     nlh = mnl_nlmsg_next(nlh, &n))
			others |= nlh->nlmsg_pid != own;
	}
	free(buf);
	return others;
}

int wg_policy_no_ipv6(uint8_t family, int error)
{
	if (family == AF_INET6 && (error == -EOPNOTSUPP || error == -EACCES))
		return -EAFNOSUPPORT;
	return error;
}

/* --- what is there */

int wg_policy_keep(struct wg_policy_reading *rd, const void *thing)
{
	char *v = rd->v;

	if (rd->n == rd->room) {
		rd->room = rd->room ? rd->room * 2 : 16;
		v = realloc(v, rd->room * rd->size);
		if (!v)
			return MNL_CB_ERROR;
		rd->v = v;
	}
	memcpy(rd->v + rd->n++ * rd->size, thing, rd->size);
	return MNL_CB_OK;
}

int wg_policy_dump(struct wg_policy_bus *bus, uint16_t type,
		   struct wg_policy_reading *rd, mnl_cb_t cb)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	int error, tries = 0;

	do {
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
		/* rtnetlink's headers all begin with the family */
		uint8_t *header;

		nlh->nlmsg_type = type;
		nlh->nlmsg_flags = NLM_F_DUMP;
		header = mnl_nlmsg_put_extra_header(
			nlh, type == RTM_GETROUTE     ? sizeof(struct rtmsg)
			     : type == RTM_GETRULE    ? sizeof(struct fib_rule_hdr)
			     : type == RTM_GETADDR    ? sizeof(struct ifaddrmsg)
			     : type == RTM_GETNETCONF ? sizeof(struct netconfmsg)
						      : sizeof(struct ifinfomsg));
		*header = rd->family;
		if (rd->table)
			mnl_attr_put_u32(nlh, RTA_TABLE, rd->table);
		rd->n = 0;
		error = wg_nl_talk(bus->ask, nlh, cb, rd);
	} while (error == -EINTR && ++tries < TORN_MAX);
	if (error == -EINTR)
		error = -EAGAIN;
	/* strict kernels say so of a table that is not there */
	if (error == -ENOENT)
		error = 0;
	if (error)
		free(rd->v);
	return error;
}
