// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The northbound's RPCs.  They come from the commands of wgd_exec.c, or from a
 * management system.  Those of a mesh answer with a sentence, which FRR's words
 * for an RPC that failed would hide in a terminal, so their commands call what
 * these call.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/gateway/wgd_gateway.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"

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

/* The mesh of the interface that the input names; NULL: none, which is said. */
static struct wgd_mesh *mesh_of(struct nb_cb_rpc_args *args)
{
	const char *ifname = wgd_compat_rpc_input(args, "interface");
	struct wgd_if *wif = wgd_if_find(ifname ?: "");

	if (!wif || !wif->mesh)
		snprintf(args->errmsg, args->errmsg_len, "%s is in no mesh",
			 ifname ?: "an interface without a name");
	return wif ? wif->mesh : NULL;
}

int wgd_nb_rpc_mesh_request(struct nb_cb_rpc_args *args)
{
	struct wgd_mesh *m = mesh_of(args);
	char line[WG_LINE_STRLEN];
	int rc;

	if (!m)
		return NB_ERR_NOT_FOUND;
	rc = wgd_self_request(m->self, line);
	if (rc < 0) {
		snprintf(args->errmsg, args->errmsg_len, "%s",
			 m->self->reason ?: safe_strerror(-rc));
		return NB_ERR;
	}
	wgd_compat_rpc_output(args, "line", line);
	return NB_OK;
}

int wgd_nb_rpc_mesh_load(struct nb_cb_rpc_args *args)
{
	const char *file = wgd_compat_rpc_input(args, "file");
	const char *force = wgd_compat_rpc_input(args, "force");
	struct wgd_mesh *m = mesh_of(args);
	char answer[512], items[16];
	int rc;

	if (!m)
		return NB_ERR_NOT_FOUND;
	if (!file || *file != '/') {
		snprintf(args->errmsg, args->errmsg_len,
			 "%s: not an absolute path", file ?: "no file");
		return NB_ERR_VALIDATION;
	}
	rc = wgd_mesh_load(m->wif, file, force && strmatch(force, "true"),
			   answer, sizeof(answer));
	if (rc < 0) {
		snprintf(args->errmsg, args->errmsg_len, "%s", answer);
		return NB_ERR;
	}
	snprintf(items, sizeof(items), "%d", rc);
	wgd_compat_rpc_output(args, "items", items);
	wgd_compat_rpc_output(args, "answer", answer);
	return NB_OK;
}
