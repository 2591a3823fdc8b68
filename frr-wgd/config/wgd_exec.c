// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that do something at once and leave the configuration alone.
 * Those that a program may want, too, are RPCs of the northbound, and the
 * command calls the RPC: one way to do a thing.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/config/wgd_cli.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/config/wgd_exec_clippy.c"
#endif

DEFPY (clear_wireguard,
       clear_wireguard_cmd,
       "clear wireguard [WG-IFNAME$ifname]",
       CLEAR_STR
       "WireGuard: read the device back and repair every difference\n"
       "Name of a WireGuard interface\n")
{
	const struct wgd_compat_leaf input[] = { { "interface", ifname } };

	return wgd_compat_rpc(vty, WGD_RPC_CLEAR, input, array_size(input));
}

DEFPY (wireguard_drain,
       wireguard_drain_cmd,
       "[no] wireguard gateway-group drain WG-IFNAME$ifname",
       NO_STR
       "WireGuard interfaces and peers\n"
       "Gateways with the same private key\n"
       "Give the clients to the other gateways, until undone\n"
       "Interface with the gateway group\n")
{
	const struct wgd_compat_leaf input[] = {
		{ "interface", ifname },
		{ "drain", no ? "false" : "true" },
	};

	return wgd_compat_rpc(vty, WGD_RPC_DRAIN, input, array_size(input));
}

DEFPY (wireguard_generate,
       wireguard_generate_cmd,
       "wireguard generate <private-key$private|preshared-key> file WORD$path",
       "WireGuard interfaces and peers\n"
       "Make a new key\n"
       "A private key; its public key is printed\n"
       "A preshared key, to be copied to the peer\n"
       "Where to keep it\n"
       "Absolute path of a file that is not there yet\n")
{
	char err[512], text[WG_KEY_STRLEN];
	struct wg_key pub;

	if (*path != '/') {
		vty_out(vty, "%% %s: not an absolute path\n", path);
		return CMD_WARNING;
	}
	if (wg_key_generate(path, !!private, err, sizeof(err)) < 0 ||
	    (private &&
	     wg_key_load_public(path, &pub, err, sizeof(err)) < 0)) {
		vty_out(vty, "%% %s\n", err);
		return CMD_WARNING;
	}
	if (private)
		vty_out(vty, "Public key: %s\n", wg_key_str(&pub, text));
	else
		vty_out(vty, "Preshared key written to %s\n", path);
	return CMD_SUCCESS;
}

/* The interface's mesh; NULL: it has none, which is said. */
static struct wgd_if *mesh_of(struct vty *vty, const char *ifname)
{
	struct wgd_if *wif = wgd_if_find(ifname);

	if (wif && wif->mesh)
		return wif;
	vty_out(vty, "%% %s: it has no 'wireguard mesh name' line\n", ifname);
	return NULL;
}

DEFPY (wireguard_mesh_request,
       wireguard_mesh_request_cmd,
       "wireguard mesh request WG-IFNAME$ifname",
       "WireGuard interfaces and peers\n"
       "The mesh that an interface is in\n"
       "A line for the keeper, who answers it with a certificate\n"
       "Interface with a mesh\n")
{
	struct wgd_if *wif = mesh_of(vty, ifname);
	char line[WG_LINE_STRLEN];
	int rc;

	if (!wif)
		return CMD_WARNING;
	rc = wgd_self_request(wif->mesh->self, line);
	if (rc < 0) {
		vty_out(vty, "%% %s\n",
			wif->mesh->self->reason ?: safe_strerror(-rc));
		return CMD_WARNING;
	}
	vty_out(vty, "%s\n", line);
	return CMD_SUCCESS;
}

DEFPY (wireguard_mesh_load,
       wireguard_mesh_load_cmd,
       "wireguard mesh load WG-IFNAME$ifname file WORD$path [force$force]",
       "WireGuard interfaces and peers\n"
       "The mesh that an interface is in\n"
       "What the keeper wrote: revocations, certificates\n"
       "Interface with a mesh\n"
       "Where it is\n"
       "Absolute path of a file\n"
       "Also a list that forgets who is revoked\n")
{
	struct wgd_if *wif = mesh_of(vty, ifname);
	char answer[512];
	int rc;

	if (!wif)
		return CMD_WARNING;
	rc = wgd_mesh_load(wif, path, force, answer, sizeof(answer));
	vty_out(vty, "%s%s\n", rc < 0 ? "% " : "", answer);
	return rc < 0 ? CMD_WARNING : CMD_SUCCESS;
}

void wgd_exec_init(void)
{
	install_element(ENABLE_NODE, &clear_wireguard_cmd);
	install_element(ENABLE_NODE, &wireguard_drain_cmd);
	install_element(ENABLE_NODE, &wireguard_generate_cmd);
	install_element(ENABLE_NODE, &wireguard_mesh_request_cmd);
	install_element(ENABLE_NODE, &wireguard_mesh_load_cmd);
}
