/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wgd-mesh/mesh_assign.h"
#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_issue.h"

int mesh_begin(const struct mesh_args *args, bool unlock,
	       struct mesh_keeper *ret, struct mesh_why *why)
{
	const struct mesh_opening o = {
		.path = args->subject,
		.how = MESH_KEEPER_WRITE,
		.signs = true,
		.clock_is_right = args->given[MESH_CLOCK],
	};
	int rc = mesh_keeper_open(&o, ret, why);

	if (rc || !unlock)
		return rc;
	rc = mesh_keeper_unlock(ret, mesh_args_value(args, MESH_PASSPHRASE),
				why);
	if (rc)
		mesh_keeper_close(ret);
	return rc;
}

int mesh_member_of(const struct mesh_keeper *k, const char *name,
		   const struct mesh_member **ret, struct mesh_why *why)
{
	*ret = mesh_inventory_find(&k->members, name);
	if (*ret)
		return 0;
	return mesh_because(why, -ENOENT, "%s/members: nobody is named %.63s",
			    k->folder.path, name);
}

/* So many warnings are read; what is above is a number. */
#define WARNINGS 20

struct warnings {
	const char *mesh;
	size_t n;
};

static void warn(void *arg, const char *text)
{
	struct warnings *w = arg;

	if (w->n++ < WARNINGS)
		mesh_say("warning: %s/%s", w->mesh, text);
}

void mesh_warn_overlaps(const struct mesh_keeper *k)
{
	struct warnings w = {k->folder.path};

	mesh_overlaps(&k->members, warn, &w);
	if (w.n > WARNINGS)
		mesh_say("warning: and %zu such things more", w.n - WARNINGS);
}

void mesh_print_backup(const char *mesh)
{
	printf("back up the folder %s after each command:\n"
	       "  authority.key  without it, or its passphrase: a new one by the recovery key\n"
	       "  ledger         without it: wgd-mesh recover, which knows who was ever signed\n"
	       "  members        without it: wgd-mesh recover, but not your comments\n"
	       "  update         without it: wgd-mesh recover, from any member's items\n"
	       "the recovery key is in none of them: without it a stolen authority.key\n"
	       "means a new mesh.\n",
	       mesh);
}

void mesh_print_update(const struct mesh_keeper *k)
{
	printf("load %s/update at any member:\n"
	       "  vtysh -c 'wireguard mesh load IFNAME file FILE'\n",
	       k->folder.path);
}

int mesh_flush(struct mesh_why *why)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return mesh_because(why, -EIO, "the standard output: %s",
			    strerror(errno));
}

int mesh_renew_one(struct mesh_keeper *k, const struct mesh_member *m, bool all,
		   struct mesh_why *why)
{
	const uint8_t *old = mesh_store_certificate(&k->store, m->number), *c;
	const uint8_t *id = old ? mesh_store_identity(&k->store, old) : NULL;
	struct mesh_wish wish = {.member = m};

	if (!old)
		return -EAGAIN;
	/* what an earlier authority signed may be a thief's */
	if (!all && mesh_store_is_disowned(&k->store, old))
		return -EAGAIN;
	if (!all && !id && wg_item_number(old, WG_ITEM_REDEEM_BY) >= k->now)
		return -EAGAIN;
	wish.is_invite = !id;
	wish.key = id ? id : wg_item_bytes(old, WG_ITEM_KEY);
	return mesh_issue_certificate(k, &wish, &c, why);
}
