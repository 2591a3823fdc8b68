/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request of this machine: a key that wgd made and keeps. */
#ifndef MESH_REQUEST_H
#define MESH_REQUEST_H

#include "lib/backend/wg_line.h"
#include "wgd-mesh/mesh_site.h"

/*
 * Have wgd print it, for an interface in a mesh; a whole line by the key that
 * it names, into RET.  -EREMOTEIO: wgd refused; -EBADMSG: it said something
 * else.
 */
int mesh_request_ask(const struct mesh_site *s, uint8_t ret[WG_LINE_ITEM_MAX],
		     struct mesh_why *why);

#endif
