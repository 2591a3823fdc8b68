/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the store, for who reads files into it. */
#ifndef MESH_STORE_PRIV_H
#define MESH_STORE_PRIV_H

#include "wgd-mesh/mesh_store.h"

/* The place of a kind in a file; MESH_RANKS: the store has none of it. */
#define MESH_RANKS 5
unsigned mesh_store_rank(uint8_t kind);
/* The order of the array: <0, 0 (the same item), >0. */
int mesh_store_cmp(const uint8_t *a, const uint8_t *b);
/* The items of a kind about a member, which is not 0: the index of the first,
 * and the one behind the last. */
size_t mesh_store_row(const struct mesh_store *s, uint8_t kind, uint32_t member,
		      size_t *ret_end);
/* The identity of a hub whose certificate is not void, or NULL. */
const uint8_t *mesh_store_hub_key(const struct mesh_store *s, uint32_t hub);
/* The succession in a witness. */
const uint8_t *mesh_store_succession(const uint8_t *witness);
/* Is the witness about the invite of that certificate? */
bool mesh_store_is_for(const uint8_t *witness, const uint8_t *certificate);
/* Are two witnesses of one member by the same hub, about the same invite? */
bool mesh_store_is_rival(const uint8_t *a, const uint8_t *b);

#endif
