// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The groups, and the marks by which their members and packets have
 * wgd_gateway.c act.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/gateway/wgd_group.h"
#include "frr-wgd/gateway/wgd_member.h"

static struct wgd_group *groups;

struct wgd_group *wgd_group_first(void)
{
	return groups;
}

struct wgd_group *wgd_group_find(const uint8_t name[WG_KEY_LEN])
{
	struct wgd_group *g = groups;

	while (g && (!g->key || memcmp(g->name, name, sizeof(g->name)) != 0))
		g = g->next;
	return g;
}

struct wgd_member *wgd_group_member(struct wgd_group *g,
				    const struct wg_addr *addr)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m] && wg_addr_same(&g->member[m]->addr, addr))
			return g->member[m];
	return NULL;
}

void wgd_group_add(struct wgd_group *g)
{
	g->next = groups;
	groups = g;
}

void wgd_group_remove(struct wgd_group *g)
{
	struct wgd_group **at = &groups;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
}

void wgd_group_look_in(struct wgd_group *g, unsigned ms)
{
	if (event_timer_remain_msec(g->t_poll) <= ms)
		return;
	event_cancel(&g->t_poll);
	event_add_timer_msec(wgd.master, g->look, g, ms, &g->t_poll);
}

void wgd_group_look(struct wgd_group *g, unsigned ms)
{
	wgd_group_look_in(g, MAX(ms, g->wif->device->read_cpu_us *
					     WGD_GROUP_TAKING_SHARE / 1000));
}

void wgd_group_act(struct wgd_group *g)
{
	if (!g->t_act)
		event_add_event(wgd.master, g->act, g, 0, &g->t_act);
}
