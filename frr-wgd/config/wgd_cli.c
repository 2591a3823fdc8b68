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
#include "frr-wgd/base/wgd_compat.h"

#include "command.h"
#include "vty.h"

#include "frr-wgd/config/wgd_check.h"
#include "frr-wgd/config/wgd_cli.h"

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

/*
 * Lines of a file, at the start or by `vtysh -f`: they are committed together
 * at its end.
 */
static bool is_from_file(const struct vty *vty)
{
	return vty->pending_allowed || vty->type == VTY_FILE;
}

bool wgd_cli_check(struct vty *vty, const char *peer, const char *leaf,
		   const char *value)
{
	struct wgd_value v = {.peer = peer, .leaf = leaf, .value = value};
	const struct lyd_node *wireguard = candidate(vty, &v.ifname);
	char err[1024];

	if (wgd_value_check(&v, err, sizeof(err)) < 0 ||
	    wgd_check_conflict(wireguard, &v, err, sizeof(err)) < 0) {
		vty_out(vty, "%% %s\n", err);
		return false;
	}
	if (wgd_check_machine(wireguard, &v, err, sizeof(err)) == 0)
		return true;
	if (is_from_file(vty))
		vty_out(vty, "Warning: %s; the line is kept\n", err);
	else
		vty_out(vty, "%% %s\n", err);
	return is_from_file(vty);
}

static bool is_entry(const struct lyd_node *node, const char *value)
{
	if (!value)
		return true;
	if (node->schema->nodetype == LYS_LIST)
		return strmatch(wgd_nb_key(node), value);
	return node->schema->nodetype != LYS_LEAFLIST ||
	       strmatch(lyd_get_value(node), value);
}

/* The node of a leaf, or of the entry VALUE of a list, or NULL. */
static const struct lyd_node *find(const struct lyd_node *in, const char *leaf,
				   const char *value)
{
	const char *slash = strchr(leaf, '/');
	const struct lyd_node *child;
	char first[64];

	if (in && value && strmatch(leaf, "peer"))
		return wgd_nb_peer(in, value); /* of thousands */
	snprintf(first, sizeof(first), "%.*s",
		 slash ? (int)(slash - leaf) : (int)strlen(leaf), leaf);
	if (in)
		wgd_nb_each_child (in, child)
			if (wgd_nb_is(child, first) && !lyd_is_default(child) &&
			    (slash || is_entry(child, value)))
				return slash ? find(child, slash + 1, value)
					     : child;
	return NULL;
}

/*
 * FRR's daemons have no objection to a `no` of what is not there; it is said,
 * for it may be a typo.  But a `no` with another value than the line has is
 * meant for another line.
 */
bool wgd_cli_is_there(struct vty *vty, const char *peer, const char *leaf,
		      const char *value, int *ret)
{
	const char *ifname, *words = wgd_value_words(leaf);
	const struct lyd_node *in = candidate(vty, &ifname), *node;
	const char *of = peer ? " peer " : "";

	if (peer && in)
		in = wgd_nb_peer(in, peer);
	node = find(in, leaf, value);
	if (!node) {
		vty_out(vty,
			"Note: interface %s%s%s: there is no such line: %s%s%s\n",
			ifname, of, peer ?: "", words, value ? " " : "",
			value ? wgd_value_shown(value) : "");
		*ret = CMD_SUCCESS;
		return false;
	}
	if (!value || !lyd_get_value(node) ||
	    strmatch(lyd_get_value(node), value))
		return true;
	vty_out(vty,
		"%% interface %s%s%s: %s is %s, not %s: nothing is removed\n",
		ifname, of, peer ?: "", words, lyd_get_value(node),
		wgd_value_shown(value));
	*ret = CMD_WARNING_CONFIG_FAILED;
	return false;
}

int wgd_cli_set(struct vty *vty, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	if (!wgd_cli_check(vty, NULL, leaf, value))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), WGD_XPATH "/%s", leaf);
	nb_cli_enqueue_change(vty, xpath, NB_OP_MODIFY, value);
	return nb_cli_apply_changes(vty, NULL);
}

int wgd_cli_unset(struct vty *vty, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];
	int rc;

	if (!wgd_cli_is_there(vty, NULL, leaf, value, &rc))
		return rc;
	snprintf(xpath, sizeof(xpath), WGD_XPATH "/%s", leaf);
	nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

/* In the candidate at once: a command may enqueue 16 changes, not thousands. */
int wgd_cli_unset_all(struct vty *vty)
{
	const char *ifname;
	const struct lyd_node *all = candidate(vty, &ifname);

	if (!all || !wgd_check_is_configured(all)) {
		vty_out(vty, "Note: interface %s has no wireguard lines\n",
			ifname);
		return CMD_SUCCESS;
	}
	lyd_free_tree((struct lyd_node *)all);
	return nb_cli_apply_changes(vty, NULL);
}

int wgd_cli_leaf(struct vty *vty, const char *no, const char *leaf,
		 const char *value)
{
	return no ? wgd_cli_unset(vty, leaf, value)
		  : wgd_cli_set(vty, leaf, value);
}

int wgd_cli_flag(struct vty *vty, const char *leaf, bool on)
{
	int rc;

	if (!on && !wgd_cli_is_there(vty, NULL, leaf, NULL, &rc))
		return rc;
	return wgd_cli_set(vty, leaf, on ? "true" : "false");
}

/* Up to the next word; "" at the end. */
static char *cut(char *s)
{
	s += strcspn(s, " ");
	if (*s)
		*s++ = '\0';
	return s;
}

/* Mostly a value is the reason that a line fits no command. */
int wgd_cli_wrong(struct vty *vty, char *line)
{
	struct wgd_value v = {.value = ""};
	char *rest = line, *more;
	char err[1024], port[] = "port ";

	candidate(vty, &v.ifname);
	if (strncmp(line, "peer ", 5) == 0) {
		v.peer = line + 5;
		rest = cut(line + 5);
	}
	v.leaf = wgd_value_leaf(rest, v.peer, &v.value);
	more = v.leaf ? cut((char *)v.value) : NULL;
	if (v.leaf && wgd_value_check(&v, err, sizeof(err)) < 0) {
		vty_out(vty, "%% %s\n", err);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (v.leaf && strmatch(v.leaf, "endpoint/host") &&
	    strncmp(more, port, strlen(port)) == 0) {
		v.leaf = "endpoint/port";
		v.value = more + strlen(port);
		cut((char *)v.value);
		if (wgd_value_check(&v, err, sizeof(err)) < 0) {
			vty_out(vty, "%% %s\n", err);
			return CMD_WARNING_CONFIG_FAILED;
		}
	}
	if (v.leaf && strmatch(v.leaf, "endpoint/host")) {
		vty_out(vty,
			"%% interface %s peer %s: endpoint %s: 'port' and a number have to follow\n",
			v.ifname, v.peer, wgd_value_shown(v.value));
		return CMD_WARNING_CONFIG_FAILED;
	}
	vty_out(vty,
		"%% interface %s: no command begins and ends like this line; `?` shows what may follow a word\n",
		v.ifname);
	return CMD_WARNING_CONFIG_FAILED;
}

void wgd_cli_show_leaf(struct vty *vty, const struct lyd_node *dnode,
		       bool show_defaults)
{
	vty_out(vty, " wireguard %s %s\n", wgd_value_words(dnode->schema->name),
		lyd_get_value(dnode));
}
