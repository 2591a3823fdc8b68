/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A keeper's folder, opened: what it has of a mesh, and how it is put back.
 *
 *   members        the inventory                       (mesh_inventory.h)
 *   ledger         what was ever given                 (mesh_ledger.h)
 *   authority.key  the authority's key, in a vault     (lib/backend/wg_vault.h)
 *   update         the items that members are to have  (mesh_store.h)
 */
#ifndef MESH_KEEPER_H
#define MESH_KEEPER_H

#include "lib/backend/wg_sign.h"
#include "lib/backend/wg_vault.h"
#include "wgd-mesh/mesh_inventory.h"
#include "wgd-mesh/mesh_ledger.h"
#include "wgd-mesh/mesh_store.h"

/* Whose authority.key is: what stands open in it. */
struct mesh_office {
	uint32_t number;		    /* of the authority; 0: the first */
	struct wg_key first, recovery, key; /* public */
	const uint8_t *authority;	    /* its A; NULL for the first */
};
#define MESH_OFFICE_MAX (4 + 3 * 32 + 154)

struct mesh_keeper {
	struct mesh_folder folder;
	struct mesh_inventory members;
	struct mesh_ledger ledger;
	struct mesh_store store;
	struct mesh_bytes vault;    /* authority.key; len 0: there is none */
	struct mesh_office office;  /* points into vault */
	struct wg_sign_key *secret; /* of the authority; NULL: not opened */
	size_t filled;		    /* lines of members that were filled in */
	uint64_t now;		    /* seconds since 1970 */
	/* files as they were read; len 0: not there */
	struct mesh_bytes was_members, was_ledger, was_update, was_vault;
};

enum mesh_keeper_how {
	MESH_KEEPER_READ,    /* nothing will be written */
	MESH_KEEPER_WRITE,   /* members are filled in */
	MESH_KEEPER_RECOVER, /* any of the files may be missing */
};

/*
 * Open it all; every file is checked.  SIGNS: and the clock, which the numbers
 * of what is signed come from; CLOCK_IS_RIGHT: see below.  At RECOVER the store
 * is not there where neither ledger nor authority.key is: mesh_keeper_is_known
 * says so.
 */
struct mesh_opening {
	const char *path;
	enum mesh_keeper_how how;
	bool signs, clock_is_right;
};
int mesh_keeper_open(const struct mesh_opening *o, struct mesh_keeper *ret,
		     struct mesh_why *why);
bool mesh_keeper_is_known(const struct mesh_keeper *k);
/* -EINVAL: the clock is before numbers begin, or by more than a day before what
 * was signed; IS_RIGHT: that it may be. */
int mesh_keeper_clock(const struct mesh_keeper *k, bool is_right,
		      struct mesh_why *why);
/* Wipes the secret. */
void mesh_keeper_close(struct mesh_keeper *k);

/* Open the vault; PASSPHRASE_FILE NULL: ask. */
int mesh_keeper_unlock(struct mesh_keeper *k, const char *passphrase_file,
		       struct mesh_why *why);
/* A new vault for that key, whose A (or NULL) is in the store. */
struct mesh_new_office {
	const struct wg_sign_key *secret;
	const uint8_t *authority;
	const char *passphrase_file;
	uint32_t mib; /* argon2's memory */
};
int mesh_keeper_lock(struct mesh_keeper *k, const struct mesh_new_office *o,
		     struct mesh_why *why);

/* max(last + 1, seconds since 2020): serials, lists, authorities. */
int mesh_keeper_next(const struct mesh_keeper *k, uint32_t *last,
		     struct mesh_why *why);
/*
 * Under an authority that voids all before it: serials and lists that are ahead
 * of the clock, as a thief makes them, begin anew by the clock.
 */
void mesh_keeper_begin_anew(struct mesh_keeper *k);

/*
 * Write what changed, in an order in which an end at any moment leaves a
 * keeper that can be used.  MORE (may be NULL) writes what goes out to others,
 * when the numbers in it can no more be given again, and before members can
 * learn of it.
 */
typedef int mesh_more(void *arg, struct mesh_why *why);
int mesh_keeper_save(struct mesh_keeper *k, mesh_more *more, void *arg,
		     struct mesh_why *why);

#endif
