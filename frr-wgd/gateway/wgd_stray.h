/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets by which a client is found that another gateway serves. */
#ifndef WGD_STRAY_H
#define WGD_STRAY_H

#include "frr-wgd/gateway/wgd_group.h"

struct wgd_stray;

extern struct wgd_stray *wgd_stray_new(struct wgd_group *g);
extern void wgd_stray_delete(struct wgd_stray **s);
/* The device, or what the group serves, may have changed: what is looked at? */
extern void wgd_stray_look(struct wgd_stray *s);
/* Why nothing is looked at; NULL: it is, or nothing is to be. */
extern const char *wgd_stray_why(const struct wgd_stray *s);

#endif
