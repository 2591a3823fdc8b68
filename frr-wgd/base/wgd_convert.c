// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "nexthop.h"
#include "prefix.h"
#include "zclient.h"

#include "frr-wgd/base/wgd_convert.h"

void wgd_convert_addr(uint8_t family, const void *bytes, struct wg_addr *ret)
{
	*ret = (struct wg_addr){.family = family};
	memcpy(ret->b, bytes, wg_family_bytes(family));
}

bool wgd_convert_prefix(const struct prefix *p, struct wg_prefix *ret)
{
	if (p->family != AF_INET && p->family != AF_INET6)
		return false;
	*ret = (struct wg_prefix){.family = p->family, .len = p->prefixlen};
	memcpy(ret->b, &p->u.prefix, wg_family_bytes(p->family));
	wg_prefix_mask(ret);
	return true;
}

struct prefix wgd_convert_to_frr(const struct wg_prefix *p)
{
	struct prefix ret = {.family = p->family, .prefixlen = p->len};

	memcpy(&ret.u.prefix, p->b, wg_family_bytes(p->family));
	return ret;
}

size_t wgd_convert_nexthops(const struct zapi_nexthop *from, size_t n,
			    vrf_id_t vrf, const struct wg_addr *on_link,
			    struct wg_nexthop *ret)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		struct wg_nexthop nh = {
			.ifindex = from[i].ifindex,
			.weight = MIN(from[i].weight, UINT8_MAX),
			.on_link = CHECK_FLAG(from[i].flags,
					      ZAPI_NEXTHOP_FLAG_ONLINK),
		};

		switch (from[i].type) {
		case NEXTHOP_TYPE_IPV4:
		case NEXTHOP_TYPE_IPV4_IFINDEX:
			wgd_convert_addr(AF_INET, &from[i].gate.ipv4,
					 &nh.gateway);
			break;
		case NEXTHOP_TYPE_IPV6:
		case NEXTHOP_TYPE_IPV6_IFINDEX:
			wgd_convert_addr(AF_INET6, &from[i].gate.ipv6,
					 &nh.gateway);
			break;
		case NEXTHOP_TYPE_IFINDEX:
			if (on_link)
				nh.gateway = *on_link;
			break;
		case NEXTHOP_TYPE_BLACKHOLE:
			continue;
		}
		/* a resolved next hop with no link resolves nothing, and one
		 * of another VRF would be looked up in this one */
		if (!nh.ifindex && (on_link || from[i].vrf_id != vrf))
			continue;
		ret[k++] = nh;
	}
	return k;
}

socklen_t wgd_convert_sockaddr(const struct wg_addr *addr, uint16_t port,
			       union sockunion *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (addr->family == AF_INET) {
		ret->sin.sin_family = AF_INET;
		ret->sin.sin_port = htons(port);
		memcpy(&ret->sin.sin_addr, addr->b, 4);
		return sizeof(ret->sin);
	}
	ret->sin6.sin6_family = AF_INET6;
	ret->sin6.sin6_port = htons(port);
	memcpy(&ret->sin6.sin6_addr, addr->b, 16);
	return sizeof(ret->sin6);
}
