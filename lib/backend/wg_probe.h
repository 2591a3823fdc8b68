/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes (lib/core/wg_probe_msg.h) on the wire: sent from WireGuard's own port
 * though its socket is WireGuard's, and taken from what arrives at that port.
 * So a NAT on the way sees one flow, and what is learned of it holds for
 * WireGuard's packets, too.
 */
#ifndef WG_PROBE_H
#define WG_PROBE_H

#include "lib/core/wg_probe_msg.h"

struct wg_probe;

struct wg_probe_conf {
	uint16_t port; /* of WireGuard, host order */
	uint32_t mark; /* of its packets; 0: none */
};

/*
 * Both families, or IPv4 alone where there is no IPv6.  0; -EPERM: no
 * CAP_NET_RAW; another -errno of socket(2), setsockopt(2), bind(2).
 */
int wg_probe_open(const struct wg_probe_conf *conf, struct wg_probe **ret);
void wg_probe_close(struct wg_probe **p);
/* Readable when something of that family arrived; -1: there is none. */
int wg_probe_fd(const struct wg_probe *p, uint8_t family);

/*
 * From where to where.  FROM is of the same family, and an address of ours: of
 * IPv4 the kernel takes any, as who sends whole packets may lie.
 */
struct wg_probe_way {
	struct wg_addr from;
	struct wg_endpoint to;
};

/*
 * The kernel routes it by mark and source, as it does with WireGuard's own
 * packets.  0; -ENETUNREACH, -EHOSTUNREACH, -EACCES: there is no way, or none
 * outside of tunnels; -EINVAL: FROM is not ours; -EAFNOSUPPORT.
 */
int wg_probe_send(struct wg_probe *p, const struct wg_probe_way *way,
		  const uint8_t b[WG_PROBE_LEN]);

/* What arrived in one packet: more than one where a driver put them together.
 */
struct wg_probe_packet {
	struct wg_endpoint from;
	struct wg_addr to; /* it may be only on its way through */
	uint32_t ifindex;  /* where it came in: a tunnel, too */
	size_t n;
	const uint8_t *b; /* n times WG_PROBE_LEN bytes; until the next call */
};

#define WG_PROBE_TOGETHER 64 /* as many as the kernel puts together */

/*
 * 1 and *ret; -EBADMSG: it was none; 0: there is nothing; or another -errno.
 */
int wg_probe_next(struct wg_probe *p, uint8_t family,
		  struct wg_probe_packet *ret);

/*
 * A packet from its IP header on, as the filter lets it through; all but
 * ifindex.  For tests.
 */
bool wg_probe_parse(const uint8_t *p, size_t len, struct wg_probe_packet *ret);
/* ... and one to be sent: its length. */
#define WG_PROBE_PACKET (40 + 8 + WG_PROBE_LEN)
size_t wg_probe_build(uint16_t port, const struct wg_probe_way *way,
		      const uint8_t b[WG_PROBE_LEN],
		      uint8_t ret[WG_PROBE_PACKET]);

#endif
