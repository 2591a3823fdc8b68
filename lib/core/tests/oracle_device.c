/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle on a device: it has what the core says, and nothing else. */
#include "lib/core/tests/oracle.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

void o_check_device(struct o_dev *od)
{
	const struct wg_prefix *from = NULL;
	struct wg_prefix cursor;
	struct wg_entry e;
	size_t n = 0;
	unsigned i;
	struct wg_count count;

	while (wg_entry_next(od->dev, from, &e)) {
		struct fk_entry *fe = fk_entry_find(&od->fk, &e.prefix);

		cursor = e.prefix;
		from = &cursor;
		assert_int_equal(fe != NULL, e.acked != NULL);
		if (fe) {
			assert_true(
				wg_key_same(&fe->key, wg_peer_key(e.acked)));
			n++;
		}
		if (!od->aggregate)
			assert_ptr_equal(e.target, e.decided);
		if (e.target)
			assert_ptr_equal(e.acked, e.target);
		else if (e.acked)
			assert_false(od->fk.can_remove);
	}
	assert_int_equal(n, od->fk.n_entries);
	wg_dev_count(od->dev, &count);
	assert_int_equal(count.pending, 0);
	assert_int_equal(count.installed, n);
	for (i = 0; i < O_LOOKUPS; i++) {
		const struct wg_key *key = fk_lookup(&od->fk, &o_lookups[i]);
		bool found = wg_entry_lookup(od->dev, &o_lookups[i], false, &e);

		assert_int_equal(found, key != NULL);
		if (found)
			assert_true(wg_key_same(key, wg_peer_key(e.decided)));
	}
	/* no peer but ours, and strangers where they may stay */
	for (i = 0; i < od->fk.n_peers; i++) {
		struct wg_peer *peer =
			wg_peer_find_key(od->dev, &od->fk.peers[i].key);

		assert_non_null(peer);
		if (!od->adopted || wg_peer_key(peer)->b[0] != STRANGER)
			assert_non_null(wg_peer_name(peer));
	}
}
