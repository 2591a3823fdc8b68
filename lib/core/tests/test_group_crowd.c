/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gateway dies that served a thousand clients; another one takes them.
 *
 * A processor does everything one after the other: to start a handshake, to
 * answer it and to take in the answer cost WORK_US together, to make a peer
 * anew costs REMOVE_US.  What was begun for a peer that was made anew meanwhile
 * is paid for and is worth nothing.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_group.h"

#define CLIENTS 1000
#define REMOVE_US 1000
#define READ_MS 15 /* between two reads of the device */

struct call {
	unsigned client, life;
	int64_t done_us; /* when its answer is taken in */
};

static struct {
	struct wg_client *client;
	bool alive;	   /* it answers */
	unsigned life;	   /* which peer of this key it is */
	unsigned calls;	   /* initiations */
	bool placed;	   /* the device has its endpoint */
	int64_t handshake; /* ms; 0: none */
	int64_t remove_ms; /* made anew then; 0: not */
} peer[CLIENTS];
static struct call call[64 * CLIENTS];
static size_t n_calls, n_done;
static struct wg_group *group;
static int64_t now, free_us, work_us;

static struct wg_endpoint place_of(unsigned i)
{
	return (struct wg_endpoint){{AF_INET, {198, 51, i >> 8, i}}, 51820, 0};
}

/* The processor's time. */
static int64_t spend(int64_t us)
{
	if (free_us < now * 1000)
		free_us = now * 1000;
	return free_us += us;
}

static void begin(int64_t us)
{
	struct wg_group_msg msg = {.kind = WG_GROUP_CLIENT};
	unsigned i;

	group = wg_group_new(7);
	now = 1000;
	free_us = 0;
	work_us = us;
	n_calls = n_done = 0;
	wg_group_member_add(group, 0);
	wg_group_member_id(group, 0, 8);
	for (i = 0; i < CLIENTS; i++) {
		msg.record = (struct wg_group_record){
			.key = {{1, i >> 8, i}},
			.claim = WG_CLAIM_SERVING,
			.serial = 1,
			.age_ms = 500,
			.endpoint = place_of(i),
			.index = {i + 1},
		};
		peer[i].client =
			wg_client_new(group, &msg.record.key, &peer[i]);
		peer[i].alive = true;
		peer[i].life = peer[i].calls = 0;
		peer[i].placed = false;
		peer[i].handshake = peer[i].remove_ms = 0;
		assert_int_equal(wg_group_told(group, 0, &msg, now), 0);
		wg_group_seen(group, peer[i].client, WG_AGE_NONE,
			      &(struct wg_endpoint){}, now);
	}
	while (wg_group_next_change(group))
		;
}

/* What a change of role makes of the peer. */
static void apply(unsigned i)
{
	struct wg_client *c = peer[i].client;

	if (c->removing && !peer[i].remove_ms) {
		peer[i].remove_ms = spend(REMOVE_US) / 1000 + 1;
		peer[i].life++;
		peer[i].placed = false;
		peer[i].handshake = 0;
	} else if (wg_client_is_called(c) && !c->removing && !peer[i].placed) {
		peer[i].placed = true;
		peer[i].calls++;
		if (peer[i].alive)
			call[n_calls++] =
				(struct call){i, peer[i].life, spend(work_us)};
	}
}

static void step(void)
{
	struct wg_endpoint at;
	struct wg_client *c;
	unsigned i;

	now++;
	while (n_done < n_calls && call[n_done].done_us <= now * 1000) {
		i = call[n_done].client;
		if (peer[i].life == call[n_done++].life)
			peer[i].handshake = now;
	}
	for (i = 0; i < CLIENTS; i++)
		if (peer[i].remove_ms && peer[i].remove_ms <= now) {
			peer[i].remove_ms = 0;
			wg_group_removed(group, peer[i].client, now);
		}
	for (i = 0; i < CLIENTS && now % READ_MS == 0; i++) {
		at = place_of(i);
		if (!peer[i].placed)
			at = (struct wg_endpoint){};
		wg_group_seen(group, peer[i].client,
			      peer[i].handshake ? now - peer[i].handshake
						: WG_AGE_NONE,
			      &at, now);
	}
	if (wg_group_due(group) <= now)
		wg_group_tick(group, now);
	while ((c = wg_group_next_change(group)))
		apply((unsigned)c->key.b[1] << 8 | c->key.b[2]);
	wg_group_check(group);
}

/* Ms until so many are served. */
static int64_t until(size_t served, int64_t most)
{
	int64_t from = now;

	while (wg_group_count(group, WG_ROLE_SERVING) < served &&
	       now - from < most)
		step();
	return now - from;
}

static unsigned calls_of(unsigned from, unsigned to)
{
	unsigned n = 0;

	for (; from < to; from++)
		n += peer[from].calls;
	return n;
}

/* However long a handshake takes: hardly one is started in vain. */
static void test_all_at_once(void **state)
{
	static const int64_t us[] = {100, 1000, 3000, 10000, 30000};
	int64_t ms, least;
	size_t i;

	for (i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
		begin(us[i]);
		wg_group_member_dead(group, 0, true, now);
		least = CLIENTS * us[i] / 1000;
		ms = until(CLIENTS, 60000);
		print_message("%d us each: %d ms, at least %d, %u calls\n",
			      (int)us[i], (int)ms, (int)least,
			      calls_of(0, CLIENTS));
		assert_true(ms <= least * 6 / 5 + 500);
		assert_true(calls_of(0, CLIENTS) <= CLIENTS * 11 / 10);
		wg_group_delete(&group);
	}
}

/* Who is gone does not keep the others waiting for long. */
static void test_many_are_gone(void **state)
{
	unsigned i, none = 0;
	int64_t ms;

	begin(1000);
	for (i = 0; i < CLIENTS; i++)
		peer[i].alive = i % 10 == 0;
	wg_group_member_dead(group, 0, true, now);
	ms = until(CLIENTS / 10, 60000);
	print_message("one of ten is there: %d ms\n", (int)ms);
	assert_true(ms <= 6000);
	until(CLIENTS, 60000);
	for (i = 0; i < CLIENTS; i++) {
		none += !peer[i].calls;
		assert_int_equal(peer[i].client->role,
				 peer[i].alive ? WG_ROLE_SERVING
					       : WG_ROLE_PASSIVE);
	}
	assert_int_equal(none, 0);
	wg_group_delete(&group);
}

/* Whose packets come is served first. */
static void test_who_is_waiting(void **state)
{
	struct wg_endpoint at = place_of(123);
	int64_t ms = 0;

	begin(3000);
	peer[123].alive = true;
	wg_group_member_dead(group, 0, true, now);
	until(10, 1000);
	/* not among the first: take one that had no turn yet */
	assert_true(peer[123].client->role == WG_ROLE_TAKING);
	for (; peer[123].client->role == WG_ROLE_TAKING && ms < 5000; ms++) {
		if (ms % 10 == 0)
			wg_group_stray(group, &at, 123 + 1, now);
		step();
	}
	print_message("packets come: served after %d ms\n", (int)ms);
	assert_true(ms <= 400);
	wg_group_delete(&group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_many_are_gone),
		cmocka_unit_test(test_who_is_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
