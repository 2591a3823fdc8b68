/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh passphrase: the authority's key under another passphrase.  Nothing
 * is signed, so members have nothing to learn, and only authority.key is
 * written.
 *
 * Who has an old copy of the file and the old passphrase has the key: this is
 * for a passphrase that somebody else might know, or for more memory a guess,
 * as long as nobody else can have had the file.
 */
#include <stdio.h>

#include "wgd-mesh/mesh_commands.h"

/* The key stays; what a guess costs, too, unless told otherwise. */
static int lock_anew(const struct mesh_args *args, struct mesh_keeper *k,
		     struct mesh_why *why)
{
	struct mesh_new_office office = {
		.secret = k->secret,
		.authority = k->office.authority,
		.passphrase_file = mesh_args_value(args, MESH_NEW_PASSPHRASE),
	};
	struct wg_vault v;
	int rc = wg_vault_read((const uint8_t *)k->vault.b, k->vault.len, &v);

	if (rc) /* it was opened a moment ago */
		return mesh_because(why, rc, "%s/authority.key: is no vault",
				    k->folder.path);
	office.mib = v.mib;
	rc = mesh_args_number(args, MESH_MEMORY, WG_VAULT_MIB_MIN,
			      WG_VAULT_MIB_MAX, &office.mib, why);
	if (!rc)
		rc = mesh_keeper_lock(k, &office, why);
	return rc ? rc
		  : mesh_file_write(&k->folder, "authority.key", &k->vault,
				    why);
}

int mesh_passphrase(const struct mesh_args *args, struct mesh_why *why)
{
	const struct mesh_opening o = {.path = args->subject,
				       .how = MESH_KEEPER_WRITE};
	struct mesh_keeper k;
	int rc = mesh_keeper_open(&o, &k, why);

	if (rc)
		return rc;
	rc = mesh_keeper_unlock(&k, mesh_args_value(args, MESH_PASSPHRASE),
				why);
	if (!rc)
		rc = lock_anew(args, &k, why);
	if (!rc) {
		printf("%s/authority.key has its new passphrase: back it up, and delete older copies,\n"
		       "  which the old one still opens\n",
		       k.folder.path);
		rc = mesh_flush(why);
	}
	mesh_keeper_close(&k);
	return rc;
}
