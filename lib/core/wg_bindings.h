/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bindings: the routes of one set of next hops on one device (private to
 * lib/core).
 */
#ifndef WG_BINDINGS_H
#define WG_BINDINGS_H

#include "lib/core/wg_state.h"

/* The set's binding for the device (NULL: parked), or NULL. */
struct wg_binding *wg_binding_find(const struct wg_nhset *set,
				   const struct wg_dev *dev);
/* A new binding of the set, empty; NULL: no memory. */
struct wg_binding *wg_binding_new(struct wg_core *core, struct wg_nhset *set,
				  struct wg_dev *dev);
/* It has no routes. */
void wg_binding_delete(struct wg_core *core, struct wg_binding *b);
/*
 * Give it its device's share of the resolved next hops (core->resolved).
 * Returns 1 if that is something new, 0 if not, or -ENOMEM.
 */
int wg_binding_fill(struct wg_core *core, struct wg_binding *b);

/* The table that the binding's routes of the family are in. */
struct wg_table *wg_binding_table(struct wg_core *core,
				  const struct wg_binding *b, uint8_t family);
/* Is the peer one of the next hops? */
bool wg_binding_has(const struct wg_binding *b, const struct wg_peer *peer);
/* May one of its routes be the peer's: a next hop by rule 2 of the ladder, an
 * announcer by 2b? */
bool wg_binding_may_give(const struct wg_binding *b,
			 const struct wg_peer *peer);
/* Put the node on the list of the binding's routes, or take it off. */
void wg_binding_link(struct wg_binding *b, struct wg_table *t, uint32_t i);
void wg_binding_unlink(struct wg_binding *b, struct wg_table *t, uint32_t i);
/* Note that a maximum refused it, or no longer. */
void wg_binding_set_refused(struct wg_binding *b, struct wg_table *t,
			    uint32_t i, bool refused);

/* Assert the list; the number of routes by family. */
void wg_binding_check(struct wg_core *core, const struct wg_binding *b,
		      uint32_t ret_routes[2]);

#endif
