/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints of members that moved to where they must not be. */
#ifndef WGD_PUTBACK_H
#define WGD_PUTBACK_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* The device was read: what is astray is set anew. */
extern void wgd_putback_read(struct wgd_mesh *m);

#endif
