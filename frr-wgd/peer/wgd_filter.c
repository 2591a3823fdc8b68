// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefix lists of a peer.
 *
 * A list that does not exist permits nothing, as in bgpd: it is there to keep
 * a peer from what is not its own, so a name mistyped must not open the door.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "plist.h"
#include "prefix.h"

#include "frr-wgd/base/wgd_convert.h"
#include "frr-wgd/peer/wgd_filter.h"

static bool plist_permits(const void *arg, const struct wg_prefix *p)
{
	struct prefix fp = wgd_convert_to_frr(p);
	struct prefix_list *plist = (struct prefix_list *)arg;

	return prefix_list_apply(plist, &fp) == PREFIX_PERMIT;
}

void wgd_filter_set(struct wgd_peer *p, int i)
{
	struct wg_filter filter = {};

	if (p->conf.plist[i]) {
		filter.permits = plist_permits;
		filter.arg = prefix_list_lookup(i ? AFI_IP6 : AFI_IP,
						p->conf.plist[i]);
	}
	wg_peer_set_filter(p->peer, i ? AF_INET6 : AF_INET, filter);
}

/* Also when an entry or the list went: the list is out of the table then. */
static void plist_changed(struct prefix_list *plist)
{
	int i = prefix_list_afi(plist) == AFI_IP6;

	wgd_each_if (wif)
		wgd_each_peer (wif, p) {
			if (!p->conf.plist[i] ||
			    !strmatch(p->conf.plist[i],
				      prefix_list_name(plist)))
				continue;
			wgd_filter_set(p, i);
			wgd_if_kick(wif);
		}
}

void wgd_filter_init(void)
{
	prefix_list_init();
	prefix_list_add_hook(plist_changed);
	prefix_list_delete_hook(plist_changed);
}
