/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh show: reads, writes nothing, and asks for no passphrase.
 *
 * JSON is written by hand: names, numbers, addresses and times have no
 * character that would have to be quoted, and hosts neither.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wgd-mesh/mesh_commands.h"

#define DAY 86400

/* What can be said of a member, in the words of the manual. */
static const char *state_of(const struct mesh_keeper *k, uint32_t number,
			    const uint8_t *c)
{
	if (number && mesh_store_revoked(&k->store, number) &&
	    (!c || mesh_store_is_void(&k->store, c)))
		return "revoked";
	if (!c)
		return "new";
	if (mesh_store_is_void(&k->store, c))
		return "void";
	if (wg_item_number(c, WG_ITEM_UNTIL) < k->now)
		return "expired";
	if (mesh_store_identity(&k->store, c))
		return "certified";
	return wg_item_number(c, WG_ITEM_REDEEM_BY) >= k->now ? "invited"
							      : "unconfirmed";
}

/* The first second that is written with five digits of a year. */
#define YEAR_10000 253402300800ull

static const char *date(uint64_t seconds, char buf[16])
{
	time_t t = seconds;
	struct tm tm;

	/* a thief of the key can sign any number */
	if (seconds >= YEAR_10000)
		return "never";
	strftime(buf, 16, "%Y-%m-%d", gmtime_r(&t, &tm));
	return buf;
}

/* --- text */

static void print_member(const struct mesh_keeper *k,
			 const struct mesh_member *m, const uint8_t *c)
{
	const struct mesh_given *given =
		mesh_ledger_number(&k->ledger, m->number);
	char text[MESH_PREFIX_STRLEN], until[16], number[16] = "-";
	unsigned i;

	if (m->number)
		snprintf(number, sizeof(number), "%u", m->number);
	printf("%6s  %-16s  %-11s  %-10s ", number, m->name,
	       state_of(k, m->number, c),
	       c ? date(wg_item_number(c, WG_ITEM_UNTIL), until) : "-");
	for (i = 0; i < m->n_addresses; i++)
		printf(" %s", wg_addr_str(&m->addresses[i].addr, text));
	if (*m->host)
		printf("%s hub %u at %s", m->n_addresses ? "," : "",
		       given ? given->hub : 0, m->host);
	for (i = 0; i < m->n_prefixes; i++)
		printf(", %s", mesh_prefix_str(&m->prefixes[i], text));
	printf("\n");
}

static void print(const struct mesh_keeper *k)
{
	const uint8_t *list = mesh_store_list(&k->store);
	char text[WG_PREFIX_STRLEN], made[16], due[16];
	unsigned i;
	size_t n;

	printf("networks    ");
	for (i = 0; i < k->ledger.n_networks; i++)
		printf("%s%s", i ? ", " : "",
		       wg_prefix_str(&k->ledger.networks[i], text));
	printf("\nauthority   %u%s\n", k->ledger.authority,
	       k->vault.len ? "" : ", and its key is not here");
	if (list)
		printf("list        %u of %s, the next one is due %s\n",
		       (unsigned)wg_item_number(list, WG_ITEM_LIST),
		       date(wg_item_number(list, WG_ITEM_TIME), made),
		       date(wg_item_number(list, WG_ITEM_DUE), due));
	printf("\nnumber  name              state        until       addresses, prefixes\n");
	for (n = 0; n < k->members.n_members; n++) {
		const struct mesh_member *m = &k->members.members[n];

		print_member(k, m,
			     mesh_store_certificate(&k->store, m->number));
	}
	printf("\n");
	mesh_print_backup(k->folder.path);
}

/* --- JSON */

static void json_member(const struct mesh_keeper *k,
			const struct mesh_member *m, const uint8_t *c)
{
	const struct mesh_given *given =
		mesh_ledger_number(&k->ledger, m->number);
	char text[MESH_PREFIX_STRLEN];
	unsigned i;

	printf("\n  \"%s\": {\"number\": %u, \"state\": \"%s\", ", m->name,
	       m->number, state_of(k, m->number, c));
	if (*m->host)
		printf("\"hub\": %u, \"host\": \"%s\", \"door\": %u, ",
		       given ? given->hub : 0, m->host, m->door);
	if (c)
		printf("\"serial\": %u, \"certificateUntil\": %llu, ",
		       (unsigned)wg_item_number(c, WG_ITEM_SERIAL),
		       (unsigned long long)wg_item_number(c, WG_ITEM_UNTIL));
	printf("\"addresses\": [");
	for (i = 0; i < m->n_addresses; i++)
		printf("%s\"%s\"", i ? ", " : "",
		       wg_addr_str(&m->addresses[i].addr, text));
	printf("], \"prefixes\": [");
	for (i = 0; i < m->n_prefixes; i++)
		printf("%s{\"prefix\": \"%s\", \"longest\": %u}", i ? ", " : "",
		       wg_prefix_str(&m->prefixes[i].prefix, text),
		       m->prefixes[i].longest);
	printf("]}");
}

static void json(const struct mesh_keeper *k)
{
	const uint8_t *list = mesh_store_list(&k->store);
	char text[WG_PREFIX_STRLEN];
	unsigned i;
	size_t n;

	printf("{\"networks\": [");
	for (i = 0; i < k->ledger.n_networks; i++)
		printf("%s\"%s\"", i ? ", " : "",
		       wg_prefix_str(&k->ledger.networks[i], text));
	printf("], \"authorityNumber\": %u, \"hasAuthorityKey\": %s, ",
	       k->ledger.authority, k->vault.len ? "true" : "false");
	if (list)
		printf("\"listNumber\": %u, \"listDue\": %llu, ",
		       (unsigned)wg_item_number(list, WG_ITEM_LIST),
		       (unsigned long long)wg_item_number(list, WG_ITEM_DUE));
	printf("\"members\": {");
	for (n = 0; n < k->members.n_members; n++) {
		const struct mesh_member *m = &k->members.members[n];

		printf("%s", n ? "," : "");
		json_member(k, m, mesh_store_certificate(&k->store, m->number));
	}
	printf("}}\n");
}

int mesh_show(const struct mesh_args *args, struct mesh_why *why)
{
	const struct mesh_opening o = {.path = args->subject,
				       .how = MESH_KEEPER_READ};
	struct mesh_keeper k;
	int rc = mesh_keeper_open(&o, &k, why);

	if (rc)
		return rc;
	if (args->given[MESH_JSON])
		json(&k);
	else
		print(&k);
	mesh_warn_overlaps(&k);
	rc = mesh_flush(why);
	mesh_keeper_close(&k);
	return rc;
}
