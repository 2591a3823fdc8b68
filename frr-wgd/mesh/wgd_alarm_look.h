/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGD_ALARM_LOOK_H
#define WGD_ALARM_LOOK_H

#include "frr-wgd/mesh/wgd_mesh.h"

/*
 * Which alarms follow from what is: find them, and tell what came and went.
 * Called in each turn of the mesh.
 */
extern void wgd_alarm_look(struct wgd_mesh *m);

#endif
