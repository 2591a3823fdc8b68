// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names come from invites, from lines and from hubs' records, so the keeper,
 * the operator and hubs can make us ask DNS; sites cannot.  Each name is asked
 * for once in 5 s at most, and only while its door is asked.  Old addresses
 * serve while new ones are awaited.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_place.h"
#include "frr-wgd/peer/wgd_name.h"

DEFINE_MTYPE_STATIC(WGD, WGD_PLACE, "WireGuard mesh doors' names");

#define AGAIN_MS 5000 /* whoever is asked in vain may have moved */

struct place {
	struct place *next;
	struct wgd_places *all;
	char host[WG_ITEM_HOST_MAX + 1];
	struct wg_addr addrs[WGD_NAME_ADDRS];
	size_t n, turn;
	char *error;
	int64_t due_ms; /* not asked before */
	bool is_missed; /* looked for in vain */
	struct wgd_name_query *query;
};

struct wgd_places {
	struct place *first;
	void (*known)(void *arg, const char *host);
	void *arg;
};

struct wgd_places *wgd_places_new(void (*known)(void *arg, const char *host),
				  void *arg)
{
	struct wgd_places *p = XCALLOC(MTYPE_WGD_PLACE, sizeof(*p));

	p->known = known;
	p->arg = arg;
	return p;
}

static void drop(struct place **at)
{
	struct place *gone = *at;

	*at = gone->next;
	wgd_name_forget(&gone->query);
	wgd_str_set(&gone->error, NULL);
	XFREE(MTYPE_WGD_PLACE, gone);
}

void wgd_places_delete(struct wgd_places **p)
{
	if (!*p)
		return;
	while ((*p)->first)
		drop(&(*p)->first);
	XFREE(MTYPE_WGD_PLACE, *p);
}

static bool is_among(const struct wg_knock_place *doors, size_t n,
		     const char *host)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strmatch(doors[i].host, host))
			return true;
	return false;
}

void wgd_places_only(struct wgd_places *p, const struct wg_knock_place *doors,
		     size_t n)
{
	struct place **at = &p->first;

	while (*at)
		if (is_among(doors, n, (*at)->host))
			at = &(*at)->next;
		else
			drop(at);
}

static void named(void *arg, const struct wg_addr *addrs, size_t n,
		  const char *why)
{
	struct place *place = arg;
	bool was_missed = place->is_missed;

	wgd_str_set(&place->error, why);
	place->due_ms = wgd_now_ms() + AGAIN_MS;
	if (!n)
		return;
	memcpy(place->addrs, addrs, n * sizeof(*addrs));
	place->n = n;
	place->is_missed = false;
	if (was_missed)
		place->all->known(place->all->arg, place->host);
}

static struct place *find(const struct wgd_places *p, const char *host)
{
	struct place *place = p->first;

	while (place && !strmatch(place->host, host))
		place = place->next;
	return place;
}

static struct place *get(struct wgd_places *p, const char *host)
{
	struct place *place = find(p, host);

	if (!place) {
		place = XCALLOC(MTYPE_WGD_PLACE, sizeof(*place));
		place->all = p;
		strlcpy(place->host, host, sizeof(place->host));
		place->next = p->first;
		p->first = place;
	}
	return place;
}

bool wgd_places_find(struct wgd_places *p, const char *host,
		     struct wg_addr *ret)
{
	struct place *place;

	if (wg_addr_parse(host, ret) == 0)
		return true;
	place = get(p, host);
	place->is_missed = false;
	/* a file of hosts answers at once */
	if (!place->query && wgd_now_ms() >= place->due_ms)
		wgd_name_ask(&place->query, host, named, place);
	place->is_missed = !place->n;
	if (place->is_missed)
		return false;
	*ret = place->addrs[place->turn++ % place->n];
	return true;
}

const char *wgd_places_error(const struct wgd_places *p, const char *host)
{
	const struct place *place = find(p, host);

	return place && !place->n ? place->error : NULL;
}
