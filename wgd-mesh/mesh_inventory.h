/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory of a mesh: the file `members`, text that people and programs
 * write.  One member a line:
 *
 *   NAME [NUMBER] [ADDRESS[/LEN]...] [hub HOST [door PORT]]
 *        [prefix P [le N]]...
 *
 * Number and addresses are filled in by the tool where they are left out
 * (mesh_assign.h).  '#' and what is behind it, and empty lines, are comments;
 * they and the order of lines stay as they are.
 */
#ifndef MESH_INVENTORY_H
#define MESH_INVENTORY_H

#include "lib/core/wg_item_value.h"
#include "wgd-mesh/mesh_file.h"
#include "wgd-mesh/mesh_why.h"

#define MESH_ADDRESSES 4 /* of a member; a certificate has no more */
#define MESH_PREFIXES 36 /* of a member; more never fit into a certificate */
#define MESH_DOOR 51822	 /* port, where the line has none */

struct mesh_address {
	struct wg_addr addr;
	uint8_t len; /* of its network; 0: not said */
};

/* Certified: this prefix, and those in it that are not longer. */
struct mesh_prefix {
	struct wg_prefix prefix;
	uint8_t longest;
};

struct mesh_member {
	unsigned line;	 /* where it stands, from 1 */
	uint32_t number; /* 0: left out */
	char name[WG_ITEM_NAME_MAX + 1];
	char host[WG_ITEM_HOST_MAX + 1]; /* of a hub's door; "": no hub */
	uint16_t door;			 /* its port */
	struct mesh_address addresses[MESH_ADDRESSES];
	unsigned n_addresses; /* 0: left out */
	struct mesh_prefix prefixes[MESH_PREFIXES];
	unsigned n_prefixes;
};

struct mesh_inventory {
	char **lines; /* as they are, without newline */
	size_t n_lines;
	struct mesh_member *members; /* in the order of the lines */
	size_t n_members;
};

/*
 * -EINVAL: "members:LINE: reason"; also where two lines have the same name,
 * number or address.
 */
int mesh_inventory_parse(const struct mesh_bytes *text,
			 struct mesh_inventory *ret, struct mesh_why *why);
/* The latter, of an inventory that grew. */
int mesh_inventory_check(const struct mesh_inventory *inv,
			 struct mesh_why *why);
void mesh_inventory_free(struct mesh_inventory *inv);

/* As text again; to be freed with mesh_bytes_free. */
void mesh_inventory_text(const struct mesh_inventory *inv,
			 struct mesh_bytes *ret);

/* NULL: nobody has this name. */
struct mesh_member *mesh_inventory_find(const struct mesh_inventory *inv,
					const char *name);

/*
 * A line at the end, as mesh_inventory_parse would have taken it, without
 * newline; -EINVAL, reasons as there, and nothing is added.
 */
int mesh_inventory_add(struct mesh_inventory *inv, const char *line,
		       struct mesh_why *why);

/*
 * Write into the line what the member has and the line has not: the number,
 * the addresses.  HAD: the member before that.
 */
void mesh_inventory_fill(struct mesh_inventory *inv,
			 const struct mesh_member *member,
			 const struct mesh_member *had);

/* "P" or "P le N"; RET of MESH_PREFIX_STRLEN, returned. */
#define MESH_PREFIX_STRLEN (WG_PREFIX_STRLEN + 7)
char *mesh_prefix_str(const struct mesh_prefix *p, char *ret);
/* "P", "P le N"; -EINVAL with a reason that begins with P. */
int mesh_prefix_parse(const char *text, struct mesh_prefix *ret,
		      struct mesh_why *why);

#endif
