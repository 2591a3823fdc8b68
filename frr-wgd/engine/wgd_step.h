/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine/: all order, and nothing else.  What the rooms below found out comes
 * together here, and what follows from it in another room is drawn here:
 *
 *   wgd_step          the next step of an interface, and of all
 *   wgd_request       requests to the device, and what its answers mean to all
 *   wgd_zebra_events  what zebra told, and which rooms it concerns
 *   wgd_life          configured, changed, gone; the end
 *   wgd_fail          what did not work
 *
 * It may call every room below it.  Nothing below calls it: what may be to do
 * is marked (wgd_if_kick, wgd_turn_mark), and the marks call what is handed in
 * here.
 */
#ifndef WGD_STEP_H
#define WGD_STEP_H

/* From now on marks have an effect. */
extern void wgd_step_init(void);

#endif
