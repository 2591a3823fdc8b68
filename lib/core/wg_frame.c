/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: one table says how long the body of a kind may be, and in which
 * steps; what is in it has a form of its own only in HELLO, CALL and STATE.
 *
 * Who can send these: a member whose tunnel is up.  A frame that has no form is
 * the end of its connection, and that is known from its first four bytes where
 * its length is wrong: nobody waits for the rest of it.  Reading costs one look
 * at these bytes, and nothing is stored: entries and items stay where they are.
 * A frame has one encoding; so what is read and written again is the same.
 */
#include "lib/core/wg_frame.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define CALL_FIXED 20 /* bytes before the places */
#define PLACE 18      /* port, address: IPv4 as ::ffff:0:0/96 */

static const struct {
	const char *name;
	uint16_t least; /* bytes of the body */
	uint16_t most;
	uint16_t step; /* least plus a multiple of it; 0: any length */
} kinds[WG_FRAME_KINDS] = {
	[WG_FRAME_HELLO] = {"HELLO", 22, 22, 1},
	[WG_FRAME_HAVE] = {"HAVE", 0, WG_FRAME_ENTRIES *WG_DIRECTORY_ENTRY,
			   WG_DIRECTORY_ENTRY},
	[WG_FRAME_WANT] = {"WANT", 0, WG_FRAME_ENTRIES *WG_DIRECTORY_ENTRY,
			   WG_DIRECTORY_ENTRY},
	[WG_FRAME_ITEM] = {"ITEM", WG_ITEM_HEAD, WG_ITEM_MAX, 1},
	[WG_FRAME_KEEPALIVE] = {"KEEPALIVE", WG_DIRECTORY_HASH,
				WG_DIRECTORY_HASH, 1},
	[WG_FRAME_BYE] = {"BYE", 0, 0, 1},
	[WG_FRAME_CALL] = {"CALL", CALL_FIXED,
			   CALL_FIXED + WG_FRAME_CALL_PLACES *PLACE, PLACE},
	[WG_FRAME_STATE] = {"STATE", 5, 5, 1},
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

const char *wg_frame_kind_str(uint8_t kind)
{
	return kind < WG_FRAME_KINDS ? kinds[kind].name : NULL;
}

static uint8_t *put_place(uint8_t *p, const struct wg_endpoint *place)
{
	p = wg_item_put(p, place->port, 2);
	if (place->addr.family == AF_INET) {
		memcpy(p, mapped, sizeof(mapped));
		memcpy(p + sizeof(mapped), place->addr.b, 4);
	} else {
		memcpy(p, place->addr.b, 16);
	}
	return p + 16;
}

static void get_place(const uint8_t *p, struct wg_endpoint *ret)
{
	*ret = (struct wg_endpoint){.port = wg_item_get(p, 2)};
	p += 2;
	if (memcmp(p, mapped, sizeof(mapped)) == 0) {
		ret->addr.family = AF_INET;
		memcpy(ret->addr.b, p + sizeof(mapped), 4);
	} else {
		ret->addr.family = AF_INET6;
		memcpy(ret->addr.b, p, 16);
	}
}

static int get_call(const uint8_t *p, size_t len, struct wg_frame *ret)
{
	uint8_t i;

	ret->call.to = wg_item_get(p, 4);
	ret->call.from = wg_item_get(p + 4, 4);
	ret->call.id = wg_item_get(p + 8, 8);
	ret->call.start_ms = wg_item_get(p + 16, 2);
	ret->call.is_answer = p[18];
	ret->call.n = p[19];
	if (!ret->call.to || !ret->call.from || p[18] > 1 ||
	    len != CALL_FIXED + (size_t)p[19] * PLACE)
		return -EBADMSG;
	for (i = 0; i < ret->call.n; i++)
		get_place(p + CALL_FIXED + i * PLACE, &ret->call.place[i]);
	return 0;
}

static int get_body(const uint8_t *p, size_t len, struct wg_frame *ret)
{
	switch (ret->kind) {
	case WG_FRAME_HELLO:
		ret->hello.version = wg_item_get(p, 2);
		ret->hello.member = wg_item_get(p + 2, 4);
		memcpy(ret->hello.hash, p + 6, sizeof(ret->hello.hash));
		return ret->hello.member ? 0 : -EBADMSG;
	case WG_FRAME_HAVE:
	case WG_FRAME_WANT:
		ret->entries.b = p;
		ret->entries.n = len / WG_DIRECTORY_ENTRY;
		return 0;
	case WG_FRAME_ITEM:
		ret->item = (struct wg_span){p, len};
		return 0;
	case WG_FRAME_KEEPALIVE:
		memcpy(ret->hash, p, sizeof(ret->hash));
		return 0;
	case WG_FRAME_CALL:
		return get_call(p, len, ret);
	case WG_FRAME_STATE:
		ret->state.member = wg_item_get(p, 4);
		ret->state.connected = p[4];
		return !ret->state.member || p[4] > 1 ? -EBADMSG : 0;
	default:
		return 0;
	}
}

int wg_frame_decode(const uint8_t *b, size_t len, struct wg_frame *ret)
{
	struct wg_frame f;
	size_t whole, body;

	if (len < WG_FRAME_HEAD)
		return 0;
	whole = wg_item_get(b, 2);
	if (whole < WG_FRAME_HEAD || whole > WG_FRAME_MAX || b[3] ||
	    !wg_frame_kind_str(b[2]))
		return -EBADMSG;
	body = whole - WG_FRAME_HEAD;
	if (body < kinds[b[2]].least || body > kinds[b[2]].most ||
	    (body - kinds[b[2]].least) % kinds[b[2]].step)
		return -EBADMSG;
	if (len < whole)
		return 0;
	f = (struct wg_frame){.kind = b[2]};
	if (get_body(b + WG_FRAME_HEAD, body, &f) < 0)
		return -EBADMSG;
	*ret = f;
	return whole;
}

static size_t body_len(const struct wg_frame *f)
{
	switch (f->kind) {
	case WG_FRAME_HAVE:
	case WG_FRAME_WANT:
		return f->entries.n * WG_DIRECTORY_ENTRY;
	case WG_FRAME_ITEM:
		return f->item.len;
	case WG_FRAME_CALL:
		return CALL_FIXED + f->call.n * PLACE;
	default:
		return kinds[f->kind].least;
	}
}

size_t wg_frame_len(const struct wg_frame *f)
{
	return WG_FRAME_HEAD + body_len(f);
}

size_t wg_frame_encode(const struct wg_frame *f, uint8_t *buf)
{
	size_t body = body_len(f), i;
	uint8_t *p = buf;

	assert(wg_frame_kind_str(f->kind));
	assert(body >= kinds[f->kind].least && body <= kinds[f->kind].most);
	p = wg_item_put(p, WG_FRAME_HEAD + body, 2);
	*p++ = f->kind;
	*p++ = 0;
	switch (f->kind) {
	case WG_FRAME_HELLO:
		p = wg_item_put(p, f->hello.version, 2);
		p = wg_item_put(p, f->hello.member, 4);
		memcpy(p, f->hello.hash, sizeof(f->hello.hash));
		break;
	case WG_FRAME_HAVE:
	case WG_FRAME_WANT:
		if (body)
			memcpy(p, f->entries.b, body);
		break;
	case WG_FRAME_ITEM:
		memcpy(p, f->item.b, body);
		break;
	case WG_FRAME_KEEPALIVE:
		memcpy(p, f->hash, sizeof(f->hash));
		break;
	case WG_FRAME_CALL:
		p = wg_item_put(p, f->call.to, 4);
		p = wg_item_put(p, f->call.from, 4);
		p = wg_item_put(p, f->call.id, 8);
		p = wg_item_put(p, f->call.start_ms, 2);
		*p++ = f->call.is_answer;
		*p++ = f->call.n;
		for (i = 0; i < f->call.n; i++)
			p = put_place(p, &f->call.place[i]);
		break;
	case WG_FRAME_STATE:
		p = wg_item_put(p, f->state.member, 4);
		*p = f->state.connected;
		break;
	}
	return WG_FRAME_HEAD + body;
}
