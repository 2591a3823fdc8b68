// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/wgd.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_cli_clippy.c"
#endif

DEFPY (show_wireguard,
       show_wireguard_cmd,
       "show wireguard",
       SHOW_STR
       "WireGuard\n")
{
	vty_out(vty, "No WireGuard interfaces\n");
	return CMD_SUCCESS;
}

void wgd_cli_init(void)
{
	install_element(VIEW_NODE, &show_wireguard_cmd);
}
