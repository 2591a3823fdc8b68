// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One source address for all packets with a mark.
 *
 * The kernel chooses a source when it routes a packet that has none: the `src`
 * of the route, else an address of the link.  So marked packets are routed by
 * three rules of ours, in this order:
 *
 *   0  the table of ours, with a host route with `src` for each address
 *      that is known
 *   1  packets that have the source already: by the main table.  Those are
 *      answers: WireGuard answers from the address that it was written to
 *   2  everything else is unreachable
 *
 * The third is what makes it strict: a packet for which there is no host
 * route yet is lost rather than sent from another address, which the other
 * end would take for the new one and keep.
 *
 * The rules are at PREF, after the one of local addresses (0) and before the
 * ones that operators and the kernel add (from 1000).  Several sources have
 * rules at the same place: their marks differ.
 *
 * The watching socket has a filter in the kernel, so that a million routes of
 * others do not wake us.  Our own changes come, too; they are known by the
 * writing socket's port.
 */
#include "lib/backend/wg_origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_nl.h"

#define PREF 500
#define REQUEST_LEN 256

enum { RULE_TABLE, RULE_MAIN, RULE_NONE };

struct wg_origin_bus {
	struct mnl_socket *ask, *watch;
};

/* --- watching */

static int join(struct mnl_socket *nl)
{
	static const int groups[] = {
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,	 RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_RULE,  RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
	};
	/* of routes only those of tables over 255, as ours are */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_table)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_COMPAT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	size_t i;

	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_ATTACH_FILTER,
		       &prog, sizeof(prog)) < 0)
		return -errno;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int wg_origin_open(struct wg_origin_bus **ret)
{
	struct wg_origin_bus *bus = calloc(1, sizeof(*bus));
	int error, one = 1;

	if (!bus)
		return -ENOMEM;
	error = wg_nl_open(NETLINK_ROUTE, &bus->ask);
	if (!error)
		error = wg_nl_open(NETLINK_ROUTE, &bus->watch);
	if (!error)
		error = join(bus->watch);
	if (error) {
		wg_origin_close(&bus);
		return error;
	}
	/* so that a dump is of one table; an old kernel tells all of them */
	mnl_socket_setsockopt(bus->ask, NETLINK_GET_STRICT_CHK, &one,
			      sizeof(one));
	*ret = bus;
	return 0;
}

void wg_origin_close(struct wg_origin_bus **bus)
{
	if (!*bus)
		return;
	wg_nl_close(&(*bus)->ask);
	wg_nl_close(&(*bus)->watch);
	free(*bus);
	*bus = NULL;
}

int wg_origin_fd(const struct wg_origin_bus *bus)
{
	return mnl_socket_get_fd(bus->watch);
}

bool wg_origin_drain(struct wg_origin_bus *bus)
{
	unsigned own = mnl_socket_get_portid(bus->ask);
	const struct nlmsghdr *nlh;
	bool others = false;
	char *buf = malloc(WG_NL_BUF);
	int n;

	if (!buf)
		return true;
	while ((n = mnl_socket_recvfrom(bus->watch, buf, WG_NL_BUF)) >= 0 ||
	       errno == ENOBUFS || errno == EINTR) {
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

/* --- rules */

static void put_addr(struct nlmsghdr *nlh, uint16_t type,
		     const struct wg_addr *a)
{
	mnl_attr_put(nlh, type, wg_family_bytes(a->family), a->b);
}

static int change_rule(struct wg_origin_bus *bus, const struct wg_origin *s,
		       unsigned rule, bool there)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *frh;
	int error;

	nlh->nlmsg_type = there ? RTM_NEWRULE : RTM_DELRULE;
	nlh->nlmsg_flags = there ? NLM_F_CREATE | NLM_F_EXCL : 0;
	frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	frh->family = s->addr.family;
	frh->action = rule == RULE_NONE ? FR_ACT_UNREACHABLE : FR_ACT_TO_TBL;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, PREF + rule);
	mnl_attr_put_u32(nlh, FRA_FWMARK, s->mark);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, WG_ORIGIN_PROTO);
	/* the table means nothing to the third: it says whose it is */
	mnl_attr_put_u32(nlh, FRA_TABLE,
			 rule == RULE_MAIN ? RT_TABLE_MAIN : s->table);
	if (rule == RULE_MAIN) {
		frh->src_len = wg_family_bits(s->addr.family);
		put_addr(nlh, FRA_SRC, &s->addr);
	}
	error = wg_nl_talk(bus->ask, nlh, NULL, NULL);
	return error == (there ? -EEXIST : -ENOENT) ? 0 : error;
}

int wg_origin_set_rules(struct wg_origin_bus *bus, const struct wg_origin *s,
			bool there)
{
	int error = 0, rc;
	unsigned i;

	/* the strict one first, and last to go */
	for (i = 0; i < WG_ORIGIN_RULES; i++) {
		rc = change_rule(bus, s, there ? WG_ORIGIN_RULES - 1 - i : i,
				 there);
		error = error ? error : rc;
		if (error && there)
			break;
	}
	return error;
}

int wg_origin_del_rule(struct wg_origin_bus *bus,
		       const struct wg_origin_seen *seen)
{
	return change_rule(bus, &seen->s, seen->rule, false);
}

/* --- routes */

static struct nlmsghdr *route_request(char *buf, uint16_t type, uint16_t flags,
				      const struct wg_origin *s,
				      const struct wg_addr *dst)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = dst->family;
	rtm->rtm_dst_len = wg_family_bits(dst->family);
	rtm->rtm_protocol = WG_ORIGIN_PROTO;
	rtm->rtm_type = RTN_UNICAST;
	/* of a deletion: any */
	rtm->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE
					      : RT_SCOPE_UNIVERSE;
	put_addr(nlh, RTA_DST, dst);
	mnl_attr_put_u32(nlh, RTA_TABLE, s->table);
	return nlh;
}

int wg_origin_add_route(struct wg_origin_bus *bus, const struct wg_origin *s,
			const struct wg_origin_route *r)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = route_request(
		buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, s, &r->dst);
	struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct {
		uint16_t family;
		uint8_t b[16];
	} via;

	mnl_attr_put_u32(nlh, RTA_OIF, r->ifindex);
	put_addr(nlh, RTA_PREFSRC, &s->addr);
	if (!r->gateway.family) {
		if (r->dst.family == AF_INET)
			rtm->rtm_scope = RT_SCOPE_LINK;
	} else if (r->gateway.family == r->dst.family) {
		put_addr(nlh, RTA_GATEWAY, &r->gateway);
	} else { /* linux/rtnetlink.h: struct rtvia */
		via.family = r->gateway.family;
		memcpy(via.b, r->gateway.b, sizeof(via.b));
		mnl_attr_put(nlh, RTA_VIA, sizeof(via), &via);
	}
	/* whoever told us of the gateway knows that it is on that link */
	if (r->gateway.family)
		rtm->rtm_flags |= RTNH_F_ONLINK;
	return wg_nl_talk(bus->ask, nlh, NULL, NULL);
}

int wg_origin_del_route(struct wg_origin_bus *bus, const struct wg_origin *s,
			const struct wg_addr *dst)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = route_request(buf, RTM_DELROUTE, 0, s, dst);
	int error = wg_nl_talk(bus->ask, nlh, NULL, NULL);

	return error == -ESRCH || error == -ENOENT ? 0 : error;
}

/* --- what is there */

struct reading {
	uint8_t family;
	uint32_t table; /* 0: rules */
	struct wg_origin_seen *v;
	size_t n, room;
};

static int keep(struct reading *rd, const struct wg_origin_seen *seen)
{
	struct wg_origin_seen *v = rd->v;

	if (rd->n == rd->room) {
		rd->room = rd->room ? rd->room * 2 : 64;
		v = realloc(v, rd->room * sizeof(*v));
		if (!v)
			return MNL_CB_ERROR;
		rd->v = v;
	}
	rd->v[rd->n++] = *seen;
	return MNL_CB_OK;
}

static void read_addr(const struct nlattr *attr, uint8_t family,
		      struct wg_addr *ret)
{
	if (mnl_attr_get_payload_len(attr) != wg_family_bytes(family))
		return;
	ret->family = family;
	memcpy(ret->b, mnl_attr_get_payload(attr), wg_family_bytes(family));
}

static uint32_t read_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) == 0
		       ? mnl_attr_get_u32(attr)
		       : 0;
}

static int read_rule(const struct nlmsghdr *nlh, void *data)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct wg_origin_seen seen = {.is_rule = true};
	const struct nlattr *attr;
	struct reading *rd = data;
	uint32_t pref = 0;
	bool ours = false;

	if (nlh->nlmsg_type != RTM_NEWRULE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh) ||
	    frh->family != rd->family)
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*frh)) {
		switch (mnl_attr_get_type(attr)) {
		case FRA_PRIORITY:
			pref = read_u32(attr);
			break;
		case FRA_FWMARK:
			seen.s.mark = read_u32(attr);
			break;
		case FRA_TABLE:
			seen.s.table = read_u32(attr);
			break;
		case FRA_SRC:
			read_addr(attr, rd->family, &seen.s.addr);
			break;
		case FRA_PROTOCOL:
			ours = mnl_attr_get_payload_len(attr) == 1 &&
			       mnl_attr_get_u8(attr) == WG_ORIGIN_PROTO;
			break;
		}
	}
	if (!ours || pref < PREF || pref >= PREF + WG_ORIGIN_RULES)
		return MNL_CB_OK;
	seen.rule = pref - PREF;
	seen.s.addr.family = rd->family;
	return keep(rd, &seen);
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct wg_origin_seen seen = {.is_rule = false};
	const struct nlattr *attr;
	struct reading *rd = data;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm) ||
	    rtm->rtm_family != rd->family)
		return MNL_CB_OK;
	seen.foreign = rtm->rtm_protocol != WG_ORIGIN_PROTO;
	mnl_attr_for_each (attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_TABLE:
			seen.s.table = read_u32(attr);
			break;
		case RTA_DST:
			if (rtm->rtm_dst_len == wg_family_bits(rd->family))
				read_addr(attr, rd->family, &seen.r.dst);
			break;
		case RTA_GATEWAY:
			read_addr(attr, rd->family, &seen.r.gateway);
			break;
		case RTA_VIA:
			if (mnl_attr_get_payload_len(attr) == 18) {
				seen.r.gateway.family = AF_INET6;
				memcpy(seen.r.gateway.b,
				       (char *)mnl_attr_get_payload(attr) + 2,
				       16);
			}
			break;
		case RTA_OIF:
			seen.r.ifindex = read_u32(attr);
			break;
		case RTA_PREFSRC:
			read_addr(attr, rd->family, &seen.s.addr);
			break;
		}
	}
	return seen.s.table == rd->table ? keep(rd, &seen) : MNL_CB_OK;
}

static int dump(struct wg_origin_bus *bus, struct reading *rd)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_hdr *frh;
	struct rtmsg *rtm;

	nlh->nlmsg_flags = NLM_F_DUMP;
	if (!rd->table) {
		nlh->nlmsg_type = RTM_GETRULE;
		frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
		frh->family = rd->family;
		return wg_nl_talk(bus->ask, nlh, read_rule, rd);
	}
	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = rd->family;
	mnl_attr_put_u32(nlh, RTA_TABLE, rd->table);
	return wg_nl_talk(bus->ask, nlh, read_route, rd);
}

int wg_origin_read(struct wg_origin_bus *bus, uint8_t family, uint32_t table,
		   struct wg_origin_seen **ret, size_t *ret_n)
{
	struct reading rd = {.family = family, .table = table};
	int error;

	do {
		rd.n = 0;
		error = dump(bus, &rd);
	} while (error == -EINTR); /* torn */
	/* strict kernels say so of a table that is not there */
	if (error == -ENOENT)
		error = 0;
	if (error) {
		free(rd.v);
		return error;
	}
	*ret = rd.v;
	*ret_n = rd.n;
	return 0;
}
