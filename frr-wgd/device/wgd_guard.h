/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps the keys out of reach of other daemons, and the machine out of
 * reach of a hole in this one.
 */
#ifndef WGD_GUARD_H
#define WGD_GUARD_H

#include "frr-wgd/base/wgd.h"

/* Keys may be below this folder, too.  False: not absolute, or too many. */
extern bool wgd_guard_key_folder(const char *path);

/* This program may run, too.  False: as above. */
extern bool wgd_guard_program(const char *path);

/*
 * As root, before frr_init: the helpers are started, and what no exec shall
 * bring is given up.
 */
extern void wgd_guard_prepare(const struct zebra_privs_t *privs);

/* After frr_init: watch the helpers, and say what is missing. */
extern void wgd_guard_init(void);

/* When all is set up, and the daemon is in the background: system calls. */
extern void wgd_guard_close(void);

/* SIGCHLD: helpers that are our children. */
extern void wgd_guard_reap(void);

/* What is wrong with the helpers, for an operator; NULL: nothing. */
extern const char *wgd_guard_trouble(void);

extern void wgd_guard_vty_init(void);

#endif
