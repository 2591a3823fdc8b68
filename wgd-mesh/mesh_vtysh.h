/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of FRR, run by vtysh as a person would with -c.  They are seen by
 * all who can list processes, and by vtysh's history: no secret is among them.
 */
#ifndef MESH_VTYSH_H
#define MESH_VTYSH_H

#include <stddef.h>

#include "wgd-mesh/mesh_file.h"

#define MESH_VTYSH_COMMANDS 32 /* in one run */
#define MESH_VTYSH_S 60	       /* it may be silent for so long */

struct mesh_vtysh {
	const char *program;
	const char *command[MESH_VTYSH_COMMANDS];
	size_t n;
};

/*
 * Run them in their order, until one fails.  What was printed is in *ret, to be
 * freed with mesh_bytes_free, if 0 is returned or -EREMOTEIO: a command was
 * refused, and why has vtysh's words; others: vtysh did not run.
 */
int mesh_vtysh_run(const struct mesh_vtysh *v, struct mesh_bytes *ret,
		   struct mesh_why *why);
/* One command; nothing is printed by it but what *ret has. */
int mesh_vtysh_ask(const char *program, const char *command,
		   struct mesh_bytes *ret, struct mesh_why *why);

#endif
