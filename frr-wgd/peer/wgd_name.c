// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host name is asked for where the machine's own resolver asks, and never
 * waited for.
 *
 * Whoever answers for DNS says where packets go, so what it says is judged as
 * what is typed: an address that is no one host's is left out, that no
 * handshake goes to a crowd; and one of a mesh's relay, which is never told by
 * name, that nothing is sealed again and again.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "resolver.h"
#include "vrf.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/peer/wgd_name.h"
#include "frr-wgd/underlay/wgd_relay.h"
#include "lib/core/wg_types.h"

DEFINE_MTYPE_STATIC(WGD, WGD_QUERY, "WireGuard question for a host name");

struct wgd_name_query {
	struct resolver_query q;
	struct wgd_name_query **at; /* NULL: whoever asked went */
	wgd_named *tell;
	void *arg;
};

static void take(const union sockunion *from, struct wg_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = sockunion_family(from);
	if (ret->family == AF_INET)
		memcpy(ret->b, &from->sin.sin_addr, 4);
	else
		memcpy(ret->b, &from->sin6.sin6_addr, 16);
}

static void answered(struct resolver_query *q, const char *err, int n,
		     union sockunion *from)
{
	struct wgd_name_query *query = container_of(q, struct wgd_name_query, q);
	struct wg_addr addrs[WGD_NAME_ADDRS];
	char why[256] = "no address", text[WG_ADDR_STRLEN];
	wgd_named *tell = query->at ? query->tell : NULL;
	void *arg = query->arg;
	const char *unfit;
	size_t found = 0;
	int i;

	if (tell)
		*query->at = NULL;
	XFREE(MTYPE_WGD_QUERY, query);
	if (!tell)
		return;
	if (err)
		strlcpy(why, err, sizeof(why));
	for (i = 0; i < n && found < WGD_NAME_ADDRS; i++) {
		wgd_compat_resolved(&from[i]);
		take(&from[i], &addrs[found]);
		unfit = wgd_relay_covers(&addrs[found])
				? "is a relay address"
				: wg_addr_unfit(&addrs[found], WG_USE_ENDPOINT);
		if (unfit)
			snprintf(why, sizeof(why), "%s %s",
				 wg_addr_str(&addrs[found], text), unfit);
		else
			found++;
	}
	tell(arg, addrs, found, found ? NULL : why);
}

void wgd_name_ask(struct wgd_name_query **at, const char *host,
		  wgd_named *tell, void *arg)
{
	struct wgd_name_query *query = XCALLOC(MTYPE_WGD_QUERY, sizeof(*query));

	query->at = at;
	query->tell = tell;
	query->arg = arg;
	*at = query;
	resolver_resolve(&query->q, AF_UNSPEC, VRF_DEFAULT, host, answered);
}

void wgd_name_forget(struct wgd_name_query **at)
{
	if (*at)
		(*at)->at = NULL;
	*at = NULL;
}
