/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/wg_wall.h"

#define DAY_S 86400

enum wg_wall_source wg_wall_source(const struct wg_wall *w)
{
	if (w->now < w->floor)
		return WG_WALL_BELOW_FLOOR;
	return w->unsynchronised ? WG_WALL_UNSYNCHRONISED : WG_WALL_CLOCK;
}

const char *wg_wall_source_str(enum wg_wall_source source)
{
	static const char *const names[] = {
		[WG_WALL_CLOCK] = "clock",
		[WG_WALL_UNSYNCHRONISED] = "unsynchronised",
		[WG_WALL_BELOW_FLOOR] = "below-floor",
	};

	return names[source];
}

enum wg_wall_end wg_wall_end(const struct wg_wall *w, uint64_t until)
{
	uint64_t now = wg_wall_least(w);

	if (now > until && now - until > WG_WALL_GRACE_S &&
	    wg_wall_source(w) == WG_WALL_CLOCK)
		return WG_WALL_OVER;
	if (now > until)
		return WG_WALL_PAST;
	if (until - now <= DAY_S)
		return WG_WALL_DAY;
	if (until - now <= 7 * DAY_S)
		return WG_WALL_WEEK;
	return until - now <= 30 * DAY_S ? WG_WALL_MONTH : WG_WALL_FAR;
}
