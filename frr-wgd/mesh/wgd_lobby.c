// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub's lobby: who waits there.
 *
 * Only members that the door's ladder found to be welcome come in, one question
 * of each, so nobody can fill it who was not certified; and each leaves after
 * WGD_LOBBY_MS, answered in any case.  A device takes a peer in some
 * milliseconds; one that is away, or a peer that an operator shut down or whose
 * name another one has, is `busy` to who asks.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_lobby.h"

DEFINE_MTYPE_STATIC(WGD, WGD_LOBBY, "WireGuard mesh lobby");

struct wgd_lobby {
	struct wgd_mesh *m;
	struct wgd_guest *first; /* the last that came */
	size_t n;
};

struct wgd_lobby *wgd_lobby_new(struct wgd_mesh *m)
{
	struct wgd_lobby *l = XCALLOC(MTYPE_WGD_LOBBY, sizeof(*l));

	l->m = m;
	return l;
}

void wgd_lobby_leave(struct wgd_lobby *l, struct wgd_guest *g)
{
	struct wgd_guest **at = &l->first;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	l->n--;
	wg_seal_drop(&g->question);
	XFREE(MTYPE_WGD_LOBBY, g);
}

void wgd_lobby_delete(struct wgd_lobby **at)
{
	struct wgd_lobby *l = *at;

	while (l->first)
		wgd_lobby_leave(l, l->first);
	XFREE(MTYPE_WGD_LOBBY, *at);
}

bool wgd_lobby_enter(struct wgd_lobby *l, struct wg_seal_question *q,
		     const struct sockaddr_in6 *to, const char *from)
{
	uint32_t number =
		wg_item_number(q->question.certificate, WG_ITEM_MEMBER);
	struct wgd_guest *g = l->first;

	while (g && g->member != number)
		g = g->next;
	if (g)
		wgd_lobby_leave(l, g);
	if (l->n == WGD_LOBBY_ROOM)
		return false;
	g = XCALLOC(MTYPE_WGD_LOBBY, sizeof(*g));
	g->member = number;
	g->until_ms = wgd_now_ms() + WGD_LOBBY_MS;
	g->question = *q;
	memset(&g->question.question, 0, sizeof(g->question.question));
	g->to = *to;
	strlcpy(g->from, from, sizeof(g->from));
	g->next = l->first;
	l->first = g;
	l->n++;
	wg_seal_drop(q);
	return true;
}

bool wgd_lobby_is_in(const struct wgd_lobby *l, const struct wgd_guest *g)
{
	const struct wgd_mesh_member *member = wgd_mesh_member(l->m, g->member);
	const struct wg_peer *peer =
		member && member->peer ? member->peer->peer : NULL;

	return peer && wg_peer_is_installed(peer) &&
	       wg_key_same(wg_peer_key(peer), &member->key);
}

struct wgd_guest *wgd_lobby_next(const struct wgd_lobby *l)
{
	int64_t now = wgd_now_ms();
	struct wgd_guest *g;

	for (g = l->first; g; g = g->next)
		if (now >= g->until_ms || wgd_lobby_is_in(l, g))
			return g;
	return NULL;
}

int64_t wgd_lobby_due(const struct wgd_lobby *l)
{
	int64_t due = INT64_MAX;
	const struct wgd_guest *g;

	for (g = l->first; g; g = g->next)
		due = MIN(due, g->until_ms);
	return due;
}
