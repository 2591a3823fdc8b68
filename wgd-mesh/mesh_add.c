/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh add: a line of members, built from the arguments and read as any
 * other line is, so that there is one checker.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgd-mesh/mesh_assign.h"
#include "wgd-mesh/mesh_commands.h"

/* One word; what would be a comment, or several words, is none. */
static int put(FILE *f, const char *keyword, const char *word,
	       struct mesh_why *why)
{
	if (!*word || strpbrk(word, " \t\r\n#"))
		return mesh_because(why, MESH_USAGE, "add: '%.64s' is no word",
				    word);
	fprintf(f, " %s%s", keyword, word);
	return 0;
}

static int build(const struct mesh_args *args, FILE *f, struct mesh_why *why)
{
	const char *hub = mesh_args_value(args, MESH_HUB);
	const char *door = mesh_args_value(args, MESH_DOOR_PORT);
	char text[MESH_PREFIX_STRLEN];
	struct mesh_prefix p;
	uint32_t number = 0;
	unsigned i;
	int rc = mesh_args_number(args, MESH_NUMBER, 1, UINT32_MAX, &number,
				  why);

	if (!rc && door && !hub)
		rc = mesh_because(why, MESH_USAGE, "add: --door without --hub");
	if (!rc)
		rc = put(f, "", args->words[0], why);
	if (!rc && number)
		fprintf(f, " %u", number);
	for (i = 0; !rc && i < args->given[MESH_ADDRESS]; i++)
		rc = put(f, "", args->value[MESH_ADDRESS][i], why);
	if (!rc && hub)
		rc = put(f, "hub ", hub, why);
	if (!rc && door)
		rc = put(f, "door ", door, why);
	for (i = 0; !rc && i < args->given[MESH_PREFIX]; i++) {
		rc = mesh_prefix_parse(args->value[MESH_PREFIX][i], &p, why);
		if (!rc)
			fprintf(f, " prefix %s", mesh_prefix_str(&p, text));
	}
	return rc;
}

static void print(const struct mesh_keeper *k, const struct mesh_member *m)
{
	const struct mesh_given *given =
		mesh_ledger_number(&k->ledger, m->number);
	char text[MESH_PREFIX_STRLEN];
	unsigned i;

	printf("%s: number %u", m->name, m->number);
	for (i = 0; i < m->n_addresses; i++)
		printf(", %s", wg_addr_str(&m->addresses[i].addr, text));
	if (*m->host)
		printf(", hub %u at %s, door %u", given->hub, m->host, m->door);
	for (i = 0; i < m->n_prefixes; i++)
		printf(", %s", mesh_prefix_str(&m->prefixes[i], text));
	printf("\n");
}

int mesh_add(const struct mesh_args *args, struct mesh_why *why)
{
	const struct mesh_opening o = {.path = args->subject,
				       .how = MESH_KEEPER_WRITE};
	const struct mesh_member *m = NULL;
	struct mesh_why reason;
	struct mesh_keeper k;
	size_t len, filled;
	char *line = NULL;
	FILE *f = open_memstream(&line, &len);
	int rc;

	if (!f)
		return mesh_because(why, -errno, "%s", strerror(errno));
	rc = build(args, f, why);
	if (fclose(f) && !rc)
		rc = mesh_because(why, -ENOMEM, "%s", strerror(ENOMEM));
	if (!rc)
		rc = mesh_keeper_open(&o, &k, why);
	if (rc) {
		free(line);
		return rc;
	}
	/* the first word is behind a blank */
	rc = mesh_inventory_add(&k.members, line + 1, &reason);
	if (!rc)
		rc = mesh_assign(&k.members, &k.ledger, &filled, &reason);
	if (rc)
		mesh_because(why, rc, "%s/%s", k.folder.path, reason.text);
	if (!rc)
		rc = mesh_keeper_save(&k, NULL, NULL, why);
	if (!rc)
		rc = mesh_member_of(&k, args->words[0], &m, why);
	if (!rc) {
		mesh_warn_overlaps(&k);
		print(&k, m);
		rc = mesh_flush(why);
	}
	free(line);
	mesh_keeper_close(&k);
	return rc;
}
