/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values from their texts, for tests: behind <cmocka.h> and what that wants. */
#ifndef TEXT_H
#define TEXT_H

#include "lib/core/wg_types.h"

static inline struct wg_addr addr_of(const char *text)
{
	struct wg_addr a;

	assert_int_equal(wg_addr_parse(text, &a), 0);
	return a;
}

static inline struct wg_prefix prefix_of(const char *text)
{
	struct wg_prefix p;

	assert_int_equal(wg_prefix_parse(text, &p), 0);
	return p;
}

#endif
