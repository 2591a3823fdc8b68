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

#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_link.h"
#include "lib/backend/wg_nl.h"

#define REQUEST_LEN 256

static void read_metrics(const struct nlattr *nest, uint32_t *ret_mtu)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == RTAX_MTU)
			*ret_mtu = wg_nl_u32(attr);
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
	mnl_attr_for_each (attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			fib->ifindex = wg_nl_u32(attr);
			break;
		case RTA_GATEWAY:
			wg_nl_addr(attr, rtm->rtm_family, &fib->gateway);
			break;
		case RTA_PREFSRC:
			wg_nl_addr(attr, rtm->rtm_family, &fib->source);
			break;
		case RTA_VIA:
			wg_nl_via(attr, &fib->gateway);
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
	wg_nl_put_addr(nlh, RTA_DST, &query->addr);
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

/* --- forwarding */

static int read_forwarding(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	bool *ret = data;

	if (nlh->nlmsg_type != RTM_NEWNETCONF ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct netconfmsg))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(struct netconfmsg))
		if (mnl_attr_get_type(attr) == NETCONFA_FORWARDING)
			*ret = wg_nl_u32(attr) != 0;
	return MNL_CB_OK;
}

int wg_fib_forwards(uint32_t ifindex, uint8_t family, bool *ret)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct netconfmsg *ncm;

	nlh->nlmsg_type = RTM_GETNETCONF;
	ncm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ncm));
	ncm->ncm_family = family;
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX,
			 family == AF_INET6 ? (uint32_t)NETCONFA_IFINDEX_ALL
					    : ifindex);
	return wg_nl_route(nlh, read_forwarding, ret);
}
