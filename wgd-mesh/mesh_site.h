/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A site: an interface of this machine, and FRR's configuration around it.
 */
#ifndef MESH_SITE_H
#define MESH_SITE_H

#include "lib/core/wg_item_value.h"
#include "wgd-mesh/mesh_args.h"
#include "wgd-mesh/mesh_config.h"

#define MESH_SITE_LINES 16
#define MESH_SITE_LINE_MAX 160

/* Lines under the interface; with "no " in front: that it is not there. */
struct mesh_lines {
	char line[MESH_SITE_LINES][MESH_SITE_LINE_MAX];
	bool is_done[MESH_SITE_LINES]; /* before: not entered again */
	size_t n;
};

struct mesh_site {
	const char *ifname;
	const char *program; /* vtysh */
	const char *startup; /* the file that `write memory` writes */
	struct mesh_config running;
	char block[MESH_SITE_LINE_MAX];	 /* the interface's first line */
	char mesh[WG_ITEM_NAME_MAX + 1]; /* which it is in; "": none */
};

/*
 * Ask FRR, of an interface that the arguments name.  -ENOTCONN: wgd does not
 * run; errors of vtysh; MESH_USAGE: no name of an interface.
 */
int mesh_site_open(const struct mesh_args *args, struct mesh_site *ret,
		   struct mesh_why *why);
void mesh_site_close(struct mesh_site *s);

/*
 * What the mesh is to be called here: by --mesh, by the interface's line, or
 * as the ticket says (TOLD; "": it does not).  RET of WG_ITEM_NAME_MAX + 1.
 * -EINVAL: two of them differ, and it cannot be so.
 */
int mesh_site_name(const struct mesh_site *s, const struct mesh_args *args,
		   const char *told, char *ret, struct mesh_why *why);
/* May the interface be in that mesh?  -EINVAL: another line forbids it. */
int mesh_site_check_lines(const struct mesh_site *s, const char *name,
			  struct mesh_why *why);
/* -EINVAL: its key would change, and it has peers, and no --new-key. */
int mesh_site_check_peers(const struct mesh_site *s,
			  const struct mesh_args *args, struct mesh_why *why);

/* That a line is not there; nothing to do if it is not. */
void mesh_site_want_gone(const struct mesh_site *s, struct mesh_lines *lines,
			 const char *line);
/* printf of one more line. */
void mesh_site_want(const struct mesh_site *s, struct mesh_lines *lines,
		    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * Enter those that are not there.  On failure it is said which are there and
 * which are not; *ret_in_mesh (may be NULL): is the line `wireguard mesh name`
 * there now?
 */
int mesh_site_enter(const struct mesh_site *s, const struct mesh_lines *lines,
		    bool *ret_in_mesh, struct mesh_why *why);
/*
 * `write memory`, if a line is not in the startup file yet; with a warning of
 * what is saved beside them, which nobody else saved.
 */
int mesh_site_save(const struct mesh_site *s, const struct mesh_lines *lines,
		   struct mesh_why *why);

#endif
