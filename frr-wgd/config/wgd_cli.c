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

/* The interface in the candidate. */
static const struct lyd_node *interface_of(const struct vty *vty)
{
	return yang_dnode_get(vty->candidate_config->dnode, VTY_CURR_XPATH);
}

/* The wireguard container of it, or NULL. */
static const struct lyd_node *candidate(struct vty *vty, const char **ifname)
{
	const struct lyd_node *interface = interface_of(vty);

	*ifname = interface ? wgd_nb_key(interface) : "?";
	return interface ? wgd_nb_wireguard(interface) : NULL;
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
	    wgd_check_conflict(interface_of(vty), &v, err, sizeof(err)) < 0) {
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
	char text[WGD_NB_ENTRY_STRLEN];

	if (!value)
		return true;
	if (node->schema->nodetype == LYS_LIST)
		return strmatch(wgd_nb_entry(node, text), value);
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

	if (!all || !wgd_nb_is_configured(all)) {
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

bool wgd_cli_prefix(struct vty *vty, const char *words, const char *value,
		    char *ret_text)
{
	struct wg_prefix p;

	if (wg_prefix_parse(value, &p) < 0) {
		vty_out(vty, "%% wireguard %s %s: not a prefix\n", words,
			value);
		return false;
	}
	if (wg_prefix_mask(&p))
		vty_out(vty,
			"Note: wireguard %s %s: host bits are set, taken as %s\n",
			words, value, wg_prefix_str(&p, ret_text));
	wg_prefix_str(&p, ret_text);
	return true;
}

const char *wgd_cli_host(const char *host, char *buf, size_t len)
{
	size_t n = strlen(host);

	if (*host != '[' || host[n - 1] != ']' || n > len)
		return host;
	strlcpy(buf, host + 1, n - 1);
	return buf;
}

/* The port that belongs to such a host; NULL: to none. */
static const char *port_of(const char *leaf)
{
	static const char *const places[][2] = {
		{"endpoint/host", "endpoint/port"},
		{"mesh/endpoint/host", "mesh/endpoint/port"},
		{"mesh/door/host", "mesh/door/port"},
	};
	size_t i;

	for (i = 0; leaf && i < array_size(places); i++)
		if (strmatch(places[i][0], leaf))
			return places[i][1];
	return NULL;
}

/* Mostly a value is the reason that a line fits no command. */
int wgd_cli_wrong(struct vty *vty, char *line)
{
	struct wgd_value v = {.value = ""}, port;
	char *rest = line, *more;
	char err[1024], word[] = "port ";

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
	port = v;
	port.leaf = port_of(v.leaf);
	if (port.leaf && strncmp(more, word, strlen(word)) == 0) {
		port.value = more + strlen(word);
		cut((char *)port.value);
		if (wgd_value_check(&port, err, sizeof(err)) < 0) {
			vty_out(vty, "%% %s\n", err);
			return CMD_WARNING_CONFIG_FAILED;
		}
	} else if (port.leaf) {
		vty_out(vty,
			"%% interface %s%s%s: %s %s: 'port' and a number have to follow\n",
			v.ifname, v.peer ? " peer " : "", v.peer ?: "",
			wgd_value_words(v.leaf), wgd_value_shown(v.value));
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
