/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that come too often.
 *
 * A bucket for each member that had a record lately; one that is full again is
 * forgotten.  What is counted are records that were put, which only the member
 * itself can make: who forges or repeats another's records takes nothing out
 * of its bucket.
 *
 * What waits was not verified, since that is what a flood shall not cost.  So
 * one waits from each source: what a liar forges with the highest sequence of
 * all stands beside what came from elsewhere, not in its place, and is found
 * out when its time has come.  The bucket is still full then, and the next one
 * is handed out.
 *
 * Who can send this: any member, over its connections.  What it costs: a
 * bucket of some bytes a member; WAITING records of at most 1,400 bytes, of
 * which one source has FROM_ONE at most, and those only of members that really
 * made five records within 10 s.  A pass over all that wait where one is handed
 * out.  What it can never do: keep another member's record away for longer than
 * until the next HAVE.
 */
#include "lib/core/wg_bounds.h"

#include <assert.h>
#include <string.h>

#include "lib/core/wg_bucket.h"
#include "lib/core/wg_mem.h"

static const struct wg_bucket_size record = {WG_BOUNDS_RECORD_MS,
					     WG_BOUNDS_RECORD_BURST};

struct subject {
	uint32_t member;
	struct wg_bucket bucket;
};

struct waiting {
	uint32_t member;
	uint64_t version;
	struct wg_bounded what; /* its bytes are ours */
};

struct wg_bounds {
	struct wg_mem mem;
	struct subject *subject; /* by member */
	size_t n;
	size_t cap;
	struct waiting waiting[WG_BOUNDS_WAITING]; /* in the order of coming */
	size_t n_waiting;
	struct wg_offer told; /* by wg_bounds_next */
	uint64_t late, left_out;
};

struct wg_bounds *wg_bounds_new(void)
{
	struct wg_mem mem = {};
	struct wg_bounds *b = wg_mem_get(&mem, sizeof(*b));

	b->mem = mem;
	return b;
}

static void forget(struct wg_bounds *b, struct wg_offer *offer)
{
	wg_mem_put(&b->mem, (void *)offer->b, offer->len);
	*offer = (struct wg_offer){};
}

void wg_bounds_delete(struct wg_bounds **at)
{
	struct wg_bounds *b = *at;
	struct wg_mem mem;

	if (!b)
		return;
	while (b->n_waiting)
		forget(b, &b->waiting[--b->n_waiting].what.offer);
	forget(b, &b->told);
	wg_mem_put(&b->mem, b->subject, b->cap * sizeof(*b->subject));
	mem = b->mem;
	wg_mem_put(&mem, b, sizeof(*b));
	assert(!mem.used);
	*at = NULL;
}

/* --- members */

/* The index of the first that is not below the number. */
static size_t first(const struct wg_bounds *b, uint32_t member)
{
	size_t from = 0, to = b->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (b->subject[mid].member < member)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* When a record of the member may be looked at. */
static int64_t ready(const struct wg_bounds *b, uint32_t member)
{
	size_t i = first(b, member);

	return i < b->n && b->subject[i].member == member
		       ? wg_bucket_ready(&b->subject[i].bucket, &record)
		       : INT64_MIN;
}

/* Those whose buckets are full again are as if they had none. */
static void forget_quiet(struct wg_bounds *b, int64_t now)
{
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		if (b->subject[i].bucket.full_ms > now)
			b->subject[n++] = b->subject[i];
	b->n = n;
}

static void make_room(struct wg_bounds *b, int64_t now)
{
	struct subject *more;
	size_t cap;

	if (b->n < b->cap)
		return;
	forget_quiet(b, now);
	if (b->n <= b->cap / 2 && b->cap)
		return;
	cap = b->cap ? 2 * b->cap : 16;
	more = wg_mem_get(&b->mem, cap * sizeof(*more));
	if (b->n)
		memcpy(more, b->subject, b->n * sizeof(*more));
	wg_mem_put(&b->mem, b->subject, b->cap * sizeof(*more));
	b->subject = more;
	b->cap = cap;
}

static struct wg_bucket *bucket(struct wg_bounds *b, uint32_t member,
				int64_t now)
{
	size_t i;

	make_room(b, now);
	i = first(b, member);
	if (i == b->n || b->subject[i].member != member) {
		memmove(b->subject + i + 1, b->subject + i,
			(b->n++ - i) * sizeof(*b->subject));
		b->subject[i] = (struct subject){member, {}};
	}
	return &b->subject[i].bucket;
}

/* --- waiting */

static void drop_waiting(struct wg_bounds *b, size_t i)
{
	forget(b, &b->waiting[i].what.offer);
	memmove(b->waiting + i, b->waiting + i + 1,
		(--b->n_waiting - i) * sizeof(*b->waiting));
}

/* Newer; or of one version the one that a map would hold. */
static bool beats(const struct wg_offer *a, const struct wg_offer *b)
{
	uint64_t va = wg_item_version(a->b), vb = wg_item_version(b->b);

	return va > vb ||
	       (va == vb && memcmp(a->hash, b->hash, sizeof(a->hash)) < 0);
}

/* The one that waits of this member and source, or the end; how many has it? */
static size_t find_waiting(const struct wg_bounds *b, uint32_t member,
			   uint32_t source, size_t *ret_from_one)
{
	size_t i, found = b->n_waiting, n = 0;

	for (i = 0; i < b->n_waiting; i++) {
		if (b->waiting[i].what.source != source)
			continue;
		n++;
		if (b->waiting[i].member == member)
			found = i;
	}
	*ret_from_one = n;
	return found;
}

static void wait_for(struct wg_bounds *b, uint32_t member,
		     const struct wg_bounded *w)
{
	size_t from_one, i = find_waiting(b, member, w->source, &from_one);
	struct waiting *at = &b->waiting[i];
	uint8_t *copy;

	b->late++;
	if (i < b->n_waiting) {
		if (!beats(&w->offer, &at->what.offer))
			return;
		forget(b, &at->what.offer);
	} else if (i == WG_BOUNDS_WAITING || from_one == WG_BOUNDS_FROM_ONE) {
		b->left_out++;
		return;
	} else {
		b->n_waiting++;
	}
	copy = wg_mem_get(&b->mem, w->offer.len);
	memcpy(copy, w->offer.b, w->offer.len);
	*at = (struct waiting){member, wg_item_version(w->offer.b), *w};
	at->what.offer.b = copy;
}

/* --- in and out */

bool wg_bounds_admit(struct wg_bounds *b, const struct wg_bounded *w,
		     int64_t now)
{
	uint32_t member = wg_item_number(w->offer.b, WG_ITEM_MEMBER);

	if (wg_item_kind(w->offer.b) != WG_ITEM_IS_RECORD ||
	    ready(b, member) <= now)
		return true;
	wait_for(b, member, w);
	return false;
}

void wg_bounds_put(struct wg_bounds *b, const struct wg_offer *offer,
		   int64_t now)
{
	uint32_t member = wg_item_number(offer->b, WG_ITEM_MEMBER);
	uint64_t version = wg_item_version(offer->b);
	size_t i = b->n_waiting;

	if (wg_item_kind(offer->b) != WG_ITEM_IS_RECORD)
		return;
	/* nothing to take: what the operator loads asks for no leave */
	wg_bucket_take(bucket(b, member, now), &record, now);
	while (i--)
		if (b->waiting[i].member == member &&
		    b->waiting[i].version < version)
			drop_waiting(b, i);
}

bool wg_bounds_next(struct wg_bounds *b, int64_t now, struct wg_bounded *ret)
{
	size_t i, found = b->n_waiting;

	forget(b, &b->told);
	for (i = 0; i < b->n_waiting; i++) {
		const struct waiting *w = &b->waiting[i];

		if (found < b->n_waiting &&
		    (w->member != b->waiting[found].member ||
		     !beats(&w->what.offer, &b->waiting[found].what.offer)))
			continue;
		if (ready(b, w->member) <= now)
			found = i;
	}
	if (found == b->n_waiting)
		return false;
	*ret = b->waiting[found].what;
	b->told = ret->offer;
	b->waiting[found].what.offer = (struct wg_offer){};
	drop_waiting(b, found);
	return true;
}

int64_t wg_bounds_due(const struct wg_bounds *b)
{
	int64_t due = INT64_MAX, at;
	size_t i;

	for (i = 0; i < b->n_waiting; i++) {
		at = ready(b, b->waiting[i].member);
		if (at < due)
			due = at;
	}
	return due;
}

struct wg_bounds_stats wg_bounds_stats(const struct wg_bounds *b)
{
	return (struct wg_bounds_stats){
		.late = b->late,
		.left_out = b->left_out,
		.waiting = b->n_waiting,
		.bytes = b->mem.used,
	};
}
