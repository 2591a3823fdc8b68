/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Liveness of a peer: scripts of what happens, each with what it has to look
 * like after every line; and random lives, held against a peer that remembers
 * all that ever happened and judges from the beginning each time.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_liveness.h"

#define S 1000 /* ms */

/* One thing that happens, and what is to be seen then. */
struct step {
	int64_t at; /* seconds; 0 ends the script */
	enum { ADMIN, BFD, FORGET, READ, TICK } what;
	int arg;		   /* of ADMIN and BFD */
	struct wg_liveness_read r; /* of READ */
	enum wg_peer_state state;
	enum wg_why why;
};

#define OK WG_PEER_UNKNOWN
#define NONE WG_LIVENESS_BFD_NONE
#define DOWN WG_LIVENESS_BFD_DOWN
#define UP WG_LIVENESS_BFD_UP
#define ADMIN_DOWN WG_LIVENESS_BFD_ADMIN_DOWN

static const struct script {
	const char *name;
	uint64_t flaps, held;
	struct step steps[24];
} scripts[] = {
	{"the operator decides first",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {3,
		  ADMIN,
		  WG_PEER_SHUTDOWN,
		  {},
		  WG_PEER_SHUTDOWN,
		  WG_WHY_SHUTDOWN},
		 {4, BFD, DOWN, {}, WG_PEER_SHUTDOWN, WG_WHY_SHUTDOWN},
		 {5,
		  ADMIN,
		  WG_PEER_INCOMPLETE,
		  {},
		  WG_PEER_INCOMPLETE,
		  WG_WHY_INCOMPLETE},
		 {6, ADMIN, OK, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
	 }},
	{"a handshake",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {0, 148, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {3, READ, 0, {92, 148, 1, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {181, READ, 0, {92, 148, 179, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {182, READ, 0, {92, 148, 180, 0}, WG_PEER_UNKNOWN, WG_WHY_OLD},
		 {183,
		  READ,
		  0,
		  {92, 148, 181, 25},
		  WG_PEER_DOWN,
		  WG_WHY_OLD_KEEPALIVE},
		 {184, READ, 0, {184, 148, 0, 25}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"silence",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 /* what is sent first wants no answer yet */
		 {7, READ, 0, {92, 1148, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {12, READ, 0, {92, 2148, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {17, READ, 0, {92, 3148, 15, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {22, READ, 0, {92, 4148, 20, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
		 /* nothing is sent any more: that makes nobody alive */
		 {27, READ, 0, {92, 4148, 25, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
		 {32, READ, 0, {124, 4148, 30, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"who calls and takes no answer is silent",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {1000, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {7, READ, 0, {1000, 1148, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 /* one initiation each 5 s */
		 {12, READ, 0, {1148, 2240, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {17, READ, 0, {1296, 3332, 15, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {22, READ, 0, {1444, 4424, 20, 0}, WG_PEER_DOWN, WG_WHY_DEAF},
		 {32, READ, 0, {1740, 4608, 30, 0}, WG_PEER_DOWN, WG_WHY_DEAF},
		 /* it stops calling, and is sent to: now it is silent only */
		 {37, READ, 0, {1740, 5608, 35, 0}, WG_PEER_DOWN, WG_WHY_DEAF},
		 {43, READ, 0, {1740, 6608, 41, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
		 {48, READ, 0, {1888, 7608, 46, 0}, WG_PEER_DOWN, WG_WHY_DEAF},
		 {49, READ, 0, {2068, 7700, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"who dies after one call is silent, not deaf",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {1000, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {7, READ, 0, {1148, 1148, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {12, READ, 0, {1148, 2148, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {22, READ, 0, {1148, 3148, 20, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
		 {82, READ, 0, {1148, 4148, 80, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
	 }},
	{"what comes between rare reads is data",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {1000, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 /* as many bytes as calls would be, in each read */
		 {32, READ, 0, {1592, 1148, 30, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {62, READ, 0, {2184, 2148, 60, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {92, READ, 0, {2776, 3148, 90, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"a handshake is no silence",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {1000, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {7, READ, 0, {1000, 1148, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 /* read between the initiation and what follows our answer */
		 {12, READ, 0, {1148, 1240, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {17, READ, 0, {1180, 2240, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {22, READ, 0, {1180, 3240, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {32, READ, 0, {1180, 3340, 20, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {37, READ, 0, {1180, 3440, 25, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
	 }},
	{"more than it may call is data",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {1000, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {7, READ, 0, {1000, 1148, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {12, READ, 0, {2480, 2240, 10, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {24, READ, 0, {3960, 4424, 22, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"not to send is no silence",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {7, READ, 0, {92, 180, 5, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {99, READ, 0, {92, 180, 97, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"keepalives want no answer",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 10}, WG_PEER_UP, WG_WHY_FRESH},
		 {12, READ, 0, {92, 180, 10, 10}, WG_PEER_UP, WG_WHY_FRESH},
		 {22, READ, 0, {92, 212, 20, 10}, WG_PEER_UP, WG_WHY_FRESH},
		 {32, READ, 0, {92, 244, 30, 10}, WG_PEER_UP, WG_WHY_FRESH},
		 {52, READ, 0, {92, 308, 50, 10}, WG_PEER_UP, WG_WHY_FRESH},
		 /* an initiation does */
		 {62, READ, 0, {92, 488, 60, 10}, WG_PEER_DOWN, WG_WHY_SILENT},
	 }},
	{"never answered",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {0, 0, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {7, READ, 0, {0, 148, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {22, READ, 0, {0, 592, -1, 0}, WG_PEER_DOWN, WG_WHY_SILENT},
	 }},
	{"a new device counts from nothing",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {0, 9000, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {7, READ, 0, {0, 9148, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {27, READ, 0, {0, 148, -1, 0}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
	 }},
	{"BFD decides",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {3, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {4, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {5, READ, 0, {920, 148, 0, 0}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {6, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {7, READ, 0, {920, 148, 999, 25}, WG_PEER_UP, WG_WHY_BFD_UP},
	 }},
	{"AdminDown is no failure",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {3, BFD, ADMIN_DOWN, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {4, BFD, NONE, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {5, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"the end of bfdd is nobody's death",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {3, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {4, BFD, NONE, {}, WG_PEER_UP, WG_WHY_FRESH},
		 {5, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
	 }},
	{"... nor does it make the dead alive",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, READ, 0, {92, 148, 0, 0}, WG_PEER_UP, WG_WHY_FRESH},
		 {3, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {4, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {5, BFD, NONE, {}, WG_PEER_DOWN, WG_WHY_BFD_LOST},
		 /* this may have been received before it died */
		 {6, READ, 0, {992, 148, 4, 0}, WG_PEER_DOWN, WG_WHY_BFD_LOST},
		 {7, READ, 0, {992, 148, 5, 0}, WG_PEER_DOWN, WG_WHY_BFD_LOST},
		 {8, READ, 0, {1024, 148, 6, 0}, WG_PEER_UP, WG_WHY_FRESH},
	 }},
	{"... unless the operator ends the session",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {3, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {4, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {5, FORGET, 0, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
	 }},
	{"flapping",
	 3,
	 3,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {3, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {4, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {5, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN}, /* 1 s */
		 {6, BFD, UP, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {7, TICK, 0, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {8, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN}, /* 2 s */
		 {9, BFD, UP, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {10, TICK, 0, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {11, TICK, 0, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {70, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN}, /* 4 s */
		 {71, BFD, UP, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {75, TICK, 0, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 /* a minute is forgiven */
		 {135, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {136, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
	 }},
	{"a hold begins anew",
	 1,
	 2,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {3, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {4, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {5, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {6, BFD, UP, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {6, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {7, TICK, 0, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {8, BFD, UP, {}, WG_PEER_DOWN, WG_WHY_HELD},
		 {9, TICK, 0, {}, WG_PEER_UP, WG_WHY_BFD_UP},
	 }},
	{"what the operator does is no flap",
	 0,
	 0,
	 {
		 {1, ADMIN, OK, {}, WG_PEER_UNKNOWN, WG_WHY_NEVER},
		 {2, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {3, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {4, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {5,
		  ADMIN,
		  WG_PEER_SHUTDOWN,
		  {},
		  WG_PEER_SHUTDOWN,
		  WG_WHY_SHUTDOWN},
		 {6, ADMIN, OK, {}, WG_PEER_UP, WG_WHY_BFD_UP},
		 {7, BFD, DOWN, {}, WG_PEER_DOWN, WG_WHY_BFD_DOWN},
		 {8, BFD, UP, {}, WG_PEER_UP, WG_WHY_BFD_UP},
	 }},
};

static bool play(struct wg_liveness *l, int64_t now, const struct step *s)
{
	switch (s->what) {
	case ADMIN:
		return wg_liveness_set_admin(l, now, s->arg);
	case BFD:
		return wg_liveness_set_bfd(l, now, s->arg);
	case FORGET:
		return wg_liveness_forget_bfd(l, now);
	case READ:
		return wg_liveness_set_read(l, now, &s->r);
	case TICK:
		return wg_liveness_tick(l, now);
	}
	abort();
}

/* What is true whatever happened. */
static void check(const struct wg_liveness *l, int64_t now)
{
	const struct wg_liveness_change *c = wg_liveness_change(l, 0), *older;
	size_t i;

	if (c) {
		assert_int_equal(c->to, l->state);
		assert_int_equal(c->ms, l->since);
	}
	for (i = 1; (older = wg_liveness_change(l, i)); i++) {
		assert_int_equal(older->to, c->from);
		assert_true(older->ms <= c->ms);
		assert_int_not_equal(c->from, c->to);
		c = older;
	}
	assert_int_equal(i <= 1 ? l->n_changes : i,
			 l->n_changes < WG_LIVENESS_CHANGES
				 ? l->n_changes
				 : WG_LIVENESS_CHANGES);
	assert_int_equal(l->why == WG_WHY_HELD, wg_liveness_next(l) > 0);
	if (l->why == WG_WHY_HELD) {
		assert_int_equal(l->state, WG_PEER_DOWN);
		assert_true(wg_liveness_next(l) > now);
		assert_true(wg_liveness_next(l) <= now + WG_HOLD_MAX_MS);
	}
	/* at once, and in spite of everything */
	if (l->admin == WG_PEER_UNKNOWN && l->bfd == DOWN)
		assert_int_equal(l->state, WG_PEER_DOWN);
	assert_true(wg_why_str(l->why));
}

static void test_scripts(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		const struct script *sc = &scripts[i];
		struct wg_liveness l;

		wg_liveness_init(&l, 0);
		for (j = 0; sc->steps[j].at; j++) {
			const struct step *s = &sc->steps[j];
			enum wg_peer_state was = l.state;
			bool changed = play(&l, s->at * S, s);

			if (l.state != s->state || l.why != s->why)
				fail_msg("%s, line %zu: %s, %s", sc->name,
					 j + 1, wg_peer_state_str(l.state),
					 wg_why_str(l.why));
			assert_int_equal(changed, was != l.state);
			check(&l, s->at * S);
		}
		if (l.flaps != sc->flaps || l.held != sc->held)
			fail_msg("%s: %d flaps, %d held", sc->name,
				 (int)l.flaps, (int)l.held);
	}
}

/*
 * A random life, told by BFD alone.  At every moment: down as soon as BFD is;
 * back no later than a hold after BFD is; and no hold without a flap.
 */
static void test_random_flaps(void **state)
{
	unsigned seed = 20261121, life, n;

	(void)state;
	print_message("# seed %u\n", seed);
	for (life = 0; life < 300; life++) {
		unsigned pace = 1 + rand_r(&seed) % 40000;
		int64_t now = 0, well_since = -1, flap_at = -1, said_up = -1;
		struct wg_liveness l;

		wg_liveness_init(&l, now);
		wg_liveness_set_admin(&l, now, OK);
		for (n = 0; n < 400; n++) {
			bool well = rand_r(&seed) % 2;
			enum wg_peer_state was = l.state;

			now += 1 + rand_r(&seed) % pace;
			while (wg_liveness_next(&l) >= 0 &&
			       wg_liveness_next(&l) <= now) {
				int64_t due = wg_liveness_next(&l);

				assert_true(wg_liveness_tick(&l, due));
				assert_int_equal(l.state, WG_PEER_UP);
				assert_true(due - well_since <= WG_HOLD_MAX_MS);
				said_up = due;
				was = l.state;
				check(&l, due);
			}
			wg_liveness_set_bfd(&l, now, well ? UP : DOWN);
			check(&l, now);
			if (!well) {
				assert_int_equal(l.state, WG_PEER_DOWN);
				if (was == WG_PEER_UP && said_up >= 0 &&
				    now - said_up < WG_FLAP_MS)
					flap_at = now;
				well_since = -1;
				continue;
			}
			if (well_since < 0)
				well_since = now;
			if (was == WG_PEER_DOWN && l.state == WG_PEER_UP)
				said_up = now;
			/* kept down only for what it did lately */
			if (l.state == WG_PEER_DOWN) {
				assert_true(flap_at >= 0);
				assert_true(now - well_since < WG_HOLD_MAX_MS);
			}
		}
	}
}

/*
 * All that can happen, at random, twice: to a peer that lives on, and to one
 * that is told the whole story again each time.  The same must come out, so
 * nothing depends on when somebody asked.  And what is judged is right by a
 * rule of its own.
 */
static void test_random_lives(void **state)
{
	unsigned seed = 51820, life, n, i;

	(void)state;
	print_message("# seed %u\n", seed);
	for (life = 0; life < 200; life++) {
		static struct {
			struct step s;
			int64_t ms;
		} story[120];
		struct wg_liveness_read r = {.handshake_age = -1};
		struct wg_liveness l, again;
		int64_t now = 0;

		wg_liveness_init(&l, 0);
		for (n = 0; n < 120; n++) {
			struct step s = {.what = rand_r(&seed) % 5};
			static const int admins[] = {WG_PEER_INCOMPLETE,
						     WG_PEER_SHUTDOWN,
						     OK,
						     OK,
						     OK,
						     OK};

			now += rand_r(&seed) % 20000;
			r.rx += rand_r(&seed) % 3 ? 0 : 92;
			r.tx += rand_r(&seed) % 2 ? 0 : rand_r(&seed) % 400;
			r.keepalive = rand_r(&seed) % 4 ? 0 : 25;
			r.handshake_age = (int)(rand_r(&seed) % 300) - 20;
			if (r.handshake_age < 0)
				r.handshake_age = -1;
			s.r = r;
			s.arg = s.what == ADMIN ? admins[rand_r(&seed) % 6]
						: (int)(rand_r(&seed) % 4);
			story[n].s = s;
			story[n].ms = now;
			play(&l, now, &s);
			check(&l, now);
			/* asking changes nothing but what is due */
			assert_false(wg_liveness_tick(&l, now));

			wg_liveness_init(&again, 0);
			for (i = 0; i <= n; i++)
				play(&again, story[i].ms, &story[i].s);
			assert_int_equal(again.state, l.state);
			assert_int_equal(again.why, l.why);
			assert_int_equal(again.since, l.since);
			assert_int_equal(again.due, l.due);
			assert_int_equal(again.flaps, l.flaps);

			if (l.admin != OK)
				assert_int_equal(l.state, l.admin);
			else if (l.bfd == UP)
				assert_true(l.state == WG_PEER_UP ||
					    l.why == WG_WHY_HELD);
			/* nobody dies for want of news */
			if (l.state == WG_PEER_DOWN && l.bfd == NONE &&
			    l.why == WG_WHY_OLD_KEEPALIVE)
				assert_true(l.has_keepalive);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_random_flaps),
		cmocka_unit_test(test_random_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
