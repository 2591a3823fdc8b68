/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hub with a door, for tests: a naive map of one mesh, whose items are kept
 * in the order in which they came, and all that follows is looked up in them
 * again and again.
 */
#ifndef DOOR_HUB_H
#define DOOR_HUB_H

#include "lib/core/tests/door_items.h"
#include "lib/core/wg_door.h"

#define DOOR_HUB_ITEMS 128
#define DOOR_HUB_ITEM_MAX 512
#define DOOR_HUB_MEMBERS 16

struct door_hub {
	uint32_t self;
	unsigned who; /* its identity */
	bool is_settled, clock_is_bad, disk_fails;
	uint64_t now, own_sequence;
	uint32_t void_below, revoked_below[DOOR_HUB_MEMBERS];
	size_t maximum; /* members; 0: any number */
	uint8_t item[DOOR_HUB_ITEMS][DOOR_HUB_ITEM_MAX]; /* C and W */
	size_t n;
	/* door records that were taken, the newest of each member */
	uint8_t record[DOOR_HUB_MEMBERS][DOOR_HUB_ITEM_MAX];
	struct wg_door_stats stats;
	unsigned verified, carried;
	/* of facts */
	uint8_t authority[2][WG_KEY_LEN];
};

/* A hub that has nothing but its own certificate. */
void door_hub_init(struct door_hub *h, uint32_t self, unsigned who);
/* An item from anybody: kept if the map would. */
bool door_hub_offer(struct door_hub *h, const uint8_t *item);
/* All that FROM has. */
void door_hub_sync(struct door_hub *h, const struct door_hub *from);
/*
 * So many witnesses by this hub are here, to the invite that this certificate
 * is, or that this succession or witness is of; and the one that is ours.
 */
size_t door_hub_witnesses(const struct door_hub *h, uint32_t by,
			  const uint8_t *of);
const uint8_t *door_hub_witness(const struct door_hub *h, const uint8_t *of);

void door_hub_facts(struct door_hub *h, const struct wg_door_question *q,
		    struct wg_door_facts *ret);
/* The whole of a question.  Welcome: the door record is taken. */
void door_hub_judge(struct door_hub *h, struct wg_door_case *c);

#endif
