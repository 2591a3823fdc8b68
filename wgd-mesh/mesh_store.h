/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signed items that the keeper has: authorities, certificates, witnesses,
 * the list; each verified.  In the file `update` they are what members get.
 *
 * A number here is a member's; an item is a checked one of lib/core/wg_item.h
 * and belongs to the store.
 */
#ifndef MESH_STORE_H
#define MESH_STORE_H

#include "lib/core/wg_item.h"
#include "wgd-mesh/mesh_file.h"
#include "wgd-mesh/mesh_why.h"

struct mesh_store {
	uint8_t mesh[WG_ITEM_MESH_LEN];
	struct wg_key first, recovery; /* public: what all is verified by */
	uint8_t **items;	       /* in the order of a file */
	size_t n_items;
};

/* Whose items these are. */
void mesh_store_init(struct mesh_store *s, const struct wg_key *first,
		     const struct wg_key *recovery);
void mesh_store_free(struct mesh_store *s);

/* What came of reading a file. */
struct mesh_reading {
	size_t items;	/* all */
	size_t foreign; /* of another mesh */
	size_t unfit;	/* of a kind that the keeper has no use for */
	size_t forged;	/* not by whom they say, or by nobody known */
};

/*
 * Take the items of a file, in any order.  -EINVAL: at one byte it is no item,
 * and nothing was taken; NAME is the file's in the reason.
 */
int mesh_store_read(struct mesh_store *s, const char *name,
		    const struct mesh_bytes *bytes, struct mesh_reading *ret,
		    struct mesh_why *why);
/* One that is ours, or was verified: a copy is put. */
const uint8_t *mesh_store_put(struct mesh_store *s, const uint8_t *item);
/* Without the certificates of a member. */
void mesh_store_forget(struct mesh_store *s, uint32_t member);
/* Drop what a newer one replaces; after the last put. */
void mesh_store_settle(struct mesh_store *s);
/* All but records, the list last. */
void mesh_store_bytes(const struct mesh_store *s, struct mesh_bytes *ret);

/* --- what it has; NULL, 0, false: not */

const uint8_t *mesh_store_list(const struct mesh_store *s);
const uint8_t *mesh_store_authority(const struct mesh_store *s); /* newest */
/* The key of an authority; 0 is the first. */
const uint8_t *mesh_store_authority_key(const struct mesh_store *s,
					uint32_t number);
/* The newest certificate of a member. */
const uint8_t *mesh_store_certificate(const struct mesh_store *s,
				      uint32_t member);
/* The newest of a member that stands for an identity, void or not. */
const uint8_t *mesh_store_present(const struct mesh_store *s, uint32_t member);
/* Each member's newest, in the order of members; *AT is 0 for the first. */
const uint8_t *mesh_store_next(const struct mesh_store *s, size_t *at);
/* The newest record of a hub. */
const uint8_t *mesh_store_record(const struct mesh_store *s, uint32_t member);
/* The identity key that a certificate stands for: its own, or the one that
 * hubs witnessed for its invite. */
const uint8_t *mesh_store_identity(const struct mesh_store *s,
				   const uint8_t *certificate);
/* The serial below which the member's certificates are void. */
uint32_t mesh_store_revoked(const struct mesh_store *s, uint32_t member);
/* Signed by an authority that a later one declared void: by a thief, perhaps.
 */
bool mesh_store_is_disowned(const struct mesh_store *s,
			    const uint8_t *certificate);
/* Revoked or disowned. */
bool mesh_store_is_void(const struct mesh_store *s, const uint8_t *certificate);
/* The latest time that an item was made at, seconds since 1970; what is
 * disowned does not count. */
uint64_t mesh_store_time(const struct mesh_store *s);

#endif
