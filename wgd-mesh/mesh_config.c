/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ways of reading are enough: is a line there, and which lines has one
 * configuration that another one has not.  Lines are compared as text.  What
 * FRR would print otherwise than a person wrote it is told as a difference, and
 * a difference is only ever a warning.
 *
 * The text is cut in place, and an array says where lines begin.  Passwords
 * may be among them: the text is wiped, and no caller prints a line that is
 * not its own.
 */
#include "wgd-mesh/mesh_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What stands in one of the two by itself, and nobody wrote. */
static const char *const framing[] = {
	"exit",
	"end",
	"Building configuration...",
	"Current configuration:",
	"exit-vrf",
	"exit-address-family",
};
static const char *const own[] = {
	"frr version", "frr defaults",	   "service integrated-vtysh-config",
	"log",	       "no ip forwarding", "no ipv6 forwarding",
	"hostname", /* the machine's */
	"ip forwarding", "ipv6 forwarding", /* in effect, and never saved */
};
#define N(array) (sizeof(array) / sizeof(*(array)))

static const char *behind(const char *line, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(line, prefix, n) != 0 || (line[n] && line[n] != ' '))
		return NULL;
	return line[n] ? line + n + 1 : line + n;
}

static bool is_framing(const char *line)
{
	size_t i;

	for (i = 0; i < N(framing); i++)
		if (strcmp(line, framing[i]) == 0)
			return true;
	return !*line || *line == '!' || *line == '#';
}

/* Does FRR write it without being told? */
static bool is_its_own(const char *line)
{
	size_t i;

	for (i = 0; i < N(own); i++)
		if (behind(line, own[i]))
			return true;
	return behind(line, "interface");
}

/* One blank between words, none around them, in place. */
static void tidy(char *line)
{
	char *to = line;

	for (; *line; line++)
		if (!isspace((unsigned char)*line))
			*to++ = *line;
		else if (!isspace((unsigned char)line[1]) && line[1])
			*to++ = ' ';
	*to = '\0';
}

static void add(struct mesh_config *c, char *line, const char **block)
{
	bool is_inside = isspace((unsigned char)*line);
	char *text = line + strspn(line, " \t\r");

	tidy(text);
	if (is_framing(text))
		return;
	if (!is_inside)
		*block = text;
	c->has_blocks |= is_inside;
	c->lines[c->n_lines++] =
		(struct mesh_config_line){is_inside ? *block : "", text};
}

int mesh_config_parse(struct mesh_bytes *text, struct mesh_config *ret)
{
	struct mesh_config c = {.bytes = *text};
	const char *block = "";
	char *line, *end;
	size_t n = 1;

	*text = (struct mesh_bytes){0};
	for (line = c.bytes.b; *line; line++)
		n += *line == '\n';
	c.lines = calloc(n, sizeof(*c.lines));
	if (!c.lines) {
		mesh_config_free(&c);
		return -ENOMEM;
	}
	for (line = c.bytes.b; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		add(&c, line, &block);
	}
	*ret = c;
	return 0;
}

void mesh_config_free(struct mesh_config *c)
{
	free(c->lines);
	mesh_bytes_free(&c->bytes);
	*c = (struct mesh_config){0};
}

bool mesh_config_has(const struct mesh_config *c, const char *block,
		     const char *line)
{
	size_t i;

	for (i = 0; i < c->n_lines; i++)
		if (strcmp(c->lines[i].text, line) == 0 &&
		    (!c->has_blocks || strcmp(c->lines[i].block, block) == 0))
			return true;
	return false;
}

const char *mesh_config_next(const struct mesh_config *c, const char *block,
			     const char *prefix, size_t *at)
{
	while (*at < c->n_lines) {
		const struct mesh_config_line *l = &c->lines[(*at)++];
		const char *rest = behind(l->text, prefix);

		if (rest && strcmp(l->block, block) == 0)
			return rest;
	}
	return NULL;
}

void mesh_config_name(const char *block, char ret[MESH_CONFIG_NAME])
{
	const char *name = behind(block, "interface");
	size_t n = name ? strcspn(name, " ") : 0;

	if (n >= MESH_CONFIG_NAME)
		n = 0;
	memcpy(ret, name ? name : "", n);
	ret[n] = '\0';
}

const char *mesh_config_interface(const struct mesh_config *c,
				  const char *ifname)
{
	char name[MESH_CONFIG_NAME];
	size_t i;

	for (i = 0; i < c->n_lines; i++) {
		mesh_config_name(c->lines[i].block, name);
		if (strcmp(name, ifname) == 0)
			return c->lines[i].block;
	}
	return NULL;
}

const struct mesh_config_line *
mesh_config_missing(const struct mesh_config *from,
		    const struct mesh_config *other, size_t *at)
{
	while (*at < from->n_lines) {
		const struct mesh_config_line *l = &from->lines[(*at)++];

		if (!(*l->block == '\0' && is_its_own(l->text)) &&
		    !mesh_config_has(other, l->block, l->text))
			return l;
	}
	return NULL;
}
