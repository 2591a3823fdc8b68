/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages made of operations, for tests of wg_genl.h. */
#ifndef GENL_H
#define GENL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/backend/tests/drive.h"
#include "lib/backend/wg_genl.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct wg_key key_a, key_b, throwaway, secret;

static inline struct wg_genl_encoder encoder(bool can_remove)
{
	return (struct wg_genl_encoder){ .family = 28, .ifindex = 5,
					 .can_remove = can_remove,
					 .throwaway = throwaway };
}

/* Encode into messages of at most `size`, one behind the other. */
static inline char *encode(const struct wg_op *ops, size_t n, bool can_remove,
		    size_t size, bool with_secret, size_t *ret_len)
{
	struct wg_genl_encoder enc = encoder(can_remove);
	size_t len = 0, i = 0;
	char *all = NULL;

	while (i < n) {
		size_t before = i, one;

		all = realloc(all, len + size);
		assert_non_null(all);
		memset(all + len, 0xee, size);
		wg_genl_begin(&enc, all + len, size);
		while (i < n && wg_genl_put(&enc, &ops[i],
					    with_secret ? &secret : NULL) == 0)
			i++;
		assert_true(i > before);
		one = wg_genl_end(&enc);
		assert_true(one <= size && one <= WG_GENL_MAX);
		assert_int_equal(one % 4, 0);
		assert_int_equal(one,
				 ((struct nlmsghdr *)(all + len))->nlmsg_len);
		len += one;
	}
	*ret_len = len;
	return all;
}

static inline int setup(void **state)
{
	key_a = a_key(1);
	key_b = a_key(2);
	memset(&throwaway, 0x77, sizeof(throwaway));
	memset(&secret, 0x5a, sizeof(secret));
	return 0;
}

#endif
