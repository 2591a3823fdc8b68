/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates: what a member of a mesh may have (private to lib/core; the
 * mesh's side is wg_peer_set_certificate in wg_dev.h).
 */
#ifndef WG_CERTS_H
#define WG_CERTS_H

#include "lib/core/wg_state.h"

/*
 * The length of the longest certified prefix around P that lets the member
 * have P; -1: there is none.
 */
int wg_cert_around(const struct wg_peer *member, const struct wg_prefix *p);
/*
 * May the peer keep P of an earlier life: is each address in P certified for
 * it, by whatever entries?  A peer that is no member may.
 */
bool wg_cert_holds(const struct wg_peer *peer, const struct wg_prefix *p);

/*
 * Copy the certificate (NULL: none) to a peer that has PEER->mesh.  Returns 1,
 * or 0 if it has the same already, or -ENOMEM and nothing changed.
 */
int wg_cert_put(struct wg_peer *peer, const struct wg_certificate *cert);

#endif
