/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing: addresses of this machine, and reverse path filters.
 */
#include <net/if.h>
#include <stdlib.h>

#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_policy_priv.h"

struct link_seen {
	uint32_t ifindex, group;
	bool loopback;
};

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_seen seen = {.group = 0};
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return MNL_CB_OK;
	seen.ifindex = ifi->ifi_index;
	seen.loopback = ifi->ifi_flags & IFF_LOOPBACK;
	mnl_attr_for_each (attr, nlh, sizeof(*ifi))
		if (mnl_attr_get_type(attr) == IFLA_GROUP)
			seen.group = wg_nl_u32(attr);
	return wg_policy_keep(data, &seen);
}

struct local_seen {
	uint32_t ifindex;
	struct wg_addr addr;
};

static int read_local(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct local_seen seen = {.ifindex = 0};
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return MNL_CB_OK;
	seen.ifindex = ifa->ifa_index;
	mnl_attr_for_each (attr, nlh, sizeof(*ifa))
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			wg_nl_addr(attr, AF_INET, &seen.addr);
	return seen.addr.family && seen.addr.b[0] != 127
		       ? wg_policy_keep(data, &seen)
		       : MNL_CB_OK;
}

struct filter_seen {
	int ifindex; /* or NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT */
	uint32_t rp_filter;
};

static int read_filter(const struct nlmsghdr *nlh, void *data)
{
	struct filter_seen seen = {.ifindex = 0};
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWNETCONF)
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(struct netconfmsg))
		if (mnl_attr_get_type(attr) == NETCONFA_IFINDEX)
			seen.ifindex = wg_nl_u32(attr);
		else if (mnl_attr_get_type(attr) == NETCONFA_RP_FILTER)
			seen.rp_filter = wg_nl_u32(attr);
	return wg_policy_keep(data, &seen);
}

static const struct link_seen *link_of(const struct wg_policy_reading *links,
				       uint32_t ifindex)
{
	const struct link_seen *l = (const void *)links->v;
	size_t i;

	for (i = 0; i < links->n; i++)
		if (l[i].ifindex == ifindex)
			return &l[i];
	return NULL;
}

/* The first link that is no tunnel and has a strict filter. */
static uint32_t strict_link(const struct wg_policy_reading *links,
			    const struct wg_policy_reading *filters,
			    uint32_t group)
{
	const struct filter_seen *f = (const void *)filters->v;
	const struct link_seen *l;
	uint32_t all = 0;
	size_t i;

	for (i = 0; i < filters->n; i++)
		if (f[i].ifindex == NETCONFA_IFINDEX_ALL)
			all = f[i].rp_filter;
	for (i = 0; i < filters->n; i++) {
		l = f[i].ifindex > 0 ? link_of(links, f[i].ifindex) : NULL;
		/* the kernel takes the greater of the two */
		if (l && !l->loopback && l->group != group &&
		    (f[i].rp_filter > all ? f[i].rp_filter : all) == 1)
			return l->ifindex;
	}
	return 0;
}

int wg_policy_read_local(struct wg_policy_bus *bus, uint32_t group,
			 struct wg_addr *ret, size_t max, size_t *ret_n,
			 uint32_t *ret_strict)
{
	struct wg_policy_reading links = {.size = sizeof(struct link_seen)};
	struct wg_policy_reading locals = {.family = AF_INET,
					   .size = sizeof(struct local_seen)};
	struct wg_policy_reading filters = {.family = AF_INET,
					    .size = sizeof(struct filter_seen)};
	const struct local_seen *a;
	const struct link_seen *l;
	size_t i, n = 0;
	int error;

	error = wg_policy_dump(bus, RTM_GETLINK, &links, read_link);
	if (error)
		return error;
	error = wg_policy_dump(bus, RTM_GETADDR, &locals, read_local);
	if (error)
		goto out_links;
	error = wg_policy_dump(bus, RTM_GETNETCONF, &filters, read_filter);
	if (error)
		goto out_locals;
	a = (const void *)locals.v;
	for (i = 0; i < locals.n && n < max; i++) {
		l = link_of(&links, a[i].ifindex);
		if (l && l->group != group)
			ret[n++] = a[i].addr;
	}
	*ret_n = n;
	*ret_strict = strict_link(&links, &filters, group);
	free(filters.v);
out_locals:
	free(locals.v);
out_links:
	free(links.v);
	return error;
}
