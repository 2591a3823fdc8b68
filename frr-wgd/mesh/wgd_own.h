/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the map says of ourselves. */
#ifndef WGD_OWN_H
#define WGD_OWN_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* The map was loaded: what it has of us is ours. */
extern void wgd_own_begin(struct wgd_mesh *m);
/* Our certificate may be another one: our number as a hub. */
extern void wgd_own_certificate(struct wgd_mesh *m);
/*
 * Look at what the map has of us as our record, before another one is made: it
 * may be of an earlier life, or a clone's.  False: make none, for now, or while
 * the member is another identity than ours.
 */
extern bool wgd_own_may_say(struct wgd_mesh *m);
/* This record is ours. */
extern void wgd_own_said(struct wgd_mesh *m, const uint8_t *record);
/* By our own map: our certificate is void, and there is no other. */
extern bool wgd_own_is_void(const struct wgd_mesh *m);
/* Which state we are in; the only one who sets it. */
extern void wgd_own_state(struct wgd_mesh *m);

#endif
