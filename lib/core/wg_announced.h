/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the members of a device's mesh announce (private to lib/core; the
 * mesh's side is wg_peer_set_announced and wg_peer_set_live in wg_dev.h).
 */
#ifndef WG_ANNOUNCED_H
#define WG_ANNOUNCED_H

#include "lib/core/wg_state.h"

/*
 * An announcer of P is a usable, live member that announces a prefix around P
 * and is certified for both.  The one with the longest such prefix, then the
 * lowest number: of those other than BUT (NULL: of all) with one longer than
 * LONGER (-1: any).  NULL: there is none.
 */
struct wg_peer *wg_announced_best(const struct wg_dev *dev,
				  const struct wg_prefix *p,
				  const struct wg_peer *but, int longer);

/*
 * Who may have what the peer announces changed, or is about to: decide it anew
 * at the next settle.  Nothing happens unless it is a live member.
 */
void wg_announced_mark(struct wg_peer *peer);
/*
 * The marks since the last call, sorted (wg_prefix_cmp), as *ret_prefixes:
 * valid until the next mark.  Returns how many.
 */
size_t wg_announced_take(struct wg_dev *dev,
			 const struct wg_prefix **ret_prefixes);

/*
 * A peer that has PEER->mesh announces these N, and nothing else; what differs
 * is marked.  0, or -ENOMEM and nothing changed.
 */
int wg_announced_put(struct wg_peer *peer, const struct wg_prefix *p, size_t n);
/* Free the index and the marks. */
void wg_announced_free(struct wg_dev *dev);
/* Assert that the index is what the peers announce. */
void wg_announced_check(const struct wg_dev *dev);

#endif
