/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Assertions on a whole device, for tests: after every step they hold
 * (private to lib/core).
 */
#ifndef WG_CHECK_H
#define WG_CHECK_H

#include "lib/core/wg_state.h"

/*
 * Assert that counts and queues are what the nodes say, and all that the
 * files of the single nouns assert.
 */
void wg_check_dev(struct wg_dev *dev);

#endif
