/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of clients that somebody else serves, and that arrive here. */
#ifndef WGD_STRAY_H
#define WGD_STRAY_H

#include "frr-wgd/wgd_group.h"

struct wgd_stray;

extern struct wgd_stray *wgd_stray_new(struct wgd_group *g);
extern void wgd_stray_delete(struct wgd_stray **s);
/* What the group serves may have changed: is there anything to look for? */
extern void wgd_stray_look(struct wgd_stray *s);
/* Why nothing is looked at; NULL: it is, or nothing is to be. */
extern const char *wgd_stray_why(const struct wgd_stray *s);

#endif
