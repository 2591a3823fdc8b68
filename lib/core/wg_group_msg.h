/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gateways of a group tell each other: the frames, doc/gateway-group.md
 * says why.  Pure: bytes in, values out.
 *
 *   message  u8 kind, u8 0, body: one length for each kind
 *   frame    u16 length of the whole frame (network order), a message that is
 *            sealed (lib/backend/wg_groupkey.h)
 *   HELLO    of who connects, before there are keys: u16 length, the message
 *            readable, and a MAC over it and the addresses
 */
#ifndef WG_GROUP_MSG_H
#define WG_GROUP_MSG_H

#include "lib/core/wg_types.h"

#define WG_GROUP_VERSION 2
#define WG_GROUP_NONCE 16
#define WG_GROUP_LEN 2	      /* bytes of a frame's length */
#define WG_GROUP_MSG_MAX 82   /* bytes of a message */
#define WG_GROUP_SEAL 17      /* ... that is sealed: so much longer */
#define WG_GROUP_MAC 16	      /* of a HELLO that is not */
#define WG_GROUP_HELLO_LEN 89 /* of that as a whole */
#define WG_GROUP_FRAME_MAX (WG_GROUP_LEN + WG_GROUP_MSG_MAX + WG_GROUP_SEAL)
#define WG_AGE_NONE UINT32_MAX

enum wg_group_kind {
	WG_GROUP_HELLO = 1,
	WG_GROUP_SNAP_BEGIN, /* clients follow, all that the teller claims */
	WG_GROUP_CLIENT,     /* one of them, or a change */
	WG_GROUP_SNAP_END,   /* what it claimed before and not since, is free */
	WG_GROUP_ASK,	     /* I get its packets: let me have it */
	WG_GROUP_KEEPALIVE,
	WG_GROUP_BYE, /* and why */
	WG_GROUP_KINDS,
};

enum wg_group_bye {
	WG_BYE_END = 1,	     /* the daemon ends, or the configuration did */
	WG_BYE_VERSION,	     /* another version; by version 1 only */
	WG_BYE_PROTOCOL = 5, /* what you sent makes no sense */
	WG_BYE_FLOOD,	     /* too much of it */
	WG_BYE_LIE,	     /* it cannot be true */
	WG_BYES,
};
const char *wg_bye_str(unsigned why);

enum wg_claim {
	WG_CLAIM_NONE, /* the teller does not serve it (any longer) */
	WG_CLAIM_TAKING,
	WG_CLAIM_SERVING,
	WG_CLAIMS,
};

/* What a gateway says of a client. */
struct wg_group_record {
	struct wg_key key;
	uint8_t claim; /* enum wg_claim */
	uint64_t serial;
	uint64_t
		heir; /* NONE: who shall take it; 0: whoever gets its packets */
	uint32_t age_ms; /* of the last handshake, or WG_AGE_NONE */
	struct wg_endpoint
		endpoint; /* scope is 0: it means nothing elsewhere */
	/* SERVING: receiver indices of the last two sessions; 0: none */
	uint32_t index[2];
};

struct wg_group_hello {
	uint16_t version;
	uint8_t group[WG_KEY_LEN]; /* hash of the public key */
	uint8_t nonce[WG_GROUP_NONCE];
	uint64_t self;
};

struct wg_group_msg {
	uint8_t kind; /* enum wg_group_kind */
	union {
		struct wg_group_hello hello;
		struct wg_group_record record; /* CLIENT; ASK: only the key */
		uint8_t why;		       /* BYE */
	};
	/* HELLO, KEEPALIVE */
	int64_t clock_ms; /* of the teller, since 1970 */
	bool drained;
};

/* The message into buf of WG_GROUP_MSG_MAX; its length. */
size_t wg_group_encode(const struct wg_group_msg *msg, uint8_t *buf);
/* A whole message: 0 or -EPROTO. */
int wg_group_decode(const uint8_t *buf, size_t len, struct wg_group_msg *ret);

/* The length of a frame, into its beginning. */
void wg_group_put_len(uint8_t *frame, size_t len);
/*
 * The frame that is at the beginning of LEN bytes: its length, 0 if there is
 * more to come, -EPROTO if that will never be one.
 */
int wg_group_frame(const uint8_t *buf, size_t len);

/* The readable HELLO with a MAC of zeros into buf of WG_GROUP_HELLO_LEN. */
void wg_group_hello_encode(const struct wg_group_msg *msg, uint8_t *buf);
/*
 * ... from so many bytes: 0 or -EPROTO.  If the version is another one, nothing
 * else of it is known.
 */
int wg_group_hello_decode(const uint8_t *buf, struct wg_group_msg *ret);

#endif
