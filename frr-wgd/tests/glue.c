// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/glue.h"

#include "privs.h"
#include "vrf.h"

#include "lib/core/wg_underlay.h"

unsigned glue_steps, glue_turns;

static void step(struct event *t)
{
	glue_steps++;
}

static void turn(struct event *t)
{
	glue_turns++;
}

int glue_setup(void **state)
{
	static bool begun;

	if (!begun) {
		begun = true;
		wgd_privs.user = wgd_privs.group = wgd_privs.vty_group = NULL;
		wgd_privs.cap_num_p = wgd_privs.cap_num_i = 0;
		zprivs_preinit(&wgd_privs);
#if FRR_VER >= 90000
		wgd.master = event_master_create("test");
#else
		wgd.master = thread_master_create("test");
#endif
		vrf_init(NULL, NULL, NULL, NULL);
	}
	wgd.core = wg_core_new();
	wgd.underlay = wg_underlay_new();
	wgd.step = step;
	wgd.turn = turn;
	wgd.routes_here = false;
	glue_steps = glue_turns = 0;
	return 0;
}

int glue_teardown(void **state)
{
	event_cancel(&wgd.t_turn);
	wg_underlay_delete(&wgd.underlay);
	wg_core_delete(&wgd.core);
	return 0;
}

static void stop(struct event *t)
{
	*(bool *)EVENT_ARG(t) = true;
}

/* So many turns with time for sockets, too, however busy the machine is. */
void glue_run(unsigned ms)
{
	struct event *t_stop = NULL, t;
	bool over;

	for (; ms; ms--) {
		over = false;
		event_add_timer_msec(wgd.master, stop, &over, 1, &t_stop);
#if FRR_VER >= 90000
		while (!over && event_fetch(wgd.master, &t))
			event_call(&t);
#else
		while (!over && thread_fetch(wgd.master, &t))
			thread_call(&t);
#endif
	}
}

struct wg_key glue_key(uint8_t n)
{
	return (struct wg_key){.b = {n, [31] = 0x40}};
}
