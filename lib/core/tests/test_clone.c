/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of ours that we did not make. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/core/wg_clone.h"

#define START 5000

static const uint8_t a[WG_DIRECTORY_HASH] = {1}, b[WG_DIRECTORY_HASH] = {2},
		     c[WG_DIRECTORY_HASH] = {3};
static struct wg_clone clone;

static int setup(void **state)
{
	clone = (struct wg_clone){.began = START};
	return 0;
}

static void is(const uint8_t *hash, bool synced, int64_t now,
	       enum wg_clone_found want)
{
	assert_int_equal(wg_clone_look(&clone, hash, synced, now), want);
}

static void test_ours(void **state)
{
	is(NULL, false, START, WG_CLONE_NONE);
	wg_clone_ours(&clone, a);
	is(a, false, START, WG_CLONE_NONE);
	is(a, true, START + 1, WG_CLONE_NONE);
	wg_clone_ours(&clone, b);
	is(b, true, START + 2, WG_CLONE_NONE);
	assert_false(wg_clone_stands(&clone, START + 3));
}

/* Also where it comes in the turn in which the maps became one. */
static void test_restored_backup(void **state)
{
	wg_clone_ours(&clone, a);
	is(a, false, START, WG_CLONE_NONE);
	is(b, true, START + 9, WG_CLONE_PAST);
	/* it is ours, until we said more */
	is(b, true, START + 9, WG_CLONE_NONE);
	wg_clone_ours(&clone, c);
	is(c, true, START + 10, WG_CLONE_NONE);
	assert_false(wg_clone_stands(&clone, START + 10));
}

static void test_lost_disk(void **state)
{
	is(NULL, false, START, WG_CLONE_NONE);
	is(b, false, START + WG_CLONE_START_MS - 1, WG_CLONE_PAST);
}

static void test_a_clone(void **state)
{
	int64_t now = START + 100;

	wg_clone_ours(&clone, a);
	is(a, true, now, WG_CLONE_NONE);
	is(b, true, now + 1, WG_CLONE_CLONE);
	wg_clone_ours(&clone, c); /* ours, above it */
	is(c, true, now + 2, WG_CLONE_NONE);
	assert_true(wg_clone_stands(&clone, now + 2));
	/* it answers at once; we do not */
	is(b, true, now + 3, WG_CLONE_CALM);
	is(b, true, now + WG_CLONE_CALM_MS, WG_CLONE_CALM);
	assert_int_equal(wg_clone_due(&clone), now + 1 + WG_CLONE_CALM_MS);
	is(b, true, now + 1 + WG_CLONE_CALM_MS, WG_CLONE_CLONE);
	wg_clone_ours(&clone, a);
	is(a, true, now + 2 + WG_CLONE_CALM_MS, WG_CLONE_NONE);
	assert_true(wg_clone_stands(&clone, now + WG_CLONE_STANDS_MS));
	assert_false(wg_clone_stands(&clone, now + 1 + WG_CLONE_CALM_MS +
						     WG_CLONE_STANDS_MS));
}

/* Without a hub, and so without another map, a start ends by itself. */
static void test_start_ends(void **state)
{
	wg_clone_ours(&clone, a);
	is(a, false, START + WG_CLONE_START_MS, WG_CLONE_NONE);
	is(b, false, START + WG_CLONE_START_MS + 1, WG_CLONE_CLONE);
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_ours),       CASE(test_restored_backup),
		CASE(test_lost_disk),  CASE(test_a_clone),
		CASE(test_start_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
