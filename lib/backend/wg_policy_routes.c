/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing: the routes of the tables that rules name.
 */
#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "lib/backend/wg_policy_priv.h"

#define REQUEST_LEN (512 + WG_POLICY_HOPS * 64)

static void put_gateway(struct nlmsghdr *nlh, uint8_t family,
			const struct wg_addr *gateway)
{
	struct {
		uint16_t family;
		uint8_t b[16];
	} via;

	if (!gateway->family)
		return;
	if (gateway->family == family) {
		wg_nl_put_addr(nlh, RTA_GATEWAY, gateway);
		return;
	}
	via.family = gateway->family; /* linux/rtnetlink.h: struct rtvia */
	memcpy(via.b, gateway->b, sizeof(via.b));
	mnl_attr_put(nlh, RTA_VIA, sizeof(via), &via);
}

static void put_hops(struct nlmsghdr *nlh, const struct wg_policy_route *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	const struct wg_nexthop *nh = r->nh;
	struct rtnexthop *rtnh;

	for (; nh < r->nh + r->n_nh && nh < r->nh + WG_POLICY_HOPS; nh++) {
		rtnh = mnl_nlmsg_get_payload_tail(nlh);
		memset(rtnh, 0, sizeof(*rtnh));
		nlh->nlmsg_len += sizeof(*rtnh);
		rtnh->rtnh_ifindex = nh->ifindex;
		rtnh->rtnh_hops = nh->weight ? nh->weight - 1 : 0;
		if (nh->gateway.family)
			rtnh->rtnh_flags = RTNH_F_ONLINK;
		put_gateway(nlh, r->prefix.family, &nh->gateway);
		rtnh->rtnh_len =
			(char *)mnl_nlmsg_get_payload_tail(nlh) - (char *)rtnh;
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_mtu(struct nlmsghdr *nlh, uint32_t mtu)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_METRICS);

	mnl_attr_put_u32(nlh, RTAX_LOCK, 1u << RTAX_MTU);
	mnl_attr_put_u32(nlh, RTAX_MTU, mtu);
	mnl_attr_nest_end(nlh, nest);
}

/* What the kernel says of a link without IPv6 is no matter of rights. */
static int write_route(struct wg_policy_bus *bus, struct nlmsghdr *nlh,
		       uint8_t family)
{
	return wg_policy_no_ipv6(family, wg_nl_talk(bus->ask, nlh, NULL, NULL));
}

int wg_policy_set_route(struct wg_policy_bus *bus,
			const struct wg_policy_route *r)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	int error;

	nlh->nlmsg_type = r->n_nh ? RTM_NEWROUTE : RTM_DELROUTE;
	if (r->n_nh)
		nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = r->prefix.family;
	rtm->rtm_dst_len = r->prefix.len;
	rtm->rtm_protocol = WG_POLICY_PROTO;
	rtm->rtm_type = RTN_UNICAST;
	/* of a deletion: any */
	rtm->rtm_scope = r->n_nh ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE;
	mnl_attr_put_u32(nlh, RTA_TABLE, r->table);
	if (r->prefix.len)
		mnl_attr_put(nlh, RTA_DST, wg_family_bytes(r->prefix.family),
			     r->prefix.b);
	if (!r->n_nh) {
		error = wg_nl_talk(bus->ask, nlh, NULL, NULL);
		return error == -ESRCH || error == -ENOENT ? 0 : error;
	}
	if (r->source.family)
		wg_nl_put_addr(nlh, RTA_PREFSRC, &r->source);
	if (r->mtu)
		put_mtu(nlh, r->mtu);
	if (r->n_nh > 1) {
		put_hops(nlh, r);
		return write_route(bus, nlh, r->prefix.family);
	}
	mnl_attr_put_u32(nlh, RTA_OIF, r->nh->ifindex);
	put_gateway(nlh, r->prefix.family, &r->nh->gateway);
	/* whoever told us of the gateway knows that it is on that link */
	if (r->nh->gateway.family)
		rtm->rtm_flags |= RTNH_F_ONLINK;
	else if (r->prefix.family == AF_INET)
		rtm->rtm_scope = RT_SCOPE_LINK;
	return write_route(bus, nlh, r->prefix.family);
}

/* What says where a next hop leads; other attributes are not for it. */
static void read_hop_attr(const struct nlattr *attr, uint8_t family,
			  struct wg_nexthop *nh)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_GATEWAY:
		wg_nl_addr(attr, family, &nh->gateway);
		break;
	case RTA_VIA:
		wg_nl_via(attr, &nh->gateway);
		break;
	}
}

static void read_hops(const struct nlattr *nest, struct wg_policy_reading *rd,
		      struct wg_route_seen *seen)
{
	const char *at = mnl_attr_get_payload(nest);
	size_t left = mnl_attr_get_payload_len(nest);

	while (left >= sizeof(struct rtnexthop) &&
	       seen->n_nh < WG_POLICY_HOPS) {
		const struct rtnexthop *rtnh = (const void *)at;
		struct wg_nexthop *nh = &seen->nh[seen->n_nh];
		const struct nlattr *attr;
		size_t len = rtnh->rtnh_len;

		if (len < sizeof(*rtnh) || len > left)
			return;
		*nh = (struct wg_nexthop){.ifindex = rtnh->rtnh_ifindex,
					  .weight = rtnh->rtnh_hops + 1};
		mnl_attr_for_each_payload ((const void *)(at + sizeof(*rtnh)),
					   len - sizeof(*rtnh))
			read_hop_attr(attr, rd->family, nh);
		seen->n_nh++;
		len = RTNH_ALIGN(len);
		if (len > left)
			return;
		at += len;
		left -= len;
	}
}

/* One that is not locked is the kernel's own business. */
static void read_mtu(const struct nlattr *nest, uint32_t *ret)
{
	const struct nlattr *attr;
	uint32_t locked = 0, mtu = 0;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == RTAX_LOCK)
			locked = wg_nl_u32(attr);
		else if (mnl_attr_get_type(attr) == RTAX_MTU)
			mtu = wg_nl_u32(attr);
	*ret = locked & (1u << RTAX_MTU) ? mtu : 0;
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct wg_route_seen seen = {.n_nh = 0};
	const struct nlattr *attr;
	struct wg_policy_reading *rd = data;
	struct wg_addr dst = {};
	uint32_t table = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm) ||
	    rtm->rtm_family != rd->family)
		return MNL_CB_OK;
	seen.ours = rtm->rtm_protocol == WG_POLICY_PROTO;
	mnl_attr_for_each (attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_TABLE:
			table = wg_nl_u32(attr);
			break;
		case RTA_DST:
			wg_nl_addr(attr, rd->family, &dst);
			break;
		case RTA_OIF:
			seen.n_nh = 1;
			seen.nh[0].ifindex = wg_nl_u32(attr);
			break;
		case RTA_PREFSRC:
			wg_nl_addr(attr, rd->family, &seen.source);
			break;
		case RTA_METRICS:
			read_mtu(attr, &seen.mtu);
			break;
		case RTA_MULTIPATH:
			read_hops(attr, rd, &seen);
			break;
		default:
			read_hop_attr(attr, rd->family, &seen.nh[0]);
		}
	}
	seen.prefix.family = rd->family;
	seen.prefix.len = rtm->rtm_dst_len;
	memcpy(seen.prefix.b, dst.b, sizeof(dst.b));
	return table == rd->table ? wg_policy_keep(rd, &seen) : MNL_CB_OK;
}

int wg_policy_read_routes(struct wg_policy_bus *bus, uint8_t family,
			  uint32_t table, struct wg_route_seen **ret,
			  size_t *ret_n)
{
	struct wg_policy_reading rd = {
		.family = family, .table = table, .size = sizeof(**ret)};
	int error = wg_policy_dump(bus, RTM_GETROUTE, &rd, read_route);

	if (error)
		return error;
	*ret = (void *)rd.v;
	*ret_n = rd.n;
	return 0;
}
