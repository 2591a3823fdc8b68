// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes that outlive us.
 *
 * zebra deletes the routes of a client that goes, unless it said that it will
 * be back.  A tunnel that runs while we are away needs its routes; so they stay
 * for as long as anybody could reasonably be away.  After our own start those
 * of an earlier life are there; the ones that this life wants, too, are sent
 * again, and then zebra is told to drop what is left (its graceful restart).
 *
 * zebra counts in whole seconds: a route that was sent in the second in which
 * the earlier session ended is not taken for old.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "zclient.h"

#include "frr-wgd/zebra/wgd_graceful.h"

#define STALE_S 86400

static void send_capability(struct zclient *zc, vrf_id_t vrf,
			    enum zserv_client_capabilities cap, afi_t afi)
{
	struct zapi_cap api = {
		.cap = cap,
		.stale_removal_time = STALE_S,
		.afi = afi,
		.safi = SAFI_UNICAST,
		.vrf_id = vrf,
	};

	zclient_capabilities_send(ZEBRA_CLIENT_CAPABILITIES, zc, &api);
}

void wgd_graceful_keep(struct zclient *zc, vrf_id_t vrf)
{
	afi_t afi;

	send_capability(zc, vrf, ZEBRA_CLIENT_GR_CAPABILITIES, AFI_IP);
	for (afi = AFI_IP; afi <= AFI_IP6; afi++)
		send_capability(zc, vrf, ZEBRA_CLIENT_ROUTE_UPDATE_PENDING,
				afi);
}

void wgd_graceful_drop_old(struct zclient *zc, vrf_id_t vrf)
{
	afi_t afi;

	for (afi = AFI_IP; afi <= AFI_IP6; afi++)
		send_capability(zc, vrf, ZEBRA_CLIENT_ROUTE_UPDATE_COMPLETE,
				afi);
}

void wgd_graceful_end(struct zclient *zc, vrf_id_t vrf)
{
	send_capability(zc, vrf, ZEBRA_CLIENT_GR_DISABLE, AFI_IP);
}
