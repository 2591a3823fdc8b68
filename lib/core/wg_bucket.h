/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often something may be: once in so many milliseconds, and as often at
 * once as nothing was before.  All zeros is a bucket of which nothing was
 * taken.  Time is a clock that does not jump.
 *
 * One number is enough: when the bucket will be full again (the generic cell
 * rate algorithm, ITU-T I.371).
 */
#ifndef WG_BUCKET_H
#define WG_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct wg_bucket {
	int64_t full_ms;
};

struct wg_bucket_size {
	int64_t every_ms;
	unsigned burst; /* 1 at least */
};

/* When something may be taken, if nothing is taken before. */
static inline int64_t wg_bucket_ready(const struct wg_bucket *b,
				      const struct wg_bucket_size *size)
{
	return b->full_ms - (int64_t)(size->burst - 1) * size->every_ms;
}

static inline bool wg_bucket_has(const struct wg_bucket *b,
				 const struct wg_bucket_size *size, int64_t now)
{
	return wg_bucket_ready(b, size) <= now;
}

/* False: there was nothing to take. */
static inline bool wg_bucket_take(struct wg_bucket *b,
				  const struct wg_bucket_size *size,
				  int64_t now)
{
	if (!wg_bucket_has(b, size, now))
		return false;
	b->full_ms = (b->full_ms > now ? b->full_ms : now) + size->every_ms;
	return true;
}

#endif
