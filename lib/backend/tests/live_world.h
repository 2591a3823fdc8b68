/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real devices for cmocka's tests: each gets a fresh one.  Where a device
 * cannot be had, its tests are skipped with the reason.
 */
#ifndef LIVE_WORLD_H
#define LIVE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/backend/tests/drive.h"
#include "lib/backend/tests/live.h"

#define IFNAME "wglive0"
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* keys that are there */
extern char private_file[96], psk_file[96], seed_file[96];
extern struct wg_key own, key[8]; /* of private_file; of peers */

/* What every test is given. */
struct world {
	enum wg_backend_kind kind;
	struct wg_backend *be;
	struct live_picture pic;
};

void read_now(struct world *w);

#define assert_applied(w, ...)                                                 \
	do {                                                                   \
		struct wg_op ops_[] = { __VA_ARGS__ };                         \
		int r_ = drive_apply((w)->be, ops_, N(ops_));                  \
		if (r_)                                                        \
			fail_msg("%d: %s", r_, wg_backend_error((w)->be));     \
	} while (0)

/* Of the group. */
int live_setup(void **state);
int live_teardown(void **state);
/* Of a test. */
int live_begin_kernel(void **state);
int live_begin_userspace(void **state);
int live_end(void **state);

/* Skipping is not allowed in a setup. */
#define CASE(name)                                                             \
	static void on_##name(void **state)                                  \
	{                                                                      \
		if (!*state)                                                   \
			skip();                                                \
		test_##name(state);                                            \
	}

#define USERSPACE(name)                                                        \
	{ "wireguard_go_" #name, on_##name, live_begin_userspace, live_end, NULL },
#define KERNEL(name) { "kernel_" #name, on_##name, live_begin_kernel, live_end, NULL },

#endif
