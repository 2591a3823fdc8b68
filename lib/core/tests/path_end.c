/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/tests/path_end.h"

struct wg_path p;
int64_t now;
struct wg_path_conf conf;
unsigned did[WG_PATH_SET + 1];
struct wg_path_act last[WG_PATH_SET + 1];
unsigned pinged[4];

struct wg_endpoint place(unsigned n)
{
	return (struct wg_endpoint){
		.addr = {AF_INET, {198, 51, 100, 1 + n}},
		.port = 1000 + n,
	};
}

static struct wg_endpoint relay(void)
{
	return (struct wg_endpoint){.addr = {AF_INET6, {0xfd, 1}}, .port = 1};
}

/* How the other end sees us there. */
struct wg_endpoint seen_at(unsigned n)
{
	return (struct wg_endpoint){
		.addr = {AF_INET, {203, 0, 113, 1 + n}},
		.port = 2000 + n,
	};
}

void look(void)
{
	memset(did, 0, sizeof(did));
	memset(pinged, 0, sizeof(pinged));
}

static void act(const struct wg_path_act *a)
{
	unsigned i;

	did[a->what]++;
	last[a->what] = *a;
	for (i = 0; i < 4; i++) {
		struct wg_endpoint e = place(i);

		if (a->what == WG_PATH_PING && wg_endpoint_same(&e, &a->place))
			pinged[i]++;
	}
	if (a->what == WG_PATH_TELL)
		assert_true(a->was < WG_PATH_STATES);
}

static void work(void)
{
	struct wg_path_act a;
	unsigned n = 0;

	wg_path_check(&p);
	while (wg_path_next(&p, now, &a)) {
		act(&a);
		wg_path_check(&p);
		assert_true(++n < 50);
	}
	assert_true(wg_path_due(&p) < 0 || wg_path_due(&p) > now);
}

/* Time goes by, and we are woken when we want it. */
void pass(int64_t ms)
{
	int64_t end = now + ms, due;

	for (work(); (due = wg_path_due(&p)) >= 0 && due <= end; work())
		now = due;
	now = end;
	work();
}

void is(enum wg_path_state state)
{
	if (p.state != state)
		fail_msg("%s, not %s", wg_path_state_str(p.state),
			 wg_path_state_str(state));
}

void is_held(enum wg_path_state state, enum wg_path_why why)
{
	is(state);
	if (p.why != why)
		fail_msg("%s, not %s", wg_path_why_str(p.why),
			 wg_path_why_str(why));
}

void at_place(unsigned n)
{
	struct wg_endpoint e = place(n);

	if (n == NONE) {
		assert_null(wg_path_endpoint(&p));
		return;
	}
	assert_non_null(wg_path_endpoint(&p));
	assert_true(wg_endpoint_same(wg_path_endpoint(&p), &e));
}

/* --- events */

void at_relay(bool leads)
{
	now = 1000000;
	conf = (struct wg_path_conf){leads, WG_PATH_ON_DEMAND, 20000, true};
	wg_path_init(&p, &conf, 77, NULL, false, now);
	wg_path_hub(&p, true, HUB_RTT, now);
	pass(0);
	look();
}

void data(unsigned n)
{
	wg_path_data(&p, n, now);
	pass(0);
}

void called(bool is_answer, uint64_t id, unsigned n)
{
	struct wg_path_call call = {
		.id = id, .start_ms = 30, .is_answer = is_answer, .n = n};
	unsigned i;

	for (i = 0; i < n; i++)
		call.places[i] = place(i);
	wg_path_called(&p, &call, now);
	pass(0);
}

void pong(unsigned n)
{
	struct wg_endpoint from = place(n), seen = seen_at(n);

	wg_path_pong(&p, &from, &seen, 20 + n, now);
	pass(0);
}

void heard(enum wg_path_state state, bool is_answer)
{
	wg_path_heard(&p, state, is_answer, 20, now);
	pass(0);
}

void switched(unsigned n)
{
	struct wg_endpoint e = place(n);

	wg_path_switched(&p, &e, now);
	pass(0);
}

void device(unsigned n)
{
	struct wg_endpoint e = n == NONE ? relay() : place(n);

	wg_path_device(&p, &e, n == NONE, now);
	pass(0);
}

void to_probing(bool leads, unsigned n)
{
	at_relay(leads);
	called(false, 5, n);
	pass(30 + HUB_RTT / 2);
	is(WG_PATH_PROBING);
	look();
}

void to_switching(bool leads, unsigned n)
{
	to_probing(leads, n + 1);
	pong(n);
	if (leads)
		pass(WG_PATH_PICK_MS);
	else
		switched(n);
	is(WG_PATH_SWITCHING);
}

void to_direct(bool leads)
{
	to_switching(leads, 0);
	heard(WG_PATH_SWITCHING, false);
	pass(500);
	heard(WG_PATH_SWITCHING, true);
	pass(WG_PATH_QUIET_MS);
	is(WG_PATH_DIRECT);
	heard(WG_PATH_DIRECT, true);
	look();
}
