/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring: the low bits of an id say where in it the PING is noted, so a PONG
 * costs one look.  What it must not know is whether *we* sent that PING there:
 * a member could say PONG for a place that it never had anything from, and have
 * us send to it.  52 bits at random and three seconds are enough against that.
 *
 * Where more than WG_PINGS_MAX go out within a round trip, the first of them
 * are forgotten, and their PONGs do not count.
 */
#include "lib/core/wg_pings.h"

#include <assert.h>

static_assert((WG_PINGS_MAX & (WG_PINGS_MAX - 1)) == 0, "bits of an id");

uint64_t wg_pings_add(struct wg_pings *p, uint32_t member,
		      const struct wg_endpoint *to, uint64_t random,
		      int64_t now_us)
{
	unsigned at = p->next++ % WG_PINGS_MAX;
	uint64_t id = (random & ~(uint64_t)(WG_PINGS_MAX - 1)) | at;

	assert(member);
	p->one[at] = (struct wg_pings_one){
		.id = id, .sent_us = now_us, .to = *to, .member = member};
	return id;
}

bool wg_pings_take(struct wg_pings *p, uint64_t id, uint32_t member,
		   const struct wg_endpoint *from, int64_t now_us,
		   int64_t *ret_us)
{
	struct wg_pings_one *one = &p->one[id % WG_PINGS_MAX];

	if (!one->member || one->id != id || one->member != member ||
	    !wg_endpoint_same(&one->to, from) ||
	    now_us - one->sent_us > WG_PINGS_MS * INT64_C(1000))
		return false;
	*ret_us = now_us - one->sent_us;
	one->member = 0;
	return true;
}
