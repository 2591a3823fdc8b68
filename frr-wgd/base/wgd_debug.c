// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debug switches, one table.  In configuration mode a switch is kept, in
 * enable mode it lasts as long as the daemon, as everywhere in FRR.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/base/wgd_debug.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/base/wgd_debug_clippy.c"
#endif

struct debug wgd_debug_events_on = WGD_COMPAT_DEBUG("events");
struct debug wgd_debug_routes_on = WGD_COMPAT_DEBUG("routes");
struct debug wgd_debug_device_on = WGD_COMPAT_DEBUG("device");
struct debug wgd_debug_bfd_on = WGD_COMPAT_DEBUG("bfd");

static struct debug *const debugs[] = {
	&wgd_debug_events_on,
	&wgd_debug_routes_on,
	&wgd_debug_device_on,
	&wgd_debug_bfd_on,
};

DEFPY (debug_wireguard,
       debug_wireguard_cmd,
       "[no] debug wireguard <events|routes|device|bfd>$what",
       NO_STR
       DEBUG_STR
       "WireGuard interfaces and peers\n"
       "Configuration, links and state changes\n"
       "Routes and who owns them\n"
       "What is written to and read from devices\n"
       "BFD sessions\n")
{
	uint32_t mode = DEBUG_NODE2MODE(vty->node);
	size_t i;

	for (i = 0; i < array_size(debugs); i++)
		if (strmatch(debugs[i]->desc, what))
			DEBUG_MODE_SET(debugs[i], mode, !no);
	return CMD_SUCCESS;
}

DEFUN_NOSH (show_debugging_wireguard,
	    show_debugging_wireguard_cmd,
	    "show debugging [wireguard]",
	    SHOW_STR
	    DEBUG_STR
	    "WireGuard interfaces and peers\n")
{
	size_t i;

	vty_out(vty, "WireGuard debugging status:\n");
	for (i = 0; i < array_size(debugs); i++)
		if (DEBUG_MODE_CHECK(debugs[i], DEBUG_MODE_ALL))
			vty_out(vty, "  WireGuard %s debugging is on\n",
				debugs[i]->desc);
	return CMD_SUCCESS;
}

#if FRR_VER < 100000
static int config_write(struct vty *vty)
{
	size_t i;
	int lines = 0;

	for (i = 0; i < array_size(debugs); i++)
		if (DEBUG_MODE_CHECK(debugs[i], DEBUG_MODE_CONF)) {
			vty_out(vty, "debug wireguard %s\n", debugs[i]->desc);
			lines++;
		}
	return lines;
}

static void set_all(uint32_t flags, bool set)
{
	size_t i;

	for (i = 0; i < array_size(debugs); i++) {
		DEBUG_FLAGS_SET(debugs[i], flags, set);
		if (!set)
			DEBUG_CLEAR(debugs[i]);
	}
}

static struct debug_callbacks callbacks = { .debug_set_all = set_all };

static struct cmd_node debug_node = {
	.name = "debug",
	.node = DEBUG_NODE,
	.prompt = "",
	.config_write = config_write,
};

static void install_switches(void)
{
	debug_init(&callbacks);
	install_node(&debug_node);
}
#else
/* libfrr shows them in the configuration, and knows `debug all`. */
static void install_switches(void)
{
	size_t i;

	for (i = 0; i < array_size(debugs); i++)
		debug_install(debugs[i]);
}
#endif

void wgd_debug_init(void)
{
	install_switches();
	install_element(VIEW_NODE, &show_debugging_wireguard_cmd);
	install_element(ENABLE_NODE, &debug_wireguard_cmd);
	install_element(CONFIG_NODE, &debug_wireguard_cmd);
}
