/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The private key of an interface, which nobody here sees, and its public one.
 */
#ifndef WGD_KEY_H
#define WGD_KEY_H

#include "frr-wgd/base/wgd_if.h"

/* Where it is unless told; made where it is absent. */
extern const char *wgd_key_default_file(const char *ifname, char *buf,
					size_t len);
/* A member's keys: "wg", "identity", "invite-" of each invite. */
extern const char *wgd_key_mesh_file(const char *mesh, const char *key,
				     char *buf, size_t len);
/* The private key file in use; NULL on an adopted link without one. */
extern const char *wgd_key_file(struct wgd_if *wif, char *buf, size_t len);
/* Our own public key, or NULL while it is not known. */
extern const struct wg_key *wgd_key_public(struct wgd_if *wif);
/*
 * Load our public key.  Where there is no file, a private one is made only in
 * the default place: a name that the operator gave and that leads nowhere is a
 * mistake, or a file that is away for a while, and a new key would be a new
 * identity, which no peer knows.
 */
extern int wgd_key_load(struct wgd_if *wif);
/*
 * A sentence that says that our key is another than before.  False: it is not,
 * or the former one is back.
 */
extern bool wgd_key_change(struct wgd_if *wif, char *buf, size_t len);
/* Our public key is this one. */
extern void wgd_key_set(struct wgd_if *wif, const struct wg_key *pub);

#endif
