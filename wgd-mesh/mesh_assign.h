/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and addresses for who has none, and a look at those that people
 * wrote: nothing that was ever given goes to another member.
 */
#ifndef MESH_ASSIGN_H
#define MESH_ASSIGN_H

#include "wgd-mesh/mesh_inventory.h"
#include "wgd-mesh/mesh_ledger.h"

/*
 * Fill in the inventory (its lines as well), and write all that its members
 * have into the ledger.  A name that was given a number gets that one again,
 * unless its member is revoked.  *RET_FILLED: how often a line changed.
 * -EINVAL: "members:LINE: reason"; both may be half done then, for the bin.
 */
int mesh_assign(struct mesh_inventory *inv, struct mesh_ledger *ledger,
		size_t *ret_filled, struct mesh_why *why);

/*
 * What is allowed, but perhaps not meant: prefixes that overlap, prefixes over
 * other members' addresses, a default route that allows all below it.  Says
 * each once, by SAY with its argument; returns how many.
 */
typedef void mesh_warn(void *arg, const char *text);
size_t mesh_overlaps(const struct mesh_inventory *inv, mesh_warn *say,
		     void *arg);

#endif
