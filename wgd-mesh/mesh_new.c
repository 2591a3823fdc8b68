/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh new: a folder beside the one that is asked for, renamed when all is
 * in it.  The recovery key is printed before that: who has the folder has seen
 * the key, and who has not got the folder has no mesh to lose.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/wg_paper.h"
#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_issue.h"

/* The name until all is there. */
#define BESIDE ".new-XXXXXX"

static int networks(const struct mesh_args *args, struct mesh_ledger *l,
		    struct mesh_why *why)
{
	unsigned i;

	if (!args->given[MESH_NETWORK])
		return mesh_because(
			why, MESH_USAGE,
			"new: --network is missing, say 10.99.0.0/16; see wgd-mesh new --help");
	for (i = 0; i < args->given[MESH_NETWORK]; i++) {
		const char *text = args->value[MESH_NETWORK][i];
		struct wg_prefix p;

		if (i == MESH_NETWORKS)
			return mesh_because(why, MESH_USAGE,
					    "new: at most %u networks",
					    MESH_NETWORKS);
		if (!strchr(text, '/') || wg_prefix_parse(text, &p) ||
		    !mesh_ledger_is_network(&p))
			return mesh_because(
				why, MESH_USAGE,
				"--network %.64s: not a network such as 10.99.0.0/16, without host bits",
				text);
		if (mesh_ledger_overlaps(l, &p))
			return mesh_because(
				why, MESH_USAGE,
				"--network %.64s: overlaps another one", text);
		l->networks[l->n_networks++] = p;
	}
	return 0;
}

static void print_keys(const char *mesh, const struct wg_sign_key *recovery,
		       const struct wg_sign_key *first)
{
	char *text = wg_vault_alloc(WG_PAPER_STRLEN);

	printf("recovery key of %s, print it and keep it in a safe:\n\n%s\n\n",
	       mesh,
	       wg_paper_str(WG_PAPER_RECOVERY, wg_sign_seed(recovery), text));
	printf("and on the same paper, which mesh it is of (no secret):\n\n%s\n\n",
	       wg_paper_str(WG_PAPER_MESH, wg_sign_public(first), text));
	wg_vault_free((void **)&text);
}

static const char members_text[] =
	"# NAME [NUMBER] [ADDRESS...] [hub HOST [door PORT]] [prefix P [le N]]...\n"
	"# wgd-mesh fills in numbers and addresses.\n";

/* All but the folder. */
static int fill(const struct mesh_args *args, struct mesh_keeper *k,
		struct mesh_why *why)
{
	struct mesh_new_office office = {
		.passphrase_file = mesh_args_value(args, MESH_PASSPHRASE),
		.mib = WG_VAULT_MIB_DEFAULT,
	};
	const struct mesh_bytes text = {(char *)members_text,
					sizeof(members_text) - 1};
	struct wg_sign_key *recovery = wg_vault_alloc(sizeof(*recovery));
	int rc = mesh_args_number(args, MESH_MEMORY, WG_VAULT_MIB_MIN,
				  WG_VAULT_MIB_MAX, &office.mib, why);

	k->secret = wg_vault_alloc(sizeof(*k->secret));
	wg_sign_new(k->secret);
	wg_sign_new(recovery);
	memcpy(k->ledger.first.b, wg_sign_public(k->secret), WG_KEY_LEN);
	memcpy(k->ledger.recovery.b, wg_sign_public(recovery), WG_KEY_LEN);
	office.secret = k->secret;
	if (!rc)
		rc = mesh_inventory_parse(&text, &k->members, why);
	if (!rc)
		rc = mesh_keeper_lock(k, &office, why);
	if (!rc) {
		mesh_store_init(&k->store, &k->ledger.first,
				&k->ledger.recovery);
		rc = mesh_issue_list(k, NULL, 0, why);
	}
	if (!rc)
		rc = mesh_keeper_save(k, NULL, NULL, why);
	if (!rc) {
		print_keys(args->subject, recovery, k->secret);
		rc = mesh_flush(why);
	}
	wg_vault_free((void **)&recovery);
	return rc;
}

/* The folder goes, and the files that may be in it. */
static void undo(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(path);
}

/* Into its place, if nothing is there, and to the disk. */
static int settle(const char *from, const char *to, struct mesh_why *why)
{
	const char *slash = strrchr(to, '/');
	char parent[PATH_MAX] = ".";
	int fd;

	if (slash)
		snprintf(parent, sizeof(parent), "%.*s",
			 (int)(slash - to) + (slash == to), to);
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		return mesh_because(why, -errno, "%s: %s", to, strerror(errno));
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	return 0;
}

int mesh_new(const struct mesh_args *args, struct mesh_why *why)
{
	struct mesh_ledger ledger = {0};
	struct mesh_keeper k;
	struct mesh_opening o = {.how = MESH_KEEPER_RECOVER};
	char beside[PATH_MAX], path[PATH_MAX];
	struct stat st;
	size_t n;
	int rc;

	/* acme/ is acme */
	n = snprintf(path, sizeof(path), "%s", args->subject);
	while (n > 1 && n < sizeof(path) && path[n - 1] == '/')
		path[--n] = '\0';
	if (snprintf(beside, sizeof(beside), "%s" BESIDE, path) >=
	    (int)sizeof(beside))
		return mesh_because(why, -ENAMETOOLONG, "%.64s: %s", path,
				    strerror(ENAMETOOLONG));
	if (lstat(path, &st) == 0)
		return mesh_because(why, -EEXIST, "%s: is there already", path);
	rc = networks(args, &ledger, why);
	if (rc)
		return rc;
	if (!mkdtemp(beside))
		return mesh_because(why, -errno, "%s: %s", path,
				    strerror(errno));
	o.path = beside;
	rc = mesh_keeper_open(&o, &k, why);
	if (!rc) {
		k.ledger = ledger;
		rc = mesh_keeper_clock(&k, false, why);
		if (!rc)
			rc = fill(args, &k, why);
		if (!rc)
			rc = settle(beside, path, why);
		mesh_keeper_close(&k);
	}
	if (rc) {
		undo(beside);
		return rc;
	}
	printf("%s is made.  Load %s/update at the first hub that joins.\n\n",
	       path, path);
	mesh_print_backup(path);
	return mesh_flush(why);
}
