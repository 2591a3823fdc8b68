/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands on the keeper's paper, asked for (lib/backend/wg_paper.h). */
#ifndef MESH_PAPER_H
#define MESH_PAPER_H

#include "lib/backend/wg_sign.h"
#include "wgd-mesh/mesh_args.h"

/* -EINVAL: the reason names the row with the mistake. */
int mesh_paper_recovery(const struct mesh_args *args,
			struct wg_sign_key *ret_secret, struct mesh_why *why);
/* The first authority's public key. */
int mesh_paper_mesh(const struct mesh_args *args, struct wg_key *ret_pub,
		    struct mesh_why *why);

#endif
