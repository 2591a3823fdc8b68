/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that a list revoked: their certificates left the map, so this is all
 * that is known of what was theirs.  It is for people who ask why an address
 * is nobody's any more; nothing else follows from it, and a restart of the
 * daemon forgets it.
 */
#ifndef WGD_GONE_H
#define WGD_GONE_H

#include "frr-wgd/mesh/wgd_mesh.h"

#define WGD_GONE_MAX 64 /* the newest of a mesh are kept */

struct wgd_gone_member {
	uint32_t number; /* the key */
	char name[WG_ITEM_NAME_MAX + 1];
	int64_t ms; /* when it went */
	size_t n_prefixes;
	struct wg_prefix *prefixes; /* addresses and certified ones */
};

/* The member goes: remember it if a list revokes it. */
extern void wgd_gone_look(struct wgd_mesh *m,
			  const struct wgd_mesh_member *member);
/* The member has a certificate again. */
extern void wgd_gone_back(struct wgd_mesh *m, uint32_t number);
/* Who had the address, by the longest prefix; NULL: none of them. */
extern const struct wgd_gone_member *
wgd_gone_find(const struct wgd_mesh *m, const struct wg_addr *addr,
	      struct wg_prefix *ret_prefix);
extern void wgd_gone_forget(struct wgd_mesh *m);

#endif
