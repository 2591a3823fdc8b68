/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a member joins with: an invite, or the answer to its request.
 *
 * A ticket was read whole, and it is what it says: its certificate is of its
 * mesh, and by the first authority where it says so; an invite's key is that of
 * its certificate; and it has not expired by this machine's clock.  What a
 * later authority signed only members can verify.
 */
#ifndef MESH_TICKET_H
#define MESH_TICKET_H

#include "lib/backend/wg_line.h"
#include "wgd-mesh/mesh_inventory.h"
#include "wgd-mesh/mesh_why.h"

struct mesh_ticket {
	uint8_t *item; /* in locked memory.  SECRET, of an invite */
	const uint8_t *certificate; /* in the item */
	bool is_invite;
	uint8_t mesh[WG_ITEM_MESH_LEN];
	char name[WG_ITEM_NAME_MAX + 1]; /* as its keeper has it; "": none */
	/* who it makes us: number, name, and of a hub where others look for it
	 * (host "": no hub, or not said); is_hub is what the certificate says
	 */
	struct mesh_member member;
	bool is_hub;
	unsigned doors; /* of others */
};

/*
 * WORD is the line, a file that has it, or "-": the standard input.  -EINVAL
 * and others with the reason, which has no character of the line.
 */
int mesh_ticket_read(const char *word, struct mesh_ticket *ret,
		     struct mesh_why *why);
/* Who a certificate is of: all but where a hub is. */
void mesh_ticket_member(const uint8_t *certificate, struct mesh_member *ret);
/* Wipes it. */
void mesh_ticket_free(struct mesh_ticket *t);

/* The item of a line, whatever its kind; WORD and errors as above. */
int mesh_ticket_line(const char *word, uint8_t item[WG_LINE_ITEM_MAX],
		     struct mesh_why *why);

#endif
