/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who serves which client.
 *
 *              release, yield, gave up
 *   PASSIVE <------------------------------ SERVING
 *    |  ^ |                                  ^   |
 *    |  | +-- it had a handshake with us ----+   | the device lost it
 *    |  | gave up, yield                     |   |
 *    |  +------------------- TAKING ---------+   |
 *    +-- release to us, ---> ^    handshake      |
 *        stray, its server   +-------------------+
 *        died
 *
 * Why nobody fights.  Only the network decides which gateway a client's
 * packets reach, and only that one can have a handshake with it: as responder
 * because it got the initiation, as initiator because it got the response.  So
 * a handshake is proof, and everything else a hint that starts one attempt:
 * TAKING is bounded (wg_group_take.c) and ends in PASSIVE, where
 * nothing is sent.  Two gateways that cannot talk to each other may both try,
 * each once; the one that the packets do not reach gets no answer.
 *
 * What an unanswered initiation does.  The client answers it, and keeps the
 * session that it has: a responder's new keys are `next` until the first
 * packet under them (noise.c, wg_noise_handshake_begin_session; receive.c,
 * wg_noise_received_with_keypair).  It forgets `previous` and starts no
 * handshake of its own for 5 s (send.c, last_sent_handshake): so what is lost
 * is at most what was under way across a renewal of keys.  The source of the
 * initiation is the same anycast address, so the client does not roam.
 *
 * Why the old one is taken off first.  WireGuard cannot forget an endpoint
 * or a session.  A gateway that keeps either goes on initiating, and each
 * time its initiation may cross that of the new one.
 *
 * Order of claims.  Each change of server has a serial above all that were
 * known.  Two gateways that both claim a client did not hear of each other, or
 * the client moved in between; then (better)
 *  1. who had a handshake beats who had none;
 *  2. the later handshake, if they are more than HANDSHAKE_MS apart (clocks
 *     have no part in this: ages are told, and what a message takes is less);
 *  3. the higher serial;
 *  4. the higher name.
 * Both ends come to the same, or else, where delays make rule 2 unsure, meet
 * again and leave rule 2 out.  The loser becomes PASSIVE.  If that was wrong,
 * packets of the client show up there as strays, and it is asked for.
 *
 * BFD errs where processors are scarce. To take all clients of a member is
 * work, for both, and it is in vain if the member lives; if each fall of BFD
 * did it, two busy gateways would keep each other so for ever.  So if BFD was
 * wrong about a member, its next death within a minute means only that a client
 * whose packets come here is taken without its being asked; all the others are
 * when it stays dead for a hold, which is longer with each repetition.
 *
 * What is lost costs time.  The state of a member is what its device has and
 * what others tell; a stray of a client that nobody serves is answered by an
 * attempt; and without any state the client itself starts a handshake, 15 s
 * after it heard nothing, with the gateway that its packets reach.
 *
 * Lies.  A member has the private key, so it can take every client by claiming
 * it.  What can be seen: serials that leap, to win for ever, ages of sessions
 * that a claim excludes, endpoints where nobody can be, and clients that it
 * keeps although it was asked for them (ask() in wg_group_take.c), and that
 * answer us. One that gives them in the end is only slow.
 */
#include "lib/core/wg_group.h"

#include <assert.h>
#include <errno.h>

#include "lib/core/wg_group_priv.h"

#define BACKUP_MS 1000	  /* for each survivor that comes before us */
#define HANDSHAKE_MS 1500 /* reads say it in whole seconds */
#define SETTLED_MS 1000	  /* a client that just came is not given away */
#define PLACED_MS 5000	  /* more than a handshake takes */
#define SESSION_MS 180000 /* WireGuard rejects older keys */
#define FLAP_MS 60000	  /* who was called dead and was not, flaps */
/* What it says sooner may be an echo of its life, what later its return. */
#define HEARD_MIN_MS 500
#define HEARD_MAX_MS 2000
#define SHORT_MS 1000	  /* no machine is back so soon */
#define HOLD_MIN_MS 1000
#define HOLD_MAX_MS 60000
#define LIES 3 /* times that its clients turned out to be ours */
#define LEAP (UINT64_C(1) << 20) /* of a serial, at once */

const char *wg_role_str(enum wg_role role)
{
	static const char *const names[] = {"passive", "taking", "serving"};

	return names[role];
}

/* --- roles */

/* May this gateway go and get a client? */
bool wg_group_may_take(const struct wg_group *g)
{
	unsigned m;

	if (!g->drained)
		return true;
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured && !g->member[m].dead)
			return false;
	return true;
}

static void serve(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (c->role == WG_ROLE_PASSIVE)
		c->serial++;
	else
		g->stats.served++;
	if (c->role != WG_ROLE_TAKING)
		c->doubted = -1;
	else
		wg_take_answered(g, c, now);
	/* who is called dead was not asked for it, so it may be in good faith */
	if (c->doubted >= 0 && g->member[c->doubted].dead)
		c->doubted = -1;
	if (c->doubted >= 0)
		g->member[c->doubted].lies++;
	c->contests = 0;
	c->again_ms = WG_NEVER;
	c->fresh = false;
	wg_client_set_role(g, c, WG_ROLE_SERVING);
	wg_client_tell_all(g, c);
}

/* Become PASSIVE; the device forgets it. */
static void leave(struct wg_group *g, struct wg_client *c)
{
	wg_client_set_role(g, c, WG_ROLE_PASSIVE);
	c->release = false;
	c->contests = 0;
	wg_client_remove(g, c);
}

/* ... and the others are told when it did. */
void wg_client_release(struct wg_group *g, struct wg_client *c, uint64_t heir)
{
	c->serial++;
	c->handshake_ms = WG_NEVER;
	c->server = -1;
	leave(g, c);
	c->release = true;
	c->heir = heir;
	g->stats.released++;
}

/* --- members */

/* The same number at every gateway (splitmix64's finish). */
static uint64_t score(const struct wg_client *c, uint64_t id)
{
	uint64_t x;

	memcpy(&x, c->key.b, sizeof(x));
	x ^= id;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static bool takes(const struct wg_member *m)
{
	return m->configured && m->ready && !m->dead && !m->drained && m->id;
}

/* How many living members, but this one, come before us for the client. */
static unsigned rank(const struct wg_group *g, const struct wg_client *c,
		     unsigned but)
{
	unsigned m, n = 0;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		n += m != but && takes(&g->member[m]) &&
		     score(c, g->member[m].id) > score(c, g->self);
	return n;
}

/* Who of the others shall have it; 0: nobody can. */
static uint64_t heir_of(const struct wg_group *g, const struct wg_client *c)
{
	uint64_t best = 0;
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (takes(&g->member[m]) &&
		    (!best || score(c, g->member[m].id) > score(c, best)))
			best = g->member[m].id;
	return best;
}

void wg_group_member_add(struct wg_group *g, unsigned m)
{
	assert(m < WG_GROUP_MEMBERS && !g->member[m].configured);
	g->member[m] = (struct wg_member){.configured = true,
					  .erred_ms = WG_NEVER,
					  .orphan_ms = WG_NEVER};
}

/* A drained gateway: all that somebody else can have. */
static void give_away(struct wg_group *g)
{
	struct wg_client *c;
	uint64_t heir;

	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		c->backup_ms = WG_NEVER;
		wg_client_set_busy(g, c);
		heir = heir_of(g, c);
		if (c->role != WG_ROLE_PASSIVE && heir)
			wg_client_release(g, c, heir);
	}
}

void wg_group_member_ready(struct wg_group *g, unsigned m, bool ready)
{
	struct wg_member *to = &g->member[m];
	struct wg_client *c;

	if (to->ready == ready)
		return;
	to->ready = ready;
	to->head = to->tail = 0;
	to->begin = to->end = ready;
	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		c->tell &= ~(1u << m);
		c->ask &= ~(1u << m);
		if (ready && c->role != WG_ROLE_PASSIVE)
			wg_client_tell(g, m, c);
	}
	if (ready && g->drained && g->give_ms == WG_NEVER)
		give_away(g);
}

void wg_group_member_del(struct wg_group *g, unsigned m)
{
	struct wg_member *member = &g->member[m];
	struct wg_client *c;

	wg_group_member_ready(g, m, false);
	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		if (c->server == (int)m)
			c->server = -1;
		if (c->doubted == (int)m)
			c->doubted = -1;
	}
	wg_mem_put(&g->mem, member->queue,
		   member->cap * sizeof(*member->queue));
	*member = (struct wg_member){};
}

void wg_group_member_id(struct wg_group *g, unsigned m, uint64_t id)
{
	g->member[m].id = id;
}

void wg_group_member_drained(struct wg_group *g, unsigned m, bool drained)
{
	g->member[m].drained = drained;
}

/* Its clients are to be taken, each by the one whose turn it is. */
static void orphan(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_client *c;

	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		if (c->server != (int)m || c->role != WG_ROLE_PASSIVE)
			continue;
		c->server = -1;
		if (!wg_group_may_take(g))
			continue;
		c->backup_ms = now + rank(g, c, m) * BACKUP_MS;
		wg_client_set_busy(g, c);
	}
	wg_group_tick(g, now);
}

void wg_group_member_heard(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_member *member = &g->member[m];

	if (member->dead && now - member->dead_ms >= HEARD_MIN_MS &&
	    now - member->dead_ms < HEARD_MAX_MS)
		member->heard = true;
}

static bool has_erred(const struct wg_member *member, int64_t now)
{
	return member->erred_ms != WG_NEVER && now - member->erred_ms < FLAP_MS;
}

static void died(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_member *member = &g->member[m];

	member->dead_ms = now;
	member->dead_id = member->id;
	member->heard = false;
	if (has_erred(member, now))
		member->orphan_ms = now + member->hold_ms;
	else
		orphan(g, m, now);
}

/* If it is the same as before, and could not have been dead, BFD erred. */
static void lives(struct wg_member *member, int64_t now)
{
	unsigned twice = 2 * member->hold_ms;

	member->orphan_ms = WG_NEVER;
	if (member->id != member->dead_id ||
	    (!member->heard && now - member->dead_ms >= SHORT_MS))
		return;
	member->hold_ms = !has_erred(member, now) ? HOLD_MIN_MS
			  : twice > HOLD_MAX_MS	  ? HOLD_MAX_MS
						  : twice;
	member->erred_ms = now;
}

void wg_group_member_dead(struct wg_group *g, unsigned m, bool dead,
			  int64_t now)
{
	if (g->member[m].dead == dead)
		return;
	g->member[m].dead = dead;
	if (dead)
		died(g, m, now);
	else
		lives(&g->member[m], now);
}

void wg_group_member_lied(struct wg_group *g, unsigned m, int64_t now)
{
	g->member[m].lies = 0;
	orphan(g, m, now);
}

/* --- what members say */

/* Is what R says better than what is known of C? See the essay. */
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
		if (later > HANDSHAKE_MS || later < -HANDSHAKE_MS)
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
		leave(g, c);
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
	if (r->endpoint.addr.family)
		wg_client_set_endpoint(g, c, &r->endpoint, false);
	wg_client_set_busy(g, c);
	if (r->heir == g->self && wg_group_may_take(g))
		wg_take_begin(g, c, now);
	else if (!r->heir && c->again_ms == WG_NEVER) {
		c->again_ms = now; /* whoever had it, lost it */
		/* ... or never had it: it is the next one's turn, once */
		if (gave_up && wg_group_may_take(g)) {
			c->backup_ms = now + rank(g, c, m) * BACKUP_MS;
			wg_client_set_busy(g, c);
		}
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
	       (r->claim != WG_CLAIM_SERVING && r->age_ms != WG_AGE_NONE) ||
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

/* --- what the device and the network say */

/*
 * A passive one, in no session.  What is left of an earlier life must not start
 * a handshake; but an endpoint may also be that of a client which is just
 * having one.
 */
static void seen_idle(struct wg_group *g, struct wg_client *c, uint32_t age_ms,
		      const struct wg_endpoint *endpoint, int64_t now)
{
	bool placed = endpoint->addr.family != AF_UNSPEC;

	c->fresh = !placed && age_ms == WG_AGE_NONE;
	if (!placed)
		c->placed_ms = WG_NEVER;
	else if (c->placed_ms == WG_NEVER)
		c->placed_ms = now;
	if (age_ms != WG_AGE_NONE ||
	    (placed && now - c->placed_ms >= PLACED_MS))
		wg_client_remove(g, c);
}

void wg_group_seen(struct wg_group *g, struct wg_client *c, uint32_t age_ms,
		   const struct wg_endpoint *endpoint, int64_t now)
{
	bool in_session = age_ms < SESSION_MS;
	int64_t at = now - age_ms;
	bool moved;

	if (c->removing)
		return;
	c->looked = true;
	if (c->role == WG_ROLE_PASSIVE && !in_session) {
		seen_idle(g, c, age_ms, endpoint, now);
		return;
	}
	if (c->role == WG_ROLE_SERVING && age_ms == WG_AGE_NONE) {
		wg_take_begin(g, c, now); /* the device is another */
		return;
	}
	if (age_ms == WG_AGE_NONE)
		return;
	moved = endpoint->addr.family &&
		!wg_group_same_place(endpoint, &c->last.endpoint);
	if (moved || !wg_group_same_place(&c->own.endpoint, &c->last.endpoint))
		wg_client_set_endpoint(
			g, c, moved ? endpoint : &c->last.endpoint, true);
	if (c->role != WG_ROLE_SERVING) {
		c->handshake_ms = at;
		serve(g, c, now);
	} else if (moved || at > c->handshake_ms + HANDSHAKE_MS) {
		c->handshake_ms = at;
		wg_client_tell_all(g, c);
	}
}

void wg_group_removed(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (!c->removing)
		return;
	c->removing = false;
	c->fresh = true;
	c->placed_ms = WG_NEVER;
	if (c->release) {
		c->release = false;
		wg_client_tell_all(g, c);
	}
	if (c->role == WG_ROLE_TAKING)
		wg_take_removed(g, c, now);
	wg_client_mark(g, c);
	wg_client_set_busy(g, c);
}

/*
 * It may have gone to another gateway without our being told or asked; if we
 * go on, our next initiation (after 15 s of silence) would meet that one's.
 */
void wg_group_silent(struct wg_group *g, struct wg_client *c)
{
	if (c->role == WG_ROLE_SERVING)
		wg_client_release(g, c, 0);
}

/*
 * Whom we serve somebody else may reach.  Whom we are taking was perhaps just
 * given to us for the same reason: handing it on would go round for ever, so
 * the attempts end as they do.
 */
void wg_group_unreachable(struct wg_group *g, struct wg_client *c)
{
	uint64_t heir = heir_of(g, c);

	if (c->role == WG_ROLE_SERVING && heir)
		wg_client_release(g, c, heir);
}

void wg_group_drain(struct wg_group *g, bool drain, int64_t now)
{
	if (g->drained == drain)
		return;
	g->drained = drain;
	g->give_ms = drain ? now + WG_GROUP_DRAIN_MS : WG_NEVER;
}

bool wg_group_is_drained(const struct wg_group *g)
{
	return g->drained;
}

/* --- time */

void wg_group_tick(struct wg_group *g, int64_t now)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured &&
		    g->member[m].orphan_ms != WG_NEVER &&
		    now >= g->member[m].orphan_ms) {
			g->member[m].orphan_ms = WG_NEVER;
			orphan(g, m, now);
		}
	if (g->give_ms != WG_NEVER && now >= g->give_ms) {
		g->give_ms = WG_NEVER;
		give_away(g);
	}
	wg_take_tick(g, now);
}

int64_t wg_group_due(const struct wg_group *g)
{
	int64_t due = wg_take_due(g);
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured)
			wg_earlier(&due, g->member[m].orphan_ms);
	wg_earlier(&due, g->give_ms);
	return due;
}
