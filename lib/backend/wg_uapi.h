/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text that a userspace WireGuard speaks on its socket
 * (https://www.wireguard.com/xplatform/#configuration-protocol): requests
 * made from operations, replies cut into events.  Pure: no socket, no file,
 * no clock.
 */
#ifndef WG_UAPI_H
#define WG_UAPI_H

#include "lib/backend/wg_backend.h"

/* --- requests */

/*
 * One request "set=1" in a buffer of the caller's.  Ops are put one by one;
 * where the next one does not fit, the request is ended, sent, and another
 * one begun for the rest.
 */
struct wg_uapi_encoder {
	/* set by the caller, once */
	bool can_remove; /* the program understands allowed_ip=-P */
	struct wg_key throwaway; /* else: a random key that nobody has */

	/* the encoder's own */
	char *buf;
	size_t size, len;
	uint8_t section; /* what the open peer section may take */
	struct wg_key peer; /* of the open section */
};

#define WG_UAPI_OP_MAX 512 /* more than any op and its closing needs */
#define WG_UAPI_MIN (2 * WG_UAPI_OP_MAX) /* smallest buffer */

void wg_uapi_begin(struct wg_uapi_encoder *enc, char *buf, size_t size);
/*
 * SECRET is what the op's file holds (NULL: it names none).
 * 0, or -EMSGSIZE: no room, nothing was written.
 */
int wg_uapi_put(struct wg_uapi_encoder *enc, const struct wg_op *op,
		const struct wg_key *secret);
/* Complete the request; returns its length. */
size_t wg_uapi_end(struct wg_uapi_encoder *enc);

#define WG_UAPI_GET "get=1\n\n"

/*
 * Does a program know allowed_ip=-P?  PROBE asks, for a peer that does not
 * exist and must not be made, so that nothing happens either way.  Where that
 * is answered with errno 0, PROBE_BAD must be refused: else the program does
 * not look at such lines and the first answer was worth nothing.
 */
enum wg_uapi_probe { WG_UAPI_PROBE, WG_UAPI_PROBE_BAD };
#define WG_UAPI_PROBE_LEN 256
size_t wg_uapi_probe(enum wg_uapi_probe which, const struct wg_key *nobody,
		     char buf[WG_UAPI_PROBE_LEN]);

/* --- replies */

#define WG_UAPI_LINE_MAX 256

struct wg_uapi_parser {
	bool get; /* of a get: events; of a set: nothing but errno */
	const char *why; /* after -EPROTO: what was wrong, fixed words */
	bool any; /* a byte was seen */
	bool whole; /* a line waits in here: go on without more input */
	bool ended; /* by END or an errno that the program answered */

	/* the parser's own */
	char line[WG_UAPI_LINE_MAX]; /* the line that has begun */
	size_t len;
	bool device_said, in_peer, peer_said;
	bool ending; /* errno was seen: only the empty line may follow */
	int status; /* 0 or -errno */
	struct wg_event device, peer;
};

void wg_uapi_parse_begin(struct wg_uapi_parser *p, bool get);
/*
 * Read from buf and set *ret_used to the bytes used up.  1 and *ret: an event,
 * call again with the rest (DEVICE comes first, END last; a set has only END);
 * 0: more input is needed; the errno that the program answered; or -EPROTO
 * with a reason in why (ended tells an answered errno from our own -EPROTO).
 */
int wg_uapi_parse(struct wg_uapi_parser *p, const char *buf, size_t len,
		  size_t *ret_used, struct wg_event *ret);
/* Wipe what a reply that was given up may have left. */
void wg_uapi_parse_end(struct wg_uapi_parser *p);

#endif
