/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing: rules.
 *
 * A rule is written as a whole and known again as a whole: what the kernel
 * tells of it is taken apart into the same struct, so that who compares needs
 * no other knowledge.  A rule with our protocol that says more than the struct
 * can hold is nobody's but somebody else's.
 */
#include <errno.h>
#include <string.h>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "lib/backend/wg_policy_priv.h"

#define REQUEST_LEN 512

static uint8_t read_u8(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == 1 ? mnl_attr_get_u8(attr) : 0;
}

/* Its length; 0: it is not asked for. */
static uint8_t put_prefix(struct nlmsghdr *nlh, uint16_t type,
			  const struct wg_prefix *p)
{
	if (!p->family)
		return 0;
	mnl_attr_put(nlh, type, wg_family_bytes(p->family), p->b);
	return p->len;
}

int wg_policy_set_rule(struct wg_policy_bus *bus, const struct wg_rule *r,
		       bool there)
{
	char buf[REQUEST_LEN] NL_ALIGNED;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct fib_rule_port_range ports = {r->udp_sport, r->udp_sport};
	struct fib_rule_hdr *frh;
	int error;

	nlh->nlmsg_type = there ? RTM_NEWRULE : RTM_DELRULE;
	nlh->nlmsg_flags = there ? NLM_F_CREATE | NLM_F_EXCL : 0;
	frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	frh->family = r->family;
	frh->action = r->table	    ? FR_ACT_TO_TBL
		      : r->prohibit ? FR_ACT_PROHIBIT
				    : FR_ACT_UNREACHABLE;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, r->pref);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, WG_POLICY_PROTO);
	if (r->mark)
		mnl_attr_put_u32(nlh, FRA_FWMARK, r->mark);
	if (r->table)
		mnl_attr_put_u32(nlh, FRA_TABLE, r->table);
	if (r->not_group)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_IFGROUP, r->not_group);
	if (r->iif[0])
		mnl_attr_put_strz(nlh, FRA_IIFNAME, r->iif);
	if (r->udp_sport) {
		mnl_attr_put_u8(nlh, FRA_IP_PROTO, IPPROTO_UDP);
		mnl_attr_put(nlh, FRA_SPORT_RANGE, sizeof(ports), &ports);
	}
	frh->src_len = put_prefix(nlh, FRA_SRC, &r->from);
	frh->dst_len = put_prefix(nlh, FRA_DST, &r->to);
	error = wg_nl_talk(bus->ask, nlh, NULL, NULL);
	return error == (there ? -EEXIST : -ENOENT) ? 0 : error;
}

static void read_sport(const struct nlattr *attr, struct wg_rule_seen *seen)
{
	const struct fib_rule_port_range *ports = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) == sizeof(*ports) &&
	    ports->start == ports->end)
		seen->rule.udp_sport = ports->start;
	else
		seen->ours = false;
}

/* The length is known from the header. */
static void read_prefix(const struct nlattr *attr, uint8_t family,
			struct wg_prefix *p)
{
	struct wg_addr a = {.family = AF_UNSPEC};

	wg_nl_addr(attr, family, &a);
	p->family = a.family;
	memcpy(p->b, a.b, sizeof(p->b));
}

static void read_rule_attr(const struct nlattr *attr, struct wg_rule_seen *seen)
{
	struct wg_rule *r = &seen->rule;

	switch (mnl_attr_get_type(attr)) {
	case FRA_PRIORITY:
		r->pref = wg_nl_u32(attr);
		break;
	case FRA_FWMARK:
		r->mark = wg_nl_u32(attr);
		break;
	case FRA_FWMASK:
		seen->ours &= !r->mark || wg_nl_u32(attr) == UINT32_MAX;
		break;
	case FRA_TABLE:
		r->table = wg_nl_u32(attr);
		break;
	case FRA_SUPPRESS_IFGROUP:
		r->not_group = wg_nl_u32(attr);
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		seen->ours &= wg_nl_u32(attr) == UINT32_MAX;
		break;
	case FRA_SRC:
		read_prefix(attr, r->family, &r->from);
		break;
	case FRA_DST:
		read_prefix(attr, r->family, &r->to);
		break;
	case FRA_IIFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
		    strlen(mnl_attr_get_str(attr)) < sizeof(r->iif))
			strcpy(r->iif, mnl_attr_get_str(attr));
		else
			seen->ours = false;
		break;
	case FRA_IP_PROTO:
		seen->ours &= read_u8(attr) == IPPROTO_UDP;
		break;
	case FRA_SPORT_RANGE:
		read_sport(attr, seen);
		break;
	case FRA_PROTOCOL:
		seen->ours &= read_u8(attr) == WG_POLICY_PROTO;
		break;
	case FRA_L3MDEV:
	case FRA_OIFNAME:
	case FRA_DPORT_RANGE:
	case FRA_UID_RANGE:
	case FRA_TUN_ID:
	case FRA_GOTO:
		seen->ours = false;
		break;
	}
}

static int read_rule(const struct nlmsghdr *nlh, void *data)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	struct wg_rule_seen seen = {.ours = true};
	const struct nlattr *attr;
	struct wg_policy_reading *rd = data;

	if (nlh->nlmsg_type != RTM_NEWRULE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*frh) ||
	    frh->family != rd->family)
		return MNL_CB_OK;
	seen.rule.family = rd->family;
	if (frh->tos || (frh->flags & FIB_RULE_INVERT) ||
	    (frh->action != FR_ACT_TO_TBL && frh->action != FR_ACT_PROHIBIT &&
	     frh->action != FR_ACT_UNREACHABLE))
		seen.ours = false;
	seen.rule.from.len = frh->src_len;
	seen.rule.to.len = frh->dst_len;
	mnl_attr_for_each (attr, nlh, sizeof(*frh))
		read_rule_attr(attr, &seen);
	seen.rule.prohibit = frh->action == FR_ACT_PROHIBIT;
	if (frh->action != FR_ACT_TO_TBL)
		seen.rule.table = 0;
	return wg_policy_keep(rd, &seen);
}

int wg_policy_read_rules(struct wg_policy_bus *bus, uint8_t family,
			 struct wg_rule_seen **ret, size_t *ret_n)
{
	struct wg_policy_reading rd = {.family = family, .size = sizeof(**ret)};
	int error = wg_policy_dump(bus, RTM_GETRULE, &rd, read_rule);

	if (error)
		return error;
	*ret = (void *)rd.v;
	*ret_n = rd.n;
	return 0;
}
