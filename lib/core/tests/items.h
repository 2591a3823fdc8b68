/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items for tests, of each kind, with signatures of zeros.  The caller has a
 * buffer of WG_ITEM_MAX; returns the length.  A failure ends the program.
 */
#ifndef ITEMS_H
#define ITEMS_H

#include "lib/core/wg_item_writer.h"

/* splitmix64 */
uint64_t items_rnd(uint64_t *state);

enum items_size { ITEMS_LEAST, ITEMS_TYPICAL, ITEMS_MOST };
/* Of a kind that there is. */
size_t items_make(uint8_t kind, enum items_size size, uint8_t *buf);
/* Anything that the kind may have, of every part now and then. */
size_t items_random(uint8_t kind, uint64_t *rnd, uint8_t *buf);
/* The item once more, from what its values mean, from the last to the first. */
size_t items_again(const uint8_t *item, uint8_t *buf);

#endif
