/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to look at packets, of which there may be very many, and what those that
 * were seen stand for.
 *
 * Time is cut into slots.  Of each the first WG_SAMPLER_BUDGET packets are
 * seen, and then none until it ends; so where few come each is seen, at once,
 * and never more than some 500 a second are, however many there are.  Behind a
 * pause a packet stands for as many as the time that was looked at is contained
 * in its slot.  Slots with a pause are of random length: what comes by a clock
 * would else be seen always, or never.
 */
#ifndef WG_SAMPLER_H
#define WG_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#define WG_SAMPLER_SLOT_MS 50 /* on average */
#define WG_SAMPLER_BUDGET 25  /* packets */

/* All zeros to begin with: each packet is seen, and stands for itself. */
struct wg_sampler {
	int64_t began_us; /* the slot; monotonic */
	unsigned seen;	  /* in it */
	unsigned weight;  /* what each stands for; 0 is 1 */
};

/* N packets were seen just now.  True: pause (wg_sampler_pause). */
bool wg_sampler_seen(struct wg_sampler *s, unsigned n, int64_t now_us);
/* What a packet that is seen now stands for, at least 1. */
unsigned wg_sampler_weight(const struct wg_sampler *s);
/*
 * Nothing is looked at from now on.  Returns for how many ms, at least 1.
 * RANDOM: any number.
 */
unsigned wg_sampler_pause(struct wg_sampler *s, uint32_t random,
			  int64_t now_us);
/* It is looked again: another slot. */
void wg_sampler_resume(struct wg_sampler *s, int64_t now_us);

#endif
