// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands of peers.
 *
 * The last line of a peer takes the peer with it: frr-reload removes a peer
 * line by line.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "bfd.h"
#include "command.h"
#include "vty.h"

#include "frr-wgd/config/wgd_cli.h"
#include "frr-wgd/peer/wgd_peer.h"
#include "lib/backend/wg_keys.h"

#ifndef VTYSH_EXTRACT_PL
#include "frr-wgd/config/wgd_cli_peer_clippy.c"
#endif

#define PEER_STR "A peer of the interface\n" "Name of the peer\n"

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
	if (op != NB_OP_DESTROY && !wgd_cli_check(vty, name, leaf, value))
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

/* Does the node say a part of the line LEAF VALUE? */
static bool is_of_line(const struct lyd_node *child, const char *leaf,
		       const char *value)
{
	const char *name = child->schema->name;

	return (strmatch(name, leaf) || (strmatch(name, "exclusive") &&
					 strmatch(leaf, "allowed-ips"))) &&
	       (!value || strmatch(lyd_get_value(child), value));
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
		if (!is_of_line(child, leaf, value))
			return true;
	}
	return false;
}

/* A line goes; ENTRY: of a leaf-list, else NULL. */
static int peer_drop(struct vty *vty, const char *name, const char *leaf,
		     const char *entry)
{
	if (!peer_has_more(vty, name, leaf, entry))
		return peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
	return peer_change(vty, name, leaf, NB_OP_DESTROY, entry);
}

/* A leaf that is there or not. */
static int peer_unset(struct vty *vty, const char *name, const char *leaf,
		      const char *value)
{
	int rc;

	return wgd_cli_is_there(vty, name, leaf, value, &rc)
		       ? peer_drop(vty, name, leaf, NULL)
		       : rc;
}

static int peer_leaf(struct vty *vty, const char *no, const char *name,
		     const char *leaf, const char *value)
{
	return no ? peer_unset(vty, name, leaf, value)
		  : peer_set(vty, name, leaf, value);
}

/* A leaf that is false unless set. */
static int peer_flag(struct vty *vty, const char *no, const char *name,
		     const char *leaf)
{
	int rc;

	if (!no)
		return peer_set(vty, name, leaf, "true");
	if (!wgd_cli_is_there(vty, name, leaf, NULL, &rc))
		return rc;
	return peer_has_more(vty, name, leaf, NULL)
		       ? peer_set(vty, name, leaf, "false")
		       : peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
}

/* An entry of a leaf-list. */
static int peer_entry(struct vty *vty, const char *no, const char *name,
		      const char *leaf, const char *value)
{
	int rc;

	if (!no)
		return peer_change(vty, name, leaf, NB_OP_CREATE, value);
	return wgd_cli_is_there(vty, name, leaf, value, &rc)
		       ? peer_drop(vty, name, leaf, value)
		       : rc;
}

/*
 * A prefix is in one leaf-list, and in another if it is exclusive: the line
 * says both, so it also takes the word back.
 */
static int peer_allowed_ips(struct vty *vty, bool no, const char *name,
			    const char *value, bool exclusive)
{
	enum nb_operation op = no || !exclusive ? NB_OP_DESTROY : NB_OP_CREATE;
	char xpath[XPATH_MAXLEN];

	if (name_is_good(name) && !(no && !peer_has_more(vty, name,
							  "allowed-ips", value))) {
		peer_path(xpath, sizeof(xpath), name, "exclusive");
		if (op == NB_OP_DESTROY)
			wgd_compat_entry(xpath, sizeof(xpath), value);
		nb_cli_enqueue_change(vty, xpath, op, value);
	}
	return peer_entry(vty, no ? "no" : NULL, name, "allowed-ips", value);
}

/* --- the commands */

DEFPY_YANG (no_wireguard_peer,
	    no_wireguard_peer_cmd,
	    "no wireguard peer PEER$name",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR)
{
	int rc;

	if (name_is_good(name) &&
	    !wgd_cli_is_there(vty, NULL, "peer", name, &rc))
		return rc;
	return peer_change(vty, name, NULL, NB_OP_DESTROY, NULL);
}

DEFPY_YANG (wireguard_peer_public_key,
	    wireguard_peer_public_key_cmd,
	    "[no] wireguard peer PEER$name public-key ![WORD$key]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Public key of the peer\n"
	    "32 bytes in base64\n")
{
	return peer_leaf(vty, no, name, "public-key", key);
}

DEFPY_YANG (wireguard_peer_address,
	    wireguard_peer_address_cmd,
	    "[no] wireguard peer PEER$name address <A.B.C.D|X:X::X:X>$addr",
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
	    "[no] wireguard peer PEER$name allowed-ips <A.B.C.D/M|X:X::X:X/M>$prefix [exclusive$exclusive]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "A prefix that is always this peer's\n"
	    "IPv4 prefix\n"
	    "IPv6 prefix\n"
	    "Routes to longer prefixes within it are not followed\n")
{
	char text[WG_PREFIX_STRLEN], words[128];

	snprintf(words, sizeof(words), "peer %.64s allowed-ips", name);
	return wgd_cli_prefix(vty, words, prefix_str, text)
		       ? peer_allowed_ips(vty, no, name, text, exclusive)
		       : CMD_WARNING_CONFIG_FAILED;
}

DEFPY_YANG (wireguard_peer_endpoint,
	    wireguard_peer_endpoint_cmd,
	    "wireguard peer PEER$name endpoint WORD$host port (1-65535)$port",
	    WIREGUARD_STR
	    PEER_STR
	    "Where encrypted packets go first\n"
	    "IP address or host name\n"
	    "UDP port\n"
	    "UDP port\n")
{
	char xpath[XPATH_MAXLEN], bare[XPATH_MAXLEN];

	if (!name_is_good(name))
		return peer_set(vty, name, "endpoint", host); /* says why */
	host = wgd_cli_host(host, bare, sizeof(bare));
	if (!wgd_cli_check(vty, name, "endpoint/host", host))
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
	    "no wireguard peer PEER$name endpoint [WORD$host port (1-65535)$port]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Where encrypted packets go first\n"
	    "IP address or host name\n"
	    "UDP port\n"
	    "UDP port\n")
{
	char bare[XPATH_MAXLEN];
	int rc;

	if (host) {
		host = wgd_cli_host(host, bare, sizeof(bare));
		if (!wgd_cli_is_there(vty, name, "endpoint/host", host, &rc) ||
		    !wgd_cli_is_there(vty, name, "endpoint/port", port_str,
				      &rc))
			return rc;
	}
	return peer_unset(vty, name, "endpoint", NULL);
}

DEFPY_YANG (wireguard_peer_psk,
	    wireguard_peer_psk_cmd,
	    "wireguard peer PEER$name preshared-key file WORD$path",
	    WIREGUARD_STR
	    PEER_STR
	    "Preshared key\n"
	    "Where it is kept\n"
	    "Absolute path, mode 0600\n")
{
	return peer_set(vty, name, "preshared-key-file", path);
}

DEFPY_YANG (no_wireguard_peer_psk,
	    no_wireguard_peer_psk_cmd,
	    "no wireguard peer PEER$name preshared-key [file [WORD$path]]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Preshared key\n"
	    "Where it is kept\n"
	    "Absolute path\n")
{
	return peer_unset(vty, name, "preshared-key-file", path);
}

DEFPY_YANG (wireguard_peer_keepalive,
	    wireguard_peer_keepalive_cmd,
	    "[no] wireguard peer PEER$name persistent-keepalive ![(1-65535)$s]",
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
	    "[no] wireguard peer PEER$name [ipv6$ipv6] prefix-list ![WORD$list]",
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
	    "[no] wireguard peer PEER$name maximum-prefix ![(1-4294967295)$n]",
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
	    "[no] wireguard peer PEER$name description LINE$text...",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "What the peer is, for people\n"
	    "Free text\n")
{
	char *line = argv_concat(argv, argc, no ? 5 : 4);
	int rc = peer_leaf(vty, no, name, "description", line);

	XFREE(MTYPE_TMP, line);
	return rc;
}

DEFPY_YANG (no_wireguard_peer_description,
	    no_wireguard_peer_description_cmd,
	    "no wireguard peer PEER$name description",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "What the peer is, for people\n")
{
	return peer_unset(vty, name, "description", NULL);
}

DEFPY_YANG (wireguard_peer_shutdown,
	    wireguard_peer_shutdown_cmd,
	    "[no] wireguard peer PEER$name shutdown",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Take the peer off the device\n")
{
	return peer_flag(vty, no, name, "shutdown");
}

DEFPY_YANG (wireguard_peer_announce,
	    wireguard_peer_announce_cmd,
	    "[no] wireguard peer PEER$name announce",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "Its addresses and allowed-ips are routes while it is up\n")
{
	return peer_flag(vty, no, name, "announce");
}

DEFPY_YANG (wireguard_peer_bfd,
	    wireguard_peer_bfd_cmd,
	    "wireguard peer PEER$name bfd [profile BFDPROF$profile]",
	    WIREGUARD_STR
	    PEER_STR
	    "BFD with the peer's first address decides whether it is up\n"
	    "BFD profile\n"
	    "Name of the profile\n")
{
	char xpath[XPATH_MAXLEN];

	if (!name_is_good(name))
		return peer_set(vty, name, "bfd", NULL); /* says why */
	if (!wgd_cli_check(vty, name, "bfd/profile", profile))
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
	    "no wireguard peer PEER$name bfd [profile [BFDPROF$profile]]",
	    NO_STR
	    WIREGUARD_STR
	    PEER_STR
	    "BFD with the peer's first address decides whether it is up\n"
	    "BFD profile\n"
	    "Name of the profile\n")
{
	int rc;

	if (profile &&
	    !wgd_cli_is_there(vty, name, "bfd/profile", profile, &rc))
		return rc;
	return peer_unset(vty, name, "bfd", NULL);
}

/* --- showing it again */

static const char *peer_of(const struct lyd_node *dnode)
{
	return yang_dnode_get_string(yang_dnode_get_parent(dnode, "peer"),
				     "./name");
}

void wgd_cli_show_peer_leaf(struct vty *vty, const struct lyd_node *dnode,
			    bool show_defaults)
{
	vty_out(vty, " wireguard peer %s %s %s\n", peer_of(dnode),
		wgd_value_words(dnode->schema->name), lyd_get_value(dnode));
}

/* Is the prefix one of the peer's exclusive ones? */
static bool is_exclusive(const struct lyd_node *allowed)
{
	const struct lyd_node *leaf;

	LY_LIST_FOR (lyd_child(lyd_parent(allowed)), leaf)
		if (strmatch(leaf->schema->name, "exclusive") &&
		    strmatch(lyd_get_value(leaf), lyd_get_value(allowed)))
			return true;
	return false;
}

void wgd_cli_show_peer_allowed_ips(struct vty *vty,
				   const struct lyd_node *dnode,
				   bool show_defaults)
{
	vty_out(vty, " wireguard peer %s allowed-ips %s%s\n", peer_of(dnode),
		lyd_get_value(dnode), is_exclusive(dnode) ? " exclusive" : "");
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
			wgd_value_words(dnode->schema->name));
}

/* --- completion */

/* Names of peers, for `?` and the tabulator. */
static void complete(vector names, struct cmd_token *token)
{
	wgd_each_if (wif)
		wgd_each_peer (wif, p)
			vector_set(names, XSTRDUP(MTYPE_COMPLETION,
						  wg_peer_name(p->peer)));
}

static const struct cmd_variable_handler handlers[] = {
	{ .tokenname = "PEER", .completions = complete },
	{ .completions = NULL },
};

void wgd_cli_peer_init(void)
{
	cmd_variable_handler_register(handlers);
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
	install_element(INTERFACE_NODE, &wireguard_peer_bfd_cmd);
	install_element(INTERFACE_NODE, &no_wireguard_peer_bfd_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_shutdown_cmd);
	install_element(INTERFACE_NODE, &wireguard_peer_announce_cmd);
}
