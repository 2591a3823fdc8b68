// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two maps become one.
 *
 * Both say HELLO with the hash of their map.  Where the hashes differ, each
 * says what it has, and asks for what it wants of that; items are sent in the
 * order in which a map takes them.  Entries that are to be sent, because the
 * other end asked for them or somebody else brought them, are queued; a pass
 * through the map sends those that were queued when it began, and forgets those
 * that it did not meet, for their items have left.  So nothing of the map is
 * copied, and nothing is sent twice.
 *
 * What came too early, or was lost in the map of a member that did not want it
 * then, comes again: keepalives have the hash, and after DIFFER of them that
 * were not ours, HAVE is said again, each time after twice the wait.
 *
 * Who can send this: a member whose tunnel is up; its address inside says which
 * one.  What it costs: one frame of memory, and two sets of at most SET_MAX
 * entries; what is more is left out, and comes by a later HAVE.  Each item
 * costs what the caller pays for it; FORGED wrong signatures end the
 * connection.  What it can never do: be another member, or make us send it
 * anything that is not in the map.
 */
#include "lib/core/wg_exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries, sorted, each once. */
struct set {
	uint8_t (*e)[WG_DIRECTORY_ENTRY];
	size_t n, room;
};

struct state {
	uint32_t member;
	bool connected;
};

struct wg_exchange {
	struct wg_exchange_conf conf;
	struct wg_exchange_stats stats;

	uint8_t in[WG_FRAME_MAX];
	size_t in_len, in_at; /* filled; of these, done with */
	int64_t heard_at;
	uint8_t theirs[WG_DIRECTORY_HASH]; /* their last hash */
	bool is_heard, is_greeted, is_up;  /* their HELLO, ours, both */
	bool is_ended, is_forger;
	unsigned differ;

	int64_t said_at; /* the last keepalive */
	struct set want, queued;
	struct set due; /* of the pass */
	struct wg_directory_cursor due_at;
	bool is_having; /* HAVE is being said */
	struct wg_directory_cursor have_at;
	int64_t again_ms, have_not_before;
	struct state *states; /* that are to be told */
	size_t n_states, room_states;
	int64_t tell_at; /* 0: there are none */
};

/* --- sets */

static void *grown(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (!p)
		abort();
	return p;
}

static bool set_find(const struct set *s, const uint8_t *e, size_t *ret)
{
	size_t low = 0, high = s->n, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = memcmp(s->e[mid], e, WG_DIRECTORY_ENTRY);
		if (c == 0) {
			*ret = mid;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = low;
	return false;
}

static void set_add(struct set *s, const uint8_t *e)
{
	size_t i;

	if (set_find(s, e, &i) || s->n == WG_EXCHANGE_SET_MAX)
		return;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->e = grown(s->e, s->room, sizeof(*s->e));
	}
	memmove(s->e + i + 1, s->e + i, (s->n - i) * sizeof(*s->e));
	memcpy(s->e[i], e, WG_DIRECTORY_ENTRY);
	s->n++;
}

static bool set_take(struct set *s, const uint8_t *e)
{
	size_t i;

	if (!set_find(s, e, &i))
		return false;
	s->n--;
	memmove(s->e + i, s->e + i + 1, (s->n - i) * sizeof(*s->e));
	return true;
}

static void set_clear(struct set *s)
{
	free(s->e);
	*s = (struct set){};
}

/* --- life */

struct wg_exchange *wg_exchange_new(const struct wg_exchange_conf *conf,
				    int64_t now)
{
	struct wg_exchange *x = calloc(1, sizeof(*x));

	if (!x)
		abort();
	x->conf = *conf;
	x->heard_at = x->said_at = now;
	x->again_ms = WG_EXCHANGE_AGAIN_MS;
	return x;
}

void wg_exchange_delete(struct wg_exchange **at)
{
	struct wg_exchange *x = *at;

	if (!x)
		return;
	set_clear(&x->due);
	set_clear(&x->queued);
	set_clear(&x->want);
	free(x->states);
	free(x);
	*at = NULL;
}

bool wg_exchange_is_up(const struct wg_exchange *x)
{
	return x->is_up;
}

static bool differs(const struct wg_exchange *x)
{
	return memcmp(x->theirs, x->conf.map->hash, sizeof(x->theirs)) != 0;
}

bool wg_exchange_is_same(const struct wg_exchange *x)
{
	return x->is_up && !differs(x);
}

const struct wg_exchange_stats *wg_exchange_stats(const struct wg_exchange *x)
{
	return &x->stats;
}

/* --- hearing */

uint8_t *wg_exchange_space(struct wg_exchange *x, size_t *ret_room)
{
	if (x->in_at) {
		x->in_len -= x->in_at;
		memmove(x->in, x->in + x->in_at, x->in_len);
		x->in_at = 0;
	}
	*ret_room = sizeof(x->in) - x->in_len;
	return x->in + x->in_len;
}

void wg_exchange_filled(struct wg_exchange *x, size_t n)
{
	assert(n <= sizeof(x->in) - x->in_len);
	x->in_len += n;
}

static void have(struct wg_exchange *x)
{
	x->is_having = true;
	x->have_at = (struct wg_directory_cursor){};
}

static enum wg_exchange_news end(struct wg_exchange *x, const char *why,
				 bool is_bad, struct wg_exchange_heard *ret)
{
	x->is_ended = true;
	ret->why = why;
	ret->is_bad = is_bad;
	return WG_EXCHANGE_END;
}

static enum wg_exchange_news hello(struct wg_exchange *x,
				   const struct wg_frame *f,
				   struct wg_exchange_heard *ret)
{
	if (f->kind != WG_FRAME_HELLO)
		return end(x, "it did not begin with HELLO", true, ret);
	if (f->hello.version != WG_FRAME_VERSION)
		return end(x, "it speaks another version", true, ret);
	if (f->hello.member != x->conf.other)
		return end(x, "it says that it is another member", true, ret);
	memcpy(x->theirs, f->hello.hash, sizeof(x->theirs));
	x->is_heard = true;
	if (differs(x))
		have(x);
	x->is_up = x->is_greeted;
	return x->is_up ? WG_EXCHANGE_UP : WG_EXCHANGE_NOTHING;
}

static void keepalive(struct wg_exchange *x, const struct wg_frame *f,
		      int64_t now)
{
	memcpy(x->theirs, f->hash, sizeof(x->theirs));
	if (!differs(x)) {
		x->differ = 0;
		x->again_ms = WG_EXCHANGE_AGAIN_MS;
		return;
	}
	if (++x->differ < WG_EXCHANGE_DIFFER || now < x->have_not_before ||
	    x->is_having)
		return;
	x->differ = 0;
	x->have_not_before = now + x->again_ms;
	x->again_ms *= 2;
	if (x->again_ms > WG_EXCHANGE_AGAIN_MAX_MS)
		x->again_ms = WG_EXCHANGE_AGAIN_MAX_MS;
	have(x);
}

static void heard_have(struct wg_exchange *x, const struct wg_frame *f)
{
	const uint8_t *e = f->entries.b;
	struct wg_directory_entry entry;
	size_t i;

	for (i = 0; i < f->entries.n; i++, e += WG_DIRECTORY_ENTRY) {
		wg_directory_entry_decode(e, &entry);
		if (wg_directory_wants(x->conf.map->dir, &entry))
			set_add(&x->want, e);
	}
}

static void heard_want(struct wg_exchange *x, const struct wg_frame *f)
{
	const uint8_t *e = f->entries.b;
	size_t i;

	for (i = 0; i < f->entries.n; i++, e += WG_DIRECTORY_ENTRY)
		set_add(&x->queued, e);
}

/* What the frame is to the caller; NOTHING: it was for us. */
static enum wg_exchange_news take(struct wg_exchange *x,
				  const struct wg_frame *f, int64_t now,
				  struct wg_exchange_heard *ret)
{
	x->heard_at = now;
	if (!x->is_heard)
		return hello(x, f, ret);
	switch (f->kind) {
	case WG_FRAME_HELLO:
		return end(x, "it said HELLO twice", true, ret);
	case WG_FRAME_HAVE:
		heard_have(x, f);
		break;
	case WG_FRAME_WANT:
		heard_want(x, f);
		break;
	case WG_FRAME_ITEM:
		x->stats.items_heard++;
		ret->item = f->item;
		return WG_EXCHANGE_ITEM;
	case WG_FRAME_KEEPALIVE:
		keepalive(x, f, now);
		break;
	case WG_FRAME_BYE:
		return end(x, "it said BYE", false, ret);
	case WG_FRAME_CALL:
		x->stats.calls++;
		break;
	case WG_FRAME_STATE:
		ret->member = f->state.member;
		ret->connected = f->state.connected;
		return WG_EXCHANGE_STATE;
	}
	return WG_EXCHANGE_NOTHING;
}

enum wg_exchange_news wg_exchange_next(struct wg_exchange *x, int64_t now,
				       struct wg_exchange_heard *ret)
{
	enum wg_exchange_news news = WG_EXCHANGE_NOTHING;
	struct wg_frame f;
	int len;

	*ret = (struct wg_exchange_heard){};
	if (x->is_ended)
		return WG_EXCHANGE_NOTHING;
	if (x->is_forger)
		return end(x, "its signatures are wrong", true, ret);
	while (news == WG_EXCHANGE_NOTHING) {
		len = wg_frame_decode(x->in + x->in_at, x->in_len - x->in_at,
				      &f);
		if (len < 0)
			return end(x, "it sent what is no frame", true, ret);
		if (len == 0)
			break;
		x->in_at += len;
		news = take(x, &f, now, ret);
	}
	if (news == WG_EXCHANGE_NOTHING && x->is_greeted && x->is_heard &&
	    !x->is_up) {
		x->is_up = true;
		return WG_EXCHANGE_UP;
	}
	if (news == WG_EXCHANGE_NOTHING &&
	    now - x->heard_at >= WG_EXCHANGE_DEAD_MS)
		return end(x, "it said nothing for 15 s", false, ret);
	return news;
}

void wg_exchange_judged(struct wg_exchange *x, enum wg_exchange_judgement j)
{
	x->stats.put += j == WG_EXCHANGE_PUT;
	x->stats.forged += j == WG_EXCHANGE_IS_FORGED;
	x->is_forger = x->stats.forged >= WG_EXCHANGE_FORGED;
}

/* --- saying */

void wg_exchange_pass(struct wg_exchange *x,
		      const struct wg_directory_entry *entry)
{
	uint8_t e[WG_DIRECTORY_ENTRY];

	wg_directory_entry_encode(entry, e);
	set_add(&x->queued, e);
}

void wg_exchange_tell(struct wg_exchange *x, uint32_t member, bool connected,
		      int64_t now)
{
	size_t i;

	for (i = 0; i < x->n_states && x->states[i].member != member; i++)
		;
	if (i == x->room_states) {
		x->room_states = i ? 2 * i : 16;
		x->states = grown(x->states, x->room_states,
				  sizeof(*x->states));
	}
	x->n_states += i == x->n_states;
	x->states[i] = (struct state){member, connected};
	if (!x->tell_at)
		x->tell_at = now + WG_EXCHANGE_COLLECT_MS;
}

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

static void say_hello(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_HELLO};

	f.hello.version = WG_FRAME_VERSION;
	f.hello.member = x->conf.self;
	memcpy(f.hello.hash, x->conf.map->hash, sizeof(f.hello.hash));
	x->is_greeted = put(out, &f);
}

static void say_keepalive(struct wg_exchange *x, int64_t now, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};

	memcpy(f.hash, x->conf.map->hash, sizeof(f.hash));
	if (put(out, &f))
		x->said_at = now;
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
	x->tell_at = 0;
}

/* As many entries as a frame has room for, in what room there is. */
static size_t room_for_entries(const struct out *out)
{
	size_t room = out->size - out->len;
	size_t n = room < WG_FRAME_HEAD
			   ? 0
			   : (room - WG_FRAME_HEAD) / WG_DIRECTORY_ENTRY;

	return n < WG_FRAME_ENTRIES ? n : WG_FRAME_ENTRIES;
}

static void say_want(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_WANT};
	size_t n;

	while (x->want.n && (n = room_for_entries(out))) {
		n = n < x->want.n ? n : x->want.n;
		f.entries.b = x->want.e[0];
		f.entries.n = n;
		put(out, &f);
		x->want.n -= n;
		memmove(x->want.e, x->want.e + n,
			x->want.n * sizeof(*x->want.e));
	}
}

static void say_have(struct wg_exchange *x, struct out *out)
{
	uint8_t e[WG_FRAME_ENTRIES][WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_HAVE};
	struct wg_directory_entry entry;
	size_t n, room;

	do {
		room = room_for_entries(out);
		if (!room)
			return;
		for (n = 0; n < room && wg_directory_next(x->conf.map->dir,
							  &x->have_at, &entry);
		     n++)
			wg_directory_entry_encode(&entry, e[n]);
		f.entries.b = e[0];
		f.entries.n = n;
		put(out, &f);
	} while (n);
	x->is_having = false;
}

static void say_items(struct wg_exchange *x, struct out *out)
{
	struct wg_frame f = {.kind = WG_FRAME_ITEM};
	struct wg_directory_cursor at = {};
	struct wg_directory_entry entry;
	uint8_t e[WG_DIRECTORY_ENTRY];
	const uint8_t *item;
	size_t i;

	while (x->due.n || x->queued.n) {
		if (!x->due.n) {
			set_clear(&x->due);
			x->due = x->queued;
			x->queued = (struct set){};
			x->due_at = (struct wg_directory_cursor){};
		}
		at = x->due_at;
		item = wg_directory_next(x->conf.map->dir, &x->due_at, &entry);
		if (!item) {
			x->due.n = 0;
			continue;
		}
		wg_directory_entry_encode(&entry, e);
		if (!set_find(&x->due, e, &i))
			continue;
		f.item = (struct wg_span){item, wg_item_len(item)};
		if (!put(out, &f)) {
			x->due_at = at;
			return;
		}
		set_take(&x->due, e);
		x->stats.items_sent++;
	}
}

size_t wg_exchange_say(struct wg_exchange *x, int64_t now, uint8_t *buf,
		       size_t size)
{
	struct out out = {.buf = buf, .size = size};

	assert(size >= WG_FRAME_MAX);
	if (!x->is_greeted)
		say_hello(x, &out);
	if (!x->is_heard)
		return out.len;
	if (now - x->said_at >= WG_EXCHANGE_KEEPALIVE_MS)
		say_keepalive(x, now, &out);
	if (x->tell_at && now >= x->tell_at)
		say_states(x, &out);
	say_want(x, &out);
	if (x->is_having)
		say_have(x, &out);
	say_items(x, &out);
	return out.len;
}

int64_t wg_exchange_due(const struct wg_exchange *x)
{
	int64_t due = x->said_at + WG_EXCHANGE_KEEPALIVE_MS,
		dead = x->heard_at + WG_EXCHANGE_DEAD_MS;

	if (dead < due)
		due = dead;
	if (x->tell_at && x->tell_at < due)
		due = x->tell_at;
	return due;
}
