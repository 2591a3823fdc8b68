/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, as wgd-mesh(8) has them.  Each does all that it says or
 * nothing: 0, or -errno and why.
 */
#ifndef MESH_COMMANDS_H
#define MESH_COMMANDS_H

#include "wgd-mesh/mesh_args.h"
#include "wgd-mesh/mesh_keeper.h"

int mesh_new(const struct mesh_args *args, struct mesh_why *why);
int mesh_add(const struct mesh_args *args, struct mesh_why *why);
int mesh_sign(const struct mesh_args *args, struct mesh_why *why);
int mesh_invite(const struct mesh_args *args, struct mesh_why *why);
int mesh_revoke(const struct mesh_args *args, struct mesh_why *why);
int mesh_renew(const struct mesh_args *args, struct mesh_why *why);
int mesh_recover(const struct mesh_args *args, struct mesh_why *why);
int mesh_authority(const struct mesh_args *args, struct mesh_why *why);
int mesh_passphrase(const struct mesh_args *args, struct mesh_why *why);
int mesh_show(const struct mesh_args *args, struct mesh_why *why);
/* ... of a site */
int mesh_request(const struct mesh_args *args, struct mesh_why *why);
int mesh_join(const struct mesh_args *args, struct mesh_why *why);

/* --- what several of them do */

/* Open the keeper that the arguments name, to sign; UNLOCK: with its key. */
int mesh_begin(const struct mesh_args *args, bool unlock,
	       struct mesh_keeper *ret, struct mesh_why *why);
/* The member's line; -ENOENT. */
int mesh_member_of(const struct mesh_keeper *k, const char *name,
		   const struct mesh_member **ret, struct mesh_why *why);
/* Print what the inventory's prefixes might not mean. */
void mesh_warn_overlaps(const struct mesh_keeper *k);
/* What is to be kept, and what is lost without it. */
void mesh_print_backup(const char *mesh);
/* "load it at any member" */
void mesh_print_update(const struct mesh_keeper *k);
/* Standard output is on its way, or -errno. */
int mesh_flush(struct mesh_why *why);

/*
 * Sign a member anew, with the key it had.  -EAGAIN: it has no certificate, or
 * an invite that can still be used, or a void one; it is left as it is.  ALL:
 * these two as well, for a new authority that voids everything.
 */
int mesh_renew_one(struct mesh_keeper *k, const struct mesh_member *m, bool all,
		   struct mesh_why *why);

#endif
