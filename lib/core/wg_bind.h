/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding: routes come to a binding, and leave it (private to lib/core).  The
 * bindings themselves are in wg_bindings.h.
 */
#ifndef WG_BIND_H
#define WG_BIND_H

#include "lib/core/wg_state.h"

/* Make the node a route of the binding (of another before, perhaps). */
void wg_bind_attach(struct wg_core *core, struct wg_binding *b,
		    struct wg_table *t, uint32_t i, uint8_t proto);
/* The node is no route any more; it is pruned if nothing else is in it. */
void wg_bind_detach(struct wg_core *core, struct wg_table *t, uint32_t i);

/* Decide all routes of the binding anew. */
void wg_bind_decide_all(struct wg_binding *b);
/* Make every route of one binding also a route of another of the set. */
void wg_bind_copy(struct wg_core *core, const struct wg_binding *from,
		  struct wg_binding *to);
/* Detach all routes and delete the binding. */
void wg_bind_drop(struct wg_core *core, struct wg_binding *b);

#endif
