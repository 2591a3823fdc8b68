/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What members of a mesh say to each other between their WireGuard ports,
 * outside of any tunnel, to find a path: "does this arrive?", and "it came from
 * there".  Pure: bytes in, values out.
 *
 *   0 "WMP", 3 kind, 4 from, 8 to (member numbers, 4 bytes each), 12 id (8),
 *   20 port and 22 address (16) where the PING came from, 38 MAC (16);
 *   all in network order, IPv4 mapped into IPv6 (RFC 4291 2.5.5.2)
 *
 * WireGuard drops it by its first byte, which is no type of message of its own.
 * The MAC is the backend's (lib/backend/wg_probe.h): until it was checked, all
 * of this was written by anybody.
 */
#ifndef WG_PROBE_MSG_H
#define WG_PROBE_MSG_H

#include "lib/core/wg_types.h"

#define WG_PROBE_LEN 54
#define WG_PROBE_MAC_LEN 16
#define WG_PROBE_MAC_AT (WG_PROBE_LEN - WG_PROBE_MAC_LEN)

enum wg_probe_kind { WG_PROBE_PING = 1, WG_PROBE_PONG = 2 };

struct wg_probe_msg {
	uint8_t kind;	   /* enum wg_probe_kind */
	uint32_t from, to; /* members, not 0, and not the same */
	uint64_t id;	   /* of the PING, at random; its PONG has it, too */
	/* PONG: where the PING came from; PING: AF_UNSPEC, port 0 */
	struct wg_endpoint seen;
};

/*
 * 0; -EBADMSG: it is none.  There is one encoding of each message, of one
 * length.  The MAC is not looked at.
 */
int wg_probe_decode(const uint8_t *b, size_t len, struct wg_probe_msg *ret);
/* All but the MAC. */
void wg_probe_encode(const struct wg_probe_msg *m, uint8_t ret[WG_PROBE_LEN]);

#endif
