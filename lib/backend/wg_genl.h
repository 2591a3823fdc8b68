/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's generic netlink messages (linux/wireguard.h): requests made
 * from operations, dumps cut into events.  Pure: no socket, no file, no
 * clock.
 */
#ifndef WG_GENL_H
#define WG_GENL_H

#include <linux/netlink.h>

#include "lib/backend/wg_backend.h"

/* --- requests */

/*
 * One WG_CMD_SET_DEVICE in a buffer of the caller's.  Ops are put one by one;
 * where the next one does not fit, the message is ended, sent, and another
 * one begun for the rest.
 */
struct wg_genl_encoder {
	/* set by the caller, once */
	uint16_t family; /* generic netlink's number for wireguard */
	uint32_t ifindex;
	bool can_remove; /* the kernel knows WGALLOWEDIP_F_REMOVE_ME */
	struct wg_key throwaway; /* else: a random key that nobody has */

	/* the encoder's own */
	struct nlmsghdr *nlh;
	size_t size;
	bool device; /* the device's attributes are there */
	struct nlattr *peers, *peer, *ips; /* open nests */
	uint8_t section; /* what the open peer nest may take */
	struct wg_key key; /* of the open peer nest */
};

#define WG_GENL_OP_MAX 256 /* more than any op and its closing needs */
#define WG_GENL_MIN (2 * WG_GENL_OP_MAX) /* smallest buffer */
/*
 * Largest: an attribute's length has 16 bits and the kernel answers a longer
 * nest with ERANGE, so that the nest of all peers ends the message.
 */
#define WG_GENL_MAX 65532

void wg_genl_begin(struct wg_genl_encoder *enc, void *buf, size_t size);
/*
 * SECRET is what the op's file holds (NULL: it names none).
 * 0, or -EMSGSIZE: no room, nothing was written.
 */
int wg_genl_put(struct wg_genl_encoder *enc, const struct wg_op *op,
		const struct wg_key *secret);
/* Complete the message; returns its length. */
size_t wg_genl_end(struct wg_genl_encoder *enc);

/* A WG_CMD_GET_DEVICE dump; returns its length. */
#define WG_GENL_GET_LEN 64
size_t wg_genl_get(void *buf, uint16_t family, uint32_t ifindex);

/*
 * Does the kernel know WGALLOWEDIP_F_REMOVE_ME (Linux 6.16)?  The message
 * makes a peer, removes from it a prefix that it does not have, and removes
 * the peer.  A kernel that does not know the flag answers -EINVAL and leaves
 * the peer behind: then send UNDO.  It has to be made: below a peer that is
 * missing and must not be made the kernel does not look at prefixes, and its
 * policy dump does not descend to them before 6.19.
 */
enum wg_genl_probe { WG_GENL_PROBE, WG_GENL_PROBE_UNDO };
#define WG_GENL_PROBE_LEN 512
size_t wg_genl_probe(enum wg_genl_probe which, void *buf, uint16_t family,
		     uint32_t ifindex, const struct wg_key *nobody);

/* --- dumps */

/*
 * Cuts the messages of one dump into events.  The kernel splits a peer with
 * many prefixes over messages and then repeats nothing but its key; such a
 * peer is told once.
 */
struct wg_genl_decoder {
	bool device_said, peer_known;
	struct wg_key last; /* peer of the last message */

	/* where we are in the message */
	const char *peer, *peers_end; /* next peer nest */
	const char *ip, *ips_end; /* next prefix nest */
	struct wg_event pending; /* kind 0: none */
};

void wg_genl_decode_begin(struct wg_genl_decoder *dec);
/* Take the next message of the dump.  0 or -EPROTO. */
int wg_genl_decode(struct wg_genl_decoder *dec, const struct nlmsghdr *nlh);
/* 1 and *ret, 0: the message is used up, or -EPROTO. */
int wg_genl_decode_next(struct wg_genl_decoder *dec, struct wg_event *ret);

#endif
