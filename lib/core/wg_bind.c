/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding.
 *
 * A node that becomes a route of a binding, or ceases to be one, is decided
 * anew at once.  The set is held by each of its routes: the last one that
 * leaves takes the set with it.
 */
#include "lib/core/wg_bind.h"

#include <stdlib.h>

#include "lib/core/wg_bindings.h"
#include "lib/core/wg_nhsets.h"
#include "lib/core/wg_owner.h"

static const uint8_t families[2] = {AF_INET, AF_INET6};

void wg_bind_attach(struct wg_core *core, struct wg_binding *b,
		    struct wg_table *t, uint32_t i, uint8_t proto)
{
	struct wg_node *n = wg_table_node(t, i);
	struct wg_binding *old = n->route ? core->bindings[n->route] : NULL;

	n->proto = proto;
	n->fresh = 1;
	if (old == b)
		return;
	if (old)
		wg_binding_unlink(old, t, i);
	else if (b->dev)
		b->dev->n_routes++;
	n->route = b->id;
	n->refused = 0;
	wg_binding_link(b, t, i);
	b->set->refs++;
	if (b->dev)
		wg_owner_decide(b->dev, t, i);
	if (old)
		wg_nhset_put(core, old->set);
}

void wg_bind_detach(struct wg_core *core, struct wg_table *t, uint32_t i)
{
	struct wg_node *n = wg_table_node(t, i);
	struct wg_binding *b = core->bindings[n->route];

	wg_binding_unlink(b, t, i);
	n->route = 0;
	n->refused = 0;
	n->proto = 0;
	if (b->dev) {
		b->dev->n_routes--;
		wg_owner_decide(b->dev, t, i);
	}
	wg_table_prune(t, i);
	wg_nhset_put(core, b->set);
}

void wg_bind_decide_all(struct wg_binding *b)
{
	unsigned f;

	for (f = 0; f < 2; f++) {
		struct wg_table *t = &b->dev->table[f];
		uint32_t i = b->head[f];

		while (i) {
			uint32_t next = wg_table_node(t, i)->list_next;

			wg_owner_decide(b->dev, t, i);
			i = next;
		}
	}
}

void wg_bind_copy(struct wg_core *core, const struct wg_binding *from,
		  struct wg_binding *to)
{
	unsigned f;
	uint32_t i;

	for (f = 0; f < 2; f++) {
		struct wg_table *s = wg_binding_table(core, from, families[f]);
		struct wg_table *t = wg_binding_table(core, to, families[f]);

		for (i = from->head[f]; i; i = wg_table_node(s, i)->list_next) {
			const struct wg_node *n = wg_table_node(s, i);
			struct wg_prefix p = wg_table_prefix(s, i);
			uint32_t j = wg_table_get(t, &p);

			if (!j)
				abort();
			wg_bind_attach(core, to, t, j, n->proto);
			wg_table_node(t, j)->fresh = n->fresh;
		}
	}
}

void wg_bind_drop(struct wg_core *core, struct wg_binding *b)
{
	unsigned f;

	for (f = 0; f < 2; f++)
		while (b->head[f])
			wg_bind_detach(core,
				       wg_binding_table(core, b, families[f]),
				       b->head[f]);
	wg_binding_delete(core, b);
}
