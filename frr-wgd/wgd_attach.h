/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Getting the link and the backend of an interface. */
#ifndef WGD_ATTACH_H
#define WGD_ATTACH_H

#include "frr-wgd/wgd_if.h"

/*
 * Have a backend.  False: not yet; the next step, or the retry after an error
 * that was logged, is scheduled.
 */
extern bool wgd_attach(struct wgd_if *wif);

/* Tell the core what the device shall be. */
extern void wgd_attach_set_conf(struct wgd_if *wif);

/*
 * Is the link still the attached one?  Then put right what of it is ours and
 * follow it into its VRF.  False: it is gone, has another name, or is another.
 */
extern bool wgd_attach_keep(struct wgd_if *wif);

#endif
