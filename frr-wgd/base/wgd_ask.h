/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other daemons of this FRR, by the sockets that they have for vtysh: whether
 * one runs, and what it says.  Who may make such a socket is root, or a daemon
 * of FRR; what it says is text to look for a word in, cut where it is too long.
 *
 * Asked where a person waits (show, a commit) and never by a timer: one that
 * hangs costs WGD_ASK_MS, and is not asked again for WGD_ASK_AGAIN_MS, however
 * many interfaces there are to ask it of.
 */
#ifndef WGD_ASK_H
#define WGD_ASK_H

#include "frr-wgd/base/wgd.h"

#define WGD_ASK_MS 200
#define WGD_ASK_AGAIN_MS 10000

/*
 * Its socket is the only sign of life that a daemon has for others; one that
 * was killed leaves it, and nobody answers.
 */
extern bool wgd_ask_is_there(const char *daemon);
/* What it prints to a show command.  False: nothing, or not in time. */
extern bool wgd_ask(const char *daemon, const char *command, char *buf,
		    size_t len);

#endif
