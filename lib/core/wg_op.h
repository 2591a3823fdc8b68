/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One operation on a device: what the plan emits, in an order that is a
 * promise, and what a backend carries out in exactly that order.
 */
#ifndef WG_OP_H
#define WG_OP_H

#include "lib/core/wg_types.h"

/*
 * What the device is told about itself and about a peer.  Secrets are named
 * by file: they are read when the request is encoded and wiped when it is
 * sent, so that no secret rests in this process.
 */
struct wg_dev_conf {
	char *private_key_file; /* NULL: leave the device's key alone */
	uint16_t listen_port; /* host order; 0: any; by a PORT_SET */
	uint32_t fwmark; /* 0: none */
};

struct wg_peer_conf {
	struct wg_endpoint endpoint; /* AF_UNSPEC: leave what there is */
	uint16_t keepalive; /* seconds; 0: off */
	char *psk_file; /* NULL: no preshared key (an old one is cleared) */
};

enum wg_op_kind {
	WG_OP_DEVICE_SET = 1, /* dev_conf, but for the port */
	WG_OP_PORT_SET, /* port: somebody else may have it, see wg_core.h */
	WG_OP_PEER_SET, /* key, peer_conf: create, or update in place */
	WG_OP_ADD, /* prefix to the peer with key, from whoever has it */
	WG_OP_REMOVE, /* prefix from the peer with key, to nobody */
	WG_OP_PEER_REMOVE, /* key, with all its prefixes */
};

struct wg_op {
	uint8_t kind; /* enum wg_op_kind */
	struct wg_prefix prefix; /* ADD, REMOVE */
	uint32_t node; /* core's own, for the commit */
	uint32_t peer; /* core's own, for the commit */
	const struct wg_key *key; /* all but DEVICE_SET, PORT_SET */
	union {
		const struct wg_dev_conf *dev_conf; /* DEVICE_SET */
		uint16_t port; /* PORT_SET: host order; 0: any */
		const struct wg_peer_conf *peer_conf; /* PEER_SET */
	};
};

#endif
