// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands of the interface itself.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/wgd_cli.h"
#include "frr-wgd/wgd_program.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_cli_if_clippy.c"
#endif

DEFPY_YANG (wireguard,
	    wireguard_cmd,
	    "[no] wireguard",
	    NO_STR
	    WIREGUARD_STR)
{
	return wgd_cli_set(vty, "enable", no ? "false" : "true");
}

DEFPY_YANG (wireguard_private_key,
	    wireguard_private_key_cmd,
	    "wireguard private-key file WORD$path",
	    WIREGUARD_STR
	    "Private key\n"
	    "Where it is kept\n"
	    "Absolute path; made if absent, mode 0600\n")
{
	if (*path != '/') {
		vty_out(vty,
			"%% wireguard private-key file %s: not an absolute path\n",
			path);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return wgd_cli_set(vty, "private-key-file", path);
}

DEFPY_YANG (no_wireguard_private_key,
	    no_wireguard_private_key_cmd,
	    "no wireguard private-key [file [WORD]]",
	    NO_STR
	    WIREGUARD_STR
	    "Private key\n"
	    "Where it is kept\n"
	    "Absolute path\n")
{
	return wgd_cli_set(vty, "private-key-file", NULL);
}

DEFPY_YANG (wireguard_listen_port,
	    wireguard_listen_port_cmd,
	    "[no] wireguard listen-port ![(1-65535)$port]",
	    NO_STR
	    WIREGUARD_STR
	    "UDP port for encrypted packets\n"
	    "UDP port\n")
{
	return wgd_cli_set(vty, "listen-port", no ? NULL : port_str);
}

DEFPY_YANG (wireguard_fwmark,
	    wireguard_fwmark_cmd,
	    "[no] wireguard fwmark ![(1-4294967295)$mark]",
	    NO_STR
	    WIREGUARD_STR
	    "Mark of encrypted packets, for policy routing\n"
	    "Mark\n")
{
	return wgd_cli_set(vty, "fwmark", no ? NULL : mark_str);
}

DEFPY_YANG (wireguard_mtu,
	    wireguard_mtu_cmd,
	    "[no] wireguard mtu ![(1280-65455)$mtu]",
	    NO_STR
	    WIREGUARD_STR
	    "Maximum transmission unit inside the tunnel\n"
	    "Bytes, default 1420\n")
{
	return wgd_cli_set(vty, "mtu", no ? NULL : mtu_str);
}

DEFPY_YANG (wireguard_implementation,
	    wireguard_implementation_cmd,
	    "wireguard implementation <kernel|userspace$userspace [WORD$program]>",
	    WIREGUARD_STR
	    "Who encrypts\n"
	    "WireGuard of the kernel (default)\n"
	    "A userspace program, started and supervised\n"
	    "Name or path of the program, default wireguard-go\n")
{
	if (userspace &&
	    !wgd_cli_check(vty, NULL, "program", program ?: WGD_PROGRAM_DEFAULT))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, WGD_XPATH "/implementation", NB_OP_MODIFY,
			      userspace ? "userspace" : "kernel");
	nb_cli_enqueue_change(vty, WGD_XPATH "/program",
			      program ? NB_OP_MODIFY : NB_OP_DESTROY, program);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_wireguard_implementation,
	    no_wireguard_implementation_cmd,
	    "no wireguard implementation [<kernel|userspace [WORD]>]",
	    NO_STR
	    WIREGUARD_STR
	    "Who encrypts\n"
	    "WireGuard of the kernel (default)\n"
	    "A userspace program, started and supervised\n"
	    "Name or path of the program\n")
{
	nb_cli_enqueue_change(vty, WGD_XPATH "/implementation", NB_OP_MODIFY,
			      "kernel");
	nb_cli_enqueue_change(vty, WGD_XPATH "/program", NB_OP_DESTROY, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (wireguard_route_following,
	    wireguard_route_following_cmd,
	    "wireguard route-following <prefixes|any>$how",
	    WIREGUARD_STR
	    "How AllowedIPs follow routes\n"
	    "Each learned prefix (default)\n"
	    "0.0.0.0/0 and ::/0, for one peer only\n")
{
	return wgd_cli_set(vty, "route-following", how);
}

DEFPY_YANG (no_wireguard_route_following,
	    no_wireguard_route_following_cmd,
	    "no wireguard route-following [<prefixes|any>]",
	    NO_STR
	    WIREGUARD_STR
	    "How AllowedIPs follow routes\n"
	    "Each learned prefix (default)\n"
	    "0.0.0.0/0 and ::/0, for one peer only\n")
{
	return wgd_cli_set(vty, "route-following", "prefixes");
}

DEFPY_YANG (wireguard_aggregate,
	    wireguard_aggregate_cmd,
	    "[no] wireguard aggregate",
	    NO_STR
	    WIREGUARD_STR
	    "Fewest AllowedIPs with exactly the same effect\n")
{
	return wgd_cli_set(vty, "aggregate", no ? "false" : "true");
}

DEFPY_YANG (wireguard_announce,
	    wireguard_announce_cmd,
	    "[no] wireguard announce table ![(1-255)$table]",
	    NO_STR
	    WIREGUARD_STR
	    "Routes for peers that are up\n"
	    "For 'redistribute table N' of a routing protocol\n"
	    "Number\n")
{
	return wgd_cli_set(vty, "announce-table", no ? NULL : table_str);
}

/* --- showing it again */

void wgd_cli_show_enable(struct vty *vty, const struct lyd_node *dnode,
			 bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard\n");
}

void wgd_cli_show_aggregate(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard aggregate\n");
}

void wgd_cli_show_implementation(struct vty *vty, const struct lyd_node *dnode,
				 bool show_defaults)
{
	vty_out(vty, " wireguard implementation %s", lyd_get_value(dnode));
	if (yang_dnode_exists(dnode, "../program"))
		vty_out(vty, " %s", yang_dnode_get_string(dnode, "../program"));
	vty_out(vty, "\n");
}

void wgd_cli_if_init(void)
{
	install_element(INTERFACE_NODE, &wireguard_cmd);
	install_element(INTERFACE_NODE, &wireguard_private_key_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_private_key_cmd);
	install_element(INTERFACE_NODE, &wireguard_listen_port_cmd);
	install_element(INTERFACE_NODE, &wireguard_fwmark_cmd);
	install_element(INTERFACE_NODE, &wireguard_mtu_cmd);
	install_element(INTERFACE_NODE, &wireguard_implementation_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_implementation_cmd);
	install_element(INTERFACE_NODE, &wireguard_route_following_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_route_following_cmd);
	install_element(INTERFACE_NODE, &wireguard_aggregate_cmd);
	install_element(INTERFACE_NODE, &wireguard_announce_cmd);
}
