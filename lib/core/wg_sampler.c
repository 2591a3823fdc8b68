/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/wg_sampler.h"

#define SLOT_US (WG_SAMPLER_SLOT_MS * 1000)

bool wg_sampler_seen(struct wg_sampler *s, unsigned n, int64_t now_us)
{
	if (now_us - s->began_us >= SLOT_US) {
		/* without a pause */
		*s = (struct wg_sampler){.began_us = now_us};
	}
	s->seen += n;
	return s->seen >= WG_SAMPLER_BUDGET;
}

unsigned wg_sampler_weight(const struct wg_sampler *s)
{
	return s->weight ? s->weight : 1;
}

unsigned wg_sampler_pause(struct wg_sampler *s, uint32_t random, int64_t now_us)
{
	/* from half of it to one and a half */
	unsigned slot_us = SLOT_US / 2 + random % SLOT_US;
	int64_t open_us = now_us - s->began_us;

	if (open_us < 1)
		open_us = 1;
	if (open_us >= slot_us) {
		s->weight = 1;
		return 1;
	}
	s->weight = slot_us / open_us;
	return (slot_us - open_us + 999) / 1000;
}

void wg_sampler_resume(struct wg_sampler *s, int64_t now_us)
{
	s->began_us = now_us;
	s->seen = 0;
}
