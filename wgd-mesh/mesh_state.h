/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of wgd's state, as far as a ticket is brought there:
 *
 *   NAME.invite  the line, until wgd has read it                    SECRET
 *   NAME.mesh    what it said, as the line of an answer
 *   NAME.items   the items of that mesh
 *
 * The first is ours to write, the others are wgd's.
 */
#ifndef MESH_STATE_H
#define MESH_STATE_H

#include "lib/backend/wg_line.h"
#include "wgd-mesh/mesh_file.h"

#define MESH_STATE_FOLDER "/var/lib/frr/wireguard"

struct mesh_state {
	struct mesh_folder folder;
	struct mesh_user user; /* whose folder it is, and what is put there */
};

/*
 * Open it, for one at a time; where there is none it is made, with a parent if
 * that is missing, for user frr.  -EPERM: we may not; -ENOENT: there is no user
 * frr; -EBUSY, others.
 */
int mesh_state_open(const char *path, struct mesh_state *ret,
		    struct mesh_why *why);
void mesh_state_close(struct mesh_state *s);
/* Could it be opened or made, and written to?  Changes nothing. */
int mesh_state_check(const char *path, struct mesh_why *why);

/*
 * Which mesh is called NAME on this machine, by what wgd has or is to read;
 * also where the folder is not there: -ENOENT, there is none.
 */
int mesh_state_find(const char *path, const char *name,
		    uint8_t ret_mesh[WG_ITEM_MESH_LEN]);

/*
 * The certificate that this machine has of the mesh called NAME, into RET of
 * WG_LINE_ITEM_MAX bytes; -ENOENT.
 */
int mesh_state_certificate(const char *path, const char *name, uint8_t *ret);

/* Put the ticket for wgd to read, instead of one that it did not read. */
int mesh_state_put(const struct mesh_state *s, const char *name,
		   const uint8_t *item, struct mesh_why *why);
/* ... and away again, if wgd did not read it. */
void mesh_state_take_back(const struct mesh_state *s, const char *name);
/* Has wgd read it? */
bool mesh_state_is_read(const struct mesh_state *s, const char *name);

#endif
