/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A member at the doors.
 *
 *             a reason, or no hub for 15 s
 *      WAIT ---------------------------------> ASK: doors in turn, 1 s apart;
 *           <---------------------------------      then a pause, and again
 *             a hub answers; or a welcome, and
 *             then a hub has 15 s to answer
 *
 * The pause begins with a second, doubles with each round, and is forgotten
 * when a hub answers in the tunnel; a welcome alone does not: its hub may not
 * be reachable.  So a member that nobody lets in asks about once a minute for
 * ever, whatever doors said: an invite that was used stays used, but who said
 * that may have lied.  Turns go round and round: a hub that lets it in and is
 * then not to be reached has the next turn after all others.
 *
 * In a turn a door is asked again at once for two reasons, each once: it gave a
 * cookie, or it knows a later record of us (our disk is an old one).  Then our
 * sequence goes above that; no door moves it by more than WG_DOOR_JUMP a turn,
 * so that liars do not use up the numbers.
 */
#include "lib/core/wg_knock.h"

#include <assert.h>

/* Bits of `again`. */
enum { FOR_COOKIE = 1, FOR_SEQUENCE = 2 };

void wg_knock_init(struct wg_knock *k, int64_t now)
{
	*k = (struct wg_knock){.heard_at = now, .pause_ms = WG_KNOCK_PAUSE_MS};
}

static bool is_place(const struct wg_knock_door *d,
		     const struct wg_knock_place *p)
{
	return memcmp(d->place.hub, p->hub, WG_KEY_LEN) == 0 &&
	       d->place.port == p->port && strcmp(d->place.host, p->host) == 0;
}

static struct wg_knock_door *find(struct wg_knock *k,
				  const struct wg_knock_place *p)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (is_place(&k->door[i], p))
			return &k->door[i];
	return NULL;
}

void wg_knock_set_doors(struct wg_knock *k, const struct wg_knock_place *place,
			size_t n)
{
	struct wg_knock old = *k;
	struct wg_knock_door *known;
	size_t i;

	k->n = 0;
	for (i = 0; i < n && k->n < WG_KNOCK_DOORS; i++) {
		if (find(k, &place[i]))
			continue;
		known = find(&old, &place[i]);
		k->door[k->n++] =
			known ? *known
			      : (struct wg_knock_door){.place = place[i]};
	}
	if (k->turn >= k->n)
		k->turn = 0;
	if (k->left > k->n)
		k->left = k->n;
}

void wg_knock_start(struct wg_knock *k, int64_t now)
{
	k->pause_ms = WG_KNOCK_PAUSE_MS;
	k->left = 0;
	k->is_asking = true;
	k->due = now;
}

static void wait(struct wg_knock *k, int64_t now)
{
	k->is_asking = false;
	k->heard_at = now;
}

void wg_knock_heard(struct wg_knock *k, int64_t now)
{
	size_t i;

	/* or it would be told of a later silence, to which it is no answer */
	for (i = 0; i < k->n; i++)
		k->door[i].why = 0;
	k->pause_ms = WG_KNOCK_PAUSE_MS;
	wait(k, now);
}

void wg_knock_calm(struct wg_knock *k, int64_t until)
{
	k->calm_until = until;
}

int64_t wg_knock_due(const struct wg_knock *k)
{
	int64_t due;

	if (!k->n)
		return -1;
	due = k->is_asking ? k->due : k->heard_at + WG_KNOCK_SILENCE_MS;
	return due > k->calm_until ? due : k->calm_until;
}

struct wg_knock_door *wg_knock_next(struct wg_knock *k, int64_t now)
{
	struct wg_knock_door *d;

	if (!k->n || now < wg_knock_due(k))
		return NULL;
	k->is_asking = true;
	if (!k->left)
		k->left = k->n;
	d = &k->door[k->turn];
	d->again = 0;
	d->asked++;
	k->turn = (k->turn + 1) % k->n;
	k->due = now + WG_KNOCK_NEXT_MS;
	if (--k->left == 0) {
		k->due = now + k->pause_ms;
		k->pause_ms *= 2;
		if (k->pause_ms > WG_KNOCK_PAUSE_MAX_MS)
			k->pause_ms = WG_KNOCK_PAUSE_MAX_MS;
	}
	return d;
}

const uint8_t *wg_knock_cookie(const struct wg_knock_door *d, int64_t now)
{
	return d->has_cookie && now - d->cookie_at < WG_KNOCK_COOKIE_MS
		       ? d->cookie
		       : NULL;
}

/* Once a turn for each reason. */
static enum wg_knock_do again(struct wg_knock_door *d, uint8_t reason)
{
	if (d->again & reason)
		return WG_KNOCK_WAIT;
	d->again |= reason;
	d->asked++;
	return WG_KNOCK_AGAIN;
}

static enum wg_knock_do old_sequence(struct wg_knock *k,
				     struct wg_knock_door *d, uint64_t theirs)
{
	/* an answer to a question that we asked before we knew */
	if (theirs < k->sequence)
		return WG_KNOCK_WAIT;
	if (theirs - k->sequence >= WG_DOOR_JUMP || theirs == UINT64_MAX || (d->again & FOR_SEQUENCE)) {
		d->lies++;
		return WG_KNOCK_WAIT;
	}
	k->sequence = theirs + 1;
	return again(d, FOR_SEQUENCE);
}

enum wg_knock_do wg_knock_answer(struct wg_knock *k, struct wg_knock_door *d,
				 const struct wg_door_answer *a, int64_t now)
{
	/* of a time before a hub was heard */
	if (!k->is_asking)
		return WG_KNOCK_WAIT;
	switch ((enum wg_door_kind)a->kind) {
	case WG_DOOR_COOKIE:
		memcpy(d->cookie, a->cookie, WG_DOOR_COOKIE_LEN);
		d->has_cookie = true;
		d->cookie_at = now;
		return again(d, FOR_COOKIE);
	case WG_DOOR_WELCOME:
		d->why = 0;
		wait(k, now);
		return WG_KNOCK_TAKE;
	case WG_DOOR_REFUSED:
		d->why = a->refused.why;
		return a->refused.why == WG_DOOR_OLD_SEQUENCE
			       ? old_sequence(k, d, a->refused.sequence)
			       : WG_KNOCK_WAIT;
	case WG_DOOR_REGISTER:
	case WG_DOOR_KINDS:
		break;
	}
	assert(!"kind of an answer");
	return WG_KNOCK_WAIT;
}

void wg_knock_lie(struct wg_knock *k, struct wg_knock_door *d)
{
	d->lies++;
	/* the round goes on where it was */
	k->is_asking = true;
}

enum wg_door_why wg_knock_why(const struct wg_knock *k)
{
	/* from what a person must know to what goes by itself */
	static const enum wg_door_why order[] = {
		WG_DOOR_INVITE_USED,	WG_DOOR_DISPUTED,
		WG_DOOR_REVOKED,	WG_DOOR_SUPERSEDED,
		WG_DOOR_INVITE_EXPIRED, WG_DOOR_UNKNOWN_MESH,
		WG_DOOR_UNKNOWN_MEMBER, WG_DOOR_FULL,
		WG_DOOR_OLD_SEQUENCE,	WG_DOOR_BUSY,
	};
	size_t i, at;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (at = 0; at < k->n; at++)
			if (k->door[at].why == order[i])
				return order[i];
	return 0;
}
