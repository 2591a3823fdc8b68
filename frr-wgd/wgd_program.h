/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The userspace program that implements an interface (wireguard-go and what
 * behaves like it: `PROGRAM -f NAME`, UAPI socket in WG_UAPI_DIR).
 */
#ifndef WGD_PROGRAM_H
#define WGD_PROGRAM_H

#include "frr-wgd/wgd_if.h"

#define WGD_PROGRAM_DEFAULT "wireguard-go"

/*
 * The path of a program (NULL: the default), by its own path or from the
 * system's folders.  -ENOENT, -EACCES: not executable for us.
 */
extern int wgd_program_find(const char *program, char *ret, size_t len);

/*
 * Start it for the interface, in a session of its own: it outlives us.
 * Call with raised privileges.  Errors: those of finding and forking.
 */
extern int wgd_program_start(struct wgd_if *wif);

/* Does our child (of this life) still run? */
extern bool wgd_program_runs(const struct wgd_if *wif);

/*
 * Is one there that has lost its link, ours or of an earlier life?  It removes
 * its socket when it ends, and would take that of the next one, which ends for
 * it, and so on.
 */
extern bool wgd_program_lingers(const struct wgd_if *wif);
/* End it, if it is our child. */
extern void wgd_program_end(struct wgd_if *wif);

/* SIGCHLD. */
extern void wgd_program_reap(void);

/* As root, before privileges go: the folder of the sockets, ours to use. */
extern void wgd_program_prepare(const char *user, const char *group);

#endif
