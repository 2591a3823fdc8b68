/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients and where they are, for tests of wg_group. */
#ifndef GROUP_H
#define GROUP_H

#include "lib/core/wg_group.h"

static inline struct wg_key key_of(unsigned c)
{
	struct wg_key k = {{1, c}};

	return k;
}

static inline struct wg_endpoint place_of(unsigned n)
{
	struct wg_endpoint e = {{AF_INET, {192, 0, 2, n}}, 1000 + n, 0};

	return e;
}

#endif
