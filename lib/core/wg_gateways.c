/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways of recursive next hops.
 *
 * zebra tells recursive next hops as the protocol gave them: a gateway, no
 * interface.  What they resolve to is found by tracking, which the caller
 * does.  A gateway lives as long as a set of next hops refers to it, or an
 * endpoint holds it, and after that until the caller was told that nobody
 * wants it any more.
 *
 * Two bits say what remains to be told: wanted is refs != 0, told is what the
 * caller knows.  Where they differ the gateway is on the list of changes; it
 * may also be there without a difference (wanted, then not, then asked), which
 * is found when the list is read.
 */
#include "lib/core/wg_gateways.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct wg_gateway **bucket(struct wg_core *core, uint32_t vrf,
				  const struct wg_addr *addr)
{
	uint32_t h = wg_hash(WG_HASH_START, &vrf, sizeof(vrf));

	h = wg_hash(h, addr->b, sizeof(addr->b));
	return &core->gateways[h % WG_HASH_SIZE];
}

static struct wg_gateway *find(struct wg_core *core, uint32_t vrf,
			       const struct wg_addr *addr)
{
	struct wg_gateway *gw = *bucket(core, vrf, addr);

	while (gw && !(gw->vrf == vrf && wg_addr_same(&gw->addr, addr)))
		gw = gw->next;
	return gw;
}

static void change(struct wg_core *core, struct wg_gateway *gw)
{
	if (gw->changed)
		return;
	gw->changed = true;
	gw->changed_next = core->changed;
	core->changed = gw;
}

static void forget(struct wg_core *core, struct wg_gateway *gw)
{
	struct wg_gateway **at = bucket(core, gw->vrf, &gw->addr);

	while (*at != gw)
		at = &(*at)->next;
	*at = gw->next;
	wg_hops_set(&core->mem, &gw->hops, NULL, 0);
	wg_mem_put(&core->mem, gw, sizeof(*gw));
}

struct wg_gateway *wg_gateway_get(struct wg_core *core, uint32_t vrf,
				  const struct wg_addr *addr)
{
	struct wg_gateway *gw = find(core, vrf, addr);
	struct wg_gateway **at;

	if (!gw) {
		gw = wg_mem_try(&core->mem, sizeof(*gw));
		if (!gw)
			return NULL;
		at = bucket(core, vrf, addr);
		gw->next = *at;
		*at = gw;
		gw->vrf = vrf;
		gw->addr = *addr;
	}
	if (gw->refs++ == 0)
		change(core, gw);
	return gw;
}

void wg_gateway_put(struct wg_core *core, struct wg_gateway *gw)
{
	assert(gw->refs);
	if (--gw->refs == 0) {
		/* nobody keeps it current from now on */
		wg_hops_set(&core->mem, &gw->hops, NULL, 0);
		change(core, gw);
	}
}

/* The caller shall say it to the tracker once more. */
static void tell_again(struct wg_core *core, struct wg_gateway *gw)
{
	gw->told = false;
	change(core, gw);
}

void wg_gateway_hold(struct wg_core *core, uint32_t vrf,
		     const struct wg_addr *addr)
{
	struct wg_gateway *gw = wg_gateway_get(core, vrf, addr);

	if (!gw)
		abort();
	gw->holds++;
	tell_again(core, gw);
}

void wg_gateway_release(struct wg_core *core, uint32_t vrf,
			const struct wg_addr *addr)
{
	struct wg_gateway *gw = find(core, vrf, addr);

	assert(gw && gw->holds);
	if (--gw->holds == 0 && gw->refs > 1)
		tell_again(core, gw);
	wg_gateway_put(core, gw);
}

void wg_gateway_ask(struct wg_core *core, uint32_t vrf,
		    const struct wg_addr *addr)
{
	struct wg_gateway *gw = find(core, vrf, addr);

	if (gw && gw->refs)
		tell_again(core, gw);
}

bool wg_gateway_next(struct wg_core *core, struct wg_gateway_want *ret)
{
	struct wg_gateway *gw;

	while ((gw = core->changed)) {
		bool want = gw->refs != 0;
		bool differs = want != gw->told;

		core->changed = gw->changed_next;
		gw->changed = false;
		gw->changed_next = NULL;
		if (differs) {
			*ret = (struct wg_gateway_want){.vrf = gw->vrf,
							.gateway = gw->addr,
							.want = want,
							.via_default =
								gw->holds};
			gw->told = want;
		}
		if (!want)
			forget(core, gw);
		if (differs)
			return true;
	}
	return false;
}

void wg_gateway_replay(struct wg_core *core)
{
	struct wg_gateway *gw;
	size_t i;

	for (i = 0; i < WG_HASH_SIZE; i++)
		for (gw = core->gateways[i]; gw; gw = gw->next)
			tell_again(core, gw);
}

void wg_gateway_update(struct wg_core *core, uint32_t vrf,
		       const struct wg_addr *gateway,
		       const struct wg_nexthop *nh, size_t n_nh)
{
	struct wg_gateway *gw = find(core, vrf, gateway);

	/* an answer to what is not wanted any more is nothing to keep */
	if (gw && gw->refs && wg_hops_set(&core->mem, &gw->hops, nh, n_nh))
		core->marked_sets = true;
}

void wg_gateway_free_all(struct wg_core *core)
{
	size_t i;

	for (i = 0; i < WG_HASH_SIZE; i++)
		while (core->gateways[i])
			forget(core, core->gateways[i]);
	core->changed = NULL;
}
