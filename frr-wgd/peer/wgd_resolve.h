/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a peer is configured to be: an address, or a name that is asked for. */
#ifndef WGD_RESOLVE_H
#define WGD_RESOLVE_H

#include "frr-wgd/peer/wgd_peer.h"

extern void wgd_resolve_init(void);
/* HOST NULL: nowhere. */
extern void wgd_resolve_set(struct wgd_peer *p, const char *host,
			    uint16_t port);
/* In silence its name is asked for again: the address may have changed. */
extern void wgd_resolve_in_silence(struct wgd_peer *p);
extern void wgd_resolve_forget(struct wgd_peer *p);

#endif
