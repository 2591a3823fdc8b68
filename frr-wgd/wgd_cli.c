// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration commands, lines directly under `interface NAME`, and how
 * they are shown again: what those of the nouns (wgd_cli_*.c) share.
 *
 * A command names one node of the candidate configuration.  What is wrong
 * with it is said here, at the command, with the value and the reason
 * (wgd_check.h).
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/wgd_check.h"
#include "frr-wgd/wgd_cli.h"

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

bool wgd_cli_check(struct vty *vty, const char *peer, const char *leaf,
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

int wgd_cli_set(struct vty *vty, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	if (value && !wgd_cli_check(vty, NULL, leaf, value))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), WGD_XPATH "/%s", leaf);
	nb_cli_enqueue_change(vty, xpath,
			      value ? NB_OP_MODIFY : NB_OP_DESTROY, value);
	return nb_cli_apply_changes(vty, NULL);
}

/* The words of a leaf whose command has another shape than its name. */
const char *wgd_cli_words(const struct lyd_node *leaf)
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

void wgd_cli_show_leaf(struct vty *vty, const struct lyd_node *dnode,
		       bool show_defaults)
{
	vty_out(vty, " wireguard %s %s\n", wgd_cli_words(dnode), lyd_get_value(dnode));
}

void wgd_cli_init(void)
{
	if_cmd_init_default();
	wgd_cli_if_init();
	wgd_cli_group_init();
	wgd_cli_peer_init();
}
