/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time of day in a mesh: what may be concluded from a clock that may be
 * wrong.  It is below the floor if the authority signed something later: then
 * it is certainly behind.  A kernel that says that nobody set its clock may be
 * right or not.  Either way nothing expires: a bad clock removes nobody.
 *
 * Times are seconds since 1970.
 */
#ifndef WG_WALL_H
#define WG_WALL_H

#include <stdbool.h>
#include <stdint.h>

#define WG_WALL_GRACE_S (30 * 86400) /* an expired certificate is good for */

struct wg_wall {
	uint64_t now;
	uint64_t floor;	     /* the newest that an authority signed; 0: none */
	bool unsynchronised; /* as the kernel says */
};

enum wg_wall_source {
	WG_WALL_CLOCK,
	WG_WALL_UNSYNCHRONISED,
	WG_WALL_BELOW_FLOOR,
};
enum wg_wall_source wg_wall_source(const struct wg_wall *w);
const char *wg_wall_source_str(enum wg_wall_source source);

/* It is that time, or later: the clock, but never below the floor. */
static inline uint64_t wg_wall_least(const struct wg_wall *w)
{
	return w->now > w->floor ? w->now : w->floor;
}

/* How near a certificate's end is: what is said of it, and when it is over. */
enum wg_wall_end {
	WG_WALL_FAR,
	WG_WALL_MONTH, /* 30 days or less */
	WG_WALL_WEEK,
	WG_WALL_DAY,
	WG_WALL_PAST, /* it ended, and counts still */
	WG_WALL_OVER, /* ... for longer than the grace, by a good clock */
};
enum wg_wall_end wg_wall_end(const struct wg_wall *w, uint64_t until);

#endif
