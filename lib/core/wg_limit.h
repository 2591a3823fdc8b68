/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a door works: 200 times a second for all, and 5 times for those who
 * come from one neighbourhood, a /24 or a /64.  Memory is bounded.
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_LIMIT_H
#define WG_LIMIT_H

#include "lib/core/wg_types.h"

#define WG_LIMIT_ALL 200 /* a second, and at once */
#define WG_LIMIT_NEAR 5	 /* a second, and at once */
/* More are never let in within a second, and one more may ask. */
#define WG_LIMIT_PLACES (2 * WG_LIMIT_ALL + 1)

enum wg_limit_verdict {
	WG_LIMIT_GO,
	WG_LIMIT_BY_NEAR, /* its neighbourhood asks too often */
	WG_LIMIT_BY_ALL,
};

/* All zeros: nobody came. */
struct wg_limit {
	int64_t due; /* when all is as if nobody had come */
	size_t n;
	struct {
		struct wg_prefix near;
		int64_t due; /* ... of this neighbourhood */
	} place[WG_LIMIT_PLACES];
};

/*
 * One more from ADDR (IPv4 not mapped into IPv6).  GO: it counts.  Else it does
 * not: who is refused does not make others be refused.
 */
enum wg_limit_verdict wg_limit_take(struct wg_limit *l,
				    const struct wg_addr *addr, int64_t now);

#endif
