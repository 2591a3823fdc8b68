/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh sign and invite: what a site joins with.
 *
 * An invite is printed, and only when the keeper's files know it: what was read
 * on the screen is good.  Into files it goes before that (mesh_keeper.c says
 * why); they are 0600, in a folder that is made 0700.
 *
 * All lines are in locked memory, and wiped.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_line.h"
#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_issue.h"
#include "wgd-mesh/mesh_qr.h"

#define GOOD_S (72 * 3600)

/*
 * What sites are to call the mesh: as it is told, or as the folder is called.
 * RET of WG_ITEM_NAME_MAX + 1.
 */
static int name_mesh(const struct mesh_args *args, char *ret,
		     struct mesh_why *why)
{
	const char *name = mesh_args_value(args, MESH_MESH_NAME);
	char path[PATH_MAX];

	if (name)
		return mesh_name_check("--mesh-name", name, ret, why);
	if (!realpath(args->subject, path))
		return mesh_because(why, -errno, "%s: %s", args->subject,
				    strerror(errno));
	if (mesh_name_check("the folder", strrchr(path, '/') + 1, ret, why))
		return mesh_because(
			why, -EINVAL,
			"%s: sites cannot call their mesh as this folder is called; say --mesh-name NAME",
			args->subject);
	return 0;
}

/* --- sign */

/* The request of a line, or of a file that has one. */
static int read_request(const char *word, uint8_t item[WG_LINE_ITEM_MAX],
			struct mesh_why *why)
{
	struct mesh_bytes bytes = {0};
	struct wg_line_error error;
	char text[WG_LINE_ERROR_STRLEN];
	const char *line = word;
	size_t len;
	int rc = 0;

	if (strncmp(word, "wgreq1:", 7) != 0 &&
	    strncmp(word, "wgmesh1:", 8) != 0) {
		rc = mesh_path_read(word, &bytes, why);
		line = bytes.b;
	}
	if (!rc && wg_line_get(line, item, &len, &error)) {
		wg_line_look(line, &error);
		rc = mesh_because(why, -EINVAL, "the request: %s",
				  wg_line_error_str(&error, text));
	}
	mesh_bytes_free(&bytes);
	if (!rc && wg_item_kind(item) != WG_ITEM_IS_REQUEST)
		rc = mesh_because(
			why, -EINVAL,
			"the request: is an %s; see wgd-mesh sign --help",
			wg_item_kind_str(wg_item_kind(item)));
	if (!rc && wg_sign_verify_own(item))
		rc = mesh_because(
			why, -EINVAL,
			"the request: who made it does not have its key");
	return rc;
}

/* Nobody else may have the key: members would refuse one of the two. */
static int check_key(const struct mesh_keeper *k, const struct mesh_member *m,
		     const uint8_t *key, struct mesh_why *why)
{
	const uint8_t *c, *id;
	size_t at = 0;

	while ((c = mesh_store_next(&k->store, &at))) {
		struct wg_item_tlv name = {0};

		id = mesh_store_identity(&k->store, c);
		if (wg_item_number(c, WG_ITEM_MEMBER) == m->number || !id ||
		    mesh_store_is_void(&k->store, c) ||
		    memcmp(id, key, WG_KEY_LEN) != 0)
			continue;
		wg_item_find(c, WG_ITEM_NAME, &name);
		return mesh_because(why, -EINVAL,
				    "the request: its key is %.*s's already",
				    (int)name.value.len, name.value.b);
	}
	return 0;
}

static void say_readmitted(const struct mesh_keeper *k,
			   const struct mesh_member *m)
{
	if (mesh_ledger_number(&k->ledger, m->number)->revoked)
		mesh_say("%s was revoked; this lets it in again", m->name);
}

/* LINE: room for that of the answer, which is printed. */
static int sign(const struct mesh_args *args, const uint8_t *request,
		char *line, struct mesh_why *why)
{
	struct mesh_wish wish = {.key = wg_item_bytes(request, WG_ITEM_KEY)};
	struct mesh_keeper k;
	char name[WG_ITEM_NAME_MAX + 1];
	struct mesh_letter letter = {.name = name};
	unsigned doors = 0;
	int rc = name_mesh(args, name, why);

	if (!rc)
		rc = mesh_begin(args, true, &k, why);
	if (rc)
		return rc;
	rc = mesh_member_of(&k, args->words[0], &wish.member, why);
	if (!rc)
		rc = check_key(&k, wish.member, wish.key, why);
	if (!rc)
		rc = mesh_issue_certificate(&k, &wish, &letter.certificate,
					    why);
	if (!rc) {
		doors = mesh_issue_line(&k, &letter, line);
		say_readmitted(&k, wish.member);
		rc = mesh_keeper_save(&k, NULL, NULL, why);
	}
	if (!rc) {
		mesh_warn_overlaps(&k);
		printf("%s\n", line);
		if (!doors && !*wish.member->host)
			mesh_say(
				"no hub is signed yet: this answer names no door");
		rc = mesh_flush(why);
	}
	mesh_keeper_close(&k);
	return rc;
}

int mesh_sign(const struct mesh_args *args, struct mesh_why *why)
{
	char *line = wg_vault_alloc(WG_LINE_STRLEN);
	uint8_t *request = wg_vault_alloc(WG_LINE_ITEM_MAX);
	int rc = read_request(args->words[1], request, why);

	if (!rc)
		rc = sign(args, request, line, why);
	wg_vault_free((void **)&request);
	wg_vault_free((void **)&line);
	return rc;
}

/* --- invite */

struct invite {
	const struct mesh_member *member;
	char *line; /* WG_LINE_STRLEN + 1 bytes of lines */
};

struct invites {
	struct invite *at;
	size_t n;
	char *lines;	 /* locked memory: in one piece, for of pieces there are
			  * 65,530 (vm.max_map_count), and each takes four */
	char name[WG_ITEM_NAME_MAX + 1]; /* of the mesh */
	uint64_t until;
	bool no_door;	 /* one of them names none */
	const char *out; /* the folder; NULL: none */
	struct mesh_folder folder;
};

static void wipe(struct invites *all)
{
	wg_vault_free((void **)&all->lines);
	free(all->at);
	if (all->folder.fd >= 0)
		mesh_folder_close(&all->folder);
}

static int check_usage(const struct mesh_args *args, struct mesh_why *why)
{
	bool all = args->given[MESH_ALL], out = args->given[MESH_OUT];
	const char *wrong = NULL;

	if (all && args->n_words)
		wrong = "either names or --all";
	else if (!all && !args->n_words)
		wrong = "a name is missing, or --all";
	else if (all && !out)
		wrong = "--all needs --out FOLDER";
	else if (args->n_words > 1 && !out)
		wrong = "one name at a time, or --out FOLDER";
	else if (out && args->given[MESH_QR])
		wrong = "--qr draws an invite that is printed, not one with --out";
	if (!wrong)
		return 0;
	return mesh_because(why, MESH_USAGE,
			    "invite: %s; see wgd-mesh invite --help", wrong);
}

static int choose(const struct mesh_args *args, const struct mesh_keeper *k,
		  struct invites *all, struct mesh_why *why)
{
	const struct mesh_member *m;
	size_t i;
	int rc = 0;

	all->at = calloc(k->members.n_members + args->n_words + 1,
			 sizeof(*all->at));
	if (!all->at)
		return mesh_because(why, -ENOMEM, "%s", strerror(ENOMEM));
	for (i = 0; !rc && i < args->n_words; i++) {
		rc = mesh_member_of(k, args->words[i], &m, why);
		if (!rc && *m->host)
			rc = mesh_because(
				why, -EINVAL,
				"%s is a hub, and joins by its request; see wgd-mesh sign --help",
				m->name);
		if (!rc)
			all->at[all->n++].member = m;
	}
	for (i = 0; args->given[MESH_ALL] && i < k->members.n_members; i++) {
		m = &k->members.members[i];
		if (!*m->host &&
		    !mesh_ledger_number(&k->ledger, m->number)->revoked &&
		    !mesh_store_certificate(&k->store, m->number))
			all->at[all->n++].member = m;
	}
	return rc;
}

static int make(struct mesh_keeper *k, struct invites *all,
		struct invite *invite, struct mesh_why *why)
{
	struct wg_sign_key *key = wg_vault_alloc(sizeof(*key));
	struct mesh_wish wish = {.member = invite->member,
				 .key = wg_sign_public(key),
				 .is_invite = true,
				 .redeem_by = all->until};
	struct mesh_letter letter = {.seed = wg_sign_seed(key),
				     .name = all->name};
	int rc;

	wg_sign_new(key);
	rc = mesh_issue_certificate(k, &wish, &letter.certificate, why);
	if (!rc) {
		all->no_door |= !mesh_issue_line(k, &letter, invite->line);
		say_readmitted(k, invite->member);
	}
	wg_vault_free((void **)&key);
	return rc;
}

static int write_files(void *arg, struct mesh_why *why)
{
	const struct invites *all = arg;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < all->n; i++) {
		char *line = all->at[i].line;
		size_t len = strlen(line);
		const struct mesh_bytes text = {line, len + 1};

		line[len] = '\n'; /* there is room, and zeros behind it */
		rc = mesh_file_write(&all->folder, all->at[i].member->name,
				     &text, why);
		line[len] = '\0';
	}
	return rc;
}

static int print(const struct mesh_args *args, const struct invites *all,
		 struct mesh_why *why)
{
	int rc = 0;

	if (all->out) {
		printf("%zu invite%s in %s\n", all->n, all->n == 1 ? "" : "s",
		       all->out);
	} else {
		printf("%s\n", all->at[0].line);
		if (args->given[MESH_QR])
			rc = mesh_qr_print(stdout, all->at[0].line, why);
	}
	return rc ? rc : mesh_flush(why);
}

int mesh_invite(const struct mesh_args *args, struct mesh_why *why)
{
	struct invites all = {.out = mesh_args_value(args, MESH_OUT),
			      .folder.fd = -1};
	uint32_t seconds = GOOD_S;
	struct mesh_keeper k;
	size_t i;
	int rc = check_usage(args, why);

	if (!rc)
		rc = mesh_args_time(args, MESH_FOR, &seconds, why);
	if (!rc && args->given[MESH_QR] && !mesh_qr_is_there())
		rc = mesh_because(
			why, -ENOTSUP,
			"--qr: this wgd-mesh was built without libqrencode");
	if (!rc)
		rc = name_mesh(args, all.name, why);
	if (!rc)
		rc = mesh_begin(args, true, &k, why);
	if (rc)
		return rc;
	all.until = k.now + seconds;
	rc = choose(args, &k, &all, why);
	all.lines = wg_vault_alloc((all.n + 1) * (WG_LINE_STRLEN + 1));
	for (i = 0; !rc && i < all.n; i++) {
		all.at[i].line = all.lines + i * (WG_LINE_STRLEN + 1);
		rc = make(&k, &all, &all.at[i], why);
	}
	if (!rc && all.out)
		rc = mesh_folder_make(all.out, &all.folder, why);
	if (!rc)
		rc = mesh_keeper_save(&k, all.out ? write_files : NULL, &all,
				      why);
	if (!rc)
		mesh_warn_overlaps(&k);
	if (!rc && all.no_door)
		mesh_say("no hub is signed yet: these invites name no door");
	if (!rc)
		rc = print(args, &all, why);
	wipe(&all);
	mesh_keeper_close(&k);
	return rc;
}
