/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking at hubs' doors. */
#ifndef WGD_KNOCK_H
#define WGD_KNOCK_H

#include "frr-wgd/mesh/wgd_mesh.h"

/* It is known who we are: ask, if no hub is known. */
extern void wgd_knock_new(struct wgd_mesh *m);
extern void wgd_knock_delete(struct wgd_mesh *m);
/* A hub answers, or doors are others. */
extern void wgd_knock_look(struct wgd_mesh *m);
/* No question before that, monotonic ms. */
extern void wgd_knock_calm(struct wgd_mesh *m, int64_t until);
/* There is a reason to ask, though a hub may answer. */
extern void wgd_knock_again(struct wgd_mesh *m);
/*
 * Why no door lets us in, in its words, or which ones were asked in vain; NULL:
 * none was asked.  Of the mesh's memory, until the next call.
 */
extern const char *wgd_knock_why(const struct wgd_mesh *m);

#endif
