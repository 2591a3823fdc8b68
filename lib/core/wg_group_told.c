/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What members say about clients, and what follows.
 *
 * Order of claims.  Each change of server has a serial above all that were
 * known.  Two gateways that both claim a client did not hear of each other, or
 * the client moved in between; then (beats())
 *  1. who had a handshake beats who had none;
 *  2. the later handshake, if they are more than 1.5 s apart (clocks
 *     have no part in this: ages are told, and what a message takes is less);
 *  3. the higher serial;
 *  4. the higher name.
 * Both ends come to the same, or else, where delays make rule 2 unsure, meet
 * again and leave rule 2 out.  The loser becomes PASSIVE.  If that was wrong,
 * packets of the client show up there as strays, and it is asked for.
 *
 * Lies.  A member has the private key, so it can take every client by claiming
 * it.  What can be seen: serials that leap, to win for ever, ages of sessions
 * that a claim excludes, endpoints where nobody can be, and clients that it
 * keeps although it was asked for them (ask() in wg_group_take.c), and that
 * answer us. One that gives them in the end is only slow.
 */
#include "lib/core/wg_group.h"

#include <errno.h>

#include "lib/core/wg_group_priv.h"

#define SETTLED_MS 1000 /* a client that just came is not given away */
#define LIES 3		/* times that its clients turned out to be ours */
#define LEAP (UINT64_C(1) << 20) /* of a serial, at once */

/* Is what R says better than what is known of C? The rules are above. */
static bool beats(const struct wg_group_record *r, uint64_t from,
		  const struct wg_client *c, uint64_t self, int64_t now)
{
	bool they = r->age_ms != WG_AGE_NONE;
	bool we = c->handshake_ms != WG_NEVER;
	int64_t later;

	if (they != we)
		return they;
	if (c->contests < 3) {
		later = they ? now - r->age_ms - c->handshake_ms : 0;
		if (later > WG_GROUP_HANDSHAKE_MS ||
		    later < -WG_GROUP_HANDSHAKE_MS)
			return later > 0;
	}
	return r->serial != c->serial ? r->serial > c->serial : from > self;
}

static void raise_serial(struct wg_client *c, uint64_t serial)
{
	if (serial > c->serial)
		c->serial = serial;
}

/* It is with that member now. */
static void theirs(struct wg_group *g, struct wg_client *c, unsigned m,
		   const struct wg_group_record *r, int64_t now)
{
	c->server = m;
	c->server_snap = g->member[m].snap;
	c->backup_ms = WG_NEVER;
	c->handshake_ms = r->age_ms == WG_AGE_NONE ? WG_NEVER : now - r->age_ms;
	if (r->claim == WG_CLAIM_SERVING)
		c->again_ms = WG_NEVER; /* whatever was tried before */
	wg_index_told(g, c, r->index);
	if (r->endpoint.addr.family &&
	    !wg_group_same_place(&r->endpoint, &c->last.endpoint)) {
		wg_client_set_endpoint(g, c, &r->endpoint, false);
		wg_client_mark(g, c);
	}
	raise_serial(c, r->serial);
	wg_client_set_busy(g, c);
}

static void told_claim(struct wg_group *g, struct wg_client *c, unsigned m,
		       const struct wg_group_record *r, int64_t now)
{
	uint64_t from = g->member[m].id;

	if (c->role == WG_ROLE_PASSIVE) {
		uint64_t other = c->server < 0 ? 0 : g->member[c->server].id;

		if (c->server < 0 || c->server == (int)m ||
		    beats(r, from, c, other, now))
			theirs(g, c, m, r, now);
		return;
	}
	if (c->role == WG_ROLE_TAKING && c->doubted == (int)m)
		return; /* the client will say who is right */
	if (beats(r, from, c, g->self, now)) {
		wg_client_leave(g, c);
		theirs(g, c, m, r, now);
		g->stats.yielded++;
		return;
	}
	c->contests++;
	raise_serial(c, r->serial + 1);
	wg_client_tell(g, m, c);
}

static void told_free(struct wg_group *g, struct wg_client *c, unsigned m,
		      const struct wg_group_record *r, int64_t now)
{
	bool gave_up = c->server == (int)m && c->handshake_ms == WG_NEVER;

	raise_serial(c, r->serial);
	if (c->role != WG_ROLE_PASSIVE && c->doubted == (int)m) {
		/* its device takes its time: that is no lie */
		if (c->role == WG_ROLE_SERVING && g->member[m].lies)
			g->member[m].lies--;
		c->doubted = -1;
	}
	if (c->role != WG_ROLE_PASSIVE)
		return;
	if (c->server >= 0 && c->server != (int)m)
		return;
	c->server = -1;
	c->backup_ms = WG_NEVER;
	c->handshake_ms = WG_NEVER;
	/* what its packets say is newer */
	if (r->endpoint.addr.family && !wg_take_is_coming(c, now))
		wg_client_set_endpoint(g, c, &r->endpoint, false);
	wg_client_set_busy(g, c);
	if (r->heir == g->self && wg_group_may_take(g))
		wg_take_begin(g, c, now);
	else if (!r->heir && c->again_ms == WG_NEVER) {
		c->again_ms = now; /* whoever had it, lost it */
		/* or never had it: it is the next one's turn, once */
		if (gave_up && wg_group_may_take(g))
			wg_group_backup(g, c, m, now);
	}
}

static void told_client(struct wg_group *g, unsigned m,
			const struct wg_group_record *r, int64_t now)
{
	struct wg_client *c = wg_client_find(g, &r->key);

	if (!c)
		g->stats.unknown++;
	else if (r->claim == WG_CLAIM_NONE)
		told_free(g, c, m, r, now);
	else
		told_claim(g, c, m, r, now);
}

static void told_ask(struct wg_group *g, unsigned m, const struct wg_key *key,
		     int64_t now)
{
	struct wg_client *c = wg_client_find(g, key);

	if (!c) {
		g->stats.unknown++;
		return;
	}
	if (c->role == WG_ROLE_SERVING && !g->drained &&
	    c->handshake_ms != WG_NEVER && now - c->handshake_ms < SETTLED_MS) {
		wg_client_tell(g, m, c); /* it is here, and just came */
	} else if (c->role != WG_ROLE_PASSIVE) {
		wg_client_release(g, c, g->member[m].id);
	} else {
		c->heir = g->member[m].id;
		if (!c->removing)
			wg_client_tell(g, m, c);
	}
}

/* After a snapshot: what was not in it, it serves no longer. */
static void sweep(struct wg_group *g, unsigned m)
{
	struct wg_client *c;

	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c))
		if (c->server == (int)m && c->server_snap != g->member[m].snap)
			c->server = -1;
}

/* No client can be there. */
static bool is_nowhere(const struct wg_addr *addr)
{
	static const struct wg_prefix never[] = {
		{AF_INET, 8, {0}},     {AF_INET, 8, {127}},
		{AF_INET, 3, {224}},   {AF_INET6, 127, {0}},
		{AF_INET6, 8, {0xff}},
	};
	struct wg_prefix host = wg_prefix_host(addr);
	size_t i;

	for (i = 0; addr->family && i < sizeof(never) / sizeof(never[0]); i++)
		if (wg_prefix_covers(&never[i], &host))
			return true;
	return false;
}

static bool is_lie(struct wg_group *g, unsigned m,
		   const struct wg_group_record *r)
{
	struct wg_client *c = wg_client_find(g, &r->key);

	return (c && r->serial > c->serial + LEAP) ||
	       (r->claim != WG_CLAIM_SERVING &&
		(r->age_ms != WG_AGE_NONE || r->index[0] || r->index[1])) ||
	       (r->claim == WG_CLAIM_NONE) < (r->heir != 0) ||
	       is_nowhere(&r->endpoint.addr) ||
	       (r->claim != WG_CLAIM_NONE && g->member[m].lies >= LIES);
}

int wg_group_told(struct wg_group *g, unsigned m,
		  const struct wg_group_msg *msg, int64_t now)
{
	switch ((enum wg_group_kind)msg->kind) {
	case WG_GROUP_SNAP_BEGIN:
		g->member[m].snap++;
		return 0;
	case WG_GROUP_SNAP_END:
		sweep(g, m);
		return 0;
	case WG_GROUP_CLIENT:
		if (is_lie(g, m, &msg->record))
			return -EPROTO;
		told_client(g, m, &msg->record, now);
		return 0;
	case WG_GROUP_ASK:
		told_ask(g, m, &msg->record.key, now);
		return 0;
	default:
		return 0;
	}
}
