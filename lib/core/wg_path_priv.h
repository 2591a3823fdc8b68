/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of wg_path.h share: entering a state (wg_path_move.c).
 */
#ifndef WG_PATH_PRIV_H
#define WG_PATH_PRIV_H

#include "lib/core/wg_path.h"

#define LONG_AGO (INT64_MIN / 4)
#define NEVER_MS (INT64_MAX / 4)

static inline int64_t wg_path_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t wg_path_most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void wg_path_set_why(struct wg_path *p, enum wg_path_why why);
void wg_path_set_at(struct wg_path *p, int at);
/* From NOW on, as often as packets may still be under way. */
void wg_path_set_often(struct wg_path *p, int64_t now);
bool wg_path_is_back(enum wg_path_state state);
/* The device has it there, and it stays so. */
void wg_path_to_start(struct wg_path *p, const struct wg_endpoint *endpoint,
		      int64_t now);
void wg_path_to_relay(struct wg_path *p, int64_t now);
void wg_path_to_returning(struct wg_path *p, enum wg_path_why why, int64_t now);
void wg_path_to_direct(struct wg_path *p, int64_t now);
void wg_path_to_switching(struct wg_path *p, int at, bool other_came,
			  int64_t now);
void wg_path_to_probing(struct wg_path *p, int64_t begin, int64_t now);
bool wg_path_can(const struct wg_path *p);
enum wg_path_why wg_path_cannot(const struct wg_path *p);
void wg_path_hold(struct wg_path *p, int64_t ms, int64_t now);
void wg_path_fail(struct wg_path *p, enum wg_path_why why, int64_t ms,
		  int64_t now);
void wg_path_to_calling(struct wg_path *p, int64_t now);

#endif
