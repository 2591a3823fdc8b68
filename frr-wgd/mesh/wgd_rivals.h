/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which member has a name, an address, a key or a hub number. */
#ifndef WGD_RIVALS_H
#define WGD_RIVALS_H

#include "frr-wgd/mesh/wgd_mesh.h"

/*
 * Of members that nothing else is against: who has not what it claims is
 * refused, and who was and has it now is not.
 */
extern void wgd_rivals_settle(struct wgd_mesh *m);

#endif
