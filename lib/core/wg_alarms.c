/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alarms that stand.
 *
 * Who can cause them: some only the authority, the operator or the machine;
 * those of `by_others` whoever talks to us, as often as it likes.  What that
 * costs is an entry of a fixed size, of which there are WG_ALARMS_OF_A_KIND of a
 * kind and one of ours, and one line of news a minute and kind.  So a flood of
 * one kind never hides an alarm of another, nor those of others one of ours.
 *
 * An entry stays after its alarm went until that was told, too: who was told
 * that an alarm came is told that it went.
 */
#include "lib/core/wg_alarms.h"

#include <assert.h>
#include <string.h>

#include "lib/core/wg_mem.h"

struct entry {
	struct wg_alarm alarm;
	bool is_stated;	   /* in this round */
	bool stands;
	bool is_told;	   /* ... so */
	bool was_told;	   /* that it stands, if it was told at all */
	int64_t held_until; /* it happened; 0: it did not */
};

struct wg_alarms {
	struct wg_mem mem;
	struct entry *entry; /* by kind and subject */
	size_t n, cap;
	size_t stated_over[WG_ALARMS], over[WG_ALARMS];
	int64_t quiet_until[WG_ALARMS];
};

static const struct {
	const char *name;
	bool by_others;
} kinds[WG_ALARMS] = {
	[WG_ALARM_INVITE_USED] = {"invite-used", true},
	[WG_ALARM_CONFLICT] = {"conflict", true},
	[WG_ALARM_CLONED] = {"cloned", true},
	[WG_ALARM_CLOCK] = {"clock", false},
	[WG_ALARM_EXPIRY] = {"expiry", false},
	[WG_ALARM_LIST_OVERDUE] = {"list-overdue", false},
	[WG_ALARM_OVER_MAXIMUM] = {"over-maximum-members", false},
	[WG_ALARM_DISK] = {"disk", false},
	[WG_ALARM_NEIGHBOUR_TABLE] = {"neighbour-table", false},
	[WG_ALARM_RELAY_OPEN] = {"relay-open", false},
};

const char *wg_alarm_kind_str(enum wg_alarm_kind kind)
{
	assert(kind < WG_ALARMS);
	return kinds[kind].name;
}

struct wg_alarms *wg_alarms_new(void)
{
	struct wg_mem mem = {};
	struct wg_alarms *a = wg_mem_get(&mem, sizeof(*a));

	a->mem = mem;
	return a;
}

void wg_alarms_delete(struct wg_alarms **at)
{
	struct wg_alarms *a = *at;
	struct wg_mem mem;

	if (!a)
		return;
	wg_mem_put(&a->mem, a->entry, a->cap * sizeof(*a->entry));
	mem = a->mem;
	wg_mem_put(&mem, a, sizeof(*a));
	assert(!mem.used);
	*at = NULL;
}

/* --- entries */

static int cmp(const struct wg_alarm *a, const struct wg_alarm *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->subject, b->subject);
}

/* Where the alarm is, or would be; is it there? */
static bool find(const struct wg_alarms *a, const struct wg_alarm *alarm,
		 size_t *ret)
{
	size_t i = 0;

	while (i < a->n && cmp(&a->entry[i].alarm, alarm) < 0)
		i++;
	*ret = i;
	return i < a->n && cmp(&a->entry[i].alarm, alarm) == 0;
}

static size_t count(const struct wg_alarms *a, enum wg_alarm_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += a->entry[i].alarm.kind == kind;
	return n;
}

/* The entry of an alarm, which stands; NULL: there is no room. */
static struct entry *raise(struct wg_alarms *a, const struct wg_alarm *alarm,
			   int64_t now)
{
	struct entry *e;
	size_t i;

	assert(alarm->kind < WG_ALARMS);
	if (!find(a, alarm, &i)) {
		if (alarm->subject[0] &&
		    count(a, alarm->kind) >= WG_ALARMS_OF_A_KIND)
			return NULL;
		a->entry = wg_mem_room(&a->mem, a->entry, sizeof(*a->entry),
				       a->n + 1, &a->cap);
		assert(a->entry);
		memmove(a->entry + i + 1, a->entry + i,
			(a->n++ - i) * sizeof(*a->entry));
		a->entry[i] = (struct entry){.alarm = *alarm, .is_told = true};
	}
	e = &a->entry[i];
	if (!e->stands) {
		e->stands = true;
		e->is_told = e->was_told;
		e->alarm.since = now;
	}
	if (strcmp(e->alarm.text, alarm->text) != 0) {
		memcpy(e->alarm.text, alarm->text, sizeof(e->alarm.text));
		e->is_told = false;
	}
	return e;
}

static void drop(struct wg_alarms *a, size_t i)
{
	memmove(a->entry + i, a->entry + i + 1,
		(--a->n - i) * sizeof(*a->entry));
}

static bool is_held(const struct entry *e, int64_t now)
{
	return e->held_until > now;
}

/* --- in */

void wg_alarms_begin(struct wg_alarms *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		a->entry[i].is_stated = false;
	memset(a->stated_over, 0, sizeof(a->stated_over));
}

void wg_alarms_stand(struct wg_alarms *a, const struct wg_alarm *alarm,
		     int64_t now)
{
	struct entry *e = raise(a, alarm, now);

	if (e)
		e->is_stated = true;
	else
		a->stated_over[alarm->kind]++;
}

void wg_alarms_happened(struct wg_alarms *a, const struct wg_alarm *alarm,
			int64_t now)
{
	struct entry *e = raise(a, alarm, now);

	if (e)
		e->held_until = now + WG_ALARM_HELD_MS;
}

void wg_alarms_end(struct wg_alarms *a, int64_t now)
{
	size_t i = a->n;

	while (i--) {
		struct entry *e = &a->entry[i];

		if (!e->stands || e->is_stated || is_held(e, now))
			continue;
		e->stands = false;
		e->is_told = !e->was_told;
		if (e->is_told)
			drop(a, i);
	}
	memcpy(a->over, a->stated_over, sizeof(a->over));
}

/* --- out */

const struct wg_alarm *wg_alarms_at(const struct wg_alarms *a, size_t nth)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->entry[i].stands && !nth--)
			return &a->entry[i].alarm;
	return NULL;
}

size_t wg_alarms_left_out(const struct wg_alarms *a, enum wg_alarm_kind kind)
{
	return a->over[kind];
}

bool wg_alarms_next_news(struct wg_alarms *a, int64_t now, struct wg_alarm *ret,
			 bool *ret_raised)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct entry *e = &a->entry[i];
		enum wg_alarm_kind kind = e->alarm.kind;

		if (e->is_told || a->quiet_until[kind] > now)
			continue;
		if (kinds[kind].by_others)
			a->quiet_until[kind] = now + WG_ALARM_QUIET_MS;
		e->is_told = true;
		e->was_told = e->stands;
		*ret = e->alarm;
		*ret_raised = e->stands;
		if (!e->stands)
			drop(a, i);
		return true;
	}
	return false;
}

int64_t wg_alarms_due(const struct wg_alarms *a)
{
	int64_t due = INT64_MAX, at;
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct entry *e = &a->entry[i];

		at = INT64_MAX;
		if (!e->is_told)
			at = a->quiet_until[e->alarm.kind];
		else if (e->stands && !e->is_stated && e->held_until)
			at = e->held_until;
		if (at < due)
			due = at;
	}
	return due;
}
