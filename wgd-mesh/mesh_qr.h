/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line as a QR code on a terminal, for a camera. */
#ifndef MESH_QR_H
#define MESH_QR_H

#include <stdbool.h>
#include <stdio.h>

#include "wgd-mesh/mesh_why.h"

/* Was libqrencode there at the build? */
bool mesh_qr_is_there(void);
/*
 * Where OUT is a terminal that is not wide enough, it says so and draws
 * nothing.  -ENOTSUP: built without libqrencode; -E2BIG: no code has so much
 * room.
 */
int mesh_qr_print(FILE *out, const char *text, struct mesh_why *why);

#endif
