/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's forwarding decision, by RTM_GETROUTE (rtnetlink(7)), as `ip
 * route get` asks for it.
 *
 * A route that forbids is answered with its own error: unreachable is
 * EHOSTUNREACH, prohibit EACCES, blackhole EINVAL.  To whoever wants a packet
 * to arrive they are all the same.
 */
#include "lib/backend/wg_fib.h"

#include <errno.h>
#include <net/if.h>

#include <linux/rtnetlink.h>

#include "lib/backend/wg_link.h"
#include "lib/backend/wg_nl.h"

#define REQUEST_LEN 256

static void read_addr(const struct nlattr *attr, uint8_t family,
		      struct wg_addr *ret)
{
	if (mnl_attr_get_payload_len(attr) != wg_family_bytes(family))
		return;
	ret->family = family;
	memcpy(ret->b, mnl_attr_get_payload(attr), wg_family_bytes(family));
}

/* A gateway of the other family. */
static void read_via(const struct nlattr *attr, struct wg_addr *ret)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len < sizeof(*via) || via->rtvia_family != AF_INET6 ||
	    len != sizeof(*via) + 16)
		return;
	ret->family = AF_INET6;
	memcpy(ret->b, via->rtvia_addr, 16);
}

static void read_metrics(const struct nlattr *nest, uint32_t *ret_mtu)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(
		attr, nest) if (mnl_attr_get_type(attr) == RTAX_MTU &&
				mnl_attr_validate(attr, MNL_TYPE_U32) ==
					0) *ret_mtu = mnl_attr_get_u32(attr);
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct wg_fib *fib = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return MNL_CB_OK;
	fib->local = rtm->rtm_type == RTN_LOCAL;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
	{
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
				fib->ifindex = mnl_attr_get_u32(attr);
			break;
		case RTA_GATEWAY:
			read_addr(attr, rtm->rtm_family, &fib->gateway);
			break;
		case RTA_VIA:
			read_via(attr, &fib->gateway);
			break;
		case RTA_METRICS:
			read_metrics(attr, &fib->mtu);
			break;
		}
	}
	return MNL_CB_OK;
}

/* The kernel's answer; -errno as it gave it. */
static int ask(const struct wg_fib_query *query, struct wg_fib *ret)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = query->addr.family;
	rtm->rtm_dst_len = wg_family_bits(query->addr.family);
	mnl_attr_put(nlh, RTA_DST, wg_family_bytes(query->addr.family),
		     query->addr.b);
	if (query->vrf)
		mnl_attr_put_u32(nlh, RTA_OIF, query->vrf);
	if (query->mark)
		mnl_attr_put_u32(nlh, RTA_MARK, query->mark);
	return wg_nl_route(nlh, read_route, ret);
}

int wg_fib_get(const struct wg_fib_query *query, struct wg_fib *ret)
{
	struct wg_fib fib = {.local = false};
	struct wg_link link;
	int error = ask(query, &fib);

	switch (error) {
	case 0:
		break;
	case -EHOSTUNREACH:
	case -EACCES:
	case -EINVAL:
		return -ENETUNREACH;
	default:
		return error;
	}
	if (!fib.ifindex || !if_indextoname(fib.ifindex, fib.ifname))
		return -ENODEV;
	if (!fib.mtu && wg_link_get(fib.ifname, &link) == 0)
		fib.mtu = link.mtu;
	*ret = fib;
	return 0;
}
