/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration of FRR as text: what `show running-config` prints, or the
 * startup file.  A line belongs to a block (`interface wg0`), or to none.
 * Blanks are made single, comments and what only frames are left out.
 */
#ifndef MESH_CONFIG_H
#define MESH_CONFIG_H

#include "wgd-mesh/mesh_file.h"

struct mesh_config_line {
	const char *block; /* its first line; "" */
	const char *text;
};

struct mesh_config {
	struct mesh_bytes bytes; /* what the lines point into */
	struct mesh_config_line *lines;
	size_t n_lines;
	bool has_blocks; /* lines are indented: which is whose is known */
};

/* Takes the text, also on failure: -ENOMEM. */
int mesh_config_parse(struct mesh_bytes *text, struct mesh_config *ret);
void mesh_config_free(struct mesh_config *c);

/* Is that line in the block? */
bool mesh_config_has(const struct mesh_config *c, const char *block,
		     const char *line);
/*
 * What is behind PREFIX in the next line of the block that begins with it; *at
 * is 0 for the first.  NULL: there are no more.  "wireguard mtu" is no prefix
 * of "wireguard mtu-x": words are whole.
 */
const char *mesh_config_next(const struct mesh_config *c, const char *block,
			     const char *prefix, size_t *at);
/* The block of an interface, whatever its VRF; NULL: it has no line. */
const char *mesh_config_interface(const struct mesh_config *c,
				  const char *ifname);
/* The interface of a block, without its VRF; "": it is another block. */
#define MESH_CONFIG_NAME 64
void mesh_config_name(const char *block, char ret[MESH_CONFIG_NAME]);

/*
 * The next line that FROM has and OTHER has not; *at as above.  Where OTHER has
 * no blocks, the line may be anywhere.
 */
const struct mesh_config_line *
mesh_config_missing(const struct mesh_config *from,
		    const struct mesh_config *other, size_t *at);

#endif
