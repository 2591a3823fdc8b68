/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links by rtnetlink.
 *
 * Each call opens a socket of its own: links change when a person changes
 * the configuration, and no socket is then open in a daemon that rests.
 *
 * Order matters to the kernel in two places.  An alias is not taken when a
 * link is made, only when it is set (rtnl_newlink_create knows few
 * attributes), so a link is made and then marked, and deleted again where the
 * mark fails.  And one RTM_SETLINK sets the flags before the address mode
 * (do_setlink), so the mode goes first in a message of its own, lest the link
 * come up and make itself an address.
 */
#include "lib/backend/wg_link.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_nl.h"

/* linux/if_link.h: enum in6_addr_gen_mode. */
#define ADDR_GEN_NONE 1

#define REQUEST_LEN 512

static struct nlmsghdr *link_request(char *buf, uint16_t type, uint16_t flags,
				     uint32_t ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	return nlh;
}

static bool is_ifname(const char *ifname)
{
	return *ifname && strlen(ifname) < WG_IFNAME_LEN;
}

static int put_ifname(struct nlmsghdr *nlh, const char *ifname)
{
	if (!is_ifname(ifname))
		return -EINVAL;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	return 0;
}

static bool attr_is(const struct nlattr *attr, const char *want)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
	       strcmp(mnl_attr_get_str(attr), want) == 0;
}

static uint64_t read_refused(const struct nlattr *attr)
{
	struct rtnl_link_stats64 stats = { 0 };
	size_t len = mnl_attr_get_payload_len(attr);

	/* newer kernels say more, at the end */
	memcpy(&stats, mnl_attr_get_payload(attr),
	       len < sizeof(stats) ? len : sizeof(stats));
	return stats.rx_frame_errors;
}

/* IFLA_LINKINFO: what the link is, and what its master is. */
static void read_info(const struct nlattr *nest, struct wg_link *link,
		      bool *ret_in_vrf)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			link->wireguard = attr_is(attr, "wireguard");
		else if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
			*ret_in_vrf = attr_is(attr, "vrf");
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct wg_link *link = data;
	const struct nlattr *attr;
	bool in_vrf = false;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return MNL_CB_OK;
	link->ifindex = ifi->ifi_index;
	link->flags = ifi->ifi_flags;
	mnl_attr_for_each (attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_MTU:
			link->mtu = wg_nl_u32(attr);
			break;
		case IFLA_GROUP:
			link->group = wg_nl_u32(attr);
			break;
		case IFLA_STATS64:
			link->refused = read_refused(attr);
			break;
		case IFLA_IFALIAS:
			link->ours = attr_is(attr, WG_LINK_ALIAS);
			break;
		case IFLA_IFNAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
				snprintf(link->name, sizeof(link->name), "%s",
					 mnl_attr_get_str(attr));
			break;
		case IFLA_MASTER:
			link->vrf = wg_nl_u32(attr);
			break;
		case IFLA_LINKINFO:
			read_info(attr, link, &in_vrf);
			break;
		}
	}
	if (!in_vrf)
		link->vrf = 0; /* a bridge, perhaps */
	return MNL_CB_OK;
}

static int get(struct nlmsghdr *nlh, struct wg_link *ret)
{
	struct wg_link link = { 0 };
	int error = wg_nl_route(nlh, read_link, &link);

	if (!error && link.ifindex == 0)
		error = -ENODEV;
	if (!error)
		*ret = link;
	return error;
}

int wg_link_get(const char *ifname, struct wg_link *ret)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = link_request(buf, RTM_GETLINK, 0, 0);

	return put_ifname(nlh, ifname) ?: get(nlh, ret);
}

int wg_link_get_index(uint32_t ifindex, struct wg_link *ret)
{
	char buf[REQUEST_LEN] NL_ALIGNED;

	if (ifindex == 0)
		return -ENODEV;
	return get(link_request(buf, RTM_GETLINK, 0, ifindex), ret);
}

int wg_link_create(const char *ifname)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = link_request(buf, RTM_NEWLINK,
					    NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;
	struct wg_link link;
	int error;

	error = put_ifname(nlh, ifname);
	if (error)
		return error;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "wireguard");
	mnl_attr_nest_end(nlh, info);
	error = wg_nl_route(nlh, NULL, NULL);
	if (!error)
		error = wg_link_get(ifname, &link);
	if (error)
		return error;
	error = wg_link_mark(link.ifindex);
	if (error)
		wg_link_delete(link.ifindex);
	return error;
}

int wg_link_delete(uint32_t ifindex)
{
	char buf[REQUEST_LEN] NL_ALIGNED;

	if (ifindex == 0)
		return -ENODEV;
	return wg_nl_route(link_request(buf, RTM_DELLINK, 0, ifindex), NULL, NULL);
}

/* One attribute of the link. */
static int set(uint32_t ifindex, uint16_t type, const void *value, size_t len)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, 0, ifindex);

	if (ifindex == 0)
		return -ENODEV;
	mnl_attr_put(nlh, type, len, value);
	return wg_nl_route(nlh, NULL, NULL);
}

int wg_link_mark(uint32_t ifindex)
{
	return set(ifindex, IFLA_IFALIAS, WG_LINK_ALIAS, sizeof(WG_LINK_ALIAS));
}

int wg_link_set_group(uint32_t ifindex, uint32_t group)
{
	return set(ifindex, IFLA_GROUP, &group, sizeof(group));
}

int wg_link_rename(uint32_t ifindex, const char *ifname)
{
	if (!is_ifname(ifname))
		return -EINVAL;
	return set(ifindex, IFLA_IFNAME, ifname, strlen(ifname) + 1);
}

int wg_link_set_vrf(uint32_t ifindex, uint32_t vrf)
{
	struct wg_link link;
	int error;

	error = set(ifindex, IFLA_MASTER, &vrf, sizeof(vrf));
	if (!error)
		error = wg_link_get_index(ifindex, &link);
	return error ?: link.vrf == vrf ? 0 : -EINVAL;
}

/* No address that the kernel makes itself. */
static int set_addr_gen(uint32_t ifindex)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, 0, ifindex);
	struct nlattr *spec, *inet6;
	int error;

	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, ADDR_GEN_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	error = wg_nl_route(nlh, NULL, NULL);
	/* No IPv6 in this kernel or below this MTU: no address either. */
	return error == -EAFNOSUPPORT ? 0 : error;
}

int wg_link_setup(uint32_t ifindex, uint32_t mtu, bool up)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	int error;

	if (ifindex == 0)
		return -ENODEV;
	error = set_addr_gen(ifindex);
	if (error)
		return error;
	nlh = link_request(buf, RTM_SETLINK, 0, ifindex);
	ifi = mnl_nlmsg_get_payload(nlh);
	ifi->ifi_flags = IFF_MULTICAST | (up ? IFF_UP : 0);
	ifi->ifi_change = IFF_MULTICAST | IFF_UP;
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return wg_nl_route(nlh, NULL, NULL);
}

/* --- link-local addresses */

#define OTHERS_MAX 64 /* a link with more than that is somebody's experiment */

struct addr_scan {
	uint32_t ifindex;
	const uint8_t *want;
	bool found; /* the wanted one, just as we would add it */
	unsigned n_others;
	struct {
		uint8_t b[16];
		uint8_t len;
	} others[OTHERS_MAX];
};

static int read_addr(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	static const uint8_t fe80[8] = { 0xfe, 0x80 };
	struct addr_scan *scan = data;
	const uint8_t *b = NULL;
	const struct nlattr *attr;
	uint32_t flags;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    ifa->ifa_family != AF_INET6 || ifa->ifa_index != scan->ifindex)
		return MNL_CB_OK;
	flags = ifa->ifa_flags;
	mnl_attr_for_each (attr, nlh, sizeof(*ifa)) {
		int type = mnl_attr_get_type(attr);

		/* With a peer address, LOCAL is ours and comes second. */
		if ((type == IFA_ADDRESS && !b) || type == IFA_LOCAL) {
			if (mnl_attr_get_payload_len(attr) == 16)
				b = mnl_attr_get_payload(attr);
		} else if (type == IFA_FLAGS) {
			if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
				flags = mnl_attr_get_u32(attr);
		}
	}
	if (!b || memcmp(b, fe80, sizeof(fe80)) != 0)
		return MNL_CB_OK;
	if (memcmp(b, scan->want, 16) == 0 && ifa->ifa_prefixlen == 64 &&
	    !(flags & IFA_F_NOPREFIXROUTE)) {
		scan->found = true;
	} else if (scan->n_others < OTHERS_MAX) {
		memcpy(scan->others[scan->n_others].b, b, 16);
		scan->others[scan->n_others++].len = ifa->ifa_prefixlen;
	}
	return MNL_CB_OK;
}

static int change_addr(uint16_t type, uint32_t ifindex, const uint8_t *b,
		       uint8_t len)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = type;
	if (type == RTM_NEWADDR)
		nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET6;
	ifa->ifa_prefixlen = len;
	/* Made from a key: nobody else on this link can have it. */
	ifa->ifa_flags = IFA_F_NODAD;
	ifa->ifa_scope = RT_SCOPE_LINK;
	ifa->ifa_index = ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, 16, b);
	return wg_nl_route(nlh, NULL, NULL);
}

static int scan_addrs(struct addr_scan *scan)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;
	int error, tries = 0;

	do {
		scan->found = false;
		scan->n_others = 0;
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = RTM_GETADDR;
		nlh->nlmsg_flags = NLM_F_DUMP;
		ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
		ifa->ifa_family = AF_INET6;
		error = wg_nl_route(nlh, read_addr, scan);
	} while (error == -EINTR && ++tries < 10);
	return error;
}

int wg_link_set_linklocal(uint32_t ifindex, const struct wg_addr *ll)
{
	struct addr_scan scan = { .ifindex = ifindex, .want = ll->b };
	int error;

	if (ifindex == 0)
		return -ENODEV;
	error = scan_addrs(&scan);
	if (error)
		return error;
	/* Others first: one of them may be ours with another length. */
	for (unsigned i = 0; i < scan.n_others; i++) {
		error = change_addr(RTM_DELADDR, ifindex, scan.others[i].b,
				    scan.others[i].len);
		if (error && error != -EADDRNOTAVAIL)
			return error;
	}
	return scan.found ? 0
			  : change_addr(RTM_NEWADDR, ifindex, ll->b, 64);
}
