/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who said what may be said once on an interface: keys, addresses, prefixes.
 */
#ifndef WGD_SAID_H
#define WGD_SAID_H

#include "northbound.h"

/* May LEAF of frr-wireguard.yang have a value at one peer only? */
extern bool wgd_said_is_unique(const char *leaf);

struct wgd_said;

extern struct wgd_said *wgd_said_new(void);
extern void wgd_said_free(struct wgd_said *said);

/* PEER says the value from now on. */
extern void wgd_said_set(struct wgd_said *said, const char *leaf,
			 const char *value, const char *peer);

/* Who says the value, or NULL; valid until said otherwise. */
extern const char *wgd_said_by(struct wgd_said *said, const char *leaf,
			       const char *value);

#endif
