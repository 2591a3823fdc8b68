/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The userspace program that implements an interface (wireguard-go and what
 * behaves like it: `PROGRAM -f NAME`, UAPI socket in WG_UAPI_DIR).  The
 * launcher starts it (lib/backend/wg_launch.h).
 */
#ifndef WGD_PROGRAM_H
#define WGD_PROGRAM_H

#include "frr-wgd/base/wgd_if.h"

/*
 * Start it for the interface.  Errors: those of wg_launch_program; *ret_why
 * says more, until the next call.
 */
extern int wgd_program_start(struct wgd_if *wif, const char **ret_why);

/* Does the one that was started in this life still run? */
extern bool wgd_program_runs(const struct wgd_if *wif);

/*
 * Is one there that has lost its link, ours or of an earlier life?  It removes
 * its socket when it ends, and would take that of the next one, which ends for
 * it, and so on.
 */
extern bool wgd_program_lingers(const struct wgd_if *wif);
/* End it, if it was started in this life. */
extern void wgd_program_end(struct wgd_if *wif);

/* The launcher says so. */
extern void wgd_program_ended(const char *ifname, pid_t pid, int status);

#endif
