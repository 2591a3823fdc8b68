/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing: the addresses and routes of a mesh's relay.
 *
 * Addresses come first and go last, for a route's source has to be there, and
 * the kernel takes the source from a route whose address goes.  So routes are
 * read when the addresses are right.
 *
 * An address bears no sign of who made it.  It needs none: all of RELAY is
 * ours, and no other prefix is looked at.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_policy_priv.h"

#define REQUEST_LEN 256

struct relay_addr {
	uint32_t ifindex;
	struct wg_addr addr;
	uint8_t len;
	bool deprecated; /* for ever: no source of what does not name it */
};

static int set_addr(struct wg_policy_bus *bus, const struct relay_addr *a,
		    bool there)
{
	struct ifa_cacheinfo life = {.ifa_prefered = 0,
				     .ifa_valid = UINT32_MAX};
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	int error;

	nlh->nlmsg_type = there ? RTM_NEWADDR : RTM_DELADDR;
	if (there)
		nlh->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = a->addr.family;
	ifa->ifa_prefixlen = a->len;
	/* made from our number: no other member can have it */
	ifa->ifa_flags = there ? IFA_F_NODAD : 0;
	ifa->ifa_index = a->ifindex;
	wg_nl_put_addr(nlh, IFA_LOCAL, &a->addr);
	if (there)
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(life), &life);
	error = wg_nl_talk(bus->ask, nlh, NULL, NULL);
	if (!there && (error == -EADDRNOTAVAIL || error == -ENODEV))
		return 0;
	return wg_policy_no_ipv6(a->addr.family, error);
}

/* --- what is there */

struct relay_reading {
	struct wg_policy_reading rd;
	struct wg_prefix net;
};

static int read_addr(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct relay_reading *r = data;
	struct relay_addr seen = {.ifindex = 0};
	const struct nlattr *attr;
	struct wg_prefix host;
	uint32_t flags;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    ifa->ifa_family != r->rd.family)
		return MNL_CB_OK;
	flags = ifa->ifa_flags;
	mnl_attr_for_each (attr, nlh, sizeof(*ifa))
		switch (mnl_attr_get_type(attr)) {
		case IFA_ADDRESS:
			/* with a peer address, ours is LOCAL, and comes second
			 */
			if (!seen.addr.family)
				wg_nl_addr(attr, r->rd.family, &seen.addr);
			break;
		case IFA_LOCAL:
			wg_nl_addr(attr, r->rd.family, &seen.addr);
			break;
		case IFA_FLAGS:
			flags = wg_nl_u32(attr);
			break;
		}
	seen.ifindex = ifa->ifa_index;
	seen.len = ifa->ifa_prefixlen;
	seen.deprecated = (flags & (IFA_F_DEPRECATED | IFA_F_PERMANENT)) ==
			  (IFA_F_DEPRECATED | IFA_F_PERMANENT);
	host = wg_prefix_host(&seen.addr);
	return wg_prefix_covers(&r->net, &host) ? wg_policy_keep(&r->rd, &seen)
						: MNL_CB_OK;
}

/* Those in RELAY, of all links.  To be freed. */
static int read_addrs(struct wg_policy_bus *bus, const struct wg_prefix *net,
		      struct relay_addr **ret, size_t *ret_n)
{
	struct relay_reading r = {
		.rd = {.family = AF_INET6, .size = sizeof(**ret)},
		.net = *net,
	};
	int error = wg_policy_dump(bus, RTM_GETADDR, &r.rd, read_addr);

	if (error)
		return error;
	*ret = (void *)r.rd.v;
	*ret_n = r.rd.n;
	return 0;
}

static void note(int *first, int error)
{
	if (!*first)
		*first = error;
}

/* --- what is to be there */

static struct relay_addr planned(const struct wg_relay_plan *plan,
				 const struct wg_relay_route *route)
{
	return (struct relay_addr){
		.ifindex = plan->ifindex,
		.addr = route->source,
		.len = wg_family_bits(AF_INET6),
		.deprecated = true,
	};
}

static bool same_place(const struct relay_addr *a, const struct relay_addr *b)
{
	return a->ifindex == b->ifindex && wg_addr_same(&a->addr, &b->addr);
}

static int set_one(struct wg_policy_bus *bus, const struct relay_addr *want,
		   const struct relay_addr *v, size_t n)
{
	size_t i;
	int error;

	for (i = 0; i < n; i++) {
		if (!same_place(want, &v[i]))
			continue;
		if (want->len == v[i].len && v[i].deprecated)
			return 0;
		/* a length never changes */
		error = want->len == v[i].len ? 0 : set_addr(bus, &v[i], false);
		if (error)
			return error;
	}
	return set_addr(bus, want, true);
}

static int set_addrs(struct wg_policy_bus *bus,
		     const struct wg_relay_plan *plan)
{
	struct relay_addr *v, want;
	int error, first = 0;
	size_t n, i;

	error = read_addrs(bus, &plan->net, &v, &n);
	if (error)
		return error;
	for (i = 0; i < plan->n_routes; i++) {
		want = planned(plan, &plan->routes[i]);
		if (want.addr.family)
			note(&first, set_one(bus, &want, v, n));
	}
	free(v);
	return first;
}

static bool is_as_planned(const struct wg_route_seen *seen,
			  const struct wg_relay_plan *plan,
			  const struct wg_relay_route *r)
{
	return seen->ours && wg_prefix_same(&seen->prefix, &r->prefix) &&
	       wg_addr_same(&seen->source, &r->source) && seen->mtu == r->mtu &&
	       seen->n_nh == 1 && seen->nh[0].ifindex == plan->ifindex &&
	       !seen->nh[0].gateway.family;
}

static int set_routes(struct wg_policy_bus *bus,
		      const struct wg_relay_plan *plan)
{
	struct wg_nexthop nh = {.ifindex = plan->ifindex};
	const struct wg_relay_route *r = plan->routes;
	struct wg_route_seen *v;
	int error, first = 0;
	size_t n, i;

	error = wg_policy_read_routes(bus, AF_INET6, plan->table, &v, &n);
	if (error)
		return error;
	for (; r < plan->routes + plan->n_routes; r++) {
		struct wg_policy_route to = {
			.table = plan->table,
			.source = r->source,
			.prefix = r->prefix,
			.mtu = r->mtu,
			.nh = &nh,
			.n_nh = 1,
		};

		for (i = 0; i < n; i++)
			if (is_as_planned(&v[i], plan, r))
				break;
		if (i == n)
			note(&first, wg_policy_set_route(bus, &to));
	}
	free(v);
	return first;
}

int wg_policy_set_relay(struct wg_policy_bus *bus,
			const struct wg_relay_plan *plan)
{
	int first = set_addrs(bus, plan);

	note(&first, set_routes(bus, plan));
	return first;
}

/* --- what is not to be there */

static bool is_planned(const struct wg_relay_plan *plan,
		       const struct relay_addr *a)
{
	struct relay_addr want;
	size_t i;

	for (i = 0; i < plan->n_routes; i++) {
		want = planned(plan, &plan->routes[i]);
		if (same_place(&want, a))
			return true;
	}
	return false;
}

static int trim_addrs(struct wg_policy_bus *bus,
		      const struct wg_relay_plan *plan,
		      const struct wg_relay_plan *was)
{
	struct relay_addr *v;
	int error, first = 0;
	size_t n, i;

	error = read_addrs(bus, &plan->net, &v, &n);
	if (error)
		return error;
	for (i = 0; i < n; i++)
		if (!is_planned(plan, &v[i]) &&
		    (!was || is_planned(was, &v[i])))
			note(&first, set_addr(bus, &v[i], false));
	free(v);
	return first;
}

static bool has_route(const struct wg_relay_plan *plan,
		      const struct wg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < plan->n_routes; i++)
		if (wg_prefix_same(&plan->routes[i].prefix, prefix))
			return true;
	return false;
}

static int trim_routes(struct wg_policy_bus *bus,
		       const struct wg_relay_plan *plan,
		       const struct wg_relay_plan *was)
{
	struct wg_policy_route none = {.table = plan->table};
	struct wg_route_seen *v;
	int error, first = 0;
	size_t n, i;

	error = wg_policy_read_routes(bus, AF_INET6, plan->table, &v, &n);
	if (error)
		return error;
	for (i = 0; i < n; i++) {
		none.prefix = v[i].prefix;
		if (v[i].ours && wg_prefix_covers(&plan->net, &v[i].prefix) &&
		    !has_route(plan, &v[i].prefix) &&
		    (!was || has_route(was, &v[i].prefix)))
			note(&first, wg_policy_set_route(bus, &none));
	}
	free(v);
	return first;
}

int wg_policy_trim_relay(struct wg_policy_bus *bus,
			 const struct wg_relay_plan *plan,
			 const struct wg_relay_plan *was)
{
	int first = trim_routes(bus, plan, was);

	note(&first, trim_addrs(bus, plan, was));
	return first;
}
