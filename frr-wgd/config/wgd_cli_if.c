// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands of the interface itself.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/config/wgd_cli.h"
#include "lib/backend/wg_launch.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/config/wgd_cli_if_clippy.c"
#endif

DEFPY_YANG (wireguard,
	    wireguard_cmd,
	    "[no] wireguard",
	    NO_STR
	    WIREGUARD_STR)
{
	return wgd_cli_flag(vty, "enable", !no);
}

DEFPY_YANG (no_wireguard_all,
	    no_wireguard_all_cmd,
	    "no wireguard all",
	    NO_STR
	    WIREGUARD_STR
	    "All lines of the interface that begin with wireguard\n")
{
	return wgd_cli_unset_all(vty);
}

DEFPY_YANG (wireguard_private_key,
	    wireguard_private_key_cmd,
	    "wireguard private-key file WORD$path",
	    WIREGUARD_STR
	    "Private key\n"
	    "Where it is kept\n"
	    "Absolute path of a file that is there\n")
{
	return wgd_cli_set(vty, "private-key-file", path);
}

DEFPY_YANG (no_wireguard_private_key,
	    no_wireguard_private_key_cmd,
	    "no wireguard private-key [file [WORD$path]]",
	    NO_STR
	    WIREGUARD_STR
	    "Private key\n"
	    "Where it is kept\n"
	    "Absolute path\n")
{
	return wgd_cli_unset(vty, "private-key-file", path);
}

DEFPY_YANG (wireguard_listen_port,
	    wireguard_listen_port_cmd,
	    "[no] wireguard listen-port ![(1-65535)$port]",
	    NO_STR
	    WIREGUARD_STR
	    "UDP port for encrypted packets\n"
	    "UDP port\n")
{
	return wgd_cli_leaf(vty, no, "listen-port", port_str);
}

DEFPY_YANG (wireguard_fwmark,
	    wireguard_fwmark_cmd,
	    "[no] wireguard fwmark ![MARK$mark]",
	    NO_STR
	    WIREGUARD_STR
	    "Mark of encrypted packets, for policy routing\n"
	    "1 to 4294967295, or hexadecimal behind 0x\n")
{
	char decimal[16];

	if (mark) {
		if (!wgd_cli_check(vty, NULL, "fwmark", mark))
			return CMD_WARNING_CONFIG_FAILED;
		snprintf(decimal, sizeof(decimal), "%lu",
			 strtoul(mark, NULL, strncmp(mark, "0x", 2) ? 10 : 16));
	}
	return wgd_cli_leaf(vty, no, "fwmark", mark ? decimal : NULL);
}

DEFPY_YANG (wireguard_mtu,
	    wireguard_mtu_cmd,
	    "[no] wireguard mtu ![(1280-65455)$mtu]",
	    NO_STR
	    WIREGUARD_STR
	    "Maximum transmission unit inside the tunnel\n"
	    "Bytes, default 1420, in a mesh 1340\n")
{
	return wgd_cli_leaf(vty, no, "mtu", mtu_str);
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
	    !wgd_cli_check(vty, NULL, "program", program ?: WG_LAUNCH_DEFAULT))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, WGD_XPATH "/implementation", NB_OP_MODIFY,
			      userspace ? "userspace" : "kernel");
	nb_cli_enqueue_change(vty, WGD_XPATH "/program",
			      program ? NB_OP_MODIFY : NB_OP_DESTROY, program);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_wireguard_implementation,
	    no_wireguard_implementation_cmd,
	    "no wireguard implementation [<kernel|userspace [WORD$program]>$kind]",
	    NO_STR
	    WIREGUARD_STR
	    "Who encrypts\n"
	    "WireGuard of the kernel (default)\n"
	    "A userspace program, started and supervised\n"
	    "Name or path of the program\n")
{
	int rc;

	if (!wgd_cli_is_there(vty, NULL, "implementation", kind, &rc) ||
	    (program && !wgd_cli_is_there(vty, NULL, "program", program, &rc)))
		return rc;
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
	    "no wireguard route-following [<prefixes|any>$how]",
	    NO_STR
	    WIREGUARD_STR
	    "How AllowedIPs follow routes\n"
	    "Each learned prefix (default)\n"
	    "0.0.0.0/0 and ::/0, for one peer only\n")
{
	int rc;

	return wgd_cli_is_there(vty, NULL, "route-following", how, &rc)
		       ? wgd_cli_set(vty, "route-following", "prefixes")
		       : rc;
}

DEFPY_YANG (wireguard_point_to_point,
	    wireguard_point_to_point_cmd,
	    "[no] wireguard point-to-point",
	    NO_STR
	    WIREGUARD_STR
	    "One peer: any next hop, or none, is that peer\n")
{
	return wgd_cli_flag(vty, "point-to-point", !no);
}

DEFPY_YANG (wireguard_aggregate,
	    wireguard_aggregate_cmd,
	    "[no] wireguard aggregate",
	    NO_STR
	    WIREGUARD_STR
	    "Fewest AllowedIPs with exactly the same effect\n")
{
	return wgd_cli_flag(vty, "aggregate", !no);
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
	return wgd_cli_leaf(vty, no, "announce-table", table_str);
}

/* The matcher prefers the words of all other commands to LINE. */
DEFPY_HIDDEN (wireguard_wrong,
	      wireguard_wrong_cmd,
	      "[no] wireguard LINE...",
	      NO_STR
	      WIREGUARD_STR
	      "What fits no other command\n")
{
	char *said = argv_concat(argv, argc, no ? 2 : 1);
	int rc = wgd_cli_wrong(vty, said);

	XFREE(MTYPE_TMP, said);
	return rc;
}

/* --- showing it again */

void wgd_cli_show_enable(struct vty *vty, const struct lyd_node *dnode,
			 bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard\n");
}

void wgd_cli_show_flag(struct vty *vty, const struct lyd_node *dnode,
		       bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard %s\n", dnode->schema->name);
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
	install_element(INTERFACE_NODE, &no_wireguard_all_cmd);
	install_element(INTERFACE_NODE, &wireguard_private_key_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_private_key_cmd);
	install_element(INTERFACE_NODE, &wireguard_listen_port_cmd);
	install_element(INTERFACE_NODE, &wireguard_fwmark_cmd);
	install_element(INTERFACE_NODE, &wireguard_mtu_cmd);
	install_element(INTERFACE_NODE, &wireguard_implementation_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_implementation_cmd);
	install_element(INTERFACE_NODE, &wireguard_route_following_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_route_following_cmd);
	install_element(INTERFACE_NODE, &wireguard_point_to_point_cmd);
	install_element(INTERFACE_NODE, &wireguard_aggregate_cmd);
	install_element(INTERFACE_NODE, &wireguard_announce_cmd);
	install_element(INTERFACE_NODE, &wireguard_wrong_cmd);
}
