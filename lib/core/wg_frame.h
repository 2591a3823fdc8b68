/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What members of a mesh say to each other over TCP inside their tunnel: frames
 * of a stream.  Pure: bytes in, values out.
 *
 *   0 u16 length of the whole frame (network order), 2 kind, 3 zero, the body
 */
#ifndef WG_FRAME_H
#define WG_FRAME_H

#include "lib/core/wg_directory.h"

#define WG_FRAME_VERSION 1
#define WG_FRAME_HEAD 4
#define WG_FRAME_MAX 49152 /* bytes of a frame, its head included */
#define WG_FRAME_ENTRIES ((WG_FRAME_MAX - WG_FRAME_HEAD) / WG_DIRECTORY_ENTRY)
#define WG_FRAME_CALL_PLACES 8

enum wg_frame_kind {
	WG_FRAME_HELLO = 1, /* who we are, and the hash of our map */
	WG_FRAME_HAVE,	    /* entries of our map; none ends it */
	WG_FRAME_WANT,	    /* entries that we want the items of */
	WG_FRAME_ITEM,
	WG_FRAME_KEEPALIVE, /* the hash of our map */
	WG_FRAME_BYE,
	WG_FRAME_CALL,	/* wants a direct path, or answers who does */
	WG_FRAME_STATE, /* a member is connected to us, or not any more */
	WG_FRAME_KINDS,
};
/* "HELLO" and so on; NULL: no such kind. */
const char *wg_frame_kind_str(uint8_t kind);

/* A member wants a direct path to another one; goes by a hub that both have. */
struct wg_frame_call {
	uint32_t to, from; /* members; never 0 */
	uint64_t id;	   /* by chance; the answer has the same */
	uint16_t start_ms; /* see wg_path.h */
	bool is_answer;
	uint8_t n;
	struct wg_endpoint place[WG_FRAME_CALL_PLACES];
};

struct wg_frame {
	uint8_t kind;
	union {
		struct {
			uint16_t version;
			uint32_t member;
			uint8_t hash[WG_DIRECTORY_HASH];
		} hello;
		uint8_t hash[WG_DIRECTORY_HASH]; /* KEEPALIVE */
		/* HAVE, WANT: n entries of WG_DIRECTORY_ENTRY bytes */
		struct {
			const uint8_t *b;
			size_t n;
		} entries;
		struct wg_span item; /* ITEM; not checked */
		struct wg_frame_call call;
		struct {
			uint32_t member;
			bool connected;
		} state;
	};
};

/*
 * The frame at the beginning of LEN bytes.  Its length: *ret points into them;
 * 0: they do not have all of it; -EBADMSG: this is none, or the beginning of
 * none.
 */
int wg_frame_decode(const uint8_t *b, size_t len, struct wg_frame *ret);
/* Into buf, which has room for it (wg_frame_len); returns its length. */
size_t wg_frame_encode(const struct wg_frame *f, uint8_t *buf);
size_t wg_frame_len(const struct wg_frame *f);

#endif
