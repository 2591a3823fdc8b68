/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may not be configured, and why: asked by the command, before the line
 * gets into the candidate, and again by the commit.
 *
 * The command has to ask because lines of a file are committed together: one
 * that is refused only then would take all others with it.
 *
 * All return 0, or -EINVAL with a sentence in err that names the interface,
 * the peer, the value and the reason.
 */
#ifndef WGD_CHECK_H
#define WGD_CHECK_H

#include "frr-wgd/config/wgd_value.h"

/* A new value against what is there, of the interface and of others. */
extern int wgd_check_conflict(const struct lyd_node *interface,
			      const struct wgd_value *v, char *err,
			      size_t len);

/*
 * A peer's new public key: is it a private one of ours, or the interface's own?
 * Asked by wgd_check_conflict, too.
 */
extern int wgd_check_key(const struct lyd_node *wireguard,
			 const struct wgd_value *v, char *err, size_t len);

/*
 * A new value against this machine as it is now: files with keys, programs.
 * Who types a line is told, and it is refused.  A line of a saved configuration
 * was right once, and a file that is away may come back: to lose the line would
 * be to go on without a preshared key, or with another identity.  So there it
 * is kept, and what needs the file waits for it and says so.
 */
extern int wgd_check_machine(const struct lyd_node *wireguard,
			     const struct wgd_value *v, char *err, size_t len);

/* What wgd_check_conflict remembers of a candidate: it is committed, or gone. */
extern void wgd_check_forget(void);

/* A whole interface, whatever machine it is for. */
extern int wgd_check_if(const struct lyd_node *wireguard, const char *ifname,
			char *err, size_t len);

#endif
