/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh revoke, renew and authority: each makes a new list, and with it an
 * update that has all that members are to know.  So the last update is always
 * enough: who forgot to load one before has lost nothing.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_issue.h"
#include "wgd-mesh/mesh_paper.h"

/* --- revoke */

static int number_of(const struct mesh_keeper *k, const char *name,
		     uint32_t *ret, struct mesh_why *why)
{
	const struct mesh_member *m = mesh_inventory_find(&k->members, name);
	/* also who is in members no more */
	const struct mesh_given *given =
		m ? mesh_ledger_number(&k->ledger, m->number)
		  : mesh_ledger_name(&k->ledger, name);

	if (!given)
		return mesh_because(why, -ENOENT,
				    "%s: nobody is, or was, named %.63s",
				    k->folder.path, name);
	if (given->revoked)
		return mesh_because(why, -EALREADY, "%s is revoked already",
				    name);
	if (!mesh_store_certificate(&k->store, given->number))
		return mesh_because(
			why, -EINVAL,
			"%s has no certificate: its line in members is all there is",
			name);
	*ret = given->number;
	return 0;
}

int mesh_revoke(const struct mesh_args *args, struct mesh_why *why)
{
	uint32_t *numbers = calloc(args->n_words, sizeof(*numbers));
	struct mesh_keeper k;
	unsigned i, j;
	int rc = mesh_begin(args, true, &k, why);

	if (rc) {
		free(numbers);
		return rc;
	}
	assert(numbers);
	for (i = 0; !rc && i < args->n_words; i++) {
		rc = number_of(&k, args->words[i], &numbers[i], why);
		for (j = 0; !rc && j < i; j++)
			if (numbers[i] == numbers[j])
				rc = mesh_because(why, MESH_USAGE,
						  "revoke: %s stands twice",
						  args->words[i]);
	}
	if (!rc)
		rc = mesh_issue_list(&k, numbers, args->n_words, why);
	if (!rc)
		rc = mesh_keeper_save(&k, NULL, NULL, why);
	for (i = 0; !rc && i < args->n_words; i++)
		printf("%s is revoked, in list %u\n", args->words[i],
		       k.ledger.list);
	if (!rc) {
		mesh_print_update(&k);
		rc = mesh_flush(why);
	}
	free(numbers);
	mesh_keeper_close(&k);
	return rc;
}

/* --- renew */

/* All in members, or those that are named. */
static bool is_wanted(const struct mesh_args *args, const char *name)
{
	unsigned i;

	for (i = 0; i < args->n_words; i++)
		if (strcmp(args->words[i], name) == 0)
			return true;
	return !args->n_words;
}

#define IS_VOID "%s: its certificate is void: invite or sign it"

static int check_wanted(const struct mesh_args *args,
			const struct mesh_keeper *k, struct mesh_why *why)
{
	const struct mesh_member *m;
	unsigned i;
	int rc = 0;

	for (i = 0; !rc && i < args->n_words; i++) {
		const uint8_t *c;

		rc = mesh_member_of(k, args->words[i], &m, why);
		if (rc)
			break;
		c = mesh_store_certificate(&k->store, m->number);
		if (mesh_ledger_number(&k->ledger, m->number)->revoked)
			rc = mesh_because(
				why, -EINVAL,
				"%s is revoked; invite or sign it to let it in again",
				m->name);
		else if (!c)
			rc = mesh_because(
				why, -EINVAL,
				"%s has no certificate yet: invite or sign it",
				m->name);
		else if (mesh_store_is_disowned(&k->store, c))
			rc = mesh_because(why, -EINVAL, IS_VOID, m->name);
	}
	return rc;
}

/* Has it an invite that may not have been used? */
static bool is_open(const struct mesh_keeper *k, const struct mesh_member *m)
{
	const uint8_t *c = mesh_store_certificate(&k->store, m->number);

	return c && !mesh_store_identity(&k->store, c) &&
	       wg_item_number(c, WG_ITEM_REDEEM_BY) >= k->now;
}

/*
 * A member was invited anew, and whether it has used that, members know.  If
 * not, what it has now ends one day, for only its newest is signed anew.
 */
static void say_unknown(const struct mesh_keeper *k,
			const struct mesh_member *m)
{
	const uint8_t *c = mesh_store_certificate(&k->store, m->number);

	if (c && !mesh_store_identity(&k->store, c) && !is_open(k, m) &&
	    mesh_store_present(&k->store, m->number))
		mesh_say(
			"warning: %s: whether its last invite was used is not known; recover says, from a member's items",
			m->name);
}

/* Why mesh_renew_one left it as it is. */
static void say_left_out(const struct mesh_keeper *k,
			 const struct mesh_member *m)
{
	const uint8_t *c = mesh_store_certificate(&k->store, m->number);

	if (c && mesh_store_is_disowned(&k->store, c))
		mesh_say(IS_VOID, m->name);
	else if (c)
		mesh_say(
			"%s: its invite can still be used, so it is left as it is",
			m->name);
}

/* One of those; *n goes up if it is signed. */
static int sign_one(struct mesh_keeper *k, const struct mesh_member *m,
		    bool all, size_t *n, struct mesh_why *why)
{
	int rc;

	if (mesh_ledger_number(&k->ledger, m->number)->revoked) {
		/* perhaps by a thief's list */
		if (all)
			mesh_say("%s: is revoked, and was not signed anew",
				 m->name);
		return 0;
	}
	say_unknown(k, m);
	if (all && is_open(k, m))
		mesh_say(
			"%s: its invite is void; if it was not used, invite it anew",
			m->name);
	rc = mesh_renew_one(k, m, all, why);
	*n += rc == 0;
	if (rc != -EAGAIN)
		return rc;
	say_left_out(k, m);
	return 0;
}

/*
 * Sign those; how many is in *ret_signed.  ALL as at mesh_renew_one.  Hubs come
 * first, for what they witnessed counts only while they are in office.
 */
static int sign_all(const struct mesh_args *args, struct mesh_keeper *k,
		    bool all, size_t *ret_signed, struct mesh_why *why)
{
	size_t i, n = 0;
	unsigned turn;
	int rc = 0;

	for (turn = 0; turn < 2; turn++)
		for (i = 0; !rc && i < k->members.n_members; i++) {
			const struct mesh_member *m = &k->members.members[i];

			if ((*m->host != '\0') == (turn == 0) &&
			    is_wanted(args, m->name))
				rc = sign_one(k, m, all, &n, why);
		}
	*ret_signed = n;
	return rc;
}

/* Who has a certificate, and no line any more. */
static void say_left(const struct mesh_keeper *k)
{
	size_t at = 0, i;
	const uint8_t *c;

	while ((c = mesh_store_next(&k->store, &at))) {
		uint32_t number = wg_item_number(c, WG_ITEM_MEMBER);
		struct wg_item_tlv name = {0};

		for (i = 0; i < k->members.n_members; i++)
			if (k->members.members[i].number == number)
				break;
		if (i < k->members.n_members ||
		    mesh_store_is_void(&k->store, c) ||
		    wg_item_number(c, WG_ITEM_UNTIL) < k->now)
			continue;
		wg_item_find(c, WG_ITEM_NAME, &name);
		mesh_say(
			"warning: %.*s is not in members, but its certificate holds: revoke it",
			(int)name.value.len, name.value.b);
	}
}

int mesh_renew(const struct mesh_args *args, struct mesh_why *why)
{
	struct mesh_keeper k;
	size_t n = 0;
	int rc = mesh_begin(args, true, &k, why);

	if (rc)
		return rc;
	rc = check_wanted(args, &k, why);
	if (!rc)
		rc = mesh_issue_list(&k, NULL, 0, why);
	if (!rc)
		rc = sign_all(args, &k, false, &n, why);
	if (!rc)
		rc = mesh_keeper_save(&k, NULL, NULL, why);
	if (!rc) {
		mesh_warn_overlaps(&k);
		say_left(&k);
		printf("%zu signed anew, list %u\n", n, k.ledger.list);
		mesh_print_update(&k);
		rc = mesh_flush(why);
	}
	mesh_keeper_close(&k);
	return rc;
}

/* --- authority */

static int make_authority(const struct mesh_args *args, struct mesh_keeper *k,
			  const struct wg_sign_key *recovery,
			  struct mesh_why *why)
{
	struct mesh_new_office office = {
		.passphrase_file = mesh_args_value(args, MESH_PASSPHRASE),
		.mib = WG_VAULT_MIB_DEFAULT,
	};
	bool is_void = args->given[MESH_VOID];
	size_t n = 0;
	int rc = mesh_args_number(args, MESH_MEMORY, WG_VAULT_MIB_MIN,
				  WG_VAULT_MIB_MAX, &office.mib, why);

	k->secret = wg_vault_alloc(sizeof(*k->secret));
	wg_sign_new(k->secret);
	office.secret = k->secret;
	if (!rc)
		rc = mesh_issue_authority(
			k, recovery, wg_sign_public(k->secret), is_void, why);
	office.authority = mesh_store_authority(&k->store);
	if (is_void)
		mesh_keeper_begin_anew(k);
	if (!rc)
		rc = mesh_keeper_lock(k, &office, why);
	if (!rc)
		rc = mesh_issue_list(k, NULL, 0, why);
	if (!rc && is_void)
		rc = sign_all(args, k, true, &n, why);
	if (!rc)
		rc = mesh_keeper_save(k, NULL, NULL, why);
	if (rc)
		return rc;
	mesh_warn_overlaps(k);
	printf("authority %u is made", k->office.number);
	if (is_void)
		printf(", all before it is void, %zu signed anew", n);
	printf(", list %u\n", k->ledger.list);
	mesh_print_update(k);
	return mesh_flush(why);
}

int mesh_authority(const struct mesh_args *args, struct mesh_why *why)
{
	struct wg_sign_key *recovery = wg_vault_alloc(sizeof(*recovery));
	struct mesh_keeper k;
	/* the key of before is not needed */
	int rc = mesh_begin(args, false, &k, why);

	if (!rc) {
		rc = mesh_paper_recovery(args, recovery, why);
		if (!rc && memcmp(wg_sign_public(recovery), k.ledger.recovery.b,
				  WG_KEY_LEN) != 0)
			rc = mesh_because(
				why, -EACCES,
				"this is the recovery key of another mesh");
		if (!rc)
			rc = make_authority(args, &k, recovery, why);
		mesh_keeper_close(&k);
	}
	wg_vault_free((void **)&recovery);
	return rc;
}
