// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands of the mesh.
 *
 * A place, host and port, is an entry with both as its key: two hubs behind
 * one address have two doors there.  An address is written in one spelling, so
 * that it is one entry however it is typed.  A name stays as it is typed, as
 * that of a peer's endpoint does: another spelling in a file would be another
 * line for frr-reload.py, at each reload.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_cli.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/config/wgd_cli_mesh_clippy.c"
#endif

#define MESH_STR "Sites that find each other\n"
#define PLACE_STR "IP address or host name\n"
#define PORT_STR "UDP port\n" "UDP port\n"

static int mesh_place(struct vty *vty, bool no, const char *leaf,
		      const struct wgd_mesh_place *place)
{
	char host[XPATH_MAXLEN], xpath[XPATH_MAXLEN];
	char line[WGD_NB_ENTRY_STRLEN], of_host[64];
	struct wg_addr a;
	int rc;

	if (wgd_cli_host(place->host, host, sizeof(host)) != host)
		strlcpy(host, place->host, sizeof(host));
	if (wg_addr_parse(host, &a) == 0)
		wg_addr_str(&a, host);
	snprintf(line, sizeof(line), "%.256s port %u", host, place->port);
	snprintf(of_host, sizeof(of_host), "%s/host", leaf);
	if (no ? !wgd_cli_is_there(vty, NULL, leaf, line, &rc)
	       : !wgd_cli_check(vty, NULL, of_host, host) ||
			 !wgd_cli_check(vty, NULL, leaf, line))
		return no ? rc : CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), WGD_XPATH "/%s[host='%.256s'][port='%u']",
		 leaf, host, place->port);
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE,
			      NULL);
	return nb_cli_apply_changes(vty, NULL);
}

/* The port of our door: is it this one? */
static bool has_door(struct vty *vty, const char *port)
{
	const struct lyd_node *top = vty->candidate_config->dnode;
	char xpath[2 * XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath),
		 "%s/frr-wireguard:wireguard/mesh/hub/door", VTY_CURR_XPATH);
	return strtoul(port, NULL, 10) ==
	       (yang_dnode_exists(top, xpath)
			? yang_dnode_get_uint16(top, "%s", xpath)
			: WGD_MESH_DOOR);
}

DEFPY_YANG (wireguard_mesh_name,
	    wireguard_mesh_name_cmd,
	    "[no] wireguard mesh name ![WORD$name]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "The mesh that the interface is in\n"
	    "Name of the mesh\n")
{
	return wgd_cli_leaf(vty, no, "mesh/name", name);
}

DEFPY_YANG (wireguard_mesh_hub,
	    wireguard_mesh_hub_cmd,
	    "[no] wireguard mesh hub [door (1-65535)$door]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "This member relays between others\n"
	    "Where members are let in\n"
	    "UDP port, default 51822\n")
{
	int rc;

	if (no) {
		if (!wgd_cli_is_there(vty, NULL, "mesh/hub", NULL, &rc))
			return rc;
		if (door_str && !has_door(vty, door_str)) {
			vty_out(vty,
				"%% mesh hub: its door is not %s: nothing is removed\n",
				door_str);
			return CMD_WARNING_CONFIG_FAILED;
		}
		nb_cli_enqueue_change(vty, WGD_XPATH "/mesh/hub", NB_OP_DESTROY,
				      NULL);
		return nb_cli_apply_changes(vty, NULL);
	}
	if (!wgd_cli_check(vty, NULL, "mesh/hub/door", door_str))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, WGD_XPATH "/mesh/hub", NB_OP_CREATE, NULL);
	nb_cli_enqueue_change(vty, WGD_XPATH "/mesh/hub/door",
			      door_str ? NB_OP_MODIFY : NB_OP_DESTROY,
			      door_str);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (wireguard_mesh_endpoint,
	    wireguard_mesh_endpoint_cmd,
	    "[no] wireguard mesh endpoint WORD$host port (1-65535)$port",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "Where this member is reached\n"
	    PLACE_STR
	    PORT_STR)
{
	return mesh_place(vty, no, "mesh/endpoint",
			  &(struct wgd_mesh_place){(char *)host, port});
}

DEFPY_YANG (wireguard_mesh_door,
	    wireguard_mesh_door_cmd,
	    "[no] wireguard mesh door WORD$host [port (1-65535)$port]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "A hub's door, tried beside those that are known otherwise\n"
	    PLACE_STR
	    "UDP port, default 51822\n"
	    "UDP port, default 51822\n")
{
	return mesh_place(vty, no, "mesh/door",
			  &(struct wgd_mesh_place){(char *)host,
						   port_str ? port
							    : WGD_MESH_DOOR});
}

DEFPY_YANG (wireguard_mesh_announce,
	    wireguard_mesh_announce_cmd,
	    "[no] wireguard mesh announce <A.B.C.D/M|X:X::X:X/M>$prefix",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "A prefix that this member announces\n"
	    "IPv4 prefix\n"
	    "IPv6 prefix\n")
{
	char text[WG_PREFIX_STRLEN], xpath[XPATH_MAXLEN];
	int rc;

	if (!wgd_cli_prefix(vty, "mesh announce", prefix_str, text))
		return CMD_WARNING_CONFIG_FAILED;
	if (no ? !wgd_cli_is_there(vty, NULL, "mesh/announce", text, &rc)
	       : !wgd_cli_check(vty, NULL, "mesh/announce", text))
		return no ? rc : CMD_WARNING_CONFIG_FAILED;
	strlcpy(xpath, WGD_XPATH "/mesh/announce", sizeof(xpath));
	if (no)
		wgd_compat_entry(xpath, sizeof(xpath), text);
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE,
			      text);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (wireguard_mesh_routes,
	    wireguard_mesh_routes_cmd,
	    "[no] wireguard mesh routes",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "Prefixes that members announce become routes\n")
{
	return wgd_cli_flag(vty, "mesh/routes", !no);
}

DEFPY_YANG (wireguard_mesh_maximum,
	    wireguard_mesh_maximum_cmd,
	    "[no] wireguard mesh maximum-members ![(1-100000)$n]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "Most members that are peers here\n"
	    "Number of members, default 4096\n")
{
	return wgd_cli_leaf(vty, no, "mesh/maximum-members", n_str);
}

DEFPY_YANG (wireguard_mesh_direct,
	    wireguard_mesh_direct_cmd,
	    "[no] wireguard mesh direct ![<on-demand|always|never>$when]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "Direct paths to other sites, in place of the relay\n"
	    "To whom data is sent, the default\n"
	    "To all\n"
	    "To none\n")
{
	return wgd_cli_leaf(vty, no, "mesh/direct", when);
}

DEFPY_YANG (wireguard_mesh_idle,
	    wireguard_mesh_idle_cmd,
	    "[no] wireguard mesh idle-timeout ![(10-86400)$n]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "When a direct path without data is left\n"
	    "Seconds, default 120\n")
{
	return wgd_cli_leaf(vty, no, "mesh/idle-timeout", n_str);
}

DEFPY_YANG (wireguard_mesh_hello,
	    wireguard_mesh_hello_cmd,
	    "[no] wireguard mesh hello-interval ![(50-10000)$n]",
	    NO_STR
	    WIREGUARD_STR
	    MESH_STR
	    "How often the other end of a direct path is asked for an answer\n"
	    "Milliseconds, default 200\n")
{
	return wgd_cli_leaf(vty, no, "mesh/hello-interval", n_str);
}

/* --- showing it again */

void wgd_cli_show_mesh_leaf(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	vty_out(vty, " wireguard mesh %s %s\n", dnode->schema->name,
		lyd_get_value(dnode));
}

void wgd_cli_show_mesh_hub(struct vty *vty, const struct lyd_node *dnode,
			   bool show_defaults)
{
	vty_out(vty, " wireguard mesh hub");
	if (show_defaults || !yang_dnode_is_default(dnode, "./door"))
		vty_out(vty, " door %s",
			yang_dnode_get_string(dnode, "./door"));
	vty_out(vty, "\n");
}

/* Its port is no leaf with a default, for it is a part of the key. */
void wgd_cli_show_mesh_place(struct vty *vty, const struct lyd_node *dnode,
			     bool show_defaults)
{
	unsigned port = yang_dnode_get_uint16(dnode, "./port");

	vty_out(vty, " wireguard mesh %s %s", dnode->schema->name,
		yang_dnode_get_string(dnode, "./host"));
	if (!wgd_nb_is(dnode, "door") || port != WGD_MESH_DOOR || show_defaults)
		vty_out(vty, " port %u", port);
	vty_out(vty, "\n");
}

void wgd_cli_show_mesh_routes(struct vty *vty, const struct lyd_node *dnode,
			      bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard mesh routes\n");
}

void wgd_cli_mesh_init(void)
{
	install_element(INTERFACE_NODE, &wireguard_mesh_name_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_hub_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_endpoint_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_door_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_announce_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_routes_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_maximum_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_direct_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_idle_cmd);
	install_element(INTERFACE_NODE, &wireguard_mesh_hello_cmd);
}
