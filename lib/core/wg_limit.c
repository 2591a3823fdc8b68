/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits by the time that is owed: each one that is let in puts `due` off by
 * its share of a second, and nobody is let in whose due is further ahead than
 * a second less that share.  So a limit is one number, and says as much as a
 * bucket of tokens.
 *
 * A neighbourhood whose due has passed is as if it had never come, and is
 * forgotten when the list is walked the next time.  Each that is remembered
 * was let in within the last second, and of these there are no more than the
 * limit of all lets in within a second, beginning with a full one: so the list
 * has an end, and no neighbourhood is forgotten too early.  A walk over it is
 * some hundred comparisons.
 *
 * Who is counted here has shown that packets to its address reach it.  So who
 * wants to use up the limit of all needs 40 neighbourhoods of its own; then
 * others have to ask again.
 */
#include "lib/core/wg_limit.h"

#include <assert.h>

#define SECOND_MS 1000
#define SHARE_ALL (SECOND_MS / WG_LIMIT_ALL)
#define SHARE_NEAR (SECOND_MS / WG_LIMIT_NEAR)

static_assert(SECOND_MS % WG_LIMIT_ALL == 0 && SECOND_MS % WG_LIMIT_NEAR == 0,
	      "shares are whole milliseconds");

static struct wg_prefix near_of(const struct wg_addr *a)
{
	struct wg_prefix p = wg_prefix_host(a);

	p.len = a->family == AF_INET ? 24 : 64;
	wg_prefix_mask(&p);
	return p;
}

static bool is_over(int64_t due, int64_t share, int64_t now)
{
	return due - now > SECOND_MS - share;
}

static int64_t later(int64_t due, int64_t share, int64_t now)
{
	return (due > now ? due : now) + share;
}

/* Its place in the list, made if it has none; others are forgotten. */
static size_t find(struct wg_limit *l, const struct wg_prefix *near,
		   int64_t now)
{
	size_t i = 0, found = WG_LIMIT_PLACES;

	while (i < l->n) {
		if (wg_prefix_same(&l->place[i].near, near))
			found = i;
		else if (l->place[i].due <= now) {
			/* the last one moves here, and may be the one */
			l->place[i] = l->place[--l->n];
			continue;
		}
		i++;
	}
	if (found < WG_LIMIT_PLACES)
		return found;
	assert(l->n < WG_LIMIT_PLACES);
	l->place[l->n].near = *near;
	l->place[l->n].due = now;
	return l->n++;
}

enum wg_limit_verdict wg_limit_take(struct wg_limit *l,
				    const struct wg_addr *addr, int64_t now)
{
	const struct wg_prefix near = near_of(addr);
	size_t i = find(l, &near, now);

	if (is_over(l->place[i].due, SHARE_NEAR, now))
		return WG_LIMIT_BY_NEAR;
	if (is_over(l->due, SHARE_ALL, now))
		return WG_LIMIT_BY_ALL;
	l->place[i].due = later(l->place[i].due, SHARE_NEAR, now);
	l->due = later(l->due, SHARE_ALL, now);
	return WG_LIMIT_GO;
}
