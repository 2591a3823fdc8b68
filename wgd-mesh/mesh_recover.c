/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh recover: a keeper's files, from what any member knows.
 *
 * Certificates tell names, numbers, addresses and prefixes; records of hubs,
 * where they are; witnesses, which identity redeemed an invite; the list, who
 * is revoked.  What the keeper has already stays: a line of members is never
 * changed, only those that are missing are written.
 *
 * All of it is signed, which is no reason to believe it: a thief may have had
 * the key.  What a later authority declared void is as if it were not there;
 * what does not fit is left out, and neither can keep the rest from being
 * recovered; and what this folder did not sign is told.
 *
 * What nobody knows: members that were never signed, and comments.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_issue.h"
#include "wgd-mesh/mesh_paper.h"

/* --- whose mesh it is */

static int roots(const struct mesh_args *args, struct mesh_keeper *k,
		 struct mesh_why *why)
{
	struct wg_sign_key *recovery;
	int rc;

	if (mesh_keeper_is_known(k))
		return 0;
	recovery = wg_vault_alloc(sizeof(*recovery));
	rc = mesh_paper_mesh(args, &k->ledger.first, why);
	if (!rc)
		rc = mesh_paper_recovery(args, recovery, why);
	if (!rc) {
		memcpy(k->ledger.recovery.b, wg_sign_public(recovery),
		       WG_KEY_LEN);
		mesh_store_init(&k->store, &k->ledger.first,
				&k->ledger.recovery);
	}
	wg_vault_free((void **)&recovery);
	return rc;
}

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return a && b && wg_item_len(a) == wg_item_len(b) &&
	       memcmp(a, b, wg_item_len(a)) == 0;
}

/* What was read is newer than what the keeper had, who alone should sign. */
static void say_unknown(const char *path, const struct mesh_store *had,
			const struct mesh_store *has)
{
	size_t n = !is_same(mesh_store_list(had), mesh_store_list(has));
	size_t at = 0;
	const uint8_t *c;

	while ((c = mesh_store_next(has, &at)))
		n += !mesh_store_is_disowned(has, c) &&
		     !is_same(c,
			      mesh_store_certificate(
				      had, wg_item_number(c, WG_ITEM_MEMBER)));
	if (n)
		mesh_say(
			"warning: %s: %zu certificates or lists that are not of this folder: it is an old one, or somebody else has the key",
			path, n);
}

static int read_items(const char *path, struct mesh_keeper *k,
		      struct mesh_why *why)
{
	struct mesh_reading r;
	struct mesh_bytes bytes;
	struct mesh_store had;
	size_t i;
	int rc = mesh_path_read(path, &bytes, why);

	if (rc)
		return rc;
	mesh_store_init(&had, &k->ledger.first, &k->ledger.recovery);
	for (i = 0; i < k->store.n_items; i++)
		mesh_store_put(&had, k->store.items[i]);
	rc = mesh_store_read(&k->store, path, &bytes, &r, why);
	mesh_bytes_free(&bytes);
	if (!rc && k->was_update.len)
		say_unknown(path, &had, &k->store);
	mesh_store_free(&had);
	if (rc)
		return rc;
	if (!r.items || r.foreign == r.items)
		return mesh_because(why, -EINVAL,
				    "%s: has no item of this mesh", path);
	if (r.foreign || r.forged)
		mesh_say(
			"warning: %s: %zu items of another mesh, %zu that nobody in office signed are left out",
			path, r.foreign, r.forged);
	mesh_store_settle(&k->store);
	if (!mesh_store_list(&k->store))
		return mesh_because(why, -EINVAL,
				    "%s: has no list of this mesh", path);
	return 0;
}

/* --- the ledger */

static void raise(uint32_t *last, uint32_t n)
{
	if (n > *last)
		*last = n;
}

static void text_of(const uint8_t *c, uint8_t type, char *ret, size_t size)
{
	struct wg_item_tlv tlv = {0};

	wg_item_find(c, type, &tlv);
	snprintf(ret, size, "%.*s", (int)tlv.value.len, tlv.value.b);
}

static void learn_network(struct mesh_ledger *l, const struct wg_addr *addr,
			  uint8_t len)
{
	struct wg_prefix p = wg_prefix_host(addr);

	p.len = len;
	wg_prefix_mask(&p);
	if (l->n_networks < MESH_NETWORKS && mesh_ledger_is_network(&p) &&
	    !mesh_ledger_overlaps(l, &p))
		l->networks[l->n_networks++] = p;
}

/* Which of them was the mesh's and which a member's own, no item says. */
static void say_networks(const struct mesh_keeper *k)
{
	char text[MESH_NETWORKS * (WG_PREFIX_STRLEN + 2)] = "";
	char one[WG_PREFIX_STRLEN];
	size_t n = 0;
	unsigned i;

	for (i = 0; i < k->ledger.n_networks; i++)
		n += sprintf(text + n, "%s%s", i ? ", " : "",
			     wg_prefix_str(&k->ledger.networks[i], one));
	if (!k->was_ledger.len && k->ledger.n_networks > 1)
		mesh_say(
			"warning: new members get addresses of %s: if one of these is only a member's own, take its line out of %s/ledger",
			text, k->folder.path);
}

static void learn(struct mesh_ledger *l, const uint8_t *c)
{
	uint32_t number = wg_item_number(c, WG_ITEM_MEMBER);
	char name[WG_ITEM_NAME_MAX + 1];
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	text_of(c, WG_ITEM_NAME, name, sizeof(name));
	if (!mesh_ledger_number(l, number))
		mesh_ledger_give(l, number, name);
	if (!mesh_ledger_number(l, number)->hub)
		mesh_ledger_number(l, number)->hub =
			wg_item_number(c, WG_ITEM_HUB_NUMBER);
	wg_item_each (c, at, tlv) {
		if (tlv.type != WG_ITEM_ADDRESS4 &&
		    tlv.type != WG_ITEM_ADDRESS6)
			continue;
		wg_item_value_get(&tlv, &v);
		if (!mesh_ledger_address(l, &v.address.addr))
			mesh_ledger_give_address(l, &v.address.addr, number);
		learn_network(l, &v.address.addr, v.address.len);
	}
}

/* Who is revoked and has no certificate any more: its number is used up. */
static void learn_revoked(struct mesh_keeper *k)
{
	const uint8_t *list = mesh_store_list(&k->store);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	char name[32];
	size_t at;

	wg_item_each (list, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		raise(&k->ledger.serial, v.revoked.serial);
		if (mesh_ledger_number(&k->ledger, v.revoked.member))
			continue;
		snprintf(name, sizeof(name), "revoked-%u", v.revoked.member);
		mesh_ledger_give(&k->ledger, v.revoked.member, name);
	}
}

static void learn_all(struct mesh_keeper *k)
{
	const uint8_t *a = mesh_store_authority(&k->store), *c;
	size_t i, at = 0;

	while ((c = mesh_store_next(&k->store, &at))) {
		if (mesh_store_is_disowned(&k->store, c))
			continue;
		learn(&k->ledger, c);
		raise(&k->ledger.serial, wg_item_number(c, WG_ITEM_SERIAL));
	}
	learn_revoked(k);
	raise(&k->ledger.list,
	      wg_item_number(mesh_store_list(&k->store), WG_ITEM_LIST));
	if (a)
		raise(&k->ledger.authority,
		      wg_item_number(a, WG_ITEM_AUTHORITY_NUMBER));
	for (i = 0; i < k->ledger.n_given; i++) {
		struct mesh_given *g = &k->ledger.given[i];

		c = mesh_store_certificate(&k->store, g->number);
		g->revoked =
			c ? mesh_store_is_void(&k->store, c) &&
					mesh_store_revoked(&k->store, g->number)
			  : mesh_store_revoked(&k->store, g->number) > 0;
	}
}

/* --- the inventory */

/* Where the hub is, from its record; false: that is not known. */
static bool host_of(const struct mesh_keeper *k, uint32_t number, FILE *f)
{
	const uint8_t *r = mesh_store_record(&k->store, number);
	uint32_t door = r ? wg_item_number(r, WG_ITEM_DOOR_PORT) : 0;
	char text[WG_ADDR_STRLEN];
	struct wg_item_value v, best = {0};
	struct wg_item_tlv tlv;
	size_t at;

	if (!r)
		return false;
	/* a name before addresses, for it moves with the hub */
	wg_item_each (r, at, tlv) {
		if (tlv.type != WG_ITEM_ENDPOINT4 &&
		    tlv.type != WG_ITEM_ENDPOINT6 &&
		    tlv.type != WG_ITEM_ENDPOINT_NAME)
			continue;
		wg_item_value_get(&tlv, &v);
		if (!best.type || tlv.type == WG_ITEM_ENDPOINT_NAME)
			best = v;
	}
	if (!best.type)
		return false;
	if (best.type == WG_ITEM_ENDPOINT_NAME)
		fprintf(f, " hub %.*s", (int)best.endpoint.host.len,
			best.endpoint.host.b);
	else
		fprintf(f, " hub %s", wg_addr_str(&best.endpoint.addr, text));
	if (door && door != MESH_DOOR)
		fprintf(f, " door %u", door);
	return true;
}

static void line_of(const struct mesh_keeper *k, const uint8_t *c, FILE *f)
{
	uint32_t number = wg_item_number(c, WG_ITEM_MEMBER);
	char text[MESH_PREFIX_STRLEN], name[WG_ITEM_NAME_MAX + 1];
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	struct mesh_prefix p;
	size_t at;

	text_of(c, WG_ITEM_NAME, name, sizeof(name));
	fprintf(f, "%s %u", name, number);
	wg_item_each (c, at, tlv) {
		if (tlv.type != WG_ITEM_ADDRESS4 &&
		    tlv.type != WG_ITEM_ADDRESS6)
			continue;
		wg_item_value_get(&tlv, &v);
		fprintf(f, " %s/%u", wg_addr_str(&v.address.addr, text),
			v.address.len);
	}
	if ((wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_HUB) &&
	    !host_of(k, number, f)) {
		fprintf(f, " hub %s.invalid", name);
		mesh_say(
			"warning: where hub %s is, no record says: write it into members",
			name);
	}
	wg_item_each (c, at, tlv) {
		if (tlv.type != WG_ITEM_PREFIX4 && tlv.type != WG_ITEM_PREFIX6)
			continue;
		wg_item_value_get(&tlv, &v);
		p.prefix = v.prefix.prefix;
		p.longest = v.prefix.longest;
		fprintf(f, " prefix %s", mesh_prefix_str(&p, text));
	}
}

static bool has_number(const struct mesh_inventory *inv, uint32_t number)
{
	size_t i;

	for (i = 0; i < inv->n_members; i++)
		if (inv->members[i].number == number)
			return true;
	return false;
}

/* Its line, if it can be one; *n goes up then. */
static int add_line(struct mesh_keeper *k, const uint8_t *c, size_t *n,
		    struct mesh_why *why)
{
	char *line = NULL;
	struct mesh_why reason;
	size_t len;
	FILE *f;
	int rc;

	f = open_memstream(&line, &len);
	if (!f)
		return mesh_because(why, -ENOMEM, "%s", strerror(ENOMEM));
	line_of(k, c, f);
	fclose(f);
	rc = mesh_inventory_add(&k->members, line, &reason);
	if (rc)
		mesh_say("warning: member %u is left out: %s/%s",
			 (unsigned)wg_item_number(c, WG_ITEM_MEMBER),
			 k->folder.path, reason.text);
	*n += !rc;
	free(line);
	return 0;
}

static int add_lines(struct mesh_keeper *k, size_t *ret_n, struct mesh_why *why)
{
	const uint8_t *c;
	size_t at = 0, n = 0;
	int rc = 0;

	while (!rc && (c = mesh_store_next(&k->store, &at)))
		if (!mesh_store_is_void(&k->store, c) &&
		    !has_number(&k->members, wg_item_number(c, WG_ITEM_MEMBER)))
			rc = add_line(k, c, &n, why);
	*ret_n = n;
	return rc;
}

int mesh_recover(const struct mesh_args *args, struct mesh_why *why)
{
	const struct mesh_opening o = {
		.path = args->subject,
		.how = MESH_KEEPER_RECOVER,
	};
	size_t lines = 0, identities = 0, members = 0, at = 0;
	struct mesh_keeper k;
	const uint8_t *c;
	int rc = mesh_keeper_open(&o, &k, why);

	if (rc)
		return rc;
	rc = roots(args, &k, why);
	if (!rc)
		rc = read_items(args->words[0], &k, why);
	if (!rc) {
		learn_all(&k);
		say_networks(&k);
		if (!k.ledger.n_networks)
			rc = mesh_because(why, -EINVAL,
					  "%s: has no certificate of this mesh",
					  args->words[0]);
	}
	if (!rc)
		rc = add_lines(&k, &lines, why);
	while (!rc && (c = mesh_store_next(&k.store, &at))) {
		members += !mesh_store_is_void(&k.store, c);
		identities += !mesh_store_is_void(&k.store, c) &&
			      mesh_store_identity(&k.store, c);
	}
	if (!rc)
		rc = mesh_keeper_save(&k, NULL, NULL, why);
	if (!rc) {
		printf("%zu members, the identities of %zu, %zu lines new in members; list %u\n",
		       members, identities, lines, k.ledger.list);
		if (!k.vault.len)
			printf("%s has no authority.key: make a new one by the recovery key,\n"
			       "  wgd-mesh authority %s, or with --void if the old one may be stolen\n",
			       args->subject, args->subject);
		mesh_print_update(&k);
		rc = mesh_flush(why);
	}
	/* a name that was mistyped; if anything is in it, it stays */
	if (rc && k.folder.is_new)
		rmdir(args->subject);
	mesh_keeper_close(&k);
	return rc;
}
