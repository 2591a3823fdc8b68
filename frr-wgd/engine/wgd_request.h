/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the device of an interface; they end by themselves. */
#ifndef WGD_REQUEST_H
#define WGD_REQUEST_H

#include "frr-wgd/base/wgd_if.h"

/* Read it and compare. */
extern void wgd_request_read(struct wgd_if *wif);
/* Carry out the beginning of the plan. */
extern void wgd_request_apply(struct wgd_if *wif);
/*
 * Read it now, for somebody who wants to see it, if the last time shows that
 * it takes no time worth speaking of.
 */
extern void wgd_request_refresh(struct wgd_if *wif);

#endif
