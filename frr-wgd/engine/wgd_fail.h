/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What did not work, and when it is tried again. */
#ifndef WGD_FAIL_H
#define WGD_FAIL_H

#include "frr-wgd/base/wgd_if.h"

/*
 * Something did not work (-errno; what it was about is asked of the backend):
 * log it, forget the backend, try again later each time.
 */
extern void wgd_fail(struct wgd_if *wif, int rc, const char *doing);
/*
 * A preshared key that can no longer be read must not hold up the other peers;
 * one that can be read again brings its peer back.  FAILED: look at all.
 */
extern void wgd_fail_check_secrets(struct wgd_if *wif, bool failed);

#endif
