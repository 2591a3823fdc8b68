/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where doors are: addresses, and host names that are asked for. */
#ifndef WGD_PLACE_H
#define WGD_PLACE_H

#include "lib/core/wg_knock.h"

struct wgd_places;

/* KNOWN is called when a name has an address that was looked for in vain. */
extern struct wgd_places *wgd_places_new(void (*known)(void *arg,
						       const char *host),
					 void *arg);
extern void wgd_places_delete(struct wgd_places **p);
/* Forget all names that are not among these doors. */
extern void wgd_places_only(struct wgd_places *p,
			    const struct wg_knock_place *doors, size_t n);

/*
 * An address of a door, of several each time the next one; a name that was not
 * asked for in a while is asked for in passing.  false: none is known yet.
 */
extern bool wgd_places_find(struct wgd_places *p, const char *host,
			    struct wg_addr *ret);
/* Why a host has no address; NULL: it has one, or was not asked for. */
extern const char *wgd_places_error(const struct wgd_places *p,
				    const char *host);

#endif
