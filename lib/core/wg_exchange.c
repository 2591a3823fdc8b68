/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two maps become one: what is heard.
 *
 * Both say HELLO with the hash of their map.  Where the hashes differ, each
 * says what it has (HAVE), and asks for what it wants of that (WANT); items are
 * sent in the order in which a map takes them.  What is put later is sent at
 * once, unasked.
 *
 * An item goes over a connection once each way, though it can be asked for and
 * be news at once.  For that,
 *
 *  - what was asked for is not asked for again before it came, or the other end
 *    says once more all that it has;
 *  - what they said that they have is not sent to them as news.  A site that
 *    asks three hubs for the whole map would send it back to two of them;
 *  - what is put while HAVE is being said is news only if HAVE is past it;
 *    behind that it is told, and they ask for it if they want it;
 *  - HAVE is not said again while anything else is waiting to be sent.
 *
 * What came too early and was forgotten, or never came, comes by a later HAVE:
 * keepalives have the hash, and after DIFFER of them that were not ours HAVE is
 * said again; each time that did not help after twice the wait.  It helped if
 * the maps were the same: that something was put says nothing, a member that
 * changes its record without end could make all others tell their maps to each
 * other without end.
 *
 * Who can send this: a member whose tunnel is up; its address inside says which
 * one.  It may be silent, slow, flood, or lie.
 *
 *  - Silent or slow: a frame that does not come within DEAD ends it.  Until
 *    then it costs a buffer of what came, one frame at most.
 *  - A flood costs time in proportion to its bytes: some look-ups for an entry
 *    of 29 bytes, a check of its form for an item; what the caller pays for it
 *    are three signatures, which the caller bounds in each turn.  FORGED wrong
 *    ones end the connection; one is forgiven in FORGIVE_MS, since an honest
 *    member can be wrong about who is who before all witnesses came, and is
 *    connected for years.
 *  - Lies about what it has: entries that we want and it never sends.  They are
 *    SET_MAX at most, and are forgotten at its next HAVE.
 *  - It asks for what it was not told, or again and again: it may ask for as
 *    many as it was told, and only for what is in the map.  So it gets the map
 *    once for each HAVE, or the largest item as many times; it pays for that
 *    itself, by reading.
 *  - Calls: of those over the bound nothing is done.  Whose they are, and
 *    whether anything follows, is the caller's to decide.
 *
 * What it can never do: be another member, make us send what is not in the map,
 * have more than MOST bytes of memory, or keep from us what others have.
 */
#include "lib/core/wg_exchange.h"

#include <assert.h>
#include <string.h>

#include "lib/core/wg_exchange_state.h"

/* Bytes that are read at once, where a frame is no longer. */
#define READ 8192

static const struct wg_bucket_size forged = {WG_EXCHANGE_FORGIVE_MS,
					     WG_EXCHANGE_FORGED - 1};
static const struct wg_bucket_size calls = {WG_EXCHANGE_CALL_MS,
					    WG_EXCHANGE_CALL_BURST};

/* --- life */

struct wg_exchange *wg_exchange_new(const struct wg_exchange_conf *conf,
				    int64_t now)
{
	struct wg_mem mem = {};
	struct wg_exchange *x = wg_mem_get(&mem, sizeof(*x));

	x->mem = mem;
	x->conf = *conf;
	x->heard_at = x->said_at = x->have_at = now;
	x->again_ms = WG_EXCHANGE_AGAIN_MS;
	return x;
}

static void drop_in(struct wg_exchange *x)
{
	wg_mem_put(&x->mem, x->in, x->in_cap);
	x->in = NULL;
	x->in_cap = x->in_len = x->in_at = 0;
}

void wg_exchange_delete(struct wg_exchange **at)
{
	struct wg_exchange *x = *at;
	struct wg_mem mem;

	if (!x)
		return;
	drop_in(x);
	wg_itemset_clear(&x->mem, &x->want);
	wg_itemset_clear(&x->mem, &x->asked);
	wg_itemset_clear(&x->mem, &x->due);
	wg_itemset_clear(&x->mem, &x->queued);
	wg_mem_put(&x->mem, x->states, x->cap_states * sizeof(*x->states));
	if (x->to_call)
		wg_mem_put(&x->mem, x->to_call, WG_EXCHANGE_CALLS);
	mem = x->mem;
	wg_mem_put(&mem, x, sizeof(*x));
	assert(!mem.used);
	*at = NULL;
}

bool wg_exchange_is_up(const struct wg_exchange *x)
{
	return x->is_up;
}

bool wg_exchange_is_same(const struct wg_exchange *x)
{
	return x->is_up && !wg_exchange_differs(x);
}

bool wg_exchange_has_theirs(const struct wg_exchange *x)
{
	return wg_exchange_is_same(x) ||
	       (x->is_up && x->has_heard && !x->want.n && !x->asked.n);
}

const struct wg_exchange_stats *wg_exchange_stats(const struct wg_exchange *x)
{
	return &x->stats;
}

size_t wg_exchange_bytes(const struct wg_exchange *x)
{
	return x->mem.used;
}

/* --- what came */

/* Bytes of the frame that has begun, as far as they are known. */
static size_t frame_len(const struct wg_exchange *x)
{
	size_t len = x->in_len - x->in_at;
	size_t whole = len < 2 ? 0 : wg_item_get(x->in + x->in_at, 2);

	/* longer ones are none, as the next one will say who decodes it */
	return whole <= WG_FRAME_MAX ? whole : 0;
}

uint8_t *wg_exchange_space(struct wg_exchange *x, size_t *ret_room)
{
	size_t len = x->in_len - x->in_at, cap = frame_len(x);
	uint8_t *more;

	if (cap < READ)
		cap = READ;
	/* frames that were not taken out yet */
	if (cap <= len)
		cap = len < WG_FRAME_MAX ? len + READ : len;
	if (cap > x->in_cap) {
		more = wg_mem_get(&x->mem, cap);
		if (len)
			memcpy(more, x->in + x->in_at, len);
		drop_in(x);
		x->in = more;
		x->in_cap = cap;
	} else if (x->in_at) {
		memmove(x->in, x->in + x->in_at, len);
	}
	x->in_at = 0;
	x->in_len = len;
	*ret_room = x->in_cap - len;
	return x->in + len;
}

void wg_exchange_filled(struct wg_exchange *x, size_t n)
{
	assert(n <= x->in_cap - x->in_len);
	x->in_len += n;
	if (x->in_len == x->in_at)
		drop_in(x);
}

static enum wg_exchange_news end(struct wg_exchange *x, const char *why,
				 bool is_bad, struct wg_exchange_heard *ret)
{
	x->is_ended = true;
	drop_in(x);
	ret->why = why;
	ret->is_bad = is_bad;
	return WG_EXCHANGE_END;
}

/* --- HELLO, HAVE and keepalives */

/* All of the map: so there is no other news. */
static void have(struct wg_exchange *x, int64_t now)
{
	assert(!x->due.n);
	wg_itemset_clear(&x->mem, &x->queued);
	x->is_having = true;
	x->told = (struct wg_directory_entry){};
	x->have_at = now;
	x->owed = 0;
	x->stats.haves++;
}

static enum wg_exchange_news hello(struct wg_exchange *x,
				   const struct wg_frame *f, int64_t now,
				   struct wg_exchange_heard *ret)
{
	const uint8_t *ours = x->is_greeted ? x->said : x->conf.map->hash;

	if (f->kind != WG_FRAME_HELLO)
		return end(x, "it did not begin with HELLO", true, ret);
	if (f->hello.version != WG_FRAME_VERSION)
		return end(x, "it speaks another version", true, ret);
	if (f->hello.member != x->conf.other)
		return end(x, "it says that it is another member", true, ret);
	memcpy(x->theirs, f->hello.hash, sizeof(x->theirs));
	x->is_heard = true;
	/* what was put since we said ours is news */
	if (memcmp(x->theirs, ours, sizeof(x->theirs)) != 0)
		have(x, now);
	x->is_up = x->is_greeted;
	return x->is_up ? WG_EXCHANGE_UP : WG_EXCHANGE_NOTHING;
}

static void keepalive(struct wg_exchange *x, const struct wg_frame *f,
		      int64_t now)
{
	memcpy(x->theirs, f->hash, sizeof(x->theirs));
	if (!wg_exchange_differs(x)) {
		x->differ = 0;
		x->again_ms = WG_EXCHANGE_AGAIN_MS;
		return;
	}
	if (x->differ < WG_EXCHANGE_DIFFER)
		x->differ++;
	if (x->differ < WG_EXCHANGE_DIFFER || now - x->have_at < x->again_ms ||
	    x->is_having || x->due.n || x->queued.n)
		return;
	x->differ = 0;
	x->again_ms *= 2;
	if (x->again_ms > WG_EXCHANGE_AGAIN_MAX_MS)
		x->again_ms = WG_EXCHANGE_AGAIN_MAX_MS;
	x->stats.again++;
	have(x, now);
}

static void hear_have(struct wg_exchange *x, const struct wg_frame *f)
{
	const uint8_t *b = f->entries.b;
	struct wg_directory_entry e;
	size_t i;

	if (!x->is_hearing)
		/* what it has it says now, and the rest it had not */
		wg_itemset_clear(&x->mem, &x->asked);
	x->is_hearing = f->entries.n;
	x->has_heard = !x->is_hearing;
	for (i = 0; i < f->entries.n; i++, b += WG_DIRECTORY_ENTRY) {
		wg_directory_entry_decode(b, &e);
		if (!wg_directory_wants(x->conf.map->dir, &e) ||
		    wg_itemset_has(&x->asked, &e))
			continue;
		if (x->want.n + x->asked.n < WG_EXCHANGE_SET_MAX)
			wg_itemset_add(&x->mem, &x->want, &e);
		else
			x->stats.left_out++;
	}
}

/* --- what they want */

static void queue(struct wg_exchange *x, const struct wg_directory_entry *e)
{
	if (wg_itemset_has(&x->due, e))
		return;
	if (x->due.n + x->queued.n < WG_EXCHANGE_SET_MAX)
		wg_itemset_add(&x->mem, &x->queued, e);
	else
		x->stats.left_out++;
}

static void hear_want(struct wg_exchange *x, const struct wg_frame *f)
{
	const uint8_t *b = f->entries.b;
	struct wg_directory_entry e;
	size_t i;

	for (i = 0; i < f->entries.n && x->owed; i++) {
		wg_directory_entry_decode(b + i * WG_DIRECTORY_ENTRY, &e);
		x->owed--;
		if (wg_directory_find(x->conf.map->dir, &e))
			queue(x, &e);
	}
}

void wg_exchange_pass(struct wg_exchange *x, const struct wg_directory_entry *e)
{
	/* HELLO will have the hash of a map with it */
	if (x->is_ended || !x->is_greeted)
		return;
	if (wg_itemset_has(&x->want, e) || wg_itemset_has(&x->asked, e))
		return;
	if (x->is_having &&
	    (!x->told.kind || wg_directory_entry_cmp(e, &x->told) > 0))
		return;
	queue(x, e);
}

/* --- items */

/*
 * It is here: what was asked for by that entry, but for the hash, which the
 * core does not make.  Of two that differ in nothing else any may be meant;
 * what is forgotten too early is asked for after the next HAVE.
 */
static void arrived(struct wg_exchange *x, const uint8_t *item)
{
	const struct wg_directory_entry *there;
	struct wg_directory_entry e;

	wg_directory_entry_of(item, &e);
	there = wg_itemset_from(&x->asked, &e);
	if (!there)
		return;
	memcpy(e.hash, there->hash, sizeof(e.hash));
	wg_itemset_remove(&x->mem, &x->asked, &e);
}

static enum wg_exchange_news item(struct wg_exchange *x,
				  const struct wg_frame *f,
				  struct wg_exchange_heard *ret)
{
	x->stats.items_heard++;
	if (wg_item_check(f->item.b, f->item.len) != WG_ITEM_OK)
		return end(x, "it sent what is no item", true, ret);
	switch (wg_item_kind(f->item.b)) {
	case WG_ITEM_IS_AUTHORITY:
	case WG_ITEM_IS_CERTIFICATE:
	case WG_ITEM_IS_WITNESS:
	case WG_ITEM_IS_RECORD:
	case WG_ITEM_IS_LIST:
		arrived(x, f->item.b);
		ret->item = f->item;
		return WG_EXCHANGE_ITEM;
	default:
		return end(x, "it sent an item that no map holds", true, ret);
	}
}

void wg_exchange_judged(struct wg_exchange *x, enum wg_exchange_judgement j)
{
	x->stats.put += j == WG_EXCHANGE_PUT;
	if (j != WG_EXCHANGE_IS_FORGED)
		return;
	x->stats.forged++;
	if (!wg_bucket_take(&x->forged, &forged, x->heard_at))
		x->is_forger = true;
}

/* --- frames */

/* What the frame is to the caller; NOTHING: it was for us. */
static enum wg_exchange_news take(struct wg_exchange *x,
				  const struct wg_frame *f, int64_t now,
				  struct wg_exchange_heard *ret)
{
	x->heard_at = now;
	if (!x->is_heard)
		return hello(x, f, now, ret);
	switch (f->kind) {
	case WG_FRAME_HELLO:
		return end(x, "it said HELLO twice", true, ret);
	case WG_FRAME_HAVE:
		hear_have(x, f);
		break;
	case WG_FRAME_WANT:
		hear_want(x, f);
		break;
	case WG_FRAME_ITEM:
		return item(x, f, ret);
	case WG_FRAME_KEEPALIVE:
		keepalive(x, f, now);
		break;
	case WG_FRAME_BYE:
		return end(x, "it said BYE", false, ret);
	case WG_FRAME_CALL:
		x->stats.calls++;
		if (!wg_bucket_take(&x->calls, &calls, now)) {
			x->stats.calls_over++;
			break;
		}
		ret->call = f->call;
		return WG_EXCHANGE_CALL;
	case WG_FRAME_STATE:
		ret->member = f->state.member;
		ret->connected = f->state.connected;
		return WG_EXCHANGE_STATE;
	}
	return WG_EXCHANGE_NOTHING;
}

static enum wg_exchange_news next_frame(struct wg_exchange *x, int64_t now,
					struct wg_exchange_heard *ret)
{
	enum wg_exchange_news news = WG_EXCHANGE_NOTHING;
	struct wg_frame f;
	int len;

	while (news == WG_EXCHANGE_NOTHING && x->in_at < x->in_len) {
		len = wg_frame_decode(x->in + x->in_at, x->in_len - x->in_at,
				      &f);
		if (len < 0)
			return end(x, "it sent what is no frame", true, ret);
		if (len == 0)
			break;
		x->in_at += len;
		news = take(x, &f, now, ret);
	}
	/* an item is still in it */
	if (news != WG_EXCHANGE_ITEM && x->in_at == x->in_len)
		drop_in(x);
	return news;
}

enum wg_exchange_news wg_exchange_next(struct wg_exchange *x, int64_t now,
				       struct wg_exchange_heard *ret)
{
	enum wg_exchange_news news;

	*ret = (struct wg_exchange_heard){};
	if (x->is_ended)
		return WG_EXCHANGE_NOTHING;
	if (x->is_forger)
		return end(x, "its signatures are wrong", true, ret);
	if (x->is_greeted && x->is_heard && !x->is_up) {
		/* theirs came before ours was said */
		x->is_up = true;
		return WG_EXCHANGE_UP;
	}
	news = next_frame(x, now, ret);
	if (news != WG_EXCHANGE_NOTHING)
		return news;
	if (now - x->heard_at >= WG_EXCHANGE_DEAD_MS)
		return end(x, "it said nothing for 15 s", false, ret);
	return WG_EXCHANGE_NOTHING;
}

/* --- invariants */

void wg_exchange_check(const struct wg_exchange *x)
{
	size_t i;

	wg_itemset_check(&x->want);
	wg_itemset_check(&x->asked);
	wg_itemset_check(&x->due);
	wg_itemset_check(&x->queued);
	assert(x->want.n + x->asked.n <= WG_EXCHANGE_SET_MAX);
	assert(x->due.n + x->queued.n <= WG_EXCHANGE_SET_MAX);
	assert(x->in_at <= x->in_len && x->in_len <= x->in_cap);
	assert(x->in_cap <= WG_FRAME_MAX + READ);
	assert(!x->is_up || (x->is_heard && x->is_greeted));
	assert(x->differ <= WG_EXCHANGE_DIFFER);
	for (i = 1; i < x->n_states; i++)
		assert(x->states[i - 1].member < x->states[i].member);
	assert(x->n_to_call <= WG_EXCHANGE_CALL_BURST);
	assert(!x->to_call == !x->n_to_call);
	assert(x->mem.used <= WG_EXCHANGE_MOST);
}
