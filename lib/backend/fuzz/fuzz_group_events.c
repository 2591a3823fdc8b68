/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that can happen to a gateway group, in any order.  An input is a row of
 * events of EVENT bytes: which one, how much later, of whom, and what it says.
 * Promises: after each of them the group is sound (wg_group_check), what is to
 * be done and told comes to an end, and so does what time has to do: a daemon
 * that waits until wg_group_due does not turn round and round.
 *
 * What a client is told to be is done or not, sooner or later: a device may be
 * slow, and read in any moment.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/core/wg_group.h"

#define EVENT 6
#define CLIENTS 5
#define MEMBERS 3

enum {
	TICK,
	CLIENT_NEW,
	CLIENT_DELETE,
	MEMBER_ADD,
	MEMBER_DEL,
	MEMBER_ID,
	MEMBER_DEAD,
	MEMBER_ALIVE,
	MEMBER_HEARD,
	MEMBER_READY,
	MEMBER_UNREADY,
	MEMBER_DRAINED,
	MEMBER_LIED,
	TOLD_NONE,
	TOLD_TAKING,
	TOLD_SERVING,
	TOLD_ASK,
	TOLD_SNAP,
	SEEN,
	STRAY,
	SENT,
	REMOVED,
	SILENT,
	UNREACHABLE,
	DRAIN,
	CHANGES,
	MESSAGES,
	EVENTS,
};

static struct wg_group *g;
static struct wg_client *client[CLIENTS];
static bool member[MEMBERS];
static int64_t now;

static struct wg_key key_of(unsigned c)
{
	return (struct wg_key){{1, c}};
}

/* Few, so that clients meet at one; the last is none. */
static struct wg_endpoint place_of(uint8_t n)
{
	struct wg_endpoint e = {{AF_INET, {192, 0, 2, n % 7}}, 1 + n % 2, 0};

	return n % 16 == 15 ? (struct wg_endpoint){} : e;
}

static uint32_t age_of(uint8_t n)
{
	return n == 255 ? WG_AGE_NONE : (uint32_t)n * n * 8;
}

/* Few here, too, and with the same hash; more than a group has at a time. */
static uint32_t index_of(uint8_t n)
{
	return n % 8 + n / 8 % 4 * 4096;
}

static void changes(unsigned which)
{
	struct wg_client *c;
	unsigned n = 0;

	while ((c = wg_group_next_change(g))) {
		CHECK(++n <= CLIENTS * 2);
		if (c->removing && which >> n & 1)
			wg_group_removed(g, c, now);
	}
}

static void messages(unsigned m)
{
	struct wg_group_msg msg;
	unsigned n = 0;

	/* a record and a question for each, and the snapshot's ends */
	while (wg_group_next_msg(g, m, now, &msg))
		CHECK(++n <= 2 * CLIENTS + 2);
}

static void told(unsigned m, unsigned c, uint8_t event, uint8_t x, uint8_t y)
{
	struct wg_group_msg msg = {
		.kind = event == TOLD_ASK    ? WG_GROUP_ASK
			: event != TOLD_SNAP ? WG_GROUP_CLIENT
			: x & 1		     ? WG_GROUP_SNAP_BEGIN
					     : WG_GROUP_SNAP_END,
		.record = {.key = key_of(c),
			   .claim = event == TOLD_SERVING  ? WG_CLAIM_SERVING
				    : event == TOLD_TAKING ? WG_CLAIM_TAKING
							   : WG_CLAIM_NONE,
			   .serial = x == 255 ? UINT64_MAX : x,
			   .age_ms = WG_AGE_NONE,
			   .endpoint = place_of(y)},
	};

	if (event == TOLD_SERVING) {
		msg.record.age_ms = age_of(y);
		msg.record.index[0] = index_of(x);
		msg.record.index[1] = index_of(y);
	}
	if (event == TOLD_NONE)
		msg.record.heir = y & 3 ? 7 + (y & 3) - 1 : 0;
	wg_group_told(g, m, &msg, now);
}

/* What is of a client that there is; false: the event was none of these. */
static bool of_client(struct wg_client *c, const uint8_t *e)
{
	struct wg_endpoint at = place_of(e[4]);

	switch (e[0] % EVENTS) {
	case CLIENT_DELETE:
		client[c->key.b[1]] = NULL;
		wg_client_delete(g, c);
		return true;
	case SEEN:
		wg_group_seen(g, c, age_of(e[3]), &at, now);
		return true;
	case REMOVED:
		wg_group_removed(g, c, now);
		return true;
	case SILENT:
		wg_group_silent(g, c);
		return true;
	case UNREACHABLE:
		wg_group_unreachable(g, c);
		return true;
	default:
		return false;
	}
}

static void of_member(unsigned m, unsigned c, const uint8_t *e)
{
	switch (e[0] % EVENTS) {
	case MEMBER_DEL:
		wg_group_member_del(g, m);
		member[m] = false;
		break;
	case MEMBER_ID:
		wg_group_member_id(g, m, 8 + e[3] % 4);
		break;
	case MEMBER_DEAD:
	case MEMBER_ALIVE:
		wg_group_member_dead(g, m, e[0] % EVENTS == MEMBER_DEAD, now);
		break;
	case MEMBER_HEARD:
		wg_group_member_heard(g, m, now);
		break;
	case MEMBER_READY:
	case MEMBER_UNREADY:
		wg_group_member_ready(g, m, e[0] % EVENTS == MEMBER_READY);
		break;
	case MEMBER_DRAINED:
		wg_group_member_drained(g, m, e[3] & 1);
		break;
	case MEMBER_LIED:
		wg_group_member_lied(g, m, now);
		break;
	case TOLD_NONE:
	case TOLD_TAKING:
	case TOLD_SERVING:
	case TOLD_ASK:
	case TOLD_SNAP:
		told(m, c, e[0] % EVENTS, e[3], e[4]);
		break;
	case MESSAGES:
		messages(m);
		break;
	}
}

static void happen(const uint8_t *e)
{
	unsigned c = e[2] % CLIENTS, m = (e[2] >> 4) % MEMBERS, n = 0;
	struct wg_endpoint at = place_of(e[4]);
	struct wg_key key = key_of(c);

	switch (e[0] % EVENTS) {
	case TICK:
		while (wg_group_due(g) <= now) {
			CHECK(++n < 100);
			wg_group_tick(g, now);
		}
		break;
	case CLIENT_NEW:
		if (!client[c])
			client[c] = wg_client_new(g, &key, NULL);
		break;
	case MEMBER_ADD:
		if (!member[m])
			wg_group_member_add(g, m);
		member[m] = true;
		break;
	case STRAY:
		if (wg_group_knows(g, index_of(e[3]), now))
			wg_group_stray(g, &at, index_of(e[3]), now);
		break;
	case SENT:
		wg_group_sent(g, &at, index_of(e[3]), now);
		break;
	case DRAIN:
		wg_group_drain(g, e[3] & 1, now);
		break;
	case CHANGES:
		changes(e[3]);
		break;
	default:
		if (client[c] && of_client(client[c], e))
			break;
		if (member[m])
			of_member(m, c, e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned i;

	g = wg_group_new(7);
	now = 1000;
	memset(client, 0, sizeof(client));
	memset(member, 0, sizeof(member));
	for (; size >= EVENT; data += EVENT, size -= EVENT) {
		now += (int64_t)data[1] * data[1] / 4;
		happen(data);
		wg_group_check(g);
	}
	/* whatever happened: it can be done, told, and it ends */
	for (i = 0; i < 100; i++) {
		unsigned m;

		changes(0);
		for (m = 0; m < CLIENTS; m++)
			if (client[m])
				wg_group_removed(g, client[m], now);
		for (m = 0; m < MEMBERS; m++)
			messages(m);
		happen((uint8_t[EVENT]){TICK});
		now += 300;
	}
	wg_group_check(g);
	CHECK(wg_group_count(g, WG_ROLE_TAKING) == 0);
	wg_group_delete(&g);
	return 0;
}

/* The lives of some clients: made, told, seen, taken, given, and again. */
size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static const uint8_t life[][EVENT] = {
		{CLIENT_NEW, 0, 0},
		{CLIENT_NEW, 0, 1},
		{CLIENT_NEW, 0, 2},
		{MEMBER_ADD, 0, 0x00},
		{MEMBER_ID, 0, 0x00, 0},
		{MEMBER_READY, 0, 0x00},
		{MEMBER_ADD, 0, 0x10},
		{MEMBER_ID, 0, 0x10, 1},
		{MEMBER_READY, 0, 0x10},
		{TOLD_SNAP, 0, 0x00, 1},
		{TOLD_SERVING, 9, 0x00, 3, 9},
		{TOLD_SERVING, 9, 0x01, 3, 10},
		{TOLD_SNAP, 0, 0x00, 0},
		{SENT, 9, 2, 20, 5},
		{SEEN, 40, 2, 1, 5},
		{CHANGES, 0, 0, 255},
		{MESSAGES, 0, 0x00},
		{STRAY, 60, 0, 3, 9},
		{MESSAGES, 20, 0x00},
		{TOLD_NONE, 9, 0x00, 5, 1},
		{CHANGES, 9, 0, 255},
		{SENT, 9, 0, 21, 9},
		{SEEN, 9, 0, 0, 9},
		{CHANGES, 9, 0, 255},
		{STRAY, 60, 2, 9, 10},
		{STRAY, 9, 2, 9, 11},
		{MEMBER_DEAD, 20, 0x00},
		{TICK, 20},
		{CHANGES, 0, 0, 255},
		{SEEN, 9, 1, 255, 15},
		{TICK, 30},
		{CHANGES, 0, 0, 255},
		{STRAY, 20, 1, 3, 10},
		{STRAY, 3, 1, 3, 12},
		{STRAY, 3, 1, 3, 12},
		{CHANGES, 3, 0, 255},
		{SENT, 3, 1, 22, 12},
		{SEEN, 9, 1, 0, 12},
		{MEMBER_HEARD, 50, 0x00},
		{MEMBER_ALIVE, 20, 0x00},
		{TOLD_SERVING, 9, 0x00, 9, 9},
		{CHANGES, 9, 0, 255},
		{MEMBER_DEAD, 60, 0x00},
		{TICK, 70},
		{CHANGES, 0, 0, 255},
		{MEMBER_ALIVE, 20, 0x00},
		{TOLD_ASK, 99, 0x11},
		{CHANGES, 3, 0, 255},
		{DRAIN, 99, 0, 1},
		{TICK, 99},
		{CHANGES, 3, 0, 255},
		{MESSAGES, 0, 0x10},
		{SILENT, 9, 2},
		{UNREACHABLE, 9, 0},
		{DRAIN, 9, 0, 0},
		{MEMBER_LIED, 9, 0x10},
		{TICK, 255},
		{CLIENT_DELETE, 9, 1},
		{MEMBER_DEL, 9, 0x00},
	};
	size_t n = sizeof(life) / sizeof(life[0]), k, len = 0;

	if (i >= 24)
		return 0;
	/* from the beginning, and then in another order */
	for (k = 0; k < 2 * n; k++) {
		size_t at = k < n ? k : (k * (2 * i + 1) + i) % n;

		if (k >= n && i == 0)
			break;
		CHECK(len + EVENT <= size);
		memcpy(buf + len, life[at], EVENT);
		len += EVENT;
	}
	return len;
}
