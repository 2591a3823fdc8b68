// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands of the gateway group.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/config/wgd_cli.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/config/wgd_cli_group_clippy.c"
#endif

#define GROUP_STR "Gateways with the same private key\n"

static bool has_profile(struct vty *vty, const char *member,
			const char *profile)
{
	const struct lyd_node *top = vty->candidate_config->dnode;
	char xpath[2 * XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath),
		 "%s/frr-wireguard:wireguard/gateway-group/member[address='%s']/bfd/profile",
		 VTY_CURR_XPATH, member);
	return yang_dnode_exists(top, xpath) &&
	       strmatch(yang_dnode_get_string(top, "%s", xpath), profile);
}

DEFPY_YANG (wireguard_group_member,
	    wireguard_group_member_cmd,
	    "[no] wireguard gateway-group member <A.B.C.D|X:X::X:X>$addr [bfd$bfd [profile BFDPROF$profile]]",
	    NO_STR
	    WIREGUARD_STR
	    GROUP_STR
	    "Another gateway\n"
	    "IPv4 address, not over this interface\n"
	    "IPv6 address, not over this interface\n"
	    "BFD decides whether it is dead\n"
	    "Timers of the BFD session\n"
	    "Name of a BFD profile\n")
{
	char text[WG_ADDR_STRLEN], xpath[XPATH_MAXLEN];
	struct wg_addr a = {};
	size_t len;
	int rc;

	wg_addr_parse(addr_str, &a); /* as it stands in the grammar */
	len = snprintf(xpath, sizeof(xpath),
		       WGD_XPATH "/gateway-group/member[address='%s']",
		       wg_addr_str(&a, text));
	if (no) {
		if (!wgd_cli_is_there(vty, NULL, "gateway-group/member", text,
				      &rc))
			return rc;
		if (profile && !has_profile(vty, text, profile)) {
			vty_out(vty,
				"%% gateway-group member %s: it has no bfd profile %s: nothing is removed\n",
				text, profile);
			return CMD_WARNING_CONFIG_FAILED;
		}
		nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
		return nb_cli_apply_changes(vty, NULL);
	}
	if (!wgd_cli_check(vty, NULL, "gateway-group/member", text) ||
	    !wgd_cli_check(vty, NULL, "gateway-group/member/bfd/profile",
			   profile))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	strlcpy(xpath + len, "/bfd", sizeof(xpath) - len);
	nb_cli_enqueue_change(vty, xpath, bfd ? NB_OP_CREATE : NB_OP_DESTROY,
			      NULL);
	strlcpy(xpath + len, "/bfd/profile", sizeof(xpath) - len);
	if (bfd)
		nb_cli_enqueue_change(vty, xpath,
				      profile ? NB_OP_MODIFY : NB_OP_DESTROY,
				      profile);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (wireguard_group_drain,
	    wireguard_group_drain_cmd,
	    "[no] wireguard gateway-group drain",
	    NO_STR
	    WIREGUARD_STR
	    GROUP_STR
	    "Give the clients to the other gateways\n")
{
	return wgd_cli_flag(vty, "gateway-group/drain", !no);
}

DEFPY_YANG (wireguard_group_source,
	    wireguard_group_source_cmd,
	    "[no] wireguard gateway-group source <A.B.C.D|X:X::X:X>$addr",
	    NO_STR
	    WIREGUARD_STR
	    GROUP_STR
	    "Everything that the interface sends leaves from this address\n"
	    "IPv4 address\n"
	    "IPv6 address\n")
{
	char text[WG_ADDR_STRLEN];
	const char *leaf;
	struct wg_addr a;

	if (wg_addr_parse(addr_str, &a) < 0) {
		vty_out(vty,
			"%% wireguard gateway-group source %s: not an address\n",
			addr_str);
		return CMD_WARNING_CONFIG_FAILED;
	}
	leaf = a.family == AF_INET ? "gateway-group/source"
				   : "gateway-group/ipv6-source";
	wg_addr_str(&a, text);
	return wgd_cli_leaf(vty, no, leaf, text);
}

/* --- showing it again */

void wgd_cli_show_group_member(struct vty *vty, const struct lyd_node *dnode,
			       bool show_defaults)
{
	vty_out(vty, " wireguard gateway-group member %s",
		yang_dnode_get_string(dnode, "./address"));
	if (yang_dnode_exists(dnode, "./bfd"))
		vty_out(vty, " bfd");
	if (yang_dnode_exists(dnode, "./bfd/profile"))
		vty_out(vty, " profile %s",
			yang_dnode_get_string(dnode, "./bfd/profile"));
	vty_out(vty, "\n");
}

void wgd_cli_show_group_drain(struct vty *vty, const struct lyd_node *dnode,
			      bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard gateway-group drain\n");
}

void wgd_cli_show_group_source(struct vty *vty, const struct lyd_node *dnode,
			       bool show_defaults)
{
	vty_out(vty, " wireguard gateway-group source %s\n",
		lyd_get_value(dnode));
}

void wgd_cli_group_init(void)
{
	install_element(INTERFACE_NODE, &wireguard_group_member_cmd);
	install_element(INTERFACE_NODE, &wireguard_group_drain_cmd);
	install_element(INTERFACE_NODE, &wireguard_group_source_cmd);
}
