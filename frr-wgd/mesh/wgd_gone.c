// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_gone.h"

DEFINE_MTYPE_STATIC(WGD, WGD_GONE, "WireGuard mesh members that are revoked");

struct wgd_gone {
	size_t n;
	struct wgd_gone_member member[WGD_GONE_MAX]; /* the oldest first */
};

static void drop(struct wgd_gone *gone, size_t i)
{
	XFREE(MTYPE_WGD_GONE, gone->member[i].prefixes);
	gone->n--;
	memmove(&gone->member[i], &gone->member[i + 1],
		(gone->n - i) * sizeof(gone->member[0]));
}

static void add(struct wgd_gone *gone, const struct wgd_mesh_member *member)
{
	struct wgd_gone_member *g;
	size_t i;

	if (gone->n == WGD_GONE_MAX)
		drop(gone, 0);
	g = &gone->member[gone->n++];
	*g = (struct wgd_gone_member){.number = member->number,
				      .ms = wgd_now_ms()};
	strlcpy(g->name, member->name, sizeof(g->name));
	g->prefixes = XCALLOC(MTYPE_WGD_GONE,
			      (member->n_addresses + member->n_certified + 1) *
				      sizeof(*g->prefixes));
	for (i = 0; i < member->n_addresses; i++)
		g->prefixes[g->n_prefixes++] =
			wg_prefix_host(&member->addresses[i]);
	for (i = 0; i < member->n_certified; i++)
		if (member->certified[i]
			    .prefix.len) /* a default says nothing */
			g->prefixes[g->n_prefixes++] =
				member->certified[i].prefix;
}

void wgd_gone_look(struct wgd_mesh *m, const struct wgd_mesh_member *member)
{
	const struct wg_directory *dir = wgd_map_directory(m->map);

	/* 0: it has gone already */
	if (!member->serial ||
	    member->serial >= wg_directory_least_serial(dir, member->number))
		return;
	wgd_gone_back(m, member->number);
	if (!m->gone)
		m->gone = XCALLOC(MTYPE_WGD_GONE, sizeof(*m->gone));
	add(m->gone, member);
}

void wgd_gone_back(struct wgd_mesh *m, uint32_t number)
{
	size_t i;

	for (i = 0; m->gone && i < m->gone->n; i++)
		if (m->gone->member[i].number == number) {
			drop(m->gone, i);
			return;
		}
}

const struct wgd_gone_member *wgd_gone_find(const struct wgd_mesh *m,
					    const struct wg_addr *addr,
					    struct wg_prefix *ret_prefix)
{
	const struct wgd_gone_member *found = NULL;
	struct wg_prefix host = wg_prefix_host(addr);
	size_t i, k;

	for (i = 0; m->gone && i < m->gone->n; i++)
		for (k = 0; k < m->gone->member[i].n_prefixes; k++) {
			const struct wg_prefix *p =
				&m->gone->member[i].prefixes[k];

			if (!wg_prefix_covers(p, &host) ||
			    (found && p->len <= ret_prefix->len))
				continue;
			found = &m->gone->member[i];
			*ret_prefix = *p;
		}
	return found;
}

void wgd_gone_forget(struct wgd_mesh *m)
{
	while (m->gone && m->gone->n)
		drop(m->gone, m->gone->n - 1);
	XFREE(MTYPE_WGD_GONE, m->gone);
}
