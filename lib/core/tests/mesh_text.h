/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mesh says, written as text, on the stage of scene.h.
 */
#ifndef MESH_TEXT_H
#define MESH_TEXT_H

#include "lib/core/tests/scene.h"

/* Peers a, b and so on: N of them.  The one with that letter. */
void peers_new(unsigned n);
struct wg_peer *peer_of(char name);
/* A route with next hops and weights: "a1 b5"; x is nobody's; "": no route. */
void route_by(const char *text, const char *nexthops);
/*
 * "b7 10.0.0.0/8-24 > 10.1.0.0/16": b is live member number 7, certified for
 * 10.0.0.0/8 le 24, and announces 10.1.0.0/16.  "b7-": not live.  "b": no
 * member.
 */
void mesh_tell(const char *text);

#endif
