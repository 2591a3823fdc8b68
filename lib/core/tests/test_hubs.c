/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which hub relays. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/core/wg_hubs.h"

#define ALIVE WG_HELLO_ALIVE
#define LOST WG_HELLO_IS_LOST
#define BACK WG_HELLO_RETURNING
#define NEW WG_HELLO_UNKNOWN

static void test_choice(void **state)
{
	static const struct {
		const char *what;
		struct wg_hub_seen v[3];
		size_t n;
		uint8_t present, chosen;
	} cases[] = {
		{"none", {}, 0, 3, 0},
		{"the only one, dead", {{2, LOST, false, 0}}, 1, 0, 2},
		{"the nearest",
		 {{1, ALIVE, true, 30}, {2, ALIVE, true, 20}},
		 2, 0, 2},
		{"as near: the lowest number",
		 {{2, ALIVE, true, 20}, {1, ALIVE, true, 20}},
		 2, 0, 1},
		{"the one that we have",
		 {{1, ALIVE, true, 20}, {2, ALIVE, true, 35}},
		 2, 2, 2},
		{"... not where another is much nearer",
		 {{1, ALIVE, true, 20, 60000}, {2, ALIVE, true, 60, 60000}},
		 2, 2, 1},
		{"... but by more than a trifle",
		 {{1, ALIVE, true, 1, 60000}, {2, ALIVE, true, 29, 60000}},
		 2, 2, 2},
		{"... and not just now",
		 {{1, ALIVE, true, 20, 59999}, {2, ALIVE, true, 60, 60000}},
		 2, 2, 2},
		{"it is lost",
		 {{1, ALIVE, true, 90}, {2, LOST, true, 1}},
		 2, 2, 1},
		{"one that comes back takes nobody along",
		 {{1, ALIVE, true, 20}, {2, ALIVE, true, 20}},
		 2, 2, 2},
		{"it returns, and is not trusted yet",
		 {{1, BACK, true, 1}, {2, ALIVE, true, 90}},
		 2, 0, 2},
		{"all are dead: we stay",
		 {{1, LOST, false, 0}, {2, LOST, false, 0}},
		 2, 2, 2},
		{"no hellos, as of a hub that has none: by the connection",
		 {{1, LOST, false, 0}, {2, LOST, true, 0}},
		 2, 1, 2},
		{"nothing is known: the one that was not found lost",
		 {{1, LOST, true, 0}, {2, NEW, true, 0}},
		 2, 1, 2},
		{"nothing at all: any",
		 {{3, NEW, false, 0}, {2, NEW, false, 0}},
		 2, 0, 2},
		{"the one that we have is gone",
		 {{1, ALIVE, true, 20}, {3, ALIVE, true, 10}},
		 2, 2, 3},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t chosen = wg_hubs_choose(cases[i].v, cases[i].n,
						cases[i].present);

		if (chosen != cases[i].chosen)
			fail_msg("%s: %u, not %u", cases[i].what, chosen,
				 cases[i].chosen);
	}
}

/* Whatever is seen: a choice is one of them, and choosing again changes none. */
static void test_stable(void **state)
{
	struct wg_hub_seen v[2];
	unsigned a, b, c, present, again;

	for (a = 0; a < 4 * 2 * 3; a++)
		for (b = 0; b < 4 * 2 * 3; b++)
			for (present = 0; present < 4; present++) {
				v[0] = (struct wg_hub_seen){1, a % 4,
							    a / 4 % 2,
							    a / 8 * 40, 60000};
				v[1] = (struct wg_hub_seen){2, b % 4,
							    b / 4 % 2,
							    b / 8 * 40, 60000};
				c = wg_hubs_choose(v, 2, present);
				again = wg_hubs_choose(v, 2, c);
				assert_true(c == 1 || c == 2);
				assert_int_equal(again, c);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
