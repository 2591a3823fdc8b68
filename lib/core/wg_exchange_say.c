/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two maps become one: what is said.
 *
 * Nothing is written before there is room for it: what waits is entries, and an
 * item's bytes are taken out of the map at last.  An item that left the map
 * meanwhile is not sent, and one that came instead of it is.  So a slow
 * connection is not behind, and costs no memory but for entries.
 *
 * Items go in batches: what was asked for, or came as news, while one batch was
 * being sent, is the next one.  Each is in the order in which maps take items,
 * so a list waits for what must come before it, and not for what comes later.
 */
#include "lib/core/wg_exchange.h"

#include <assert.h>
#include <string.h>

#include "lib/core/wg_exchange_state.h"

/* Where the next frame goes. */
struct out {
	uint8_t *buf;
	size_t size, len;
};

static bool put(struct out *out, const struct wg_frame *f)
{
	if (wg_frame_len(f) > out->size - out->len)
		return false;
	out->len += wg_frame_encode(f, out->buf + out->len);
	return true;
}

/* --- who we are, and that we are there */

static void say_hello(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_HELLO};

	f.hello.version = WG_FRAME_VERSION;
	f.hello.member = x->conf.self;
	memcpy(f.hello.hash, x->conf.map->hash, sizeof(f.hello.hash));
	memcpy(x->said, f.hello.hash, sizeof(x->said));
	x->is_greeted = put(out, &f);
}

static void say_keepalive(struct wg_exchange *x, int64_t now, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};

	memcpy(f.hash, x->conf.map->hash, sizeof(f.hash));
	if (put(out, &f))
		x->said_at = now;
}

void wg_exchange_bye(struct wg_exchange *x)
{
	x->is_leaving = true;
}

static void say_bye(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_BYE};

	x->is_ended = put(out, &f);
}

/* --- states of members */

/* The index of the first that is not below the member. */
static size_t state_of(const struct wg_exchange *x, uint32_t member)
{
	size_t from = 0, to = x->n_states;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (x->states[mid].member < member)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static void room_for_state(struct wg_exchange *x)
{
	size_t size = sizeof(*x->states), cap = 2 * x->cap_states;
	struct wg_exchange_told *more;

	if (x->n_states < x->cap_states)
		return;
	if (!cap)
		cap = 8;
	more = wg_mem_get(&x->mem, cap * size);
	if (x->n_states)
		memcpy(more, x->states, x->n_states * size);
	wg_mem_put(&x->mem, x->states, x->cap_states * size);
	x->states = more;
	x->cap_states = cap;
}

void wg_exchange_tell(struct wg_exchange *x, uint32_t member, bool connected,
		      int64_t now)
{
	size_t i = state_of(x, member);

	if (x->is_ended)
		return;
	if (!x->n_states)
		x->tell_at = now + WG_EXCHANGE_COLLECT_MS;
	if (i == x->n_states || x->states[i].member != member) {
		room_for_state(x);
		memmove(x->states + i + 1, x->states + i,
			(x->n_states++ - i) * sizeof(*x->states));
	}
	x->states[i] = (struct wg_exchange_told){member, connected};
}

static void say_states(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_STATE};

	while (x->n_states) {
		f.state.member = x->states[x->n_states - 1].member;
		f.state.connected = x->states[x->n_states - 1].connected;
		if (!put(out, &f))
			return;
		x->n_states--;
	}
	wg_mem_put(&x->mem, x->states, x->cap_states * sizeof(*x->states));
	x->states = NULL;
	x->cap_states = 0;
}

/* --- calls */

bool wg_exchange_call(struct wg_exchange *x, const struct wg_frame_call *call)
{
	if (!x->is_up || x->is_ended || x->n_to_call == WG_EXCHANGE_CALL_BURST)
		return false;
	if (!x->to_call)
		x->to_call = wg_mem_get(&x->mem, WG_EXCHANGE_CALLS);
	x->to_call[x->n_to_call++] = *call;
	return true;
}

/* Somebody waits for them: before all that is long. */
static void say_calls(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_CALL};
	size_t i;

	for (i = 0; i < x->n_to_call; i++) {
		f.call = x->to_call[i];
		if (!put(out, &f))
			break;
	}
	x->n_to_call -= i;
	memmove(x->to_call, x->to_call + i, x->n_to_call * sizeof(*x->to_call));
	if (x->n_to_call)
		return;
	wg_mem_put(&x->mem, x->to_call, WG_EXCHANGE_CALLS);
	x->to_call = NULL;
}

/* --- entries */

/* As many entries as a frame has room for, in what room there is. */
static size_t room_for_entries(const struct out *out)
{
	size_t room = out->size - out->len;
	size_t n = room < WG_FRAME_HEAD
			   ? 0
			   : (room - WG_FRAME_HEAD) / WG_DIRECTORY_ENTRY;

	return n < WG_FRAME_ENTRIES ? n : WG_FRAME_ENTRIES;
}

/* What came from elsewhere meanwhile is not asked for. */
static void say_want(struct wg_exchange *x, struct out *out)
{
	uint8_t b[WG_FRAME_ENTRIES * WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_WANT};
	struct wg_directory_entry e;
	size_t room, n;

	while (x->want.n && (room = room_for_entries(out))) {
		for (n = 0; n < room && x->want.n;) {
			e = *wg_itemset_first(&x->want);
			wg_itemset_remove(&x->mem, &x->want, &e);
			if (!wg_directory_wants(x->conf.map->dir, &e))
				continue;
			wg_itemset_add(&x->mem, &x->asked, &e);
			wg_directory_entry_encode(&e,
						  b + WG_DIRECTORY_ENTRY * n++);
		}
		if (!n)
			break;
		f.entries.b = b;
		f.entries.n = n;
		put(out, &f);
	}
}

/* On from the last one that was told, whatever came or left meanwhile. */
static size_t next_entries(struct wg_exchange *x, uint8_t *b, size_t room)
{
	struct wg_directory_cursor at = {};
	struct wg_directory_entry e;
	size_t n = 0;

	if (x->told.kind)
		wg_directory_seek(x->conf.map->dir, &x->told, &at);
	while (n < room && wg_directory_next(x->conf.map->dir, &at, &e)) {
		if (x->told.kind && wg_directory_entry_cmp(&e, &x->told) <= 0)
			continue;
		wg_directory_entry_encode(&e, b + WG_DIRECTORY_ENTRY * n++);
		x->told = e;
	}
	return n;
}

static void say_have(struct wg_exchange *x, struct out *out)
{
	uint8_t b[WG_FRAME_ENTRIES * WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_HAVE, .entries = {.b = b}};
	size_t room;

	while (x->is_having && (room = room_for_entries(out))) {
		f.entries.n = next_entries(x, b, room);
		put(out, &f);
		x->owed += f.entries.n;
		x->is_having = f.entries.n;
	}
}

/* --- items */

static void say_items(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_ITEM};
	struct wg_directory_entry e;
	const uint8_t *item;

	while (x->due.n || x->queued.n) {
		if (!x->due.n) {
			x->due = x->queued;
			x->queued = (struct wg_itemset){};
		}
		e = *wg_itemset_first(&x->due);
		item = wg_directory_find(x->conf.map->dir, &e);
		if (item) { /* it has not left the map */
			f.item = (struct wg_span){item, wg_item_len(item)};
			if (!put(out, &f))
				return;
			x->stats.items_sent++;
		}
		wg_itemset_remove(&x->mem, &x->due, &e);
	}
}

size_t wg_exchange_say(struct wg_exchange *x, int64_t now, uint8_t *buf,
		       size_t size)
{
	struct out out = {.buf = buf, .size = size};

	assert(size >= WG_FRAME_MAX);
	if (x->is_ended)
		return 0;
	if (!x->is_greeted)
		say_hello(x, &out);
	if (x->is_leaving) {
		say_bye(x, &out);
		return out.len;
	}
	if (!x->is_heard)
		return out.len;
	if (now - x->said_at >= WG_EXCHANGE_KEEPALIVE_MS)
		say_keepalive(x, now, &out);
	if (x->n_to_call)
		say_calls(x, &out);
	if (x->n_states && now >= x->tell_at)
		say_states(x, &out);
	say_want(x, &out);
	if (x->is_having)
		say_have(x, &out);
	say_items(x, &out);
	return out.len;
}

int64_t wg_exchange_due(const struct wg_exchange *x)
{
	int64_t due = x->heard_at + WG_EXCHANGE_DEAD_MS;

	if (!x->is_heard || x->is_ended)
		return due;
	if (x->is_greeted && !x->is_up)
		return x->heard_at;
	if (x->said_at + WG_EXCHANGE_KEEPALIVE_MS < due)
		due = x->said_at + WG_EXCHANGE_KEEPALIVE_MS;
	if (x->n_states && x->tell_at < due)
		due = x->tell_at;
	return due;
}
