/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slots of the map: items go in, and leave.
 *
 * What leaves is found by a sweep in the order A, L, C, W, R of the rules
 * (wg_directory_rules.c), over one member where only that can have changed, or
 * over all after a list, an authority, or a hub.  Each item remembers the key
 * by which it was verified: when its signer is another one by now, it goes.
 *
 * Memory aborts when there is none: what the authority has certified is not
 * what a flood of routes is, and half a map would look like a revocation.
 */
#include <assert.h>

#include "lib/core/wg_directory_state.h"

struct wg_directory *wg_directory_new(const struct wg_directory_conf *conf)
{
	struct wg_mem mem = {};
	struct wg_directory *dir = wg_mem_get(&mem, sizeof(*dir));

	dir->mem = mem;
	dir->conf = *conf;
	return dir;
}

/* --- items that are held */

/* Room for one more; an array that doubles. */
static void *room(struct wg_directory *dir, void *array, size_t size, size_t n,
		  size_t *cap)
{
	size_t was = *cap;
	void *more;

	if (n < was)
		return array;
	*cap = was ? 2 * was : 2;
	more = wg_mem_get(&dir->mem, *cap * size);
	if (n)
		memcpy(more, array, n * size);
	wg_mem_put(&dir->mem, array, was * size);
	return more;
}

struct wg_held wg_directory_hold(struct wg_directory *dir,
				 const struct wg_offer *offer,
				 const uint8_t *signer)
{
	struct wg_held h = {wg_mem_get(&dir->mem, offer->len),
			    wg_item_version(offer->b)};

	memcpy(h.b, offer->b, offer->len);
	memcpy(h.hash, offer->hash, sizeof(h.hash));
	memcpy(h.signer, signer, sizeof(h.signer));
	return h;
}

void wg_directory_drop(struct wg_directory *dir, struct wg_held *h)
{
	if (h->b)
		wg_mem_put(&dir->mem, h->b, wg_item_len(h->b));
	*h = (struct wg_held){};
}

void wg_directory_drop_at(struct wg_directory *dir, struct wg_helds *s,
			  size_t i)
{
	wg_directory_drop(dir, &s->at[i]);
	memmove(s->at + i, s->at + i + 1, (--s->n - i) * sizeof(*s->at));
}

/* By version, and of one version by hash. */
void wg_directory_insert(struct wg_directory *dir, struct wg_helds *s,
			 struct wg_held h)
{
	size_t i = s->n;

	s->at = room(dir, s->at, sizeof(*s->at), s->n, &s->cap);
	for (; i > 0; i--) {
		struct wg_held *before = &s->at[i - 1];

		if (before->version < h.version ||
		    (before->version == h.version &&
		     wg_hash_cmp(before->hash, h.hash) < 0))
			break;
		s->at[i] = *before;
	}
	s->at[i] = h;
	s->n++;
}

/* ... and of one version only this.  Was there another one? */
bool wg_directory_replace(struct wg_directory *dir, struct wg_helds *s,
			  struct wg_held h)
{
	bool was = false;
	size_t i;

	for (i = 0; i < s->n && !was; i++)
		if (s->at[i].version == h.version) {
			wg_directory_drop_at(dir, s, i);
			was = true;
		}
	wg_directory_insert(dir, s, h);
	return was;
}

static void free_helds(struct wg_directory *dir, struct wg_helds *s)
{
	while (s->n)
		wg_directory_drop_at(dir, s, s->n - 1);
	wg_mem_put(&dir->mem, s->at, s->cap * sizeof(*s->at));
	*s = (struct wg_helds){};
}

/* --- members */

static void free_member(struct wg_directory *dir, size_t i)
{
	struct wg_mapped *m = dir->member[i];

	free_helds(dir, &m->certificates);
	free_helds(dir, &m->witnesses);
	wg_directory_drop(dir, &m->record);
	wg_mem_put(&dir->mem, m, sizeof(*m));
	memmove(dir->member + i, dir->member + i + 1,
		(--dir->n - i) * sizeof(*dir->member));
}

/* Somebody may be to know that it is gone. */
static void leave(struct wg_directory *dir, size_t i)
{
	dir->gone = room(dir, dir->gone, sizeof(*dir->gone), dir->n_gone,
			 &dir->cap_gone);
	dir->gone[dir->n_gone++] = dir->member[i]->number;
	free_member(dir, i);
}

struct wg_mapped *wg_directory_enter(struct wg_directory *dir, uint32_t number)
{
	size_t i = wg_directory_first(dir, number);
	struct wg_mapped *m = wg_directory_get(dir, number);

	if (m)
		return m;
	dir->member =
		room(dir, dir->member, sizeof(*dir->member), dir->n, &dir->cap);
	m = wg_mem_get(&dir->mem, sizeof(*m));
	m->number = number;
	memmove(dir->member + i + 1, dir->member + i,
		(dir->n++ - i) * sizeof(*dir->member));
	return dir->member[i] = m;
}

/* --- what leaves */

static bool is_signed(const struct wg_directory *dir, const struct wg_held *h)
{
	const uint8_t *signer = wg_directory_signer(dir, h->b);

	return signer && wg_key_eq(signer, h->signer);
}

static void sweep_certificates(struct wg_directory *dir, struct wg_mapped *m)
{
	const struct wg_held *certain;
	struct wg_helds *s = &m->certificates;
	size_t i = s->n;

	while (i--)
		if (!is_signed(dir, &s->at[i]) ||
		    wg_directory_is_void(dir, s->at[i].b)) {
			wg_directory_drop_at(dir, s, i);
			m->is_changed = true;
		}
	certain = wg_directory_certain(m);
	while (certain && s->at != certain) {
		wg_directory_drop_at(dir, s, 0);
		m->is_changed = true;
		certain = wg_directory_certain(m);
	}
}

static void sweep_witnesses(struct wg_directory *dir, struct wg_mapped *m)
{
	struct wg_helds *s = &m->witnesses;
	size_t i = s->n;

	while (i--)
		if (!is_signed(dir, &s->at[i]) ||
		    !wg_directory_is_invited(m, wg_witness_key(s->at[i].b))) {
			wg_directory_drop_at(dir, s, i);
			m->is_changed = true;
		}
}

void wg_directory_sweep_record(struct wg_directory *dir, struct wg_mapped *m)
{
	if (m->record.b && !is_signed(dir, &m->record)) {
		wg_directory_drop(dir, &m->record);
		m->is_changed = true;
	}
}

void wg_directory_sweep_member(struct wg_directory *dir, struct wg_mapped *m)
{
	sweep_certificates(dir, m);
	sweep_witnesses(dir, m);
	wg_directory_sweep_record(dir, m);
}

/* Members whose certificates are void or too many; returns alarms. */
static unsigned sweep_members(struct wg_directory *dir)
{
	size_t i = dir->n;
	unsigned alarms = 0;

	while (i--)
		if (!dir->member[i]->certificates.n)
			leave(dir, i);
	while (dir->n > dir->conf.maximum) {
		leave(dir, dir->n - 1);
		alarms |= WG_DIRECTORY_EVICTED;
	}
	return alarms;
}

unsigned wg_directory_sweep_all(struct wg_directory *dir)
{
	unsigned alarms;
	size_t i;

	if (dir->list.b && !is_signed(dir, &dir->list))
		wg_directory_drop(dir, &dir->list);
	for (i = 0; i < dir->n; i++)
		sweep_certificates(dir, dir->member[i]);
	alarms = sweep_members(dir);
	/* now it is known who is a hub */
	for (i = 0; i < dir->n; i++)
		wg_directory_sweep_member(dir, dir->member[i]);
	return alarms;
}

/* --- beginning, changes, end */

bool wg_directory_next_changed(struct wg_directory *dir, uint32_t *ret_member)
{
	size_t i;

	if (dir->n_gone) {
		*ret_member = dir->gone[--dir->n_gone];
		return true;
	}
	for (i = 0; i < dir->n; i++)
		if (dir->member[i]->is_changed) {
			dir->member[i]->is_changed = false;
			*ret_member = dir->member[i]->number;
			return true;
		}
	return false;
}

void wg_directory_delete(struct wg_directory **dir)
{
	struct wg_directory *d = *dir;
	struct wg_mem mem;

	while (d->n)
		free_member(d, d->n - 1);
	free_helds(d, &d->authorities);
	wg_directory_drop(d, &d->list);
	wg_mem_put(&d->mem, d->member, d->cap * sizeof(*d->member));
	wg_mem_put(&d->mem, d->gone, d->cap_gone * sizeof(*d->gone));
	mem = d->mem;
	wg_mem_put(&mem, d, sizeof(*d));
	assert(!mem.used);
	*dir = NULL;
}
