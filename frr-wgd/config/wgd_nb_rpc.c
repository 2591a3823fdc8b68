// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The northbound's RPCs.  They come from the commands of wgd_exec.c, or from a
 * management system.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/gateway/wgd_gateway.h"

/* The interface; NULL: it is none of ours, which is said. */
static struct wgd_if *wif_of(struct nb_cb_rpc_args *args, const char *ifname)
{
	struct wgd_if *wif = wgd_if_find(ifname);

	if (!wif)
		snprintf(args->errmsg, args->errmsg_len,
			 "%s is not a WireGuard interface", ifname);
	return wif;
}

int wgd_nb_rpc_clear(struct nb_cb_rpc_args *args)
{
	const char *ifname = wgd_compat_rpc_input(args, "interface");
	struct wgd_if *wif;

	if (!ifname) {
		wgd_each_if (each)
			wgd_if_resync(each, "clear");
		return NB_OK;
	}
	wif = wif_of(args, ifname);
	if (!wif)
		return NB_ERR_NOT_FOUND;
	wgd_if_resync(wif, "clear");
	return NB_OK;
}

int wgd_nb_rpc_drain(struct nb_cb_rpc_args *args)
{
	const char *ifname = wgd_compat_rpc_input(args, "interface");
	const char *drain = wgd_compat_rpc_input(args, "drain");
	struct wgd_if *wif;

	if (!ifname) {
		snprintf(args->errmsg, args->errmsg_len,
			 "no interface is named");
		return NB_ERR_VALIDATION;
	}
	wif = wif_of(args, ifname);
	if (!wif)
		return NB_ERR_NOT_FOUND;
	if (!wif->group) {
		snprintf(args->errmsg, args->errmsg_len,
			 "%s has no gateway group", ifname);
		return NB_ERR_INCONSISTENCY;
	}
	wgd_gateway_drain(wif, !drain || strmatch(drain, "true"));
	return NB_OK;
}
