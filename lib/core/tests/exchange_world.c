/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/core/tests/exchange_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAXIMUM 30

unsigned world_below(struct world *w, unsigned n)
{
	/* splitmix64 */
	uint64_t z = w->rnd += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

/* --- members and links */

static void hang_up(struct world *w, struct world_link *l, int64_t away_ms)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		wg_exchange_delete(&l->x[i]);
		memset(&l->pipe[i], 0, sizeof(l->pipe[i]));
	}
	l->is_up = false;
	l->not_before = w->now + away_ms;
}

static void link_up(struct world *w, struct world_link *l)
{
	const struct talk *a = &w->member[l->member[0]];
	const struct talk *b = &w->member[l->member[1]];
	size_t i;

	if (l->is_up || l->is_cut || w->now < l->not_before)
		return;
	l->is_up = true;
	l->x[0] = talk_connect(a, b->number, w->now);
	l->x[1] = talk_connect(b, a->number, w->now);
	for (i = 0; i < w->mesh.n; i++) {
		l->pipe[0].may[i] = talk_has(a, w->mesh.item[i].b);
		l->pipe[1].may[i] = talk_has(b, w->mesh.item[i].b);
	}
}

void world_begin(struct world *w, uint64_t seed)
{
	unsigned i, k;

	memset(w, 0, sizeof(*w));
	w->rnd = seed;
	w->hubs = 1 + world_below(w, 3);
	w->n = w->hubs + 1 + world_below(w, WORLD_MEMBERS - w->hubs - 1);
	w->liar = w->hubs > 1 && world_below(w, 2) ? 0 : w->n;
	for (i = 0; i < w->n; i++)
		talk_init(&w->member[i], i + 1, MAXIMUM);
	for (i = 0; i < w->hubs; i++)
		for (k = i + 1; k < w->n; k++) {
			w->link[w->n_links].member[0] = i;
			w->link[w->n_links++].member[1] = k;
		}
}

void world_end(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->n_links; i++)
		hang_up(w, &w->link[i], 0);
	for (i = 0; i < w->n; i++)
		talk_end(&w->member[i]);
	mesh_free(&w->mesh);
}

/* --- items */

static size_t index_of(const struct world *w, const uint8_t *b, size_t len)
{
	size_t i;

	for (i = 0; i < w->mesh.n; i++)
		if (w->mesh.item[i].len == len &&
		    memcmp(w->mesh.item[i].b, b, len) == 0)
			break;
	/* nobody can make an item that nobody made */
	assert(i < w->mesh.n);
	return i;
}

static void pass_to(struct world *w, struct world_link *l, unsigned side,
		    const uint8_t *item)
{
	struct wg_directory_entry e = talk_entry(item);

	wg_exchange_pass(l->x[side], &e);
	l->pipe[side].may[index_of(w, item, wg_item_len(item))]++;
}

/* The new hash, and to all but who brought it. */
static void pass(struct world *w, unsigned member, const uint8_t *item,
		 const struct wg_exchange *source)
{
	struct world_link *l;
	unsigned i;

	talk_hash(&w->member[member]);
	for (i = 0; i < 2 * w->n_links; i++) {
		l = &w->link[i / 2];
		if (l->is_up && l->member[i % 2] == member &&
		    l->x[i % 2] != source)
			pass_to(w, l, i % 2, item);
	}
}

bool world_load(struct world *w, unsigned member, const struct wg_offer *o)
{
	struct wg_bounded b = {talk_offer(o->b, o->len), 0};

	if (talk_take(&w->member[member], &b, w->now) != WG_EXCHANGE_PUT)
		return false;
	pass(w, member, o->b, NULL);
	return true;
}

void world_write_disk(struct world *w, unsigned member)
{
	size_t i;

	for (i = 0; i < w->mesh.n; i++)
		w->disk[member][i] =
			talk_has(&w->member[member], w->mesh.item[i].b);
}

void world_restart(struct world *w, unsigned member, bool has_disk)
{
	struct talk *t = &w->member[member];
	bool more = has_disk;
	size_t i;

	for (i = 0; i < w->n_links; i++)
		if (w->link[i].is_up && (w->link[i].member[0] == member ||
					 w->link[i].member[1] == member))
			hang_up(w, &w->link[i], 1000);
	talk_end(t);
	talk_init(t, member + 1, MAXIMUM);
	while (more)
		for (i = 0, more = false; i < w->mesh.n; i++)
			if (w->disk[member][i])
				more |= world_load(w, member, &w->mesh.item[i]);
}

/* Those whose time has come. */
static void look_at_waiting(struct world *w, unsigned member)
{
	struct talk *t = &w->member[member];
	struct wg_bounded b;

	while (wg_bounds_next(t->bounds, w->now, &b)) {
		b.source = 0;
		if (talk_take(t, &b, w->now) == WG_EXCHANGE_PUT)
			pass(w, member, b.offer.b, NULL);
	}
}

/* --- hearing */

static void take(struct world *w, struct world_link *l, unsigned side,
		 const struct wg_span *item)
{
	unsigned member = l->member[side];
	struct wg_bounded b = {
		talk_offer(item->b, item->len),
		w->member[l->member[!side]].number,
	};
	enum wg_exchange_judgement j =
		talk_take(&w->member[member], &b, w->now);

	if (j == WG_EXCHANGE_PUT)
		pass(w, member, item->b, l->x[side]);
	wg_exchange_judged(l->x[side], j);
}

/* False: the connection is over. */
static bool work(struct world *w, struct world_link *l, unsigned side)
{
	struct wg_exchange_heard heard;
	enum wg_exchange_news news;
	struct wg_exchange *x = l->x[side];

	look_at_waiting(w, l->member[side]);
	while ((news = wg_exchange_next(x, w->now, &heard))) {
		wg_exchange_check(x);
		if (news == WG_EXCHANGE_ITEM)
			take(w, l, side, &heard.item);
		if (news == WG_EXCHANGE_END) {
			/* only the liar is shut out */
			assert(!heard.is_bad || l->member[!side] == w->liar);
			w->ends++;
			w->bad_ends += heard.is_bad;
			hang_up(w, l, heard.is_bad ? 60000 : 1000);
			return false;
		}
	}
	wg_exchange_check(x);
	if (wg_exchange_bytes(x) > w->most_bytes)
		w->most_bytes = wg_exchange_bytes(x);
	return true;
}

/* So many bytes of what the other end said. */
static void hear(struct world *w, struct world_link *l, unsigned side, size_t n)
{
	struct world_pipe *p = &l->pipe[!side];
	uint8_t *space;
	size_t room;

	while (n) {
		space = wg_exchange_space(l->x[side], &room);
		if (room > n)
			room = n;
		memcpy(space, p->b, room);
		wg_exchange_filled(l->x[side], room);
		p->len -= room;
		memmove(p->b, p->b + room, p->len);
		n -= room;
		if (!work(w, l, side))
			return;
	}
}

/* --- saying */

static void append(struct world *w, struct world_pipe *p, const uint8_t *b,
		   size_t len)
{
	assert(len <= sizeof(p->b) - p->len);
	memcpy(p->b + p->len, b, len);
	p->len += len;
	w->bytes += len;
}

static void put_frame(struct world *w, struct world_pipe *p,
		      const struct wg_frame *f)
{
	static uint8_t b[WG_FRAME_MAX];

	append(w, p, b, wg_frame_encode(f, b));
}

/* Once each way; again only if it came again, or all was told again. */
static void count(const struct world *w, struct world_link *l, unsigned side,
		  const struct wg_span *item)
{
	size_t i = index_of(w, item->b, item->len);
	uint64_t again = wg_exchange_stats(l->x[side])->again;
	struct world_pipe *p = &l->pipe[side];

	/* a liar may ask for what it has */
	p->sent[i]++;
	assert(l->member[!side] == w->liar || p->sent[i] <= p->may[i] + again);
	assert(wg_item_check(item->b, item->len) == WG_ITEM_OK);
}

static const struct wg_offer *any_item(struct world *w)
{
	return &w->mesh.item[world_below(w, w->mesh.n)];
}

static void lie(struct world *w, struct world_pipe *p)
{
	static uint8_t entries[5 * WG_DIRECTORY_ENTRY];
	struct wg_frame f = {.kind = WG_FRAME_KEEPALIVE};
	const struct wg_offer *o = any_item(w);
	struct wg_directory_entry e;
	unsigned i;

	w->lies++;
	switch (world_below(w, 6)) {
	case 0: /* forged or old, whatever somebody made */
		f = (struct wg_frame){.kind = WG_FRAME_ITEM,
				      .item = {o->b, o->len}};
		break;
	case 1: /* it has, or wants, what is there or not */
	case 2:
		for (i = 0; i < 5; i++) {
			o = any_item(w);
			e = talk_entry(o->b);
			if (world_below(w, 2))
				e.version += world_below(w, 3);
			if (world_below(w, 2))
				e.hash[3]++;
			wg_directory_entry_encode(
				&e, entries + i * WG_DIRECTORY_ENTRY);
		}
		f.kind = world_below(w, 2) ? WG_FRAME_HAVE : WG_FRAME_WANT;
		f.entries.b = entries;
		f.entries.n = world_below(w, 6);
		break;
	case 3: /* of a map that is none */
		f.hash[0] = world_below(w, 256);
		break;
	case 4:
		f = (struct wg_frame){.kind = WG_FRAME_STATE,
				      .state = {.member = 3}};
		break;
	default:
		f = (struct wg_frame){.kind = WG_FRAME_CALL,
				      .call = {.to = 1, .from = 2}};
		break;
	}
	put_frame(w, p, &f);
	if (world_below(w, 300) == 0)
		append(w, p, (const uint8_t *)"no frame", 8);
}

/* Frame by frame. */
static void say_frames(struct world *w, struct world_link *l, unsigned side,
		       const uint8_t *b, size_t len)
{
	bool is_liar = l->member[side] == w->liar;
	struct world_pipe *p = &l->pipe[side];
	struct wg_frame f;
	int n;

	for (; len; b += n, len -= n) {
		n = wg_frame_decode(b, len, &f);
		assert(n > 0);
		if (f.kind == WG_FRAME_ITEM && !is_liar)
			count(w, l, side, &f.item);
		/* HELLO it says once */
		if (is_liar && f.kind != WG_FRAME_HELLO &&
		    world_below(w, 3) == 0)
			continue;
		append(w, p, b, n);
	}
	if (is_liar && wg_exchange_is_up(l->x[side]))
		for (n = world_below(w, 4); n > 0; n--)
			lie(w, p);
}

static bool say(struct world *w, struct world_link *l, unsigned side)
{
	static uint8_t b[WG_FRAME_MAX];
	size_t n;

	/* it can be sent, with what the liar adds */
	if (l->pipe[side].len > WORLD_PIPE - WG_FRAME_MAX - 6000)
		return false;
	n = wg_exchange_say(l->x[side], w->now, b, sizeof(b));
	wg_exchange_check(l->x[side]);
	if (n)
		say_frames(w, l, side, b, n);
	return n;
}

/* --- what happens */

void world_step(struct world *w)
{
	struct world_link *l = &w->link[world_below(w, w->n_links)];
	unsigned side = world_below(w, 2);
	size_t len;

	w->now +=
		world_below(w, 40) ? world_below(w, 30) : world_below(w, 3000);
	link_up(w, l);
	if (!l->is_up)
		return;
	switch (world_below(w, 8)) {
	case 0:
		if (world_below(w, 40) == 0) {
			w->cuts++;
			hang_up(w, l, 1000);
		}
		break;
	case 1:
	case 2:
	case 3:
		say(w, l, side);
		break;
	case 4:
		work(w, l, side);
		break;
	default:
		len = l->pipe[!side].len;
		if (len && world_below(w, 3))
			len = 1 + world_below(w, len);
		hear(w, l, side, len);
		break;
	}
}

void world_second(struct world *w)
{
	struct world_link *l;
	bool more = true;
	unsigned i, side;

	w->now += 1000;
	while (more) {
		more = false;
		for (i = 0; i < 2 * w->n_links; i++) {
			l = &w->link[i / 2];
			side = i % 2;
			link_up(w, l);
			if (!l->is_up)
				continue;
			/* it lies without end, but it is not waited for */
			if (say(w, l, side) && l->member[side] != w->liar)
				more = true;
			hear(w, l, !side, l->pipe[side].len);
			if (l->is_up)
				work(w, l, !side);
		}
	}
}

bool world_is_one(const struct world *w)
{
	const struct talk *first = NULL;
	unsigned i;

	for (i = 0; i < w->n; i++) {
		if (i == w->liar)
			continue;
		if (first && memcmp(first->map.hash, w->member[i].map.hash,
				    WG_DIRECTORY_HASH) != 0)
			return false;
		first = &w->member[i];
	}
	return true;
}
