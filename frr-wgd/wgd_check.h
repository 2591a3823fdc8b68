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

#include "northbound.h"

/* A value by itself: files that must be readable, programs that must exist.
 * LEAF is a node of frr-wireguard.yang; peer is NULL for the interface's. */
extern int wgd_check_value(const char *ifname, const char *peer,
			   const char *leaf, const char *value, char *err,
			   size_t len);

/* A new value against what is there. WIREGUARD may be NULL (nothing). */
extern int wgd_check_conflict(const struct lyd_node *wireguard,
			      const char *ifname, const char *peer,
			      const char *leaf, const char *value, char *err,
			      size_t len);

/* What wgd_check_conflict remembers of a candidate: it is committed, or gone. */
extern void wgd_check_forget(void);

/* A whole interface. */
extern int wgd_check_if(const struct lyd_node *wireguard, const char *ifname,
			char *err, size_t len);

/* Is anything but defaults in this container? */
extern bool wgd_check_is_configured(const struct lyd_node *wireguard);

#endif
