// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands, lines directly under `interface NAME`, and how
 * they are shown again.
 *
 * A command names one node of the candidate configuration.  What is wrong
 * with it is said here, at the command, with the value and the reason
 * (wgd_check.h).
 *
 * The last line of a peer takes the peer with it: frr-reload removes a peer
 * line by line.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "bfd.h"
#include "command.h"
#include "if.h"
#include "northbound_cli.h"
#include "vty.h"

#include "frr-wgd/wgd.h"
#include "frr-wgd/wgd_check.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_program.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/wgd_cli_clippy.c"
#endif

#define WIREGUARD_STR "WireGuard: this is a WireGuard interface\n"
#define PEER_STR      "A peer of the interface\n" "Name of the peer\n"

/* --- helpers */

/* The wireguard container of the interface in the candidate, or NULL. */
static const struct lyd_node *candidate(struct vty *vty, const char **ifname)
{
	const struct lyd_node *ifp, *child;

	ifp = yang_dnode_get(vty->candidate_config->dnode, VTY_CURR_XPATH);
	*ifname = ifp ? yang_dnode_get_string(ifp, "./name") : "?";
	if (ifp)
		LY_LIST_FOR (lyd_child(ifp), child)
			if (strmatch(child->schema->name, "wireguard"))
				return child;
	return NULL;
}

/* May this be said? Prints why not. */
static bool check(struct vty *vty, const char *peer, const char *leaf,
		  const char *value)
{
	const struct lyd_node *wireguard;
	const char *ifname;
	char err[1024];

	wireguard = candidate(vty, &ifname);
	if ((!value ||
	     wgd_check_value(ifname, peer, leaf, value, err, sizeof(err)) ==
		     0) &&
	    wgd_check_conflict(wireguard, ifname, peer, leaf, value, err,
			       sizeof(err)) == 0)
		return true;
	vty_out(vty, "%% %s\n", err);
	return false;
}

static int set(struct vty *vty, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	if (value && !check(vty, NULL, leaf, value))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), WGD_XPATH "/%s", leaf);
	nb_cli_enqueue_change(vty, xpath,
			      value ? NB_OP_MODIFY : NB_OP_DESTROY, value);
	return nb_cli_apply_changes(vty, NULL);
}

static bool name_is_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.:@-";
	size_t len = strlen(name);

	return len && len < 64 && strspn(name, letters) == len &&
	       !strchr(".:@-", *name);
}

static void peer_path(char *xpath, size_t len, const char *name,
		      const char *leaf)
{
	snprintf(xpath, len, WGD_XPATH "/peer[name='%s']%s%s", name,
		 leaf ? "/" : "", leaf ?: "");
}

static int peer_change(struct vty *vty, const char *name, const char *leaf,
		       enum nb_operation op, const char *value)
{
	char xpath[XPATH_MAXLEN];

	if (!name_is_good(name)) {
		vty_out(vty,
			"%% wireguard peer %s: a name is 1 to 63 of A-Z a-z 0-9 _ . : @ - and begins with none of the last four\n",
			name);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (op != NB_OP_DESTROY && !check(vty, name, leaf, value))
		return CMD_WARNING_CONFIG_FAILED;
	peer_path(xpath, sizeof(xpath), name, leaf);
	if (op == NB_OP_DESTROY && value)
		wgd_compat_entry(xpath, sizeof(xpath), value);
	nb_cli_enqueue_change(vty, xpath, op, value);
	return nb_cli_apply_changes(vty, NULL);
}

static int peer_set(struct vty *vty, const char *name, const char *leaf,
		    const char *value)
{
	return peer_change(vty, name, leaf, NB_OP_MODIFY, value);
}

/* Has the peer more to it than this line? */
static bool peer_has_more(struct vty *vty, const char *name, const char *leaf,
			  const char *value)
{
	const struct lyd_node *peer, *child;
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath),
		 "%s/frr-wireguard:wireguard/peer[name='%s']", VTY_CURR_XPATH,
		 name);
	if (!yang_dnode_exists(vty->candidate_config->dnode, xpath))
		return true; /* nothing to take with it */
	peer = yang_dnode_get(vty->candidate_config->dnode, xpath);
	LY_LIST_FOR (lyd_child(peer), child) {
		if (strmatch(child->schema->name, "name") ||
		    lyd_is_default(child))
			continue;
		if (!strmatch(child->schema->name, leaf) ||
		    (value && !strmatch(lyd_get_value(child), value)))
			return true;
	}
	return false;
}

static int peer_unset(struct vty *vty, const char *name, const char *leaf,
		      const char *value)
{
	if (!peer_has_more(vty, name, leaf, value))
		return peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
	return peer_change(vty, name, leaf, NB_OP_DESTROY, value);
}

/* A leaf that is there or not. */
static int peer_leaf(struct vty *vty, const char *no, const char *name,
		     const char *leaf, const char *value)
{
	return no ? peer_unset(vty, name, leaf, NULL)
		  : peer_set(vty, name, leaf, value);
}

/* A leaf that is false unless set. */
static int peer_flag(struct vty *vty, const char *no, const char *name,
		     const char *leaf)
{
	if (no && !peer_has_more(vty, name, leaf, NULL))
		return peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
	return peer_set(vty, name, leaf, no ? "false" : "true");
}

/* An entry of a leaf-list. */
static int peer_entry(struct vty *vty, const char *no, const char *name,
		      const char *leaf, const char *value)
{
	return no ? peer_unset(vty, name, leaf, value)
		  : peer_change(vty, name, leaf, NB_OP_CREATE, value);
}

/* --- the interface */

DEFPY_YANG (wireguard,
	    wireguard_cmd,
	    "[no] wireguard",
	    NO_STR
	    WIREGUARD_STR)
{
	return set(vty, "enable", no ? "false" : "true");
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
	return set(vty, "private-key-file", path);
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
	return set(vty, "private-key-file", NULL);
}

DEFPY_YANG (wireguard_listen_port,
	    wireguard_listen_port_cmd,
	    "[no] wireguard listen-port ![(1-65535)$port]",
	    NO_STR
	    WIREGUARD_STR
	    "UDP port for encrypted packets\n"
	    "UDP port\n")
{
	return set(vty, "listen-port", no ? NULL : port_str);
}

DEFPY_YANG (wireguard_fwmark,
	    wireguard_fwmark_cmd,
	    "[no] wireguard fwmark ![(1-4294967295)$mark]",
	    NO_STR
	    WIREGUARD_STR
	    "Mark of encrypted packets, for policy routing\n"
	    "Mark\n")
{
	return set(vty, "fwmark", no ? NULL : mark_str);
}

DEFPY_YANG (wireguard_mtu,
	    wireguard_mtu_cmd,
	    "[no] wireguard mtu ![(1280-65455)$mtu]",
	    NO_STR
	    WIREGUARD_STR
	    "Maximum transmission unit inside the tunnel\n"
	    "Bytes, default 1420\n")
{
	return set(vty, "mtu", no ? NULL : mtu_str);
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
	    !check(vty, NULL, "program", program ?: WGD_PROGRAM_DEFAULT))
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
	return set(vty, "route-following", how);
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
	return set(vty, "route-following", "prefixes");
}

DEFPY_YANG (wireguard_aggregate,
	    wireguard_aggregate_cmd,
	    "[no] wireguard aggregate",
	    NO_STR
	    WIREGUARD_STR
	    "Fewest AllowedIPs with exactly the same effect\n")
{
	return set(vty, "aggregate", no ? "false" : "true");
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
	return set(vty, "announce-table", no ? NULL : table_str);
}

/* --- gateway group */

#define GROUP_STR "Gateways with the same private key\n"

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
	struct wg_addr a;
	size_t len;

	if (wg_addr_parse(addr_str, &a) < 0) {
		vty_out(vty, "%% wireguard gateway-group member %s: not an address\n",
			addr_str);
		return CMD_WARNING_CONFIG_FAILED;
	}
	len = snprintf(xpath, sizeof(xpath),
		       WGD_XPATH "/gateway-group/member[address='%s']",
		       wg_addr_str(&a, text));
	if (no) {
		nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
		return nb_cli_apply_changes(vty, NULL);
	}
	if (!check(vty, NULL, "gateway-group/member", text))
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
	return set(vty, "gateway-group/drain", no ? "false" : "true");
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
	struct wg_addr a;

	if (wg_addr_parse(addr_str, &a) < 0) {
		vty_out(vty,
			"%% wireguard gateway-group source %s: not an address\n",
			addr_str);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return set(vty,
		   a.family == AF_INET ? "gateway-group/source"
				       : "gateway-group/ipv6-source",
		   no ? NULL : wg_addr_str(&a, text));
}

/* --- peers */

DEFPY_YANG (no_wireguard_peer,
	    no_wireguard_peer_cmd,
	    "no wireguard peer WORD$name",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR)
{
	return peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
}

DEFPY_YANG (wireguard_peer_public_key,
	    wireguard_peer_public_key_cmd,
	    "[no] wireguard peer WORD$name public-key ![WORD$key]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Public key of the peer\n"
	    "32 bytes in base64\n")
{
	struct wg_key parsed;

	if (!no && wg_key_parse(key, &parsed) < 0) {
		vty_out(vty,
			"%% wireguard peer %s public-key %s: not 32 bytes of base64\n",
			name, key);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return peer_leaf(vty, no, name, "public-key", key);
}

DEFPY_YANG (wireguard_peer_address,
	    wireguard_peer_address_cmd,
	    "[no] wireguard peer WORD$name address <A.B.C.D|X:X::X:X>$addr",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "A next hop that is this peer, always allowed\n"
	    "IPv4 address\n"
	    "IPv6 address\n")
{
	char text[WG_ADDR_STRLEN];
	struct wg_addr a;

	/* as libyang writes it, so that it is found again */
	if (wg_addr_parse(addr_str, &a) < 0) {
		vty_out(vty, "%% wireguard peer %s address %s: not an address\n",
			name, addr_str);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return peer_entry(vty, no, name, "address", wg_addr_str(&a, text));
}

DEFPY_YANG (wireguard_peer_allowed_ips,
	    wireguard_peer_allowed_ips_cmd,
	    "[no] wireguard peer WORD$name allowed-ips <A.B.C.D/M|X:X::X:X/M>$prefix",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "A prefix that is always this peer's\n"
	    "IPv4 prefix\n"
	    "IPv6 prefix\n")
{
	char text[WG_PREFIX_STRLEN];
	struct wg_prefix p;

	if (wg_prefix_parse(prefix_str, &p) < 0) {
		vty_out(vty,
			"%% wireguard peer %s allowed-ips %s: not a prefix\n",
			name, prefix_str);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (wg_prefix_mask(&p))
		vty_out(vty,
			"%% wireguard peer %s allowed-ips %s: host bits are set, taken as %s\n",
			name, prefix_str, wg_prefix_str(&p, text));
	return peer_entry(vty, no, name, "allowed-ips",
			  wg_prefix_str(&p, text));
}

DEFPY_YANG (wireguard_peer_endpoint,
	    wireguard_peer_endpoint_cmd,
	    "wireguard peer WORD$name endpoint WORD$host port (1-65535)$port",
	    WIREGUARD_STR
	    PEER_STR
	    "Where encrypted packets go first\n"
	    "IP address or host name\n"
	    "UDP port\n"
	    "UDP port\n")
{
	char xpath[XPATH_MAXLEN];

	if (!name_is_good(name))
		return peer_set(vty, name, "endpoint", host); /* says why */
	if (!check(vty, name, "endpoint", NULL))
		return CMD_WARNING_CONFIG_FAILED;
	peer_path(xpath, sizeof(xpath), name, "endpoint");
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	peer_path(xpath, sizeof(xpath), name, "endpoint/host");
	nb_cli_enqueue_change(vty, xpath, NB_OP_MODIFY, host);
	peer_path(xpath, sizeof(xpath), name, "endpoint/port");
	nb_cli_enqueue_change(vty, xpath, NB_OP_MODIFY, port_str);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_wireguard_peer_endpoint,
	    no_wireguard_peer_endpoint_cmd,
	    "no wireguard peer WORD$name endpoint [WORD port (1-65535)]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Where encrypted packets go first\n"
	    "IP address or host name\n"
	    "UDP port\n"
	    "UDP port\n")
{
	return peer_unset(vty, name, "endpoint", NULL);
}

DEFPY_YANG (wireguard_peer_psk,
	    wireguard_peer_psk_cmd,
	    "wireguard peer WORD$name preshared-key file WORD$path",
	    WIREGUARD_STR
	    PEER_STR
	    "Preshared key\n"
	    "Where it is kept\n"
	    "Absolute path, mode 0600\n")
{
	if (*path != '/') {
		vty_out(vty,
			"%% wireguard peer %s preshared-key file %s: not an absolute path\n",
			name, path);
		return CMD_WARNING_CONFIG_FAILED;
	}
	return peer_set(vty, name, "preshared-key-file", path);
}

DEFPY_YANG (no_wireguard_peer_psk,
	    no_wireguard_peer_psk_cmd,
	    "no wireguard peer WORD$name preshared-key [file [WORD]]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Preshared key\n"
	    "Where it is kept\n"
	    "Absolute path\n")
{
	return peer_unset(vty, name, "preshared-key-file", NULL);
}

DEFPY_YANG (wireguard_peer_keepalive,
	    wireguard_peer_keepalive_cmd,
	    "[no] wireguard peer WORD$name persistent-keepalive ![(1-65535)$s]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Empty packets that keep the path open\n"
	    "Interval in seconds\n")
{
	return peer_leaf(vty, no, name, "persistent-keepalive", s_str);
}

DEFPY_YANG (wireguard_peer_prefix_list,
	    wireguard_peer_prefix_list_cmd,
	    "[no] wireguard peer WORD$name [ipv6$ipv6] prefix-list ![WORD$list]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    IPV6_STR
	    "Learned prefixes that the peer may own\n"
	    "Name of a prefix list\n")
{
	return peer_leaf(vty, no, name,
			 ipv6 ? "ipv6-prefix-list" : "prefix-list", list);
}

DEFPY_YANG (wireguard_peer_maximum_prefix,
	    wireguard_peer_maximum_prefix_cmd,
	    "[no] wireguard peer WORD$name maximum-prefix ![(1-4294967295)$n]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Most learned prefixes that the peer may own\n"
	    "Number of prefixes\n")
{
	return peer_leaf(vty, no, name, "maximum-prefix", n_str);
}

DEFPY_YANG (wireguard_peer_description,
	    wireguard_peer_description_cmd,
	    "wireguard peer WORD$name description LINE$text...",
	    WIREGUARD_STR
	    PEER_STR
	    "Description\n"
	    "Text\n")
{
	char *line = argv_concat(argv, argc, 4);
	int rc = peer_set(vty, name, "description", line);

	XFREE(MTYPE_TMP, line);
	return rc;
}

DEFPY_YANG (no_wireguard_peer_description,
	    no_wireguard_peer_description_cmd,
	    "no wireguard peer WORD$name description",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Description\n")
{
	return peer_unset(vty, name, "description", NULL);
}

ALIAS_YANG (no_wireguard_peer_description,
	    no_wireguard_peer_description_line_cmd,
	    "no wireguard peer WORD$name description LINE...",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Description\n"
	    "Text\n")

DEFPY_YANG (wireguard_peer_shutdown,
	    wireguard_peer_shutdown_cmd,
	    "[no] wireguard peer WORD$name shutdown",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Take the peer off the device\n")
{
	return peer_flag(vty, no, name, "shutdown");
}

DEFPY_YANG (wireguard_peer_announce,
	    wireguard_peer_announce_cmd,
	    "[no] wireguard peer WORD$name announce",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Its addresses and allowed-ips are routes while it is up\n")
{
	return peer_flag(vty, no, name, "announce");
}

DEFPY_YANG (wireguard_peer_bfd,
	    wireguard_peer_bfd_cmd,
	    "wireguard peer WORD$name bfd [profile BFDPROF$profile]",
	    WIREGUARD_STR
	    PEER_STR
	    "BFD with the peer's first address decides whether it is up\n"
	    "BFD profile\n"
	    "Name of the profile\n")
{
	char xpath[XPATH_MAXLEN];

	if (!name_is_good(name))
		return peer_set(vty, name, "bfd", NULL); /* says why */
	if (profile && strlen(profile) >= BFD_PROFILE_NAME_LEN) {
		vty_out(vty,
			"%% wireguard peer %s bfd profile %s: longer than %d characters\n",
			name, profile, BFD_PROFILE_NAME_LEN - 1);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (!check(vty, name, "bfd", NULL))
		return CMD_WARNING_CONFIG_FAILED;
	peer_path(xpath, sizeof(xpath), name, "bfd");
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	peer_path(xpath, sizeof(xpath), name, "bfd/profile");
	nb_cli_enqueue_change(vty, xpath,
			      profile ? NB_OP_MODIFY : NB_OP_DESTROY, profile);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_wireguard_peer_bfd,
	    no_wireguard_peer_bfd_cmd,
	    "no wireguard peer WORD$name bfd [profile [BFDPROF]]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "BFD with the peer's first address decides whether it is up\n"
	    "BFD profile\n"
	    "Name of the profile\n")
{
	return peer_unset(vty, name, "bfd", NULL);
}

/* --- showing it again */

/* The words of a leaf whose command has another shape than its name. */
static const char *words(const struct lyd_node *leaf)
{
	static const char *const map[][2] = {
		{ "private-key-file", "private-key file" },
		{ "preshared-key-file", "preshared-key file" },
		{ "ipv6-prefix-list", "ipv6 prefix-list" },
		{ "announce-table", "announce table" },
	};
	size_t i;

	for (i = 0; i < array_size(map); i++)
		if (strmatch(leaf->schema->name, map[i][0]))
			return map[i][1];
	return leaf->schema->name;
}

static const char *peer_of(const struct lyd_node *dnode)
{
	return yang_dnode_get_string(yang_dnode_get_parent(dnode, "peer"),
				     "./name");
}

void wgd_cli_show_enable(struct vty *vty, const struct lyd_node *dnode,
			 bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard\n");
}

void wgd_cli_show_leaf(struct vty *vty, const struct lyd_node *dnode,
		       bool show_defaults)
{
	vty_out(vty, " wireguard %s %s\n", words(dnode), lyd_get_value(dnode));
}

void wgd_cli_show_aggregate(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard aggregate\n");
}

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

void wgd_cli_show_implementation(struct vty *vty, const struct lyd_node *dnode,
				 bool show_defaults)
{
	vty_out(vty, " wireguard implementation %s", lyd_get_value(dnode));
	if (yang_dnode_exists(dnode, "../program"))
		vty_out(vty, " %s", yang_dnode_get_string(dnode, "../program"));
	vty_out(vty, "\n");
}

void wgd_cli_show_peer_leaf(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	vty_out(vty, " wireguard peer %s %s %s\n", peer_of(dnode),
		words(dnode), lyd_get_value(dnode));
}

void wgd_cli_show_peer_endpoint(struct vty *vty, const struct lyd_node *dnode,
				bool show_defaults)
{
	vty_out(vty, " wireguard peer %s endpoint %s port %s\n",
		peer_of(dnode), yang_dnode_get_string(dnode, "./host"),
		yang_dnode_get_string(dnode, "./port"));
}

void wgd_cli_show_peer_bfd(struct vty *vty, const struct lyd_node *dnode,
			   bool show_defaults)
{
	vty_out(vty, " wireguard peer %s bfd", peer_of(dnode));
	if (yang_dnode_exists(dnode, "./profile"))
		vty_out(vty, " profile %s",
			yang_dnode_get_string(dnode, "./profile"));
	vty_out(vty, "\n");
}

void wgd_cli_show_peer_flag(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	if (yang_dnode_get_bool(dnode, NULL))
		vty_out(vty, " wireguard peer %s %s\n", peer_of(dnode),
			words(dnode));
}

void wgd_cli_init(void)
{
	if_cmd_init_default();
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
	install_element(INTERFACE_NODE, &wireguard_group_member_cmd);
	install_element(INTERFACE_NODE, &wireguard_group_drain_cmd);
	install_element(INTERFACE_NODE, &wireguard_group_source_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_public_key_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_address_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_allowed_ips_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_endpoint_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_endpoint_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_psk_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_psk_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_keepalive_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_prefix_list_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_maximum_prefix_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_description_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_description_cmd);
	install_element(INTERFACE_NODE,
			&no_wireguard_peer_description_line_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_bfd_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_bfd_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_shutdown_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_announce_cmd);
}
