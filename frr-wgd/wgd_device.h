/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the device of an interface; they end by themselves. */
#ifndef WGD_DEVICE_H
#define WGD_DEVICE_H

#include "frr-wgd/wgd_if.h"

/* Read it and compare. */
extern void wgd_device_read(struct wgd_if *wif);
/* Carry out the beginning of the plan. */
extern void wgd_device_apply(struct wgd_if *wif);
/* Some of what is left to look through; true: there is more. */
extern bool wgd_device_sweep(struct wgd_if *wif);
/* The longest pause, in ms, between attempts that begin with a read. */
extern unsigned wgd_device_retry_max(struct wgd_if *wif);
/*
 * Read it now, for somebody who wants to see it, if the last time shows that
 * it takes no time worth speaking of.
 */
extern void wgd_device_refresh(struct wgd_if *wif);
/*
 * An endpoint may be about to become a wrong one (wgd_peer.c): read it often for
 * a while, under the same condition.
 */
extern void wgd_device_watch(struct wgd_if *wif);

#endif
