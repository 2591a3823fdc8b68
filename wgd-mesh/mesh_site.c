/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All is asked before anything is entered: vtysh knows which daemons it
 * reaches, and a line for one that it does not reach would be dropped without a
 * word.  wgd checks each line once more when it comes; what is checked here is
 * what it would refuse, so that it does not refuse the third of five.
 *
 * Lines of others are compared and counted, never printed: there are passwords
 * among them.
 */
#include "wgd-mesh/mesh_site.h"

#include <assert.h>
#include <ctype.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgd-mesh/mesh_device.h"
#include "wgd-mesh/mesh_vtysh.h"

/* --- opening */

/* It becomes a word of commands. */
static int check_name(const char *ifname, struct mesh_why *why)
{
	size_t i, n = strlen(ifname);

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)ifname[i]) &&
		    !strchr(i ? "_.:@+-" : "_", ifname[i]))
			break;
	if (n == i && n > 0 && n < IF_NAMESIZE)
		return 0;
	return mesh_because(why, MESH_USAGE,
			    "IFNAME: no name of an interface, such as wg0");
}

/* Does vtysh reach zebra and wgd? */
static int check_daemons(const struct mesh_site *s, struct mesh_why *why)
{
	static const char *const wanted[] = {"wgd", "zebra"};
	struct mesh_bytes out;
	bool found[2] = {false, false};
	char *word, *rest;
	size_t i;
	int rc = mesh_vtysh_ask(s->program, "show daemons", &out, why);

	if (rc)
		return rc;
	for (word = strtok_r(out.b, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest))
		for (i = 0; i < 2; i++)
			found[i] |= strcmp(word, wanted[i]) == 0;
	mesh_bytes_free(&out);
	for (i = 0; i < 2; i++)
		if (!found[i])
			return mesh_because(
				why, -ENOTCONN,
				"%s does not run, or %s does not reach it: see /etc/frr/daemons",
				wanted[i], s->program);
	return 0;
}

static int read_running(const struct mesh_site *s, struct mesh_config *ret,
			struct mesh_why *why)
{
	struct mesh_bytes out;
	int rc = mesh_vtysh_ask(s->program, "show running-config", &out, why);

	if (!rc && mesh_config_parse(&out, ret))
		rc = mesh_because(why, -ENOMEM, "%s", strerror(ENOMEM));
	return rc;
}

/* The value of the interface's only line that begins so; NULL: it has none. */
static const char *value_of(const struct mesh_site *s, const char *prefix)
{
	size_t at = 0;

	return mesh_config_next(&s->running, s->block, prefix, &at);
}

int mesh_site_open(const struct mesh_args *args, struct mesh_site *ret,
		   struct mesh_why *why)
{
	const char *program = mesh_args_value(args, MESH_VTYSH);
	const char *startup = mesh_args_value(args, MESH_CONFIG);
	struct mesh_site s = {
		.ifname = args->subject,
		.program = program ? program : "vtysh",
		.startup = startup ? startup : "/etc/frr/frr.conf",
	};
	const char *block, *mesh;
	int rc = check_name(s.ifname, why);

	if (!rc)
		rc = check_daemons(&s, why);
	if (!rc)
		rc = read_running(&s, &s.running, why);
	if (rc)
		return rc;
	block = mesh_config_interface(&s.running, s.ifname);
	if (block)
		snprintf(s.block, sizeof(s.block), "%s", block);
	else
		snprintf(s.block, sizeof(s.block), "interface %s", s.ifname);
	mesh = value_of(&s, "wireguard mesh name");
	if (mesh)
		snprintf(s.mesh, sizeof(s.mesh), "%s", mesh);
	*ret = s;
	return 0;
}

void mesh_site_close(struct mesh_site *s)
{
	mesh_config_free(&s->running);
}

/* --- checks */

int mesh_site_name(const struct mesh_site *s, const struct mesh_args *args,
		   const char *told, char *ret, struct mesh_why *why)
{
	const char *name = mesh_args_value(args, MESH_MESH);

	if (name) {
		int rc = mesh_name_check("--mesh", name, ret, why);

		if (rc)
			return rc;
	}
	if (!name)
		name = *s->mesh ? s->mesh : told;
	if (!*name)
		return mesh_because(
			why, -EINVAL,
			"what the mesh is called is not known: --mesh NAME");
	if (*s->mesh && strcmp(s->mesh, name) != 0)
		return mesh_because(
			why, -EINVAL,
			"%s: is in the mesh %s: another interface for %s, or no wireguard mesh name before",
			s->ifname, s->mesh, name);
	if (name != ret)
		snprintf(ret, WG_ITEM_NAME_MAX + 1, "%s", name);
	return 0;
}

/* Lines that an interface in a mesh cannot have. */
static int check_excluded(const struct mesh_site *s, struct mesh_why *why)
{
	static const char *const excluded[] = {
		"wireguard private-key file",	 "wireguard fwmark",
		"wireguard route-following any", "wireguard point-to-point",
		"wireguard gateway-group",
	};
	size_t i;

	for (i = 0; i < sizeof(excluded) / sizeof(*excluded); i++)
		if (value_of(s, excluded[i]))
			return mesh_because(
				why, -EINVAL,
				"%s: has the line `%s`, which no interface in a mesh may have: take it away, or take another interface",
				s->ifname, excluded[i]);
	return 0;
}

int mesh_site_check_lines(const struct mesh_site *s, const char *name,
			  struct mesh_why *why)
{
	char other[MESH_CONFIG_NAME], line[MESH_SITE_LINE_MAX];
	size_t i;

	snprintf(line, sizeof(line), "wireguard mesh name %s", name);
	for (i = 0; i < s->running.n_lines; i++) {
		const struct mesh_config_line *l = &s->running.lines[i];

		if (strcmp(l->text, line) != 0 ||
		    strcmp(l->block, s->block) == 0)
			continue;
		mesh_config_name(l->block, other);
		return mesh_because(
			why, -EINVAL,
			"%s: %s is in it already, and a machine is one member of a mesh; if this is another mesh, call it otherwise here: --mesh NAME",
			name, other);
	}
	return check_excluded(s, why);
}

int mesh_site_check_peers(const struct mesh_site *s,
			  const struct mesh_args *args, struct mesh_why *why)
{
	size_t n = 0, at = 0, configured = 0;
	const char *peer;
	int rc;

	/* in a mesh: its key is the mesh's, and its peers are members */
	if (*s->mesh)
		return 0;
	while ((peer = mesh_config_next(&s->running, s->block, "wireguard peer",
					&at)))
		configured += strstr(peer, " public-key ") != NULL;
	rc = mesh_device_peers(s->ifname, &n, why);
	if (rc == -EPERM || rc == -EACCES) {
		mesh_say(
			"warning: %s: whether it has peers cannot be seen without root",
			s->ifname);
		rc = 0;
	}
	if (configured > n)
		n = configured;
	if (rc || !n || args->given[MESH_NEW_KEY])
		return rc;
	return mesh_because(
		why, -EINVAL,
		"%s: has %zu peer%s, and in a mesh another key, which they would have to be told: another interface, or --new-key",
		s->ifname, n, n == 1 ? "" : "s");
}

/* --- lines */

/* Is it as the line says? */
static bool is_done(const struct mesh_config *c, const char *block,
		    const char *line)
{
	if (strncmp(line, "no ", 3) == 0)
		return !mesh_config_has(c, block, line + 3);
	return mesh_config_has(c, block, line);
}

void mesh_site_want_gone(const struct mesh_site *s, struct mesh_lines *lines,
			 const char *line)
{
	if (mesh_config_has(&s->running, s->block, line))
		mesh_site_want(s, lines, "no %s", line);
}

void mesh_site_want(const struct mesh_site *s, struct mesh_lines *lines,
		    const char *fmt, ...)
{
	char *line = lines->line[lines->n];
	va_list ap;
	int n;

	assert(lines->n < MESH_SITE_LINES);
	va_start(ap, fmt);
	n = vsnprintf(line, MESH_SITE_LINE_MAX, fmt, ap);
	va_end(ap);
	assert(n > 0 && n < MESH_SITE_LINE_MAX);
	lines->is_done[lines->n++] = is_done(&s->running, s->block, line);
}

/*
 * What wgd has to say of lines that it took.  Of those that come before the
 * mesh's name it says that the name is missing.
 */
static void pass_on(const char *text)
{
	size_t n, i;

	for (; *text; text += n + (text[n] == '\n')) {
		char line[256] = "";

		n = strcspn(text, "\n");
		for (i = 0; i < n && i < sizeof(line) - 1; i++)
			line[i] =
				isprint((unsigned char)text[i]) ? text[i] : '?';
		if (strncmp(line, "Warning: ", 9) == 0 &&
		    !strstr(line, "no 'wireguard mesh name'"))
			mesh_say("w%s", line + 1);
	}
}

/* What came of lines of which one was refused, or nobody knows. */
static void say_done(const struct mesh_site *s, const struct mesh_lines *lines,
		     bool *ret_in_mesh)
{
	struct mesh_config now;
	struct mesh_why why;
	size_t i, at = 0;

	if (read_running(s, &now, &why)) {
		mesh_say("not known which lines %s has now: %s", s->ifname,
			 why.text);
		*ret_in_mesh = true;
		return;
	}
	for (i = 0; i < lines->n; i++)
		if (!lines->is_done[i])
			mesh_say("%s: %s",
				 is_done(&now, s->block, lines->line[i])
					 ? "done"
					 : "not done",
				 lines->line[i]);
	*ret_in_mesh = mesh_config_next(&now, s->block, "wireguard mesh name",
					&at) != NULL;
	mesh_config_free(&now);
}

int mesh_site_enter(const struct mesh_site *s, const struct mesh_lines *lines,
		    bool *ret_in_mesh, struct mesh_why *why)
{
	struct mesh_vtysh v = {s->program, {"configure terminal", s->block}, 2};
	struct mesh_bytes out = {0};
	bool in_mesh = true;
	size_t i;
	int rc;

	for (i = 0; i < lines->n; i++)
		if (!lines->is_done[i])
			v.command[v.n++] = lines->line[i];
	if (v.n == 2)
		return 0;
	rc = mesh_vtysh_run(&v, &out, why);
	if (rc)
		say_done(s, lines, &in_mesh);
	else
		pass_on(out.b);
	mesh_bytes_free(&out);
	if (ret_in_mesh)
		*ret_in_mesh = in_mesh;
	return rc;
}

/* --- saving */

static bool is_ours(const struct mesh_site *s, const struct mesh_lines *lines,
		    const struct mesh_config_line *l)
{
	size_t i;

	if (strcmp(l->block, s->block) != 0)
		return false;
	for (i = 0; i < lines->n; i++)
		if (strcmp(l->text, lines->line[i]) == 0)
			return true;
	return false;
}

/* How many lines are only in the one; *ret_block is the first one's. */
static size_t count_more(const struct mesh_site *s,
			 const struct mesh_lines *lines,
			 const struct mesh_config *of[2],
			 const char **ret_block)
{
	const struct mesh_config_line *l;
	size_t at = 0, n = 0;

	while ((l = mesh_config_missing(of[0], of[1], &at))) {
		if (is_ours(s, lines, l))
			continue;
		if (n++ == 0)
			*ret_block = *l->block ? l->block : "none";
	}
	return n;
}

/*
 * FRR saves `no ip forwarding`, and never that there is some: who wrote the
 * line has none after the next start.
 */
static void warn_of_forwarding(const struct mesh_site *s,
			       const struct mesh_config *startup)
{
	static const struct {
		const char *line, *sysctl;
	} lost[] = {
		{"ip forwarding", "net.ipv4.ip_forward"},
		{"ipv6 forwarding", "net.ipv6.conf.all.forwarding"},
	};
	size_t i;

	for (i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		if (mesh_config_has(startup, "", lost[i].line))
			mesh_say(
				"warning: FRR does not save the line `%s`, so it goes from %s: put %s = 1 into /etc/sysctl.d",
				lost[i].line, s->startup, lost[i].sysctl);
}

static void warn(const struct mesh_site *s, const struct mesh_lines *lines,
		 const struct mesh_config *startup)
{
	const struct mesh_config *more_of[2] = {&s->running, startup};
	const struct mesh_config *less_of[2] = {startup, &s->running};
	const char *in = "";
	size_t n = count_more(s, lines, more_of, &in);

	if (n)
		mesh_say(
			"warning: %zu line%s of others, not in %s, %s saved as well, the first in block: %.80s",
			n, n == 1 ? "" : "s", s->startup, n == 1 ? "is" : "are",
			in);
	/* where it has no blocks, lines are not found again */
	n = startup->has_blocks ? count_more(s, lines, less_of, &in) : 0;
	if (n)
		mesh_say(
			"warning: %zu line%s of %s, not in effect, %s lost, the first in block: %.80s",
			n, n == 1 ? "" : "s", s->startup, n == 1 ? "is" : "are",
			in);
}

static bool is_saved(const struct mesh_site *s, const struct mesh_lines *lines,
		     const struct mesh_config *startup)
{
	size_t i;

	for (i = 0; i < lines->n; i++)
		if (!is_done(startup, s->block, lines->line[i]))
			return false;
	return true;
}

int mesh_site_save(const struct mesh_site *s, const struct mesh_lines *lines,
		   struct mesh_why *why)
{
	struct mesh_config startup;
	struct mesh_bytes text;
	struct mesh_why unread;
	bool saved = false;
	int rc = mesh_path_read(s->startup, &text, &unread);

	if (!rc && mesh_config_parse(&text, &startup))
		rc = mesh_because(&unread, -ENOMEM, "%s", strerror(ENOMEM));
	if (rc) {
		mesh_say(
			"warning: what others did not save is saved as well, and cannot be told: %s",
			unread.text);
	} else {
		saved = is_saved(s, lines, &startup);
		if (!saved) {
			warn(s, lines, &startup);
			warn_of_forwarding(s, &startup);
		}
		mesh_config_free(&startup);
	}
	if (saved)
		return 0;
	rc = mesh_vtysh_ask(s->program, "write memory", &text, why);
	if (!rc)
		mesh_bytes_free(&text);
	return rc;
}
