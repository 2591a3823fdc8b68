/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: what the tool must remember of what it ever gave, so that it
 * never gives it twice; the file `ledger`, text that the tool alone writes.
 *
 *   network PREFIX                       (one to four)
 *   first-authority KEY                  base64, as is
 *   recovery KEY
 *   serial N                             the highest that was given
 *   list N
 *   authority N                          0: still the first
 *   member NUMBER NAME [hub N] ADDRESS...
 *
 * A line of a member stays when the member goes from `members`.
 */
#ifndef MESH_LEDGER_H
#define MESH_LEDGER_H

#include "lib/core/wg_types.h"
#include "lib/core/wg_item_value.h"
#include "wgd-mesh/mesh_file.h"
#include "wgd-mesh/mesh_why.h"

#define MESH_NETWORKS 4
#define MESH_HUBS 8 /* hub numbers go from 1 to this, each is given once */

struct mesh_given {
	uint32_t number;
	char name[WG_ITEM_NAME_MAX + 1];
	uint8_t hub;  /* its hub number; 0: none */
	bool revoked; /* not of the file: who read the list fills it in */
};

/* Ever: an address of the past stays with its member. */
struct mesh_given_address {
	struct wg_addr addr;
	uint32_t number;
};

struct mesh_ledger {
	struct wg_prefix networks[MESH_NETWORKS];
	unsigned n_networks;
	struct wg_key first, recovery; /* public */
	uint32_t serial, list, authority;
	struct mesh_given *given; /* ascending numbers */
	size_t n_given;
	struct mesh_given_address *addresses; /* ascending */
	size_t n_addresses;
};

/* -EINVAL: "ledger:LINE: reason". */
int mesh_ledger_parse(const struct mesh_bytes *text, struct mesh_ledger *ret,
		      struct mesh_why *why);
void mesh_ledger_free(struct mesh_ledger *ledger);
void mesh_ledger_text(const struct mesh_ledger *ledger, struct mesh_bytes *ret);

/* May a mesh have its addresses from there?  No host bits, neither everything
 * nor a single address, and none that the kernel keeps for itself. */
bool mesh_ledger_is_network(const struct wg_prefix *p);
/* Does it overlap a network that is there? */
bool mesh_ledger_overlaps(const struct mesh_ledger *ledger,
			  const struct wg_prefix *p);

/* NULL: not given. */
struct mesh_given *mesh_ledger_number(const struct mesh_ledger *ledger,
				      uint32_t number);
/* The latest of this name that is not revoked, else the latest; or NULL. */
struct mesh_given *mesh_ledger_name(const struct mesh_ledger *ledger,
				    const char *name);
/* The number of who has or had the address; 0: nobody. */
uint32_t mesh_ledger_address(const struct mesh_ledger *ledger,
			     const struct wg_addr *addr);

/* It is not given yet.  Pointers to others are invalid afterwards. */
struct mesh_given *mesh_ledger_give(struct mesh_ledger *ledger, uint32_t number,
				    const char *name);
/* Again to the same number is fine. */
void mesh_ledger_give_address(struct mesh_ledger *ledger,
			      const struct wg_addr *addr, uint32_t number);
/* The lowest hub number that was never given; 0: there is none. */
uint8_t mesh_ledger_hub(const struct mesh_ledger *ledger);

#endif
