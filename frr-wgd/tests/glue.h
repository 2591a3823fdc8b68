/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the daemon's rooms stand on: libfrr's loop, the core, and no
 * daemon.  A test links the daemon's own objects, and defines itself what the
 * floor below its room would do; what it does not define is the real thing.
 */
#ifndef GLUE_H
#define GLUE_H

#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <setjmp.h>
#include <cmocka.h>

#include "frr-wgd/base/wgd_if.h"
#include "lib/core/tests/text.h"

/* For cmocka_unit_test_setup_teardown: a loop, a core and an underlay. */
extern int glue_setup(void **state);
extern int glue_teardown(void **state);
#define GLUE(test)                                                             \
	cmocka_unit_test_setup_teardown(test, glue_setup, glue_teardown)

/* Let the loop run for so many ms, and at least as many turns. */
extern void glue_run(unsigned ms);

/* How often steps and turns were called; engine's tests hand in the real. */
extern unsigned glue_steps, glue_turns;

extern struct wg_key glue_key(uint8_t n);

#endif
